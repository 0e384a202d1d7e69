"""Receipts that nobody can place: on 2310 by an entry, placed by its mirror or a match, returned as the bank shows."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_months, bank_receipts, books
from ledger.bank_models import BankLine, HeldReceipt
from ledger.books import AccountRef
from tests.makers import AT, open_quarter
from tests.makers_bank import confirm_all, details, line_of, take
from tests.makers_money import Quarter, agree_all, play_quarter

DAY = date(2026, 4, 17)
#: An hour of the day that the bank's lines are of.
NOON = AT + timedelta(days=46)


def _came_in(session: Session) -> tuple[Quarter, dict[str, uuid.UUID]]:
    """Return the oracle's quarter, agreed, the next one open, with lines that came in and went out."""
    quarter = play_quarter(session)
    open_quarter(session, quarter.made.pool, 2)
    confirm_all(session, quarter.made)
    agree_all(session, quarter)
    lines = [
        line_of(2_651_624, "R-1", number=details(3).number),
        line_of(777, "R-2", name="某人"),
        line_of(-777, "R-3", name="某人"),
        line_of(-778, "R-4"),
    ]
    take(session, quarter.made, lines)
    return quarter, {row.reference: row.id for row in session.scalars(select(BankLine))}


def _on(session: Session, quarter: Quarter, code: str) -> int:
    return books.balance(session, quarter.made.pool.id, AccountRef(code))


def test_a_receipt_stands_on_2310_until_it_is_placed(session: Session) -> None:
    """Held by an entry, placed by its mirror with what it is; a placing by mistake is taken back by a new entry."""
    quarter, ids = _came_in(session)
    pool, maker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_MAKER)
    row = bank_receipts.hold(session, pool, ids["R-2"], on=DAY, by=maker, at=NOON)
    assert (_on(session, quarter, "1010"), _on(session, quarter, "2310")) == (777, -777)
    (held,) = bank_receipts.held(session, pool, maker)
    assert (held.receipt.id, held.days_on(date(2026, 5, 17))) == (row.id, 30)
    assert bank_receipts.held(session, pool, quarter.made.actor(Role.FINANCE_MAKER, 1)) == []
    april = bank_months.month(session, pool, date(2026, 4, 1))
    assert ([one.reference for one in april.held], april.receipts_fen) == (["R-2"], 777)
    with pytest.raises(Invalid, match="receipt_needs_words"):
        bank_receipts.place(session, row, " ", on=DAY, by=maker, at=NOON)
    with pytest.raises(Invalid, match="day_before_step"):
        bank_receipts.place(session, row, "利息", on=DAY - timedelta(days=1), by=maker, at=NOON)
    bank_receipts.place(session, row, "利息", on=DAY, by=maker, at=NOON)
    assert (row.stage, _on(session, quarter, "2310")) == ("placed", 0)
    april = bank_months.month(session, pool, date(2026, 4, 1))
    assert ([one.reference for one in april.placed], april.held) == (["R-2"], [])
    with pytest.raises(Conflict, match="receipt_stands"):
        bank_receipts.hold(session, pool, ids["R-2"], on=DAY, by=maker, at=NOON)
    with pytest.raises(Conflict, match="receipt_stands"):
        bank_matches.accept(session, pool, ids["R-2"], quarter.of(3).id, by=maker, at=NOON)
    again = bank_receipts.reopen(session, row, on=DAY, by=maker, at=NOON)
    assert (row.stage, again.stage, again.line_id, _on(session, quarter, "2310")) == (
        "reopened",
        "held",
        ids["R-2"],
        -777,
    )


def test_only_what_came_in_and_is_open_is_held(session: Session) -> None:
    """Not what went out, not before the bank's day, not what is matched, not twice; by the lead's maker alone."""
    quarter, ids = _came_in(session)
    made, pool = quarter.made, quarter.made.pool.id
    maker = made.actor(Role.FINANCE_MAKER)
    bank_matches.accept(session, pool, ids["R-1"], quarter.of(3).id, by=maker, at=NOON)
    with pytest.raises(Invalid, match="day_before_step"):
        bank_receipts.hold(session, pool, ids["R-2"], on=DAY - timedelta(days=1), by=maker, at=NOON)
    bank_receipts.hold(session, pool, ids["R-2"], on=DAY, by=maker, at=NOON)
    for line, actor, error, code in (
        ("R-3", maker, Invalid, "receipt_not_incoming"),
        ("R-1", maker, Conflict, "bank_line_matched"),
        ("R-2", maker, Conflict, "receipt_stands"),
        ("R-2", made.actor(Role.FINANCE_MAKER, 1), Forbidden, "lead_only"),
        ("R-2", made.actor(Role.FINANCE_CHECKER), Forbidden, "role_may_not"),
    ):
        with pytest.raises(error, match=code):
            bank_receipts.hold(session, pool, ids[line], on=DAY, by=actor, at=NOON)
    with pytest.raises(NotFound, match="bank_line_not_found"):
        bank_receipts.hold(session, pool, uuid.uuid4(), on=DAY, by=maker, at=NOON)
    with pytest.raises(NotFound, match="receipt_not_found"):
        bank_receipts.get(session, uuid.uuid4(), maker, pool_id=pool)


