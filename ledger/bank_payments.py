"""Paying what the pool owes its members: a batch is prepared, released by a second person, and kept as files.

A batch orders a bank to pay; the book is moved by the settlement of the period, once the money has gone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, require, require_other_person
from core.stages import step
from ledger import bank_accounts, stages
from ledger.bank_models import BankAccount, BankLine, BankMatch, PaymentBatch, PaymentFile, PaymentLine
from ledger.bank_pain import Payment, PaymentOrder, check_order, write_csv, write_pain
from ledger.books import latest_shares, require_lead
from ledger.models import Period, Statement

#: kind of file -> (ending, media type).
FILES: Mapping[str, tuple[str, str]] = {"pain001": ("xml", "application/xml"), "csv": ("csv", "text/csv")}


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One payment of a batch: its reference, the statement that it pays, if any, the account, the amount in fen.

    `shown_on` is the day of the bank's line that is matched with it; None while no line shows it. `row` is the payment
    itself: of a claim or an item settled on its own it names the number, and whether its money came back.
    """

    position: int
    reference: str
    statement: Statement | None
    account: BankAccount
    amount_fen: int
    shown_on: date | None
    row: PaymentLine


def visible_to(actor: Actor) -> Select[PaymentBatch]:
    """Return the query of the batches an actor may see: those of the pools that it leads, or all."""
    query = select(PaymentBatch)
    return query if actor.sees_all else query.where(PaymentBatch.pool_id.in_(actor.led_pools))


def get(session: Session, batch_id: uuid.UUID, actor: Actor, *, pool_id: int) -> PaymentBatch:
    """Return a batch of a pool that the actor may know of; NotFound `payment_batch_not_found`."""
    wanted = PaymentBatch.id == batch_id, PaymentBatch.pool_id == pool_id
    row = session.scalar(visible_to(actor).where(*wanted))
    if row is None:
        raise NotFound("payment_batch_not_found")
    return row


def numbered(session: Session, pool_id: int, number: str, actor: Actor) -> PaymentBatch:
    """Return a batch of a pool by its number; NotFound `payment_batch_not_found`."""
    row = session.scalar(visible_to(actor).where(PaymentBatch.number == number, PaymentBatch.pool_id == pool_id))
    if row is None:
        raise NotFound("payment_batch_not_found")
    return row


def to_pay(session: Session, period: Period) -> list[Statement]:
    """Return the statements of a period that can be paid: agreed to, the pool owes the member, in no batch yet.

    What the lead is owed it keeps: it holds the money. What the bank shows as paid was paid by hand.
    """
    lead = latest_shares(session, period.pool_id).lead
    taken = select(PaymentLine.statement_id).where(
        PaymentLine.pool_id == period.pool_id,
        PaymentLine.batch_stage != "rejected",
        # A payment of another kind names no statement, and nothing is found outside a list that holds no value.
        PaymentLine.statement_id.is_not(None),
    )
    shown = select(BankMatch.id).where(BankMatch.statement_id == Statement.id, BankMatch.stage == "matched")
    query = (
        select(Statement)
        .where(Statement.pool_id == period.pool_id, Statement.period_id == period.id, Statement.stage == "agreed")
        .where(Statement.balance_fen > 0, Statement.organisation_id != lead, Statement.id.not_in(taken))
        .where(~shown.exists())
    )
    return list(session.scalars(query.order_by(Statement.number)))


def prepare(session: Session, period: Period, *, pays_on: date, by: Actor, at: datetime) -> PaymentBatch:
    """Return a batch that pays every statement of a period that can be paid, each to the account of that day.

    Refuses Forbidden `role_may_not`, `lead_only`; Invalid `pays_on_past`, `payees_without_account` with a finding for
    each member that has none on the day (the lead's own is the account that pays), `payment_order_wrong`; Conflict
    `nothing_to_pay_out`.
    """
    require(by, "payment.prepare")
    require_lead(session, period.pool_id, by)
    if pays_on < clock.on(at):
        raise Invalid("pays_on_past", [Finding("pays_on_past", "pays_on")])
    found = to_pay(session, period)
    if not found:
        raise Conflict("nothing_to_pay_out", period=period.label)
    lead = latest_shares(session, period.pool_id).lead
    accounts = bank_accounts.in_force(session, period.pool_id, pays_on)
    require_accounts(session, accounts, [lead, *(one.organisation_id for one in found)], pays_on)
    payments = [
        PaymentLine(
            pool_id=period.pool_id,
            statement_id=one.id,
            account_id=accounts[one.organisation_id].id,
            amount_fen=one.balance_fen,
        )
        for one in found
    ]
    batch = new_batch(session, period.pool_id, "statement", period.id, accounts[lead], payments, pays_on, by=by, at=at)
    record_prepared(session, batch, {"period": period.label}, by=by, at=at)
    return batch


