"""What the pages and the API of policies share: the list's query, the premium as it was split, what may be insured."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from core.parties import Organisation, names_of
from core.permits import Actor
from ledger import streams
from ledger.models import Share, ShareVersion, StreamItem
from underwriting import estates, policies, pools
from underwriting.models import Agreement, Building, Community, Lift, Policy, PolicyLift, Pool
from underwriting.rating import is_insurable_age
from web.listing import Asked, ListQuestions, Query, contains, list_questions, ordered

STAGES = ("bound", "received", "remitted", "collected", "taken")

SORTS: dict[str, Any] = {
    "number": Policy.number,
    "inception_on": Policy.inception_on,
    "expires_on": Policy.expires_on,
    "community": Community.sort_key,
    "lift_count": Policy.lift_count,
    "gross_fen": Policy.gross_fen,
}
#: The sorts whose column has a value in every row.
FULL = SORTS.keys() - {"community"}


def policies_of(actor: Actor) -> Query:
    """Return the query of the policies an actor may see, each with its community and pool."""
    return _with_names(policies.visible_to(actor))


def _with_names(query: Query) -> Query:
    return (
        query.join(Pool, Pool.id == Policy.pool_id)
        .outerjoin(Community, Community.id == Policy.community_id)
        .with_only_columns(
            Policy.id,
            Policy.number,
            Policy.stage,
            Policy.inception_on,
            Policy.expires_on,
            Policy.lift_count,
            Policy.gross_fen,
            Policy.net_fen,
            Policy.vat_fen,
            Policy.received_on,
            Policy.remitted_on,
            Policy.bound_at,
            Policy.community_id,
            Pool.id.label("pool_id"),
            Pool.name.label("pool"),
            Community.name.label("community"),
            Community.district,
        )
    )


class Filters(NamedTuple):
    """What a list of policies is narrowed by: a word, a stage, a day on which they are in force."""

    word: str
    stage: str
    day: date | None


def filters_of(asked: Asked) -> Filters:
    """Return the filters of the address: q, stage, in force on a day."""
    return Filters(asked.text("q"), asked.choice("stage", STAGES), asked.day("in_force_on"))


def narrowed(query: Query, by: Filters) -> Query:
    """Return a query of policies narrowed by its filters."""
    if by.word:
        query = query.where(or_(contains(Policy.number, by.word), contains(Community.name, by.word)))
    if by.stage:
        query = query.where(Policy.stage == by.stage)
    if by.day:
        query = query.where(Policy.inception_on <= by.day, Policy.expires_on > by.day)
    return query


@lru_cache(maxsize=256)
def list_of(seat: Actor, by: Filters, sort: str) -> ListQuestions:
    """Return what is asked for a list of the policies that may be seen from a seat, as the page shows them."""
    query = policies.visible_to(seat).outerjoin(Community, Community.id == Policy.community_id)
    shown = query.with_only_columns(
        cast(Policy.id, Text).label("id"),
        Policy.number,
        Community.name.label("community"),
        Policy.stage,
        Policy.inception_on,
        Policy.expires_on,
        Policy.lift_count,
        Policy.gross_fen,
    )
    listed = narrowed(shown, by).order_by(*ordered(SORTS, sort, full=FULL), Policy.id)
    return list_questions(listed, sum_of="gross_fen", is_grouped=False)


@dataclass(frozen=True, slots=True)
class MemberPart:
    """A member of a policy's pool with its part of the gross premium as it was written."""

    id: uuid.UUID
    name: str
    weight: int
    is_lead: bool
    amount_fen: int


def premium_parts(session: Session, policy: Policy) -> tuple[list[MemberPart], int]:
    """Return the members' parts of a policy's written premium, net and VAT together, and the whole of the shares."""
    agreement = session.get_one(Agreement, policy.agreement_id)
    shares = pools.shares_of(session, agreement)
    total = dict.fromkeys(shares.members, 0)
    for item in streams.items(session, policy.pool_id, policy.written_entry_id or 0):
        for member, fen in zip(shares.members, item.parts_fen, strict=True):
            total[member] += fen
    names = names_of(session, list(shares.members))
    parts = [
        MemberPart(member, names.get(member, ""), weight, member == shares.lead, total[member])
        for member, weight in zip(shares.members, shares.weights.weights, strict=True)
    ]
    return parts, shares.weights.whole


