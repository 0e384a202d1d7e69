"""The rows of a CSV file: one after another, or many plain lines at once as columns of bytes.

Whatever a file may hold is read row by row by the csv module. Lines that need nothing of it (no quotes, no long field,
as many fields as there are headers) may be looked at whole columns at a time first; who cannot use them so reads them
row by row.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from core.errors import Invalid
from ledger.columns import Numbers, Texts, cut
from web.cells import Limits, Row

#: A line's end and what would make a line more than fields between delimiters.
_END, _UNPLAIN = ord("\n"), (b'"', b"\0")

#: What may stand before a text, and what it says of the encoding.
_MARKS = {
    "utf-8-sig": {codecs.BOM_UTF8: "utf-8"},
    "utf-16": {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"},
}

#: So many bytes are read at a time, and as plain lines at most.
_CHUNK, _MOST = 1 << 20, 1 << 26

#: No field of a plain line has more bytes: a column has the room of its longest field in each of its rows.
_FIELD_MOST = 400

#: A line has an end of two signs at most.
_END_MOST = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Plain lines of a file: the number of the row before them, their bytes, where each field begins and its length."""

    before: int
    body: bytes
    starts: Numbers
    lengths: Numbers
    encoding: str
    delimiter: str
    #: Where the file goes on.
    after: int

    def __len__(self) -> int:
        return len(self.starts)

    def column(self, place: int) -> Texts:
        """Return a column's fields, by its place from 0: every row takes as much room as the longest of them."""
        return cut(np.frombuffer(self.body, dtype=np.uint8), self.starts[:, place], self.lengths[:, place])

    def words(self, place: int) -> list[str]:
        """Return a column's fields as texts."""
        ends = self.starts[:, place] + self.lengths[:, place]
        spans = zip(self.starts[:, place].tolist(), ends.tolist(), strict=True)
        return [self.body[first:end].decode(self.encoding) for first, end in spans]

    def rows(self) -> list[Row]:
        """Return the lines as rows."""
        lines = self.body.decode(self.encoding).split("\n")[:-1]
        return [Row(self.before + n, tuple(line.split(self.delimiter))) for n, line in enumerate(lines, start=1)]


class CsvRows:
    """The rows of a CSV file, blank ones too; refuses a broken quote or an endless line, naming the row."""

    def __init__(self, file: IO[bytes], encoding: str, limits: Limits) -> None:
        self._file, self._limits = file, limits
        #: The file goes on here.
        self._encoding, self._at = _beginning(file, encoding)
        self._text: io.TextIOWrapper | None = None
        self._number = 0
        #: So many rows were taken in blocks.
        self.in_blocks = 0
        self.delimiter = self._delimiter()
        self._reader = self._new_reader()

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        try:
            cells = next(self._reader)
        except csv.Error:
            raise Invalid("table_csv_broken", row=self._number + 1) from None
        self._number += 1
        return Row(self._number, tuple(cells))

    def mark(self) -> tuple[int, int]:
        """Return the place that has been come to, for `back`."""
        return self._at, self._number

    def back(self, mark: tuple[int, int]) -> None:
        """Go to a place marked before, or to the end of a block: the next row is the one behind it."""
        if self._text is not None:
            self._text.detach()
            self._text = None
        self._at, self._number = mark
        self._reader = self._new_reader()

    def block(self, most: int, width: int) -> Block | None:
        """Return the next lines, so many at most, where all are plain and of so many fields; they are not read yet.

        Nothing is returned where one is not, or there is none; `take` has them read.
        """
        if self._encoding.startswith("utf-16") or self._number + most > self._limits.rows:
            return None
        raw = self._next_lines(most)
        body = raw.replace(b"\r\n", b"\n")
        if not raw or any(sign in raw for sign in _UNPLAIN) or b"\r" in body:
            return None
        if len(raw) - len(body) not in (0, body.count(b"\n")):
            return None
        if not body.endswith(b"\n"):
            body += b"\n"
        found = _fields_of(body, self.delimiter.encode(), width)
        if found is None:
            return None
        starts, lengths = found
        longest = int((starts[:, -1] + lengths[:, -1] - starts[:, 0]).max()) + _END_MOST
        if lengths.max() > min(_FIELD_MOST, self._limits.cell_chars) or longest > self._limits.line_chars:
            return None
        return Block(self._number, body, starts, lengths, self._encoding, self.delimiter, self._at + len(raw))

    def take(self, block: Block) -> None:
        """Have the lines of a block read."""
        self.in_blocks += len(block)
        self.back((block.after, block.before + len(block)))

    def _next_lines(self, most: int) -> bytes:
        """Return the bytes of the next lines, so many of them or the rest of the file; nothing where they are long."""
        position = self._file.tell()
        self._file.seek(self._at)
        raw, ends = b"", 0
        while ends < most and len(raw) <= _MOST and (more := self._file.read(_CHUNK)):
            raw += more
            ends += more.count(b"\n")
        self._file.seek(position)
        if ends < most:
            return raw if len(raw) <= _MOST else b""
        places = np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == _END)
        return raw[: int(places[most - 1]) + 1]

    def _readline(self, most: int) -> str:
        """Return the next line, so many characters of it, and go on behind it."""
        if self._text is None:
            self._file.seek(self._at)
            self._text = io.TextIOWrapper(self._file, self._encoding, newline="")
        line = self._text.readline(most)
        self._at += len(line.encode(self._encoding))
        return line

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._bounded(), delimiter=self.delimiter, strict=True)

    def _bounded(self) -> Iterator[str]:
        most = self._limits.line_chars
        while line := self._readline(most + 1):
            if len(line) > most:
                raise Invalid("table_line_too_long", row=self._number + 1, most=most)
            yield line

    def _delimiter(self) -> str:
        """Return the sign that parts the first line's fields: comma, semicolon or tab."""
        mark = self.mark()
        for _ in range(100):
            line = self._readline(self._limits.line_chars)
            if not line or line.strip():
                break
        outside = "".join(line.split('"')[::2])
        self.delimiter = ","
        self.back(mark)
        return max(",;\t", key=outside.count)


def _beginning(file: IO[bytes], encoding: str) -> tuple[str, int]:
    """Return the encoding of a file's text, and where it begins: a byte order mark is none of it."""
    file.seek(0)
    start = file.read(4)
    for mark, name in _MARKS.get(encoding, {}).items():
        if start.startswith(mark):
            return name, len(mark)
    return encoding.removesuffix("-sig"), 0


def _fields_of(body: bytes, delimiter: bytes, width: int) -> tuple[Numbers, Numbers] | None:
    """Return where each field of lines begins and its length, a row a line; None where one has more or less fields."""
    # Counted before any is looked for: lines of little else than delimiters have very many.
    if body.count(delimiter) != body.count(b"\n") * (width - 1):
        return None
    signs = np.frombuffer(body, dtype=np.uint8)
    ends = np.flatnonzero((signs == ord(delimiter)) | (signs == _END)).reshape(-1, width)
    is_end = signs[ends] == _END
    if not is_end[:, -1].all() or is_end[:, :-1].any():
        return None
    starts = np.concatenate(([0], ends.ravel()[:-1] + 1)).reshape(-1, width)
    return starts, ends - starts
