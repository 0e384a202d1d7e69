"""The unified service standard, measured: each fault's clocks, and the figures of many faults. Pure.

Response and arrival run on natural minutes, day and night; half a day is working minutes; mean and longest are elapsed
days. A clock's outcome is decided by the time that counted, never by a moment on the wall: work reported at 08:00 and
done at 13:30 took 240 working minutes and is in time. Waiting (for parts, for owners) stops no clock unless the annex
names its reason; both times are kept, gross and net of all waiting.

A ratio holds only faults older than its limit: an open one among them has failed, a younger fault is not in it
yet, even if it is done (else the quick ones would be counted first). What happened after `at` has not happened
yet. A day the calendar does not hold leaves that one clock `not_known`; it is counted apart and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from claims.lengths import mean_hundredths, median_hundredths
from core.clock import CITY
from core.errors import Conflict, Invalid
from core.working_time import Days, due_after, has_passed, working_minutes_between

_NOTHING = timedelta()
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standard:
    """The annex's figures. `stops_clock_for` names the reasons of waiting that stop the clocks of repair."""

    response_min: int = 30
    arrival_min: int = 30
    arrival_outside_min: int = 60
    half_day_min: int = 240
    half_day_ratio_bp: int = 6000
    longest_days: int = 3
    stops_clock_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wait:
    """A time in which the repair waited, and for what; without an end it waits still."""

    reason: str
    from_at: datetime
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FaultTimes:
    """What happened to a fault, by server times; an end before its start is refused (`fault_times_disordered`)."""

    fault: str
    reported_at: datetime
    acknowledged_at: datetime | None = None
    arrived_at: datetime | None = None
    repaired_at: datetime | None = None
    is_trapped: bool = False
    is_built_up: bool = True
    waits: tuple[Wait, ...] = ()

    def __post_init__(self) -> None:
        """Refuse times out of order."""
        later = (self.acknowledged_at, self.arrived_at, self.repaired_at)
        is_ordered = all(instant is None or instant >= self.reported_at for instant in later)
        if self.arrived_at and self.repaired_at and self.repaired_at < self.arrived_at:
            is_ordered = False
        if any(wait.until_at is not None and wait.until_at < wait.from_at for wait in self.waits):
            is_ordered = False
        if not is_ordered:
            raise Invalid("fault_times_disordered", fault=self.fault)


