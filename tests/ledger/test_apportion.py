"""Sums split among members: the worked rows, the promises P1 to P5 over random streams, and where they end."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.apportion import Split, Weights, apportion, apportion_stream, is_alarming, mirror
from ledger.rates import vat_inside

#: Worked rows: (weights, [(amount, parts, carry after), ...]).
STREAMS: list[tuple[tuple[int, ...], list[tuple[int, tuple[int, ...], tuple[int, ...]]]]] = [
    (
        (1, 1, 1),
        [
            (10000, (3334, 3333, 3333), (-2, 1, 1)),
            (10000, (3333, 3334, 3333), (-1, -1, 2)),
            (10000, (3333, 3333, 3334), (0, 0, 0)),
            (1, (1, 0, 0), (-2, 1, 1)),
            (1, (0, 1, 0), (-1, -1, 2)),
            (1, (0, 0, 1), (0, 0, 0)),
            (-10000, (-3333, -3333, -3334), (-1, -1, 2)),
        ],
    ),
    (
        (9, 5, 4, 2),
        [
            (1, (1, 0, 0, 0), (-11, 5, 4, 2)),
            (1, (0, 1, 0, 0), (-2, -10, 8, 4)),
            (1, (0, 0, 1, 0), (7, -5, -8, 6)),
            (1, (1, 0, 0, 0), (-4, 0, -4, 8)),
            (1, (0, 0, 0, 1), (5, 5, 0, -10)),
            (1, (1, 0, 0, 0), (-6, 10, 4, -8)),
            (1, (0, 1, 0, 0), (3, -5, 8, -6)),
            (1, (1, 0, 0, 0), (-8, 0, 12, -4)),
            (1, (0, 0, 1, 0), (1, 5, -4, -2)),
            (1, (1, 0, 0, 0), (-10, 10, 0, 0)),
            (38633, (17384, 9659, 7727, 3863), (7, -5, -8, 6)),
            (38633, (17385, 9658, 7726, 3864), (4, 0, 4, -8)),
        ],
    ),
    (
        (999997, 1, 1, 1),
        [
            (333333, (333332, 1, 0, 0), (1, -666667, 333333, 333333)),
            (333334, (333333, 0, 1, 0), (-1, -333333, -333333, 666667)),
            (333333, (333332, 0, 0, 1), (0, 0, 0, 0)),
        ],
    ),
    (
        (1, 1),
        [
            (1, (1, 0), (-1, 1)),
            (1, (0, 1), (0, 0)),
            (-1, (0, -1), (-1, 1)),
            (-1, (-1, 0), (0, 0)),
            (3, (2, 1), (-1, 1)),
        ],
    ),
    (
        (9, 5, 4, 2),
        [
            (100003, (45001, 25001, 20001, 10000), (7, -5, -8, 6)),
            (-100003, (-45001, -25001, -20001, -10000), (0, 0, 0, 0)),
        ],
    ),
]

POOL = Weights((4500, 2500, 2000, 1000), 10_000)

#: Seven members and 58 amounts, found by search, that carry a member further than two fen from its share.
SEVEN = Weights.of(29071862, 39017499, 32231847, 34084252, 31885268, 33393355, 47426744)
ADVERSARY = [
    100773292,
    196294852,
    154265025,
    90165263,
    49506074,
    75574435,
    139671337,
    119569755,
    34039678,
    240376790,
    14535931,
    93501394,
    34039678,
    75574435,
    11855392,
    142351876,
    232574896,
    49506074,
    169075829,
    127541072,
    153609433,
    153609433,
    153609433,
    153609433,
    6734037,
    92903559,
    56033244,
    63499067,
    197604753,
    78034998,
    6734037,
    92903559,
    11855392,
    12130265,
    139671337,
    119569755,
    119569755,
    119569755,
    127815945,
    243100915,
    104758951,
    119294882,
    119294882,
    119294882,
    14535931,
    14535931,
    14535931,
    14535931,
    119294882,
    119294882,
    119294882,
    119294882,
    14535931,
    14535931,
    119294882,
    119294882,
    14535931,
    14535931,
]

#: Agreements as they are made: in basis points, in thirds, with six decimals, with the smallest lines there are.
AGREEMENTS = (
    POOL,
    Weights((1, 1, 1), 3),
    Weights((333_334, 333_333, 333_333), 1_000_000),
    Weights((314_159, 265_358, 230_483, 190_000), 1_000_000),
    Weights((999_997, 1, 1, 1), 1_000_000),
    Weights((1, 1), 2),
)
ANY = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any).map(lambda parts: Weights.of(*parts))
MEMBERS = st.one_of(st.sampled_from(AGREEMENTS), ANY)
AMOUNTS = st.one_of(st.integers(-(10**15), 10**15), st.integers(-50, 50), st.sampled_from([128600, 899999, -112745]))
STREAM = st.lists(AMOUNTS, max_size=40)


@pytest.mark.parametrize(("weights", "rows"), STREAMS)
def test_the_worked_rows(weights: tuple[int, ...], rows: list[tuple[int, tuple[int, ...], tuple[int, ...]]]) -> None:
    """Each worked row gives exactly these parts and leaves exactly this carry."""
    splits = apportion_stream([amount_fen for amount_fen, _, _ in rows], Weights.of(*weights))
    assert list(splits) == [Split(parts_fen, carry) for _, parts_fen, carry in rows]


def test_the_worked_rows_in_basis_points() -> None:
    """45/25/20/10 written in basis points gives the parts of 9/5/4/2, and 500 times the carry."""
    weights, rows = STREAMS[1]
    splits = apportion_stream([amount_fen for amount_fen, _, _ in rows], POOL)
    scale = POOL.whole // sum(weights)
    assert list(splits) == [Split(parts, tuple(figure * scale for figure in carry)) for _, parts, carry in rows]


@pytest.mark.parametrize(
    ("amounts_fen", "parts_fen", "carry"),
    [
        (
            [vat_inside(gross_fen, 600).net_fen for gross_fen in (6172800, 13374400, 899999, -112745)],
            [
                (2620528, 1455849, 1164679, 582340),
                (5677811, 3154340, 2523472, 1261735),
                (382075, 212264, 169811, 84906),
                (-47863, -26591, -21273, -10636),
            ],
            (1500, -2500, 4000, -3000),
        ),
        (
            [vat_inside(gross_fen, 600).vat_fen for gross_fen in (6172800, 13374400, 899999, -112745)],
            [
                (157232, 87351, 69881, 34940),
                (340669, 189260, 151408, 75705),
                (22924, 12736, 10189, 5094),
                (-2872, -1595, -1277, -638),
            ],
            (1500, -2500, 4000, -3000),
        ),
        (
            [438000, 1265050, 26840000],
            [(197100, 109500, 87600, 43800), (569273, 316262, 253010, 126505), (12078000, 6710000, 5368000, 2684000)],
            (-5000, 5000, 0, 0),
        ),
        ([300001], [(135001, 75000, 60000, 30000)], (-5500, 2500, 2000, 1000)),
        (
            [3333333, 100000],
            [(1500000, 833333, 666667, 333333), (45000, 25000, 20000, 10000)],
            (-1500, 2500, -4000, 3000),
        ),
    ],
    ids=["premium_net", "premium_vat", "claim", "adjusting_expense", "recovery"],
)
def test_the_streams_of_the_oracle_quarter(
    amounts_fen: list[int], parts_fen: list[tuple[int, ...]], carry: tuple[int, ...]
) -> None:
    """One quarter of a four-member pool: premiums, a refund, claims, an adjuster, recoveries."""
    splits = list(apportion_stream(amounts_fen, POOL))
    assert [split.parts_fen for split in splits] == parts_fen
    assert splits[-1].carry_after == carry


@settings(max_examples=400, deadline=None)
@given(MEMBERS, STREAM)
def test_parts_add_up_and_round_each_own_share(weights: Weights, amounts_fen: list[int]) -> None:
    """P1, P2, P4: parts add up; each is the floor or ceiling of its share, refunds too; none has the wrong sign."""
    for amount_fen, split in zip(amounts_fen, apportion_stream(amounts_fen, weights), strict=True):
        assert sum(split.parts_fen) == amount_fen
        for weight, part_fen in zip(weights.weights, split.parts_fen, strict=True):
            floor, remainder = divmod(amount_fen * weight, weights.whole)
            assert part_fen in ((floor, floor + 1) if remainder else (floor,))
            assert part_fen * amount_fen >= 0


@settings(max_examples=300, deadline=None)
@given(MEMBERS, STREAM)
def test_a_members_total_stays_with_its_exact_share(weights: Weights, amounts_fen: list[int]) -> None:
    """P3: after every item the carry is the exact share less what was given, adds up to nothing, is under two fen."""
    given_fen = [0] * len(weights.weights)
    for total_fen, split in zip(accumulate(amounts_fen), apportion_stream(amounts_fen, weights), strict=True):
        given_fen = [so_far + part for so_far, part in zip(given_fen, split.parts_fen, strict=True)]
        assert sum(split.carry_after) == 0
        for weight, given_in_all, carry in zip(weights.weights, given_fen, split.carry_after, strict=True):
            assert Fraction(carry, weights.whole) == Fraction(total_fen * weight, weights.whole) - given_in_all
        assert not is_alarming(split.carry_after, weights)


@settings(max_examples=100, deadline=None)
@given(MEMBERS, STREAM, st.integers(0, 40))
def test_a_replay_from_anywhere_gives_the_same_parts(weights: Weights, amounts_fen: list[int], cut: int) -> None:
    """P5: the parts follow from the ordered stream; taken up again from a stored carry it goes on the same."""
    whole_run = list(apportion_stream(amounts_fen, weights))
    head = list(apportion_stream(amounts_fen[:cut], weights))
    carry = head[-1].carry_after if head else None
    assert head + list(apportion_stream(amounts_fen[cut:], weights, carry)) == whole_run


@settings(max_examples=100, deadline=None)
@given(MEMBERS, STREAM, st.integers(1, 1000))
def test_the_unit_of_the_shares_does_not_matter(weights: Weights, amounts_fen: list[int], scale: int) -> None:
    """45 of 100 and 4500 of 10,000 are the same share: same parts, the carry in the finer unit."""
    finer = Weights.of(*(weight * scale for weight in weights.weights))
    for split, fine in zip(apportion_stream(amounts_fen, weights), apportion_stream(amounts_fen, finer), strict=True):
        assert fine.parts_fen == split.parts_fen
        assert fine.carry_after == tuple(figure * scale for figure in split.carry_after)


@settings(max_examples=100, deadline=None)
@given(MEMBERS, STREAM)
def test_a_member_with_no_weight_takes_no_part(weights: Weights, amounts_fen: list[int]) -> None:
    """Nothing is ever given to a share of nothing, and the others' parts are as if it were not there."""
    with_idle = Weights((0, *weights.weights), weights.whole)
    for split, other in zip(
        apportion_stream(amounts_fen, weights), apportion_stream(amounts_fen, with_idle), strict=True
    ):
        assert other == Split((0, *split.parts_fen), (0, *split.carry_after))


