"""A statement's balance is to be paid by a day that the agreement gives, counted from its issue and never a day off."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import closing
from core import calendar
from core.permits import SYSTEM, Role
from ledger.models import Statement
from tests.makers import AT, MadePool, make_policy, make_pool
from underwriting import policies, settling


def _closed(session: Session) -> tuple[MadePool, list[Statement]]:
    made = make_pool(session)
    policy = make_policy(session, made, number="P-1")
    policies.receive(session, policy, on=date(2026, 3, 5), by=made.actor(Role.FINANCE_MAKER), at=AT)
    second = made.actor(Role.FINANCE_CHECKER)
    return made, closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)


@pytest.mark.parametrize(
    ("issued", "due"),
    [
        (date(2026, 4, 7), date(2026, 4, 17)),
        (date(2026, 4, 8), date(2026, 4, 20)),
        (date(2026, 9, 21), date(2026, 10, 8)),
        (date(2026, 9, 30), date(2026, 10, 10)),
    ],
)
def test_ten_days_and_then_the_next_working_day(session: Session, issued: date, due: date) -> None:
    """Ten days after the issue; a Saturday goes to Monday, the first of October to the eighth, a make-up day stays."""
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2026, last_year=2026)
    _, rows = _closed(session)
    assert settling.due_on(session, rows[0], issued) == due


def test_a_day_that_no_calendar_knows_stays(session: Session) -> None:
    """Without a calendar a Saturday is not guessed to be a day off."""
    _, rows = _closed(session)
    assert settling.due_on(session, rows[0], date(2026, 4, 8)) == date(2026, 4, 18)


def test_the_day_stands_from_the_issue_on(session: Session) -> None:
    """A draft has none; issued it has one, which the database does not let go."""
    made, rows = _closed(session)
    assert rows[0].due_on is None
    settling.issue(session, rows[0], by=made.actor(Role.FINANCE_CHECKER), at=AT)
    assert rows[0].due_on == date(2026, 3, 12)
    with pytest.raises(DBAPIError, match="ck_statement_issued"), session.begin_nested():
        session.execute(text("UPDATE statement SET due_on = NULL"))
