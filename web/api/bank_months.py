"""A month's reconciliation and its signing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.errors import NotFound
from ledger import bank_matches, bank_months
from ledger.bank_models import BankLine
from ledger.bank_months import Month
from web import fields
from web.api import MoneySchema, Strict, money, resource
from web.money_desk import led_pool, pool_of
from web.shell import actor, at, needs, unit

api = resource("bank_months", "A month's reconciliation and its signing.", "/pools/<int:pool_id>/bank/months")


class MatchedLineOut(Strict):
    """A line of the bank with the number of what it pays; `difference` is what was paid too much."""

    line_id = fields.UUID()
    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    reference = fields.String()
    number = fields.String()
    balance = fields.Nested(MoneySchema)
    difference = fields.Nested(MoneySchema)


class UnmatchedLineOut(Strict):
    """A line of the bank that pays no statement."""

    line_id = fields.UUID()
    booked_on = fields.Date()
    amount = fields.Nested(MoneySchema)
    reference = fields.String()


class UnmatchedStatementOut(Strict):
    """A statement that no line of the bank pays."""

    statement = fields.String()
    balance = fields.Nested(MoneySchema)


class BankMonthOut(Strict):
    """What a month comes to: balances of bank and book (1010), what stands on 2310 (`receipts`), each line.

    `held` stand on 2310, `placed` were placed otherwise or went back, `lines` are in the bank alone.
    """

    first_on = fields.Date()
    last_on = fields.Date()
    bank_on = fields.Date(allow_none=True)
    bank = fields.Nested(MoneySchema, allow_none=True)
    book = fields.Nested(MoneySchema)
    receipts = fields.Nested(MoneySchema)
    matched = fields.List(fields.Nested(MatchedLineOut))
    held = fields.List(fields.Nested(UnmatchedLineOut))
    placed = fields.List(fields.Nested(UnmatchedLineOut))
    lines = fields.List(fields.Nested(UnmatchedLineOut))
    statements = fields.List(fields.Nested(UnmatchedStatementOut))
    difference = fields.Nested(MoneySchema)
    signed_at = fields.AwareDateTime(format="iso", allow_none=True)


def _lines(found: Iterable[BankLine]) -> list[dict[str, Any]]:
    return [
        {"line_id": one.id, "booked_on": one.booked_on, "amount": money(one.amount_fen), "reference": one.reference}
        for one in found
    ]


def _month(pool_id: int, month: str) -> Month:
    first = bank_months.first_of(month)
    if not bank_matches.reads(pool_id, actor()):
        raise NotFound("month_not_found", month=month)
    return bank_months.month(unit(), pool_id, first)


def _out(told: Month) -> dict[str, Any]:
    return {
        "first_on": told.first_on,
        "last_on": told.last_on,
        "bank_on": told.bank_on,
        "bank": None if told.bank_fen is None else money(told.bank_fen),
        "book": money(told.book_fen),
        "receipts": money(told.receipts_fen),
        "matched": [
            {
                **line,
                "number": one.target.number,
                "balance": money(one.target.balance_fen),
                "difference": money(one.match.difference_fen),
            }
            for one, line in zip(told.matched, _lines(one.line for one in told.matched), strict=True)
        ],
        "held": _lines(told.held),
        "placed": _lines(told.placed),
        "lines": _lines(told.lines),
        "statements": [{"statement": one.number, "balance": money(one.balance_fen)} for one in told.statements],
        "difference": money(told.difference_fen),
        "signed_at": told.signed.signed_at if told.signed else None,
    }


@api.get("/<month>")
@needs("bank_report.read")
@api.response(200, BankMonthOut)
def one(pool_id: int, month: str) -> dict[str, Any]:
    """Show what a month (`2026-04`) comes to."""
    return _out(_month(pool_of(pool_id).id, month))


@api.post("/<month>/sign")
@needs("bank_month.sign")
@api.response(200, BankMonthOut)
def sign(pool_id: int, month: str) -> dict[str, Any]:
    """Sign a month's reconciliation: its lines are complete and its matches stand."""
    pool = led_pool(pool_id)
    bank_months.sign(unit(), pool.id, bank_months.first_of(month), by=actor(), at=at())
    return _out(_month(pool.id, month))
