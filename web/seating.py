"""Who sits on a committee, for its pages and its API: the seats as they are, and people as the seats they take."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Invalid, NotFound
from core.parties import Mandate, in_force
from core.permits import Actor, Role
from tender import committee, reports
from tender.models import Tender
from tender.outcome_models import CommitteeMember, Report
from web.tender_frame import sees_inside


def members_of(session: Session, tender: Tender) -> tuple[Sequence[CommitteeMember], set[uuid.UUID], Report | None]:
    """Return all who ever sat on a committee, the chair first; who has signed the report that stands; that report."""
    query = select(CommitteeMember).where(CommitteeMember.tender_id == tender.id)
    members = session.scalars(query.order_by(CommitteeMember.is_chair.desc(), CommitteeMember.person_id)).all()
    try:
        report = reports.latest(session, tender)
    except NotFound:
        return members, set(), None
    return members, {row.person_id for row in reports.signatures_of(session, report)}, report


def may_see(session: Session, tender: Tender, *, by: Actor) -> bool:
    """Say whether somebody may know who sits: the bureau; from the opening on, whoever sits there now."""
    if sees_inside(by):
        return True
    active = committee.active_members(session, tender) if tender.opened_at is not None else ()
    return any(row.person_id == by.person_id for row in active)


def seats_for(session: Session, people: Collection[str | uuid.UUID], day: date) -> list[committee.Seat]:
    """Return the seats of people by their mandates of a day: who may take the chair sits as the bureau's own.

    Refuses with Invalid `seat_unknown` where anybody named has no mandate of expert or chair.
    """
    chosen = {str(one) for one in people}
    query = select(Mandate).where(Mandate.role.in_((Role.EXPERT.value, Role.CHAIR.value)), in_force(day))
    found = {
        str(row.person_id): committee.Seat(
            row.person_id, row.organisation_id, row.role == Role.EXPERT.value, row.role == Role.CHAIR.value
        )
        for row in session.scalars(query.order_by((Mandate.role == Role.CHAIR.value), Mandate.id))
        if str(row.person_id) in chosen
    }
    if not found or found.keys() != chosen:
        raise Invalid("seat_unknown")
    return list(found.values())
