"""MOVES of a policy's premium, of a refund and of a list that is sent, and the only writer of their stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core import audit
from core.permits import Actor
from core.stages import Moves, step
from underwriting.models import Policy, Refund
from underwriting.sent_models import SentList

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


def move_policy(
    session: Session, policy: Policy, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a policy on and record it; Conflict `stage_refuses` where the table has no such move."""
    policy.stage = step(POLICY_MOVES, policy.stage, verb, kind="policy")
    session.flush()
    told = {"stage": policy.stage, "number": policy.number, **(facts or {})}
    audit.record(session, f"policy.{verb}", by=by, at=at, of=("policy", policy.id), facts=told)


def move_refund(
    session: Session, refund: Refund, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a refund on and record it; Conflict `stage_refuses` where the table has no such move."""
    refund.stage = step(REFUND_MOVES, refund.stage, verb, kind="refund")
    session.flush()
    told = {"stage": refund.stage, "gross_fen": refund.gross_fen, **(facts or {})}
    audit.record(session, f"refund.{verb}", by=by, at=at, of=("refund", refund.id), facts=told)


def move_list(
    session: Session, row: SentList, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a list that was sent on and record it; Conflict `stage_refuses` where the table has no such move."""
    row.stage = step(SENT_LIST_MOVES, row.stage, verb, kind=row.kind)
    session.flush()
    told = {"stage": row.stage, **row.told, **(facts or {})}
    audit.record(session, f"{row.kind}.{verb}", by=by, at=at, of=(row.kind, row.id), facts=told)


def require_list(row: SentList, verb: str) -> None:
    """Refuse Conflict `stage_refuses` where the table has no such move for a list as it stands."""
    step(SENT_LIST_MOVES, row.stage, verb, kind=row.kind)
