"""Who maintains which lifts, as an operator says it on the command line: by names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Invalid, NotFound
from core.parties import Organisation
from core.permits import SYSTEM
from underwriting import estates
from underwriting.models import Community, Lift


@dataclass(frozen=True, slots=True)
class Asked:
    """A repairer by name (or none), for a community by name and district, or for one lift by number."""

    name: str
    community: str
    district: str
    lift: str
    is_none: bool

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was asked for."""
        return not (self.name or self.community or self.district or self.lift or self.is_none)


def names(session: Session) -> list[str]:
    """Return the names of the repairers."""
    return [one.name for one in session.scalars(estates.repairers())]


def appoint(session: Session, asked: Asked, *, at: datetime) -> int:
    """Set the repairer as asked; return of how many lifts.

    Refuses Invalid `repairer_asked_wrong` (a name or none, a community or a lift: one of each), `repairer_unknown`,
    `community_ambiguous`, NotFound `lift_number_unknown`, `community_not_found`, and what the verbs refuse.
    """
    if bool(asked.name) == asked.is_none or bool(asked.community) == bool(asked.lift):
        raise Invalid("repairer_asked_wrong")
    whose = None if asked.is_none else _named(session, asked.name)
    if asked.lift:
        lift = session.scalar(select(Lift).where(Lift.number == asked.lift))
        if lift is None:
            raise NotFound("lift_number_unknown", number=asked.lift[:40])
        estates.appoint_for_lift(session, lift, whose, by=SYSTEM, at=at)
        return 1
    return estates.appoint_for_community(session, _place(session, asked), whose, by=SYSTEM, at=at)


def _named(session: Session, name: str) -> Organisation:
    found = session.scalar(estates.repairers().where(Organisation.name == name))
    if found is None:
        raise Invalid("repairer_unknown", name=name[:100])
    return found


def _place(session: Session, asked: Asked) -> Community:
    query = select(Community).where(Community.name == asked.community).order_by(Community.district)
    if asked.district:
        query = query.where(Community.district == asked.district)
    found = session.scalars(query).all()
    if not found:
        raise NotFound("community_not_found")
    if len(found) > 1:
        raise Invalid("community_ambiguous", districts=[one.district for one in found])
    return found[0]
