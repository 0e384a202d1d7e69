"""The rows of the `table` macro as HTML: a list's cells by the hundred, laid out in one pass without a macro a cell.

What a kind of column looks like stands here and nowhere else; how a figure or a day reads comes from `web.formats`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from web.columns import Column, cell

#: Writes a value or a row, escaped.
_Writes = Callable[[Any], str]
#: What stands for something else in markup.
_SIGNS = re.compile("[&<>\"']")


@dataclass(frozen=True, slots=True)
class Looks:
    """What the cells of a table are written with, in the reader's language.

    `figures` says how a value of a kind reads, `nothing` how one that is missing does, `machine` what a `datetime`
    attribute holds; `chip` is the macro of a state, `custom` the caller's macro for cells of that kind.
    """

    figures: Mapping[str, Callable[[Any], str]]
    nothing: Markup
    machine: Callable[[Any], str]
    chip: Callable[[str, object], str]
    custom: Callable[[Any, Column], str] | None = None


def written(columns: Iterable[Column], rows: Sequence[Any], looks: Looks, pick: _Writes | None) -> Markup:
    """Return the rows of a table's body; `pick` writes a cell before the others.

    Column by column: what is the same in all cells of one is found once, and not again in every row.
    """
    cells = [_cells(column, rows, looks) for column in columns]
    if pick is not None:
        cells.insert(0, [pick(row) for row in rows])
    openings = [
        '      <tr role="row" class="row-mark">' if is_marked else '      <tr role="row">'
        for is_marked in _values(rows, "is_marked")
    ]
    closings = ["      </tr>"] * len(rows)
    lines = ["\n".join(line) for line in zip(openings, *cells, closings, strict=True)]
    return Markup("\n".join(lines))  # noqa: S704 - every value in it is escaped


def _values(rows: Sequence[Any], key: str) -> list[Any]:
    """Return what stands in each row under a key, as `columns.cell` finds it."""
    kinds = set(map(type, rows))
    if len(kinds) > 1:
        return [cell(row, key) for row in rows]
    if any(issubclass(kind, Mapping) for kind in kinds):
        return [row.get(key) for row in rows]
    return [getattr(row, key, None) for row in rows]


def _cells(column: Column, rows: Sequence[Any], looks: Looks) -> list[str]:
    """Return the cells of a column, from the top down."""
    label = escape(column.label)
    begun = (
        '        <th role="rowheader" scope="row"'
        if column.is_head
        else f'        <td role="cell" data-label="{label}"'
    )
    of_kind = "num" if column.is_numeric else "words" if column.kind == "text" else ""
    opening = f'{begun} class="{of_kind}">' if of_kind else f"{begun}>"
    closing = "</th>" if column.is_head else "</td>"
    links = _links(column, rows)
    if column.kind == "custom" and looks.custom is not None:
        said = [_plain(looks.custom(row, column)) for row in rows]
        return [f"{opening}{link}{one}{'</a>' if link else ''}{closing}" for one, link in zip(said, links, strict=True)]
    writes, nothing = _writer(column, looks), str(looks.nothing)
    missing = f'{begun} class="{of_kind} is-nothing">'
    values = _values(rows, column.key)
    if not column.href:
        lack, empty = f"{missing}{nothing}{closing}", f"{opening}{nothing}{closing}"
        return [
            lack if value is None else empty if value == "" else f"{opening}{writes(value)}{closing}"
            for value in values
        ]
    return [
        f"{missing if value is None else opening}{link}"
        f"{nothing if value is None or value == '' else writes(value)}{'</a>' if link else ''}{closing}"
        for value, link in zip(values, links, strict=True)
    ]


def _links(column: Column, rows: Sequence[Any]) -> list[str]:
    """Return how the link of each cell begins; empty where it has none."""
    if not column.href:
        return [""] * len(rows)
    found = _values(rows, column.href) if isinstance(column.href, str) else map(column.href, rows)
    return [f'<a href="{_plain(link)}">' if link else "" for link in found]


def _plain(value: Any) -> str:
    """Return a value escaped; most have nothing that has to be."""
    return value if type(value) is str and not _SIGNS.search(value) else str(escape(value))


def value_of(row: Any, column: Column, looks: Looks) -> Markup:
    """Return one value of a row, as a cell of its column holds it."""
    value = cell(row, column.key)
    return looks.nothing if value is None or value == "" else Markup(_writer(column, looks)(value))  # noqa: S704


def pick_box(name: str, row_id: str, first: str, label: str) -> _Writes:
    """Return what writes a row's box to tick: `name` is the field, `first` the key of what names the row."""

    def box(row: Any) -> str:
        checked, named = " checked" if cell(row, "is_picked") else "", escape(cell(row, first))
        return (
            f'        <td class="pick" role="cell"><input type="checkbox" name="{escape(name)}" '
            f'value="{escape(cell(row, row_id))}"{checked} aria-label="{escape(label)} {named}"></td>'
        )

    return box


def _writer(column: Column, looks: Looks) -> _Writes:
    """Return how the values of a column are written; a figure is of digits and words of ours, which need no escape."""
    if figure := looks.figures.get(column.kind):
        if column.kind not in {"date", "instant"}:
            return figure
        time = '<time class="nowrap" datetime="{}">{}</time>'
        return _each_once(lambda value: time.format(looks.machine(value), figure(value)))
    if column.kind == "chip":
        return _each_once(lambda value: _plain(looks.chip(column.of, value)))
    if column.kind in {"code", "mono"}:
        opening = f'<span class="{"nowrap" if column.kind == "code" else "mono"}">'
        return lambda value: f"{opening}{_plain(value)}</span>"
    return _plain


def _each_once(writes: _Writes) -> _Writes:
    """Return the same writing that is done once for each of the few values of a column."""
    known: dict[Any, str] = {}

    def remembered(value: Any) -> str:
        found = known.get(value)
        if found is None:
            found = known[value] = writes(value)
        return found

    return remembered
