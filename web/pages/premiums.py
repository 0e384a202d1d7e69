"""Premiums and refunds at the finance desk: received, remitted to the members, given back, each with its split."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from core.errors import Forbidden
from core.permits import Role, may
from ledger import journal
from ledger.journal import Wanted
from underwriting import policies, pools
from underwriting.models import Community, Policy, Refund
from underwriting.stages import POLICY_MOVES, REFUND_MOVES
from web import listing, pool_book
from web.formats import date_words, here, t, yuan
from web.history import history
from web.listing import Asked
from web.money_desk import (
    Step,
    booked_day,
    day_field,
    entry_rows,
    member_names,
    need_ids,
    pools_seen,
    step_page,
    view_of,
)
from web.pages import MenuItem
from web.shell import actor, at, needs, unit
from web.states import STATES
from web.step_closed import closed_words

pages = Blueprint("premiums", __name__, url_prefix="/premiums")

_DESK = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.BUREAU_FINANCE})
MENU = [MenuItem(30, "保费", "Premiums", "premiums.index", _DESK)]

_SORTS = {
    "number": Policy.number,
    "inception_on": Policy.inception_on,
    "gross_fen": Policy.gross_fen,
    "due_fen": policies.due_fen(),
    "received_on": Policy.received_on,
}


@pages.get("")
@needs("ledger.read")
def index() -> ResponseReturnValue:
    """List policies by what became of their premium; choose some to receive or to remit."""
    asked = Asked()
    query, sort = _found(asked)
    if listing.wants_csv():
        return listing.csv_of("premiums", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query, sum_of="due_fen")
    rows = [{**row._mapping, "href": url_for(".one", policy_id=row.id)} for row in found.rows]
    leads_any = bool(actor().led_pools)
    stage = asked.values["stage"]
    return render_template(
        "finance/premiums.html",
        rows=rows,
        found=found,
        values=asked.values,
        errors=asked.errors,
        sort=sort,
        exports=listing.csv_link(),
        pools=[("", t("全部共保体", "All pools")), *((str(one.id), one.name) for one in pools_seen(unit(), actor()))],
        saved=_saved(stage),
        may_receive=leads_any and may(actor(), "premium.receive") and stage == "bound",
        may_remit=leads_any and may(actor(), "premium.remit") and stage == "received",
    )


def _saved(stage: str) -> list[tuple[str, str, bool]]:
    """Return the list's usual filters, one a stage."""
    every = [("", t("全部", "All")), *((key, t(one.zh, one.en)) for key, one in STATES["policy"].items())]
    return [(words, here(stage=key or None), key == stage) for key, words in every]


def _found(asked: Asked) -> tuple[Select[Any], str]:
    """Return the query of the list that the address asks for, and its sort."""
    stage = asked.choice("stage", STATES["policy"])
    pool = asked.choice("pool", [str(one.id) for one in pools_seen(unit(), actor())])
    word = asked.text("q")
    sort, order = listing.sort_asked(_SORTS, "-inception_on")
    seen = policies.visible_to(actor()).with_only_columns(Policy.id)
    query = (
        select(
            Policy.id,
            Policy.number,
            Community.name.label("community"),
            Policy.inception_on,
            Policy.lift_count,
            Policy.gross_fen,
            policies.due_fen().label("due_fen"),
            Policy.stage,
            Policy.received_on,
            Policy.remitted_on,
        )
        .outerjoin(Community, Community.id == Policy.community_id)
        .where(Policy.id.in_(seen))
        .order_by(*order, Policy.id)
    )
    if stage:
        query = query.where(Policy.stage == stage)
    if pool:
        query = query.where(Policy.pool_id == int(pool))
    if word:
        query = query.where(listing.contains(Policy.number, word) | listing.contains(Community.name, word))
    return cast(Select[Any], query), sort


_EXPORTED = [
    ("policy", lambda row: row.number),
    ("community", lambda row: row.community),
    ("inception_on", lambda row: row.inception_on),
    ("lifts", lambda row: row.lift_count),
    ("gross_cny", lambda row: row.gross_fen),
    ("due_cny", lambda row: row.due_fen),
    ("stage", lambda row: row.stage),
    ("received_on", lambda row: row.received_on),
    ("remitted_on", lambda row: row.remitted_on),
]


