"""The bank's own statements of the account that pool money lies on."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from flask import g, request
from sqlalchemy import select

from core.errors import Invalid
from ledger import bank_intake
from ledger.bank_camt import read_camt
from ledger.bank_models import BankLine, BankReport
from ledger.bank_xml import BYTES_MOST
from web import fields
from web.api import MoneySchema, PageQuery, Strict, after, money, page_of, resource
from web.money_desk import led_pool, pool_of
from web.shell import actor, at, needs, unit

api = resource(
    "bank_reports", "The bank's own statements of the account that pool money lies on.", "/pools/<int:pool_id>/bank"
)


class BankReportOut(Strict):
    """A bank's statement as it was taken in; its opening balance and its lines are its closing balance."""

    id = fields.UUID()
    reference = fields.String()
    name = fields.String(metadata={"description": "the file's name"})
    sha256 = fields.String()
    from_on = fields.Date()
    until_on = fields.Date()
    opening = fields.Nested(MoneySchema)
    closing = fields.Nested(MoneySchema)
    items = fields.Integer(strict=True)
    taken_at = fields.AwareDateTime(format="iso")


class BankReportPage(Strict):
    """A page of the statements of a pool's account, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BankReportOut))
    next = fields.String(allow_none=True)


class BankLineOut(Strict):
    """One line; a positive amount came in."""

    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    reference = fields.String()
    name = fields.String()
    number = fields.String()
    about = fields.String()


class BankReportDetail(BankReportOut):
    """A bank's statement with its lines."""

    lines = fields.List(fields.Nested(BankLineOut))


def _out(row: BankReport) -> dict[str, Any]:
    return {
        "id": row.id,
        "reference": row.reference,
        "name": row.name,
        "sha256": row.digest,
        "from_on": row.from_on,
        "until_on": row.until_on,
        "opening": money(row.opening_fen),
        "closing": money(row.closing_fen),
        "items": row.items,
        "taken_at": row.taken_at,
    }


def _detail(row: BankReport) -> dict[str, Any]:
    lines = unit().scalars(select(BankLine).where(BankLine.report_id == row.id).order_by(BankLine.position))
    return {
        **_out(row),
        "lines": [
            {
                "booked_on": line.booked_on,
                "amount": money(line.amount_fen),
                "reference": line.reference,
                "name": line.name,
                "number": line.number,
                "about": line.about,
            }
            for line in lines
        ],
    }


@api.get("")
@needs("bank_report.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BankReportPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the bank's statements that were taken in."""
    wanted = bank_intake.visible_to(actor()).where(BankReport.pool_id == pool_of(pool_id).id)
    rows = unit().scalars(after(wanted, query, BankReport.until_on, BankReport.id, is_falling=True)).all()
    return page_of(rows, query["limit"], lambda row: (row.until_on, row.id), _out)


@api.post("")
@needs("bank_report.take")
@api.doc(
    requestBody={
        "required": True,
        "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}},
    }
)
@api.response(201, BankReportDetail)
def take(pool_id: int) -> dict[str, Any]:
    """Take in a statement: the body of the request is a camt.053.001.08 file. The same file is not taken twice.

    The file is known by its digest, so the route takes no `Idempotency-Key`.
    """
    if "Idempotency-Key" in request.headers:
        raise Invalid("idempotency_key_not_taken")
    pool = led_pool(pool_id)
    content = _sent()
    report = read_camt(content)
    digest = hashlib.sha256(content).hexdigest()
    name = f"{report.reference}.xml"
    return _detail(bank_intake.take(unit(), pool.id, report, name=name, digest=digest, by=actor(), at=at()))


def _sent() -> bytes:
    """Return the body, as much of it as a file may have and a byte more; kept, for the work may be done again."""
    if "camt" not in g:
        g.camt = request.stream.read(BYTES_MOST + 1) or request.get_data(cache=True)
    found: bytes = g.camt
    return found


@api.get("/<uuid:report_id>")
@needs("bank_report.read")
@api.response(200, BankReportDetail)
def one(pool_id: int, report_id: uuid.UUID) -> dict[str, Any]:
    """Show one statement with its lines."""
    return _detail(bank_intake.get(unit(), report_id, actor(), pool_id=pool_of(pool_id).id))
