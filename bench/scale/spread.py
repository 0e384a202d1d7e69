"""Pools spread over two servers: both settle at once, and a third reads totals over both through postgres_fdw."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import psutil
import psycopg

from bench.scale.place import (
    DATABASE,
    Figure,
    database,
    embedded_programs,
    engine_at,
    learn,
    make_pool,
    own_folder,
    run_program,
    running,
    settle,
    socket_of,
    write_list,
)
from bench.scale.replica import verified
from bench.telling import say, seconds
from core import server
from core.server import AUDITOR, Urls, at_database

#: Premiums of a list; rounds.
FULL, QUICK = (20_000, 3), (2_000, 1)
#: The first pool's number on each server: no number is given twice in the whole country.
FIRST = (1, 1_000_001)
#: Where Debian keeps its servers' programs; another place is named by this variable.
DEBIAN, ELSEWHERE = Path("/usr/lib/postgresql"), "GONGBAO_SCALE_PROGRAMS"

#: One table of all transfers, a part a server: each part holds the pools of its server.
_JOINED = """
CREATE EXTENSION postgres_fdw;
CREATE TABLE transfer (pool_id bigint, period_id bigint, entry_id bigint, line bigint, debit_id bigint,
    credit_id bigint, amount_fen bigint) PARTITION BY RANGE (pool_id);
"""
_PART = """
CREATE SERVER server_{n} FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '{host}', dbname '{name}', fetch_size '10000', async_capable 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER server_{n} OPTIONS (user '{auditor}');
CREATE FOREIGN TABLE transfer_{n} PARTITION OF transfer FOR VALUES FROM ({first}) TO ({end})
    SERVER server_{n} OPTIONS (schema_name 'public', table_name 'transfer');
"""
#: What is asked of both: how many transfers each pool and period has, and what they come to.
TOTALS = """
SELECT pool_id, period_id, count(*), sum(amount_fen) FROM transfer GROUP BY pool_id, period_id ORDER BY 1, 2
"""


def joining_programs() -> Path | None:
    """Return the programs of a server that has postgres_fdw: the embedded one's, those named, Debian's; or None."""
    named = [Path(os.environ[ELSEWHERE])] if ELSEWHERE in os.environ else []
    for programs in (*named, embedded_programs(), *sorted(DEBIAN.glob("*/bin"), reverse=True)):
        try:
            shared = subprocess.check_output([str(programs / "pg_config"), "--sharedir"], text=True).strip()
        except OSError:
            # Debian has pg_config in another package; its shared files lie where its version says.
            shared = f"/usr/share/postgresql/{programs.parent.name}"
        if (Path(shared) / "extension" / "postgres_fdw.control").exists() and (programs / "initdb").exists():
            return programs
    return None


@contextmanager
def joined(programs: Path, servers: list[Urls]) -> Iterator[str]:
    """Give the address of a database that reads the transfers of all servers as one table."""
    with own_folder() as folder:
        run_program(programs / "initdb", "-D", str(folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        with running(programs, folder, "enable_partitionwise_aggregate=on", "fsync=off") as urls:
            with psycopg.connect(at_database(urls.admin, "postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            with psycopg.connect(urls.admin, autocommit=True) as connection:
                connection.execute(_JOINED)
                for n, (one, first) in enumerate(zip(servers, FIRST, strict=True)):
                    place = {"host": socket_of(one), "name": DATABASE, "auditor": AUDITOR}
                    words = _PART.format(n=n, first=first, end=first + 1_000_000, **place)
                    connection.execute(words.encode())
            yield urls.admin


def first_pool(urls: Urls, number: int) -> None:
    """Have a server's pools numbered from here on: what an operator does as the owner, before the first pool."""
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE book ALTER pool_id RESTART WITH {number}".encode())


