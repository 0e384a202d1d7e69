"""Pools and their book: members, balances, entries and their transfers. Read only."""

from __future__ import annotations

from typing import Any

from marshmallow import validate

from core.errors import Invalid, NotFound
from ledger import books, journal, statements
from ledger.journal import JournalRow, Wanted
from ledger.reasons import Reason
from underwriting import pools as pool_verbs
from web import fields, pool_book
from web.api import Fen, MoneySchema, PageQuery, Strict, listed, money, read_cursor, resource
from web.money_desk import member_names, pool_of, pools_seen, view_of
from web.shell import actor, needs, unit

api = resource("pools", "Pools and their book.")


class PoolMemberOut(Strict):
    """A member and its line: `weight` of the version's whole, the lead first."""

    organisation_id = fields.UUID()
    name = fields.String()
    weight = fields.Integer(strict=True)
    is_lead = fields.Boolean()


class PoolOut(Strict):
    """A pool with the shares of its newest agreement version."""

    id = fields.Integer(strict=True)
    name = fields.String()
    lead_id = fields.UUID()
    formed_at = fields.AwareDateTime(format="iso")
    version = fields.Integer(strict=True)
    whole = fields.Integer(strict=True)
    members = fields.List(fields.Nested(PoolMemberOut))


class PoolList(Strict):
    """The pools that the caller may know of."""

    data = fields.List(fields.Nested(PoolOut))


class BalanceOut(Strict):
    """What stands on one account, debit positive."""

    account = fields.String(metadata={"description": "the account's code; empty: the other members together"})
    organisation_id = fields.UUID(allow_none=True)
    balance = fields.Nested(MoneySchema)


class BalanceList(Strict):
    """A trial balance: every account that the caller may see; it adds up to nothing."""

    data = fields.List(fields.Nested(BalanceOut))


class EntryOut(Strict):
    """One entry of the book; `amount` is what it moved on the accounts that the caller may see."""

    id = fields.Integer(strict=True)
    period = fields.String()
    on = fields.Date()
    at = fields.AwareDateTime(format="iso")
    reason = fields.String()
    subject_kind = fields.String()
    subject_id = fields.UUID()
    document = fields.String()
    amount = fields.Nested(MoneySchema)
    reverses = fields.Integer(strict=True, allow_none=True)


class EntryPage(Strict):
    """A page of entries, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(EntryOut))
    next = fields.String(allow_none=True)


class EntryTransferOut(Strict):
    """One transfer; an account of another member is null."""

    debit = fields.String(allow_none=True)
    debit_organisation_id = fields.UUID(allow_none=True)
    credit = fields.String(allow_none=True)
    credit_organisation_id = fields.UUID(allow_none=True)
    amount = fields.Nested(MoneySchema)


class EntrySplitOut(Strict):
    """How an amount was split: each member's part in member order, and the carry that it left."""

    stream = fields.String()
    version = fields.Integer(strict=True)
    sequence = fields.Integer(strict=True)
    amount = fields.Nested(MoneySchema)
    parts_fen = fields.List(Fen())
    carry_after = fields.List(fields.Integer(strict=True))


class EntryDetail(EntryOut):
    """An entry with its transfers and splits."""

    transfers = fields.List(fields.Nested(EntryTransferOut))
    splits = fields.List(fields.Nested(EntrySplitOut))


class EntryQuery(PageQuery):
    """Which entries: by reason, period label, account code, subject."""

    reason = fields.String(load_default="", validate=validate.OneOf(["", *(reason.value for reason in Reason)]))
    period = fields.String(load_default="")
    account = fields.String(load_default="", validate=fields.Pattern(r"^([0-9]{4})?$"))
    subject_id = fields.UUID(load_default=None)


@api.get("")
@needs("pool.read")
@api.response(200, PoolList)
def index() -> dict[str, Any]:
    """List the pools that the caller may know of."""
    found = pools_seen(unit(), actor())
    names = member_names(unit(), [pool.id for pool in found])
    data = []
    for pool in found:
        shares = books.latest_shares(unit(), pool.id)
        members = [
            {"organisation_id": one["id"], "name": one["name"], "weight": one["weight"], "is_lead": one["is_lead"]}
            for one in pool_book.members_of(shares, names)
        ]
        data.append(
            {
                "id": pool.id,
                "name": pool.name,
                "lead_id": pool.lead_id,
                "formed_at": pool.formed_at,
                "version": pool_verbs.agreements(unit(), pool.id)[-1].number,
                "whole": shares.weights.whole,
                "members": members,
            }
        )
    return {"data": data}


@api.get("/<int:pool_id>/balances")
@needs("ledger.read")
@api.response(200, BalanceList)
def balances(pool_id: int) -> dict[str, Any]:
    """Show what stands on every account now."""
    pool = pool_of(pool_id)
    shown = pool_book.trial_balance(unit(), pool.id, {}, only=view_of(pool.id, actor()))
    return {
        "data": [
            {
                "account": row.code,
                "organisation_id": row.member,
                "balance": money((row.debit_fen or 0) - (row.credit_fen or 0)),
            }
            for row in shown.rows
        ]
    }


@api.get("/<int:pool_id>/entries")
@needs("ledger.read")
@api.arguments(EntryQuery, location="query")
@api.response(200, EntryPage)
def entries(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List entries, newest first; with `account`, amounts are what they put on it, debit positive."""
    pool = pool_of(pool_id)
    key = read_cursor(query["cursor"])
    if key and not (type(key[0]) is int and 0 < key[0] < 1 << 62):
        raise Invalid("cursor_wrong")
    period = statements.period(unit(), pool.id, query["period"]).id if query["period"] else None
    wanted = Wanted(
        only=view_of(pool.id, actor()),
        reason=query["reason"],
        period_id=period,
        code=query["account"],
        subject_id=query["subject_id"],
        before_entry=key[0] if key else 0,
    )
    rows = journal.page(unit(), pool.id, wanted, limit=query["limit"] + 1)
    page = listed(rows, query["limit"], key=lambda row: (row.id,))
    return {"data": [_entry(row) for row in page["data"]], "next": page["next"]}  # type: ignore[attr-defined]


def _entry(row: JournalRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "period": row.period,
        "on": row.on,
        "at": row.at,
        "reason": row.reason.value,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "document": row.document,
        "amount": money(row.amount_fen),
        "reverses": row.reverses_id,
    }


@api.get("/<int:pool_id>/entries/<int:entry_id>")
@needs("ledger.read")
@api.response(200, EntryDetail)
def entry(pool_id: int, entry_id: int) -> dict[str, Any]:
    """Show one entry with its transfers and splits."""
    pool = pool_of(pool_id)
    only = view_of(pool.id, actor())
    row = journal.entry_of(unit(), pool.id, entry_id, only=only)
    if row is None:
        raise NotFound("entry_not_found", entry_id=entry_id)
    legs = journal.legs_of(unit(), pool.id, row, only=only)
    return {
        **_entry(row),
        "transfers": [
            {
                "debit": leg.debit_code,
                "debit_organisation_id": leg.debit_member,
                "credit": leg.credit_code,
                "credit_organisation_id": leg.credit_member,
                "amount": money(leg.amount_fen),
            }
            for leg in legs
        ],
        "splits": [
            {
                "stream": item.kind,
                "version": item.number,
                "sequence": item.sequence,
                "amount": money(item.amount_fen),
                "parts_fen": item.parts_fen,
                "carry_after": item.carry_after,
            }
            for item in journal.splits_of(unit(), pool.id, row.id)
        ],
    }
