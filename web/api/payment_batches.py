"""Batches that pay what the pool owes its members: prepared, released by a second person, downloaded."""

from __future__ import annotations

import io
import uuid
from typing import Any

from flask import send_file, url_for
from flask.typing import ResponseReturnValue

from claims import payouts
from ledger import bank_payments, bank_remittances, statements
from ledger.bank_models import PaymentBatch
from ledger.models import Period
from web import fields
from web.api import MoneySchema, PageQuery, Strict, after, money, page_of, resource
from web.bank_desk import batches_of, paid_rows
from web.money_desk import led_pool, pool_of
from web.shell import actor, at, needs, unit

api = resource("payment_batches", "Batches that pay what the pool owes its members.", "/pools/<int:pool_id>/payments")


class PaymentBatchOut(Strict):
    """A batch of payments.

    Of kind `statement` the balances of a closed period, `premium` what was remitted, `claim` approved claims to their
    payees, `apart` items settled on their own, `again` what the bank gave back of the first two.
    """

    id = fields.UUID()
    number = fields.String()
    kind = fields.String()
    period = fields.String(allow_none=True)
    stage = fields.String()
    pays_on = fields.Date()
    items = fields.Integer(strict=True)
    total = fields.Nested(MoneySchema)
    prepared_at = fields.AwareDateTime(format="iso")
    decided_at = fields.AwareDateTime(format="iso", allow_none=True)


