"""How far a member's total drifts from its exact share over a million items, by three ways of splitting; and how fast.

`python -m bench.drift` (or with a count of items: `python -m bench.drift 100000`). Three streams for each agreement:
premiums of all sizes, premiums and refunds mixed, and one premium again and again (the one that drifts most without a
carry, of the sums below the whole). Drift is the largest distance between any member's total and its exact share after
any item.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate

from ledger.apportion import Weights, apportion, apportion_stream
from ledger.automaton import CarryAutomaton, drift_bound
from ledger.money import format_fen

ITEMS = 1_000_000

#: How many items the rule itself splits one by one, to measure the automaton against it.
PLAIN_ITEMS = 100_000

Columns = Sequence[Sequence[int]]


def agreements() -> dict[str, Weights]:
    """Return the agreements to measure: common, thirds, as lopsided as can be, and five members drawn by lot."""
    dice = random.Random(20260331)
    cuts = sorted(dice.sample(range(1, 10_000), 4))
    return {
        "45/25/20/10": Weights.of(4500, 2500, 2000, 1000),
        "thirds": Weights.of(1, 1, 1),
        "999997/1/1/1": Weights.of(999_997, 1, 1, 1),
        "five drawn": Weights.of(*(high - low for low, high in zip([0, *cuts], [*cuts, 10_000], strict=True))),
    }


def streams(weights: Weights, items: int) -> Iterator[tuple[str, list[int]]]:
    """Yield each stream's name and amounts in fen."""
    dice = random.Random(1286)
    yield "premiums", [dice.randrange(50_000, 20_000_000) for _ in range(items)]
    yield "with refunds", [dice.randrange(-10_000_000, 20_000_000) for _ in range(items)]
    yield "one premium", [128_600 // weights.whole * weights.whole + _worst_remainder(weights)] * items


def _worst_remainder(weights: Weights) -> int:
    """Return the sum below the whole that splitting by itself gets most wrong for a member, of 2,000 tried."""
    tried = range(1, weights.whole, weights.whole // 2_000 + 1)

    def error(amount_fen: int) -> int:
        return max(map(abs, apportion(amount_fen, weights).carry_after))

    return max(tried, key=error)


def carried(amounts_fen: Sequence[int], weights: Weights) -> Columns:
    """Split with the carried residue."""
    return CarryAutomaton(weights).columns(amounts_fen)


def largest_remainder(amounts_fen: Sequence[int], weights: Weights) -> Columns:
    """Split each item by itself: the fen left over go to the largest remainders, and nothing is remembered."""
    whole = weights.whole
    known: dict[int, list[int]] = {}
    columns: list[list[int]] = [[] for _ in weights.weights]
    for amount_fen in amounts_fen:
        multiple, rest = divmod(amount_fen, whole)
        if rest not in known:
            known[rest] = list(apportion(rest, weights).parts_fen)
        for column, weight, part in zip(columns, weights.weights, known[rest], strict=True):
            column.append(multiple * weight + part)
    return columns


def residue_to_lead(amounts_fen: Sequence[int], weights: Weights) -> Columns:
    """Round each follower's part half up and leave the lead what remains."""
    half, whole = weights.whole // 2, weights.whole
    followers = [
        [(amount_fen * weight + half) // whole for amount_fen in amounts_fen] for weight in weights.weights[1:]
    ]
    lead = [amount_fen - sum(parts) for amount_fen, *parts in zip(amounts_fen, *followers, strict=True)]
    return [lead, *followers]


def farthest(amounts_fen: Sequence[int], columns: Columns, weights: Weights) -> Fraction:
    """Return the largest distance in fen between a member's total and its exact share, after any item."""
    most = 0
    for weight, column in zip(weights.weights, columns, strict=True):
        owed = [
            total * weight - given * weights.whole
            for total, given in zip(accumulate(amounts_fen), accumulate(column), strict=True)
        ]
        highest, lowest = max(owed), min(owed)
        most = max(most, highest, -lowest)
    return Fraction(most, weights.whole)


def seconds(work: Callable[[], object]) -> float:
    """Return how much processor time some work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure_drift(items: int) -> None:
    """Print the drift of each way of splitting, for each agreement and stream."""
    ways = (carried, largest_remainder, residue_to_lead)
    print(f"largest drift of a member over {items:,} items, in yuan")
    print(f"{'agreement':14}{'stream':14}{'carried':>16}{'by itself':>16}{'residue to lead':>18}")
    for name, weights in agreements().items():
        bound = drift_bound(weights)
        for stream, amounts_fen in streams(weights, items):
            drifts = [farthest(amounts_fen, way(amounts_fen, weights), weights) for way in ways]
            if drifts[0] >= 2 or (bound is not None and drifts[0] > bound):
                raise SystemExit(f"{name}, {stream}: the carried residue drifts by {drifts[0]} fen")
            fen = f"{drifts[0].numerator / drifts[0].denominator:.3f} fen"
            rest = [format_fen(int(drift)) for drift in drifts[1:]]
            print(f"{name:14}{stream:14}{fen:>16}{rest[0]:>16}{rest[1]:>18}")
        told = "not walked: too many carries" if bound is None else f"{bound} fen at most, whatever the items"
        print(f"{name:14}{'bound':14}{told:>50}")


def measure_speed(items: int) -> None:
    """Print how many items a second the rule and the automaton split, and their ratio, with identical parts."""
    agreed = agreements() | {"31/23/19/14/13": Weights.of(31, 23, 19, 14, 13)}
    print(f"\nsplits a second over {items:,} items, the rule one by one over {min(items, PLAIN_ITEMS):,}")
    print(f"{'agreement':16}{'rule':>12}{'automaton':>12}{'ratio':>8}{'columns':>12}{'ratio':>8}")
    for name, weights in agreed.items():
        amounts_fen = dict(streams(weights, items))["with refunds"]
        head = amounts_fen[:PLAIN_ITEMS]
        expected = [split.parts_fen for split in apportion_stream(head, weights)]
        if CarryAutomaton(weights).split(head) != expected:
            raise SystemExit(f"{name}: the automaton splits otherwise than the rule")
        rule = len(head) / seconds(lambda a=head, w=weights: list(apportion_stream(a, w)))  # type: ignore[misc]
        rows = items / seconds(lambda a=amounts_fen, w=weights: CarryAutomaton(w).split(a))  # type: ignore[misc]
        columns = items / seconds(lambda a=amounts_fen, w=weights: CarryAutomaton(w).columns(a))  # type: ignore[misc]
        ratios = (rows / rule, columns / rule)
        print(f"{name:16}{rule:12,.0f}{rows:12,.0f}{ratios[0]:8.1f}{columns:12,.0f}{ratios[1]:8.1f}")


def main() -> None:
    """Measure both."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS
    measure_drift(items)
    measure_speed(items)


if __name__ == "__main__":
    main()
