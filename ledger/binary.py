"""Rows for COPY in PostgreSQL's binary format, and columns as its arrays, made whole columns at a time. Pure.

A row of a table that holds numbers only has the same length as every other, so that a million of them are one array of
records filled column by column: the price of a row is that of copying its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: One column of whole numbers, or one row of them for each record.
Numbers = NDArray[np.int64]

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
#: The type of bigint in the database's own catalogue, as an array's head names it.
_INT8 = 20
#: So many values of a column are remembered as they are written.
_REMEMBERED = 1000


def copied(count: int, columns: Mapping[str, int | str | Numbers]) -> bytes:
    """Return `count` rows as COPY (FORMAT binary) takes them, the columns in their order.

    A number or a text stands in every row; an array of one dimension has a bigint for each row, one of two dimensions a
    bigint[] for each row.

    >>> import numpy as np
    >>> len(copied(2, {"a": 7, "kind": "net", "parts": np.array([[1, 2], [3, 4]])})) - 21
    138
    """
    fields: list[tuple[Any, ...]] = [("count", ">i2")]
    for name, value in columns.items():
        fields += [(f"{name} length", ">i4"), *_fields(name, value)]
    rows = np.zeros(count, dtype=np.dtype(fields))
    rows["count"] = len(columns)
    for name, value in columns.items():
        rows[f"{name} length"] = sum(np.dtype([field]).itemsize for field in _fields(name, value))
        if isinstance(value, np.ndarray) and value.ndim == 2:
            rows[f"{name} head"] = (1, 0, _INT8, value.shape[1], 1)
            rows[f"{name} items"]["length"] = 8
            rows[f"{name} items"]["value"] = value
        else:
            rows[name] = value.encode() if isinstance(value, str) else value
    return _HEAD + rows.tobytes() + _END


def _fields(name: str, value: int | str | Numbers) -> Sequence[tuple[Any, ...]]:
    """Return how a column's value is laid out in a row."""
    if isinstance(value, str):
        return [(name, f"S{len(value.encode())}")]
    if isinstance(value, int) or value.ndim == 1:
        return [(name, ">i8")]
    return [(f"{name} head", ">i4", (5,)), (f"{name} items", [("length", ">i4"), ("value", ">i8")], (value.shape[1],))]


def listed(values: Iterable[Any], told: Callable[[Any], str] = str) -> str:
    r"""Return a column as PostgreSQL writes an array, nothing as NULL; each kind of value is told once and remembered.

    >>> print(listed([7, None, 9]), listed(['a"b'], quoted))
    {7,NULL,9} {"a\"b"}
    """
    known: dict[Any, str] = {None: "NULL"}
    words = []
    for value in values:
        word = known.get(value)
        if word is None:
            word = told(value)
            if len(known) < _REMEMBERED:
                known[value] = word
        words.append(word)
    return "{" + ",".join(words) + "}"


def quoted(value: str) -> str:
    """Return a text as an item of an array."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
