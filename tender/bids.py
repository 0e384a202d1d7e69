"""Verbs on a bid before the opening: register a signing key, seal, replace, withdraw; and who sees which bid.

What is sealed is checked and kept outside the transaction (`expect`, `accept`); `seal` is one small insert, which the
database stamps and refuses when it is late. tender/counter.py does the three in order, and gives the receipt
(tender/receipts.py) after the commit.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.papers import Store
from core.permits import Actor, Role, require
from core.stages import step
from tender import p256
from tender.envelope import Head, Terms, read_head
from tender.models import Bid, BidWithdrawal, SealedBid, SigningKey, Tender, TenderSide
from tender.moving import database_speaks, hold_tender, move_bid, take_side
from tender.stages import BID_MOVES
from tender.tenders import terms_of
from tender.unsealing import verify_sealed

#: The largest envelope that is taken.
MOST_BYTES = 1 << 30

_POSSESSION = b"gongbao/signing-key/1\x00"
_SITTING = frozenset({Role.EXPERT, Role.CHAIR})


@dataclass(frozen=True, slots=True)
class Expected:
    """What the next envelope of one insurer for one tender must be."""

    tender_id: uuid.UUID
    organisation_id: uuid.UUID
    number: int
    terms: Terms
    signers: tuple[bytes, ...]
    used_keys: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An envelope that was checked and is in the store; it is no bid before `seal` has put it into the box."""

    expected: Expected
    head: Head
    digest: str
    size: int


def key_statement(organisation_id: uuid.UUID, public_key: bytes) -> bytes:
    """Return what a new signing key signs to show that its holder has it."""
    return _POSSESSION + str(organisation_id).encode("ascii") + public_key


def register_key(session: Session, public_key: bytes, proof: bytes, *, by: Actor, at: datetime) -> SigningKey:
    """Return a new signing key of the actor's organisation; `proof` is its signature of `key_statement`.

    Refuses with Invalid `public_key_wrong`, `signature_wrong`, Conflict `signing_key_taken`.
    """
    require(by, "bid.key")
    organisation_id, person_id = _insurer(by)
    p256.public_key(public_key)
    p256.check_signature(public_key, proof, key_statement(organisation_id, public_key))
    fingerprint = p256.fingerprint(public_key).hex()
    if session.scalar(select(SigningKey.id).where(SigningKey.fingerprint == fingerprint)) is not None:
        raise Conflict("signing_key_taken")
    row = SigningKey(
        organisation_id=organisation_id,
        public_key=public_key,
        fingerprint=fingerprint,
        registered_by=person_id,
        registered_at=at,
    )
    session.add(row)
    session.flush()
    facts = {"fingerprint": fingerprint}
    audit.record(session, "signing_key.registered", by=by, at=at, of=("signing_key", row.id), facts=facts)
    return row


def revoke_key(session: Session, key: SigningKey, *, by: Actor, at: datetime) -> None:
    """Take a signing key out of use; bids signed with it before stay good. NotFound `signing_key_not_found`."""
    require(by, "bid.key")
    if key.organisation_id != by.organisation_id or key.revoked_at is not None:
        raise NotFound("signing_key_not_found")
    key.revoked_at = at
    session.flush()
    audit.record(session, "signing_key.revoked", by=by, at=at, of=("signing_key", key.id))


