"""The ageing of what is owed on statements, cash calls and items settled on their own."""

from __future__ import annotations

from typing import Any

from core import clock
from web import ageing, fields
from web.ageing import BANDS, SIDES, Narrowed
from web.api import MoneySchema, Strict, money, resource
from web.shell import actor, at, needs, unit

api = resource("ageing", "What is owed on statements, cash calls and items of their own, by days overdue.")


class AgeingBandsOut(Strict):
    """Amounts by days overdue: not yet due, 1-30, 31-60, 61-90, over 90, and all of them."""

    not_due = fields.Nested(MoneySchema)
    to_30 = fields.Nested(MoneySchema)
    to_60 = fields.Nested(MoneySchema)
    to_90 = fields.Nested(MoneySchema)
    over_90 = fields.Nested(MoneySchema)
    total = fields.Nested(MoneySchema)


class AgeingItemOut(Strict):
    """A `statement`, `cash_call` or `apart_item` behind a figure; `days_late` is not above 0 where not overdue."""

    kind = fields.String()
    id = fields.UUID()
    number = fields.String()
    due_on = fields.Date()
    days_late = fields.Integer(strict=True)
    band = fields.String()
    amount = fields.Nested(MoneySchema)


class AgeingRowOut(Strict):
    """What one member of a pool owes (`from_member`) or is owed (`to_member`), with what is behind it, due first."""

    pool_id = fields.Integer(strict=True)
    pool = fields.String()
    organisation_id = fields.UUID()
    member = fields.String()
    side = fields.String()
    amounts = fields.Nested(AgeingBandsOut)
    items = fields.List(fields.Nested(AgeingItemOut))


class AgeingTotalOut(Strict):
    """The sum of the rows of one side."""

    side = fields.String()
    amounts = fields.Nested(AgeingBandsOut)


class AgeingOut(Strict):
    """What stood open on a day, with the totals of each side."""

    on = fields.Date()
    data = fields.List(fields.Nested(AgeingRowOut))
    totals = fields.List(fields.Nested(AgeingTotalOut))


class AgeingQuery(Strict):
    """The day (today by default) and the pool."""

    on = fields.Date(load_default=None)
    pool_id = fields.String(load_default="", validate=fields.Pattern(r"^[0-9]{0,18}$"))


@api.get("")
@needs("statement.read")
@api.arguments(AgeingQuery, location="query")
@api.response(200, AgeingOut)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """Show what is owed on a day on statements, cash calls and items of their own, by pool, member, side, band."""
    on = query["on"] or clock.on(at())
    narrowed = Narrowed(pool_id=int(query["pool_id"]) if query["pool_id"] else None)
    rows = ageing.aged(unit(), actor(), on, narrowed)
    behind = ageing.behind(unit(), actor(), on, narrowed)
    return {
        "on": on,
        "data": [
            {
                "pool_id": row.pool_id,
                "pool": row.pool,
                "organisation_id": row.organisation_id,
                "member": row.member,
                "side": row.side,
                "amounts": _amounts({**row.bands_fen, "total": row.total_fen}),
                "items": [{**one._mapping, "amount": money(one.amount_fen)} for one in behind[ageing.key_of(row)]],
            }
            for row in rows
        ],
        "totals": [{"side": side, "amounts": _amounts(ageing.totals(rows, side))} for side in SIDES],
    }


def _amounts(fen: dict[str, int]) -> dict[str, Any]:
    return {band: money(fen[band]) for band in (*BANDS, "total")}
