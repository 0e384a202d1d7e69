"""Reads one XLSX from standard input, writes its rows to standard output; a process of its own.

Stands alone on purpose (isolated interpreter, no module of ours): first it takes memory and time away from
itself, then it checks the archive's directory, unpacks only the workbook's own parts while counting what
really comes out, and hands that checked copy, not the upload, to the reader. The first line out names the
sheet or the refusal; each further line is `[row number, cells]`.
"""

from __future__ import annotations

import datetime
import io
import json
import posixpath
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from xml.parsers import expat

import python_calamine

CHUNK = 1 << 16
#: A part smaller than this may be packed as tightly as it likes.
SMALL = 1 << 18
#: The numbers of the formats that every workbook has and that show a time of day.
TIMED_FORMATS = frozenset({"18", "19", "20", "21", "22", "45", "46", "47"})
#: A compound file (old Office) and a zip: neither belongs inside a workbook.
NESTED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Refused(Exception):
    """Why the workbook is not read: a code and its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def confine(limits: dict[str, Any]) -> None:
    """Take memory, processor time and output size away from this process."""
    for what, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, 8 * limits["unpacked_bytes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def check_directory(archive: zipfile.ZipFile, limits: dict[str, Any]) -> None:
    """Refuse an archive by what its directory says of itself."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > limits["entries"]:
        raise Refused("table_zip_too_many_entries", most=limits["entries"])
    if any(entry.flag_bits & 1 for entry in entries) or "EncryptedPackage" in names:
        raise Refused("table_encrypted")
    if len(names) < len(entries):
        raise Refused("table_workbook_broken")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused("table_has_macros")
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise Refused("table_not_workbook")
    if sum(entry.file_size for entry in entries) > limits["unpacked_bytes"]:
        raise bomb(limits)
    for entry in entries:
        check_ratio(entry, entry.file_size, limits)


def bomb(limits: dict[str, Any]) -> Refused:
    """Return the refusal of an archive that unpacks to too much."""
    return Refused("table_zip_bomb", most_mib=limits["unpacked_bytes"] // 2**20, ratio=limits["ratio"])


def check_ratio(entry: zipfile.ZipInfo, size: int, limits: dict[str, Any]) -> None:
    """Refuse a part that is larger than its packed bytes can honestly make it."""
    if size > SMALL and size > limits["ratio"] * max(entry.compress_size, 1):
        raise bomb(limits)


def checked_copy(source: Any, limits: dict[str, Any]) -> io.BytesIO:
    """Return a new archive, stored plain, of the workbook's own parts, each counted while it was unpacked."""
    copy = io.BytesIO()
    left = limits["unpacked_bytes"]
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as plain:
        check_directory(archive, limits)
        for entry in archive.infolist():
            content = unpacked(archive, entry, left, limits)
            left -= len(content)
            if entry.filename.endswith((".xml", ".rels")):
                plain.writestr(entry.filename, content)
    copy.seek(0)
    return copy


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, limits: dict[str, Any]) -> bytes:
    """Return a part's content, given up as soon as it is more than is left or than its packed bytes allow."""
    content = bytearray()
    with archive.open(entry) as part:
        while chunk := part.read(CHUNK):
            if not content and chunk.startswith(NESTED):
                raise Refused("table_zip_nested", entry=entry.filename[:80])
            content += chunk
            if len(content) > left:
                raise bomb(limits)
            check_ratio(entry, len(content), limits)
    return bytes(content)


def elements(archive: zipfile.ZipFile, name: str, handle: Any) -> None:
    """Walk a part's elements, handing each start to `handle(local name, attributes)`; a document type is refused."""

    def refuse(*_: object) -> None:
        raise Refused("table_workbook_broken")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: handle(tag.rpartition(":")[2], attributes)
    with archive.open(name) as part:
        parser.ParseFile(part)


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return sheet name -> the part it stands in."""
    targets: dict[str, str] = {}
    parts: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            target = attributes.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath("xl/" + target)
            targets[attributes.get("Id", "")] = full

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            relation_id = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            parts[attributes.get("name", "")] = targets.get(relation_id, "")

    elements(archive, "xl/_rels/workbook.xml.rels", relation)
    elements(archive, "xl/workbook.xml", sheet)
    return parts


def timed_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    """Return the numbers of the cell styles that show a time of day."""
    codes: dict[str, str] = {}
    styles: list[str] = []
    inside: list[str] = []

    def style(tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyleXfs", "cellStyles"):
            inside[:] = [tag]
        elif tag == "xf" and inside == ["cellXfs"]:
            styles.append(attributes.get("numFmtId", ""))

    if "xl/styles.xml" in archive.namelist():
        elements(archive, "xl/styles.xml", style)
    timed = TIMED_FORMATS | {name for name, code in codes.items() if shows_time(code)}
    return frozenset(str(number) for number, format_id in enumerate(styles) if format_id in timed)


def shows_time(code: str) -> bool:
    """Say whether a number format shows hours or seconds, leaving out what it quotes, escapes and brackets."""
    plain = re.sub(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', "", code.lower())
    return "h" in plain or "s" in plain


class SheetScan:
    """What the sheet's own text says and the reader does not tell: formulas, errors, times, how far it reaches."""

    def __init__(self, limits: dict[str, Any], timed: frozenset[str]) -> None:
        self.limits = limits
        self.timed = timed
        self.times: set[tuple[int, int]] = set()
        self.bad: dict[tuple[int, int], str] = {}
        self.row = self.column = 0
        self.cells = self.last_row = self.last_column = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if tag == "row":
            self.row = int(attributes.get("r") or self.row + 1)
            self.column = 0
        elif tag == "c":
            place = attributes.get("r", "")
            self.column = column_of(place) if place else self.column + 1
            digits = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
            self.row = int(digits) if digits else self.row
            self.reach()
            if attributes.get("t") == "e":
                self.bad[self.row, self.column] = "cell_error_value"
            if attributes.get("s") in self.timed:
                self.times.add((self.row, self.column))
        elif tag == "f":
            self.bad[self.row, self.column] = "cell_formula"

    def reach(self) -> None:
        """Count a cell, and refuse a sheet that reaches further than the reader may go."""
        self.cells += 1
        self.last_row = max(self.last_row, self.row)
        self.last_column = max(self.last_column, self.column)
        if self.last_column > 16_384 or self.last_row > 1_048_576:
            raise Refused("table_workbook_broken")
        area = self.last_row * self.last_column
        if max(self.cells, area) > self.limits["sheet_cells"]:
            raise Refused("table_too_many_cells", most=self.limits["sheet_cells"])