@pages.get("/<uuid:policy_id>")
@needs("ledger.read")
def one(policy_id: uuid.UUID) -> ResponseReturnValue:
    """Show one premium: its split, what became of it, what was given back, the entries behind it."""
    policy = _policy(policy_id)
    names = member_names(unit(), [policy.pool_id])
    shares = pools.shares_of(unit(), policy.agreement)
    due = [fen for _, fen in policies.due_parts(unit(), policy)]
    community = unit().get(Community, policy.community_id) if policy.community_id else None
    only = view_of(policy.pool_id, actor())
    refunds = policies.refunds_of(unit(), policy)
    subjects = [policy.id, *(refund.id for refund in refunds)]
    entries = [
        row for one in subjects for row in journal.page(unit(), policy.pool_id, Wanted(only=only, subject_id=one))
    ]
    return render_template(
        "finance/premium.html",
        policy=policy,
        community=community.name if community else "",
        members=pool_book.members_of(shares, names, due),
        whole=shares.weights.whole,
        due_fen=sum(due),
        refunds=[_refund_row(refund) for refund in refunds],
        entries=entry_rows(policy.pool_id, sorted(entries, key=lambda row: -row.id)),
        doable=_doable(policy),
        events=history(unit(), "policy", policy.id),
    )


def _policy(policy_id: uuid.UUID) -> Policy:
    """Return a policy that the actor may see, with its agreement."""
    policy = policies.get(unit(), policy_id, actor())
    unit().refresh(policy, ["agreement"])
    return policy


def _refund_row(refund: Refund) -> dict[str, object]:
    may_pay = refund.stage == "agreed" and may(actor(), "refund.pay")
    return {
        "effective_on": refund.effective_on,
        "gross_fen": refund.gross_fen,
        "net_fen": refund.net_fen,
        "vat_fen": refund.vat_fen,
        "stage": refund.stage,
        "paid_on": refund.paid_on,
        "href": url_for(".pay_refund", refund_id=refund.id) if may_pay else "",
    }


def _is_led(pool_id: int) -> bool:
    return pool_id in actor().led_pools


def _doable(policy: Policy) -> dict[str, str]:
    """Return what the actor can do with a premium now: step -> address."""
    if not _is_led(policy.pool_id):
        return {}
    if policy.stage == "bound" and may(actor(), "premium.receive"):
        return {"receive": url_for(".receive", policy=policy.id)}
    is_gross = policy.agreement.remittance == "gross"
    if policy.stage == "received" and is_gross and may(actor(), "premium.remit"):
        return {"remit": url_for(".remit", policy=policy.id)}
    return {}


def _chosen() -> list[Policy]:
    """Return the policies chosen, of pools that the actor leads, in the order of their numbers."""
    found = [_policy(one) for one in need_ids("policy")]
    if not all(_is_led(policy.pool_id) for policy in found):
        raise Forbidden("lead_only")
    return sorted(found, key=lambda policy: policy.number)


def _facts(chosen: Sequence[Policy]) -> list[tuple[str, object]]:
    """Return the first of the policies chosen, as facts of a step."""
    rows: list[tuple[str, object]] = [(policy.number, _due(policy)) for policy in chosen[:12]]
    if len(chosen) > 12:
        rows.append((t("另有", "And"), t("{n} 单", "{n} more", n=len(chosen) - 12)))
    return rows


def _due(policy: Policy) -> str:
    return yuan(sum(fen for _, fen in policies.due_parts(unit(), policy)))


def _totals(chosen: Sequence[Policy]) -> tuple[list[Mapping[str, object]], int, int]:
    """Return (members with their parts, whole, total) over policies of one agreement; no members over several."""
    if len({policy.agreement_id for policy in chosen}) > 1:
        return [], 0, 0
    shares = pools.shares_of(unit(), chosen[0].agreement)
    total = [0] * len(shares.members)
    for policy in chosen:
        parts = [fen for _, fen in policies.due_parts(unit(), policy)]
        total = [one + other for one, other in zip(total, parts, strict=True)]
    names = member_names(unit(), [chosen[0].pool_id])
    return pool_book.members_of(shares, names, total), shares.weights.whole, sum(total)


