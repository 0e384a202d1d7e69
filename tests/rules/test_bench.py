"""The bench tells what it measured: goals met and missed, what failed, and how much memory some work took."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import __main__ as door
from bench import report, splitting
from bench.alone import Failed, alone
from bench.table import Row, as_data, faster, from_data, markdown, plain, slower
from ledger.apportion import Weights

ROOT = Path(__file__).resolve().parents[2]
MET = Row("甲", "one", "乙", "two", 1.0, 0.7, "s", 0.7, ">= 0.6")
MISSED = Row("丙", "three", "", "", 81.25, None, "ms", None, "< 50")
FAILED = Row("丁", "four", "", "", note="没有测成 not measured: more than 1 s")


def test_a_row_says_whether_its_goal_is_met() -> None:
    """The goal is for the ratio where there is one, else for our own figure; without a figure nothing is claimed."""
    assert (MET.is_met, MISSED.is_met, FAILED.is_met) == (True, False, None)
    assert from_data(as_data([MET, MISSED, FAILED])) == [MET, MISSED, FAILED]


def test_a_ratio_is_the_median_of_its_rounds() -> None:
    """Round by round both sides stood on the same machine in the same minute: one bad round does not decide."""
    assert faster(("甲", "one"), ("乙", "two"), [1, 1, 9], [4, 5, 9], "").ratio == 4
    assert slower(("甲", "one"), ("乙", "two"), [3, 8, 2], [2, 2, 2], "").ratio == 1.5


def test_the_page_tells_goals_missed_as_plainly_as_goals_met() -> None:
    """A table of every row and a list of each kind; a small run says that it is one, a day stands there if told."""
    rows = [MET, MISSED, FAILED]
    page = report.page(rows, report.Run(is_quick=True, on="2026-11-27", took_s=61, load=0.1))
    assert markdown(rows) in page
    assert "| 丙 three |  | 81.2 |  | ms |  | < 50 | ✘ |" in page
    assert "达到 met: 1\n\n- 甲 one / 乙 two: 0.7 (>= 0.6)\n\n未达到 missed: 1\n" in page
    assert "没有测 not measured: 1" in page
    assert "--quick" in page
    assert "2026-11-27" in page
    assert "$" not in page
    assert "--quick" not in report.page(rows, report.Run(is_quick=False, on="", took_s=61, load=0.1))


def test_the_table_of_a_terminal_stands_in_columns() -> None:
    """A Chinese character takes two columns: the goals stand below each other."""
    lines = plain([MET, MISSED]).splitlines()
    assert len(lines) == 3
    before = [line.split(goal)[0] for line, goal in zip(lines, ("目标", ">=", "< 50"), strict=True)]
    assert len({len(re.sub(r"[^\x00-\xff]", "xx", line)) for line in before}) == 1


def test_a_cheap_job_is_measured() -> None:
    """The split is timed on both sides, round by round, and its parts are those of the rule."""
    ours_s, plain_s = splitting.split(Weights.of(1, 1, 1), 2_000, 2)
    assert len(ours_s) == len(plain_s) == 2
    assert min(*ours_s, *plain_s) > 0


def test_work_alone_tells_its_result_and_memory_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    """A process of its own gives back what the function returned; one that fails is told as failed."""
    outcome = alone("bench.table:shown", 81.25)
    assert outcome.result == "81.2"
    assert outcome.memory_mib > 0
    with pytest.raises(Failed, match="exit code 1"):
        alone("bench.table:shown", "much")
    assert "TypeError" in capfd.readouterr().err


def test_every_job_has_its_module() -> None:
    """What the command offers is there, with the function that measures."""
    for name, words, limit_s in door.JOBS:
        source = (ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8")
        assert "def measure(is_quick: bool)" in source
        assert words
        assert limit_s > 0
