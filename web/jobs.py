"""What the worker does after a commit: the job queue, in the same database and the same transaction as the change.

A view calls `defer(unit(), "task", {...})`: the job exists if and only if the unit of work is committed. The worker
(`gongbao worker`) does it at least once, so every task can bear being done twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from web.tasks import TASKS

_DEFER = text(
    "SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW("
    "'default', :task, 0, :lock, :once, CAST(:args AS jsonb), CAST(:at AS timestamptz)"
    ")]::procrastinate_job_to_defer_v1[]))"
)


def defer(
    session: Session,
    task: str,
    args: Mapping[str, Any] | None = None,
    *,
    lock: str | None = None,
    once: str | None = None,
    not_before: datetime | None = None,
) -> int:
    """Queue a job in this transaction and return its number.

    Jobs with one `lock` run one after another; `once` names a job of which only one may wait. A task that is not in
    `web.tasks.TASKS` is a KeyError.
    """
    TASKS[task]
    values = {
        "task": task,
        "lock": lock,
        "once": once,
        "args": json.dumps(dict(args or {}), ensure_ascii=False, default=str),
        "at": not_before,
    }
    return int(session.scalars(_DEFER, values).one())


def waiting(engine: Engine) -> int:
    """Return how many jobs wait or are being done."""
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"))
    return int(found or 0)
