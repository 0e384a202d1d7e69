"""Premiums of policies: where each stands; the lead's desk books receipts and remittances."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate
from sqlalchemy import select

from core.errors import Forbidden, Invalid
from underwriting import policies
from underwriting.models import Policy
from web import fields
from web.api import MoneySchema, PageQuery, Strict, listed, money, read_cursor, resource
from web.money_desk import booked_on, read_id
from web.shell import actor, at, needs, unit
from web.states import STATES

api = resource("premiums", "Premiums received and remitted.")


class PremiumOut(Strict):
    """The premium of one policy and where it stands: bound, received, remitted, collected."""

    policy_id = fields.UUID()
    number = fields.String()
    pool_id = fields.Integer(strict=True)
    inception_on = fields.Date()
    lift_count = fields.Integer(strict=True)
    gross = fields.Nested(MoneySchema)
    net = fields.Nested(MoneySchema)
    vat = fields.Nested(MoneySchema)
    stage = fields.String()
    received_on = fields.Date(allow_none=True)
    remitted_on = fields.Date(allow_none=True)


class PremiumPage(Strict):
    """A page of premiums, newest policy first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(PremiumOut))
    next = fields.String(allow_none=True)


class PremiumQuery(PageQuery):
    """Which premiums: by state."""

    stage = fields.String(load_default="", validate=validate.OneOf(["", *STATES["policy"]]))


class PremiumBookedIn(Strict):
    """The day that something is booked on: today or before, in an open period."""

    on = fields.Date(required=True)


@api.get("")
@needs("ledger.read")
@api.arguments(PremiumQuery, location="query")
@api.response(200, PremiumPage)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """List the premiums of the policies that the caller may see, newest first."""
    seen = policies.visible_to(actor()).with_only_columns(Policy.id)
    found = select(Policy).where(Policy.id.in_(seen)).order_by(Policy.id.desc())
    if query["stage"]:
        found = found.where(Policy.stage == query["stage"])
    if key := read_cursor(query["cursor"]):
        place = read_id(str(key[0]))
        if place is None:
            raise Invalid("cursor_wrong")
        found = found.where(Policy.id < place)
    rows = unit().scalars(found.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], key=lambda row: (str(row.id),))
    return {"data": [_out(row) for row in page["data"]], "next": page["next"]}  # type: ignore[attr-defined]


def _out(policy: Policy) -> dict[str, Any]:
    return {
        "policy_id": policy.id,
        "number": policy.number,
        "pool_id": policy.pool_id,
        "inception_on": policy.inception_on,
        "lift_count": policy.lift_count,
        "gross": money(policy.gross_fen),
        "net": money(policy.net_fen),
        "vat": money(policy.vat_fen),
        "stage": policy.stage,
        "received_on": policy.received_on,
        "remitted_on": policy.remitted_on,
    }


def _led(policy_id: uuid.UUID) -> Policy:
    """Return a policy of a pool that the caller's organisation leads."""
    policy = policies.get(unit(), policy_id, actor())
    if policy.pool_id not in actor().led_pools:
        raise Forbidden("lead_only")
    return policy


@api.post("/<uuid:policy_id>/receipt")
@needs("premium.receive")
@api.arguments(PremiumBookedIn)
@api.response(200, PremiumOut)
def receive(body: dict[str, Any], policy_id: uuid.UUID) -> dict[str, Any]:
    """Book a premium as received."""
    policy = _led(policy_id)
    policies.receive(unit(), policy, on=booked_on(body["on"]), by=actor(), at=at())
    return _out(policy)


@api.post("/<uuid:policy_id>/remittance")
@needs("premium.remit")
@api.arguments(PremiumBookedIn)
@api.response(200, PremiumOut)
def remit(body: dict[str, Any], policy_id: uuid.UUID) -> dict[str, Any]:
    """Book a premium as remitted to the members, gross; by another person than the one who booked its receipt."""
    policy = _led(policy_id)
    policies.remit(unit(), policy, on=booked_on(body["on"]), by=actor(), at=at())
    return _out(policy)
