"""XLSX files, opened only in a process of their own that has little memory and little time.

The child (`workbook_child.py`, or `workbook_stream.py` for a sheet of any length) checks the archive, unpacks it
under caps, and writes rows as JSON lines into an unnamed file; this side waits, and turns its end, good or bad, into
rows or one clear refusal.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from core.errors import Invalid
from web.cells import BadCell, Cell, Limits, Row

_CHILD = Path(__file__).with_name("workbook_child.py")
_STREAM = Path(__file__).with_name("workbook_stream.py")


@dataclass(frozen=True, slots=True)
class Workbook:
    """One sheet of a workbook being read, and the names of all that can be seen."""

    sheet: str
    sheets: tuple[str, ...]
    rows: Iterator[Row]


@contextmanager
def opened(copy: IO[bytes], limits: Limits, sheet: str | None = None) -> Iterator[Workbook]:
    """Read a workbook's sheet (the first that can be seen, where none is named) in a process of its own.

    Refuses with the child's `table_...` code, or `table_too_heavy` where the child ran out of memory or time.
    """
    with tempfile.TemporaryFile() as lines:
        _run_child(copy, lines, limits, sheet)
        lines.seek(0)
        head = json.loads(lines.readline())
        if "refused" in head:
            raise Invalid(head["refused"], **head["facts"])
        yield Workbook(head["sheet"], tuple(head["sheets"]), _rows(lines))


def _run_child(copy: IO[bytes], lines: IO[bytes], limits: Limits, sheet: str | None) -> None:
    """Let the child write the rows into `lines`; refuse where it did not come to a proper end."""
    copy.seek(0)
    order = json.dumps({**asdict(limits), "sheet": sheet})
    command = [sys.executable, "-I", "-B", str(_STREAM if limits.streams else _CHILD), order]
    try:
        done = subprocess.run(  # noqa: S603  our interpreter, our file; the upload is only its standard input
            command, stdin=copy, stdout=lines, stderr=subprocess.DEVNULL, timeout=limits.wall_s, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise Invalid("table_too_heavy") from None
    if done.returncode != 0:
        raise Invalid("table_too_heavy" if done.returncode < 0 else "table_workbook_broken")


def _rows(lines: IO[bytes]) -> Iterator[Row]:
    """Yield the rows the child wrote."""
    for line in lines:
        number, cells = json.loads(line)
        yield Row(number, tuple(map(_cell, cells)))


def _cell(value: Any) -> Cell:
    """Return a cell from its JSON form."""
    if not isinstance(value, dict):
        plain: str | int | bool | None = value
        return plain
    kind, text = next(iter(value.items()))
    if kind == "day":
        return date.fromisoformat(text)
    if kind == "instant":
        return datetime.fromisoformat(text)
    return BadCell(kind, text)
