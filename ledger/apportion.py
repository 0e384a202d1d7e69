"""Sums split among the members of a pool, to the last fen, so that every member stays whole over the years.

An agreement holds whole weights over a whole. A stream is every amount of one kind under one version of the shares,
in order. Each member has a carry in its stream: what its exact share so far is more than what it was given, counted in
1/whole of a fen. An amount is first shared out in whole fen, rounded down; the few fen left over go, one each, to
those who wait longest by their carry. So each part is its exact share rounded down or up, the parts add up, and what
one item rounds away the next ones give back.

The parts follow from the ordered stream alone: whoever holds the amounts can compute them again. A million items are
split by `ledger.automaton`, which gives the same parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import index
from typing import NamedTuple, Self

from core.errors import Invalid

#: A carry of this many wholes (a drift of this many fen) rings the alarm: see `is_alarming`.
ALARM_WHOLES = 2


@dataclass(frozen=True, slots=True)
class Weights:
    """The members' shares in member order (the lead first): whole weights that add up to the whole.

    Basis points have the whole 10,000, six decimals 1,000,000, thirds 3. A weight of nothing is a member that takes
    no part. Refuses with `invalid_weights` (no member, a weight that is no whole number or less than nothing, a whole
    that is nothing) and `weights_do_not_sum`.

    >>> Weights((4500, 2500, 2000, 1000), 10_000) == Weights.of(4500, 2500, 2000, 1000)
    True
    """

    weights: tuple[int, ...]
    whole: int

    def __post_init__(self) -> None:
        figures = (*self.weights, self.whole)
        if not self.weights or any(type(figure) is not int for figure in figures):
            raise Invalid("invalid_weights", weights=self.weights, whole=self.whole)
        if min(self.weights) < 0 or self.whole <= 0:
            raise Invalid("invalid_weights", weights=self.weights, whole=self.whole)
        if sum(self.weights) != self.whole:
            raise Invalid("weights_do_not_sum", total=sum(self.weights), whole=self.whole)

    @classmethod
    def of(cls, *weights: int) -> Self:
        """Return these weights over their own sum: `Weights.of(1, 1, 1)` are thirds."""
        return cls(weights, sum(weights))


class Split(NamedTuple):
    """The parts of one amount in fen, in member order, and the carry after it in units of 1/whole fen."""

    parts_fen: tuple[int, ...]
    carry_after: tuple[int, ...]


def apportion(amount_fen: int, weights: Weights, carry: Sequence[int] | None = None) -> Split:
    """Return one amount, positive or negative, split as the next item of a stream; the first item has no carry.

    Each part is the floor or the ceiling of the exact share, the parts add up to the amount, no part has the wrong
    sign. The fen left over after rounding down go to those with the largest carry plus remainder, the member listed
    first where two are equal; a member whose share comes out exact gets exactly that. Without a carry this is the
    plain largest remainder: right for showing a stock (outstanding reserves), wrong for a stream, where it drifts by
    thousands of yuan in a million items. Refuses with `carry_does_not_fit`.

    100.00 in thirds, twice: the odd fen goes round.

    >>> first = apportion(10_000, Weights.of(1, 1, 1))
    >>> first
    Split(parts_fen=(3334, 3333, 3333), carry_after=(-2, 1, 1))
    >>> apportion(10_000, Weights.of(1, 1, 1), first.carry_after).parts_fen
    (3333, 3334, 3333)
    """
    amount_fen = index(amount_fen)
    whole = weights.whole
    parts = [amount_fen * weight // whole for weight in weights.weights]
    remainders = [amount_fen * weight % whole for weight in weights.weights]
    owed = [c + r for c, r in zip(starting_carry(weights, carry), remainders, strict=True)]
    left_over = amount_fen - sum(parts)
    waiting = sorted((i for i, remainder in enumerate(remainders) if remainder), key=lambda i: -owed[i])
    for i in waiting[:left_over]:
        parts[i] += 1
        owed[i] -= whole
    return Split(tuple(parts), tuple(owed))


def apportion_stream(
    amounts_fen: Iterable[int], weights: Weights, carry: Sequence[int] | None = None
) -> Iterator[Split]:
    """Yield the split of each amount in order, each taking up the carry of the one before.

    >>> [split.parts_fen for split in apportion_stream([1, 1, -1], Weights.of(1, 1))]
    [(1, 0), (0, 1), (0, -1)]
    """
    for amount_fen in amounts_fen:
        split = apportion(amount_fen, weights, carry)
        yield split
        carry = split.carry_after


def mirror(parts_fen: Sequence[int], weights: Weights, carry: Sequence[int]) -> Split:
    """Return the mirror of a mistaken item: its stored parts negated, and its effect on the carry taken back.

    `carry` is the stream's carry now, which later items may have moved; what the item did to it (its exact shares
    less its parts) is undone, whatever stands in between. Mirrors in a row may take a carry further out than items
    ever do, by less than a fen each; the items after them bring it back. Refuses with `carry_does_not_fit`.

    >>> thirds = Weights.of(1, 1, 1)
    >>> wrong, right = apportion_stream([10_000, 1], thirds)
    >>> mirror(wrong.parts_fen, thirds, right.carry_after)
    Split(parts_fen=(-3334, -3333, -3333), carry_after=(1, -2, 1))
    """
    amount_fen = sum(parts_fen)
    undone = [
        before - amount_fen * weight + weights.whole * part
        for before, weight, part in zip(
            starting_carry(weights, carry), weights.weights, _fitting(weights, parts_fen), strict=True
        )
    ]
    return Split(tuple(-part for part in parts_fen), tuple(undone))


def is_alarming(carry: Sequence[int], weights: Weights) -> bool:
    """Say whether a member's total is two fen or more away from its exact share.

    No agreement of up to six members is known that items alone bring there. Many mirrors in a row can (see `mirror`),
    and so can seven members with an adversary choosing the shares and every amount. Anything else is a fault.

    >>> is_alarming((-2, 1, 1), Weights.of(1, 1, 1)), is_alarming((-6, 3, 3), Weights.of(1, 1, 1))
    (False, True)
    """
    return max(map(abs, carry)) >= ALARM_WHOLES * weights.whole


def starting_carry(weights: Weights, carry: Sequence[int] | None) -> tuple[int, ...]:
    """Return the carry that an item begins from: none is all zeros; one that is not these members' is refused.

    A carry has one figure a member and adds up to nothing. Refuses with `carry_does_not_fit`.
    """
    if carry is None:
        return (0,) * len(weights.weights)
    if sum(carry):
        raise Invalid("carry_does_not_fit", members=len(weights.weights), figures=tuple(carry))
    return tuple(_fitting(weights, carry))


def _fitting(weights: Weights, figures: Sequence[int]) -> Sequence[int]:
    """Return figures that are as many as the members."""
    if len(figures) != len(weights.weights):
        raise Invalid("carry_does_not_fit", members=len(weights.weights), figures=tuple(figures))
    return figures
