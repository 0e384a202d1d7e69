"""Receipts that nobody can place yet: set to 2310, placed, returned."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from ledger import bank_receipts
from ledger.bank_receipts import Held
from web import fields
from web.api import MoneySchema, Strict, money, resource
from web.money_desk import booked_on, led_pool, pool_of, today
from web.receipt_ages import band_of
from web.shell import actor, at, needs, unit

api = resource("bank_receipts", "Receipts that nobody can place yet (2310).", "/pools/<int:pool_id>/bank/receipts")


class HeldReceiptOut(Strict):
    """Money that came in; `days` since then, `band` is to_30, to_90, to_180 or over_180."""

    id = fields.UUID()
    line_id = fields.UUID()
    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    reference = fields.String()
    name = fields.String()
    about = fields.String()
    stage = fields.String()
    days = fields.Integer(strict=True)
    band = fields.String()
    held_on = fields.Date()
    closed_on = fields.Date(allow_none=True)
    why = fields.String(allow_none=True)


class HeldReceiptList(Strict):
    """The receipts that stand on 2310, the oldest money first."""

    data = fields.List(fields.Nested(HeldReceiptOut))


class HoldIn(Strict):
    """A line that came in, and the day that it is booked on."""

    line_id = fields.UUID(required=True)
    on = fields.Date(required=True)


class PlaceIn(Strict):
    """What the money is, and the day that it leaves 2310."""

    why = fields.String(required=True, validate=validate.Length(1, bank_receipts.WORDS_MOST))
    on = fields.Date(required=True)


class ReturnIn(PlaceIn):
    """Why the money went back, and the line of the bank that shows it."""

    line_id = fields.UUID(required=True)


class ReopenIn(Strict):
    """The day that the money is booked to 2310 again."""

    on = fields.Date(required=True)


def _out(one: Held) -> dict[str, Any]:
    row, line = one.receipt, one.line
    return {
        "id": row.id,
        "line_id": line.id,
        "booked_on": line.booked_on,
        "amount": money(row.amount_fen),
        "reference": line.reference,
        "name": line.name,
        "about": line.about,
        "stage": row.stage,
        "days": one.days_on(today()),
        "band": band_of(one.days_on(today())),
        "held_on": row.held_on,
        "closed_on": row.closed_on,
        "why": row.closed_why,
    }


def _receipt(pool_id: int, receipt_id: uuid.UUID) -> Held:
    return bank_receipts.get(unit(), receipt_id, actor(), pool_id=pool_id)


@api.get("")
@needs("bank_report.read")
@api.response(200, HeldReceiptList)
def index(pool_id: int) -> dict[str, Any]:
    """List the receipts that stand on 2310."""
    return {"data": [_out(one) for one in bank_receipts.held(unit(), pool_of(pool_id).id, actor())]}


@api.post("")
@needs("receipt.hold")
@api.arguments(HoldIn)
@api.response(201, HeldReceiptOut)
def hold(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Set a line that nobody can place to 2310."""
    pool = led_pool(pool_id)
    on = booked_on(told["on"])
    row = bank_receipts.hold(unit(), pool.id, told["line_id"], on=on, by=actor(), at=at())
    return _out(_receipt(pool.id, row.id))


@api.get("/<uuid:receipt_id>")
@needs("bank_report.read")
@api.response(200, HeldReceiptOut)
def one(pool_id: int, receipt_id: uuid.UUID) -> dict[str, Any]:
    """Show one receipt, one that was placed or returned too."""
    return _out(_receipt(pool_of(pool_id).id, receipt_id))


@api.post("/<uuid:receipt_id>/place")
@needs("receipt.place")
@api.arguments(PlaceIn)
@api.response(200, HeldReceiptOut)
def place(told: dict[str, Any], pool_id: int, receipt_id: uuid.UUID) -> dict[str, Any]:
    """Take a receipt off 2310, because it is known what it is; what it is is booked by its own operation."""
    held = _receipt(led_pool(pool_id).id, receipt_id)
    bank_receipts.place(unit(), held.receipt, told["why"], on=booked_on(told["on"]), by=actor(), at=at())
    return _out(held)


@api.post("/<uuid:receipt_id>/return")
@needs("receipt.return")
@api.arguments(ReturnIn)
@api.response(200, HeldReceiptOut)
def give_back(told: dict[str, Any], pool_id: int, receipt_id: uuid.UUID) -> dict[str, Any]:
    """Book that a receipt went back to its payer, as a line of the bank shows."""
    held = _receipt(led_pool(pool_id).id, receipt_id)
    line_id, on = told["line_id"], booked_on(told["on"])
    bank_receipts.give_back(unit(), held.receipt, line_id, told["why"], on=on, by=actor(), at=at())
    return _out(held)


@api.post("/<uuid:receipt_id>/reopen")
@needs("receipt.place")
@api.arguments(ReopenIn)
@api.response(200, HeldReceiptOut)
def reopen(told: dict[str, Any], pool_id: int, receipt_id: uuid.UUID) -> dict[str, Any]:
    """Take a placing back: the money stands on 2310 again, as a receipt of its own."""
    pool = led_pool(pool_id)
    held = _receipt(pool.id, receipt_id)
    row = bank_receipts.reopen(unit(), held.receipt, on=booked_on(told["on"]), by=actor(), at=at())
    return _out(_receipt(pool.id, row.id))
