"""Rows for COPY in PostgreSQL's binary format, and columns as its arrays, made whole columns at a time. Pure.

Rows are one array of records filled column by column: the price of a row is that of copying its bytes. Where fields
differ in length, each has the room of the longest, and what is too much is left out in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledger.columns import DAY_ZERO, Numbers, Texts, digits, joined, spelled

#: A column of a table: the same value in every row, or an array (numbers, days, ids of 16 bytes), or fields one by one.
Column: TypeAlias = int | str | bytes | NDArray[Any] | Texts | None

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
#: The type of bigint in the database's own catalogue, as an array's head names it.
_INT8 = 20
#: The database counts its moments from here.
_MOMENT_ZERO = np.datetime64("2000-01-01", "us")


def copied(count: int, columns: Mapping[str, Column]) -> bytes:
    r"""Return `count` rows as COPY (FORMAT binary) takes them, the columns in their order.

    A whole number, a text, bytes as they are, or nothing (NULL) stands in every row. An array of one dimension has a
    bigint, a date (`datetime64[D]`) or a uuid (`V16`) for each row, one of two dimensions a bigint[] for each row.
    Texts have a field's bytes or nothing for each row.

    >>> import numpy as np
    >>> from ledger.columns import Texts
    >>> names = Texts(np.frombuffer(b"liftlift", dtype=np.uint8).reshape(2, 4), np.array([4, -1]))
    >>> len(copied(2, {"a": 7, "kind": "net", "parts": np.array([[1, 2], [3, 4]])})) - 21
    138
    >>> copied(2, {"name": names})[19:-2]
    b'\x00\x01\x00\x00\x00\x04lift\x00\x01\xff\xff\xff\xff'
    """
    rows = _records(count, columns)
    present = None
    for name, value in columns.items():
        if not isinstance(value, Texts):
            continue
        width = value.signs.shape[1]
        if width and (value.lengths < width).any():
            if present is None:
                present = np.ones((count, rows.dtype.itemsize), dtype=np.bool_)
            first = rows.dtype.fields[name][1]  # type: ignore[index]
            present[:, first : first + width] = value.present()
    if present is None:
        return _HEAD + rows.tobytes() + _END
    return _HEAD + rows.view(np.uint8).reshape(present.shape)[present].tobytes() + _END


def moment(at: datetime) -> bytes:
    """Return an instant as a field of type timestamptz.

    >>> from datetime import UTC
    >>> moment(datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)).hex()
    '00000000000f4240'
    """
    since = np.datetime64(int(at.timestamp()) * 10**6 + at.microsecond, "us") - _MOMENT_ZERO
    return int(since.astype(np.int64)).to_bytes(8, "big", signed=True)


def day(on: date) -> bytes:
    """Return a day as a field of type date.

    >>> day(date(2000, 1, 2)).hex()
    '00000001'
    """
    return int((np.datetime64(on, "D") - DAY_ZERO).astype(np.int64)).to_bytes(4, "big", signed=True)


def _records(count: int, columns: Mapping[str, Column]) -> NDArray[np.void]:
    """Return rows whose fields have all the room they need."""
    fields: list[tuple[Any, ...]] = [("count", ">i2")]
    sizes = {}
    for name, value in columns.items():
        laid = _fields(name, value)
        fields += [(f"{name} length", ">i4"), *laid]
        sizes[name] = sum(np.dtype([field]).itemsize for field in laid)
    rows = np.zeros(count, dtype=np.dtype(fields))
    rows["count"] = len(columns)
    for name, value in columns.items():
        if isinstance(value, Texts):
            rows[f"{name} length"] = value.lengths
        else:
            rows[f"{name} length"] = -1 if value is None else sizes[name]
        if isinstance(value, np.ndarray) and value.ndim == 2:
            rows[f"{name} head"] = (1, 0, _INT8, value.shape[1], 1)
            rows[f"{name} items"]["length"] = 8
            rows[f"{name} items"]["value"] = value
        elif name in rows.dtype.names:  # type: ignore[operator]
            rows[name] = _laid_in(value)
    return rows


def _laid_in(value: Column) -> Any:
    """Return what is put into a field of a row, or of each."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, Texts):
        return value.signs
    if isinstance(value, np.ndarray) and value.dtype.kind == "M":
        return (value - DAY_ZERO).astype(np.int32)
    return value


def _fields(name: str, value: Column) -> Sequence[tuple[Any, ...]]:
    """Return how a column's value is laid out in a row; nothing has no field, and neither has an empty one."""
    if isinstance(value, int):
        return [(name, ">i8")]
    if isinstance(value, np.ndarray):
        if value.ndim == 2:
            return [
                (f"{name} head", ">i4", (5,)),
                (f"{name} items", [("length", ">i4"), ("value", ">i8")], value.shape[1]),
            ]
        return [(name, {"M": ">i4", "V": value.dtype.str}.get(value.dtype.kind, ">i8"))]
    if isinstance(value, Texts):
        width = value.signs.shape[1]
        return [(name, np.uint8, (width,))] if width else []
    length = len(value.encode() if isinstance(value, str) else value) if value is not None else 0
    return [(name, f"S{length}")] if length else []


def read(data: bytes, columns: Mapping[str, int]) -> Mapping[str, Numbers]:
    """Return what COPY (FORMAT binary) gave, in its columns: 0 says a bigint, more a bigint[] of so many.

    Nothing may be NULL, and each array is as long as said: the query sees to it. Raises ValueError for anything else.

    >>> import numpy as np
    >>> told = {"a": np.array([7, 8]), "parts": np.array([[1, 2], [3, 4]])}
    >>> {name: value.tolist() for name, value in read(copied(2, told), {"a": 0, "parts": 2}).items()}
    {'a': [7, 8], 'parts': [[1, 2], [3, 4]]}
    """
    like = {name: np.zeros((1, width) if width else 1, dtype=np.int64) for name, width in columns.items()}
    expected = _records(1, like)
    rows = np.frombuffer(data[len(_HEAD) : len(data) - len(_END)], dtype=expected.dtype)
    for name in expected.dtype.names or ():
        if (name == "count" or name.endswith((" length", " head"))) and not (rows[name] == expected[name]).all():
            raise ValueError(f"rows of another shape: {name}")
    return {
        name: (rows[f"{name} items"]["value"] if width else rows[name]).astype(np.int64)
        for name, width in columns.items()
    }


def listed(values: Iterable[object] | NDArray[Any]) -> str:
    """Return a column as PostgreSQL writes an array, nothing as NULL; its values are written as they are told.

    Whole numbers that are no objects of their own, or days, may come as one array, none of them below 0.

    >>> import numpy as np
    >>> listed([7, None, 9]), listed(np.array([7, 9])), listed(np.array([], dtype=np.int64))
    ('{7,NULL,9}', '{7,9}', '{}')
    """
    if isinstance(values, np.ndarray):
        column = spelled(values) if values.dtype.kind == "M" else digits(values)
        return f"{{{joined([column], after=b',').decode()}}}"
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def quoted(values: Sequence[str] | Texts) -> str:
    r"""Return a column of texts as PostgreSQL writes an array; a column of bytes has neither quotes nor backslashes.

    >>> print(quoted(['a"b', "c"]), quoted([""]), quoted([]))
    {"a\"b","c"} {""} {}
    """
    if isinstance(values, Texts):
        inside = joined([values], after=b'","').decode()
        return f'{{"{inside}"}}' if len(values.lengths) else "{}"
    inside = '","'.join(values)
    if "\\" in inside or inside.count('"') > 2 * len(values) - 2:
        inside = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return f'{{"{inside}"}}' if values else "{}"
