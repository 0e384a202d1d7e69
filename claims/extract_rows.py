"""The lists of a book that need policies and claims: the two bordereaux and who invoices whom, one query each.

What such a query returns is written to page, CSV and XLSX alike; the database does every sum. Amounts are in fen, what
is taken back is negative; `share_0`, `share_1`, ... are the parts of the members that the scope names, in its order.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Numeric,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from claims.models import Claim, Fault
from core.audit import AuditEvent
from core.clock import CITY
from core.parties import Organisation
from ledger.apportion import Weights
from ledger.books import MemberShares
from ledger.extract_rows import Query, counted, whole
from ledger.extracts import Scope
from ledger.models import Account, Entry, Period, Share, StreamItem, Transfer
from ledger.reasons import Reason
from underwriting.models import Agreement, Community, Policy, Refund

#: Every version of the pool's shares.
Versions = Sequence[MemberShares]

_WRITTEN = (Reason.PREMIUM_WRITTEN.value, Reason.REFUND_AGREED.value)
_PAID = (Reason.CLAIM_PAID_BY_LEAD.value, Reason.CLAIM_PAID_FROM_POOL.value)
_FEES = {"net": Reason.LEAD_FEE.value, "vat": Reason.LEAD_FEE_VAT.value}


def _part(item: Any, member: uuid.UUID, versions: Versions) -> ColumnElement[int]:
    """Return, as a column, one member's part of a split; nothing where it was no member of that version."""
    found = [
        (item.number == one.number, item.parts_fen[one.members.index(member) + 1])
        for one in versions
        if member in one.members
    ]
    return case(*found, else_=0) if found else literal(0, BigInteger)


def stock_part(amount: Any, number: Any, member: uuid.UUID, versions: Versions) -> ColumnElement[int]:
    """Return, as a column, one member's part of a stock under a version: by largest remainder, without a carry.

    The same as `ledger.apportion.apportion` gives without one (MONEY: outstanding reserves are split for display only).
    """
    found = [
        (number == one.number, _largest_remainder(amount, one.weights, one.members.index(member)))
        for one in versions
        if member in one.members
    ]
    return case(*found, else_=0) if found else literal(0, BigInteger)


def _largest_remainder(amount: Any, weights: Weights, place: int) -> ColumnElement[int]:
    """Return one part of an amount: rounded down, and one fen more for the largest remainders, the first of equals."""
    whole_of = weights.whole
    exact = [cast(amount, Numeric) * weight for weight in weights.weights]
    # The remainder is never below nothing, as that of Python.
    rests = [func.mod(func.mod(one, whole_of) + whole_of, whole_of) for one in exact]
    floors = [func.div(one - rest, whole_of) for one, rest in zip(exact, rests, strict=True)]
    before = [
        case((rest >= rests[place] if other < place else rest > rests[place], 1), else_=0)
        for other, rest in enumerate(rests)
        if other != place
    ]
    left = cast(amount, Numeric) - sum(floors[1:], floors[0])
    rank = sum(before[1:], before[0]) if before else literal(0)
    more = case((and_(rests[place] > 0, rank < left), 1), else_=0)
    return cast(floors[place] + more, BigInteger)


def same_entry(item: Any) -> ColumnElement[bool]:
    """Return the condition that an item was split for an entry."""
    return and_(item.pool_id == Entry.pool_id, item.period_id == Entry.period_id, item.entry_id == Entry.id)


