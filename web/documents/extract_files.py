"""Pure: an extract of a book written as CSV or XLSX, row by row in constant memory: numbers are numbers, days are days.

The same rows give the same bytes. Text never becomes a formula; the only formulas of a workbook are our totals, their
values beside them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, BinaryIO

from core.errors import Conflict, Invalid
from ledger.money import plain_fen
from web.documents.extract_columns import Cell, Column
from web.documents.sheets import SHEET_MOST, cell_styles, no_markup, safe_text, yuan_of

#: How often the maker says how far it is.
TICK_ROWS = 5_000

#: Is told how many rows are written.
Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ExtractHead:
    """What an extract is, as its file says: a name in both languages, facts in order, the last day of its period."""

    zh: str
    en: str
    facts: tuple[tuple[str, str], ...]
    ends_on: date


@dataclass(frozen=True, slots=True)
class Expected:
    """What the database counted and summed: how many rows, and the total of every summed column by its key, in fen."""

    rows: int
    totals_fen: dict[str, int]


class _Count:
    """Counts rows, adds their summed columns up, says how far it is, and compares at the end."""

    def __init__(self, columns: Sequence[Column], tick: Tick) -> None:
        self._summed = [column for column in columns if column.is_summed]
        self._tick = tick
        self.rows = 0
        self.totals_fen = dict.fromkeys((column.key for column in self._summed), 0)

    def take(self, row: Any) -> None:
        """Take one more row."""
        self.rows += 1
        for column in self._summed:
            fen = column.value(row)
            if isinstance(fen, int):
                self.totals_fen[column.key] += fen
        if self.rows % TICK_ROWS == 0:
            self._tick(self.rows)

    def compare(self, expected: Expected) -> None:
        """Refuse Conflict `extract_not_adding_up` where the rows are not what the database counted and summed."""
        if self.rows != expected.rows or self.totals_fen != expected.totals_fen:
            raise Conflict("extract_not_adding_up", rows=self.rows, expected=expected.rows)


def write_csv(out: BinaryIO, columns: Sequence[Column], rows: Iterable[Any], expected: Expected, tick: Tick) -> None:
    """Write rows as CSV (RFC 4180, UTF-8 with a mark so that a spreadsheet reads it): ISO days, yuan, no total row.

    Refuses as `_Count.compare`.
    """
    count = _Count(columns, tick)
    out.write(b"\xef\xbb\xbf")
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_text(column.title) for column in columns])
    for row in rows:
        count.take(row)
        writer.writerow([_as_text(column, column.value(row)) for column in columns])
    text.flush()
    text.detach()
    count.compare(expected)


def _as_text(column: Column, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        return plain_fen(cell) if column.kind == "money" else str(cell)
    return safe_text(cell)


def write_xlsx(
    out: BinaryIO, head: ExtractHead, columns: Sequence[Column], rows: Iterable[Any], expected: Expected, tick: Tick
) -> None:
    """Write rows as a workbook: the list with its head in sight and its totals, and a sheet that says what it is.

    Refuses Invalid `extract_too_long` beyond what a sheet holds, `sheet_refuses` for a text that it does not hold, and
    as `_Count.compare`.
    """
    import xlsxwriter

    from web.documents.row_sheet import RowSheet

    if expected.rows > SHEET_MOST:
        raise Invalid("extract_too_long", rows=expected.rows, most=SHEET_MOST)
    made = datetime.combine(head.ends_on, time())
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"title": f"{head.zh} {head.en}", "created": made})
        styles = cell_styles(book)
        sheet, about = book.add_worksheet(head.zh, RowSheet), book.add_worksheet("说明")
        _set_up(sheet, columns, styles)
        count = _Count(columns, tick)
        sheet.put_rows(1, _lines(rows, count, [(column.value, _writer(sheet, column, styles)) for column in columns]))
        _write_totals(sheet, columns, count, styles)
        _write_about(about, head, styles)
        count.compare(expected)


def _set_up(sheet: Any, columns: Sequence[Column], styles: dict[str, Any]) -> None:
    """Write the heads, which stay in sight and repeat on paper."""
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        style = "head_right" if column.kind == "money" else "head"
        sheet.write_string(0, place, no_markup(column.title), styles[style])
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def _lines(
    rows: Iterable[Any], count: _Count, cells: Sequence[tuple[Callable[[Any], Cell], Callable[[Any], str]]]
) -> Iterator[list[str]]:
    """Yield the rows as they are written, each of them counted."""
    for row in rows:
        count.take(row)
        yield [write(value(row)) for value, write in cells]


def _writer(sheet: Any, column: Column, styles: dict[str, Any]) -> Callable[[Any], str]:
    """Return what writes one cell of a column."""
    style = styles[{"day": "date"}.get(column.kind, column.kind)]
    if column.kind == "text":
        text = sheet.texts(style)
        return lambda cell: text(cell or "")
    if column.kind == "money":
        amount: Callable[[Any], str] = sheet.amounts(style)
        return amount
    write = sheet.days(style) if column.kind == "day" else sheet.wholes(style)
    return lambda cell: "" if cell is None else write(cell)


def _write_totals(sheet: Any, columns: Sequence[Column], count: _Count, styles: dict[str, Any]) -> None:
    """Write the totals as formulas beside their values."""
    from xlsxwriter.utility import xl_col_to_name

    last = count.rows + 1
    for place, column in enumerate(columns):
        if column.is_summed:
            name = xl_col_to_name(place)
            formula = f"=SUM({name}2:{name}{last})" if count.rows else "=0"
            sheet.write_formula(last, place, formula, styles["total"], yuan_of(count.totals_fen[column.key]))
        else:
            sheet.write_string(last, place, "合计 Total" if place == 0 else "", styles["sum_text"])


def _write_about(sheet: Any, head: ExtractHead, styles: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, f"{head.zh} {head.en}", styles["title"])
    for row, (name, fact) in enumerate(head.facts, start=1):
        sheet.write_string(row, 0, name, styles["name"])
        if sheet.write_string(row, 1, no_markup(fact), styles["text"]):
            raise Invalid("sheet_refuses", row=row + 1)
