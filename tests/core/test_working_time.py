"""Working days and minutes: the hand-worked table of 2026, and what must hold for any calendar."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import published_days
from core.clock import CITY
from core.errors import Conflict, Invalid
from core.working_time import (
    MINUTES_MAX,
    WINDOWS,
    DayKind,
    add_workdays,
    clock_working,
    due_after,
    due_at,
    has_passed,
    is_workday,
    parse_instant,
    workdays_between,
    working_minutes_between,
)

DAYS = published_days(2025, 2026)
HALF_DAY = 240


def city(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-01-04T08:00", "2026-01-04T12:00"),
        ("2026-01-05T10:30", "2026-01-05T16:30"),
        ("2026-01-05T13:00", "2026-01-05T18:00"),
        ("2026-02-13T16:00", "2026-02-14T10:00"),
        ("2026-02-14T16:00", "2026-02-24T10:00"),
        ("2026-02-15T09:00", "2026-02-24T12:00"),
        ("2026-02-28T17:30", "2026-03-02T11:30"),
        ("2026-09-30T17:00", "2026-10-08T11:00"),
        ("2026-10-09T18:00", "2026-10-10T12:00"),
    ],
)
def test_half_a_working_day_ends_where_the_table_says(start: str, due: str) -> None:
    """Half a working day is 240 minutes in 08:00-12:00 and 14:00-18:00, over holidays and make-up days."""
    assert due_at(DAYS, city(start), HALF_DAY).at == city(due)
    assert clock_working(DAYS, start, HALF_DAY)["due"] == due + "+08:00"


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [("2026-09-28", 7, "2026-10-13"), ("2026-02-10", 5, "2026-02-24"), ("2026-04-30", 2, "2026-05-07")],
)
def test_working_days_are_counted_from_the_day_after(day: str, count: int, then: str) -> None:
    """Working days: the day itself is not counted, make-up days are, holidays are not."""
    found = add_workdays(DAYS, date.fromisoformat(day), count)
    assert (found.on, found.is_provisional) == (date.fromisoformat(then), False)
    assert workdays_between(DAYS, date.fromisoformat(day), found.on) == count


def test_the_make_up_days_of_2026_are_worked() -> None:
    """Six weekend days of 2026 are worked in exchange for holidays."""
    weekend_worked = [d for d, kind in DAYS.items() if d.year == 2026 and d.weekday() >= 5 and kind.is_workday]
    assert [f"{day:%m-%d}" for day in weekend_worked] == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def test_a_day_that_no_notice_names_is_refused_and_named() -> None:
    """A clock that would run into 2027 is refused, naming the first day that is not known."""
    with pytest.raises(Conflict) as refused:
        due_at(DAYS, city("2026-12-31T15:00"), HALF_DAY)
    assert (refused.value.code, refused.value.facts) == ("calendar_not_known", {"day": "2027-01-01"})
    assert due_at(DAYS, city("2026-12-31T15:00"), 180).at == city("2026-12-31T18:00")
    for ask in (
        lambda: is_workday(DAYS, date(2027, 1, 1)),
        lambda: add_workdays(DAYS, date(2026, 12, 31), 1),
        lambda: workdays_between(DAYS, date(2026, 12, 31), date(2027, 1, 1)),
        lambda: working_minutes_between(DAYS, city("2026-12-31T15:00"), city("2027-01-01T00:01")),
        lambda: due_at(DAYS, datetime.max.replace(tzinfo=UTC), 1),
    ):
        with pytest.raises(Conflict, match="calendar_not_known"):
            ask()


def test_a_span_up_to_midnight_asks_nothing_of_the_next_day() -> None:
    """Midnight belongs to the day that begins; a span that ends there has not touched it."""
    span = working_minutes_between(DAYS, city("2026-12-31T15:00"), city("2027-01-01T00:00"))
    assert span.minutes == 180


def test_what_rests_on_an_expected_day_says_so() -> None:
    """A clock over a provisional day is computed and marked; one that ends before it is not."""
    days = {**DAYS, date(2027, 1, 1): DayKind(False, True), date(2027, 1, 2): DayKind(True, True)}
    due = due_at(days, city("2026-12-31T15:00"), HALF_DAY)
    assert (due.at, due.is_provisional, due.skipped_days) == (city("2027-01-02T09:00"), True, (date(2027, 1, 1),))
    assert not due_at(days, city("2026-12-31T15:00"), 180).is_provisional
    assert add_workdays(days, date(2026, 12, 31), 1).is_provisional
    assert working_minutes_between(days, city("2026-12-31T15:00"), city("2027-01-01T00:01")).is_provisional


def test_a_working_clock_waits_for_the_morning() -> None:
    """A fault at 23:50 starts its working clock the next working morning."""
    assert due_at(DAYS, city("2026-01-05T23:50"), HALF_DAY).at == city("2026-01-06T12:00")


def test_the_calculator_shows_its_working() -> None:
    """The calculator names start, due, each stretch of work and the days skipped."""
    assert clock_working(DAYS, "2026-02-14T16:00", HALF_DAY) == {
        "start": "2026-02-14T16:00+08:00",
        "minutes": 240,
        "due": "2026-02-24T10:00+08:00",
        "is_provisional": False,
        "windows": ["08:00-12:00", "14:00-18:00"],
        "segments": [
            {"from": "2026-02-14T16:00+08:00", "until": "2026-02-14T18:00+08:00", "minutes": 120},
            {"from": "2026-02-24T08:00+08:00", "until": "2026-02-24T10:00+08:00", "minutes": 120},
        ],
        "skipped_days": [f"2026-02-{day}" for day in range(15, 24)],
    }
    split = clock_working(DAYS, "2026-01-05T11:00:30", 60)
    assert [s["minutes"] for s in split["segments"]] == ["59:30", "0:30"]  # type: ignore[attr-defined]
    assert split["due"] == "2026-01-05T14:00:30+08:00"


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30T10:00", "2026-2-3T1:00", "2026-02-13", "２０２６-02-13T16:00", "2026-02-13T16:00+25:00",
     "2026-02-13T24:01", "=1+1", "2026-02-13T16:00 x"],
)  # fmt: skip
def test_an_unreadable_time_is_refused(text: str) -> None:
    """A time is written 2026-02-13T16:00, in plain digits, and exists."""
    with pytest.raises(Invalid, match="time_unreadable"):
        parse_instant(text)


def test_times_without_zone_and_silly_lengths_are_refused() -> None:
    """A clock needs an instant with a zone, a length of zero or more, and an end after its start."""
    with pytest.raises(Invalid, match="time_without_zone"):
        due_at(DAYS, datetime(2026, 1, 5, 8), 1)  # noqa: DTZ001
    for minutes in (-1, MINUTES_MAX + 1):
        with pytest.raises(Invalid, match="minutes_out_of_range"):
            due_at(DAYS, city("2026-01-05T08:00"), minutes)
    with pytest.raises(Invalid, match="end_before_start"):
        working_minutes_between(DAYS, city("2026-01-05T09:00"), city("2026-01-05T08:00"))
    with pytest.raises(Invalid, match="end_before_start"):
        workdays_between(DAYS, date(2026, 1, 5), date(2026, 1, 4))
    assert due_at({}, city("2026-01-05T08:00"), 0).at == city("2026-01-05T08:00")
    assert working_minutes_between({}, city("2026-01-05T08:00"), city("2026-01-05T08:00")).minutes == 0


def test_lunch_is_not_late() -> None:
    """A repair done at 13:30 after a start at 08:00 took 240 working minutes, not more."""
    start, end = city("2026-01-05T08:00"), city("2026-01-05T13:30")
    assert working_minutes_between(DAYS, start, end).length == timedelta(minutes=240)
    assert not has_passed(DAYS, start, end, timedelta(minutes=240))
    assert has_passed(DAYS, start, city("2026-01-05T14:00:01"), timedelta(minutes=240))
    assert has_passed(DAYS, city("2026-12-01T08:00"), city("2030-01-01T00:00"), timedelta(minutes=240))


instants = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30)).map(lambda t: t.replace(tzinfo=CITY))  # noqa: DTZ001


@given(instants, st.integers(0, 3000))
@settings(max_examples=150, deadline=None)
def test_the_time_until_due_is_the_time_asked_for(start: datetime, minutes: int) -> None:
    """From a start to its due time lie exactly the minutes asked for, and a moment earlier lie fewer."""
    due = due_at(DAYS, start, minutes)
    assert working_minutes_between(DAYS, start, due.at).length == timedelta(minutes=minutes)
    assert sum((s.length for s in due.segments), timedelta()) == timedelta(minutes=minutes)
    assert not has_passed(DAYS, start, due.at, timedelta(minutes=minutes))
    if minutes:
        before = due.at - timedelta(microseconds=1)
        assert working_minutes_between(DAYS, start, before).length < timedelta(minutes=minutes)


@given(instants, st.timedeltas(timedelta(), timedelta(days=15)), st.timedeltas(timedelta(), timedelta(days=15)))
@settings(max_examples=100, deadline=None)
def test_working_time_adds_up(start: datetime, first: timedelta, second: timedelta) -> None:
    """The working time of two stretches that meet is the sum of theirs, and agrees with a count by minutes' windows."""
    middle = (start.astimezone(UTC) + first).astimezone(CITY)
    end = (middle.astimezone(UTC) + second).astimezone(CITY)
    whole = working_minutes_between(DAYS, start, end).length
    parts = [working_minutes_between(DAYS, start, middle).length, working_minutes_between(DAYS, middle, end).length]
    assert whole == sum(parts, timedelta())
    assert whole == plain_count(start, end)


