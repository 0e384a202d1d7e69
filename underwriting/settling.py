"""When the balance of a statement is to be paid: by the agreement's days, counted from the day it is issued."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import calendar, clock
from core.permits import Actor
from ledger import statements
from ledger.models import Period, Statement
from underwriting.models import Agreement

#: No stretch of days off is longer.
_LONGEST_REST = 15


def agreement_of(session: Session, statement: Statement) -> Agreement:
    """Return the version of the agreement that a statement is paid by: the newest in force by its period's end."""
    return agreement_in(session, session.get_one(Period, statement.period_id))


def agreement_in(session: Session, period: Period) -> Agreement:
    """Return the version of the agreement that a period is settled by: the newest in force by its end."""
    in_force = Agreement.effective_on <= period.ends_on
    query = select(Agreement).where(Agreement.pool_id == period.pool_id)
    return session.scalars(query.order_by(in_force.desc(), Agreement.number.desc()).limit(1)).one()


def due_on(session: Session, statement: Statement, issued_on: date) -> date:
    """Return the day by which the balance of a statement issued on `issued_on` is to be paid.

    So many days later as its agreement says; where that is a day off, the working day after (Civil Code, article 203).
    A day that the calendar does not know stays: nothing is guessed.
    """
    return due_after(session, agreement_of(session, statement), issued_on)


def due_after(session: Session, agreement: Agreement, told_on: date) -> date:
    """Return the day by which what is told to its payer on `told_on` is to be paid, as `due_on` has it."""
    due = told_on + timedelta(days=agreement.settlement_days)
    known = calendar.load(session, due, due + timedelta(days=_LONGEST_REST))
    while due in known and not known[due].is_workday:
        due += timedelta(days=1)
    return due


def issue(session: Session, statement: Statement, *, by: Actor, at: datetime) -> None:
    """Send a draft statement to its member with the day by which its balance is paid. Forbidden `lead_only`."""
    statements.issue(session, statement, due_on=due_on(session, statement, clock.on(at)), by=by, at=at)
