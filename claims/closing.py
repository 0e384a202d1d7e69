"""Closing a period: what the agreement's terms ask for on that day is charged first, then the ledger seals it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from claims import handling, settlements, stages
from claims.models import CashCall, FeeCharge
from core.db import Writing
from core.errors import Invalid
from core.permits import Actor
from ledger import books, entries, statements, streams
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
    _charge_fees(session, period, on=on, by=by, at=at)
    _take_unremitted(session, period, by=by, at=at)
    _take_overdue(session, pool_id, on=on, by=by, at=at)
    late_interest.charge_overdue(session, pool_id, on=on, by=by, at=at)
    apart.take(session, period, on=on, by=by, at=at)
    return statements.seal(session, period, on=on, by=by, at=at)


def _take_unremitted(session: Session, period: Period, *, by: Actor, at: datetime) -> None:
    """Mark the premiums that this close passes on by statement: none of them is remitted a second time."""
    due = Policy.pool_id == period.pool_id, Policy.received_on <= period.ends_on
    underwriting_stages.move_policies(session, "take", *due, by=by, at=at, facts={"period": period.label})


def _charge_fees(session: Session, period: Period, *, on: date, by: Actor, at: datetime) -> None:
    """Charge every follower the lead's fee on its collected net premium so far, less what it was charged before.

    Of every version of the agreement with such a fee, each by its own terms; all of it in one writing.
    """
    versions = [one for one in pools.agreements(session, period.pool_id) if one.lead_fee_bp]
    if not versions:
        return
    shares = books.versions(session, period.pool_id)
    bases = _collected_net(session, versions, shares, until_on=on)
    before = _charged_before(session, period.pool_id)
    charges: list[tuple[int, uuid.UUID, int, int, int]] = []
    posts: list[tuple[Event, Move]] = []
    for one in versions:
        lead, *followers = shares[one.number].members
        for member, base in zip(followers, bases[one.number][1:], strict=True):
            fee_before, vat_before = before.get((one.number, member), (0, 0))
            fee = cumulative_fee(one.lead_fee_bp, base, fee_before)
            vat = cumulative_fee(one.vat_bp, fee_before + fee, vat_before)
            charges.append((one.number, member, base, fee, vat))
            for reason, fen in ((Reason.LEAD_FEE, fee), (Reason.LEAD_FEE_VAT, vat)):
                event = Event(reason, on, "agreement", one.id, period.label)
                posts.append((event, Move(AccountRef("2210", member), AccountRef("2210", lead), fen)))
    writing = Writing()
    columns = dict(zip(_CHARGE_COLUMNS, map(list, zip(*charges, strict=True)), strict=True))
    writing.add(_INSERT_CHARGES, {"pool_id": period.pool_id, "period_id": period.id, **columns})
    entries.post_each(session, period, posts, by=by, at=at, writing=writing)
    writing.write(session)


_CHARGE_COLUMNS = ("numbers", "members", "bases", "fees", "vats")
_INSERT_CHARGES = (
    "INSERT INTO fee_charge (pool_id, period_id, number, organisation_id, base_fen, fee_fen, vat_fen)"
    " SELECT :pool_id, :period_id, charge.* FROM unnest(CAST(:numbers AS bigint[]), CAST(:members AS uuid[]),"
    " CAST(:bases AS bigint[]), CAST(:fees AS bigint[]), CAST(:vats AS bigint[])) AS charge"
)


def _charged_before(session: Session, pool_id: int) -> dict[tuple[int, uuid.UUID], tuple[int, int]]:
    """Return (fee, VAT) in fen that each follower was charged before, by agreement version and follower."""
    query = (
        select(FeeCharge.number, FeeCharge.organisation_id, func.sum(FeeCharge.fee_fen), func.sum(FeeCharge.vat_fen))
        .where(FeeCharge.pool_id == pool_id)
        .group_by(FeeCharge.number, FeeCharge.organisation_id)
    )
    return {(number, member): (int(fee), int(vat)) for number, member, fee, vat in session.execute(query)}


def _collected_net(
    session: Session, versions: Sequence[Agreement], shares: Mapping[int, MemberShares], *, until_on: date
) -> dict[int, tuple[int, ...]]:
    """Return each member's net premium in fen from collected policies, less net refunds agreed on them, by version."""
    collected = (Policy.agreement_id.in_([one.id for one in versions]), Policy.received_on <= until_on)
    written = select(Policy.written_entry_id).where(*collected)
    refunded = select(Refund.agreed_entry_id).join(Policy).where(*collected, Refund.agreed_on <= until_on)
    split_by = [shares[one.number] for one in versions]
    return streams.member_totals(session, split_by, "premium_net", written.union_all(refunded))


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
