"""A temporary table that has the name of a table of ours deceives no wall: every wall names its tables in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, text

from core import server
from core.db import run_in_unit, unit_of_work
from core.errors import Conflict
from core.permits import SYSTEM
from core.server import Urls
from tender import bids
from tender.models import SealedBid
from tests.makers_money import play_quarter
from tests.makers_tender import DEADLINE, PUBLISHED, envelope_of, form_of, hand_in, make_tender
from tests.makers_town import Town, make_town, tell_time

BEFORE = PUBLISHED + timedelta(days=3)

#: What comes before the name of a table in the body of a function.
_BEFORE_A_TABLE = r"(?:from|join|into|update|only|table|like|truncate|on)"


@pytest.fixture
def with_temp(place: Urls) -> Iterator[None]:
    """Let the application's role make temporary tables for one test, as it never may."""
    with psycopg.connect(place.admin, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(name, sql.Identifier(server.APP)))
        yield
        connection.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM {}").format(name, sql.Identifier(server.APP)))


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def test_the_application_makes_no_temporary_table(place: Urls) -> None:
    """Neither the application's role nor the auditor's can make one at all."""
    for url in (place.app, place.auditor):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TEMP TABLE period (id bigint)")


@pytest.mark.usefixtures("with_temp")
def test_no_shadow_of_the_clock_lets_a_late_bid_in(town: Town) -> None:
    """With a clock of its own in a temporary table a session still comes after the deadline."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    who = insurer.bidder
    expected = run_in_unit(town.engine, who, lambda s: bids.expect(s, town.tender(s, tender_id), by=who))
    accepted = bids.accept(town.store, envelope_of(town, tender_id, insurer, form_of(100_000)), expected)
    tell_time(town.place, DEADLINE + timedelta(minutes=5))
    with pytest.raises(Conflict, match="deadline_passed"), unit_of_work(town.engine, who) as session:
        session.execute(
            text(
                "CREATE TEMP TABLE clock_offset ON COMMIT DROP AS"
                " SELECT one, ahead - interval '2 days' AS ahead FROM public.clock_offset"
            )
        )
        bids.seal(session, town.tender(session, tender_id), accepted, by=who, at=BEFORE)


@pytest.mark.usefixtures("with_temp")
def test_no_shadow_of_a_period_takes_a_posting(engine: Engine, place: Urls) -> None:
    """A period that is open in a temporary table only is closed."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        pool_id, period_id = quarter.made.pool.id, quarter.made.period.id
    with psycopg.connect(place.app, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE period AS SELECT * FROM public.period")
        connection.execute("UPDATE pg_temp.period SET stage = 'open', closed_at = NULL")
        with pytest.raises(psycopg.DatabaseError) as refused:
            connection.execute(
                "INSERT INTO entry"
                ' (pool_id, period_id, reason, "on", at, subject_kind, subject_id, document, amount_fen)'
                " VALUES (%s, %s, 'late_interest', '2026-03-31', now(), 'period', gen_random_uuid(), 'd', 1)",
                (pool_id, period_id),
            )
    assert refused.value.sqlstate == "GB003"


@pytest.mark.usefixtures("with_temp")
def test_no_shadow_of_a_tender_opens_its_box(town: Town) -> None:
    """Who reads all sees no sealed bid of a tender whose box is closed in a temporary table only."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    hand_in(town, tender_id, town.insurers[0], form_of(100_000))
    with unit_of_work(town.engine, town.supervisor) as session:
        session.execute(text("CREATE TEMP TABLE tender ON COMMIT DROP AS SELECT * FROM public.tender"))
        session.execute(text("UPDATE pg_temp.tender SET box_closed_at = now()"))
        assert session.query(SealedBid).count() == 0


def unqualified(body: str, tables: set[str]) -> list[str]:
    """Return the tables that a function's body names without their schema."""
    plain = re.sub(r"--[^\n]*|/\*.*?\*/", " ", body, flags=re.DOTALL).lower()
    named = re.findall(rf"\b{_BEFORE_A_TABLE}\s+\"?([a-z_][a-z0-9_]*)\b(?!\s*[.(])", plain)
    named += re.findall(r"(?<![.\w])([a-z_][a-z0-9_]*)(?:%rowtype|\.[a-z_0-9]+%type)", plain)
    named += re.findall(r"(?:nextval|currval|setval)\s*\(\s*'([a-z_0-9]+)'", plain)
    named += re.findall(r"'([a-z_0-9]+)'\s*::\s*regclass", plain)
    return sorted(set(named) & tables)


@pytest.mark.parametrize(
    "body",
    [
        "SELECT 1 FROM tender t",
        "SELECT * INTO x FROM public.award a\nLEFT JOIN tender ON true",
        "asked tender%ROWTYPE;",
        "EXECUTE format('CREATE TABLE %I (LIKE tender)', x)",
        "UPDATE tender SET a = 1",
        "made := nextval('tender');",
    ],
)
def test_a_table_without_its_schema_is_found(body: str) -> None:
    """The rule below sees what it must see, and passes what is named in full."""
    assert unqualified(body, {"tender", "award"}) == ["tender"]
    assert unqualified(body.replace("tender", "public.tender"), {"tender", "award"}) == []


def test_every_function_names_its_tables_in_full(place: Urls) -> None:
    """No function of ours leaves it to a session's search path, and one that acts as its owner looks nowhere else."""
    with psycopg.connect(place.owner) as connection:
        tables = {
            name
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p', 'v', 'm', 'S') AND relname NOT LIKE 'procrastinate%'"
            ).fetchall()
        }
        functions = connection.execute(
            "SELECT proname, prosrc, prosecdef, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND (prosecdef OR proname NOT LIKE 'procrastinate%')"
        ).fetchall()
    assert len(tables) > 40 and len(functions) > 20
    wrong = {name: found for name, body, *_ in functions if (found := unqualified(body, tables))}
    assert wrong == {}
    as_owner = {name: config or [] for name, _, is_as_owner, config in functions if is_as_owner}
    paths = {str([one for one in config if one.startswith("search_path=")]) for config in as_owner.values()}
    assert as_owner and paths == {"['search_path=public, pg_temp']"}
