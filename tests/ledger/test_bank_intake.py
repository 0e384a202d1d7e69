"""The bank's own statements taken in: of the lead's account, whole, once; kept as they came, seen by the lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Role
from ledger import bank_intake
from ledger.bank_models import BankLine, BankReport
from ledger.bank_reports import Report
from tests.makers import MadePool, make_pool
from tests.makers_bank import LEAD_NUMBER, confirm, line_of, take

DAY = date(2026, 4, 17)
#: The evening of that day.
NIGHT = datetime(2026, 4, 17, 21, tzinfo=CITY)
LINES = [line_of(100, "R-1", name="丁财险", about="SA-1"), line_of(-40, "R-2")]


@pytest.fixture
def made(session: Session) -> MadePool:
    """A pool whose lead has its account."""
    pool = make_pool(session)
    confirm(session, pool, 0)
    return pool


def _report(**changes: object) -> Report:
    return replace(Report("S-9", LEAD_NUMBER, DAY, DAY, 0, 60, LINES), **changes)  # type: ignore[arg-type]


def test_a_statement_is_taken_in_once(session: Session, made: MadePool) -> None:
    """Its balances and lines stand as the bank gave them; the same file, and the same statement, are refused."""
    row = take(session, made, LINES, opening_fen=1_000)
    assert (row.opening_fen, row.closing_fen, row.items, row.from_on) == (1_000, 1_060, 2, DAY)
    lines = session.scalars(select(BankLine).order_by(BankLine.position)).all()
    assert [(one.amount_fen, one.reference, one.name, one.about) for one in lines] == [
        (100, "R-1", "丁财险", "SA-1"),
        (-40, "R-2", "", ""),
    ]
    with pytest.raises(Conflict, match="bank_report_taken"):
        take(session, made, LINES, opening_fen=1_000)
    with pytest.raises(Conflict, match="bank_report_taken"):
        take(session, made, [line_of(5, "R-3")])


def test_a_line_comes_once_whatever_the_file(session: Session, made: MadePool) -> None:
    """Days that overlap bring lines again: each is named, and nothing is taken in."""
    take(session, made, LINES)
    with pytest.raises(Invalid, match="bank_lines_known") as refused:
        take(session, made, [LINES[1], line_of(5, "R-3")], name="S-2")
    assert [(one.code, one.facts["reference"]) for one in refused.value.findings] == [("bank_line_known", "R-2")]
    assert session.scalar(select(func.count()).select_from(BankReport)) == 1


def test_what_is_not_whole_or_not_ours_is_refused(session: Session, made: MadePool) -> None:
    """A balance that the lines miss, an account that is not the lead's, a follower, a checker."""
    maker = made.actor(Role.FINANCE_MAKER)
    for report, by, error, code in (
        (_report(closing_fen=61), maker, Invalid, "bank_report_wrong"),
        (_report(until_on=date(2026, 4, 18)), maker, Invalid, "bank_report_future"),
        (_report(account_number="99999999"), maker, Invalid, "bank_report_other_account"),
        (_report(), made.actor(Role.FINANCE_MAKER, 1), Forbidden, "lead_only"),
        (_report(), made.actor(Role.FINANCE_CHECKER), Forbidden, "role_may_not"),
    ):
        with pytest.raises(error, match=code):
            bank_intake.take(session, made.pool.id, report, name="x", digest="x", by=by, at=NIGHT)
    assert session.scalar(select(func.count()).select_from(BankReport)) == 0


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("UPDATE bank_line SET amount_fen = 1", "permission denied"),
        ("DELETE FROM bank_report", "permission denied"),
        (
            "INSERT INTO bank_line SELECT gen_random_uuid(), report_id, 9, pool_id, booked_on, 5, 'R-9', '', '', ''"
            " FROM bank_line LIMIT 1",
            "do not lead to its balance",
        ),
        (
            "INSERT INTO bank_line SELECT gen_random_uuid(), report_id, 9, pool_id, booked_on, 5, reference, '', '', ''"
            " FROM bank_line LIMIT 1",
            "uq_bank_line_pool_id_reference",
        ),
    ],
)
def test_the_database_keeps_statements_whole(engine: Engine, deed: str, said: str) -> None:
    """Where the verb is left out the database refuses a change, a line too many, a reference twice."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        confirm(session, made, 0)
        take(session, made, LINES)
    with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
        session.execute(text(deed))


def test_only_the_lead_sees_the_banks_statements(engine: Engine) -> None:
    """A follower learns nothing of the lead's account, neither by the verbs nor from the database itself."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        confirm(session, made, 0)
        row = take(session, made, LINES)
    for place, count in ((0, 1), (1, 0)):
        who = made.actor(Role.FINANCE_CHECKER, place)
        with unit_of_work(engine, who) as session:
            assert session.scalar(select(func.count()).select_from(BankLine)) == 2 * count
            assert len(session.scalars(bank_intake.visible_to(who)).all()) == count
            if not count:
                with pytest.raises(NotFound, match="bank_report_not_found"):
                    bank_intake.get(session, row.id, who, pool_id=made.pool.id)
