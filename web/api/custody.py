"""A custodian's part for programs: its public key, the challenge, its share in the rehearsal and at the opening."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from core.errors import Conflict
from tender import custody, keys, tenders
from tender.envelope import SHARE_LENGTH
from tender.models import Custodian, Tender
from tender.p256 import POINT_LENGTH
from web import fields
from web.api import Strict, resource
from web.errors import finding_document
from web.forms import hex_field
from web.shell import actor, at, needs, unit

api = resource("custody", "A custodian's keys and shares. Private keys never come here.")

_HEX = fields.Pattern(r"^([0-9a-f]{2})*$")


class ShareTaskOut(Strict):
    """One bid whose share is asked for; `header` is its signed head in hexadecimal."""

    organisation_id = fields.UUID()
    version = fields.Integer(strict=True)
    part = fields.String()
    header = fields.String()


class CustodyOut(Strict):
    """What is asked of a custodian: the challenge to answer, the dummy bid's head, the bids to open a share of."""

    tender = fields.UUID()
    place = fields.Integer(strict=True)
    fingerprint = fields.String(allow_none=True)
    challenge = fields.String(allow_none=True)
    proved_at = fields.AwareDateTime(format="iso", allow_none=True)
    rehearsal = fields.String(allow_none=True)
    tasks = fields.List(fields.Nested(ShareTaskOut))


class PublicKeyIn(Strict):
    """A P-256 point, 65 bytes in hexadecimal."""

    public_key = fields.String(required=True, validate=_HEX)


class AnswerToChallengeIn(Strict):
    """The answer to the challenge, 32 bytes in hexadecimal."""

    answer = fields.String(required=True, validate=_HEX)


class RehearsalShareIn(Strict):
    """The share of the dummy bid, 33 bytes in hexadecimal."""

    share = fields.String(required=True, validate=_HEX)


class GivenShareIn(Strict):
    """One opened share."""

    organisation_id = fields.UUID(required=True)
    version = fields.Integer(strict=True, required=True)
    part = fields.String(required=True)
    share = fields.String(required=True, validate=_HEX)


class SharesIn(Strict):
    """Opened shares, any number of them."""

    shares = fields.List(fields.Nested(GivenShareIn), required=True, validate=ma.validate.Length(1, 1000))


class SharesOut(Strict):
    """What was not taken, and why; empty where all was."""

    findings = fields.List(fields.Dict())


def _tender(tender_id: uuid.UUID) -> Tender:
    return tenders.get(unit(), tender_id, by=actor())


def _mine(tender_id: uuid.UUID) -> tuple[Tender, Custodian]:
    """Return a tender and one's own place among its custodians; Forbidden `not_custodian` before anything is read."""
    tender = _tender(tender_id)
    return tender, custody.own_custody(unit(), tender, by=actor())


def _document(tender: Tender, row: Custodian) -> dict[str, Any]:
    head = None
    if tender.stage == "draft":
        try:
            head = custody.rehearsal_head(custody.latest_rehearsal(unit(), tender)).to_bytes().hex()
        except Conflict:
            head = None
    tasks = keys.share_tasks(unit(), tender, by=actor()) if tender.stage == "opening" else []
    return {
        "tender": tender.id,
        "place": row.place + 1,
        "fingerprint": row.fingerprint,
        "challenge": row.challenge.hex() if row.challenge else None,
        "proved_at": row.proved_at,
        "rehearsal": head,
        "tasks": [
            {
                "organisation_id": task.organisation_id,
                "version": task.number,
                "part": task.part,
                "header": task.header.hex(),
            }
            for task in tasks
        ],
    }


@api.get("/<uuid:tender_id>")
@needs("custody.prove")
@api.response(200, CustodyOut)
def one(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return what is asked of one's custody of a tender."""
    return _document(*_mine(tender_id))


@api.put("/<uuid:tender_id>/key")
@needs("custody.prove")
@api.arguments(PublicKeyIn)
@api.response(200, CustodyOut)
def give_key(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Give one's public key; the answer holds the challenge."""
    tender, _ = _mine(tender_id)
    public_key = hex_field(said, "public_key", POINT_LENGTH)
    return _document(tender, custody.give_key(unit(), tender, public_key, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/proof")
@needs("custody.prove")
@api.arguments(AnswerToChallengeIn)
@api.response(200, CustodyOut)
def prove(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Prove that one holds the key."""
    tender, row = _mine(tender_id)
    custody.prove(unit(), tender, hex_field(said, "answer", 32), by=actor(), at=at())
    return _document(tender, row)


@api.post("/<uuid:tender_id>/rehearsal")
@needs("custody.share")
@api.arguments(RehearsalShareIn)
@api.response(204)
def rehearse(said: Mapping[str, Any], tender_id: uuid.UUID) -> None:
    """Give one's share of the dummy bid."""
    tender = _tender(tender_id)
    custody.own_custody(unit(), tender, by=actor())
    custody.give_rehearsal_share(unit(), tender, hex_field(said, "share", SHARE_LENGTH), by=actor(), at=at())


@api.post("/<uuid:tender_id>/shares")
@needs("custody.share")
@api.arguments(SharesIn)
@api.response(200, SharesOut)
def give(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Give one's opened shares; each that does not fit is named and not taken."""
    tender, _ = _mine(tender_id)
    given = [
        keys.GivenShare(one["organisation_id"], one["version"], one["part"], bytes.fromhex(one["share"]))
        for one in said["shares"]
    ]
    found = keys.give_shares(unit(), tender, given, by=actor(), at=at())
    return {"findings": [finding_document(finding) for finding in found]}
