"""The opening: every bid at once, in one transaction, from shares and keys that were collected before.

Nobody sees a price before all are open. Each bid ends opened, or with the recorded reason why it is not and whose
fault that is.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.papers import Store
from core.permits import Actor, Role, require
from tender import unsealing
from tender.bids import MOST_BYTES, head_of
from tender.content import FileEntry
from tender.content import OpenedPart as PartContent
from tender.drafting import digest_of
from tender.envelope import ONE_ENVELOPE
from tender.form import FIELDS, read_form
from tender.keys import require_confirmed, standing_bids
from tender.models import Bid, BidderKey, CustodianShare, SealedBid, Tender
from tender.moving import lock_tender, move_bid, move_tender
from tender.outcome_models import OpenedBid, OpenedPart
from tender.receipts import unreceipted
from tender.tenders import require_stage

#: How long keys are collected where some are missing; with all in hand nobody need wait.
COLLECTED_FOR = timedelta(minutes=30)

#: Whose fault it is that a bid did not open. Not the bidder's own lock: revoked. Bad sealing: unreadable. Else: ours.
_REVOKED = frozenset({"bidder_key_missing"})
_UNREADABLE = frozenset({"custodian_key_wrong", "content_unreadable", "content_wrong", "form_wrong"})
_VERB = {"opened": "open", "revoked": "revoke", "withdrawn_by_fault": "lose", "unreadable": "find_unreadable"}

_PART = ONE_ENVELOPE[0]


@dataclass(slots=True)
class _Keys:
    """What was collected for one bid."""

    shares: list[bytes] = field(default_factory=list)
    k1: bytes | None = None
    k2: bytes | None = None


def open_all(session: Session, tender: Tender, store: Store, *, by: Actor, at: datetime) -> list[OpenedBid]:
    """Open every bid of a closed box in this transaction and return the opening record, in the order of receipt.

    With fewer bids than the tender asks for nothing is opened and the tender has failed; so it has where too few came
    out readable. Refuses with Conflict `opening_unconfirmed` until a second person has confirmed the opening,
    `keys_still_collected` (missing, until) while keys are missing and the time for them runs, `stage_refuses`, and
    Forbidden `supervisor_opens` (missing) where bids would be lost for want of custodians' shares: that is not one
    officer's to decide.
    """
    require(by, "tender.open")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "opening")
    require_confirmed(tender)
    standing = standing_bids(session, tender)
    if unreceipted(session, tender):
        raise Conflict("receipts_missing")
    if len(standing) < tender.bidders_min:
        _fail(session, tender, "too_few_bids", by, at)
        return []
    keys = _collected(session, tender)
    _await_keys(tender, standing, keys, by, at)
    tender.opened_at = at
    move_tender(session, tender, "open", by=by, at=at, facts={"bids": len(standing)})
    record = [_open_one(session, bid, sealed, keys, store, by, at) for bid, sealed in standing]
    lines = [_line(row) for row in record]
    audit.record(
        session, "opening.record", by=by, at=at, of=("tender", tender.id), facts={"record_sha256": digest_of(lines)}
    )
    if sum(row.outcome == "opened" for row in record) < tender.bidders_min:
        _fail(session, tender, "too_few_readable", by, at)
    return record


def collected_until(tender: Tender, at: datetime) -> datetime:
    """Return until when missing keys are waited for: the time runs from the second person's confirmation."""
    return (tender.opening_confirmed_at or at) + COLLECTED_FOR


def _fail(session: Session, tender: Tender, reason: str, by: Actor, at: datetime) -> None:
    tender.end_reason, tender.ended_at = reason, at
    move_tender(session, tender, "fail", by=by, at=at, facts={"reason": reason})


def _collected(session: Session, tender: Tender) -> Mapping[tuple[uuid.UUID, int], _Keys]:
    """Return what was collected, by organisation and version."""
    keys: dict[tuple[uuid.UUID, int], _Keys] = {}
    shares = select(CustodianShare).where(CustodianShare.tender_id == tender.id).order_by(CustodianShare.place)
    for share in session.scalars(shares):
        keys.setdefault((share.organisation_id, share.number), _Keys()).shares.append(share.share)
    for given in session.scalars(select(BidderKey).where(BidderKey.tender_id == tender.id)):
        of = keys.setdefault((given.organisation_id, given.number), _Keys())
        if given.kind == "k1":
            of.k1 = given.key
        else:
            of.k2 = given.key
    return keys


