"""Who sits on a committee, for its pages and its API: the seats as they are, and people as the seats they take."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Invalid, NotFound
from core.parties import Mandate
from core.permits import Role
from tender import committee, reports
from tender.models import Tender
from tender.outcome_models import CommitteeMember, Report


def members_of(session: Session, tender: Tender) -> tuple[Sequence[CommitteeMember], set[uuid.UUID], Report | None]:
    """Return all who ever sat on a committee, the chair first; who has signed the report that stands; that report."""
    query = select(CommitteeMember).where(CommitteeMember.tender_id == tender.id)
    members = session.scalars(query.order_by(CommitteeMember.is_chair.desc(), CommitteeMember.person_id)).all()
    try:
        report = reports.latest(session, tender)
    except NotFound:
        return members, set(), None
    return members, {row.person_id for row in reports.signatures_of(session, report)}, report


def seats_for(session: Session, people: Collection[str | uuid.UUID]) -> list[committee.Seat]:
    """Return the seats of people by their mandates of today: who may take the chair sits as the bureau's own.

    Refuses with Invalid `seat_unknown` where anybody named has no mandate of expert or chair.
    """
    chosen = {str(one) for one in people}
    query = select(Mandate).where(Mandate.role.in_((Role.EXPERT.value, Role.CHAIR.value)), Mandate.valid_to.is_(None))
    found = {
        str(row.person_id): committee.Seat(
            row.person_id, row.organisation_id, row.role == Role.EXPERT.value, row.role == Role.CHAIR.value
        )
        for row in session.scalars(query.order_by(Mandate.id))
        if str(row.person_id) in chosen
    }
    if not found or found.keys() != chosen:
        raise Invalid("seat_unknown")
    return list(found.values())
