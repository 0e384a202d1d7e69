"""Claims: the list, one claim with its agreements and split, and every step on a page of its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from operator import attrgetter
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from claims import bills, handling
from claims.models import Claim, Fault
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.parties import Person
from core.permits import Role, may
from ledger.money import parse_fen, plain_fen
from underwriting import policies
from underwriting.models import Policy
from web import claim_bill, claim_desk, claim_topics, claims_list_desk, money_desk, payee_desk, sent_desk, typed
from web.columns import Column
from web.errors import field_errors, words
from web.formats import money, t
from web.forms import unanswered
from web.history import history
from web.listing import EXPORT_MOST, Asked, csv_link, csv_of, listed, sort_asked, wants_csv
from web.money_desk import Field, Step, booked_day, day_field
from web.pages import MenuItem
from web.shell import actor, at, needs, unit
from web.states import STATES

pages = Blueprint("claims", __name__, url_prefix="/claims")

MENU = [
    MenuItem(
        40,
        "赔案",
        "Claims",
        "claims.index",
        frozenset({Role.CLAIMS_HANDLER, Role.SIGNATORY, Role.OFFICER, Role.SUPERVISOR, Role.AUDITOR}),
    )
]


@pages.get("")
@needs("claim.read")
def index() -> ResponseReturnValue:
    """List the claims that the actor may see."""
    asked = Asked()
    query = claim_desk.asked_for(claim_desk.claims_of(actor()), asked)
    sort, order = sort_asked(claim_desk.SORTS, "-made_at")
    query = query.order_by(*order, Claim.id)
    if wants_csv():
        return _csv(unit().execute(query.limit(EXPORT_MOST)).all())
    found = listed(unit(), query, sum_of="estimate_fen")
    rows = [
        {**row._mapping, "href": url_for("claims.one", claim_id=row.id), "due": claim_desk.due_of(row)}
        for row in found.rows
    ]
    return render_template(
        "claims/index.html",
        rows=rows,
        columns=_columns(),
        found=found,
        sort=sort,
        values=asked.values,
        errors=asked.errors,
        saved=_saved(asked.values["stage"]),
        exports=csv_link(),
        lists=sent_desk.places(unit(), claims_list_desk.CLAIMS_LISTS, actor()),
        stages=[("", t("全部", "All")), ("undecided", t("未核定", "Undecided")), *_stage_options()],
        now=at(),
    )


def _stage_options() -> list[tuple[str, str]]:
    return [(one, t(STATES["claim"][one].zh, STATES["claim"][one].en)) for one in claim_desk.STAGES]


def _saved(stage: str) -> list[tuple[str, str, bool]]:
    base = url_for("claims.index")
    return [
        (t("全部", "All"), base, not stage),
        (t("待同意", "Awaiting agreement"), f"{base}?stage=submitted", stage == "submitted"),
        (t("待核准", "To be approved"), f"{base}?stage=agreed", stage == "agreed"),
        (t("未核定", "Undecided"), f"{base}?stage=undecided", stage == "undecided"),
    ]


def _columns() -> list[Column]:
    return [
        Column("number", t("赔案号", "Claim"), "code", href="href", is_head=True, is_sortable=True),
        Column("title", t("事由", "About")),
        Column("community", t("小区", "Community")),
        Column("stage", t("状态", "State"), "chip", of="claim"),
        Column("needs", t("决定权", "Decided by"), "custom"),
        Column("made_at", t("立案", "Made"), "instant", note=t("北京时间", "Beijing time"), is_sortable=True),
        Column("due", t("期限", "Due"), "custom"),
        Column("estimate_fen", t("估损（元）", "Estimate (CNY)"), "money", is_sortable=True),
        Column("payable_fen", t("核定（元）", "Payable (CNY)"), "money", is_sortable=True),
    ]


#: Heading of the export -> the row's value.
_CSV_COLUMNS: Mapping[str, str] = {
    "number": "number",
    "title": "title",
    "stage": "stage",
    "needs": "needs",
    "policy": "policy_number",
    "pool": "pool",
    "community": "community",
    "lift": "lift_number",
    "fault": "fault_number",
    "made_at": "made_at",
    "estimate_cny": "estimate_fen",
    "payable_cny": "payable_fen",
    "approved_on": "approved_on",
    "paid_on": "paid_on",
}


def _csv(rows: Sequence[Any]) -> Response:
    return csv_of("claims", [(heading, attrgetter(name)) for heading, name in _CSV_COLUMNS.items()], rows)


@pages.get("/<uuid:claim_id>")
@needs("claim.read")
def one(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Show one claim: estimate, who must agree and who has, the split, what can be done now."""
    claim = handling.get(unit(), claim_id, actor())
    view = claim_desk.view_of(unit(), claim)
    told = bills.assess(unit(), claim)
    steps = claim_desk.next_steps(unit(), claim, view, actor())
    if not bills.may_approve(claim, told):
        steps = [step for step in steps if step != "approve"]
    fault = unit().get(Fault, claim.fault_id) if claim.fault_id else None
    is_open = may(actor(), "claim.make") and claim.stage in handling.UNDECIDED
    may_edit = is_open and claim_desk.is_lead(unit(), claim, actor())
    return render_template(
        "claims/one.html",
        claim=claim,
        view=view,
        bill=told,
        working=claim_bill.working(told),
        may_approve=bills.may_approve(claim, told),
        may_bill=may_edit,
        may_flag=may_edit,
        payee=payee_desk.claim_payee(unit(), claim, actor(), money_desk.today()),
        topics=claim_topics.topic_names(claim.topics),
        steps=[(step, *_WORDS[step]) for step in steps],
        due=claim_desk.due_of(claim),
        waits_for=_waits_for(claim, view, steps),
        fault=fault,
        place=claim_desk.place_of(unit(), fault) if fault else "",
        may_see_fault=bool(fault and may(actor(), "fault.read")),
        people=_people(claim),
        events=history(unit(), "claim", claim.id),
        now=at(),
    )


