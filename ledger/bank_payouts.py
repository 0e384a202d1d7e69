"""Batches that pay subjects one by one: approved claims to their payees, items settled on their own to their members.

What a subject is, its own room knows; here it has an id, a number, an amount, and somebody whom it is owed to. It is in
one batch at a time. Money that the bank gave back frees it for the next; a payment of a statement or of premiums that
came back has no subject, and is itself what a batch of kind `again` pays.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core import clock
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, require, require_other_person
from ledger import bank_accounts, bank_payments, bank_receipts, stages
from ledger.bank_models import BankAccount, BankLine, BankMatch, HeldReceipt, PaymentBatch, PaymentLine
from ledger.books import latest_shares, require_lead
from ledger.models import Statement


@dataclass(frozen=True, slots=True)
class Payable:
    """A subject, or a payment to be paid again: its id and number, to whom (a member or a payee), how much in fen."""

    subject_id: uuid.UUID
    number: str
    owner_id: uuid.UUID
    amount_fen: int


def taken(session: Session, subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, PaymentLine]:
    """Return subject -> the payment of a batch that holds it: not of one that fell, and not one that came back."""
    query = select(PaymentLine).where(
        PaymentLine.subject_id.in_(list(subjects)),
        PaymentLine.batch_stage != "rejected",
        PaymentLine.return_line_id.is_(None),
    )
    return {row.subject_id: row for row in session.scalars(query) if row.subject_id is not None}


def require_free(session: Session, subject_id: uuid.UUID, number: str, *, unless_shown: bool = False) -> None:
    """Refuse Conflict `subject_in_batch` (number, batch) where a batch pays a subject; `unless_shown` by the bank."""
    row = taken(session, [subject_id]).get(subject_id)
    if row is not None and not (unless_shown and shown_by(session, row) is not None):
        batch = session.get_one(PaymentBatch, row.batch_id)
        raise Conflict("subject_in_batch", number=number, batch=batch.number)


def prepare_subjects(
    session: Session, pool_id: int, kind: str, payables: Sequence[Payable], *, pays_on: date, by: Actor, at: datetime
) -> PaymentBatch:
    """Return a batch that pays subjects of one kind, each to the account of whom it is owed to on that day.

    Refuses Forbidden `role_may_not`, `lead_only`; Invalid `pays_on_past`, `payees_without_account`,
    `payment_order_wrong`; Conflict `nothing_to_pay_in_batch`.
    """
    require(by, "payment.prepare")
    require_lead(session, pool_id, by)
    if pays_on < clock.on(at):
        raise Invalid("pays_on_past", [Finding("pays_on_past", "pays_on")])
    if not payables:
        raise Conflict("nothing_to_pay_in_batch")
    lead = latest_shares(session, pool_id).lead
    accounts = bank_accounts.in_force(session, pool_id, pays_on)
    bank_payments.require_accounts(session, accounts, [lead, *(one.owner_id for one in payables)], pays_on)
    payments = [
        PaymentLine(
            pool_id=pool_id,
            **{"again_id" if kind == "again" else "subject_id": one.subject_id},
            document=one.number,
            account_id=accounts[one.owner_id].id,
            amount_fen=one.amount_fen,
        )
        for one in payables
    ]
    batch = bank_payments.new_batch(session, pool_id, kind, None, accounts[lead], payments, pays_on, by=by, at=at)
    bank_payments.record_prepared(session, batch, {}, by=by, at=at)
    return batch


def to_pay_again(session: Session, pool_id: int) -> list[Payable]:
    """Return the payments of statements and premiums that came back and that no batch pays again, in their order."""
    anew = aliased(PaymentLine)
    held = select(anew.id).where(anew.again_id == PaymentLine.id, anew.batch_stage != "rejected")
    query = (
        select(PaymentLine, PaymentBatch, BankAccount, Statement.number)
        .join(PaymentBatch, PaymentBatch.id == PaymentLine.batch_id)
        .join(BankAccount, BankAccount.id == PaymentLine.account_id)
        .outerjoin(Statement, Statement.id == PaymentLine.statement_id)
        .where(PaymentLine.pool_id == pool_id, PaymentLine.return_line_id.is_not(None))
        .where(PaymentLine.subject_id.is_(None), ~held.exists())
        .order_by(PaymentBatch.sequence, PaymentLine.position)
    )
    return [
        Payable(line.id, number or bank_payments.reference_of(batch, line), account.owner_id, line.amount_fen)
        for line, batch, account, number in session.execute(query)
    ]


def prepare_again(session: Session, pool_id: int, *, pays_on: date, by: Actor, at: datetime) -> PaymentBatch:
    """Return a batch that pays what came back of statements and premiums, to each member's account of that day.

    Refuses as `prepare_subjects` does.
    """
    require_lead(session, pool_id, by)
    payables = to_pay_again(session, pool_id)
    return prepare_subjects(session, pool_id, "again", payables, pays_on=pays_on, by=by, at=at)


def payment(session: Session, batch: PaymentBatch, position: int) -> PaymentLine:
    """Return one payment of a batch by its place; NotFound `payment_not_found`."""
    row = session.get(PaymentLine, (batch.id, position))
    if row is None:
        raise NotFound("payment_not_found")
    return row


def shown_by(session: Session, row: PaymentLine) -> BankLine | None:
    """Return the bank's line that shows a payment of a released batch; None while none does."""
    shows = BankMatch.payment_id == row.id
    if row.statement_id is not None:
        shows = BankMatch.statement_id == row.statement_id
    query = (
        select(BankLine)
        .join(BankMatch, BankMatch.line_id == BankLine.id)
        .join(PaymentBatch, PaymentBatch.id == row.batch_id)
    )
    return session.scalar(query.where(shows, BankMatch.stage == "matched", PaymentBatch.stage == "released"))


