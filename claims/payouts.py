"""Claims paid by the bank: to a payee whose account two persons vouched for, in a batch, marked paid as the bank shows.

A batch only orders the bank. What books a claim as paid is the match of the bank's own line with the payment; a match
that is taken back, and money that the bank gave back, make the claim payable again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from claims import handling, settlements, stages
from claims.models import Claim, ClaimPayment
from core import audit, clock
from core.errors import Conflict
from core.permits import Actor, require, require_other_person
from ledger import bank_matches, bank_payees, bank_payments, bank_payouts, books, entries
from ledger.bank_matches import Matched
from ledger.bank_models import BankAccount, BankMatch, Payee, PaymentBatch, PaymentLine
from ledger.bank_payouts import Payable
from ledger.books import require_lead
from ledger.clause_models import ApartItem
from ledger.models import Period
from underwriting.models import Agreement, Policy

#: Stages of a claim that is to be paid.
_TO_PAY = ("approved", "called")


def name_payee(session: Session, claim: Claim, payee: Payee, *, by: Actor, at: datetime) -> None:
    """Say whom a claim is paid to; until it is paid, and while no batch pays it, another may be named.

    Refuses Forbidden `role_may_not`, `lead_only`; Conflict `claim_is_over` where it is paid or rejected,
    `subject_in_batch`.
    """
    require(by, "claim.payee")
    require_lead(session, claim.pool_id, by)
    claim = handling.lock(session, claim.id)
    if claim.stage in ("paid", "rejected"):
        raise Conflict("claim_is_over", number=claim.number)
    bank_payouts.require_free(session, claim.id, claim.number)
    claim.payee_id = bank_payees.get(session, payee.id, by, pool_id=claim.pool_id).id
    session.flush()
    facts = {"number": claim.number, "payee": str(payee.id), "name": payee.name}
    audit.record(session, "claim.payee_named", by=by, at=at, of=("claim", claim.id), facts=facts)


def due(pool_id: int, day: date, *, claim_id: uuid.UUID | None = None) -> Select[*tuple[Any, ...]]:
    """Return the query of the approved claims of a pool that are not paid and in no batch, the oldest approval first.

    A row has `id`, `number`, `title`, `approved_on`, `approved_by`, `payee_id`, `payee` (its name), `amount_fen` and
    `why` it is not paid on the day: empty where a batch takes it, else `call_first`, `pool_money_short`, `no_payee`,
    `no_account`, `account_waits` for its second person, or `account_later` than the day.
    """
    query = (
        select(
            Claim.id,
            Claim.number,
            Claim.title,
            Claim.approved_on,
            Claim.approved_by,
            Claim.payee_id,
            Payee.name.label("payee"),
            Claim.payable_fen.label("amount_fen"),
            _why(pool_id, day).label("why"),
        )
        .join(Policy, Policy.id == Claim.policy_id)
        .join(Agreement, Agreement.id == Policy.agreement_id)
        .outerjoin(Payee, Payee.id == Claim.payee_id)
        .where(Claim.pool_id == pool_id, Claim.stage.in_(_TO_PAY), ~is_in_batch())
        .order_by(Claim.approved_on, Claim.number)
    )
    return query if claim_id is None else query.where(Claim.id == claim_id)


def is_in_batch() -> ColumnElement[bool]:
    """Return, as a part of a query of claims, whether a batch that stands pays the claim."""
    held = select(PaymentLine.id).where(
        PaymentLine.subject_id == Claim.id, PaymentLine.batch_stage != "rejected", PaymentLine.return_line_id.is_(None)
    )
    return held.exists()


def is_short(pool_id: int) -> ColumnElement[bool]:
    """Return, as a part of a query of a pool's claims, whether less than is payable has come in about the claim."""
    return books.balance_about(pool_id, "1010", Claim.id) < Claim.payable_fen


def _why(pool_id: int, day: date) -> ColumnElement[str]:
    """Return what a claim lacks to be paid on a day, as a part of the query that names it."""
    called_from = Agreement.cash_call_from_fen
    accounts = select(BankAccount.id).where(BankAccount.pool_id == pool_id, BankAccount.payee_id == Claim.payee_id)
    confirmed = accounts.where(BankAccount.stage == "confirmed")
    return case(
        ((Claim.stage == "approved") & (called_from > 0) & (Claim.payable_fen >= called_from), "call_first"),
        ((Claim.stage == "called") & is_short(pool_id), "pool_money_short"),
        (Claim.payee_id.is_(None), "no_payee"),
        (confirmed.where(BankAccount.effective_on <= day).exists(), ""),
        (confirmed.exists(), "account_later"),
        (accounts.where(BankAccount.stage == "proposed").exists(), "account_waits"),
        else_="no_account",
    )


def due_sums(session: Session, pool_id: int, day: date) -> dict[str, tuple[int, int]]:
    """Return why -> how many of the claims of `due` there are of it, and what they come to in fen."""
    found = due(pool_id, day).order_by(None).subquery()
    query = select(found.c.why, func.count(), func.sum(found.c.amount_fen)).group_by(found.c.why)
    return {why: (count, int(fen)) for why, count, fen in session.execute(query)}


def prepare_claims(session: Session, pool_id: int, *, pays_on: date, by: Actor, at: datetime) -> PaymentBatch:
    """Return a batch that pays every claim of a pool that can be paid, each to the account of its payee on that day.

    Refuses what `ledger.bank_payouts.prepare_subjects` refuses; Forbidden `second_person_needed` from whoever approved
    one of them.
    """
    require_lead(session, pool_id, by)
    held = select(Claim.id).where(Claim.pool_id == pool_id, Claim.stage.in_(_TO_PAY))
    session.execute(held.order_by(Claim.id).with_for_update())
    found = [one for one in session.execute(due(pool_id, pays_on)) if not one.why]
    for one in found:
        require_other_person(one.approved_by, by)
    payables = [Payable(one.id, one.number, one.payee_id, one.amount_fen) for one in found]
    return bank_payouts.prepare_subjects(session, pool_id, "claim", payables, pays_on=pays_on, by=by, at=at)


