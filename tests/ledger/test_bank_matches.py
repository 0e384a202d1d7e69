"""Matching: what is proposed and why, accepted once, and what a month comes to, to the fen."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_months, bank_receipts
from ledger.bank_matching import OpenBalance, UnmatchedLine, proposals
from ledger.bank_models import BankLine, BankMatch
from tests.makers import AT, make_pool, open_quarter
from tests.makers_bank import LEAD_NUMBER, camt, confirm_all, details, line_of, take, take_file
from tests.makers_money import Quarter, agree_all, play_quarter

LINE = UnmatchedLine(uuid.UUID(int=1), 2_651_624, "", "0200")
OWED = OpenBalance(uuid.UUID(int=2), "SA-1-2026Q1-04", -2_651_624, frozenset({"0200"}))


@pytest.mark.parametrize(
    ("line", "balance", "expected"),
    [
        ({"about": "结算款SA-1-2026Q1-04。"}, {}, (True, True, 0)),
        ({"about": "SA-1-2026Q1-04", "number": "9", "amount_fen": 2_651_600}, {}, (True, False, -24)),
        ({"about": "SA-1-2026Q1-04", "amount_fen": 2_651_700}, {}, (True, True, 76)),
        ({}, {}, (False, True, 0)),
        ({"number": "9"}, {}, None),
        ({"amount_fen": 2_651_623}, {}, None),
        ({"about": "SA-1-2026Q1-041", "number": "9"}, {}, None),
        ({"about": "XSA-1-2026Q1-04", "number": "9"}, {}, None),
        ({"about": "SA-1-2026Q1-04"}, {"balance_fen": 2_651_624}, None),
        ({"about": "SA-1-2026Q1-04", "amount_fen": -1}, {}, None),
        ({"about": "SA-1-2026Q1-04"}, {"balance_fen": 0}, None),
    ],
)
def test_what_is_proposed(
    line: dict[str, object], balance: dict[str, object], expected: tuple[bool, bool, int] | None
) -> None:
    """A line that names the statement, or is of just its sum and account; and by how much it misses."""
    found = proposals([replace(LINE, **line)], [replace(OWED, **balance)])  # type: ignore[arg-type]
    told = [(one.is_named, one.is_same_account, one.difference_fen) for one in found]
    assert told == ([] if expected is None else [expected])


def test_the_surest_comes_first() -> None:
    """A line that names one statement and is of another's sum is proposed for the named one first."""
    other = replace(OWED, id=uuid.UUID(int=3), number="SA-1-2026Q2-04")
    found = proposals([replace(LINE, about="SA-1-2026Q2-04")], [OWED, other])
    assert [one.target_id for one in found] == [other.id, OWED.id]


def _paid(session: Session) -> Quarter:
    """Return the oracle's quarter, agreed; D has paid, B was paid 4 fen less, something else came in."""
    quarter = play_quarter(session)
    confirm_all(session, quarter.made)
    agree_all(session, quarter)
    lines = [
        line_of(2_651_624, "R-1", name="丁财险", number=details(3).number),
        line_of(-86_450, "R-2", about=f"结算款 {quarter.of(1).number}"),
        line_of(777, "R-3", name="某人"),
    ]
    take(session, quarter.made, lines, opening_fen=100_000)
    return quarter


def _line(session: Session, reference: str) -> uuid.UUID:
    return session.scalars(select(BankLine.id).where(BankLine.reference == reference)).one()


