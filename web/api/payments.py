"""The money of claims for programs: where it stands, cash calls, payments, adjusters' fees, recoveries.

Every step is the lead's desk's, and each answers with the money of the claim as it stands then.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import validate

from claims import handling, settlements
from claims.models import CashCall, Claim
from core.errors import Forbidden, NotFound
from underwriting import pools
from underwriting.models import Agreement
from web import fields
from web.api import AmountIn, MoneySchema, Strict, money, resource
from web.claim_money import call_stage, calls_visible_to, money_of
from web.money_desk import booked_on, today, view_of
from web.shell import actor, at, needs, unit

api = resource("payments", "The money of claims: cash calls, payments, adjusters' fees, recoveries.", "/claims")


class BookedIn(Strict):
    """The day that something is booked on: today or before, in an open period."""

    on = fields.Date(required=True)


class AmountBookedIn(BookedIn):
    """An amount in whole fen, and the day that it is booked on."""

    amount_fen = AmountIn(required=True)


class CashCallIn(BookedIn):
    """The day of the call and the day by which the followers pay; without one, that of the agreement."""

    due_on = fields.Date(load_default=None, allow_none=True)


class RecoveryIn(AmountBookedIn):
    """What came back: from whoever is liable, or for what was left of the thing."""

    kind = fields.String(required=True, validate=validate.OneOf(["subrogation", "salvage"]))


class CashCallOut(Strict):
    """What one follower is asked for; `stage` is issued, overdue, received or taken."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    amount = fields.Nested(MoneySchema)
    issued_on = fields.Date()
    due_on = fields.Date()
    stage = fields.String()
    received_on = fields.Date(allow_none=True)


class ClaimCostOut(Strict):
    """An adjuster's fee, approved or paid."""

    id = fields.UUID()
    amount = fields.Nested(MoneySchema)
    approved_on = fields.Date()
    stage = fields.String()
    paid_on = fields.Date(allow_none=True)


class RecoveryOut(Strict):
    """What came back on a claim."""

    kind = fields.String()
    amount = fields.Nested(MoneySchema)
    received_on = fields.Date()


class ClaimMoneyOut(Strict):
    """Where the money of a claim stands; a follower reads its own cash call and not the others'."""

    claim_id = fields.UUID()
    number = fields.String()
    stage = fields.String()
    payable = fields.Nested(MoneySchema, allow_none=True)
    paid_on = fields.Date(allow_none=True)
    reaches_cash_call = fields.Boolean()
    held = fields.Nested(MoneySchema, metadata={"description": "pool money that came in for this claim"})
    missing = fields.Nested(MoneySchema)
    recovered = fields.Nested(MoneySchema)
    cash_calls = fields.List(fields.Nested(CashCallOut))
    costs = fields.List(fields.Nested(ClaimCostOut))
    recoveries = fields.List(fields.Nested(RecoveryOut))


def _out(claim: Claim) -> dict[str, Any]:
    session = unit()
    stands = money_of(session, claim, session.get_one(Agreement, claim.policy.agreement_id))
    only = view_of(claim.pool_id, actor())
    return {
        "claim_id": claim.id,
        "number": claim.number,
        "stage": claim.stage,
        "payable": None if claim.payable_fen is None else money(claim.payable_fen),
        "paid_on": claim.paid_on,
        "reaches_cash_call": stands.reaches_call,
        "held": money(stands.held_fen),
        "missing": money(stands.missing_fen),
        "recovered": money(stands.recovered_fen),
        "cash_calls": [
            {
                "id": row.id,
                "organisation_id": row.organisation_id,
                "amount": money(row.amount_fen),
                "issued_on": row.issued_on,
                "due_on": row.due_on,
                "stage": call_stage(row.stage, row.due_on, today()),
                "received_on": row.received_on,
            }
            for row in settlements.calls_of(session, claim)
            if only is None or row.organisation_id == only
        ],
        "costs": [
            {
                "id": row.id,
                "amount": money(row.amount_fen),
                "approved_on": row.approved_on,
                "stage": row.stage,
                "paid_on": row.paid_on,
            }
            for row in settlements.costs_of(session, claim)
        ],
        "recoveries": [
            {"kind": row.kind, "amount": money(row.amount_fen), "received_on": row.received_on}
            for row in settlements.recoveries_of(session, claim)
        ],
    }


def _led(claim_id: uuid.UUID) -> Claim:
    """Return a claim of a pool that the caller's organisation leads; Forbidden `lead_only`."""
    claim = handling.get(unit(), claim_id, actor())
    shares = pools.shares_of(unit(), unit().get_one(Agreement, claim.policy.agreement_id))
    if actor().organisation_id != shares.lead:
        raise Forbidden("lead_only")
    return claim


