"""The accounts that the members of a pool are paid to."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from ledger import bank_accounts
from ledger.bank_codes import NAME_MOST, AccountDetails
from ledger.bank_models import BankAccount
from web import fields
from web.api import Strict, resource
from web.bank_desk import AccountRow, account_rows
from web.money_desk import pool_of, today
from web.shell import actor, at, needs, unit

api = resource(
    "bank_accounts", "The accounts that the members of a pool are paid to.", "/pools/<int:pool_id>/bank-accounts"
)


class BankAccountOut(Strict):
    """An account to be paid to; in use from `effective_on` until the day before `until_on`."""

    id = fields.UUID()
    organisation_id = fields.UUID(allow_none=True, metadata={"description": "the member; empty for a payee's"})
    payee_id = fields.UUID(allow_none=True, metadata={"description": "the payee; empty for a member's"})
    member = fields.String(metadata={"description": "the name of the member or the payee"})
    name = fields.String(metadata={"description": "the account's name as the bank has it"})
    bank = fields.String()
    cnaps = fields.String(metadata={"description": "twelve digits, the last of which checks the others"})
    number = fields.String()
    stage = fields.String()
    proposed_at = fields.AwareDateTime(format="iso")
    decided_at = fields.AwareDateTime(format="iso", allow_none=True)
    effective_on = fields.Date(allow_none=True)
    until_on = fields.Date(allow_none=True)
    is_current = fields.Boolean(metadata={"description": "the member is paid to it today"})


class BankAccountList(Strict):
    """Accounts by member, the newest of each first."""

    data = fields.List(fields.Nested(BankAccountOut))


class BankAccountIn(Strict):
    """An account to propose for one's own organisation."""

    name = fields.String(required=True, validate=validate.Length(1, NAME_MOST), metadata={"example": "示例财险"})
    bank = fields.String(
        required=True, validate=validate.Length(1, NAME_MOST), metadata={"example": "示例银行城东支行"}
    )
    cnaps = fields.String(required=True, metadata={"example": "102100099996"})
    number = fields.String(required=True, metadata={"example": "0200000012345678"})


def _rows(pool_id: int) -> list[AccountRow]:
    query = bank_accounts.visible_to(actor()).where(BankAccount.pool_id == pool_id)
    return account_rows(unit(), bank_accounts.standings(unit().scalars(query)), actor(), today())


def told_of(row: BankAccount) -> AccountRow:
    """Return one account as it is told."""
    return next(one for one in _rows(row.pool_id) if one.id == row.id)


def _account(pool_id: int, account_id: uuid.UUID) -> BankAccount:
    return bank_accounts.get(unit(), account_id, actor(), pool_id=pool_of(pool_id).id)


@api.get("")
@needs("bank_account.read")
@api.response(200, BankAccountList)
def index(pool_id: int) -> dict[str, Any]:
    """List the accounts that the caller may see: its own, the lead those confirmed of members and all of payees."""
    return {"data": _rows(pool_of(pool_id).id)}


@api.post("")
@needs("bank_account.propose")
@api.arguments(BankAccountIn)
@api.response(201, BankAccountOut)
def propose(told: dict[str, Any], pool_id: int) -> AccountRow:
    """Propose an account for one's own organisation; another person of it confirms."""
    pool = pool_of(pool_id)
    return told_of(bank_accounts.propose(unit(), pool.id, AccountDetails(**told), by=actor(), at=at()))


@api.post("/<uuid:account_id>/confirm")
@needs("bank_account.confirm")
@api.response(200, BankAccountOut)
def confirm(pool_id: int, account_id: uuid.UUID) -> AccountRow:
    """Confirm what another person proposed: the first stands at once, a change two working days later."""
    row = _account(pool_id, account_id)
    bank_accounts.confirm_account(unit(), row, by=actor(), at=at())
    return told_of(row)


@api.post("/<uuid:account_id>/reject")
@needs("bank_account.reject")
@api.response(200, BankAccountOut)
def reject(pool_id: int, account_id: uuid.UUID) -> AccountRow:
    """Let a proposal of one's own organisation fall."""
    row = _account(pool_id, account_id)
    bank_accounts.reject(unit(), row, by=actor(), at=at())
    return told_of(row)
