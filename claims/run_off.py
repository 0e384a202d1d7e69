"""The end of a pool: no new policies after its agreement's last day, run-off until nothing is open, closed for good.

That a pool is in run-off follows from the day alone; its periods go on being opened and closed, and its claims being
made, agreed and paid. The lead closes it once everything is done (docs/decisions/0053).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from claims import stages
from claims.list_models import ClaimsList
from claims.models import CashCall, Claim, ClaimCost
from core.errors import Conflict
from core.permits import Actor, require
from core.stages import step
from ledger import bank_payouts, books
from ledger.bank_models import PaymentBatch
from ledger.books import require_lead
from ledger.clause_models import ApartItem, PoolClosing, StepUp
from ledger.models import Period, Statement
from underwriting import policies, pools
from underwriting.models import Bordereau, Policy, Pool, Refund

#: Stages in which a list that was sent may still be posted.
_WAITING = ("reading", "checked", "approved")


@dataclass(frozen=True, slots=True)
class OpenKind:
    """One kind of thing that is still open in a pool, and how many of them."""

    kind: str
    count: int


def stage_of(session: Session, pool: Pool, on: date) -> str:
    """Return how a pool stands on a day: `active`, `run_off` from its agreement's last day on, `closed` for good."""
    if session.get(PoolClosing, pool.id) is not None:
        return "closed"
    return "run_off" if on >= pools.ends_on(session, pool.id) else "active"


def still_open(session: Session, pool: Pool, on: date) -> Sequence[OpenKind]:
    """Return what of a pool is not over on a day: cover, premium, claims, calls, refunds, lists, periods, statements.

    Also items settled on their own, step-ups, batches that wait to be released, payments that came back and were not
    paid again, and accounts of its book that are not at nothing.
    """
    claims = select(Claim.id).where(Claim.pool_id == pool.id)
    owing = (Policy.stage == "bound") & (policies.due_fen() > 0)
    kinds: Sequence[tuple[str, Any, Sequence[ColumnElement[bool]]]] = (
        ("policy", Policy, [Policy.pool_id == pool.id, or_(Policy.expires_on > on, owing, Policy.stage == "received")]),
        ("bordereau", Bordereau, [*_of(Bordereau, pool), Bordereau.stage.in_(_WAITING)]),
        ("claims_list", ClaimsList, [*_of(ClaimsList, pool), ClaimsList.stage.in_(_WAITING)]),
        ("refund", Refund, [Refund.stage == "agreed", Refund.policy_id.in_(_policies(pool))]),
        ("claim", Claim, [*_of(Claim, pool), Claim.stage.not_in(("paid", "rejected"))]),
        ("claim_cost", ClaimCost, [ClaimCost.stage == "approved", ClaimCost.claim_id.in_(claims)]),
        ("cash_call", CashCall, [*_of(CashCall, pool), CashCall.stage == "issued"]),
        ("period", Period, [*_of(Period, pool), Period.stage == "open"]),
        ("statement", Statement, [*_of(Statement, pool), Statement.stage != "settled"]),
        ("apart_item", ApartItem, [*_of(ApartItem, pool), ApartItem.stage == "open"]),
        ("step_up", StepUp, [*_of(StepUp, pool), StepUp.stage == "declared"]),
        ("payment_batch", PaymentBatch, [*_of(PaymentBatch, pool), PaymentBatch.stage == "prepared"]),
    )
    counts = [
        OpenKind(kind, session.scalar(select(func.count()).select_from(row).where(*where)) or 0)
        for kind, row, where in kinds
    ]
    counts.append(OpenKind("returned_payment", len(bank_payouts.to_pay_again(session, pool.id))))
    counts.append(OpenKind("balance", len(books.balances(session, pool.id))))
    return [one for one in counts if one.count]


def _of(row: Any, pool: Pool) -> list[ColumnElement[bool]]:
    return [row.pool_id == pool.id]


def _policies(pool: Pool) -> Any:
    return select(Policy.id).where(Policy.pool_id == pool.id)


def close_pool(session: Session, pool: Pool, *, on: date, by: Actor, at: datetime) -> PoolClosing:
    """Close a pool for good: no period is opened in it any more, so that nothing is ever booked again.

    Refuses Forbidden `role_may_not`, `lead_only`; Conflict `stage_refuses` before its run-off or once it is closed,
    `run_off_open` (kinds, open) naming what is still open.
    """
    require(by, "pool.close")
    require_lead(session, pool.id, by)
    stage = stage_of(session, pool, on)
    step(stages.POOL_MOVES, stage, "close", kind="pool")
    left = still_open(session, pool, on)
    if left:
        counts = {one.kind: one.count for one in left}
        raise Conflict("run_off_open", kinds=list(counts), open=counts)
    row = PoolClosing(pool_id=pool.id, closed_on=on, closed_at=at, closed_by=by.person_id)
    stages.move_pool(session, row, "close", stage=stage, by=by, at=at)
    return row
