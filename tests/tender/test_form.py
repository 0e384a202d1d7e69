"""The form of a bid: what is written is what is read, and nothing else is a form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from tender.form import BidForm, new_nonce, read_form

FORM = BidForm(128_600, 4_000, 500, True, "ab" * 16)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10_000), st.booleans(), st.data())
def test_a_form_comes_out_as_it_went_in(price_fen, line_bp, will_lead, data):
    """Price, lines, will to lead and nonce survive the envelope's spelling."""
    form = BidForm(price_fen, line_bp, data.draw(st.integers(0, line_bp)), will_lead, new_nonce())
    assert read_form(form.fields()) == form


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price_fen", "0"),
        ("price_fen", "1.9"),
        ("price_fen", "1_000"),
        ("price_fen", "１２３"),
        ("price_fen", "=1+1"),
        ("price_fen", "1000000001"),
        ("price_fen", None),
        ("line_bp", "0"),
        ("line_bp", "10001"),
        ("line_bp", "040"),
        ("floor_bp", "4001"),
        ("floor_bp", "-1"),
        ("will_lead", "yes"),
        ("nonce", "ab" * 15),
        ("nonce", "AB" * 16),
        ("nonce", "ab" * 65),
    ],
)
def test_what_is_no_form_is_named_by_its_field(field, value):
    """A price of nothing, digits that are none, a floor above the line, a nonce that could be guessed."""
    with pytest.raises(Invalid, match="form_wrong") as refused:
        read_form({**FORM.fields(), field: value})
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize("field", ["price_fen", "line_bp", "floor_bp", "will_lead", "nonce"])
def test_a_form_lacks_nothing(field):
    """A field that is missing is named, never taken as zero."""
    fields = FORM.fields()
    del fields[field]
    with pytest.raises(Invalid, match="form_wrong"):
        read_form(fields)
