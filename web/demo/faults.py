"""The faults of the told year: when they were reported, answered and repaired, as lists of repairs tell them. Pure.

The figures come out as the source document gives them: nearly all answered within 30 minutes, more than 60 in a hundred
repaired within half a working day, a mean repair of about a day, none beyond three days but one, which is told as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random

from claims.fault_rows import FaultRow
from core.clock import CITY
from web.demo.telling import at

#: What fails, and how often: the word in the list, its weight, the repair that a claim is made for, its price in yuan.
KINDS: tuple[tuple[str, int, str, tuple[int, int]], ...] = (
    ("开关门异常", 28, "更换门机组件", (1_800, 5_200)),
    ("平层不准", 12, "更换编码器", (2_400, 6_800)),
    ("运行抖动、异响", 12, "更换导靴与滚轮", (1_200, 4_600)),
    ("停梯，控制柜报警", 14, "更换变频器", (9_800, 26_000)),
    ("光幕故障", 9, "更换光幕", (900, 2_400)),
    ("按钮、显示失灵", 8, "更换召唤板", (600, 2_100)),
    ("制动器动作异常", 6, "更换制动器", (5_600, 14_800)),
    ("曳引钢丝绳磨损", 4, "更换曳引钢丝绳", (8_800, 21_000)),
    ("对讲与照明故障", 5, "更换应急电源", (700, 1_900)),
    ("限速器误动作", 2, "更换限速器", (3_200, 7_600)),
)

#: How many of a hundred faults are reported in each hour of the day, doubled.
_HOURS = (2, 1, 1, 1, 1, 2, 6, 17, 18, 13, 10, 10, 10, 9, 9, 9, 11, 16, 19, 13, 9, 6, 4, 3)

#: Of a hundred: repaired within half a working day, answered late, people inside.
_QUICK, _ANSWERED_LATE, _TRAPPED = 56, 2, 3


@dataclass(frozen=True, slots=True)
class Cover:
    """A lift that is insured from one day up to, not including, another."""

    lift_number: str
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True)
class ToldFault:
    """A fault as the list of repairs will tell it, and the place of its kind in `KINDS`."""

    row: FaultRow
    kind: int
    is_quick: bool


def faults_of(covers: Sequence[Cover], count: int, rng: Random) -> list[ToldFault]:
    """Return so many faults over the covered days of all lifts, in the order of their reports; one of them is late."""
    days = list(accumulate(max(0, (cover.until_on - cover.from_on).days) for cover in covers))
    made = []
    for _ in range(count):
        place = rng.randrange(days[-1])
        cover = covers[bisect_right(days, place)]
        day = cover.until_on - timedelta(days=days[bisect_right(days, place)] - place)
        made.append(_fault(cover.lift_number, day, rng))
    made.sort(key=lambda fault: (fault.row.reported_at, fault.row.lift_number))
    late = next(number for number, fault in enumerate(made[count // 2 :], count // 2) if not fault.is_quick)
    row = made[late].row
    made[late] = replace(made[late], row=replace(row, restored_at=row.reported_at + timedelta(hours=79, minutes=20)))
    return made


def _fault(lift_number: str, day: date, rng: Random) -> ToldFault:
    """Return one fault reported on a day."""
    (hour,) = rng.choices(range(24), _HOURS)
    reported = at(day, hour, rng.randrange(60))
    kind = rng.choices(range(len(KINDS)), [each[1] for each in KINDS])[0]
    is_trapped = rng.randrange(100) < _TRAPPED
    is_late = not is_trapped and rng.randrange(100) < _ANSWERED_LATE
    answered = reported + timedelta(minutes=rng.randint(31, 70) if is_late else _minutes(2, 28, 7, rng))
    is_quick = rng.randrange(100) < _QUICK
    waits = (hour >= 19 or hour < 6) and not is_trapped and rng.randrange(2)
    if is_trapped:
        answered = reported + timedelta(minutes=rng.randint(1, 4))
        arrived = answered + timedelta(minutes=rng.randint(6, 24))
    elif waits and is_quick:
        arrived = at(day + timedelta(days=hour >= 19), 8, rng.randint(2, 50))
    else:
        arrived = answered + timedelta(minutes=rng.randint(9, 40))
    if is_quick:
        restored = arrived + timedelta(minutes=_minutes(15, 165, 60, rng))
    else:
        restored = _in_daytime(reported + timedelta(minutes=_minutes(30 * 60, 71 * 60, 69 * 60, rng)), rng)
    description = ("困人：" if is_trapped else "") + KINDS[kind][0]
    row = FaultRow(
        row=1,
        lift_number=lift_number,
        reported_at=reported,
        acknowledged_at=answered,
        arrived_at=arrived,
        restored_at=max(restored, arrived),
        description=description,
        is_trapped=is_trapped,
    )
    return ToldFault(row, kind, is_quick)


def _minutes(low: int, high: int, usual: int, rng: Random) -> int:
    """Return a number of minutes around the usual one."""
    return int(rng.triangular(low, high, usual))


def _in_daytime(instant: datetime, rng: Random) -> datetime:
    """Return an instant at which people work: what falls into a night is done in the afternoon before it."""
    local = instant.astimezone(CITY)
    if 8 <= local.hour < 20:
        return instant
    day = local.date() - timedelta(days=local.hour < 8)
    return at(day, 17, rng.randrange(60)) + timedelta(hours=rng.randint(0, 2))


def lists_of(faults: Sequence[ToldFault], handed_in: Sequence[datetime]) -> Iterator[tuple[datetime, list[ToldFault]]]:
    """Yield each list with what was repaired since the one before; rows are numbered as in a sheet, from 2."""
    done = sorted(faults, key=lambda fault: fault.row.restored_at or fault.row.reported_at)
    start = 0
    for when in handed_in:
        end = start
        while end < len(done) and (done[end].row.restored_at or when) <= when:
            end += 1
        if end > start:
            told = sorted(done[start:end], key=lambda fault: fault.row.reported_at)
            yield when, [replace(one, row=replace(one.row, row=number)) for number, one in enumerate(told, 2)]
        start = end
