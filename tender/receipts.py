"""Receipts of sealed bids: signed, with the proof that the log holds the bid; anyone can check one alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, merkle
from core.errors import Conflict, Invalid
from core.permits import Actor, require
from tender.canonical import Json, canonical, read_canonical
from tender.drafting import as_text
from tender.models import BidReceipt, SealedBid, Tender


def issue_receipt(
    session: Session, tender: Tender, sealed: SealedBid, key: Ed25519PrivateKey, *, by: Actor, at: datetime
) -> BidReceipt:
    """Return the signed receipt of a sealed version that is committed and has its place in the log.

    It states the header's hash and the instant of receipt, and carries the proof that the log holds both. Asked for
    again, it is the same. NotFound `log_place_not_found` before the log has the event.
    """
    standing = session.get(BidReceipt, (sealed.tender_id, sealed.organisation_id, sealed.number))
    if standing is not None:
        return standing
    document = _document(session, tender, sealed)
    row = BidReceipt(
        tender_id=sealed.tender_id,
        organisation_id=sealed.organisation_id,
        number=sealed.number,
        document=document.decode(),
        public_key=key.public_key().public_bytes_raw(),
        signature=key.sign(document),
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        "bid.receipt_issued",
        by=by,
        at=max(at, sealed.received_at),
        of=("sealed_bid", sealed.id),
        facts={"header_sha256": sealed.header_sha256},
    )
    return row


def unreceipted(session: Session, tender: Tender) -> Sequence[SealedBid]:
    """Return the sealed versions of a tender that have no receipt, in the order in which they came."""
    has_one = select(BidReceipt.number).where(
        BidReceipt.tender_id == SealedBid.tender_id,
        BidReceipt.organisation_id == SealedBid.organisation_id,
        BidReceipt.number == SealedBid.number,
    )
    query = select(SealedBid).where(SealedBid.tender_id == tender.id, ~has_one.exists())
    return session.scalars(query.order_by(SealedBid.received_at, SealedBid.id)).all()


def issue_missing(
    session: Session, tender: Tender, key: Ed25519PrivateKey, *, by: Actor, at: datetime
) -> list[BidReceipt]:
    """Return the receipts that a closed box was still owed, issued now: the last thing before its bids are opened.

    A bid that the platform took and gave no receipt for is the platform's fault and not its bidder's; the log holds it,
    so the receipt proves as much as one given at once. Refuses with Conflict `keys_too_early` before the box is closed.
    """
    require(by, "tender.open")
    if tender.box_closed_at is None:
        raise Conflict("keys_too_early")
    return [issue_receipt(session, tender, sealed, key, by=by, at=at) for sealed in unreceipted(session, tender)]


def _document(session: Session, tender: Tender, sealed: SealedBid) -> bytes:
    """Return what a receipt states, with the proof that the log holds the bid."""
    query = select(audit.AuditEvent).where(
        audit.AuditEvent.object_kind == "sealed_bid",
        audit.AuditEvent.object_id == str(sealed.id),
        audit.AuditEvent.action.in_(("bid.sealed", "bid.replaced")),
    )
    event = session.scalars(query).one()
    return canonical(
        as_text(
            {
                "receipt": "gongbao-1",
                "tender": tender.id,
                "tender_number": tender.number,
                "organisation": sealed.organisation_id,
                "version": sealed.number,
                "header_sha256": sealed.header_sha256,
                "container_sha256": sealed.digest,
                "size": sealed.size,
                "received_at": sealed.received_at,
                "deadline_at": tender.deadline_at,
                "proof": audit.proof_document(audit.prove(session, event.id), event),
            }
        )
    )


def receipt_holds(document: str, public_key: bytes, signature: bytes) -> bool:
    """Say whether a receipt is signed by this key and its proof leads from the bid to the root that it states.

    Needs nothing of this system but the receipt: an insurer can check it alone.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, document.encode())
    except (InvalidSignature, ValueError):
        return False
    try:
        return _proves(read_canonical(document.encode()))
    except (Invalid, KeyError, TypeError, ValueError):
        return False


def _proves(said: Json) -> bool:
    """Say whether the proof of a receipt leads from its header's hash to the root it states."""
    if not isinstance(said, Mapping) or not isinstance(said["proof"], Mapping):
        return False
    proof = said["proof"]
    leaf, path = base64.b64decode(str(proof["leaf"])), proof["path"]
    if not isinstance(path, list) or str(said["header_sha256"]).encode() not in leaf:
        return False
    digests = [bytes.fromhex(str(digest)) for digest in path]
    root = merkle.root_from_path(merkle.leaf_hash(leaf), int(str(proof["index"])), int(str(proof["size"])), digests)
    return root.hex() == proof["root"]