class PaymentBatchPage(Strict):
    """A page of the batches of a pool, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(PaymentBatchOut))
    next = fields.String(allow_none=True)


class PaymentOut(Strict):
    """One payment: its reference (the statement's number, where it pays one), the account that it goes to.

    `shown_on` is the day of the bank's line that is matched with it; `document` is the number of the claim or the item
    that it pays, or the reference of the payment that it pays again; `is_returned` where its money came back.
    """

    position = fields.Integer(strict=True)
    reference = fields.String()
    statement_id = fields.UUID(allow_none=True)
    subject_id = fields.UUID(allow_none=True)
    document = fields.String(allow_none=True)
    shown_on = fields.Date(allow_none=True)
    is_returned = fields.Boolean()
    member = fields.String(metadata={"description": "the name of the member or the payee"})
    name = fields.String()
    bank = fields.String()
    cnaps = fields.String()
    number = fields.String()
    amount = fields.Nested(MoneySchema)


class PaymentFileOut(Strict):
    """One kept file of a released batch."""

    kind = fields.String(metadata={"description": "pain001 (ISO 20022 pain.001.001.09) or csv"})
    name = fields.String()
    size = fields.Integer(strict=True)
    sha256 = fields.String()
    href = fields.String()


class PaymentBatchDetail(PaymentBatchOut):
    """A batch with its payments and files."""

    payments = fields.List(fields.Nested(PaymentOut))
    files = fields.List(fields.Nested(PaymentFileOut))


class PaymentBatchIn(Strict):
    """The closed period whose agreed balances are to be paid, and the day of payment: today or later."""

    period = fields.String(required=True)
    pays_on = fields.Date(required=True)


class PremiumBatchIn(Strict):
    """Up to which day remittances are to be paid, and the day of payment: today or later."""

    until_on = fields.Date(required=True)
    pays_on = fields.Date(required=True)


def _out(row: Any) -> dict[str, Any]:
    return {**row._mapping, "total": money(row.total_fen)}


def detail(batch: PaymentBatch) -> dict[str, Any]:
    """Return a batch with its payments and files."""
    rows = paid_rows(unit(), bank_payments.lines(unit(), batch))
    return {
        "id": batch.id,
        "number": batch.number,
        "kind": batch.kind,
        "period": unit().get_one(Period, batch.period_id).label if batch.period_id is not None else None,
        "stage": batch.stage,
        "pays_on": batch.pays_on,
        "items": batch.items,
        "total": money(batch.total_fen),
        "prepared_at": batch.prepared_at,
        "decided_at": batch.decided_at,
        "payments": [
            {
                "position": row.position,
                "reference": row.reference,
                "shown_on": row.shown_on,
                "subject_id": row.subject_id,
                "document": row.document,
                "is_returned": row.is_returned,
                "statement_id": row.statement_id,
                "member": row.member,
                "name": row.name,
                "bank": row.bank,
                "cnaps": row.cnaps,
                "number": row.number,
                "amount": money(row.amount_fen),
            }
            for row in rows
        ],
        "files": [
            {
                "kind": kept.kind,
                "name": kept.name,
                "size": len(kept.content),
                "sha256": kept.digest,
                "href": url_for("api_payment_batches.file", pool_id=batch.pool_id, batch_id=batch.id, kind=kept.kind),
            }
            for kept in bank_payments.files(unit(), batch)
        ],
    }


def _batch(pool_id: int, batch_id: uuid.UUID) -> PaymentBatch:
    return bank_payments.get(unit(), batch_id, actor(), pool_id=pool_of(pool_id).id)


@api.get("")
@needs("payment.read")
@api.arguments(PageQuery, location="query")
@api.response(200, PaymentBatchPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the batches of a pool."""
    wanted = after(batches_of(actor(), pool_of(pool_id).id), query, PaymentBatch.sequence, is_falling=True)
    return page_of(unit().execute(wanted).all(), query["limit"], lambda row: (row.sequence,), _out)


@api.post("")
@needs("payment.prepare")
@api.arguments(PaymentBatchIn)
@api.response(201, PaymentBatchDetail)
def prepare(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Prepare the batch of a closed period: every agreed balance that the pool owes and that is in no batch."""
    period = statements.period(unit(), led_pool(pool_id).id, told["period"])
    return detail(bank_payments.prepare(unit(), period, pays_on=told["pays_on"], by=actor(), at=at()))


@api.post("/premiums")
@needs("payment.prepare")
@api.arguments(PremiumBatchIn)
@api.response(201, PaymentBatchDetail)
def prepare_premiums(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Prepare a batch of what was booked as remitted to the members up to a day and is in no batch."""
    pool, pays_on = led_pool(pool_id), told["pays_on"]
    batch = bank_remittances.prepare_premiums(unit(), pool.id, told["until_on"], pays_on=pays_on, by=actor(), at=at())
    return detail(batch)


@api.get("/<uuid:batch_id>")
@needs("payment.read")
@api.response(200, PaymentBatchDetail)
def one(pool_id: int, batch_id: uuid.UUID) -> dict[str, Any]:
    """Show one batch with its payments and files."""
    return detail(_batch(pool_id, batch_id))


@api.post("/<uuid:batch_id>/release")
@needs("payment.release")
@api.response(200, PaymentBatchDetail)
def release(pool_id: int, batch_id: uuid.UUID) -> dict[str, Any]:
    """Release what another person prepared; the files are made and kept."""
    batch = _batch(led_pool(pool_id).id, batch_id)
    payouts.release_batch(unit(), batch, by=actor(), at=at())
    return detail(batch)


@api.post("/<uuid:batch_id>/reject")
@needs("payment.reject")
@api.response(200, PaymentBatchDetail)
def reject(pool_id: int, batch_id: uuid.UUID) -> dict[str, Any]:
    """Let a prepared batch fall; its statements can be paid by another."""
    batch = _batch(led_pool(pool_id).id, batch_id)
    bank_payments.reject(unit(), batch, by=actor(), at=at())
    return detail(batch)


@api.get("/<uuid:batch_id>/files/<any(pain001, csv):kind>")
@needs("payment.read")
@api.response(200, content_type="application/octet-stream")
def file(pool_id: int, batch_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Download one file of a released batch exactly as it was kept."""
    kept = bank_payments.file(unit(), _batch(pool_id, batch_id), kind)
    answer = send_file(io.BytesIO(kept.content), mimetype=kept.media_type, as_attachment=True, download_name=kept.name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
