"""Verbs on shares: the declared allocation run on the signed report, shares offered and answered, run again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import calendar
from core.clock import CITY, on
from core.errors import Conflict, NotFound
from core.permits import Actor, require
from core.working_time import add_workdays
from tender import allocation
from tender.drafting import allocation_terms, digest_of
from tender.evaluations import bids_of
from tender.filling import WHOLE_BP
from tender.models import Bid, Tender
from tender.moving import lock_tender, move_bid, move_tender, take_side
from tender.outcome_models import AllocationRun, OpenedBid, ShareOffer
from tender.reports import latest, order_of
from tender.tenders import require_stage


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a bidder beside its bid. Amounts in fen; with no `capital_fen` the legal caps are not reckoned.

    `capital_fen` is paid-up capital with reserves, `reinsured_fen` documented reinsurance of one risk,
    `own_premium_fen` the premium it keeps already this year.
    """

    capital_fen: int | None = None
    reinsured_fen: int = 0
    own_premium_fen: int = 0
    meets_lead_conditions: bool = True


def allocate(
    session: Session,
    tender: Tender,
    standings: Mapping[uuid.UUID, Standing] | None = None,
    *,
    by: Actor,
    at: datetime,
) -> AllocationRun:
    """Run the declared allocation and offer the shares; return the run with all that went in and came out.

    The first run follows the report. A later one needs a winner that declined, leaves it out and asks the others anew;
    `standings` (by bid) that are not given again stay as they were. Refuses with Conflict `nothing_declined`, and as
    `allocation.allocate` does (`undersubscribed`, `no_lead`, ...): then the bureau invites more or fails the tender.
    """
    require(by, "tender.allocate")
    tender = lock_tender(session, tender, by=by)
    before = last_run(session, tender) if tender.stage in ("allocated", "awarded") else None
    declined = {bid.id for bid in bids_of(session, tender, "declined")}
    if before is not None and not any(offer.bid_id in declined for offer in offers_of(session, before)):
        raise Conflict("nothing_declined")
    inputs = _inputs(session, tender, declined, before, standings or {})
    outputs = run_of(inputs)
    last = session.scalar(select(func.max(AllocationRun.number)).where(AllocationRun.tender_id == tender.id)) or 0
    run = AllocationRun(
        tender_id=tender.id,
        number=last + 1,
        inputs=inputs,
        outputs=outputs,
        digest=digest_of({"inputs": inputs, "outputs": outputs}),
        made_at=at,
    )
    session.add(run)
    verb = "reallocate" if before is not None else "allocate"
    facts = {"run": run.number, "run_sha256": run.digest, "algorithm": inputs["algorithm"]}
    move_tender(session, tender, verb, by=by, at=at, facts=facts)
    _offer(session, tender, run, by, at)
    return run


def _inputs(
    session: Session,
    tender: Tender,
    declined: set[uuid.UUID],
    before: AllocationRun | None,
    standings: Mapping[uuid.UUID, Standing],
) -> dict[str, Any]:
    """Return everything the shares depend on, as plain values."""
    report = latest(session, tender)
    totals = {each["bid"]: each["total"] for each in report.document["bids"]}
    forms = {row.bid_id: row for row in session.scalars(select(OpenedBid).where(OpenedBid.tender_id == tender.id))}
    known = {} if before is None else {offer["bid"]: offer["standing"] for offer in before.inputs["offers"]}
    offers = []
    for bid_id in order_of(report):
        form = forms[bid_id]
        standing = standings.get(bid_id)
        offers.append(
            {
                "bid": str(bid_id),
                "organisation": str(form.organisation_id),
                "score": totals[str(bid_id)],
                "price_fen": form.price_fen,
                "line_bp": form.line_bp,
                "floor_bp": form.floor_bp,
                "will_lead": form.is_willing_to_lead,
                "is_in": bid_id not in declined,
                "standing": asdict(standing) if standing else known.get(str(bid_id), asdict(Standing())),
            }
        )
    return {
        "algorithm": "gongbao-allocation-1",
        "report_sha256": report.digest,
        "terms": tender.allocation,
        "price_rule": tender.price_rule,
        "largest_loss_fen": tender.largest_loss_fen,
        "pool_premium_fen": tender.budget_fen,
        "offers": offers,
    }


