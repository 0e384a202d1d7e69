"""Every refusal and finding of an upload, a clock or an outage list has its words in both languages."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from web.messages import claims, core, tables

ROOT = Path(__file__).resolve().parents[2]
ALL = {**core.MESSAGES, **claims.MESSAGES, **tables.MESSAGES}
STARTS = ("table_", "cell_", "header_", "column_", "row_too_long")
READERS = ("cells", "csv_rows", "row_schema", "tables", "workbooks", "workbook_child")


def codes_in(path: Path, starts: tuple[str, ...] = STARTS) -> set[str]:
    """Return every text in a file that has the form of a refusal's or finding's code."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith(starts) and not node.value.endswith("_") and node.value.replace("_", "").isalpha()
    }


def test_every_code_of_an_upload_has_words_and_every_word_a_code() -> None:
    """What an upload can be refused for is said in words, and no words are kept for what cannot happen."""
    codes = set().union(*(codes_in(ROOT / "web" / f"{name}.py") for name in READERS))
    assert codes == set(tables.MESSAGES)


def test_every_oddity_of_an_outage_list_has_words() -> None:
    """Each error and each remark about a row of an outage list is said in words."""
    codes = codes_in(ROOT / "claims" / "fault_rows.py", ("fault_",))
    assert len(codes) > 15 and set(claims.MESSAGES) >= codes


@pytest.mark.parametrize("code", sorted(ALL))
def test_the_two_languages_tell_the_same_facts(code: str) -> None:
    """Chinese and English of one message name the same facts (a field's label has one name in each)."""
    told = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in ALL[code]]
    assert {name.removesuffix("_en") for name in told[0]} == {name.removesuffix("_en") for name in told[1]}
