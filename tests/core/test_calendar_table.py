"""The table of days: filled from the published years, extended by the administrator, never guessed."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.calendar import CORRECTED, CalendarDay, import_published, load, published_days, set_day
from core.clock import CITY
from core.errors import Conflict, Forbidden, Invalid
from core.permits import SYSTEM, Actor, Role
from core.working_time import DayKind, due_at

AT = datetime(2026, 11, 5, 2, 0, tzinfo=UTC)
ADMINISTRATOR = Actor(uuid.UUID(int=1), uuid.UUID(int=2), Role.ADMINISTRATOR, "platform")
NOTICE = "国办发明电〔2026〕示例号"


def actions(session: Session) -> list[tuple[str, dict[str, object]]]:
    return [(row.action, row.facts) for row in session.scalars(select(AuditEvent).order_by(AuditEvent.id))]


def test_the_published_years_are_brought_in_once(session: Session) -> None:
    """Every day from 2004 to 2026 gets a row, official, with who says so; a second import changes nothing."""
    first = import_published(session, by=SYSTEM, at=AT)
    assert (first.added, first.confirmed, first.kept) == (8401, 0, ())
    assert session.scalar(select(func.count()).select_from(CalendarDay)) == 8401
    assert load(session, date(2004, 1, 1), date(2026, 12, 31)) == published_days()
    second = import_published(session, by=SYSTEM, at=AT)
    assert (second.added, second.confirmed, second.kept) == (0, 0, ())
    assert actions(session) == [("calendar.imported", {"added": 8401, "confirmed": 0, "kept": 0})]


def test_the_day_the_package_has_wrong_is_put_right(session: Session) -> None:
    """31 December 2005 was worked by the notice of that month, whatever the package says."""
    import_published(session, by=SYSTEM, at=AT, first_year=2005, last_year=2005)
    row = session.get_one(CalendarDay, date(2005, 12, 31))
    assert (row.is_workday, row.source) == CORRECTED[date(2005, 12, 31)]


def test_years_nobody_has_published_are_not_imported(session: Session) -> None:
    """2027 is not in the package and is not guessed."""
    for years in ((2003, 2004), (2026, 2027), (2010, 2009)):
        with pytest.raises(Invalid, match="calendar_years_unpublished"):
            import_published(session, by=SYSTEM, at=AT, first_year=years[0], last_year=years[1])
    assert load(session, date(2000, 1, 1), date(2030, 1, 1)) == {}


def test_the_administrator_extends_the_calendar(session: Session) -> None:
    """An expected day is provisional and marks what rests on it; the notice makes it official; the log keeps both."""
    import_published(session, by=SYSTEM, at=AT, first_year=2026)
    start = datetime(2026, 12, 31, 15, tzinfo=CITY)
    span = (date(2026, 12, 31), date(2027, 1, 4))
    with pytest.raises(Conflict, match="calendar_not_known"):
        due_at(load(session, *span), start, 240)
    for day in (date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3), date(2027, 1, 4)):
        is_workday = day.day == 4
        set_day(session, day, is_workday=is_workday, status="provisional", source="按往年推算", by=ADMINISTRATOR, at=AT)
    due = due_at(load(session, *span), start, 240)
    assert (due.at, due.is_provisional) == (datetime(2027, 1, 4, 9, tzinfo=CITY), True)
    for n in range(1, 5):
        day = date(2027, 1, n)
        row = set_day(session, day, is_workday=n == 2, status="official", source=NOTICE, by=ADMINISTRATOR, at=AT)
    assert (row.day, row.is_workday, row.status, row.source) == (date(2027, 1, 4), False, "official", NOTICE)
    due = due_at(load(session, *span), start, 240)
    assert (due.at, due.is_provisional) == (datetime(2027, 1, 2, 9, tzinfo=CITY), False)
    told = actions(session)[-1]
    was = {"is_workday": True, "status": "provisional"}
    assert told == ("calendar.set", {"is_workday": False, "status": "official", "was": was})


def test_an_import_respects_the_administrator(session: Session) -> None:
    """An import makes expected days official, and leaves an official day that differs, naming it."""
    kept, expected = date(2026, 3, 2), date(2026, 3, 3)
    set_day(session, kept, is_workday=False, status="official", source=NOTICE, by=ADMINISTRATOR, at=AT)
    set_day(session, expected, is_workday=False, status="provisional", source="推算", by=ADMINISTRATOR, at=AT)
    done = import_published(session, by=SYSTEM, at=AT, first_year=2026)
    assert (done.added, done.confirmed, done.kept) == (363, 1, (kept,))
    days = load(session, kept, expected)
    assert days == {kept: DayKind(False), expected: DayKind(True)}


def test_who_may_set_a_day_and_how(session: Session) -> None:
    """Only the administrator sets days, names the notice, and never makes an official day a guess again."""
    day = date(2027, 1, 1)
    officer = Actor(uuid.UUID(int=3), uuid.UUID(int=4), Role.OFFICER, "bureau")
    with pytest.raises(Forbidden, match="role_may_not"):
        set_day(session, day, is_workday=False, status="official", source=NOTICE, by=officer, at=AT)
    with pytest.raises(Invalid, match="calendar_status_unknown"):
        set_day(session, day, is_workday=False, status="maybe", source=NOTICE, by=ADMINISTRATOR, at=AT)
    for source in ("", "  ", "x" * 201):
        with pytest.raises(Invalid, match="calendar_source_missing"):
            set_day(session, day, is_workday=False, status="official", source=source, by=ADMINISTRATOR, at=AT)
    assert load(session, day, day) == {}
    set_day(session, day, is_workday=False, status="official", source=NOTICE, by=ADMINISTRATOR, at=AT)
    with pytest.raises(Conflict, match="calendar_official_stays"):
        set_day(session, day, is_workday=True, status="provisional", source=NOTICE, by=ADMINISTRATOR, at=AT)
    assert load(session, day, day) == {day: DayKind(False)}


def test_the_table_itself_refuses_nonsense(session: Session) -> None:
    """The database takes no third status and no day without its source."""
    for status, source in (("guess", NOTICE), ("official", "")):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(CalendarDay(day=date(2027, 1, 1), is_workday=True, status=status, source=source))
            session.flush()


def test_published_days_need_no_database() -> None:
    """The calculator works from the published years alone: 8,401 days, of which 2026 has 248 worked."""
    days = published_days()
    assert len(days) == 8401
    worked = [day for day, kind in days.items() if day.year == 2026 and kind.is_workday]
    assert len(worked) == 248
    assert max(days) - min(days) == timedelta(days=8400)
