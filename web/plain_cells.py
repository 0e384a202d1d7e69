"""Cells as most programs write them, read whole columns at a time: what `web.cells` reads of each of them. Pure.

Each reader returns nothing where any cell is written in another way, is blank, or is to be refused: then the column is
read cell by cell, and there alone is said what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Invalid
from ledger.columns import Days, Numbers, Texts
from web.cells import FORMULA_STARTS, Day, Fen, Text, Whole

#: So many digits are surely a number of 64 bits.
_DIGITS = 17

_POINT, _HYPHEN = ord("."), ord("-")
#: How a day is written: the places of its digits, and of the signs between.
_DAY_DIGITS, _DAY_SIGNS, _DAY_LENGTH = (0, 1, 2, 3, 5, 6, 8, 9), (4, 7), 10


@dataclass(frozen=True, slots=True)
class PlainDays:
    """A column of days: those that stand in it, and which of them stands in each row."""

    known: list[date]
    place: NDArray[np.intp]

    def days(self) -> Days:
        """Return the column."""
        return np.array(self.known, dtype="datetime64[D]")[self.place]


def _table(first: bool) -> NDArray[np.bool_]:
    """Say of each byte whether a plain text may have it, or begin with it: all that is printed but quotes and such."""
    left_out = {'"', "\\", *(FORMULA_STARTS | {" "} if first else ())}
    return np.array([" " <= chr(code) <= "~" and chr(code) not in left_out for code in range(256)])


#: What a plain text has, and what it begins with.
_WORD, _FIRST = _table(False), _table(True)


def words(kind: Text, column: Texts) -> Texts | None:
    """Return texts of ASCII without blanks around them, as they stand, of a kind without a pattern of its own."""
    lengths = column.lengths
    if kind.pattern or not _is_within(lengths, 1, min(kind.most, column.signs.shape[1])):
        return None
    last = column.signs[np.arange(len(lengths)), lengths - 1]
    is_plain = _WORD[column.signs] | ~column.present()
    return column if is_plain.all() and _FIRST[column.signs[:, 0]].all() and (last != ord(" ")).all() else None


def numbers(kind: Whole, column: Texts) -> Numbers | None:
    """Return whole numbers written in digits."""
    if not _is_within(column.lengths, 1, _DIGITS):
        return None
    figures = column.signs - np.uint8(ord("0"))
    present = column.present()
    if not ((figures < 10) | ~present).all():
        return None
    found = _value(figures, present)
    return found if _is_within(found, kind.least, kind.most) else None


def fens(kind: Fen, column: Texts) -> Numbers | None:
    """Return amounts in fen of yuan written in digits, with a point and one or two decimals or without."""
    lengths = column.lengths
    if not _is_within(lengths, 1, _DIGITS - 2):
        return None
    present = column.present()
    is_point = (column.signs == _POINT) & present
    points = is_point.sum(axis=1)
    figures = column.signs - np.uint8(ord("0"))
    decimals = np.where(points > 0, lengths - 1 - is_point.argmax(axis=1), 0)
    if not ((figures < 10) | is_point | ~present).all() or (points > 1).any() or is_point[:, 0].any():
        return None
    if ((points > 0) & ((decimals < 1) | (decimals > 2))).any():
        return None
    found = _value(figures, present & ~is_point) * np.array([100, 10, 1], dtype=np.int64)[decimals]
    return found if _is_within(found, kind.least, kind.most) else None


def days(kind: Day, column: Texts) -> PlainDays | None:
    """Return days written as 2026-03-02."""
    signs = column.signs
    if signs.shape[1] != _DAY_LENGTH or not (column.lengths == _DAY_LENGTH).all():
        return None
    figures = signs[:, _DAY_DIGITS] - np.uint8(ord("0"))
    if not (figures < 10).all() or not (signs[:, _DAY_SIGNS] == _HYPHEN).all():
        return None
    found = figures @ (10 ** np.arange(len(_DAY_DIGITS) - 1, -1, -1, dtype=np.int64))
    different, place = np.unique(found, return_inverse=True)
    try:
        known = [kind.read(f"{one // 10_000:04}-{one // 100 % 100:02}-{one % 100:02}") for one in different.tolist()]
    except Invalid:
        return None
    return PlainDays(known, place)


#: The reader of each kind of cell that has one.
READERS: dict[type[object], Callable[[Any, Texts], Texts | Numbers | PlainDays | None]] = {
    Text: words,
    Whole: numbers,
    Fen: fens,
    Day: days,
}


def _value(figures: NDArray[np.uint8], counts: NDArray[np.bool_]) -> Numbers:
    """Return the number that the figures of each row make, of those that count."""
    found = np.zeros(len(figures), dtype=np.int64)
    for place in range(figures.shape[1]):
        here = counts[:, place]
        found = np.where(here, found * 10 + figures[:, place], found)
    return found


def _is_within(values: Numbers, least: int, most: int) -> bool:
    return bool(len(values)) and least <= int(values.min()) and int(values.max()) <= most
