"""Where everything is measured: a database on a server of its own, an invented pool, a list of premiums."""

from __future__ import annotations

import os
import random
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from bench.telling import seconds
from core import migrate, parties, server
from core.db import engine_for, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger import statements
from underwriting import bordereaux, pools, sent_lists
from underwriting.models import Bordereau, Pool
from underwriting.pools import PoolPlan
from underwriting.sent_lists import Sent
from underwriting.terms import Terms
from web import bordereau_list, rooms

#: Five members, whole per cent.
SHARES = (31, 23, 19, 14, 13)
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY, ENDS = date(2026, 3, 2), date(2027, 3, 2)
#: The premium of a lift for a year, in fen.
LIFT_FEN = 128_600

#: The headers of the list, by the fields that they are for.
HEADERS = {
    "number": "保单号",
    "inception_on": "起保日",
    "expires_on": "满期日",
    "lift_count": "台数",
    "gross_fen": "保费",
}
PLACES = {"district": "区县", "community": "小区"}


def server_busy_s(urls: Urls) -> float:
    """Return for how long the database server's processes have had a processor so far, ended ones included."""
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        told = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert told is not None
    head = told[0].split()[0]
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile: the head counts it
            continue
        if path.parent.name == head:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == head:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def database() -> Iterator[tuple[Urls, Engine]]:
    """Give a migrated database on a server of its own, in a folder that goes afterwards."""
    folder = Path(tempfile.gettempdir()) / f"gongbao-bench-{uuid.uuid4().hex[:12]}"
    urls = server.start_embedded(folder, "bench", is_kept=False)
    try:
        rooms.import_all()
        migrate.upgrade(urls.owner)
        engine = engine_for(urls.app)
        try:
            yield urls, engine
        finally:
            engine.dispose()
    finally:
        server.stop_embedded(folder)


def warm(urls: Urls, megabytes: int) -> None:
    """Have the server make its log's files: the first to fill them pays for their making, whoever comes later does not.

    A table of so many megabytes is written and dropped; the checkpoint afterwards keeps the files for use.
    """
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("CREATE TABLE warm (words text)")
        connection.execute("ALTER TABLE warm ALTER words SET STORAGE PLAIN")
        rows = megabytes * 1024
        fill = "INSERT INTO warm SELECT repeat(md5(n::text), 32) FROM generate_series(1, %s) n"
        connection.execute(fill, (rows,))
        connection.execute("DROP TABLE warm")
    settle_down(urls)


def settle_down(urls: Urls) -> None:
    """Have the server write out what it still holds back, so that what is measured next does not pay for it."""
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def make_pool(engine: Engine, name: str) -> int:
    """Return the number of a pool of five invented insurers with its first quarter open."""
    with unit_of_work(engine, SYSTEM) as session:
        names = (f"{name}{letter}财险" for letter in "甲乙丙丁戊")
        insurers = [parties.add_organisation(session, "insurer", one, by=SYSTEM, at=AT) for one in names]
        members = tuple((one.id, weight) for one, weight in zip(insurers, SHARES, strict=True))
        terms = Terms(lead_fee_bp=500, lift_premium_fen=LIFT_FEN)
        plan = PoolPlan(name, members, sum(SHARES), date(2026, 1, 1), date(2027, 1, 1), terms)
        pool = pools.form(session, plan, by=SYSTEM, at=AT)
        statements.open_period(session, pool.id, "2026Q1", date(2026, 1, 1), date(2026, 3, 31), by=SYSTEM, at=AT)
        return pool.id


def write_list(path: Path, count: int, prefix: str = "B", communities: list[tuple[str, str]] | None = None) -> None:
    """Write a list of premiums of all sizes, each in one of the communities where these are given."""
    dice = random.Random(1286)
    headers = [*HEADERS.values(), *(PLACES.values() if communities else ())]
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(headers) + "\n")
        for number in range(count):
            fen = dice.randrange(50_000, 20_000_000)
            line = f"{prefix}{number:09d},{DAY},{ENDS},{number % 40 + 1},{fen // 100}.{fen % 100:02d}"
            place = ",".join(("", *communities[number % len(communities)])) if communities else ""
            file.write(f"{line}{place}\n")


def settle(engine: Engine, pool_id: int, path: Path, *, has_places: bool = False) -> tuple[float, float]:
    """Return how long a list took to be read and checked, and to be posted."""
    columns = HEADERS | (PLACES if has_places else {})
    with unit_of_work(engine, SYSTEM) as session:
        sent = Sent(path.name, uuid.uuid4().hex * 2, columns)
        row_id = bordereaux.begin(session, session.get_one(Pool, pool_id), sent, on=DAY, by=SYSTEM, at=AT).id
    with path.open("rb") as stream:
        read = seconds(lambda: bordereau_list.read_on(engine, row_id, stream))
    with unit_of_work(engine, SYSTEM) as session:
        sent_lists.approve(session, sent_lists.lock(session, Bordereau, row_id), by=SYSTEM, at=AT)
    return read, seconds(lambda: bordereau_list.post_now(engine, row_id))
