"""Cash calls: the lead asks the members for their parts of a large claim, and books what comes in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from claims import handling, settlements
from claims.models import CashCall, Claim
from claims.stages import CASH_CALL_MOVES, CLAIM_MOVES
from core.errors import Forbidden, NotFound
from core.parties import Organisation
from core.permits import Role, may
from ledger.rates import interest_days, late_interest
from underwriting import pools
from underwriting.models import Agreement
from web import listing, pool_book
from web.claim_money import call_stage, calls_visible_to, money_of
from web.formats import date_words, t, yuan
from web.listing import Asked
from web.money_desk import Field, Step, booked_day, day_field, member_names, need_day, step_page, today
from web.pages import MenuItem
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("cash_calls", __name__, url_prefix="/cash-calls")

_DESK = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.BUREAU_FINANCE})
MENU = [MenuItem(50, "摊回通知", "Cash calls", "cash_calls.index", _DESK)]

_STAGES = ("issued", "overdue", "received", "taken")


@pages.get("")
@needs("ledger.read")
def index() -> ResponseReturnValue:
    """List the cash calls that the actor may see, those due first on top."""
    asked = Asked()
    query = _found(asked)
    if listing.wants_csv():
        return listing.csv_of("cash-calls", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query, sum_of="amount_fen")
    may_receive = may(actor(), "cash_call.receive")
    rows = [
        {
            **row._mapping,
            "stage": call_stage(row.stage, row.due_on, today()),
            "href": url_for("payments.claim", claim_id=row.claim_id),
            "receive_href": url_for(".receive", call_id=row.id)
            if may_receive and row.stage == "issued" and row.pool_id in actor().led_pools
            else "",
        }
        for row in found.rows
    ]
    return render_template(
        "finance/cash_calls.html",
        rows=rows,
        found=found,
        values=asked.values,
        exports=listing.csv_link(),
        stages=_STAGES,
        is_member=not actor().sees_all and not actor().led_pools,
    )


def _found(asked: Asked) -> Select[Any]:
    """Return the query of the list that the address asks for."""
    seen = calls_visible_to(actor()).with_only_columns(CashCall.id)
    query = (
        select(
            CashCall.id,
            CashCall.pool_id,
            CashCall.claim_id,
            Claim.number,
            Claim.title,
            Organisation.name.label("member"),
            CashCall.amount_fen,
            CashCall.issued_on,
            CashCall.due_on,
            CashCall.stage,
            CashCall.received_on,
            CashCall.taken_on,
        )
        .join(Claim, Claim.id == CashCall.claim_id)
        .join(Organisation, Organisation.id == CashCall.organisation_id)
        .where(CashCall.id.in_(seen))
        .order_by((CashCall.stage == "issued").desc(), CashCall.due_on.desc(), CashCall.id)
    )
    stage = asked.choice("stage", _STAGES)
    if stage == "overdue":
        query = query.where(CashCall.stage == "issued", CashCall.due_on < today())
    elif stage:
        query = query.where(CashCall.stage == stage)
    if word := asked.text("q"):
        query = query.where(listing.contains(Claim.number, word) | listing.contains(Organisation.name, word))
    return cast(Select[Any], query)


_EXPORTED = [
    ("claim", lambda row: row.number),
    ("title", lambda row: row.title),
    ("member", lambda row: row.member),
    ("amount_cny", lambda row: row.amount_fen),
    ("issued_on", lambda row: row.issued_on),
    ("due_on", lambda row: row.due_on),
    ("stage", lambda row: row.stage),
    ("received_on", lambda row: row.received_on),
    ("taken_on", lambda row: row.taken_on),
]


@pages.route("/claims/<uuid:claim_id>/issue", methods=["GET", "POST"])
@needs("cash_call.issue")
def issue(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Ask every follower for its part of a large approved claim."""
    claim = handling.get(unit(), claim_id, actor())
    agreement = unit().get_one(Agreement, claim.policy.agreement_id)
    shares = pools.shares_of(unit(), agreement)
    if actor().organisation_id != shares.lead:
        raise Forbidden("lead_only")
    names = member_names(unit(), [claim.pool_id])
    back = url_for("payments.claim", claim_id=claim.id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        on, due_on = booked_day(values), need_day(values, "due_on")
        calls = settlements.issue_cash_call(unit(), claim, on=on, due_on=due_on, by=actor(), at=at())
        said = t("已向 {n} 家成员发出摊回通知。", "Cash is called from {n} members.", n=len(calls))
        return said, back

    due_on = today() + timedelta(days=agreement.cash_call_due_days)
    step = Step(
        title=t("发出摊回通知", "Call for cash"),
        sentence=t(
            "请各成员在期限前付来本案的份额。首席的一份由首席付入。",
            "Ask every follower for its part by the due day; the lead pays its own part in.",
        ),
        label=t("发出摊回通知", "Call for cash"),
        back=back,
        facts=[
            (t("赔案", "Claim"), f"{claim.number} {claim.title}"),
            (t("应付赔款", "Payable"), yuan(claim.payable_fen)),
        ],
        fields=[
            day_field(t("发出日期", "Called on")),
            Field(
                "due_on",
                t("付款期限", "Due on"),
                hint=t("协议约定 {n} 天", "{n} days by the agreement", n=agreement.cash_call_due_days),
            ),
        ],
        values={"due_on": due_on.isoformat()},
        closed=closed_words(CLAIM_MOVES, "claim", "call", claim.stage, claim.id),
        members=pool_book.members_of(shares, names, money_of(unit(), claim, agreement).parts_fen),
        whole=shares.weights.whole,
        total_fen=claim.payable_fen,
    )
    return step_page(step, work)


@pages.route("/<uuid:call_id>/receive", methods=["GET", "POST"])
@needs("cash_call.receive")
def receive(call_id: uuid.UUID) -> ResponseReturnValue:
    """Book that a follower has paid its cash call; paid late, interest to that day is charged with it."""
    call = unit().scalar(calls_visible_to(actor()).where(CashCall.id == call_id))
    if call is None:
        raise NotFound("cash_call_unknown")
    if call.pool_id not in actor().led_pools:
        raise Forbidden("lead_only")
    claim = handling.get(unit(), call.claim_id, actor())
    agreement = unit().get_one(Agreement, claim.policy.agreement_id)
    names = member_names(unit(), [call.pool_id])
    back = url_for("payments.claim", claim_id=claim.id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        settlements.receive_cash_call(unit(), claim, call.organisation_id, on=booked_day(values), by=actor(), at=at())
        return t("摊回款已登记到账。", "The cash call is booked as received."), back

    step = Step(
        title=t("登记摊回到账", "Book a cash call as received"),
        sentence=t(
            "登记 {member} 已付来 {sum}。",
            "Book {sum} as received from {member}.",
            member=names.get(call.organisation_id, ""),
            sum=yuan(call.amount_fen),
        ),
        label=t("登记到账", "Book as received"),
        back=back,
        facts=[
            (t("赔案", "Claim"), f"{claim.number} {claim.title}"),
            (t("付款期限", "Due on"), date_words(call.due_on)),
            (t("今日到账的利息", "Interest if paid today"), yuan(_interest(call, agreement))),
        ],
        fields=[day_field(t("到账日期", "Received on"))],
        closed=closed_words(CASH_CALL_MOVES, "cash_call", "receive", call.stage, call.id),
        note=t("逾期到账的利息按到账日自动计入。", "Interest for late days is charged by the day of receipt."),
    )
    return step_page(step, work)


def _interest(call: CashCall, agreement: Agreement) -> int:
    """Return the late interest in fen that a call paid today would bear."""
    if today() <= call.due_on:
        return 0
    days = interest_days(call.due_on, today())
    return late_interest(call.amount_fen, agreement.late_interest_bp, days, agreement.day_count)