def test_a_proposal_is_accepted_once(session: Session) -> None:
    """Of three lines two fit; accepted, neither the line nor the statement is matched again."""
    quarter = _paid(session)
    made, maker = quarter.made, quarter.made.actor(Role.FINANCE_MAKER)
    found = bank_matches.proposed(session, made.pool.id, maker)
    assert [(one.line.reference, one.target.id, one.proposal.difference_fen) for one in found] == [
        ("R-1", quarter.of(3).id, 0),
        ("R-2", quarter.of(1).id, -4),
    ]
    first, second = _line(session, "R-1"), _line(session, "R-2")
    done = bank_matches.accept(session, made.pool.id, first, quarter.of(3).id, by=maker, at=AT)
    assert (done.match.difference_fen, done.line.id) == (0, first)
    matched = bank_matches.match_of(session, quarter.of(3))
    assert matched is not None and matched.line.reference == "R-1"
    assert bank_matches.match_of(session, quarter.of(1)) is None
    for line_id, statement, error, code in (
        (first, quarter.of(1), Conflict, "bank_line_matched"),
        (second, quarter.of(3), Conflict, "statement_matched"),
        (second, quarter.of(2), Invalid, "bank_match_not_proposed"),
        (uuid.uuid4(), quarter.of(1), NotFound, "bank_line_not_found"),
    ):
        with pytest.raises(error, match=code):
            bank_matches.accept(session, made.pool.id, line_id, statement.id, by=maker, at=AT)
    with pytest.raises(Forbidden, match="lead_only"):
        fellow = made.actor(Role.FINANCE_MAKER, 1)
        bank_matches.accept(session, made.pool.id, second, quarter.of(1).id, by=fellow, at=AT)
    assert bank_matches.proposed(session, made.pool.id, made.actor(Role.FINANCE_MAKER, 1)) == []


def test_a_month_comes_to_nothing_left_over(session: Session) -> None:
    """Bank and book at the end of the month, what is matched, what is not on either side, the difference to the fen."""
    quarter = _paid(session)
    pool, maker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_MAKER)
    bank_matches.accept(session, pool, _line(session, "R-1"), quarter.of(3).id, by=maker, at=AT)
    april = bank_months.month(session, pool, date(2026, 4, 1))
    assert (april.last_on, april.bank_on, april.bank_fen) == (date(2026, 4, 30), date(2026, 4, 17), 2_665_951)
    assert (april.book_fen, april.difference_fen, len(april.matched)) == (0, 0, 1)
    assert [one.reference for one in april.lines] == ["R-2", "R-3"]
    assert [one.number for one in april.statements] == [quarter.of(1).number, quarter.of(2).number]
    bank_matches.accept(session, pool, _line(session, "R-2"), quarter.of(1).id, by=maker, at=AT)
    assert bank_months.month(session, pool, date(2026, 4, 1)).difference_fen == -4
    march = bank_months.month(session, pool, date(2026, 3, 1))
    assert (march.bank_on, march.bank_fen, list(march.lines), list(march.matched)) == (None, None, [], [])


def test_a_month_is_named_in_one_way() -> None:
    """Year and month; anything else is no month."""
    assert bank_months.first_of("2026-04") == date(2026, 4, 1)
    for wrong in ("2026-13", "2026-4", "202604", "２０２６-04", ""):
        with pytest.raises(NotFound, match="month_not_found"):
            bank_months.first_of(wrong)


