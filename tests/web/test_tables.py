"""Uploaded tables: what is read, what is refused, and that a hostile file costs little and changes nothing."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from web.cells import BadCell, Cell, Limits
from web.messages.tables import MESSAGES
from web.tables import clean_name, column_letter, read_table
from web.workbook_child import shows_time


def rows_of(content: bytes, name: str = "表.csv", limits: Limits | None = None) -> list[tuple[int, tuple[Cell, ...]]]:
    with read_table(io.BytesIO(content), name, limits) as table:
        return [(0, table.headers), *((row.number, row.cells) for row in table.rows)]


def refusal(content: bytes, name: str = "表.csv", limits: Limits | None = None) -> Invalid:
    with pytest.raises(Invalid) as refused:
        rows_of(content, name, limits)
    for fault in (refused.value, *refused.value.findings):
        assert all(text.format_map(fault.facts) for text in MESSAGES[fault.code])
    return refused.value


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """Return an XLSX of one sheet, or of the sheets named."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for name, lines in (sheets or {"表": list(rows)}).items():
        sheet = book.add_worksheet(name)
        for r, line in enumerate(lines):
            for c, value in enumerate(line):
                if isinstance(value, datetime):
                    sheet.write_datetime(r, c, value, instant)
                elif isinstance(value, date):
                    sheet.write_datetime(r, c, value, day)
                elif isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(r, c, value)
                else:
                    sheet.write(r, c, value)
    book.close()
    return out.getvalue()


def archive(**parts: bytes) -> bytes:
    """Return a zip of these parts beside the two that make it a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>", **parts}.items():
            packed.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_is_read_however_it_was_saved(encoding: str, sign: str, end: str) -> None:
    """Office programs save CSV in several encodings, with several signs between and several line ends."""
    text = end.join([f"电梯{sign}说明", f"EL1{sign}门机故障𠮷", "", f'EL2{sign}"两行{end}之一{sign}"']) + end
    head, first, second = rows_of(text.encode(encoding))
    assert head == (0, ("电梯", "说明"))
    assert first == (2, ("EL1", "门机故障𠮷"))
    assert second[0] == 4
    assert second[1] == ("EL2", f"两行{end}之一{sign}")


def test_a_workbook_gives_typed_cells() -> None:
    """A workbook's whole numbers, decimals, dates, times and truths come out typed, and no float among them."""
    content = workbook(
        ["电梯", "数", "小数", "日", "时", "真"],
        ["EL1", 45, 1.9, date(2026, 1, 5), datetime(2026, 1, 5, 8, 30), True],  # noqa: DTZ001
        [],
        ["EL2", -3, 1e-7, None, None, None],
    )
    head, first, second = rows_of(content, "电梯.XLSX")
    assert head[1] == ("电梯", "数", "小数", "日", "时", "真")
    assert first == (2, ("EL1", 45, "1.9", date(2026, 1, 5), datetime(2026, 1, 5, 8, 30), True))  # noqa: DTZ001
    assert second == (4, ("EL2", -3, "0.0000001"))
    assert not any(isinstance(cell, float) for _, cells in (first, second) for cell in cells)


