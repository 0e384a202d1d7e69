"""What the database itself holds of a period: it is closed once, no part of it is emptied, no rehearsal is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger import books, statements
from ledger.models import Period
from tests.makers import AT, make_pool
from tests.makers_money import Quarter, play_quarter


@pytest.fixture
def quarter(engine: Engine) -> Quarter:
    """A quarter that is closed."""
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session)


@pytest.fixture
def app(place: Urls) -> Iterator[psycopg.Connection]:
    """The application's role, which sees every row."""
    with psycopg.connect(place.app, autocommit=True) as connection:
        connection.execute("SELECT set_config('gongbao.sees_all', 'yes', false)")
        yield connection


@pytest.mark.parametrize(
    "change",
    [
        "stage = 'open', closed_at = NULL, last_entry_id = NULL",
        "stage = 'open', closed_at = NULL",
        "closed_at = closed_at + interval '1 day'",
        "closed_by = gen_random_uuid()",
        "last_entry_id = last_entry_id + 1",
    ],
)
def test_a_closed_period_stays_as_it_was_closed(quarter: Quarter, app: psycopg.Connection, change: str) -> None:
    """The application's role neither opens it again nor says otherwise when, by whom and after what it was closed."""
    with pytest.raises(psycopg.DatabaseError) as refused:
        app.execute(f"UPDATE period SET {change} WHERE id = {quarter.made.period.id}")
    assert refused.value.sqlstate == "GB001"


@pytest.mark.parametrize("change", ["ends_on = ends_on + 1", "label = 'x'", "pool_id = pool_id + 1"])
def test_an_open_period_stays_what_it_is(engine: Engine, place: Urls, change: str) -> None:
    """Not even the owner moves the days, the name or the pool of a period, or removes it."""
    with unit_of_work(engine, SYSTEM) as session:
        period = make_pool(session).period
    with psycopg.connect(place.owner, autocommit=True) as owner:
        for statement in (
            f"UPDATE period SET {change} WHERE id = {period.id}",
            "DELETE FROM period",
            "TRUNCATE period",
        ):
            with pytest.raises(psycopg.DatabaseError):
                owner.execute(statement)
        assert owner.execute("SELECT ends_on FROM period").fetchall() == [(period.ends_on,)]


@pytest.mark.parametrize("last", ["NULL", "0", "(SELECT max(id) - 1 FROM entry)", "(SELECT max(id) + 1 FROM entry)"])
def test_a_close_names_the_last_entry_that_there_is(engine: Engine, app: psycopg.Connection, last: str) -> None:
    """A close that leaves entries out, or counts some that are still to come, is refused."""
    with unit_of_work(engine, SYSTEM) as session:
        period_id = play_quarter(session, is_closed=False).made.period.id
    with pytest.raises(psycopg.DatabaseError) as refused:
        app.execute(
            f"UPDATE period SET stage = 'closed', closed_at = now(), last_entry_id = {last} WHERE id = {period_id}"
        )
    assert refused.value.sqlstate == "GB001"


@pytest.mark.parametrize(
    "column", ["balance_fen", "number", "last_entry_id", "organisation_id", "made_at", "period_id"]
)
def test_what_a_statement_says_is_written_once(quarter: Quarter, app: psycopg.Connection, column: str) -> None:
    """The application's role moves a statement on and takes its answer; it rewrites nothing that it says."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(f"UPDATE statement SET {column} = {column} WHERE id = '{quarter.of(1).id}'")


def test_the_log_tells_what_was_closed(engine: Engine, quarter: Quarter) -> None:
    """The event of a close holds the last entry, so that verification sees whatever comes in after it."""
    with unit_of_work(engine, SYSTEM) as session:
        row = session.get_one(Period, quarter.made.period.id)
        (event,) = session.query(AuditEvent).filter_by(action="period.closed").all()
    assert (event.at, event.person_id, event.facts["last_entry"]) == (row.closed_at, row.closed_by, row.last_entry_id)


def test_nobody_empties_the_part_of_a_period(quarter: Quarter, place: Urls) -> None:
    """Not even the owner empties a period's partition, or that of rehearsals, beside the whole table."""
    parts = ("transfer", f"transfer_p{quarter.made.period.id}", "transfer_rehearsal")
    with psycopg.connect(place.owner, autocommit=True) as owner:
        for part in parts:
            with pytest.raises(psycopg.DatabaseError) as refused:
                owner.execute(f"TRUNCATE {part}")
            assert refused.value.sqlstate == "GB001"


@pytest.mark.parametrize(
    "told",
    [
        "'', '2030-01-01', '2030-01-02', false",
        "repeat('/', 5000), '2030-01-01', '2030-01-02', false",
        "repeat('x', 101), '2030-01-01', '2030-01-02', true",
        "'a/b', '2030-01-01', '2030-01-02', false",
        "'i', '2030-01-01', 'infinity', false",
        "'i', '-infinity', '2030-01-02', false",
        "'n', '2030-01-01', '2030-01-02', NULL",
        "'n', NULL, '2030-01-02', false",
        "NULL, '2030-01-01', '2030-01-02', false",
        "'r', '2030-01-01', '2030-01-02', true",
    ],
)
def test_the_door_to_a_new_period_takes_no_nonsense(engine: Engine, app: psycopg.Connection, told: str) -> None:
    """No empty or endless name, no day without end, no flag that is none; and no rehearsal gets past its commit."""
    with unit_of_work(engine, SYSTEM) as session:
        pool = make_pool(session).pool
    with pytest.raises(psycopg.IntegrityError):
        app.execute(f"SELECT open_period({pool.id}, {told})")
    assert app.execute("SELECT count(*) FROM period WHERE label <> '2026Q1' OR id < 0").fetchone() == (0,)


def test_no_book_of_a_rehearsal_is_kept(engine: Engine) -> None:
    """A book with a rehearsal's number is refused at the commit."""
    with pytest.raises(DBAPIError, match="not kept"), unit_of_work(engine, SYSTEM) as session:
        books.open_book(session, "x", is_rehearsal=True)


def test_a_rehearsal_uses_up_no_number_of_a_pool_or_a_period(engine: Engine) -> None:
    """What is rehearsed takes numbers of its own, so that the next pool and the next period follow the last."""
    numbers = []
    for place in range(2):
        with unit_of_work(engine, SYSTEM) as session:
            made = make_pool(session, name=f"池{place}")
            numbers.append((made.pool.id, made.period.id))
        with Session(engine) as session, session.begin() as begun:
            session.execute(text("SELECT set_config('gongbao.sees_all', 'yes', true)"))
            book = books.open_book(session, "x", is_rehearsal=True)
            days = (date(2026, 1, 1), date(2026, 3, 31))
            period = statements.open_period(session, book.pool_id, "x y", *days, by=SYSTEM, at=AT, is_rehearsal=True)
            assert book.pool_id < 0 and period.id < 0
            begun.rollback()
    assert numbers[1] == (numbers[0][0] + 1, numbers[0][1] + 1)
