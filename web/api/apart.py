"""Items that an agreement has settled on their own: listed, booked as paid."""

from __future__ import annotations

import uuid
from typing import Any

from ledger.clause_models import ApartItem
from ledger.models import Period
from underwriting import apart
from web import fields
from web.api import MoneySchema, PageQuery, Strict, after, money, page_of, resource
from web.money_desk import booked_on, led_pool, pool_of
from web.shell import actor, at, needs, unit

api = resource("apart", "Items that an agreement has settled on their own.", "/pools/<int:pool_id>/apart")


class ApartOut(Strict):
    """An item: what a `line` of a member's statement came to; positive where the pool owes the member."""

    id = fields.UUID()
    number = fields.String()
    period = fields.String()
    organisation_id = fields.UUID()
    line = fields.String()
    amount = fields.Nested(MoneySchema)
    due_on = fields.Date()
    stage = fields.String()
    paid_on = fields.Date(allow_none=True)


class ApartPage(Strict):
    """A page of the items one may see, the newest period first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ApartOut))
    next = fields.String(allow_none=True)


class ApartDayIn(Strict):
    """The day that an item was paid on: today or before."""

    on = fields.Date(required=True)


@api.get("")
@needs("statement.read")
@api.arguments(PageQuery, location="query")
@api.response(200, ApartPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the items of a pool that are settled on their own."""
    wanted = apart.visible_to(actor()).where(ApartItem.pool_id == pool_of(pool_id).id)
    rows = unit().scalars(after(wanted, query, ApartItem.period_id, ApartItem.number, is_falling=True)).all()
    return page_of(rows, query["limit"], lambda row: (row.period_id, row.number), _out)


@api.post("/<uuid:item_id>/payment")
@needs("apart.pay")
@api.arguments(ApartDayIn)
@api.response(200, ApartOut)
def pay(told: dict[str, Any], pool_id: int, item_id: uuid.UUID) -> dict[str, Any]:
    """Book that an item is paid, by the member or to it; late ones bear interest."""
    pool = led_pool(pool_id)
    item = apart.get(unit(), item_id, actor(), pool_id=pool.id)
    apart.pay(unit(), item, on=booked_on(told["on"]), by=actor(), at=at())
    return _out(item)


def _out(item: ApartItem) -> dict[str, Any]:
    names = ("id", "number", "organisation_id", "line", "due_on", "stage", "paid_on")
    told = {name: getattr(item, name) for name in names}
    return {**told, "period": unit().get_one(Period, item.period_id).label, "amount": money(item.amount_fen)}
