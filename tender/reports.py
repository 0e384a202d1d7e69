"""The evaluation report: scores, ranking and draw, computed from the record alone, signed by every member."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Invalid, NotFound
from core.permits import Actor, require
from tender import draw, recount, scoring
from tender.committee import active_members, chair_seat, own_seat
from tender.drafting import criteria_of, digest_of, scheme_of
from tender.evaluations import bids_of, require_qualified, sheets_of
from tender.exact import plain, two_places
from tender.models import Bid, Tender
from tender.moving import lock_tender, move_bid, move_tender
from tender.outcome_models import OpenedBid, Report, ReportSignature
from tender.tenders import require_stage, sees_result

#: Findings that must be put right before a report; the others are hints that the report shows.
_FAULTS = frozenset({"mark_out_of_range", "mark_off_step", "objective_marks_differ"})
#: The stages of a bid that a report ranks.
_RANKED = ("qualified", "scored", "offered", "accepted", "declined", "member", "unsuccessful")


def compose(session: Session, tender: Tender) -> dict[str, Any]:
    """Return the report's document as the record gives it now: anyone who composes it again gets the same.

    Bids are named by their ids. `order` is final: ranks, and ties in the order of the public draw. Where a bid was
    thrown out after it had been marked, `exclusion` shows both results and which counts. Refuses with Invalid
    `marks_wrong` or `sheets_wrong` (findings) as `scoring.score` and `recount.gather` do.
    """
    criteria = criteria_of(session, tender)
    scheme = scheme_of(tender, criteria)
    opened = {row.bid_id: row for row in session.scalars(select(OpenedBid).where(OpenedBid.tender_id == tender.id))}
    ranked, rejected = bids_of(session, tender, *_RANKED), bids_of(session, tender, "rejected")
    sheets = sheets_of(session, tender)
    experts = {sheet.expert for sheet in sheets}
    thrown_out = [bid for bid in rejected if _is_marked(str(bid.id), sheets, len(experts), len(criteria))]
    prices = {str(bid.id): Fraction(opened[bid.id].price_fen or 0) for bid in (*ranked, *thrown_out)}
    gathered = recount.gather([sheet for sheet in sheets if sheet.bid in prices], prices, scheme.criteria)
    excluded = frozenset(str(bid.id) for bid in thrown_out)
    exclusion = scoring.without(gathered, scheme, excluded, report_signed=False) if excluded else None
    ranking = exclusion.counts if exclusion else scoring.score(gathered, scheme)
    nonces = {str(bid): row.nonce for bid, row in opened.items() if row.nonce is not None}
    seed = draw.draw_seed(tender.notice_hash or "", nonces.values())
    organisations = {str(bid.id): str(bid.organisation_id) for bid in (*ranked, *rejected)}
    hints = recount.recount_findings(sheets, scheme.criteria)
    return {
        "tender": str(tender.id),
        "notice_sha256": tender.notice_hash,
        "price_weight": plain(scheme.price_weight),
        "bids": [_scored(each, organisations[each.bid]) for each in ranking.bids],
        "order": draw.settle(ranking.groups, seed),
        "draw": {
            "nonces": nonces,
            "seed": seed,
            "ties": [{bid: draw.lot(seed, bid) for bid in group} for group in ranking.groups if len(group) > 1],
        },
        "rejected": [
            {"bid": str(bid.id), "organisation": str(bid.organisation_id), "reason": bid.rejected_for}
            for bid in rejected
        ],
        "exclusion": _exclusion(exclusion),
        "hints": [{"code": hint.code, "where": hint.where} for hint in hints],
    }


def _is_marked(bid: str, sheets: Sequence[recount.Sheet], experts: int, criteria: int) -> bool:
    """Say whether every expert has marked a bid on every criterion."""
    whole = [sheet for sheet in sheets if sheet.bid == bid and len(sheet.marks) == criteria]
    return bool(whole) and len(whole) == experts


def _scored(each: scoring.ScoredBid, organisation: str) -> dict[str, Any]:
    step = each.price_step
    return {
        "bid": each.bid,
        "organisation": organisation,
        "rank": each.rank,
        "decided_by": each.decided_by,
        "price_fen": plain(each.price or Fraction(0)),
        "technical": two_places(each.technical),
        "price_points": two_places(step.points) if step else "0.00",
        "total": two_places(each.total),
        "criteria": [
            {
                "name": component.criterion,
                "marks": [plain(mark) for mark in component.marks],
                "mean": plain(component.mean),
                "points": two_places(component.points),
            }
            for component in each.components
        ],
    }


def _exclusion(exclusion: scoring.Exclusion | None) -> dict[str, Any] | None:
    if exclusion is None:
        return None
    anew = exclusion.recomputed
    return {
        "kept": [list(group) for group in exclusion.kept.groups],
        "recomputed": [list(group) for group in anew.groups] if anew else None,
        "counts": "recomputed" if exclusion.counts is anew else "kept",
        "reverses": exclusion.reverses,
    }


def draw_up(session: Session, tender: Tender, *, by: Actor, at: datetime) -> Report:
    """Return a new report for the members to sign, once every sheet is locked.

    Refuses with Conflict `bids_unqualified`, `sheets_unlocked` (count), Invalid `recount_needed` (findings).
    """
    require(by, "tender.report")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "evaluating")
    chair_seat(session, tender, by=by)
    require_qualified(session, tender)
    _require_locked(session, tender)
    scheme = scheme_of(tender, criteria_of(session, tender))
    found = recount.recount_findings(sheets_of(session, tender), scheme.criteria)
    if faults := [finding for finding in found if finding.code in _FAULTS]:
        raise Invalid("recount_needed", findings=faults)
    document = compose(session, tender)
    last = session.scalar(select(func.max(Report.number)).where(Report.tender_id == tender.id)) or 0
    row = Report(tender_id=tender.id, number=last + 1, document=document, digest=digest_of(document), made_at=at)
    session.add(row)
    session.flush()
    facts = {"number": row.number, "report_sha256": row.digest}
    audit.record(session, "report.drawn_up", by=by, at=at, of=("tender", tender.id), facts=facts)
    return row


def _require_locked(session: Session, tender: Tender) -> None:
    if unlocked := sum(row.locked_at is None for row in active_members(session, tender)):
        raise Conflict("sheets_unlocked", count=unlocked)


def latest(session: Session, tender: Tender) -> Report:
    """Return the report that stands; NotFound `report_not_found`."""
    query = select(Report).where(Report.tender_id == tender.id).order_by(Report.number.desc()).limit(1)
    row = session.scalar(query)
    if row is None:
        raise NotFound("report_not_found")
    return row


def may_read(session: Session, tender: Tender, *, by: Actor) -> bool:
    """Say whether an actor may read a completed report and the shares: its committee, the bureau; all once publicised.

    Whoever was replaced on the committee, or sits on another, is one of all.
    """
    return sees_result(tender, by) or any(row.person_id == by.person_id for row in active_members(session, tender))


def order_of(report: Report) -> list[uuid.UUID]:
    """Return the bids of a report in final order, best first."""
    return [uuid.UUID(bid) for bid in report.document["order"]]


def signatures_of(session: Session, report: Report) -> Sequence[ReportSignature]:
    """Return who has signed a report."""
    query = select(ReportSignature).where(
        ReportSignature.tender_id == report.tender_id, ReportSignature.number == report.number
    )
    return session.scalars(query.order_by(ReportSignature.person_id)).all()


def sign(session: Session, tender: Tender, digest: str, dissent: str = "", *, by: Actor, at: datetime) -> None:
    """Sign the report with this SHA-256, with a dissent in writing where there is one; the last signature completes it.

    Refuses with NotFound `report_not_found`, Conflict `signed_already`, `report_changed` where another report than the
    one read stands, `report_outdated` where the record has changed since it was drawn up, `sheets_unlocked` where a
    sheet was reopened.
    """
    require(by, "report.sign")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "evaluating")
    seat, report = own_seat(session, tender, by=by), latest(session, tender)
    if session.get(ReportSignature, (tender.id, report.number, seat.person_id)) is not None:
        raise Conflict("signed_already")
    if digest != report.digest:
        raise Conflict("report_changed")
    _require_locked(session, tender)
    if digest_of(compose(session, tender)) != report.digest:
        raise Conflict("report_outdated")
    session.add(
        ReportSignature(
            tender_id=tender.id,
            number=report.number,
            person_id=seat.person_id,
            dissent=dissent.strip(),
            signed_at=at,
        )
    )
    session.flush()
    event = "report.dissented" if dissent.strip() else "report.signed"
    audit.record(session, event, by=by, at=at, of=("tender", tender.id), facts={"number": report.number})
    signed = {row.person_id for row in signatures_of(session, report)}
    if {row.person_id for row in active_members(session, tender)} <= signed:
        for bid in bids_of(session, tender, "qualified"):
            move_bid(session, bid, "score", event="bid.scored", by=by, at=at)
        tender.reported_at = at
        move_tender(session, tender, "report", by=by, at=at, facts={"report_sha256": report.digest})


def reopen(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """Take a completed report back for a recount, before shares are made. Invalid `tender_reason_missing`."""
    require(by, "tender.report")
    tender = lock_tender(session, tender, by=by)
    chair_seat(session, tender, by=by)
    if not reason.strip():
        raise Invalid("tender_reason_missing")
    tender.reported_at = None
    move_tender(session, tender, "reopen", by=by, at=at, facts={"reason": reason.strip()})
    rescore(session, tender, by=by, at=at)


def rescore(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Send every ranked bid of a tender back to be scored again."""
    bids: Sequence[Bid] = bids_of(session, tender, "scored", "offered", "accepted", "declined", "unsuccessful")
    for bid in bids:
        move_bid(session, bid, "rescore", event="bid.rescored", by=by, at=at)
