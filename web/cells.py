"""What stands in a cell of an uploaded table, and how each kind of field reads it: strictly, or with a reason why not.

A reader takes one cell and returns the typed value, or refuses with Invalid and a `cell_...` code;
`web.row_schema` turns the refusal into a finding with its row and column. A cell that a spreadsheet program
would take for a formula is refused everywhere. Nothing is repaired: 1.9 is no whole number, ＋１ is no digit, a
date without its time no instant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from core.clock import CITY
from core.errors import Invalid


@dataclass(frozen=True, slots=True)
class BadCell:
    """A workbook cell that holds no plain value: a formula, or an error such as #DIV/0!."""

    code: str
    text: str


#: A cell as read: text, a whole number, a truth value, a date, an instant without a zone, a bad cell, or nothing.
#: A workbook's number with decimals comes as its shortest decimal text, so no float ever leaves the file.
Cell = str | int | bool | date | datetime | BadCell | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What an uploaded table may cost at most.

    `streams` has a workbook read row by row, for any length of it; `head_rows` has only its first rows read (0: all).
    """

    file_bytes: int = 20 * 2**20
    rows: int = 100_000
    columns: int = 200
    cell_chars: int = 10_000
    line_chars: int = 2**20
    unpacked_bytes: int = 48 * 2**20
    ratio: int = 100
    entries: int = 1_000
    sheet_cells: int = 2_000_000
    memory_bytes: int = 512 * 2**20
    cpu_s: int = 20
    wall_s: int = 60
    streams: bool = False
    head_rows: int = 0


class Row(NamedTuple):
    """A row that is not blank, with its number as a spreadsheet program shows it (the first line is 1)."""

    number: int
    cells: tuple[Cell, ...]


#: What a spreadsheet program takes for the start of a formula, and the full-width forms of the same.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")

#: A workbook keeps 15 digits of a number; the rest of a longer one has been lost.
WORKBOOK_DIGITS = 10**15

#: Signs that nobody sees (control, direction, zero width, private, unassigned) have no place in a text.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_YUAN = re.compile(r"(-?)(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d+))?", re.ASCII)
_DAY = r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?"
_ONLY_DAY = re.compile(_DAY, re.ASCII)
_CLOCK = r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?|时(\d{1,2})分?)"
_INSTANT = re.compile(rf"{_DAY}(?:T| +|(?<=日)){_CLOCK} ?(Z|[+-]\d{{2}}:?\d{{2}})?", re.ASCII)


class Kind(Protocol):
    """How one field reads its cells."""

    def read(self, cell: Cell) -> object:
        """Return the typed value of a cell that is not blank; Invalid `cell_...` otherwise."""


def is_blank(cell: Cell) -> bool:
    """Say whether nothing stands in a cell.

    >>> is_blank("  "), is_blank(0)
    (True, False)
    """
    return cell is None or (isinstance(cell, str) and not cell.strip())


def shown(cell: Cell) -> str:
    """Return a cell as a message may quote it: one short line."""
    text = cell.text if isinstance(cell, BadCell) else str(cell)
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= 40 else line[:39] + "…"


def plain(cell: Cell) -> str:
    """Return the text of a cell without blanks around it; refuse a formula, an error, and what would act as one.

    Refuses `cell_formula`, `cell_error_value`.
    """
    if isinstance(cell, BadCell):
        raise Invalid(cell.code, value=shown(cell))
    text = str(cell)
    stripped = text.strip(" \u3000\xa0")
    if isinstance(cell, str) and (text[:1] in FORMULA_STARTS or stripped[:1] in FORMULA_STARTS):
        raise Invalid("cell_formula", value=shown(cell))
    return stripped


def _digits(cell: Cell) -> str:
    """Return the text of a cell that should hold digits; a minus sign in front is no formula here."""
    if isinstance(cell, str):
        text = cell.strip(" \u3000\xa0")
        if not text.isascii() and any(c.isdigit() and not c.isascii() for c in text):
            raise Invalid("cell_full_width", value=shown(cell))
        if text[:1] == "-" and text[1:2].isdigit() and cell[:1] in "- ":
            return text
    return plain(cell)


@dataclass(frozen=True, slots=True)
class Text:
    """Text of at most `most` characters; with `pattern`, of that form."""

    most: int = 200
    pattern: str = ""

    def read(self, cell: Cell) -> str:
        """Return the text. Refuses a date or truth value that a spreadsheet made of it, and digits it has lost."""
        if isinstance(cell, date):
            raise Invalid("cell_text_is_date", value=shown(cell))
        if isinstance(cell, bool):
            raise Invalid("cell_text_is_truth", value=shown(cell))
        text = str(_exact(cell)) if isinstance(cell, int) else plain(cell)
        if not text.isprintable() and any(unicodedata.category(c) in _INVISIBLE and c not in "\t\r\n" for c in text):
            raise Invalid("cell_control_character", value=shown(cell))
        if len(text) > self.most:
            raise Invalid("cell_too_long", value=shown(cell), most=self.most)
        if self.pattern and not re.fullmatch(self.pattern, text, re.ASCII):
            raise Invalid("cell_form_wrong", value=shown(cell))
        return text


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int = 0
    most: int = 10**9

    def read(self, cell: Cell) -> int:
        """Return the number.

        >>> Whole().read("45")
        45
        """
        if isinstance(cell, bool | date):
            raise Invalid("cell_not_whole", value=shown(cell))
        if not isinstance(cell, int):
            text = _digits(cell)
            if not _WHOLE.fullmatch(text):
                raise Invalid("cell_not_whole", value=shown(cell))
            return _within(int(text), self.least, self.most)
        return _within(_exact(cell), self.least, self.most)


@dataclass(frozen=True, slots=True)
class Fen:
    """An amount in yuan with at most two decimals, read into fen, from `least` to `most` fen."""

    least: int = 0
    most: int = 10**15

    def read(self, cell: Cell) -> int:
        """Return the amount in fen. Refuses `cell_not_amount`, `cell_below_one_fen`, `cell_out_of_range`.

        >>> Fen().read("1,234.5")
        123450
        """
        if isinstance(cell, bool | date):
            raise Invalid("cell_not_amount", value=shown(cell))
        if isinstance(cell, int):
            return _within(_exact(cell) * 100, self.least, self.most)
        found = (_YUAN.fullmatch(cell) if isinstance(cell, str) else None) or _YUAN.fullmatch(_digits(cell))
        if not found:
            raise Invalid("cell_not_amount", value=shown(cell))
        sign, yuan, decimals = found[1], found[2].replace(",", ""), found[3] or ""
        if len(decimals.rstrip("0")) > 2:
            raise Invalid("cell_below_one_fen", value=shown(cell))
        fen = int(yuan) * 100 + int(decimals[:2].ljust(2, "0"))
        return _within(-fen if sign else fen, self.least, self.most)


def _exact(number: int) -> int:
    """Return a workbook's number; refuse one so long that its last digits have been lost."""
    if abs(number) >= WORKBOOK_DIGITS:
        raise Invalid("cell_digits_lost", value=number)
    return number


