"""Verbs on a tender up to its opening, and on its end: draft, approve, publish, cancel; who sees it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from core import audit
from core.audit import AuditEvent
from core.clock import on
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import Actor, Role, require, require_other_person
from core.stages import step
from tender.drafting import TenderDraft, broken_rules, columns_of, custodians_of, notice_of
from tender.envelope import ONE_ENVELOPE, Terms
from tender.models import Amendment, Criterion, Tender, TenderSide
from tender.moving import lock_tender, move_tender, take_side
from tender.stages import TENDER_MOVES, has_closed

#: Who sees tenders that are not published.
_BUREAU = frozenset({Role.OFFICER, Role.APPROVER, Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR, Role.SYSTEM})


def visible_to(actor: Actor) -> Select[Tender]:
    """Return the tenders that an actor may know of: the bureau all, others the published ones and those they serve."""
    query = select(Tender)
    if actor.role in _BUREAU:
        return query
    sits_on = select(TenderSide.tender_id).where(TenderSide.person_id == actor.person_id)
    return query.where(or_(Tender.published_at.is_not(None), Tender.id.in_(sits_on)))


def sees_result(tender: Tender, actor: Actor) -> bool:
    """Say whether an actor may read report, shares and award: the bureau always, everyone once they are publicised."""
    return actor.role in _BUREAU or tender.publicity_from_at is not None


def get(session: Session, tender_id: uuid.UUID, *, by: Actor) -> Tender:
    """Return a tender; NotFound `tender_not_found` where there is none that the actor may know of."""
    row = session.scalar(visible_to(by).where(Tender.id == tender_id))
    if row is None:
        raise NotFound("tender_not_found")
    return row


def by_number(session: Session, number: str, *, by: Actor) -> Tender:
    """Return a tender by its public number; NotFound `tender_not_found`."""
    row = session.scalar(visible_to(by).where(Tender.number == number))
    if row is None:
        raise NotFound("tender_not_found")
    return row


def terms_of(session: Session, tender: Tender) -> Terms:
    """Return what every envelope of a tender must be sealed by; its bytes are the file that bidders download.

    Refuses with Conflict `tender_not_published`.
    """
    if tender.published_at is None or tender.notice_hash is None:
        raise Conflict("tender_not_published")
    keys = tuple(item.public_key for item in custodians_of(session, tender) if item.public_key is not None)
    return Terms(
        tender=str(tender.id),
        notice_sha256=bytes.fromhex(tender.notice_hash),
        amendment=tender.amendment,
        lock=tender.lock,
        parts=ONE_ENVELOPE,
        threshold=tender.threshold,
        custodians=keys,
    )


def amendments_of(session: Session, tender: Tender) -> Sequence[Amendment]:
    """Return a tender's published amendments, oldest first."""
    return session.scalars(select(Amendment).where(Amendment.tender_id == tender.id).order_by(Amendment.number)).all()


def draft(session: Session, what: TenderDraft, *, by: Actor, at: datetime) -> Tender:
    """Return a new tender in draft. Refuses `draft_wrong` (findings) and Conflict `tender_number_taken`."""
    require(by, "tender.draft")
    columns = columns_of(what)
    if session.scalar(select(Tender.id).where(Tender.number == what.number)) is not None:
        raise Conflict("tender_number_taken", number=what.number)
    row = Tender(
        **columns,
        organisation_id=by.organisation_id,
        stage="draft",
        ceremony=1,
        amendment=0,
        created_by=by.person_id,
        created_at=at,
    )
    session.add(row)
    session.flush()
    _write_criteria(session, row, what)
    take_side(session, row, "bureau", by.person_id, by.organisation_id)
    audit.record(session, "tender.created", by=by, at=at, of=("tender", row.id), facts={"number": row.number})
    return row


def edit(session: Session, tender: Tender, what: TenderDraft, *, by: Actor, at: datetime) -> None:
    """Put another draft in the place of the first, criteria and all; only while the tender is in draft.

    With another threshold the keys are rehearsed anew. Refuses `draft_wrong` (findings), Conflict
    `tender_in_other_stage`.
    """
    require(by, "tender.draft")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "draft")
    columns = columns_of(what)
    if columns["threshold"] != tender.threshold:
        tender.ceremony += 1
    for name, value in columns.items():
        setattr(tender, name, value)
    session.flush()
    session.execute(delete(Criterion).where(Criterion.tender_id == tender.id))
    _write_criteria(session, tender, what)
    take_side(session, tender, "bureau", by.person_id, by.organisation_id)
    audit.record(session, "tender.edited", by=by, at=at, of=("tender", tender.id))


def _write_criteria(session: Session, tender: Tender, what: TenderDraft) -> None:
    session.add_all(
        Criterion(
            tender_id=tender.id,
            place=place,
            name=item.name.strip(),
            weight_hundredths=item.weight_hundredths,
            mark_max_hundredths=item.mark_max_hundredths,
            mark_step_hundredths=item.mark_step_hundredths,
            is_objective=item.is_objective,
        )
        for place, item in enumerate(what.criteria)
    )
    session.flush()