def column_of(place: str) -> int:
    """Return the column (from 1) of a place such as AB12."""
    column = 0
    for letter in place.upper():
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def chosen_sheet(book: Any, wanted: str | None) -> tuple[str, list[str]]:
    """Return the sheet to read and the names of all sheets that can be seen."""
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ is python_calamine.SheetTypeEnum.WorkSheet
        and sheet.visible is python_calamine.SheetVisibleEnum.Visible
    ]
    if not visible:
        raise Refused("table_no_sheet")
    if wanted is not None and wanted not in visible:
        raise Refused("table_sheet_unknown", sheet=wanted[:80], sheets=", ".join(visible[:20]))
    return wanted if wanted is not None else visible[0], visible


def cell_json(value: Any, is_timed: bool) -> Any:
    """Return a cell in its JSON form: no float goes out, a whole one as a number, any other as decimal text.

    The reader gives a date for every instant at midnight; in a cell that shows the time it is one.
    """
    if value == "" or value is None:
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float | int):
        if isinstance(value, int) or value.is_integer():
            return int(value)
        return format(Decimal(repr(value)), "f")
    if isinstance(value, datetime.datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"instant": f"{value.isoformat()}T00:00:00"} if is_timed else {"day": value.isoformat()}
    return str(value)


def rows(sheet: Any, scan: SheetScan) -> Iterator[tuple[int, list[Any]]]:
    """Yield the sheet's rows that hold anything, with their numbers, from its first used column on.

    A formula that was never computed has no value, so the reader may end before it; it is put in its place here.
    """
    start = sheet.start[1] + 1 if sheet.start is not None else 16_384
    left = min([start, *(column for _, column in scan.bad)])
    marked: dict[int, dict[int, str]] = {}
    for (number, column), code in scan.bad.items():
        marked.setdefault(number, {})[column - left] = code
    lines = sheet.iter_rows() if sheet.start is not None else iter(())
    number = 0
    while True:
        number += 1
        values = next(lines, None)
        if values is None and not marked:
            return
        cells: list[Any] = [None] * (start - left)
        cells += [cell_json(value, (number, column) in scan.times) for column, value in enumerate(values or (), start)]
        for place, code in marked.pop(number, {}).items():
            cells += [None] * (place + 1 - len(cells))
            cells[place] = {code: "#" if cells[place] is None else str(cells[place])}
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, cells


def read(source: Any, limits: dict[str, Any], out: Any) -> None:
    """Write the sheet's rows as JSON lines."""
    copy = checked_copy(source, limits)
    book = python_calamine.CalamineWorkbook.from_filelike(copy)
    name, visible = chosen_sheet(book, limits["sheet"])
    with zipfile.ZipFile(copy) as archive:
        scan = SheetScan(limits, timed_styles(archive))
        elements(archive, sheet_parts(archive)[name], scan.start)
    sheet = book.get_sheet_by_name(name)
    out.write(json.dumps({"sheet": name, "sheets": visible}) + "\n")
    for number, cells in rows(sheet, scan):
        out.write(json.dumps([number, cells]) + "\n")


def answer(reading: Callable[[Any, dict[str, Any], Any], None]) -> int:
    """Read the order from the command line and the workbook from standard input; say why where it is refused."""
    limits = json.loads(sys.argv[1])
    confine(limits)
    try:
        reading(sys.stdin.buffer, limits, sys.stdout)
        sys.stdout.flush()
    except Refused as refused:
        reason = {"refused": refused.code, "facts": refused.facts}
    except MemoryError:
        reason = {"refused": "table_too_heavy", "facts": {}}
    except (zipfile.BadZipFile, zlib.error, EOFError, expat.ExpatError, python_calamine.CalamineError, KeyError,
            IndexError, ValueError, OverflowError, NotImplementedError, RuntimeError, OSError):  # fmt: skip
        reason = {"refused": "table_workbook_broken", "facts": {}}
    else:
        return 0
    sys.stdout.seek(0)
    sys.stdout.truncate()
    sys.stdout.write(json.dumps(reason) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(answer(read))
