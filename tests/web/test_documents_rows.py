"""Rows of a statement: they add up, they say who pays whom, and one digest stands for what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from documents_makers import amounts, make_shares, make_statement
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.reasons import Line, Reason
from web.documents.labels import LINES, REASONS
from web.documents.rows import Verification, as_data, canonical_bytes, net_due, rows_digest
from web.documents.wording import carry_text, share_text


@settings(max_examples=60, deadline=None)
@given(amounts)
def test_a_statement_says_its_balance_and_its_direction(amounts_fen: list[int]) -> None:
    """The answer is who pays whom, and how much without a sign."""
    rows = make_statement(amounts_fen)
    due = net_due(rows)
    assert due.amount_fen == abs(sum(amounts_fen))
    wanted = (sum(amounts_fen) > 0) - (sum(amounts_fen) < 0)
    payee = {1: "付款方：", -1: "收款方：", 0: ""}[wanted]
    assert due.pay_zh.startswith(payee) and (rows.head.lead_name in due.pay_zh) == bool(wanted)
    assert due.label_zh == {1: "共保体应付贵公司", -1: "贵公司应付共保体", 0: "本期两不相欠"}[wanted]
    assert due.words.startswith("人民币") and "负" not in due.words


def test_the_answer_stands_in_words() -> None:
    """A net of 864.54 owed to the member reads 捌佰陆拾肆元伍角肆分."""
    assert net_due(make_statement([86454])).words == "人民币捌佰陆拾肆元伍角肆分"


@pytest.mark.parametrize("part", ["lines", "movements"])
def test_rows_that_do_not_add_up_make_no_paper(part: str) -> None:
    """Lines and movements each add up to the balance to the fen, or nothing is made."""
    rows = make_statement()
    first = getattr(rows, part)[0]
    wrong = (replace(first, amount_fen=first.amount_fen + 1), *getattr(rows, part)[1:])
    with pytest.raises(Invalid, match="statement_not_adding_up") as refused:
        replace(rows, **{part: wrong})
    assert refused.value.facts["part"] == part


def test_shares_that_do_not_fill_the_whole_make_no_paper() -> None:
    """Signed lines add up to exactly their whole."""
    short = make_shares()[:3]
    with pytest.raises(Invalid, match="shares_not_whole"):
        replace(make_statement(), shares=short)
    with pytest.raises(Invalid, match="shares_not_whole"):
        replace(make_statement(), shares=())


def test_the_digest_follows_what_is_said_not_where_it_is_checked() -> None:
    """Moving the site changes no digest; one fen, one letter or one day does."""
    rows = make_statement()
    moved = replace(rows, verification=Verification("https://elsewhere.example/x", "OTHER"))
    assert rows_digest(moved) == rows_digest(rows)
    changes = [
        make_statement([-28186, -425762, -75000, 858333, -242932]),
        make_statement(description="更换 4 号梯曳引轮"),
        replace(rows, head=replace(rows.head, issued_on=rows.head.period_ends_on)),
        replace(rows, movements=rows.movements[::-1]),
    ]
    assert len({rows_digest(other) for other in [rows, *changes]}) == 5


def test_the_data_of_a_statement_is_whole_numbers_and_iso_dates() -> None:
    """The JSON form has fen as whole numbers, dates as ISO, Chinese as Chinese."""
    rows = make_statement()
    data = json.loads(canonical_bytes(rows), parse_float=pytest.fail)
    assert data["balance_fen"] == rows.balance_fen
    assert data["head"]["period_ends_on"] == "2026-03-31"
    assert "verification" not in data
    left_out = {"verification": {"url": rows.verification.url, "code": rows.verification.code}, "pay_into": None}
    assert as_data(rows) == {**data, **left_out}
    assert "分摊赔款".encode() in canonical_bytes(rows)


def test_every_line_and_reason_of_the_book_has_its_words() -> None:
    """What the book calls by a code, papers call by a word, in both languages."""
    assert set(LINES) == set(Line)
    assert set(REASONS) == set(Reason)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_share_is_written_exactly_or_as_it_was_agreed(data: st.DataObject) -> None:
    """A share reads as the exact percentage, never a rounded one; thirds stay thirds."""
    whole = data.draw(st.sampled_from([3, 7, 8, 100, 10_000, 1_000_000, 999_983]))
    weight = data.draw(st.integers(0, whole))
    text = share_text(weight, whole)
    read = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    assert read == Fraction(weight, whole)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([3, 100, 10_000, 1_000_000]), st.integers(-2_000_000, 2_000_000))
def test_a_carry_is_written_exactly(whole: int, carry: int) -> None:
    """The carry on a paper is the stored one, in fen, with its sign."""
    text = carry_text(carry, whole).replace("−", "-")
    assert Fraction(text) == Fraction(carry, whole)
