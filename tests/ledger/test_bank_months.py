"""A month in which the lead's account changes: each account's statements cover its own part, and it is signed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from core import calendar
from core.errors import Conflict
from core.permits import SYSTEM, Role
from ledger import bank_accounts, bank_months
from ledger.bank_reports import ReportLine
from tests.makers import AT, make_pool
from tests.makers_bank import LEAD_NUMBER, camt, confirm, details, line_of, take_file

APRIL = date(2026, 4, 1)
MAY = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)


def test_a_month_with_two_accounts_is_signed_once_each_is_covered(session: Session) -> None:
    """The old until its last day, the new from its first; a day that is missed is named with its account."""
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
    made = make_pool(session)
    pool, checker = made.pool.id, made.actor(Role.FINANCE_CHECKER)
    confirm(session, made, 0)
    confirm(session, made, 0, again=1, at=datetime(2026, 4, 13, 9, tzinfo=UTC))
    rows = session.scalars(bank_accounts.visible_to(SYSTEM))
    new, old = bank_accounts.standings(rows)
    assert old.until_on == new.from_on == date(2026, 4, 15)
    later = details(0, again=1).number

    def taken(name: str, number: str, days: tuple[int, int], opening_fen: int, *lines: ReportLine) -> None:
        first, last = (date(2026, 4, day) for day in days)
        content = camt(lines, name=name, opening_fen=opening_fen, from_on=first, on=last)
        take_file(session, made, content.replace(LEAD_NUMBER.encode(), number.encode()))

    def refused(code: str, **facts: object) -> None:
        with pytest.raises(Conflict, match=code) as found:
            bank_months.sign(session, pool, APRIL, by=checker, at=MAY)
        assert found.value.facts == facts

    taken("A-1", LEAD_NUMBER, (1, 10), 0, line_of(700, "R-1", on=date(2026, 4, 2)))
    refused("bank_month_not_reached", day=date(2026, 4, 30))
    taken("B-2", later, (21, 30), 660, line_of(-100, "R-2", on=date(2026, 4, 22)))
    refused("bank_month_not_covered", number=LEAD_NUMBER, day=date(2026, 4, 14))
    moved = line_of(-660, "R-3", on=date(2026, 4, 15))
    taken("A-2", LEAD_NUMBER, (11, 15), 700, moved)
    refused("bank_month_not_covered", number=later, day=date(2026, 4, 15))
    taken("B-1", later, (15, 20), 0, line_of(660, "R-4", on=date(2026, 4, 15)))
    signed = bank_months.sign(session, pool, APRIL, by=checker, at=MAY)
    # What is left on the old account counts still.
    assert (signed.bank_fen, signed.lines) == (40 + 560, 4)


def test_a_balance_of_nothing_later_in_the_month_covers_no_day_before(session: Session) -> None:
    """Only the first statement of an account may begin late, where nothing stood on it before."""
    made = make_pool(session)
    confirm(session, made, 0)
    spent = [line_of(-700, "R-1", on=date(2026, 4, 6))]
    take_file(session, made, camt(spent, name="A-1", opening_fen=700, from_on=date(2026, 4, 5), on=date(2026, 4, 10)))
    take_file(session, made, camt([], name="A-2", from_on=date(2026, 4, 11), on=date(2026, 4, 30)))
    with pytest.raises(Conflict, match="bank_month_not_covered") as found:
        bank_months.sign(session, made.pool.id, APRIL, by=made.actor(Role.FINANCE_CHECKER), at=MAY)
    assert found.value.facts == {"number": LEAD_NUMBER, "day": APRIL}
