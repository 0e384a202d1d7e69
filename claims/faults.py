"""Faults: reported, acknowledged, reached, repaired, accepted; taken in whole lists; measured against the standard."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, false, func, insert, select, true
from sqlalchemy.orm import Session, joinedload

from claims import service_standard, stages
from claims.fault_rows import FaultReport, FaultRow, review
from claims.models import Fault, FaultEvent
from claims.service_standard import FaultTimes, Measured, Standard
from core import audit, calendar, clock
from core.clock import CITY
from core.db import new_id
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import Actor, Role
from core.working_time import Days
from underwriting import estates, pools
from underwriting.models import Building, Lift, Policy, PolicyLift, Pool

#: How many rows one INSERT of a list takes.
_BATCH = 500


#: What a report is told in, at most.
WORDS_MOST = 2000


@dataclass(frozen=True, slots=True)
class Report:
    """What a person says of a lift: where, what, and whether somebody is inside."""

    lift_number: str
    description: str
    is_trapped: bool = False
    is_built_up: bool = True
    source: str = "page"


def report(session: Session, told: Report, *, by: Actor, at: datetime) -> Fault:
    """Return a new fault, reported now: by a community on its own lifts, by the others on any.

    Refuses Invalid `fault_needs_words`, NotFound `lift_number_unknown`.
    """
    words = told.description.strip()
    if not words or len(words) > WORDS_MOST:
        raise Invalid("fault_needs_words", most=WORDS_MOST)
    lift = session.scalar(select(Lift).where(estates.sees_lift(by), Lift.number == told.lift_number.strip()))
    if lift is None:
        raise NotFound("lift_number_unknown", number=told.lift_number.strip()[:40])
    fault = Fault(
        lift_id=lift.id,
        stage="reported",
        description=words,
        is_trapped=told.is_trapped,
        is_built_up=told.is_built_up,
        source=told.source,
        reported_at=at,
        reported_by=by.person_id,
    )
    session.add(fault)
    session.flush()
    session.add(FaultEvent(fault_id=fault.id, verb="report", at=at, person_id=by.person_id, note=""))
    facts = {"number": fault.number, "is_trapped": told.is_trapped, "source": told.source}
    audit.record(session, "fault.report", by=by, at=at, of=("fault", fault.id), facts=facts)
    return fault


#: verb -> the instant that it sets.
_INSTANTS: Mapping[str, str] = {
    "acknowledge": "acknowledged_at",
    "arrive": "arrived_at",
    "repair": "repaired_at",
    "accept": "accepted_at",
}

#: The steps of whoever works a fault.
WORK = frozenset({"acknowledge", "arrive", "repair"})


def advance(session: Session, fault: Fault, verb: str, *, by: Actor, at: datetime, note: str = "") -> Fault:
    """Move a fault on (`acknowledge`, `arrive`, `repair`, `accept`, `reopen`, `withdraw`) at the server's instant.

    Taking a repair back (`reopen`) or a report (`withdraw`) needs a note. Refuses Conflict `stage_refuses`, Invalid
    `fault_step_needs_note`, `fault_times_disordered`, Forbidden `fault_of_another_desk` (`require_step`).
    """
    row = lock(session, fault.id)
    require_step(session, row, verb, by)
    if verb in {"reopen", "withdraw"} and not note.strip():
        raise Invalid("fault_step_needs_note", verb=verb)
    earlier = [row.reported_at, row.acknowledged_at, row.arrived_at, row.repaired_at]
    if any(instant and instant > at for instant in earlier):
        raise Invalid("fault_times_disordered", fault=row.number)
    stages.move_fault(session, row, verb, by=by, at=at, note=note.strip())
    if verb == "reopen":
        row.repaired_at = None
    elif verb in _INSTANTS:
        setattr(row, _INSTANTS[verb], at)
    session.flush()
    return row


def workable_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on which an actor works a fault: the lift's repairer, and the lead's claims handler.

    The lead is that of the pool whose policy covered the lift on the day of the report: it answers for the claim, so
    its followers look on. The machinery may.
    """
    if actor.role is Role.SYSTEM:
        return true()
    if actor.role is Role.REPAIRER:
        return Fault.lift_id.in_(select(Lift.id).where(estates.sees_lift(actor)))
    if actor.role is not Role.CLAIMS_HANDLER:
        return false()
    day = func.date(func.timezone(CITY.key, Fault.reported_at))
    covered = (
        select(PolicyLift.lift_id)
        .join(Policy, Policy.id == PolicyLift.policy_id)
        .join(Pool, Pool.id == Policy.pool_id)
        .where(PolicyLift.lift_id == Fault.lift_id, PolicyLift.covered_from <= day, PolicyLift.covered_to > day)
    )
    return exists(covered.where(Pool.lead_id == actor.organisation_id))


