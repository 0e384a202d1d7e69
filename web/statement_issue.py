"""Issuing statements: the members see them, and a job makes and signs their papers after the commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.permits import Actor
from ledger.models import Statement
from underwriting import settling
from web.jobs import defer

TASK = "keep_statement_files"


def issue_all(session: Session, drafts: Sequence[Statement], *, by: Actor, at: datetime) -> None:
    """Issue draft statements and queue the making of their files, in one transaction."""
    for statement in drafts:
        settling.issue(session, statement, by=by, at=at)
        defer(session, TASK, {"statement_id": str(statement.id)}, lock=f"statement:{statement.id}")
