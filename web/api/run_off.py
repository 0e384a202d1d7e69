"""The end of a pool: how it stands, what is still open, and its closing for good."""

from __future__ import annotations

from typing import Any

from claims import run_off
from underwriting import pools
from underwriting.models import Pool
from web import fields
from web.api import Strict, resource
from web.money_desk import booked_on, led_pool, pool_of, today, view_of
from web.shell import actor, at, needs, unit

api = resource("run_off", "The end of a pool: its run-off, and its closing for good.", "/pools/<int:pool_id>")


class OpenKindOut(Strict):
    """One kind of thing that is still open, and how many."""

    kind = fields.String()
    count = fields.Integer(strict=True)


class RunOffOut(Strict):
    """How a pool stands today: `active`, in `run_off` from `ends_on` on, or `closed`.

    `open` names what is not over, for those who see all of its book; it is empty for a follower.
    """

    stage = fields.String()
    ends_on = fields.Date()
    open = fields.List(fields.Nested(OpenKindOut))


class ClosingIn(Strict):
    """The day that a pool is closed on: today or before."""

    on = fields.Date(required=True)


@api.get("/run-off")
@needs("ledger.read")
@api.response(200, RunOffOut)
def one(pool_id: int) -> dict[str, Any]:
    """Show how a pool stands, and what of it is not over."""
    return _out(pool_of(pool_id))


@api.post("/close")
@needs("pool.close")
@api.arguments(ClosingIn)
@api.response(200, RunOffOut)
def close(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Close a pool for good once nothing is open."""
    pool = led_pool(pool_id)
    run_off.close_pool(unit(), pool, on=booked_on(told["on"]), by=actor(), at=at())
    return _out(pool)


def _out(pool: Pool) -> dict[str, Any]:
    stage = run_off.stage_of(unit(), pool, today())
    is_whole = view_of(pool.id, actor()) is None
    left = run_off.still_open(unit(), pool, today()) if is_whole else []
    return {"stage": stage, "ends_on": pools.ends_on(unit(), pool.id), "open": left}