def _carry_of(given_fen: list[int], weights: Weights) -> tuple[int, ...]:
    """Return the exact share of all that was given, less what each was given, in units of 1/whole fen."""
    total_fen = sum(given_fen)
    return tuple(
        total_fen * weight - weights.whole * own for weight, own in zip(weights.weights, given_fen, strict=True)
    )


@settings(max_examples=200, deadline=None)
@given(MEMBERS, STREAM.filter(bool), st.data())
def test_a_mirror_takes_an_item_back(weights: Weights, amounts_fen: list[int], data: Any) -> None:
    """The mirror of any item, at any later time, leaves what every member has as if the item had never been."""
    splits = list(apportion_stream(amounts_fen, weights))
    mistaken = splits[data.draw(st.integers(0, len(splits) - 1))]
    mirrored = mirror(mistaken.parts_fen, weights, splits[-1].carry_after)
    kept = [split.parts_fen for split in splits]
    kept.remove(mistaken.parts_fen)
    left = [sum(column) for column in zip(*kept, strict=True)] if kept else [0] * len(weights.weights)
    assert mirrored.parts_fen == tuple(-part for part in mistaken.parts_fen)
    assert mirrored.carry_after == _carry_of(left, weights)
    again = mirror(mirrored.parts_fen, weights, mirrored.carry_after)
    assert again == Split(mistaken.parts_fen, splits[-1].carry_after)


