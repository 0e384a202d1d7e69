"""What the calculators show beside their results: each step of a calculation as a row, from the rooms' own figures.

Pure: the results come from ledger/, tender/ and core/ as they are; here they are only laid out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.apportion import Split, Weights, apportion_stream, starting_carry
from ledger.money import format_fen
from web.documents.wording import carry_text, share_text
from web.tender_drafts import USUAL_TERMS


@dataclass(frozen=True, slots=True)
class PartStep:
    """How one member came to its part of one amount. The remainder and the carry are in units of 1/whole fen."""

    place: int
    share: str
    exact: str
    floor_fen: int
    remainder: int
    carry_before: str
    owed: int
    has_extra: bool
    part_fen: int
    carry_after: str


@dataclass(frozen=True, slots=True)
class SplitSteps:
    """One amount of a stream with its split and the way to it; `left_over_fen` went to those with `has_extra`."""

    number: int
    amount_fen: int
    split: Split
    left_over_fen: int
    members: tuple[PartStep, ...]


@dataclass(frozen=True, slots=True)
class StreamSteps:
    """A stream split amount by amount: its steps, each member's total, and the carries that are left in words."""

    weights: Weights
    rows: tuple[SplitSteps, ...]
    total_fen: int
    totals_fen: tuple[int, ...]
    carries: tuple[str, ...]


def stream_steps(amounts_fen: Iterable[int], weights: Weights) -> StreamSteps:
    """Return the splits of a stream with every step shown.

    100.00 in thirds: each gets 33.33, one fen is left and goes to the first.

    >>> shown = stream_steps([10_000], Weights.of(1, 1, 1))
    >>> shown.totals_fen, shown.carries, shown.rows[0].left_over_fen
    ((3334, 3333, 3333), ('−2/3', '+1/3', '+1/3'), 1)
    """
    amounts = list(amounts_fen)
    carry = starting_carry(weights, None)
    rows = []
    for number, (amount_fen, split) in enumerate(
        zip(amounts, apportion_stream(amounts, weights), strict=True), start=1
    ):
        rows.append(_split_steps(number, amount_fen, split, weights, carry))
        carry = split.carry_after
    totals = tuple(sum(row.split.parts_fen[place] for row in rows) for place in range(len(weights.weights)))
    words = tuple(carry_text(one, weights.whole) for one in carry)
    return StreamSteps(weights, tuple(rows), sum(amounts), totals, words)


def _split_steps(number: int, amount_fen: int, split: Split, weights: Weights, carry: Sequence[int]) -> SplitSteps:
    members = []
    for place, weight in enumerate(weights.weights):
        floor_fen, remainder = divmod(amount_fen * weight, weights.whole)
        members.append(
            PartStep(
                place=place + 1,
                share=share_text(weight, weights.whole),
                exact=_exact(floor_fen, remainder, weights.whole),
                floor_fen=floor_fen,
                remainder=remainder,
                carry_before=carry_text(carry[place], weights.whole),
                owed=carry[place] + remainder,
                has_extra=split.parts_fen[place] > floor_fen,
                part_fen=split.parts_fen[place],
                carry_after=carry_text(split.carry_after[place], weights.whole),
            )
        )
    return SplitSteps(number, amount_fen, split, amount_fen - sum(one.floor_fen for one in members), tuple(members))


def _exact(floor_fen: int, remainder: int, whole: int) -> str:
    """An exact share as yuan to the whole fen below, and the rest as a fraction of a fen."""
    return format_fen(floor_fen) if not remainder else f"{format_fen(floor_fen)} + {remainder:,}/{whole:,}"


