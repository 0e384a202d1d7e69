"""Verbs of the evaluation: bids qualified or rejected with a reason, marks saved and locked, sheets reopened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, require
from tender.committee import active_members, chair_seat, own_seat
from tender.drafting import criteria_of, scheme_of
from tender.models import Bid, Tender
from tender.moving import database_speaks, lock_tender, move_bid, move_tender
from tender.outcome_models import CommitteeMember, Mark, OpenedBid
from tender.recount import Sheet, recount_findings
from tender.rules.plan import Profile
from tender.scoring import mark_findings
from tender.tenders import require_stage

#: Why a bid may be rejected (条例 art. 51 and 34, 87号令 art. 63).
REASONS = frozenset(
    {
        "price_above_ceiling",
        "below_cost",
        "not_signed",
        "not_qualified",
        "not_responsive",
        "several_bids",
        "related_bidders",
        "collusion",
        "bond_missing",
    }
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a bid is rejected: one of REASONS, and in words."""

    reason: str
    note: str


def bids_of(session: Session, tender: Tender, *stages: str) -> Sequence[Bid]:
    """Return the bids of a tender in these stages, in a fixed order."""
    query = select(Bid).where(Bid.tender_id == tender.id, Bid.stage.in_(stages)).order_by(Bid.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def qualify(
    session: Session, tender: Tender, rejections: Mapping[uuid.UUID, Rejection], *, by: Actor, at: datetime
) -> None:
    """Qualify every opened bid that is not named for rejection; one above the ceiling is rejected in any case.

    In government procurement a tender with too few qualified bids has failed. Refuses with Invalid
    `reject_reason_unknown` (reason), `tender_reason_missing`, NotFound `bid_not_found`.
    """
    require(by, "tender.evaluate")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "evaluating")
    chair_seat(session, tender, by=by)
    opened = bids_of(session, tender, "opened")
    if unknown := rejections.keys() - {bid.id for bid in opened}:
        raise NotFound("bid_not_found", bid=str(min(unknown)))
    prices = {row.bid_id: row.price_fen or 0 for row in _record(session, tender)}
    for bid in opened:
        rejection = rejections.get(bid.id)
        if prices[bid.id] > tender.ceiling_fen:
            rejection = Rejection("price_above_ceiling", f"{prices[bid.id]} > {tender.ceiling_fen} fen")
        if rejection is None:
            move_bid(session, bid, "qualify", event="bid.qualified", by=by, at=at)
        else:
            _reject(session, bid, rejection, by, at)
    _fail_if_too_few(session, tender, by, at)


def _fail_if_too_few(session: Session, tender: Tender, by: Actor, at: datetime) -> None:
    """Declare a tender failed that is left without a qualified bid, or in government procurement with too few."""
    left = len(bids_of(session, tender, "qualified"))
    if left == 0 or (tender.profile == Profile.GOVERNMENT.value and left < tender.bidders_min):
        tender.end_reason, tender.ended_at = "too_few_qualified", at
        move_tender(session, tender, "fail", by=by, at=at, facts={"qualified": left})


def reject(session: Session, bid: Bid, rejection: Rejection, *, by: Actor, at: datetime) -> None:
    """Reject one qualified bid before the report; who is left is then scored anew, and both results are shown.

    With too few bids left the tender has failed, as after `qualify`. Refuses as `qualify` does, with Conflict
    `tender_in_other_stage`, `stage_refuses`.
    """
    require(by, "tender.evaluate")
    tender = lock_tender(session, session.get_one(Tender, bid.tender_id), by=by)
    require_stage(tender, "evaluating")
    chair_seat(session, tender, by=by)
    _reject(session, bid, rejection, by, at)
    _fail_if_too_few(session, tender, by, at)


def _reject(session: Session, bid: Bid, rejection: Rejection, by: Actor, at: datetime) -> None:
    if rejection.reason not in REASONS:
        raise Invalid("reject_reason_unknown", reason=rejection.reason)
    if not rejection.note.strip():
        raise Invalid("tender_reason_missing")
    bid.rejected_for, bid.reject_note = rejection.reason, rejection.note.strip()
    move_bid(session, bid, "reject", event="bid.rejected", by=by, at=at, facts={"reason": rejection.reason})


def _record(session: Session, tender: Tender) -> Sequence[OpenedBid]:
    return session.scalars(select(OpenedBid).where(OpenedBid.tender_id == tender.id)).all()


