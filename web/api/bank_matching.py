"""Matching the bank's lines with statements, and what a month comes to."""

from __future__ import annotations

from typing import Any

from core.errors import NotFound
from ledger import bank_matches
from ledger.bank_matches import Matched
from web import fields
from web.api import MoneySchema, Strict, money, resource
from web.money_desk import led_pool, pool_of
from web.shell import actor, at, needs, unit

api = resource("bank_matching", "Matching the bank's lines with statements.", "/pools/<int:pool_id>/bank/matching")


class BankMatchOut(Strict):
    """A line of the bank and a statement, matched or proposed; `difference` is what was paid too much."""

    line_id = fields.UUID()
    statement_id = fields.UUID()
    statement = fields.String()
    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    balance = fields.Nested(MoneySchema)
    difference = fields.Nested(MoneySchema)


class BankMatchList(Strict):
    """What may be matched now; of one line the surest first."""

    data = fields.List(fields.Nested(BankMatchOut))


class BankMatchIn(Strict):
    """A proposal to accept."""

    line_id = fields.UUID(required=True)
    statement_id = fields.UUID(required=True)


class UnmatchedLineOut(Strict):
    """A line of the bank that pays no statement."""

    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    reference = fields.String()


class UnmatchedStatementOut(Strict):
    """A statement that no line of the bank pays."""

    statement = fields.String()
    balance = fields.Nested(MoneySchema)


class BankMonthOut(Strict):
    """What a month comes to: balances of bank and book at its end, matched, unmatched on each side, the difference."""

    first_on = fields.Date()
    last_on = fields.Date()
    bank_on = fields.Date(allow_none=True)
    bank = fields.Nested(MoneySchema, allow_none=True)
    book = fields.Nested(MoneySchema)
    matched = fields.List(fields.Nested(BankMatchOut))
    lines = fields.List(fields.Nested(UnmatchedLineOut))
    statements = fields.List(fields.Nested(UnmatchedStatementOut))
    difference = fields.Nested(MoneySchema)


def _out(one: Matched) -> dict[str, Any]:
    return {
        "line_id": one.line.id,
        "statement_id": one.statement.id,
        "statement": one.statement.number,
        "booked_on": one.line.booked_on,
        "amount": money(one.line.amount_fen),
        "balance": money(one.statement.balance_fen),
        "difference": money(one.difference_fen),
    }


@api.get("")
@needs("bank_report.read")
@api.response(200, BankMatchList)
def index(pool_id: int) -> dict[str, Any]:
    """List what may be matched now."""
    pool = pool_of(pool_id)
    found = bank_matches.proposed(unit(), pool.id, actor())
    return {"data": [_out(Matched(one.line, one.statement, one.proposal.difference_fen)) for one in found]}


@api.post("")
@needs("bank_match.accept")
@api.arguments(BankMatchIn)
@api.response(201, BankMatchOut)
def accept(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Accept a proposal; neither the line nor the statement is matched again."""
    pool = led_pool(pool_id)
    return _out(bank_matches.accept(unit(), pool.id, told["line_id"], told["statement_id"], by=actor(), at=at()))


@api.get("/<month>")
@needs("bank_report.read")
@api.response(200, BankMonthOut)
def month(pool_id: int, month: str) -> dict[str, Any]:
    """Show what a month (`2026-04`) comes to."""
    pool = pool_of(pool_id)
    first = bank_matches.first_of(month)
    if not bank_matches.reads(pool.id, actor()):
        raise NotFound("month_not_found", month=month)
    told = bank_matches.month(unit(), pool.id, first)
    return {
        "first_on": told.first_on,
        "last_on": told.last_on,
        "bank_on": told.bank_on,
        "bank": None if told.bank_fen is None else money(told.bank_fen),
        "book": money(told.book_fen),
        "matched": [_out(one) for one in told.matched],
        "lines": [
            {"booked_on": one.booked_on, "amount": money(one.amount_fen), "reference": one.reference}
            for one in told.lines
        ],
        "statements": [{"statement": one.number, "balance": money(one.balance_fen)} for one in told.statements],
        "difference": money(told.difference_fen),
    }
