"""What may be in a text at all: the one gate before every page and route."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.errors import Invalid
from tests.visitors import make_app
from web import typed
from web.listing import TEXT_MOST, Asked
from web.money_desk import need_ids, read_id

ID = "01a209ef-d5e2-738a-9931-0476cf6c55a5"


@pytest.fixture
def app(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application."""
    return make_app(engine, tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("电梯 №3\t门开\r\n关不上 — “异响” 𠮷", []),
        ("x" * typed.TEXT_MOST, []),
        ("x" * (typed.TEXT_MOST + 1), ["text_too_long"]),
        ("a\0b", ["text_unreadable"]),
        ("a\x1b[2J", ["text_unreadable"]),
        ("a\x85b", ["text_unreadable"]),
        ("\ud800", ["text_unreadable"]),
        ("\ufffd" * (typed.TEXT_MOST + 1), ["text_unreadable", "text_too_long"]),
    ],
    ids=["words", "as long as may be", "longer", "NUL", "control", "C1", "half a character", "two faults"],
)
def test_a_text_is_kept_whole_or_refused(text: str, codes: list[str]) -> None:
    """Tabs, line ends and every script are words; what no database holds, or nobody reads, is told."""
    assert [one.code for one in typed.check_text(text, "reason")] == codes


def test_a_short_field_is_never_shortened(app: Flask) -> None:
    """Forty characters are taken without the blanks around them; one more is told beside the field."""
    assert typed.within(f" {'9' * 40} ", "number", 40) == "9" * 40
    with pytest.raises(Invalid) as refused:
        typed.within("9" * 41, "number", 40)
    assert [(one.code, one.where, one.facts) for one in refused.value.findings] == [
        ("text_too_long", "number", {"most": 40, "length": 41})
    ]


def test_a_word_to_look_for_is_not_cut(app: Flask) -> None:
    """A list does not look for the beginning of a word: it says that the word is too long, and filters nothing."""
    with app.test_request_context(query_string={"q": "门" * (TEXT_MOST + 1)}):
        asked = Asked()
        assert asked.text("q") == "" and "100" in asked.errors["q"]


@pytest.mark.parametrize("wrong", ["", "no id", f"{{{ID}}}", ID.replace("-", ""), f"urn:uuid:{ID}"])
def test_a_choice_that_is_no_id_stops_the_step(app: Flask, wrong: str) -> None:
    """Of two premiums chosen, one unreadable, neither is booked: the person chooses again."""
    assert read_id(wrong) is None
    with app.test_request_context(query_string={"policy": [ID, wrong]}):
        with pytest.raises(Invalid) as refused:
            need_ids("policy")
        assert refused.value.code == "choice_unreadable"
    with app.test_request_context(query_string={"policy": [ID, ID]}):
        assert [str(one) for one in need_ids("policy")] == [ID]


def test_a_form_cut_short_is_told_as_such(app: Flask) -> None:
    """A form that cannot be taken apart is not taken for an empty one, nor for a page that was open too long."""
    for body in (b'--edge\r\nContent-Disposition: form-data; name="a\xff"\r\n\r\nx\r\n--edge--\r\n', b"--edge\r\n\r\n"):
        answer = app.test_client().post(
            "/calculators/score", data=body, content_type="multipart/form-data; boundary=edge"
        )
        assert answer.status_code == 422 and "form_cut_short" in answer.text, answer.text[-300:]
