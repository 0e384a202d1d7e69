"""An insurer's bids for programs: signing keys, sealed envelopes, receipts, withdrawing, its key, its answer."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import current_app, request
from sqlalchemy import select

from core.errors import Invalid, NotFound
from tender import allocations, bids, counter, keys, receipts, tenders
from tender.envelope import ONE_ENVELOPE
from tender.models import Bid, BidReceipt, SealedBid, SigningKey, Tender
from web import fields
from web.api import PageQuery, Strict, listed, read_cursor, resource
from web.forms import hex_field
from web.keeping import receipt_key, settings, store_in
from web.shell import actor, at, needs, unit

api = resource("bids", "An insurer's own bids: sealed files in, signed receipts out.")

_HEX = r"^([0-9a-f]{2})*$"


class SealedOut(Strict):
    """One sealed version of a bid."""

    version = fields.Integer(strict=True)
    received_at = fields.AwareDateTime(format="iso")
    size = fields.Integer(strict=True)
    header_sha256 = fields.String()
    container_sha256 = fields.String()


class BidOut(Strict):
    """One's own bid for a tender: its stage, the version that counts, and all versions."""

    id = fields.UUID()
    tender = fields.UUID()
    stage = fields.String()
    current = fields.Integer(strict=True)
    versions = fields.List(fields.Nested(SealedOut))


class BidsOut(Strict):
    """A page of one's bids; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BidOut))
    next = fields.String(allow_none=True)


class ReceiptOut(Strict):
    """A receipt that anyone can check alone: `document` is canonical JSON, signed with Ed25519."""

    version = fields.Integer(strict=True)
    document = fields.String()
    said = fields.Dict(metadata={"description": "the document, parsed"})
    public_key = fields.String()
    signature = fields.String()


class SigningKeyIn(Strict):
    """A P-256 point and its signature of `gongbao/signing-key/1`, a zero byte, the organisation's id and the point."""

    public_key = fields.String(required=True, validate=fields.Pattern(_HEX))
    proof = fields.String(required=True, validate=fields.Pattern(_HEX))


class SigningKeyOut(Strict):
    """A signing key in use."""

    id = fields.UUID()
    fingerprint = fields.String()
    public_key = fields.String()
    registered_at = fields.AwareDateTime(format="iso")


class SigningKeysOut(Strict):
    """The signing keys in use."""

    data = fields.List(fields.Nested(SigningKeyOut))


class BidderKeyIn(Strict):
    """One's own key for one's own bid at the opening: `k1`, the lock, or `k2`, should the custodians fail."""

    kind = fields.String(required=True, validate=ma.validate.OneOf(["k1", "k2"]))
    key = fields.String(required=True, validate=fields.Pattern(_HEX))


class AnswerIn(Strict):
    """Whether the share that is offered is accepted; the answer is final."""

    is_accepted = fields.Boolean(required=True)


class OfferOut(Strict):
    """The share that is offered, and what was answered."""

    share_bp = fields.Integer(strict=True)
    is_lead = fields.Boolean()
    answer_due_at = fields.AwareDateTime(format="iso")
    answer = fields.String(allow_none=True)


def _tender(tender_id: uuid.UUID) -> Tender:
    return tenders.get(unit(), tender_id, by=actor())


def _document(bid: Bid, versions: list[SealedBid]) -> dict[str, Any]:
    return {
        "id": bid.id,
        "tender": bid.tender_id,
        "stage": bid.stage,
        "current": bid.current,
        "versions": [
            {
                "version": row.number,
                "received_at": row.received_at,
                "size": row.size,
                "header_sha256": row.header_sha256,
                "container_sha256": row.digest,
            }
            for row in versions
        ],
    }


def _own(tender: Tender) -> Bid:
    bid = bids.own_bid(unit(), tender, by=actor())
    if bid is None:
        raise NotFound("bid_not_found")
    return bid


@api.get("")
@needs("bid.seal")
@api.arguments(PageQuery, location="query")
@api.response(200, BidsOut)
def index(query: Mapping[str, Any]) -> dict[str, object]:
    """List one's own bids, the newest first."""
    chosen = bids.visible_to(actor()).order_by(Bid.id.desc())
    key = read_cursor(query["cursor"])
    if key:
        chosen = chosen.where(Bid.id < _id(key[0]))
    rows = unit().scalars(chosen.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], key=lambda row: (str(row.id),))
    shown = rows[: query["limit"]]
    versions: dict[uuid.UUID, list[SealedBid]] = {}
    chosen_tenders = [bid.tender_id for bid in shown]
    sealed = select(SealedBid).where(
        SealedBid.tender_id.in_(chosen_tenders), SealedBid.organisation_id == actor().organisation_id
    )
    for row in unit().scalars(sealed.order_by(SealedBid.number)):
        versions.setdefault(row.tender_id, []).append(row)
    page["data"] = [_document(bid, versions.get(bid.tender_id, [])) for bid in shown]
    return page


