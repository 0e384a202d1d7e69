"""The rows of the `table` macro as HTML: a list's cells by the hundred, laid out in one pass without a macro a cell.

What a kind of column looks like stands here and nowhere else; how a figure or a day reads comes from `web.formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup, escape

from web.columns import Column, cell

#: Writes a value or a row, escaped.
_Writes = Callable[[Any], str]


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


@dataclass(frozen=True, slots=True)
class _Cell:
    """One column of the rows: what stands before and after its values, and how they are written."""

    key: str
    href: str
    opening: str
    opening_of_nothing: str
    closing: str
    writes: _Writes
    custom: Column | None


def written(columns: Iterable[Column], rows: Iterable[Any], looks: Looks, pick: _Writes | None) -> Markup:
    """Return the rows of a table's body; `pick` writes a cell before the others."""
    cells = [_cell(column, looks) for column in columns]
    lines: list[str] = []
    for row in rows:
        get = row.get if isinstance(row, Mapping) else partial(cell, row)
        lines.append('      <tr role="row" class="row-mark">' if get("is_marked") else '      <tr role="row">')
        if pick is not None:
            lines.append(pick(row))
        lines += [_one(one, row, get, looks) for one in cells]
        lines.append("      </tr>")
    return Markup("\n".join(lines))  # noqa: S704 - every value in it is escaped


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


def _one(one: _Cell, row: Any, get: Callable[[str], Any], looks: Looks) -> str:
    """Return one cell."""
    if one.custom is not None and looks.custom is not None:
        value, opening, said = None, one.opening, str(escape(looks.custom(row, one.custom)))
    else:
        value = get(one.key)
        opening = one.opening_of_nothing if value is None else one.opening
        said = looks.nothing if value is None or value == "" else one.writes(value)
    if one.href and (link := get(one.href)):
        return f'{opening}<a href="{escape(link)}">{said}</a>{one.closing}'
    return f"{opening}{said}{one.closing}"


def _cell(column: Column, looks: Looks) -> _Cell:
    """Return what is the same in every cell of a column."""
    label = escape(column.label)
    begun = (
        '        <th role="rowheader" scope="row"'
        if column.is_head
        else f'        <td role="cell" data-label="{label}"'
    )
    of_kind = "num" if column.is_numeric else "words" if column.kind == "text" else ""
    return _Cell(
        column.key,
        column.href,
        f'{begun} class="{of_kind}">' if of_kind else f"{begun}>",
        f'{begun} class="{of_kind} is-nothing">',
        "</th>" if column.is_head else "</td>",
        _writer(column, looks),
        column if column.kind == "custom" else None,
    )


def _writer(column: Column, looks: Looks) -> _Writes:
    """Return how the values of a column are written; a figure is of digits and words of ours, which need no escape."""
    if figure := looks.figures.get(column.kind):
        if column.kind not in {"date", "instant"}:
            return figure
        time = '<time class="nowrap" datetime="{}">{}</time>'
        return _each_once(lambda value: time.format(looks.machine(value), figure(value)))
    if column.kind == "chip":
        return _each_once(lambda value: escape(looks.chip(column.of, value)))
    if column.kind in {"code", "mono"}:
        opening = f'<span class="{"nowrap" if column.kind == "code" else "mono"}">'
        return lambda value: f"{opening}{escape(value)}</span>"
    return escape


def _each_once(writes: _Writes) -> _Writes:
    """Return the same writing that is done once for each of the few values of a column."""
    known: dict[Any, str] = {}

    def remembered(value: Any) -> str:
        found = known.get(value)
        if found is None:
            found = known[value] = writes(value)
        return found

    return remembered
