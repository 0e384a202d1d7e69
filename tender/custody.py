"""Verbs on the keys: who keeps them, proof that they hold them, and the rehearsal without which nothing is published.

A custodian's private key never reaches the server. The rehearsal is a dummy bid sealed by the very functions that seal
a real one; its key is thrown away, so only the custodians' shares can open it.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core import audit, parties
from core.db import new_id
from core.errors import Conflict, Finding, Forbidden, Invalid
from core.parties import Person
from core.permits import Actor, Role, kind_of, require
from tender import keyfiles, p256, sealing, shamir, unsealing
from tender.canonical import canonical
from tender.content import Content
from tender.drafting import custodians_of
from tender.envelope import ONE_ENVELOPE, Head, Terms, check_custodians, read_head
from tender.models import Custodian, Rehearsal, RehearsalShare, Tender, TenderSide
from tender.moving import lock_tender, move_tender, take_side
from tender.tenders import require_stage

_PART = ONE_ENVELOPE[0]


@dataclass(frozen=True, slots=True)
class Keeper:
    """A person named to keep a share, and the organisation for which it does."""

    person_id: uuid.UUID
    organisation_id: uuid.UUID


def name_custodians(
    session: Session, tender: Tender, keepers: Sequence[Keeper], threshold: int, *, by: Actor, at: datetime
) -> None:
    """Name the custodians of a tender in draft, in the order of their shares, and how many of them open a bid.

    Whoever stood there before is gone, keys and all, and the rehearsal with them. Refuses Invalid with every fault as a
    finding at `people` or `threshold`: `custodians_too_few`, `custodians_too_many`, `custodian_repeated`,
    `custodian_not_neutral` (an insurer keeps no share), `custodian_on_other_side` (name), `threshold_below_two`,
    `threshold_above_all`.
    """
    require(by, "tender.key")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "draft")
    if wrong := _faults_of(session, tender, keepers, threshold):
        raise Invalid(wrong[0].code, wrong, **wrong[0].facts)
    session.execute(delete(Custodian).where(Custodian.tender_id == tender.id))
    for place, keeper in enumerate(keepers):
        take_side(session, tender, "custodian", keeper.person_id, keeper.organisation_id)
        session.add(
            Custodian(
                tender_id=tender.id, place=place, person_id=keeper.person_id, organisation_id=keeper.organisation_id
            )
        )
    tender.threshold, tender.ceremony = threshold, tender.ceremony + 1
    session.flush()
    facts = {"threshold": threshold, "count": len(keepers)}
    audit.record(session, "key.custodians_named", by=by, at=at, of=("tender", tender.id), facts=facts)


def _faults_of(session: Session, tender: Tender, keepers: Sequence[Keeper], threshold: int) -> list[Finding]:
    """Return everything that is wrong with these custodians and this threshold, those of the people first."""
    count, found = len(keepers), []
    if count < 2:
        found.append(Finding("custodians_too_few", "people", {"count": count}))
    if count > shamir.MOST_SHARES:
        found.append(Finding("custodians_too_many", "people", {"count": count, "most": shamir.MOST_SHARES}))
    people = {keeper.person_id for keeper in keepers}
    if len(people) != count:
        found.append(Finding("custodian_repeated", "people"))
    kinds = [parties.organisation(session, one).kind for one in {keeper.organisation_id for keeper in keepers}]
    if any(kind not in kind_of(Role.CUSTODIAN) for kind in kinds):
        found.append(Finding("custodian_not_neutral", "people"))
    others = (
        select(Person.name)
        .join(TenderSide, TenderSide.person_id == Person.id)
        .where(TenderSide.tender_id == tender.id, TenderSide.side != "custodian", Person.id.in_(people))
        .order_by(Person.id)
    )
    found += [Finding("custodian_on_other_side", "people", {"name": name}) for name in session.scalars(others)]
    if threshold < 2:
        found.append(Finding("threshold_below_two", "threshold"))
    elif threshold > count:
        found.append(Finding("threshold_above_all", "threshold", {"threshold": threshold, "count": count}))
    return found


def own_custody(session: Session, tender: Tender, *, by: Actor) -> Custodian:
    """Return the actor's place among the custodians; Forbidden `not_custodian`."""
    query = select(Custodian).where(Custodian.tender_id == tender.id, Custodian.person_id == by.person_id)
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise Forbidden("not_custodian")
    return row


