"""A bordereau of premiums from file to books: read in pieces that can be taken up again, then posted at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from typing import IO, Any

from sqlalchemy import Engine, select, tuple_
from sqlalchemy.orm import Session

from core.db import instant, new_id, run_in_unit
from core.errors import Finding, Invalid, Refusal
from core.permits import SYSTEM
from ledger.bulk import PIECE
from underwriting import bordereaux, pools
from underwriting.bordereaux import Piece
from underwriting.models import Bordereau, Community
from web.cells import Cell, Day, Fen, Kind, Limits, Row, Text, Whole, is_blank, shown
from web.row_schema import ColumnMapping, Field, RowSchema
from web.tables import Table, read_table

#: The columns of a bordereau of premiums.
SCHEMA = RowSchema(
    (
        Field("number", "保单号", "Policy", Text(60), True, ("保单号码", "保险单号", "policy number")),
        Field("inception_on", "起保日", "Begins on", Day(), True, ("起保日期", "保险起期", "起期", "inception")),
        Field("expires_on", "满期日", "Ends on", Day(), True, ("终保日期", "保险止期", "止期", "expiry", "expires")),
        Field("lift_count", "台数", "Lifts", Whole(1, 100_000), True, ("电梯台数", "数量", "lift count")),
        Field("gross_fen", "保费", "Premium", Fen(1), True, ("含税保费", "总保费", "gross premium", "gross")),
        Field("district", "区县", "District", Text(60), False, ("行政区", "区", "县区", "area")),
        Field("community", "小区", "Community", Text(100), False, ("小区名称", "项目名称", "estate", "community name")),
    )
)

#: What the file of a bordereau may cost: its rows are read one piece at a time, so any number of them.
LIMITS = Limits(
    file_bytes=2**40,
    rows=10**12,
    unpacked_bytes=4 * 2**30,
    sheet_cells=50 * 2**20,
    memory_bytes=2 * 2**30,
    cpu_s=900,
    wall_s=3600,
    streams=True,
)

#: The same while its columns are chosen: of a workbook the head alone is read.
LOOKED_AT = replace(LIMITS, cpu_s=20, wall_s=60, head_rows=20)

#: So many different cells of a column are remembered as they were read.
_REMEMBERED = 50_000


@dataclass(slots=True)
class _Column:
    """One column being read; what stands in it again and again is read once."""

    item: Field
    header: str
    place: int
    known: dict[Cell, object] = field(default_factory=dict)

    def read(self, rows: Sequence[Row]) -> list[object]:
        """Return each row's value, None for a blank, or the refusal of what stands there."""
        place, known = self.place, self.known
        found = []
        for row in rows:
            cell = row.cells[place] if place < len(row.cells) else None
            if type(cell) is not str:
                found.append(self._value(cell))
                continue
            try:
                found.append(known[cell])
            except KeyError:
                found.append(self._learn(cell))
        return found

    def _learn(self, cell: str) -> object:
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[cell] = self._value(cell)
        return self.known[cell]

    def _value(self, cell: Cell) -> object:
        kind: Kind = self.item.kind
        try:
            if not is_blank(cell):
                return kind.read(cell)
            return Invalid("cell_required") if self.item.is_required else None
        except Invalid as refusal:
            return refusal


class Reader:
    """Reads a table piece by piece; the pool's agreement versions say which one a row falls under."""

    def __init__(self, table: Table, mapping: ColumnMapping, versions: Sequence[tuple[int, date, date]]) -> None:
        SCHEMA.check(mapping, table.headers)
        places = {header: place for place, header in enumerate(table.headers)}
        mapped = mapping.columns
        self._width = len(table.headers)
        self._columns = [
            _Column(item, mapped[item.name], places[mapped[item.name]])
            for item in SCHEMA.fields
            if mapped.get(item.name)
        ]
        self._versions = versions
        self._rows = table.rows

    def pieces(self, skipped: int) -> Iterator[tuple[list[Row], dict[str, list[object]]]]:
        """Yield rows with their columns' values, after the rows that have been read before."""
        rows = islice(self._rows, skipped, None)
        while piece := list(islice(rows, PIECE)):
            yield piece, {one.item.name: one.read(piece) for one in self._columns}

    def piece(self, session: Session, rows: Sequence[Row], values: Mapping[str, Sequence[object]]) -> Piece:
        """Return a piece as it is kept: good rows in columns, and the faults of the others."""
        found = Piece(lines=len(rows))
        places = self._communities(session, rows, values)
        under: dict[date, int | None] = {}
        for n, row in enumerate(rows):
            faults = list(self._faults(row, values, n))
            begins, ends = values["inception_on"][n], values["expires_on"][n]
            if isinstance(begins, date) and isinstance(ends, date):
                if begins not in under:
                    under[begins] = self._version_on(begins)
                if begins >= ends:
                    faults.append(Finding("invalid_term", "expires_on", {"inception_on": begins, "expires_on": ends}))
                elif under[begins] is None:
                    faults.append(Finding("agreement_not_found", "inception_on", {"day": begins}))
            community_id, is_unknown = places(n)
            if is_unknown:
                name = f"{values['district'][n]} {values['community'][n]}"
                faults.append(Finding("community_not_in_register", "community", {"community": name}))
            if faults:
                found.faults += [(row.number, one) for one in faults]
                continue
            found.line.append(row.number)
            found.number.append(str(values["number"][n]))
            found.community_id.append(community_id)
            found.inception_on.append(begins)  # type: ignore[arg-type]
            found.expires_on.append(ends)  # type: ignore[arg-type]
            found.lift_count.append(values["lift_count"][n])  # type: ignore[arg-type]
            found.gross_fen.append(values["gross_fen"][n])  # type: ignore[arg-type]
            found.agreement_number.append(under[begins])  # type: ignore[arg-type, index]
        return found

    def _faults(self, row: Row, values: Mapping[str, Sequence[object]], n: int) -> Iterator[Finding]:
        """Yield what is wrong with a row's cells."""
        for beyond in row.cells[self._width :]:
            if not is_blank(beyond):
                yield Finding("row_too_long", "", {"value": shown(beyond), "columns": self._width})
                break
        for one in self._columns:
            value = values[one.item.name][n]
            if isinstance(value, Invalid):
                yield Finding(value.code, one.item.name, {**value.facts, "column": one.header})

    def _version_on(self, day: date) -> int | None:
        """Return the number of the agreement version for a policy that begins on a day: the newest in force."""
        fitting = [number for number, begins, ends in self._versions if begins <= day < ends]
        return max(fitting, default=None)

    def _communities(self, session: Session, rows: Sequence[Row], values: Mapping[str, Sequence[object]]) -> Any:
        """Return what tells a row's community and whether it names one that is not in the register."""
        if "community" not in values or "district" not in values:
            return lambda n: (None, False)
        named = {(d, c) for d, c in zip(values["district"], values["community"], strict=True) if d and c}
        asked = [one for one in named if isinstance(one[0], str) and isinstance(one[1], str)]
        query = select(Community.district, Community.name, Community.id)
        known: dict[tuple[object, object], uuid.UUID] = {}
        if asked:
            for row in session.execute(query.where(tuple_(Community.district, Community.name).in_(asked))):
                known[row[0], row[1]] = row[2]

        def told(n: int) -> tuple[uuid.UUID | None, bool]:
            place = (values["district"][n], values["community"][n])
            return known.get(place), place in named and place not in known

        return told


