"""Verbs from the publicity to the signed agreement: candidates shown, objections answered, the award, its numbers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core import audit, calendar
from core.clock import CITY, on
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import Actor, require
from tender.allocations import last_run, offers_of
from tender.drafting import digest_of
from tender.evaluations import bids_of
from tender.filling import WHOLE_BP
from tender.models import Bid, Tender
from tender.moving import database_speaks, lock_tender, move_bid, move_tender, take_side
from tender.outcome_models import AllocationRun, Award, AwardMember, Objection
from tender.reports import rescore
from tender.rules.articles import Period
from tender.rules.periods import last_day, period_rule
from tender.rules.plan import Profile
from tender.tenders import require_no_drafter, require_stage


@dataclass(frozen=True, slots=True)
class AwardedNumbers:
    """All that the pool and its agreement are formed from, with no retyping.

    `members` are (organisation, share) in basis points of `whole`, the lead first, then by rank. `terms` has the names
    of the agreement's terms, `lift_premium_fen` (the gross premium of one lift for one year) among them.
    """

    award_id: uuid.UUID
    award_digest: str
    tender_id: uuid.UUID
    tender_number: str
    tender_title: str
    starts_on: date
    ends_on: date
    members: tuple[tuple[uuid.UUID, int], ...]
    whole: int
    terms: dict[str, Any]
    service_standard: dict[str, Any]

    @property
    def lead_id(self) -> uuid.UUID:
        """Return the lead's organisation."""
        return self.members[0][0]


def publicise(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Show the candidates to everyone, for as long as the profile asks; objections are open until then.

    Refuses with Conflict `offers_unanswered` (count) unless every share of the last run is accepted,
    `calendar_not_known`.
    """
    require(by, "tender.allocate")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "allocated")
    waiting = sum(offer.answer != "accepted" for offer in offers_of(session, last_run(session, tender)))
    if waiting:
        raise Conflict("offers_unanswered", count=waiting)
    tender.publicity_from_at, tender.publicity_ends_at = at, _publicity_ends_at(session, tender, at)
    facts = {"ends_at": tender.publicity_ends_at.isoformat(), "run": last_run(session, tender).number}
    move_tender(session, tender, "publicise", by=by, at=at, facts=facts)


def _publicity_ends_at(session: Session, tender: Tender, at: datetime) -> datetime:
    """Return the end of the publicity's last day; a period begins the day after the event."""
    day = on(at)
    rule = period_rule(Profile(tender.profile), "publicity_lasts", day)
    if rule is None or not isinstance(rule.check, Period):
        return at
    days = calendar.load(session, day, day + timedelta(days=60))
    return datetime.combine(last_day(rule.check, day, days).on + timedelta(days=1), time(), CITY)


def object_to_result(session: Session, tender: Tender, text: str, *, by: Actor, at: datetime) -> Objection:
    """Return a new objection of a bidder to the result; until it is answered there is no award.

    Refuses with Invalid `objection_empty`, Conflict `publicity_over`, Forbidden `not_a_bidder`, `other_side`.
    """
    require(by, "tender.object")
    require_stage(tender, "standstill")
    if not text.strip():
        raise Invalid("objection_empty")
    if tender.publicity_ends_at is None or at >= tender.publicity_ends_at:
        raise Conflict("publicity_over")
    has_bid = select(Bid.id).where(Bid.tender_id == tender.id, Bid.organisation_id == by.organisation_id)
    if by.organisation_id is None or session.scalar(has_bid) is None:
        raise Forbidden("not_a_bidder")
    take_side(session, tender, "bidder", by.person_id, by.organisation_id)
    row = Objection(tender_id=tender.id, organisation_id=by.organisation_id, text=text.strip(), filed_at=at)
    session.add(row)
    session.flush()
    audit.record(session, "objection.filed", by=by, at=at, of=("objection", row.id), facts={"tender": str(tender.id)})
    return row


def objections_visible_to(actor: Actor) -> Select[Objection]:
    """Return the objections that an actor may read: a bidder its own, the bureau's readers all."""
    query = select(Objection)
    return query if actor.sees_all else query.where(Objection.organisation_id == actor.organisation_id)


def answer_objection(
    session: Session, objection: Objection, text: str, *, is_upheld: bool, by: Actor, at: datetime
) -> None:
    """Answer an objection; one that is upheld sends the tender back to its committee.

    Refuses with Invalid `objection_empty`, Conflict `objection_answered`, `tender_in_other_stage`.
    """
    require(by, "tender.answer")
    tender = lock_tender(session, session.get_one(Tender, objection.tender_id), by=by)
    require_stage(tender, "standstill")
    if not text.strip():
        raise Invalid("objection_empty")
    if objection.answered_at is not None:
        raise Conflict("objection_answered")
    objection.answer, objection.is_upheld, objection.answered_at = text.strip(), is_upheld, at
    session.flush()
    facts = {"is_upheld": is_upheld}
    audit.record(session, "objection.answered", by=by, at=at, of=("objection", objection.id), facts=facts)
    if is_upheld:
        tender.publicity_from_at = tender.publicity_ends_at = tender.reported_at = None
        move_tender(session, tender, "uphold", by=by, at=at)
        rescore(session, tender, by=by, at=at)


def award(session: Session, tender: Tender, *, by: Actor, at: datetime) -> Award:
    """Decide the award once the publicity is over: the numbers of the last run, fixed under one hash.

    Refuses with Conflict `publicity_runs` (until), `objections_open` (count), Forbidden `second_person_needed` for who
    had a hand in the draft.
    """
    require(by, "tender.award")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "standstill")
    require_no_drafter(session, tender, by)
    take_side(session, tender, "bureau", by.person_id, by.organisation_id)
    if tender.publicity_ends_at is None or at < tender.publicity_ends_at:
        raise Conflict("publicity_runs", until=tender.publicity_ends_at)
    unanswered = (
        select(func.count())
        .select_from(Objection)
        .where(Objection.tender_id == tender.id, Objection.answered_at.is_(None))
    )
    if count := session.scalar(unanswered):
        raise Conflict("objections_open", count=count)
    row = _decide(session, tender, last_run(session, tender), by, at)
    for bid in bids_of(session, tender, "accepted"):
        move_bid(session, bid, "award", event="award.notified", by=by, at=at, facts={"award": str(row.id)})
    facts = {"award": str(row.id), "award_sha256": row.digest, "run": row.run}
    move_tender(session, tender, "award", by=by, at=at, facts=facts)
    return row


