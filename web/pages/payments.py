"""The money of claims at the lead's desk: paid, called in cash, funded, adjusters' fees, recoveries."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select

from claims import handling, settlements
from claims.models import Claim, ClaimCost
from claims.stages import CLAIM_MOVES, COST_MOVES
from core.errors import Forbidden, NotFound
from core.parties import Person
from core.permits import Role, may
from ledger import journal
from ledger.books import MemberShares
from ledger.journal import Wanted
from ledger.money import plain_fen
from underwriting import pools
from underwriting.models import Agreement
from web import listing, pool_book
from web.claim_money import ClaimMoney, call_stage, claims_with_money, money_of
from web.formats import date_words, t, yuan
from web.history import history
from web.listing import Asked
from web.money_desk import (
    Field,
    Step,
    booked_day,
    day_field,
    entry_rows,
    member_names,
    need_amount,
    step_page,
    today,
    view_of,
)
from web.pages import MenuItem
from web.payee_desk import claim_payee
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words, done_words

pages = Blueprint("payments", __name__, url_prefix="/payments")

_DESK = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.BUREAU_FINANCE})
MENU = [MenuItem(40, "赔款收付", "Claim money", "payments.index", _DESK)]


@pages.get("")
@needs("ledger.read")
def index() -> ResponseReturnValue:
    """List approved claims by where their money stands."""
    asked = Asked()
    query = cast(Select[Any], claims_with_money(actor()))
    if stage := asked.choice("stage", ("approved", "called", "paid")):
        query = query.where(Claim.stage == stage)
    if word := asked.text("q"):
        query = query.where(listing.contains(Claim.number, word) | listing.contains(Claim.title, word))
    if listing.wants_csv():
        return listing.csv_of("claims", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query, sum_of="payable_fen")
    rows = [
        {**row._mapping, "href": url_for(".claim", claim_id=row.id), "next": _next_words(row)} for row in found.rows
    ]
    return render_template(
        "finance/payments.html",
        rows=rows,
        found=found,
        values=asked.values,
        exports=listing.csv_link(),
        stages=[
            ("", t("全部", "All")),
            ("approved", t("已核准，待付", "Approved, to be paid")),
            ("called", t("已发摊回通知", "Cash called")),
            ("paid", t("已赔付", "Paid")),
        ],
    )


_EXPORTED = [
    ("claim", lambda row: row.number),
    ("title", lambda row: row.title),
    ("stage", lambda row: row.stage),
    ("approved_on", lambda row: row.approved_on),
    ("payable_cny", lambda row: row.payable_fen),
    ("paid_on", lambda row: row.paid_on),
    ("unpaid_costs_cny", lambda row: row.unpaid_costs_fen),
]


def _next_words(row: Any) -> str:
    """Return what the lead does next with a claim's money, or that a batch pays it."""
    if row.stage in ("approved", "called") and row.is_in_batch:
        return t("由付款批次支付", "Paid by its batch")
    if row.stage == "approved":
        return t("发摊回通知", "Call for cash") if row.reaches_call else t("首席付款", "The lead pays")
    if row.stage == "called":
        return t("收齐后付款", "Pay once funded")
    return t("付公估费", "Pay the adjuster") if row.unpaid_costs_fen else ""


def _claim(claim_id: uuid.UUID) -> tuple[Claim, Agreement, MemberShares]:
    """Return a claim that the actor may see, its agreement and its shares."""
    claim = handling.get(unit(), claim_id, actor())
    agreement = unit().get_one(Agreement, claim.policy.agreement_id)
    return claim, agreement, pools.shares_of(unit(), agreement)


def _led_claim(claim_id: uuid.UUID) -> tuple[Claim, Agreement, MemberShares]:
    found = _claim(claim_id)
    if actor().organisation_id != found[2].lead:
        raise Forbidden("lead_only")
    return found


