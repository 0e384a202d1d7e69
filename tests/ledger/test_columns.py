"""Whole columns at a time come to what one value at a time comes to: lines, arrays and rows for the database."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import columns
from ledger.binary import copied
from tests.depth import DEPTH

words = st.one_of(st.none(), st.text(max_size=12).map(str.encode))
ids = st.one_of(st.none(), st.uuids())
rows_told = st.lists(
    st.tuples(words, ids, st.integers(0, 10**18 - 1), st.dates(date(1900, 1, 1), date(2199, 12, 31))),
    min_size=1,
    max_size=20,
)
Told = Sequence[tuple[bytes | None, uuid.UUID | None, int, date]]


def array_of(values: Sequence[bytes | None], type_: int = 25) -> bytes:
    """Return an array as the database sends it."""
    if not values:
        return struct.pack(">iii", 0, 0, type_)
    head = struct.pack(">iiiii", 1, int(None in values), type_, len(values), 1)
    return head + b"".join(field(one) for one in values)


def field(value: bytes | None) -> bytes:
    """Return a field as the database sends it: its length and its bytes."""
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


@settings(max_examples=40 * DEPTH, deadline=None)
@given(told=rows_told)
def test_columns_come_to_what_their_values_come_to(told: Told) -> None:
    """Any texts, ids, numbers and days, nothing among them: the lines, and the rows for COPY, are those of a loop."""
    since = [(day - date(2000, 1, 1)).days for *_, day in told]
    named = columns.fields_in(array_of([word for word, *_ in told]))
    known = columns.fields_in(array_of([one.bytes if one else None for _, one, *_ in told], 2950))
    numbers = columns.numbers_in(array_of([struct.pack(">q", number) for _, _, number, _ in told], 20))
    days = columns.days_in(array_of([struct.pack(">i", day) for day in since], 1082))

    lines = [
        b"|".join([str(number).encode(), str(day).encode(), str(one or "").encode(), word or b""])
        for word, one, number, day in told
    ]
    parts = [columns.digits(numbers), columns.spelled(days), columns.hyphened(known), named]
    assert columns.joined(parts) == b"\n".join(lines)

    rows = copied(len(told), {"word": named, "id": known, "number": numbers, "day": days, "kind": "net", "none": None})
    expected = b"".join(
        struct.pack(">h", 6)
        + field(word)
        + field(one.bytes if one else None)
        + field(struct.pack(">q", number))
        + field(struct.pack(">i", day))
        + field(b"net")
        + field(None)
        for (word, one, number, _), day in zip(told, since, strict=True)
    )
    assert rows == b"PGCOPY\n\xff\r\n\0" + bytes(8) + expected + b"\xff\xff"


def test_an_array_of_nothing_is_a_column_of_none() -> None:
    """The database sends an empty array with no dimension at all."""
    empty = array_of([])
    assert len(columns.numbers_in(empty)) == len(columns.days_in(empty)) == len(columns.fields_in(empty).lengths) == 0


def test_an_array_of_another_kind_is_no_column() -> None:
    """A NULL among numbers, or fields of another length, are not taken for numbers."""
    for values in ([struct.pack(">q", 7), None], [b"1234"], [b"1234", b"12345678"]):
        with pytest.raises(ValueError, match="no array of >i8 alone"):
            columns.numbers_in(array_of(values))


def test_ids_are_told_to_the_base_of_16() -> None:
    """An id as the log's digests have it."""
    one = uuid.UUID(int=7)
    assert columns.joined([columns.hexed(np.frombuffer(one.bytes, dtype="V16"))]) == one.hex.encode()
