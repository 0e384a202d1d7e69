"""The job queue, in the same database and the same transaction as the change that asks for the work.

A view calls `defer(unit(), "task", {...})`: the job exists if and only if the unit of work is committed. The worker
(`gongbao worker`) does it at least once, so every task of `web/tasks.py` can bear being done twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import procrastinate
from procrastinate.retry import RetryStrategy
from sqlalchemy import text
from sqlalchemy.orm import Session

from web.tasks import PERIODIC, TASKS, Bench

#: A job that fails is tried again after 5, 25, 125 and 625 seconds, then stays failed for someone to look at.
TRIES = RetryStrategy(max_attempts=5, exponential_wait=5)

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

    Jobs with one `lock` run one after another; `once` names a job of which only one may wait (a second is refused by
    the database, code `already_there`). A task that is not in `web.tasks.TASKS` is a KeyError.
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


#: A worker that has not been heard of for so many seconds is gone; it is heard of every ten.
_GONE_S = 60

_CUT_OFF = text(
    """
    SELECT CASE WHEN j.attempts < :most THEN procrastinate_retry_job_v2(j.id, now(), NULL, NULL, NULL)::text
        ELSE procrastinate_finish_job_v1(j.id, 'failed', false)::text END
    FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
    WHERE j.status = 'doing' AND j.queueing_lock IS NULL
        AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => :gone))
    ORDER BY j.id
    """
)


def take_up_again(session: Session) -> None:
    """Queue the jobs again whose worker was stopped in the middle; one that has stopped five stays failed."""
    session.execute(_CUT_OFF, {"most": TRIES.max_attempts, "gone": _GONE_S})


def queue(bench: Bench, url: str) -> procrastinate.App:
    """Return the queue with every task on it, connected as the application at `url`."""
    found = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    for name, work in TASKS.items():
        task = found.task(name=name, retry=TRIES, queueing_lock=name if name in PERIODIC else None)(
            _without_timestamp(partial(work, bench)) if name in PERIODIC else partial(work, bench)
        )
        if name in PERIODIC:
            found.periodic(cron=PERIODIC[name])(task)
    return found


def _without_timestamp(work: partial[None]) -> Any:
    """Return a task that the clock may ask for as well, which says when it was meant to run."""

    def timed(timestamp: int = 0) -> None:
        work()

    return timed