@pages.route("/receive", methods=["GET", "POST"])
@needs("premium.receive")
def receive() -> ResponseReturnValue:
    """Book premiums as received on one day, those of the policies chosen."""
    chosen = _chosen()
    step = _step(
        chosen,
        title=t("登记保费到账", "Book premiums as received"),
        sentence=t(
            "登记 {n} 单保费已到账，并按份额记入各成员名下。",
            "Book {n} premiums as received and credit the members by their lines.",
            n=len(chosen),
        ),
        label=t("登记到账", "Book as received"),
        fields=[day_field(t("到账日期", "Received on"))],
        closed=_closed(chosen, "receive"),
    )
    said = t("{n} 单保费已登记到账。", "{n} premiums are booked as received.", n=len(chosen))
    return step_page(step, partial(_book, policies.receive, chosen, said))


@pages.route("/remit", methods=["GET", "POST"])
@needs("premium.remit")
def remit() -> ResponseReturnValue:
    """Pass received premiums on to the members, gross; by another person than the one who booked the receipt."""
    chosen = _chosen()
    step = _step(
        chosen,
        title=t("划付保费", "Remit premiums"),
        sentence=t(
            "登记 {n} 单保费已全额划付各成员，首席留存本份。",
            "Book {n} premiums as remitted gross to the members; the lead keeps its own part.",
            n=len(chosen),
        ),
        label=t("登记划付", "Book as remitted"),
        fields=[day_field(t("划付日期", "Remitted on"))],
        closed=_closed(chosen, "remit"),
        note=t("须由登记到账以外的另一人办理。", "By another person than the one who booked the receipt."),
    )
    said = t("{n} 单保费已划付各成员。", "{n} premiums are remitted.", n=len(chosen))
    return step_page(step, partial(_book, policies.remit, chosen, said))


def _step(chosen: Sequence[Policy], **words: Any) -> Step:
    """Return a step on the policies chosen, with what each member has of them."""
    members, whole, total_fen = _totals(chosen)
    return Step(
        back=_after(chosen),
        facts=_facts(chosen),
        members=members,
        whole=whole,
        total_fen=total_fen,
        kept={"policy": [str(policy.id) for policy in chosen]},
        **words,
    )


def _closed(chosen: Sequence[Policy], verb: str) -> str:
    """Return why a step on the policies chosen is not open: the first of them that it does not fit says so."""
    for one in chosen:
        if words_of := closed_words(POLICY_MOVES, "policy", verb, one.stage, one.id):
            return f"{one.number}：{words_of}"
    return ""


def _book(
    verb: Callable[..., object], chosen: Sequence[Policy], said: str, values: Mapping[str, str]
) -> tuple[str, str]:
    """Book what a verb does to each policy chosen, on the day of the form."""
    on = booked_day(values)
    for policy in chosen:
        verb(unit(), policy, on=on, by=actor(), at=at())
    return said, _after(chosen)


def _after(chosen: Sequence[Policy]) -> str:
    return url_for(".one", policy_id=chosen[0].id) if len(chosen) == 1 else url_for(".index")


@pages.get("/refunds/<uuid:refund_id>")
@needs("ledger.read")
def refund(refund_id: uuid.UUID) -> ResponseReturnValue:
    """Go to the premium that a refund was given back on."""
    found = policies.get_refund(unit(), refund_id, actor())
    return redirect(url_for(".one", policy_id=found.policy_id))


@pages.route("/refunds/<uuid:refund_id>/pay", methods=["GET", "POST"])
@needs("refund.pay")
def pay_refund(refund_id: uuid.UUID) -> ResponseReturnValue:
    """Book that the lead has paid an agreed refund to the building's account."""
    found = policies.get_refund(unit(), refund_id, actor())
    policy = _policy(found.policy_id)
    if not _is_led(policy.pool_id):
        raise Forbidden("lead_only")

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        policies.pay_refund(unit(), found, on=booked_day(values), by=actor(), at=at())
        return t("退费已登记支付。", "The refund is booked as paid."), url_for(".one", policy_id=policy.id)

    step = Step(
        title=t("支付退费", "Pay a refund"),
        sentence=t(
            "登记首席已将退费付至楼栋专户。", "Book that the lead has paid the refund to the building’s account."
        ),
        label=t("登记已支付", "Book as paid"),
        back=url_for(".one", policy_id=policy.id),
        facts=[
            (t("保单", "Policy"), policy.number),
            (t("退费", "Refund"), yuan(found.gross_fen)),
            (t("退保自", "Off cover from"), date_words(found.effective_on)),
        ],
        fields=[day_field(t("付款日期", "Paid on"))],
        closed=closed_words(REFUND_MOVES, "refund", "pay", found.stage, found.id),
    )
    return step_page(step, work)
