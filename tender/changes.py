"""Verbs on a published tender that move its time: amend, extend, suspend, resume. None is one person's alone.

An amendment that leaves the deadline where it is the officer publishes; one that moves it the officer proposes and the
approver, another person, confirms. A halt is lifted by another than who ordered it, the supervisor's by the supervisor
alone, and gives back exactly the time that it took.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import on
from core.errors import Conflict, Forbidden, Invalid
from core.permits import Actor, Role, require, require_other_person
from core.stages import step
from tender.change_models import Extension, Halt
from tender.models import Amendment, Tender
from tender.moving import database_speaks, lock_tender, move_tender
from tender.rules.articles import DRAFT_RULES, AmendedBefore, in_force
from tender.rules.plan import Profile
from tender.stages import TENDER_MOVES, has_closed, resume_verb
from tender.tenders import require_reason

#: What an amendment says that gives back the time of a halt.
_GIVEN_BACK = "暂停后恢复，截止时间顺延。"


def waiting_extension(session: Session, tender: Tender) -> Extension | None:
    """Return the proposal to move a tender's deadline that waits for its answer; None where there is none."""
    return session.scalar(select(Extension).where(Extension.tender_id == tender.id, Extension.answer.is_(None)))


def halts_of(session: Session, tender: Tender) -> Sequence[Halt]:
    """Return a tender's suspensions, oldest first."""
    return session.scalars(select(Halt).where(Halt.tender_id == tender.id).order_by(Halt.number)).all()


def standing_halt(session: Session, tender: Tender) -> Halt | None:
    """Return the halt under which a tender stands; None where it is not suspended."""
    return session.scalar(select(Halt).where(Halt.tender_id == tender.id, Halt.lifted_at.is_(None)))


