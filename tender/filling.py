"""Pure: weights, floors and caps -> shares in whole basis points that sum to 10 000 exactly (water filling).

One level, the same for all, is raised until the shares sum to the whole; a share is level x weight, held at the
member's floor or cap. The level is found exactly, among the points where a member meets a bound. Caps are floored and
floors ceiled to whole points BEFORE this: three caps of a third fill the whole exactly and still cannot be rounded (3
x 3333 = 9999).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from core.errors import Conflict, Invalid

#: The whole, in basis points.
WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Filled:
    """Shares with their working: `unrounded_bp` = level x weight, or the bound that `held` names (`cap`, `floor`)."""

    shares_bp: tuple[int, ...]
    unrounded_bp: tuple[Fraction, ...]
    held: tuple[str, ...]
    level: Fraction
    weights: tuple[Fraction, ...]
    floors_bp: tuple[int, ...]
    caps_bp: tuple[int, ...]


def whole_points(least: Fraction, most: Fraction, where: str) -> tuple[int, int]:
    """Return a floor and a cap, parts of 1, as whole basis points inside them.

    Refuses with Invalid `bounds_wrong` (where) unless 0 <= floor <= cap, also after rounding; a cap above 1 counts as
    1.

    >>> whole_points(Fraction("0.12345"), Fraction(1, 3), "D")
    (1235, 3333)
    """
    low, high = ceil(least * WHOLE_BP), min(WHOLE_BP, floor(most * WHOLE_BP))
    if not 0 <= low <= high:
        raise Invalid("bounds_wrong", where=where)
    return low, high


def fill(
    weights: Sequence[Fraction], floors_bp: Sequence[int], caps_bp: Sequence[int], order: Sequence[int] | None = None
) -> Filled:
    """Return shares in proportion to the weights, between floors and caps, that sum to 10 000.

    Left-over points of rounding go to the largest fractions; ties to who comes first in `order` (places, default as
    listed). A member of weight 0 gets its floor. Refuses with Conflict `undersubscribed` or `oversubscribed_floors`
    (gap, a part of 1; gap_bp), with Invalid `bounds_wrong` and `weight_negative` (where).

    40/30/20/10, the first held at 35 %: the others share 65 % as 30:20:10, 32.50 / 21.66… / 10.83…
    >>> fill([Fraction(w) for w in (40, 30, 20, 10)], [0] * 4, [3500, 10000, 10000, 10000]).shares_bp
    (3500, 3250, 2167, 1083)
    """
    for place, (weight, low, high) in enumerate(zip(weights, floors_bp, caps_bp, strict=True), start=1):
        if weight < 0:
            raise Invalid("weight_negative", where=place)
        if not 0 <= low <= high <= WHOLE_BP:
            raise Invalid("bounds_wrong", where=place)
    reach = [high if weight else low for weight, low, high in zip(weights, floors_bp, caps_bp, strict=True)]
    if sum(floors_bp) > WHOLE_BP:
        raise _gap("oversubscribed_floors", sum(floors_bp) - WHOLE_BP)
    if sum(reach) < WHOLE_BP:
        raise _gap("undersubscribed", WHOLE_BP - sum(reach))
    level = _level(weights, floors_bp, caps_bp)
    unrounded = tuple(_clip(level * w, low, high) for w, low, high in zip(weights, floors_bp, caps_bp, strict=True))
    held = tuple(
        "cap" if level * w > high else "floor" if level * w < low else ""
        for w, low, high in zip(weights, floors_bp, caps_bp, strict=True)
    )
    shares = _round(unrounded, order if order is not None else range(len(unrounded)))
    return Filled(shares, unrounded, held, level, tuple(weights), tuple(floors_bp), tuple(caps_bp))


def _gap(code: str, gap_bp: int) -> Conflict:
    digits = f"{gap_bp // WHOLE_BP}.{gap_bp % WHOLE_BP:04d}".rstrip("0").rstrip(".")
    return Conflict(code, gap=digits, gap_bp=gap_bp)


def _clip(value: Fraction, low: int, high: int) -> Fraction:
    return min(max(value, Fraction(low)), Fraction(high))


def _level(weights: Sequence[Fraction], floors_bp: Sequence[int], caps_bp: Sequence[int]) -> Fraction:
    members = list(zip(weights, floors_bp, caps_bp, strict=True))

    def filled(level: Fraction) -> Fraction:
        return sum((_clip(level * weight, low, high) for weight, low, high in members), Fraction(0))

    bounds = {bound / weight for weight, low, high in members if weight for bound in (Fraction(low), Fraction(high))}
    turns = sorted({Fraction(0), *bounds})
    place = bisect_left(turns, Fraction(WHOLE_BP), key=filled)
    if place == 0:
        return turns[0]
    # Between two neighbouring turns the sum is a straight line, so the level follows by proportion.
    below, above = turns[place - 1], turns[place]
    return below + (WHOLE_BP - filled(below)) * (above - below) / (filled(above) - filled(below))


def _round(unrounded: Sequence[Fraction], order: Sequence[int]) -> tuple[int, ...]:
    # Bounds are whole points, so a share with a fraction lies strictly inside them: one point more breaks no cap.
    shares = [floor(share) for share in unrounded]
    first = {place: turn for turn, place in enumerate(order)}
    by_fraction = sorted(range(len(shares)), key=lambda place: (shares[place] - unrounded[place], first[place]))
    for place in by_fraction[: WHOLE_BP - sum(shares)]:
        shares[place] += 1
    return tuple(shares)
