"""Closing a period: what the agreement's terms ask for on that day is charged first, then the ledger seals it."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from claims import handling, settlements, stages
from claims.models import CashCall, FeeCharge
from core.errors import Invalid
from core.permits import Actor
from ledger import entries, statements, streams
from ledger.books import AccountRef, MemberShares, require_lead
from ledger.entries import Event, Move
from ledger.models import Period, Statement
from ledger.rates import cumulative_fee
from ledger.reasons import Reason
from underwriting import apart, late_interest, pools
from underwriting import stages as underwriting_stages
from underwriting.models import Agreement, Policy, Refund


def close_period(session: Session, pool_id: int, label: str, *, on: date, by: Actor, at: datetime) -> list[Statement]:
    """Close a period on its day: lead's fee and VAT, overdue calls with interest, late interest, then the seal.

    Late interest is that on the statements of earlier periods which are not paid.
    Premium collected and not remitted by then is passed on with the statements; what the agreement has paid on its own
    is taken out of them.

    Everything happens in this one transaction, with the period locked against postings. `on` lies in the period.
    Refuses Forbidden `lead_only`, Invalid `close_outside_period`, Conflict `stage_refuses` where it is closed.
    """
    require_lead(session, pool_id, by)
    period = statements.lock_period(session, pool_id, label)
    if not period.starts_on <= on <= period.ends_on:
        raise Invalid("close_outside_period", on=on, starts_on=period.starts_on, ends_on=period.ends_on)
    for agreement in pools.agreements(session, pool_id):
        _charge_fee(session, agreement, period, on=on, by=by, at=at)
    _take_unremitted(session, period, by=by, at=at)
    _take_overdue(session, pool_id, on=on, by=by, at=at)
    late_interest.charge_overdue(session, pool_id, on=on, by=by, at=at)
    apart.take(session, period, on=on, by=by, at=at)
    return statements.seal(session, period, on=on, by=by, at=at)


def _take_unremitted(session: Session, period: Period, *, by: Actor, at: datetime) -> None:
    """Mark the premiums that this close passes on by statement: none of them is remitted a second time."""
    due = Policy.pool_id == period.pool_id, Policy.received_on <= period.ends_on
    underwriting_stages.move_policies(session, "take", *due, by=by, at=at, facts={"period": period.label})


def _charge_fee(session: Session, agreement: Agreement, period: Period, *, on: date, by: Actor, at: datetime) -> None:
    """Charge every follower the lead's fee on its collected net premium so far, less what it was charged before."""
    if agreement.lead_fee_bp == 0:
        return
    shares = pools.shares_of(session, agreement)
    bases = collected_net(session, agreement, shares, until_on=on)
    for member in shares.members[1:]:
        fee_before, vat_before = _charged_before(session, agreement, member)
        fee = cumulative_fee(agreement.lead_fee_bp, bases[member], fee_before)
        vat = cumulative_fee(agreement.vat_bp, fee_before + fee, vat_before)
        session.add(
            FeeCharge(
                pool_id=agreement.pool_id,
                number=agreement.number,
                period_id=period.id,
                organisation_id=member,
                base_fen=bases[member],
                fee_fen=fee,
                vat_fen=vat,
            )
        )
        session.flush()
        for reason, fen in ((Reason.LEAD_FEE, fee), (Reason.LEAD_FEE_VAT, vat)):
            if fen:
                event = Event(reason, on, "agreement", agreement.id, period.label)
                moves = [Move(AccountRef("2210", member), AccountRef("2210", shares.lead), fen)]
                entries.post(session, agreement.pool_id, event, moves, by=by, at=at)


def _charged_before(session: Session, agreement: Agreement, member: uuid.UUID) -> tuple[int, int]:
    """Return (fee, VAT) in fen that a follower was charged before in this agreement version."""
    query = select(func.coalesce(func.sum(FeeCharge.fee_fen), 0), func.coalesce(func.sum(FeeCharge.vat_fen), 0)).where(
        FeeCharge.pool_id == agreement.pool_id,
        FeeCharge.number == agreement.number,
        FeeCharge.organisation_id == member,
    )
    fee, vat = session.execute(query).one()
    return int(fee), int(vat)


def collected_net(
    session: Session, agreement: Agreement, shares: MemberShares, *, until_on: date
) -> dict[uuid.UUID, int]:
    """Return each member's net premium in fen from collected policies of a version, less net refunds agreed on them."""
    collected = (Policy.agreement_id == agreement.id, Policy.received_on <= until_on)
    written = select(Policy.written_entry_id).where(*collected)
    refunded = select(Refund.agreed_entry_id).join(Policy).where(*collected, Refund.agreed_on <= until_on)
    totals = streams.member_totals(session, shares, "premium_net", written.union_all(refunded))
    return dict(zip(shares.members, totals, strict=True))


def overdue(pool_id: int, on: date) -> Select[CashCall]:
    """Return the query of a pool's cash calls that are overdue on a day."""
    query = select(CashCall).where(CashCall.pool_id == pool_id, CashCall.stage == "issued", CashCall.due_on < on)
    return query.order_by(CashCall.id)


def _take_overdue(session: Session, pool_id: int, *, on: date, by: Actor, at: datetime) -> None:
    """Charge interest on overdue cash calls to this day and take them into their members' current accounts."""
    for call in session.scalars(overdue(pool_id, on)).all():
        # The claim before its call, as whoever books a receipt of one takes them.
        claim = handling.lock(session, call.claim_id)
        session.refresh(call, with_for_update=True)
        lead = pools.shares_of(session, claim.policy.agreement).lead
        settlements.charge_interest(session, claim, call, lead, until_on=on, by=by, at=at)
        stages.move_cash_call(session, call, "take", on=on, by=by, at=at)
        call.taken_on = on
        member = call.organisation_id
        event = Event(Reason.CASH_CALL_OVERDUE, on, "claim", claim.id, claim.number)
        moves = [Move(AccountRef("2210", member), AccountRef("1210", member), call.amount_fen)]
        entries.post(session, pool_id, event, moves, by=by, at=at)
