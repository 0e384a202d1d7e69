"""A fault told by whoever stands beside the lift: which lifts they may tell of, and what becomes of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims.models import Fault
from core.errors import NotFound
from core.permits import Actor
from underwriting import estates
from underwriting.models import Building, Community, Lift
from web.fault_queue import OPEN_STAGES
from web.formats import t

#: The steps of a fault as whoever told of it follows them: stage, done (中文, English), still to come (中文, English),
#: the instant that ends it.
PARCEL: Sequence[tuple[str, tuple[str, str], tuple[str, str], str]] = (
    ("reported", ("已报修", "Reported"), ("报修", "Report"), "reported_at"),
    ("acknowledged", ("维保单位已接单", "Taken by the repairer"), ("等待接单", "To be taken"), "acknowledged_at"),
    ("on_site", ("维修人员已到场", "Crew on site"), ("等待到场", "Crew to arrive"), "arrived_at"),
    ("repaired", ("已修复", "Repaired"), ("等待修复", "To be repaired"), "repaired_at"),
    ("accepted", ("已验收", "Accepted"), ("等待验收", "To be accepted"), "accepted_at"),
)


def lift_of(session: Session, number: str, actor: Actor) -> Any:
    """Return a lift with its place by its number: for a community one of its own, for others any.

    Refuses NotFound `lift_number_unknown`.
    """
    seen = estates.communities_visible_to(actor).order_by(None).with_only_columns(Community.id)
    return place_of(session, number, seen)


def place_of(session: Session, number: str, seen: Any = None) -> Any:
    """Return a lift with its place by its number; NotFound `lift_number_unknown`."""
    query = (
        select(
            Lift.id,
            Lift.number,
            Building.name.label("building"),
            Community.name.label("community"),
            Community.id.label("community_id"),
        )
        .join(Building, Building.id == Lift.building_id)
        .join(Community, Community.id == Building.community_id)
        .where(Lift.number == number.strip())
    )
    if seen is not None:
        query = query.where(Community.id.in_(seen))
    row = session.execute(query).first()
    if row is None:
        raise NotFound("lift_number_unknown", number=number.strip()[:40])
    return row


def open_faults(session: Session, lift_id: Any) -> Sequence[Fault]:
    """Return the faults of a lift that are not repaired, newest first."""
    query = select(Fault).where(Fault.lift_id == lift_id, Fault.stage.in_(OPEN_STAGES))
    return session.scalars(query.order_by(Fault.reported_at.desc())).all()


def parcel_of(fault: Any) -> list[dict[str, Any]]:
    """Return the way of a fault as the `parcel` macro takes it; nothing of what was written is told."""
    if fault.stage == "withdrawn":
        return [
            {"label": t("已报修", "Reported"), "at": fault.reported_at, "is_done": True, "is_current": False},
            {"label": t("报修已撤回", "Report taken back"), "at": None, "is_done": True, "is_current": True},
        ]
    stages = [stage for stage, *_ in PARCEL]
    reached = stages.index(fault.stage)
    return [
        {
            "label": t(*(done if place <= reached else coming)),
            "at": getattr(fault, instant),
            "is_done": place <= reached,
            "is_current": place == reached + 1 or (place == reached and reached == len(PARCEL) - 1),
        }
        for place, (_, done, coming, instant) in enumerate(PARCEL)
    ]
