"""A statement's workbook of every movement, against the bare XlsxWriter with the same columns, and openpyxl."""

from __future__ import annotations

import io
from datetime import date
from statistics import median

from bench.alone import alone
from bench.lines import statement
from bench.table import as_data, faster
from bench.telling import say, seconds
from web.documents.rows import StatementRows

FULL, QUICK = 100_000, 3_000
ROUNDS = 3
HEADS = ("日期", "分录", "事由", "Reason", "保单/案件", "说明", "金额")
_NOUGHT = date(1899, 12, 30)


def by_us(rows: StatementRows) -> None:
    """Make our workbook."""
    from web.documents.sheets import statement_xlsx

    statement_xlsx(rows)


def by_xlsxwriter(rows: StatementRows) -> None:
    """Write the same cells, plainly, in its quickest mode."""
    import xlsxwriter

    with xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        day, money = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "#,##0.00"))
        for column, head in enumerate(HEADS):
            sheet.write_string(0, column, head)
        for row, one in enumerate(rows.movements, start=1):
            sheet.write_number(row, 0, (one.on - _NOUGHT).days, day)
            sheet.write_number(row, 1, one.entry_number)
            sheet.write_string(row, 2, one.reason_zh)
            sheet.write_string(row, 3, one.reason_en)
            sheet.write_string(row, 4, one.subject)
            sheet.write_string(row, 5, one.description)
            sheet.write_number(row, 6, one.amount_fen / 100, money)


def by_openpyxl(rows: StatementRows) -> None:
    """Write the same cells in its write-only mode."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADS)
    for one in rows.movements:
        words = (one.reason_zh, one.reason_en, one.subject, one.description)
        sheet.append((one.on, one.entry_number, *words, one.amount_fen / 100))
    book.save(io.BytesIO())


def in_turn(count: int, rounds: int) -> list[list[float]]:
    """Return how long ours, the bare one and openpyxl take, round by round."""
    rows, few = statement(count), statement(50)
    makers = (by_us, by_xlsxwriter, by_openpyxl)
    for make in makers:
        make(few)
    return [[seconds(lambda make=make: make(rows)) for make in makers] for _ in range(rounds)]  # type: ignore[misc]


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of the workbook."""
    count = QUICK if is_quick else FULL
    outcome = alone("bench.workbook:in_turn", count, ROUNDS)
    ours_s, bare_s, other_s = map(list, zip(*outcome.result, strict=True))
    say(f"ours {median(ours_s):.2f} s, XlsxWriter {median(bare_s):.2f} s, openpyxl {median(other_s):.2f} s")
    job = (f"XLSX，{count:,} 行", "workbook")

    return as_data(
        [
            faster(job, ("XlsxWriter，同样的列", "bare, same columns"), ours_s, bare_s, ">= 0.9"),
            faster(job, ("openpyxl", "write-only"), ours_s, other_s, ""),
        ]
    )
