"""`gongbao verify`, everything, over the transfers of bordereaux: within a minute."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from bench.place import database, make_pool, settle, write_list
from bench.table import Row, as_data
from bench.telling import say, seconds
from bench.visiting import environment

#: Transfers, five to a premium, of one bordereau for each pool.
FULL, QUICK = 5_000_000, 25_000
POOLS = 2
#: Within so many seconds at full size.
GOAL_S = 60


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the row of a verification."""
    transfers = QUICK if is_quick else FULL
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        path = Path(name) / "premiums.csv"
        for place in range(POOLS):
            write_list(path, transfers // 5 // POOLS, f"B{place}")
            settle(engine, make_pool(engine, f"核验共保体{place}"), path)
        with psycopg.connect(urls.admin, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        said: list[bytes] = []

        def verify() -> None:
            done = subprocess.run(
                [sys.executable, "-m", "web.cli", "verify", "--json"],
                env=environment(urls, Path(name)),
                capture_output=True,
                check=False,
            )
            said.append(done.stdout)
            if done.returncode:
                raise SystemExit(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])

        took_s = seconds(verify)
    slowest = sorted(json.loads(said[0])["invariants"], key=lambda one: -one["took_ms"])[:4]
    say(f"{took_s:.1f} s; the slowest: " + ", ".join(f"{one['id']} {one['took_ms'] / 1000:.1f} s" for one in slowest))
    job = (f"gongbao verify，{transfers:,} 笔转账", "every invariant")
    goal = f"<= {GOAL_S}" if transfers == FULL else ""
    return as_data([Row(*job, "一分钟", "a minute", took_s, GOAL_S, "s", None, goal)])
