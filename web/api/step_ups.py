"""Members in default, and what the others bear of the shortfalls."""

from __future__ import annotations

from typing import Any

from ledger import books
from ledger.clause_models import StepUp
from underwriting import step_up
from web import fields
from web.api import MoneySchema, PageQuery, Strict, after, money, page_of, resource
from web.money_desk import pool_of
from web.shell import needs, unit

api = resource("step_ups", "Members in default, and what the others bear.", "/pools/<int:pool_id>/step-ups")


class StepUpPartOut(Strict):
    """What one of the others bears."""

    organisation_id = fields.UUID()
    amount = fields.Nested(MoneySchema)


class StepUpOut(Strict):
    """A default on a statement: the shortfall and its parts in member order; `cured_on` once the member has paid."""

    id = fields.UUID()
    statement_id = fields.UUID()
    organisation_id = fields.UUID()
    amount = fields.Nested(MoneySchema)
    parts = fields.List(fields.Nested(StepUpPartOut))
    stage = fields.String()
    reason = fields.String()
    declared_on = fields.Date()
    cured_on = fields.Date(allow_none=True)


class StepUpPage(Strict):
    """A page of the defaults of a pool, the newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(StepUpOut))
    next = fields.String(allow_none=True)


@api.get("")
@needs("statement.read")
@api.arguments(PageQuery, location="query")
@api.response(200, StepUpPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the defaults of a pool and what each of the others bears."""
    wanted = after(step_up.of_pool(pool_of(pool_id).id), query, StepUp.declared_at, StepUp.id, is_falling=True)
    rows = unit().scalars(wanted).all()
    return page_of(rows, query["limit"], lambda row: (row.declared_at.isoformat(), row.id), step_up_out)


def step_up_out(row: StepUp) -> dict[str, Any]:
    """Return a default as the API tells it."""
    names = ("id", "statement_id", "organisation_id", "stage", "reason", "declared_on", "cured_on")
    members = books.shares(unit(), row.pool_id, row.number).members
    parts = [
        {"organisation_id": member, "amount": money(fen)}
        for member, fen in zip(members, row.parts_fen, strict=True)
        if member != row.organisation_id
    ]
    return {**{name: getattr(row, name) for name in names}, "amount": money(row.amount_fen), "parts": parts}
