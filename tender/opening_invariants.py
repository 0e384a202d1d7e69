"""The invariants of the box and its opening: receipts prove what the log holds, and what was opened was sealed."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core import audit
from core.audit import AuditEvent, AuditLeaf
from core.checks import Broken, Found, Invariant, every, found, rows
from core.errors import Invalid
from tender import unsealing
from tender.bids import head_of
from tender.envelope import Head
from tender.models import BidderKey, BidReceipt, Custodian, CustodianShare, SealedBid, SigningKey
from tender.receipts import receipt_holds

#: The log tells of every sealed version once, with the hash of what was sealed.
SEALED_IS_LOGGED = rows(
    "sealed bid {id}",
    """
    SELECT s.id, s.tender_id, s.organisation_id, s.number, s.header_sha256, v.header_sha256 AS logged, v.times
    FROM sealed_bid s FULL JOIN (
        SELECT object_id, count(*) AS times, min(facts ->> 'header_sha256') AS header_sha256,
            min(facts ->> 'container_sha256') AS digest, min(at) AS at
        FROM audit_event WHERE object_kind = 'sealed_bid' AND action IN ('bid.sealed', 'bid.replaced')
        GROUP BY object_id
    ) v ON v.object_id = s.id::text
    WHERE (s.header_sha256, s.digest, s.received_at, 1) IS DISTINCT FROM (v.header_sha256, v.digest, v.at, v.times)
    """,
)


#: Every sealed version has its receipt once its box is closed, and every receipt that was issued is there.
RECEIPTS_STAND = every(
    rows(
        "sealed bid {id}",
        """
        SELECT s.id, s.tender_id, s.organisation_id, s.number, t.box_closed_at FROM sealed_bid s
        JOIN tender t ON t.id = s.tender_id LEFT JOIN bid_receipt r
            ON (r.tender_id, r.organisation_id, r.number) = (s.tender_id, s.organisation_id, s.number)
        WHERE t.box_closed_at IS NOT NULL AND r.number IS NULL
        """,
    ),
    rows(
        "receipt of sealed bid {sealed_bid}",
        """
        SELECT coalesce(v.object_id, r.id::text) AS sealed_bid, v.times, r.number FROM (
            SELECT object_id, count(*) AS times FROM audit_event
            WHERE object_kind = 'sealed_bid' AND action = 'bid.receipt_issued' GROUP BY object_id
        ) v FULL JOIN (
            SELECT s.id, b.number FROM bid_receipt b JOIN sealed_bid s
                ON (s.tender_id, s.organisation_id, s.number) = (b.tender_id, b.organisation_id, b.number)
        ) r ON r.id::text = v.object_id
        WHERE r.number IS NULL OR v.times IS DISTINCT FROM 1
        """,
    ),
)


def receipts_prove(connection: Connection) -> Found:
    """Return the receipts that are not signed, or whose proof does not lead to the tree as it stands."""
    with Session(connection) as session:
        return found(_wrong_receipts(session))


def _wrong_receipts(session: Session) -> Iterator[Broken]:
    logged = select(AuditEvent.object_id, AuditLeaf.index, AuditLeaf.leaf_hash).join(
        AuditLeaf, AuditLeaf.event_id == AuditEvent.id
    )
    logged = logged.where(AuditEvent.object_kind == "sealed_bid", AuditEvent.action.in_(("bid.sealed", "bid.replaced")))
    leaves = {row[0]: (row[1], row[2]) for row in session.execute(logged)}
    places = (BidReceipt.tender_id, BidReceipt.organisation_id, BidReceipt.number)
    for receipt in session.scalars(select(BidReceipt).order_by(*places)):
        sealed = session.get(SealedBid, (receipt.tender_id, receipt.organisation_id, receipt.number))
        why = _why_not(session, receipt, sealed, leaves.get(str(sealed.id)) if sealed else None)
        if why:
            yield Broken(f"receipt {receipt.tender_id}/{receipt.organisation_id}/{receipt.number}", {"why": why})


def _why_not(session: Session, receipt: BidReceipt, sealed: SealedBid | None, leaf: tuple[int, bytes] | None) -> str:
    """Return why a receipt proves nothing; "" where it does."""
    if not receipt_holds(receipt.document, receipt.public_key, receipt.signature):
        return "its signature or its proof does not hold"
    if sealed is None or leaf is None:
        return "the log holds no such bid"
    said: Mapping[str, Any] = json.loads(receipt.document)
    stated = (said["tender"], said["organisation"], said["version"], said["header_sha256"], said["container_sha256"])
    stands = (str(sealed.tender_id), str(sealed.organisation_id), str(sealed.number), sealed.header_sha256)
    if stated != (*stands, sealed.digest) or said["received_at"] != sealed.received_at.astimezone(UTC).isoformat():
        return "it states another bid than the one in the box"
    proof = said["proof"]
    if (proof["index"], proof["leaf_hash"]) != (str(leaf[0]), leaf[1].hex()):
        return "its leaf stands elsewhere in the log"
    size = int(proof["size"])
    if size > audit.tree_size(session) or audit.root(session, size).hex() != proof["root"]:
        return "its root is not the log's"
    return ""


#: What was opened is the version that was sealed, by the hash that its receipt states.
OPENED_IS_SEALED = every(
    rows(
        "bid {bid_id}",
        """
        SELECT o.bid_id, o.tender_id, o.organisation_id, o.number, o.header_sha256, s.header_sha256 AS sealed,
            o.received_at, s.received_at AS sealed_at, t.opened_at
        FROM opened_bid o JOIN tender t ON t.id = o.tender_id
        LEFT JOIN sealed_bid s ON (s.tender_id, s.organisation_id, s.number)
            = (o.tender_id, o.organisation_id, o.number)
        WHERE (o.header_sha256, o.received_at, o.opened_at)
            IS DISTINCT FROM (s.header_sha256, s.received_at, t.opened_at)
        """,
    ),
    rows(
        "custodian {place} of tender {tender_id}",
        """
        SELECT c.place, c.tender_id, c.fingerprint, encode(sha256(c.public_key), 'hex') AS of_its_key FROM custodian c
        WHERE c.fingerprint <> encode(sha256(c.public_key), 'hex')
        """,
    ),
)


#: Every share that the log says was taken is there; every signing key is the one that was registered.
KEYS_ARE_LOGGED = every(
    rows(
        "shares of custodian {place} of tender {tender}",
        """
        SELECT coalesce(v.tender, s.tender) AS tender, coalesce(v.place, s.place) AS place, v.taken, s.kept FROM (
            SELECT object_id AS tender, (facts ->> 'place')::bigint AS place, sum((facts ->> 'taken')::bigint) AS taken
            FROM audit_event WHERE object_kind = 'tender' AND action = 'key.share_submitted' GROUP BY 1, 2
        ) v FULL JOIN (
            SELECT tender_id::text AS tender, place, count(*) AS kept FROM custodian_share GROUP BY 1, 2
        ) s ON (s.tender, s.place) = (v.tender, v.place)
        WHERE coalesce(v.taken, 0) <> coalesce(s.kept, 0)
        """,
    ),
    rows(
        "signing key {id}",
        """
        SELECT coalesce(k.id::text, e.object_id) AS id, k.organisation_id, k.fingerprint, e.fingerprint AS logged,
            encode(sha256(k.public_key), 'hex') AS of_its_key
        FROM signing_key k FULL JOIN (
            SELECT object_id, organisation_id, person_id, facts ->> 'fingerprint' AS fingerprint FROM audit_event
            WHERE object_kind = 'signing_key' AND action = 'signing_key.registered'
        ) e ON e.object_id = k.id::text
        WHERE (k.organisation_id, k.registered_by, k.fingerprint)
                IS DISTINCT FROM (e.organisation_id, e.person_id, e.fingerprint)
            OR k.fingerprint <> encode(sha256(k.public_key), 'hex')
        """,
    ),
)


def keys_are_committed(connection: Connection) -> Found:
    """Return the sealed versions whose header is not what was hashed, and the keys that are not what it commits to."""
    with Session(connection) as session:
        return found(_wrong_keys(session))


def _wrong_keys(session: Session) -> Iterator[Broken]:
    shares: dict[tuple[uuid.UUID, uuid.UUID, int], list[CustodianShare]] = defaultdict(list)
    for share in session.scalars(select(CustodianShare).order_by(CustodianShare.place)):
        shares[share.tender_id, share.organisation_id, share.number].append(share)
    keys: dict[tuple[uuid.UUID, uuid.UUID, int], list[BidderKey]] = defaultdict(list)
    for key in session.scalars(select(BidderKey)):
        keys[key.tender_id, key.organisation_id, key.number].append(key)
    custodians: dict[uuid.UUID, list[str]] = defaultdict(list)
    for custodian in session.scalars(select(Custodian).order_by(Custodian.tender_id, Custodian.place)):
        custodians[custodian.tender_id].append(custodian.fingerprint or "")
    signers: dict[uuid.UUID, set[bytes]] = defaultdict(set)
    for signing in session.scalars(select(SigningKey)):
        signers[signing.organisation_id].add(signing.public_key)
    for sealed in session.scalars(select(SealedBid).order_by(SealedBid.tender_id, SealedBid.id)):
        place = (sealed.tender_id, sealed.organisation_id, sealed.number)
        why = _why_uncommitted(sealed, shares[place], keys[place], custodians[sealed.tender_id])
        if not why and head_of(sealed).header.signer not in signers[sealed.organisation_id]:
            why = "it is signed by a key that its insurer has not registered"
        if why:
            yield Broken(f"sealed bid {place[0]}/{place[1]}/{place[2]}", {"why": why})


def _why_uncommitted(
    sealed: SealedBid, shares: Sequence[CustodianShare], keys: Sequence[BidderKey], custodians: Sequence[str]
) -> str:
    """Return what of a sealed version contradicts its signed header; "" where nothing does."""
    try:
        head = head_of(sealed)
        header = head.header
        if head.sha256.hex() != sealed.header_sha256:
            return "its header is not the one that was hashed"
        stated = (header.tender, header.organisation, header.version)
        if stated != (str(sealed.tender_id), str(sealed.organisation_id), sealed.number):
            return "its header is of another bid"
        if [fingerprint.hex() for fingerprint in header.custodians] != list(custodians):
            return "it was sealed to other custodians"
        _check_keys(head, shares, keys)
    except Invalid as refused:
        return refused.code
    return ""


def _check_keys(head: Head, shares: Sequence[CustodianShare], keys: Sequence[BidderKey]) -> None:
    """Refuse what `unsealing` refuses of shares and keys; a K2 that the bidder itself sealed wrongly is its own."""
    for share in shares:
        if unsealing.check_share(head, share.part, share.share) != share.place:
            raise Invalid("share_foreign")
    for key in keys:
        check = unsealing.check_bidder_key if key.kind == "k1" else unsealing.check_custodian_key
        check(head, key.part, key.key)


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-T3",
        "每份投标在日志中恰有一条记录；每份回执签名有效，其证明通向现在的日志树；关箱后每份投标都有回执，签发过的回执都在",
        "The log tells of every sealed bid once; every receipt is signed and its proof leads to the tree as it stands; "
        "once a box is closed every bid in it has its receipt, and none that was issued is gone",
        every(SEALED_IS_LOGGED, RECEIPTS_STAND, receipts_prove),
    ),
    Invariant(
        "INV-T4",
        "开启的正是所密封的版本；每个密钥与份额均与密封时的承诺一致；日志所记的份额都在，签署投标的公钥正是登记的那一把",
        "What was opened is what was sealed; every key and every share is what the signed header commits to; every "
        "share that the log tells of is there, and a bid was signed by a key that its insurer had registered",
        every(OPENED_IS_SEALED, KEYS_ARE_LOGGED, keys_are_committed),
    ),
)
