"""Columns of texts as matrices of bytes, whole columns at a time: digits, days, lines, PostgreSQL's arrays. Pure.

A list of texts costs a step of the program for each; a matrix of their bytes is read, compared, and put together in one
step for all of them, while whoever writes to the database goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: One column of whole numbers, or one row of them for each record.
Numbers: TypeAlias = NDArray[np.int64]

#: A column of ids: 16 bytes each.
Ids: TypeAlias = NDArray[np.void]

#: A column of days.
Days: TypeAlias = NDArray[np.datetime64]

#: A column's bytes, a row a value.
Signs: TypeAlias = NDArray[np.uint8]

#: The database counts its days from here.
DAY_ZERO = np.datetime64("2000-01-01", "D")

#: The head of an array in the database's binary form: dimensions, whether any is NULL, type, length, lower bound.
_HEAD = np.dtype([("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("count", ">i4"), ("first", ">i4")])

#: Where the parts of a uuid end as it is written.
_UUID_PARTS = (8, 12, 16, 20)


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of fields: a row of bytes each, of which the first so many count; below 0 nothing stands there."""

    signs: Signs
    lengths: Numbers

    def present(self) -> NDArray[np.bool_]:
        """Say of each byte whether it counts."""
        places: NDArray[np.bool_] = np.arange(self.signs.shape[1]) < self.lengths[:, None]
        return places


def digits(numbers: Numbers) -> Texts:
    r"""Return whole numbers, from 0 and below 10**18, as they are written.

    >>> joined([digits(np.array([7, 0, 120]))])
    b'7\n0\n120'
    """
    most = int(numbers.max(initial=0))
    width = len(str(most))
    powers = 10 ** np.arange(width, dtype=np.int64)
    lengths = np.searchsorted(powers[1:], numbers, side="right") + 1
    signs = np.empty((len(numbers), width), dtype=np.uint8)
    left = np.ascontiguousarray(numbers)
    if (lengths < width).any():
        left = left * powers[width - lengths]
    for place in range(width - 1, -1, -1):
        left, signs[:, place] = np.divmod(left, 10)
    return Texts(signs + np.uint8(ord("0")), lengths.astype(np.int64))


def spelled(days: Days) -> Texts:
    """Return days as they are written: a year of four digits, a month, a day.

    >>> joined([spelled(np.array(["2026-03-02"], dtype="datetime64[D]"))])
    b'2026-03-02'
    """
    known, place = np.unique(days, return_inverse=True)
    signs = np.datetime_as_string(known, unit="D").astype("S10").view(np.uint8).reshape(-1, 10)[place]
    return Texts(signs, np.full(len(days), 10, dtype=np.int64))


def hexed(ids: Ids) -> Texts:
    """Return ids as 32 digits to the base of 16."""
    signs = np.frombuffer(ids.tobytes().hex().encode(), dtype=np.uint8).reshape(-1, 32)
    return Texts(signs, np.full(len(ids), 32, dtype=np.int64))


def hyphened(ids: Texts) -> Texts:
    """Return ids of 16 bytes as a uuid is written, nothing as an empty text."""
    if not ids.signs.shape[1]:
        return Texts(ids.signs, np.zeros_like(ids.lengths))
    signs = hexed(np.ascontiguousarray(ids.signs).view("V16").ravel()).signs
    signs = np.insert(signs, _UUID_PARTS, ord("-"), axis=1)
    return Texts(signs, np.where(ids.lengths < 0, 0, 36))


def joined(columns: Sequence[Texts], *, between: bytes = b"|", after: bytes = b"\n") -> bytes:
    r"""Return the rows of columns as lines: a sign between fields, one after each line but the last.

    >>> words = cut(np.frombuffer(b"lift", dtype=np.uint8), np.array([0, 1]), np.array([1, 3]))
    >>> joined([words, digits(np.array([1, 23]))])
    b'l|1\nift|23'
    """
    count = len(columns[0].lengths)
    signs: list[Signs] = []
    present: list[NDArray[np.bool_]] = []
    for place, column in enumerate(columns):
        mark = between if place < len(columns) - 1 else after
        signs += [column.signs, np.broadcast_to(np.frombuffer(mark, dtype=np.uint8), (count, len(mark)))]
        present += [column.present(), np.ones((count, len(mark)), dtype=np.bool_)]
    told = np.concatenate(signs, axis=1)
    counts = np.concatenate(present, axis=1)
    lines = (told if counts.all() else told[counts]).tobytes()
    return lines[: len(lines) - len(after)]


def fields_in(array: bytes) -> Texts:
    """Return the elements of one of the database's arrays (`array_send`), of any type, as they stand in it."""
    count, body = _opened(array)
    if not count:
        return Texts(np.empty((0, 0), dtype=np.uint8), np.empty(0, dtype=np.int64))
    first = int.from_bytes(array[_HEAD.itemsize : _HEAD.itemsize + 4], "big", signed=True)
    width = max(first, 0)
    if len(body) == count * (4 + width):
        rows = body.view(np.dtype([("length", ">i4"), ("signs", np.uint8, (width,))]))
        if (rows["length"] == first).all():
            return Texts(rows["signs"], rows["length"].astype(np.int64))
    lengths, starts, at = [], [], _HEAD.itemsize
    for _ in range(count):
        length = int.from_bytes(array[at : at + 4], "big", signed=True)
        lengths.append(length)
        starts.append(at + 4)
        at += 4 + max(length, 0)
    return cut(
        np.frombuffer(array, dtype=np.uint8), np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)
    )


def cut(data: Signs, starts: Numbers, lengths: Numbers) -> Texts:
    """Return pieces of some bytes as a column: where each begins, and its length.

    >>> cut(np.frombuffer(b"ab,c", dtype=np.uint8), np.array([0, 3]), np.array([2, 1])).lengths.tolist()
    [2, 1]
    """
    width = int(lengths.max(initial=0))
    places = starts[:, None] + np.arange(width)
    return Texts(np.take(data, places, mode="clip") if width else np.empty((len(starts), 0), np.uint8), lengths)


def numbers_in(array: bytes) -> Numbers:
    """Return the elements of one of the database's arrays of bigint, none of them NULL."""
    return _of_length(array, ">i8").astype(np.int64)


def days_in(array: bytes) -> Days:
    """Return the elements of one of the database's arrays of dates, none of them NULL."""
    return DAY_ZERO + _of_length(array, ">i4").astype("timedelta64[D]")


def _of_length(array: bytes, kind: str) -> NDArray[Any]:
    count, body = _opened(array)
    if not count:
        return np.empty(0, dtype=kind)
    laid = np.dtype([("length", ">i4"), ("value", kind)])
    rows = body.view(laid) if len(body) == count * laid.itemsize else np.empty(0, laid)
    if len(rows) != count or not (rows["length"] == np.dtype(kind).itemsize).all():
        raise ValueError(f"no array of {kind} alone")
    return rows["value"]


def _opened(array: bytes) -> tuple[int, Signs]:
    """Return how many elements an array has, and what stands behind its head."""
    if int.from_bytes(array[:4], "big") == 0:
        return 0, np.empty(0, dtype=np.uint8)
    head = np.frombuffer(array[: _HEAD.itemsize], dtype=_HEAD)[0]
    return int(head["count"]), np.frombuffer(array, dtype=np.uint8, offset=_HEAD.itemsize)