def allocation_of(inputs: Mapping[str, Any]) -> allocation.Allocation:
    """Return the lead and the shares, with their working, that the declared method gives for these inputs.

    Refuses as `allocation.allocate` does.
    """
    offers = [
        allocation.Offer(
            bid=offer["bid"],
            score=Fraction(offer["score"]),
            line_bp=offer["line_bp"],
            floor_bp=offer["floor_bp"],
            statutory_cap_bp=_statutory_cap_bp(offer["standing"], inputs),
            will_lead=offer["will_lead"],
            meets_lead_conditions=offer["standing"]["meets_lead_conditions"],
        )
        for offer in inputs["offers"]
        if offer["is_in"]
    ]
    return allocation.allocate(offers, allocation_terms(inputs["terms"]))


def run_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an allocation gives for these inputs: lead, members in rank order with shares, the pool's price.

    Nothing but the inputs decides, so anyone can run it again. Refuses as `allocation.allocate` does.
    """
    found = allocation_of(inputs)
    by_bid = {offer["bid"]: offer for offer in inputs["offers"]}
    members = [
        {"bid": bid, "organisation": by_bid[bid]["organisation"], "share_bp": found.share_bp(bid)}
        for bid in found.bids
        if found.share_bp(bid) > 0
    ]
    prices = {member["bid"]: by_bid[member["bid"]]["price_fen"] for member in members}
    return {
        "lead": found.lead.bid,
        "passed_over": [{"bid": bid, "reason": reason} for bid, reason in found.lead.passed_over],
        "lead_raised": found.lead_raised,
        "members": members,
        "lift_premium_fen": pool_price_fen(inputs["price_rule"], found.lead.bid, members, prices),
    }


def _statutory_cap_bp(standing: Mapping[str, Any], inputs: Mapping[str, Any]) -> int:
    """Return the lesser of the two caps of the law (保险法 art. 102, 103), the whole where they are not reckoned."""
    capital_fen = standing["capital_fen"]
    if capital_fen is None:
        return WHOLE_BP
    caps = [allocation.cap_by_retained_premium_bp(capital_fen, standing["own_premium_fen"], inputs["pool_premium_fen"])]
    if inputs["largest_loss_fen"] is not None:
        caps.append(
            allocation.cap_by_single_risk_bp(capital_fen, standing["reinsured_fen"], inputs["largest_loss_fen"])
        )
    return min(caps)


def pool_price_fen(rule: str, lead: str, members: Sequence[Mapping[str, Any]], prices: Mapping[str, int]) -> int:
    """Return the one price that the whole pool carries: the lead's, the lowest member's, or the mean by shares.

    The mean is rounded down to the fen, in favour of who pays.

    >>> members = [{"bid": "A", "share_bp": 6000}, {"bid": "B", "share_bp": 4000}]
    >>> [pool_price_fen(rule, "A", members, {"A": 1200, "B": 1141}) for rule in ("lead", "lowest", "weighted")]
    [1200, 1141, 1176]
    """
    if rule == "lead":
        return prices[lead]
    if rule == "lowest":
        return min(prices.values())
    weighted: int = sum(member["share_bp"] * prices[member["bid"]] for member in members)
    return weighted // WHOLE_BP


def _offer(session: Session, tender: Tender, run: AllocationRun, by: Actor, at: datetime) -> None:
    """Offer every member of a run its share, and pass over who is not in it."""
    shares = {member["bid"]: member for member in run.outputs["members"]}
    due_at = answer_due_at(session, tender, at)
    for bid in bids_of(session, tender, "scored", "offered", "accepted", "unsuccessful", "member"):
        member = shares.get(str(bid.id))
        if member is None:
            if bid.stage != "unsuccessful":
                move_bid(session, bid, "pass_over", event="allocation.passed_over", by=by, at=at)
            continue
        session.add(
            ShareOffer(
                tender_id=tender.id,
                number=run.number,
                organisation_id=bid.organisation_id,
                bid_id=bid.id,
                place=run.outputs["members"].index(member),
                share_bp=member["share_bp"],
                is_lead=str(bid.id) == run.outputs["lead"],
                answer_due_at=due_at,
            )
        )
        facts = {"run": run.number, "share_bp": member["share_bp"], "due_at": due_at.isoformat()}
        move_bid(session, bid, "offer", event="allocation.offer", by=by, at=at, facts=facts)


def answer_due_at(session: Session, tender: Tender, at: datetime) -> datetime:
    """Return the end of the last working day for an answer. Refuses with Conflict `calendar_not_known`."""
    first = on(at)
    days = calendar.load(session, first, first + timedelta(days=60))
    last = add_workdays(days, first, tender.answer_days).on
    return datetime.combine(last + timedelta(days=1), time(), CITY)


def last_run(session: Session, tender: Tender) -> AllocationRun:
    """Return the run that stands; NotFound `allocation_not_found`."""
    query = select(AllocationRun).where(AllocationRun.tender_id == tender.id).order_by(AllocationRun.number.desc())
    row = session.scalars(query.limit(1)).first()
    if row is None:
        raise NotFound("allocation_not_found")
    return row


def offers_of(session: Session, run: AllocationRun) -> Sequence[ShareOffer]:
    """Return the offers of a run that the actor may see, in order of rank."""
    query = select(ShareOffer).where(ShareOffer.tender_id == run.tender_id, ShareOffer.number == run.number)
    return session.scalars(query.order_by(ShareOffer.place).execution_options(populate_existing=True)).all()


def answer(session: Session, tender: Tender, *, is_accepted: bool, by: Actor, at: datetime) -> ShareOffer:
    """Accept or decline the share offered to the actor's organisation and return the offer; the answer is final.

    Refuses with NotFound `offer_not_found`, Conflict `offer_answered`, `offer_lapsed` (silence has declined), Forbidden
    `other_side`.
    """
    require(by, "bid.answer")
    require_stage(tender, "allocated")
    run = last_run(session, tender)
    query = select(ShareOffer).where(
        ShareOffer.tender_id == tender.id,
        ShareOffer.number == run.number,
        ShareOffer.organisation_id == by.organisation_id,
    )
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound("offer_not_found")
    if row.answer is not None:
        raise Conflict("offer_answered", answer=row.answer)
    if at >= row.answer_due_at:
        raise Conflict("offer_lapsed", due_at=row.answer_due_at)
    take_side(session, tender, "bidder", by.person_id, by.organisation_id)
    _close(session, row, "accepted" if is_accepted else "declined", by, at)
    return row


def _close(session: Session, row: ShareOffer, said: str, by: Actor, at: datetime) -> None:
    row.answer, row.answered_at, row.answered_by = said, at, by.person_id
    bid = session.get_one(Bid, row.bid_id, populate_existing=True)
    verb = "accept" if said == "accepted" else "decline"
    facts = {"run": row.number, "answer": said}
    move_bid(session, bid, verb, event=f"allocation.{verb}", by=by, at=at, facts=facts)


def close_answers(session: Session, tender: Tender, *, by: Actor, at: datetime) -> int:
    """Record as declined every offer whose time ran out unanswered; return how many. Safe to call again."""
    require(by, "tender.allocate")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "allocated")
    silent = [
        row for row in offers_of(session, last_run(session, tender)) if row.answer is None and at >= row.answer_due_at
    ]
    for row in silent:
        _close(session, row, "lapsed", by, at)
    return len(silent)
