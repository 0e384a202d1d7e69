"""MOVES of a fault, a claim, a cash call, a claim's cost and a pool, and the only writers of their stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, Uuid, any_, literal, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from claims.models import CashCall, Claim, ClaimCost, Fault, FaultEvent
from core import audit
from core.moving import move
from core.permits import Actor
from core.stages import Moves, step
from ledger.clause_models import PoolClosing

FAULT_MOVES: Moves = {
    ("reported", "acknowledge"): "acknowledged",
    ("reported", "withdraw"): "withdrawn",
    ("acknowledged", "arrive"): "on_site",
    ("acknowledged", "withdraw"): "withdrawn",
    ("on_site", "repair"): "repaired",
    ("repaired", "accept"): "accepted",
    ("repaired", "reopen"): "on_site",
}

CLAIM_MOVES: Moves = {
    ("open", "submit"): "submitted",
    ("open", "flag"): "open",
    ("open", "reject"): "rejected",
    ("submitted", "revise"): "submitted",
    ("submitted", "flag"): "submitted",
    ("submitted", "agree"): "agreed",
    ("submitted", "reject"): "rejected",
    ("agreed", "revise"): "submitted",
    ("agreed", "flag"): "submitted",
    ("agreed", "approve"): "approved",
    ("agreed", "reject"): "rejected",
    ("approved", "take_back"): "agreed",
    ("approved", "pay"): "paid",
    ("approved", "call"): "called",
    ("called", "pay"): "paid",
    ("paid", "come_back"): "approved",
    ("paid", "come_back_called"): "called",
}

CASH_CALL_MOVES: Moves = {
    ("issued", "receive"): "received",
    ("issued", "take"): "taken",
}

COST_MOVES: Moves = {("approved", "pay"): "paid"}

#: `run_off` follows from the day alone: the agreement's last one is over.
POOL_MOVES: Moves = {("run_off", "close"): "closed"}


def move_fault(session: Session, fault: Fault, verb: str, *, by: Actor, at: datetime, note: str = "") -> None:
    """Move a fault on, with its append-only step; Conflict `stage_refuses` where the table has no such move."""
    fault.stage = step(FAULT_MOVES, fault.stage, verb, kind="fault")
    session.add(FaultEvent(fault_id=fault.id, verb=verb, at=at, person_id=by.person_id, note=note))
    session.flush()
    audit.record(session, f"fault.{verb}", by=by, at=at, of=("fault", fault.id), facts={"stage": fault.stage})


def move_claim(
    session: Session, claim: Claim, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a claim on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"number": claim.number, **(facts or {})}
    move(session, claim, CLAIM_MOVES, verb, of=("claim", claim.id), by=by, at=at, facts=told)


def move_claims(
    session: Session,
    claims: Sequence[Claim],
    verb: str,
    *,
    by: Actor,
    at: datetime,
    facts: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Move claims on that stand in one stage, in one statement each for rows and log, as `move_claim` does of each.

    `facts` are each claim's own. Refuses Conflict `stage_refuses`.
    """
    if not claims:
        return
    (stage,) = {claim.stage for claim in claims}
    following = step(CLAIM_MOVES, stage, verb, kind="claim")
    among = Claim.id == any_(literal([claim.id for claim in claims], ARRAY(Uuid)))
    session.flush()
    moved = update(Claim).where(among).values(stage=following, version=Claim.version + 1)
    session.execute(moved, execution_options={"synchronize_session": False})
    for claim in claims:
        set_committed_value(claim, "version", claim.version + 1)
        set_committed_value(claim, "stage", following)
    own = facts or [{} for _ in claims]
    events = [
        (str(claim.id), {"stage": following, "number": claim.number, **told})
        for claim, told in zip(claims, own, strict=True)
    ]
    audit.record_each(session, f"claim.{verb}", "claim", events, by=by, at=at)


def move_cash_call(session: Session, call: CashCall, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move a cash call on and record it with its day; Conflict `stage_refuses` where the table has no such move."""
    told = {"amount_fen": call.amount_fen, "on": on.isoformat()}
    move(session, call, CASH_CALL_MOVES, verb, of=("cash_call", call.id), by=by, at=at, facts=told)


def move_cost(session: Session, cost: ClaimCost, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move a claim's cost on and record it with its day; Conflict `stage_refuses` where the table has no such move."""
    told = {"amount_fen": cost.amount_fen, "on": on.isoformat()}
    move(session, cost, COST_MOVES, verb, of=("claim_cost", cost.id), by=by, at=at, facts=told)


def move_pool(session: Session, row: PoolClosing, verb: str, *, stage: str, by: Actor, at: datetime) -> None:
    """Move a pool on from how it stands and record it; Conflict `stage_refuses` where the table has no such move."""
    row.stage = step(POOL_MOVES, stage, verb, kind="pool")
    session.add(row)
    session.flush()
    facts = {"stage": row.stage, "on": row.closed_on.isoformat()}
    audit.record(session, f"pool.{verb}", by=by, at=at, of=("pool", row.pool_id), facts=facts)
