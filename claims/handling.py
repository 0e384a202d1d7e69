"""A claim before any money moves: made from a fault, its estimate agreed to, approved by a second person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, all_, and_, delete, literal, select, true
from sqlalchemy.orm import Session, joinedload

from claims import admission, authority, bills, stages
from claims.adjusting import AssessedLine
from claims.admission import Reported
from claims.models import CLAIM_NUMBER, Claim, ClaimAgreement, ClaimLine, Fault, Recovery
from core import audit, clock
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.permits import Actor, require_other_person
from core.stages import step
from ledger import bank_payouts, entries, streams
from ledger.books import AccountRef, MemberShares
from ledger.entries import Event, Move, Posted
from ledger.reasons import Reason
from ledger.streams import TakenSplit
from underwriting import pools
from underwriting.models import Agreement, Policy, PolicyLift, Pool


def make(
    session: Session,
    policy: Policy,
    title: str,
    estimate_fen: int,
    *,
    fault: Fault | None = None,
    number: str = "",
    by: Actor,
    at: datetime,
) -> Claim:
    """Return a new claim on a policy, from a fault on a lift that it covered when the fault was reported.

    The number never changes once given. Refuses Forbidden `lead_only`, Invalid `estimate_not_positive`, Conflict
    `fault_has_claim`, `lift_not_covered`.
    """
    _require_lead(session, policy.pool_id, by)
    admission.check_estimate(estimate_fen)
    if fault is not None:
        _check_cover(session, policy, fault)
    agreement = _agreement(session, policy)
    row = Claim(
        pool_id=policy.pool_id,
        policy_id=policy.id,
        policy=policy,
        fault_id=fault.id if fault else None,
        number=number or f"CL{session.scalar(CLAIM_NUMBER):08d}",
        stage="open",
        title=title,
        estimate_fen=estimate_fen,
        estimate_version=1,
        needs=admission.needs_of(estimate_fen, agreement.lead_alone_limit_fen),
        topics=[],
        marked_by=[],
        made_by=by.person_id,
        estimated_by=by.person_id,
        made_at=at,
    )
    session.add(row)
    session.flush()
    facts = {"number": row.number, "estimate_fen": estimate_fen, "needs": row.needs}
    audit.record(session, "claim.made", by=by, at=at, of=("claim", row.id), facts=facts)
    return row


def _check_cover(session: Session, policy: Policy, fault: Fault) -> None:
    """Refuse a fault that has a claim already, or whose lift the policy did not cover on the day of the report."""
    claimed = session.scalar(select(Claim.id).where(Claim.fault_id == fault.id, Claim.stage != "rejected"))
    found = session.get(PolicyLift, (policy.id, fault.lift_id))
    covered = (found.covered_from, found.covered_to) if found else None
    reported = Reported(fault.number, clock.on(fault.reported_at), claimed is not None)
    admission.check_cover(policy.number, covered, reported)


def _agreement(session: Session, policy: Policy) -> Agreement:
    return session.get_one(Agreement, policy.agreement_id)


def _needs(claim: Claim) -> str:
    """Return who must agree to a claim as it stands: `lead` or `all`."""
    return admission.needs_of(claim.estimate_fen, claim.policy.agreement.lead_alone_limit_fen, claim.topics)


def submit(session: Session, claim: Claim, *, by: Actor, at: datetime) -> None:
    """Put a claim before those who must agree to it; the lead's handler that submits it agrees for the lead."""
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    stages.move_claim(session, claim, "submit", by=by, at=at)
    agree(session, claim, by=by, at=at)


def revise(session: Session, claim: Claim, estimate_fen: int, *, by: Actor, at: datetime) -> None:
    """Change the estimate: a new version, for which who must agree is worked out anew and asked again."""
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    admission.check_estimate(estimate_fen)
    claim.estimate_fen, claim.estimated_by = estimate_fen, by.person_id
    claim.estimate_version += 1
    claim.needs = _needs(claim)
    facts = {"estimate_fen": estimate_fen, "needs": claim.needs}
    stages.move_claim(session, claim, "revise", by=by, at=at, facts=facts)
    agree(session, claim, by=by, at=at)


#: The most that a reason for a topic says.
TOPIC_REASON_MOST = 500


