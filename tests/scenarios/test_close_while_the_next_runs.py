"""A quarter is closed in the days after its end, while the next one takes postings already."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from claims import closing
from core.errors import Conflict
from core.permits import Role
from ledger import books, statements
from ledger.books import AccountRef
from tests.makers import AT, make_policy, open_quarter
from tests.makers_money import CLOSED_AT, play_quarter
from tests.scenarios import oracle_quarter as oracle
from underwriting import policies


def test_what_the_next_quarter_booked_already_stays_there(session: Session) -> None:
    """The oracle's statements are the oracle's though a premium of April was received before March was closed."""
    quarter = play_quarter(session, is_closed=False)
    made = quarter.made
    open_quarter(session, made.pool, 2)
    april = make_policy(session, made, number="P-APRIL", on=date(2026, 4, 2))
    policies.receive(session, april, on=date(2026, 4, 3), by=made.actor(Role.FINANCE_MAKER), at=AT)

    with pytest.raises(Conflict, match="earlier_period_open"):
        closing.close_period(
            session, made.pool.id, "2026Q2", on=date(2026, 6, 30), by=made.actor(Role.FINANCE_CHECKER), at=CLOSED_AT
        )
    made_now = closing.close_period(
        session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=made.actor(Role.FINANCE_CHECKER), at=CLOSED_AT
    )
    assert [row.balance_fen for row in made_now] == oracle.STATEMENT["balance"]
    for row in made_now:
        assert row.balance_fen == sum(line.amount_fen for line in statements.lines(session, row))

    # The book as the quarter left it is the oracle's; April's premium waits for its own close.
    names = dict(zip([member.id for member in made.members], "ABCD", strict=True))
    standing = books.balances(session, made.pool.id, until_on=date(2026, 3, 31))
    told = {f"{ref.code}:{names[ref.member]}" if ref.member else ref.code: fen for ref, fen in standing.items()}
    assert told == oracle.AFTER_CLOSE
    parts = dict(policies.due_parts(session, april))
    for member, fen in parts.items():
        assert books.balance(session, made.pool.id, AccountRef("2210", member)) == -fen
