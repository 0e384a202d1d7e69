"""Exact numbers: what a file may say, and how a notice prints it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from core.errors import Invalid
from tender.exact import exact, listed, only_fields, plain, read_json


@pytest.mark.parametrize(
    "number", ["1e5", "+1", " 1", "1.", ".5", "1_000", "NaN", "", "1" * 19, 10**18, 1.5, True, None]
)
def test_what_is_not_a_number(number):
    """Only plain ASCII digits with at most one point are a number."""
    with pytest.raises(Invalid, match="calc_number_wrong"):
        exact(number, "x")


def test_numbers_keep_every_digit():
    """A decimal as text, or as JSON number is the same fraction."""
    assert exact("0.1", "x") == exact(read_json("0.1"), "x") == Fraction(1, 10)
    assert plain(Fraction(-1, 8)) == "-0.125"
    assert plain(Fraction(1, 3)) == "1/3"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "calc_json_wrong"),
        ("NaN", "calc_number_wrong"),
        ('{"a": 1, "a": 2}', "calc_field_repeated"),
        ("1" * 5000, "calc_json_wrong"),
        ("[" * 100_000, "calc_json_wrong"),
    ],
)
def test_what_is_not_json(text, code):
    """Broken text, NaN, a name given twice, a number or nesting without end are refused."""
    with pytest.raises(Invalid, match=code):
        read_json(text)


def test_shapes_are_named_where_they_differ():
    """A list where an object belongs, and an empty list, are refused with the place."""
    with pytest.raises(Invalid) as refused:
        only_fields([1], "case 2", frozenset(), frozenset())
    assert refused.value.facts["where"] == "case 2"
    with pytest.raises(Invalid, match="calc_list_wrong"):
        listed([], "weights", 3)