def amend(
    session: Session,
    tender: Tender,
    text: str,
    reason: str,
    *,
    affects_bids: bool,
    deadline_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Amendment | Extension:
    """Publish a change and return it, or return the proposal of one that moves the deadline: it waits for another.

    Where it affects bids and fewer days are left than the law asks for (15), the deadline is to move so that they are;
    a later one may be given. An outage of the platform is made good by an extension that does not affect bids. A new
    proposal replaces the one that waits. A bid sealed from the publication on names the amendment. Refuses with Invalid
    `amendment_empty`, `tender_reason_missing`, `deadline_earlier`, Conflict `deadline_passed`, `tender_takes_no_bids`.
    """
    require(by, "tender.amend")
    tender = lock_tender(session, tender, by=by)
    if not text.strip():
        raise Invalid("amendment_empty")
    why = require_reason(reason)
    _require_open(tender, at)
    after = _after(tender, deadline_at or tender.deadline_at, affects_bids, at)
    row = Amendment(
        tender_id=tender.id, text=text.strip(), reason=why, affects_bids=affects_bids, issued_by=by.person_id
    )
    if after == tender.deadline_at:
        return _publish(session, tender, row, after, by, at)
    return _propose(session, tender, row, after, by, at)


def _require_open(tender: Tender, at: datetime) -> None:
    if tender.stage != "published":
        raise Conflict("tender_takes_no_bids")
    if has_closed(tender.stage, tender.deadline_at, at):
        raise Conflict("deadline_passed")


def _after(tender: Tender, wanted: datetime, affects_bids: bool, at: datetime) -> datetime:
    """Return the deadline that an amendment published now leaves: no earlier, and with the days that the law wants."""
    if wanted < tender.deadline_at:
        raise Invalid("deadline_earlier", deadline_at=tender.deadline_at)
    short = _days_before_deadline(tender, at) - (on(wanted) - on(at)).days if affects_bids else 0
    return wanted + timedelta(days=max(short, 0))


def _days_before_deadline(tender: Tender, at: datetime) -> int:
    """Return how many days the profile's law wants between a change that affects bids and the deadline."""
    rules = in_force(DRAFT_RULES, Profile(tender.profile), on(at))
    return max((rule.check.days for rule in rules if isinstance(rule.check, AmendedBefore)), default=0)


def _propose(session: Session, tender: Tender, what: Amendment, after: datetime, by: Actor, at: datetime) -> Extension:
    earlier = waiting_extension(session, tender)
    if earlier is not None:
        earlier.answer, earlier.answered_by, earlier.answered_at = "replaced", by.person_id, at
        session.flush()
    last = session.scalar(select(func.max(Extension.number)).where(Extension.tender_id == tender.id))
    row = Extension(
        tender_id=tender.id,
        number=(last or 0) + 1,
        text=what.text,
        reason=what.reason,
        affects_bids=what.affects_bids,
        deadline_at=after,
        proposed_by=by.person_id,
        proposed_at=at,
    )
    session.add(row)
    session.flush()
    facts = {"proposal": row.number, "deadline_at": after.isoformat()}
    audit.record(session, "tender.extension_proposed", by=by, at=at, of=("tender", tender.id), facts=facts)
    return row


def answer_extension(
    session: Session, tender: Tender, reason: str = "", *, is_confirmed: bool, by: Actor, at: datetime
) -> Extension:
    """Confirm the waiting proposal, as another person: its amendment is published and the deadline moves; or refuse it.

    Where it affects bids and days went by meanwhile, the deadline moves by so many more. Refuses with Conflict
    `extension_missing`, `deadline_passed`, `tender_takes_no_bids`, Invalid `deadline_earlier` (the deadline has moved
    further meanwhile), `tender_reason_missing` for a refusal without one, Forbidden `second_person_needed`.
    """
    require(by, "tender.extend")
    tender = lock_tender(session, tender, by=by)
    row = waiting_extension(session, tender)
    if row is None:
        raise Conflict("extension_missing")
    require_other_person(row.proposed_by, by)
    if not is_confirmed:
        row.answer_reason = require_reason(reason)
        row.answer, row.answered_by, row.answered_at = "refused", by.person_id, at
        session.flush()
        facts = {"proposal": row.number}
        audit.record(session, "tender.extension_refused", by=by, at=at, of=("tender", tender.id), facts=facts)
        return row
    _require_open(tender, at)
    after = _after(tender, row.deadline_at, row.affects_bids, at)
    row.answer_reason = reason.strip() or None
    row.answer, row.answered_by, row.answered_at = "confirmed", by.person_id, at
    amendment = Amendment(
        tender_id=tender.id,
        text=row.text,
        reason=row.reason,
        affects_bids=row.affects_bids,
        issued_by=row.proposed_by,
        confirmed_by=by.person_id,
    )
    _publish(session, tender, amendment, after, by, at, proposal=row.number)
    return row


def _publish(
    session: Session,
    tender: Tender,
    row: Amendment,
    after: datetime,
    by: Actor,
    at: datetime,
    **more: object,
) -> Amendment:
    moved = after - tender.deadline_at
    row.number, row.cause = tender.amendment + 1, row.cause or "change"
    row.deadline_before, row.deadline_after, row.issued_at = tender.deadline_at, after, at
    tender.amendment, tender.deadline_at, tender.opening_at = row.number, after, tender.opening_at + moved
    session.add(row)
    with database_speaks():
        session.flush()
    facts = {
        "number": row.number,
        "deadline_at": after.isoformat(),
        "text_sha256": hashlib.sha256(row.text.encode()).hexdigest(),
        **more,
    }
    event = "tender.extended" if moved else "tender.amended"
    audit.record(session, event, by=by, at=at, of=("tender", tender.id), facts=facts)
    return row


def suspend(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """Halt a tender by order (an objection, a complaint): it takes no bid and nothing in it moves on.

    Refuses with Invalid `tender_reason_missing`.
    """
    require(by, "tender.suspend")
    tender = lock_tender(session, tender, by=by)
    stage, why = tender.stage, require_reason(reason)
    session.add(
        Halt(
            tender_id=tender.id,
            number=len(halts_of(session, tender)) + 1,
            reason=why,
            ordered_as="supervisor" if by.role is Role.SUPERVISOR else "officer",
            ordered_by=by.person_id,
            ordered_at=at,
        )
    )
    tender.end_reason, tender.suspended_at, tender.stage_before = why, at, stage
    move_tender(session, tender, "suspend", by=by, at=at, facts={"from": stage})


def may_resume(session: Session, tender: Tender, by: Actor) -> bool:
    """Say whether an actor is the one to lift the halt of a tender: the supervisor its own, another an officer's."""
    halt = standing_halt(session, tender)
    if halt is None:
        return False
    if halt.ordered_as == "supervisor":
        return by.role is Role.SUPERVISOR
    return by.role in (Role.APPROVER, Role.SUPERVISOR) and by.person_id != halt.ordered_by


def resume(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """Take a suspended tender back to where it was; a deadline or publicity that ran is longer by what was lost.

    A deadline that had passed before the halt stays passed. Refuses with Invalid `tender_reason_missing`, Conflict
    `stage_refuses`, Forbidden `supervisor_resumes` where the supervisor halted it, `second_person_needed`.
    """
    require(by, "tender.resume")
    tender = lock_tender(session, tender, by=by)
    before, since, halt = tender.stage_before, tender.suspended_at, standing_halt(session, tender)
    if tender.stage != "suspended":
        step(TENDER_MOVES, tender.stage, resume_verb("published"), kind="tender")
    if before is None or since is None or halt is None:
        raise Conflict("resume_stage_unknown", stage=before or "")
    if halt.ordered_as == "supervisor" and by.role is not Role.SUPERVISOR:
        raise Forbidden("supervisor_resumes")
    if halt.ordered_as != "supervisor":
        require_other_person(halt.ordered_by, by)
    why = require_reason(reason)
    if before == "published" and since < tender.deadline_at:
        row = Amendment(
            tender_id=tender.id, text=_GIVEN_BACK, reason=why, affects_bids=False, issued_by=by.person_id, cause="halt"
        )
        _publish(session, tender, row, tender.deadline_at + (at - since), by, at)
    ends_at = tender.publicity_ends_at
    if before == "standstill" and ends_at is not None and since < ends_at:
        tender.publicity_ends_at = ends_at + (at - since)
    halt.lift_reason, halt.lifted_by, halt.lifted_at = why, by.person_id, at
    halt.lifted_as = "supervisor" if by.role is Role.SUPERVISOR else "approver"
    session.flush()
    tender.stage_before = tender.suspended_at = tender.end_reason = None
    moved = {"ends_at": tender.publicity_ends_at.isoformat()} if tender.publicity_ends_at else {}
    move_tender(session, tender, resume_verb(before), by=by, at=at, facts=moved)
