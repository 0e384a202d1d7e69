"""What closing a period would do, found by closing it and taking that back: the verb itself, no second calculation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claims.closing import close_period
from core.permits import Actor
from ledger import journal, statements
from ledger.journal import JournalRow, Leg, Wanted
from ledger.models import Entry, Period, Statement
from ledger.reasons import Line, Reason
from underwriting.models import Pool

#: What a close charges before it seals the period.
CHARGES = (Reason.LEAD_FEE, Reason.LEAD_FEE_VAT, Reason.LATE_INTEREST, Reason.CASH_CALL_OVERDUE)


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing that the close charges one member."""

    reason: Reason
    member: uuid.UUID
    document: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class MemberSheet:
    """One member's statement with its lines by kind, in fen; positive = the pool owes the member."""

    member: uuid.UUID
    number: str
    lines: Mapping[Line, int]
    balance_fen: int


@dataclass(frozen=True, slots=True)
class ClosePreview:
    """What the close would charge, and the statements it would draw up, in member order."""

    charges: Sequence[Charge]
    sheets: Sequence[MemberSheet]


def preview_close(session: Session, period: Period, *, on: date, by: Actor, at: datetime) -> ClosePreview:
    """Return what closing a period on a day would do; nothing of it is kept. Refuses what `close_period` refuses."""
    before = session.scalar(select(func.coalesce(func.max(Entry.id), 0)).where(Entry.pool_id == period.pool_id)) or 0
    attempt = session.begin_nested()
    try:
        made = close_period(session, period.pool_id, period.label, on=on, by=by, at=at)
        return ClosePreview(charges_after(session, period, before), [sheet_of(session, row) for row in made])
    finally:
        attempt.rollback()
        # Accounts that the attempt made are gone again, so what is remembered of them is wrong.
        session.info.pop("accounts", None)


def charges_after(session: Session, period: Period, entry_id: int) -> list[Charge]:
    """Return what was charged by entries after one, in the order of the book."""
    wanted = Wanted(period_id=period.id, after_entry=entry_id)
    lead = session.get_one(Pool, period.pool_id).lead_id
    rows = [row for row in journal.page(session, period.pool_id, wanted) if row.reason in CHARGES]
    charges = []
    for row in reversed(rows):
        charges += [_charge(row, leg, lead) for leg in journal.legs_of(session, period.pool_id, row)]
    return charges


def _charge(row: JournalRow, leg: Leg, lead: uuid.UUID) -> Charge:
    """Return one transfer of a charge. A fee given back, after a return premium, debits the lead: it is negative."""
    if row.reason in (Reason.LEAD_FEE, Reason.LEAD_FEE_VAT) and leg.debit_member == lead:
        return Charge(row.reason, leg.credit_member or lead, row.document, -leg.amount_fen)
    return Charge(row.reason, leg.debit_member or lead, row.document, leg.amount_fen)


def sheet_of(session: Session, statement: Statement) -> MemberSheet:
    """Return a statement's lines by kind."""
    lines = {line.kind: line.amount_fen for line in statements.lines(session, statement)}
    return MemberSheet(statement.organisation_id, statement.number, lines, statement.balance_fen)