def _whole() -> Query:
    written = (StreamItem.pool_id == Policy.pool_id) & (StreamItem.entry_id == Policy.written_entry_id)
    part = select(func.coalesce(func.sum(StreamItem.parts_fen[Share.position + 1]), 0)).where(written)
    member = func.jsonb_build_object(
        *("id", Share.organisation_id, "name", Organisation.name, "weight", Share.weight),
        *("is_lead", Share.position == 0, "fen", cast(part.correlate(Policy, Share).scalar_subquery(), BigInteger)),
    )
    members = (
        select(func.jsonb_agg(aggregate_order_by(member, Share.position)))
        .join(Organisation, Organisation.id == Share.organisation_id)
        .where(Share.pool_id == Agreement.pool_id, Share.number == Agreement.number)
        .correlate(Policy, Agreement)
    )
    lift = func.jsonb_build_object(
        *("lift_id", Lift.id, "number", Lift.number, "building", Building.name, "fen", PolicyLift.gross_fen),
        *("covered_from", PolicyLift.covered_from, "covered_to", PolicyLift.covered_to),
    )
    lifts = (
        select(func.coalesce(func.jsonb_agg(aggregate_order_by(lift, Lift.number)), text("'[]'::jsonb")))
        .select_from(PolicyLift)
        .join(Lift, Lift.id == PolicyLift.lift_id)
        .join(Building, Building.id == Lift.building_id)
        .where(PolicyLift.policy_id == Policy.id)
        .correlate(Policy)
    )
    version = (ShareVersion.pool_id == Agreement.pool_id) & (ShareVersion.number == Agreement.number)
    return (
        _with_names(select(Policy))
        .join(Agreement, Agreement.id == Policy.agreement_id)
        .join(ShareVersion, version)
        .add_columns(
            ShareVersion.whole, members.scalar_subquery().label("members"), lifts.scalar_subquery().label("lifts")
        )
        .where(Policy.id == bindparam("policy_id"))
    )


#: The policy `policy_id` as one row: as `policies_of` has it, with `whole` and, as JSON lists, `members` with their
#: parts of the premium as it was written (`premium_parts`) and `lifts` with their cover. Who may see it is asked first.
WHOLE = _whole()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lift that may be put on a policy, or why not: `too_young` or `covered`."""

    id: uuid.UUID
    number: str
    building: str
    in_service_on: date
    why_not: str = ""


def candidates(session: Session, community: Community, starts_on: date, ends_on: date) -> list[Candidate]:
    """Return a community's lifts, each with whether it can be insured from `starts_on` up to `ends_on`."""
    free = {lift.id for lift in estates.uncovered(session, community, starts_on, ends_on)}
    query = (
        select(Lift, Building.name)
        .join(Building, Building.id == Lift.building_id)
        .where(Building.community_id == community.id)
        .order_by(*estates.in_order())
    )

    def why_not(lift: Lift) -> str:
        if not is_insurable_age(lift.in_service_on, starts_on):
            return "too_young"
        return "" if lift.id in free else "covered"

    return [
        Candidate(lift.id, lift.number, building, lift.in_service_on, why_not(lift))
        for lift, building in session.execute(query)
    ]


def suggested_number(session: Session, pool: Pool, starts_on: date) -> str:
    """Return a policy number that nobody has used: pool, year, count."""
    count = session.scalar(select(func.count()).select_from(Policy).where(Policy.pool_id == pool.id)) or 0
    return f"GB{pool.id:02}-{starts_on.year}-{count + 1:05}"


def pools_on_sale(session: Session, actor: Actor, day: date) -> Sequence[Pool]:
    """Return the pools with an agreement in force on a day that names a premium for a lift."""
    open_pools = select(Agreement.pool_id).where(
        Agreement.effective_on <= day, Agreement.ends_on > day, Agreement.lift_premium_fen > 0
    )
    return session.scalars(pools.visible_to(actor).where(Pool.id.in_(open_pools)).order_by(Pool.id.desc())).all()
