"""Tests of the rows of a table: each kind of cell, what is missing, what is escaped, what is ticked."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from markupsafe import Markup, escape

from web import table_rows
from web.columns import Column

LOOKS = table_rows.Looks(
    figures={"money": lambda fen: f"{fen / 100:.2f}", "date": str, "instant": str},
    nothing=Markup("<i>-</i>"),
    machine=lambda value: value.isoformat(),
    chip=lambda kind, stage: Markup("<b>{} {}</b>").format(kind, stage),
    custom=lambda row, column: Markup("<u>{}</u>").format(row[column.key]),
)
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def written(column: Column, row: dict[str, object]) -> str:
    """Return the one cell of a row."""
    return table_rows.written([column], [row], LOOKS, None).splitlines()[1].strip()


@pytest.mark.parametrize(
    ("kind", "value", "inner"),
    [
        ("text", "<甲>", "&lt;甲&gt;"),
        ("text", Markup("<em>甲</em>"), "<em>甲</em>"),
        ("code", "A&B", '<span class="nowrap">A&amp;B</span>'),
        ("mono", "9f", '<span class="mono">9f</span>'),
        ("money", 150, "1.50"),
        ("date", date(2026, 3, 2), '<time class="nowrap" datetime="2026-03-02">2026-03-02</time>'),
        ("instant", AT, f'<time class="nowrap" datetime="{AT.isoformat()}">{AT}</time>'),
        ("chip", "bound", "<b>policy bound</b>"),
        ("custom", "x<", "<u>x&lt;</u>"),
        ("text", "", "<i>-</i>"),
    ],
)
def test_a_value_is_shown_as_its_kind(kind: str, value: object, inner: str) -> None:
    """What a row holds is written as its column says, and no sign of it becomes markup."""
    cell = written(Column("key", "列 <1>", kind, of="policy"), {"key": value})
    assert cell.startswith('<td role="cell" data-label="列 &lt;1&gt;"')
    assert cell[cell.index(">") + 1 :] == f"{inner}</td>"


def test_a_value_that_is_missing_is_told_apart_from_an_empty_one() -> None:
    """Nothing on record is set back in its cell; an empty word and a nought are values."""
    money = Column("fen", "元", "money")
    assert written(money, {}) == '<td role="cell" data-label="元" class="num is-nothing"><i>-</i></td>'
    assert written(money, {"fen": 0}) == '<td role="cell" data-label="元" class="num">0.00</td>'
    code = Column("key", "号", "code")
    assert written(code, {"key": None}) == '<td role="cell" data-label="号" class=" is-nothing"><i>-</i></td>'


def test_the_head_of_a_row_is_a_heading_and_a_link() -> None:
    """The cell that names a row is its heading; a link stands where the row has one."""
    column = Column("number", "号", "code", href="to", is_head=True)
    linked = '<th role="rowheader" scope="row"><a href="/a?b&amp;c"><span class="nowrap">1</span></a></th>'
    assert written(column, {"number": "1", "to": "/a?b&c"}) == linked
    assert "<a" not in written(column, {"number": "1", "to": ""})


def test_rows_are_marked_and_ticked() -> None:
    """A row that is marked is set off; the box before a row names it aloud and may be ticked already."""
    column = Column("name", "名", is_head=True)
    rows = [{"id": 1, "name": '"甲"', "is_marked": True, "is_picked": True}, {"id": 2, "name": "乙"}]
    body = table_rows.written([column], rows, LOOKS, table_rows.pick_box("pick", "id", "name", "选择"))
    assert body.count('<tr role="row" class="row-mark">') == 1 and body.count("</tr>") == 2
    assert body.count('name="pick" value="1" checked aria-label="选择 &#34;甲&#34;"') == 1
    assert body.count('name="pick" value="2" aria-label="选择 乙"') == 1


def test_the_total_below_is_written_alike() -> None:
    """A total is a value of its column; one that is not there is shown as nothing."""
    column = Column("fen", "元", "money")
    assert table_rows.value_of({"fen": 250}, column, LOOKS) == escape("2.50")
    assert table_rows.value_of({}, column, LOOKS) == LOOKS.nothing
