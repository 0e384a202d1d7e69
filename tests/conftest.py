"""What every test stands on: one embedded PostgreSQL a run, a database a worker, empty tables a test."""

from __future__ import annotations

import fcntl
import os
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import migrate, server
from core.db import engine_for, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from web import rooms

#: Conftests hold no examples, and two of one name are not collected side by side.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

#: The instant that tests without a story of their own happen at: 2026-03-02 10:00 in the city, a working Monday.
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def place() -> Iterator[Urls]:
    """A migrated database of this worker's own on the run's one server; `DATABASE_URL`-style addresses of the roles."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    # Not under pytest's own folder: that one is closed to the user that the server runs as.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    folder = Path(tempfile.gettempdir()) / f"gongbao-test-{run}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        urls = server.start_embedded(folder, f"test_{worker}", is_kept=False)
    rooms.import_all()
    migrate.upgrade(urls.owner)
    yield urls
    folder.with_suffix(".lock").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def shared_engine(place: Urls) -> Iterator[Engine]:
    """The application's engine on this worker's database."""
    engine = engine_for(place.app, pool_size=16)
    yield engine
    engine.dispose()


def empty_all(place: Urls) -> None:
    """Empty every table but the schema's own, as the superuser, without waking the append-only triggers."""
    with psycopg.connect(place.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        rows = connection.execute(
            "SELECT format('%I', c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND c.relname NOT IN ('alembic_version', 'clock_offset') AND c.relname NOT LIKE 'procrastinate%'"
        ).fetchall()
        connection.execute("UPDATE clock_offset SET ahead = interval '0'")
        for (partition,) in connection.execute(
            "SELECT format('%I', c.relname) FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'"
            " AND c.relname ~ '_p[0-9]+$'"
        ).fetchall():
            connection.execute(f"DROP TABLE {partition}")
        if rows:
            connection.execute(f"TRUNCATE {', '.join(row[0] for row in rows)} RESTART IDENTITY CASCADE")


@pytest.fixture
def engine(place: Urls, shared_engine: Engine) -> Iterator[Engine]:
    """The application's engine on an empty database; what the test commits is gone before the next."""
    empty_all(place)
    yield shared_engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One open unit of work that sees every row; commits at the end of the test."""
    with unit_of_work(engine, SYSTEM) as open_session:
        yield open_session


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder for keys and papers of one test."""
    return tmp_path / "state"