def give_key(session: Session, tender: Tender, public_key: bytes, *, by: Actor, at: datetime) -> Custodian:
    """Store a custodian's public key and return its row with the challenge that only its private key can answer.

    A rehearsal that was held before it counts no more.

    Refuses with Invalid `public_key_wrong`, `custodian_repeated` (another custodian's key), Conflict
    `tender_in_other_stage` once the ceremony is done.
    """
    require(by, "custody.prove")
    tender = lock_tender(session, tender, by=by)
    row = own_custody(session, tender, by=by)
    require_stage(tender, "draft")
    p256.public_key(public_key)
    fingerprint = p256.fingerprint(public_key).hex()
    if any(other.fingerprint == fingerprint and other.place != row.place for other in custodians_of(session, tender)):
        raise Invalid("custodian_repeated")
    row.public_key, row.fingerprint, row.given_at, row.proved_at = public_key, fingerprint, at, None
    tender.ceremony += 1
    _challenge(tender, row)
    session.flush()
    facts = {"place": row.place, "fingerprint": fingerprint}
    audit.record(session, "key.given", by=by, at=at, of=("tender", tender.id), facts=facts)
    return row


def ask_again(session: Session, tender: Tender, *, by: Actor, at: datetime) -> Custodian:
    """Return the actor's row with a new challenge: the drill some days, and an hour, before the opening."""
    require(by, "custody.prove")
    row = own_custody(session, tender, by=by)
    _challenge(tender, row)
    session.flush()
    audit.record(session, "key.proof_asked", by=by, at=at, of=("tender", tender.id), facts={"place": row.place})
    return row


def _challenge(tender: Tender, row: Custodian) -> None:
    if row.public_key is None:
        raise Conflict("custodian_without_key", custodian=row.place + 1)
    asked = keyfiles.ask_possession(row.public_key, str(tender.id))
    row.challenge, row.answer_sha256 = asked.sealed, asked.answer_sha256


def prove(session: Session, tender: Tender, answer: bytes, *, by: Actor, at: datetime) -> None:
    """Take a custodian's answer to its challenge as proof that it holds its key. Invalid `possession_unproven`."""
    require(by, "custody.prove")
    row = own_custody(session, tender, by=by)
    if row.answer_sha256 is None:
        raise Conflict("custodian_without_key", custodian=row.place + 1)
    keyfiles.check_possession(answer, row.answer_sha256)
    row.proved_at, row.challenge, row.answer_sha256 = at, None, None
    session.flush()
    audit.record(session, "key.possession_proof", by=by, at=at, of=("tender", tender.id), facts={"place": row.place})


def rehearse(session: Session, tender: Tender, *, by: Actor, at: datetime) -> Rehearsal:
    """Return a new dummy bid, sealed to the custodians' keys by a key that nobody keeps.

    Refuses with Conflict `custodian_without_key` (custodian), `tender_in_other_stage`, and as
    `envelope.check_custodians` does.
    """
    require(by, "tender.key")
    tender = lock_tender(session, tender, by=by)
    require_stage(tender, "draft")
    keys = []
    for row in custodians_of(session, tender):
        if row.public_key is None:
            raise Conflict("custodian_without_key", custodian=row.place + 1)
        keys.append(row.public_key)
    check_custodians(tender.threshold, tuple(keys))
    terms = Terms(str(tender.id), bytes(32), 0, "custodians", ONE_ENVELOPE, tender.threshold, tuple(keys))
    fields = {"rehearsal": secrets.token_hex(32)}
    out = io.BytesIO()
    signer = sealing.key_signer(p256.new_key())
    sealing.seal(terms, str(new_id()), 1, {_PART: Content(fields)}, signer, out)
    last = session.scalar(select(func.max(Rehearsal.number)).where(Rehearsal.tender_id == tender.id)) or 0
    digest = hashlib.sha256(canonical(fields)).hexdigest()
    made = Rehearsal(
        tender_id=tender.id,
        number=last + 1,
        ceremony=tender.ceremony,
        threshold=tender.threshold,
        fingerprints=[p256.fingerprint(key).hex() for key in keys],
        container=out.getvalue(),
        content_sha256=digest,
        made_at=at,
    )
    session.add(made)
    session.flush()
    facts = {"number": made.number, "ceremony": made.ceremony}
    audit.record(session, "key.rehearsal_begun", by=by, at=at, of=("tender", tender.id), facts=facts)
    return made


