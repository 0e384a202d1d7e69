"""What the `table` macro and the forms of the pages are given: columns, the values of a row, errors by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the `table` macro: which value, under which heading, shown as which kind.

    Kinds: text, code (a reference number, never broken over lines), money, signed, number, percent, date, instant,
    span, carry (words set to the right), mono, chip (`of` names the kind of record), custom (the caller of the macro
    writes the cell). `href` names the row's value that holds the link of this cell, or makes it of the row;
    `is_sortable` makes the heading a link; `is_head` makes the cell the row's own heading.
    """

    key: str
    label: str
    kind: str = "text"
    href: str | Callable[[Any], str] = ""
    of: str = ""
    is_sortable: bool = False
    is_head: bool = False
    note: str = ""

    @property
    def is_numeric(self) -> bool:
        """Say whether the cell is set to the right."""
        return self.kind in {"money", "signed", "number", "percent", "span", "carry"}


def column(key: str, label: str, kind: str = "text", **rest: object) -> Column:
    """Return a Column, for templates: `column('paid_fen', t('已付', 'Paid'), 'money', is_sortable=true)`."""
    return Column(key, label, kind, **rest)  # type: ignore[arg-type]


def cell(row: Mapping[str, object] | object, key: str) -> object:
    """Return one value of a row, which may be a mapping, a database row or an object; None where it has none."""
    if isinstance(row, Mapping):
        return row.get(key)
    return getattr(row, key, None)


def findings_as_rows(findings: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return (where, message) pairs as rows of a table with the columns `where` and `message`.

    >>> findings_as_rows([("row 7, amount", "金额应有两位小数")])
    [{'where': 'row 7, amount', 'message': '金额应有两位小数'}]
    """
    return [{"where": where, "message": message} for where, message in findings]
