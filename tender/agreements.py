"""Verbs on the agreement of an award: rendered once, signed by every member and last by the bureau, or refused.

Only then is the tender contracted, and only from a contracted tender is a pool formed (underwriting/pools.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.papers import Paper
from core.permits import Actor, require
from tender.awards import award_of, members_of
from tender.evaluations import bids_of
from tender.models import Bid, Tender
from tender.moving import database_speaks, lock_tender, move_bid, move_tender, take_side
from tender.outcome_models import AgreementRefusal, AgreementSignature, Award, AwardAgreement
from tender.tenders import require_stage

#: The kind of the paper that an award's agreement is; its subject is the award.
AGREEMENT = "agreement_pdf"


def rendered(session: Session, award: Award) -> AwardAgreement | None:
    """Return the agreement of an award as it was rendered; None where it was not yet."""
    return session.get(AwardAgreement, award.id)


def signatures_of(session: Session, award: Award) -> Sequence[AgreementSignature]:
    """Return who has signed the agreement of an award, in the order of signing."""
    query = select(AgreementSignature).where(AgreementSignature.award_id == award.id)
    return session.scalars(query.order_by(AgreementSignature.signed_at, AgreementSignature.organisation_id)).all()


def unsigned_members(session: Session, award: Award) -> list[uuid.UUID]:
    """Return the members of an award that have not signed, the lead first."""
    signed = {row.organisation_id for row in signatures_of(session, award)}
    return [row.organisation_id for row in members_of(session, award) if row.organisation_id not in signed]


def refusals_of(session: Session, award: Award) -> set[uuid.UUID]:
    """Return the members of an award that have refused to sign it."""
    return set(session.scalars(select(AgreementRefusal.organisation_id).where(AgreementRefusal.award_id == award.id)))


@dataclass(frozen=True, slots=True)
class Party:
    """A party of an agreement and how far it has come: `signed` with its signature, `refused`, or `awaited`."""

    organisation_id: uuid.UUID
    state: str
    signature: AgreementSignature | None


def parties_of(session: Session, tender: Tender, award: Award) -> list[Party]:
    """Return the parties of an award's agreement: the members in order, the lead first, and last the bureau."""
    signed = {row.organisation_id: row for row in signatures_of(session, award)}
    refused = refusals_of(session, award)
    who = [*(row.organisation_id for row in members_of(session, award)), tender.organisation_id]
    return [
        Party(one, "signed" if one in signed else "refused" if one in refused else "awaited", signed.get(one))
        for one in who
    ]


def render(session: Session, tender: Tender, paper: Paper, *, by: Actor, at: datetime) -> AwardAgreement:
    """Fix the paper that every party of the standing award will sign, by its SHA-256; return it.

    Refuses with Conflict `agreement_rendered` where there is one already, `tender_in_other_stage`, Invalid
    `agreement_paper_wrong` where the paper is not of this award.
    """
    require(by, "agreement.render")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "awarded")
    award = award_of(session, tender)
    if (paper.kind, paper.subject_kind, paper.subject_id) != (AGREEMENT, "award", str(award.id)):
        raise Invalid("agreement_paper_wrong")
    if rendered(session, award) is not None:
        raise Conflict("agreement_rendered")
    row = AwardAgreement(award_id=award.id, digest=paper.digest, rendered_by=by.person_id, rendered_at=at)
    session.add(row)
    session.flush()
    facts = {"award": str(award.id), "award_sha256": award.digest, "agreement_sha256": row.digest}
    audit.record(session, "agreement.rendered", by=by, at=at, of=("tender", tender.id), facts=facts)
    return row


def sign(session: Session, tender: Tender, digest: str, *, by: Actor, at: datetime) -> AgreementSignature:
    """Sign the agreement with this SHA-256 for the actor's organisation, a member; return the signature. It is final.

    Refuses with Forbidden `not_awarded_member`, Conflict `agreement_not_rendered`, `agreement_changed` where another
    paper than the one read stands, `agreement_signed`, `agreement_refused` where a member has refused: the award falls.
    """
    require(by, "agreement.sign")
    tender, award = _standing(session, tender, by)
    _membership(session, tender, award, by.organisation_id)
    take_side(session, tender, "bidder", by.person_id, by.organisation_id)
    return _sign(session, tender, award, digest, by, at)


