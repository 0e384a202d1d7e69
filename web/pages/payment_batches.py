"""Paying members: batches of balances and of premiums remitted, prepared, released by a second person, their files."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, send_file, url_for
from flask.typing import ResponseReturnValue

from claims import payouts
from core.permits import may
from ledger import bank_matches, bank_payments, bank_payouts, bank_remittances, statements
from ledger.bank_models import BankAccount, PaymentBatch
from ledger.models import Period
from ledger.stages import PAYMENT_BATCH_MOVES
from underwriting import apart
from underwriting.models import Pool
from web import listing
from web.bank_desk import BATCH_KINDS, PaidRow, batches_of, paid_rows
from web.formats import date_words, t, yuan
from web.history import history
from web.money_desk import Field, Step, leads, led_pool, member_names, need_day, pool_of, step_page, today
from web.pages.pools import subnav
from web.payee_desk import together
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("payment_batches", __name__, url_prefix="/pools/<int:pool_id>/payments")


@pages.get("")
@needs("payment.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the batches of a pool, newest first, and the closed periods that owe something still."""
    pool = pool_of(pool_id)
    query = batches_of(actor(), pool.id)
    if listing.wants_csv():
        return listing.csv_of("payments", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query, sum_of="total_fen")
    is_maker = leads(pool) and may(actor(), "payment.prepare")
    due = payouts.due_sums(unit(), pool.id, today()) if bank_matches.reads(pool.id, actor()) else {}
    return render_template(
        "finance/payment_batches.html",
        pool=pool,
        places=subnav(pool),
        rows=[
            {
                **row._mapping,
                "what": t(*BATCH_KINDS[row.kind]),
                "href": url_for(".one", pool_id=pool.id, batch_id=row.id),
            }
            for row in found.rows
        ],
        found=found,
        exports=listing.csv_link(),
        waiting=_waiting(pool, due) if is_maker else [],
        lacking=together(told for why, told in due.items() if why),
    )


def _waiting(pool: Pool, due: Mapping[str, tuple[int, int]]) -> list[dict[str, object]]:
    """Return what can be paid now: balances of closed periods, premiums, claims, items on their own, what came back."""
    rows: list[dict[str, object]] = []
    for period in statements.periods(unit(), pool.id):
        found = bank_payments.to_pay(unit(), period) if period.stage == "closed" else []
        if found:
            href = url_for(".new", pool_id=pool.id, label=period.label)
            sum_fen = sum(one.balance_fen for one in found)
            told = {"count": len(found), "sum_fen": sum_fen, "href": href}
            rows.append({"label": t("{p} 结算款", "Statements of {p}", p=period.label), **told})
    found_premiums = bank_remittances.to_remit(unit(), pool.id, today())
    if found_premiums.parts_fen:
        told = {"count": len(found_premiums.entries), "sum_fen": found_premiums.total_fen}
        rows.append(
            {"label": t("划付保费", "Premiums remitted"), **told, "href": url_for(".premiums", pool_id=pool.id)}
        )
    items = [one.amount_fen for one in apart.to_pay(unit(), pool.id)]
    again = [one.amount_fen for one in bank_payouts.to_pay_again(unit(), pool.id)]
    for (count, sum_fen), kind, endpoint in (
        (due.get("", (0, 0)), "claim", "payouts.claims"),
        ((len(items), sum(items)), "apart", "payouts.items"),
        ((len(again), sum(again)), "again", "payouts.again"),
    ):
        if count:
            told = {"count": count, "sum_fen": sum_fen, "href": url_for(endpoint, pool_id=pool.id)}
            rows.append({"label": t(*BATCH_KINDS[kind]), **told})
    return rows


_EXPORTED = [
    ("batch", lambda row: row.number),
    ("kind", lambda row: row.kind),
    ("period", lambda row: row.period),
    ("stage", lambda row: row.stage),
    ("pays_on", lambda row: row.pays_on),
    ("payments", lambda row: row.items),
    ("total_cny", lambda row: row.total_fen),
    ("prepared_at", lambda row: row.prepared_at),
    ("decided_at", lambda row: row.decided_at),
]


