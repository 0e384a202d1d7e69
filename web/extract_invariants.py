"""The invariant of kept extracts: each file, read back and added up again, says what the book says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core.checks import Broken, Found, Invariant, found
from core.errors import Invalid, NotFound
from core.papers import Paper, Store
from ledger.extract_models import BookExtract
from ledger.money import parse_fen
from web import extracts
from web.documents.extract_columns import Column


def extract_files_in(store: Store) -> Invariant:
    """Return the invariant that the kept files of extracts have the book's rows and the book's totals."""

    def check(connection: Connection) -> Found:
        with Session(connection) as session:
            return found(_wrong_files(session, store))

    return Invariant(
        "INV-E2",
        "每个保存的报表文件逐行重新相加，行数与各列合计和账簿重新统计的一致",
        "Every kept file of an extract, read row by row and added up again, has the rows and the totals that the book "
        "gives",
        check,
        is_heavy=True,
    )


def _wrong_files(session: Session, store: Store) -> Iterator[Broken]:
    query = select(BookExtract, Paper).join(Paper, Paper.id == BookExtract.paper_id).order_by(BookExtract.id)
    for row, paper in session.execute(query).all():
        _, listed = extracts.list_of(session, row)
        told = extracts.expected(session, listed)
        try:
            with store.open(paper.digest) as file:
                said = _csv_says(file, listed.columns) if row.form == "csv" else _workbook_says(file, listed.columns)
        except (Invalid, NotFound) as refused:
            yield Broken(f"extract {row.id}", {"paper": paper.id, "why": str(refused)})
            continue
        except (ValueError, LookupError, TypeError) as wrong:
            yield Broken(f"extract {row.id}", {"paper": paper.id, "why": f"it cannot be read: {wrong}"})
            continue
        book = (told.rows, list(told.totals_fen.values()))
        if said != book or told.rows != row.rows_total:
            yield Broken(f"extract {row.id}", {"paper": paper.id, "said": list(said), "book": list(book)})


def _csv_says(file: BinaryIO, columns: Sequence[Column]) -> tuple[int, list[int]]:
    """Return (rows, totals of the summed columns in fen) of a CSV, read line by line."""
    places = [place for place, column in enumerate(columns) if column.is_summed]
    rows, totals = 0, [0] * len(places)
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
        table = csv.reader(lines)
        next(table)
        for line in table:
            rows += 1
            for number, place in enumerate(places):
                totals[number] += parse_fen(line[place])
    return rows, totals


def _workbook_says(file: BinaryIO, columns: Sequence[Column]) -> tuple[int, list[int]]:
    """Return the same of a workbook, and refuse one whose own totals are not those of its rows."""
    from python_calamine import CalamineError, CalamineWorkbook

    places = [place for place, column in enumerate(columns) if column.is_summed]
    try:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
    except CalamineError as wrong:
        raise ValueError(str(wrong)) from wrong
    _, *lines, last = sheet.to_python(skip_empty_area=False)
    totals = [sum(_cell_fen(line[place]) for line in lines) for place in places]
    if totals != [_cell_fen(last[place]) for place in places]:
        raise ValueError("its totals are not those of its rows")
    return len(lines), totals


def _cell_fen(cell: Any) -> int:
    """Return the fen of a cell: a workbook keeps the nearest binary number, two decimals bring the amount back."""
    return parse_fen(format(cell, ".2f"))