def new_batch(
    session: Session,
    pool_id: int,
    kind: str,
    period_id: int | None,
    payer: BankAccount,
    payments: Sequence[PaymentLine],
    pays_on: date,
    *,
    by: Actor,
    at: datetime,
) -> PaymentBatch:
    """Return a prepared batch with its payments, numbered as they stand; `record_prepared` ends its preparation."""
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that prepares
    last = select(func.coalesce(func.max(PaymentBatch.sequence), 0)).where(PaymentBatch.pool_id == pool_id)
    sequence = int(session.scalar(last) or 0) + 1
    batch = PaymentBatch(
        pool_id=pool_id,
        kind=kind,
        period_id=period_id,
        sequence=sequence,
        number=f"PB-{pool_id}-{sequence:03d}",
        stage="prepared",
        pays_on=pays_on,
        payer_id=payer.id,
        items=len(payments),
        total_fen=sum(one.amount_fen for one in payments),
        prepared_by=by.person_id,
        prepared_at=at,
    )
    session.add(batch)
    session.flush()
    for place, one in enumerate(payments, start=1):
        one.batch_id, one.batch_stage, one.position = batch.id, batch.stage, place
    session.add_all(payments)
    session.flush()
    return batch


def record_prepared(
    session: Session, batch: PaymentBatch, facts: Mapping[str, object], *, by: Actor, at: datetime
) -> None:
    """Hold a prepared batch against what banks read, and record it; Invalid `payment_order_wrong`."""
    check_order(_order(session, batch, at))
    told = {"pool": batch.pool_id, "number": batch.number, "amount_fen": batch.total_fen, "items": batch.items}
    told |= {**facts, "pays_on": batch.pays_on.isoformat()}
    audit.record(session, "payment_batch.prepared", by=by, at=at, of=("payment_batch", batch.id), facts=told)


def require_accounts(
    session: Session, accounts: Mapping[uuid.UUID, BankAccount], members: Sequence[uuid.UUID], day: date
) -> None:
    """Refuse Invalid `payees_without_account` with a finding for each member that has no account on the day."""
    missing = [one for one in members if one not in accounts]
    if missing:
        names = bank_accounts.names_of(session, missing)
        findings = [Finding("payee_without_account", "", {"member": names[one], "day": day}) for one in missing]
        raise Invalid("payees_without_account", findings)


def lines(session: Session, batch: PaymentBatch) -> list[PaidLine]:
    """Return the payments of a batch, in their order."""
    of_it = (BankMatch.payment_id == PaymentLine.id) | (BankMatch.statement_id == PaymentLine.statement_id)
    query = (
        select(PaymentLine, Statement, BankAccount, BankLine.booked_on)
        .outerjoin(Statement, Statement.id == PaymentLine.statement_id)
        .join(BankAccount, BankAccount.id == PaymentLine.account_id)
        .outerjoin(BankMatch, of_it & (BankMatch.stage == "matched"))
        .outerjoin(BankLine, BankLine.id == BankMatch.line_id)
        .where(PaymentLine.batch_id == batch.id)
        .order_by(PaymentLine.position)
    )
    return [
        PaidLine(
            line.position,
            statement.number if statement else reference_of(batch, line),
            statement,
            account,
            line.amount_fen,
            shown_on,
            line,
        )
        for line, statement, account, shown_on in session.execute(query)
    ]


def reference_of(batch: PaymentBatch, line: PaymentLine) -> str:
    """Return the end-to-end reference of a payment that pays no statement, by which the bank's line names it."""
    return f"{batch.number}-{line.position:02d}"


def _order(session: Session, batch: PaymentBatch, at: datetime) -> PaymentOrder:
    """Return a batch as an order to a bank, made at an instant."""
    label = session.get_one(Period, batch.period_id).label if batch.period_id is not None else ""
    payer = bank_accounts.details_of(session.get_one(BankAccount, batch.payer_id))
    payments = [
        Payment(
            one.reference,
            bank_accounts.details_of(one.account),
            one.amount_fen,
            _about(batch, label, one),
        )
        for one in lines(session, batch)
    ]
    return PaymentOrder(batch.number, at, batch.pays_on, payer, payments)


