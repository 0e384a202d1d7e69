"""The register of communities, buildings and lifts: taken in from a list, all of it or none."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, select, true
from sqlalchemy.orm import Session, aliased

from core import audit
from core.db import new_id
from core.errors import Conflict, Finding, Invalid, NotFound
from core.parties import Organisation, sort_key_of
from core.permits import Actor, Role
from underwriting.models import Building, Community, CoverCount, EstateCount, Lift, Policy, PolicyLift

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class EstateRow:
    """One lift of a list with the place it stands in; `row` is its row in the list, for telling what is wrong.

    `repairer` is the name of the organisation that maintains it, empty where the list does not say.
    """

    row: int
    district: str
    community: str
    building: str
    lift_number: str
    in_service_on: date
    floors: int
    households: int = 0
    repairer: str = ""


@dataclass(frozen=True, slots=True)
class EstateCells:
    """What could be read of a row with a bad cell: None or nothing where the cell is bad or blank."""

    row: int
    lift_number: str | None
    in_service_on: date | None
    floors: int | None
    repairer: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a list added to the register."""

    communities: int
    buildings: int
    lifts: int


def check(session: Session, rows: Sequence[EstateRow | EstateCells], *, on: date) -> list[Finding]:
    """Return every row that cannot be taken, and what is wrong with it; rows are held against those above them.

    A number twice or on record, a day to come, impossible floors, a repairer that is not one.
    """
    rows = sorted(rows, key=lambda row: row.row)
    findings: list[Finding] = []
    first: dict[str, int] = {}
    numbers = {row.lift_number for row in rows if row.lift_number}
    known = set(session.scalars(select(Lift.number).where(Lift.number.in_(numbers))))
    repairers = _repairers(session, rows)
    for row in rows:
        where = f"{row.row}"
        if row.lift_number in known:
            findings.append(Finding("lift_on_record", where, {"number": row.lift_number}))
        elif row.lift_number in first:
            findings.append(
                Finding("lift_twice_in_list", where, {"number": row.lift_number, "first": first[row.lift_number]})
            )
        if row.lift_number:
            first.setdefault(row.lift_number, row.row)
        if row.in_service_on and row.in_service_on > on:
            findings.append(Finding("in_service_in_future", where, {"in_service_on": row.in_service_on}))
        if row.floors is not None and not 2 <= row.floors <= 200:
            findings.append(Finding("floors_out_of_range", where, {"floors": row.floors}))
        if row.repairer and row.repairer not in repairers:
            findings.append(Finding("repairer_unknown", where, {"name": row.repairer}))
    return findings


def _repairers(session: Session, rows: Sequence[EstateRow | EstateCells]) -> dict[str, uuid.UUID]:
    """Return name -> id of the repairers that the rows name."""
    names = {row.repairer for row in rows if row.repairer}
    found = repairers().with_only_columns(Organisation.name, Organisation.id).where(Organisation.name.in_(names))
    return {row.name: row.id for row in session.execute(found)}


def take(session: Session, rows: Sequence[EstateRow], *, on: date, by: Actor, at: datetime) -> Taken:
    """Add a list's lifts with their communities and buildings, all of them or none.

    Refuses Invalid `estate_rows_refused` with every bad row, `no_rows` for an empty list.
    """
    if not rows:
        raise Invalid("no_rows")
    findings = check(session, rows, on=on)
    if findings:
        raise Invalid("estate_rows_refused", findings, count=len(findings))
    communities, new_communities = _communities(session, rows)
    buildings, new_buildings = _buildings(session, rows, communities)
    maintained_by = _repairers(session, rows)
    lifts = [
        {
            "id": new_id(),
            "building_id": buildings[communities[row.district, row.community], row.building],
            "number": row.lift_number,
            "in_service_on": row.in_service_on,
            "floors": row.floors,
            "repairer_id": maintained_by.get(row.repairer),
        }
        for row in rows
    ]
    for start in range(0, len(lifts), _BATCH):
        session.execute(insert(Lift), lifts[start : start + _BATCH])
    taken = Taken(new_communities, new_buildings, len(lifts))
    facts = {"communities": taken.communities, "buildings": taken.buildings, "lifts": taken.lifts}
    audit.record(session, "estate.imported", by=by, at=at, of=("estate_list", new_id()), facts=facts)
    return taken


