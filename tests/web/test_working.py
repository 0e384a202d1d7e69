"""The calculators show the same figures as the rooms, with every step."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.apportion import Weights, apportion_stream
from tender.allocation import allocate_file
from tender.scoring import score_file
from web.working import EXAMPLES, allocated_members, member_rows, rehearsal_tables, stream_steps


@given(st.lists(st.integers(-(10**9), 10**9), max_size=8), st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_steps_of_a_split_lead_to_its_parts(amounts: list[int], figures: list[int]) -> None:
    """Rounded down, plus one fen where the working says so, is what each gets; all the fen left over are given."""
    weights = Weights.of(*figures)
    shown = stream_steps(amounts, weights)
    for row, split in zip(shown.rows, apportion_stream(amounts, weights), strict=True):
        assert row.split == split
        assert [one.floor_fen + one.has_extra for one in row.members] == list(split.parts_fen)
        assert row.left_over_fen == sum(one.has_extra for one in row.members)
    assert sum(shown.totals_fen) == shown.total_fen == sum(amounts)


def test_one_fen_goes_to_the_largest_remainder() -> None:
    """0.01 at 45/25/20/10: nobody has a whole fen, and the lead's remainder is the largest."""
    row = stream_steps([1], Weights((4500, 2500, 2000, 1000), 10_000)).rows[0]
    assert [one.exact for one in row.members] == [
        "0.00 + 4,500/10,000",
        "0.00 + 2,500/10,000",
        "0.00 + 2,000/10,000",
        "0.00 + 1,000/10,000",
    ]
    assert [one.has_extra for one in row.members] == [True, False, False, False]
    assert [one.carry_after for one in row.members] == ["−0.5500", "+0.2500", "+0.2000", "+0.1000"]


def test_a_refused_allocation_has_no_members() -> None:
    """Where the caps do not fill the whole there are no shares to show."""
    case = allocate_file({"weights": [1, 1], "cap": ["0.3", "0.3"]})
    assert isinstance(case, dict)
    assert member_rows(case) == [] and allocated_members(case) == []


def test_two_closes_give_a_statement_each() -> None:
    """A rehearsal over two periods shows one statement a period, each with its balance apart."""
    lines = {"claims": [None, -2], "balance": [2, -2]}
    shown = rehearsal_tables({"statement_fen": {"Q1": lines, "Q2": lines}}, ["A", "B"], 2)
    assert [(period, balance["A"]) for period, _, balance in shown.statements] == [("Q1", 2), ("Q2", 2)]
    assert [row["line"] for row in shown.statements[0][1]] == ["claims"]


def test_the_examples_work_as_they_stand() -> None:
    """Whoever opens a calculator and presses the button gets a result."""
    assert score_file(json.loads(EXAMPLES["score"]["file"]))["ranking"] == ["丙", "甲", "乙"]
    assert allocate_file(json.loads(EXAMPLES["allocate"]["file"]))["shares_bp"] == [3500, 3180, 2120, 1200]  # type: ignore[call-overload]
    assert set(json.loads(EXAMPLES["rehearse"]["file"])) == {"agreement", "events"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", EXAMPLES["clock"]["from"])
    assert EXAMPLES["clock"]["minutes"] == "240"
