"""Faults in lists: one query for pages, API and export, its filters, and the queue in the order of the clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from claims import faults
from claims.models import Claim, Fault
from core.clock import CITY
from core.permits import Actor
from underwriting.models import Building, Community, Lift
from web.fault_clocks import ShownClock, clocks_of, next_clock
from web.listing import Asked, Query, contains

OPEN_STAGES = ("reported", "acknowledged", "on_site")
STAGES = (*OPEN_STAGES, "repaired", "accepted", "withdrawn")
#: A queue longer than this is shown in part, oldest first; the list has the rest.
QUEUE_MOST = 300

#: What a list may be sorted by.
SORTS: dict[str, Any] = {
    "number": Fault.number,
    "reported_at": Fault.reported_at,
    "repaired_at": Fault.repaired_at,
    "lift_number": Lift.number,
    "community": Community.sort_key,
}


def faults_of(actor: Actor) -> Query:
    """Return the query of the faults an actor may see, each with its lift, place and claim, and whether it works it."""
    claimed = select(Claim.number).where(Claim.fault_id == Fault.id, Claim.stage != "rejected").limit(1)
    return (
        faults.visible_to(actor)
        .join(Lift, Lift.id == Fault.lift_id)
        .join(Building, Building.id == Lift.building_id)
        .join(Community, Community.id == Building.community_id)
        .with_only_columns(
            Fault.id,
            Fault.number,
            Fault.lift_id,
            Fault.stage,
            Fault.description,
            Fault.is_trapped,
            Fault.is_built_up,
            Fault.source,
            Fault.reported_at,
            Fault.acknowledged_at,
            Fault.arrived_at,
            Fault.repaired_at,
            Fault.accepted_at,
            Fault.reported_by,
            faults.workable_by(actor).label("is_workable"),
            Lift.number.label("lift_number"),
            Building.name.label("building"),
            Community.name.label("community"),
            Community.district.label("district"),
            Community.id.label("community_id"),
            claimed.scalar_subquery().label("claim_number"),
        )
    )


def asked_for(query: Query, asked: Asked) -> Query:
    """Return the query narrowed by the filters of the address: q, stage, trapped, since, until (by day of report)."""
    word = asked.text("q")
    if word:
        by_number = [Fault.number == int(word)] if word.isascii() and word.isdigit() and len(word) < 18 else []
        query = query.where(or_(contains(Lift.number, word), contains(Community.name, word), *by_number))
    stage = asked.choice("stage", (*STAGES, "open"))
    if stage:
        query = query.where(Fault.stage.in_(OPEN_STAGES if stage == "open" else (stage,)))
    if asked.choice("trapped", ("yes",)):
        query = query.where(Fault.is_trapped)
    since, until = asked.day("since"), asked.day("until")
    if since:
        query = query.where(Fault.reported_at >= datetime(since.year, since.month, since.day, tzinfo=CITY))
    if until:
        last = datetime(until.year, until.month, until.day, tzinfo=CITY) + timedelta(days=1)
        query = query.where(Fault.reported_at < last)
    return query


def queue(session: Session, actor: Actor, *, at: datetime) -> list[tuple[Row[Any], ShownClock | None]]:
    """Return the open faults an actor may see with the clock each is worked by, the most pressing first.

    Somebody inside a lift comes before everything else.
    """
    query = faults_of(actor).where(Fault.stage.in_(OPEN_STAGES)).order_by(Fault.reported_at).limit(QUEUE_MOST)
    rows = session.execute(query).all()
    return by_clock(rows, clocks_of(session, rows, at=at))


def by_clock(rows: Iterable[Row[Any]], clocks: dict[Any, list[ShownClock]]) -> list[tuple[Row[Any], ShownClock | None]]:
    """Return rows with their next clock, in the order in which they press."""
    pairs = [(row, next_clock(clocks[row.id])) for row in rows]
    return sorted(pairs, key=lambda pair: _pressing(*pair))


def _pressing(row: Row[Any], clock: ShownClock | None) -> tuple[bool, bool, datetime]:
    is_inside = row.is_trapped and row.arrived_at is None
    return (not is_inside, clock is None, (clock.due_at if clock else None) or row.reported_at)
