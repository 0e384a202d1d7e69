"""The register of lifts in lists: communities with their cover, lifts with the policy that covers them on a day."""

from __future__ import annotations

import uuid
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Uuid, and_, bindparam, cast, func, select

from core.parties import Organisation
from core.permits import Actor, Role
from core.reading import Question, question
from underwriting import estates, policies
from underwriting.models import Building, Community, CoverCount, EstateCount, Lift, Policy, PolicyLift
from web.listing import Asked, ListQuestions, Query, contains, first_page, list_questions, ordered

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


class Filters(NamedTuple):
    """What a list of communities is narrowed by: a word, a district, their cover (none, part, all)."""

    word: str
    district: str
    cover: str


def filters_of(asked: Asked) -> Filters:
    """Return the filters of the address: q, district, cover."""
    return Filters(asked.text("q"), asked.text("district"), asked.choice("cover", ("none", "part", "all")))


def narrowed(query: Query, by: Filters) -> Query:
    """Return a query of communities narrowed by its filters."""
    if by.word:
        query = query.where(contains(Community.name, by.word))
    if by.district:
        query = query.where(Community.district == by.district)
    insured, lifts = query.selected_columns["insured"], query.selected_columns["lifts"]
    if by.cover == "none":
        query = query.where(insured == 0)
    elif by.cover == "part":
        query = query.where(insured > 0, insured < lifts)
    elif by.cover == "all":
        query = query.where(insured == lifts, lifts > 0)
    return query


def communities_asked(seat: Actor, on: date, by: Filters, sort: str) -> Query:
    """Return the query of a list of communities in its order."""
    query = narrowed(communities_of(seat, on), by)
    return query.order_by(*ordered(COMMUNITY_SORTS, sort, full=COMMUNITY_SORTS.keys()), Community.id)


@lru_cache(maxsize=256)
def list_of(seat: Actor, on: date, by: Filters, sort: str) -> ListQuestions:
    """Return what is asked for a list of the communities that may be seen from a seat, with their cover on a day."""
    return list_questions(communities_asked(seat, on, by, sort), is_grouped=False)


@lru_cache(maxsize=256)
def districts_of(seat: Actor) -> Question:
    """Return what is asked for the districts of the communities that may be seen from a seat.

    Who sees all is told by the index, one district after another: there are few of them, and many communities.
    """
    if not estates.sees_every(seat):
        seen = estates.communities_visible_to(seat).order_by(None).with_only_columns(Community.district)
        return question(seen.distinct())
    least = func.min(Community.district)
    found = select(least.label("district")).cte("found", recursive=True)
    after = select(least).where(Community.district > found.c.district).scalar_subquery()
    found = found.union_all(select(after).where(found.c.district.is_not(None)))
    return question(select(found.c.district).where(found.c.district.is_not(None)))


@lru_cache(maxsize=16)
def coverage_on(day: date) -> Question:
    """Return what is asked for how much of the register is insured on a day."""
    return question(estates.coverage_query(day))


def repairers_of(actor: Actor, on: date, community_id: uuid.UUID | BindParameter[uuid.UUID]) -> Query:
    """Return the query of (name, lifts) of who maintains the lifts of a community that an actor may see.

    No name is nobody.
    """
    seen = lifts_of(actor, on, community_id).order_by(None).subquery()
    lifts = func.count().label("lifts")
    return select(seen.c.repairer, lifts).group_by(seen.c.repairer).order_by(lifts.desc(), seen.c.repairer)


class OfCommunity(NamedTuple):
    """What is asked about one community, the parameter `community_id`."""

    community: Question
    lifts: ListQuestions
    policies: Question


@lru_cache(maxsize=256)
def about_community(seat: Actor, on: date) -> OfCommunity:
    """Return what is asked of a community as it may be seen from a seat; the whole of its lifts are its repairers."""
    which: BindParameter[uuid.UUID] = bindparam("community_id", type_=Uuid(), required=False)
    community = estates.communities_visible_to(seat).order_by(None).where(Community.id == which)
    covers = policies.visible_to(seat).where(Policy.community_id == which).order_by(Policy.inception_on.desc())
    shown = (Policy.id, Policy.number, Policy.stage, Policy.inception_on, Policy.expires_on)
    return OfCommunity(
        question(community.with_only_columns(*(Community.__table__.c))),
        ListQuestions(question(repairers_of(seat, on, which)), first_page(lifts_of(seat, on, which))),
        question(covers.with_only_columns(*shown)),
    )


def lifts_of(actor: Actor, on: date, community_id: uuid.UUID | BindParameter[uuid.UUID] | None = None) -> Query:
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
