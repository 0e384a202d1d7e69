"""The city's own table of days: which are worked, who says so, and whether it is announced or only expected.

Filled from the published packages (2004 to 2026) and, after that, by the administrator from the State
Council's yearly notice. A day without a row is not known and no clock guesses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import chinese_calendar
from sqlalchemy import CheckConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import audit
from core.db import Model
from core.errors import Conflict, Invalid
from core.permits import Actor, require
from core.working_time import DayKind

#: The years that the package's tables were compared for, date by date.
FIRST_YEAR = 2004
LAST_YEAR = 2026

#: Days that the package has wrong: 31 December 2005 was worked (the notice of 16 December 2005 says so).
CORRECTED: Mapping[date, tuple[bool, str]] = {date(2005, 12, 31): (True, "国办发明电〔2005〕35号")}

#: A notice is named in a line, not told in pages.
SOURCE_MAX = 200


class CalendarDay(Model):
    """One day of the calendar."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    is_workday: Mapped[bool]
    status: Mapped[str]
    source: Mapped[str]
    __table_args__ = (
        CheckConstraint("status IN ('official', 'provisional')", name="status"),
        CheckConstraint("length(source) BETWEEN 1 AND 200", name="source_length"),
    )


@dataclass(frozen=True, slots=True)
class CalendarImport:
    """What an import did: rows added, provisional ones made official, official ones that differ and stay."""

    added: int
    confirmed: int
    kept: tuple[date, ...]


def load(session: Session, first: date, last: date) -> dict[date, DayKind]:
    """Return what the table knows of the days from `first` to `last`, both included."""
    query = select(CalendarDay.day, CalendarDay.is_workday, CalendarDay.status).where(
        CalendarDay.day.between(first, last)
    )
    return {row.day: DayKind(row.is_workday, row.status == "provisional") for row in session.execute(query)}


def published_days(first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> dict[date, DayKind]:
    """Return the published days of these years, all official, without any database.

    Refuses with Invalid `calendar_years_unpublished` outside 2004 to 2026.

    >>> published_days(2026, 2026)[date(2026, 10, 10)]
    DayKind(is_workday=True, is_provisional=False)
    """
    return {day: DayKind(is_workday) for day, is_workday, _ in _published(first_year, last_year)}


def _published(first_year: int, last_year: int) -> list[tuple[date, bool, str]]:
    """Return (day, is it worked, who says so) for every day of the years."""
    if not FIRST_YEAR <= first_year <= last_year <= LAST_YEAR:
        raise Invalid("calendar_years_unpublished", first=FIRST_YEAR, last=LAST_YEAR)
    package = f"chinesecalendar {chinese_calendar.__version__}"
    start = date(first_year, 1, 1)
    days = [start + timedelta(days=n) for n in range((date(last_year + 1, 1, 1) - start).days)]
    return [(day, *CORRECTED.get(day, (chinese_calendar.is_workday(day), package))) for day in days]


def import_published(
    session: Session, *, by: Actor, at: datetime, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR
) -> CalendarImport:
    """Bring the published days into the table and return what changed; a second time nothing does.

    A day that stands as official stays as it is (the administrator has read the notice) and is named in
    `kept` where it differs; a provisional one is replaced. Refuses `calendar_years_unpublished`.
    """
    published = _published(first_year, last_year)
    standing = load(session, published[0][0], published[-1][0])
    values = [
        {"day": day, "is_workday": is_workday, "status": "official", "source": source}
        for day, is_workday, source in published
        if day not in standing or standing[day].is_provisional
    ]
    kept = [
        day
        for day, is_workday, _ in published
        if day in standing and not standing[day].is_provisional and standing[day].is_workday != is_workday
    ]
    confirmed = sum(value["day"] in standing for value in values)
    if values:
        _store(session, values)
        audit.record(
            session,
            "calendar.imported",
            by=by,
            at=at,
            of=("calendar", f"{first_year}-{last_year}"),
            facts={"added": len(values) - confirmed, "confirmed": confirmed, "kept": len(kept)},
        )
    return CalendarImport(len(values) - confirmed, confirmed, tuple(kept))


def set_day(
    session: Session, day: date, *, is_workday: bool, status: str, source: str, by: Actor, at: datetime
) -> CalendarDay:
    """Return the row of a day after the administrator has said what it is; the log keeps what it was before.

    Refuses `role_may_not`, `calendar_status_unknown`, `calendar_source_missing` (the notice is named in 1 to
    200 characters), `calendar_official_stays` where an official day would become provisional again.
    """
    require(by, "calendar.set")
    if status not in ("official", "provisional"):
        raise Invalid("calendar_status_unknown", status=status)
    source = source.strip()
    if not 1 <= len(source) <= SOURCE_MAX:
        raise Invalid("calendar_source_missing", most=SOURCE_MAX)
    before = session.get(CalendarDay, day, with_for_update=True, populate_existing=True)
    if before is not None and before.status == "official" and status == "provisional":
        raise Conflict("calendar_official_stays", day=day.isoformat())
    was = None if before is None else {"is_workday": before.is_workday, "status": before.status}
    _store(session, [{"day": day, "is_workday": is_workday, "status": status, "source": source}])
    facts = {"is_workday": is_workday, "status": status, "was": was}
    audit.record(session, "calendar.set", by=by, at=at, of=("calendar", day.isoformat()), facts=facts)
    return session.get_one(CalendarDay, day, populate_existing=True)


#: All days by one statement: 23 years are 8,401 of them.
_STORE = text(
    "INSERT INTO calendar_day (day, is_workday, status, source) SELECT * FROM unnest(CAST(:day AS date[]),"
    " CAST(:is_workday AS boolean[]), CAST(:status AS text[]), CAST(:source AS text[])) ON CONFLICT (day) DO UPDATE"
    " SET is_workday = excluded.is_workday, status = excluded.status, source = excluded.source"
)


def _store(session: Session, values: list[dict[str, object]]) -> None:
    """Write rows over whatever stands for their days."""
    columns = ("day", "is_workday", "status", "source")
    session.execute(_STORE, {name: [value[name] for value in values] for name in columns})
