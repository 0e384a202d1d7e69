"""Paying claims, items settled on their own and what came back by batches, and money that came back."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from claims import payouts
from claims.models import Claim
from ledger import bank_matches, bank_payments, bank_payouts, bank_receipts
from underwriting import apart
from web import fields
from web.api import MoneySchema, PageQuery, Strict, after, money, page_of, resource
from web.api.payment_batches import PaymentBatchDetail, detail
from web.money_desk import led_pool, pool_of, today
from web.payee_desk import due_rows
from web.shell import actor, at, needs, unit

api = resource("payouts", "Paying claims and items by batches.", "/pools/<int:pool_id>/payments")


class PaysOnIn(Strict):
    """The day of payment: today or later."""

    pays_on = fields.Date(required=True)


class DueClaimOut(Strict):
    """An approved claim that is in no batch; `why` says what lacks, empty where the next batch takes it."""

    id = fields.UUID()
    number = fields.String()
    title = fields.String()
    payee = fields.String()
    amount = fields.Nested(MoneySchema)
    why = fields.String(
        metadata={
            "description": "call_first, pool_money_short, no_payee, no_account, account_waits, account_later, or empty"
        }
    )


class DueClaimPage(Strict):
    """A page of approved claims in no batch, the oldest approval first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(DueClaimOut))
    next = fields.String(allow_none=True)


class PaymentReturnIn(Strict):
    """The bank's line that brought the money back, and the bank's reason."""

    line_id = fields.UUID(required=True)
    why = fields.String(required=True, validate=validate.Length(1, bank_receipts.WORDS_MOST))


def _due(row: Any) -> dict[str, Any]:
    names = ("id", "number", "title", "payee", "why")
    shown = due_rows([row])[0]
    return {**{name: getattr(shown, name) for name in names}, "amount": money(row.amount_fen)}


@api.get("/claims")
@needs("payment.read")
@api.arguments(PageQuery, location="query")
@api.response(200, DueClaimPage)
def due(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the approved claims that are not paid and in no batch, and what each lacks."""
    pool = pool_of(pool_id)
    wanted = after(payouts.due(pool.id, today()), query, Claim.approved_on, Claim.number)
    found = unit().execute(wanted).all() if bank_matches.reads(pool.id, actor()) else []
    return page_of(found, query["limit"], lambda row: (row.approved_on, row.number), _due)


@api.post("/claims")
@needs("payment.prepare")
@api.arguments(PaysOnIn)
@api.response(201, PaymentBatchDetail)
def prepare_claims(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Prepare a batch of every approved claim whose payee has an account in use on the day."""
    pool = led_pool(pool_id)
    return detail(payouts.prepare_claims(unit(), pool.id, pays_on=told["pays_on"], by=actor(), at=at()))


@api.post("/items")
@needs("payment.prepare")
@api.arguments(PaysOnIn)
@api.response(201, PaymentBatchDetail)
def prepare_items(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Prepare a batch of every item settled on its own that the pool owes a member."""
    pool = led_pool(pool_id)
    return detail(apart.prepare_items(unit(), pool.id, pays_on=told["pays_on"], by=actor(), at=at()))


@api.post("/again")
@needs("payment.prepare")
@api.arguments(PaysOnIn)
@api.response(201, PaymentBatchDetail)
def prepare_again(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Prepare a batch of every payment of a statement or of premiums that the bank gave back."""
    pool = led_pool(pool_id)
    return detail(bank_payouts.prepare_again(unit(), pool.id, pays_on=told["pays_on"], by=actor(), at=at()))


@api.post("/<uuid:batch_id>/<int:position>/return")
@needs("payment.return")
@api.arguments(PaymentReturnIn)
@api.response(200, PaymentBatchDetail)
def give_back(told: dict[str, Any], pool_id: int, batch_id: uuid.UUID, position: int) -> dict[str, Any]:
    """Book that a payment came back: what it paid may be paid again."""
    batch = bank_payments.get(unit(), batch_id, actor(), pool_id=led_pool(pool_id).id)
    payment = bank_payouts.payment(unit(), batch, position)
    payouts.give_back(unit(), payment, told["line_id"], told["why"], by=actor(), at=at())
    return detail(batch)
