"""A replica for reading: it verifies whole, extracts are read from it, and nobody waits for one that is not there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, event

from bench.scale.replica import replica, verified
from core import replica as looked_at
from core.db import engine_for, reader_for, unit_of_work
from core.papers import Paper, Store
from core.permits import SYSTEM, Role
from core.replica import has_caught_up, seconds_behind
from core.server import Urls
from ledger.extract_models import BookExtract
from ledger.extracts import Kind, Wish
from tests.makers_money import Quarter, play_quarter
from tests.web.extract_readers import period_of
from web import extracts as making
from web.cli import cli

NOON = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def copy(place: Urls) -> Iterator[Urls]:
    """A streaming replica of this worker's own server."""
    if "host=" not in place.admin:
        pytest.skip("the embedded server is copied; GONGBAO_TEST_ADMIN_URL gives another")
    with replica(place) as urls:
        yield urls


@pytest.fixture
def reader(copy: Urls) -> Iterator[Engine]:
    """The application's engine on the replica."""
    found = reader_for(copy.app, pool_size=1)
    yield found
    found.dispose()


@pytest.fixture
def kept(engine: Engine) -> Quarter:
    """The oracle's quarter, closed and committed."""
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session)


def _made(engine: Engine, quarter: Quarter, form: str, store: Store, reader: Engine | None) -> str:
    """Return the digest of a journal that was asked for on the primary, its rows read where it is said."""
    lead, pool_id = quarter.made.actor(Role.FINANCE_MAKER), quarter.made.pool.id
    with unit_of_work(engine, lead) as session:
        wish = Wish(pool_id, period_of(session, pool_id).id, Kind.JOURNAL, form, True)
        asked: uuid.UUID = making.ask(session, wish, by=lead, at=NOON).id
    making.make(engine, store, asked, reader=reader)
    with unit_of_work(engine, SYSTEM) as session:
        row = session.get_one(BookExtract, asked)
        assert row.stage == "ready"
        return session.get_one(Paper, row.paper_id).digest


def test_a_replica_verifies_whole(engine: Engine, kept: Quarter, copy: Urls, reader: Engine) -> None:
    """Every invariant is checked on the replica as the auditor and holds; a write there is refused to everyone."""
    assert has_caught_up(reader, engine) and seconds_behind(reader, engine) == 0
    report = verified(copy)
    assert report.is_whole, report.as_text(is_english=True)
    with psycopg.connect(copy.admin) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("UPDATE pool SET name = name")


def test_an_extract_is_read_from_the_replica(engine: Engine, kept: Quarter, reader: Engine, state_dir: Path) -> None:
    """An extract asked for a moment ago finds its rows there: it is waited until the replica knows of the wish."""
    told: list[str] = []

    @event.listens_for(reader, "before_cursor_execute")
    def note(_c: object, _k: object, statement: str, _p: object, _x: object, _m: object) -> None:
        told.append(statement)

    digest = _made(engine, kept, "csv", Store(state_dir / "papers"), reader)
    assert any("transfer" in statement for statement in told)
    with Store(state_dir / "papers").open(digest) as file:
        assert file.read().count(b"\n") > 10


def test_a_replica_that_is_behind_is_not_read(
    engine: Engine, kept: Quarter, copy: Urls, reader: Engine, monkeypatch: pytest.MonkeyPatch, state_dir: Path
) -> None:
    """Where the replica does not know of the wish yet, or is not there, or is none, the database itself is read."""
    monkeypatch.setattr(looked_at, "_LOOKS", 2)
    with psycopg.connect(copy.admin, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        try:
            _made(engine, kept, "csv", Store(state_dir / "papers"), reader)
            assert not has_caught_up(reader, engine)
        finally:
            connection.execute("SELECT pg_wal_replay_resume()")
    assert not has_caught_up(engine, engine) and seconds_behind(engine, engine) is None
    nobody = engine_for(f"postgresql://gongbao_app:@/gongbao?host={state_dir}", pool_size=1)
    assert not has_caught_up(nobody, engine)


def test_doctor_tells_how_the_replica_stands(
    engine: Engine, place: Urls, copy: Urls, monkeypatch: pytest.MonkeyPatch, state_dir: Path
) -> None:
    """It says how far the replica is behind, that an address is no replica's, or that nobody answers there."""
    monkeypatch.setenv("GONGBAO_MODE", "test")
    monkeypatch.setenv("GONGBAO_STATE_DIR", str(state_dir))
    monkeypatch.setenv("GONGBAO_LOCALE", "en")
    monkeypatch.setenv("DATABASE_URL", place.app)

    def said(address: str) -> str:
        monkeypatch.setenv("GONGBAO_READ_URL", address)
        checks: dict[str, str] = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)["checks"]
        return checks["replica"]

    assert said(copy.app).endswith("s behind")
    assert said(place.app) == "no replica: the database itself is read"
    assert said(f"postgresql://gongbao_app:@/x?host={state_dir}").startswith("not reached")
    assert said("") == "none: the database itself is read"
