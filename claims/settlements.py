"""The money of an approved claim: paid by the lead, or called in cash and paid from pool money; costs; recoveries."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claims import handling, stages
from claims.models import CashCall, Claim, ClaimCost, ClaimPayment, Recovery
from core import audit
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import Actor, require_other_person
from core.stages import step
from ledger import bank_payouts, books, entries, streams
from ledger.books import AccountRef, MemberShares
from ledger.entries import Event, Move, Posted
from ledger.money import check_amount
from ledger.rates import interest_days, late_interest
from ledger.reasons import Reason
from underwriting import pools
from underwriting.models import Agreement

RECOVERY_KINDS = ("subrogation", "salvage")


def _begin(session: Session, claim: Claim, on: date, by: Actor) -> tuple[Claim, MemberShares]:
    """Lock period and claim in that order; return the claim and its policy's shares. Only the lead goes further."""
    entries.open_period_on(session, claim.pool_id, on)
    claim = handling.lock(session, claim.id)
    shares = pools.shares_of(session, claim.policy.agreement)
    if by.organisation_id != shares.lead:
        raise Forbidden("lead_only")
    return claim, shares


def _begin_payment(session: Session, claim: Claim, on: date, by: Actor) -> tuple[Claim, MemberShares]:
    """Begin as `_begin` does; nobody pays what it approved itself (Forbidden `second_person_needed`)."""
    claim, shares = _begin(session, claim, on, by)
    require_other_person(claim.approved_by, by)
    entries.require_not_before(claim.approved_on, on)
    return claim, shares


def _pay(session: Session, claim: Claim, posted: Posted, source: str, *, on: date, by: Actor, at: datetime) -> None:
    """Write the one payment of a claim down and move the claim to paid."""
    before = select(func.count()).select_from(ClaimPayment).where(ClaimPayment.claim_id == claim.id)
    paid = ClaimPayment(
        claim_id=claim.id,
        # What came back counts: its row stays.
        instalment=int(session.scalar(before) or 0) + 1,
        pool_id=claim.pool_id,
        entry_id=posted.entry_id,
        amount_fen=claim.payable_fen or 0,
        source=source,
        paid_on=on,
        paid_by=by.person_id,
    )
    session.add(paid)
    claim.paid_on = on
    facts = {"source": source, "on": on.isoformat(), "instalment": paid.instalment}
    stages.move_claim(session, claim, "pay", by=by, at=at, facts=facts)


def pay_by_lead(session: Session, claim: Claim, *, on: date, by: Actor, at: datetime, is_shown: bool = False) -> Posted:
    """Book that the lead has paid an approved claim from its own money; a claim is paid once.

    `is_shown`: by a batch, as the bank shows. Refuses Forbidden `lead_only`, `second_person_needed` (the approver's
    own), Conflict `claim_was_called`, `stage_refuses`, `subject_in_batch` while a batch pays it.
    """
    claim, shares = _begin_payment(session, claim, on, by)
    if not is_shown:
        bank_payouts.require_free(session, claim.id, claim.number)
    if claim.stage == "called":
        raise Conflict("claim_was_called", number=claim.number)
    step(stages.CLAIM_MOVES, claim.stage, "pay", kind="claim")
    event = Event(Reason.CLAIM_PAID_BY_LEAD, on, "claim", claim.id, claim.number)
    moves = [Move(AccountRef("2110"), AccountRef("2210", shares.lead), claim.payable_fen or 0)]
    posted = entries.post(session, claim.pool_id, event, moves, by=by, at=at)
    _pay(session, claim, posted, "lead", on=on, by=by, at=at)
    return posted


