"""The calculators behind their pages, the API and the command: read what is asked, call the pure rules, no database.

Only a rehearsal runs in the database, in a transaction that is always rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, Finding, Invalid
from core.working_time import Days
from ledger.apportion import Split, Weights, apportion_stream
from ledger.money import check_amount, parse_fen

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: What a page takes: larger things are for the command.
AMOUNTS_MAX = 200
MEMBERS_MAX = 60
EVENTS_MAX = 500
RETRIES = 4
REHEARSAL_BYTES_MAX = 256 * 1024
#: Half of what the server gives an answer.
REHEARSAL_SECONDS = 60

_SHARE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_FEN = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MINUTES = re.compile(r"[0-9]{1,8}", re.ASCII)


def weights_of_shares(text: str) -> Weights:
    """Return percentages that add up to 100 as whole weights over the fewest parts that hold their decimals.

    Refuses Invalid `shares_unreadable`, `shares_not_100`, `invalid_weights`.

    >>> weights_of_shares("45, 25, 20, 10")
    Weights(weights=(45, 25, 20, 10), whole=100)
    >>> weights_of_shares("33.34,33.33,33.33").whole
    10000
    """
    shares = [Fraction(part) for part in _parts(text)]
    total = sum(shares)
    if total != 100:
        raise Invalid("shares_not_100", total=_decimal(Fraction(total)))
    scale = 1
    while any((share * scale).denominator != 1 for share in shares):
        scale *= 10
    return Weights(tuple(int(share * scale) for share in shares), 100 * scale)


def weights_of_numbers(text: str) -> Weights:
    """Return whole weights over their own sum. Refuses Invalid `shares_unreadable`, `invalid_weights`.

    >>> weights_of_numbers("1,1,1")
    Weights(weights=(1, 1, 1), whole=3)
    """
    parts = _parts(text)
    for part in parts:
        if "." in part:
            raise Invalid("shares_unreadable", text=part)
    return Weights.of(*(int(part) for part in parts))


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MEMBERS_MAX:
        raise Invalid("shares_unreadable", text=f"{len(parts)}")
    for part in parts:
        if not _SHARE.fullmatch(part):
            raise Invalid("shares_unreadable", text=part[:20])
    return parts


def _decimal(value: Fraction) -> str:
    """Return a finite decimal as text, without zeros that say nothing."""
    whole, rest = divmod(abs(value.numerator) * 10**6 // value.denominator, 10**6)
    tail = f".{rest:06}".rstrip("0").rstrip(".")
    return f"{'-' if value < 0 else ''}{whole}{tail}"


def read_fen_lines(lines: Iterable[str]) -> Iterator[int]:
    """Yield the amounts in fen of a text, one whole number a line, blank lines left out.

    Refuses Invalid `amount_line_wrong` (line, text), `amount_too_large`.
    """
    for number, line in enumerate(lines, start=1):
        text = line.strip(" \t\r\n\ufeff")
        if not text:
            continue
        if not _FEN.fullmatch(text):
            raise Invalid("amount_line_wrong", line=number, text=text[:40])
        yield check_amount(int(text))


def read_yuan_lines(text: str) -> list[int]:
    """Return the amounts of a page's box, yuan one a line, as fen; every wrong line is a finding.

    Refuses Invalid `input_wrong` with a finding a line, `amounts_too_many`.
    """
    findings, amounts = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            amounts.append(parse_fen(line.strip()))
        except Invalid as refusal:
            findings.append(Finding(refusal.code, f"{number}", {"line": number, **refusal.facts}))
    if findings:
        raise Invalid("input_wrong", findings)
    if not amounts:
        raise Invalid("input_wrong", [Finding("input_missing", "amounts")])
    if len(amounts) > AMOUNTS_MAX:
        raise Invalid("amounts_too_many", most=AMOUNTS_MAX)
    return amounts


def read_minutes(text: str) -> int:
    """Return a count of minutes; Invalid `input_wrong` with `input_not_whole`."""
    if not _MINUTES.fullmatch(text):
        raise Invalid("input_wrong", [Finding("input_not_whole" if text else "input_missing", "minutes")])
    return int(text)


def split_document(amounts: Sequence[int], weights: Weights) -> dict[str, Any]:
    """Return a stream split amount by amount, as the vectors write it: parts, and carries in 1/whole fen.

    >>> split_document([10_000], Weights.of(1, 1, 1))["rows"]
    [{'amount_fen': 10000, 'parts_fen': [3334, 3333, 3333], 'carry_after': [-2, 1, 1]}]
    """
    splits = list(apportion_stream(amounts, weights))
    rows = [split_row(amount, split) for amount, split in zip(amounts, splits, strict=True)]
    return {
        "weights": list(weights.weights),
        "whole": weights.whole,
        "rows": rows,
        "total_fen": sum(amounts),
        "totals_fen": [sum(split.parts_fen[place] for split in splits) for place in range(len(weights.weights))],
        "carry": list(splits[-1].carry_after) if splits else [0] * len(weights.weights),
    }


def split_row(amount_fen: int, split: Split) -> dict[str, Any]:
    """Return one split amount as a row of the document."""
    return {"amount_fen": amount_fen, "parts_fen": list(split.parts_fen), "carry_after": list(split.carry_after)}


@cache
def published() -> Days:
    """Return the published days, 2004 to 2026, once a process."""
    from core.calendar import published_days

    return published_days()


def span_of_years() -> tuple[date, date]:
    """Return the first and the last day that the city's own table is asked for."""
    return date(2004, 1, 1), date(2100, 12, 31)


def days_of(own: Mapping[date, Any]) -> Days:
    """Return the published days with the city's own rows laid over them."""
    return {**published(), **own}


def check_rehearsal(data: object) -> object:
    """Return a parsed event file if the page may play it; Invalid `rehearsal_too_large`."""
    events = data.get("events") if isinstance(data, Mapping) else None
    if isinstance(events, list) and len(events) > EVENTS_MAX:
        raise too_large()
    return data


def too_large() -> Invalid:
    """Return the refusal of a file that is larger than the page plays."""
    return Invalid("rehearsal_too_large", events_most=EVENTS_MAX, kib_most=REHEARSAL_BYTES_MAX // 1024)


def rehearse(engine: Engine, data: object, *, budget_s: int | None = None) -> dict[str, Any]:
    """Return what an event file leads to (`claims.rehearsal`), tried again where another transaction was in its way."""
    from sqlalchemy.exc import DBAPIError

    from claims.rehearsal import rehearse as play
    from core.db import RETRIED

    for _ in range(RETRIES):
        try:
            return play(engine, data, budget_s=budget_s)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in RETRIED:
                raise
    raise Conflict("busy")
