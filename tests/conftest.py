"""What every test stands on: a PostgreSQL and a database a worker, empty tables a test.

The server is the embedded one, or where GONGBAO_TEST_ADMIN_URL is set that one: see CONTRIBUTING.md.
"""

from __future__ import annotations

import fcntl
import gc
import os
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import migrate, server
from core.db import engine_for, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from web import rooms

#: Conftests hold no examples, and two of one name are not collected side by side.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

# No test fails for taking long on a busy machine; where `CI` is set Hypothesis has such a profile of its own.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")

#: The instant that tests without a story of their own happen at: 2026-03-02 10:00 in the city, a working Monday.
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def pytest_collection_finish() -> None:
    """Have what stands once all tests are found looked through no more: it lives as long as the process does."""
    gc.collect()
    gc.freeze()


#: The password of the three roles on a server that listens to more than its socket.
_PASSWORD = "for-tests-only"


@pytest.fixture(scope="session")
def place() -> Iterator[Urls]:
    """A migrated database of this worker's own; `DATABASE_URL`-style addresses of the roles.

    A worker has a server of its own, too, but where one is given: on one server a long serializable transaction of one
    worker makes PostgreSQL cancel another's for conflicts that there are none of.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    # Not under pytest's own folder: that one is closed to the user that the server runs as.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    folder = Path(tempfile.gettempdir()) / f"gongbao-test-{run}-{worker}"
    admin = os.environ.get("GONGBAO_TEST_ADMIN_URL", "")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if admin:
            urls = server.another(_on_given_server(admin), f"test_{worker}")
        else:
            urls = server.start_embedded(folder, f"test_{worker}", is_kept=False)
    rooms.import_all()
    migrate.upgrade(urls.owner)
    yield urls
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.stop_embedded(folder)
    folder.with_suffix(".lock").unlink(missing_ok=True)


def _on_given_server(admin: str) -> Urls:
    """Return the roles' addresses on a server that its administrator gives to the tests, with a password set for each.

    Databases come and go there by name: a server that holds anything that these tests did not make is refused.
    """
    passwords = dict.fromkeys((server.OWNER, server.APP, server.AUDITOR), _PASSWORD)
    with psycopg.connect(admin, autocommit=True) as connection:
        query = (
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
            " AND (pg_get_userbyid(datdba) <> %s OR datname = %s)"
        )
        foreign = [name for (name,) in connection.execute(query, (server.OWNER, server.DATABASE)).fetchall()]
    if foreign:
        pytest.exit(
            f"GONGBAO_TEST_ADMIN_URL: that server holds {', '.join(foreign)}; give the tests one of their own", 2
        )
    server.make_roles(server.at_database(admin, "postgres"), "test_roles", passwords)
    parts = urlsplit(admin)
    here = parts.netloc.rpartition("@")[2]
    return Urls(*(parts._replace(netloc=f"{role}:{_PASSWORD}@{here}").geturl() for role in passwords), admin)


@pytest.fixture(scope="session")
def shared_engine(place: Urls) -> Iterator[Engine]:
    """The application's engine on this worker's database."""
    engine = engine_for(place.app, pool_size=16)
    yield engine
    engine.dispose()


#: Above this many bytes a table is cut off whole: rows that were deleted are still read past until then.
_CUT_ABOVE = 1_000_000

_TABLES = """
SELECT format('%I', c.relname) AS name, pg_relation_size(c.oid) AS size
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND c.relname NOT IN ('alembic_version', 'clock_offset') AND c.relname NOT LIKE 'procrastinate%'
"""

_PARTITIONS = (
    "SELECT format('%I', relname) FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '_p[0-9]+$'"
)

_NUMBERS = """
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
WHERE pg_sequence_last_value(seqrelid) IS NOT NULL AND c.relname NOT LIKE 'procrastinate%'
"""


@pytest.fixture(scope="session")
def broom(place: Urls) -> Iterator[psycopg.Connection]:
    """The superuser's connection that empties the tables, without waking the append-only triggers."""
    with psycopg.connect(place.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        yield connection


def empty_all(broom: psycopg.Connection) -> None:
    """Empty every table but the schema's own and drop the periods' partitions.

    Few tables hold anything after a test, and to delete those rows is much quicker than to cut off all tables, which is
    done once a table has grown.
    """
    broom.execute("UPDATE clock_offset SET ahead = interval '0' WHERE ahead <> interval '0'")
    for (partition,) in broom.execute(_PARTITIONS).fetchall():
        broom.execute(f"DROP TABLE {partition}")
    tables = dict(broom.execute(_TABLES).fetchall())
    if max(tables.values(), default=0) > _CUT_ABOVE:
        broom.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        return
    held = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    found = [name for (name,) in broom.execute(held).fetchall()]
    with broom.transaction():
        for name in found:
            broom.execute(f"DELETE FROM {name}")
        broom.execute(_NUMBERS)
    if found:
        # Rows then lie in the order they come in again, as in a new table.
        broom.execute(f"VACUUM {', '.join(found)}")


@pytest.fixture
def engine(broom: psycopg.Connection, shared_engine: Engine) -> Iterator[Engine]:
    """The application's engine on an empty database; what the test commits is gone before the next."""
    empty_all(broom)
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