def issue_cash_call(
    session: Session, claim: Claim, *, on: date, by: Actor, at: datetime, due_on: date | None = None
) -> list[CashCall]:
    """Ask every follower for its part of a large approved claim; due by the agreement's days unless told otherwise.

    Refuses Conflict `below_cash_call` where the claim does not reach the agreement's amount, `subject_in_batch` while a
    batch pays it, Invalid `day_before_step` before the day of its approval.
    """
    claim, shares = _begin(session, claim, on, by)
    bank_payouts.require_free(session, claim.id, claim.number)
    entries.require_not_before(claim.approved_on, on)
    agreement = claim.policy.agreement
    step(stages.CLAIM_MOVES, claim.stage, "call", kind="claim")
    if (claim.payable_fen or 0) < agreement.cash_call_from_fen:
        raise Conflict("below_cash_call", number=claim.number, from_fen=agreement.cash_call_from_fen)
    due_on = due_on or on + timedelta(days=agreement.cash_call_due_days)
    if due_on < on:
        raise Invalid("due_before_issued", due_on=due_on, issued_on=on)
    parts = dict(zip(shares.members, _approved_parts(session, claim), strict=True))
    calls = [
        CashCall(
            pool_id=claim.pool_id,
            claim_id=claim.id,
            organisation_id=member,
            amount_fen=fen,
            issued_on=on,
            due_on=due_on,
            stage="issued",
        )
        for member, fen in parts.items()
        if member != shares.lead and fen
    ]
    session.add_all(calls)
    moves = [
        Move(AccountRef("1210", call.organisation_id), AccountRef("2210", call.organisation_id), call.amount_fen)
        for call in calls
    ]
    event = Event(Reason.CASH_CALL_ISSUED, on, "claim", claim.id, claim.number)
    entries.post(session, claim.pool_id, event, moves, by=by, at=at)
    facts = {"on": on.isoformat(), "due_on": due_on.isoformat()}
    stages.move_claim(session, claim, "call", by=by, at=at, facts=facts)
    return calls


def _approved_parts(session: Session, claim: Claim) -> list[int]:
    """Return the members' parts of what was approved, in member order."""
    (item,) = streams.items(session, claim.pool_id, claim.approved_entry_id or 0)
    return item.parts_fen


def calls_of(session: Session, claim: Claim) -> Sequence[CashCall]:
    """Return a claim's cash calls, in the order they were made."""
    return session.scalars(select(CashCall).where(CashCall.claim_id == claim.id).order_by(CashCall.id)).all()


def receive_cash_call(
    session: Session, claim: Claim, member: uuid.UUID, *, on: date, by: Actor, at: datetime
) -> Posted:
    """Book that a follower has paid its cash call; paid late, it owes interest for the days up to this one.

    Refuses NotFound `cash_call_not_found`, `stage_refuses` where it was received or taken before, Invalid
    `day_before_step` before the day it was asked for.
    """
    claim, shares = _begin(session, claim, on, by)
    call = session.scalar(
        select(CashCall).where(CashCall.claim_id == claim.id, CashCall.organisation_id == member).with_for_update()
    )
    if call is None:
        raise NotFound("cash_call_not_found", number=claim.number)
    entries.require_not_before(call.issued_on, on)
    stages.move_cash_call(session, call, "receive", on=on, by=by, at=at)
    call.received_on = on
    event = Event(Reason.CASH_CALL_RECEIVED, on, "claim", claim.id, claim.number)
    moves = [Move(AccountRef("1010"), AccountRef("1210", member), call.amount_fen)]
    posted = entries.post(session, claim.pool_id, event, moves, by=by, at=at)
    charge_interest(session, claim, call, shares.lead, until_on=on, by=by, at=at)
    return posted


def charge_interest(
    session: Session, claim: Claim, call: CashCall, creditor: uuid.UUID, *, until_on: date, by: Actor, at: datetime
) -> int:
    """Post late interest on a cash call up to a day, to whoever stood in for it; return it in fen (0: nothing late)."""
    agreement = claim.policy.agreement
    if until_on <= call.due_on:
        return 0
    days = interest_days(call.due_on, until_on)
    fen = late_interest(call.amount_fen, agreement.late_interest_bp, days, agreement.day_count)
    if fen:
        event = Event(Reason.LATE_INTEREST, until_on, "claim", claim.id, claim.number)
        moves = [Move(AccountRef("2210", call.organisation_id), AccountRef("2210", creditor), fen)]
        entries.post(session, claim.pool_id, event, moves, by=by, at=at)
    return fen


def pool_money(session: Session, claim: Claim) -> int:
    """Return the pool money in fen that was paid in for this claim and not paid out."""
    return books.balance(session, claim.pool_id, AccountRef("1010"), subject_id=claim.id)


