"""MOVES of a premium, a refund, a list that is sent and a change of the agreement: the writer of their stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import Session

from core import audit
from core.moving import move
from core.permits import Actor
from core.stages import Moves, step
from underwriting.models import Policy, Refund
from underwriting.sent_models import SentList
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

#: A list that is sent, of premiums or of claims: read and checked, approved by another person, posted at once.
SENT_LIST_MOVES: Moves = {
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
    ("proposed", "lapse"): "lapsed",
}


def move_policy(
    session: Session, policy: Policy, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a policy on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"number": policy.number, **(facts or {})}
    move(session, policy, POLICY_MOVES, verb, of=("policy", policy.id), by=by, at=at, facts=told)


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
    told = {"gross_fen": refund.gross_fen, **(facts or {})}
    move(session, refund, REFUND_MOVES, verb, of=("refund", refund.id), by=by, at=at, facts=told)


def move_list(
    session: Session, row: SentList, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a list that was sent on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {**row.told, **(facts or {})}
    move(session, row, SENT_LIST_MOVES, verb, of=(row.kind, row.id), by=by, at=at, facts=told)


def move_variation(
    session: Session, row: Variation, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a change of an agreement on and record it; Conflict `stage_refuses` where the table has no such move."""
    row.decided_by, row.decided_at = by.person_id, at
    told = {"pool": row.pool_id, "number": row.base_number + 1, **(facts or {})}
    move(session, row, VARIATION_MOVES, verb, of=("variation", row.id), by=by, at=at, facts=told)


def require_list(row: SentList, verb: str) -> None:
    """Refuse Conflict `stage_refuses` where the table has no such move for a list as it stands."""
    step(SENT_LIST_MOVES, row.stage, verb, kind=row.kind)
