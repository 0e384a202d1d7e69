"""A bordereau of premiums from file to books, against COPY of the same rows and against posting by rows of objects.

Everything happens on a server of its own, in one run: the file is read and checked, posted at once, and the rows that
this has made are then copied by the owner into tables with the same columns and indexes and without a wall.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bench import pgbench
from bench.alone import alone
from bench.place import AT, DAY, ENDS, database, make_pool, settle, settle_down, warm, write_list
from bench.table import Row, as_data, faster
from bench.telling import say, seconds
from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger.models import Entry, StreamItem, Transfer
from underwriting import policies, pools
from underwriting.models import Policy
from underwriting.premiums import Written

#: Premiums of the main measurement, and of each further one on the way to it.
FULL, QUICK = 1_000_000, 5_000
GROWTH = ((10_000, 3), (100_000, 3), (1_000_000, 1), (5_000_000, 1))
GROWTH_QUICK = ((1_000, 3), (5_000, 2))

#: Premiums that the slow ways are measured on.
BY_OBJECTS, ONE_BY_ONE, ONE_BY_ONE_QUICK = 4_000, 400, 60

#: What posting writes to; each with what tells a pool's own rows.
TABLES = {"entry": "pool_id", "transfer": "pool_id", "stream_item": "pool_id", "policy": "pool_id"}
_PIECE = 1 << 20
_JOB = ("批量结算", "settlement")


class Limit:
    """COPY, by the server's administrator, of a pool's rows into tables with the same columns and indexes and no wall.

    Like ours those tables grow from round to round, but for those that every pool has a partition of its own in.
    """

    def __init__(self, urls: Urls, folder: Path) -> None:
        self._url, self._folder, self.rows = urls.admin, folder, 0

    def keep_rows(self, pool_id: int) -> None:
        """Write the rows of a pool into files, and make room for them."""
        with psycopg.connect(self._url, autocommit=True) as connection, connection.cursor() as cursor:
            self.rows = 0
            for table, key in TABLES.items():
                found = cursor.execute("SELECT relkind FROM pg_class WHERE oid = %s::regclass", (table,)).fetchone()
                if found == ("p",):
                    cursor.execute(f"DROP TABLE IF EXISTS plain_{table}".encode())
                cursor.execute(f"CREATE TABLE IF NOT EXISTS plain_{table} (LIKE {table} INCLUDING INDEXES)".encode())
                source = f"COPY (SELECT * FROM {table} WHERE {key} = {pool_id}) TO STDOUT (FORMAT binary)"
                with (self._folder / table).open("wb") as file, cursor.copy(source.encode()) as rows:
                    for piece in rows:
                        file.write(piece)
                self.rows += cursor.rowcount

    def copy(self) -> float:
        """Return how long it takes to copy the rows that were kept, all in one transaction."""
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:

            def work() -> None:
                for table in TABLES:
                    order = f"COPY plain_{table} FROM STDIN (FORMAT binary)".encode()
                    with (self._folder / table).open("rb") as file, cursor.copy(order) as sink:
                        while piece := file.read(_PIECE):
                            sink.write(piece)
                connection.commit()

            return seconds(work)


def by_objects(urls: Urls, engine: Engine, count: int) -> float:
    """Return premiums a second where rows are objects: the same rows by add_all, in one transaction, without a wall."""
    with unit_of_work(engine, SYSTEM) as session:
        found = session.query(Policy).order_by(Policy.written_entry_id).limit(count).all()
        ids = [row.written_entry_id for row in found]
        kinds = ((Entry, Entry.id), (Transfer, Transfer.entry_id), (StreamItem, StreamItem.entry_id))
        rows = [row for kind, key in kinds for row in session.query(kind).filter(key.in_(ids))] + list(found)
        plain = [(type(row), {one.key: getattr(row, one.key) for one in type(row).__table__.columns}) for row in rows]
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA plain AUTHORIZATION gongbao_app")
        for kind in (Entry, Transfer, StreamItem, Policy):
            name = kind.__tablename__
            connection.execute(f"CREATE TABLE plain.{name} (LIKE {name} INCLUDING INDEXES)".encode())
            connection.execute(f"ALTER TABLE plain.{name} OWNER TO gongbao_app".encode())
    renamed = engine.execution_options(schema_translate_map={None: "plain"})

    def add_all() -> None:
        with Session(renamed) as session, session.begin():
            session.add_all([kind(**values) for kind, values in plain])

    return len(found) / seconds(add_all)


def one_by_one(engine: Engine, pool_id: int, count: int) -> float:
    """Return premiums a second where each is posted by the verb in a transaction of its own."""

    def post() -> None:
        for number in range(count):
            with unit_of_work(engine, SYSTEM) as session:
                agreement = pools.agreement_on(session, pool_id, DAY)
                written = Written(f"S{number:09d}", DAY, ENDS, 128_600 + number, 1)
                policies.write(session, agreement, written, on=DAY, by=SYSTEM, at=AT)

    return count / seconds(post)


def times(count: int, rounds: int) -> list[float]:
    """Return how long lists of so many premiums take to settle, one after another on a new server."""
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        path = Path(name) / "premiums.csv"
        warm(urls, min(1_000, 16 + count // 500))
        write_list(path, min(count, 1_000), "W")
        settle(engine, make_pool(engine, "预热共保体"), path)
        found = []
        for place in range(rounds):
            write_list(path, count, f"R{place}")
            pool_id = make_pool(engine, f"批量共保体{place}")
            settle_down(urls)
            found.append(sum(settle(engine, pool_id, path)))
        return found


def growth(sizes: tuple[tuple[int, int], ...]) -> list[Row]:
    """Return how time and memory grow with the premiums, each size in a process and on a server of its own."""
    rows, before = [], None
    for count, rounds in sizes:
        outcome = alone("bench.settlement:times", count, rounds, limit_s=1_200)
        took_s = median(outcome.result)
        say(f"{count:,} premiums: {took_s:.2f} s, {outcome.memory_mib} MiB")
        if before is not None:
            fewer, fewer_s, fewer_mib = before
            # Ten times the premiums in eleven times the time: a tenth more for each of them.
            by, goal = count / fewer, f"<= {1.1 * count / fewer:g}"
            told = (f"{fewer:,} → {count:,} 笔", "premiums, time")
            rows.append(Row(*_JOB, *told, took_s, fewer_s, "s", took_s / fewer_s, goal))
            told = (f"{fewer:,} → {count:,} 笔", "premiums, memory")
            held = outcome.memory_mib
            rows.append(Row(*_JOB, *told, held, fewer_mib, "MiB", held / fewer_mib, f"<= {1 + by / 20:g}"))
        before = count, took_s, outcome.memory_mib
    return rows


def against_limits(count: int, rounds: int, singles: int) -> list[Row]:
    """Return settlement against COPY, objects, one by one and pgbench's default transaction."""
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        path, limit = Path(name) / "premiums.csv", Limit(urls, Path(name))
        warm(urls, min(1_000, 16 + count // 500))
        whole_s, posted_s, limit_s = [], [], []
        for place in range(rounds + 1):  # the first is a rehearsal
            lines = count if place else min(count, 50_000)
            write_list(path, lines, f"B{place}")
            pool_id = make_pool(engine, f"批量共保体{place}")
            settle_down(urls)
            read, posted = settle(engine, pool_id, path)
            limit.keep_rows(pool_id)
            settle_down(urls)
            copy_s = limit.copy()
            say(f"{lines:,} premiums: read {read:.2f} s, posted {posted:.2f} s; COPY {copy_s:.2f} s")
            if place:
                whole_s.append(read + posted)
                posted_s.append(posted)
                limit_s.append(copy_s)
        rate = count / median(whole_s)
        objects = by_objects(urls, engine, min(count, BY_OBJECTS))
        singly = one_by_one(engine, make_pool(engine, "逐笔共保体"), singles)
        say(f"objects {objects:,.0f} and one by one {singly:,.0f} premiums a second")
        scale = pgbench.rate(pgbench.prepare(urls), 1, 3) if pgbench.program() else 0.0
    size = f"{count:,} 笔"
    rows = limit.rows
    copied = count / median(limit_s)
    by_copy = ("COPY 同样的行", "COPY of the same rows", "ORM add_all，一个事务", "one transaction")
    return [
        faster((f"批量结算 {size}", "read and post"), (f"COPY {rows:,} 行", "the rows"), whole_s, limit_s, ">= 0.6"),
        faster((f"批量入账 {size}", "post alone"), (f"COPY {rows:,} 行", "the rows"), posted_s, limit_s, ""),
        _rates("ORM add_all，一个事务", "one transaction", rate, objects, ">= 25"),
        Row(*by_copy, copied, objects, "1/s", copied / objects),
        _rates("ORM，逐笔一个事务", "one transaction an entry", rate, singly, ">= 70"),
        *([_rates("pgbench 默认事务，一个连接", "default transaction, one client", rate, scale, "")] if scale else []),
    ]


def _rates(against: str, against_en: str, ours: float, rival: float, goal: str) -> Row:
    return Row(*_JOB, against, against_en, ours, rival, "1/s", ours / rival, goal)


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of settlement."""
    rows = against_limits(QUICK, 3, ONE_BY_ONE_QUICK) if is_quick else against_limits(FULL, 2, ONE_BY_ONE)
    return as_data(rows + growth(GROWTH_QUICK if is_quick else GROWTH))