def fund_by_lead(session: Session, claim: Claim, amount_fen: int, *, on: date, by: Actor, at: datetime) -> Posted:
    """Book that the lead pays in its own share of a called claim, and what others have not paid.

    Refuses Invalid `funding_too_large` above what is still missing.
    """
    claim, shares = _begin(session, claim, on, by)
    if claim.stage != "called":
        step(stages.CLAIM_MOVES, claim.stage, "call", kind="claim")
        raise Conflict("claim_not_called", number=claim.number)
    entries.require_not_before(claim.approved_on, on)
    missing = (claim.payable_fen or 0) - pool_money(session, claim)
    if not 0 < amount_fen <= missing:
        raise Invalid("funding_too_large", amount_fen=amount_fen, missing_fen=missing)
    event = Event(Reason.LEAD_FUNDED, on, "claim", claim.id, claim.number)
    moves = [Move(AccountRef("1010"), AccountRef("2210", shares.lead), amount_fen)]
    return entries.post(session, claim.pool_id, event, moves, by=by, at=at)


def pay_from_pool(
    session: Session, claim: Claim, *, on: date, by: Actor, at: datetime, is_shown: bool = False
) -> Posted:
    """Book that a called claim is paid from the pool money that came in for it; `is_shown` as in `pay_by_lead`.

    Refuses Conflict `pool_money_short` while less has come in than is payable, `subject_in_batch` while a batch pays
    it, Forbidden `second_person_needed` for the approver.
    """
    claim, _ = _begin_payment(session, claim, on, by)
    if not is_shown:
        bank_payouts.require_free(session, claim.id, claim.number)
    if claim.stage != "called":
        step(stages.CLAIM_MOVES, claim.stage, "call", kind="claim")
        raise Conflict("claim_not_called", number=claim.number)
    held, payable = pool_money(session, claim), claim.payable_fen or 0
    if held < payable:
        raise Conflict("pool_money_short", number=claim.number, held_fen=held, payable_fen=payable)
    event = Event(Reason.CLAIM_PAID_FROM_POOL, on, "claim", claim.id, claim.number)
    posted = entries.post(
        session, claim.pool_id, event, [Move(AccountRef("2110"), AccountRef("1010"), payable)], by=by, at=at
    )
    _pay(session, claim, posted, "pool", on=on, by=by, at=at)
    return posted


def approve_cost(session: Session, claim: Claim, amount_fen: int, *, on: date, by: Actor, at: datetime) -> ClaimCost:
    """Approve a loss adjuster's fee on an approved claim and split it.

    A claim's costs together are within its estimate, which its members agreed to, or within what the lead may decide
    alone where that is more. Refuses Invalid `amount_not_positive`, `cost_too_large` (left_fen), `day_before_step`
    before the claim's own approval.
    """
    claim, shares = _begin(session, claim, on, by)
    _require_approved(claim)
    entries.require_not_before(claim.approved_on, on)
    _require_positive(amount_fen)
    left = cost_left(session, claim)
    if amount_fen > left:
        raise Invalid("cost_too_large", amount_fen=amount_fen, left_fen=left)
    split = streams.take(session, shares, "adjusting_expense", amount_fen)
    cost = ClaimCost(
        claim_id=claim.id, amount_fen=amount_fen, approved_on=on, approved_by=by.person_id, stage="approved"
    )
    session.add(cost)
    session.flush()
    moves = [
        Move(AccountRef("2210", member), AccountRef("2120"), fen)
        for member, fen in zip(shares.members, split.parts_fen, strict=True)
    ]
    event = Event(Reason.ADJUSTER_APPROVED, on, "claim", claim.id, claim.number)
    posted = entries.post(session, claim.pool_id, event, moves, by=by, at=at, splits=[split])
    cost.approved_entry_id = posted.entry_id
    facts = {"claim": claim.number, "amount_fen": amount_fen, "on": on.isoformat()}
    audit.record(session, "claim_cost.approved", by=by, at=at, of=("claim_cost", cost.id), facts=facts)
    return cost


def cost_left(session: Session, claim: Claim) -> int:
    """Return how much more a claim's costs may come to, in fen: none of them is charged without end."""
    query = select(func.coalesce(func.sum(ClaimCost.amount_fen), 0)).where(ClaimCost.claim_id == claim.id)
    agreement = session.get_one(Agreement, claim.policy.agreement_id)
    most = max(claim.estimate_fen, agreement.lead_alone_limit_fen)
    return max(0, most - int(session.scalar(query) or 0))


