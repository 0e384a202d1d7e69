"""Uploaded tables, CSV or XLSX, read as untrusted bytes under caps; nothing on disk bears the sender's name.

A file is copied into an unnamed temporary file under a cap, told by its content (never by its name alone),
and handed out row by row, so memory stays flat. Refusals are Invalid with a `table_...` or `header_...` code
and change nothing.
"""

from __future__ import annotations

import codecs
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO

from core.errors import Finding, Invalid
from web import workbooks
from web.cells import FORMULA_STARTS, BadCell, Cell, Limits, Row, is_blank, shown
from web.csv_rows import CsvRows


@dataclass(frozen=True, slots=True)
class Table:
    """A table being read: clean name, headers, rows (to be read once), and how the file was understood."""

    name: str
    headers: tuple[str, ...]
    rows: Iterator[Row]
    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    #: Of a CSV file the same rows, for who can use many plain lines at once; the two go on where the other left off.
    lines: CsvRows | None = None


#: What may be sent: the ending of a name -> the kind of content it promises.
ENDINGS = {"csv": "csv", "txt": "csv", "tsv": "csv", "xlsx": "xlsx", "": ""}

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FOREIGN = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\x7fELF", b"{\\rtf")
_CHUNK = 1 << 16
#: A header is a word or a line, not a text.
HEADER_CHARS = 200
#: Signs that nobody sees: control, direction, surrogates, private, unassigned, line and paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_name(filename: str | None, most: int = 120) -> str:
    r"""Return a sender's file name as data to show and store: no path, no invisible signs, of bounded length.

    It is never used to name anything on disk. Chinese stays as it is.

    >>> clean_name("..\\..\\etc/故障 2026.csv")
    '故障 2026.csv'
    """
    text = unicodedata.normalize("NFC", (filename or "").replace("\\", "/")).rsplit("/", 1)[-1]
    name = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE).strip(" .\u3000\xa0") or "table"
    if len(name) <= most:
        return name
    stem, dot, ending = name.rpartition(".")
    if stem and len(ending) < 10:
        return f"{stem[: most - len(ending) - 2]}…{dot}{ending}"
    return name[: most - 1] + "…"


@contextmanager
def read_table(
    stream: IO[bytes], filename: str | None, limits: Limits | None = None, *, sheet: str | None = None
) -> Iterator[Table]:
    """Open an uploaded table for reading; the rows may be read inside the `with` block only.

    Refuses what is too large, of another kind than its name says, encrypted, broken, without headers, without
    rows, or with unclear headers (every one named).
    """
    limits = limits or Limits()
    name = clean_name(filename)
    with tempfile.TemporaryFile() as copy:
        text = _Encoding()
        _copy(stream, copy, limits, text)
        kind = _kind_of(copy, name)
        if kind == "xlsx":
            with workbooks.opened(copy, limits, sheet) as book:
                understood = Table(name, (), iter(()), kind, sheet=book.sheet, sheets=book.sheets)
                yield _table(book.rows, limits, understood)
            return
        encoding = text.chosen()
        lines = CsvRows(copy, encoding, limits)
        understood = Table(name, (), iter(()), kind, encoding, lines.delimiter, lines=lines)
        yield _table(lines, limits, understood)