def test_a_mirror_right_after_its_item_restores_the_carry() -> None:
    """C3's adjuster, 3,000.01, booked and taken back: the stream is where it was."""
    carry = (-5000, 5000, 0, 0)
    booked = apportion(300001, POOL, carry)
    assert mirror(booked.parts_fen, POOL, booked.carry_after).carry_after == carry


def test_mirrors_in_a_row_ring_the_alarm_and_later_items_silence_it() -> None:
    """In thirds, every item whose odd fen went to the lead is taken back: the lead waits, and is served first."""
    thirds = Weights.of(1, 1, 1)
    splits = list(apportion_stream([1] * 300, thirds))
    carry = splits[-1].carry_after
    for split in splits:
        if split.parts_fen[0]:
            carry = mirror(split.parts_fen, thirds, carry).carry_after
    assert carry == (200, -100, -100)
    assert is_alarming(carry, thirds)
    later = list(apportion_stream([1] * 100, thirds, carry))
    assert {split.parts_fen for split in later} == {(1, 0, 0)}
    assert later[-1].carry_after == (0, 0, 0)


def test_two_fen_is_no_law_for_seven_members() -> None:
    """Seven members and amounts chosen by an adversary reach 2.18 fen: the alarm is an alarm, not a theorem."""
    farthest = max(max(map(abs, split.carry_after)) for split in apportion_stream(ADVERSARY, SEVEN))
    assert Fraction(217, 100) < Fraction(farthest, SEVEN.whole) < Fraction(218, 100)
    assert any(is_alarming(split.carry_after, SEVEN) for split in apportion_stream(ADVERSARY, SEVEN))


