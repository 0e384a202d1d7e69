"""Late interest on the balances of statements: charged at every close and at the settlement, never twice for a day.

Whoever owes pays it to those who are owed in the same period, by what each is owed (docs/decisions/0017). What has been
charged up to which day stands on the statement; what a member owes so far is always the rule on all its days, so that
many charges come to what one would.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.permits import Actor
from ledger import entries, statements
from ledger.apportion import Weights, apportion
from ledger.books import AccountRef
from ledger.entries import Event, Move, Posted
from ledger.models import Period, Statement
from ledger.rates import interest_days, late_interest
from ledger.reasons import Reason
from underwriting import settling
from underwriting.models import Pool

#: Where a statement's balance is still to be paid: from its issue to its settlement, agreed or not.
UNPAID = ("issued", "acknowledged", "queried", "agreed")


def accrued(session: Session, statement: Statement, until_on: date) -> int:
    """Return the interest in fen on a statement's whole time overdue up to a day, charged or not.

    The principal is what the member owes; the due day is not counted, the last day is. Nothing where it owes nothing.
    """
    if statement.due_on is None or statement.balance_fen >= 0:
        return 0
    terms = settling.agreement_of(session, statement)
    days = interest_days(statement.due_on, until_on)
    return late_interest(-statement.balance_fen, terms.late_interest_bp, days, terms.day_count)


def divided(made: Iterable[Statement], lead: uuid.UUID, debtor: uuid.UUID, fen: int) -> dict[uuid.UUID, int]:
    """Return whom a debtor's interest goes to, in fen: those who are owed in its period, by what each is owed.

    In the order of their statements, to the fen, each charge by itself. Where nobody is owed the lead has it, who
    settles the rest with pool money; the lead's own debt then bears none.
    """
    owed = {one.organisation_id: one.balance_fen for one in made if one.balance_fen > 0}
    if not owed:
        owed = {lead: 1} if debtor != lead else {}
    if not owed:
        return {}
    parts = apportion(fen, Weights.of(*owed.values())).parts_fen
    return dict(zip(owed, parts, strict=True))


def charge(session: Session, statement: Statement, *, until_on: date, by: Actor, at: datetime) -> int:
    """Post the interest that a late statement owes for the days not charged yet, up to a day; return it in fen.

    0 where nothing is late, where those days were charged before, or where nobody is owed.
    """
    charged_on = statement.interest_until_on or statement.due_on
    if statement.stage not in UNPAID or statement.balance_fen >= 0 or charged_on is None or until_on <= charged_on:
        return 0
    fen = accrued(session, statement, until_on) - accrued(session, statement, charged_on)
    period = session.get_one(Period, statement.period_id)
    lead = session.get_one(Pool, statement.pool_id).lead_id
    parts = divided(statements.of_period(session, period), lead, statement.organisation_id, fen)
    if not parts:
        return 0
    late = AccountRef("2210", statement.organisation_id)
    moves = [Move(late, AccountRef("2210", creditor), part) for creditor, part in parts.items() if part]
    if moves:
        event = Event(Reason.LATE_INTEREST, until_on, "statement", statement.id, statement.number)
        entries.post(session, statement.pool_id, event, moves, by=by, at=at)
    statement.interest_until_on = until_on
    session.flush()
    facts = {"number": statement.number, "amount_fen": fen, "on": until_on.isoformat()}
    audit.record(session, "statement.interest_charged", by=by, at=at, of=("statement", statement.id), facts=facts)
    return fen


def charge_overdue(session: Session, pool_id: int, *, on: date, by: Actor, at: datetime) -> None:
    """Charge every late statement of a pool up to the day of a close, in the order of their numbers."""
    query = select(Statement).where(
        Statement.pool_id == pool_id,
        Statement.stage.in_(UNPAID),
        Statement.balance_fen < 0,
        Statement.due_on < on,
    )
    for statement in session.scalars(query.order_by(Statement.number).with_for_update()).all():
        charge(session, statement, until_on=on, by=by, at=at)


def settle_period(session: Session, row: Period, *, on: date, by: Actor, at: datetime) -> Posted | None:
    """Charge what a period's late statements owe up to the day that they are paid, then settle them.

    Refuses what `ledger.statements.settle_period` refuses, before anything is charged. Returns the entry of the
    settlement, or None where every balance is zero.
    """
    for statement in statements.require_settling(session, row, by=by):
        charge(session, statement, until_on=on, by=by, at=at)
    return statements.settle_period(session, row, on=on, by=by, at=at)
