"""Periods of a pool's book: listed; the lead opens, closes, issues and settles them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from claims.closing import close_period
from core.errors import Conflict
from ledger import statements
from ledger.models import Period
from underwriting import late_interest
from web import fields
from web.api import Strict, resource
from web.api.statements import StatementList, statements_out
from web.money_desk import booked_on, led_pool, pool_of
from web.shell import actor, at, needs, unit
from web.statement_issue import issue_all

api = resource("periods", "Periods of a pool's book and what is done with them.", "/pools/<int:pool_id>/periods")


class PoolPeriodOut(Strict):
    """A period of a pool's book."""

    label = fields.String()
    starts_on = fields.Date()
    ends_on = fields.Date()
    stage = fields.String()
    closed_at = fields.AwareDateTime(format="iso", allow_none=True)
    last_entry_id = fields.Integer(strict=True, allow_none=True)


class PoolPeriodList(Strict):
    """The periods of a pool, newest first."""

    data = fields.List(fields.Nested(PoolPeriodOut))


class PoolPeriodIn(Strict):
    """A period to open: a name of its own (digits, letters, dots and dashes) and days that no other has."""

    label = fields.String(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)


class PeriodDayIn(Strict):
    """The day that a period is closed as at, or its balances were paid on: today or before."""

    on = fields.Date(required=True)


@api.get("")
@needs("ledger.read")
@api.response(200, PoolPeriodList)
def index(pool_id: int) -> dict[str, Any]:
    """List the periods of a pool, newest first."""
    pool = pool_of(pool_id)
    return {"data": statements.periods(unit(), pool.id)}


@api.post("")
@needs("period.open")
@api.arguments(PoolPeriodIn)
@api.response(201, PoolPeriodOut)
def open_period(told: dict[str, Any], pool_id: int) -> Period:
    """Open a period, so that business of its days can be booked."""
    pool = led_pool(pool_id)
    return statements.open_period(unit(), pool.id, **told, by=actor(), at=at())


@api.post("/<label>/close")
@needs("period.close")
@api.arguments(PeriodDayIn)
@api.response(200, StatementList)
def close(told: dict[str, Any], pool_id: int, label: str) -> dict[str, Any]:
    """Close a period with everything that is charged at a close; its draft statements come back."""
    pool = led_pool(pool_id)
    made = close_period(unit(), pool.id, label, on=booked_on(told["on"]), by=actor(), at=at())
    return statements_out(made)


@api.post("/<label>/issue")
@needs("statement.issue")
@api.response(200, StatementList)
def issue(pool_id: int, label: str) -> dict[str, Any]:
    """Issue the draft statements of a closed period to their members."""
    row = statements.period(unit(), led_pool(pool_id).id, label)
    made: Sequence[Any] = statements.of_period(unit(), row)
    drafts = [one for one in made if one.stage == "draft"]
    if not drafts:
        raise Conflict("nothing_to_issue", period=label)
    issue_all(unit(), drafts, by=actor(), at=at())
    return statements_out(made)


@api.post("/<label>/settle")
@needs("statement.settle")
@api.arguments(PeriodDayIn)
@api.response(200, StatementList)
def settle(told: dict[str, Any], pool_id: int, label: str) -> dict[str, Any]:
    """Book that the balances of a period are paid: every statement agreed to, netted, the rest through pool money."""
    row = statements.period(unit(), led_pool(pool_id).id, label)
    late_interest.settle_period(unit(), row, on=booked_on(told["on"]), by=actor(), at=at())
    return statements_out(statements.of_period(unit(), row))
