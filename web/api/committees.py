"""The committee of a tender for programs: its seats, one's own marks, the report and its signatures."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

from core.clock import on
from core.errors import Invalid, NotFound
from tender import bids as tender_bids
from tender import committee, evaluations, reports, tenders
from tender.drafting import criteria_of
from tender.models import Tender
from web import fields
from web.api import Strict, resource
from web.seating import may_see, members_of, seats_for
from web.shell import actor, at, needs, unit
from web.tender_schemas import ReasonIn

api = resource("committees", "Committees of tenders: seats, declarations, marks, the report.", "/tenders")

#: More marks than a sheet of fifty bids on twenty criteria holds are not one sheet.
_MARKS_MOST = 1_000


class SeatsIn(Strict):
    """Whom to seat: people with a mandate of expert or chair; the one with the chair's mandate takes the chair."""

    people = fields.List(fields.UUID(), required=True, validate=ma.validate.Length(min=1, max=99))


class DeclarationIn(Strict):
    """What ties the caller to a bidder, in words; an empty text declares that nothing does."""

    conflict = fields.String(required=True)


class RejectionIn(Strict):
    """A bid to be rejected: one of the published reasons, and a note where the reason asks for one."""

    bid = fields.UUID(required=True)
    reason = fields.String(required=True, validate=ma.validate.OneOf(sorted(evaluations.REASONS)))
    note = fields.String(load_default="")


class QualificationIn(Strict):
    """The bids that do not qualify; all others do, but for one above the ceiling."""

    rejections = fields.List(fields.Nested(RejectionIn), load_default=list, validate=ma.validate.Length(max=999))


class MarkSchema(Strict):
    """One mark: the bid, the criterion's place in the notice (from 0), hundredths of a point."""

    bid = fields.UUID(required=True)
    place = fields.Integer(strict=True, required=True)
    mark_hundredths = fields.Integer(strict=True, required=True)


class MarksIn(Strict):
    """Marks to be saved; one that is saved again is replaced."""

    marks = fields.List(fields.Nested(MarkSchema), required=True, validate=ma.validate.Length(min=1, max=_MARKS_MOST))


class SheetOut(Strict):
    """The caller's own sheet; `locked_at` is null while it may change, `bids` are those that are marked."""

    tender = fields.UUID()
    bids = fields.List(fields.UUID())
    places = fields.List(fields.Integer(strict=True))
    marks = fields.List(fields.Nested(MarkSchema))
    locked_at = fields.AwareDateTime(allow_none=True)


class SeatOut(Strict):
    """A member and how far it has come; who was replaced stays in the list."""

    person_id = fields.UUID()
    is_expert = fields.Boolean()
    is_chair = fields.Boolean()
    declared_at = fields.AwareDateTime(allow_none=True)
    locked_at = fields.AwareDateTime(allow_none=True)
    replaced_at = fields.AwareDateTime(allow_none=True)
    has_signed = fields.Boolean()


class CommitteeOut(Strict):
    """The committee of a tender; `report_sha256` is the report that waits for signatures or has them all."""

    tender = fields.UUID()
    stage = fields.String()
    seats = fields.List(fields.Nested(SeatOut))
    report_sha256 = fields.String(allow_none=True)


class ReportSignatureIn(Strict):
    """The SHA-256 of the very report that is signed, and a dissent in writing; an empty one agrees."""

    sha256 = fields.String(required=True, validate=fields.Pattern(r"[0-9a-f]{64}"))
    dissent = fields.String(load_default="")


def _load(tender_id: uuid.UUID) -> Tender:
    return tenders.get(unit(), tender_id, by=actor())


def _whole(tender: Tender) -> dict[str, Any]:
    members, signed, report = members_of(unit(), tender)
    return {
        "tender": tender.id,
        "stage": tender.stage,
        "report_sha256": report.digest if report is not None else None,
        "seats": [
            {
                "person_id": row.person_id,
                "is_expert": row.is_expert,
                "is_chair": row.is_chair,
                "declared_at": row.declared_at,
                "locked_at": row.locked_at,
                "replaced_at": row.replaced_at,
                "has_signed": row.person_id in signed,
            }
            for row in members
        ],
    }


