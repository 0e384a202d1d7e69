"""Late interest on statements: by the agreement's rate for every day once, to those who are owed, to the fen."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import closing
from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden
from core.permits import SYSTEM, Role
from ledger import books, journal, statements
from ledger.books import AccountRef
from ledger.journal import Wanted
from ledger.models import Statement
from ledger.reasons import Line, Reason
from tests.makers import AT, make_pool, open_quarter
from tests.makers_money import Quarter, agree_all, play_quarter
from underwriting import late_interest

DUE = date(2026, 3, 31)
#: D owes 26,516.24 at 6 %/365: 17 days, 91 days, 108 days.
DAYS_17, DAYS_91, DAYS_108 = 7_410, 39_665, 47_075


def _interest(session: Session, quarter: Quarter) -> list[tuple[date, int]]:
    """Return the interest that was booked on statements: day and amount of each entry, oldest first."""
    rows = journal.page(session, quarter.made.pool.id, Wanted(reason=Reason.LATE_INTEREST.value))
    return sorted((row.on, row.amount_fen) for row in rows if row.subject_kind == "statement")


def _on_2210(session: Session, quarter: Quarter) -> list[int]:
    """Return what stands on each member's current account in fen, debit positive."""
    standing = books.balances(session, quarter.made.pool.id)
    return [standing.get(AccountRef("2210", member.id), 0) for member in quarter.made.members]


def _settle(session: Session, quarter: Quarter, on: date) -> None:
    period = statements.period(session, quarter.made.pool.id, "2026Q1")
    late_interest.settle_period(session, period, on=on, by=quarter.made.actor(Role.FINANCE_CHECKER), at=AT)


def test_a_late_settlement_bears_interest_to_its_day(session: Session) -> None:
    """17 days late: 74.10 of D, to A, B and C by what they are owed (24,960.08, 864.54, 691.62)."""
    quarter = play_quarter(session)
    open_quarter(session, quarter.made.pool, 2)
    agree_all(session, quarter)
    _settle(session, quarter, date(2026, 4, 17))
    assert _interest(session, quarter) == [(date(2026, 4, 17), DAYS_17)]
    assert _on_2210(session, quarter) == [-6_975, -242, -193, DAYS_17]
    assert {row.stage for row in quarter.statements} == {"settled"}
    assert [row.interest_until_on for row in quarter.statements] == [None, None, None, date(2026, 4, 17)]
    told = select(AuditEvent).where(AuditEvent.action == "statement.interest_charged")
    (event,) = session.scalars(told).all()
    assert event.facts == {"number": quarter.of(3).number, "amount_fen": DAYS_17, "on": "2026-04-17"}


@pytest.mark.parametrize("on", [date(2026, 3, 31), date(2026, 4, 1)])
def test_the_due_day_bears_nothing_and_the_day_after_one(session: Session, on: date) -> None:
    """The due day is not counted, the day of payment is: 4.36 for one day."""
    quarter = play_quarter(session)
    open_quarter(session, quarter.made.pool, 2)
    fen = late_interest.charge(session, quarter.of(3), until_on=on, by=SYSTEM, at=AT) if on > DUE else 0
    assert fen == (436 if on > DUE else 0)
    assert late_interest.charge(session, quarter.of(3), until_on=DUE, by=SYSTEM, at=AT) == 0


def test_no_day_is_charged_twice(session: Session) -> None:
    """The close charges 91 days, the settlement the 17 after it: together what 108 days come to at once."""
    quarter = play_quarter(session)
    pool = quarter.made.pool.id
    open_quarter(session, quarter.made.pool, 2)
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    rows = closing.close_period(session, pool, "2026Q2", on=date(2026, 6, 30), by=checker, at=AT)
    assert _interest(session, quarter) == [(date(2026, 6, 30), DAYS_91)]
    lines = {line.kind: line.amount_fen for line in statements.lines(session, rows[3])}
    assert (lines, rows[3].balance_fen) == ({Line.INTEREST: -DAYS_91}, -DAYS_91)
    assert sum(row.balance_fen for row in rows) == 0
    assert late_interest.charge(session, quarter.of(3), until_on=date(2026, 6, 30), by=SYSTEM, at=AT) == 0
    open_quarter(session, quarter.made.pool, 3)
    agree_all(session, quarter)
    _settle(session, quarter, date(2026, 7, 17))
    assert _interest(session, quarter) == [
        (date(2026, 6, 30), DAYS_91),
        (date(2026, 7, 17), DAYS_108 - DAYS_91),
    ]


