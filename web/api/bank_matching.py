"""Matching the bank's lines with statements, and taking a match back."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from marshmallow import validate

from claims import payouts
from core.errors import Invalid
from ledger import bank_matches, bank_receipts
from ledger.bank_matches import Matched, Proposed
from ledger.bank_models import BankLine
from web import fields
from web.api import MoneySchema, PageQuery, Strict, after, money, page_of, read_key, resource
from web.money_desk import led_pool, pool_of
from web.shell import actor, at, needs, unit

api = resource("bank_matching", "Matching the bank's lines with statements.", "/pools/<int:pool_id>/bank/matching")


#: What a line may pay, as the fields `..._id` name it.
_TARGETS = ("statement", "payment", "apart")


class BankMatchOut(Strict):
    """A line of the bank with the statement, the payment of a batch or the item that it pays, matched or proposed.

    `number` is the statement's or the payment's reference; `difference` is what was paid too much.
    """

    line_id = fields.UUID()
    statement_id = fields.UUID(allow_none=True)
    payment_id = fields.UUID(allow_none=True)
    apart_id = fields.UUID(allow_none=True)
    number = fields.String()
    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    balance = fields.Nested(MoneySchema)
    difference = fields.Nested(MoneySchema)


class BankMatchPage(Strict):
    """A page of what may be matched now, of one line the surest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BankMatchOut))
    next = fields.String(allow_none=True)


class BankMatchIn(Strict):
    """A proposal to accept: `statement_id`, `payment_id` or `apart_id`, as it was proposed."""

    line_id = fields.UUID(required=True)
    statement_id = fields.UUID()
    payment_id = fields.UUID()
    apart_id = fields.UUID()


def _out(one: Matched | Proposed) -> dict[str, Any]:
    fen = one.match.difference_fen if isinstance(one, Matched) else one.proposal.difference_fen
    return {
        "line_id": one.line.id,
        **{f"{kind}_id": one.target.id if one.target.kind == kind else None for kind in _TARGETS},
        "number": one.target.number,
        "booked_on": one.line.booked_on,
        "amount": money(one.line.amount_fen),
        "balance": money(one.target.balance_fen),
        "difference": money(fen),
    }


@api.get("")
@needs("bank_report.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BankMatchPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List what may be matched now."""
    place = read_key(query["cursor"], date, str, int)
    found = [one for one in _in_order(bank_matches.proposed(unit(), pool_of(pool_id).id, actor())) if one[0] > place]
    return page_of(found, query["limit"], lambda one: one[0], lambda one: _out(one[1]))


def _in_order(found: Iterable[Proposed]) -> list[tuple[tuple[Any, ...], Proposed]]:
    """Return proposals with their places: by line, of one line the surest first, as they come."""
    ranks: Counter[uuid.UUID] = Counter()
    placed = []
    for one in found:
        placed.append(((one.line.booked_on, one.line.reference, ranks[one.line.id]), one))
        ranks[one.line.id] += 1
    return sorted(placed, key=lambda one: one[0])


@api.post("")
@needs("bank_match.accept")
@api.arguments(BankMatchIn)
@api.response(201, BankMatchOut)
def accept(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Accept a proposal; neither side is matched again. A payment of a claim books the claim as paid."""
    pool = led_pool(pool_id)
    targets = [told[f"{kind}_id"] for kind in _TARGETS if f"{kind}_id" in told]
    if len(targets) != 1:
        raise Invalid("bank_match_pays_one")
    return _out(payouts.match(unit(), pool.id, told["line_id"], targets[0], by=actor(), at=at()))


class BankMatchedOut(BankMatchOut):
    """A match that stands."""

    id = fields.UUID()
    matched_at = fields.AwareDateTime(format="iso")


class BankMatchedPage(Strict):
    """A page of the matches that stand, the newest line first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BankMatchedOut))
    next = fields.String(allow_none=True)


class TakeBackIn(Strict):
    """Why a match is taken back; may be left out by another person than who matched."""

    why = fields.String(load_default="", validate=validate.Length(max=bank_receipts.WORDS_MOST))


def _matched(one: Matched) -> dict[str, Any]:
    return {**_out(one), "id": one.match.id, "matched_at": one.match.matched_at}


@api.get("/matched")
@needs("bank_report.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BankMatchedPage)
def matched(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the matches that stand."""
    pool = pool_of(pool_id)
    wanted = after(bank_matches.standing(pool.id), query, BankLine.booked_on, BankLine.reference, is_falling=True)
    rows = unit().execute(wanted) if bank_matches.reads(pool.id, actor()) else ()
    found = [bank_matches.matched_of(row) for row in rows]
    return page_of(found, query["limit"], lambda one: (one.line.booked_on, one.line.reference), _matched)


@api.post("/matched/<uuid:match_id>/take-back")
@needs("bank_match.take_back")
@api.arguments(TakeBackIn)
@api.response(204)
def take_back(told: dict[str, Any], pool_id: int, match_id: uuid.UUID) -> None:
    """Take a match back; line and statement can be matched again."""
    found = bank_matches.get(unit(), match_id, actor(), pool_id=led_pool(pool_id).id)
    payouts.take_back(unit(), found.match, told["why"], by=actor(), at=at())