#: What a payment that pays no statement is for, as it tells the bank and whom it pays.
_SAID = {"premium": "共保保费划付", "claim": "共保赔款", "apart": "共保单项结算", "again": "退回后再付"}


def _about(batch: PaymentBatch, label: str, one: PaidLine) -> str:
    """Return what a payment says it is for."""
    if batch.kind == "statement":
        return f"共保结算款 {label} 结算单 {one.reference}"
    said = _SAID[batch.kind]
    return " ".join(word for word in (said, one.row.document, one.reference) if word)


def release_batch(session: Session, batch: PaymentBatch, *, by: Actor, at: datetime) -> None:
    """Release a prepared batch: its files are made and kept, to be handed to the bank.

    Refuses Forbidden `role_may_not`, `lead_only`, `second_person_needed` from whoever prepared it; Invalid
    `pays_on_past`; Conflict `stage_refuses`, `payment_account_changed` where a member is paid to another account by
    then, `batch_statement_not_agreed` where a statement is settled meanwhile, `statement_matched` where a line of the
    bank shows it as paid already.
    """
    require(by, "payment.release")
    require_lead(session, batch.pool_id, by)
    step(stages.PAYMENT_BATCH_MOVES, batch.stage, "release", kind="payment_batch")
    require_other_person(batch.prepared_by, by)
    if batch.pays_on < clock.on(at):
        raise Invalid("pays_on_past", [Finding("pays_on_past", "pays_on")])
    _require_unchanged(session, batch)
    order = _order(session, batch, at)
    made = {"pain001": write_pain(order), "csv": write_csv(order)}
    digests = {kind: hashlib.sha256(content).hexdigest() for kind, content in made.items()}
    stages.move_payment_batch(session, batch, "release", by=by, at=at, facts={"sha256": digests["pain001"]})
    session.add_all(
        PaymentFile(
            batch_id=batch.id,
            kind=kind,
            pool_id=batch.pool_id,
            name=f"{batch.number}.{FILES[kind][0]}",
            media_type=FILES[kind][1],
            content=content,
            digest=digests[kind],
        )
        for kind, content in made.items()
    )
    session.flush()


def _require_unchanged(session: Session, batch: PaymentBatch) -> None:
    """Refuse a batch of which an account or a statement is not any more what it was prepared with."""
    accounts = bank_accounts.in_force(session, batch.pool_id, batch.pays_on)
    lead = latest_shares(session, batch.pool_id).lead
    used = {one.account.owner_id: one.account.id for one in lines(session, batch)} | {lead: batch.payer_id}
    moved = [
        member for member, account_id in used.items() if member not in accounts or accounts[member].id != account_id
    ]
    if moved:
        names = bank_accounts.names_of(session, moved)
        raise Conflict("payment_account_changed", members=[names[one] for one in moved])
    for one in lines(session, batch):
        if one.statement is not None and one.statement.stage != "agreed":
            raise Conflict("batch_statement_not_agreed", number=one.statement.number)
        if one.statement is not None and one.shown_on is not None:
            raise Conflict("statement_matched")


def reject(session: Session, batch: PaymentBatch, *, by: Actor, at: datetime) -> None:
    """Let a prepared batch fall; what stood in it can be paid by another.

    Refuses Forbidden `role_may_not`, `lead_only`, Conflict `stage_refuses`.
    """
    require(by, "payment.reject")
    require_lead(session, batch.pool_id, by)
    step(stages.PAYMENT_BATCH_MOVES, batch.stage, "reject", kind="payment_batch")
    stages.move_payment_batch(session, batch, "reject", by=by, at=at)


def files(session: Session, batch: PaymentBatch) -> Sequence[PaymentFile]:
    """Return the files of a batch as they were kept; none before it is released."""
    query = select(PaymentFile).where(PaymentFile.batch_id == batch.id)
    return session.scalars(query.order_by(PaymentFile.kind.desc())).all()


def file(session: Session, batch: PaymentBatch, kind: str) -> PaymentFile:
    """Return one file of a released batch; NotFound `payment_file_not_found`."""
    found = session.get(PaymentFile, (batch.id, kind))
    if found is None:
        raise NotFound("payment_file_not_found", number=batch.number)
    return found