class Lists:
    """Lists of premiums that were never posted, one file after another."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder, self._rows, self._made = folder, rows, 0

    def next(self) -> Path:
        """Return the file of a new list."""
        self._made += 1
        path = self._folder / f"{self._made}.csv"
        write_list(path, self._rows, f"S{self._made}-")
        return path


@dataclass(frozen=True, slots=True)
class Compared:
    """Two places at once against one alone: how many times as much in the same time, and as much work a premium.

    `work` is processor time: it does not depend on what else the machine does, and 1 where neither is in the other's
    way. `alone_s` is the time of the one.
    """

    speed: float
    work: float
    alone_s: float


def spent(servers: list[Urls]) -> float:
    """Return the processor time in seconds that all servers, and the processes that settle, have taken so far."""
    time.sleep(0.3)  # who has just let go of a server is still there for a moment
    total, found = 0.0, psutil.Process().children()
    for urls in servers:
        above = server.embedded_process(Path(socket_of(urls)))
        found += [above, *above.children()]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def compared(
    workers: ProcessPoolExecutor, lists: Lists, servers: list[Urls], one: tuple[str, int], other: tuple[str, int]
) -> Compared:
    """Settle at one place alone, then at both at once, and compare."""
    path, paths = lists.next(), [lists.next(), lists.next()]
    before = spent(servers)
    alone_s = seconds(lambda: workers.submit(settle, *one, path).result())
    between = spent(servers)

    def both() -> None:
        for work in [workers.submit(settle, *place, path) for place, path in zip((one, other), paths, strict=True)]:
            work.result()

    both_s = seconds(both)
    return Compared(2 * alone_s / both_s, (spent(servers) - between) / (2 * (between - before)), alone_s)


def totals_over(address: str, servers: list[Urls]) -> list[Figure]:
    """Return what totals over both servers cost, and how they are planned; each sum is what its server says."""
    with psycopg.connect(address) as connection:
        took_s = min(seconds(lambda: connection.execute(TOTALS).fetchall()) for _ in range(3))
        found = connection.execute(TOTALS).fetchall()
        plan = [str(row[0]) for row in connection.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {TOTALS}".encode())]
    own = []
    for urls in servers:
        with psycopg.connect(urls.auditor) as connection:
            own += connection.execute(TOTALS).fetchall()
    assert found == own, (found, own)
    pushed = [line.strip() for line in plan if "Relations: Aggregate on" in line]
    assert len(pushed) == len(servers), plan
    for line in plan:
        say(line)
    rows = sum(row[2] for row in found)
    return [
        Figure(
            "两台之上的合计",
            "totals over both",
            f"{rows:,} transfers in {took_s * 1000:.0f} ms, {rows / took_s / 1e6:.1f} million a second",
        ),
        Figure("合计下推", "aggregates pushed down", "; ".join(pushed)),
    ]


def _told(found: list[Compared]) -> str:
    speed, work = median(one.speed for one in found), median(one.work for one in found)
    return f"{speed:.2f} x in the same time, {work:.2f} x the processor time a premium"


def measure(is_quick: bool) -> list[Figure]:
    """Return what two servers settle against one, and totals over both. Raises AssertionError where a sum differs."""
    rows, rounds = QUICK if is_quick else FULL
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(database()) for _ in FIRST]
        places = []
        for urls, first in zip(servers, FIRST, strict=True):
            first_pool(urls, first)
            engine = stack.enter_context(engine_at(urls))
            places.append((urls.app, make_pool(engine, f"共保体{first}")))
            beside = make_pool(engine, f"共保体{first + 1}")
        assert [pool_id for _, pool_id in places] == list(FIRST)
        workers = stack.enter_context(ProcessPoolExecutor(2, get_context("spawn")))
        lists = Lists(folder, rows)
        compared(workers, lists, servers, *places)  # a rehearsal: programs are read in, logs have their files
        two, one = [], []
        for _ in range(rounds):
            two.append(compared(workers, lists, servers, places[0], places[1]))
            one.append(compared(workers, lists, servers, places[1], (places[1][0], beside)))
            say(f"two servers: {two[-1]}; two pools on one server: {one[-1]}")
        figures = [
            Figure(
                "一台一个共保体批量入账",
                "one server, one pool",
                f"{median(rows / found.alone_s for found in (*two, *one)):,.0f} premiums a second",
            ),
            Figure("两台各结各的共保体，比一台", "two servers, each its pool, against one", _told(two)),
            Figure("一台上两个共保体同时，比一个", "two pools at once on one server", _told(one)),
        ]
        for urls in servers:
            learn(urls)
            report = verified(urls)
            assert report.is_whole, report.broken
        figures.append(Figure("两台各自核验", "each server verified", f"{len(report.results)} invariants, all whole"))
        programs = joining_programs()
        if programs is None:
            missing = f"postgres_fdw is missing (Debian: apt install postgresql; elsewhere: {ELSEWHERE})"
            return [*figures, Figure("两台之上的合计", "totals over both", f"skipped: {missing}")]
        address = stack.enter_context(joined(programs, servers))
        return figures + totals_over(address, servers)