def _await_keys(
    tender: Tender,
    standing: Sequence[tuple[Bid, SealedBid]],
    keys: Mapping[tuple[uuid.UUID, int], _Keys],
    by: Actor,
    at: datetime,
) -> None:
    """Refuse to open while keys are missing and their time runs; past it, lost bids are the supervisor's say."""
    missing = lost = 0
    for _, sealed in standing:
        have = keys.get((sealed.organisation_id, sealed.number), _Keys())
        has_k2 = have.k2 is not None or len(have.shares) >= tender.threshold
        missing += not has_k2 or (tender.lock == "both" and have.k1 is None)
        lost += not has_k2
    until = collected_until(tender, at)
    if missing and at < until:
        raise Conflict("keys_still_collected", missing=missing, until=until)
    if lost and by.role is not Role.SUPERVISOR:
        raise Forbidden("supervisor_opens", missing=lost)


def _open_one(
    session: Session,
    bid: Bid,
    sealed: SealedBid,
    keys: Mapping[tuple[uuid.UUID, int], _Keys],
    store: Store,
    by: Actor,
    at: datetime,
) -> OpenedBid:
    """Write one line of the record, and what was in the bid; move the bid to its outcome."""
    row = OpenedBid(
        bid_id=bid.id,
        tender_id=bid.tender_id,
        organisation_id=bid.organisation_id,
        number=sealed.number,
        header_sha256=sealed.header_sha256,
        received_at=sealed.received_at,
        outcome="opened",
        opened_at=at,
    )
    try:
        content, files = _decrypt(sealed, keys.get((sealed.organisation_id, sealed.number), _Keys()), store)
        form = read_form(content.fields)
    except (Invalid, NotFound) as refused:
        row.failure = refused.code
        row.outcome = _outcome(refused.code)
    else:
        row.price_fen, row.line_bp, row.floor_bp = form.price_fen, form.line_bp, form.floor_bp
        row.is_willing_to_lead, row.nonce = form.will_lead, form.nonce
        rest = {name: value for name, value in content.fields.items() if name not in FIELDS}
        session.add(
            OpenedPart(
                bid_id=bid.id,
                part=_PART,
                tender_id=bid.tender_id,
                organisation_id=bid.organisation_id,
                fields=rest,
                files=files,
            )
        )
    session.add(row)
    event = "opening.bid_opened" if row.outcome == "opened" else "opening.bid_failed"
    facts = {"header_sha256": sealed.header_sha256, "outcome": row.outcome, "failure": row.failure or ""}
    move_bid(session, bid, _VERB[row.outcome], event=event, by=by, at=at, facts=facts)
    return row


def _outcome(code: str) -> str:
    if code in _REVOKED:
        return "revoked"
    return "unreadable" if code in _UNREADABLE else "withdrawn_by_fault"


def _decrypt(sealed: SealedBid, keys: _Keys, store: Store) -> tuple[PartContent, dict[str, Any]]:
    """Return what a bid says, its files put into the store; refuses as `unsealing.open_envelope` does."""
    kept: list[BinaryIO] = []

    def into(_: FileEntry) -> BinaryIO:
        kept.append(cast(BinaryIO, tempfile.TemporaryFile()))  # noqa: SIM115 - closed below, once it is in the store
        return kept[-1]

    threshold = head_of(sealed).header.threshold
    k2 = keys.k2 if len(keys.shares) < threshold else None
    try:
        with store.open(sealed.digest) as container:
            content = unsealing.open_envelope(
                container,
                _PART,
                shares=keys.shares,
                k2=k2,
                k1=keys.k1,
                header_sha256=bytes.fromhex(sealed.header_sha256),
                into=into,
            )
        files: dict[str, Any] = {}
        for entry, file in zip(content.files, kept, strict=True):
            file.seek(0)
            digest, size = store.put(file, limit=MOST_BYTES)
            files[entry.name] = {"digest": digest, "size": size, "kind": entry.kind}
        return content, files
    finally:
        for file in kept:
            file.close()


def _line(row: OpenedBid) -> dict[str, object]:
    return {
        "bid": row.bid_id,
        "organisation": row.organisation_id,
        "outcome": row.outcome,
        "failure": row.failure,
        "price_fen": row.price_fen,
        "line_bp": row.line_bp,
        "floor_bp": row.floor_bp,
        "will_lead": row.is_willing_to_lead,
        "nonce": row.nonce,
    }


def record_of(session: Session, tender: Tender) -> Sequence[OpenedBid]:
    """Return the opening record in the order of receipt; anyone who may know of the tender may read it.

    Refuses with Conflict `bids_not_opened` before the opening.
    """
    if tender.opened_at is None:
        raise Conflict("bids_not_opened")
    query = select(OpenedBid).where(OpenedBid.tender_id == tender.id)
    return session.scalars(query.order_by(OpenedBid.received_at, OpenedBid.bid_id)).all()


def part_of(session: Session, bid: Bid) -> OpenedPart:
    """Return what an opened bid held beside its form; NotFound `bid_not_opened`."""
    row = session.get(OpenedPart, (bid.id, _PART))
    if row is None:
        raise NotFound("bid_not_opened")
    return row