class _Encoding:
    """Watches bytes go by and knows in the end which encoding they can be."""

    def __init__(self) -> None:
        self._open = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030", "utf-16")}
        self._start = b""
        self._has_nul = False

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Take the next bytes."""
        self._start = self._start or chunk[:4]
        self._has_nul = self._has_nul or b"\0" in chunk
        for name, decoder in list(self._open.items()):
            try:
                decoder.decode(chunk, final)
            except UnicodeError:
                del self._open[name]

    def chosen(self) -> str:
        """Return the encoding; Invalid `table_not_text` or `table_encoding_unknown` where there is none."""
        if self._start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return self._possible("utf-16")
        if self._has_nul:
            raise Invalid("table_not_text")
        return "utf-8-sig" if "utf-8" in self._open else self._possible("gb18030")

    def _possible(self, name: str) -> str:
        """Return an encoding that no byte has ruled out; refuse one that has been."""
        if name not in self._open:
            raise Invalid("table_encoding_unknown")
        return name


def _copy(stream: IO[bytes], copy: IO[bytes], limits: Limits, text: _Encoding) -> None:
    """Copy the upload into our own file, no further than the cap."""
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > limits.file_bytes:
            raise Invalid("table_file_too_large", most_mib=limits.file_bytes // 2**20)
        text.feed(chunk)
        copy.write(chunk)
    text.feed(b"", final=True)
    copy.flush()
    if not size:
        raise Invalid("table_empty")


def _kind_of(copy: IO[bytes], name: str) -> str:
    """Return csv or xlsx by the content; refuse another kind, or a content that is not what the name says."""
    copy.seek(0)
    head = copy.read(_CHUNK)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if head.startswith(_OLD_OFFICE):
        copy.seek(0)
        raise Invalid("table_encrypted" if _ENCRYPTED in copy.read() else "table_old_workbook")
    if ending not in ENDINGS:
        raise Invalid("table_kind_unknown", ending=shown(ending))
    kind = "xlsx" if head.startswith(_ZIP) else "other" if head.startswith(_FOREIGN) else "csv"
    if kind == "other" or ENDINGS[ending] not in ("", kind):
        raise Invalid("table_content_differs", name=shown(name))
    return kind


def _table(rows: Iterator[Row], limits: Limits, table: Table) -> Table:
    """Return the table with its headers and the rows under them; refuse where either is missing or unclear."""
    bounded = _bounded(rows, limits)
    head = next(bounded, None)
    if head is None:
        raise Invalid("table_empty")
    headers = _headers(head)
    under = table.lines.mark() if table.lines else None
    first = next(bounded, None)
    if first is None:
        raise Invalid("table_no_rows", headers=", ".join(map(shown, headers[:50])))

    if table.lines and under:
        table.lines.back(under)
        return replace(table, headers=headers, rows=_bounded(table.lines, limits, 1, table.lines))
    return replace(table, headers=headers, rows=chain([first], bounded))


def _bounded(rows: Iterator[Row], limits: Limits, count: int = 0, lines: CsvRows | None = None) -> Iterator[Row]:
    """Yield the rows that are not blank, within the caps; so many came before, and what `lines` took in blocks."""
    most = limits.columns
    for row in rows:
        cells = row.cells
        if len(cells) > most and not all(map(is_blank, cells[most:])):
            raise Invalid("table_too_many_columns", row=row.number, most=most)
        if all(map(is_blank, cells)):
            continue
        count += 1
        if count + (lines.in_blocks if lines else 0) > limits.rows + 1:
            raise Invalid("table_too_many_rows", most=limits.rows)
        for cell in cells:
            if type(cell) is str and len(cell) > limits.cell_chars:
                raise Invalid("table_cell_too_long", row=row.number, most=limits.cell_chars)
        yield row


def column_letter(place: int) -> str:
    """Return the letters of a column, counted from 0.

    >>> column_letter(0), column_letter(26)
    ('A', 'AA')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _headers(row: Row) -> tuple[str, ...]:
    """Return the headers without the blank columns at the end; refuse with every unclear header named."""
    cells: Sequence[Cell] = row.cells
    while is_blank(cells[-1]):
        cells = cells[:-1]
    findings: list[Finding] = []
    places: defaultdict[str, list[str]] = defaultdict(list)
    for place, cell in enumerate(cells):
        letter = column_letter(place)
        code = _header_fault(cell)
        if code:
            findings.append(Finding(code, f"column {letter}", {"column": letter, "value": shown(cell)}))
        else:
            places[header_text(cell)].append(letter)
    for text, letters in places.items():
        if len(letters) > 1:
            columns = ", ".join(letters)
            findings.append(
                Finding("header_duplicate", f"columns {columns}", {"header": shown(text), "columns": columns})
            )
    if findings:
        raise Invalid("table_headers_unclear", findings, row=row.number)
    return tuple(places)


def header_text(cell: Cell) -> str:
    """Return a header as it is compared and shown: one line, no blanks around it."""
    return " ".join(str(cell).split())


def _header_fault(cell: Cell) -> str:
    """Return the code of what is wrong with a header, or nothing."""
    if is_blank(cell):
        return "header_blank"
    if isinstance(cell, BadCell) or header_text(cell)[:1] in FORMULA_STARTS:
        return "header_formula"
    return "header_too_long" if len(header_text(cell)) > HEADER_CHARS else ""