def _communities(session: Session, rows: Sequence[EstateRow]) -> tuple[dict[tuple[str, str], object], int]:
    """Return (district, name) -> id of the communities that the rows name, and how many are new."""
    known: dict[tuple[str, str], object] = {
        (row.district, row.name): row.id
        for row in session.execute(select(Community.id, Community.district, Community.name))
    }
    new: dict[tuple[str, str], dict[str, object]] = {}
    for row in rows:
        key = (row.district, row.community)
        if key not in known:
            made = new.setdefault(
                key,
                {
                    "id": new_id(),
                    "district": row.district,
                    "name": row.community,
                    "sort_key": sort_key_of(row.community),
                    "households": 0,
                },
            )
            made["households"] = max(int(str(made["households"])), row.households)
    if new:
        session.execute(insert(Community).values(list(new.values())))
    return {**known, **{key: value["id"] for key, value in new.items()}}, len(new)


def _buildings(
    session: Session, rows: Sequence[EstateRow], communities: dict[tuple[str, str], object]
) -> tuple[dict[tuple[object, str], object], int]:
    """Return (community id, name) -> id of the buildings that the rows name, and how many are new."""
    wanted = {communities[row.district, row.community] for row in rows}
    found = select(Building.id, Building.community_id, Building.name).where(Building.community_id.in_(wanted))
    known: dict[tuple[object, str], object] = {(row.community_id, row.name): row.id for row in session.execute(found)}
    new: dict[tuple[object, str], dict[str, object]] = {}
    for row in rows:
        key = (communities[row.district, row.community], row.building)
        if key not in known and key not in new:
            new[key] = {"id": new_id(), "community_id": key[0], "name": row.building}
    if new:
        session.execute(insert(Building).values(list(new.values())))
    return {**known, **{key: value["id"] for key, value in new.items()}}, len(new)


def entrust(
    session: Session, community: Community, organisation: Organisation, *, by: Actor, at: datetime
) -> Community:
    """Say which organisation looks after a community: its people see the community's lifts, faults and policies.

    Refuses Invalid `community_needs_community` for an organisation of another kind.
    """
    if organisation.kind != "community":
        raise Invalid("community_needs_community", kind=organisation.kind)
    community.organisation_id = organisation.id
    session.flush()
    facts = {"organisation": str(organisation.id)}
    audit.record(session, "community.entrusted", by=by, at=at, of=("community", community.id), facts=facts)
    return community


def repairers() -> Select[Organisation]:
    """Return the query of the organisations that can maintain a lift, by name."""
    return select(Organisation).where(Organisation.kind == "repairer").order_by(Organisation.sort_key, Organisation.id)


def repairer(session: Session, organisation_id: uuid.UUID | None) -> Organisation:
    """Return an organisation that can maintain a lift; Invalid `repairer_not_found` for any other, or none."""
    found = session.scalar(repairers().where(Organisation.id == organisation_id)) if organisation_id else None
    if found is None:
        raise Invalid("repairer_not_found")
    return found


def appoint_for_lift(
    session: Session, lift: Lift, organisation: Organisation | None, *, by: Actor, at: datetime
) -> None:
    """Say which organisation maintains a lift (None: nobody any more): its people see and work the lift's faults.

    Faults that are open go over with the lift. Refuses Invalid `lift_needs_repairer` for an organisation of another
    kind, Conflict `repairer_stands` where it is the one already.
    """
    _appoint(session, [lift], organisation, ("lift", lift.id), by=by, at=at)


def appoint_for_community(
    session: Session, community: Community, organisation: Organisation | None, *, by: Actor, at: datetime
) -> int:
    """Say which organisation maintains all lifts of a community, as `appoint_for_lift` does; return how many changed.

    Refuses NotFound `community_has_no_lift` beside what that refuses.
    """
    query = select(Lift).join(Building, Building.id == Lift.building_id).where(Building.community_id == community.id)
    lifts = session.scalars(query.order_by(Lift.id).with_for_update(of=Lift)).all()
    if not lifts:
        raise NotFound("community_has_no_lift", name=community.name)
    return _appoint(session, lifts, organisation, ("community", community.id), by=by, at=at)


def _appoint(
    session: Session,
    lifts: Sequence[Lift],
    organisation: Organisation | None,
    of: tuple[str, uuid.UUID],
    *,
    by: Actor,
    at: datetime,
) -> int:
    if organisation is not None and organisation.kind != "repairer":
        raise Invalid("lift_needs_repairer", kind=organisation.kind)
    new = organisation.id if organisation else None
    changed = [lift for lift in lifts if lift.repairer_id != new]
    if not changed:
        raise Conflict("repairer_stands", name=organisation.name if organisation else "")
    for lift in changed:
        lift.repairer_id = new
    session.flush()
    facts: dict[str, object] = {"lifts": len(changed)}
    if organisation is not None:
        facts |= {"organisation": str(organisation.id), "repairer": organisation.name}
    verb = "repairer_ended" if organisation is None else "repairer_set"
    audit.record(session, f"{of[0]}.{verb}", by=by, at=at, of=of, facts=facts)
    return len(changed)


