"""Agreements of awards for programs: who has signed, the steps from the rendered paper to the pool."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from core import parties
from tender import agreements, awards, tenders
from tender.models import Tender
from underwriting import pools
from web import fields
from web.api import Strict, resource
from web.keeping import settings
from web.shell import actor, at, needs, unit
from web.tender_papers import agreement_of
from web.tender_schemas import ReasonIn
from web.tender_sentences import pool_of

api = resource("agreements", "Agreements of awarded tenders: rendered, signed or refused, and the pool.", "/tenders")


class DigestIn(Strict):
    """The SHA-256 of the very paper that is signed, in hexadecimal."""

    sha256 = fields.String(required=True, validate=ma.validate.Regexp(r"\A[0-9a-f]{64}\Z"))


class AgreementPartyOut(Strict):
    """A party and how far it has come: `signed`, `refused` or `awaited`; the members in order, last the bureau."""

    organisation_id = fields.UUID()
    name = fields.String()
    state = fields.String()
    signed_at = fields.AwareDateTime(format="iso", allow_none=True)


class AgreementOut(Strict):
    """The agreement of the award that stands; `agreement_sha256` and `rendered_at` are null until it is rendered."""

    tender = fields.UUID()
    stage = fields.String()
    award = fields.UUID()
    award_sha256 = fields.String()
    agreement_sha256 = fields.String(allow_none=True)
    rendered_at = fields.AwareDateTime(format="iso", allow_none=True)
    pool_id = fields.Integer(strict=True, allow_none=True)
    parties = fields.List(fields.Nested(AgreementPartyOut))


def _load(tender_id: uuid.UUID) -> Tender:
    return tenders.get(unit(), tender_id, by=actor())


def _document(tender: Tender) -> dict[str, Any]:
    session = unit()
    award = awards.award_of(session, tender)
    agreement = agreements.rendered(session, award)
    rows = agreements.parties_of(session, tender, award)
    names = parties.names_of(session, [row.organisation_id for row in rows])
    pool = pool_of(tender)
    return {
        "tender": tender.id,
        "stage": tender.stage,
        "award": award.id,
        "award_sha256": award.digest,
        "agreement_sha256": agreement.digest if agreement else None,
        "rendered_at": agreement.rendered_at if agreement else None,
        "pool_id": pool.id if pool else None,
        "parties": [
            {
                "organisation_id": row.organisation_id,
                "name": names[row.organisation_id],
                "state": row.state,
                "signed_at": row.signature.signed_at if row.signature else None,
            }
            for row in rows
        ],
    }


@api.get("/<uuid:tender_id>/agreement")
@needs("tender.read")
@api.response(200, AgreementOut)
def one(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return the agreement of the award that stands and who has signed it."""
    return _document(_load(tender_id))


@api.post("/<uuid:tender_id>/agreement")
@needs("agreement.render")
@api.response(200, AgreementOut)
def render(tender_id: uuid.UUID) -> dict[str, Any]:
    """Make the paper that all parties will sign."""
    tender = _load(tender_id)
    paper = agreement_of(unit(), tender, awards.award_of(unit(), tender), settings(), at=at())
    agreements.render(unit(), tender, paper, by=actor(), at=at())
    return _document(tender)


@api.post("/<uuid:tender_id>/agreement/signature")
@needs("agreement.sign")
@api.arguments(DigestIn)
@api.response(200, AgreementOut)
def sign(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Sign the agreement for the caller's insurer."""
    tender = _load(tender_id)
    agreements.sign(unit(), tender, said["sha256"], by=actor(), at=at())
    return _document(tender)


@api.post("/<uuid:tender_id>/agreement/refusal")
@needs("agreement.sign")
@api.arguments(ReasonIn)
@api.response(200, AgreementOut)
def refuse(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Refuse to sign for the caller's insurer; the shares are then made again without it."""
    tender = _load(tender_id)
    agreements.refuse(unit(), tender, said["reason"], by=actor(), at=at())
    return _document(tender)


@api.post("/<uuid:tender_id>/members/<uuid:organisation_id>/refusal")
@needs("tender.allocate")
@api.arguments(ReasonIn)
@api.response(200, AgreementOut)
def note_refusal(said: Mapping[str, Any], tender_id: uuid.UUID, organisation_id: uuid.UUID) -> dict[str, Any]:
    """Note that a member will not sign, or was silent past its time."""
    tender = _load(tender_id)
    agreements.note_refusal(unit(), tender, organisation_id, said["reason"], by=actor(), at=at())
    return _document(tender)


@api.post("/<uuid:tender_id>/contract")
@needs("tender.contract")
@api.arguments(DigestIn)
@api.response(200, AgreementOut)
def contract(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Sign for the bureau, last of all: the agreement is concluded."""
    tender = _load(tender_id)
    agreements.contract(unit(), tender, said["sha256"], by=actor(), at=at())
    return _document(tender)


@api.post("/<uuid:tender_id>/pool")
@needs("pool.form")
@api.response(200, AgreementOut)
def form_pool(tender_id: uuid.UUID) -> dict[str, Any]:
    """Form the pool with the awarded numbers, once all have signed."""
    tender = _load(tender_id)
    numbers = awards.numbers_of(unit(), awards.award_of(unit(), tender))
    pools.form_from_award(unit(), numbers, by=actor(), at=at())
    return _document(tender)
