"""A bordereau of premiums from file to books, against COPY of the same rows and against posting by rows of objects.

`python -m bench.settlement` (or with a count of premiums: `python -m bench.settlement 100000`). Everything happens on a
server of its own, in one run: the file is read and checked, posted at once, and the rows that this has made are then
copied by the owner into tables with the same columns and indexes and without a wall. A ratio above 1 is faster.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import migrate, parties, server
from core.db import engine_for, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger import statements
from ledger.apportion import Weights, apportion_stream
from ledger.automaton import CarryAutomaton
from ledger.models import Entry, StreamItem, Transfer
from underwriting import bordereaux, policies, pools
from underwriting.bordereaux import Sent
from underwriting.models import Policy, Pool
from underwriting.policies import Written
from underwriting.pools import PoolPlan
from underwriting.terms import Terms
from web import bordereau_list, rooms

PREMIUMS = 1_000_000

#: Five members, whole per cent.
SHARES = (31, 23, 19, 14, 13)
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY, ENDS = date(2026, 3, 2), date(2027, 3, 2)

#: Premiums that the slow ways are measured on.
BY_OBJECTS, ONE_BY_ONE = 4_000, 400

#: The headers of the list, in the order of its fields.
HEADERS = ("保单号", "起保日", "满期日", "台数", "保费")

#: What posting writes to.
TABLES = ("entry", "transfer", "stream_item", "policy")
_PIECE = 1 << 20


@contextmanager
def database() -> Iterator[tuple[Urls, Engine]]:
    """Give a migrated database on a server of its own, in a folder that goes afterwards."""
    folder = Path(tempfile.gettempdir()) / f"gongbao-bench-{uuid.uuid4().hex[:12]}"
    urls = server.start_embedded(folder, "bench", is_kept=False)
    rooms.import_all()
    migrate.upgrade(urls.owner)
    engine = engine_for(urls.app)
    try:
        yield urls, engine
    finally:
        engine.dispose()
        server.stop_embedded(folder)


def make_pool(engine: Engine, name: str) -> int:
    """Return the number of a pool of five invented insurers with its first quarter open."""
    with unit_of_work(engine, SYSTEM) as session:
        names = (f"{name}{letter}财险" for letter in "甲乙丙丁戊")
        insurers = [parties.add_organisation(session, "insurer", one, by=SYSTEM, at=AT) for one in names]
        members = tuple((one.id, weight) for one, weight in zip(insurers, SHARES, strict=True))
        plan = PoolPlan(name, members, sum(SHARES), date(2026, 1, 1), date(2027, 1, 1), Terms())
        pool = pools.form(session, plan, by=SYSTEM, at=AT)
        statements.open_period(session, pool.id, "2026Q1", date(2026, 1, 1), date(2026, 3, 31), by=SYSTEM, at=AT)
        return pool.id


def write_list(path: Path, count: int) -> None:
    """Write a list of premiums of all sizes."""
    dice = random.Random(1286)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADERS) + "\n")
        for number in range(count):
            fen = dice.randrange(50_000, 20_000_000)
            file.write(f"B{number:09d},{DAY},{ENDS},{number % 40 + 1},{fen // 100}.{fen % 100:02d}\n")


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes, by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def settle(engine: Engine, pool_id: int, path: Path) -> tuple[float, float]:
    """Return how long a list took to be read and checked, and to be posted."""
    columns = dict(zip(("number", "inception_on", "expires_on", "lift_count", "gross_fen"), HEADERS, strict=True))
    with unit_of_work(engine, SYSTEM) as session:
        sent = Sent(path.name, "0" * 64, columns)
        row_id = bordereaux.begin(session, session.get_one(Pool, pool_id), sent, on=DAY, by=SYSTEM, at=AT).id
    with path.open("rb") as stream:
        read = seconds(lambda: bordereau_list.read_on(engine, row_id, stream))
    with unit_of_work(engine, SYSTEM) as session:
        bordereaux.approve(session, bordereaux.lock(session, row_id), by=SYSTEM, at=AT)
    return read, seconds(lambda: bordereau_list.post_now(engine, row_id))


def copied(urls: Urls, folder: Path) -> float:
    """Return how long COPY of the rows that are there takes into tables without a wall."""
    with psycopg.connect(urls.admin) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE plain_{table} (LIKE {table} INCLUDING INDEXES)".encode())
            with (folder / table).open("wb") as file, connection.cursor() as cursor:
                source = f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT binary)"
                with cursor.copy(source.encode()) as rows:
                    for piece in rows:
                        file.write(piece)
        connection.commit()

        def copy_all() -> None:
            for table in TABLES:
                order = f"COPY plain_{table} FROM STDIN (FORMAT binary)".encode()
                with (folder / table).open("rb") as file, connection.cursor() as cursor, cursor.copy(order) as sink:
                    while piece := file.read(_PIECE):
                        sink.write(piece)
            connection.commit()

        return seconds(copy_all)


def by_objects(urls: Urls, engine: Engine, count: int) -> float:
    """Return premiums a second where rows are objects: the same rows by add_all, in one transaction, without a wall."""
    with unit_of_work(engine, SYSTEM) as session:
        found = session.query(Policy).order_by(Policy.written_entry_id).limit(count).all()
        ids = [row.written_entry_id for row in found]
        kinds = ((Entry, Entry.id), (Transfer, Transfer.entry_id), (StreamItem, StreamItem.entry_id))
        rows = [row for kind, key in kinds for row in session.query(kind).filter(key.in_(ids))] + list(found)
        plain = [(type(row), {one.key: getattr(row, one.key) for one in type(row).__table__.columns}) for row in rows]
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"TRUNCATE plain_{table}; ALTER TABLE plain_{table} OWNER TO gongbao_app".encode())
    names = {kind.__tablename__: f"plain_{kind.__tablename__}" for kind in (Entry, Transfer, StreamItem, Policy)}
    renamed = engine.execution_options(schema_translate_map={None: "plain"})
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA plain AUTHORIZATION gongbao_app")
        for name, plain_name in names.items():
            connection.execute(f"ALTER TABLE {plain_name} SET SCHEMA plain".encode())
            connection.execute(f"ALTER TABLE plain.{plain_name} RENAME TO {name}".encode())

    def add_all() -> None:
        with Session(renamed) as session, session.begin():
            session.add_all([kind(**values) for kind, values in plain])

    return count / seconds(add_all)


def one_by_one(engine: Engine, pool_id: int, count: int) -> float:
    """Return premiums a second where each is posted by the verb in a transaction of its own."""

    def post() -> None:
        for number in range(count):
            with unit_of_work(engine, SYSTEM) as session:
                agreement = pools.agreement_on(session, pool_id, DAY)
                written = Written(f"S{number:09d}", DAY, ENDS, 128_600 + number, 1)
                policies.write(session, agreement, written, on=DAY, by=SYSTEM, at=AT)

    return count / seconds(post)


def splits(count: int) -> tuple[float, float]:
    """Return splits a second by the automaton and by the rule one by one."""
    dice = random.Random(1286)
    amounts = [dice.randrange(50_000, 20_000_000) for _ in range(count)]
    weights = Weights.of(*SHARES)
    few = amounts[: count // 10]
    quick = seconds(lambda: CarryAutomaton(weights).columns(amounts))
    plain = seconds(lambda: list(apportion_stream(few, weights)))
    return count / quick, len(few) / plain


def main() -> None:
    """Measure, and print a line a ratio with its goal."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PREMIUMS
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        folder = Path(name)
        path = folder / "premiums.csv"
        write_list(path, count)
        read, posted = settle(engine, make_pool(engine, "批量共保体"), path)
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        limit = copied(urls, folder)
        rate = count / (read + posted)
        objects = by_objects(urls, engine, min(count, BY_OBJECTS))
        singly = one_by_one(engine, make_pool(engine, "逐笔共保体"), ONE_BY_ONE)
        quick, plain = splits(count)
    print(f"{count:,} premiums of five members, {rate:,.0f} a second")
    print(f"read and checked in {read:.1f} s, posted in {posted:.1f} s")
    print(f"most memory of the process: {memory_mb} MB\n")
    print(f"{'settlement against':52}{'ratio':>9}{'goal':>9}")
    for words, ratio, goal in (
        ("COPY of the same rows, no wall", limit / (read + posted), "0.6"),
        ("the same, posting alone", limit / posted, ""),
        ("objects by add_all in one transaction, no wall", rate / objects, "25"),
        ("the verb, one transaction an entry", rate / singly, "70"),
        ("the split by automaton against the rule", quick / plain, "5"),
        ("both splits' part of the settlement's time", 2 * count / quick / (read + posted), "< 0.1"),
    ):
        print(f"{words:52}{ratio:9.2f}{goal:>9}")


if __name__ == "__main__":
    main()
