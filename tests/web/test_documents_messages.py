"""Every refusal of papers, sheets and signatures has its words, in both languages, and says what to do."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from web.messages.documents import MESSAGES

FOLDER = Path(__file__).resolve().parents[2] / "web" / "documents"


def raised() -> dict[str, set[str]]:
    """Return each code that the folder refuses with, and the facts it always gives."""
    found: dict[str, set[str]] = {}
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Invalid", "Conflict")
            ):
                (code,) = node.args
                assert isinstance(code, ast.Constant)
                facts = {word.arg or "" for word in node.keywords}
                found[code.value] = found.get(code.value, facts) & facts
    return found


def test_every_code_has_its_words_and_no_words_are_idle() -> None:
    """The catalogue has exactly the codes that are raised here."""
    assert set(MESSAGES) == set(raised())


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_words_use_only_facts_that_are_given(code: str) -> None:
    """A message can always be filled in, in Chinese and in English, and ends as a sentence."""
    for words in MESSAGES[code]:
        places = {name for _, name, _, _ in string.Formatter().parse(words) if name}
        assert places <= raised()[code]
    assert MESSAGES[code][0].endswith("。") and MESSAGES[code][1].endswith(".")
