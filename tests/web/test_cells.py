"""How each kind of field reads a cell: strictly, and with a reason where it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import CITY
from core.errors import Invalid
from web.cells import FORMULA_STARTS, YES_NO, BadCell, Day, Fen, Instant, Kind, Text, Whole, shown
from web.messages.tables import MESSAGES


def code_of(kind: Kind, cell: Any) -> str:
    with pytest.raises(Invalid) as refused:
        kind.read(cell)
    facts = {"row": 2, "column": "层数", **refused.value.facts}
    assert all(text.format_map(facts) for text in MESSAGES[refused.value.code])
    return refused.value.code


@pytest.mark.parametrize(
    ("cell", "value"), [("45", 45), (" 45 ", 45), (45, 45), ("-5", -5), ("007", 7), ("　12　", 12), (" -5", -5)]
)
def test_a_whole_number_is_read(cell: Any, value: int) -> None:
    """A whole number is plain digits, perhaps with a minus sign in front."""
    assert Whole(least=-10, most=100).read(cell) == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.9", "cell_not_whole"),
        ("1.0", "cell_not_whole"),
        ("1_000", "cell_not_whole"),
        ("1,000", "cell_not_whole"),
        ("1e3", "cell_not_whole"),
        ("0x10", "cell_not_whole"),
        ("十", "cell_not_whole"),
        ("--5", "cell_formula"),
        ("+5", "cell_formula"),
        ("=5", "cell_formula"),
        ("＝5", "cell_formula"),
        ("\t5", "cell_formula"),
        ("12３", "cell_full_width"),
        ("１２", "cell_full_width"),
        ("－5", "cell_formula"),
        (True, "cell_not_whole"),
        (date(2026, 1, 1), "cell_not_whole"),
        ("101", "cell_out_of_range"),
        (101, "cell_out_of_range"),
        (10**15, "cell_digits_lost"),
        (BadCell("cell_formula", "2"), "cell_formula"),
        (BadCell("cell_error_value", "#"), "cell_error_value"),
        ("9" * 30, "cell_not_whole"),
    ],
)
def test_what_is_no_whole_number_is_refused(cell: Any, code: str) -> None:
    """1.9 is not 1, 1_000 is not 1000, full-width digits are not digits, and a formula is no number."""
    assert code_of(Whole(most=100), cell) == code


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("0", 0),
        ("12", 1200),
        ("12.3", 1230),
        ("12.34", 1234),
        ("1,234.50", 123450),
        ("-0.01", -1),
        (7, 700),
        ("1.500", 150),
    ],
)
def test_an_amount_becomes_fen(cell: Any, fen: int) -> None:
    """An amount in yuan with at most two decimals becomes whole fen."""
    assert Fen(least=-(10**9)).read(cell) == fen


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("12.345", "cell_below_one_fen"),
        ("0.30000000000000004", "cell_below_one_fen"),
        ("1,23.4", "cell_not_amount"),
        ("¥12", "cell_not_amount"),
        ("12元", "cell_not_amount"),
        (".5", "cell_not_amount"),
        ("5.", "cell_not_amount"),
        ("1e5", "cell_not_amount"),
        ("１２", "cell_full_width"),
        ("=12", "cell_formula"),
        ("-1", "cell_out_of_range"),
        (True, "cell_not_amount"),
        ("NaN", "cell_not_amount"),
    ],
)
def test_what_is_no_amount_is_refused(cell: Any, code: str) -> None:
    """Half a fen, a sign of currency and an amount below nothing are refused, each with its reason."""
    assert code_of(Fen(), cell) == code


@given(st.integers(-(10**15), 10**15))
@settings(max_examples=200, deadline=None)
def test_every_amount_comes_back_to_the_fen(fen: int) -> None:
    """Every amount written with two decimals is read back to the fen, with or without separators."""
    sign, whole, cents = "-" if fen < 0 else "", abs(fen) // 100, abs(fen) % 100
    kind = Fen(least=-(10**15))
    assert kind.read(f"{sign}{whole}.{cents:02}") == fen
    assert kind.read(f"{sign}{whole:,}.{cents:02}") == fen


@pytest.mark.parametrize(
    "cell",
    ["2026-01-05", "2026/1/5", "2026.1.5", "2026年1月5日", date(2026, 1, 5), datetime(2026, 1, 5)],  # noqa: DTZ001
)
def test_a_date_is_read_year_first(cell: Any) -> None:
    """A date is written year, month, day, with one sign between."""
    assert Day().read(cell) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("05/01/2026", "cell_not_day"),
        ("2026-1/5", "cell_not_day"),
        ("20260105", "cell_not_day"),
        (46027, "cell_not_day"),
        ("2026-02-30", "cell_day_does_not_exist"),
        ("２０２６-01-05", "cell_full_width"),
        (datetime(2026, 1, 5, 8), "cell_not_day"),  # noqa: DTZ001
        ("1026-01-05", "cell_day_out_of_range"),
        ("2026-01-05 08:00", "cell_not_day"),
    ],
)
def test_what_is_no_date_is_refused(cell: Any, code: str) -> None:
    """05/01/2026 may be May or January, 30 February is no day, a serial number is no date."""
    assert code_of(Day(), cell) == code


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-01-05 08:30", datetime(2026, 1, 5, 8, 30, tzinfo=CITY)),
        ("2026/1/5 8:30:15", datetime(2026, 1, 5, 8, 30, 15, tzinfo=CITY)),
        ("2026年1月5日8时5分", datetime(2026, 1, 5, 8, 5, tzinfo=CITY)),
        ("2026-01-05T08:30Z", datetime(2026, 1, 5, 8, 30, tzinfo=UTC)),
        ("2018-02-22 10:27:07.634909+00:00", datetime(2018, 2, 22, 10, 27, 7, 634909, tzinfo=UTC)),
        ("2026-01-05 08:30 +0800", datetime(2026, 1, 5, 8, 30, tzinfo=CITY)),
        (datetime(2026, 1, 5, 8, 30), datetime(2026, 1, 5, 8, 30, tzinfo=CITY)),  # noqa: DTZ001
    ],
)
def test_a_time_without_zone_is_city_time(cell: Any, instant: datetime) -> None:
    """A time is city time unless a zone stands beside it."""
    assert Instant().read(cell) == instant


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2026-01-05", "cell_time_missing"),
        (date(2026, 1, 5), "cell_not_instant"),
        ("2026-01-05 25:00", "cell_time_does_not_exist"),
        ("2026-01-05 8", "cell_not_instant"),
        ("2026-01-0508:30", "cell_not_instant"),
        ("2026-01-05 08:30 PM", "cell_not_instant"),
        ("yesterday", "cell_not_instant"),
        ("2026-01-05 08:30+25:00", "cell_time_does_not_exist"),
        ("2026-13-05 08:30", "cell_day_does_not_exist"),
        ("3026-01-05 08:30", "cell_day_out_of_range"),
        (46027, "cell_not_instant"),
        ("=NOW()", "cell_formula"),
    ],
)
def test_what_is_no_instant_is_refused(cell: Any, code: str) -> None:
    """A date without its time of day is no instant, and nothing is filled in."""
    assert code_of(Instant(), cell) == code


def test_an_hour_that_happened_twice_or_never_is_refused() -> None:
    """Where a zone told by the sender has summer time, the doubled and the missing hour are refused without a zone."""
    kind = Instant(zone=ZoneInfo("Europe/Berlin"))
    assert code_of(kind, "2026-10-25 02:30") == "cell_time_unclear"
    assert code_of(kind, "2026-03-29 02:30") == "cell_time_unclear"
    assert kind.read("2026-10-25 02:30+01:00").utcoffset() is not None


@pytest.mark.parametrize("start", sorted(FORMULA_STARTS))
def test_a_text_that_a_spreadsheet_would_run_is_refused(start: str) -> None:
    """A text beginning with a formula's sign, half or full width, or with a tab or line end, is refused."""
    assert code_of(Text(), start + "cmd|' /C calc'!A0") == "cell_formula"
    assert code_of(Text(), "　" + start + "1") == "cell_formula"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (date(2026, 1, 1), "cell_text_is_date"),
        (True, "cell_text_is_truth"),
        (31043010100201600000, "cell_digits_lost"),
        ("a\x00b", "cell_control_character"),
        ("a\u202eb", "cell_control_character"),
        ("x" * 201, "cell_too_long"),
    ],
)
def test_what_a_spreadsheet_did_to_a_text_is_refused(cell: Any, code: str) -> None:
    """A number that lost its last digits, or a number turned into a date, is not the text that was meant."""
    assert code_of(Text(), cell) == code


def test_texts_choices_and_forms() -> None:
    """A text keeps its words, a choice takes only its words, a form is checked whole."""
    assert Text().read(" 门机故障\n更换 ") == "门机故障\n更换"
    assert Text().read(45) == "45"
    assert Text(pattern=r"EL\d+X?").read("EL279X") == "EL279X"
    assert code_of(Text(pattern=r"EL\d+"), "EL1 2") == "cell_form_wrong"
    assert YES_NO.read("Yes") is True
    assert YES_NO.read(False) is False
    assert code_of(YES_NO, "maybe") == "cell_choice_unknown"
    assert shown("a\n" + "b" * 50) == "a " + "b" * 37 + "…"


@given(st.text(max_size=30), st.sampled_from([Text(), Whole(), Fen(), Day(), Instant(), YES_NO]))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused(text: str, kind: Kind) -> None:
    """Whatever is typed, a field gives a value or one clear refusal, never a fault of its own."""
    try:
        kind.read(text)
    except Invalid as refused:
        assert refused.code.startswith("cell_")
