"""Policies: the list, one policy with its lifts and premium, a new one for a batch of lifts, a lift taken off."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from operator import attrgetter
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from claims import bills, handling
from claims.models import Claim
from core import clock
from core.errors import Conflict, Invalid, NotFound
from core.permits import Role, may
from underwriting import estates, policies, pools, rating
from underwriting.models import Agreement, Community, Lift, Policy, PolicyLift, Pool
from underwriting.rating import months_after
from web import claim_bill, money_desk, policy_desk, typed
from web.columns import Column
from web.errors import words
from web.formats import date_words, money, t, yuan
from web.history import history
from web.listing import (
    EXPORT_MOST,
    Asked,
    addresses,
    csv_link,
    csv_of,
    listed_at_once,
    of_rows,
    ordered,
    sort_key,
    wants_csv,
)
from web.money_desk import Field, Step, booked_day, day_field, need_day
from web.pages import MenuItem
from web.pages.estates import community_of
from web.shell import actor, at, needs, reading, unit
from web.states import STATES

pages = Blueprint("policies", __name__, url_prefix="/policies")

MENU = [
    MenuItem(
        25,
        "保单",
        "Policies",
        "policies.index",
        frozenset(
            {
                Role.OFFICER,
                Role.SUPERVISOR,
                Role.AUDITOR,
                Role.CLAIMS_HANDLER,
                Role.SIGNATORY,
                Role.COMMUNITY_OFFICER,
                Role.PROPERTY_MANAGER,
            }
        ),
    )
]


@pages.get("")
@needs("policy.read", has_unit=False)
def index() -> ResponseReturnValue:
    """List the policies that the actor may see."""
    asked = Asked()
    filters, sort = policy_desk.filters_of(asked), sort_key(policy_desk.SORTS, "-inception_on")
    if wants_csv():
        query = policy_desk.narrowed(policy_desk.policies_of(actor()), filters)
        order = (*ordered(policy_desk.SORTS, sort, full=policy_desk.FULL), Policy.id)
        with reading() as session:
            rows = session.execute(query.order_by(*order).limit(EXPORT_MOST)).all()
        return csv_of("policies", [(heading, attrgetter(name)) for heading, name in _CSV_COLUMNS.items()], rows)
    found, _ = listed_at_once(policy_desk.list_of(actor().seat, filters, sort))
    return render_template(
        "policies/index.html",
        columns=_columns(),
        found=found,
        sort=sort,
        values=asked.values,
        errors=asked.errors,
        exports=csv_link(),
        stages=[("", t("全部", "All")), *((one, t(*_words(one))) for one in policy_desk.STAGES)],
        may_bind=may(actor(), "policy.bind"),
    )


_CSV_COLUMNS: Mapping[str, str] = {
    "number": "number",
    "stage": "stage",
    "pool": "pool",
    "district": "district",
    "community": "community",
    "inception_on": "inception_on",
    "expires_on": "expires_on",
    "lifts": "lift_count",
    "gross_cny": "gross_fen",
    "net_cny": "net_fen",
    "vat_cny": "vat_fen",
    "received_on": "received_on",
    "remitted_on": "remitted_on",
}


def _words(stage: str) -> tuple[str, str]:
    return STATES["policy"][stage].zh, STATES["policy"][stage].en


def _columns() -> list[Column]:
    address = addresses("policies.one", "policy_id")
    return [
        Column(
            "number", t("保单号", "Policy"), "code", href=lambda row: address(row.id), is_head=True, is_sortable=True
        ),
        Column("community", t("小区", "Community"), is_sortable=True),
        Column("stage", t("状态", "State"), "chip", of="policy"),
        Column("inception_on", t("起保", "From"), "date", is_sortable=True),
        Column("expires_on", t("到期", "Until"), "date", is_sortable=True),
        Column("lift_count", t("电梯", "Lifts"), "number", is_sortable=True),
        Column("gross_fen", t("保费（元）", "Premium (CNY)"), "money", is_sortable=True),
    ]


@pages.get("/<uuid:policy_id>")
@needs("policy.read")
def one(policy_id: uuid.UUID) -> ResponseReturnValue:
    """Show one policy: its lifts, its premium and how it was shared, its refunds and claims."""
    policy = policies.get(unit(), policy_id, actor())
    lifts = of_rows(policies.lifts_of(unit(), policy))
    members, whole = policy_desk.premium_parts(unit(), policy)
    refunds = policies.refunds_of(unit(), policy)
    claims: Sequence[Claim] = []
    if may(actor(), "claim.read"):
        mine = handling.visible_to(actor()).where(Claim.policy_id == policy.id)
        claims = unit().scalars(mine.order_by(Claim.made_at.desc()).limit(50)).all()
    return render_template(
        "policies/one.html",
        policy=policy,
        pool=unit().get_one(Pool, policy.pool_id),
        community=unit().get(Community, policy.community_id) if policy.community_id else None,
        lifts=lifts,
        lift_rows=[_lift_row(policy, *row) for row in lifts.rows],
        members=[asdict(member) for member in members],
        whole=whole,
        refunds=refunds,
        claims=claims,
        cover=claim_bill.cover_facts(bills.cover_of(unit().get_one(Agreement, policy.agreement_id))),
        events=history(unit(), "policy", policy.id, *(("refund", refund.id) for refund in refunds)),
        may_see_money=may(actor(), "ledger.read"),
    )


def _lift_row(policy: Policy, covered: PolicyLift, lift: Lift, building: Any) -> dict[str, Any]:
    is_on = covered.covered_to == policy.expires_on
    is_removable = is_on and may(actor(), "policy.endorse")
    return {
        "number": lift.number,
        "href": url_for("estates.lift", lift_id=lift.id),
        "building": building.name,
        "gross_fen": covered.gross_fen,
        "covered_to": covered.covered_to,
        "is_on": is_on,
        "remove_href": url_for("policies.remove", policy_id=policy.id, lift_id=lift.id) if is_removable else "",
    }


# A new policy


@pages.get("/new")
@needs("policy.bind")
def new() -> ResponseReturnValue:
    """Ask for the community, the pool and the term of a new policy."""
    today = clock.on(at())
    usual = {"inception_on": today.isoformat(), "expires_on": months_after(today, 12).isoformat()}
    return _ask_term({**usual, **request.args.to_dict()}, {})


def _ask_term(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    communities = unit().scalars(estates.communities_visible_to(actor()).limit(5000)).all()
    day = money_desk.read_day(values.get("inception_on")) or clock.on(at())
    return render_template(
        "policies/new.html",
        communities=[(str(one.id), f"{one.name}（{one.district}）") for one in communities],
        pools=[(str(one.id), one.name) for one in policy_desk.pools_on_sale(unit(), actor(), day)],
        values=values,
        errors=errors,
    )


def _term(values: Mapping[str, str]) -> tuple[Community, Pool, date, date]:
    """Return community, pool and term as the form says them; Invalid or NotFound where it does not."""
    community_id = money_desk.read_id(values.get("community_id"))
    if community_id is None:
        raise NotFound("community_not_found")
    starts_on, ends_on = need_day(values, "inception_on"), need_day(values, "expires_on")
    rating.policy_days(starts_on, ends_on)
    pool_id = values.get("pool_id", "")
    if not (pool_id.isascii() and pool_id.isdigit() and len(pool_id) < 10):
        raise NotFound("pool_not_found")
    return community_of(community_id), pools.get(unit(), int(pool_id), actor()), starts_on, ends_on


@pages.route("/new/lifts", methods=["GET", "POST"])
@needs("policy.bind")
def lifts() -> ResponseReturnValue:
    """Ask which lifts, show what it comes to, and bind the policy."""
    try:
        community, pool, starts_on, ends_on = _term(request.values)
        agreement = pools.agreement_on(unit(), pool.id, starts_on)
    except (Invalid, NotFound) as refusal:
        if isinstance(refusal, NotFound) and refusal.code != "agreement_not_found":
            raise
        return _ask_term(request.values, {_TERM_FIELDS.get(refusal.code, "inception_on"): words(refusal)}), 422
    found = policy_desk.candidates(unit(), community, starts_on, ends_on)
    insurable = [one for one in found if not one.why_not]
    page = {
        "community": community,
        "pool": pool,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "premium_fen": agreement.lift_premium_fen,
        "insurable": insurable,
        "others": [one for one in found if one.why_not],
        "back": url_for("policies.new", **_kept()),
        "kept": _kept(),
        "total_fen": agreement.lift_premium_fen * len(insurable),
    }
    if request.method == "GET":
        values: dict[str, Any] = {
            "number": policy_desk.suggested_number(unit(), pool, starts_on),
            "on": clock.on(at()).isoformat(),
            "lift": [str(one.id) for one in insurable],
        }
        return render_template("policies/lifts.html", values=values, errors={}, **page)
    try:
        policy = _bind(pool, starts_on, ends_on)
    except (Invalid, Conflict) as refusal:
        values = {**request.form.to_dict(), "lift": request.form.getlist("lift")}
        return render_template("policies/lifts.html", values=values, errors=_beside(refusal), **page), refusal.status
    flash(
        t("保单 {number} 已承保，保费已入账。", "Policy {number} is bound and booked.", number=policy.number), "success"
    )
    return redirect(url_for("policies.one", policy_id=policy.id), 303)


_TERM_FIELDS = {
    "invalid_term": "expires_on",
    "policy_term_not_a_year": "expires_on",
    "agreement_not_found": "inception_on",
}


def _kept() -> dict[str, Any]:
    """Return what the first page was told, for the second."""
    names = ("community_id", "pool_id", "inception_on", "expires_on")
    return {name: request.values.get(name, "") for name in names}


def _bind(pool: Pool, starts_on: date, ends_on: date) -> Policy:
    """Bind the policy that the form describes; refuses as `policies.bind` does."""
    number = typed.within(request.form.get("number", ""), "number", 40)
    if not number:
        raise Invalid("policy_needs_number")
    day = booked_day(request.form)
    lift_ids = money_desk.need_ids("lift") if request.form.getlist("lift") else []
    return policies.bind(unit(), pool, number, lift_ids, starts_on, ends_on, on=day, by=actor(), at=at())


def _beside(refusal: Invalid | Conflict) -> dict[str, str]:
    """Return a refusal of a new policy beside the field it is about."""
    where = {
        "policy_number_taken": "number",
        "policy_needs_number": "number",
        "input_wrong": "number",
        "policy_needs_lifts": "lift",
        "choice_unreadable": "lift",
        "policy_lifts_refused": "lift",
        "lift_on_another_policy": "lift",
    }.get(refusal.code, "on")
    findings = getattr(refusal, "findings", ())
    text = " ".join([words(refusal), *(f"{one.where}{t('：', ': ')}{words(one)}" for one in findings)])
    return {where: text}


# A lift taken off


@pages.route("/<uuid:policy_id>/lifts/<uuid:lift_id>/remove", methods=["GET", "POST"])
@needs("policy.endorse")
def remove(policy_id: uuid.UUID, lift_id: uuid.UUID) -> ResponseReturnValue:
    """Take a lift off a policy from a day on and agree its refund."""
    policy = policies.get(unit(), policy_id, actor())
    covered, lift = unit().get(PolicyLift, (policy.id, lift_id)), unit().get(Lift, lift_id)
    if covered is None or lift is None or covered.covered_to < policy.expires_on:
        raise NotFound("lift_not_on_policy")

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        day = need_day(form, "effective_on")
        refund = policies.remove_lift(unit(), policy, lift_id, day, on=booked_day(form), by=actor(), at=at())
        said = t("{lift} 已退出，应退 {sum}。", "{lift} is off the policy; {sum} is given back.")
        return said.format(lift=lift.number, sum=yuan(refund.gross_fen)), url_for("policies.one", policy_id=policy.id)

    day = money_desk.read_day(request.values.get("effective_on")) or max(clock.on(at()), policy.inception_on)
    step = Step(
        title=t("电梯退出保单 {number}", "Take a lift off policy {number}", number=policy.number),
        sentence=t(
            "电梯 {lift} 自退出日起不再承保，按剩余天数退还保费，由各成员按原份额分担。",
            "Lift {lift} is not covered from that day on; the premium of the days left is given back.",
            lift=lift.number,
        ),
        label=t("办理退出", "Take it off"),
        back=url_for("policies.one", policy_id=policy.id),
        facts=_removal_facts(policy, covered, day),
        fields=[Field("effective_on", t("退出日", "Off from")), day_field()],
        values={"effective_on": day.isoformat()},
    )
    return money_desk.step_page(step, work)


def _removal_facts(policy: Policy, covered: PolicyLift, day: date) -> list[tuple[str, object]]:
    """Return what a removal comes to, with its working, for the day that the form holds."""
    days_total = rating.policy_days(policy.inception_on, policy.expires_on)
    days_left = (policy.expires_on - day).days
    facts: list[tuple[str, object]] = [
        (t("保险期间", "Term"), f"{policy.inception_on} – {policy.expires_on}"),
        (t("这台电梯的保费（元）", "Its premium (CNY)"), money(covered.gross_fen)),
    ]
    if 0 < days_left <= days_total:
        fen = rating.refund_fen(covered.gross_fen, days_left, days_total)
        label = t("自 {day} 退出应退（元）", "Given back from {day} (CNY)", day=date_words(day))
        facts.append((label, f"{money(covered.gross_fen)} × {days_left} ÷ {days_total} = {money(fen)}"))
    return facts