@pages.route("/of/<label>", methods=["GET", "POST"])
@needs("payment.prepare")
def new(pool_id: int, label: str) -> ResponseReturnValue:
    """Prepare the batch that pays what a closed period owes its members."""
    pool = led_pool(pool_id)
    period = statements.period(unit(), pool.id, label)
    names = member_names(unit(), [pool.id])
    found = bank_payments.to_pay(unit(), period)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        batch = bank_payments.prepare(unit(), period, pays_on=need_day(values, "pays_on"), by=actor(), at=at())
        said = t(
            "付款批次 {n} 已编制，待另一人放行。", "Batch {n} is prepared; a second person releases it.", n=batch.number
        )
        return said, url_for(".one", pool_id=pool.id, batch_id=batch.id)

    total = sum(one.balance_fen for one in found)
    step = Step(
        title=t("编制 {p} 付款批次", "Prepare the payments of {p}", p=label),
        sentence=t(
            "付给 {n} 家成员，合计 {sum}，付往付款当日有效的收款账户。编制后由另一人放行，放行时生成银行付款文件。",
            "Pays {n} members {sum} in all, each to the account in use on the day of payment. Another person releases "
            "it; the bank's file is made then.",
            n=len(found),
            sum=yuan(total),
        ),
        label=t("编制付款批次", "Prepare the batch"),
        back=url_for(".index", pool_id=pool.id),
        facts=[(names.get(one.organisation_id, ""), yuan(one.balance_fen)) for one in found],
        fields=[Field("pays_on", t("付款日期", "Paid on"), hint=t("今天或以后", "Today or later"))],
        values={"pays_on": today().isoformat()},
        note=t("只付已确认、尚未付款的结算单。", "Only statements that are agreed to and not paid yet."),
        closed="" if found else t("本期没有可付的结算单。", "No statement of the period can be paid."),
    )
    return step_page(step, work)


@pages.route("/premiums", methods=["GET", "POST"])
@needs("payment.prepare")
def premiums(pool_id: int) -> ResponseReturnValue:
    """Prepare a batch of the premiums that were booked as remitted and are in no batch."""
    pool = led_pool(pool_id)
    names = member_names(unit(), [pool.id])
    found = bank_remittances.to_remit(unit(), pool.id, today())

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        until_on, pays_on = need_day(values, "until_on"), need_day(values, "pays_on")
        batch = bank_remittances.prepare_premiums(unit(), pool.id, until_on, pays_on=pays_on, by=actor(), at=at())
        said = t(
            "付款批次 {n} 已编制，待另一人放行。", "Batch {n} is prepared; a second person releases it.", n=batch.number
        )
        return said, _of(pool, batch)

    step = Step(
        title=t("编制划付保费的付款批次", "Prepare the payments of premiums remitted"),
        sentence=t(
            "到今天为止已登记划付、尚未付款的保费 {n} 笔，合计 {sum}，每家成员付一笔，付往付款当日有效的收款账户。",
            "{n} remittances booked up to today and not paid yet, {sum} in all; each member is paid once, to the "
            "account in use on the day.",
            n=len(found.entries),
            sum=yuan(found.total_fen),
        ),
        label=t("编制付款批次", "Prepare the batch"),
        back=url_for(".index", pool_id=pool.id),
        facts=[(names.get(member, ""), yuan(fen)) for member, fen in found.parts_fen.items()],
        fields=[
            Field("until_on", t("划付截至", "Remitted up to"), hint=t("含当日", "That day included")),
            Field("pays_on", t("付款日期", "Paid on"), hint=t("今天或以后", "Today or later")),
        ],
        values={"pays_on": today().isoformat(), "until_on": today().isoformat()},
        note=t("首席自己的一份留在首席账上，不付。", "The lead keeps its own part."),
        places={"no_premium_to_pay_out": "until_on", "pays_on_past": "pays_on"},
        closed="" if found.parts_fen else t("没有待付的保费划付。", "No remittance waits to be paid."),
    )
    return step_page(step, work)


def _batch(pool_id: int, batch_id: uuid.UUID) -> tuple[Pool, PaymentBatch]:
    """Return a pool and a batch of it; NotFound for whoever may not know of it."""
    pool = pool_of(pool_id)
    return pool, bank_payments.get(unit(), batch_id, actor(), pool_id=pool.id)


@pages.get("/<uuid:batch_id>")
@needs("payment.read")
def one(pool_id: int, batch_id: uuid.UUID) -> ResponseReturnValue:
    """Show one batch: whom it pays how much to which account, its files, what can be done now."""
    pool, batch = _batch(pool_id, batch_id)
    is_open = leads(pool) and batch.stage == "prepared"
    return render_template(
        "finance/payment_batch.html",
        pool=pool,
        batch=batch,
        period=unit().get_one(Period, batch.period_id).label if batch.period_id is not None else "",
        kind=t(*BATCH_KINDS[batch.kind]),
        remittances=bank_remittances.entries_of(unit(), batch) if batch.kind == "premium" else 0,
        payer=unit().get_one(BankAccount, batch.payer_id),
        rows=_rows(pool, batch),
        files=_files(pool, batch),
        may_release=is_open and may(actor(), "payment.release") and batch.prepared_by != actor().person_id,
        may_reject=is_open and may(actor(), "payment.reject"),
        events=history(unit(), "payment_batch", batch.id),
    )


