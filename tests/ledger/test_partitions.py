"""Transfers lie by period: what a statement adds up is read from its own period's partition alone."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.scale.partitions import partitions_in, planned
from core.permits import SYSTEM
from ledger import statements
from ledger.models import Statement
from tests.makers import AT
from tests.makers_money import play_quarter


def test_a_statement_reads_one_partition(session: Session) -> None:
    """The database plans the very query of a statement's lines on one partition, however many periods there are."""
    pool_id = play_quarter(session).made.pool.id
    statements.open_period(session, pool_id, "2030", date(2030, 1, 1), date(2030, 12, 31), by=SYSTEM, at=AT)
    statement = session.scalars(select(Statement).where(Statement.pool_id == pool_id).limit(1)).one()
    plan = planned(session, statement)
    assert partitions_in(plan) == {f"transfer_p{statement.period_id}"}, plan
