"""Amounts read from text, written for people and machines, and in Chinese capitals."""

from __future__ import annotations

from typing import Any

import cn2an
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.money import LIMIT_FEN, check_amount, format_fen, in_words, parse_fen, plain_fen

AMOUNTS = st.integers(-LIMIT_FEN, LIMIT_FEN)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.01", 1),
        ("-0.01", -1),
        ("−0.01", -1),
        ("0.5", 50),
        ("1234.5", 123450),
        ("1,234.50", 123450),
        ("1234567.80", 123456780),
        ("1,234,567.80", 123456780),
        ("-26,516.24", -2651624),
        ("−26516.24", -2651624),
        ("100", 10000),
        ("10,000,000,000,000.00", LIMIT_FEN),
        ("-10000000000000", -LIMIT_FEN),
        ("-0.00", 0),
    ],
)
def test_an_amount_is_read_to_the_fen(text: str, fen: int) -> None:
    """Yuan with or without separators, up to two decimals, either minus."""
    assert parse_fen(text) == fen


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "blank"),
        ("  \t", "blank"),
        (" 1.00", "blank_inside"),
        ("1.00\n", "blank_inside"),
        ("1 234.50", "blank_inside"),
        ("1\N{NO-BREAK SPACE}234.50", "blank_inside"),
        ("１２３", "full_width"),
        ("1，234.50", "full_width"),
        ("12。5", "full_width"),
        ("￥12", "full_width"),
        ("－12", "full_width"),
        ("1" * 33, "too_long"),
        ("9" * 5000, "too_long"),
        ("1e3", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1_000", "not_a_number"),
        ("+5", "not_a_number"),
        ("¥12", "not_a_number"),
        ("=1+1", "not_a_number"),
        ("٣", "not_a_number"),
        ("(5.00)", "not_a_number"),
        ("12元", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1.999", "decimals"),
        ("1.", "decimals"),
        ("1,234.500", "decimals"),
        ("007", "leading_zero"),
        ("00.50", "leading_zero"),
        ("0,123.00", "leading_zero"),
        ("12,34.50", "grouping"),
        ("1,2345", "grouping"),
        ("1234,567.00", "grouping"),
        (",123", "grouping"),
        ("1.2,3", "grouping"),
        ("1.2.3", "form"),
        (".50", "form"),
        ("-", "form"),
        ("--5", "form"),
        ("5-", "form"),
    ],
)
def test_what_would_have_to_be_guessed_is_no_amount(text: str, reason: str) -> None:
    """Full-width digits, exponents, a third decimal, wrong grouping: refused with the reason, nothing rounded."""
    with pytest.raises(Invalid) as refused:
        parse_fen(text)
    assert (refused.value.code, refused.value.facts["reason"]) == ("invalid_amount", reason)
    assert len(str(refused.value.facts["text"])) <= 32


@pytest.mark.parametrize("value", [None, 5, 1.9, True, b"5"])
def test_only_text_is_read_as_an_amount(value: Any) -> None:
    """A number from JSON is not text: it is refused, not turned into fen."""
    with pytest.raises(Invalid) as refused:
        parse_fen(value)
    assert refused.value.facts["reason"] == "not_text"


@pytest.mark.parametrize("text", ["10,000,000,000,000.01", "-10000000000000.01", "99999999999999999999"])
def test_one_amount_has_a_limit(text: str) -> None:
    """More than ten trillion yuan is refused whichever way it flows."""
    with pytest.raises(Invalid) as refused:
        parse_fen(text)
    assert refused.value.code == "amount_too_large"
    assert refused.value.facts["limit"] == "10,000,000,000,000.00"


def test_the_limit_itself_is_an_amount() -> None:
    """Exactly the limit passes, a fen more does not."""
    assert check_amount(-LIMIT_FEN) == -LIMIT_FEN
    with pytest.raises(Invalid, match="amount_too_large"):
        check_amount(LIMIT_FEN + 1)


