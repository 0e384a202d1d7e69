"""Tests of the pieces of a page that are made once: the same for the same, and never one's words for another's."""

from __future__ import annotations

from markupsafe import Markup, escape

from web import kept_pieces


class Macro:
    """A macro that writes down how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *args: object, **rest: object) -> str:
        self.calls += 1
        return Markup(" ").join([*map(escape, args), *(f"{name}:{value}" for name, value in rest.items())])


def test_a_piece_is_made_once_for_each_language() -> None:
    """The same words in the other language are another piece."""
    language, macro = ["zh"], Macro()
    piece = kept_pieces.keepers(lambda: language[0])["kept"](macro)
    assert piece("policy", "bound") == piece("policy", "bound") == "policy bound" and macro.calls == 1
    language[0] = "en"
    piece("policy", "bound")
    assert macro.calls == 2


def test_what_is_told_by_name_is_no_word_at_that_place() -> None:
    """The same words are another piece where one of them is told by name, or stands in another choice."""
    piece = kept_pieces.keepers(str)["kept"](Macro())
    assert piece("policy", "label", "bound") == "policy label bound"
    assert piece("policy", label="bound") == "policy label:bound"
    macro = Macro()
    field = kept_pieces.keepers(str)["kept_field"](macro)
    field("q", "词", "select", options=[("a", "甲", None), ("b", "乙")])
    field("q", "词", "select", options=[("a", "甲"), (None, "b", "乙")])
    field("q", "词", "select", options=[("a", "甲")], hint="b")
    field("q", "词", "select", options=[("hint", "b"), ("a", "甲")])
    assert macro.calls == 4


def test_markup_and_the_same_signs_as_words_are_two_pieces() -> None:
    """What is escaped is never answered with what is not; neither are a number and a truth the same."""
    piece = kept_pieces.keepers(str)["kept"](Macro())
    assert piece(Markup("<b>")) == "<b>" and piece("<b>") == "&lt;b&gt;" and piece(Markup("<b>")) == "<b>"
    assert (piece(1), piece(True), piece(None)) == ("1", "True", "None")


def test_what_is_no_word_is_made_anew() -> None:
    """A list or a row may differ the next time it is handed over."""
    macro = Macro()
    piece = kept_pieces.keepers(str)["kept"](macro)
    piece(["a"]), piece(["a"])
    assert macro.calls == 2


def test_a_field_is_kept_while_nothing_is_typed() -> None:
    """A value, a fault or a password is never kept; other choices are another field."""
    macro = Macro()
    field = kept_pieces.keepers(str)["kept_field"](macro)
    for _ in range(2):
        field("q", "词", "search", {"q": ""}, {})
        field("q", "词", "select", options=[("", "全部"), ("a", "甲")])
        field("q", "词", "select", options=[("", "全部"), ("a", "乙")])
    assert macro.calls == 3
    for values, errors, kind in (
        ({"q": "甲"}, {}, "text"),
        ({"q": 0}, {}, "text"),
        ({}, {"q": "错"}, "text"),
        ({}, {}, "password"),
    ):
        field("q", "词", kind, values, errors)
        field("q", "词", kind, values, errors)
    assert macro.calls == 11


def test_no_more_are_kept_than_so_many() -> None:
    """Where there are too many, all are made again as they are asked for."""
    macro = Macro()
    piece = kept_pieces.keepers(str)["kept"](macro)
    for number in range(kept_pieces.MOST + 1):
        piece(number)
    piece(kept_pieces.MOST)
    assert macro.calls == kept_pieces.MOST + 1
    piece(0)
    assert macro.calls == kept_pieces.MOST + 2
