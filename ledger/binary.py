"""Rows for COPY in PostgreSQL's binary format, and columns as its arrays, made whole columns at a time. Pure.

Rows whose fields are as long as each other's are one array of records filled column by column: the price of a row is
that of copying its bytes. Where texts differ in length, rows of one shape are made together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: One column of whole numbers, or one row of them for each record.
Numbers = NDArray[np.int64]

#: A column of a table: the same value in every row, or an array (numbers, days, ids of 16 bytes), or fields one by one.
Column: TypeAlias = int | str | bytes | NDArray[Any] | list[bytes] | list[bytes | None] | None

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
#: The type of bigint in the database's own catalogue, as an array's head names it.
_INT8 = 20
#: The database's days and moments are counted from here.
_DAY_ZERO = np.datetime64("2000-01-01", "D")
_MOMENT_ZERO = np.datetime64("2000-01-01", "us")


def copied(count: int, columns: Mapping[str, Column]) -> bytes:
    r"""Return `count` rows as COPY (FORMAT binary) takes them, the columns in their order.

    A whole number, a text, bytes as they are, or nothing (NULL) stands in every row. An array of one dimension has a
    bigint, a date (`datetime64[D]`) or a uuid (`V16`) for each row, one of two dimensions a bigint[] for each row. A
    list has a field's bytes or nothing for each row.

    >>> import numpy as np
    >>> len(copied(2, {"a": 7, "kind": "net", "parts": np.array([[1, 2], [3, 4]])})) - 21
    138
    >>> copied(2, {"name": [b"lift", None]})[19:-2]
    b'\x00\x01\x00\x00\x00\x04lift\x00\x01\xff\xff\xff\xff'
    """
    lists = {name: value for name, value in columns.items() if isinstance(value, list)}
    if not lists or not count:
        return _HEAD + _records(count, columns, {}).tobytes() + _END
    lengths = np.array([[-1 if one is None else len(one) for one in value] for value in lists.values()])
    if (lengths == lengths[:, :1]).all():
        return _HEAD + _records(count, columns, dict(zip(lists, lengths[:, 0], strict=True))).tobytes() + _END
    shapes, of_row = np.unique(lengths, axis=1, return_inverse=True)
    rows = np.empty(count, dtype=object)
    for place, shape in enumerate(shapes.T):
        here = np.flatnonzero(of_row == place)
        some = {name: _some(value, here) for name, value in columns.items()}
        records = _records(len(here), some, dict(zip(lists, shape, strict=True)))
        rows[here] = records.view(f"V{records.dtype.itemsize}").tolist()
    return _HEAD + b"".join(rows.tolist()) + _END


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
    return int((np.datetime64(on, "D") - _DAY_ZERO).astype(np.int64)).to_bytes(4, "big", signed=True)


def days(values: Iterable[Any]) -> NDArray[np.datetime64]:
    """Return days (`date`) as a column of dates."""
    return np.array(list(values), dtype="datetime64[D]")


def _some(value: Column, here: NDArray[np.intp]) -> Column:
    """Return what a column has in some rows."""
    if isinstance(value, list):
        return [value[place] for place in here]
    return value[here] if isinstance(value, np.ndarray) else value


def _records(count: int, columns: Mapping[str, Column], lengths: Mapping[str, int]) -> NDArray[np.void]:
    """Return rows of one shape; `lengths` says how long the fields of each list are, below 0 for nothing."""
    fields: list[tuple[Any, ...]] = [("count", ">i2")]
    sizes = {}
    for name, value in columns.items():
        laid = _fields(name, value, lengths.get(name, 0))
        fields += [(f"{name} length", ">i4"), *laid]
        sizes[name] = sum(np.dtype([field]).itemsize for field in laid) if laid else -1
    rows = np.zeros(count, dtype=np.dtype(fields))
    rows["count"] = len(columns)
    for name, value in columns.items():
        is_nothing = value is None or lengths.get(name, 0) < 0
        rows[f"{name} length"] = -1 if is_nothing else max(sizes[name], 0)
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
    if isinstance(value, np.ndarray) and value.dtype.kind == "M":
        return (value - _DAY_ZERO).astype(np.int32)
    return value


def _fields(name: str, value: Column, length: int) -> Sequence[tuple[Any, ...]]:
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
    if isinstance(value, str | bytes):
        length = len(value.encode() if isinstance(value, str) else value)
    return [(name, f"S{length}")] if value is not None and length > 0 else []


def read(data: bytes, columns: Mapping[str, int]) -> Mapping[str, Numbers]:
    """Return what COPY (FORMAT binary) gave, in its columns: 0 says a bigint, more a bigint[] of so many.

    Nothing may be NULL, and each array is as long as said: the query sees to it. Raises ValueError for anything else.

    >>> import numpy as np
    >>> told = {"a": np.array([7, 8]), "parts": np.array([[1, 2], [3, 4]])}
    >>> {name: value.tolist() for name, value in read(copied(2, told), {"a": 0, "parts": 2}).items()}
    {'a': [7, 8], 'parts': [[1, 2], [3, 4]]}
    """
    like = {name: np.zeros((1, width) if width else 1, dtype=np.int64) for name, width in columns.items()}
    expected = _records(1, like, {})
    rows = np.frombuffer(data[len(_HEAD) : len(data) - len(_END)], dtype=expected.dtype)
    for name in expected.dtype.names or ():
        if (name == "count" or name.endswith((" length", " head"))) and not (rows[name] == expected[name]).all():
            raise ValueError(f"rows of another shape: {name}")
    return {
        name: (rows[f"{name} items"]["value"] if width else rows[name]).astype(np.int64)
        for name, width in columns.items()
    }


def listed(values: Iterable[object]) -> str:
    """Return a column as PostgreSQL writes an array, nothing as NULL; its values are written as they are told.

    >>> listed([7, None, 9])
    '{7,NULL,9}'
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def quoted(values: Sequence[str]) -> str:
    r"""Return a column of texts as PostgreSQL writes an array.

    >>> print(quoted(['a"b', "c"]), quoted([""]), quoted([]))
    {"a\"b","c"} {""} {}
    """
    inside = '","'.join(values)
    if "\\" in inside or inside.count('"') > 2 * len(values) - 2:
        inside = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return f'{{"{inside}"}}' if values else "{}"
