"""Claims for programs: the list, one with its members, making one, and its steps up to the approval."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import validate

from claims import bills, handling
from claims.adjusting import AssessedLine
from claims.admission import LINES_MOST
from claims.authority import Topic
from claims.models import Claim
from core.errors import Conflict, NotFound
from web import claim_bill, claim_desk, fields
from web.api import AmountIn, MoneySchema, PageQuery, Strict, money, newest_first, resource
from web.money_desk import booked_on
from web.shell import actor, at, needs, unit

api = resource("claims", "Claims: estimate, the members' agreement, approval. Payment belongs to the finance desk.")


class ClaimMemberOut(Strict):
    """A member of the pool: its part, as booked or as it would be split now; whether it must agree."""

    id = fields.UUID()
    name = fields.String()
    weight = fields.Integer(strict=True)
    is_lead = fields.Boolean()
    amount = fields.Nested(MoneySchema)
    must_agree = fields.Boolean()
    agreed_at = fields.AwareDateTime(format="iso", allow_none=True)


class ClaimOut(Strict):
    """A claim as a list has it."""

    id = fields.UUID()
    number = fields.String()
    stage = fields.String()
    title = fields.String()
    needs = fields.String(metadata={"description": "who must agree: lead or all"})
    topics = fields.List(fields.String(), metadata={"description": "what all members decide on, however small"})
    policy_id = fields.UUID()
    policy_number = fields.String()
    fault_id = fields.UUID(allow_none=True)
    pool_id = fields.Integer(strict=True)
    community = fields.String(allow_none=True)
    lift_number = fields.String(allow_none=True)
    estimate = fields.Nested(MoneySchema)
    estimate_version = fields.Integer(strict=True)
    payable = fields.Nested(MoneySchema, allow_none=True)
    made_at = fields.AwareDateTime(format="iso")
    approved_on = fields.Date(allow_none=True)
    paid_on = fields.Date(allow_none=True)


class ClaimLineOut(Strict):
    """One line of the repair bill; `reason` where less is allowed than was asked for."""

    position = fields.Integer(strict=True)
    what = fields.String()
    asked = fields.Nested(MoneySchema)
    allowed = fields.Nested(MoneySchema)
    reason = fields.String()


class ClaimReductionOut(Strict):
    """One step of the working: what it took off and what it left."""

    reduction = fields.String(metadata={"description": "deductible, limit or aggregate_limit"})
    taken = fields.Nested(MoneySchema)
    left = fields.Nested(MoneySchema)


class ClaimAdjustmentOut(Strict):
    """From the loss that the bill allows (without a bill: the estimate) to what is payable (at most)."""

    loss = fields.Nested(MoneySchema)
    steps = fields.List(fields.Nested(ClaimReductionOut))
    payable = fields.Nested(MoneySchema)
    paid_before = fields.Nested(MoneySchema)


class ClaimWhole(ClaimOut):
    """A claim with its members in rank order; `is_booked` says whether their parts are those of the book."""

    lines = fields.List(fields.Nested(ClaimLineOut))
    adjustment = fields.Nested(ClaimAdjustmentOut)
    whole = fields.Integer(strict=True)
    is_booked = fields.Boolean()
    members = fields.List(fields.Nested(ClaimMemberOut))


class ClaimPage(Strict):
    """A page of claims, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ClaimOut))
    next = fields.String(allow_none=True)


class ClaimQuery(PageQuery):
    """Which claims: by stage."""

    stage = fields.String(load_default="", validate=validate.OneOf(["", *claim_desk.STAGES]))


class ClaimIn(Strict):
    """A claim made from a fault under a policy that covered the lift; the estimate is at 100 %."""

    fault_id = fields.UUID(required=True)
    policy_id = fields.UUID(required=True)
    title = fields.String(required=True, validate=validate.Length(1, 200))
    estimate_fen = AmountIn(required=True)


class ClaimEstimateIn(Strict):
    """A new estimate at 100 %."""

    estimate_fen = AmountIn(required=True)


class ClaimAgreeIn(Strict):
    """Which version of the estimate is agreed to; another one standing now is refused."""

    estimate_version = fields.Integer(strict=True, required=True)


