"""Tests of sheets written a row at a time: byte for byte what XlsxWriter makes of the same cells."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from web.documents.row_sheet import RowSheet
from web.documents.sheets import DAY_NOUGHT, no_markup, yuan_of

#: A day, a whole number or none, a text, fen.
Line = tuple[date, int | None, str, int]
_ODD = ["", " 前", "后 ", "a\nb", "<r>x</r>", "<b>&\"'", "_x0041_", "\x01", "\ufffe", "=1", "甲\u2028", "😀" * 9000]
LINES = st.tuples(
    st.dates(date(1900, 3, 1), date(2199, 12, 31)),
    st.none() | st.integers(0, 10**12),
    st.sampled_from(_ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.integers(-(10**15), 10**15),
)


def book(lines: list[Line], write: Callable[[Any, dict[str, Any], list[Line]], None]) -> bytes:
    """Return a workbook with a row of heads, lines as `write` writes them, and a row below."""
    body = io.BytesIO()
    with xlsxwriter.Workbook(body, {"constant_memory": True}) as made:
        made.set_properties({"created": datetime(2026, 3, 2)})  # noqa: DTZ001 - a workbook's times have no zone
        forms = {"day": "yyyy-mm-dd", "whole": "0", "text": "@", "fen": "0.00", "head": "General"}
        styles = {name: made.add_format({"num_format": form, "bold": name == "head"}) for name, form in forms.items()}
        sheet = made.add_worksheet("明细", RowSheet)
        for column in range(4):
            sheet.write_string(0, column, "列", styles["head"])
        write(sheet, styles, lines)
        sheet.write_string(len(lines) + 1, 0, "合计", styles["head"])
    return body.getvalue()


def by_rows(sheet: Any, styles: dict[str, Any], lines: list[Line]) -> None:
    """Write whole rows."""
    day, whole = sheet.days(styles["day"]), sheet.wholes(styles["whole"])
    text, amount = sheet.texts(styles["text"]), sheet.amounts(styles["fen"])
    rows = ((day(on), "" if n is None else whole(n), text(words), amount(fen)) for on, n, words, fen in lines)
    assert sheet.put_rows(1, rows) == len(lines) + 1


def by_cells(sheet: Any, styles: dict[str, Any], lines: list[Line]) -> None:
    """Write each cell by itself."""
    for row, (on, number, words, fen) in enumerate(lines, start=1):
        sheet.write_number(row, 0, (on - DAY_NOUGHT).days, styles["day"])
        if number is not None:
            sheet.write_number(row, 1, number, styles["whole"])
        sheet.write_string(row, 2, no_markup(words), styles["text"])
        sheet.write_number(row, 3, yuan_of(fen), styles["fen"])


@settings(max_examples=25)
@given(st.lists(LINES, max_size=6))
def test_whole_rows_are_the_bytes_of_their_cells(lines: list[Line]) -> None:
    """Whatever stands in a row, the workbook is the one that its cells would have made."""
    assert book(lines, by_rows) == book(lines, by_cells)


@pytest.mark.parametrize("text", ["甲" * 32_768, "😀" * 16_384])
def test_a_text_that_no_cell_holds_is_refused_with_its_row(text: str) -> None:
    """Nothing is cut off: the row is named, as a reader counts it."""
    lines: list[Line] = [(date(2026, 3, 2), 1, "甲", 1), (date(2026, 3, 2), 2, text, 1)]
    with pytest.raises(Invalid, match="sheet_refuses") as caught:
        book(lines, by_rows)
    assert caught.value.facts["row"] == 3


def test_rows_beyond_a_sheet_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet that is full takes no further row, and says which."""
    put_rows = RowSheet.put_rows

    def narrow(sheet: RowSheet, first: int, rows: Any) -> int:
        sheet.xls_rowmax = 3
        return put_rows(sheet, first, rows)

    monkeypatch.setattr(RowSheet, "put_rows", narrow)
    with pytest.raises(Invalid, match="sheet_refuses") as caught:
        book([(date(2026, 3, 2), 1, "甲", 1)] * 3, by_rows)
    assert caught.value.facts["row"] == 4