def approve(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Approve a tender whose keys are ready, and fix its notice: from here on its hash is what bids are sealed to.

    Nobody who had a hand in the draft does it. Refuses with Invalid `tender_breaks_rules`, its findings naming every
    rule of the profile that the draft breaks, and Forbidden `second_person_needed`.
    """
    require(by, "tender.approve")
    tender = lock_tender(session, tender, by=by)
    require_no_drafter(session, tender, by)
    take_side(session, tender, "bureau", by.person_id, by.organisation_id)
    if found := broken_rules(session, tender, on(at)):
        raise Invalid("tender_breaks_rules", findings=found)
    tender.notice = notice_of(session, tender)
    tender.notice_hash = hashlib.sha256(tender.notice.encode()).hexdigest()
    tender.approved_by, tender.approved_at = by.person_id, at
    move_tender(session, tender, "approve", by=by, at=at, facts={"notice_sha256": tender.notice_hash})


def require_no_drafter(session: Session, tender: Tender, by: Actor) -> None:
    """Refuse with Forbidden `second_person_needed` whoever created or edited the tender's draft, as the log has it."""
    edited = select(AuditEvent.id).where(
        AuditEvent.object_kind == "tender",
        AuditEvent.object_id == str(tender.id),
        AuditEvent.action == "tender.edited",
        AuditEvent.person_id == by.person_id,
    )
    require_other_person(tender.created_by, by)
    if session.scalar(edited.limit(1)) is not None:
        raise Forbidden("second_person_needed")


def return_to_draft(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Take a tender that is not published back to be changed; the approval falls and the rehearsal is due again."""
    require(by, "tender.approve" if by.role is Role.APPROVER else "tender.draft")
    tender = lock_tender(session, tender, by=by)
    tender.notice = tender.notice_hash = tender.approved_by = tender.approved_at = tender.rehearsed_at = None
    tender.ceremony += 1
    move_tender(session, tender, "return", by=by, at=at)


def publish(session: Session, tender: Tender, *, medium: str, by: Actor, at: datetime) -> None:
    """Publish an approved tender in a designated medium; it takes bids from now until its deadline.

    The rules are looked at again for the day of publishing. Refuses with Invalid `tender_breaks_rules` (findings),
    `medium_missing`, Conflict `deadline_passed`.
    """
    require(by, "tender.publish")
    tender = lock_tender(session, tender, by=by)
    if not medium.strip():
        raise Invalid("medium_missing")
    if at >= tender.deadline_at:
        raise Conflict("deadline_passed")
    if found := broken_rules(session, tender, on(at)):
        raise Invalid("tender_breaks_rules", findings=found)
    take_side(session, tender, "bureau", by.person_id, by.organisation_id)
    tender.notice_medium, tender.published_at = medium.strip(), at
    move_tender(session, tender, "publish", by=by, at=at, facts={"notice_sha256": tender.notice_hash})


def require_reason(reason: str) -> str:
    """Return a reason as it is kept; Invalid `tender_reason_missing` where there is none."""
    if not reason.strip():
        raise Invalid("tender_reason_missing")
    return reason.strip()


def cancel(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """Call a tender off before its opening; its bids stay closed for ever. Invalid `tender_reason_missing`."""
    require(by, "tender.cancel")
    _end(session, tender, "cancel", reason, by, at)


def annul(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """Declare a tender void after its opening began, as the supervisor. Invalid `tender_reason_missing`."""
    require(by, "tender.annul")
    _end(session, tender, "annul", reason, by, at)


def fail(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """End a tender that leads to no award (流标); one that takes bids, not before its deadline.

    Refuses with Invalid `tender_reason_missing`, Conflict `deadline_not_passed` (deadline_at).
    """
    require(by, "tender.fail")
    if tender.stage == "published" and not has_closed(tender.stage, tender.deadline_at, at):
        raise Conflict("deadline_not_passed", deadline_at=tender.deadline_at)
    _end(session, tender, "fail", reason, by, at)


def _end(session: Session, tender: Tender, verb: str, reason: str, by: Actor, at: datetime) -> None:
    tender = lock_tender(session, tender, by=by)
    if tender.stage == "suspended":
        # A halt changes nothing of what may be done: what was opened is not called off, what was not is not void.
        step(TENDER_MOVES, tender.stage_before or tender.stage, verb, kind="tender")
    tender.end_reason, tender.ended_at, tender.stage_before = require_reason(reason), at, None
    move_tender(session, tender, verb, by=by, at=at)


def require_stage(tender: Tender, *stages: str) -> None:
    """Refuse with Conflict `tender_in_other_stage` (stage, wanted) unless the tender is in one of these stages."""
    if tender.stage not in stages:
        raise Conflict("tender_in_other_stage", stage=tender.stage, wanted=list(stages))