def test_a_statement_in_time_a_draft_and_one_that_is_owed_bear_nothing(session: Session) -> None:
    """Due later, not issued, or in the member's favour: nothing is charged at a close."""
    quarter = play_quarter(session, is_issued=False)
    open_quarter(session, quarter.made.pool, 2)
    assert late_interest.charge(session, quarter.of(3), until_on=date(2026, 6, 30), by=SYSTEM, at=AT) == 0
    for row in quarter.statements:
        statements.issue(session, row, due_on=date(2026, 7, 1), by=SYSTEM, at=AT)
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    closing.close_period(session, quarter.made.pool.id, "2026Q2", on=date(2026, 6, 30), by=checker, at=AT)
    assert _interest(session, quarter) == []
    assert late_interest.charge(session, quarter.of(1), until_on=date(2026, 8, 1), by=SYSTEM, at=AT) == 0


def test_an_early_refusal_charges_nothing(session: Session) -> None:
    """A follower, a period that is open, statements not agreed to: refused before any interest is booked."""
    quarter = play_quarter(session)
    second = open_quarter(session, quarter.made.pool, 2)
    on, lead = date(2026, 4, 17), quarter.made.actor(Role.FINANCE_CHECKER)
    first = statements.period(session, quarter.made.pool.id, "2026Q1")
    with pytest.raises(Forbidden, match="lead_only"):
        late_interest.settle_period(session, first, on=on, by=quarter.made.actor(Role.FINANCE_CHECKER, 1), at=AT)
    for period, code in ((second, "period_not_closed"), (first, "stage_refuses")):
        with pytest.raises(Conflict, match=code):
            late_interest.settle_period(session, period, on=on, by=lead, at=AT)
    assert _interest(session, quarter) == []


def _made(session: Session, *balances: int) -> list[Statement]:
    made = make_pool(session)
    return [
        Statement(organisation_id=member.id, balance_fen=fen, number=f"S-{place}")
        for place, (member, fen) in enumerate(zip(made.members, balances, strict=True))
    ]


@pytest.mark.parametrize(
    ("balances", "debtor", "fen", "parts"),
    [
        ((100, 100, 100, -300), 3, 100, [34, 33, 33]),
        ((0, 1, 2, -3), 3, 100, [33, 67]),
        ((-5, 3, 2, 0), 0, 7, [4, 3]),
        ((0, 0, 0, -5), 3, 9, [9]),
        ((-5, 0, 0, 0), 0, 9, []),
        ((0, 7, 0, -7), 3, 0, [0]),
    ],
)
def test_interest_is_divided_by_what_each_is_owed(
    session: Session, balances: tuple[int, ...], debtor: int, fen: int, parts: list[int]
) -> None:
    """By weights of the balances owed, the first where two are equal; the lead where nobody is owed; never oneself."""
    rows = _made(session, *balances)
    found = late_interest.divided(rows, rows[0].organisation_id, rows[debtor].organisation_id, fen)
    assert list(found.values()) == parts
    assert rows[debtor].organisation_id not in found
    assert sum(parts) == (fen if parts else 0)


def test_the_database_refuses_a_day_that_cannot_be(engine: Engine) -> None:
    """No interest up to the due day or before, and none on a balance that is owed to the member."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
    for place, day in ((3, "2026-03-31"), (1, "2026-04-30")):
        with pytest.raises(DBAPIError, match="ck_statement_late"), unit_of_work(engine, SYSTEM) as session:
            session.execute(
                text("UPDATE statement SET interest_until_on = :day WHERE id = :id"),
                {"day": day, "id": quarter.of(place).id},
            )
