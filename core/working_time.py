"""Working days and working minutes in the city, and the clocks that run on them. Pure.

A working day has two windows, 08:00-12:00 and 14:00-18:00, city time; no minute outside them is counted, and
no day is guessed: a day that the calendar does not hold is refused with Conflict `calendar_not_known` (day).
What was computed with a provisional day says so. Instants are aware; what comes back is in city time. Spans
are exact to the microsecond, so a limit is compared with a span, never with its whole minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from core.clock import CITY
from core.errors import Conflict, Invalid

#: The working windows of a working day, city time.
WINDOWS: tuple[tuple[time, time], ...] = ((time(8), time(12)), (time(14), time(18)))
#: More minutes than any calendar holds; keeps a mistyped figure from running for ever.
MINUTES_MAX = 10_000_000

_ONE_DAY = timedelta(days=1)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class DayKind:
    """Whether a day is worked, and whether that is only expected (provisional) or announced."""

    is_workday: bool
    is_provisional: bool = False


#: What is known of days; a day that is not in it is not known.
Days = Mapping[date, DayKind]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of working time inside one window of one day."""

    from_at: datetime
    until_at: datetime

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.until_at.astimezone(UTC) - self.from_at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """When a working clock runs out, by which segments, and whether a provisional day was used."""

    at: datetime
    is_provisional: bool
    segments: tuple[Segment, ...]
    skipped_days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class WorkingSpan:
    """The working time between two instants."""

    length: timedelta
    is_provisional: bool
    segments: tuple[Segment, ...]

    @property
    def minutes(self) -> int:
        """Return the whole minutes, for people to read; compare `length` with a limit, not this."""
        return self.length // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Workday:
    """A day that was counted to, and whether a provisional day was used on the way."""

    on: date
    is_provisional: bool


def _kind(days: Days, day: date) -> DayKind:
    """Return what is known of a day; Conflict `calendar_not_known` where nothing is."""
    kind = days.get(day)
    if kind is None:
        raise Conflict("calendar_not_known", day=day.isoformat())
    return kind


def _aware(instant: datetime) -> datetime:
    """Return the instant in city time; refuse one without a zone."""
    if instant.tzinfo is None:
        raise Invalid("time_without_zone", time=instant.isoformat())
    try:
        return instant.astimezone(CITY)
    except OverflowError:
        raise Conflict("calendar_not_known", day=instant.date().isoformat()) from None


def _minutes(minutes: int) -> timedelta:
    """Return a length in minutes; refuse one below nothing or beyond reason."""
    if not 0 <= minutes <= MINUTES_MAX:
        raise Invalid("minutes_out_of_range", minutes=minutes, most=MINUTES_MAX)
    return timedelta(minutes=minutes)


def _segments(days: Days, start: datetime, until: datetime | None) -> Iterator[tuple[date, DayKind, list[Segment]]]:
    """Yield each day from `start` (up to `until`, where told), its kind and the working time left in it."""
    day = start.date()
    while until is None or datetime.combine(day, time(0), CITY) < until:
        kind = _kind(days, day)
        found = []
        for opens, closes in WINDOWS if kind.is_workday else ():
            from_at = max(start, datetime.combine(day, opens, CITY))
            until_at = datetime.combine(day, closes, CITY)
            if until is not None:
                until_at = min(until, until_at)
            if from_at < until_at:
                found.append(Segment(from_at, until_at))
        yield day, kind, found
        day += _ONE_DAY


def is_workday(days: Days, day: date) -> bool:
    """Say whether a day is worked. Refuses `calendar_not_known`.

    >>> is_workday({date(2026, 1, 4): DayKind(True)}, date(2026, 1, 4))
    True
    """
    return _kind(days, day).is_workday


def due_at(days: Days, start: datetime, working_minutes: int) -> Due:
    """Return the first instant by which so many working minutes have passed since `start`.

    Refuses `calendar_not_known`, `minutes_out_of_range`, `time_without_zone`. On a working Monday two hours
    of work begun at 11:00 are done at 15:00, for 12:00 to 14:00 is not worked:

    >>> monday = {date(2026, 1, 5): DayKind(True)}
    >>> due_at(monday, datetime(2026, 1, 5, 11, tzinfo=CITY), 120).at.isoformat()
    '2026-01-05T15:00:00+08:00'
    """
    return due_after(days, start, _minutes(working_minutes))


def due_after(days: Days, start: datetime, length: timedelta) -> Due:
    """Return the first instant by which this much working time has passed since `start`; see `due_at`."""
    start = _aware(start)
    if not length:
        return Due(start, False, (), ())
    left, is_provisional = length, False
    taken: list[Segment] = []
    skipped: list[date] = []
    for day, kind, segments in _segments(days, start, None):
        is_provisional = is_provisional or kind.is_provisional
        if not kind.is_workday:
            skipped.append(day)
        for segment in segments:
            if segment.length >= left:
                end = (segment.from_at.astimezone(UTC) + left).astimezone(CITY)
                return Due(end, is_provisional, (*taken, Segment(segment.from_at, end)), tuple(skipped))
            taken.append(segment)
            left -= segment.length
    raise AssertionError("days run out only by refusing")