def plain_count(start: datetime, end: datetime) -> timedelta:
    """Count the same thing another way: every window of every day, cut to the span."""
    total, day = timedelta(), start.date()
    while day <= end.date():
        for opens, closes in WINDOWS:
            low = max(start, datetime.combine(day, opens, CITY))
            high = min(end, datetime.combine(day, closes, CITY))
            if DAYS[day].is_workday and low < high:
                total += high - low
        day += timedelta(days=1)
    return total


@given(st.sampled_from(sorted(zoneinfo.available_timezones())), instants)
@settings(max_examples=150, deadline=None)
def test_the_zone_a_time_is_written_in_changes_nothing(zone: str, start: datetime) -> None:
    """A clock gives the same instant whatever zone its start is written in."""
    elsewhere = start.astimezone(zoneinfo.ZoneInfo(zone))
    assert due_at(DAYS, elsewhere, HALF_DAY).at == due_at(DAYS, start, HALF_DAY).at


@given(st.dates(date(2025, 3, 1), date(2026, 10, 31)), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_counting_on_and_back_meets(day: date, count: int) -> None:
    """So many working days on from a working day and as many back is that day again."""
    if not DAYS[day].is_workday:
        day = add_workdays(DAYS, day, 1).on
    there = add_workdays(DAYS, day, count).on
    assert add_workdays(DAYS, there, -count).on == day
    assert workdays_between(DAYS, day, there) == count
    assert is_workday(DAYS, there)
    assert add_workdays(DAYS, day, 0).on == day


def test_summer_time_of_1988_moves_no_window() -> None:
    """In the years when the city had summer time a working day still had 480 minutes by its own clock."""
    days = {date(1988, 4, 16) + timedelta(days=n): DayKind(True) for n in range(3)}
    start = datetime.combine(date(1988, 4, 16), time(8), CITY)
    due = due_after(days, start, timedelta(minutes=960))
    assert (due.at.date(), due.at.time()) == (date(1988, 4, 17), time(18))
