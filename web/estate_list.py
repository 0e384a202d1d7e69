"""A list of lifts from file to register: read, checked whole, taken whole or not at all. Shared by page and command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from sqlalchemy.orm import Session

from core import clock
from core.errors import Finding, Invalid
from core.permits import Actor
from underwriting import estates
from underwriting.estates import EstateRow, Taken
from web.estate_columns import ESTATE_SCHEMA, estate_cells, estate_row
from web.list_order import as_in_file, in_order
from web.row_schema import FindingList
from web.tables import read_table


@dataclass(frozen=True, slots=True)
class EstateList:
    """A list as read: rows that could be read, what could not, and what the register says to the rows."""

    rows: tuple[EstateRow, ...]
    rows_read: int
    unread: FindingList
    refused: tuple[Finding, ...]
    columns: Mapping[str, str]

    @property
    def findings(self) -> list[Finding]:
        """Return everything wrong, row by row and in a row by column: cells, then what the register says to it."""
        return in_order([*self.unread.listed, *self.refused], self.columns)

    @property
    def is_good(self) -> bool:
        """Say whether the whole list can be taken."""
        return bool(self.rows) and not self.unread.total and not self.refused


def read(
    session: Session,
    stream: IO[bytes],
    name: str,
    columns: Mapping[str, str] | None = None,
    *,
    sheet: str | None = None,
    at: datetime,
) -> EstateList:
    """Return what a file of lifts holds, held against the register; nothing is written.

    A row with a bad cell is held against the register by its other cells, so that every finding comes at once.

    `columns`, field -> header, adds to what the headers themselves suggest; an empty header takes a suggestion away.
    """
    with read_table(stream, name, sheet=sheet) as table:
        mapping = ESTATE_SCHEMA.completed(columns or {}, table.headers)
        reader = ESTATE_SCHEMA.reader(table, mapping)
        rows = tuple(estate_row(good) for good in reader)
        cells = [estate_cells(row) for row in reader.faulty]
    found = estates.check(session, [*rows, *cells], on=clock.on(at))
    placed = tuple(Finding(one.code, f"row {one.where}", {"row": int(one.where), **one.facts}) for one in found)
    return EstateList(rows, reader.rows_read, reader.findings, placed, as_in_file(mapping.columns, table.headers))


def take(session: Session, told: EstateList, *, by: Actor, at: datetime) -> Taken:
    """Register the lifts of a list, all or none. Refuses `no_rows`, `estate_rows_refused` with every bad row."""
    if not told.is_good:
        if not told.rows_read:
            raise Invalid("no_rows")
        raise Invalid("estate_rows_refused", told.findings, count=told.unread.total + len(told.refused))
    return estates.take(session, told.rows, on=clock.on(at), by=by, at=at)


def summary(told: EstateList) -> dict[str, Any]:
    """Return a list in figures: rows, and the places, buildings and lifts that they name."""
    return {
        "rows": told.rows_read,
        "good": len({row.row for row in told.rows} - {one.facts["row"] for one in told.refused}),
        "findings": told.unread.total + len(told.refused),
        "communities": len({(row.district, row.community) for row in told.rows}),
        "buildings": len({(row.district, row.community, row.building) for row in told.rows}),
        "lifts": len({row.lift_number for row in told.rows}),
        "columns": dict(told.columns),
    }