def _id(text: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise Invalid("cursor_wrong") from None


@api.get("/signing-keys")
@needs("bid.seal")
@api.response(200, SigningKeysOut)
def signing_keys() -> dict[str, Any]:
    """List one's signing keys in use."""
    who = actor().organisation_id
    return {"data": [_key(row) for row in bids.keys_of(unit(), who)] if who else []}


def _key(row: SigningKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "fingerprint": row.fingerprint,
        "public_key": row.public_key.hex(),
        "registered_at": row.registered_at,
    }


@api.post("/signing-keys")
@needs("bid.answer")
@api.arguments(SigningKeyIn)
@api.response(201, SigningKeyOut)
def register(said: Mapping[str, Any]) -> dict[str, Any]:
    """Register a signing key."""
    public_key, proof = hex_field(said, "public_key", 65), hex_field(said, "proof", 64)
    return _key(bids.register_key(unit(), public_key, proof, by=actor(), at=at()))


@api.get("/<uuid:tender_id>")
@needs("bid.seal")
@api.response(200, BidOut)
def one(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return one's own bid for a tender."""
    tender = _tender(tender_id)
    bid = _own(tender)
    return _document(bid, list(bids.versions_of(unit(), tender, bid.organisation_id)))


@api.post("/<uuid:tender_id>/versions")
@needs("bid.seal", has_unit=False)
@api.doc(
    requestBody={
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
)
@api.response(201, ReceiptOut)
def submit(tender_id: uuid.UUID) -> dict[str, Any]:
    """Hand in a sealed envelope, the body of the request; the answer is its receipt. No receipt, no bid.

    The same envelope sent again is answered with the same receipt, so the route takes no `Idempotency-Key`.
    """
    if "Idempotency-Key" in request.headers:
        raise Invalid("idempotency_key_not_taken")
    most_bytes = settings().upload_limit_mb << 20
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as container:
        shutil.copyfileobj(request.stream, container)
        container.seek(0)
        receipt = counter.submit(
            current_app.extensions["gongbao"].engine,
            store_in(settings()),
            receipt_key(settings()),
            tender_id,
            container,  # type: ignore[arg-type]
            by=actor(),
            at=at(),
            most_bytes=most_bytes,
        )
    return _receipt(receipt)


def _receipt(row: BidReceipt) -> dict[str, Any]:
    return {
        "version": row.number,
        "document": row.document,
        "said": json.loads(row.document),
        "public_key": row.public_key.hex(),
        "signature": row.signature.hex(),
    }


@api.get("/<uuid:tender_id>/versions/<int:number>/receipt")
@needs("bid.seal", writes=True)
@api.response(200, ReceiptOut)
def receipt(tender_id: uuid.UUID, number: int) -> dict[str, Any]:
    """Return the receipt of one's own version, issued now where it is still owed."""
    tender = _tender(tender_id)
    sealed = bids.own_version(unit(), tender, number, by=actor())
    return _receipt(receipts.issue_receipt(unit(), tender, sealed, receipt_key(settings()), by=actor(), at=at()))


@api.post("/<uuid:tender_id>/withdrawal")
@needs("bid.withdraw")
@api.response(200, BidOut)
def withdraw(tender_id: uuid.UUID) -> dict[str, Any]:
    """Take one's bid back before the deadline."""
    tender = _tender(tender_id)
    bids.withdraw(unit(), tender, by=actor(), at=at())
    bid = _own(tender)
    return _document(bid, list(bids.versions_of(unit(), tender, bid.organisation_id)))


@api.post("/<uuid:tender_id>/key")
@needs("bid.seal")
@api.arguments(BidderKeyIn)
@api.response(204)
def give_key(said: Mapping[str, Any], tender_id: uuid.UUID) -> None:
    """Give one's own key for one's own bid at the opening."""
    key = hex_field(said, "key", 32)
    keys.give_bidder_key(unit(), _tender(tender_id), ONE_ENVELOPE[0], said["kind"], key, by=actor(), at=at())


@api.post("/<uuid:tender_id>/offer")
@needs("bid.answer")
@api.arguments(AnswerIn)
@api.response(200, OfferOut)
def answer(said: Mapping[str, Any], tender_id: uuid.UUID) -> Any:
    """Accept or decline the share that is offered."""
    is_accepted: bool = said["is_accepted"]
    return allocations.answer(unit(), _tender(tender_id), is_accepted=is_accepted, by=actor(), at=at())
