"""The invented city: its communities, buildings and lifts, at the scale of the city that the scheme comes from. Pure.

The same seed gives the same city, whatever the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice, product
from random import Random

from ledger.apportion import Weights, apportion
from underwriting.estates import EstateRow

#: Plainly invented districts; each name says that it is an example.
DISTRICTS = ("示东区", "示南区", "示西区", "示北区", "样城区")

#: The community of the source document with 116 lifts in 31 buildings, under an invented name.
LARGEST = "山水示例园"

_FIRST = (
    *("青禾", "云岫", "松涛", "兰亭", "晴川", "听雨", "望舒", "知春", "枫桥"),
    *("竹溪", "荷风", "梅岭", "桂影", "柳岸", "橘洲", "杏坛", "棠梨", "芷江"),
)
_LAST = ("示例苑", "示例里", "示例庭", "样板园", "样板居", "演示湾", "演示坊", "范本台")


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the told city is. `largest` is (lifts, of them insured, buildings) of its largest community."""

    communities: int
    lifts: int
    households: int
    largest: tuple[int, int, int]
    faults: int
    claims: int
    live_faults: int


#: The scale of the source document: 143 communities, 3,067 lifts, 128,100 households.
FULL = Scale(143, 3067, 128_100, (116, 104, 31), 4450, 118, 46)

#: Just enough for every kind of thing to happen; for tests.
SMALL = Scale(12, 150, 6_200, (24, 20, 6), 240, 16, 16)


@dataclass(frozen=True, slots=True)
class PlannedCommunity:
    """A community as the register will know it, with its lifts; `insured` are the numbers that its policy covers.

    One `repairer` maintains them all, by its name.
    """

    district: str
    name: str
    rows: tuple[EstateRow, ...]
    insured: tuple[str, ...]
    repairer: str = ""


def plan_city(
    scale: Scale, year_starts_on: date, rng: Random, repairers: tuple[str, ...] = ("",)
) -> list[PlannedCommunity]:
    """Return the communities, the largest first; lifts and households add up to the scale exactly.

    The repairers take the communities in turn.
    """
    names = [LARGEST, *(first + last for last, first in islice(product(_LAST, _FIRST), scale.communities - 1))]
    lifts = _lifts_by_community(scale, rng)
    households = _households_by_community(scale, lifts)
    made: list[PlannedCommunity] = []
    row = 1
    for place, name in enumerate(names):
        buildings = scale.largest[2] if place == 0 else max(1, (lifts[place] + 1) // rng.choice((2, 2, 3, 4)))
        insured = scale.largest[1] if place == 0 else lifts[place]
        district = DISTRICTS[place % len(DISTRICTS)]
        rows = _rows(
            row, place, district, name, lifts[place], buildings, insured, households[place], year_starts_on, rng
        )
        row += len(rows)
        repairer = repairers[place % len(repairers)]
        rows = tuple(replace(each, repairer=repairer) for each in rows)
        numbers = tuple(each.lift_number for each in rows[:insured])
        made.append(PlannedCommunity(district, name, rows, numbers, repairer))
    return made


def _lifts_by_community(scale: Scale, rng: Random) -> list[int]:
    """Return each community's count of lifts: the largest's own, the others by chance, the whole as told."""
    weights = [rng.randint(6, 36) for _ in range(scale.communities - 1)]
    return [scale.largest[0], *_shared_out(scale.lifts - scale.largest[0], weights)]


def _households_by_community(scale: Scale, lifts: list[int]) -> list[int]:
    return _shared_out(scale.households, lifts)


def _shared_out(whole: int, weights: list[int]) -> list[int]:
    """Return a whole number shared out by weights, exactly: the split that the pool's own money goes by."""
    return list(apportion(whole, Weights(tuple(weights), sum(weights)), (0,) * len(weights)).parts_fen)


def _rows(
    first_row: int,
    place: int,
    district: str,
    name: str,
    lifts: int,
    buildings: int,
    insured: int,
    households: int,
    year_starts_on: date,
    rng: Random,
) -> tuple[EstateRow, ...]:
    """Return a community's lifts; those beyond `insured` were added later and are too young for the scheme."""
    built_on = year_starts_on - timedelta(days=rng.randint(6 * 365, 19 * 365))
    floors = rng.choice((11, 16, 18, 18, 24, 26, 32, 33))
    return tuple(
        EstateRow(
            row=first_row + number,
            district=district,
            community=name,
            building=f"{number % buildings + 1}栋",
            lift_number=f"SF{place + 1:03}-{number + 1:03}",
            in_service_on=(
                built_on + timedelta(days=rng.randint(0, 40))
                if number < insured
                else year_starts_on - timedelta(days=rng.randint(200, 900))
            ),
            floors=floors,
            households=households,
        )
        for number in range(lifts)
    )
