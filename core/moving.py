"""The move that most records make: to the stage that their table names, and one event that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from core import audit
from core.permits import Actor
from core.stages import Moves, step


class Staged(Protocol):
    """A record that is in a stage."""

    stage: Any


def move(
    session: Session, row: Staged, moves: Moves, verb: str, *, of: tuple[str, object], by: Actor, at: datetime,
    facts: Mapping[str, Any],
) -> None:  # fmt: skip
    """Move a record on and write its event, `kind.verb`, with the stage that it has come to before its other facts.

    `of` is the record's kind and id, as the log has them. Refuses Conflict `stage_refuses` where the table has no such
    move.
    """
    row.stage = step(moves, row.stage, verb, kind=of[0])
    session.flush()
    audit.record(session, f"{of[0]}.{verb}", by=by, at=at, of=of, facts={"stage": row.stage, **facts})
