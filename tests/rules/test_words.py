"""Every refusal has its words in both languages, says what to do with the facts it gets, and is shown by a test."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from underwriting.sent_models import SentList
from web import rooms
from web.list_walk import kind_name
from web.messages import catalogue

rooms.import_all()

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "ledger", "tender", "underwriting", "claims", "web")
KINDS = {"Invalid", "NotFound", "Forbidden", "Conflict", "Finding", "Unauthenticated"}


def _raised() -> Iterator[tuple[str, str]]:
    """Yield (code, place) of every refusal and finding that is written out in the source."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                first = node.args[0]
                if name in KINDS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, f"{path.relative_to(ROOT)}:{node.lineno}"


#: The refusals that every kind of list that is sent has under its own name.
OF_LISTS = {
    f"{kind.kind}_{code}": "underwriting/sent_lists.py"
    for kind in SentList.__subclasses__()
    for code in ("not_found", "sent_before")
}
RAISED = {**dict(_raised()), **OF_LISTS}


def test_every_code_has_words() -> None:
    """A refusal without words would be shown to people by its code."""
    assert {code: place for code, place in RAISED.items() if code not in catalogue()} == {}


@pytest.mark.parametrize("place", [0, 1], ids=["zh", "en"])
def test_words_are_sentences(place: int) -> None:
    """Words are never empty, Chinese ones are Chinese, and both languages fill in the same facts."""
    formatter = string.Formatter()
    for code, pair in catalogue().items():
        assert pair[place].strip(), code
        assert bool(re.search(r"[\u4e00-\u9fff]", pair[place])) == (place == 0), code
        # A fact may come in each language: `field` beside `field_en`.
        facts = [{name.removesuffix("_en") for _, name, _, _ in formatter.parse(words) if name} for words in pair]
        assert facts[0] == facts[1], code


def test_every_code_is_shown_by_a_test() -> None:
    """Each refusal that the rooms below the edge can raise stands in a test."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.py")))
    below = {code: place for code, place in RAISED.items() if not place.startswith("web/")}
    missing = {code: place for code, place in below.items() if not re.search(rf"\b{code}\b", tests)}
    assert missing == {}


def test_every_fault_of_a_cell_has_a_short_name() -> None:
    """The tabs over the findings of a list are words, whatever the readers of cells may find."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "web").glob("*.py"))
    codes = set(re.findall(r'"(cell_[a-z_]+)"', sources)) - {"cell_"}
    assert len(codes) > 15
    assert {code for code in codes if kind_name(code) == code} == set()
