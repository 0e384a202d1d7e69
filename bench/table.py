"""One ratio a row: what of ours was measured against what, the goal, and whether it is met; the table of all."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}
_MARKS = {True: "✔", False: "✘", None: ""}


@dataclass(frozen=True, slots=True)
class Row:
    """One measured line: a job of ours against a rival, each in `unit`, and their ratio as the goal means it.

    `goal` is a sign and a number (`>= 0.6`), empty where there is none. Where `ratio` is None the goal is for `ours`
    itself. What could not be measured has no figures, and its `note` says why.
    """

    job: str
    job_en: str
    against: str
    against_en: str
    ours: float | None = None
    rival: float | None = None
    unit: str = "s"
    ratio: float | None = None
    goal: str = ""
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Say whether the goal is met; None where there is no goal, or nothing was measured.

        >>> Row("甲", "a", "乙", "b", ours=1.0, rival=0.5, ratio=0.5, goal=">= 0.6").is_met
        False
        >>> Row("甲", "a", "", "", ours=12.0, unit="ms", goal="< 50").is_met
        True
        """
        measured = self.ours if self.ratio is None else self.ratio
        if not self.goal or measured is None:
            return None
        sign, wanted = self.goal.split()
        return _SIGNS[sign](measured, float(wanted))

    @property
    def mark(self) -> str:
        """Return the sign of a goal met or missed, or nothing."""
        return _MARKS[self.is_met]


def faster(job: tuple[str, str], against: tuple[str, str], ours_s: list[float], rival_s: list[float], goal: str) -> Row:
    """Return the row of two works timed in turn: how many times as fast ours is, the median of the rounds.

    >>> faster(("甲", "a"), ("乙", "b"), [1.0, 2.0, 1.0], [2.0, 2.0, 3.0], ">= 2").ratio
    2.0
    """
    ratio = median(theirs / own for own, theirs in zip(ours_s, rival_s, strict=True))
    return Row(*job, *against, median(ours_s), median(rival_s), "s", ratio, goal)


def slower(job: tuple[str, str], against: tuple[str, str], ours_s: list[float], rival_s: list[float], goal: str) -> Row:
    """Return the row of two works timed in turn: how many times as long ours takes, the median of the rounds."""
    ratio = median(own / theirs for own, theirs in zip(ours_s, rival_s, strict=True))
    return Row(*job, *against, median(ours_s), median(rival_s), "s", ratio, goal)


def as_data(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows as plain values, for another process."""
    return [asdict(row) for row in rows]


def from_data(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows that another process told."""
    return [Row(**row) for row in rows]


def shown(value: float | None) -> str:
    """Return a figure with the three digits that a measurement on a shared machine is good for.

    >>> shown(0.8449), shown(23.449), shown(163_000.4), shown(None)
    ('0.845', '23.4', '163,000', '')
    """
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 or value == 0 else f"{value:.1g}"


HEADS = ("做什么 job", "与什么比 against", "本系统 ours", "对方 rival", "单位 unit", "比值 ratio", "目标 goal", "")


def cells(row: Row) -> tuple[str, ...]:
    """Return a row's cells under `HEADS`."""
    ours = row.note if row.ours is None and row.note else shown(row.ours)
    return (
        f"{row.job} {row.job_en}",
        f"{row.against} {row.against_en}".strip(),
        ours,
        shown(row.rival),
        row.unit,
        shown(row.ratio),
        row.goal,
        row.mark,
    )


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a table of Markdown."""
    lines = [HEADS, ("---", "---", "--:", "--:", "---", "--:", "---", "---"), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def plain(rows: Iterable[Row]) -> str:
    """Return the rows as a table for a terminal."""
    lines = [HEADS, *map(cells, rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    is_right = (False, False, True, True, False, True, False, False)
    told = []
    for line in lines:
        padded = []
        for cell, width, right in zip(line, widths, is_right, strict=True):
            space = " " * (width - _width(cell))
            padded.append(space + cell if right else cell + space)
        told.append("  ".join(padded).rstrip())
    return "\n".join(told)
