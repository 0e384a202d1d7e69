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

from core import audit, clock, parties
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, require, require_other_person
from core.stages import step
from ledger import bank_accounts, stages
from ledger.bank_models import BankAccount, PaymentBatch, PaymentFile, PaymentLine
from ledger.bank_pain import Payment, PaymentOrder, check_order, write_csv, write_pain
from ledger.books import latest_shares, require_lead
from ledger.models import Period, Statement

#: kind of file -> (ending, media type).
FILES: Mapping[str, tuple[str, str]] = {"pain001": ("xml", "application/xml"), "csv": ("csv", "text/csv")}


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One payment of a batch as it is shown: the statement, the account it goes to, the amount in fen."""

    position: int
    statement: Statement
    account: BankAccount
    amount_fen: int


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


def to_pay(session: Session, period: Period) -> list[Statement]:
    """Return the statements of a period that can be paid: agreed to, the pool owes the member, in no batch yet.

    What the lead is owed it keeps: it holds the money.
    """
    lead = latest_shares(session, period.pool_id).lead
    taken = select(PaymentLine.statement_id).where(
        PaymentLine.pool_id == period.pool_id, PaymentLine.batch_stage != "rejected"
    )
    query = (
        select(Statement)
        .where(Statement.pool_id == period.pool_id, Statement.period_id == period.id, Statement.stage == "agreed")
        .where(Statement.balance_fen > 0, Statement.organisation_id != lead, Statement.id.not_in(taken))
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
    _require_accounts(session, accounts, [lead, *(one.organisation_id for one in found)], pays_on)
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that prepares
    last = select(func.coalesce(func.max(PaymentBatch.sequence), 0)).where(PaymentBatch.pool_id == period.pool_id)
    sequence = int(session.scalar(last) or 0) + 1
    batch = PaymentBatch(
        pool_id=period.pool_id,
        period_id=period.id,
        sequence=sequence,
        number=f"PB-{period.pool_id}-{sequence:03d}",
        stage="prepared",
        pays_on=pays_on,
        payer_id=accounts[lead].id,
        items=len(found),
        total_fen=sum(one.balance_fen for one in found),
        prepared_by=by.person_id,
        prepared_at=at,
    )
    session.add(batch)
    session.flush()
    _take(session, batch, found, accounts)
    check_order(_order(session, batch, at))
    facts = {"pool": batch.pool_id, "number": batch.number, "amount_fen": batch.total_fen, "items": batch.items}
    told = {**facts, "period": period.label, "pays_on": pays_on.isoformat()}
    audit.record(session, "payment_batch.prepared", by=by, at=at, of=("payment_batch", batch.id), facts=told)
    return batch


def _require_accounts(
    session: Session, accounts: Mapping[uuid.UUID, BankAccount], members: Sequence[uuid.UUID], day: date
) -> None:
    missing = [one for one in members if one not in accounts]
    if missing:
        names = parties.names_of(session, missing)
        findings = [Finding("payee_without_account", "", {"member": names[one], "day": day}) for one in missing]
        raise Invalid("payees_without_account", findings)


def _take(
    session: Session,
    batch: PaymentBatch,
    found: Sequence[Statement],
    accounts: Mapping[uuid.UUID, BankAccount],
) -> None:
    session.add_all(
        PaymentLine(
            batch_id=batch.id,
            position=place,
            batch_stage=batch.stage,
            pool_id=batch.pool_id,
            statement_id=one.id,
            account_id=accounts[one.organisation_id].id,
            amount_fen=one.balance_fen,
        )
        for place, one in enumerate(found, start=1)
    )
    session.flush()


def lines(session: Session, batch: PaymentBatch) -> list[PaidLine]:
    """Return the payments of a batch, in their order."""
    query = (
        select(PaymentLine.position, Statement, BankAccount, PaymentLine.amount_fen)
        .join(Statement, Statement.id == PaymentLine.statement_id)
        .join(BankAccount, BankAccount.id == PaymentLine.account_id)
        .where(PaymentLine.batch_id == batch.id)
        .order_by(PaymentLine.position)
    )
    return [PaidLine(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


def _order(session: Session, batch: PaymentBatch, at: datetime) -> PaymentOrder:
    """Return a batch as an order to a bank, made at an instant."""
    label = session.get_one(Period, batch.period_id).label
    payer = bank_accounts.details_of(session.get_one(BankAccount, batch.payer_id))
    payments = [
        Payment(
            one.statement.number,
            bank_accounts.details_of(one.account),
            one.amount_fen,
            f"共保结算款 {label} 结算单 {one.statement.number}",
        )
        for one in lines(session, batch)
    ]
    return PaymentOrder(batch.number, at, batch.pays_on, payer, payments)


def release_batch(session: Session, batch: PaymentBatch, *, by: Actor, at: datetime) -> None:
    """Release a prepared batch: its files are made and kept, to be handed to the bank.

    Refuses Forbidden `lead_only`, `second_person_needed` from whoever prepared it; Invalid `pays_on_past`; Conflict
    `stage_refuses`, `payment_account_changed` where a member is paid to another account by then,
    `batch_statement_not_agreed` where a statement is settled meanwhile.
    """
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
    used = {one.account.organisation_id: one.account.id for one in lines(session, batch)} | {lead: batch.payer_id}
    moved = [
        member for member, account_id in used.items() if member not in accounts or accounts[member].id != account_id
    ]
    if moved:
        names = parties.names_of(session, moved)
        raise Conflict("payment_account_changed", members=[names[one] for one in moved])
    for one in lines(session, batch):
        if one.statement.stage != "agreed":
            raise Conflict("batch_statement_not_agreed", number=one.statement.number)


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