def working_minutes_between(days: Days, start: datetime, end: datetime) -> WorkingSpan:
    """Return the working time from `start` to `end`.

    Refuses `calendar_not_known` for any day touched, `end_before_start`, `time_without_zone`.

    >>> monday = {date(2026, 1, 5): DayKind(True)}
    >>> span = working_minutes_between(
    ...     monday, datetime(2026, 1, 5, 11, tzinfo=CITY), datetime(2026, 1, 5, 15, tzinfo=CITY))
    >>> span.minutes
    120
    """
    start, end = _ordered(start, end)
    length, is_provisional = timedelta(), False
    taken: list[Segment] = []
    if start < end:
        for _, kind, segments in _segments(days, start, end):
            is_provisional = is_provisional or kind.is_provisional
            taken += segments
            length = sum((segment.length for segment in segments), length)
    return WorkingSpan(length, is_provisional, tuple(taken))


def has_passed(days: Days, start: datetime, end: datetime, length: timedelta) -> bool:
    """Say whether more working time than `length` lies between `start` and `end`.

    Stops at the first day that settles it, so a clock that ran out long ago asks for no day after that.
    """
    start, end = _ordered(start, end)
    if start == end:
        return False
    left = length
    for _, _, segments in _segments(days, start, end):
        left -= sum((segment.length for segment in segments), timedelta())
        if left < timedelta():
            return True
    return False


def _ordered(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return both instants in city time; refuse an end before its start."""
    start, end = _aware(start), _aware(end)
    if end < start:
        raise Invalid("end_before_start", start=start.isoformat(), end=end.isoformat())
    return start, end


def add_workdays(days: Days, day: date, count: int) -> Workday:
    """Return the day `count` working days after `day`, which itself is not counted.

    A negative count goes back. Refuses `calendar_not_known` for any day counted over.

    >>> week = {date(2026, 1, n): DayKind(n not in (10, 11)) for n in range(8, 14)}
    >>> add_workdays(week, date(2026, 1, 9), 2).on
    datetime.date(2026, 1, 13)
    """
    step = _ONE_DAY if count > 0 else -_ONE_DAY
    left, is_provisional = abs(count), False
    while left:
        day += step
        kind = _kind(days, day)
        is_provisional = is_provisional or kind.is_provisional
        left -= kind.is_workday
    return Workday(day, is_provisional)


def workdays_between(days: Days, first: date, last: date) -> int:
    """Return how many working days lie after `first` up to and including `last`; what `add_workdays` undoes.

    >>> week = {date(2026, 1, n): DayKind(n not in (10, 11)) for n in range(8, 14)}
    >>> workdays_between(week, date(2026, 1, 9), date(2026, 1, 13))
    2
    """
    if last < first:
        raise Invalid("end_before_start", start=first.isoformat(), end=last.isoformat())
    return sum(_kind(days, first + n * _ONE_DAY).is_workday for n in range(1, (last - first).days + 1))


def parse_instant(text: str) -> datetime:
    """Return the instant that `2026-02-13T16:00` names, in city time unless a zone is written.

    Refuses `time_unreadable`.

    >>> parse_instant("2026-02-13T16:00Z").isoformat()
    '2026-02-13T16:00:00+00:00'
    """
    if not _INSTANT.fullmatch(text):
        raise Invalid("time_unreadable", text=text[:40])
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("time_unreadable", text=text[:40]) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=CITY)


def clock_working(days: Days, start_text: str, working_minutes: int) -> dict[str, object]:
    """Return a working clock with its working shown, as plain values for the calculator's page and command.

    >>> clock_working({date(2026, 1, 5): DayKind(True)}, "2026-01-05T11:00", 120)["segments"]
    [{'from': '2026-01-05T11:00+08:00', 'until': '2026-01-05T12:00+08:00', 'minutes': 60},
     {'from': '2026-01-05T14:00+08:00', 'until': '2026-01-05T15:00+08:00', 'minutes': 60}]
    """
    start = parse_instant(start_text)
    due = due_at(days, start, working_minutes)
    return {
        "start": _shown(_aware(start)),
        "minutes": working_minutes,
        "due": _shown(due.at),
        "is_provisional": due.is_provisional,
        "windows": [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in WINDOWS],
        "segments": [
            {"from": _shown(s.from_at), "until": _shown(s.until_at), "minutes": _minutes_of(s.length)}
            for s in due.segments
        ],
        "skipped_days": [day.isoformat() for day in due.skipped_days],
    }


def _minutes_of(length: timedelta) -> int | str:
    """Return a length in minutes: a number where it is whole, `59:30` where seconds are left."""
    minutes, rest = divmod(length, timedelta(minutes=1))
    return minutes if not rest else f"{minutes}:{rest.seconds:02}"


def _shown(instant: datetime) -> str:
    """Return an instant to the minute, or to the second where it has any."""
    exact = instant.second or instant.microsecond
    return instant.isoformat() if exact else instant.isoformat(timespec="minutes")