class State(StrEnum):
    """What a clock says at an instant. `late` is done after the limit, `breached` is past it and not done."""

    ON_TIME = "on_time"
    LATE = "late"
    RUNNING = "running"
    BREACHED = "breached"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of one fault at an instant.

    `due_at` is None where a wait that stops this clock is still open, or where the calendar ends first (`unknown_day`).
    `gross` and `net` (of all waiting) run to `done_at`, or to the instant asked about; working time for `half_day`.
    `has_aged` says whether the fault is older than the limit, and so in the ratio; None where that is not known.
    """

    measure: str
    limit_min: int
    due_at: datetime | None
    done_at: datetime | None
    state: State
    gross: timedelta | None
    net: timedelta | None
    has_aged: bool | None
    is_provisional: bool
    unknown_day: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many of `n` faults met a limit; `open_failed` of the rest are open, `not_yet` others too young for `n`."""

    met: int = 0
    n: int = 0
    open_failed: int = 0
    not_yet: int = 0
    not_known: int = 0

    @property
    def bp(self) -> int | None:
        """Return the ratio in basis points, half up; None where n is 0, for nothing of nothing is no ratio."""
        return (20_000 * self.met + self.n) // (2 * self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Longest:
    """The fault that took longest, or is taking longest while still open."""

    fault: str
    elapsed: timedelta
    is_open: bool

    @property
    def days_hundredths(self) -> int:
        """Return its length in hundredths of a day, rounded up: what is over a limit never reads as the limit.

        >>> Longest("F1", timedelta(days=3, minutes=7), True).days_hundredths
        301
        """
        return -(-100 * self.elapsed // _ONE_DAY)


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of many faults at an instant. Means are hundredths of a day over the `closed` faults, half up."""

    at: datetime
    closed: int
    open: int
    response: Ratio
    arrival: Ratio
    half_day: Ratio
    within_longest: Ratio
    mean_days_hundredths: int | None
    mean_net_days_hundredths: int | None
    median_days_hundredths: int | None
    longest: Longest | None
    is_provisional: bool
    unknown_days: tuple[str, ...] = ()

    def verdicts(self, standard: Standard) -> dict[str, bool | None]:
        """Return measure -> whether the standard is met; None where no fault is old enough to say."""
        half_day = None
        if self.half_day.n:
            half_day = 10_000 * self.half_day.met >= standard.half_day_ratio_bp * self.half_day.n
        every = {"response": self.response, "arrival": self.arrival, "longest": self.within_longest}
        return {"half_day": half_day, **{name: r.met == r.n if r.n else None for name, r in every.items()}}


class _Time(Protocol):
    """A way of counting time: natural or working."""

    def length(self, start: datetime, end: datetime) -> tuple[timedelta, bool]: ...
    def has_passed(self, start: datetime, end: datetime, length: timedelta) -> bool: ...
    def due(self, start: datetime, length: timedelta) -> tuple[datetime, bool]: ...


class _Natural:
    """Time as it passes."""

    def length(self, start: datetime, end: datetime) -> tuple[timedelta, bool]:
        return end.astimezone(UTC) - start.astimezone(UTC), False

    def has_passed(self, start: datetime, end: datetime, length: timedelta) -> bool:
        return self.length(start, end)[0] > length

    def due(self, start: datetime, length: timedelta) -> tuple[datetime, bool]:
        return (start.astimezone(UTC) + length).astimezone(CITY), False


@dataclass(frozen=True, slots=True)
class _Working:
    """Time as it is worked."""

    days: Days

    def length(self, start: datetime, end: datetime) -> tuple[timedelta, bool]:
        span = working_minutes_between(self.days, start, end)
        return span.length, span.is_provisional

    def has_passed(self, start: datetime, end: datetime, length: timedelta) -> bool:
        return has_passed(self.days, start, end, length)

    def due(self, start: datetime, length: timedelta) -> tuple[datetime, bool]:
        due = due_after(self.days, start, length)
        return due.at, due.is_provisional


def _stretches(
    start: datetime, waits: Iterable[Wait], end: datetime | None
) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield the stretches from `start` to `end` (or without end) in which nothing was waited for, in order."""
    for wait in sorted(waits, key=lambda wait: wait.from_at):
        if end is not None and wait.from_at >= end:
            break
        if wait.from_at > start:
            yield start, wait.from_at
        if wait.until_at is None:
            return
        start = max(start, wait.until_at)
    if end is None or start < end:
        yield start, end


def _length(time: _Time, start: datetime, waits: Iterable[Wait], end: datetime) -> tuple[timedelta, bool]:
    """Return the time that counted from `start` to `end`, and whether a provisional day was used."""
    total, is_provisional = _NOTHING, False
    for from_at, until_at in _stretches(start, waits, end):
        length, expected = time.length(from_at, until_at or end)
        total += length
        is_provisional = is_provisional or expected
    return total, is_provisional


def _has_passed(time: _Time, start: datetime, waits: Iterable[Wait], end: datetime, limit: timedelta) -> bool:
    """Say whether more than the limit has counted from `start` to `end`; asks for no day after that is settled."""
    left = limit
    for from_at, until_at in _stretches(start, waits, end):
        if time.has_passed(from_at, until_at or end, left):
            return True
        left -= time.length(from_at, until_at or end)[0]
    return False


def _due(time: _Time, start: datetime, waits: Iterable[Wait], limit: timedelta) -> tuple[datetime | None, bool]:
    """Return when the limit will have counted; None where an open wait stops the clock before."""
    left, is_provisional = limit, False
    for from_at, until_at in _stretches(start, waits, None):
        length, expected = time.length(from_at, until_at) if until_at is not None else (left, False)
        is_provisional = is_provisional or expected
        if length >= left:
            at, expected = time.due(from_at, left)
            return at, is_provisional or expected
        left -= length
    return None, is_provisional


@dataclass(frozen=True, slots=True)
class _Question:
    """One clock to be read: which time, from when, how long, what stops it, when done, as of when."""

    measure: str
    time: _Time
    start: datetime
    limit_min: int
    done_at: datetime | None
    at: datetime
    waits: tuple[Wait, ...] = ()
    stops: frozenset[str] = field(default=frozenset())

    def answer(self) -> Clock:
        """Return the clock as it stands; what the calendar does not hold stays open and names the day."""
        limit = timedelta(minutes=self.limit_min)
        stopping = [wait for wait in self.waits if wait.reason in self.stops]
        end = self.done_at or self.at
        due, gross, net = None, None, None
        state, has_aged, is_provisional, unknown = State.NOT_KNOWN, None, False, ""
        try:
            has_failed = _has_passed(self.time, self.start, stopping, end, limit)
            states = (State.ON_TIME, State.LATE) if self.done_at else (State.RUNNING, State.BREACHED)
            state = states[has_failed]
            has_aged = has_failed or _has_passed(self.time, self.start, stopping, self.at, limit)
            due, is_provisional = _due(self.time, self.start, stopping, limit)
            gross, expected = _length(self.time, self.start, (), end)
            net = _length(self.time, self.start, self.waits, end)[0]
            is_provisional = is_provisional or expected
        except Conflict as refused:
            unknown = str(refused.facts["day"])
        return Clock(
            self.measure, self.limit_min, due, self.done_at, state, gross, net, has_aged, is_provisional, unknown
        )


def clocks(fault: FaultTimes, standard: Standard, days: Days, at: datetime) -> dict[str, Clock]:
    """Return measure -> clock of a fault as of `at`: response, half_day, longest, and arrival where someone is trapped.

    Reported on a Monday at 10:30 and repaired at 16:30, it took 90 minutes before noon and 150 after: 240, in time.

    >>> from datetime import date
    >>> from core.working_time import DayKind
    >>> fault = FaultTimes("F1", datetime(2026, 1, 5, 10, 30, tzinfo=CITY),
    ...                    repaired_at=datetime(2026, 1, 5, 16, 30, tzinfo=CITY))
    >>> read = clocks(fault, Standard(), {date(2026, 1, 5): DayKind(True)}, datetime(2026, 1, 5, 17, tzinfo=CITY))
    >>> read["half_day"].state.value, read["response"].state.value, str(read["half_day"].gross)
    ('on_time', 'breached', '4:00:00')
    """

    def happened(instant: datetime | None) -> datetime | None:
        return instant if instant is not None and instant <= at else None

    if at < fault.reported_at:
        raise Invalid("fault_not_yet_reported", fault=fault.fault)
    start, natural = fault.reported_at, _Natural()
    repaired_at = happened(fault.repaired_at)
    waits = tuple(wait for wait in fault.waits if wait.from_at <= at)
    questions = [
        _Question("response", natural, start, standard.response_min, happened(fault.acknowledged_at), at),
        _Question(
            "half_day", _Working(days), start, standard.half_day_min, repaired_at, at, waits, standard.stops_clock_for
        ),
        _Question(
            "longest", natural, start, standard.longest_days * 1440, repaired_at, at, waits, standard.stops_clock_for
        ),
    ]
    if fault.is_trapped:
        limit_min = standard.arrival_min if fault.is_built_up else standard.arrival_outside_min
        questions.append(_Question("arrival", natural, start, limit_min, happened(fault.arrived_at), at))
    return {question.measure: question.answer() for question in questions}


def ratio_of(read: Iterable[Clock]) -> Ratio:
    """Return the ratio of clocks that met their limit, among those of faults older than it."""
    met = n = open_failed = not_yet = not_known = 0
    for clock in read:
        if clock.has_aged:
            n += 1
            met += clock.state is State.ON_TIME
            open_failed += clock.state is State.BREACHED
        elif clock.has_aged is None:
            not_known += 1
        else:
            not_yet += 1
    return Ratio(met, n, open_failed, not_yet, not_known)


def measure(faults: Iterable[FaultTimes], standard: Standard, days: Days, at: datetime) -> Measured:
    """Return the figures of these faults as of `at`; one reported later is not among them."""
    told = [fault for fault in faults if fault.reported_at <= at]
    read = [clocks(fault, standard, days, at) for fault in told]
    whole = [clock["longest"] for clock in read]
    elapsed = [clock.gross for clock in whole if clock.done_at and clock.gross is not None]
    net = [clock.net for clock in whole if clock.done_at and clock.net is not None]
    ages = [
        Longest(fault.fault, clock.gross or _NOTHING, clock.done_at is None)
        for fault, clock in zip(told, whole, strict=True)
    ]
    every = [clock for one in read for clock in one.values()]
    return Measured(
        at=at,
        closed=len(elapsed),
        open=len(told) - len(elapsed),
        response=ratio_of(one["response"] for one in read),
        arrival=ratio_of(one["arrival"] for one in read if "arrival" in one),
        half_day=ratio_of(one["half_day"] for one in read),
        within_longest=ratio_of(whole),
        mean_days_hundredths=mean_hundredths(elapsed),
        mean_net_days_hundredths=mean_hundredths(net),
        median_days_hundredths=median_hundredths(elapsed),
        longest=max(ages, key=lambda age: age.elapsed, default=None),
        is_provisional=any(clock.is_provisional for clock in every),
        unknown_days=tuple(sorted({clock.unknown_day for clock in every if clock.unknown_day})),
    )


def standard_of(annex: Mapping[str, object]) -> Standard:
    """Return the standard that an annex's JSON object describes; a figure left out keeps its usual value.

    Refuses with Invalid `service_standard_wrong` (field) what is unknown, no whole number, or below one.
    """
    figures = {name: figure for name, figure in annex.items() if name != "stops_clock_for"}
    for name, figure in figures.items():
        known = name in Standard.__dataclass_fields__
        if not known or not isinstance(figure, int) or isinstance(figure, bool) or not 1 <= figure <= 10**6:
            raise Invalid("service_standard_wrong", field=name)
    reasons = annex.get("stops_clock_for", [])
    if not isinstance(reasons, list) or not all(isinstance(reason, str) for reason in reasons):
        raise Invalid("service_standard_wrong", field="stops_clock_for")
    return Standard(**figures, stops_clock_for=frozenset(reasons))  # type: ignore[arg-type]
