"""docs/performance.md, made of the measured rows, what the machine is, and the words of `performance_words.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template

import psutil

from bench import pgbench
from bench.table import Row, cells, markdown, shown

_WORDS = Path(__file__).with_name("performance_words.md")
#: The packages whose releases matter for the figures, ours first.
_PACKAGES = ("gongbao", "sqlalchemy", "psycopg", "numpy", "flask", "weasyprint", "xlsxwriter")
_RIVALS = ("typst", "reportlab", "openpyxl", "pandas", "beancount", "django", "django-hordak")
_QUICK_ZH = (
    "**本页由小规模运行（`--quick`）写成**：规模小时固定开销占得多，机器也可能不空闲，不能据此判断目标是否达到。"
)
_QUICK_EN = (
    "**This page was written by a small run (`--quick`)**: at small sizes fixed costs weigh more, and the machine may\n"
    "not have been idle; whether goals are met cannot be read from it."
)


@dataclass(frozen=True, slots=True)
class Run:
    """How the rows came about: at which size, on which day where that is told, how long it took, how busy it was."""

    is_quick: bool
    on: str
    took_s: int
    load: float


def verdict(rows: Sequence[Row]) -> str:
    """Return which goals are met, which are missed and what was not measured, a line each.

    >>> verdict([Row("甲", "a", "乙", "b", ratio=0.7, ours=1.0, goal=">= 0.6")]).splitlines()[0]
    '达到 met: 1'
    """
    met, missed = ([row for row in rows if row.is_met is wanted] for wanted in (True, False))
    unmeasured = [row for row in rows if row.ours is None]
    lines = [f"达到 met: {len(met)}", *map(_line, met), f"未达到 missed: {len(missed)}", *map(_line, missed)]
    if unmeasured:
        lines += [f"没有测 not measured: {len(unmeasured)}", *(f"- {' '.join(cells(row)[:3])}" for row in unmeasured)]
    return "\n".join(lines)


def _line(row: Row) -> str:
    name, against, *_ = cells(row)
    measured = row.ours if row.ratio is None else row.ratio
    unit = row.unit if row.ratio is None else ""
    return f"- {name} / {against}: {shown(measured)} {unit}".rstrip() + f" ({row.goal})"


def _releases(names: Sequence[str]) -> str:
    told = []
    for name in names:
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(told)


def page(rows: Sequence[Row], run: Run) -> str:
    """Return the page: words in both languages around the table, the machine, and the verdict."""
    memory_gib = psutil.virtual_memory().total // (1 << 30)
    told = {
        "quick": f"{_QUICK_ZH}\n{_QUICK_EN}\n\n" if run.is_quick else "",
        "date": f"{run.on}，" if run.on else "",
        "command": "./run bench --quick" if run.is_quick else "./run bench",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU, {memory_gib} GiB",
        "load": f"{run.load:.1f}",
        "took": str(run.took_s),
        "versions": f"Python {platform.python_version()}, {pgbench.release()}, {_releases(_PACKAGES)}",
        "rivals": _releases(_RIVALS),
        "table": markdown(rows),
        "verdict": _as_lists(verdict(rows)),
    }
    return Template(_WORDS.read_text(encoding="utf-8")).substitute(told)


def _as_lists(text: str) -> str:
    """Return the verdict with an empty line around each of its lists."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line.startswith("- ") != lines[-1].startswith("- "):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)
