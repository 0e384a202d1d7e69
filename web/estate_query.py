"""The register of lifts in lists: communities with their cover, lifts with the policy that covers them on a day."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, select

from core.parties import Organisation
from core.permits import Actor, Role
from underwriting import estates, policies
from underwriting.models import Building, Community, CoverCount, EstateCount, Lift, Policy, PolicyLift
from web.listing import Asked, Query, contains

COMMUNITY_SORTS: dict[str, Any] = {
    "name": Community.sort_key,
    "district": Community.district,
    "households": Community.households,
}


def communities_of(actor: Actor, on: date) -> Query:
    """Return the query of the communities an actor may see, with buildings, lifts, and lifts insured on a day.

    Whoever sees a community sees all its lifts, but a repairer: its own are counted one by one.
    """
    lifts, insured = _own_lifts(actor, on) if actor.role is Role.REPAIRER else _all_lifts(on)
    return (
        estates.communities_visible_to(actor)
        .order_by(None)
        .outerjoin(EstateCount, EstateCount.community_id == Community.id)
        .with_only_columns(
            Community.id,
            Community.name,
            Community.district,
            Community.households,
            func.coalesce(EstateCount.buildings, 0).label("buildings"),
            lifts.label("lifts"),
            insured.label("insured"),
        )
    )


def _all_lifts(on: date) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return how many lifts a community has, and how many of them are insured on a day, by the counts that are kept."""
    covered = select(cast(func.coalesce(func.sum(CoverCount.lifts), 0), BigInteger)).where(
        CoverCount.community_id == Community.id, CoverCount.covered_from <= on, CoverCount.covered_to > on
    )
    return func.coalesce(EstateCount.lifts, 0), covered.correlate(Community).scalar_subquery()


def _own_lifts(actor: Actor, on: date) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return the same of the lifts that an actor sees.

    Each count by itself: a page of a list then costs what its own rows cost, however many communities there are.
    """
    lifts = select(func.count()).select_from(Lift).join(Building, Building.id == Lift.building_id)
    lifts = lifts.where(Building.community_id == Community.id, estates.sees_lift(actor))
    covered = select(PolicyLift).where(
        PolicyLift.lift_id == Lift.id, PolicyLift.covered_from <= on, PolicyLift.covered_to > on
    )
    counts = (lifts, lifts.where(covered.exists()))
    mine, insured = (count.correlate(Community).scalar_subquery() for count in counts)
    return mine, insured


def communities_asked(query: Query, asked: Asked) -> Query:
    """Return the query narrowed by the filters of the address: q, district, cover (none, part, all)."""
    word = asked.text("q")
    if word:
        query = query.where(contains(Community.name, word))
    district = asked.text("district")
    if district:
        query = query.where(Community.district == district)
    cover = asked.choice("cover", ("none", "part", "all"))
    insured, lifts = query.selected_columns["insured"], query.selected_columns["lifts"]
    if cover == "none":
        query = query.where(insured == 0)
    elif cover == "part":
        query = query.where(insured > 0, insured < lifts)
    elif cover == "all":
        query = query.where(insured == lifts, lifts > 0)
    return query


def lifts_of(actor: Actor, on: date, community_id: uuid.UUID | None = None) -> Query:
    """Return the query of the lifts in the communities an actor may see, with the policy that covers each on a day.

    The number of a policy is told only to those who may see it; that a lift is insured, to all of them.
    """
    covering = and_(PolicyLift.lift_id == Lift.id, PolicyLift.covered_from <= on, PolicyLift.covered_to > on)
    told = policies.visible_to(actor).with_only_columns(Policy.id, Policy.number).subquery()
    query = (
        select(
            Lift.id,
            Lift.number,
            Lift.in_service_on,
            Lift.floors,
            Building.name.label("building"),
            Community.name.label("community"),
            Community.district,
            Community.id.label("community_id"),
            Organisation.name.label("repairer"),
            PolicyLift.covered_to.label("insured_to"),
            told.c.id.label("policy_id"),
            told.c.number.label("policy_number"),
        )
        .join(Building, Building.id == Lift.building_id)
        .join(Community, Community.id == Building.community_id)
        .outerjoin(Organisation, Organisation.id == Lift.repairer_id)
        .outerjoin(PolicyLift, covering)
        .outerjoin(told, told.c.id == PolicyLift.policy_id)
        .where(estates.sees_lift(actor))
        .order_by(Community.sort_key, *estates.in_order())
    )
    return query if community_id is None else query.where(Community.id == community_id)
