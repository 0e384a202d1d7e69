"""Policies for programs: the list, one with its lifts and members, binding one, taking a lift off."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from marshmallow import validate

from core.errors import NotFound
from underwriting import policies, pools
from underwriting.models import Policy
from web import fields, policy_desk
from web.api import MoneySchema, PageQuery, Strict, money, newest_first, resource
from web.money_desk import booked_on
from web.shell import actor, at, needs, unit

api = resource("policies", "Policies: a batch of lifts of one community, the premium split among the members.")

#: A policy is bound for at most so many lifts at once.
LIFTS_MOST = 2000


class PolicyOut(Strict):
    """A policy as a list has it; it ends before its `expires_on`."""

    id = fields.UUID()
    number = fields.String()
    stage = fields.String()
    pool_id = fields.Integer(strict=True)
    community_id = fields.UUID(allow_none=True)
    community = fields.String(allow_none=True)
    inception_on = fields.Date()
    expires_on = fields.Date()
    lift_count = fields.Integer(strict=True)
    gross = fields.Nested(MoneySchema)
    net = fields.Nested(MoneySchema)
    vat = fields.Nested(MoneySchema)
    received_on = fields.Date(allow_none=True)
    remitted_on = fields.Date(allow_none=True)


class PolicyPage(Strict):
    """A page of policies, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(PolicyOut))
    next = fields.String(allow_none=True)


class PremiumPartOut(Strict):
    """A member's part of the gross premium as it was written."""

    id = fields.UUID()
    name = fields.String()
    weight = fields.Integer(strict=True)
    is_lead = fields.Boolean()
    amount = fields.Nested(MoneySchema)


class CoveredLiftOut(Strict):
    """A lift on the policy, covered up to, not including, `covered_to`."""

    lift_id = fields.UUID()
    number = fields.String()
    building = fields.String()
    gross = fields.Nested(MoneySchema)
    covered_from = fields.Date()
    covered_to = fields.Date()


class PolicyWhole(PolicyOut):
    """A policy with its lifts and the members' parts of its premium over `whole`."""

    whole = fields.Integer(strict=True)
    members = fields.List(fields.Nested(PremiumPartOut))
    lifts = fields.List(fields.Nested(CoveredLiftOut))


class PolicyQuery(PageQuery):
    """Which policies: by stage."""

    stage = fields.String(load_default="", validate=validate.OneOf(["", *policy_desk.STAGES]))


class PolicyIn(Strict):
    """A policy to bind: all lifts of one community, each at the agreement's premium, booked on `on`, no day to come."""

    pool_id = fields.Integer(strict=True, required=True)
    number = fields.String(required=True, validate=validate.Length(1, 40))
    lift_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, LIFTS_MOST))
    inception_on = fields.Date(required=True)
    expires_on = fields.Date(required=True)
    on = fields.Date(required=True)


class LiftRemovalIn(Strict):
    """A lift to take off from `effective_on` on, its refund booked on `on`, no day to come."""

    lift_id = fields.UUID(required=True)
    effective_on = fields.Date(required=True)
    on = fields.Date(required=True)


class AgreedRefundOut(Strict):
    """Premium agreed to be given back."""

    id = fields.UUID()
    policy_id = fields.UUID()
    stage = fields.String()
    effective_on = fields.Date()
    gross = fields.Nested(MoneySchema)


_FIELDS = [name for name in PolicyOut().fields if name not in {"gross", "net", "vat"}]


def _row(row: Any) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in _FIELDS}
    return {**known, "gross": money(row.gross_fen), "net": money(row.net_fen), "vat": money(row.vat_fen)}


def _whole(policy_id: uuid.UUID) -> dict[str, Any]:
    row = unit().execute(policy_desk.WHOLE, {"policy_id": policy_id}).one()
    days = ("covered_from", "covered_to")
    return {
        **_row(row),
        "whole": row.whole,
        "members": [{**member, "amount": money(member["fen"])} for member in row.members],
        "lifts": [
            {**lift, "gross": money(lift["fen"]), **{day: date.fromisoformat(lift[day]) for day in days}}
            for lift in row.lifts
        ],
    }


@api.get("")
@needs("policy.read")
@api.arguments(PolicyQuery, location="query")
@api.response(200, PolicyPage)
def index(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List the policies that the actor may see, newest first."""
    rows = policy_desk.policies_of(actor())
    if query["stage"]:
        rows = rows.where(Policy.stage == query["stage"])
    page = newest_first(unit(), rows, query, Policy.bound_at, Policy.id)
    return {"data": [_row(row) for row in page.rows], "next": page.next}


@api.get("/<uuid:policy_id>")
@needs("policy.read")
@api.response(200, PolicyWhole)
def one(policy_id: uuid.UUID) -> ResponseReturnValue:
    """Show one policy with its lifts and its split."""
    return _whole(policies.get(unit(), policy_id, actor()).id)


def _pool_asked() -> object:
    told = request.get_json(silent=True)
    return told.get("pool_id") if isinstance(told, dict) else None


@api.post("")
@needs("policy.bind", turn=_pool_asked)
@api.arguments(PolicyIn)
@api.response(201, PolicyWhole)
def bind(told: Mapping[str, Any]) -> ResponseReturnValue:
    """Bind a policy for a batch of lifts and book its premium; all lifts or none."""
    if not 0 < told["pool_id"] < 2**31:
        raise NotFound("pool_not_found")
    pool = pools.get(unit(), told["pool_id"], actor())
    policy = policies.bind(
        unit(),
        pool,
        told["number"],
        told["lift_ids"],
        told["inception_on"],
        told["expires_on"],
        on=booked_on(told["on"]),
        by=actor(),
        at=at(),
    )
    return _whole(policy.id)


@api.post("/<uuid:policy_id>/remove-lift")
@needs("policy.endorse")
@api.arguments(LiftRemovalIn)
@api.response(201, AgreedRefundOut)
def remove_lift(told: Mapping[str, Any], policy_id: uuid.UUID) -> ResponseReturnValue:
    """Take a lift off a policy and agree its pro-rata refund."""
    policy = policies.get(unit(), policy_id, actor())
    refund = policies.remove_lift(
        unit(), policy, told["lift_id"], told["effective_on"], on=booked_on(told["on"]), by=actor(), at=at()
    )
    return {
        "id": refund.id,
        "policy_id": policy.id,
        "stage": refund.stage,
        "effective_on": refund.effective_on,
        "gross": money(refund.gross_fen),
    }
