"""How the system is, as its administrator reads it: jobs, the calendar's years, settings without their secrets."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.orm import Session

from core import audit
from core.audit import AuditEvent, AuditHead
from core.calendar import CalendarDay
from core.errors import Conflict, NotFound
from core.parties import Mandate
from core.permits import Actor
from core.settings import Settings
from web.listing import PAGE_ROWS

#: Settings of which only is told whether they are set.
SECRETS = frozenset({"secret_key", "metrics_token"})
#: Settings that are addresses of databases: told without user and password.
ADDRESSES = frozenset({"database_url", "owner_url", "auditor_url", "read_url"})

#: A worker that has not been heard of for so long is not there.
WORKER_SILENT = timedelta(minutes=2)

_STAGES = {"todo": "queued", "doing": "doing", "succeeded": "succeeded"}

_JOBS = """
    SELECT j.id, j.task_name, j.status::text AS status, j.attempts, j.scheduled_at,
        (SELECT min(e.at) FROM procrastinate_events e WHERE e.job_id = j.id) AS queued_at,
        (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id) AS last_at
    FROM procrastinate_jobs j WHERE (CAST(:status AS text) = '' OR j.status::text = :status)
"""


def job_counts(session: Session) -> dict[str, int]:
    """Return status -> how many jobs are in it."""
    rows = session.execute(text("SELECT status::text AS status, count(*) AS n FROM procrastinate_jobs GROUP BY 1"))
    return {row.status: int(row.n) for row in rows}


def jobs(session: Session, status: str, page: int) -> list[dict[str, Any]]:
    """Return one page of the jobs in a status (empty: all), newest first, with their state as pages show it."""
    query = text(_JOBS + " ORDER BY j.id DESC LIMIT :most OFFSET :skipped")
    values = {"status": status, "most": PAGE_ROWS, "skipped": (page - 1) * PAGE_ROWS}
    return [_job(row) for row in session.execute(query, values).mappings()]


def job(session: Session, job_id: int) -> dict[str, Any]:
    """Return one job; NotFound `job_not_found`."""
    query = text(_JOBS + " AND j.id = :id")
    row = session.execute(query, {"status": "", "id": job_id}).mappings().one_or_none()
    if row is None:
        raise NotFound("job_not_found")
    return _job(row)


def _job(row: RowMapping) -> dict[str, Any]:
    return {**row, "stage": _STAGES.get(row["status"], "failed")}


def retry(session: Session, job_id: int, *, by: Actor, at: datetime) -> None:
    """Queue a failed job again. Refuses NotFound `job_not_found`, Conflict `job_not_failed`."""
    query = text("SELECT status::text FROM procrastinate_jobs WHERE id = :id FOR UPDATE")
    status = session.scalar(query, {"id": job_id})
    if status is None:
        raise NotFound("job_not_found")
    if status != "failed":
        raise Conflict("job_not_failed")
    session.execute(
        text("SELECT procrastinate_retry_job_v2(:id, CAST(:at AS timestamptz), NULL, NULL, NULL)"),
        {"id": job_id, "at": at},
    )
    audit.record(session, "job.retried", by=by, at=at, of=("job", job_id))


def worker_heard_at(session: Session) -> datetime | None:
    """Return when a worker was last heard of; None where none ever was."""
    found: datetime | None = session.scalar(text("SELECT max(last_heartbeat) FROM procrastinate_workers"))
    return found


@dataclass(frozen=True, slots=True)
class KnownYear:
    """A year of the calendar: how many of its days are known, and how many of those only expected."""

    year: int
    known: int
    provisional: int
    worked: int

    @property
    def days(self) -> int:
        """Return how many days the year has."""
        return (date(self.year + 1, 1, 1) - date(self.year, 1, 1)).days

    @property
    def stage(self) -> str:
        """Return the state as `web.states` names it: whole, expected, or with gaps."""
        if self.known < self.days:
            return "error" if self.known else "todo"
        return "started" if self.provisional else "done"


def known_years(session: Session) -> list[KnownYear]:
    """Return the years that the calendar knows something of, newest first."""
    year = func.extract("year", CalendarDay.day)
    query = select(
        year,
        func.count(),
        func.count().filter(CalendarDay.status == "provisional"),
        func.count().filter(CalendarDay.is_workday),
    ).group_by(year)
    rows = [KnownYear(*map(int, row)) for row in session.execute(query)]
    return sorted(rows, key=lambda one: -one.year)


def odd_days(session: Session, year: int) -> list[CalendarDay]:
    """Return the days of a year that are not what their weekday says, or only expected, in order."""
    query = select(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    rows = session.scalars(query.order_by(CalendarDay.day))
    return [row for row in rows if row.is_workday != (row.day.weekday() < 5) or row.status == "provisional"]


def known_until(session: Session, today: date) -> date | None:
    """Return the last day from today on up to which every day is known; None where today is not."""
    days = session.scalars(select(CalendarDay.day).where(CalendarDay.day >= today).order_by(CalendarDay.day))
    last = None
    for expected, day in zip((today + timedelta(days=n) for n in range(4000)), days, strict=False):
        if day != expected:
            break
        last = day
    return last


def settings_told(settings: Settings) -> dict[str, str]:
    """Return field -> value as it may be shown: no secret, no password in an address.

    >>> _address("postgresql://app:geheim@db.example:5432/gongbao")
    'postgresql://db.example:5432/gongbao'
    """
    told: dict[str, str] = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name in SECRETS:
            told[one.name] = "set" if value else ""
        elif one.name in ADDRESSES:
            told[one.name] = _address(value)
        else:
            told[one.name] = str(value).lower() if isinstance(value, bool) else str(value)
    return told


def _address(url: str) -> str:
    """Return a database's address without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", "")) if url else ""


def disk_free(settings: Settings) -> tuple[int, int]:
    """Return (free, all) bytes of the disk that the state folder is on."""
    folder = next(one for one in (settings.state_dir, *settings.state_dir.parents) if one.exists())
    found = shutil.disk_usage(folder)
    return found.free, found.total


def newest_head_at(session: Session) -> datetime | None:
    """Return when the log was signed last."""
    return session.scalar(select(func.max(AuditHead.signed_at)))


def help_asked(session: Session, since: datetime) -> list[Mapping[str, Any]]:
    """Return the accounts that asked for help with signing in since then, the newest first: account, at."""
    query = select(AuditEvent.object_id.label("account"), func.max(AuditEvent.at).label("at")).where(
        AuditEvent.action == "account.help_asked", AuditEvent.at >= since
    )
    return [dict(row) for row in session.execute(query.group_by(AuditEvent.object_id)).mappings()]


def ending_soon(session: Session, today: date, days: int = 30) -> int:
    """Return how many mandates in force end within so many days."""
    query = select(func.count()).select_from(Mandate)
    return session.scalar(query.where(Mandate.valid_to > today, Mandate.valid_to <= today + timedelta(days=days))) or 0
