"""The register for programs: communities with their cover, lifts with whether they are insured."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import validate
from sqlalchemy import tuple_

from core import clock
from core.errors import Invalid
from core.parties import Organisation
from underwriting import estates
from underwriting.models import Community, Lift
from web import fields
from web.api import PageQuery, Strict, listed, read_cursor, resource
from web.estate_query import communities_of, lifts_of
from web.shell import actor, at, needs, unit

api = resource("estates", "Communities and lifts, and how much of them is insured today.")


class CommunityOut(Strict):
    """A community; `insured` counts its lifts on a policy today."""

    id = fields.UUID()
    name = fields.String()
    district = fields.String()
    households = fields.Integer(strict=True)
    buildings = fields.Integer(strict=True)
    lifts = fields.Integer(strict=True)
    insured = fields.Integer(strict=True)


class CommunityPage(Strict):
    """A page of communities; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(CommunityOut))
    next = fields.String(allow_none=True)


class LiftOut(Strict):
    """A lift; `insured_to` is the day up to which, not included, it is insured, where it is today."""

    id = fields.UUID()
    number = fields.String()
    district = fields.String()
    community = fields.String()
    building = fields.String()
    in_service_on = fields.Date()
    floors = fields.Integer(strict=True)
    repairer = fields.String(allow_none=True, metadata={"description": "who maintains it"})
    insured_to = fields.Date(allow_none=True)
    policy_number = fields.String(allow_none=True)


class LiftPage(Strict):
    """A page of lifts by number; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(LiftOut))
    next = fields.String(allow_none=True)


class LiftQuery(PageQuery):
    """Which lifts: those of a community."""

    community = fields.UUID(load_default=None)
    number = fields.String(load_default="", validate=validate.Length(max=40))


@api.get("/communities")
@needs("estate.read")
@api.arguments(PageQuery, location="query")
@api.response(200, CommunityPage)
def communities(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List the communities that the actor may see, by id."""
    rows = communities_of(actor(), clock.on(at())).order_by(Community.id)
    key = read_cursor(query["cursor"])
    if key:
        rows = rows.where(Community.id > _id(key))
    found = unit().execute(rows.limit(query["limit"] + 1)).all()
    return listed([row._mapping for row in found], query["limit"], key=lambda row: (row["id"],))


def _id(key: list[Any]) -> uuid.UUID:
    try:
        (text,) = key
        return uuid.UUID(text)
    except (TypeError, ValueError, AttributeError):
        raise Invalid("cursor_wrong") from None


@api.get("/lifts")
@needs("estate.read")
@api.arguments(LiftQuery, location="query")
@api.response(200, LiftPage)
def lifts(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List the lifts in the communities that the actor may see, by number."""
    rows = lifts_of(actor(), clock.on(at()), query["community"]).order_by(None).order_by(Lift.number, Lift.id)
    if query["number"]:
        rows = rows.where(Lift.number == query["number"])
    key = read_cursor(query["cursor"])
    if key:
        if len(key) != 2 or not isinstance(key[0], str):
            raise Invalid("cursor_wrong")
        rows = rows.where(tuple_(Lift.number, Lift.id) > tuple_(key[0], _id(key[1:])))
    found = unit().execute(rows.limit(query["limit"] + 1)).all()
    shown = [{name: value for name, value in row._mapping.items() if name in LiftOut().fields} for row in found]
    return listed(shown, query["limit"], key=lambda row: (row["number"], row["id"]))


# Who maintains the lifts


class RepairerOut(Strict):
    """An organisation that can maintain a lift."""

    id = fields.UUID()
    name = fields.String()


class RepairerList(Strict):
    """The repairers, by name."""

    data = fields.List(fields.Nested(RepairerOut))


class RepairerIn(Strict):
    """Who maintains the lifts from now on; null: nobody."""

    organisation_id = fields.UUID(required=True, allow_none=True)


class AppointedOut(Strict):
    """How many lifts have changed over; open faults went with them."""

    lifts = fields.Integer(strict=True)


@api.get("/repairers")
@needs("estate.read")
@api.response(200, RepairerList)
def repairers() -> ResponseReturnValue:
    """List the organisations that can maintain a lift, by name."""
    return {"data": [{"id": one.id, "name": one.name} for one in unit().scalars(estates.repairers())]}


@api.post("/communities/<uuid:community_id>/repairer")
@needs("repairer.set")
@api.arguments(RepairerIn)
@api.response(200, AppointedOut)
def appoint_for_community(told: Mapping[str, Any], community_id: uuid.UUID) -> ResponseReturnValue:
    """Say who maintains all lifts of a community."""
    community = estates.community(unit(), community_id, actor())
    return {"lifts": estates.appoint_for_community(unit(), community, _repairer(told), by=actor(), at=at())}


@api.post("/lifts/<uuid:lift_id>/repairer")
@needs("repairer.set")
@api.arguments(RepairerIn)
@api.response(200, AppointedOut)
def appoint_for_lift(told: Mapping[str, Any], lift_id: uuid.UUID) -> ResponseReturnValue:
    """Say who maintains one lift."""
    lift = estates.lift(unit(), lift_id, actor())
    estates.appoint_for_lift(unit(), lift, _repairer(told), by=actor(), at=at())
    return {"lifts": 1}


def _repairer(told: Mapping[str, Any]) -> Organisation | None:
    named = told["organisation_id"]
    return estates.repairer(unit(), named) if named else None
