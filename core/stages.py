"""How every record moves from stage to stage: by a table of data, one verb a row, and no other way."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Conflict

#: (stage, verb) -> next stage.
Moves = Mapping[tuple[str, str], str]


def allowed(moves: Moves, stage: str) -> list[str]:
    """Return the verbs that a record in this stage takes, in the table's order.

    >>> allowed({("draft", "publish"): "published", ("published", "close"): "closed"}, "draft")
    ['publish']
    """
    return [verb for (start, verb) in moves if start == stage]


def step(moves: Moves, stage: str, verb: str, *, kind: str) -> str:
    """Return the stage that `verb` leads to.

    Refuses with Conflict `stage_refuses` (kind, stage, verb, allowed) where the table has no such cell.

    >>> step({("draft", "publish"): "published"}, "draft", "publish", kind="tender")
    'published'
    """
    try:
        return moves[stage, verb]
    except KeyError:
        raise Conflict("stage_refuses", kind=kind, stage=stage, verb=verb, allowed=allowed(moves, stage)) from None
