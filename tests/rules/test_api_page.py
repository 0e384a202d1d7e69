"""docs/api.md is true today: its addresses are operations, its answers have the fields that the schemas promise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from web.messages import catalogue, told

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
OPENAPI = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS = OPENAPI["components"]["schemas"]
ANSWERS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def addresses() -> Iterator[str]:
    """Yield every address of the API that the page names, its ids as `{}` and without its query."""
    for found in re.findall(r"/api/v1/[\w{}/.-]+", PAGE):
        yield re.sub(r"\{\w+\}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/files/)pdf", "{}", found).rstrip("/.")


@pytest.mark.parametrize("address", sorted(set(addresses()) - {"/api/v1/calculators"}))
def test_every_address_is_an_operation(address: str) -> None:
    """What a reader copies leads somewhere."""
    assert address in {re.sub(r"\{\w+\}", "{}", path) for path in OPENAPI["paths"]}


def fields_of(answer: Any) -> Iterator[frozenset[str]]:
    """Yield the field names of an answer and of every object in it, but for free facts."""
    if isinstance(answer, dict):
        yield frozenset(answer)
        for name, value in answer.items():
            if name != "facts":
                yield from fields_of(value)
    elif isinstance(answer, list):
        for one in answer:
            yield from fields_of(one)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: ",".join(answer)[:40])
def test_every_answer_has_the_fields_of_a_schema(answer: Any) -> None:
    """No example shows a field that the API no longer has."""
    known = [frozenset(schema.get("properties", {})) for schema in SCHEMAS.values()]
    for fields in fields_of(answer):
        assert any(fields <= schema for schema in known), sorted(fields)


def test_the_statement_is_shown_whole() -> None:
    """The first example has every field that the list of statements answers with, in its order."""
    shown = next(answer["data"][0] for answer in ANSWERS if "data" in answer)
    assert list(shown) == list(SCHEMAS["StatementOut"]["properties"])


def test_broken_json_is_listed_under_the_status_it_gets() -> None:
    """The table of statuses names broken JSON where the API answers it."""
    rows = dict(re.findall(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.M))
    assert [status for status, words in rows.items() if "JSON" in words] == [str(Invalid.status)]


def test_refusals_are_told_in_todays_words() -> None:
    """Each problem document of the page says what the catalogue says now."""
    problems = [answer for answer in ANSWERS if "code" in answer]
    assert len(problems) >= 3
    for problem in [*problems, *(one for answer in problems for one in answer.get("errors", []))]:
        assert problem["code"] in catalogue()
        assert problem["detail"] == told(problem["code"], problem["facts"], is_english=False)
