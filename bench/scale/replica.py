"""A replica for reading: `gongbao verify` on it while the primary posts, how far it is behind, what it refuses."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.scale.place import (
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
from bench.telling import say
from core import clock
from core.server import Urls
from web import verification
from web.verification import Report, auditor_engine_at

#: Premiums on the primary before; of each list that is posted meanwhile; verifications.
FULL, QUICK = (20_000, 1_000, 3), (2_000, 500, 2)

_LAG = """
SELECT coalesce(max(extract(epoch FROM replay_lag)), 0)::float8, coalesce(max(pg_current_wal_lsn() - replay_lsn), 0)
FROM pg_stat_replication
"""


@contextmanager
def replica(primary: Urls) -> Iterator[Urls]:
    """Give the addresses of a streaming replica of the server that a database is on, for as long as it is needed."""
    programs = embedded_programs()
    with own_folder() as folder:
        place = ("-h", socket_of(primary), "-U", "postgres", "-D", str(folder))
        run_program(programs / "pg_basebackup", *place, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        # The primary's socket lies in its own folder: its lock came with the copy and would keep ours from starting.
        for left in folder.glob(".s.PGSQL.*"):
            left.unlink()
        with running(programs, folder, "hot_standby_feedback=on") as urls:
            yield urls.named(urlsplit(primary.admin).path.lstrip("/"))


def verified(urls: Urls) -> Report:
    """Return what a verification of everything in the database at the auditor's address finds."""
    with auditor_engine_at(urls.auditor) as engine:
        return verification.run(engine, at=clock.now())


class Lag(threading.Thread):
    """Looks at how far the replica is behind, many times a second, until it is over."""

    def __init__(self, admin_url: str) -> None:
        super().__init__(daemon=True)
        self._url, self.is_over = admin_url, threading.Event()
        self.most_s, self.most_bytes = 0.0, 0

    def run(self) -> None:
        """Look, again and again."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self.is_over.wait(0.02):
                behind_s, behind = connection.execute(_LAG).fetchall()[0]
                self.most_s, self.most_bytes = max(self.most_s, behind_s), max(self.most_bytes, int(behind))


class Poster(threading.Thread):
    """Posts one list of premiums after another on the primary until it is over."""

    def __init__(self, urls: Urls, pool_id: int, folder: Path, rows: int) -> None:
        super().__init__(daemon=True)
        self._urls, self._pool_id, self._folder, self._rows = urls, pool_id, folder, rows
        self.posted, self.is_over = 0, threading.Event()

    def run(self) -> None:
        """Post, again and again."""
        while not self.is_over.is_set():
            path = self._folder / f"{self.posted}.csv"
            write_list(path, self._rows, f"R{self.posted}-")
            settle(self._urls.app, self._pool_id, path)
            self.posted += self._rows


def size_of(urls: Urls) -> int:
    """Return the size of a database in bytes."""
    with psycopg.connect(urls.admin) as connection:
        return int(connection.execute("SELECT pg_database_size(current_database())").fetchall()[0][0])


def refused(urls: Urls) -> str:
    """Return what a replica says to a write, even the administrator's."""
    with psycopg.connect(urls.admin) as connection:
        try:
            connection.execute("UPDATE pool SET name = name")
        except psycopg.errors.ReadOnlySqlTransaction as refusal:
            return str(refusal)
    raise AssertionError("a replica took a write")


def watched(reading: Urls, lag: Lag, poster: Poster, times: int) -> list[Report]:
    """Return what so many verifications of a replica find while the primary posts."""
    lag.start()
    poster.start()
    reports = []
    for _ in range(times):
        reports.append(verified(reading))
        say(f"verified on the replica in {reports[-1].took_ms} ms, {poster.posted:,} posted meanwhile")
    for thread in (poster, lag):
        thread.is_over.set()
        thread.join()
    return reports


def measure(is_quick: bool) -> list[Figure]:
    """Return what a replica shows while the primary posts. Raises AssertionError where a promise is not kept."""
    before, rows, times = QUICK if is_quick else FULL
    with tempfile.TemporaryDirectory() as name, database() as urls, engine_at(urls) as engine:
        folder = Path(name)
        empty = size_of(urls)
        pool_id = make_pool(engine, "副本共保体")
        write_list(folder / "before.csv", before, "B")
        settle(urls.app, pool_id, folder / "before.csv")
        learn(urls)
        on_primary = verified(urls)
        assert on_primary.is_whole, on_primary.broken
        kept = size_of(urls) - empty
        say(f"{before:,} premiums posted, primary verified")
        start = time.perf_counter()
        with replica(urls) as reading:
            made_s = time.perf_counter() - start
            lag, poster = Lag(urls.admin), Poster(urls, pool_id, folder, rows)
            reports = watched(reading, lag, poster, times)
            for report in reports:
                assert report.is_whole, report.broken
            assert poster.posted
            said = refused(reading)
    checked = len(reports[0].results)
    fastest_ms = min(report.took_ms for report in reports)
    return [
        Figure(
            "数据库增加",
            "the database has grown by",
            f"{kept / 1e6:.0f} MB for {before:,} premiums, {kept / before / 1000:.1f} kB each",
        ),
        Figure("副本：制作并启动", "a replica: made and started", f"{made_s:.1f} s"),
        Figure(
            "副本上全部核验，主库同时入账",
            "all verified on the replica while the primary posts",
            f"{times} x {checked} invariants, all whole; {fastest_ms / 1000:.1f} s"
            f" (primary, nothing else going on: {on_primary.took_ms / 1000:.1f} s)",
        ),
        Figure("其间主库入账", "posted on the primary meanwhile", f"{poster.posted:,} premiums"),
        Figure("最大滞后", "furthest behind", f"{lag.most_s * 1000:.0f} ms, {lag.most_bytes / 1e6:.1f} MB"),
        Figure("写副本", "a write to the replica", said),
    ]
