"""Paying premiums on to the members: a batch of what was booked as remitted, each entry in one batch.

A remittance is booked policy by policy; the bank pays each member once, the sum of its parts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from core import clock
from core.errors import Conflict, Finding, Invalid
from core.permits import Actor, require
from ledger import bank_accounts, bank_payments
from ledger.bank_models import PaymentBatch, PaymentEntry, PaymentLine
from ledger.books import latest_shares, require_lead
from ledger.models import Account, Entry, Transfer
from ledger.reasons import Reason


@dataclass(frozen=True, slots=True)
class ToRemit:
    """What was booked as remitted and is in no batch: entries (period, number), and fen by member but the lead."""

    entries: Sequence[tuple[int, int]]
    parts_fen: dict[uuid.UUID, int]

    @property
    def total_fen(self) -> int:
        """Return what is to be paid to all of them."""
        return sum(self.parts_fen.values())


def to_remit(session: Session, pool_id: int, until_on: date) -> ToRemit:
    """Return the remittances of a pool booked up to a day that no batch pays yet; what was taken back is not in it."""
    mirror = aliased(Entry)
    taken = select(PaymentEntry.entry_id).where(PaymentEntry.pool_id == pool_id, PaymentEntry.batch_stage != "rejected")
    query = select(Entry.period_id, Entry.id).where(
        Entry.pool_id == pool_id,
        Entry.reason == Reason.PREMIUM_REMITTED.value,
        Entry.on <= until_on,
        Entry.reverses_id.is_(None),
        ~select(mirror.id).where(mirror.pool_id == pool_id, mirror.reverses_id == Entry.id).exists(),
        Entry.id.not_in(taken),
    )
    found = query.subquery()
    lead = latest_shares(session, pool_id).lead
    parts = (
        select(Account.organisation_id, func.sum(Transfer.amount_fen))
        .join(Account, Account.id == Transfer.debit_id)
        .join(found, (found.c.period_id == Transfer.period_id) & (found.c.id == Transfer.entry_id))
        .where(Transfer.pool_id == pool_id, Account.code == "2210", Account.organisation_id != lead)
        .group_by(Account.organisation_id)
    )
    owed = {member: int(fen) for member, fen in session.execute(parts) if member is not None}
    order = {member: place for place, member in enumerate(latest_shares(session, pool_id).members)}
    parts_fen = {one: owed[one] for one in sorted(owed, key=lambda one: (order.get(one, len(order)), str(one)))}
    entries = session.execute(query.order_by(Entry.id)).all()
    return ToRemit([(row[0], row[1]) for row in entries], parts_fen)


def prepare_premiums(
    session: Session, pool_id: int, until_on: date, *, pays_on: date, by: Actor, at: datetime
) -> PaymentBatch:
    """Return a batch that pays each member what was booked as remitted to it up to a day and is in no batch.

    Refuses Forbidden `role_may_not`, `lead_only`; Invalid `pays_on_past`, `payees_without_account`,
    `payment_order_wrong`; Conflict `no_premium_to_pay_out` (day).
    """
    require(by, "payment.prepare")
    require_lead(session, pool_id, by)
    if pays_on < clock.on(at):
        raise Invalid("pays_on_past", [Finding("pays_on_past", "pays_on")])
    found = to_remit(session, pool_id, until_on)
    if not found.parts_fen:
        raise Conflict("no_premium_to_pay_out", day=until_on)
    lead = latest_shares(session, pool_id).lead
    accounts = bank_accounts.in_force(session, pool_id, pays_on)
    bank_payments.require_accounts(session, accounts, [lead, *found.parts_fen], pays_on)
    payments = [
        PaymentLine(pool_id=pool_id, statement_id=None, account_id=accounts[member].id, amount_fen=fen)
        for member, fen in found.parts_fen.items()
    ]
    batch = bank_payments.new_batch(session, pool_id, "premium", None, accounts[lead], payments, pays_on, by=by, at=at)
    session.add_all(
        PaymentEntry(
            batch_id=batch.id, entry_id=entry_id, batch_stage=batch.stage, pool_id=pool_id, period_id=period_id
        )
        for period_id, entry_id in found.entries
    )
    session.flush()
    facts = {"entries": len(found.entries), "until_on": until_on.isoformat()}
    bank_payments.record_prepared(session, batch, facts, by=by, at=at)
    return batch


def entries_of(session: Session, batch: PaymentBatch) -> int:
    """Return how many remittances a batch pays."""
    query = select(func.count()).select_from(PaymentEntry).where(PaymentEntry.batch_id == batch.id)
    return int(session.scalar(query) or 0)
