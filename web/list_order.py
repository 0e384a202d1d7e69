"""The order in which the findings of a list are told: by row, in a row by column as the file has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.errors import Finding


def row_of(finding: Finding) -> int:
    """Return the row that a finding is about; 0 where it is about none."""
    number = finding.facts.get("row")
    return number if isinstance(number, int) else 0


def column_of(finding: Finding) -> str:
    """Return the header of the column that a finding is about; '' where it is about the row as a whole."""
    return str(finding.facts.get("column") or "")


def as_in_file(columns: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Return field -> header in the order of the file's headers.

    >>> as_in_file({"lift": "电梯", "day": "日期"}, ["日期", "电梯"])
    {'day': '日期', 'lift': '电梯'}
    """
    place = {header: number for number, header in enumerate(headers)}
    return dict(sorted(columns.items(), key=lambda pair: place.get(pair[1], len(place))))


def in_order(findings: Iterable[Finding], columns: Mapping[str, str]) -> list[Finding]:
    """Return findings by row, in a row by column; what is about the whole row comes last.

    >>> late = Finding("b", "", {"row": 2, "column": "电梯"})
    >>> whole, early = Finding("c", "", {"row": 2}), Finding("a", "", {"row": 2, "column": "日期"})
    >>> [one.code for one in in_order([whole, late, early], {"day": "日期", "lift": "电梯"})]
    ['a', 'b', 'c']
    """
    place = {header: number for number, header in enumerate(columns.values())}
    return sorted(findings, key=lambda one: (row_of(one), place.get(column_of(one), len(place))))
