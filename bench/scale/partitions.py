"""Transfers by period: what a statement's sums read where the book has many periods, as the database plans it."""

from __future__ import annotations

import re
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from bench.place import AT, DAY
from bench.scale.place import Figure, database, engine_at, learn, make_pool, settle, write_list
from bench.telling import say, seconds
from core.db import unit_of_work
from core.permits import SYSTEM
from ledger import statements
from ledger.models import Account, Statement, Transfer
from underwriting import policies
from underwriting.models import Policy

#: Premiums of the period that the statement is of, how many of them are received, further periods open beside it.
FULL, QUICK = (50_000, 1_000, 7), (1_000, 50, 3)

_PARTITION = re.compile(r"\b(transfer_p\d+)\b")


def planned(session: Session, statement: Statement) -> list[str]:
    """Return the lines of the plan of the very query that a statement's lines are read by."""
    told: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, query: str, values: Any, _x: object, _m: object) -> None:
        told.append((query, values))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        statements.lines(session, statement)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    query, values = told[0]
    return [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {query}", values)]


def partitions_in(plan: list[str]) -> set[str]:
    """Return the partitions that a plan reads.

    >>> sorted(partitions_in(["Seq Scan on transfer_p2 transfer", "Index Scan using transfer_p2_pkey on transfer_p2"]))
    ['transfer_p2']
    """
    return {found for line in plan for found in _PARTITION.findall(line)}


def _statement(session: Session, pool_id: int) -> Statement:
    """Return a member's statement of the first period, as a close would make it; it is not kept."""
    member = session.scalars(
        select(Account.organisation_id).where(Account.pool_id == pool_id, Account.code == "2210").limit(1)
    ).one()
    period = statements.period(session, pool_id, "2026Q1")
    return Statement(pool_id=pool_id, period_id=period.id, organisation_id=member)


def _open_more(engine: Engine, pool_id: int, periods: int) -> None:
    """Open as many further periods of a pool."""
    with unit_of_work(engine, SYSTEM) as session:
        for year in range(2027, 2027 + periods):
            first, last = date(year, 1, 1), date(year, 12, 31)
            statements.open_period(session, pool_id, str(year), first, last, by=SYSTEM, at=AT)


def _receive(engine: Engine, pool_id: int, count: int) -> None:
    """Book so many of a pool's premiums as received: they come to the members' current accounts by that."""
    with unit_of_work(engine, SYSTEM) as session:
        for policy in session.scalars(select(Policy).where(Policy.pool_id == pool_id).order_by(Policy.id).limit(count)):
            policies.receive(session, policy, on=DAY, by=SYSTEM, at=AT)


def measure(is_quick: bool) -> list[Figure]:
    """Return what a statement's sums read. Raises AssertionError where it is more than one partition."""
    count, received, periods = QUICK if is_quick else FULL
    with tempfile.TemporaryDirectory() as name, database() as urls, engine_at(urls) as engine:
        path = Path(name) / "premiums.csv"
        pool_id = make_pool(engine, "分区共保体")
        write_list(path, count, "T")
        settle(urls.app, pool_id, path)
        _receive(engine, pool_id, received)
        # Another book's transfers of the same days lie in a partition of their own.
        write_list(path, count, "U")
        settle(urls.app, make_pool(engine, "邻区共保体"), path)
        learn(urls)
        _open_more(engine, pool_id, periods)
        say(f"{2 * count:,} premiums in two books, {periods + 2} periods")
        with unit_of_work(engine, SYSTEM) as session:
            statement = _statement(session, pool_id)
            plan = planned(session, statement)
            found = partitions_in(plan)
            assert len(found) == 1, plan
            took_s = seconds(lambda: statements.lines(session, statement))
            here = Transfer.pool_id == pool_id, Transfer.period_id == statement.period_id
            rows = session.scalars(select(func.count()).select_from(Transfer).where(*here)).one()
    for line in plan:
        say(line)
    return [
        Figure(
            "结算单的合计读哪些分区",
            "partitions that a statement's sums read",
            f"1 of {periods + 2} ({rows:,} transfers, {took_s * 1000:.0f} ms)",
        )
    ]