def test_ties_go_to_the_member_listed_first() -> None:
    """Where two wait equally long the lead, or whoever is listed first, gets the fen."""
    assert apportion(1, Weights.of(1, 1)).parts_fen == (1, 0)
    assert apportion(2, Weights.of(1, 1, 1, 1)).parts_fen == (1, 1, 0, 0)
    assert apportion(-1, Weights.of(1, 1)).parts_fen == (0, -1)


def test_an_exact_share_stays_exact_whatever_is_owed() -> None:
    """45 % of 1,000.00 is 450.00 and never 449.99, even for a member whose carry is high."""
    assert apportion(100_000, POOL, (-5500, 5500, 0, 0)).parts_fen == (45000, 25000, 20000, 10000)
    assert apportion(2, Weights.of(50, 25, 25), (90, -45, -45)).parts_fen[0] == 1


@pytest.mark.parametrize(
    ("weights", "whole", "code"),
    [
        ((), 0, "invalid_weights"),
        ((), 10, "invalid_weights"),
        ((0, 0), 0, "invalid_weights"),
        ((11, -1), 10, "invalid_weights"),
        ((0.5, 0.5), 1, "invalid_weights"),
        ((True,), 1, "invalid_weights"),
        ((1,), True, "invalid_weights"),
        ((4500, 2500, 2000, 999), 10_000, "weights_do_not_sum"),
        ((45, 25, 20, 10), 10_000, "weights_do_not_sum"),
    ],
)
def test_shares_are_whole_weights_that_add_up(weights: Any, whole: Any, code: str) -> None:
    """An agreement whose shares do not add up to exactly the whole is refused."""
    with pytest.raises(Invalid) as refused:
        Weights(weights, whole)
    assert refused.value.code == code


@pytest.mark.parametrize("carry", [(0, 0, 0), (1, 0, 0, 0), ()])
def test_a_carry_belongs_to_its_members(carry: tuple[int, ...]) -> None:
    """One figure a member, adding up to nothing: else the stored stream is damaged and nothing is split by it."""
    with pytest.raises(Invalid, match="carry_does_not_fit"):
        apportion(1, POOL, carry)
    with pytest.raises(Invalid, match="carry_does_not_fit"):
        mirror((1, 0, 0, 0), POOL, carry)


def test_parts_belong_to_their_members() -> None:
    """Parts of another pool are not mirrored."""
    with pytest.raises(Invalid, match="carry_does_not_fit"):
        mirror((1, 0, 0), POOL, (0, 0, 0, 0))


@pytest.mark.parametrize("amount", [1.0, "1", None])
def test_only_whole_fen_are_split(amount: Any) -> None:
    """A float stops the program before it touches a share."""
    with pytest.raises(TypeError):
        apportion(amount, POOL)