def flag(session: Session, claim: Claim, topic: str, reason: str, *, by: Actor, at: datetime) -> None:
    """Mark, with the reason, that a claim touches a topic which is never the lead's alone; it stays for good.

    All members must then agree, and whoever marked it does not approve. A claim that was before them already is asked
    anew, as a new version, to which the lead agrees by this. Refuses Forbidden `lead_only`, Invalid `topic_unknown`,
    `topic_needs_reason` (most), Conflict `topic_stands`, `stage_refuses` once the claim is decided.
    """
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    if topic not in set(authority.Topic):
        raise Invalid("topic_unknown", [Finding("topic_unknown", "topic")])
    why = reason.strip()
    if not 1 <= len(why) <= TOPIC_REASON_MOST:
        facts: dict[str, object] = {"most": TOPIC_REASON_MOST}
        raise Invalid("topic_needs_reason", [Finding("topic_needs_reason", "reason", facts)], **facts)
    if topic in claim.topics:
        raise Conflict("topic_stands", number=claim.number)
    is_asked = claim.stage != "open"
    claim.topics = sorted([*claim.topics, topic])
    if by.person_id is not None and by.person_id not in claim.marked_by:
        claim.marked_by = [*claim.marked_by, by.person_id]
    claim.estimate_version += is_asked
    claim.needs = _needs(claim)
    told = {"topic": topic, "topics": claim.topics, "needs": claim.needs, "reason": why}
    stages.move_claim(session, claim, "flag", by=by, at=at, facts=told)
    if is_asked:
        agree(session, claim, by=by, at=at)


def agree(session: Session, claim: Claim, *, by: Actor, at: datetime) -> None:
    """Agree, for the actor's organisation, to the estimate as it stands; the last needed agreement moves the claim on.

    Refuses Forbidden `not_a_member`, Conflict `already_agreed`.
    """
    claim = lock(session, claim.id)
    members = pools.shares_of(session, claim.policy.agreement).members
    admission.require_member(members, by.organisation_id)
    step(stages.CLAIM_MOVES, claim.stage, "agree", kind="claim")
    key = (claim.id, claim.estimate_version, by.organisation_id)
    if session.get(ClaimAgreement, key) is not None:
        raise Conflict("already_agreed", number=claim.number)
    session.add(
        ClaimAgreement(
            claim_id=claim.id,
            estimate_version=claim.estimate_version,
            organisation_id=by.organisation_id,
            person_id=by.person_id,
            at=at,
        )
    )
    session.flush()
    facts = {"number": claim.number, "version": claim.estimate_version}
    audit.record(session, "claim.agreed_by_member", by=by, at=at, of=("claim", claim.id), facts=facts)
    if not admission.still_to_agree(claim.needs, members, agreed_by(session, claim)):
        stages.move_claim(session, claim, "agree", by=by, at=at)


def agreed_by(session: Session, claim: Claim) -> Sequence[uuid.UUID]:
    """Return the members that have agreed to the estimate as it stands."""
    query = select(ClaimAgreement.organisation_id).where(
        ClaimAgreement.claim_id == claim.id, ClaimAgreement.estimate_version == claim.estimate_version
    )
    return session.scalars(query).all()


#: Where the bill of a claim is entered and replaced.
UNDECIDED = frozenset({"open", "submitted", "agreed"})


def enter_bill(session: Session, claim: Claim, lines: Sequence[AssessedLine], *, by: Actor, at: datetime) -> None:
    """Give a claim its repair bill, whole, in the place of any before, while it is not decided.

    What is approved then follows from the lines and the cover, and not by who entered them. Refuses Forbidden
    `lead_only`, Conflict `bill_stands` once the claim is decided, Invalid `lines_refused` as `adjusting.allowed_loss`
    does, `bill_needs_lines`, `bill_too_long`.
    """
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    if claim.stage not in UNDECIDED:
        raise Conflict("bill_stands", number=claim.number)
    loss_fen = admission.check_bill(lines)
    session.execute(delete(ClaimLine).where(ClaimLine.claim_id == claim.id))
    session.add_all(bills.rows_of(claim, lines))
    claim.assessed_by = by.person_id
    session.flush()
    facts = {"number": claim.number, "lines": len(lines), "loss_fen": loss_fen}
    audit.record(session, "claim.bill_entered", by=by, at=at, of=("claim", claim.id), facts=facts)


def reject(session: Session, claim: Claim, reason: str, *, by: Actor, at: datetime) -> None:
    """Refuse a claim, with the reasons that the owner is told (Insurance Law, article 24)."""
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    if not reason.strip():
        raise Invalid("rejection_needs_reason")
    claim.rejected_reason = reason.strip()
    stages.move_claim(session, claim, "reject", by=by, at=at)


def hands_in(claim: Claim) -> frozenset[uuid.UUID]:
    """Return who had a hand in a claim and so does not approve it.

    They are its maker, who put the estimate as it stands, who marked a topic, and who entered the bill.
    """
    found = (claim.made_by, claim.estimated_by, claim.assessed_by, *claim.marked_by)
    return frozenset(one for one in found if one is not None)


