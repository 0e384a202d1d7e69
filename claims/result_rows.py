"""What each underwriting year came to for each member: one query, read by page, CSV, XLSX and API alike.

An underwriting year is a version of the agreement: the policies that began under it, with all that is booked on them
later. A premium is earned by the day: of every member's part of a premium, days passed over days of cover, half up to
the fen; a return likewise, from the day that it takes effect. Amounts are in fen and as the book has them at the end of
a period; the day that a list is of counts as passed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Numeric, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from claims.extract_rows import estimate_then, is_rejected_then, paid_by_claim, same_entry, until_then
from claims.models import Claim
from core.clock import CITY
from core.parties import Organisation
from ledger.extract_rows import Query, whole
from ledger.extracts import Scope
from ledger.models import Account, Entry, Share, ShareVersion, StreamItem, Transfer
from ledger.reasons import Reason
from underwriting.models import Agreement, Policy, Refund


def as_of(scope: Scope) -> date:
    """Return the day up to which a list counts: the period's last, or before that the day it is looked at."""
    return (scope.until_at - timedelta(microseconds=1)).astimezone(CITY).date()


def results(scope: Scope) -> Query:
    """Return the query of every member's result of every underwriting year, the oldest first, members in order.

    Columns: `version`, `starts_on`, `ends_on`, `member`, `weight`, `whole`; net premium `written_fen` (returns taken
    off) and `earned_fen`; the member's parts of losses `paid_fen` and `outstanding_fen` (approved and unpaid, and the
    estimates of undecided claims), of `recovered_fen` and of adjusters' `cost_fen`; `fee_fen` the lead's fee without
    VAT, received by the lead, paid by the others (below zero); `result_fen`, what is left of the earned premium.
    """
    premium, losses, undecided, fees = _premiums(scope), _losses(scope), _undecided(scope), _fees(scope)
    earned, fee = whole(premium.c.earned), whole(fees.c.fee)
    paid, recovered, cost = whole(losses.c.paid), whole(losses.c.recovered), whole(losses.c.cost)
    outstanding = whole(losses.c.unpaid) + whole(undecided.c.part)
    query = (
        select(
            Share.number.label("version"),
            Agreement.effective_on.label("starts_on"),
            Agreement.ends_on,
            Organisation.name.label("member"),
            Share.weight,
            ShareVersion.whole,
            whole(premium.c.written).label("written_fen"),
            earned.label("earned_fen"),
            paid.label("paid_fen"),
            outstanding.label("outstanding_fen"),
            recovered.label("recovered_fen"),
            cost.label("cost_fen"),
            fee.label("fee_fen"),
            (earned - paid - outstanding - cost + recovered + fee).label("result_fen"),
        )
        .join(ShareVersion, and_(ShareVersion.pool_id == Share.pool_id, ShareVersion.number == Share.number))
        .join(Agreement, and_(Agreement.pool_id == Share.pool_id, Agreement.number == Share.number))
        .join(Organisation, Organisation.id == Share.organisation_id)
        .where(Share.pool_id == scope.pool_id)
        .order_by(Share.number, Share.position)
    )
    for part in (premium, losses, undecided, fees):
        same = and_(part.c.number == Share.number, part.c.organisation_id == Share.organisation_id)
        query = query.outerjoin(part, same)
    return query if scope.only is None else query.where(Share.organisation_id == scope.only)


def _parts(scope: Scope, *columns: Any) -> Any:
    """Return the query of these columns over every member's part of every split by then, with whose it is."""
    held = and_(Share.pool_id == StreamItem.pool_id, Share.number == StreamItem.number)
    query = (
        select(Share.number, Share.organisation_id, *columns)
        .select_from(Entry)
        .join(StreamItem, same_entry(StreamItem))
    )
    return query.join(Share, held).where(*until_then(scope)).group_by(Share.number, Share.organisation_id)


def _part() -> Any:
    return StreamItem.parts_fen[Share.position + 1]


def _premiums(scope: Scope) -> Any:
    """Return (number, organisation_id, written, earned) in fen, net of VAT."""
    part = _part()
    starts_on = func.coalesce(Refund.effective_on, Policy.inception_on)
    term = cast(Policy.expires_on - starts_on, BigInteger)
    passed = func.least(func.greatest(cast(as_of(scope) - starts_on, Integer) + 1, 0), term)
    # Halves away from zero, so that a return takes back what its premium had earned: `ledger.rates.half_up`.
    doubled = cast(2 * part * passed + case((part < 0, -term), else_=term), Numeric)
    earned = case((term <= 0, part), else_=func.div(doubled, 2 * term))
    query = _parts(scope, func.sum(part).label("written"), func.sum(earned).label("earned"))
    return (
        query.outerjoin(Refund, and_(Entry.subject_kind == "refund", Refund.id == Entry.subject_id))
        .join(Policy, Policy.id == func.coalesce(Refund.policy_id, Entry.subject_id))
        .where(StreamItem.kind == "premium_net")
        .subquery("premium_parts")
    )