class ClaimLineIn(Strict):
    """One line of a repair bill. Where less is allowed than was asked for, the reason."""

    what = fields.String(required=True, validate=validate.Length(1, 200))
    asked_fen = AmountIn(required=True)
    allowed_fen = AmountIn(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class ClaimBillIn(Strict):
    """A whole repair bill, in the place of any before."""

    lines = fields.List(fields.Nested(ClaimLineIn), required=True, validate=validate.Length(1, LINES_MOST))


class ClaimApproveIn(Strict):
    """What is payable, and the day it is booked on: today or before, in an open period.

    Where the claim has a bill, `payable_fen` confirms the `adjustment.payable` of the claim; any other is refused.
    """

    payable_fen = AmountIn(required=True)
    on = fields.Date(required=True)


class ClaimTopicIn(Strict):
    """A topic that all members decide on, and why; it stays with the claim."""

    topic = fields.String(required=True, validate=validate.OneOf([topic.value for topic in Topic]))
    reason = fields.String(required=True, validate=validate.Length(1, handling.TOPIC_REASON_MOST))


class ClaimRejectIn(Strict):
    """The reasons that the insured is told."""

    reason = fields.String(required=True, validate=validate.Length(1, 2000))


class ClaimSubmitIn(Strict):
    """An empty object."""


def _row(row: Any) -> dict[str, Any]:
    payable = None if row.payable_fen is None else money(row.payable_fen)
    return {**row._mapping, "estimate": money(row.estimate_fen), "payable": payable}


def _whole(claim: Claim) -> dict[str, Any]:
    row = unit().execute(claim_desk.claims_of(actor()).where(Claim.id == claim.id)).one()
    view = claim_desk.view_of(unit(), claim)
    members = [
        {
            "id": one.id,
            "name": one.name,
            "weight": one.weight,
            "is_lead": one.is_lead,
            "amount": money(one.amount_fen or 0),
            "must_agree": one.must_agree,
            "agreed_at": one.agreed_at,
        }
        for one in view.members
    ]
    bill = claim_bill.as_json(bills.assess(unit(), claim), money)
    return {**_row(row), **bill, "whole": view.whole, "is_booked": view.is_booked, "members": members}


def _claim(claim_id: uuid.UUID) -> Claim:
    return handling.get(unit(), claim_id, actor())


@api.get("")
@needs("claim.read")
@api.arguments(ClaimQuery, location="query")
@api.response(200, ClaimPage)
def index(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List the claims that the actor may see, newest first."""
    rows = claim_desk.claims_of(actor())
    if query["stage"]:
        rows = rows.where(Claim.stage == query["stage"])
    page = newest_first(unit(), rows, query, Claim.made_at, Claim.id)
    return {"data": [_row(row) for row in page.rows], "next": page.next}


@api.get("/<uuid:claim_id>")
@needs("claim.read")
@api.response(200, ClaimWhole)
def one(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Show one claim with its members."""
    return _whole(_claim(claim_id))


@api.post("")
@needs("claim.make")
@api.arguments(ClaimIn)
@api.response(201, ClaimWhole)
def make(told: Mapping[str, Any]) -> ResponseReturnValue:
    """Make a claim from a fault; for the lead of the policy's pool."""
    fault, led = claim_desk.fault_for(unit(), told["fault_id"], actor())
    policy = next((one for one in led if one.id == told["policy_id"]), None)
    if policy is None:
        raise NotFound("policy_not_found")
    claim = handling.make(unit(), policy, told["title"], told["estimate_fen"], fault=fault, by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/bill")
@needs("claim.make")
@api.arguments(ClaimBillIn)
@api.response(200, ClaimWhole)
def enter_bill(told: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Give a claim its repair bill, whole, until it is decided."""
    claim = _claim(claim_id)
    handling.enter_bill(unit(), claim, [AssessedLine(**line) for line in told["lines"]], by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/submit")
@needs("claim.make")
@api.arguments(ClaimSubmitIn)
@api.response(200, ClaimWhole)
def submit(_: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Put a claim before those who must agree."""
    claim = _claim(claim_id)
    handling.submit(unit(), claim, by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/revise")
@needs("claim.make")
@api.arguments(ClaimEstimateIn)
@api.response(200, ClaimWhole)
def revise(told: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Change the estimate; agreements so far lapse."""
    claim = _claim(claim_id)
    handling.revise(unit(), claim, told["estimate_fen"], by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/topics")
@needs("claim.make")
@api.arguments(ClaimTopicIn)
@api.response(200, ClaimWhole)
def flag(told: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Mark a claim with a topic that is never the lead's alone; agreements so far lapse."""
    claim = _claim(claim_id)
    handling.flag(unit(), claim, told["topic"], told["reason"], by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/agree")
@needs("claim.agree")
@api.arguments(ClaimAgreeIn)
@api.response(200, ClaimWhole)
def agree(told: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Agree, for one's company, to a version of the estimate."""
    claim = _claim(claim_id)
    if told["estimate_version"] != claim.estimate_version:
        raise Conflict("estimate_changed", number=claim.number)
    handling.agree(unit(), claim, by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/approve")
@needs("claim.approve")
@api.arguments(ClaimApproveIn)
@api.response(200, ClaimWhole)
def approve(told: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Approve what is payable; by another person than the one who made the claim."""
    claim = _claim(claim_id)
    handling.approve(unit(), claim, told["payable_fen"], on=booked_on(told["on"]), by=actor(), at=at())
    return _whole(claim)


@api.post("/<uuid:claim_id>/reject")
@needs("claim.approve")
@api.arguments(ClaimRejectIn)
@api.response(200, ClaimWhole)
def reject(told: Mapping[str, Any], claim_id: uuid.UUID) -> ResponseReturnValue:
    """Reject a claim with its reasons."""
    claim = _claim(claim_id)
    handling.reject(unit(), claim, told["reason"], by=actor(), at=at())
    return _whole(claim)
