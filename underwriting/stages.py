"""MOVES of a policy's premium, a refund, a bordereau and a change of the agreement: the writer of their stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import Session

from core import audit
from core.permits import Actor
from core.stages import Moves, step
from underwriting.models import Bordereau, Policy, Refund
from underwriting.variation_models import Variation

#: `collect`: each member collects its own share, so no money passes through the pool. `take`: the period closed before
#: the premium was passed on, so the members get it with their statements.
POLICY_MOVES: Moves = {
    ("bound", "receive"): "received",
    ("bound", "collect"): "collected",
    ("received", "remit"): "remitted",
    ("received", "take"): "taken",
}

REFUND_MOVES: Moves = {
    ("agreed", "pay"): "paid",
    ("agreed", "strike"): "struck",
}

#: A bordereau is read in pieces until it is whole, then approved by another person and posted at once.
BORDEREAU_MOVES: Moves = {
    ("reading", "check"): "checked",
    ("reading", "fault"): "faulty",
    ("reading", "discard"): "discarded",
    ("faulty", "discard"): "discarded",
    ("checked", "approve"): "approved",
    ("checked", "discard"): "discarded",
    ("approved", "post"): "posted",
    ("approved", "stop"): "checked",
}


#: A change of the agreement: concluded by the last party's consent.
VARIATION_MOVES: Moves = {
    ("proposed", "conclude"): "concluded",
    ("proposed", "decline"): "declined",
    ("proposed", "withdraw"): "withdrawn",
}


def move_policy(
    session: Session, policy: Policy, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a policy on and record it; Conflict `stage_refuses` where the table has no such move."""
    policy.stage = step(POLICY_MOVES, policy.stage, verb, kind="policy")
    session.flush()
    told = {"stage": policy.stage, "number": policy.number, **(facts or {})}
    audit.record(session, f"policy.{verb}", by=by, at=at, of=("policy", policy.id), facts=told)


def move_policies(
    session: Session,
    verb: str,
    *where: ColumnElement[bool],
    by: Actor,
    at: datetime,
    facts: dict[str, Any] | None = None,
) -> int:
    """Move every policy on that `where` names, in one statement each for rows and log; return how many there were.

    What `move_policy` does of each in the order of their ids, but that those in a stage without such a move are left.
    """
    starts = {stage: following for (stage, name), following in POLICY_MOVES.items() if name == verb}
    held = select(Policy.id).where(Policy.stage.in_(starts), *where).order_by(Policy.id).with_for_update().cte("held")
    moved = (
        update(Policy)
        .where(Policy.id.in_(select(held.c.id)))
        .values(stage=case(starts, value=Policy.stage), version=Policy.version + 1)
        .returning(Policy.id, Policy.number, Policy.stage)
    )
    found = session.execute(moved, execution_options={"synchronize_session": "fetch"}).all()
    events = [
        (str(row.id), {"stage": row.stage, "number": row.number, **(facts or {})})
        for row in sorted(found, key=lambda row: row.id)
    ]
    audit.record_each(session, f"policy.{verb}", "policy", events, by=by, at=at)
    return len(events)


def move_refund(
    session: Session, refund: Refund, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a refund on and record it; Conflict `stage_refuses` where the table has no such move."""
    refund.stage = step(REFUND_MOVES, refund.stage, verb, kind="refund")
    session.flush()
    told = {"stage": refund.stage, "gross_fen": refund.gross_fen, **(facts or {})}
    audit.record(session, f"refund.{verb}", by=by, at=at, of=("refund", refund.id), facts=told)


def move_bordereau(
    session: Session, row: Bordereau, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a bordereau on and record it; Conflict `stage_refuses` where the table has no such move."""
    row.stage = step(BORDEREAU_MOVES, row.stage, verb, kind="bordereau")
    session.flush()
    told = {"stage": row.stage, "rows": row.row_count, "gross_fen": row.gross_fen, **(facts or {})}
    audit.record(session, f"bordereau.{verb}", by=by, at=at, of=("bordereau", row.id), facts=told)


def move_variation(
    session: Session, row: Variation, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a change of an agreement on and record it; Conflict `stage_refuses` where the table has no such move."""
    row.stage = step(VARIATION_MOVES, row.stage, verb, kind="variation")
    row.decided_by, row.decided_at = by.person_id, at
    session.flush()
    told = {"stage": row.stage, "pool": row.pool_id, "number": row.base_number + 1, **(facts or {})}
    audit.record(session, f"variation.{verb}", by=by, at=at, of=("variation", row.id), facts=told)


def require_bordereau(row: Bordereau, verb: str) -> None:
    """Refuse Conflict `stage_refuses` where the table has no such move for a bordereau as it stands."""
    step(BORDEREAU_MOVES, row.stage, verb, kind="bordereau")
