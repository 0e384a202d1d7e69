"""When a statement's balance is overdue: one rule for its page, the list, and every desk's first page."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.orm import aliased

from ledger.models import Statement
from underwriting.late_interest import UNPAID
from underwriting.models import Pool
from web.formats import t


def overdue_days(row: Statement | Row[Any], lead_id: uuid.UUID, today: date) -> int:
    """Return for how many days a statement's balance is overdue; 0 where it is not, or where nobody pays it.

    The lead's own balance is paid to nobody: it is settled with what the members pay and are paid.
    """
    if row.stage not in UNPAID or not row.balance_fen or row.due_on is None or row.organisation_id == lead_id:
        return 0
    return int(max(0, (today - row.due_on).days))


def is_overdue(today: date) -> ColumnElement[bool]:
    """Return the condition under which `overdue_days` is not 0, for the database."""
    pool = aliased(Pool)
    lead = select(pool.lead_id).where(pool.id == Statement.pool_id).scalar_subquery()
    return and_(
        Statement.stage.in_(UNPAID),
        Statement.balance_fen != 0,
        Statement.due_on < today,
        Statement.organisation_id != lead,
    )


def overdue_words(days: int) -> str:
    """Return how long something is overdue; empty where it is not."""
    if not days:
        return ""
    return t("已逾期 {n} 天", "overdue by {n} day" if days == 1 else "overdue by {n} days", n=days)