def test_formulas_and_errors_in_a_workbook_are_marked() -> None:
    """A cell with a formula or an error is marked as such, whatever it shows; a text that looks like one is text."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_row(2, 1, ["a", "b", "c"])
    sheet.write_formula(3, 1, "=1+1", value=2)
    sheet.write_formula(3, 2, "=1/0", value="#DIV/0!")
    sheet.write_string(3, 3, "=1+1")
    book.close()
    _, row = rows_of(out.getvalue(), "a.xlsx")
    assert row == (4, (BadCell("cell_formula", "2"), BadCell("cell_formula", "#"), "=1+1"))


def test_midnight_in_a_column_of_times_is_an_instant() -> None:
    """A cell that shows the time of day is an instant at midnight too; a cell that shows only the date is a date."""
    midnight = datetime(2026, 1, 5)  # noqa: DTZ001
    _, row = rows_of(workbook(["时", "日"], [midnight, date(2026, 1, 5)]), "a.xlsx")
    assert row == (2, (midnight, date(2026, 1, 5)))
    assert not isinstance(row[1][1], datetime)


@pytest.mark.parametrize(
    ("code", "is_timed"),
    [
        ("yyyy-mm-dd", False),
        ("yyyy/m/d h:mm", True),
        ("[h]:mm", True),
        ('yyyy"年"m"月"d"日"', False),
        ('yyyy"hours"', False),
        ("[$-409]yyyy\\-mm", False),
        ("[$-804]yyyy-mm-dd hh:mm:ss", True),
        ("mm:ss", True),
    ],
)
def test_a_number_format_tells_whether_it_shows_the_time(code: str, is_timed: bool) -> None:
    """Hours or seconds in a format show a time; quoted, escaped and bracketed letters do not."""
    assert shows_time(code) is is_timed


def test_a_sheet_is_chosen_among_those_that_can_be_seen() -> None:
    """The first sheet is read unless another is named; an unknown name is refused with the names there are."""
    content = workbook(甲=[["a"], ["1"]], 乙=[["b"], ["2"]])
    with read_table(io.BytesIO(content), "a.xlsx") as table:
        assert (table.sheet, table.sheets, table.headers) == ("甲", ("甲", "乙"), ("a",))
    with read_table(io.BytesIO(content), "a.xlsx", sheet="乙") as table:
        assert table.headers == ("b",)
    with pytest.raises(Invalid, match="table_sheet_unknown"), read_table(io.BytesIO(content), "a.xlsx", sheet="丙"):
        pass


def test_a_workbook_saved_by_another_program_is_read() -> None:
    """A workbook written by another library is read the same."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["电梯", "层数"])
    book.active.append(["EL1", 18])
    book.active["D9"] = "=SUM(A1:A2)"
    out = io.BytesIO()
    book.save(out)
    assert rows_of(out.getvalue(), "a.xlsx") == [
        (0, ("电梯", "层数")),
        (2, ("EL1", 18)),
        (9, (None, None, None, BadCell("cell_formula", "#"))),
    ]


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "table_empty"),
        (b"\n\n", "a.csv", "table_empty"),
        (b"a,b\n", "a.csv", "table_no_rows"),
        (b"a,b\n , \n", "a.csv", "table_no_rows"),
        (b"%PDF-1.7", "a.csv", "table_content_differs"),
        (b"a,b\n1,2\n", "a.xlsx", "table_content_differs"),
        (b"PK\x03\x04rest", "a.csv", "table_content_differs"),
        (b"PK\x03\x04rest", "a.xlsx", "table_workbook_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"Workbook", "a.xls", "table_old_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "table_encrypted"),
        (b"<html><table>", "a.xls", "table_kind_unknown"),
        (b"a,b\n1,2", "a.exe", "table_kind_unknown"),
        (b"a,b\n1,\x002", "a.csv", "table_not_text"),
        (b"caf\xe9, b\n1,2", "a.csv", "table_encoding_unknown"),
        (b"\xff\xfea\x00\x00\xd8,\x00", "a.csv", "table_encoding_unknown"),
        (b'a,b\n"1,2\n3,4\n', "a.csv", "table_csv_broken"),
        (b'a,b\n"1"2,3\n', "a.csv", "table_csv_broken"),
        (b"a,b\n1," + b"x" * 20_000, "a.csv", "table_cell_too_long"),
        (b"a,b\n1," + b"x" * (2**20), "a.csv", "table_line_too_long"),
        (b"a," * 1_000_000, "a.csv", "table_line_too_long"),
        (b"a," * 500, "a.csv", "table_too_many_columns"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_reason(content: bytes, name: str, code: str) -> None:
    """An empty, broken, disguised, old or foreign file gets a clear reason."""
    assert refusal(content, name).code == code


def test_unclear_headers_are_all_named() -> None:
    """Every header that is missing, doubled or a formula is named at once, with its columns."""
    refused = refusal("电梯,,数, 电梯 ,=x,\n1,2,3,4,5,6\n".encode())
    assert refused.code == "table_headers_unclear"
    assert [(f.code, f.where) for f in refused.findings] == [
        ("header_blank", "column B"),
        ("header_formula", "column E"),
        ("header_duplicate", "columns A, D"),
    ]
    assert refusal(("x" * 201 + ",b\n1,2\n").encode()).findings[0].code == "header_too_long"
    assert [column_letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_too_much_is_refused_at_the_cap() -> None:
    """One row, one byte more than allowed is refused."""
    assert refusal(b"a\n" + b"1\n" * 11, limits=Limits(rows=10)).code == "table_too_many_rows"
    assert len(rows_of(b"a\n" + b"1\n" * 10, limits=Limits(rows=10))) == 11
    assert refusal(b"a\n" + b"1\n" * 10, limits=Limits(file_bytes=21)).code == "table_file_too_large"


def test_a_million_columns_are_refused_quickly() -> None:
    """A million columns, as text or in a workbook, are refused."""
    assert refusal(b",".join(b"%d" % n for n in range(1_000_000))).code == "table_line_too_long"
    wide = b'<worksheet><sheetData><row r="1"><c r="ZZZZ1"><v>1</v></c></row></sheetData></worksheet>'
    assert refusal(planted(wide), "a.xlsx").code == "table_workbook_broken"
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"], book.active["XFD1048576"] = "a", 1
    out = io.BytesIO()
    book.save(out)
    assert refusal(out.getvalue(), "a.xlsx").code == "table_too_many_cells"


def planted(sheet: bytes, **parts: bytes) -> bytes:
    """Return a good workbook in which the sheet's text, or another part, has been replaced."""
    out = io.BytesIO()
    good = zipfile.ZipFile(io.BytesIO(workbook(["a"], ["1"])))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in good.namelist():
            content = sheet if name == "xl/worksheets/sheet1.xml" and sheet else good.read(name)
            packed.writestr(name, parts.pop(name, content))
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def lying_zip(claimed: int, real: int) -> bytes:
    """Return a workbook one of whose parts says it is `claimed` bytes long and unpacks to `real` zeros."""
    content = archive(**{"xl/big.xml": b"0" * real})
    size, lie = struct.pack("<I", real), struct.pack("<I", claimed)
    return content.replace(size, lie)


BOMBS: dict[str, tuple[bytes, str]] = {
    "200 MB of zeros": (archive(**{"xl/worksheets/sheet1.xml": bytes(200 * 2**20)}), "table_zip_bomb"),
    "40 MB of zeros": (archive(**{"xl/worksheets/sheet1.xml": bytes(40 * 2**20)}), "table_zip_bomb"),
    "many middling parts": (archive(**{f"xl/{n}.xml": bytes(2**18) for n in range(300)}), "table_zip_bomb"),
    "a part that lies small": (lying_zip(10, 30 * 2**20), "table_workbook_broken"),
    "a part that lies large": (lying_zip(2**31, 2**19), "table_zip_bomb"),
    "a zip in a zip": (archive(**{"xl/media/a.png": archive()}), "table_zip_nested"),
    "an old file in a zip": (archive(**{"xl/a.bin": b"\xd0\xcf\x11\xe0" + bytes(100)}), "table_zip_nested"),
    "too many parts": (archive(**{f"xl/{n}.xml": b"" for n in range(1_001)}), "table_zip_too_many_entries"),
    "macros": (archive(**{"xl/vbaProject.bin": b"x"}), "table_has_macros"),
    "an encrypted package": (archive(EncryptedPackage=b"x"), "table_encrypted"),
    "a plain zip": (b"PK\x05\x06" + bytes(18), "table_not_workbook"),
    "cut off": (workbook(["a"], ["1"])[:-30], "table_workbook_broken"),
    "no such sheet": (archive(), "table_workbook_broken"),
    "entities": (
        planted(b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><worksheet><sheetData/></worksheet>'),
        "table_workbook_broken",
    ),
    "not XML": (planted(b"<worksheet><sheetData>"), "table_workbook_broken"),
    "a cell beyond the sheet": (
        planted(b'<worksheet><sheetData><row r="9999999"><c r="A9999999"/></row></sheetData></worksheet>'),
        "table_workbook_broken",
    ),
}


@pytest.mark.parametrize("what", list(BOMBS))
def test_a_hostile_workbook_is_refused_cheaply(what: str) -> None:
    """A bomb, a nested, lying, encrypted or broken archive is refused."""
    content, code = BOMBS[what]
    assert refusal(content, "炸弹.xlsx").code == code


#: Reads each file named and prints the largest memory of its readers; a small process of its own, because a child's
#: peak counts the memory of the process that it was forked from.
MEASURE = """
import resource, sys
from core.errors import Invalid
from web.tables import read_table
for name in sys.argv[1:]:
    try:
        with open(name, "rb") as file, read_table(file, name) as table:
            list(table.rows)
    except Invalid:
        pass
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_a_hostile_workbook_costs_little_memory(tmp_path: Path) -> None:
    """Whatever is in the file, its reader stays under 300 MB."""
    names = [tmp_path / f"{place}.xlsx" for place in range(len(BOMBS))]
    for name, (content, _) in zip(names, BOMBS.values(), strict=True):
        name.write_bytes(content)
    command = [sys.executable, "-c", MEASURE, *map(str, names)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert 0 < int(done.stdout) < 300 * 1024


def test_a_reader_that_needs_too_much_is_stopped() -> None:
    """A workbook that would need more memory or time than allowed is refused, not waited for."""
    content = workbook(["a"], *([f"行 {n}"] for n in range(20_000)))
    starved = Limits(memory_bytes=24 * 2**20)
    assert refusal(content, "a.xlsx", starved).code in ("table_too_heavy", "table_workbook_broken")
    assert refusal(content, "a.xlsx", Limits(wall_s=0)).code == "table_too_heavy"
    assert len(rows_of(content, "a.xlsx")) == 20_001


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("故障清单.csv", "故障清单.csv"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\fakepath\\标书.xlsx", "标书.xlsx"),
        ("a\u202evsc.exe", "avsc.exe"),
        ("a\x00b\n.csv", "ab.csv"),
        ("...", "table"),
        ("", "table"),
        (None, "table"),
        ("长" * 300 + ".csv", "长" * 115 + "….csv"),
        ("x" * 300, "x" * 119 + "…"),
    ],
)
def test_a_file_name_is_kept_as_data_only(name: str | None, kept: str) -> None:
    """A Chinese name stays; a path, invisible signs and endless length go; nothing on disk bears the name."""
    assert clean_name(name) == kept


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_name_leads_anywhere(name: str) -> None:
    """Whatever a sender calls a file, the name kept has no path in it and is short."""
    kept = clean_name(name)
    assert kept not in ("", ".", "..")
    assert not set(kept) & set("/\\\0\n\r")
    assert len(kept) <= 120


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Whatever is sent as CSV is read or refused with a code, never a fault of our own."""
    try:
        rows_of(content)
    except Invalid as refused:
        assert refused.code.startswith("table_")


def test_memory_stays_flat_while_a_large_csv_is_read() -> None:
    """A CSV of 15 MB is read with a few MB of memory."""

    class Endless(io.RawIOBase):
        """Makes its lines as they are asked for."""

        def __init__(self) -> None:
            self.left = 80_000
            self.has_begun = False

        def read(self, size: int = -1) -> bytes:
            if not self.has_begun:
                self.has_begun = True
                return b"a,b,c\n"
            if not self.left:
                return b""
            batch = min(self.left, 300)
            self.left -= batch
            return (b"1," + b"y" * 180 + b",x\n") * batch

    tracemalloc.start()
    with read_table(Endless(), "大.csv") as table:  # type: ignore[arg-type]
        assert sum(1 for _ in table.rows) == 80_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20
