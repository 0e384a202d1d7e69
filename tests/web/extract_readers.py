"""Readers of the extracts that tests make: their rows, and what a CSV and a workbook say, as cells again."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.extracts import Kind
from ledger.models import Period
from ledger.money import parse_fen
from tests.makers_money import CLOSED_AT
from web import extracts as making
from web.documents.extract_files import Expected
from web.extracts import Listed


def period_of(session: Session, pool_id: int) -> Period:
    return session.scalars(select(Period).where(Period.pool_id == pool_id).order_by(Period.starts_on)).first()  # type: ignore[return-value]


def listed_of(session: Session, period: Period, kind: Kind, only: uuid.UUID | None = None) -> Listed:
    return making.listed(session, making.scope_of(session, period, only=only, at=CLOSED_AT), kind)


def file_of(session: Session, period: Period, found: Listed, form: str) -> bytes:
    out = io.BytesIO()
    making.write(session, period, found, form, out, making.expected(session, found), lambda rows: None)
    return out.getvalue()


def table_of(found: Listed, session: Session) -> list[list[object]]:
    """Return the cells of a list as its rows have them."""
    return [[column.value(row) for column in found.columns] for row in making.rows_of(session, found)]


def from_csv(body: bytes, found: Listed) -> list[list[object]]:
    """Return the cells of a CSV, read back by what their columns are."""
    table = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert table[0] == [column.title for column in found.columns]
    return [[_read(column.kind, cell) for column, cell in zip(found.columns, row, strict=True)] for row in table[1:]]


def _read(kind: str, cell: str) -> object:
    if kind == "text":
        return cell.removeprefix("'")
    if cell == "":
        return None
    return {"money": parse_fen, "whole": int, "day": date.fromisoformat}[kind](cell)


def from_xlsx(body: bytes, found: Listed) -> tuple[list[list[object]], list[object]]:
    """Return the cells of a workbook, and those of its row of totals."""
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)
    head, *rows, total = sheet.to_python(skip_empty_area=False)
    assert head == [column.title for column in found.columns]
    return [_cells(found, row) for row in rows], _cells(found, total)


def _cells(found: Listed, row: Sequence[Any]) -> list[object]:
    return [_cell(column.kind, cell) for column, cell in zip(found.columns, row, strict=True)]


def _cell(kind: str, cell: Any) -> object:
    if kind == "money" and not isinstance(cell, str):
        return parse_fen(format(cell, ".2f"))
    if kind == "whole" and cell != "" and not isinstance(cell, str):
        return int(cell)
    return None if cell == "" and kind != "text" else cell


def agree(session: Session, period: Period, found: Listed) -> Expected:
    """Hold both files against the rows and the database's sums; return those."""
    rows, told = table_of(found, session), making.expected(session, found)
    assert len(rows) == told.rows
    summed = [(place, column.key) for place, column in enumerate(found.columns) if column.is_summed]
    assert {key: sum(row[place] or 0 for row in rows) for place, key in summed} == told.totals_fen  # type: ignore[misc]
    assert from_csv(file_of(session, period, found, "csv"), found) == rows
    read, total = from_xlsx(file_of(session, period, found, "xlsx"), found)
    assert read == rows
    assert {key: total[place] for place, key in summed} == told.totals_fen
    return told