def _decide(session: Session, tender: Tender, run: AllocationRun, by: Actor, at: datetime) -> Award:
    """Write the award of a run with its members, the lead first."""
    found = sorted(run.outputs["members"], key=lambda member: member["bid"] != run.outputs["lead"])
    members = [(uuid.UUID(member["organisation"]), member["share_bp"]) for member in found]
    last = session.scalar(select(func.max(Award.number)).where(Award.tender_id == tender.id)) or 0
    terms = {**tender.agreement_terms, "lift_premium_fen": run.outputs["lift_premium_fen"]}
    document = {
        "tender": tender.id,
        "notice_sha256": tender.notice_hash,
        "run_sha256": run.digest,
        "members": [{"organisation": member, "share_bp": share_bp} for member, share_bp in members],
        "terms": terms,
        "service_standard": tender.service_standard,
        "starts_on": tender.starts_on,
        "ends_on": tender.ends_on,
    }
    row = Award(
        tender_id=tender.id,
        number=last + 1,
        run=run.number,
        lead_id=members[0][0],
        lift_premium_fen=run.outputs["lift_premium_fen"],
        terms=terms,
        service_standard=tender.service_standard,
        digest=digest_of(document),
        decided_by=by.person_id,
        decided_at=at,
    )
    session.add(row)
    session.flush()
    session.add_all(
        AwardMember(award_id=row.id, place=place, organisation_id=member, share_bp=share_bp)
        for place, (member, share_bp) in enumerate(members)
    )
    with database_speaks():
        session.flush()
    return row


def award_of(session: Session, tender: Tender) -> Award:
    """Return the award that stands; NotFound `award_not_found`."""
    row = session.scalar(select(Award).where(Award.tender_id == tender.id).order_by(Award.number.desc()).limit(1))
    if row is None:
        raise NotFound("award_not_found")
    return row


def members_of(session: Session, row: Award) -> Sequence[AwardMember]:
    """Return the members of an award, the lead first."""
    return session.scalars(select(AwardMember).where(AwardMember.award_id == row.id).order_by(AwardMember.place)).all()


def numbers_of(session: Session, row: Award) -> AwardedNumbers:
    """Return the numbers of an award as the pool is formed from them."""
    tender = session.get_one(Tender, row.tender_id)
    return AwardedNumbers(
        award_id=row.id,
        award_digest=row.digest,
        tender_id=tender.id,
        tender_number=tender.number,
        tender_title=tender.title,
        starts_on=tender.starts_on,
        ends_on=tender.ends_on,
        members=tuple((member.organisation_id, member.share_bp) for member in members_of(session, row)),
        whole=WHOLE_BP,
        terms=dict(row.terms),
        service_standard=dict(row.service_standard),
    )


def complete(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """End a tender whose agreement is signed and in force."""
    require(by, "tender.contract")
    tender = lock_tender(session, tender, by=by)
    tender.ended_at = at
    move_tender(session, tender, "complete", by=by, at=at)
