"""Verbs on the evaluation committee: appointed, its conflicts declared once the bidders are known, then it begins."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Forbidden
from core.permits import Actor, require
from tender.models import Tender
from tender.moving import lock_tender, move_tender, take_side
from tender.outcome_models import CommitteeMember
from tender.tenders import require_stage


@dataclass(frozen=True, slots=True)
class Seat:
    """A person for the committee: an expert or the bureau's own, one of them in the chair."""

    person_id: uuid.UUID
    organisation_id: uuid.UUID
    is_expert: bool = True
    is_chair: bool = False


def appoint(session: Session, tender: Tender, seats: Sequence[Seat], *, by: Actor, at: datetime) -> None:
    """Add members to the committee; who they are stays secret until the result.

    Refuses with Forbidden `other_side` (one person is on one side of a tender), Conflict `committee_seat_taken`,
    `tender_in_other_stage`.
    """
    require(by, "tender.appoint")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "approved", "published", "opening", "opened")
    for seat in seats:
        take_side(session, tender, "committee", seat.person_id, seat.organisation_id)
        if session.get(CommitteeMember, (tender.id, seat.person_id)) is not None:
            raise Conflict("committee_seat_taken")
        session.add(
            CommitteeMember(
                tender_id=tender.id, person_id=seat.person_id, is_expert=seat.is_expert, is_chair=seat.is_chair
            )
        )
        session.flush()
    audit.record(session, "expert.drawn", by=by, at=at, of=("tender", tender.id), facts={"count": len(seats)})


def active_members(session: Session, tender: Tender) -> Sequence[CommitteeMember]:
    """Return the members who have not been replaced, in a fixed order."""
    query = select(CommitteeMember).where(CommitteeMember.tender_id == tender.id, CommitteeMember.replaced_at.is_(None))
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda row: row.person_id)


def own_seat(session: Session, tender: Tender, *, by: Actor) -> CommitteeMember:
    """Return the actor's seat; Forbidden `not_on_committee` where it has none or was replaced."""
    for row in active_members(session, tender):
        if row.person_id == by.person_id:
            return row
    raise Forbidden("not_on_committee")


def chair_seat(session: Session, tender: Tender, *, by: Actor) -> CommitteeMember:
    """Return the actor's seat, which must be the chair; Forbidden `not_on_committee`, `not_in_the_chair`."""
    row = own_seat(session, tender, by=by)
    if not row.is_chair:
        raise Forbidden("not_in_the_chair")
    return row


def declare(session: Session, tender: Tender, conflict: str, *, by: Actor, at: datetime) -> None:
    """Declare, now that the bidders are known, what ties the actor to one of them: "" for nothing.

    Whoever has a conflict is replaced from this moment on and marks nothing; another is appointed. Refuses with
    Conflict `bids_not_opened`, `declared_already`.
    """
    require(by, "tender.declare")
    row = own_seat(session, tender, by=by)
    if tender.opened_at is None:
        raise Conflict("bids_not_opened")
    if row.declared_at is not None:
        raise Conflict("declared_already")
    row.declared_at, row.conflict = at, conflict.strip()
    if row.conflict:
        row.replaced_at = at
    session.flush()
    event = "expert.recused" if row.conflict else "expert.declared"
    audit.record(session, event, by=by, at=at, of=("tender", tender.id))


def start_evaluation(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Begin the evaluation with a valid committee.

    Refuses with Conflict `committee_incomplete` (have, need, experts, experts_needed) unless it is of the published
    size, odd, with the published number of experts and one chair; `conflict_undeclared` (count).
    """
    require(by, "tender.evaluate")
    tender = lock_tender(session, tender, by=by)
    chair_seat(session, tender, by=by)
    members = active_members(session, tender)
    experts, chairs = sum(row.is_expert for row in members), sum(row.is_chair for row in members)
    is_whole = len(members) >= tender.committee_size and len(members) % 2 == 1 and chairs == 1
    if not is_whole or experts < tender.committee_experts:
        raise Conflict(
            "committee_incomplete",
            have=len(members),
            need=tender.committee_size,
            experts=experts,
            experts_needed=tender.committee_experts,
        )
    if silent := sum(row.declared_at is None for row in members):
        raise Conflict("conflict_undeclared", count=silent)
    move_tender(session, tender, "evaluate", by=by, at=at, facts={"members": len(members)})