def may_step(actor: Actor, verb: str, reported_by: uuid.UUID | None, *, is_workable: bool) -> bool:
    """Say whether a step on a fault is the actor's: `is_workable` is what `workable_by` found of the fault.

    A claims handler takes back what it works, or what it reported itself.
    """
    if verb in WORK:
        return is_workable
    is_own = is_workable or (reported_by is not None and reported_by == actor.person_id)
    return verb != "withdraw" or actor.role is not Role.CLAIMS_HANDLER or is_own


def may_work(session: Session, fault: Fault, actor: Actor) -> bool:
    """Say whether an actor works a fault."""
    return bool(session.scalar(select(workable_by(actor)).where(Fault.id == fault.id)))


def require_step(session: Session, fault: Fault, verb: str, by: Actor) -> None:
    """Refuse Forbidden `fault_of_another_desk` where a step on a fault is not the actor's."""
    if not may_step(by, verb, fault.reported_by, is_workable=may_work(session, fault, by)):
        raise Forbidden("fault_of_another_desk", number=fault.number)


def lock(session: Session, fault_id: uuid.UUID) -> Fault:
    """Return a fault, locked until the transaction ends."""
    query = select(Fault).where(Fault.id == fault_id).options(joinedload(Fault.lift, innerjoin=True))
    row = session.scalar(query.with_for_update(of=Fault).execution_options(populate_existing=True))
    if row is None:
        raise NotFound("fault_not_found")
    return row


def get(session: Session, fault_id: uuid.UUID, actor: Actor) -> Fault:
    """Return a fault that the actor may see, with its lift, building and community; NotFound `fault_not_found`."""
    place = joinedload(Fault.lift).joinedload(Lift.building).joinedload(Building.community)
    row = session.scalar(visible_to(actor).where(Fault.id == fault_id).options(place))
    if row is None:
        raise NotFound("fault_not_found")
    return row


def events_of(session: Session, fault: Fault) -> Sequence[FaultEvent]:
    """Return the steps of a fault, oldest first."""
    return session.scalars(select(FaultEvent).where(FaultEvent.fault_id == fault.id).order_by(FaultEvent.id)).all()


def visible_to(actor: Actor) -> Select[Fault]:
    """Return the query of the faults an actor may see.

    A community sees its own lifts', a repairer those of the lifts that it maintains, an insurer those on lifts that
    its pools ever covered, the others all.
    """
    query = select(Fault)
    if actor.sees_all:
        return query
    if actor.role in {Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.REPAIRER}:
        return query.where(Fault.lift_id.in_(select(Lift.id).where(estates.sees_lift(actor))))
    mine = pools.visible_to(actor).with_only_columns(Pool.id)
    covered = select(PolicyLift.lift_id).join(Policy, Policy.id == PolicyLift.policy_id)
    return query.where(exists(covered.where(PolicyLift.lift_id == Fault.lift_id, Policy.pool_id.in_(mine))))