def premiums(scope: Scope, versions: Versions) -> Query:
    """Return the query of every premium written and returned in a period, a row an entry, in the order of the book.

    Columns: `entry`, `on`, `reason`, `is_mirror`, `policy`, `community`, `starts_on` (a return: from when on),
    `expires_on`, `lifts` (none of a return), `gross_fen`, `net_fen`, `vat_fen`, the shares of the gross.
    """
    net, vat = aliased(StreamItem), aliased(StreamItem)
    gross = whole(net.amount_fen) + whole(vat.amount_fen)  # type: ignore[arg-type]
    shares = [
        (whole(_part(net, member, versions)) + whole(_part(vat, member, versions))).label(f"share_{place}")
        for place, member in enumerate(scope.members)
    ]
    return (
        select(
            Entry.id.label("entry"),
            Entry.on,
            Entry.reason,
            Entry.reverses_id.is_not(None).label("is_mirror"),
            Policy.number.label("policy"),
            func.coalesce(Community.name, "").label("community"),
            func.coalesce(Refund.effective_on, Policy.inception_on).label("starts_on"),
            Policy.expires_on,
            case((Refund.id.is_(None), Policy.lift_count)).label("lifts"),
            gross.label("gross_fen"),
            whole(net.amount_fen).label("net_fen"),  # type: ignore[arg-type]
            whole(vat.amount_fen).label("vat_fen"),  # type: ignore[arg-type]
            *shares,
        )
        .select_from(Entry)
        .outerjoin(Refund, and_(Entry.subject_kind == "refund", Refund.id == Entry.subject_id))
        .join(Policy, Policy.id == func.coalesce(Refund.policy_id, Entry.subject_id))
        .outerjoin(Community, Community.id == Policy.community_id)
        .outerjoin(net, and_(same_entry(net), net.kind == "premium_net"))
        .outerjoin(vat, and_(same_entry(vat), vat.kind == "premium_vat"))
        .where(
            Entry.pool_id == scope.pool_id,
            Entry.period_id == scope.period_id,
            Entry.reason.in_(_WRITTEN),
            *counted(scope, Entry.id),
        )
        .order_by(Entry.id)
    )


def claims(scope: Scope, versions: Versions) -> Query:
    """Return the query of the claims that a period moved, or that stand outstanding at its end, by number.

    Columns: `claim`, `policy`, `community`, `loss_on` (the day of its fault, where there is one), `outstanding_fen` (at
    the end: the estimate of an undecided claim, what is not paid yet of an approved one), and of the period
    `approved_fen`, `paid_fen`, `cost_fen` (adjusters), `recovered_fen`, `borne_fen` (approved and costs less recovered)
    with the members' shares of it; then `stock_0`, `stock_1`, ... their parts of what is outstanding.
    """
    base = _claims(scope, versions)
    return select(
        *(column for column in base.c if column.key != "version"),
        *(
            stock_part(base.c.outstanding_fen, base.c.version, member, versions).label(f"stock_{place}")
            for place, member in enumerate(scope.members)
        ),
    ).order_by(base.c.claim)


def _claims(scope: Scope, versions: Versions) -> Any:
    """Return the claims with everything but the members' parts of what is outstanding, and their share version."""
    split, paid = _split(scope, versions), paid_by_claim(scope)
    approved_ever, paid_ever = whole(split.c.approved_ever), whole(paid.c.paid_ever)
    undecided = case((is_rejected_then(scope), 0), else_=estimate_then(scope))
    outstanding = case((approved_ever != 0, approved_ever - paid_ever), else_=whole(undecided))
    moved = {
        "outstanding_fen": outstanding,
        "approved_fen": whole(split.c.approved),
        "paid_fen": whole(paid.c.paid),
        "cost_fen": whole(split.c.cost),
        "recovered_fen": whole(split.c.recovered),
    }
    borne = moved["approved_fen"] + moved["cost_fen"] - moved["recovered_fen"]
    loss_on = cast(func.timezone(str(CITY), Fault.reported_at), Date)
    return (
        select(
            Claim.number.label("claim"),
            Policy.number.label("policy"),
            func.coalesce(Community.name, "").label("community"),
            loss_on.label("loss_on"),
            *(column.label(name) for name, column in moved.items()),
            borne.label("borne_fen"),
            *(whole(split.c[f"share_{place}"]).label(f"share_{place}") for place in range(len(scope.members))),
            Agreement.number.label("version"),
        )
        .join(Policy, Policy.id == Claim.policy_id)
        .join(Agreement, Agreement.id == Policy.agreement_id)
        .outerjoin(Community, Community.id == Policy.community_id)
        .outerjoin(Fault, Fault.id == Claim.fault_id)
        .outerjoin(split, split.c.subject_id == Claim.id)
        .outerjoin(paid, paid.c.subject_id == Claim.id)
        .where(Claim.pool_id == scope.pool_id, or_(*(column != 0 for column in moved.values())))
        .subquery("base")
    )


