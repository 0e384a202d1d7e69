"""The counter where bids are handed in: check and keep the file, one small transaction, then the signed receipt.

It is the composed act of this room, because a receipt can only prove what is committed: no receipt, no bid. Therefore
the receipts that are still owed when the box is closed are issued before it is opened.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core import audit
from core.db import run_in_unit
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.papers import Store
from core.permits import Actor
from tender import bids, opening, receipts, tenders
from tender.envelope import read_head
from tender.models import BidReceipt, SealedBid, Tender
from tender.outcome_models import OpenedBid


def submit(
    engine: Engine,
    store: Store,
    receipt_key: Ed25519PrivateKey,
    tender_id: uuid.UUID,
    container: BinaryIO,
    *,
    by: Actor,
    at: datetime,
    most_bytes: int = bids.MOST_BYTES,
) -> BidReceipt:
    """Return the receipt of an envelope that is now in the tender's box; refuses as `bids.accept` and `bids.seal` do.

    The envelope that stands already, handed in again because the answer never came, is answered with its receipt, at
    any hour. A refusal is noted in the log, so that an attempt after the deadline is on record with its time. Conflict
    `receipt_later` is none: the bid is in the box, the log could not give its place yet, and the receipt is issued when
    it is asked for again.
    """
    # READ COMMITTED: the tender's row, held by the trigger, carries the proof, and bidders do not undo each other.
    plain = engine.execution_options(isolation_level="READ COMMITTED")
    standing = _standing(plain, tender_id, container, by)
    if standing is not None:
        return _receipt_in_turn(plain, standing, receipt_key, by, at)
    expected = run_in_unit(engine, by, lambda session: bids.expect(session, _tender(session, tender_id, by), by=by))
    try:
        accepted = bids.accept(store, container, expected, most_bytes=most_bytes)
        sealed = run_in_unit(
            plain, by, lambda session: bids.seal(session, _tender(session, tender_id, by), accepted, by=by, at=at)
        )
    except Refusal as refused:
        _note(plain, tender_id, refused, by, at)
        raise
    return _receipt_in_turn(plain, sealed, receipt_key, by, at)


def _receipt_in_turn(
    engine: Engine, sealed: SealedBid, receipt_key: Ed25519PrivateKey, by: Actor, at: datetime
) -> BidReceipt:
    """Return a receipt, after waiting for the bid's place in the log where that was left to somebody else.

    The bid is in the box by now: whatever is in the way, the answer says so and never that nothing was done.
    """

    def issue(session: Session) -> BidReceipt:
        tender = _tender(session, sealed.tender_id, by)
        return receipts.issue_receipt(session, tender, sealed, receipt_key, by=by, at=at)

    try:
        try:
            return run_in_unit(engine, by, issue)
        except NotFound as refused:
            if refused.code != "log_place_not_found":
                raise
            audit.sequence(engine)
            return run_in_unit(engine, by, issue)
    except (SQLAlchemyError, Conflict, NotFound):
        raise Conflict("receipt_later", version=sealed.number) from None


def open_box(
    session: Session, tender: Tender, store: Store, receipt_key: Ed25519PrivateKey, *, by: Actor, at: datetime
) -> list[OpenedBid]:
    """Return the opening record of a closed box: the receipts that are still owed first, then every bid at once.

    Refuses as `receipts.issue_missing` and `opening.open_all` do.
    """
    receipts.issue_missing(session, tender, receipt_key, by=by, at=at)
    return opening.open_all(session, tender, store, by=by, at=at)


def _tender(session: Session, tender_id: uuid.UUID, by: Actor) -> Tender:
    return tenders.get(session, tender_id, by=by)


def _standing(engine: Engine, tender_id: uuid.UUID, container: BinaryIO, by: Actor) -> SealedBid | None:
    """Return the actor's version that stands where this is the very envelope of it; None for anything else."""
    start = container.tell()
    try:
        digest = read_head(container).sha256.hex()
    except Invalid:
        return None
    finally:
        container.seek(start)
    return run_in_unit(
        engine, by, lambda session: bids.standing_version(session, _tender(session, tender_id, by), digest, by=by)
    )


def _note(engine: Engine, tender_id: uuid.UUID, refused: Refusal, by: Actor, at: datetime) -> None:
    """Write that an envelope was refused, and why."""
    event = "bid.refused_late" if refused.code in ("deadline_passed", "tender_opened") else "bid.refused"

    def work(session: Session) -> None:
        audit.record(session, event, by=by, at=at, of=("tender", tender_id), facts={"code": refused.code})

    run_in_unit(engine, by, work)