def release_batch(session: Session, batch: PaymentBatch, *, by: Actor, at: datetime) -> None:
    """Release a batch of any kind; nobody releases a claim that it approved itself.

    Refuses what `ledger.bank_payments.release_batch` refuses, Forbidden `second_person_needed`.
    """
    query = select(Claim.approved_by).join(PaymentLine, PaymentLine.subject_id == Claim.id)
    for approver in session.scalars(query.where(PaymentLine.batch_id == batch.id)):
        require_other_person(approver, by)
    bank_payments.release_batch(session, batch, by=by, at=at)


def match(
    session: Session, pool_id: int, line_id: uuid.UUID, target_id: uuid.UUID, *, by: Actor, at: datetime
) -> Matched:
    """Accept a proposed match; where the payment is a claim's, the claim is booked as paid by it.

    It is booked on the bank's own day, or today where the book takes nothing on that day any more. Refuses what
    `ledger.bank_matches.accept` and `claims.settlements.pay_by_lead` or `pay_from_pool` refuse.
    """
    found = bank_matches.accept(session, pool_id, line_id, target_id, by=by, at=at)
    claim = _claim_of(session, found.target.subject_id)
    if claim is not None:
        on = _open_day(session, pool_id, found.line.booked_on, at)
        pay = settlements.pay_from_pool if claim.stage == "called" else settlements.pay_by_lead
        pay(session, claim, on=on, by=by, at=at, is_shown=True)
    return found


def take_back(session: Session, row: BankMatch, why: str, *, by: Actor, at: datetime) -> None:
    """Take a match back; a claim that it booked as paid is payable again, in its batch.

    Refuses what `ledger.bank_matches.take_back` and `ledger.entries.reverse` refuse; Conflict `item_is_booked` where
    an item settled on its own is booked as paid by what the match shows.
    """
    paid = session.scalar(select(PaymentLine).where(PaymentLine.id == row.payment_id))
    if paid is not None:
        _require_not_booked(session, paid, by)
    bank_matches.take_back(session, row, why, by=by, at=at)
    claim = _claim_of(session, paid.subject_id if paid else None)
    if claim is not None:
        _come_back(session, claim, on=max(clock.on(at), claim.paid_on or clock.on(at)), by=by, at=at)


def give_back(session: Session, row: PaymentLine, line_id: uuid.UUID, why: str, *, by: Actor, at: datetime) -> None:
    """Mark a payment as come back by a line of the bank: its claim, its item, or itself, may be paid again.

    Refuses what `ledger.bank_payouts.give_back` and `ledger.entries.reverse` refuse; Conflict `item_is_booked` where an
    item settled on its own is booked as paid already.
    """
    _require_not_booked(session, row, by)
    line = bank_payouts.give_back(session, row, line_id, why, by=by, at=at)
    claim = _claim_of(session, row.subject_id)
    if claim is not None:
        day = max(_open_day(session, row.pool_id, line.booked_on, at), claim.paid_on or line.booked_on)
        _come_back(session, claim, on=day, by=by, at=at)


def _require_not_booked(session: Session, row: PaymentLine, by: Actor) -> None:
    """Refuse Conflict `item_is_booked` where a payment pays an item settled on its own that is booked as paid."""
    require_lead(session, row.pool_id, by)
    paid = ApartItem.id == row.subject_id, ApartItem.stage == "paid"
    number = session.scalar(select(ApartItem.number).where(*paid))
    if number is not None:
        raise Conflict("item_is_booked", number=number)


def _claim_of(session: Session, subject_id: uuid.UUID | None) -> Claim | None:
    """Return the claim that a payment pays; None where it pays another thing."""
    return session.scalar(select(Claim).where(Claim.id == subject_id)) if subject_id else None


def _open_day(session: Session, pool_id: int, day: date, at: datetime) -> date:
    """Return the bank's day where an open period has it, else today."""
    query = select(Period.id).where(
        Period.pool_id == pool_id, Period.starts_on <= day, Period.ends_on >= day, Period.stage == "open"
    )
    return day if session.scalar(query) is not None else clock.on(at)


def _come_back(session: Session, claim: Claim, *, on: date, by: Actor, at: datetime) -> None:
    """Mirror the payment of a paid claim and let it stand as before: approved, or called.

    Period and claim are held in that order, as whoever pays one takes them.
    """
    entries.open_period_on(session, claim.pool_id, on)
    claim = handling.lock(session, claim.id)
    query = select(ClaimPayment).where(ClaimPayment.claim_id == claim.id)
    paid = session.scalars(query.order_by(ClaimPayment.instalment.desc()).limit(1)).one()
    entry = entries.entry(session, claim.pool_id, paid.entry_id)
    entries.reverse(session, entry, on=on, document=claim.number, by=by, at=at)
    claim.paid_on = None
    verb = "come_back" if paid.source == "lead" else "come_back_called"
    stages.move_claim(session, claim, verb, by=by, at=at, facts={"on": on.isoformat()})


def payments_of(session: Session, claim: Claim) -> Sequence[tuple[PaymentBatch, PaymentLine]]:
    """Return the batches that paid or pay a claim with the payment, the newest first."""
    query = select(PaymentBatch, PaymentLine).join(PaymentLine, PaymentLine.batch_id == PaymentBatch.id)
    rows = session.execute(query.where(PaymentLine.subject_id == claim.id).order_by(PaymentBatch.sequence.desc()))
    return [(row[0], row[1]) for row in rows]