def test_a_match_places_a_held_receipt_and_gives_it_back(session: Session) -> None:
    """Matched, the money leaves 2310; the match taken back, it stands there again. The match alone takes it back."""
    quarter, ids = _came_in(session)
    pool, maker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_MAKER)
    row = bank_receipts.hold(session, pool, ids["R-1"], on=DAY, by=maker, at=NOON)
    assert len(bank_matches.proposed(session, pool, maker)) == 1
    match = bank_matches.accept(session, pool, ids["R-1"], quarter.of(3).id, by=maker, at=NOON).match
    assert (row.stage, row.match_id, _on(session, quarter, "2310")) == ("placed", match.id, 0)
    with pytest.raises(Conflict, match="receipt_is_matched"):
        bank_receipts.reopen(session, row, on=DAY, by=maker, at=NOON)
    bank_matches.take_back(session, match, "核错", by=maker, at=NOON)
    assert (row.stage, _on(session, quarter, "1010"), _on(session, quarter, "2310")) == (
        "reopened",
        2_651_624,
        -2_651_624,
    )
    assert [one.line.reference for one in bank_receipts.held(session, pool, maker)] == ["R-1"]


def test_what_went_back_is_shown_by_the_bank(session: Session) -> None:
    """Returned by another person, with a line of just that sum that is about nothing else."""
    quarter, ids = _came_in(session)
    made, pool = quarter.made, quarter.made.pool.id
    maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    row = bank_receipts.hold(session, pool, ids["R-2"], on=DAY, by=maker, at=NOON)
    assert [one.reference for one in bank_receipts.returns_of(session, row)] == ["R-3"]
    with pytest.raises(Invalid, match="receipt_return_line_wrong"):
        bank_receipts.give_back(session, row, ids["R-4"], "汇错", on=DAY, by=checker, at=NOON)
    with pytest.raises(Forbidden, match="role_may_not"):
        bank_receipts.give_back(session, row, ids["R-3"], "汇错", on=DAY, by=maker, at=NOON)
    bank_receipts.give_back(session, row, ids["R-3"], "汇错", on=DAY, by=checker, at=NOON)
    assert (row.stage, _on(session, quarter, "1010"), _on(session, quarter, "2310")) == ("returned", 0, 0)
    april = bank_months.month(session, pool, date(2026, 4, 1))
    assert [one.reference for one in april.placed] == ["R-2", "R-3"]
    with pytest.raises(Conflict, match="stage_refuses"):
        bank_receipts.place(session, row, "利息", on=DAY, by=maker, at=NOON)


def test_the_database_holds_a_receipt_to_its_line_and_entry(engine: Engine) -> None:
    """Where the verb is left out: no other sum, no second, no end without its entry, no change, no sight of it."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter, ids = _came_in(session)
        maker = quarter.made.actor(Role.FINANCE_MAKER)
        row_id = bank_receipts.hold(session, quarter.made.pool.id, ids["R-2"], on=DAY, by=maker, at=NOON).id
    ended = "closed_on = held_on, closed_by = gen_random_uuid(), closed_at = held_at, closed_entry_id = entry_id"
    for said, query in (
        (
            "unmatched line",
            f"INSERT INTO held_receipt SELECT gen_random_uuid(), pool_id, '{ids['R-1']}', amount_fen, stage,"
            " held_on, held_by, held_at, entry_id FROM held_receipt",
        ),
        ("entry of its own", f"UPDATE held_receipt SET stage = 'placed', closed_why = 'x', {ended}"),
        ("stands as it is", "UPDATE held_receipt SET stage = 'reopened'"),
        ("permission denied", "UPDATE held_receipt SET amount_fen = 1"),
        ("permission denied", "DELETE FROM held_receipt"),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(query))
    with unit_of_work(engine, quarter.made.actor(Role.FINANCE_MAKER, 1)) as session:
        assert session.get(HeldReceipt, row_id) is None
