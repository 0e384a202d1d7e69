"""The split alone, by the automaton against the rule one by one: whole per cents, and the shares it likes least."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from bench.drift import seconds as processor_s
from bench.place import SHARES, database, make_pool, settle, write_list
from bench.table import Row, as_data, faster
from ledger.apportion import Weights, apportion_stream
from ledger.automaton import CarryAutomaton

FULL, QUICK = 300_000, 50_000
ROUNDS = 3
#: Settlement posts so many premiums for the split's part of its time.
SETTLED, SETTLED_QUICK = 200_000, 5_000

#: What is split, with its words and the goal: whole per cents, thirds, basis points, a whole of many digits.
STREAMS = (
    (SHARES, "整百分比 31/23/19/14/13", "whole per cent", ">= 5"),
    ((1, 1, 1), "三等分", "thirds", ">= 1"),
    ((3333, 2917, 2083, 1042, 625), "基点 3333/2917/2083/1042/625", "basis points", ">= 1"),
    ((333_333, 291_671, 208_327, 104_169, 62_500), "百万分之", "of a million", ">= 1"),
    ((999_997, 1, 1, 1), "999997/1/1/1", "as lopsided as can be", ">= 1"),
)


def split(weights: Weights, count: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return the processor time of the automaton and of the rule, over the same sums in turn; both split alike."""
    dice = random.Random(1286)
    amounts_fen = [dice.randrange(50_000, 20_000_000) for _ in range(count)]
    ours_s, plain_s = [], []
    for _ in range(rounds):
        ours_s.append(processor_s(lambda: CarryAutomaton(weights).columns(amounts_fen)))
        plain_s.append(processor_s(lambda: list(apportion_stream(amounts_fen, weights))))
    expected = [one.parts_fen for one in apportion_stream(amounts_fen[:1_000], weights)]
    if CarryAutomaton(weights).split(amounts_fen[:1_000]) != expected:
        raise SystemExit(f"{weights}: the automaton splits otherwise than the rule")
    return ours_s, plain_s


def part_of_settlement(count: int) -> Row:
    """Return the time of both splits of each premium (net and VAT) as a part of the settlement's."""
    with tempfile.TemporaryDirectory() as name, database() as (_, engine):
        path = Path(name) / "premiums.csv"
        write_list(path, count)
        whole = sum(settle(engine, make_pool(engine, "批量共保体"), path))
    ours_s, _ = split(Weights.of(*SHARES), count, 1)
    both = 2 * ours_s[0]
    told = (f"分摊两次，{count:,} 笔", "both splits"), ("整个结算", "the whole settlement")
    return Row(*told[0], *told[1], both, whole, "s", both / whole, "< 0.1")


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of the split."""
    count = QUICK if is_quick else FULL
    rows = []
    for shares, words, english, goal in STREAMS:
        timed = split(Weights.of(*shares), count, ROUNDS)
        rows.append(faster((f"分摊，{words}", english), ("逐笔循环", "the plain loop"), *timed, goal))
    return as_data([*rows, part_of_settlement(SETTLED_QUICK if is_quick else SETTLED)])