#: step -> (中文, English) on its button.
_WORDS: Mapping[str, tuple[str, str]] = {
    "submit": ("提请同意", "Put before the members"),
    "agree": ("同意估损", "Agree to the estimate"),
    "approve": ("核准赔款", "Approve the payment"),
    "revise": ("修改估损", "Revise the estimate"),
    "reject": ("拒赔", "Reject"),
    "take_back": ("撤回核定", "Take the approval back"),
}


def _waits_for(claim: Claim, view: claim_desk.ClaimView, steps: Sequence[str]) -> str:
    """Return in a sentence what a claim waits for, where that is not a step of the reader's own."""
    if claim.stage == "submitted" and "agree" not in steps:
        names = t("、", ", ").join(one.name for one in view.missing)
        return t("正在等 {names} 表示同意。", "Waiting for {names} to agree.", names=names)
    if claim.stage == "agreed" and "approve" not in steps:
        if actor().person_id in handling.hands_in(claim):
            return t(
                "您经办过这件赔案，须由首席的另一人核准。",
                "You had a hand in this claim; another person of the lead approves it.",
            )
        return t("正在等首席的另一人核准。", "Waiting for a second person of the lead to approve it.")
    if claim.stage in ("approved", "called"):
        return t("已核准，由首席财务付款。", "Approved; the lead's finance desk pays it.")
    return ""


def _people(claim: Claim) -> dict[str, str]:
    found = {"made": claim.made_by, "approved": claim.approved_by}
    people = {who: unit().get(Person, person_id) for who, person_id in found.items() if person_id}
    return {who: person.name for who, person in people.items() if person is not None}