def returns_of(session: Session, row: PaymentLine) -> Sequence[BankLine]:
    """Return the lines that may have brought a shown payment back: its sum, in, not before, open, not held."""
    shown = shown_by(session, row)
    if shown is None or row.return_line_id is not None:
        return []
    query = select(BankLine).where(
        BankLine.pool_id == row.pool_id,
        BankLine.amount_fen == row.amount_fen,
        BankLine.booked_on >= shown.booked_on,
        BankLine.id.not_in(select(BankMatch.line_id).where(BankMatch.stage == "matched")),
        BankLine.id.not_in(select(HeldReceipt.line_id).where(HeldReceipt.stage == "held")),
        ~bank_receipts.is_done_with(),
    )
    return session.scalars(query.order_by(BankLine.booked_on, BankLine.reference)).all()


def give_back(session: Session, row: PaymentLine, line_id: uuid.UUID, why: str, *, by: Actor, at: datetime) -> BankLine:
    """Mark a payment that the bank showed as come back, by the line that brought the money; return that line.

    What it paid may be paid again. Another person than who prepared the batch does it. Refuses Forbidden
    `role_may_not`, `lead_only`, `second_person_needed`; NotFound `bank_line_not_found`; Conflict `payment_not_shown`,
    `payment_came_back`; Invalid `payment_return_line_wrong`, `payment_return_needs_words`, `bank_words_too_long`.
    """
    require(by, "payment.return")
    require_lead(session, row.pool_id, by)
    batch = session.get_one(PaymentBatch, row.batch_id)
    require_other_person(batch.prepared_by, by)
    if row.return_line_id is not None:
        raise Conflict("payment_came_back")
    if shown_by(session, row) is None:
        raise Conflict("payment_not_shown")
    said = why.strip()
    if not said:
        raise Invalid("payment_return_needs_words")
    if len(said) > bank_receipts.WORDS_MOST:
        raise Invalid("bank_words_too_long", most=bank_receipts.WORDS_MOST)
    line = bank_receipts.line_of_pool(session, row.pool_id, line_id)
    if line.id not in {one.id for one in returns_of(session, row)}:
        raise Invalid("payment_return_line_wrong", reference=line.reference)
    stages.mark_returned(session, row, batch, line, said, by=by, at=at)
    return line