def _rows(pool: Pool, batch: PaymentBatch) -> list[dict[str, object]]:
    """Return the payments of a batch as rows: what each pays, whether it came back, and the step that books that."""
    may_return = leads(pool) and batch.stage == "released" and may(actor(), "payment.return")
    rows = []
    for row in paid_rows(unit(), bank_payments.lines(unit(), batch)):
        told: dict[str, object] = {
            name: getattr(row, name)
            for name in ("member", "reference", "document", "name", "bank", "number", "amount_fen", "shown_on")
        }
        told["href"] = _paid_href(pool, batch, row)
        told["back"] = t("已退回", "Came back") if row.is_returned else ""
        if may_return and row.shown_on and not row.is_returned:
            told["back"] = t("登记退回…", "Book it…")
            told["back_href"] = url_for("payouts.give_back", pool_id=pool.id, batch_id=batch.id, position=row.position)
        rows.append(told)
    return rows


def _paid_href(pool: Pool, batch: PaymentBatch, row: PaidRow) -> str:
    """Return the page of what a payment pays; nothing for a member's premiums."""
    if row.statement_id is not None:
        return url_for("statements.one", statement_id=row.statement_id)
    if batch.kind == "claim":
        return url_for("payments.claim", claim_id=row.subject_id)
    return url_for("apart.index", pool_id=pool.id) if batch.kind == "apart" else ""


def _files(pool: Pool, batch: PaymentBatch) -> list[dict[str, object]]:
    """Return the files of a batch as downloads."""
    words = {
        "pain001": t("银行付款文件（ISO 20022 pain.001）", "Payment file for the bank (ISO 20022 pain.001)"),
        "csv": t("同样的明细", "The same rows"),
    }
    return [
        {
            "label": words[kept.kind],
            "href": url_for(".file", pool_id=pool.id, batch_id=batch.id, kind=kept.kind),
            "kind": kept.name.rpartition(".")[2].upper(),
            "size": len(kept.content),
            "digest": kept.digest,
        }
        for kept in bank_payments.files(unit(), batch)
    ]


@pages.get("/<uuid:batch_id>/files/<any(pain001, csv):kind>")
@needs("payment.read")
def file(pool_id: int, batch_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Send one file of a batch exactly as it was kept."""
    _, batch = _batch(pool_id, batch_id)
    kept = bank_payments.file(unit(), batch, kind)
    answer = send_file(io.BytesIO(kept.content), mimetype=kept.media_type, as_attachment=True, download_name=kept.name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@pages.route("/<uuid:batch_id>/release", methods=["GET", "POST"])
@needs("payment.release")
def release(pool_id: int, batch_id: uuid.UUID) -> ResponseReturnValue:
    """Release a batch that another person prepared; its files are made and kept."""
    pool, batch = _batch(pool_id, batch_id)
    led_pool(pool.id)

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        payouts.release_batch(unit(), batch, by=actor(), at=at())
        return t("已放行，付款文件可以下载。", "Released; the file can be downloaded."), _of(pool, batch)

    sentence = t(
        "请逐笔核对金额和收款账户。放行后生成付款文件，交银行付款，不能撤回。",
        "Compare each amount and account. The file is made once it is released, and this stands.",
    )
    return step_page(_deciding(pool, batch, "release", t("放行付款批次", "Release the batch"), sentence), work)


@pages.route("/<uuid:batch_id>/reject", methods=["GET", "POST"])
@needs("payment.reject")
def reject(pool_id: int, batch_id: uuid.UUID) -> ResponseReturnValue:
    """Let a prepared batch fall."""
    pool, batch = _batch(pool_id, batch_id)
    led_pool(pool.id)

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        bank_payments.reject(unit(), batch, by=actor(), at=at())
        said = t("已退回，其中的款项可另行付款。", "Rejected; another batch can pay what stood in it.")
        return said, url_for(".index", pool_id=pool.id)

    sentence = t("这一批次作废，什么也不付。", "The batch falls; nothing is paid.")
    return step_page(_deciding(pool, batch, "reject", t("退回付款批次", "Reject the batch"), sentence), work)


def _deciding(pool: Pool, batch: PaymentBatch, verb: str, title: str, sentence: str) -> Step:
    rows = paid_rows(unit(), bank_payments.lines(unit(), batch))
    to = t("付往", "to")
    return Step(
        title=title,
        sentence=sentence,
        label=title,
        back=_of(pool, batch),
        facts=[
            (t("批次", "Batch"), batch.number),
            (t("付款日期", "Paid on"), date_words(batch.pays_on)),
            (t("合计", "Total"), yuan(batch.total_fen)),
            *((row.member, f"{yuan(row.amount_fen)} {to} {row.number}") for row in rows),
        ],
        is_danger=verb == "reject",
        closed=closed_words(PAYMENT_BATCH_MOVES, "payment_batch", verb, batch.stage, batch.id),
    )


def _of(pool: Pool, batch: PaymentBatch) -> str:
    return url_for(".one", pool_id=pool.id, batch_id=batch.id)