@pages.route("/new", methods=["GET", "POST"])
@needs("claim.make")
def new() -> ResponseReturnValue:
    """Make a claim from a fault."""
    fault_id = money_desk.read_id(request.values.get("fault_id"))
    if fault_id is None:
        raise NotFound("fault_not_found")
    fault, led = claim_desk.fault_for(unit(), fault_id, actor())
    if request.method == "GET":
        values = {"title": fault.description[:80], "policy_id": str(led[0].id) if led else ""}
        return _new(fault, led, values, {})
    try:
        policy = claim_desk.chosen_policy(led, request.form.get("policy_id", ""))
        fen = parse_fen(request.form.get("estimate", "").strip())
        title = typed.within(request.form.get("title", ""), "title", 200) or fault.description[:80]
        claim = handling.make(
            unit(), policies.get(unit(), policy.id, actor()), title, fen, fault=fault, by=actor(), at=at()
        )
    except (Invalid, Conflict) as refusal:
        errors = {"": words(refusal)}
        if isinstance(refusal, Invalid):
            labels = {"policy_id": t("保单", "Policy"), "estimate": t("估损", "Estimate")}
            empty = unanswered(request.form, labels, picked=["policy_id"])
            errors = {**field_errors(refusal, "estimate", "title", "policy_id"), **empty}
        return _new(fault, led, request.form, errors), refusal.status
    flash(t("已立案，赔案号 {number}。", "The claim is made: {number}.", number=claim.number), "success")
    return redirect(url_for("claims.one", claim_id=claim.id), 303)


def _new(fault: Fault, led: Sequence[Policy], values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "claims/new.html",
        fault=fault,
        place=claim_desk.place_of(unit(), fault),
        policies=[(str(one.id), f"{one.number}（{one.inception_on} – {one.expires_on}）") for one in led],
        doubles=claim_desk.doubles_of(unit(), fault, actor()),
        values=values,
        errors=errors,
    )


# Steps, each on a page of its own


def _claim(claim_id: uuid.UUID, step: str) -> tuple[Claim, claim_desk.ClaimView]:
    """Return a claim for a step of it; refuses whom the verb would refuse, before anything is typed."""
    claim = handling.get(unit(), claim_id, actor())
    if step != "agree" and not claim_desk.is_lead(unit(), claim, actor()):
        raise Forbidden("lead_only")
    if step == "approve":
        handling.require_second_person(claim, actor())
    return claim, claim_desk.view_of(unit(), claim)


def _step(claim: Claim, view: claim_desk.ClaimView, step: str, sentence: str, **more: Any) -> Step:
    return Step(
        title=f"{t(*_WORDS[step])} {claim.number}",
        sentence=sentence,
        label=t(*_WORDS[step]),
        back=url_for("claims.one", claim_id=claim.id),
        facts=[
            (t("事由", "About"), claim.title),
            (t("估损（元）", "Estimate (CNY)"), money(claim.estimate_fen)),
            (t("估损版本", "Version of the estimate"), str(claim.estimate_version)),
            (t("决定权", "Decided by"), _decider(claim.needs)),
        ],
        members=[asdict(member) for member in view.members],
        whole=view.whole,
        total_fen=view.total_fen,
        closed=claim_topics.step_closed(claim, view, step, actor()),
        **more,
    )


def _decider(needs_whom: str) -> str:
    return t("首席", "the lead") if needs_whom == "lead" else t("全体成员", "all members")


def _after(claim: Claim, zh: str, en: str) -> tuple[str, str]:
    return t(zh, en, number=claim.number), url_for("claims.one", claim_id=claim.id)


