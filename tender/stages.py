"""Pure: the stages of a tender and of a bid, and the verbs that lead from one to the next.

A stage is a decision that somebody took. What follows from time alone is read from the deadline and never stored: a
tender past its deadline is still `published`, and `has_closed` says that it takes no more bids. Move with
`core.stages.step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.errors import Conflict

#: The stages that a complaint can halt; a resumed tender goes back to the one it came from.
SUSPENDABLE = ("published", "opening", "opened", "evaluating", "reported", "allocated", "standstill")
#: The stages in which the approver may still call the tender off.
CANCELLABLE = ("draft", "keyed", "approved", "published", "suspended")
#: The stages in which the supervisor may declare the tender void.
ANNULLABLE = ("opening", "opened", "evaluating", "reported", "allocated", "standstill", "awarded", "suspended")

#: Whence and by what a tender moves. `return` takes an unpublished tender back, keys and approval undone.
TENDER_MOVES: Mapping[tuple[str, str], str] = {
    ("draft", "key"): "keyed",
    ("keyed", "approve"): "approved",
    ("keyed", "return"): "draft",
    ("approved", "publish"): "published",
    ("approved", "return"): "draft",
    # Too few bids at the deadline: the keys are never joined and the bids stay closed.
    ("published", "fail"): "failed",
    ("published", "start_opening"): "opening",
    ("opening", "open"): "opened",
    ("opening", "fail"): "failed",
    ("opened", "evaluate"): "evaluating",
    ("opened", "fail"): "failed",
    ("evaluating", "report"): "reported",
    ("evaluating", "fail"): "failed",
    # A recount, with its reason (tender/recount.py).
    ("reported", "reopen"): "evaluating",
    ("reported", "allocate"): "allocated",
    ("reported", "fail"): "failed",
    # A winner declined: the shares are made again without it.
    ("allocated", "reallocate"): "allocated",
    ("allocated", "publicise"): "standstill",
    ("allocated", "fail"): "failed",
    ("standstill", "award"): "awarded",
    ("standstill", "uphold"): "evaluating",
    # A member refuses to sign, or its bond is missing.
    ("awarded", "reallocate"): "allocated",
    ("awarded", "contract"): "contracted",
    ("contracted", "complete"): "complete",
    **{(stage, "cancel"): "cancelled" for stage in CANCELLABLE},
    **{(stage, "annul"): "annulled" for stage in ANNULLABLE},
    **{(stage, "suspend"): "suspended" for stage in SUSPENDABLE},
    **{("suspended", f"resume_{stage}"): stage for stage in SUSPENDABLE},
}

#: Whence and by what a bid version moves; a replaced version stays, closed for ever, beside the one that replaced it.
BID_MOVES: Mapping[tuple[str, str], str] = {
    ("draft", "seal"): "sealed",
    ("sealed", "withdraw"): "withdrawn",
    ("sealed", "replace"): "replaced",
    ("sealed", "open"): "opened",
    # After the deadline: the bidder's own fault (bond at risk), another's fault (it has a claim), or bad sealing.
    ("sealed", "revoke"): "revoked",
    ("sealed", "lose"): "withdrawn_by_fault",
    ("sealed", "find_unreadable"): "unreadable",
    ("opened", "qualify"): "qualified",
    ("opened", "reject"): "rejected",
    ("qualified", "reject"): "rejected",
    ("qualified", "score"): "scored",
    ("scored", "reject"): "rejected",
    ("scored", "offer"): "offered",
    ("scored", "pass_over"): "unsuccessful",
    ("offered", "accept"): "accepted",
    ("offered", "decline"): "declined",
    # Shares made again: who had accepted is asked again, who had been passed over may now be asked.
    ("offered", "offer"): "offered",
    ("accepted", "offer"): "offered",
    ("member", "offer"): "offered",
    ("unsuccessful", "offer"): "offered",
    ("member", "decline"): "declined",
    ("accepted", "award"): "member",
    ("accepted", "pass_over"): "unsuccessful",
    ("offered", "pass_over"): "unsuccessful",
    ("declined", "pass_over"): "unsuccessful",
    ("member", "pass_over"): "unsuccessful",
    # An objection upheld or a recount: the committee scores again.
    **{(stage, "rescore"): "qualified" for stage in ("scored", "offered", "accepted", "declined", "unsuccessful")},
}


def resume_verb(came_from: str) -> str:
    """Return the verb that takes a suspended tender back to the stage it came from, which its row remembers.

    Refuses with Conflict `resume_stage_unknown` (stage) for a stage that cannot have been suspended.

    >>> TENDER_MOVES["suspended", resume_verb("evaluating")]
    'evaluating'
    """
    if came_from not in SUSPENDABLE:
        raise Conflict("resume_stage_unknown", stage=came_from)
    return f"resume_{came_from}"


def has_closed(stage: str, deadline_at: datetime, at: datetime) -> bool:
    """Say whether a published tender takes no more bids: from the very instant of its deadline on.

    >>> from datetime import UTC
    >>> nine = datetime(2026, 11, 23, 9, tzinfo=UTC)
    >>> has_closed("published", nine, nine), has_closed("draft", nine, nine)
    (True, False)
    """
    return stage == "published" and at >= deadline_at


def shown_stage(stage: str, deadline_at: datetime, at: datetime) -> str:
    """Return the stage as people read it: `closed` for a published tender past its deadline, else the stored one.

    >>> from datetime import UTC, timedelta
    >>> nine = datetime(2026, 11, 23, 9, tzinfo=UTC)
    >>> shown_stage("published", nine, nine - timedelta(microseconds=1)), shown_stage("published", nine, nine)
    ('published', 'closed')
    """
    return "closed" if has_closed(stage, deadline_at, at) else stage