def untouched_by(person_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Return the condition that a person is none of a claim's `hands_in`, for a query of claims."""
    if person_id is None:
        return true()
    single = (Claim.made_by, Claim.estimated_by, Claim.assessed_by)
    return and_(*(one.is_distinct_from(person_id) for one in single), literal(person_id) != all_(Claim.marked_by))


def require_second_person(claim: Claim, actor: Actor) -> None:
    """Refuse Forbidden `second_person_needed` from anyone who had a hand in the claim."""
    for one in hands_in(claim):
        require_other_person(one, actor)


def approve(session: Session, claim: Claim, payable_fen: int, *, on: date, by: Actor, at: datetime) -> Posted:
    """Approve what is payable, by a person who had no hand in the claim; book it to the members' accounts.

    Where the claim has a bill, what is payable is what the bill and the policy's cover give, and is confirmed; without
    one it is within the estimate and the cover. Split at the shares of the policy's inception. Refuses Forbidden
    `second_person_needed` (see `hands_in`), and as `bills.require_payable` does.
    """
    entries.open_period_on(session, claim.pool_id, on)
    # What is payable for a policy's losses is counted with nobody else adding to it.
    session.execute(select(Policy.id).where(Policy.id == claim.policy_id).with_for_update())
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    require_second_person(claim, by)
    told = bills.assess(session, claim)
    bills.require_payable(claim, told, payable_fen)
    step(stages.CLAIM_MOVES, claim.stage, "approve", kind="claim")
    shares = pools.shares_of(session, claim.policy.agreement)
    split = streams.take(session, shares, "claim", payable_fen)
    event = Event(Reason.CLAIM_APPROVED, on, "claim", claim.id, claim.number)
    moves = moves_of(shares, split)
    posted = entries.post(session, claim.pool_id, event, moves, by=by, at=at, splits=[split])
    claim.payable_fen, claim.approved_by, claim.approved_on = payable_fen, by.person_id, on
    claim.approved_entry_id, claim.paid_before_fen = posted.entry_id, told.paid_before_fen
    claim.loss_fen = told.adjustment.loss_fen if told.has_bill else None
    facts = {"payable_fen": payable_fen, "on": on.isoformat()}
    stages.move_claim(session, claim, "approve", by=by, at=at, facts=facts)
    return posted


def moves_of(shares: MemberShares, split: TakenSplit) -> list[Move]:
    """Return what an approval moves: each member's part of what is payable, to the claims payable."""
    parts = zip(shares.members, split.parts_fen, strict=True)
    return [Move(AccountRef("2210", member), AccountRef("2110"), fen) for member, fen in parts]


def take_back(session: Session, claim: Claim, reason: str, *, on: date, by: Actor, at: datetime) -> Posted:
    """Take a mistaken approval back, with its reason: its mirror in the period of `on`, the claim as it was agreed.

    Nothing may have been paid, called or recovered on it. Refuses Invalid `correction_needs_reason`, Conflict
    `stage_refuses`, `claim_has_recovery`, `subject_in_batch`.
    """
    entries.open_period_on(session, claim.pool_id, on)
    claim = lock(session, claim.id)
    _require_lead(session, claim.pool_id, by)
    bank_payouts.require_free(session, claim.id, claim.number)
    if not reason.strip():
        raise Invalid("correction_needs_reason")
    if session.scalar(select(Recovery.id).where(Recovery.claim_id == claim.id).limit(1)) is not None:
        raise Conflict("claim_has_recovery", number=claim.number)
    stages.move_claim(session, claim, "take_back", by=by, at=at, facts={"reason": reason.strip()[:200]})
    entry = entries.entry(session, claim.pool_id, claim.approved_entry_id or 0)
    posted = entries.reverse(session, entry, on=on, document=claim.number, by=by, at=at)
    claim.payable_fen = claim.approved_by = claim.approved_on = claim.approved_entry_id = None
    claim.loss_fen = claim.paid_before_fen = None
    session.flush()
    return posted


def _require_lead(session: Session, pool_id: int, by: Actor) -> None:
    """Refuse Forbidden `lead_only` from anyone but a person of the pool's lead: four eyes need to know who it was."""
    if by.organisation_id != session.get_one(Pool, pool_id).lead_id:
        raise Forbidden("lead_only")


def lock(session: Session, claim_id: uuid.UUID) -> Claim:
    """Return a claim with its policy and agreement, locked until the transaction ends."""
    loaded = joinedload(Claim.policy, innerjoin=True).joinedload(Policy.agreement, innerjoin=True)
    query = select(Claim).where(Claim.id == claim_id).options(loaded)
    row = session.scalar(query.with_for_update(of=Claim).execution_options(populate_existing=True))
    if row is None:
        raise NotFound("claim_not_found")
    return row


def get(session: Session, claim_id: uuid.UUID, actor: Actor) -> Claim:
    """Return a claim that the actor may see; NotFound `claim_not_found`."""
    row = session.scalar(visible_to(actor).where(Claim.id == claim_id).options(joinedload(Claim.policy)))
    if row is None:
        raise NotFound("claim_not_found")
    return row


def visible_to(actor: Actor) -> Select[Claim]:
    """Return the query of the claims an actor may see: those of its pools."""
    return select(Claim).where(Claim.pool_id.in_(pools.visible_to(actor).with_only_columns(Pool.id)))
