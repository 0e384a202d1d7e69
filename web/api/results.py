"""What each underwriting year came to for each member."""

from __future__ import annotations

from typing import Any

from core.errors import NotFound
from ledger import statements
from web import fields
from web.api import MoneySchema, Strict, money, resource
from web.documents.extract_columns import Result
from web.money_desk import pool_of, view_of
from web.shell import actor, at, needs, unit
from web.year_results import AMOUNTS, years_of

api = resource("results", "What each underwriting year came to for each member.", "/pools/<int:pool_id>/results")


class ResultAmountsOut(Strict):
    """Net premium written and earned by the day, losses, recoveries, costs, the lead's fee (paid: below zero), result.

    `loss_ratio_bp`, paid and outstanding less recovered over earned, is null where no premium is earned yet.
    """

    written = fields.Nested(MoneySchema)
    earned = fields.Nested(MoneySchema)
    paid = fields.Nested(MoneySchema)
    outstanding = fields.Nested(MoneySchema)
    recovered = fields.Nested(MoneySchema)
    cost = fields.Nested(MoneySchema)
    fee = fields.Nested(MoneySchema)
    result = fields.Nested(MoneySchema)
    loss_ratio_bp = fields.Integer(strict=True, allow_none=True)


class MemberResultOut(ResultAmountsOut):
    """What a year came to for one member."""

    member = fields.String()
    weight = fields.Integer(strict=True)
    whole = fields.Integer(strict=True)


class YearOut(ResultAmountsOut):
    """One underwriting year: the policies of one version of the agreement; the amounts of all members shown."""

    version = fields.Integer(strict=True)
    starts_on = fields.Date()
    ends_on = fields.Date()
    members = fields.List(fields.Nested(MemberResultOut))


class YearsOut(Strict):
    """Every underwriting year as it stood at the end of a period, the newest first; `on` is the day it is of."""

    period = fields.String()
    on = fields.Date()
    data = fields.List(fields.Nested(YearOut))


class YearsQuery(Strict):
    """The period (the newest by default)."""

    period = fields.String(load_default="")


@api.get("")
@needs("ledger.read")
@api.arguments(YearsQuery, location="query")
@api.response(200, YearsOut)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Show what every underwriting year came to; a member sees its own."""
    pool = pool_of(pool_id)
    every = statements.periods(unit(), pool.id)
    if not query["period"] and not every:
        raise NotFound("period_not_found", period="")
    period = statements.period(unit(), pool.id, query["period"]) if query["period"] else every[0]
    on, years = years_of(unit(), period, only=view_of(pool.id, actor()), at=at())
    return {
        "period": period.label,
        "on": on,
        "data": [
            {
                "version": one.version,
                "starts_on": one.starts_on,
                "ends_on": one.ends_on,
                "loss_ratio_bp": one.loss_ratio_bp,
                **{name.removesuffix("_fen"): money(fen) for name, fen in one.totals_fen.items()},
                "members": [_member(row) for row in one.members],
            }
            for one in years
        ],
    }


def _member(row: Result) -> dict[str, Any]:
    amounts = {name.removesuffix("_fen"): money(getattr(row, name)) for name in AMOUNTS}
    of = {"member": row.member, "weight": row.weight, "whole": row.whole}
    return {**of, **amounts, "loss_ratio_bp": row.loss_ratio_bp}
