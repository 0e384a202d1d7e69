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
from web.documents.sheets import safe_text


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
        except (ValueError, LookupError, TypeError, StopIteration) as wrong:
            yield Broken(f"extract {row.id}", {"paper": paper.id, "why": f"it cannot be read: {wrong}"})
            continue
        book = {key: told.totals_fen[key] for key in said[1]}
        if said != (told.rows, book) or told.rows != row.rows_total:
            facts = {"paper": paper.id, "rows": said[0], "totals_fen": said[1], "book_rows": told.rows}
            yield Broken(f"extract {row.id}", {**facts, "book_fen": book})


def _places(head: Sequence[Any], columns: Sequence[Column]) -> dict[str, int]:
    """Return summed column -> its place, by the heads of a file: one that was made earlier may have had fewer columns.

    A file without any of them is a ValueError.
    """
    titles = {safe_text(column.title): column.key for column in columns if column.is_summed}
    found = {
        titles[safe_text(str(title))]: place for place, title in enumerate(head) if safe_text(str(title)) in titles
    }
    if not found:
        raise ValueError("it has no column of money")
    return found


#: What a file says: how many rows, and the total of each summed column that it has, in fen.
Said = tuple[int, dict[str, int]]


def _csv_says(file: BinaryIO, columns: Sequence[Column]) -> Said:
    """Return what a CSV says, read line by line."""
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
        table = csv.reader(lines)
        places = _places(next(table), columns)
        rows, totals = 0, dict.fromkeys(places, 0)
        for line in table:
            rows += 1
            for key, place in places.items():
                totals[key] += parse_fen(line[place])
    return rows, totals


def _workbook_says(file: BinaryIO, columns: Sequence[Column]) -> Said:
    """Return what a workbook says, and refuse one whose own totals are not those of its rows."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
    except CalamineError as wrong:
        raise ValueError(str(wrong)) from wrong
    lines = sheet.iter_rows()
    places = _places(next(lines), columns)
    rows, totals, last = 0, dict.fromkeys(places, 0), next(lines)
    for line in lines:
        rows += 1
        for key, place in places.items():
            totals[key] += _cell_fen(last[place])
        last = line
    if totals != {key: _cell_fen(last[place]) for key, place in places.items()}:
        raise ValueError("its totals are not those of its rows")
    return rows, totals


def _cell_fen(cell: Any) -> int:
    """Return the fen of a cell: a workbook keeps the nearest binary number, two decimals bring the amount back."""
    return parse_fen(format(cell, ".2f"))