def sees_lift(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on which an actor may see a lift.

    A community sees its own, a repairer those that it maintains, everyone else on the staff all.
    """
    if actor.role is Role.REPAIRER:
        return Lift.repairer_id == actor.organisation_id
    if actor.role in {Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER}:
        # Under names of their own, for queries that ask for buildings and communities themselves.
        building, place = aliased(Building), aliased(Community)
        own = select(building.id).join(place, place.id == building.community_id)
        return Lift.building_id.in_(own.where(place.organisation_id == actor.organisation_id))
    return true()


def community(session: Session, community_id: uuid.UUID, actor: Actor) -> Community:
    """Return a community that the actor may see; NotFound `community_not_found`."""
    row = session.scalar(communities_visible_to(actor).where(Community.id == community_id))
    if row is None:
        raise NotFound("community_not_found")
    return row


def lift(session: Session, lift_id: uuid.UUID, actor: Actor) -> Lift:
    """Return a lift that the actor may see; NotFound `lift_not_found`."""
    row = session.scalar(select(Lift).where(Lift.id == lift_id, sees_lift(actor)))
    if row is None:
        raise NotFound("lift_not_found")
    return row


def sees_every(actor: Actor) -> bool:
    """Say whether an actor may see all communities there are: the staff, but for a community's people and repairers."""
    return actor.role not in {Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.REPAIRER}


def communities_visible_to(actor: Actor) -> Select[Community]:
    """Return the query of the communities an actor may see.

    A community's own, a repairer's those where it maintains a lift, all for everyone else on the staff.
    """
    query = select(Community).order_by(Community.sort_key, Community.id)
    if actor.role in {Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER}:
        return query.where(Community.organisation_id == actor.organisation_id)
    if actor.role is Role.REPAIRER:
        maintained = select(Building.community_id).join(Lift, Lift.building_id == Building.id).where(sees_lift(actor))
        return query.where(Community.id.in_(maintained))
    return query


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the city's register is insured on a day."""

    communities: int
    communities_insured: int
    lifts: int
    lifts_insured: int
    households_insured: int


def coverage_query(on: date) -> Select[*tuple[Any, ...]]:
    """Return the query of how much of the register is insured on a day: one row, as `Coverage` has it."""
    in_force = (CoverCount.covered_from <= on) & (CoverCount.covered_to > on) & (CoverCount.lifts > 0)
    covers = select(CoverCount).where(CoverCount.community_id == Community.id, in_force)
    # A lift is covered by one policy at a time, so covers are lifts.
    return select(
        select(func.count()).select_from(Community).scalar_subquery(),
        func.count(),
        select(func.coalesce(func.sum(EstateCount.lifts), 0)).scalar_subquery(),
        select(func.coalesce(func.sum(CoverCount.lifts), 0)).where(in_force).scalar_subquery(),
        func.coalesce(func.sum(Community.households), 0),
    ).where(covers.exists())


def coverage(session: Session, on: date) -> Coverage:
    """Return how much of the register is insured on a day."""
    return Coverage(*map(int, session.execute(coverage_query(on)).one()))


def in_order() -> tuple[Any, ...]:
    """Return what buildings and their lifts are ordered by: the number in the building's name, 2栋 before 10栋."""
    number = func.lpad(func.coalesce(func.substring(Building.name, "[0-9]+"), ""), 9, "0")
    return number, Building.name, Lift.number


def uncovered(session: Session, community: Community, starts_on: date, ends_on: date) -> Sequence[Lift]:
    """Return a community's lifts that no policy covers at any time in [starts_on, ends_on), by number."""
    taken = (
        select(PolicyLift.lift_id)
        .join(Policy, Policy.id == PolicyLift.policy_id)
        .where(PolicyLift.covered_from < ends_on, PolicyLift.covered_to > starts_on)
    )
    query = (
        select(Lift)
        .join(Building, Building.id == Lift.building_id)
        .where(Building.community_id == community.id, Lift.id.not_in(taken))
        .order_by(Lift.number)
    )
    return session.scalars(query).all()
