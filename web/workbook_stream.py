"""Reads one XLSX of any length from standard input as a stream; a process of its own, like `workbook_child` beside it.

The sheet is never in memory: each row goes out as it is met. Only the texts that cells share are held. Where the order
asks for the head of the sheet alone, the reading ends there. What comes out is what `workbook_child` writes.
"""

from __future__ import annotations

import datetime
import json
import posixpath
import re
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.parsers import expat

# An isolated interpreter knows no path of ours until here.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from web.workbook_child import (
    CHUNK,
    Refused,
    answer,
    bomb,
    check_directory,
    check_ratio,
    column_of,
    shows_time,
)

#: The numbers of the formats that every workbook has and that show a day, a time, or how long something took.
_DAYS = frozenset(range(14, 23)) | {45, 47}
_DURATION = 46
_EPOCH, _EPOCH_1904 = datetime.date(1899, 12, 30), datetime.date(1904, 1, 1)
#: A serial below this is a day of the year 1900 before the 29th of February that it never had.
_LEAP = 60


class Shared(int):
    """The number of a text that cells share, before the texts are read."""


class Enough(Exception):
    """The rest of a part is not wanted."""


class Archive:
    """The upload, its parts parsed while they are unpacked and counted."""

    def __init__(self, source: Any, limits: dict[str, Any]) -> None:
        self.zip = zipfile.ZipFile(source)
        self.limits = limits
        self.left = limits["unpacked_bytes"]
        check_directory(self.zip, limits)

    def parse(self, name: str, start: Callable[..., None], end: Any = None, data: Any = None) -> None:
        """Walk a part's elements by their local names; a document type is refused, `Enough` ends it."""

        def refuse(*_: object) -> None:
            raise Refused("table_workbook_broken")

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
        parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
        if end is not None:
            parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
            parser.CharacterDataHandler = data
        entry, size = self.zip.getinfo(name), 0
        with self.zip.open(entry) as part:
            while chunk := part.read(CHUNK):
                size += len(chunk)
                self.left -= len(chunk)
                if self.left < 0:
                    raise bomb(self.limits)
                check_ratio(entry, size, self.limits)
                try:
                    parser.Parse(chunk, False)
                except Enough:
                    return
            parser.Parse(b"", True)

    def has(self, name: str) -> bool:
        """Say whether there is such a part."""
        return name in self.zip.namelist()


def sheets(archive: Archive) -> tuple[dict[str, str], bool]:
    """Return the sheets that can be seen with the parts they stand in, and whether days are counted from 1904."""
    targets: dict[str, str] = {}
    found: dict[str, str] = {}
    counts_from_1904 = [False]

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath("xl/" + target)
            targets[attributes.get("Id", "")] = full

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr":
            counts_from_1904[0] = attributes.get("date1904", "0") in ("1", "true")
        elif tag == "sheet" and attributes.get("state", "visible") == "visible":
            relation_id = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            if relation_id in targets:
                found[attributes.get("name", "")] = targets[relation_id]

    archive.parse("xl/_rels/workbook.xml.rels", relation)
    archive.parse("xl/workbook.xml", sheet)
    return found, counts_from_1904[0]


