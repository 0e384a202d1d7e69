"""How the story is told: acts in the order of their instants, several in one unit of work, none that lies ahead.

An act is a function that calls the verbs; what it is told to do later it puts in the queue itself. What would happen
after `now` has not happened yet and is never played.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import clock
from core.clock import CITY
from core.db import unit_of_work
from core.papers import Store
from core.permits import SYSTEM
from core.server import Urls
from core.settings import Settings
from core.working_time import Days, add_workdays, is_workday
from web.demo.city import Scale

#: How many acts share one transaction.
BATCH = 50

Act = Callable[[Session, datetime], None]
Solo = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the year: `2026Q1`, its first and its last day."""

    label: str
    starts_on: date
    ends_on: date


def quarters_until(today: date) -> tuple[Quarter, ...]:
    """Return three whole quarters and the one that a day lies in, which is still open.

    >>> [quarter.label for quarter in quarters_until(date(2026, 11, 23))]
    ['2026Q1', '2026Q2', '2026Q3', '2026Q4']
    """
    last = today.year * 4 + (today.month - 1) // 3
    return tuple(_quarter(number) for number in range(last - 3, last + 1))


def _quarter(number: int) -> Quarter:
    year, place = divmod(number, 4)
    after = date((number + 1) // 4, (number + 1) % 4 * 3 + 1, 1)
    return Quarter(f"{year}Q{place + 1}", date(year, place * 3 + 1, 1), after - timedelta(days=1))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return an instant of a city's day."""
    return datetime.combine(day, time(hour, minute), CITY).astimezone(UTC)


@dataclass
class Telling:
    """The story under way: where it is written, what is known of the days, and the acts still to come."""

    engine: Engine
    place: Urls
    store: Store
    receipt_key: Ed25519PrivateKey
    log_key: Ed25519PrivateKey
    settings: Settings
    now: datetime
    scale: Scale
    rng: Random
    say: Callable[[str], None]
    days: Days = field(default_factory=dict)
    _queue: list[tuple[datetime, int, Act | None, Solo | None]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """Return the four quarters of the told year; the last is open."""
        return quarters_until(clock.on(self.now))

    @property
    def year_starts_on(self) -> date:
        """Return the first day of the told policy year."""
        return self.quarters[0].starts_on

    @property
    def year_ends_on(self) -> date:
        """Return the day after the told policy year, which no longer belongs to it."""
        first = self.year_starts_on
        return first.replace(year=first.year + 1)

    def workday(self, day: date) -> date:
        """Return this day or the first working day after it."""
        while not is_workday(self.days, day):
            day += timedelta(days=1)
        return day

    def workday_before(self, day: date) -> date:
        """Return the last working day before this day."""
        return add_workdays(self.days, day, -1).on

    def plan(self, when: datetime, act: Act) -> None:
        """Put an act into the queue; it gets a session that it shares with its neighbours."""
        heapq.heappush(self._queue, (when, next(self._numbers), act, None))

    def plan_solo(self, when: datetime, act: Solo) -> None:
        """Put an act into the queue that opens its own units of work; all before it is committed by then."""
        heapq.heappush(self._queue, (when, next(self._numbers), None, act))

    def play(self) -> int:
        """Play every act whose instant has come, in order; return how many."""
        played, month = 0, ""
        while self._queue and self._queue[0][0] <= self.now:
            when, _, _, solo = self._queue[0]
            if (begun := f"{when.astimezone(CITY):%Y-%m}") != month:
                month = begun
                self.say(f"{month}：已办 {played} 项 acts so far")
            if solo is not None:
                heapq.heappop(self._queue)
                solo(when)
                played += 1
            else:
                with unit_of_work(self.engine, SYSTEM) as session:
                    played += self._play_batch(session)
        return played

    def _play_batch(self, session: Session) -> int:
        """Play acts that share one transaction, up to the next one that wants its own."""
        for played in range(BATCH):
            if not self._queue or self._queue[0][0] > self.now:
                return played
            when, _, act, _ = self._queue[0]
            if act is None:
                return played
            heapq.heappop(self._queue)
            act(session, when)
        return BATCH
