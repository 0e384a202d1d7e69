"""The glossary is true: its names are in the code, its words on the pages, its states are those of the rooms."""

from __future__ import annotations

import importlib
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "glossary.py"))
TEXT = TOOL["GLOSSARY"].read_text(encoding="utf-8")


def rows() -> Iterator[list[str]]:
    """Yield term, 中文, meaning, names in code and source of every word."""
    for line in TEXT.partition(TOOL["MARK"])[0].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0] not in {"term", "---"}:
            yield cells


ROWS = list(rows())
NAMES = sorted({name for cells in ROWS for name in re.findall(r"`([^`]+)`", cells[3])})
UNUSED = {"分出"}


def is_there(path: str) -> bool:
    """Say whether a dotted path names a module, or what a module holds: a function, a class, a column, a field."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for name in parts[count:]:
            if not hasattr(found, name) and name not in getattr(found, "__dataclass_fields__", {}):
                return False
            found = getattr(found, name, None)
        return True
    return False


def test_every_row_is_whole() -> None:
    """A word has its Chinese, its meaning, its name in code and where it comes from; no word stands twice."""
    assert len(ROWS) > 60
    for cells in ROWS:
        assert len(cells) == 5 and all(cells), cells
    for place in (0, 3):
        told = [cells[place] for cells in ROWS if cells[place] != "—"]
        assert len(told) == len(set(told))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_in_the_code(name: str) -> None:
    """What the glossary says a thing is called in code is what it is called."""
    assert is_there(name)
    assert not is_there(f"{name}_of_old")


def test_every_word_is_used() -> None:
    """A Chinese term of the glossary stands on a page, a paper or in a message; what is not used says so."""
    files = [
        path for room in ("web", "templates") for path in (ROOT / room).rglob("*.*") if path.suffix in {".py", ".html"}
    ]
    told = "\n".join(path.read_text(encoding="utf-8") for path in files)
    words = {word for cells in ROWS for word in cells[1].split("、")}
    assert {word for word in words if word not in told} == UNUSED


def test_states_verbs_and_roles_are_those_of_the_code() -> None:
    """The tables below the words are what `python tools/glossary.py` writes today."""
    assert TOOL["written"](TEXT) == TEXT, "run `python tools/glossary.py`"
