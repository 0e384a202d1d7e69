"""A month closed, with statements for all members, against the SUM of its transfers by account in SQL.

A premium of five members is written (5 transfers), received (6) and remitted (5). The first is posted by a bordereau;
the other two are written by the server's administrator, since there is no bulk way for them.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import psycopg
from sqlalchemy import Engine, text

from bench.place import AT, DAY, database, make_pool, settle, settle_down, write_list
from bench.table import as_data, slower
from bench.telling import say, seconds
from claims.closing import close_period
from core.db import run_in_unit
from core.permits import SYSTEM
from core.server import Urls
from ledger import statements

#: Transfers of a month, and of one premium in it.
FULL, QUICK, OF_ONE = 500_000, 32_000, 16
ROUNDS = 3

_ENTRIES = """
INSERT INTO entry (pool_id, period_id, reason, "on", at, subject_kind, subject_id, document, amount_fen)
SELECT pool_id, period_id, %(reason)s, "on", at, subject_kind, subject_id, document, amount_fen
FROM entry WHERE pool_id = %(pool)s AND reason = 'premium_written'
"""
_ACCOUNTS = """
INSERT INTO account (pool_id, code, organisation_id)
SELECT pool_id, '2210', organisation_id FROM account WHERE pool_id = %(pool)s AND code = '2305'
UNION ALL SELECT %(pool)s, '1010', NULL
"""
#: What was written, moved on: received from 2305 to 2210 of each member (and the whole from 1110 to 1010), remitted
#: from 2210 to 1010.
_MOVES = """
INSERT INTO transfer (pool_id, period_id, entry_id, line, debit_id, credit_id, amount_fen)
SELECT t.pool_id, t.period_id, later.id, t.line + 1,
  CASE WHEN later.reason = 'premium_received' THEN due.id ELSE own.id END,
  CASE WHEN later.reason = 'premium_received' THEN own.id ELSE cash.id END, t.amount_fen
FROM entry later
JOIN entry first ON first.pool_id = later.pool_id AND first.subject_id = later.subject_id
  AND first.reason = 'premium_written'
JOIN transfer t ON t.pool_id = first.pool_id AND t.period_id = first.period_id AND t.entry_id = first.id
JOIN account due ON due.id = t.credit_id
JOIN account own ON own.pool_id = t.pool_id AND own.code = '2210' AND own.organisation_id = due.organisation_id
JOIN account cash ON cash.pool_id = t.pool_id AND cash.code = '1010'
WHERE later.pool_id = %(pool)s AND later.reason IN ('premium_received', 'premium_remitted')
"""
_CASH = """
INSERT INTO transfer (pool_id, period_id, entry_id, line, debit_id, credit_id, amount_fen)
SELECT e.pool_id, e.period_id, e.id, 0, cash.id, due.id, e.amount_fen
FROM entry e
JOIN account cash ON cash.pool_id = e.pool_id AND cash.code = '1010'
JOIN account due ON due.pool_id = e.pool_id AND due.code = '1110'
WHERE e.pool_id = %(pool)s AND e.reason = 'premium_received'
"""
_REMITTED = (
    "UPDATE policy SET stage = 'remitted', received_on = %(day)s, remitted_on = %(day)s WHERE pool_id = %(pool)s"
)

#: What every account of the month comes to, in one statement and with nothing kept.
_SUM = text("""
SELECT account, sum(fen) FROM (
  SELECT debit_id AS account, amount_fen AS fen FROM transfer WHERE pool_id = :pool AND period_id = :period
  UNION ALL
  SELECT credit_id, -amount_fen FROM transfer WHERE pool_id = :pool AND period_id = :period
) one GROUP BY account
""")


def collect_all(urls: Urls, pool_id: int) -> int:
    """Write every premium of a pool as received and remitted; return how many transfers the pool then has.

    The server's statistics are brought up to date afterwards, as its own housekeeping does within a minute.
    """
    told = {"pool": pool_id, "day": DAY}
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        with connection.transaction():
            connection.execute(_ACCOUNTS, told)
            for reason in ("premium_received", "premium_remitted"):
                connection.execute(_ENTRIES, {**told, "reason": reason})
        connection.execute("ANALYZE")
        with connection.transaction():
            for order in (_MOVES, _CASH, _REMITTED):
                connection.execute(order, told)
        connection.execute("VACUUM ANALYZE")
        found = connection.execute("SELECT count(*) FROM transfer WHERE pool_id = %(pool)s", told).fetchone()
        return int(found[0]) if found else 0


def sum_in_sql(engine: Engine, pool_id: int) -> float:
    """Return how long the sum of a pool's quarter takes."""
    period = run_in_unit(engine, SYSTEM, lambda session: statements.period(session, pool_id, "2026Q1").id)
    told = {"pool": pool_id, "period": period}
    return seconds(lambda: run_in_unit(engine, SYSTEM, lambda session: session.execute(_SUM, told).all()))


def close(engine: Engine, pool_id: int) -> float:
    """Return how long a pool's quarter takes to close, with a statement for each member."""

    def work() -> None:
        made = run_in_unit(
            engine,
            SYSTEM,
            lambda session: close_period(session, pool_id, "2026Q1", on=date(2026, 3, 31), by=SYSTEM, at=AT),
        )
        if len(made) != 5:
            raise SystemExit(f"{len(made)} statements")

    return seconds(work)


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the row of a period's close."""
    transfers = QUICK if is_quick else FULL
    ours_s, sum_s = [], []
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        path = Path(name) / "premiums.csv"
        for place in range(ROUNDS + 1):  # the first is a rehearsal
            write_list(path, transfers // OF_ONE if place else 100, f"B{place}")
            pool_id = make_pool(engine, f"结账共保体{place}")
            settle(engine, pool_id, path)
            made = collect_all(urls, pool_id)
            settle_down(urls)
            summed, closed = sum_in_sql(engine, pool_id), close(engine, pool_id)
            say(f"{made:,} transfers: SUM {summed:.3f} s, closed in {closed:.3f} s")
            if place:
                sum_s.append(summed)
                ours_s.append(closed)
    job = (f"结账，{made:,} 笔转账，五家结算单", "a close with statements")
    return as_data([slower(job, ("SQL 求和", "SUM in SQL"), ours_s, sum_s, "<= 1.5")])