def pay_cost(session: Session, claim: Claim, cost: ClaimCost, *, on: date, by: Actor, at: datetime) -> Posted:
    """Book that the lead has paid a loss adjuster; another person approved the fee.

    Refuses Forbidden `second_person_needed`, Invalid `day_before_step`, Conflict `stage_refuses`.
    """
    claim, shares = _begin(session, claim, on, by)
    session.refresh(cost, with_for_update=True)
    require_other_person(cost.approved_by, by)
    entries.require_not_before(cost.approved_on, on)
    cost.paid_on, cost.paid_by = on, by.person_id
    stages.move_cost(session, cost, "pay", on=on, by=by, at=at)
    event = Event(Reason.ADJUSTER_PAID, on, "claim", claim.id, claim.number)
    moves = [Move(AccountRef("2120"), AccountRef("2210", shares.lead), cost.amount_fen)]
    return entries.post(session, claim.pool_id, event, moves, by=by, at=at)


def costs_of(session: Session, claim: Claim) -> Sequence[ClaimCost]:
    """Return the adjusters' fees of a claim, oldest first."""
    return session.scalars(select(ClaimCost).where(ClaimCost.claim_id == claim.id).order_by(ClaimCost.id)).all()


def receive_recovery(
    session: Session, claim: Claim, kind: str, amount_fen: int, *, on: date, by: Actor, at: datetime
) -> Recovery:
    """Book subrogation or salvage that the lead received, shared at the claim's own shares.

    Recoveries never exceed what was approved to be paid (Insurance Law, article 60). Refuses Invalid
    `recovery_kind_unknown`, `recovery_too_large`, `day_before_step` before the approval.
    """
    claim, shares = _begin(session, claim, on, by)
    if kind not in RECOVERY_KINDS:
        raise Invalid("recovery_kind_unknown", kind=kind, kinds=list(RECOVERY_KINDS))
    _require_approved(claim)
    _require_positive(amount_fen)
    entries.require_not_before(claim.approved_on, on)
    left = (claim.payable_fen or 0) - recovered(session, claim)
    if amount_fen > left:
        raise Invalid("recovery_too_large", amount_fen=amount_fen, left_fen=left)
    split = streams.take(session, shares, "recovery", amount_fen)
    moves = [
        Move(AccountRef("2210", shares.lead), AccountRef("2210", member), fen)
        for member, fen in zip(shares.members, split.parts_fen, strict=True)
        if member != shares.lead
    ]
    event = Event(Reason.RECOVERY_RECEIVED, on, "claim", claim.id, claim.number)
    posted = entries.post(session, claim.pool_id, event, moves, by=by, at=at, splits=[split])
    row = Recovery(claim_id=claim.id, kind=kind, amount_fen=amount_fen, received_on=on, entry_id=posted.entry_id)
    session.add(row)
    session.flush()
    facts = {"claim": claim.number, "kind": kind, "amount_fen": amount_fen, "on": on.isoformat()}
    audit.record(session, "recovery.received", by=by, at=at, of=("recovery", row.id), facts=facts)
    return row


def recovered(session: Session, claim: Claim) -> int:
    """Return what has been recovered on a claim, in fen."""
    query = select(func.coalesce(func.sum(Recovery.amount_fen), 0)).where(Recovery.claim_id == claim.id)
    return int(session.scalar(query) or 0)


def recoveries_of(session: Session, claim: Claim) -> Sequence[Recovery]:
    """Return the recoveries on a claim, oldest first."""
    return session.scalars(select(Recovery).where(Recovery.claim_id == claim.id).order_by(Recovery.id)).all()


def _require_approved(claim: Claim) -> None:
    """Refuse Conflict `claim_not_approved` before a claim's approval."""
    if claim.payable_fen is None:
        raise Conflict("claim_not_approved", number=claim.number)


def _require_positive(amount_fen: int) -> None:
    """Refuse Invalid `amount_not_positive`."""
    if amount_fen <= 0:
        raise Invalid("amount_not_positive", amount_fen=amount_fen)
    check_amount(amount_fen)
