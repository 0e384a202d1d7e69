"""Verbs on the evaluation committee: appointed, its conflicts declared once the bidders are known, then it begins.

Nobody on it belongs to a bidder or its group, or did in the past year. Who bids is a secret until the opening, so that
until then every insurer counts as one. What a member declares is one thing, what the mandates say is another: both must
be clear.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core import audit, parties
from core.clock import on
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.parties import Mandate, Organisation, Person
from core.permits import Actor, Role, kind_of, require
from tender.models import Tender
from tender.moving import database_speaks, lock_tender, move_tender, take_side
from tender.outcome_models import CommitteeMember, OpenedBid
from tender.rules.articles import DRAFT_RULES, Committee, in_force
from tender.rules.plan import Profile
from tender.tenders import require_stage


@dataclass(frozen=True, slots=True)
class Seat:
    """A person for the committee: an expert or the bureau's own, one of them in the chair."""

    person_id: uuid.UUID
    organisation_id: uuid.UUID
    is_expert: bool = True
    is_chair: bool = False


#: A mandate that ended less than this long ago still ties a person to its insurer.
TIED_FOR = timedelta(days=365)


def ties_of(session: Session, tender: Tender, people: Sequence[uuid.UUID], *, at: datetime) -> list[Finding]:
    """Return what ties people to a bidder or its group (before the opening: to any insurer's), by their mandates.

    Each finding `member_tied` names the person and, in its facts, the organisation and the mandate's last day
    (`until`, "" while it runs).
    """
    since = on(at) - TIED_FOR
    fellow = aliased(Organisation)
    in_one_group = func.coalesce(fellow.group_id, fellow.id) == func.coalesce(Organisation.group_id, Organisation.id)
    if tender.opened_at is None:
        bids = fellow.kind == "insurer"
    else:
        bids = fellow.id.in_(select(OpenedBid.organisation_id).where(OpenedBid.tender_id == tender.id))
    query = (
        select(Person.name, Organisation.name, Mandate.valid_to)
        .join(Person, Person.id == Mandate.person_id)
        .join(Organisation, Organisation.id == Mandate.organisation_id)
        .where(Mandate.person_id.in_(people), exists().where(in_one_group, bids))
        .where(or_(Mandate.valid_to.is_(None), and_(Mandate.valid_to > Mandate.valid_from, Mandate.valid_to > since)))
        .order_by(Person.name, Person.id, Organisation.sort_key, Mandate.id)
    )
    return [
        Finding("member_tied", name, {"organisation": whose, "until": until.isoformat() if until else ""})
        for name, whose, until in session.execute(query)
    ]


def require_neutral(session: Session, tender: Tender, people: Sequence[uuid.UUID], *, at: datetime) -> None:
    """Refuse with Invalid `committee_tied` (who; findings `member_tied`) where a mandate ties somebody to a bidder."""
    if found := ties_of(session, tender, people, at=at):
        raise Invalid(
            "committee_tied", findings=found, who=[f"{one.where} {one.facts['organisation']}" for one in found]
        )


def appoint(session: Session, tender: Tender, seats: Sequence[Seat], *, by: Actor, at: datetime) -> None:
    """Add members to the committee; who they are stays secret until the result.

    Refuses with Forbidden `other_side` (one person is on one side of a tender), Invalid `committee_tied` as
    `require_neutral` does, `seat_not_neutral` where the seat is an insurer's, Conflict `committee_seat_taken`,
    `tender_in_other_stage`.
    """
    require(by, "tender.appoint")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "approved", "published", "opening", "opened")
    for seat in seats:
        if parties.organisation(session, seat.organisation_id).kind not in kind_of(Role.EXPERT):
            raise Invalid("seat_not_neutral")
    require_neutral(session, tender, [seat.person_id for seat in seats], at=at)
    for seat in seats:
        take_side(session, tender, "committee", seat.person_id, seat.organisation_id)
        if session.get(CommitteeMember, (tender.id, seat.person_id)) is not None:
            raise Conflict("committee_seat_taken")
        session.add(
            CommitteeMember(
                tender_id=tender.id, person_id=seat.person_id, is_expert=seat.is_expert, is_chair=seat.is_chair
            )
        )
        with database_speaks():
            session.flush()
    audit.record(session, "expert.drawn", by=by, at=at, of=("tender", tender.id), facts={"count": len(seats)})


def replace(session: Session, tender: Tender, person_id: uuid.UUID, reason: str, *, by: Actor, at: datetime) -> None:
    """Take a member off the committee before the evaluation begins, for a reason on record; another is appointed.

    Refuses with Invalid `tender_reason_missing`, NotFound `seat_not_found`, Conflict `tender_in_other_stage`.
    """
    require(by, "tender.appoint")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "approved", "published", "opening", "opened")
    if not reason.strip():
        raise Invalid("tender_reason_missing")
    row = session.get(CommitteeMember, (tender.id, person_id), populate_existing=True)
    if row is None or row.replaced_at is not None:
        raise NotFound("seat_not_found")
    row.replaced_at = at
    session.flush()
    facts = {"member": str(person_id), "reason": reason.strip()}
    audit.record(session, "expert.replaced", by=by, at=at, of=("tender", tender.id), facts=facts)


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

    Whoever has a conflict is replaced from this moment on and marks nothing; another is appointed. Nobody declares
    "nothing" whose mandates say otherwise: Invalid `committee_tied`. Refuses with Conflict `bids_not_opened`,
    `declared_already`.
    """
    require(by, "tender.declare")
    row = own_seat(session, tender, by=by)
    if tender.opened_at is None:
        raise Conflict("bids_not_opened")
    if row.declared_at is not None:
        raise Conflict("declared_already")
    if not conflict.strip():
        require_neutral(session, tender, [row.person_id], at=at)
    row.declared_at, row.conflict = at, conflict.strip()
    if row.conflict:
        row.replaced_at = at
    with database_speaks():
        session.flush()
    event = "expert.recused" if row.conflict else "expert.declared"
    audit.record(session, event, by=by, at=at, of=("tender", tender.id))


def start_evaluation(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Begin the evaluation with a valid committee.

    Refuses with Conflict `committee_incomplete` (have, need, experts, experts_needed) unless it is of the published
    size, odd, with the published number of experts, which is also the part of it that the law asks for, and one
    chair; `conflict_undeclared` (count); Invalid `committee_tied` as `require_neutral` does.
    """
    require(by, "tender.evaluate")
    tender = lock_tender(session, tender, by=by)
    chair_seat(session, tender, by=by)
    members = active_members(session, tender)
    experts, chairs = sum(row.is_expert for row in members), sum(row.is_chair for row in members)
    is_whole = len(members) >= tender.committee_size and len(members) % 2 == 1 and chairs == 1
    needed = max(tender.committee_experts, math.ceil(_experts_part(tender, at) * len(members)))
    if not is_whole or experts < needed:
        raise Conflict(
            "committee_incomplete",
            have=len(members),
            need=tender.committee_size,
            experts=experts,
            experts_needed=needed,
        )
    if silent := sum(row.declared_at is None for row in members):
        raise Conflict("conflict_undeclared", count=silent)
    require_neutral(session, tender, [row.person_id for row in members], at=at)
    move_tender(session, tender, "evaluate", by=by, at=at, facts={"members": len(members)})


def _experts_part(tender: Tender, at: datetime) -> Fraction:
    """Return what part of a committee must be experts by the rules of the tender's profile; 0 where none asks."""
    rules = in_force(DRAFT_RULES, Profile(tender.profile), on(at))
    return max((rule.check.experts_part for rule in rules if isinstance(rule.check, Committee)), default=Fraction(0))
