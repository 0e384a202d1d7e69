"""A bordereau of premiums from file to books: read in pieces that can be taken up again, then posted at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import islice, zip_longest
from typing import IO, Any

import numpy as np
from sqlalchemy import ARRAY, Engine, Text, func, literal, select
from sqlalchemy.orm import Session

from core.db import instant, run_in_unit
from core.errors import Finding, Invalid
from core.permits import SYSTEM
from ledger.bulk import PIECE, learn
from ledger.columns import Numbers
from underwriting import bordereau_posting, bordereaux, pools, sent_lists
from underwriting.bordereaux import Piece
from underwriting.models import Bordereau, Community
from web import cells, plain_cells, sent_work
from web.cells import Cell, Day, Fen, Kind, Limits, Row, Whole, is_blank, shown
from web.csv_rows import Block
from web.plain_cells import PlainDays
from web.row_schema import ColumnMapping, Field, RowSchema
from web.sent_work import broken_off
from web.tables import Table, read_table

#: The columns of a bordereau of premiums.
SCHEMA = RowSchema(
    (
        Field("number", "保单号", "Policy", cells.Text(60), True, ("保单号码", "保险单号", "policy number")),
        Field("inception_on", "起保日", "Begins on", Day(), True, ("起保日期", "保险起期", "起期", "inception")),
        Field("expires_on", "满期日", "Ends on", Day(), True, ("终保日期", "保险止期", "止期", "expiry", "expires")),
        Field("lift_count", "台数", "Lifts", Whole(1, 100_000), True, ("电梯台数", "数量", "lift count")),
        Field("gross_fen", "保费", "Premium", Fen(1), True, ("含税保费", "总保费", "gross premium", "gross")),
        Field("district", "区县", "District", cells.Text(60), False, ("行政区", "区", "县区", "area")),
        Field(
            "community",
            "小区",
            "Community",
            cells.Text(100),
            False,
            ("小区名称", "项目名称", "estate", "community name"),
        ),
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

#: No cell of a column that is read at once has more bytes: each of its rows takes the room of the longest.
_PLAIN_BYTES = 200


@dataclass(slots=True)
class _Column:
    """One column being read; what stands in it again and again is read once."""

    item: Field
    header: str
    place: int
    known: dict[Cell, object] = field(default_factory=dict)

    def read(self, cells: Sequence[Cell]) -> list[object]:
        """Return each cell's value, None for a blank, or the refusal of what stands there."""
        known = self.known
        return [known[cell] if cell in known else self._learn(cell) for cell in cells]

    def read_plain(self, block: Block) -> object | None:
        """Return a plain block's column as `web.plain_cells` reads it or as a list; nothing where a cell is wrong."""
        kind = self.item.kind
        column = block.column(self.place) if block.widest(self.place) <= _PLAIN_BYTES else None
        if not isinstance(kind, cells.Text):
            return plain_cells.READERS[type(kind)](kind, column) if column else None
        if self.item.is_required and column and (words := plain_cells.words(kind, column)) is not None:
            return words
        values = self.read(block.words(self.place))
        return None if any(type(value) is Invalid for value in values) else values

    def _learn(self, cell: Cell) -> object:
        value = self._value(cell)
        # Only texts: a workbook's 1 and its TRUE are equal, and are not the same.
        if type(cell) is str:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[cell] = value
        return value

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
        self._lines = table.lines

    def pieces(self, skipped: int) -> Iterator[tuple[int, Callable[[Session], Piece]]]:
        """Yield pieces after the rows that have been read before: how many rows, and what makes the piece of them."""
        for _ in islice(self._rows, skipped):
            pass
        while True:
            if (plain := self._plain()) is not None:
                yield plain
            elif rows := list(islice(self._rows, PIECE)):
                yield len(rows), partial(self.piece, rows=rows)
            else:
                return

    def _plain(self) -> tuple[int, Callable[[Session], Piece]] | None:
        """Return the next rows as a piece where all of them are plain and in order, which is looked at by columns."""
        block = self._lines.block(PIECE, self._width) if self._lines else None
        if self._lines is None or block is None:
            return None
        found: dict[str, Any] = {}
        for one in self._columns:
            if (column := one.read_plain(block)) is None:
                return None
            found[one.item.name] = column
        versions = self._versions_of(found["inception_on"], found["expires_on"])
        if versions is None:
            return None
        self._lines.take(block)
        return len(block), partial(self._plain_piece, block=block, found=found, versions=versions)

    def _versions_of(self, begins: PlainDays, ends: PlainDays) -> Numbers | None:
        """Return each row's agreement version, or nothing where a term is not in order."""
        terms, place = np.unique(begins.place * len(ends.known) + ends.place, return_inverse=True)
        versions = []
        for term in terms.tolist():
            first, last = begins.known[term // len(ends.known)], ends.known[term % len(ends.known)]
            version = self._version_on(first)
            if first >= last or version is None:
                return None
            versions.append(version)
        return np.array(versions, dtype=np.int64)[place]

    def _plain_piece(self, session: Session, *, block: Block, found: Mapping[str, Any], versions: Numbers) -> Piece:
        """Return a plain piece as it is kept; where a community is unknown, as one that was read row by row."""
        faults: dict[int, list[Finding]] = {}
        named = {name: found[name] for name in ("district", "community") if name in found}
        community_ids = self._find_unknown_communities(session, len(block), named, faults)
        if faults:
            return self.piece(session, rows=block.rows())
        return Piece(
            lines=len(block),
            line=np.arange(block.before + 1, block.before + 1 + len(block), dtype=np.int64),
            number=found["number"],
            community_id=community_ids,
            inception_on=found["inception_on"].days(),
            expires_on=found["expires_on"].days(),
            lift_count=found["lift_count"],
            gross_fen=found["gross_fen"],
            agreement_number=versions,
        )

    def piece(self, session: Session, *, rows: Sequence[Row]) -> Piece:
        """Return a piece as it is kept: good rows in columns, and the faults of the others."""
        columns = list(zip_longest(*[row.cells for row in rows]))
        nothing = (None,) * len(rows)
        values: dict[str, list[Any]] = {
            one.item.name: one.read(columns[one.place] if one.place < len(columns) else nothing)
            for one in self._columns
        }
        faults: dict[int, list[Finding]] = {}
        self._find_bad_cells(rows, values, faults)
        versions = self._find_bad_terms(values, faults)
        community_ids = self._find_unknown_communities(session, len(rows), values, faults)
        good = [n for n in range(len(rows)) if n not in faults] if faults else range(len(rows))

        def kept(column: Sequence[Any]) -> list[Any]:
            return [column[n] for n in good] if faults else list(column)

        return Piece(
            lines=len(rows),
            line=[rows[n].number for n in good],
            number=kept(values["number"]),
            community_id=kept(community_ids),
            inception_on=kept(values["inception_on"]),
            expires_on=kept(values["expires_on"]),
            lift_count=kept(values["lift_count"]),
            gross_fen=kept(values["gross_fen"]),
            agreement_number=kept(versions),
            faults=[(rows[n].number, one) for n in sorted(faults) for one in faults[n]],
        )

    def _find_bad_cells(
        self, rows: Sequence[Row], values: Mapping[str, Sequence[Any]], faults: dict[int, list[Finding]]
    ) -> None:
        """Add what is wrong with cells, by their rows' places."""
        for n, row in enumerate(rows):
            if len(row.cells) > self._width:
                beyond = next((cell for cell in row.cells[self._width :] if not is_blank(cell)), None)
                if beyond is not None:
                    facts = {"value": shown(beyond), "columns": self._width}
                    faults.setdefault(n, []).append(Finding("row_too_long", "", facts))
        for one in self._columns:
            name = one.item.name
            for n in [n for n, value in enumerate(values[name]) if type(value) is Invalid]:
                value = values[name][n]
                found = Finding(value.code, name, {**value.facts, "column": one.header})
                faults.setdefault(n, []).append(found)

    def _find_bad_terms(
        self, values: Mapping[str, Sequence[Any]], faults: dict[int, list[Finding]]
    ) -> list[int | None]:
        """Return each row's agreement version, and add what is wrong with terms; equal ones are looked at once."""
        terms = list(zip(values["inception_on"], values["expires_on"], strict=True))
        under: dict[tuple[date, date], int | None] = {}
        for begins, ends in set(terms):
            if isinstance(begins, date) and isinstance(ends, date):
                under[begins, ends] = self._version_on(begins)
        wrong = {}
        for (begins, ends), version in under.items():
            if begins >= ends:
                wrong[begins, ends] = Finding(
                    "invalid_term", "expires_on", {"inception_on": begins, "expires_on": ends}
                )
            elif version is None:
                wrong[begins, ends] = Finding("agreement_not_found", "inception_on", {"day": begins})
        if wrong:
            for n, term in enumerate(terms):
                if term in wrong:
                    faults.setdefault(n, []).append(wrong[term])
        return [under.get(term) for term in terms]

    def _version_on(self, day: date) -> int | None:
        """Return the number of the agreement version for a policy that begins on a day: the newest in force."""
        fitting = [number for number, begins, ends in self._versions if begins <= day < ends]
        return max(fitting, default=None)

    def _find_unknown_communities(
        self, session: Session, count: int, values: Mapping[str, Sequence[Any]], faults: dict[int, list[Finding]]
    ) -> Sequence[uuid.UUID | None]:
        """Return each row's community, and add where one is named that is not in the register."""
        if "community" not in values or "district" not in values:
            return [None] * count
        places = list(zip(values["district"], values["community"], strict=True))
        named = {place for place in set(places) if isinstance(place[0], str) and isinstance(place[1], str)}
        # Two lists and not a pair each: the database takes any number of them.
        lists = (literal([place[nth] for place in named], ARRAY(Text)) for nth in (0, 1))
        asked = func.unnest(*lists).table_valued("district", "name", name="asked").render_derived()
        here = (Community.district == asked.c.district) & (Community.name == asked.c.name)
        query = select(Community.district, Community.name, Community.id).join(asked, here)
        known = {(row[0], row[1]): row[2] for row in session.execute(query)} if named else {}
        if unknown := named - known.keys():
            for n, place in enumerate(places):
                if place in unknown:
                    found = Finding("community_not_in_register", "community", {"community": " ".join(place)})
                    faults.setdefault(n, []).append(found)
        return [known.get(place) for place in places]


def read_on(engine: Engine, bordereau_id: uuid.UUID, stream: IO[bytes]) -> None:
    """Read a bordereau's file on from where it was left, each piece kept in a unit of work of its own.

    A file that breaks off as a table keeps the row where it does as a fault. One that is no longer being read is left
    as it is.
    """

    def begun(session: Session) -> tuple[Bordereau, list[tuple[int, date, date]]]:
        row = sent_lists.get(session, Bordereau, bordereau_id, SYSTEM)
        found = [(one.number, one.effective_on, one.ends_on) for one in pools.agreements(session, row.pool_id)]
        return row, found

    row, versions = run_in_unit(engine, SYSTEM, begun)
    if row.stage != "reading":
        return
    count = row.line_count
    try:
        with read_table(stream, row.name, LIMITS, sheet=row.sheet) as table:
            reader = Reader(table, ColumnMapping(row.columns), versions)
            for lines, make in reader.pieces(count):
                count = run_in_unit(engine, SYSTEM, _Keeping(bordereau_id, make, lines, count))
    except Invalid as broken:
        run_in_unit(engine, SYSTEM, lambda session, broken=broken: _keep_break(session, bordereau_id, broken))  # type: ignore[misc]
    run_in_unit(engine, SYSTEM, lambda session: _finish(session, bordereau_id))


@dataclass(frozen=True, slots=True)
class _Keeping:
    """The work of keeping one piece, good for being tried again."""

    bordereau_id: uuid.UUID
    make: Callable[[Session], Piece]
    lines: int
    count: int

    def __call__(self, session: Session) -> int:
        row = sent_lists.lock(session, Bordereau, self.bordereau_id)
        if row.stage == "reading" and row.line_count == self.count:
            bordereaux.keep_piece(session, row, self.make(session))
        return self.count + self.lines


def _keep_break(session: Session, bordereau_id: uuid.UUID, broken: Invalid) -> None:
    row = sent_lists.lock(session, Bordereau, bordereau_id)
    if row.stage == "reading":
        bordereaux.keep_piece(session, row, Piece(faults=broken_off(broken)))


def _finish(session: Session, bordereau_id: uuid.UUID) -> None:
    row = sent_lists.lock(session, Bordereau, bordereau_id)
    if row.stage == "reading":
        bordereaux.finish_reading(session, row, by=SYSTEM, at=instant(session))


def post_now(engine: Engine, bordereau_id: uuid.UUID) -> None:
    """Post an approved bordereau in one unit of work; where that is refused its approval is taken back.

    One that is not approved, or is posted already, is left as it is. Raises what refused it; Conflict `busy` leaves the
    approval, for the posting to be asked for again.
    """

    def post(session: Session, row: Bordereau) -> int:
        return bordereau_posting.post(session, row, by=SYSTEM, at=instant(session)).period_id

    period_id = sent_work.post_now(engine, Bordereau, bordereau_id, post, bordereaux.taken)
    if period_id is not None:
        run_in_unit(engine, SYSTEM, lambda session: learn(session, period_id))
