"""MOVES of a fault, a claim, a cash call, a claim's cost and a pool, and the only writers of their stages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from claims.list_models import ClaimsList
from claims.models import CashCall, Claim, ClaimCost, Fault, FaultEvent
from core import audit
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

#: A list of claims goes the way of a premium bordereau: read, checked, approved by another person, booked at once.
CLAIMS_LIST_MOVES: Moves = {
    ("reading", "check"): "checked",
    ("reading", "fault"): "faulty",
    ("reading", "discard"): "discarded",
    ("faulty", "discard"): "discarded",
    ("checked", "approve"): "approved",
    ("checked", "discard"): "discarded",
    ("approved", "post"): "posted",
    ("approved", "stop"): "checked",
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
    claim.stage = step(CLAIM_MOVES, claim.stage, verb, kind="claim")
    session.flush()
    told = {"stage": claim.stage, "number": claim.number, **(facts or {})}
    audit.record(session, f"claim.{verb}", by=by, at=at, of=("claim", claim.id), facts=told)


def move_cash_call(session: Session, call: CashCall, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move a cash call on and record it with its day; Conflict `stage_refuses` where the table has no such move."""
    call.stage = step(CASH_CALL_MOVES, call.stage, verb, kind="cash_call")
    session.flush()
    facts = {"stage": call.stage, "amount_fen": call.amount_fen, "on": on.isoformat()}
    audit.record(session, f"cash_call.{verb}", by=by, at=at, of=("cash_call", call.id), facts=facts)


def move_cost(session: Session, cost: ClaimCost, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move a claim's cost on and record it with its day; Conflict `stage_refuses` where the table has no such move."""
    cost.stage = step(COST_MOVES, cost.stage, verb, kind="claim_cost")
    session.flush()
    facts = {"stage": cost.stage, "amount_fen": cost.amount_fen, "on": on.isoformat()}
    audit.record(session, f"claim_cost.{verb}", by=by, at=at, of=("claim_cost", cost.id), facts=facts)


def move_claims_list(
    session: Session, row: ClaimsList, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a list of claims on and record it; Conflict `stage_refuses` where the table has no such move."""
    require_claims_list(row, verb)
    row.stage = CLAIMS_LIST_MOVES[row.stage, verb]
    session.flush()
    told = {"stage": row.stage, "rows": row.line_count, "count": row.claim_count, **(facts or {})}
    audit.record(session, f"claims_list.{verb}", by=by, at=at, of=("claims_list", row.id), facts=told)


def require_claims_list(row: ClaimsList, verb: str) -> None:
    """Refuse Conflict `stage_refuses` where the table has no such move for a list as it stands."""
    step(CLAIMS_LIST_MOVES, row.stage, verb, kind="claims_list")


def move_pool(session: Session, row: PoolClosing, verb: str, *, stage: str, by: Actor, at: datetime) -> None:
    """Move a pool on from how it stands and record it; Conflict `stage_refuses` where the table has no such move."""
    row.stage = step(POOL_MOVES, stage, verb, kind="pool")
    session.add(row)
    session.flush()
    facts = {"stage": row.stage, "on": row.closed_on.isoformat()}
    audit.record(session, f"pool.{verb}", by=by, at=at, of=("pool", row.pool_id), facts=facts)