def latest_rehearsal(session: Session, tender: Tender) -> Rehearsal:
    """Return the rehearsal that stands; Conflict `rehearsal_missing` where this ceremony has had none yet."""
    query = select(Rehearsal).where(Rehearsal.tender_id == tender.id, Rehearsal.ceremony == tender.ceremony)
    query = query.order_by(Rehearsal.number.desc()).limit(1)
    row = session.scalars(query).first()
    if row is None:
        raise Conflict("rehearsal_missing")
    return row


def rehearsal_head(rehearsal: Rehearsal) -> Head:
    """Return the signed head of a dummy bid: what a custodian opens its share of."""
    return read_head(io.BytesIO(rehearsal.container))


def give_rehearsal_share(session: Session, tender: Tender, share: bytes, *, by: Actor, at: datetime) -> None:
    """Take a custodian's share of the dummy bid, which it opened with its own key.

    Refuses with Invalid `share_wrong` (custodian), `share_foreign`, also where the share is another custodian's;
    Conflict `rehearsal_missing`, `tender_in_other_stage`.
    """
    require(by, "custody.share")
    require_stage(tender, "draft")
    row, rehearsal = own_custody(session, tender, by=by), latest_rehearsal(session, tender)
    if unsealing.check_share(rehearsal_head(rehearsal), _PART, share) != row.place:
        raise Invalid("share_foreign")
    key = (tender.id, rehearsal.number, row.place)
    if session.get(RehearsalShare, key) is None:
        session.add(
            RehearsalShare(tender_id=tender.id, number=rehearsal.number, place=row.place, share=share, given_at=at)
        )
        session.flush()
        facts = {"number": rehearsal.number, "place": row.place}
        audit.record(session, "key.rehearsal_share", by=by, at=at, of=("tender", tender.id), facts=facts)


def finish_ceremony(session: Session, tender: Tender, *, by: Actor, at: datetime) -> None:
    """End the key ceremony: every custodian has proved its key, and any of them together open the dummy bid.

    It is opened with the first shares, and again with the last. Refuses with Conflict `custodian_unproven`
    (custodian), `rehearsal_missing`, `rehearsal_incomplete` (have, need), `rehearsal_failed`.
    """
    require(by, "tender.key")
    tender = lock_tender(session, tender, by=by)
    custodians = custodians_of(session, tender)
    for row in custodians:
        if row.proved_at is None:
            raise Conflict("custodian_unproven", custodian=row.place + 1)
    rehearsal = latest_rehearsal(session, tender)
    header = rehearsal_head(rehearsal).header
    stated = [fingerprint.hex() for fingerprint in header.custodians]
    if stated != [row.fingerprint for row in custodians] or header.threshold != tender.threshold:
        raise Conflict("rehearsal_missing")
    query = select(RehearsalShare).where(
        RehearsalShare.tender_id == tender.id, RehearsalShare.number == rehearsal.number
    )
    shares = [row.share for row in session.scalars(query.order_by(RehearsalShare.place))]
    if len(shares) < len(custodians):
        raise Conflict("rehearsal_incomplete", have=len(shares), need=len(custodians))
    for chosen in (shares[: tender.threshold], shares[-tender.threshold :]):
        opened = unsealing.open_envelope(io.BytesIO(rehearsal.container), _PART, shares=chosen)
        if hashlib.sha256(canonical(opened.fields)).hexdigest() != rehearsal.content_sha256:
            raise Conflict("rehearsal_failed")
    tender.rehearsed_at = at
    facts = {
        "threshold": tender.threshold,
        "fingerprints": [row.fingerprint for row in custodians],
        "ceremony": tender.ceremony,
    }
    move_tender(session, tender, "key", by=by, at=at, facts=facts)


def report_lost(session: Session, tender: Tender, *, by: Actor, at: datetime) -> int:
    """Note that a custodian has lost its key; return how many keys are left (at the threshold it is an alarm).

    The bids that are sealed already open by the shares that remain, or by the bidders' own keys.
    """
    require(by, "custody.prove")
    row = own_custody(session, tender, by=by)
    row.lost_at = at
    session.flush()
    left = sum(1 for other in custodians_of(session, tender) if other.lost_at is None)
    facts = {"place": row.place, "left": left, "threshold": tender.threshold}
    audit.record(session, "key.lost", by=by, at=at, of=("tender", tender.id), facts=facts)
    return left
