"""Files of extracts: text never becomes a formula, all of it comes back; numbers and days are numbers and days."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
import tempfile
import tracemalloc
import zipfile
from datetime import date, timedelta
from functools import cache

import pytest
from python_calamine import CalamineWorkbook

from core.errors import Invalid
from ledger.money import parse_fen
from tests.depth import DEPTH
from web.documents.extract_columns import LAYOUTS, Premium, columns_of
from web.documents.extract_files import TICK_ROWS, Expected, ExtractHead, write_csv, write_xlsx
from web.documents.sheets import no_markup, safe_text

#: How many texts are tried; 100,000 in a deep run.
TEXTS = min(20_000 * DEPTH, 100_000)

_STARTS = "=+-@＝＋－＠\t\r\n"
_PIECES = [
    *_STARTS,
    *" \u3000\u200b\ufeff\u202e\"',;|<>&rt/中文1A(\x0b\x1f_x0041\\",
    "<r>",
    "</r>",
    "_x000D_",
    "cmd|' /C calc'!A0",
]
_HIDERS = " \u3000\u200b\ufeff\u202e\t\r\n\x0b\x1f"
HEAD = ExtractHead("保费清单", "Premium bordereau", (("共保体 Pool", "=1+1"),), date(2026, 3, 31))
MEMBERS = ("=甲", "<r>乙</r>")


def _texts(seed: int = 7) -> list[str]:
    """Return what people and attackers write."""
    rng = random.Random(seed)
    return ["".join(rng.choices(_PIECES, k=rng.randint(0, 9))) for _ in range(TEXTS)]


def _rows(texts: list[str]) -> list[Premium]:
    first = date(2026, 1, 1)
    return [
        Premium(
            place,
            first + timedelta(days=place % 90),
            "premium_written",
            place % 7 == 0,
            text,
            text,
            first,
            date(2027, 1, 1),
            None if place % 3 == 0 else place,
            3 - place,
            2 - place,
            1,
            (-place, 3),
        )
        for place, text in enumerate(texts)
    ]


def _expected(rows: list[Premium]) -> Expected:
    sums = {"gross_fen": 0, "net_fen": 0, "vat_fen": 0, "share_0": 0, "share_1": 0}
    for row in rows:
        sums["gross_fen"] += row.gross_fen
        sums["net_fen"] += row.net_fen
        sums["vat_fen"] += row.vat_fen
        sums["share_0"] += row.shares_fen[0]
        sums["share_1"] += row.shares_fen[1]
    return Expected(len(rows), sums)


@cache
def _written(form: str) -> tuple[bytes, tuple[int, ...]]:
    """Return a file of every text, and what its maker said of how far it was."""
    rows, out, ticks = _rows(_texts()), io.BytesIO(), list[int]()
    columns = columns_of("premiums", MEMBERS)
    if form == "csv":
        write_csv(out, columns, rows, _expected(rows), ticks.append)
    else:
        write_xlsx(out, HEAD, columns, rows, _expected(rows), ticks.append)
    return out.getvalue(), tuple(ticks)


def _is_formula(text: str) -> bool:
    """Say whether a spreadsheet would compute this: a start at the very front, or behind what it may skip."""
    return text[:1] in ("\t", "\r", "\n") or text.lstrip(_HIDERS)[:1] in tuple("=+-@＝＋－＠")


def test_no_text_becomes_a_formula_in_csv() -> None:
    """No cell but a negative amount begins like a formula; every text is there, at most an apostrophe before it."""
    table = list(csv.reader(io.StringIO(_written("csv")[0].decode("utf-8-sig"), newline="")))
    texts = _texts()
    assert len(table) == len(texts) + 1
    for row in table:
        for cell in row:
            assert not _is_formula(cell) or re.fullmatch(r"-\d+\.\d\d", cell), cell
    assert [row[4] for row in table[1:]] == [safe_text(text) for text in texts]
    assert {len(row) for row in table} == {len(columns_of("premiums", MEMBERS))}


def test_no_text_becomes_a_formula_in_xlsx() -> None:
    """The only formulas of the workbook are our totals; every text comes back as it was, and so does every number."""
    body, _ = _written("xlsx")
    rows, columns = _rows(_texts()), columns_of("premiums", MEMBERS)
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        about = parts.read("xl/worksheets/sheet2.xml").decode()
    summed = sum(column.is_summed for column in columns)
    assert re.findall("<f>(.*?)</f>", sheet) == [f"SUM({name}2:{name}{len(rows) + 1})" for name in "JKLMN"[:summed]]
    assert "<f>" not in about
    assert 'state="frozen"' in sheet
    head, *read, total = (
        CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    )
    assert head == [no_markup(column.title) for column in columns]
    assert len(read) == len(rows)
    for row, cells in zip(rows, read, strict=True):
        assert cells[4] == cells[5] == no_markup(row.policy)
        assert (cells[0], cells[1], cells[8]) == (row.entry, row.on, "" if row.lifts is None else row.lifts)
        money = [parse_fen(format(cell, ".2f")) for cell in cells[9:] if not isinstance(cell, str)]
        assert money == [row.gross_fen, row.net_fen, row.vat_fen, *row.shares_fen]
    totals = [parse_fen(format(cell, ".2f")) for cell in total[9:] if not isinstance(cell, str)]
    assert totals == list(_expected(rows).totals_fen.values())


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_maker_says_how_far_it_is(form: str) -> None:
    """After every so many rows, never more than there are."""
    assert _written(form)[1] == tuple(range(TICK_ROWS, TEXTS + 1, TICK_ROWS))


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_list_without_rows_has_its_heads_and_totals_of_nothing(kind: str) -> None:
    """Both files of an empty list open, with zero for every total."""
    columns, out = columns_of(kind, ["甲"]), io.BytesIO()
    nothing = Expected(0, {column.key: 0 for column in columns if column.is_summed})
    write_xlsx(out, HEAD, columns, [], nothing, lambda rows: None)
    book = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue()))
    head, total = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert head == [column.title for column in columns]
    assert [cell for column, cell in zip(columns, total, strict=True) if column.is_summed] == [0] * len(
        nothing.totals_fen
    )
    text = io.BytesIO()
    write_csv(text, columns, [], nothing, lambda rows: None)
    assert text.getvalue().decode("utf-8-sig").count("\r\n") == 1


def test_a_text_that_no_cell_holds_is_refused_with_its_row() -> None:
    """A sheet's cell holds 32,767 characters; a longer text is refused, not cut."""
    rows = _rows(["x", "y" * 32_768])
    with pytest.raises(Invalid, match="sheet_refuses") as refused:
        write_xlsx(io.BytesIO(), HEAD, columns_of("premiums", MEMBERS), rows, _expected(rows), lambda rows: None)
    assert refused.value.facts == {"row": 3}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_of_any_length_takes_little_memory(form: str) -> None:
    """Ten times the rows take no more memory: what is written is let go of."""

    def peak(rows: int) -> int:
        row = _rows(["示例保单"])[0]
        columns = columns_of("premiums", MEMBERS)
        told = Expected(rows, {key: fen * rows for key, fen in _expected([row]).totals_fen.items()})
        repeated = itertools.repeat(row, rows)
        with tempfile.TemporaryFile() as out:
            tracemalloc.start()
            if form == "csv":
                write_csv(out, columns, repeated, told, lambda rows: None)
            else:
                write_xlsx(out, HEAD, columns, repeated, told, lambda rows: None)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return most

    peak(10)
    assert peak(5_000) < 2 * peak(500)
