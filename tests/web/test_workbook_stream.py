"""A workbook read as a stream is what it is when it is read whole; its head costs no more than the head."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime

import pytest
import xlsxwriter

from tests.web.test_tables import refusal, rows_of, workbook
from web.bordereau_list import LIMITS, LOOKED_AT
from web.tables import read_table

ROWS = [
    ["保单号", "起保日", "保费", "备注"],
    ["P-1", date(2026, 3, 1), 1286, "含税"],
    ["P-2", datetime.fromisoformat("2026-03-01T08:30"), 12.05, True],
    [],
    ["P-3", date(1900, 1, 15), -0.1, False],
    ["P-4", None, 123456789012345678, "x" * 300],
    ["", "2026-03-01", 1e-7, " 前后有空 "],
]


def test_a_stream_says_what_the_whole_sheet_says() -> None:
    """Texts, days, instants, amounts, truth values, blanks and rows left out: cell for cell the same."""
    content = workbook(*ROWS)
    assert rows_of(content, "a.xlsx", LIMITS) == rows_of(content, "a.xlsx")


def test_formulas_errors_times_and_sheets_are_told_alike() -> None:
    """A formula is one whatever it came to; an error, a time of day, midnight in a timed cell; the sheet asked for."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    for name in ("甲", "乙"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 1, ["名", "值", "时"])
        sheet.write_row(1, 1, [name])
        sheet.write_formula(1, 2, "=1+1", None, 2)
        sheet.write_formula(2, 2, '="a"', None, "a")
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        sheet.write_number(1, 3, 0.354166667, book.add_format({"num_format": "hh:mm"}))
        sheet.write_datetime(
            2, 3, datetime.fromisoformat("2026-03-01T00:00"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
        sheet.write_number(3, 3, 1.5, book.add_format({"num_format": "[hh]:mm"}))
        sheet.write_rich_string(4, 1, "富", book.add_format({"bold": True}), "文本", "尾")
        sheet.write_number(5, 1, 7, book.add_format({"num_format": '"第"0"号 dd"'}))
    book.add_worksheet("藏").hide()
    book.close()
    content = out.getvalue()
    assert rows_of(content, "a.xlsx", LIMITS) == rows_of(content, "a.xlsx")
    for limits in (None, LIMITS):
        with read_table(io.BytesIO(content), "a.xlsx", limits, sheet="乙") as table:
            assert table.sheets == ("甲", "乙") and next(table.rows).cells[0] == "乙"
    assert refusal(content, "a.xlsx", replace(LIMITS, sheet_cells=5)).code == "table_too_many_cells"
    with (
        pytest.raises(Exception, match="table_sheet_unknown"),
        read_table(io.BytesIO(content), "a.xlsx", LIMITS, sheet="藏"),
    ):
        pass


def test_a_value_under_no_header_is_seen() -> None:
    """What stands left of all headers comes behind them, where it is one cell too many."""
    content = workbook([None, "甲", "乙"], [None, 1, 2], ["多", 3, None])
    assert rows_of(content, "a.xlsx", LIMITS)[1:] == [(2, (1, 2)), (3, (3, None, "多"))]


def test_the_head_alone_is_read_for_the_choice_of_columns() -> None:
    """Of a long sheet a few rows come, with their texts; nothing behind them is looked at."""
    content = workbook(["号", "值"], *([f"P-{n}", n] for n in range(3000)))
    found = rows_of(content, "a.xlsx", LOOKED_AT)
    assert found == rows_of(content, "a.xlsx")[: LOOKED_AT.head_rows]
    assert len(found) == 20


def test_a_hostile_workbook_is_refused_by_the_stream_too() -> None:
    """Bytes beyond the cap, an entity, a part that breaks off, an index of no text, a row that comes twice: refused."""
    content = workbook(*ROWS)
    assert refusal(content, "a.xlsx", replace(LIMITS, unpacked_bytes=2000)).code == "table_zip_bomb"
    assert refusal(
        _with(content, b"<sheetData>", b"<sheetData><row><c t='s'><v>99</v></c></row>"), "a.xlsx", LIMITS
    ).code == ("table_workbook_broken")
    entity = b"<?xml version='1.0'?><!DOCTYPE w [<!ENTITY a 'b'>]><worksheet"
    twice = _with(content, b'<row r="3"', b'<row r="2"')
    for changed in (_with(content, b"<worksheet", entity), _with(content, b"</sheetData>", b""), twice):
        assert refusal(changed, "a.xlsx", LIMITS).code == "table_workbook_broken"


def _with(content: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with other bytes in its sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(out, "w") as changed:
        for name in book.namelist():
            body = book.read(name)
            if name.endswith("sheet1.xml"):
                body = body[body.index(b"<worksheet") :].replace(old, new, 1)
            changed.writestr(name, body)
    return out.getvalue()