@pages.route("/<uuid:claim_id>/submit", methods=["GET", "POST"])
@needs("claim.make")
def submit(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Put a claim before those who must agree; the lead agrees by it."""
    claim, view = _claim(claim_id, "submit")

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        handling.submit(unit(), claim, by=actor(), at=at())
        return _after(claim, "{number} 已提请同意。", "{number} is before the members.")

    sentence = t(
        "现在提请同意。首席随之表示同意；估损在首席单独决定的限额之内时，即可核准。",
        "Put it before the members now. The lead agrees by this; within the lead's own limit it can then be approved.",
    )
    return money_desk.step_page(_step(claim, view, "submit", sentence), work)


@pages.route("/<uuid:claim_id>/agree", methods=["GET", "POST"])
@needs("claim.agree")
def agree(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Agree, for one's company, to the estimate as it stands."""
    claim, view = _claim(claim_id, "agree")

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        if form.get("version") != str(claim.estimate_version):
            raise Conflict("estimate_changed", number=claim.number)
        handling.agree(unit(), claim, by=actor(), at=at())
        return _after(claim, "已对 {number} 表示同意。", "Agreed to {number}.")

    sentence = t(
        "现在代表贵公司同意第 {n} 版估损 {sum} 元。同意后不能收回；估损若有变更会再次征求意见。",
        "Agree, for your company, to version {n} of the estimate: CNY {sum}. It cannot be taken back; a new estimate "
        "is asked anew.",
        n=claim.estimate_version,
        sum=money(claim.estimate_fen),
    )
    kept = {"version": [str(claim.estimate_version)]}
    return money_desk.step_page(_step(claim, view, "agree", sentence, kept=kept), work)


@pages.route("/<uuid:claim_id>/revise", methods=["GET", "POST"])
@needs("claim.make")
def revise(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Change the estimate; who must agree is worked out anew."""
    claim, view = _claim(claim_id, "revise")

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        handling.revise(unit(), claim, parse_fen(form.get("amount", "").strip()), by=actor(), at=at())
        return _after(
            claim, "{number} 的估损已修改，已重新征求同意。", "{number} has a new estimate and is asked anew."
        )

    sentence = t(
        "修改后是新一版估损，此前的同意不再有效，须重新征求。", "This makes a new version; agreements so far lapse."
    )
    field = Field("amount", t("新的估损", "The new estimate"), "amount")
    values = {"amount": plain_fen(claim.estimate_fen)}
    return money_desk.step_page(_step(claim, view, "revise", sentence, fields=[field], values=values), work)


@pages.route("/<uuid:claim_id>/approve", methods=["GET", "POST"])
@needs("claim.approve")
def approve(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Approve what is payable; by another person than the one who made the claim."""
    claim, view = _claim(claim_id, "approve")

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        fen = parse_fen(form.get("amount", "").strip())
        handling.approve(unit(), claim, fen, on=booked_day(form), by=actor(), at=at())
        return _after(claim, "{number} 已核准并入账。", "{number} is approved and booked.")

    told = bills.assess(unit(), claim)
    step = _step(claim, view, "approve", **claim_bill.approval(told))
    return money_desk.step_page(replace(step, facts=[*step.facts, *claim_bill.working_facts(told)]), work)


@pages.route("/<uuid:claim_id>/reject", methods=["GET", "POST"])
@needs("claim.approve")
def reject(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Reject a claim with its reasons."""
    claim, view = _claim(claim_id, "reject")

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        reason = typed.within(form.get("reason", ""), "reason", 2000)
        handling.reject(unit(), claim, reason, by=actor(), at=at())
        return _after(
            claim, "{number} 已拒赔。请在三日内送达理由。", "{number} is rejected. Send the reasons in three days."
        )

    sentence = t(
        "拒赔后不能恢复，只能就同一故障另行立案。理由须在三日内送达投保人（保险法第二十四条）。",
        "It does not come back; the same fault may be claimed anew. The reasons are sent within three days "
        "(Insurance Law, article 24).",
    )
    field = Field(
        "reason", t("理由", "Reasons"), "textarea", hint=t("将原样告知投保人", "The insured is told them as written")
    )
    return money_desk.step_page(_step(claim, view, "reject", sentence, fields=[field], is_danger=True), work)


@pages.route("/<uuid:claim_id>/take-back", methods=["GET", "POST"])
@needs("claim.approve")
def take_back(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Take a mistaken approval back before anything is paid on it."""
    claim, view = _claim(claim_id, "take_back")

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        handling.take_back(unit(), claim, form.get("reason", ""), on=booked_day(form), by=actor(), at=at())
        return _after(
            claim, "{number} 的核定已撤回并冲正。", "The approval of {number} is taken back by a mirror entry."
        )

    sentence = t(
        "撤回核定会在所选日期所在的账期冲正原分录，已结账的结算单不变。之后可改估损、重新核准。",
        "The entry is mirrored in the period of the day chosen; closed statements stay as they are. The estimate can "
        "then be revised and approved anew.",
    )
    field = Field("reason", t("原因", "Reason"), "textarea", hint=t("会留在记录里", "It stays in the record"))
    more = {"fields": [field, day_field()], "is_danger": True}
    return money_desk.step_page(_step(claim, view, "take_back", sentence, **more), work)
