"""Whatever a program sends, the API answers as it says it does: refused in words, or done as asked, never a fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from flask import url_for
from schemathesis import GenerationMode

from tests.depth import DEPTH
from tests.rules.fuzzing import Fuzz, changed, nothing_kept
from tests.rules.walking import Walk


@pytest.fixture(scope="module")
def fuzz(walk: Walk) -> Iterator[Fuzz]:
    """The world, with a token for everyone who can have one."""
    yield Fuzz(walk)


#: Operations whose description forbids nothing: files of calculators and banks, read by their own rules, sealed bytes.
TAKES_ANYTHING = {
    "POST /api/v1/bids/{tender_id}/versions",
    "POST /api/v1/calculators/allocate",
    "POST /api/v1/calculators/rehearse",
    "POST /api/v1/calculators/score",
    "POST /api/v1/pools/{pool_id}/bank",
}


def _expect_none(found: list[str]) -> None:
    assert not found, f"{len(found)}\n" + "\n".join(found[:60])


@pytest.mark.parametrize(
    ("mode", "count"),
    [(GenerationMode.NEGATIVE, 8), (GenerationMode.POSITIVE, 3)],
    ids=["what the description forbids", "what it allows"],
)
def test_every_operation_holds_to_its_description(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch, mode: GenerationMode, count: int
) -> None:
    """No fault, no answer that is not described, no yes to what is forbidden; a refusal changes nothing."""
    before = fuzz.walk.digest()
    fuzz.tried, fuzz.refused, fuzz.wrong = 0, 0, []
    with nothing_kept(monkeypatch):
        fuzz.run(mode, count * (4 if DEPTH > 1 else 1))
    _expect_none(fuzz.wrong)
    assert fuzz.without <= TAKES_ANYTHING
    assert fuzz.tried > 150
    assert mode is GenerationMode.POSITIVE or fuzz.refused > 150
    assert changed(before, fuzz.walk.digest()) == []


def _mark(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


#: Name in an address -> what is never taken there.
_REFUSED = {
    "limit": ["0", "-1", "201", "1.9", "1e2", "", "٣", "１２", "1_0", "9" * 40, "\0"],
    "cursor": [
        *("no mark", "=", "%FF", "\0", "x" * 5_000),
        *map(
            _mark, [5, {}, "text", [], [None], [[]], [1.5], ["\0", "\0"], ["2026-02-31T00:00:00+08:00", "x"], [10**40]]
        ),
        *map(_mark, [["9" * 400], [True], [{}, {}], ["2026-04-01T00:00:00+08:00", "{}"], [-1, -1, -1, -1]]),
        base64.urlsafe_b64encode(b"[" * 3_000).decode(),
        base64.urlsafe_b64encode(b"[" + b"9" * 2_900 + b"]").decode(),
    ],
    "no_such_name": ["1"],
}


def test_every_list_refuses_what_it_cannot_read(fuzz: Fuzz) -> None:
    """A page of a list is asked for by a small number and a mark that we gave: anything else is told, never guessed."""
    wrong, tried = [], 0
    for found in fuzz.schema.get_all_operations():
        operation = found.ok()
        names = {one.name for one in operation.query}
        if not names:
            continue
        call, seat = fuzz.pairs("GET", operation.path)[0]
        with fuzz.walk.table.app.test_request_context():
            path = url_for(call.endpoint, **call.params)
        for name, values in _REFUSED.items():
            for value in values if name in names or name == "no_such_name" else []:
                tried += 1
                answer = seat.browser.get(path, query_string={name: value})
                if answer.status_code != 422 or not answer.json["detail"]:
                    wrong.append(f"{operation.label} {name}={value[:60]}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert tried > 200


def test_a_body_is_read_once_and_exactly(fuzz: Fuzz) -> None:
    """A name twice, digits or nesting without end, bytes that are no text, a text that cannot be kept: each told."""
    call, seat = fuzz.pairs("POST", "/api/v1/faults")[0]
    for body, code in (
        (b'{"lift": "A", "lift": "B", "description": "x"}', "field_repeated"),
        (b'{"lift": "A\\u0000", "description": "x"}', "text_unreadable"),
        (b'{"lift": "A", "description": "\\ud800"}', "text_unreadable"),
        (b'{"lift": "A", "description": "%s"}' % (b"x" * 5_000), "text_too_long"),
        (b'{"lift": "A", "description": "\xff"}', "input_not_json"),
        (b'{"lift": NaN, "description": "x"}', "input_not_json"),
        (b"[" * 100_000, "input_not_json"),
        (b"9" * 10_000, "input_not_json"),
        (b"", "input_not_json"),
        (b"[]", "input_not_object"),
        (b'{"lift": 1, "description": ["x"], "is_trapped": "yes"}', "input_not_text"),
        (b'{"lift": "A", "description": "x", "is_trapped": 1}', "input_not_yes_or_no"),
    ):
        answer = seat.browser.post(
            call.rule, data=body, content_type="application/json", headers={"X-CSRFToken": seat.token}
        )
        said = answer.json
        codes = {said["code"], *(one["code"] for one in said.get("errors", ()))}
        assert answer.status_code in (400, 422) and code in codes, (body[:60], answer.status_code, codes)
        assert all(one["where"] for one in said.get("errors", ()) if one["code"] != "input_not_object"), said