def _losses(scope: Scope) -> Any:
    """Return (number, organisation_id, paid, unpaid, recovered, cost): parts of approved sums.

    A claim is paid whole or not at all, so that a member's part of a paid one is its part of the approval.
    """
    approved, paid = _approved(scope), paid_by_claim(scope)
    is_paid = func.coalesce(paid.c.paid_ever, 0) >= approved.c.fen
    part, kind = _part(), StreamItem.kind
    query = _parts(
        scope,
        func.sum(part).filter(kind == "claim", is_paid).label("paid"),
        func.sum(part).filter(kind == "claim", ~is_paid).label("unpaid"),
        func.sum(part).filter(kind == "recovery").label("recovered"),
        func.sum(part).filter(kind == "adjusting_expense").label("cost"),
    )
    return (
        query.outerjoin(approved, approved.c.subject_id == Entry.subject_id)
        .outerjoin(paid, paid.c.subject_id == Entry.subject_id)
        .where(Entry.subject_kind == "claim")
        .subquery("loss_parts")
    )


def _approved(scope: Scope) -> Any:
    """Return (claim, what was approved on it) in fen."""
    query = select(Entry.subject_id, func.sum(StreamItem.amount_fen).label("fen")).join(
        StreamItem, same_entry(StreamItem)
    )
    only = (Entry.subject_kind == "claim", StreamItem.kind == "claim", *until_then(scope))
    return query.where(*only).group_by(Entry.subject_id).subquery()


def _undecided(scope: Scope) -> Any:
    """Return (number, organisation_id, part): the estimates of claims that are neither approved nor rejected.

    Each split by largest remainder without a carry, as `claims.extract_rows.stock_part` splits a stock.
    """
    approved = _approved(scope)
    claims = (
        select(Claim.id, Agreement.number, whole(estimate_then(scope)).label("fen"))
        .join(Policy, Policy.id == Claim.policy_id)
        .join(Agreement, Agreement.id == Policy.agreement_id)
        .outerjoin(approved, approved.c.subject_id == Claim.id)
        .where(Claim.pool_id == scope.pool_id, func.coalesce(approved.c.fen, 0) == 0, ~is_rejected_then(scope))
        .subquery("undecided_claims")
    )
    exact = cast(claims.c.fen, Numeric) * Share.weight
    rest = func.mod(exact, ShareVersion.whole)
    split = (
        select(
            claims.c.id,
            claims.c.fen,
            Share.number,
            Share.organisation_id,
            func.div(exact, ShareVersion.whole).label("floor"),
            func.row_number().over(partition_by=claims.c.id, order_by=(rest.desc(), Share.position)).label("rank"),
        )
        .join(ShareVersion, and_(ShareVersion.pool_id == scope.pool_id, ShareVersion.number == claims.c.number))
        .join(Share, and_(Share.pool_id == ShareVersion.pool_id, Share.number == ShareVersion.number))
        .subquery("undecided_floors")
    )
    left = split.c.fen - func.sum(split.c.floor).over(partition_by=split.c.id)
    parts = select(
        split.c.number,
        split.c.organisation_id,
        (split.c.floor + case((split.c.rank <= left, 1), else_=0)).label("fen"),
    ).subquery("undecided_each")
    return (
        select(parts.c.number, parts.c.organisation_id, func.sum(parts.c.fen).label("part"))
        .group_by(parts.c.number, parts.c.organisation_id)
        .subquery("undecided_parts")
    )


def _fees(scope: Scope) -> Any:
    """Return (number, organisation_id, fee): what the lead's fee put on each current account, without its VAT."""
    account = aliased(Account)
    sign = case((Transfer.credit_id == account.id, Transfer.amount_fen), else_=-Transfer.amount_fen)
    same = and_(Entry.pool_id == Transfer.pool_id, Entry.period_id == Transfer.period_id, Entry.id == Transfer.entry_id)
    return (
        select(Agreement.number, account.organisation_id, func.sum(sign).label("fee"))
        .select_from(Entry)
        .join(Transfer, same)
        .join(account, or_(account.id == Transfer.debit_id, account.id == Transfer.credit_id))
        .join(Agreement, Agreement.id == Entry.subject_id)
        .where(account.code == "2210", Entry.reason == Reason.LEAD_FEE.value, *until_then(scope))
        .group_by(Agreement.number, account.organisation_id)
        .subquery("fees")
    )
