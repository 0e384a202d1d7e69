"""A stream split in bulk: the same parts as item by item, remembered or not; how far a member can drift."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import drift
from core.errors import Invalid
from ledger import automaton as bulk
from ledger.apportion import Weights, apportion, apportion_stream
from ledger.automaton import CarryAutomaton, drift_bound
from ledger.money import LIMIT_FEN
from tests.ledger.test_apportion import AGREEMENTS

AMOUNTS = st.one_of(st.integers(-LIMIT_FEN, LIMIT_FEN), st.integers(-50, 50))
SMALL = st.lists(st.integers(0, 60), min_size=1, max_size=7).filter(any).map(lambda parts: Weights.of(*parts))
LARGE = st.lists(st.integers(0, 10**6), min_size=1, max_size=7).filter(any).map(lambda parts: Weights.of(*parts))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.sampled_from(AGREEMENTS), SMALL, LARGE), st.lists(st.lists(AMOUNTS, max_size=30), max_size=4))
def test_bulk_gives_the_parts_of_the_rule(weights: Weights, batches: list[list[int]]) -> None:
    """However a stream is cut into batches, its parts and carry are those of splitting item by item."""
    automaton = CarryAutomaton(weights)
    carry = automaton.carry
    for amounts_fen in batches:
        expected = list(apportion_stream(amounts_fen, weights, carry))
        assert automaton.split(amounts_fen) == [split.parts_fen for split in expected]
        carry = expected[-1].carry_after if expected else carry
        assert automaton.carry == carry


@settings(max_examples=150, deadline=None)
@given(SMALL, st.lists(AMOUNTS, max_size=30), st.lists(st.integers(-(10**5), 10**5), max_size=6))
def test_bulk_goes_on_from_any_carry(weights: Weights, amounts_fen: list[int], figures: list[int]) -> None:
    """A stored carry is taken up, even one that mirrors have left far out."""
    figures = (figures + [0] * len(weights.weights))[: len(weights.weights) - 1]
    carry = (*figures, -sum(figures))
    expected = list(apportion_stream(amounts_fen, weights, carry))
    automaton = CarryAutomaton(weights, carry)
    assert automaton.split(amounts_fen) == [split.parts_fen for split in expected]
    assert automaton.carry == (expected[-1].carry_after if expected else carry)


@pytest.mark.parametrize(
    "weights",
    [(45, 25, 20, 10), (31, 23, 19, 14, 13), (1, 1, 1), (999_997, 1, 1, 1), (333_334, 251_000, 215_666, 200_000)],
)
def test_a_long_stream_agrees_with_the_rule(weights: tuple[int, ...]) -> None:
    """Twenty thousand premiums and refunds, over several chunks: every part the same, the columns too."""
    dice = random.Random(20260331)
    amounts_fen = [dice.randrange(-2_000_000, 10_000_000) for _ in range(20_000)]
    expected = [split.parts_fen for split in apportion_stream(amounts_fen, Weights.of(*weights))]
    assert CarryAutomaton(Weights.of(*weights)).split(amounts_fen) == expected
    columns = CarryAutomaton(Weights.of(*weights)).columns(amounts_fen)
    assert [list(column) for column in columns] == [list(column) for column in zip(*expected, strict=True)]


def test_what_does_not_repeat_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays flat: an automaton that keeps learning gives its memory up, and the parts stay the same."""
    monkeypatch.setattr(bulk, "_CHUNK", 50)
    weights = Weights.of(613, 541, 389, 251)
    amounts_fen = [n * n * 7919 for n in range(500)]
    automaton = CarryAutomaton(weights)
    parts = automaton.split(amounts_fen)
    assert parts == [split.parts_fen for split in apportion_stream(amounts_fen, weights)]
    assert not automaton._steps
    assert not automaton._rows