def test_the_database_matches_once_and_from_the_right_side(engine: Engine) -> None:
    """Where the verb is left out: no second line or statement, no wrong side, no other difference, no change."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = _paid(session)
        pool, maker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_MAKER)
        first, second = _line(session, "R-1"), _line(session, "R-2")
        bank_matches.accept(session, pool, first, quarter.of(3).id, by=maker, at=AT)
    person = uuid.uuid4()
    told = {"pool_id": pool, "stage": "matched", "matched_by": person, "matched_at": AT}
    for line_id, statement, fen, said in (
        (first, quarter.of(3), 0, "ux_bank_match_line"),
        (second, quarter.of(3), -2_565_174, "right side"),
        (second, quarter.of(1), 0, "right side"),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.add(BankMatch(line_id=line_id, statement_id=statement.id, difference_fen=fen, **told))
            session.flush()
    with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(engine, SYSTEM) as session:
        session.execute(text("DELETE FROM bank_match"))
    with unit_of_work(engine, quarter.made.actor(Role.FINANCE_MAKER, 3)) as session:
        assert session.scalar(select(func.count()).select_from(BankMatch)) == 0


def test_a_match_is_taken_back_and_both_sides_are_open_again(session: Session) -> None:
    """By another person, or with a reason; line and statement are then matched anew, and still only once."""
    quarter = _paid(session)
    pool, maker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_MAKER)
    checker, fellow = quarter.made.actor(Role.FINANCE_CHECKER), quarter.made.actor(Role.FINANCE_MAKER, 1)
    line, later = _line(session, "R-1"), AT + timedelta(hours=1)
    match = bank_matches.accept(session, pool, line, quarter.of(3).id, by=maker, at=AT).match
    assert bank_matches.get(session, match.id, checker, pool_id=pool).line.reference == "R-1"
    with pytest.raises(NotFound, match="bank_match_not_found"):
        bank_matches.get(session, match.id, fellow, pool_id=pool)
    for actor, why, error, code in (
        (maker, " ", Invalid, "bank_match_needs_reason"),
        (maker, "错" * 501, Invalid, "bank_words_too_long"),
        (fellow, "核错", Forbidden, "lead_only"),
        (quarter.made.actor(Role.CLAIMS_HANDLER), "核错", Forbidden, "role_may_not"),
    ):
        with pytest.raises(error, match=code):
            bank_matches.take_back(session, match, why, by=actor, at=later)
    bank_matches.take_back(session, match, "", by=checker, at=later)
    assert (match.stage, match.undone_by, bank_matches.match_of(session, quarter.of(3))) == (
        "taken_back",
        checker.person_id,
        None,
    )
    with pytest.raises(Conflict, match="stage_refuses"):
        bank_matches.take_back(session, match, "再撤", by=checker, at=later)
    again = bank_matches.accept(session, pool, line, quarter.of(3).id, by=maker, at=later).match
    with pytest.raises(Conflict, match="bank_line_matched"):
        bank_matches.accept(session, pool, line, quarter.of(3).id, by=maker, at=later)
    bank_matches.take_back(session, again, "核错了", by=maker, at=later + timedelta(hours=1))
    assert again.undone_why == "核错了"


def _april(session: Session, *, until: date = date(2026, 4, 30)) -> Quarter:
    """Return the oracle's quarter, agreed, with a bank's statement of April."""
    quarter = play_quarter(session)
    open_quarter(session, quarter.made.pool, 2)
    confirm_all(session, quarter.made)
    agree_all(session, quarter)
    lines = [
        line_of(2_651_624, "R-1", number=details(3).number),
        line_of(777, "R-2", name="某人"),
        line_of(-777, "R-3"),
        line_of(-86_454, "R-4", about=quarter.of(1).number),
    ]
    take_file(session, quarter.made, camt(lines, from_on=date(2026, 4, 1), on=until))
    return quarter


#: The hour at which a month that is over is signed.
MAY = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)


def test_a_signed_month_keeps_its_lines_and_its_matches(session: Session) -> None:
    """Signed by a second person when it is over and whole; then no match is taken back and no line comes."""
    quarter = _april(session)
    pool, maker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_MAKER)
    checker, april = quarter.made.actor(Role.FINANCE_CHECKER), date(2026, 4, 1)
    match = bank_matches.accept(session, pool, _line(session, "R-1"), quarter.of(3).id, by=maker, at=MAY).match
    bank_receipts.hold(session, pool, _line(session, "R-2"), on=date(2026, 4, 18), by=maker, at=MAY)
    with pytest.raises(Conflict, match="bank_month_not_over"):
        bank_months.sign(session, pool, april, by=checker, at=AT)
    with pytest.raises(Conflict, match="bank_month_not_reached"):
        bank_months.sign(session, pool, date(2026, 3, 1), by=checker, at=MAY)
    signed = bank_months.sign(session, pool, april, by=checker, at=MAY)
    told = (signed.bank_fen, signed.matched, signed.held, signed.held_fen, signed.lines, signed.lines_fen)
    assert told == (2_565_170, 1, 1, 777, 2, -87_231)
    assert bank_months.month(session, pool, april).receipts_fen == 777
    with pytest.raises(Conflict, match="bank_month_signed"):
        bank_months.sign(session, pool, april, by=checker, at=MAY)
    with pytest.raises(Conflict, match="bank_month_signed"):
        bank_matches.take_back(session, match, "核错", by=checker, at=MAY)
    with pytest.raises(Conflict, match="bank_month_signed"):
        take(session, quarter.made, [line_of(5, "R-9")], name="S-9", opening_fen=9)
    # What is open may still be matched.
    bank_matches.accept(session, pool, _line(session, "R-4"), quarter.of(1).id, by=maker, at=MAY)


def test_a_month_with_a_statement_missing_is_not_signed(session: Session) -> None:
    """Each statement begins with the balance of the one before; who took in the last does not sign."""
    quarter = _april(session, until=date(2026, 4, 20))
    pool, checker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
    take_file(
        session, quarter.made, camt([], name="S-2", opening_fen=5, from_on=date(2026, 4, 21), on=date(2026, 4, 30))
    )
    with pytest.raises(Conflict, match="bank_month_gap") as found:
        bank_months.sign(session, pool, date(2026, 4, 1), by=checker, at=MAY)
    assert found.value.facts == {"number": LEAD_NUMBER, "day": date(2026, 4, 21)}


def test_a_month_begins_with_the_balance_of_the_month_before(session: Session) -> None:
    """Days that are missing at its beginning are missed as those within it are, until they are taken in."""
    made = make_pool(session)
    confirm_all(session, made)
    pool, checker = made.pool.id, made.actor(Role.FINANCE_CHECKER)
    for name, opening_fen, begins, ends in (("S-3", 0, (3, 1), (3, 31)), ("S-5", 700, (4, 10), (4, 30))):
        days = {"from_on": date(2026, *begins), "on": date(2026, *ends)}
        take_file(session, made, camt([], name=name, opening_fen=opening_fen, **days))
    with pytest.raises(Conflict, match="bank_month_gap"):
        bank_months.sign(session, pool, date(2026, 4, 1), by=checker, at=MAY)
    missing = [line_of(700, "R-7", on=date(2026, 4, 2))]
    take_file(session, made, camt(missing, name="S-4", from_on=date(2026, 4, 1), on=date(2026, 4, 9)))
    assert bank_months.sign(session, pool, date(2026, 4, 1), by=checker, at=MAY).lines_fen == 700


def test_the_database_keeps_a_signed_month(engine: Engine) -> None:
    """Where the verb is left out: no line comes into it, no match of it is taken back, and it adds up to its lines."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = _april(session)
        pool, checker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
        bank_matches.accept(session, pool, _line(session, "R-1"), quarter.of(3).id, by=checker, at=MAY)
        bank_months.sign(session, pool, date(2026, 4, 1), by=checker, at=MAY)
    for said, query in (
        (
            "is signed",
            "UPDATE bank_match SET stage = 'taken_back', undone_by = gen_random_uuid(), undone_at = matched_at,"
            " undone_why = 'x'",
        ),
        ("stands as it is", "UPDATE bank_match SET stage = 'matched'"),
        (
            "is signed",
            "INSERT INTO bank_line SELECT gen_random_uuid(), report_id, 99, pool_id, booked_on, 5, 'R-8', '',"
            " '', '' FROM bank_line LIMIT 1",
        ),
        (
            "signed whole",
            "INSERT INTO bank_month SELECT pool_id, '2026-03-01', bank_fen, book_fen, 0, 0, 0, 0, 0, 0, 1, 0,"
            " 0, signed_by, signed_at FROM bank_month",
        ),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(query))