def _booked(claim_id: uuid.UUID, said: Mapping[str, Any], work: Callable[[Claim, date], object]) -> dict[str, Any]:
    """Take a step of the lead's desk on a day that may be booked on; return the claim's money as it is then."""
    claim = _led(claim_id)
    work(claim, booked_on(said["on"]))
    return _out(claim)


@api.get("/<uuid:claim_id>/money")
@needs("claim.read")
@api.response(200, ClaimMoneyOut)
def one(claim_id: uuid.UUID) -> dict[str, Any]:
    """Return where the money of a claim stands."""
    return _out(handling.get(unit(), claim_id, actor()))


@api.post("/<uuid:claim_id>/payment")
@needs("claim.pay")
@api.arguments(BookedIn)
@api.response(200, ClaimMoneyOut)
def pay(said: Mapping[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Book that the lead has paid an approved claim; by another person than the approver."""
    return _booked(claim_id, said, lambda claim, on: settlements.pay_by_lead(unit(), claim, on=on, by=actor(), at=at()))


@api.post("/<uuid:claim_id>/payment-from-pool")
@needs("claim.pay")
@api.arguments(BookedIn)
@api.response(200, ClaimMoneyOut)
def pay_from_pool(said: Mapping[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Book that a called claim is paid from the pool money that came in for it."""
    return _booked(
        claim_id, said, lambda claim, on: settlements.pay_from_pool(unit(), claim, on=on, by=actor(), at=at())
    )


@api.post("/<uuid:claim_id>/funding")
@needs("cash_call.fund")
@api.arguments(AmountBookedIn)
@api.response(200, ClaimMoneyOut)
def fund(said: Mapping[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Book what the lead pays in for itself and for those who have not paid."""
    fen = said["amount_fen"]
    return _booked(
        claim_id, said, lambda claim, on: settlements.fund_by_lead(unit(), claim, fen, on=on, by=actor(), at=at())
    )


@api.post("/<uuid:claim_id>/cash-calls")
@needs("cash_call.issue")
@api.arguments(CashCallIn)
@api.response(200, ClaimMoneyOut)
def call_for_cash(said: Mapping[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Ask every follower for its part of a large approved claim."""
    due_on = said["due_on"]

    def work(claim: Claim, on: date) -> None:
        settlements.issue_cash_call(unit(), claim, on=on, due_on=due_on, by=actor(), at=at())

    return _booked(claim_id, said, work)


@api.post("/<uuid:claim_id>/cash-calls/<uuid:call_id>/receipt")
@needs("cash_call.receive")
@api.arguments(BookedIn)
@api.response(200, ClaimMoneyOut)
def receive(said: Mapping[str, Any], claim_id: uuid.UUID, call_id: uuid.UUID) -> dict[str, Any]:
    """Book that a follower has paid its cash call; paid late, interest to that day is charged with it."""

    def work(claim: Claim, on: date) -> None:
        call = unit().scalar(calls_visible_to(actor()).where(CashCall.id == call_id, CashCall.claim_id == claim.id))
        if call is None:
            raise NotFound("cash_call_unknown")
        settlements.receive_cash_call(unit(), claim, call.organisation_id, on=on, by=actor(), at=at())

    return _booked(claim_id, said, work)


@api.post("/<uuid:claim_id>/costs")
@needs("cost.approve")
@api.arguments(AmountBookedIn)
@api.response(200, ClaimMoneyOut)
def enter_cost(said: Mapping[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Enter a loss adjuster's fee on an approved claim; it is split among the members, another person pays it."""
    fen = said["amount_fen"]
    return _booked(
        claim_id, said, lambda claim, on: settlements.approve_cost(unit(), claim, fen, on=on, by=actor(), at=at())
    )


@api.post("/<uuid:claim_id>/costs/<uuid:cost_id>/payment")
@needs("cost.pay")
@api.arguments(BookedIn)
@api.response(200, ClaimMoneyOut)
def pay_cost(said: Mapping[str, Any], claim_id: uuid.UUID, cost_id: uuid.UUID) -> dict[str, Any]:
    """Book that the lead has paid a loss adjuster."""

    def work(claim: Claim, on: date) -> None:
        found = next((row for row in settlements.costs_of(unit(), claim) if row.id == cost_id), None)
        if found is None:
            raise NotFound("cost_not_found", number=claim.number)
        settlements.pay_cost(unit(), claim, found, on=on, by=actor(), at=at())

    return _booked(claim_id, said, work)


@api.post("/<uuid:claim_id>/recoveries")
@needs("recovery.receive")
@api.arguments(RecoveryIn)
@api.response(200, ClaimMoneyOut)
def recover(said: Mapping[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Book subrogation or salvage that the lead received; it is shared at the claim's own lines."""
    kind, fen = said["kind"], said["amount_fen"]

    def work(claim: Claim, on: date) -> None:
        settlements.receive_recovery(unit(), claim, kind, fen, on=on, by=actor(), at=at())

    return _booked(claim_id, said, work)