def contract(session: Session, tender: Tender, digest: str, *, by: Actor, at: datetime) -> AgreementSignature:
    """Sign for the bureau, last of all: the agreement is concluded and a pool may be formed. Return the signature.

    Refuses with Conflict `agreement_unsigned` (count) while a member has not signed, and as `sign` does.
    """
    require(by, "tender.contract")
    tender, award = _standing(session, tender, by)
    if refusals_of(session, award):
        raise Conflict("agreement_refused")
    if waiting := unsigned_members(session, award):
        raise Conflict("agreement_unsigned", count=len(waiting))
    row = _sign(session, tender, award, digest, by, at)
    facts = {"award": str(award.id), "agreement_sha256": row.digest}
    move_tender(session, tender, "contract", by=by, at=at, facts=facts)
    return row


def _standing(session: Session, tender: Tender, by: Actor) -> tuple[Tender, Award]:
    """Return an awarded tender, held, and the award that stands."""
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "awarded")
    return tender, award_of(session, tender)


def _membership(session: Session, tender: Tender, award: Award, organisation_id: uuid.UUID | None) -> Bid:
    """Return the bid by which an organisation is a member of an award; Forbidden `not_awarded_member`."""
    if organisation_id in {row.organisation_id for row in members_of(session, award)}:
        for bid in bids_of(session, tender, "member", "declined"):
            if bid.organisation_id == organisation_id:
                return bid
    raise Forbidden("not_awarded_member")


def _sign(session: Session, tender: Tender, award: Award, digest: str, by: Actor, at: datetime) -> AgreementSignature:
    agreement = rendered(session, award)
    if agreement is None:
        raise Conflict("agreement_not_rendered")
    if refusals_of(session, award):
        raise Conflict("agreement_refused")
    if digest != agreement.digest:
        raise Conflict("agreement_changed")
    if session.get(AgreementSignature, (award.id, by.organisation_id)) is not None:
        raise Conflict("agreement_signed")
    row = AgreementSignature(
        award_id=award.id, organisation_id=by.organisation_id, person_id=by.person_id, digest=digest, signed_at=at
    )
    session.add(row)
    with database_speaks():
        session.flush()
    facts = {"award": str(award.id), "agreement_sha256": digest}
    audit.record(session, "agreement.signed", by=by, at=at, of=("tender", tender.id), facts=facts)
    return row


def refuse(session: Session, tender: Tender, reason: str, *, by: Actor, at: datetime) -> None:
    """Refuse to sign, as a member: it is out, and the shares are then made again without it (`allocations.allocate`).

    Refuses with Invalid `tender_reason_missing`, Forbidden `not_awarded_member`, Conflict `agreement_signed`,
    `stage_refuses`.
    """
    require(by, "agreement.sign")
    tender, award = _standing(session, tender, by)
    bid = _membership(session, tender, award, by.organisation_id)
    take_side(session, tender, "bidder", by.person_id, by.organisation_id)
    _refused(session, award, bid, reason, by, at)


def note_refusal(
    session: Session, tender: Tender, organisation_id: uuid.UUID, reason: str, *, by: Actor, at: datetime
) -> None:
    """Note, as the officer, that a member will not sign or was silent until its time was over; it is then out.

    Refuses with NotFound `bid_not_found` where the organisation is no member, else as `refuse` does.
    """
    require(by, "tender.allocate")
    tender, award = _standing(session, tender, by)
    try:
        bid = _membership(session, tender, award, organisation_id)
    except Forbidden:
        raise NotFound("bid_not_found") from None
    _refused(session, award, bid, reason, by, at)


def _refused(session: Session, award: Award, bid: Bid, reason: str, by: Actor, at: datetime) -> None:
    if not reason.strip():
        raise Invalid("tender_reason_missing")
    if session.get(AgreementSignature, (award.id, bid.organisation_id)) is not None:
        raise Conflict("agreement_signed")
    session.add(
        AgreementRefusal(
            award_id=award.id,
            organisation_id=bid.organisation_id,
            person_id=by.person_id,
            reason=reason.strip(),
            refused_at=at,
        )
    )
    facts = {"answer": "refused", "award": str(award.id)}
    move_bid(session, bid, "decline", event="agreement.refused", by=by, at=at, facts=facts)
