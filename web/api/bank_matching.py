"""Matching the bank's lines with statements, and taking a match back."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from claims import payouts
from core.errors import Invalid
from ledger import bank_matches, bank_receipts
from ledger.bank_matches import Matched, Proposed
from web import fields
from web.api import MoneySchema, Strict, money, resource
from web.listing import EXPORT_MOST
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


class BankMatchList(Strict):
    """What may be matched now; of one line the surest first."""

    data = fields.List(fields.Nested(BankMatchOut))


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
@api.response(200, BankMatchList)
def index(pool_id: int) -> dict[str, Any]:
    """List what may be matched now."""
    pool = pool_of(pool_id)
    found = bank_matches.proposed(unit(), pool.id, actor())
    return {"data": [_out(one) for one in found]}


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


class BankMatchedList(Strict):
    """The matches that stand, the newest line first."""

    data = fields.List(fields.Nested(BankMatchedOut))


class TakeBackIn(Strict):
    """Why a match is taken back; may be left out by another person than who matched."""

    why = fields.String(load_default="", validate=validate.Length(max=bank_receipts.WORDS_MOST))


def _matched(one: Matched) -> dict[str, Any]:
    return {**_out(one), "id": one.match.id, "matched_at": one.match.matched_at}


@api.get("/matched")
@needs("bank_report.read")
@api.response(200, BankMatchedList)
def matched(pool_id: int) -> dict[str, Any]:
    """List the matches that stand."""
    pool = pool_of(pool_id)
    rows = (
        unit().execute(bank_matches.standing(pool.id).limit(EXPORT_MOST))
        if bank_matches.reads(pool.id, actor())
        else ()
    )
    return {"data": [_matched(bank_matches.matched_of(row)) for row in rows]}


@api.post("/matched/<uuid:match_id>/take-back")
@needs("bank_match.take_back")
@api.arguments(TakeBackIn)
@api.response(204)
def take_back(told: dict[str, Any], pool_id: int, match_id: uuid.UUID) -> None:
    """Take a match back; line and statement can be matched again."""
    found = bank_matches.get(unit(), match_id, actor(), pool_id=led_pool(pool_id).id)
    payouts.take_back(unit(), found.match, told["why"], by=actor(), at=at())
