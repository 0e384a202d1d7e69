"""Which line of a bank's statement pays which balance: proposals for a person to accept. Pure.

A line is proposed for a balance that it may pay: money that came in for what a member owes, money that went out for
what it is owed. A balance is a statement's, or a payment's that was released. Either the line names it by its number,
or it is of just that sum and from or to just that account.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnmatchedLine:
    """A line without a statement: fen (positive: came in), what it says, the account of the other side."""

    id: uuid.UUID
    amount_fen: int
    about: str
    number: str


@dataclass(frozen=True, slots=True)
class OpenBalance:
    """A statement or a payment without a line: its number, fen (positive: the pool owes the member), the accounts."""

    id: uuid.UUID
    number: str
    balance_fen: int
    accounts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A line that may pay a balance; `difference_fen` is what it pays too much, or too little (negative)."""

    line_id: uuid.UUID
    target_id: uuid.UUID
    is_named: bool
    is_same_account: bool
    difference_fen: int


def difference(amount_fen: int, balance_fen: int) -> int:
    """Return how much more than the balance was paid, either way; negative where it was less.

    >>> difference(2_651_600, -2_651_624), difference(-86_454, 86_454)
    (-24, 0)
    """
    return abs(amount_fen) - abs(balance_fen)


def proposals(lines: Iterable[UnmatchedLine], balances: Sequence[OpenBalance]) -> list[Proposal]:
    """Return what may be accepted, line by line; of one line the surest first.

    >>> line = UnmatchedLine(uuid.UUID(int=1), 2_651_624, "SA-1-2026Q1-04 货款", "0200")
    >>> open_one = OpenBalance(uuid.UUID(int=2), "SA-1-2026Q1-04", -2_651_624, frozenset({"0200"}))
    >>> [(one.is_named, one.is_same_account, one.difference_fen) for one in proposals([line], [open_one])]
    [(True, True, 0)]
    """
    found: list[Proposal] = []
    names = [(balance, _naming(balance.number)) for balance in balances]
    for line in lines:
        of_one = [one for balance, naming in names if (one := _proposal(line, balance, naming)) is not None]
        found += sorted(of_one, key=lambda one: (not one.is_named, abs(one.difference_fen), not one.is_same_account))
    return found


def _naming(number: str) -> re.Pattern[str]:
    """Return what finds a number where it stands for itself, and not in a longer one."""
    return re.compile(rf"(?<![0-9A-Za-z.-]){re.escape(number)}(?![0-9A-Za-z-])")


def _proposal(line: UnmatchedLine, balance: OpenBalance, naming: re.Pattern[str]) -> Proposal | None:
    if (line.amount_fen > 0) == (balance.balance_fen > 0) or not balance.balance_fen:
        return None
    is_named = naming.search(line.about) is not None
    is_same_account = line.number in balance.accounts
    fen = difference(line.amount_fen, balance.balance_fen)
    if not is_named and (fen or not is_same_account):
        return None
    return Proposal(line.id, balance.id, is_named, is_same_account, fen)
