"""Verbs while the keys are collected: the box is closed, custodians and bidders give what opens the bids.

Nothing is decrypted here. Each share is checked against the commitment in the bid's signed header; a damaged one is
named and not taken.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.permits import Actor, require, require_other_person
from tender import unsealing
from tender.bids import head_of, own_bid
from tender.custody import own_custody
from tender.envelope import read_head
from tender.models import Bid, BidderKey, CustodianShare, SealedBid, Tender
from tender.moving import database_speaks, lock_tender, move_tender, take_side
from tender.tenders import require_stage


@dataclass(frozen=True, slots=True)
class ShareTask:
    """One sealed share for a custodian to open: `header` is the bid's signed head (`envelope.read_head`)."""

    organisation_id: uuid.UUID
    number: int
    part: str
    header: bytes


@dataclass(frozen=True, slots=True)
class GivenShare:
    """A share that a custodian opened with its own key: its number and 32 bytes."""

    organisation_id: uuid.UUID
    number: int
    part: str
    share: bytes


def start_opening(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Close the box for good and begin to collect the keys.

    The tender's row is held, so every bid that the deadline let in is committed before; what comes later is refused.
    The opening itself is another transaction and therefore sees them all. Refuses with Conflict `opening_too_early`
    (opening_at), `keys_too_early` where the database's own clock is before the deadline.
    """
    require(by, "opening.start")
    tender = lock_tender(session, tender, by=by)
    if at < tender.opening_at:
        raise Conflict("opening_too_early", opening_at=tender.opening_at)
    tender.box_closed_at, tender.opening_started_by = at, by.person_id
    move_tender(session, tender, "start_opening", by=by, at=at, facts={"deadline_at": tender.deadline_at.isoformat()})


def confirm_opening(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """Confirm, as the second person of the opening, that the keys may be collected from now on.

    Nobody opens bids alone: the officer closes the box, the supervisor confirms. Refuses with Conflict
    `tender_in_other_stage`, `opening_confirmed`, Forbidden `second_person_needed`.
    """
    require(by, "opening.confirm")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "opening")
    if tender.opening_confirmed_at is not None:
        raise Conflict("opening_confirmed")
    require_other_person(tender.opening_started_by, by)
    # The database stamps the instant, by the clock that stamps the shares.
    tender.opening_confirmed_by, tender.opening_confirmed_at = by.person_id, at
    with database_speaks():
        session.flush()
    session.refresh(tender, ["opening_confirmed_at"])
    audit.record(session, "opening.confirmed", by=by, at=tender.opening_confirmed_at, of=("tender", tender.id))


def require_confirmed(tender: Tender) -> None:
    """Refuse with Conflict `opening_unconfirmed` while the opening waits for its second person."""
    if tender.opening_confirmed_at is None:
        raise Conflict("opening_unconfirmed")


def standing_bids(session: Session, tender: Tender) -> Sequence[tuple[Bid, SealedBid]]:
    """Return the bids in a closed box with the version that stands, in the order of receipt; withdrawn ones are out."""
    query = (
        select(Bid, SealedBid)
        .join(
            SealedBid,
            (SealedBid.tender_id == Bid.tender_id)
            & (SealedBid.organisation_id == Bid.organisation_id)
            & (SealedBid.number == Bid.current),
        )
        .where(Bid.tender_id == tender.id, Bid.stage == "sealed")
        .order_by(SealedBid.received_at, SealedBid.id)
    )
    return [(bid, sealed) for bid, sealed in session.execute(query)]


def share_tasks(session: Session, tender: Tender, *, by: Actor) -> list[ShareTask]:
    """Return what a custodian has still to open.

    Refuses with Conflict `tender_in_other_stage` before the opening has started, `opening_unconfirmed` until its second
    person has confirmed it, and `too_few_bids` (have, need): then no share is opened and the bids stay closed for ever.
    Forbidden `not_custodian`.
    """
    require(by, "custody.share")
    row = own_custody(session, tender, by=by)
    require_stage(tender, "opening")
    require_confirmed(tender)
    standing = standing_bids(session, tender)
    if len(standing) < tender.bidders_min:
        raise Conflict("too_few_bids", have=len(standing), need=tender.bidders_min)
    given = select(CustodianShare.organisation_id, CustodianShare.number, CustodianShare.part).where(
        CustodianShare.tender_id == tender.id, CustodianShare.place == row.place
    )
    done = {(found.organisation_id, found.number, found.part) for found in session.execute(given)}
    return [
        ShareTask(sealed.organisation_id, sealed.number, part.name, sealed.header)
        for _, sealed in standing
        for part in head_of(sealed).header.parts
        if (sealed.organisation_id, sealed.number, part.name) not in done
    ]


def give_shares(
    session: Session, tender: Tender, shares: Sequence[GivenShare], *, by: Actor, at: datetime
) -> list[Finding]:
    """Take a custodian's opened shares; return a finding for each that was not taken.

    `share_wrong` (custodian): damaged, or of another bid; `share_foreign`: not this custodian's; both are on record.
    Refuses as `share_tasks` does, with Conflict `keys_too_early` and `tender_opened`.
    """
    open_tasks = {(task.organisation_id, task.number, task.part): task for task in share_tasks(session, tender, by=by)}
    row = own_custody(session, tender, by=by)
    found: list[Finding] = []
    taken = 0
    for given in shares:
        task = open_tasks.pop((given.organisation_id, given.number, given.part), None)
        code = "share_not_asked_for" if task is None else _fault(task, row.place, given.share)
        if code is not None:
            found.append(Finding(code, str(given.organisation_id), {"custodian": row.place + 1}))
            facts = {"place": row.place, "organisation": str(given.organisation_id), "code": code}
            audit.record(session, "key.share_rejected", by=by, at=at, of=("tender", tender.id), facts=facts)
            continue
        session.add(
            CustodianShare(
                tender_id=tender.id,
                organisation_id=given.organisation_id,
                number=given.number,
                part=given.part,
                place=row.place,
                share=given.share,
            )
        )
        taken += 1
    with database_speaks():
        session.flush()
    facts = {"place": row.place, "taken": taken}
    audit.record(session, "key.share_submitted", by=by, at=at, of=("tender", tender.id), facts=facts)
    return found


def _fault(task: ShareTask, place: int, share: bytes) -> str | None:
    """Return why a share is not what the bid commits to for this custodian; None where it is."""
    try:
        number = unsealing.check_share(read_head(io.BytesIO(task.header)), task.part, share)
    except Invalid as refused:
        return refused.code
    return None if number == place else "share_foreign"


def give_bidder_key(
    session: Session, tender: Tender, part: str, kind: str, key: bytes, *, by: Actor, at: datetime
) -> None:
    """Take a bidder's own key for its own bid: `k1`, its lock, or `k2`, should the custodians fail.

    Refuses with Invalid `bidder_key_wrong`, `custodian_key_wrong` (part), `key_kind_wrong`, NotFound `bid_not_found`,
    Conflict `keys_too_early`, `tender_opened`, `opening_unconfirmed`, Forbidden `other_side`.
    """
    require(by, "bid.seal")
    bid = own_bid(session, tender, by=by)
    if bid is None or bid.stage != "sealed":
        raise NotFound("bid_not_found")
    if by.organisation_id is None:
        raise Forbidden("tender_person_needed")
    take_side(session, tender, "bidder", by.person_id, by.organisation_id)
    sealed = session.get_one(SealedBid, (tender.id, by.organisation_id, bid.current))
    head = head_of(sealed)
    if kind == "k1":
        unsealing.check_bidder_key(head, part, key)
    elif kind == "k2":
        unsealing.check_custodian_key(head, part, key)
    else:
        raise Invalid("key_kind_wrong", kind=kind)
    place = (tender.id, by.organisation_id, bid.current, part, kind)
    if session.get(BidderKey, place) is None:
        session.add(
            BidderKey(
                tender_id=tender.id,
                organisation_id=by.organisation_id,
                number=bid.current,
                part=part,
                kind=kind,
                key=key,
            )
        )
        with database_speaks():
            session.flush()
        audit.record(session, "opening.bidder_key", by=by, at=at, of=("bid", bid.id), facts={"kind": kind})
