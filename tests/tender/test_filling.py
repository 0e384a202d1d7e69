"""Water filling: what must hold for any weights, floors and caps."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from tender.filling import WHOLE_BP, Filled, fill, whole_points


def solved(weights: list[Fraction], floors: list[int], caps: list[int]) -> Filled | str:
    try:
        return fill(weights, floors, caps)
    except Conflict as refused:
        return refused.code


def check(weights: list[Fraction], floors: list[int], caps: list[int]) -> str:
    out = solved(weights, floors, caps)
    reach = sum(cap if weight else low for weight, low, cap in zip(weights, floors, caps, strict=True))
    if isinstance(out, str):
        wanted = "oversubscribed_floors" if sum(floors) > WHOLE_BP else "undersubscribed"
        assert out == wanted
        assert sum(floors) > WHOLE_BP or reach < WHOLE_BP
        return out
    assert sum(out.shares_bp) == WHOLE_BP == sum(out.unrounded_bp)
    for share, exact, low, high in zip(out.shares_bp, out.unrounded_bp, floors, caps, strict=True):
        assert low <= exact <= high
        assert low <= share <= high
        assert abs(share - exact) < 1
    for weight, exact, held in zip(weights, out.unrounded_bp, out.held, strict=True):
        assert held or exact == out.level * weight
    return "shares"


def random_case(dice: Random) -> tuple[list[Fraction], list[int], list[int]]:
    members = dice.randint(2, 8)
    weights = [Fraction(dice.randint(0 if dice.random() < 0.1 else 1, 10_000), 100) for _ in range(members)]
    floors = [dice.randint(0, 3000) if dice.random() < 0.4 else 0 for _ in range(members)]
    caps = [dice.randint(low, WHOLE_BP) if dice.random() < 0.6 else WHOLE_BP for low in floors]
    return weights, floors, caps


def run(instances: int) -> dict[str, int]:
    dice, seen = Random(20261123), {"shares": 0, "undersubscribed": 0, "oversubscribed_floors": 0}
    for _ in range(instances):
        seen[check(*random_case(dice))] += 1
    return seen


def test_random_pools_are_filled_exactly():
    """Shares sum to 100 %, no cap or floor is broken, and who is not held shares strictly by weight."""
    seen = run(2_000)
    assert min(seen.values()) > 10


@pytest.mark.slow
def test_twenty_thousand_random_pools_are_filled_exactly():
    """The same over 20,000 pools of 2 to 8 members."""
    seen = run(20_000)
    assert sum(seen.values()) == 20_000


_MEMBER = st.tuples(st.integers(1, 9999), st.integers(0, 4000), st.integers(0, 6000))


@given(members=st.lists(_MEMBER, min_size=1, max_size=6), scale=st.integers(2, 1000))
@settings(max_examples=150, deadline=None)
def test_only_the_ratio_of_weights_matters(members, scale):
    """Weights in points or in hundredths of a point give the same shares, and a heavier member never gets less."""
    weights = [Fraction(weight) for weight, _, _ in members]
    floors = [low for _, low, _ in members]
    caps = [min(WHOLE_BP, low + room) for _, low, room in members]
    out = solved(weights, floors, caps)
    scaled = solved([weight * scale for weight in weights], floors, caps)
    if isinstance(out, str) or isinstance(scaled, str):
        assert out == scaled
        return
    assert out.shares_bp == scaled.shares_bp
    heavier = solved([weights[0] + 1, *weights[1:]], floors, caps)
    assert isinstance(heavier, Filled)
    assert heavier.unrounded_bp[0] >= out.unrounded_bp[0]


def test_three_caps_of_a_third_cannot_be_rounded():
    """A third is 33.33 % in whole points: three of them leave one point open, and this is said before solving."""
    caps = [whole_points(Fraction(0), Fraction(1, 3), "cap")[1]] * 3
    assert caps == [3333] * 3
    with pytest.raises(Conflict, match="undersubscribed") as refused:
        fill([Fraction(1)] * 3, [0] * 3, caps)
    assert refused.value.facts == {"gap": "0.0001", "gap_bp": 1}


def test_a_left_over_point_goes_by_rank_unless_told():
    """Three equal members: the first gets the point, or who stands first in the order given."""
    thirds = [Fraction(1)] * 3
    assert fill(thirds, [0] * 3, [WHOLE_BP] * 3).shares_bp == (3334, 3333, 3333)
    assert fill(thirds, [0] * 3, [WHOLE_BP] * 3, order=[2, 0, 1]).shares_bp == (3333, 3333, 3334)


def test_floors_that_fill_the_whole_are_the_shares():
    """Floors of exactly 100 % leave nothing to share by weight."""
    out = fill([Fraction(9), Fraction(1)], [4000, 6000], [WHOLE_BP] * 2)
    assert (out.shares_bp, out.level, out.held) == ((4000, 6000), 0, ("floor", "floor"))


@pytest.mark.parametrize(
    ("weights", "floors", "caps", "code"),
    [
        ([-1, 1], [0, 0], [10_000, 10_000], "weight_negative"),
        ([1, 1], [5, 0], [4, 10_000], "bounds_wrong"),
        ([1, 1], [-1, 0], [4, 10_000], "bounds_wrong"),
        ([1, 1], [0, 0], [10_001, 10_000], "bounds_wrong"),
    ],
)
def test_bounds_and_weights_make_sense(weights, floors, caps, code):
    """A negative weight, a floor above its cap and a bound outside the whole are refused."""
    with pytest.raises(Invalid, match=code):
        fill([Fraction(weight) for weight in weights], floors, caps)
