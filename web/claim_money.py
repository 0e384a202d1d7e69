"""Where the money of a claim stands, as its page, the desk's work list and the API show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Select, and_, cast, func, select
from sqlalchemy.orm import Session

from claims import payouts, settlements
from claims.models import CashCall, Claim, ClaimCost
from core.permits import Actor
from ledger import streams
from underwriting import pools
from underwriting.models import Agreement, Policy, Pool


@dataclass(frozen=True, slots=True)
class ClaimMoney:
    """The money of one claim, in fen: what is payable, what has come in for it, what is missing, what came back."""

    payable_fen: int | None
    parts_fen: Sequence[int]
    is_called: bool
    reaches_call: bool
    held_fen: int
    missing_fen: int
    recovered_fen: int


def money_of(session: Session, claim: Claim, agreement: Agreement) -> ClaimMoney:
    """Return where the money of a claim stands."""
    payable = claim.payable_fen or 0
    items = streams.items(session, claim.pool_id, claim.approved_entry_id) if claim.approved_entry_id else []
    is_called = claim.stage == "called"
    held = settlements.pool_money(session, claim) if is_called else 0
    return ClaimMoney(
        claim.payable_fen,
        items[0].parts_fen if items else [],
        is_called,
        payable >= agreement.cash_call_from_fen > 0,
        held,
        max(payable - held, 0) if is_called else 0,
        settlements.recovered(session, claim),
    )


def claims_with_money(actor: Actor) -> Select[tuple[object, ...]]:
    """Return the query of the approved claims that an actor may see: what is payable, what is to be done next."""
    unpaid_costs = (
        select(cast(func.coalesce(func.sum(ClaimCost.amount_fen), 0), BigInteger))
        .where(ClaimCost.claim_id == Claim.id, ClaimCost.stage == "approved")
        .scalar_subquery()
    )
    query = (
        select(
            Claim.id,
            Claim.number,
            Claim.title,
            Claim.stage,
            Claim.approved_on,
            Claim.payable_fen,
            Claim.paid_on,
            unpaid_costs.label("unpaid_costs_fen"),
            and_(Agreement.cash_call_from_fen > 0, Claim.payable_fen >= Agreement.cash_call_from_fen).label(
                "reaches_call"
            ),
            payouts.is_in_batch().label("is_in_batch"),
        )
        .join(Policy, Policy.id == Claim.policy_id)
        .join(Agreement, Agreement.id == Policy.agreement_id)
        .where(Claim.payable_fen.is_not(None))
        .where(Claim.pool_id.in_(pools.visible_to(actor).with_only_columns(Pool.id)))
        .order_by(Claim.approved_on.desc(), Claim.number.desc())
    )
    return query


def calls_visible_to(actor: Actor) -> Select[CashCall]:
    """Return the query of the cash calls that an actor may see: its own, its led pools', or all."""
    query = select(CashCall)
    if actor.sees_all:
        return query
    own = CashCall.organisation_id == actor.organisation_id
    return query.where(own | CashCall.pool_id.in_(actor.led_pools) if actor.led_pools else own)


def call_stage(stage: str, due_on: date, today: date) -> str:
    """Return the state of a cash call as it is shown: one issued is overdue the day after it was due.

    >>> call_stage("issued", date(2026, 3, 26), date(2026, 3, 27))
    'overdue'
    """
    return "overdue" if stage == "issued" and due_on < today else stage
