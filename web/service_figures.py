"""The figures of the service standard over the faults of a span of time, as staff and the public read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claims import faults
from claims.models import Fault
from claims.service_standard import Measured, Ratio, Standard
from core import clock
from core.clock import CITY
from core.permits import Actor
from underwriting import pools
from underwriting.models import Agreement, Pool
from web.fault_clocks import standard_for


def start_of(day: date) -> datetime:
    """Return the first instant of a day in the city."""
    return datetime(day.year, day.month, day.day, tzinfo=CITY)


def standard_now(session: Session, actor: Actor) -> Standard:
    """Return the standard of the newest agreement that the actor may see; the usual one where there is none."""
    seen = pools.visible_to(actor).with_only_columns(Pool.id)
    annex = session.scalar(
        select(Agreement.service_standard)
        .where(Agreement.pool_id.in_(seen))
        .order_by(Agreement.effective_on.desc(), Agreement.made_at.desc())
        .limit(1)
    )
    return standard_for(annex)


def figures(session: Session, actor: Actor, since: date, until: date, *, at: datetime) -> Measured:
    """Return the figures of the faults reported from `since` to `until`, both counted, that the actor may see."""
    last = min(start_of(until + timedelta(days=1)), at)
    standard = standard_now(session, actor)
    first = start_of(since)
    return faults.figures(session, actor, standard, since=first, until=max(last, first), at=at)


@dataclass(frozen=True, slots=True)
class Month:
    """How many faults were reported in a month, and how many of them are not repaired yet."""

    label: str
    reported: int
    is_open: int


def month_figures(session: Session, actor: Actor, *, at: datetime, months: int = 12) -> list[Month]:
    """Return the last months' counts of faults that the actor may see, the oldest first; none left out."""
    today = clock.on(at)
    firsts = [_month_before(today, back) for back in range(months - 1, -1, -1)]
    month = func.to_char(func.timezone(CITY.key, Fault.reported_at), "YYYY-MM")
    query = (
        faults.visible_to(actor)
        .where(Fault.reported_at >= start_of(firsts[0]), Fault.reported_at <= at, Fault.stage != "withdrawn")
        .with_only_columns(month, func.count(), func.count().filter(Fault.repaired_at.is_(None)))
        .group_by(month)
    )
    found = {label: (count, still) for label, count, still in session.execute(query)}
    labels = [f"{first:%Y-%m}" for first in firsts]
    return [Month(label, *found.get(label, (0, 0))) for label in labels]


def _month_before(day: date, back: int) -> date:
    """Return the first of the month that lies so many months before a day's."""
    count = day.year * 12 + day.month - 1 - back
    return date(count // 12, count % 12 + 1, 1)


def ratio_document(ratio: Ratio) -> dict[str, Any]:
    """Return a ratio for programs: with the n it stands on, what failed while open, what is too young to count."""
    return {
        "met": ratio.met,
        "n": ratio.n,
        "bp": ratio.bp,
        "open_failed": ratio.open_failed,
        "not_yet": ratio.not_yet,
        "not_known": ratio.not_known,
    }


def document(measured: Measured, since: date, until: date, standard: Standard) -> dict[str, Any]:
    """Return the figures for programs; days are hundredths."""
    longest = measured.longest
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "as_of": measured.at.astimezone(CITY).isoformat(timespec="seconds"),
        "closed": measured.closed,
        "open": measured.open,
        "response": {"limit_min": standard.response_min, **ratio_document(measured.response)},
        "arrival_trapped": {"limit_min": standard.arrival_min, **ratio_document(measured.arrival)},
        "half_day": {"limit_working_min": standard.half_day_min, **ratio_document(measured.half_day)},
        "within_longest": {"limit_days": standard.longest_days, **ratio_document(measured.within_longest)},
        "mean_days_hundredths": measured.mean_days_hundredths,
        "mean_net_days_hundredths": measured.mean_net_days_hundredths,
        "median_days_hundredths": measured.median_days_hundredths,
        "longest_minutes": None if longest is None else longest.elapsed // timedelta(minutes=1),
        "longest_is_open": None if longest is None else longest.is_open,
        "is_provisional": measured.is_provisional,
        "unknown_days": list(measured.unknown_days),
    }