def _insurer(by: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    if by.organisation_id is None or by.person_id is None:
        raise Forbidden("tender_person_needed")
    return by.organisation_id, by.person_id


def keys_of(session: Session, organisation_id: uuid.UUID) -> Sequence[SigningKey]:
    """Return the signing keys of an insurer that are in use, oldest first."""
    query = select(SigningKey).where(SigningKey.organisation_id == organisation_id, SigningKey.revoked_at.is_(None))
    return session.scalars(query.order_by(SigningKey.id)).all()


def visible_to(actor: Actor) -> Select[Bid]:
    """Return the bids that an actor may know of: an insurer its own; others none before the box is closed.

    Experts see those of the tenders they sit on.
    """
    query = select(Bid).join(Tender, Tender.id == Bid.tender_id)
    if not actor.sees_all:
        return query.where(Bid.organisation_id == actor.organisation_id)
    query = query.where(Tender.box_closed_at.is_not(None))
    if actor.role in _SITTING:
        sits_on = select(TenderSide.tender_id).where(TenderSide.person_id == actor.person_id)
        query = query.where(Bid.tender_id.in_(sits_on))
    return query


def get(session: Session, bid_id: uuid.UUID, *, by: Actor) -> Bid:
    """Return a bid; NotFound `bid_not_found` where there is none that the actor may know of."""
    row = session.scalar(visible_to(by).where(Bid.id == bid_id))
    if row is None:
        raise NotFound("bid_not_found")
    return row


def own_bid(session: Session, tender: Tender, *, by: Actor) -> Bid | None:
    """Return the bid of the actor's organisation for a tender, as it stands now."""
    query = select(Bid).where(Bid.tender_id == tender.id, Bid.organisation_id == by.organisation_id)
    return session.scalar(query.execution_options(populate_existing=True))


def versions_of(session: Session, tender: Tender, organisation_id: uuid.UUID) -> Sequence[SealedBid]:
    """Return the sealed versions of one insurer's bid, oldest first."""
    query = select(SealedBid).where(SealedBid.tender_id == tender.id, SealedBid.organisation_id == organisation_id)
    return session.scalars(query.order_by(SealedBid.number)).all()


def own_version(session: Session, tender: Tender, number: int, *, by: Actor) -> SealedBid:
    """Return one sealed version of the actor's organisation; NotFound `bid_not_found`."""
    row = session.get(SealedBid, (tender.id, by.organisation_id, number)) if by.organisation_id else None
    if row is None:
        raise NotFound("bid_not_found")
    return row


def standing_version(session: Session, tender: Tender, header_sha256: str, *, by: Actor) -> SealedBid | None:
    """Return the newest version of the actor's bid where it has this header and was not taken back; else None."""
    require(by, "bid.seal")
    organisation_id, _ = _insurer(by)
    versions = versions_of(session, tender, organisation_id)
    if not versions or versions[-1].header_sha256 != header_sha256:
        return None
    newest = versions[-1]
    taken_back = session.get(BidWithdrawal, (newest.tender_id, newest.organisation_id, newest.number))
    return newest if taken_back is None else None


def head_of(sealed: SealedBid) -> Head:
    """Return the signed head of a sealed version: what receipts state and shares are checked against."""
    return read_head(io.BytesIO(sealed.header))


def expect(session: Session, tender: Tender, *, by: Actor) -> Expected:
    """Return what the actor's next envelope must be.

    Refuses with Conflict `tender_takes_no_bids`, `signing_key_missing`.
    """
    require(by, "bid.seal")
    organisation_id, _ = _insurer(by)
    if tender.stage != "published":
        raise Conflict("tender_takes_no_bids")
    keys = keys_of(session, organisation_id)
    if not keys:
        raise Conflict("signing_key_missing")
    earlier = versions_of(session, tender, organisation_id)
    used = {part.k2_sha256 for sealed in earlier for part in head_of(sealed).header.parts}
    return Expected(
        tender_id=tender.id,
        organisation_id=organisation_id,
        number=len(earlier) + 1,
        terms=terms_of(session, tender),
        signers=tuple(key.public_key for key in keys),
        used_keys=frozenset(used),
    )


def accept(store: Store, container: BinaryIO, expected: Expected, *, most_bytes: int = MOST_BYTES) -> Accepted:
    """Return an envelope checked to the last byte and kept in the store; `container` must allow seeking.

    No transaction is open meanwhile, however long the file is. Refuses as `unsealing.verify_sealed` does.
    """
    start = container.tell()
    signer = read_head(container).header.signer
    if signer not in expected.signers:
        raise Invalid("signer_unknown")
    container.seek(start)
    head = verify_sealed(
        container,
        expected.terms,
        str(expected.organisation_id),
        expected.number,
        signer,
        used_keys=expected.used_keys,
        most_bytes=most_bytes,
    )
    container.seek(start)
    digest, size = store.put(container, limit=most_bytes)
    return Accepted(expected, head, digest, size)


def seal(session: Session, tender: Tender, accepted: Accepted, *, by: Actor, at: datetime) -> SealedBid:
    """Put an accepted envelope into the box and return its row, stamped with the instant that counts.

    The first makes the bid, a later one replaces the one before. `at` is only the request's; the database's own clock
    decides. Refuses with Conflict `deadline_passed`, `tender_takes_no_bids`, `tender_opened`, `bid_changed_meanwhile`
    (another version came in between), `terms_changed` (an amendment did), Forbidden `other_side`.
    """
    require(by, "bid.seal")
    organisation_id, person_id = _insurer(by)
    expected = accepted.expected
    if (expected.tender_id, expected.organisation_id) != (tender.id, organisation_id):
        raise Invalid("envelope_not_of_this", what="organisation")
    # No amendment comes between the look at the terms and the insert, which holds the tender in any case.
    if expected.terms != terms_of(session, hold_tender(session, tender)):
        raise Conflict("terms_changed")
    take_side(session, tender, "bidder", person_id, organisation_id)
    row = SealedBid(
        tender_id=tender.id,
        organisation_id=organisation_id,
        number=expected.number,
        header=accepted.head.to_bytes(),
        header_sha256=accepted.head.sha256.hex(),
        digest=accepted.digest,
        size=accepted.size,
        person_id=person_id,
    )
    session.add(row)
    try:
        with database_speaks():
            session.flush()
    except IntegrityError:
        raise Conflict("bid_changed_meanwhile") from None
    is_first = _stand_for(session, tender, row, by)
    facts = {
        "tender": str(tender.id),
        "version": row.number,
        "header_sha256": row.header_sha256,
        "container_sha256": row.digest,
    }
    event = "bid.sealed" if is_first else "bid.replaced"
    audit.record(session, event, by=by, at=row.received_at, of=("sealed_bid", row.id), facts=facts)
    return row


def _stand_for(session: Session, tender: Tender, row: SealedBid, by: Actor) -> bool:
    """Let a bid stand for its newest sealed version; say whether it replaced nothing."""
    bid = own_bid(session, tender, by=by)
    if bid is None:
        stage = step(BID_MOVES, "draft", "seal", kind="bid")
        session.add(Bid(tender_id=tender.id, organisation_id=row.organisation_id, current=row.number, stage=stage))
        session.flush()
        return True
    if row.number != bid.current + 1:
        raise Conflict("bid_changed_meanwhile")
    is_first = bid.stage == "withdrawn"
    if not is_first:
        step(BID_MOVES, bid.stage, "replace", kind="bid")
    bid.stage, bid.current = step(BID_MOVES, "draft", "seal", kind="bid"), row.number
    session.flush()
    return is_first


def withdraw(session: Session, tender: Tender, *, by: Actor, at: datetime) -> BidWithdrawal:
    """Take the actor's bid back before the deadline and return the stamped row; it may be sealed anew until then.

    Refuses with NotFound `bid_not_found`, Conflict `deadline_passed`, `tender_takes_no_bids`, `tender_opened`,
    `stage_refuses`, Forbidden `other_side`.
    """
    require(by, "bid.withdraw")
    organisation_id, person_id = _insurer(by)
    bid = own_bid(session, tender, by=by)
    if bid is None:
        raise NotFound("bid_not_found")
    step(BID_MOVES, bid.stage, "withdraw", kind="bid")
    take_side(session, tender, "bidder", person_id, organisation_id)
    row = BidWithdrawal(tender_id=tender.id, organisation_id=organisation_id, number=bid.current, person_id=person_id)
    session.add(row)
    with database_speaks():
        session.flush()
    move_bid(session, bid, "withdraw", event="bid.withdrawn", by=by, at=row.received_at, facts={"version": row.number})
    return row