def read_on(engine: Engine, bordereau_id: uuid.UUID, stream: IO[bytes]) -> None:
    """Read a bordereau's file on from where it was left, each piece kept in a unit of work of its own.

    A file that breaks off as a table keeps the row where it does as a fault. One that is no longer being read is left
    as it is.
    """

    def begun(session: Session) -> tuple[Bordereau, list[tuple[int, date, date]]]:
        row = bordereaux.get(session, bordereau_id, SYSTEM)
        found = [(one.number, one.effective_on, one.ends_on) for one in pools.agreements(session, row.pool_id)]
        return row, found

    row, versions = run_in_unit(engine, SYSTEM, begun)
    if row.stage != "reading":
        return
    count = row.line_count
    try:
        with read_table(stream, row.name, LIMITS, sheet=row.sheet) as table:
            reader = Reader(table, ColumnMapping(row.columns), versions)
            for rows, values in reader.pieces(count):
                count = run_in_unit(engine, SYSTEM, _Keeping(bordereau_id, reader, rows, values, count))
    except Invalid as broken:
        run_in_unit(engine, SYSTEM, lambda session, broken=broken: _keep_break(session, bordereau_id, broken))  # type: ignore[misc]
    run_in_unit(engine, SYSTEM, lambda session: _finish(session, bordereau_id))


@dataclass(frozen=True, slots=True)
class _Keeping:
    """The work of keeping one piece, good for being tried again."""

    bordereau_id: uuid.UUID
    reader: Reader
    rows: list[Row]
    values: Mapping[str, Sequence[object]]
    count: int

    def __call__(self, session: Session) -> int:
        row = bordereaux.lock(session, self.bordereau_id)
        if row.stage == "reading" and row.line_count == self.count:
            piece = self.reader.piece(session, self.rows, self.values)
            bordereaux.keep_piece(session, row, piece, [new_id() for _ in piece.line])
        return self.count + len(self.rows)


def _keep_break(session: Session, bordereau_id: uuid.UUID, broken: Invalid) -> None:
    row = bordereaux.lock(session, bordereau_id)
    if row.stage == "reading":
        line = broken.facts.get("row")
        faults = [(line if isinstance(line, int) else 0, Finding(broken.code, "", dict(broken.facts)))]
        faults += [(0, one) for one in broken.findings]
        bordereaux.keep_piece(session, row, Piece(faults=faults), [])


def _finish(session: Session, bordereau_id: uuid.UUID) -> None:
    row = bordereaux.lock(session, bordereau_id)
    if row.stage == "reading":
        bordereaux.finish_reading(session, row, by=SYSTEM, at=instant(session))


def post_now(engine: Engine, bordereau_id: uuid.UUID) -> None:
    """Post an approved bordereau in one unit of work; where that is refused its approval is taken back.

    One that is not approved, or is posted already, is left as it is. Raises what refused it.
    """

    def work(session: Session) -> None:
        row = bordereaux.lock(session, bordereau_id)
        if row.stage == "approved":
            bordereaux.post(session, row, by=SYSTEM, at=instant(session))

    try:
        run_in_unit(engine, SYSTEM, work)
    except Refusal as refusal:
        code = refusal.code
        run_in_unit(engine, SYSTEM, lambda session: _stop(session, bordereau_id, code, instant(session)))
        raise


def _stop(session: Session, bordereau_id: uuid.UUID, code: str, at: datetime) -> None:
    row = bordereaux.lock(session, bordereau_id)
    if row.stage == "approved":
        bordereaux.stop(session, row, code=code, by=SYSTEM, at=at)