def _within(value: int, least: int, most: int) -> int:
    """Return a number that lies between its bounds; refuse any other."""
    if not least <= value <= most:
        raise Invalid("cell_out_of_range", value=value, least=least, most=most)
    return value


@dataclass(frozen=True, slots=True)
class Day:
    """A date from `first` to `last`."""

    first: date = date(1900, 1, 1)
    last: date = date(2199, 12, 31)

    def read(self, cell: Cell) -> date:
        """Return the date. Year first always: 05/01/2026 is refused, for nobody knows its month.

        >>> Day().read("2026年1月5日")
        datetime.date(2026, 1, 5)
        """
        if isinstance(cell, datetime) and (cell.hour or cell.minute or cell.second or cell.microsecond):
            raise Invalid("cell_not_day", value=shown(cell))
        if isinstance(cell, datetime):
            day = cell.date()
        elif isinstance(cell, date):
            day = cell
        else:
            found = _ONLY_DAY.fullmatch(_digits(cell))
            if not found or isinstance(cell, int):
                raise Invalid("cell_not_day", value=shown(cell))
            day = _day_of(found, cell)
        if not self.first <= day <= self.last:
            raise Invalid("cell_day_out_of_range", value=shown(cell), first=str(self.first), last=str(self.last))
        return day


def _day_of(found: re.Match[str], cell: Cell) -> date:
    """Return the date that the first six groups of a match spell."""
    month = next(text for text in found.groups()[1:5] if text)
    try:
        return date(int(found[1]), int(month), int(found[6]))
    except ValueError:
        raise Invalid("cell_day_does_not_exist", value=shown(cell)) from None


@dataclass(frozen=True, slots=True)
class Instant:
    """A date with its time of day; where no zone is written it is the time in `zone`."""

    zone: ZoneInfo = CITY
    first: date = date(1900, 1, 2)
    last: date = date(2199, 12, 30)

    def read(self, cell: Cell) -> datetime:
        """Return the aware instant. Refuses what has no time of day, does not exist there, or happened there twice.

        >>> Instant().read("2026/1/5 8:30").isoformat()
        '2026-01-05T08:30:00+08:00'
        """
        instant = cell if isinstance(cell, datetime) else self._from_text(cell)
        if not self.first <= instant.date() <= self.last:
            raise Invalid("cell_day_out_of_range", value=shown(cell), first=str(self.first), last=str(self.last))
        if instant.tzinfo is not None:
            return instant
        early, late = (instant.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() != late.utcoffset():
            raise Invalid("cell_time_unclear", value=shown(cell), zone=self.zone.key)
        return early

    def _from_text(self, cell: Cell) -> datetime:
        """Return the instant a text spells, with a zone where it names one."""
        if isinstance(cell, date | int):
            raise Invalid("cell_not_instant", value=shown(cell))
        text = _digits(cell)
        found = _INSTANT.fullmatch(text)
        if not found:
            is_day = _ONLY_DAY.fullmatch(text)
            raise Invalid("cell_time_missing" if is_day else "cell_not_instant", value=shown(cell))
        day = _day_of(found, cell)
        hour, minute, second, fraction, minute_alone, offset = found.groups()[6:]
        clock = f"{int(hour):02}:{int(minute or minute_alone):02}:{second or '00'}.{(fraction or '').ljust(6, '0')}"
        zone = "" if not offset else "+00:00" if offset == "Z" else f"{offset[:3]}:{offset[-2:]}"
        try:
            return datetime.fromisoformat(f"{day.isoformat()}T{clock}{zone}")
        except ValueError:
            raise Invalid("cell_time_does_not_exist", value=shown(cell)) from None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, each standing for a value; upper and lower case are the same."""

    words: Mapping[str, object]

    def read(self, cell: Cell) -> object:
        """Return the value that the word stands for. Refuses `cell_choice_unknown`, naming the words.

        >>> YES_NO.read("是")
        True
        """
        text = plain(cell).casefold()
        for word, value in self.words.items():
            if word.casefold() == text:
                return value
        raise Invalid("cell_choice_unknown", value=shown(cell), allowed=", ".join(self.words))


YES_NO = Choice(
    {"是": True, "否": False, "yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
)
