"""Plain lines read as columns are the rows that the csv module reads, and their cells what each cell says."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.columns import Texts, cut, joined
from tests.depth import DEPTH
from web import plain_cells
from web.cells import Cell, Day, Fen, Kind, Limits, Row, Text, Whole, is_blank
from web.csv_rows import CsvRows
from web.plain_cells import PlainDays
from web.tables import read_table

cells = st.text('ab1,;"\r\n 电\0', max_size=3)
files = st.builds(
    "".join, st.lists(st.sampled_from(["a,b\n", "1,电梯\n", ",\n", "\n", "a,b\r\n", "x\r", '"a\nb",c\n']))
)
anything = st.lists(cells, max_size=12).map("".join)
encodings = st.sampled_from(["utf-8-sig", "gb18030", "utf-16"])


def rows_of(text: str, encoding: str, most: int) -> list[Row | str]:
    """Return all rows, as many as can be by blocks of so many, and the code of what breaks the file off."""
    content = text.encode("utf-8" if encoding == "utf-8-sig" and len(text) % 2 else encoding)
    lines = CsvRows(io.BytesIO(content), encoding, Limits(line_chars=40))
    found: list[Row | str] = []
    try:
        while True:
            if most and (block := lines.block(most, 2)):
                listed = block.rows()
                assert [list(row.cells) for row in listed] == [
                    list(pair) for pair in zip(block.words(0), block.words(1), strict=True)
                ]
                assert joined([block.column(0), block.column(1)]).decode(block.encoding) == "\n".join(
                    "|".join(map(str, row.cells)) for row in listed
                )
                lines.take(block)
                found += listed
            else:
                for _ in range(most or 1):
                    found.append(next(lines))
    except StopIteration:
        return found
    except Invalid as broken:
        return [*found, f"{broken.code} {broken.facts['row']}"]


@settings(max_examples=200 * DEPTH, deadline=None)
@given(text=st.one_of(files, anything), encoding=encodings, most=st.integers(1, 4))
@example("a,b\nc,d\r\ne,f\n", "utf-8-sig", 3)
@example("a,b\r\nc,d\r", "utf-8-sig", 2)
@example("a,b\nc,d", "gb18030", 2)
@example("a" * 38 + ",b\nc,d\n", "utf-8-sig", 1)
def test_blocks_and_rows_are_the_same_rows(text: str, encoding: str, most: int) -> None:
    """Whatever the file: its rows with their numbers, and where it breaks off, are those read one by one."""
    assert rows_of(text, encoding, most) == rows_of(text, encoding, 0)


def test_plain_lines_are_read_as_a_block() -> None:
    """Lines without quotes, of as many short fields as there are headers; no quote, blank, long field or one more."""
    plain = b"a,b\r\n1,2\r\n"
    wrong = (b'"a",b\n', b"a,b,c\n", b"a,b\n\n", b"a\nb,c,d\n", b"")
    for body, is_block in ((plain, True), *((one, False) for one in wrong)):
        assert (CsvRows(io.BytesIO(body), "utf-8-sig", Limits()).block(9, 2) is not None) == is_block
    for width in (400, 401):
        long = plain + b"1," + b"x" * width
        assert (CsvRows(io.BytesIO(long), "utf-8-sig", Limits()).block(9, 2) is not None) == (width == 400)
    assert CsvRows(io.BytesIO(plain), "utf-8-sig", Limits(rows=8)).block(9, 2) is None
    for most, is_block in ((4, False), (5, True)):
        lines = CsvRows(io.BytesIO(plain), "utf-8-sig", Limits(line_chars=most))
        assert (lines.block(9, 2) is not None) == is_block


KINDS: Sequence[Kind] = (Text(5), Text(60), Whole(1, 100_000), Fen(1), Fen(0, 10**9), Day())
written = st.one_of(
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{0,3})?", fullmatch=True),
    st.from_regex(r"[0-9]{10,20}", fullmatch=True),
    st.from_regex(r"(19|20|22)[0-9]{2}-[0-1][0-9]-[0-3][0-9]", fullmatch=True),
    st.text("Ab-=+@1. ,\"\\'\t\x7f", max_size=7),
    st.sampled_from(["", " ", "2026-03-02", "2026/3/2", "1,286.00", "９", "电梯", ".5", "5.", "1..2", "-1", "1e3"]),
)


def column_of(words: Sequence[str]) -> Texts:
    """Return words as a column of bytes."""
    told = [word.encode() for word in words]
    lengths = np.array([len(one) for one in told], dtype=np.int64)
    return cut(np.frombuffer(b"".join(told) or b" ", dtype=np.uint8), np.cumsum(lengths) - lengths, lengths)


def read(kind: Kind, cell: Cell) -> object:
    """Return what a cell says, or nothing where it is blank or refused."""
    try:
        return None if is_blank(cell) else kind.read(cell)
    except Invalid:
        return None


@settings(max_examples=300 * DEPTH, deadline=None)
@given(words=st.lists(written, min_size=1, max_size=4), kind=st.sampled_from(KINDS))
def test_a_column_says_what_its_cells_say(words: list[str], kind: Kind) -> None:
    """Where a column is read at once, each of its cells is read so by itself, and none is refused."""
    found = plain_cells.READERS[type(kind)](kind, column_of(words))
    if found is None:
        return
    if isinstance(found, PlainDays):
        assert found.days().tolist() == [found.known[place] for place in found.place]
        told: list[object] = list(found.days().tolist())
    elif isinstance(found, Texts):
        told = list(joined([found]).decode().split("\n"))
    else:
        told = list(found.tolist())
    assert told == [read(kind, word) for word in words] and None not in told


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        (Text(60), ["BX-1", "a b (c)"], ["BX-1", "a b (c)"]),
        (Whole(1, 40), ["1", "40"], [1, 40]),
        (Fen(1), ["1286", "1286.5", "0.01"], [128_600, 128_650, 1]),
        (Day(), ["2026-03-02", "2028-02-29"], [date(2026, 3, 2), date(2028, 2, 29)]),
    ],
    ids=["text", "whole", "fen", "day"],
)
def test_what_is_written_as_most_do_is_read_at_once(kind: Kind, words: list[str], expected: list[object]) -> None:
    """The plainest way of each kind is read whole columns at a time."""
    found = plain_cells.READERS[type(kind)](kind, column_of(words))
    assert found is not None
    if isinstance(found, Texts):
        assert joined([found]).decode().split("\n") == expected
    else:
        assert (found.days() if isinstance(found, PlainDays) else found).tolist() == expected


def test_rows_taken_in_blocks_count_among_the_most_there_may_be() -> None:
    """A file of one row too many is refused, however many of those before were taken at once."""
    body = b"a,b\n" + b"1,2\n" * 6
    for most in (5, 6):
        with read_table(io.BytesIO(body), "a.csv", Limits(rows=most)) as table:
            assert table.lines is not None
            block = table.lines.block(3, 2)
            assert block is not None
            table.lines.take(block)
            if most == 6:
                assert [row.number for row in table.rows] == [5, 6, 7]
            else:
                with pytest.raises(Invalid, match="table_too_many_rows"):
                    list(table.rows)
