"""MOVES of a policy's premium, of a refund and of a list that is sent, and the only writer of their stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.moving import move
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
    told = {"number": policy.number, **(facts or {})}
    move(session, policy, POLICY_MOVES, verb, of=("policy", policy.id), by=by, at=at, facts=told)


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


def require_list(row: SentList, verb: str) -> None:
    """Refuse Conflict `stage_refuses` where the table has no such move for a list as it stands."""
    step(SENT_LIST_MOVES, row.stage, verb, kind=row.kind)
