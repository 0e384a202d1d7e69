"""Which columns of an uploaded table are which fields, and every row read into typed values with every fault named.

Good for any import: say the fields once (`RowSchema`), let the person map them to headers (`ColumnMapping`,
with suggestions), and read. All findings of all rows come back together; the listing is capped and the rest
counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import Finding, Invalid
from web.cells import Cell, Kind, Row, is_blank, shown
from web.tables import Table

#: So many findings are listed; the rest is counted.
FINDINGS_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row: its name in code, in Chinese and in English, how it is read, other headers it goes by."""

    name: str
    label_zh: str
    label_en: str
    kind: Kind
    is_required: bool = True
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Field name -> header, as the person chose; an empty header says that no column holds the field."""

    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row as read: its number as a spreadsheet program shows it, and field name -> value (None = blank).

    A cell with a finding has no value; a row without findings has a value for every field.
    """

    number: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class FindingList:
    """Findings, the first so many of them kept and all of them counted, in total and by code."""

    listed: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    most: int = FINDINGS_LISTED

    @property
    def total(self) -> int:
        """Return how many there are."""
        return self.counts.total()

    @property
    def rest(self) -> int:
        """Return how many are counted but not listed."""
        return self.total - len(self.listed)

    def add(self, finding: Finding) -> None:
        """Count a finding, and list it while there is room."""
        self.counts[finding.code] += 1
        if len(self.listed) < self.most:
            self.listed.append(finding)


def comparable(header: str) -> str:
    """Return a header in the form headers are compared in: no case, width, blanks, signs or bracketed units.

    >>> comparable("Reported_At（UTC）") == comparable("reported at")
    True
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    text = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", text)
    return "".join(c for c in text if c.isalnum())


@dataclass(frozen=True)
class RowSchema:
    """The fields of an import."""

    fields: Sequence[Field]

    def suggest(self, headers: Iterable[str]) -> ColumnMapping:
        """Return the mapping that the headers' own words suggest; a field that no header names is left out."""
        by_form: dict[str, str] = {}
        for header in headers:
            by_form.setdefault(comparable(header), header)
        taken: dict[str, str] = {}
        for item in self.fields:
            names = (item.name, item.label_zh, item.label_en, *item.synonyms)
            found = next((by_form[form] for form in map(comparable, names) if form in by_form), None)
            if found is not None and found not in taken.values():
                taken[item.name] = found
        return ColumnMapping(taken)

    def completed(self, chosen: Mapping[str, str], headers: Sequence[str]) -> ColumnMapping:
        """Return what a person chose, with the suggestions for the fields that they said nothing of.

        A header that was chosen is suggested for nothing else. A field chosen with an empty header stays without one.
        """
        free = [header for header in headers if header not in chosen.values()]
        guessed = {name: header for name, header in self.suggest(free).columns.items() if name not in chosen}
        return ColumnMapping({**guessed, **{name: header for name, header in chosen.items() if header}})

    def check(self, mapping: ColumnMapping, headers: Sequence[str]) -> None:
        """Refuse with Invalid `table_columns_wrong`, naming every field and header that does not fit."""
        findings = [
            Finding("column_missing", item.name, {"field": item.label_zh, "field_en": item.label_en})
            for item in self.fields
            if item.is_required and not mapping.columns.get(item.name)
        ]
        names = {item.name for item in self.fields}
        for name, header in mapping.columns.items():
            if name not in names:
                findings.append(Finding("column_field_unknown", name, {"field": name, **self._told()}))
            elif header and header not in headers:
                findings.append(Finding("column_header_unknown", name, {"header": shown(header)}))
        uses = Counter(header for header in mapping.columns.values() if header)
        twice = [shown(header) for header, count in uses.items() if count > 1]
        findings += [Finding("column_mapped_twice", header, {"header": header}) for header in twice]
        if findings:
            raise Invalid("table_columns_wrong", findings, headers=", ".join(map(shown, headers[:50])))

    def _told(self) -> dict[str, str]:
        """Return the fields with their words, for a message in either language."""
        return {
            "fields": "，".join(f"{item.name}（{item.label_zh}）" for item in self.fields),
            "fields_en": ", ".join(f"{item.name} ({item.label_en})" for item in self.fields),
        }

    def reader(self, table: Table, mapping: ColumnMapping | None = None) -> RowReader:
        """Return a reader over a table's rows; without a mapping, by the suggested one. Refuses as `check` does."""
        chosen = mapping or self.suggest(table.headers)
        self.check(chosen, table.headers)
        return RowReader(self, table, chosen)


class RowReader:
    """Iterate once for the good rows, in order; `findings`, `faulty` and `rows_read` are complete when the rows are.

    `faulty` are the rows that were not yielded, with the values of those of their cells that could be read.
    """

    def __init__(self, schema: RowSchema, table: Table, mapping: ColumnMapping) -> None:
        self.findings = FindingList()
        self.rows_read = 0
        self.rows_refused = 0
        self.faulty: list[GoodRow] = []
        self._table = table
        places = {header: place for place, header in enumerate(table.headers)}
        mapped = mapping.columns
        self._places = [
            (item, mapped[item.name], places[mapped[item.name]]) for item in schema.fields if mapped.get(item.name)
        ]
        self._unmapped = [item.name for item in schema.fields if not mapped.get(item.name)]

    def __iter__(self) -> Iterator[GoodRow]:
        for row in self._table.rows:
            self.rows_read += 1
            found = self._typed(row)
            if found is None:
                self.rows_refused += 1
            else:
                yield found

    def _typed(self, row: Row) -> GoodRow | None:
        """Return a row's values, or None after its findings have been added."""
        values: dict[str, Any] = dict.fromkeys(self._unmapped)
        before = self.findings.total
        for beyond in row.cells[len(self._table.headers) :]:
            if not is_blank(beyond):
                self._add(row, "", "row_too_long", {"value": shown(beyond), "columns": len(self._table.headers)})
                break
        for item, header, place in self._places:
            cell: Cell = row.cells[place] if place < len(row.cells) else None
            if is_blank(cell):
                values[item.name] = None
                if item.is_required:
                    self._add(row, header, "cell_required", {})
                continue
            try:
                values[item.name] = item.kind.read(cell)
            except Invalid as refused:
                self._add(row, header, refused.code, refused.facts)
        found = GoodRow(row.number, values)
        if self.findings.total == before:
            return found
        self.faulty.append(found)
        return None

    def _add(self, row: Row, header: str, code: str, facts: Mapping[str, object]) -> None:
        """Add a finding with its place."""
        where = f"row {row.number}, {header}" if header else f"row {row.number}"
        self.findings.add(Finding(code, where, {"row": row.number, "column": header, **facts}))