@pages.get("/claims/<uuid:claim_id>")
@needs("claim.read")
def claim(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Show the money of one claim: parts, calls, pool money, costs, recoveries, entries, the next step."""
    row, agreement, shares = _claim(claim_id)
    names = member_names(unit(), [row.pool_id])
    money = money_of(unit(), row, agreement)
    only = view_of(row.pool_id, actor())
    costs = settlements.costs_of(unit(), row)
    payee = claim_payee(unit(), row, actor(), today())
    entries = journal.page(unit(), row.pool_id, Wanted(only=only, subject_id=row.id))
    return render_template(
        "finance/claim.html",
        row=row,
        crumb=_crumb(row),
        money=money,
        members=pool_book.members_of(shares, names, money.parts_fen),
        whole=shares.weights.whole,
        calls=_call_rows(row, names),
        costs=[_cost_row(cost, shares) for cost in costs],
        recoveries=settlements.recoveries_of(unit(), row),
        entries=entry_rows(row.pool_id, entries) if may(actor(), "ledger.read") else [],
        steps=_steps(row, money, is_in_batch=bool(payee.batch)) if actor().organisation_id == shares.lead else [],
        payee=payee,
        events=history(unit(), "claim", row.id),
    )


def _crumb(row: Claim) -> tuple[str, str]:
    """Return where this page is left to: the list of claim money, for those who have none the claim itself."""
    if may(actor(), "ledger.read"):
        return t("赔款收付", "Claim money"), url_for(".index")
    return t("赔案 {number}", "Claim {number}", number=row.number), url_for("claims.one", claim_id=row.id)


def _call_rows(row: Claim, names: Mapping[uuid.UUID, str]) -> list[dict[str, object]]:
    may_receive = may(actor(), "cash_call.receive") and row.pool_id in actor().led_pools
    return [
        {
            "member": names.get(call.organisation_id, ""),
            "amount_fen": call.amount_fen,
            "due_on": call.due_on,
            "stage": call_stage(call.stage, call.due_on, today()),
            "received_on": call.received_on,
            "href": url_for("cash_calls.receive", call_id=call.id) if may_receive and call.stage == "issued" else "",
        }
        for call in settlements.calls_of(unit(), row)
    ]


def _cost_row(cost: ClaimCost, shares: MemberShares) -> dict[str, object]:
    is_mine = actor().organisation_id == shares.lead and may(actor(), "cost.pay")
    return {
        "amount_fen": cost.amount_fen,
        "approved_on": cost.approved_on,
        "stage": cost.stage,
        "paid_on": cost.paid_on,
        "href": url_for(".pay_cost", claim_id=cost.claim_id, cost_id=cost.id)
        if is_mine and cost.stage == "approved"
        else "",
    }


def _steps(row: Claim, money: ClaimMoney, *, is_in_batch: bool) -> list[tuple[str, str, bool]]:
    """Return what the actor can do with a claim's money now: (words, address, whether it is the next thing).

    What a batch pays is booked by the bank's line, not by hand.
    """
    found: list[tuple[str, str, bool]] = []

    def add(action: str, endpoint: str, words: str, *, is_next: bool = False) -> None:
        if may(actor(), action):
            found.append((words, url_for(endpoint, claim_id=row.id), is_next))

    if row.stage == "approved" and money.reaches_call:
        add("cash_call.issue", "cash_calls.issue", t("发出摊回通知", "Call for cash"), is_next=True)
    if row.stage == "approved" and not is_in_batch:
        add("claim.pay", ".pay", t("登记首席付款", "Book the lead’s payment"), is_next=not money.reaches_call)
    if row.stage == "called" and money.missing_fen:
        add("cash_call.fund", ".fund", t("首席补足", "Fund the rest"), is_next=True)
    if row.stage == "called" and not money.missing_fen and not is_in_batch:
        add("claim.pay", ".pay_from_pool", t("用共保资金付款", "Pay from pool money"), is_next=True)
    if row.payable_fen is not None:
        add("cost.approve", ".cost", t("登记公估费", "Enter an adjuster’s fee"))
        if money.recovered_fen < row.payable_fen:
            add("recovery.receive", ".recovery", t("登记追偿到账", "Book a recovery"))
    return found


def _frame(row: Claim, *more: tuple[str, object]) -> dict[str, Any]:
    """Return what every step on a claim has: the way back, and the claim's facts."""
    approver = unit().get(Person, row.approved_by) if row.approved_by else None
    facts: list[tuple[str, object]] = [
        (t("赔案", "Claim"), f"{row.number} {row.title}"),
        (t("应付赔款", "Payable"), yuan(row.payable_fen)),
        (t("核准", "Approved"), f"{date_words(row.approved_on)} {approver.name if approver else ''}".strip()),
    ]
    return {"back": url_for(".claim", claim_id=row.id), "facts": [*facts, *more]}


def _bar(row: Claim, agreement: Agreement, shares: MemberShares) -> dict[str, Any]:
    names = member_names(unit(), [row.pool_id])
    parts = money_of(unit(), row, agreement).parts_fen
    return {
        "members": pool_book.members_of(shares, names, parts),
        "whole": shares.weights.whole,
        "total_fen": row.payable_fen,
    }


@pages.route("/claims/<uuid:claim_id>/pay", methods=["GET", "POST"])
@needs("claim.pay")
def pay(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Book that the lead has paid an approved claim; by another person than the one who approved it."""
    row, agreement, shares = _led_claim(claim_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        settlements.pay_by_lead(unit(), row, on=booked_day(values), by=actor(), at=at())
        return t("赔款已登记支付。", "The claim is booked as paid."), url_for(".claim", claim_id=row.id)

    step = Step(
        title=t("登记首席付款", "Book the lead’s payment"),
        sentence=t(
            "登记首席已付 {sum}，各成员的份额记入其往来，期末结算。",
            "Book that the lead has paid {sum}. Each member’s part stands on its current account until the close.",
            sum=yuan(row.payable_fen),
        ),
        label=t("登记已支付", "Book as paid"),
        **_frame(row),
        fields=[day_field(t("付款日期", "Paid on"))],
        note=t(
            "须由核准人以外的另一人办理。一案只付一次。", "By another person than the approver. A claim is paid once."
        ),
        closed=closed_words(CLAIM_MOVES, "claim", "pay", row.stage, row.id),
        **_bar(row, agreement, shares),
    )
    return step_page(step, work)


@pages.route("/claims/<uuid:claim_id>/pay-from-pool", methods=["GET", "POST"])
@needs("claim.pay")
def pay_from_pool(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Book that a called claim is paid from the pool money that came in for it."""
    row, agreement, shares = _led_claim(claim_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        settlements.pay_from_pool(unit(), row, on=booked_day(values), by=actor(), at=at())
        return t("赔款已用共保资金支付。", "The claim is booked as paid from pool money."), url_for(
            ".claim", claim_id=row.id
        )

    step = Step(
        title=t("用共保资金付款", "Pay from pool money"),
        closed="" if row.stage == "called" else done_words("claim", row.stage, row.id, "claim.pay"),
        sentence=t("登记用共保资金付出 {sum}。", "Book {sum} as paid out of pool money.", sum=yuan(row.payable_fen)),
        label=t("登记已支付", "Book as paid"),
        **_frame(row),
        fields=[day_field(t("付款日期", "Paid on"))],
        **_bar(row, agreement, shares),
    )
    return step_page(step, work)


@pages.route("/claims/<uuid:claim_id>/fund", methods=["GET", "POST"])
@needs("cash_call.fund")
def fund(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Book that the lead pays in its own part of a called claim and what others have not paid yet."""
    row, agreement, _ = _led_claim(claim_id)
    money = money_of(unit(), row, agreement)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        fen = need_amount(values)
        settlements.fund_by_lead(unit(), row, fen, on=booked_day(values), by=actor(), at=at())
        said = t("首席补足 {sum} 已登记。", "{sum} from the lead is booked.", sum=yuan(fen))
        return said, url_for(".claim", claim_id=row.id)

    step = Step(
        title=t("首席补足", "Fund the rest"),
        sentence=t(
            "登记首席把本份和他人未付的部分付入共保资金。未付的成员仍欠其份额，逾期计息。",
            "Book what the lead pays in for itself and for those who have not paid; these go on owing theirs.",
        ),
        label=t("登记补足", "Book the funding"),
        closed="" if row.stage == "called" else done_words("claim", row.stage, row.id, "claim.pay"),
        **_frame(
            row,
            (t("已到账", "Come in"), yuan(money.held_fen)),
            (t("尚缺", "Missing"), yuan(money.missing_fen)),
        ),
        fields=[Field("amount", t("金额", "Amount"), "amount"), day_field(t("到账日期", "Paid in on"))],
        values={"amount": plain_fen(money.missing_fen)},
    )
    return step_page(step, work)


@pages.route("/claims/<uuid:claim_id>/costs/new", methods=["GET", "POST"])
@needs("cost.approve")
def cost(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Enter a loss adjuster's fee on an approved claim; it is split among the members."""
    row, _, _ = _led_claim(claim_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        fen = need_amount(values)
        settlements.approve_cost(unit(), row, fen, on=booked_day(values), by=actor(), at=at())
        said = t("公估费 {sum} 已登记，待支付。", "The fee of {sum} is entered and waits to be paid.", sum=yuan(fen))
        return said, url_for(".claim", claim_id=row.id)

    left = yuan(settlements.cost_left(unit(), row))
    step = Step(
        title=t("登记公估费", "Enter an adjuster’s fee"),
        sentence=t("按份额分摊公估费；由另一人支付。", "The fee is split by the lines; another person pays it."),
        label=t("登记公估费", "Enter the fee"),
        **_frame(row),
        fields=[
            Field("amount", t("金额", "Amount"), "amount", t("最多 {sum}", "At most {sum}", sum=left)),
            day_field(t("核定日期", "Approved on")),
        ],
    )
    return step_page(step, work)


@pages.route("/claims/<uuid:claim_id>/costs/<uuid:cost_id>/pay", methods=["GET", "POST"])
@needs("cost.pay")
def pay_cost(claim_id: uuid.UUID, cost_id: uuid.UUID) -> ResponseReturnValue:
    """Book that the lead has paid a loss adjuster."""
    row, _, _ = _led_claim(claim_id)
    found = next((one for one in settlements.costs_of(unit(), row) if one.id == cost_id), None)
    if found is None:
        raise NotFound("cost_not_found", number=row.number)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        settlements.pay_cost(unit(), row, found, on=booked_day(values), by=actor(), at=at())
        return t("公估费已登记支付。", "The fee is booked as paid."), url_for(".claim", claim_id=row.id)

    step = Step(
        title=t("支付公估费", "Pay the adjuster"),
        closed=closed_words(COST_MOVES, "claim_cost", "pay", found.stage, found.id),
        sentence=t("登记首席已付公估费 {sum}。", "Book that the lead has paid {sum}.", sum=yuan(found.amount_fen)),
        label=t("登记已支付", "Book as paid"),
        **_frame(row),
        fields=[day_field(t("付款日期", "Paid on"))],
    )
    return step_page(step, work)


@pages.route("/claims/<uuid:claim_id>/recoveries/new", methods=["GET", "POST"])
@needs("recovery.receive")
def recovery(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Book subrogation or salvage that the lead received; it is shared at the claim's own lines."""
    row, agreement, _ = _led_claim(claim_id)
    money = money_of(unit(), row, agreement)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        fen = need_amount(values)
        settlements.receive_recovery(
            unit(), row, values.get("kind", ""), fen, on=booked_day(values), by=actor(), at=at()
        )
        said = t("追偿 {sum} 已登记并分给各成员。", "{sum} is booked and shared.", sum=yuan(fen))
        return said, url_for(".claim", claim_id=row.id)

    left = (row.payable_fen or 0) - money.recovered_fen
    kinds = [("subrogation", t("代位追偿", "Subrogation")), ("salvage", t("残值", "Salvage"))]
    step = Step(
        title=t("登记追偿到账", "Book a recovery"),
        sentence=t(
            "首席收到的追偿或残值，按本案份额分给各成员。", "What the lead received is shared at the claim’s lines."
        ),
        label=t("登记到账", "Book the recovery"),
        **_frame(row, (t("尚可追回", "Still recoverable"), yuan(left))),
        fields=[
            Field("kind", t("类别", "Kind"), "radio", options=kinds),
            Field("amount", t("金额", "Amount"), "amount"),
            day_field(t("到账日期", "Received on")),
        ],
        values={"kind": "subrogation"},
    )
    return step_page(step, work)