def styles(archive: Archive) -> list[str]:
    """Return what each cell style shows: `day`, `instant`, `duration`, or nothing of these."""
    codes: dict[str, str] = {}
    formats: list[str] = []
    inside = [""]

    def style(tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyleXfs", "cellStyles"):
            inside[0] = tag
        elif tag == "xf" and inside[0] == "cellXfs":
            formats.append(attributes.get("numFmtId", "0"))

    if archive.has("xl/styles.xml"):
        archive.parse("xl/styles.xml", style)
    return [_shows(format_id, codes.get(format_id)) for format_id in formats]


def _shows(format_id: str, code: str | None) -> str:
    if code is None:
        number = int(format_id) if format_id.isdigit() else 0
        if number == _DURATION:
            return "duration"
        return "" if number not in _DAYS else "day" if number < 18 else "instant"
    plain = re.sub(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', "", code.lower().partition(";")[0])
    if re.search(r"\[[hms]+\]", plain):
        return "duration"
    if not re.search("[dmhys]", plain):
        return ""
    return "instant" if shows_time(code) else "day"


class Texts:
    """The texts that cells share, up to the last that is wanted."""

    def __init__(self, most: int | None) -> None:
        self.texts: list[str] = []
        self.most = most
        self._parts: list[str] = []
        self._takes = False
        self._reading = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if tag == "si":
            self._parts = []
        elif tag == "rPh":
            self._reading += 1
        self._takes = tag == "t" and not self._reading

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        self._takes = False
        if tag == "rPh":
            self._reading -= 1
        elif tag == "si":
            self.texts.append("".join(self._parts))
            if self.most is not None and len(self.texts) > self.most:
                raise Enough

    def data(self, text: str) -> None:
        """Take text."""
        if self._takes:
            self._parts.append(text)


class Rows:
    """Reads a sheet's rows one after another, handing each on as (number, {column: value})."""

    out: Callable[[int, dict[int, Any]], None]

    def __init__(self, limits: dict[str, Any], shows: list[str], epoch: datetime.date) -> None:
        self.limits, self.shows, self.epoch = limits, shows, epoch
        self.texts: list[str] | None = None
        self.row = self.column = self.cells = self.last_row = self.last_column = 0
        self.found: dict[int, Any] = {}
        self.kind = self.style = self.bad = ""
        self._parts: list[str] = []
        self._takes, self._reading = False, 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if tag == "c":
            place = attributes.get("r", "")
            self.column = column_of(place) if place else self.column + 1
            self.kind, self.style, self.bad = attributes.get("t", "n"), attributes.get("s", ""), ""
            self._parts = []
            self.reach()
        elif tag in ("v", "t"):
            self._takes = not self._reading
        elif tag == "f":
            self.bad = "cell_formula"
        elif tag == "row":
            self.begin(int(attributes.get("r") or self.row + 1))
        elif tag == "rPh":
            self._reading += 1

    def begin(self, row: int) -> None:
        """Begin a row; each stands below the one before it, so that a row's number is no other's."""
        if row <= self.row:
            raise Refused("table_workbook_broken")
        self.row, self.column, self.found = row, 0, {}

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        if tag in ("v", "t"):
            self._takes = False
        elif tag == "c":
            value = self.value("".join(self._parts))
            if value is not None and value != "":
                self.found[self.column] = value
        elif tag == "row":
            if self.found:
                self.out(self.row, self.found)
        elif tag == "rPh":
            self._reading -= 1

    def data(self, text: str) -> None:
        """Take text."""
        if self._takes:
            self._parts.append(text)

    def reach(self) -> None:
        """Count a cell, and refuse a sheet that reaches further than a sheet can, or than the reader may go."""
        self.cells += 1
        self.last_row, self.last_column = max(self.last_row, self.row), max(self.last_column, self.column)
        if self.last_column > 16_384 or self.last_row > 1_048_576:
            raise Refused("table_workbook_broken")
        if max(self.cells, self.last_row * self.last_column) > self.limits["sheet_cells"]:
            raise Refused("table_too_many_cells", most=self.limits["sheet_cells"])

    def value(self, text: str) -> Any:
        """Return a cell in its JSON form, as `workbook_child.cell_json` gives it."""
        if self.kind == "e":
            return {self.bad or "cell_error_value": "#"}
        if self.bad:
            shown = self.plain(text)
            return {self.bad: "#" if shown is None else str(shown)}
        return self.plain(text)

    def plain(self, text: str) -> Any:
        """Return what a cell holds, its formula left aside."""
        if self.kind in ("inlineStr", "str") or not text:
            return text or None
        if self.kind == "s":
            return Shared(text) if self.texts is None else self.texts[int(text)]
        if self.kind == "b":
            return text == "1"
        if self.kind == "d":
            day, _, time = text.partition("T")
            return {"instant": f"{day}T{time}"} if time else {"day": day}
        number = float(text)
        shows = self.shows[int(self.style)] if self.style.isdigit() and int(self.style) < len(self.shows) else ""
        if shows:
            return self.moment(number, shows)
        return int(number) if number.is_integer() else format(Decimal(repr(number)), "f")

    def moment(self, serial: float, shows: str) -> Any:
        """Return a serial number as the day, the instant or the length of time that its cell shows."""
        span = datetime.timedelta(milliseconds=round(serial * 86_400_000))
        if shows == "duration":
            return str(span)
        if 0 <= serial < 1:
            return str((_midnight(_EPOCH) + span).time())
        if self.epoch is _EPOCH and serial < _LEAP:
            span += datetime.timedelta(days=1)
        at = _midnight(self.epoch) + span
        is_day = shows == "day" and at.time() == datetime.time()
        return {"day": at.date().isoformat()} if is_day else {"instant": at.isoformat()}


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time())


class Lines:
    """Writes rows as JSON lines, from the first column of the first row on."""

    def __init__(self, out: Any) -> None:
        self.out = out
        self.left = self.width = 0

    def write(self, number: int, found: dict[int, Any]) -> None:
        """Write one row; what stands left of all headers is put behind them, where it is seen to be too much."""
        if not self.left:
            self.left, self.width = min(found), max(found) - min(found) + 1
        cells: list[Any] = [None] * max(0, max(found) - self.left + 1)
        outside = []
        for column, value in found.items():
            if column < self.left:
                outside.append(value)
            else:
                cells[column - self.left] = value
        if outside:
            cells += [None] * (self.width - len(cells))
        self.out.write(json.dumps([number, cells + outside]) + "\n")


def read(source: Any, limits: dict[str, Any], out: Any) -> None:
    """Write the sheet's rows as JSON lines."""
    archive = Archive(source, limits)
    found, counts_from_1904 = sheets(archive)
    if not found:
        raise Refused("table_no_sheet")
    name = limits["sheet"]
    if name is not None and name not in found:
        raise Refused("table_sheet_unknown", sheet=name[:80], sheets=", ".join(list(found)[:20]))
    name = name if name is not None else next(iter(found))
    rows = Rows(limits, styles(archive), _EPOCH_1904 if counts_from_1904 else _EPOCH)
    out.write(json.dumps({"sheet": name, "sheets": list(found)}) + "\n")
    lines = Lines(out)
    if limits["head_rows"]:
        _write_head(archive, found[name], rows, lines)
        return
    rows.texts, rows.out = _texts(archive, None), lines.write
    archive.parse(found[name], rows.start, rows.end, rows.data)


def _write_head(archive: Archive, part: str, rows: Rows, lines: Lines) -> None:
    """Write the first rows of a sheet, of the shared texts reading only as many as they need."""
    head: list[tuple[int, dict[int, Any]]] = []

    def take(number: int, found: dict[int, Any]) -> None:
        head.append((number, found))
        if len(head) == archive.limits["head_rows"]:
            raise Enough

    rows.out = take
    archive.parse(part, rows.start, rows.end, rows.data)
    last = max((value for _, found in head for value in found.values() if isinstance(value, Shared)), default=None)
    texts = [] if last is None else _texts(archive, last)
    for number, found in head:
        lines.write(number, {at: texts[one] if isinstance(one, Shared) else one for at, one in found.items()})


def _texts(archive: Archive, last: int | None) -> list[str]:
    """Return the texts that cells share, up to the last that is wanted (None: all)."""
    texts = Texts(last)
    if archive.has("xl/sharedStrings.xml"):
        archive.parse("xl/sharedStrings.xml", texts.start, texts.end, texts.data)
    return texts.texts


if __name__ == "__main__":
    sys.exit(answer(read))