def member_rows(case: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the members of one allocated case (`allocate_file`) as rows of a table; none where it was refused.

    >>> member_rows({"shares_bp": [6000, 4000], "working": {"members": [{"held": "cap"}, {"held": ""}]}})[0]
    {'held': 'cap', 'place': 1, 'share_bp': 6000}
    """
    shares, working = case.get("shares_bp"), case.get("working")
    if not isinstance(shares, list) or not isinstance(working, Mapping):
        return []
    return [
        {**step, "place": place, "share_bp": share}
        for place, (step, share) in enumerate(zip(working["members"], shares, strict=True), start=1)
    ]


def allocated_members(case: Mapping[str, object], names: Sequence[str] = ()) -> list[dict[str, object]]:
    """Return the members of one allocated case for `shares_bar`, the largest share first.

    >>> allocated_members({"shares_bp": [2000, 8000]}, ["甲", "乙"])
    [{'name': '乙', 'weight': 8000}, {'name': '甲', 'weight': 2000}]
    """
    shares = case.get("shares_bp")
    if not isinstance(shares, list):
        return []
    named = [
        {"name": names[place] if place < len(names) else str(place + 1), "weight": share}
        for place, share in enumerate(shares)
    ]
    return sorted(named, key=lambda one: -one["weight"])


@dataclass(frozen=True, slots=True)
class RehearsalTables:
    """What a rehearsal showed, as rows for tables: each has `line` (a code) and one value under each member's name.

    `statements` are (period, rows, balance), the period empty where there was one close only.
    """

    members: tuple[str, ...]
    statements: tuple[tuple[str, list[dict[str, object]], dict[str, object]], ...]
    splits: list[dict[str, object]]
    remitted: dict[str, object]
    trial_balance: list[dict[str, object]]
    trial_total_fen: int
    carries: list[dict[str, object]]


def rehearsal_tables(out: Mapping[str, Any], members: Sequence[str], whole: int) -> RehearsalTables:
    """Return the tables of a rehearsal's result, whose lists are in member order and whose carries are in 1/whole fen.

    >>> out = {"splits_fen": {"C1": [3, 2]}, "statement_fen": {"claims": [None, -2], "balance": [2, -2]},
    ...        "trial_balance_after_close_fen": {"2220:A": -2, "1220:B": 2}, "remitted_gross_fen": [None, 0],
    ...        "carries": {"claim": [0, 0]}}
    >>> shown = rehearsal_tables(out, ["A", "B"], 2)
    >>> shown.statements[0][2], shown.trial_total_fen
    ({'line': 'balance', 'A': 2, 'B': -2}, 0)
    """
    found = out.get("statement_fen", {})
    by_period = {"": found} if any(isinstance(row, list) for row in found.values()) else found
    statements = []
    for period, lines in by_period.items():
        rows = _rows({line: row for line, row in lines.items() if line != "balance"}, members)
        statements.append((period, rows, _rows({"balance": lines["balance"]}, members)[0]))
    balances = out.get("trial_balance_after_close_fen", {})
    carries = {stream: [carry_text(one, whole) for one in carry] for stream, carry in out.get("carries", {}).items()}
    return RehearsalTables(
        members=tuple(members),
        statements=tuple(statements),
        splits=[
            {"line": line, "part": part, **dict(zip(members, amounts, strict=True))}
            for (line, part), amounts in split_lines(out.get("splits_fen", {})).items()
        ],
        remitted=_rows({"remitted": out.get("remitted_gross_fen", [None] * len(members))}, members)[0],
        trial_balance=[{"line": account, "amount_fen": fen} for account, fen in balances.items()],
        trial_total_fen=sum(balances.values()),
        carries=_rows(carries, members),
    )


def _rows(table: Mapping[str, Sequence[object]], members: Sequence[str]) -> list[dict[str, object]]:
    return [{"line": line, **dict(zip(members, values, strict=True))} for line, values in table.items()]


def split_lines(splits: Mapping[str, Any]) -> dict[tuple[str, str], Sequence[object]]:
    """Return the splits of a rehearsal as one flat table by (item, part): a premium's net and tax become two lines.

    >>> split_lines({"P1": {"net": [3, 2], "vat": [1, 0]}, "C1": [5, 4]})
    {('P1', 'net'): [3, 2], ('P1', 'vat'): [1, 0], ('C1', ''): [5, 4]}
    """
    flat: dict[tuple[str, str], Sequence[object]] = {}
    for key, parts in splits.items():
        if isinstance(parts, Mapping):
            flat.update({(key, part): amounts for part, amounts in parts.items()})
        else:
            flat[key, ""] = parts
    return flat


def _text(data: object) -> str:
    """JSON as one would type it: lists of plain values on one line."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return re.sub(
        r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\s*\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text
    )


_AGREEMENT: dict[str, Any] = {
    "members": ["A", "B", "C", "D"],
    "lead": "A",
    "shares_bp": [4500, 2500, 2000, 1000],
    **USUAL_TERMS,
    "year": 2026,
}

#: What each calculator is filled with when it is first opened.
EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "apportion": {"shares": "45, 25, 20, 10", "kind": "percent", "amounts": "61728.00\n4380.00\n0.01\n-1127.45"},
    "clock": {"from": "2026-02-13T16:00", "minutes": "240"},
    "score": {
        "file": _text(
            {
                "price_weight": 10,
                "technical_weight": 90,
                "bids": {
                    "甲": {"price": "1200", "experts": [86, 88, 84, 90, 87]},
                    "乙": {"price": "1140", "experts": [80, 82, 79, 85, 81]},
                    "丙": {"price": "1310", "experts": [90, 91, 89, 92, 88]},
                },
            }
        )
    },
    "allocate": {
        "file": _text(
            {
                "weights": [40, 30, 20, 10],
                "floor": ["0", "0", "0", "0.12"],
                "cap": ["0.35", "0.32", "0.30", "0.20"],
            }
        )
    },
    "rehearse": {
        "file": _text(
            {
                "agreement": _AGREEMENT,
                "events": [
                    {"id": "P1", "on": "2026-01-12", "event": "premium_written", "gross_fen": 6_172_800, "lifts": 48},
                    {"id": "P1", "on": "2026-01-15", "event": "premium_received"},
                    {"id": "P1", "on": "2026-01-29", "event": "premium_remitted"},
                    {
                        "id": "C1",
                        "on": "2026-01-30",
                        "event": "claim_approved",
                        "by": "lead",
                        "policy": "P1",
                        "amount_fen": 438_000,
                    },
                    {"id": "C1", "on": "2026-02-02", "event": "claim_paid_by_lead"},
                    {"id": "2026Q1", "on": "2026-03-31", "event": "period_closed"},
                ],
            }
        )
    },
}
