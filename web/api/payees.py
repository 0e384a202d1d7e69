"""The payees of a pool, whom its claims are paid to."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from ledger import bank_accounts, bank_payees
from ledger.bank_codes import NAME_MOST, AccountDetails
from ledger.bank_models import Payee
from web import fields
from web.api import PageQuery, Strict, after, listed, resource
from web.api.bank_accounts import BankAccountIn, BankAccountOut, told_of
from web.bank_desk import AccountRow
from web.money_desk import led_pool, pool_of, today
from web.payee_desk import PayeeRow, payee_rows
from web.shell import actor, at, needs, unit

api = resource("payees", "The payees of a pool, whom its claims are paid to.", "/pools/<int:pool_id>/payees")


class PayeeOut(Strict):
    """A payee; its account is told to the lead and to those who read all, and empty for others."""

    id = fields.UUID()
    kind = fields.String(metadata={"description": "repairer, community or other"})
    name = fields.String()
    account = fields.String(metadata={"description": "in_use, waits or none"})
    account_name = fields.String()
    account_number = fields.String()


class PayeePage(Strict):
    """A page of the payees of a pool, by name; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(PayeeOut))
    next = fields.String(allow_none=True)


class PayeeIn(Strict):
    """Somebody whom the pool may pay claims to."""

    kind = fields.String(required=True, validate=validate.OneOf(bank_payees.KINDS), metadata={"example": "repairer"})
    name = fields.String(
        required=True, validate=validate.Length(1, NAME_MOST), metadata={"example": "示例电梯维修有限公司"}
    )


def _out(row: Payee) -> PayeeRow:
    return payee_rows(unit(), [row], row.pool_id, actor(), today())[0]


@api.get("")
@needs("payee.read")
@api.arguments(PageQuery, location="query")
@api.response(200, PayeePage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the payees of a pool."""
    pool, limit = pool_of(pool_id), query["limit"]
    found = unit().scalars(after(bank_payees.listed(actor(), pool.id), query, Payee.name, Payee.id)).all()
    shown = payee_rows(unit(), found[:limit], pool.id, actor(), today())
    return {**listed(found, limit, lambda row: (row.name, row.id)), "data": shown}


@api.post("")
@needs("payee.add")
@api.arguments(PayeeIn)
@api.response(201, PayeeOut)
def add(told: dict[str, Any], pool_id: int) -> PayeeRow:
    """Add a payee; an account of it is proposed and confirmed by two persons of the lead."""
    return _out(bank_payees.add(unit(), led_pool(pool_id).id, told["kind"], told["name"], by=actor(), at=at()))


@api.post("/<uuid:payee_id>/account")
@needs("bank_account.propose")
@api.arguments(BankAccountIn)
@api.response(201, BankAccountOut)
def propose(told: dict[str, Any], pool_id: int, payee_id: uuid.UUID) -> AccountRow:
    """Propose an account of a payee; another person of the lead confirms it as a member's is confirmed."""
    pool = led_pool(pool_id)
    payee = bank_payees.get(unit(), payee_id, actor(), pool_id=pool.id)
    row = bank_accounts.propose(unit(), pool.id, AccountDetails(**told), by=actor(), at=at(), payee=payee)
    return told_of(row)