def save_marks(
    session: Session, tender: Tender, marks: Mapping[tuple[uuid.UUID, int], int], *, by: Actor, at: datetime
) -> None:
    """Write the actor's marks, in hundredths, by (bid, criterion's place); they may change until the sheet is locked.

    Refuses with Invalid `marks_wrong`, findings `bid_not_scored`, `criterion_not_declared`, `mark_out_of_range`,
    `mark_off_step`; Conflict `sheet_locked`, `tender_in_other_stage`; Forbidden `not_on_committee`.
    """
    require(by, "tender.score")
    seat = own_seat(session, tender, by=by)
    require_stage(tender, "evaluating")
    scored = {bid.id for bid in bids_of(session, tender, "qualified")}
    criteria = criteria_of(session, tender)
    rules = {item.place: rule for item, rule in zip(criteria, scheme_of(tender, criteria).criteria, strict=True)}
    found: list[Finding] = []
    for (bid_id, place), mark in marks.items():
        where = f"{bid_id}, {rules[place].name if place in rules else place}"
        if bid_id not in scored:
            found.append(Finding("bid_not_scored", where))
        if place not in rules:
            found.append(Finding("criterion_not_declared", where))
        elif type(mark) is not int:
            found.append(Finding("mark_out_of_range", where, {"mark": mark, "mark_max": rules[place].mark_max}))
        else:
            found += mark_findings(rules[place], [Fraction(mark, 100)], where)
    if found or not marks:
        raise Invalid("marks_wrong", findings=found)
    values = [
        {
            "tender_id": tender.id,
            "person_id": seat.person_id,
            "place": place,
            "bid_id": bid_id,
            "mark_hundredths": mark,
            "saved_at": at,
        }
        for (bid_id, place), mark in marks.items()
    ]
    statement = insert(Mark).values(values)
    changed = {name: statement.excluded[name] for name in ("mark_hundredths", "saved_at")}
    with database_speaks():
        session.execute(statement.on_conflict_do_update(constraint="pk_mark", set_=changed))
    audit.record(session, "score.saved", by=by, at=at, of=("tender", tender.id), facts={"count": len(values)})


def marks_of(session: Session, tender: Tender, person_id: uuid.UUID | None = None) -> Sequence[Mark]:
    """Return the marks of one expert, or of all."""
    query = select(Mark).where(Mark.tender_id == tender.id)
    if person_id is not None:
        query = query.where(Mark.person_id == person_id)
    query = query.order_by(Mark.person_id, Mark.bid_id, Mark.place)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def require_qualified(session: Session, tender: Tender) -> None:
    """Refuse with Conflict `bids_unqualified` (count) while the chair has not qualified or rejected every bid."""
    if waiting := bids_of(session, tender, "opened"):
        raise Conflict("bids_unqualified", count=len(waiting))


def lock_sheet(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Lock the actor's sheet: every bid is marked on every criterion, and no mark changes any more.

    Refuses with Invalid `sheet_incomplete` (missing), Conflict `sheet_locked`, `bids_unqualified` (count).
    """
    require(by, "tender.score")
    seat = own_seat(session, tender, by=by)
    require_stage(tender, "evaluating")
    if seat.locked_at is not None:
        raise Conflict("sheet_locked")
    require_qualified(session, tender)
    bids, criteria = bids_of(session, tender, "qualified"), criteria_of(session, tender)
    marked = {(mark.bid_id, mark.place) for mark in marks_of(session, tender, seat.person_id)}
    missing = {(bid.id, item.place) for bid in bids for item in criteria} - marked
    if missing:
        raise Invalid("sheet_incomplete", missing=len(missing))
    seat.locked_at = at
    session.flush()
    audit.record(session, "score.locked", by=by, at=at, of=("tender", tender.id))


def reopen_sheet(
    session: Session, tender: Tender, person_id: uuid.UUID, reason: str, *, by: Actor, at: datetime
) -> None:
    """Let a member correct its locked sheet, for a reason that is on record (see `grounds_for_recount`).

    Refuses with Invalid `tender_reason_missing`, Conflict `tender_in_other_stage`, NotFound `seat_not_found`.
    """
    require(by, "tender.evaluate")
    require_stage(tender, "evaluating")
    chair_seat(session, tender, by=by)
    if not reason.strip():
        raise Invalid("tender_reason_missing")
    seat = session.get(CommitteeMember, (tender.id, person_id), populate_existing=True)
    if seat is None or seat.replaced_at is not None:
        raise NotFound("seat_not_found")
    seat.locked_at = None
    session.flush()
    facts = {"member": str(person_id), "reason": reason.strip()}
    audit.record(session, "score.reopened", by=by, at=at, of=("tender", tender.id), facts=facts)


def sheets_of(session: Session, tender: Tender) -> list[Sheet]:
    """Return the active members' sheets in exact points, by expert and bid."""
    criteria = criteria_of(session, tender)
    names = {item.place: item.name for item in criteria}
    active = {row.person_id for row in active_members(session, tender)}
    marks: dict[tuple[uuid.UUID, uuid.UUID], dict[str, Fraction]] = {}
    for mark in marks_of(session, tender):
        if mark.person_id in active:
            sheet = marks.setdefault((mark.person_id, mark.bid_id), {})
            sheet[names[mark.place]] = Fraction(mark.mark_hundredths, 100)
    return [Sheet(str(person), str(bid), sheet) for (person, bid), sheet in marks.items()]


def grounds_for_recount(session: Session, tender: Tender) -> list[Finding]:
    """Return what in the sheets would allow a recount: differing objective marks, marks far from the others'."""
    criteria = criteria_of(session, tender)
    return recount_findings(sheets_of(session, tender), scheme_of(tender, criteria).criteria)
