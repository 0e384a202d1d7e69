"""Paying by the bank, one by one: batches of claims, items and what came back; money that came back booked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import false

from claims import payouts
from core.errors import Invalid
from ledger import bank_matches, bank_payments, bank_payouts
from ledger.bank_models import BankLine, PaymentBatch
from underwriting import apart
from underwriting.models import Pool
from web import listing, payee_desk
from web.bank_desk import PaidRow, paid_rows
from web.bank_words import WHY_NOT
from web.formats import date_words, number, t, yuan
from web.money_desk import Field, Step, led_pool, member_names, need_day, pool_of, read_id, step_page, today
from web.pages.pools import subnav
from web.payee_desk import due_rows, payable
from web.shell import actor, at, needs, unit

pages = Blueprint("payouts", __name__, url_prefix="/pools/<int:pool_id>/payments")

#: So many claims are named one by one where a batch is prepared.
_SHOWN_MOST = 50


def _preparing(
    pool: Pool,
    prepare: Callable[..., PaymentBatch],
    *,
    title: str,
    sentence: str,
    facts: Sequence[tuple[str, str]],
    closed: str,
    note: str = "",
) -> ResponseReturnValue:
    """Return the step that prepares a batch of a pool by a verb, which takes the day that it pays on."""

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        batch = prepare(unit(), pool.id, pays_on=need_day(values, "pays_on"), by=actor(), at=at())
        said = t(
            "付款批次 {n} 已编制，待另一人放行。", "Batch {n} is prepared; a second person releases it.", n=batch.number
        )
        return said, url_for("payment_batches.one", pool_id=pool.id, batch_id=batch.id)

    step = Step(
        title=title,
        sentence=sentence,
        label=t("编制付款批次", "Prepare the batch"),
        back=url_for("payment_batches.index", pool_id=pool.id),
        facts=list(facts),
        fields=[Field("pays_on", t("付款日期", "Paid on"), hint=t("今天或以后", "Today or later"))],
        values={"pays_on": today().isoformat()},
        note=note,
        closed=closed,
    )
    return step_page(step, work)


@pages.route("/claims", methods=["GET", "POST"])
@needs("payment.prepare")
def claims(pool_id: int) -> ResponseReturnValue:
    """Prepare a batch of the approved claims whose payees have an account; the others are named with what lacks."""
    pool = led_pool(pool_id)
    due = payouts.due_sums(unit(), pool.id, today())
    count, sum_fen = due.get("", (0, 0))
    ready = due_rows(unit().execute(payable(pool.id, today()).limit(_SHOWN_MOST)))

    return _preparing(
        pool,
        payouts.prepare_claims,
        title=t("编制赔款付款批次", "Prepare the payments of claims"),
        sentence=t(
            "付 {n} 件已核准的赔案，合计 {sum}，付往各收款人当日有效的收款账户。银行流水核对之后，赔案记为已赔付。",
            "Pays {n} approved claims, {sum} in all, to the account of each payee in use on the day. A claim is booked "
            "as paid once the bank’s line is matched.",
            n=number(count),
            sum=yuan(sum_fen),
        ),
        facts=[
            *((f"{row.number} {row.payee}", yuan(row.amount_fen)) for row in ready),
            *_left_out(count - len(ready), due),
        ],
        note=t("核准人不能编制，也不能放行。", "Who approved a claim neither prepares nor releases."),
        closed="" if ready else t("没有可以付款的赔案。", "No claim can be paid."),
    )


def _left_out(more: int, due: Mapping[str, tuple[int, int]]) -> list[tuple[str, str]]:
    """Return what the step does not list one by one: the rest of what it pays, and how many claims it does not pay."""
    told = [(t("此外", "And"), t("{n} 件", "{n} more", n=number(more)))] if more else []
    lacking = [
        (t("不付：", "Not paid: ") + t(*WHY_NOT[why]), t("{n} 件", "{n} claims", n=number(due[why][0])))
        for why in WHY_NOT
        if why in due and why
    ]
    return [*told, *lacking]


@pages.get("/lacking")
@needs("payment.read")
def lacking(pool_id: int) -> ResponseReturnValue:
    """List the approved claims in no batch that cannot be paid today, with what each lacks."""
    pool = pool_of(pool_id)
    query = payee_desk.lacking(pool.id, today())
    if not bank_matches.reads(pool.id, actor()):
        query = query.where(false())
    if listing.wants_csv():
        found = due_rows(unit().execute(query.limit(listing.EXPORT_MOST)))
        return listing.csv_of(f"claims-lacking-{pool.id}", _EXPORTED, found)
    page = listing.listed(unit(), query, sum_of="amount_fen")
    return render_template(
        "finance/claims_lacking.html",
        pool=pool,
        places=subnav(pool),
        found=page,
        rows=due_rows(page.rows),
        exports=listing.csv_link(),
    )


_EXPORTED = [
    ("claim", lambda row: row.number),
    ("about", lambda row: row.title),
    ("payee", lambda row: row.payee),
    ("payable_cny", lambda row: row.amount_fen),
    ("lacks", lambda row: row.why),
]


@pages.route("/items", methods=["GET", "POST"])
@needs("payment.prepare")
def items(pool_id: int) -> ResponseReturnValue:
    """Prepare a batch of the items settled on their own that the pool owes its members."""
    pool = led_pool(pool_id)
    found = apart.to_pay(unit(), pool.id)
    names = member_names(unit(), [pool.id])

    return _preparing(
        pool,
        apart.prepare_items,
        title=t("编制单项结算付款批次", "Prepare the payments of items settled on their own"),
        sentence=t(
            "付 {n} 项共保体应付成员的单项结算，合计 {sum}。银行流水显示付款之后，再登记收付。",
            "Pays {n} items that the pool owes its members, {sum} in all. They are booked once the bank shows them.",
            n=len(found),
            sum=yuan(sum(one.amount_fen for one in found)),
        ),
        facts=[(f"{one.number} {names.get(one.organisation_id, '')}", yuan(one.amount_fen)) for one in found],
        closed="" if found else t("没有共保体应付的单项结算。", "The pool owes no item settled on its own."),
    )


@pages.route("/again", methods=["GET", "POST"])
@needs("payment.prepare")
def again(pool_id: int) -> ResponseReturnValue:
    """Prepare a batch of the payments of statements and premiums that the bank gave back."""
    pool = led_pool(pool_id)
    found = bank_payouts.to_pay_again(unit(), pool.id)
    names = member_names(unit(), [pool.id])

    return _preparing(
        pool,
        bank_payouts.prepare_again,
        title=t("编制退回后再付的付款批次", "Prepare the payments that came back"),
        sentence=t(
            "再付 {n} 笔银行退回的结算款和划付保费，合计 {sum}，付往各成员当日有效的收款账户。",
            "Pays {n} payments of statements and premiums again that the bank gave back, {sum} in all, to the account "
            "of each member in use on the day.",
            n=len(found),
            sum=yuan(sum(one.amount_fen for one in found)),
        ),
        facts=[(f"{one.number} {names.get(one.owner_id, '')}", yuan(one.amount_fen)) for one in found],
        note=t(
            "请先更正退回的收款账户；变更等两个工作日。", "Correct the account first; a change waits two working days."
        ),
        closed="" if found else t("没有退回而未再付的付款。", "No payment that came back waits to be paid again."),
    )


@pages.route("/<uuid:batch_id>/<int:position>/return", methods=["GET", "POST"])
@needs("payment.return")
def give_back(pool_id: int, batch_id: uuid.UUID, position: int) -> ResponseReturnValue:
    """Book that the bank gave the money of a payment back: what it paid may be paid again."""
    pool = led_pool(pool_id)
    batch = bank_payments.get(unit(), batch_id, actor(), pool_id=pool.id)
    payment = bank_payouts.payment(unit(), batch, position)
    row = paid_rows(unit(), bank_payments.lines(unit(), batch))[position - 1]
    found = bank_payouts.returns_of(unit(), payment)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        line_id = read_id(values.get("line_id"))
        if line_id is None:
            raise Invalid("choice_unreadable")
        payouts.give_back(unit(), payment, line_id, values.get("why", ""), by=actor(), at=at())
        said = t("已登记退回，可以再次付款。", "Booked as come back; it can be paid again.")
        return said, url_for("payment_batches.one", pool_id=pool.id, batch_id=batch.id)

    return step_page(_coming_back(pool, batch, row, found), work)


def _coming_back(pool: Pool, batch: PaymentBatch, row: PaidRow, found: Sequence[BankLine]) -> Step:
    """Return the step that books a payment as come back by one of these lines."""
    return Step(
        title=t("登记付款退回", "Book the payment as come back"),
        sentence=t(
            "银行退回了这笔付款（户名不符、账号已销等）。登记之后可以再次付款，请先更正收款账户。",
            "The bank gave this payment back: another name, a closed account. What it paid is payable again; correct "
            "the account first.",
        ),
        label=t("登记付款退回", "Book as come back"),
        back=url_for("payment_batches.one", pool_id=pool.id, batch_id=batch.id),
        facts=[
            (t("付款编号", "Reference"), row.reference),
            (t("收款人", "Paid to"), row.member),
            (t("金额", "Amount"), yuan(row.amount_fen)),
        ],
        fields=[
            Field(
                "line_id",
                t("退回的银行收款", "The line that brought it"),
                "select",
                options=[
                    (str(one.id), f"{date_words(one.booked_on)} {one.reference} {one.about}".strip()) for one in found
                ],
            ),
            Field("why", t("理由", "Why"), "textarea", hint=t("银行给的退回原因", "The bank’s reason")),
        ],
        places={
            "choice_unreadable": "line_id",
            "payment_return_line_wrong": "line_id",
            "payment_return_needs_words": "why",
            "bank_words_too_long": "why",
        },
        is_danger=True,
        closed=""
        if found
        else t(
            "还没有同样金额的退回收款，或这笔付款银行没有显示，或已登记退回。",
            "No line of its sum came in, or the bank does not show the payment, or it is booked as come back already.",
        ),
    )