def known_lifts(session: Session, numbers: Iterable[str]) -> frozenset[str]:
    """Return those of these numbers that are lifts on record."""
    return frozenset(session.scalars(select(Lift.number).where(Lift.number.in_(set(numbers)))))


def review_rows(
    session: Session,
    rows: Iterable[FaultRow],
    *,
    at: datetime,
    collected_from: datetime | None = None,
    asks_for_lifts: bool = True,
) -> FaultReport:
    """Return what a list of faults holds against the lifts and faults on record: what would be taken, and why not.

    `asks_for_lifts=False` lets lifts pass that are not on record, for whoever registers them before taking the rows.
    """
    read = list(rows)
    numbers = {row.lift_number for row in read}
    known = known_lifts(session, numbers) if asks_for_lifts else None
    found = select(Lift.number, Fault.reported_at).join(Lift, Lift.id == Fault.lift_id).where(Lift.number.in_(numbers))
    recorded = {(row.number, row.reported_at) for row in session.execute(found)}
    return review(read, at=at, known_lifts=known, recorded=recorded, collected_from=collected_from)


def take_rows(session: Session, checked: FaultReport, source: str, *, by: Actor, at: datetime) -> int:
    """Write the rows that a review takes, all in this transaction; return how many.

    Refuses Conflict `no_row_to_take` where there is none.
    """
    if not checked.taken:
        raise Conflict("no_row_to_take", read=checked.read)
    numbers = {row.lift_number for row in checked.taken}
    lifts = {
        row.number: row.id for row in session.execute(select(Lift.number, Lift.id).where(Lift.number.in_(numbers)))
    }
    faults = [_values(row, lifts[row.lift_number], source, by) for row in checked.taken]
    for start in range(0, len(faults), _BATCH):
        chunk = faults[start : start + _BATCH]
        session.execute(insert(Fault), chunk)
        steps = [
            {
                "id": new_id(),
                "fault_id": row["id"],
                "verb": "import",
                "at": at,
                "person_id": by.person_id,
                "note": source,
            }
            for row in chunk
        ]
        session.execute(insert(FaultEvent), steps)
    facts = {"rows": len(faults), "read": checked.read}
    audit.record(session, "fault.import", by=by, at=at, of=("fault_list", new_id()), facts=facts)
    return len(faults)


def _values(row: FaultRow, lift_id: uuid.UUID, source: str, by: Actor) -> dict[str, object]:
    """Return the columns of a fault that a list tells of."""
    return {
        "id": new_id(),
        "lift_id": lift_id,
        "stage": "repaired" if row.restored_at else "reported",
        "description": row.description or "-",
        "is_trapped": row.is_trapped,
        "is_built_up": True,
        "source": source,
        "reported_at": row.reported_at,
        "acknowledged_at": row.acknowledged_at,
        "arrived_at": row.arrived_at,
        "repaired_at": row.restored_at,
        "reported_by": by.person_id,
        "version": 1,
    }


def days_around(session: Session, since: datetime, until: datetime) -> Days:
    """Return what the calendar knows of the days that clocks started between two instants can reach."""
    return calendar.load(session, clock.on(since), clock.on(until + timedelta(days=30)))


def figures(
    session: Session, actor: Actor, standard: Standard, *, since: datetime, until: datetime, at: datetime
) -> Measured:
    """Return the service figures of the faults reported in [since, until) that the actor may see, as of `at`."""
    seen = (
        visible_to(actor)
        .where(Fault.reported_at >= since, Fault.reported_at < until, Fault.stage != "withdrawn")
        .with_only_columns(
            Fault.number,
            Fault.reported_at,
            Fault.acknowledged_at,
            Fault.arrived_at,
            Fault.repaired_at,
            Fault.is_trapped,
            Fault.is_built_up,
        )
    )
    told = [FaultTimes(str(row[0]), *row[1:]) for row in session.execute(seen)]
    return service_standard.measure(told, standard, days_around(session, since, at), at)