@settings(max_examples=300, deadline=None)
@given(AMOUNTS)
def test_what_is_written_is_read_back(fen: int) -> None:
    """The page, the plain text and the file all give the same fen when read again."""
    assert (
        parse_fen(format_fen(fen)) == parse_fen(format_fen(fen, true_minus=False)) == parse_fen(plain_fen(fen)) == fen
    )


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="0123456789.,-−+eE_ １é", max_size=12))
def test_any_text_is_an_amount_or_is_refused(text: str) -> None:
    """Whatever is typed gives an amount that writes back to the same digits, or a refusal; never a guess."""
    try:
        fen = parse_fen(text)
    except Invalid as refusal:
        assert refusal.code == "invalid_amount"
    else:
        bare = text.replace(",", "").replace("−", "-").removeprefix("-")
        whole, _, cents = bare.partition(".")
        assert plain_fen(abs(fen)) == f"{whole}.{cents.ljust(2, '0')}"


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (11, "壹角壹分"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (110, "壹元壹角整"),
        (1000, "壹拾元整"),
        (1100, "壹拾壹元整"),
        (10100, "壹佰零壹元整"),
        (11000, "壹佰壹拾元整"),
        (100100, "壹仟零壹元整"),
        (101000, "壹仟零壹拾元整"),
        (1000000, "壹万元整"),
        (1000100, "壹万零壹元整"),
        (1050000, "壹万零伍佰元整"),
        (10000000, "壹拾万元整"),
        (100000000, "壹佰万元整"),
        (1000000000, "壹仟万元整"),
        (10000000000, "壹亿元整"),
        (10000000100, "壹亿零壹元整"),
        (10005000000, "壹亿零伍万元整"),
        (10050050000, "壹亿零伍拾万零伍佰元整"),
        (12000000000, "壹亿贰仟万元整"),
        (100000000000, "壹拾亿元整"),
        (100000000000000, "壹万亿元整"),
        (LIMIT_FEN, "壹拾万亿元整"),
        (100000001000000, "壹万亿零壹万元整"),
        (999999999999999, "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        # the examples of the payment and settlement rules' annex, and the oracle's balance
        (140950, "壹仟肆佰零玖元伍角整"),
        (600714, "陆仟零柒元壹角肆分"),
        (168032, "壹仟陆佰捌拾元叁角贰分"),
        (10700053, "壹拾万柒仟元伍角叁分"),
        (1640902, "壹万陆仟肆佰零玖元零贰分"),
        (32504, "叁佰贰拾伍元零肆分"),
        (-2651624, "负贰万陆仟伍佰壹拾陆元贰角肆分"),
        (-5, "负伍分"),
    ],
)
def test_an_amount_in_capitals(fen: int, words: str) -> None:
    """大写金额: 整 after yuan and jiao, one 零 for a gap, 零 between yuan and fen, 负 for less than nothing."""
    assert in_words(fen) == words


@settings(max_examples=1500, deadline=None)
@given(st.one_of(AMOUNTS, st.integers(0, 15).flatmap(lambda zeros: st.integers(-99, 99).map(lambda n: n * 10**zeros))))
def test_capitals_read_back_to_the_amount(fen: int) -> None:
    """An independent reader of capitals finds the very same amount, at any size and with zeros anywhere."""
    if abs(fen) > LIMIT_FEN:
        with pytest.raises(Invalid):
            in_words(fen)
        return
    assert _read(in_words(fen)) == fen


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 99_999_999).map(lambda yuan: yuan * 100))
def test_whole_yuan_agree_with_an_independent_writer(fen: int) -> None:
    """Whole yuan below a hundred million read as another program writes them."""
    assert in_words(fen) == cn2an.an2cn(fen // 100, "rmb")


def _read(words: str) -> int:
    """Read capitals by the places alone, knowing nothing of how they are written."""
    sign, words = (-1, words[1:]) if words[0] == "负" else (1, words)
    assert "零零" not in words
    total = section = below_yi = digit = fen = 0
    for mark in words:
        if mark in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(mark)
        elif mark in "拾佰仟":
            section += digit * 10 ** ("拾佰仟".index(mark) + 1)
            digit = 0
        elif mark == "万":
            below_yi += (section + digit) * 10**4
            section = digit = 0
        elif mark == "亿":
            total = (below_yi + section + digit) * 10**8
            below_yi = section = digit = 0
        elif mark in "元角分":
            if mark == "元":
                fen = (total + below_yi + section + digit) * 100
            else:
                fen += digit * (10 if mark == "角" else 1)
            digit = 0
        else:
            assert mark == "整"
    return sign * fen