#: Whose a step is: Forbidden to all others before anything else is looked at.
_Seat = Callable[..., object]


def _stepped(tender_id: uuid.UUID, work: Callable[[Tender], object], seat: _Seat | None = None) -> dict[str, Any]:
    """Take a step and return the committee as it is then; `seat` finds the actor's own or refuses."""
    tender = _load(tender_id)
    if seat is not None:
        seat(unit(), tender, by=actor())
    work(tender)
    return _whole(tender)


@api.get("/<uuid:tender_id>/committee")
@needs("tender.read")
@api.response(200, CommitteeOut)
def one(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return the committee: to those who run the tender, and to its members once the bids are opened."""
    tender = _load(tender_id)
    if not may_see(unit(), tender, by=actor()):
        raise NotFound("tender_not_found")
    return _whole(tender)


@api.post("/<uuid:tender_id>/committee/seats")
@needs("tender.appoint")
@api.arguments(SeatsIn)
@api.response(200, CommitteeOut)
def appoint(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Seat people on the committee."""
    seats = seats_for(unit(), said["people"], on(at()))
    return _stepped(tender_id, lambda tender: committee.appoint(unit(), tender, seats, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/committee/seats/<uuid:person_id>/replacement")
@needs("tender.appoint")
@api.arguments(ReasonIn)
@api.response(200, CommitteeOut)
def replace(said: Mapping[str, Any], tender_id: uuid.UUID, person_id: uuid.UUID) -> dict[str, Any]:
    """Take a member off the committee, for a reason."""
    reason = said["reason"]
    return _stepped(tender_id, lambda tender: committee.replace(unit(), tender, person_id, reason, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/committee/declaration")
@needs("tender.declare")
@api.arguments(DeclarationIn)
@api.response(200, CommitteeOut)
def declare(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Declare what ties the caller to a bidder; whoever is tied is replaced from then on."""
    conflict = said["conflict"]
    return _stepped(
        tender_id,
        lambda tender: committee.declare(unit(), tender, conflict, by=actor(), at=at()),
        seat=committee.own_seat,
    )


@api.post("/<uuid:tender_id>/committee/start")
@needs("tender.evaluate")
@api.response(200, CommitteeOut)
def start(tender_id: uuid.UUID) -> dict[str, Any]:
    """Begin the evaluation."""
    return _stepped(
        tender_id,
        lambda tender: committee.start_evaluation(unit(), tender, by=actor(), at=at()),
        seat=committee.chair_seat,
    )


@api.post("/<uuid:tender_id>/committee/qualification")
@needs("tender.evaluate")
@api.arguments(QualificationIn)
@api.response(200, CommitteeOut)
def qualify(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Qualify the opened bids, rejecting those that are named."""
    _require_once([str(row["bid"]) for row in said["rejections"]], "rejections")
    rejected = {row["bid"]: _rejection(row) for row in said["rejections"]}
    return _stepped(
        tender_id,
        lambda tender: evaluations.qualify(unit(), tender, rejected, by=actor(), at=at()),
        seat=committee.chair_seat,
    )


@api.post("/<uuid:tender_id>/committee/rejection")
@needs("tender.evaluate")
@api.arguments(RejectionIn)
@api.response(200, CommitteeOut)
def reject(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Reject a bid that was found qualified, before the report."""

    def work(tender: Tender) -> None:
        bid = tender_bids.get(unit(), said["bid"], by=actor())
        if bid.tender_id != tender.id:
            raise NotFound("bid_not_found")
        evaluations.reject(unit(), bid, _rejection(said), by=actor(), at=at())

    return _stepped(tender_id, work, seat=committee.chair_seat)


def _rejection(said: Mapping[str, Any]) -> evaluations.Rejection:
    return evaluations.Rejection(said["reason"], said["note"])


def _require_once(named: list[str], where: str) -> None:
    """Refuse with Invalid `named_twice` (where, name): which of the two is meant nobody can say."""
    for name, count in Counter(named).items():
        if count > 1:
            raise Invalid("named_twice", where=where, name=name)


# The caller's own sheet


def _sheet(tender: Tender) -> dict[str, Any]:
    seat = committee.own_seat(unit(), tender, by=actor())
    marks = evaluations.marks_of(unit(), tender, seat.person_id)
    return {
        "tender": tender.id,
        "bids": sorted(bid.id for bid in evaluations.bids_of(unit(), tender, "qualified")),
        "places": [item.place for item in criteria_of(unit(), tender)],
        "marks": [{"bid": m.bid_id, "place": m.place, "mark_hundredths": m.mark_hundredths} for m in marks],
        "locked_at": seat.locked_at,
    }


@api.get("/<uuid:tender_id>/committee/sheet")
@needs("tender.score")
@api.response(200, SheetOut)
def sheet(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return the caller's own marks; nobody reads another's before the report."""
    return _sheet(_load(tender_id))


@api.put("/<uuid:tender_id>/committee/sheet")
@needs("tender.score")
@api.arguments(MarksIn)
@api.response(200, SheetOut)
def mark(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Save marks of the caller's; all of them or, where one is wrong, none."""
    _require_once([f"{row['bid']}, {row['place']}" for row in said["marks"]], "marks")
    marks = {(row["bid"], row["place"]): row["mark_hundredths"] for row in said["marks"]}
    tender = _load(tender_id)
    evaluations.save_marks(unit(), tender, marks, by=actor(), at=at())
    return _sheet(tender)


@api.post("/<uuid:tender_id>/committee/sheet/lock")
@needs("tender.score")
@api.response(200, SheetOut)
def lock(tender_id: uuid.UUID) -> dict[str, Any]:
    """Lock the caller's sheet."""
    tender = _load(tender_id)
    evaluations.lock_sheet(unit(), tender, by=actor(), at=at())
    return _sheet(tender)


@api.post("/<uuid:tender_id>/committee/seats/<uuid:person_id>/unlock")
@needs("tender.evaluate")
@api.arguments(ReasonIn)
@api.response(200, CommitteeOut)
def unlock(said: Mapping[str, Any], tender_id: uuid.UUID, person_id: uuid.UUID) -> dict[str, Any]:
    """Let a member correct its locked sheet, for a reason; by the chair."""
    reason = said["reason"]
    return _stepped(
        tender_id,
        lambda tender: evaluations.reopen_sheet(unit(), tender, person_id, reason, by=actor(), at=at()),
        seat=committee.chair_seat,
    )


# The report


@api.post("/<uuid:tender_id>/committee/report")
@needs("tender.report")
@api.response(200, CommitteeOut)
def draw_up(tender_id: uuid.UUID) -> dict[str, Any]:
    """Draw the report up for all members to sign; by the chair."""
    return _stepped(
        tender_id, lambda tender: reports.draw_up(unit(), tender, by=actor(), at=at()), seat=committee.chair_seat
    )


@api.post("/<uuid:tender_id>/committee/report/signature")
@needs("report.sign")
@api.arguments(ReportSignatureIn)
@api.response(200, CommitteeOut)
def sign(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Sign the report that stands, with a dissent in writing where there is one."""
    digest, dissent = said["sha256"], said["dissent"]
    return _stepped(
        tender_id,
        lambda tender: reports.sign(unit(), tender, digest, dissent, by=actor(), at=at()),
        seat=committee.own_seat,
    )


@api.post("/<uuid:tender_id>/committee/report/reopening")
@needs("tender.report")
@api.arguments(ReasonIn)
@api.response(200, CommitteeOut)
def reopen(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Take a completed report back for a recount, for a reason; by the chair."""
    reason = said["reason"]
    return _stepped(
        tender_id, lambda tender: reports.reopen(unit(), tender, reason, by=actor(), at=at()), seat=committee.chair_seat
    )
