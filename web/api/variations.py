"""Changes of a pool's agreement: proposed, consented to by every party, then the next version."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from underwriting import variations
from underwriting.terms import APART, Clauses
from underwriting.variation_models import Variation
from web import fields
from web.api import PageQuery, Strict, after, page_of, resource
from web.money_desk import pool_of, today
from web.shell import actor, at, needs, unit
from web.variation_desk import party_rows

api = resource("variations", "Changes of a pool's agreement.", "/pools/<int:pool_id>/variations")


class PartyOut(Strict):
    """A party that is asked, and when it has consented, or declined; null before that."""

    organisation_id = fields.UUID()
    name = fields.String()
    consented_at = fields.AwareDateTime(format="iso", allow_none=True)
    declined_at = fields.AwareDateTime(format="iso", allow_none=True)


class VariationOut(Strict):
    """A change that was proposed: the version that it would be, what that says, and the consents given."""

    id = fields.UUID()
    version = fields.Integer(strict=True)
    effective_on = fields.Date()
    ends_on = fields.Date()
    settled_apart = fields.List(fields.String())
    is_step_up = fields.Boolean()
    reason = fields.String()
    stage = fields.String(metadata={"description": "proposed, concluded, declined, withdrawn, or lapsed by now"})
    organisation_id = fields.UUID(metadata={"description": "the party that proposed it"})
    proposed_at = fields.AwareDateTime(format="iso")
    decided_at = fields.AwareDateTime(format="iso", allow_none=True)
    declined_why = fields.String(allow_none=True)
    parties = fields.List(fields.Nested(PartyOut))


class VariationPage(Strict):
    """A page of the changes of a pool's agreement, the newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(VariationOut))
    next = fields.String(allow_none=True)


class VariationIn(Strict):
    """A change to propose; what it says of both clauses is all that the new version has of them."""

    effective_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    settled_apart = fields.List(
        fields.String(validate=validate.OneOf(APART)), load_default=[], validate=validate.Length(max=len(APART))
    )
    is_step_up = fields.Boolean(load_default=False)
    reason = fields.String(required=True)


class DeclineIn(Strict):
    """Why a change is declined, which all parties see."""

    reason = fields.String(required=True)


@api.get("")
@needs("variation.read")
@api.arguments(PageQuery, location="query")
@api.response(200, VariationPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List the changes of a pool's agreement."""
    wanted = variations.visible_to(pool_of(pool_id))
    rows = unit().scalars(after(wanted, query, Variation.proposed_at, Variation.id, is_falling=True)).all()
    return page_of(rows, query["limit"], lambda row: (row.proposed_at.isoformat(), row.id), _out)


@api.post("")
@needs("variation.propose")
@api.arguments(VariationIn)
@api.response(201, VariationOut)
def propose(told: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Propose a change to the parties of the agreement; one's own consent is given with it."""
    pool = pool_of(pool_id)
    clauses = Clauses(tuple(told["settled_apart"]), told["is_step_up"])
    proposal = variations.Proposal(told["effective_on"], told["ends_on"], clauses, told["reason"])
    return _out(variations.propose_change(unit(), pool, proposal, by=actor(), at=at()))


@api.post("/<uuid:variation_id>/consent")
@needs("variation.consent")
@api.response(200, VariationOut)
def consent(pool_id: int, variation_id: uuid.UUID) -> dict[str, Any]:
    """Consent for one's own organisation; the last consent makes the version."""
    row = variations.get(unit(), pool_of(pool_id), variation_id)
    variations.give_consent(unit(), row, by=actor(), at=at())
    return _out(row)


@api.post("/<uuid:variation_id>/decline")
@needs("variation.consent")
@api.arguments(DeclineIn)
@api.response(200, VariationOut)
def decline(told: dict[str, Any], pool_id: int, variation_id: uuid.UUID) -> dict[str, Any]:
    """Decline a change for one's own organisation: it falls."""
    row = variations.get(unit(), pool_of(pool_id), variation_id)
    variations.decline(unit(), row, told["reason"], by=actor(), at=at())
    return _out(row)


@api.post("/<uuid:variation_id>/withdraw")
@needs("variation.propose")
@api.response(200, VariationOut)
def withdraw(pool_id: int, variation_id: uuid.UUID) -> dict[str, Any]:
    """Take back a change that one's own organisation has proposed."""
    row = variations.get(unit(), pool_of(pool_id), variation_id)
    variations.withdraw(unit(), row, by=actor(), at=at())
    return _out(row)


def _out(row: Variation) -> dict[str, Any]:
    names = ("id", "effective_on", "ends_on", "settled_apart", "is_step_up", "reason", "organisation_id")
    told = {name: getattr(row, name) for name in (*names, "proposed_at", "decided_at", "declined_why")}
    told["stage"] = variations.stage_on(unit(), row, today())
    shown = ("organisation_id", "name", "consented_at", "declined_at")
    parties = [{name: one[name] for name in shown} for one in party_rows(unit(), row)]
    return {**told, "version": row.base_number + 1, "parties": parties}