def until_then(scope: Scope) -> list[ColumnElement[bool]]:
    """Return the condition that an entry stands in this period or one before it, and counts."""
    until = select(Period.id).where(Period.pool_id == scope.pool_id, Period.ends_on <= scope.ends_on)
    return [Entry.pool_id == scope.pool_id, Entry.period_id.in_(until), *counted(scope, Entry.id)]


def _split(scope: Scope, versions: Versions) -> Any:
    """Return (claim, approved ever, and of the period approved, costs, recovered, shares of what was borne)."""
    kind, now = StreamItem.kind, StreamItem.period_id == scope.period_id

    def total(amount: Any, *where: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.sum(amount).filter(and_(*where))

    shares = []
    for place, member in enumerate(scope.members):
        part = _part(StreamItem, member, versions)
        shares.append(total(case((kind == "recovery", -part), else_=part), now).label(f"share_{place}"))
    amount = StreamItem.amount_fen
    return (
        select(
            Entry.subject_id,
            total(amount, kind == "claim").label("approved_ever"),
            total(amount, kind == "claim", now).label("approved"),
            total(amount, kind == "adjusting_expense", now).label("cost"),
            total(amount, kind == "recovery", now).label("recovered"),
            *shares,
        )
        .join(StreamItem, same_entry(StreamItem))
        .where(Entry.subject_kind == "claim", *until_then(scope))
        .group_by(Entry.subject_id)
        .subquery("split")
    )


def paid_by_claim(scope: Scope) -> Any:
    """Return (claim, paid ever, paid in the period); a payment that was taken back counts against it."""
    fen = case((Entry.reverses_id.is_not(None), -Entry.amount_fen), else_=Entry.amount_fen)
    return (
        select(
            Entry.subject_id,
            func.sum(fen).label("paid_ever"),
            func.sum(fen).filter(Entry.period_id == scope.period_id).label("paid"),
        )
        .where(Entry.subject_kind == "claim", Entry.reason.in_(_PAID), *until_then(scope))
        .group_by(Entry.subject_id)
        .subquery("paid")
    )


def _events(scope: Scope, *actions: str) -> list[ColumnElement[bool]]:
    """Return the condition that the log tells of a claim by then."""
    return [
        AuditEvent.object_kind == "claim",
        AuditEvent.object_id == cast(Claim.id, Text),
        AuditEvent.action.in_(actions),
        AuditEvent.at < scope.until_at,
    ]


def estimate_then(scope: Scope) -> ColumnElement[Any]:
    """Return the estimate of a claim as the log has it by then; nothing of a claim made later."""
    said = cast(AuditEvent.facts["estimate_fen"].astext, BigInteger)
    query = select(said).where(*_events(scope, "claim.made", "claim.revise")).correlate(Claim)
    return query.order_by(AuditEvent.id.desc()).limit(1).scalar_subquery()


def is_rejected_then(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a claim is rejected as the log has it by then."""
    return select(AuditEvent.id).where(*_events(scope, "claim.reject")).correlate(Claim).exists()


def invoices(scope: Scope) -> Query:
    """Return the query of who invoices whom: each member its premium, the lead its fee; by entry, members in order.

    Columns: `entry`, `on`, `reason`, `issuer`, `issuer_uscc`, `recipient` (empty where the policy names no community),
    `recipient_uscc`, `document`, `net_fen`, `vat_fen`, `gross_fen`; below zero for what is given back.
    """
    rows = union_all(_premium_invoices(scope), _fee_invoices(scope)).subquery("rows")
    issuer, recipient = aliased(Organisation), aliased(Organisation)
    query = (
        select(
            rows.c.entry,
            rows.c.on,
            rows.c.reason,
            issuer.name.label("issuer"),
            func.coalesce(issuer.uscc, "").label("issuer_uscc"),
            func.coalesce(rows.c.recipient, recipient.name, "").label("recipient"),
            func.coalesce(recipient.uscc, "").label("recipient_uscc"),
            rows.c.document,
            rows.c.net_fen,
            rows.c.vat_fen,
            (rows.c.net_fen + rows.c.vat_fen).label("gross_fen"),
        )
        .join(issuer, issuer.id == rows.c.issuer_id)
        .outerjoin(recipient, recipient.id == rows.c.recipient_id)
        .where(or_(rows.c.net_fen != 0, rows.c.vat_fen != 0))
        .order_by(rows.c.entry, rows.c.place)
    )
    if scope.only is None:
        return query
    return query.where(or_(rows.c.issuer_id == scope.only, rows.c.recipient_id == scope.only))


def _premium_invoices(scope: Scope) -> Query:
    """Return each member's part of every premium written and returned, to the community that the policy is for."""
    item = StreamItem
    part = item.parts_fen[Share.position + 1]
    net, vat = (whole(func.sum(part).filter(item.kind == kind)) for kind in ("premium_net", "premium_vat"))
    return (
        select(
            Entry.id.label("entry"),
            Share.position.label("place"),
            Entry.on,
            Entry.reason,
            Share.organisation_id.label("issuer_id"),
            Community.organisation_id.label("recipient_id"),
            Community.name.label("recipient"),
            Entry.document,
            net.label("net_fen"),
            vat.label("vat_fen"),
        )
        .join(item, same_entry(item))
        .join(Share, and_(Share.pool_id == item.pool_id, Share.number == item.number))
        .outerjoin(Refund, and_(Entry.subject_kind == "refund", Refund.id == Entry.subject_id))
        .join(Policy, Policy.id == func.coalesce(Refund.policy_id, Entry.subject_id))
        .outerjoin(Community, Community.id == Policy.community_id)
        .where(
            Entry.pool_id == scope.pool_id,
            Entry.period_id == scope.period_id,
            Entry.reason.in_(_WRITTEN),
            *counted(scope, Entry.id),
        )
        .group_by(
            Entry.pool_id,
            Entry.period_id,
            Entry.id,
            Share.position,
            Share.organisation_id,
            Community.organisation_id,
            Community.name,
        )
    )


def _fee_invoices(scope: Scope) -> Query:
    """Return the lead's fee to each follower: fee and VAT of one agreement and document in one row."""
    debit, credit = aliased(Account), aliased(Account)
    lead = select(Share.organisation_id).where(Share.pool_id == scope.pool_id, Share.number == 1, Share.position == 0)
    lead_id = lead.scalar_subquery()
    # A follower sees no account of the lead's (row security), so what is charged is known by the follower's own.
    is_charged = and_(debit.organisation_id.is_not(None), debit.organisation_id != lead_id)
    follower = case((is_charged, debit.organisation_id), else_=credit.organisation_id)
    fen = case((is_charged, Transfer.amount_fen), else_=-Transfer.amount_fen)
    charged = (
        select(
            Entry.id,
            Entry.on,
            Entry.document,
            Entry.subject_id,
            Entry.reverses_id.is_not(None).label("is_mirror"),
            follower.label("follower_id"),
            *(case((Entry.reason == reason, fen), else_=0).label(name) for name, reason in _FEES.items()),
        )
        .select_from(Transfer)
        .join(
            Entry,
            and_(
                Entry.pool_id == Transfer.pool_id, Entry.period_id == Transfer.period_id, Entry.id == Transfer.entry_id
            ),
        )
        .outerjoin(debit, debit.id == Transfer.debit_id)
        .outerjoin(credit, credit.id == Transfer.credit_id)
        .where(
            Entry.pool_id == scope.pool_id,
            Entry.period_id == scope.period_id,
            Entry.reason.in_(_FEES.values()),
            *counted(scope, Entry.id),
        )
        .subquery("charged")
    )
    net, vat = (whole(func.sum(charged.c[name])) for name in _FEES)
    told = charged.c
    return select(
        func.min(told.id).label("entry"),
        literal(0, BigInteger).label("place"),
        told.on,
        literal(_FEES["net"], Text).label("reason"),
        lead_id.label("issuer_id"),
        told.follower_id.label("recipient_id"),
        literal(None, Text).label("recipient"),
        told.document,
        net.label("net_fen"),
        vat.label("vat_fen"),
    ).group_by(told.on, told.follower_id, told.document, told.subject_id, told.is_mirror)