def test_a_refused_batch_leaves_the_stream_as_it_was() -> None:
    """An amount beyond the limit, or no whole number, stops the batch before anything of it is split."""
    automaton = CarryAutomaton(Weights.of(1, 1, 1))
    automaton.split([1])
    too_large: list[Any] = [1, LIMIT_FEN + 1]
    too_small: list[Any] = [1, -LIMIT_FEN - 1]
    for batch in (too_large, too_small):
        with pytest.raises(Invalid, match="amount_too_large"):
            automaton.split(batch)
    not_whole: list[Any] = [1, 1.0]
    with pytest.raises(TypeError):
        automaton.split(not_whole)
    assert automaton.carry == (-2, 1, 1)


def test_a_carry_of_another_pool_is_refused() -> None:
    """A carry has one figure a member and adds up to nothing."""
    for carry in ((0, 0), (1, 0, 0)):
        with pytest.raises(Invalid, match="carry_does_not_fit"):
            CarryAutomaton(Weights.of(1, 1, 1), carry)


@pytest.mark.parametrize(
    ("weights", "bound"),
    [
        ((10,), Fraction(0)),
        ((1, 1), Fraction(1, 2)),
        ((1, 1, 1), Fraction(2, 3)),
        ((4500, 2500, 2000, 1000), Fraction(4, 5)),
        ((4000, 3000, 2000, 1000), Fraction(7, 10)),
        ((13, 4, 3), Fraction(9, 10)),
        ((9, 6, 2, 1), Fraction(7, 6)),
        ((12, 6, 4, 1, 1), Fraction(4, 3)),
        ((3150, 2450, 2200, 1600, 600), Fraction(273, 200)),
    ],
)
def test_how_far_an_agreement_can_drift(weights: tuple[int, ...], bound: Fraction) -> None:
    """Walking every carry that items can lead to gives the exact bound: 0.8 fen for 45/25/20/10."""
    assert drift_bound(Weights.of(*weights)) == bound


def test_an_agreement_that_is_too_fine_to_walk_has_no_known_bound() -> None:
    """Basis points that share no divisor have too many carries: the bound is unknown, and said to be."""
    assert drift_bound(Weights.of(3334, 3333, 3333)) is None
    assert drift_bound(Weights.of(31, 23, 19, 14, 13), limit=20_000) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5).map(lambda parts: Weights.of(*parts)),
    st.lists(st.integers(-(10**6), 10**6), min_size=50, max_size=50),
)
def test_no_stream_drifts_past_the_bound(weights: Weights, amounts_fen: list[int]) -> None:
    """The walked bound holds for every stream of items."""
    bound = drift_bound(weights)
    assert bound is not None
    carry: tuple[int, ...] | None = None
    for amount_fen in amounts_fen:
        carry = apportion(amount_fen, weights, carry).carry_after
        assert Fraction(max(map(abs, carry)), weights.whole) <= bound


def test_no_agreement_in_coarse_shares_reaches_two_fen() -> None:
    """Every agreement of two to seven members over a whole of up to sixteen: the farthest drift of all is 1.25 fen."""
    farthest = max(
        bound
        for members in range(2, 8)
        for whole in range(members, 17)
        for weights in _partitions(whole, members, whole)
        if (bound := drift_bound(Weights.of(*weights))) is not None
    )
    assert farthest == Fraction(5, 4)


def test_the_drift_bench_holds_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    """The bench stops where the carried residue drifts by two fen or past its bound, or the parts differ."""
    drift.measure_drift(2_000)
    drift.measure_speed(500)
    said = capsys.readouterr().out
    assert "4/5 fen at most" in said
    assert said.count("fen  ") >= len(drift.agreements()) * 3


def _partitions(whole: int, members: int, largest: int) -> list[tuple[int, ...]]:
    """Return every way to write a whole as so many weights, largest first."""
    if members == 1:
        return [(whole,)] if whole <= largest else []
    return [
        (first, *rest)
        for first in range(min(largest, whole - members + 1), 0, -1)
        for rest in _partitions(whole - first, members - 1, first)
    ]
