"""Stages of a tender and of a bid: every way through, and no way round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict
from core.stages import allowed, step
from tender.stages import BID_MOVES, SUSPENDABLE, TENDER_MOVES, has_closed, resume_verb, shown_stage

ENDS = {"complete", "cancelled", "failed", "annulled"}
BID_ENDS = {"withdrawn", "replaced", "revoked", "withdrawn_by_fault", "unreadable", "rejected"}
MAIN_LINE = {
    "key": "keyed",
    "approve": "approved",
    "publish": "published",
    "start_opening": "opening",
    "open": "opened",
    "evaluate": "evaluating",
    "report": "reported",
    "allocate": "allocated",
    "publicise": "standstill",
    "award": "awarded",
    "contract": "contracted",
    "complete": "complete",
}


def stages_of(moves):
    return {stage for stage, _ in moves} | set(moves.values())


def reachable(moves, stage):
    seen, left = {stage}, [stage]
    while left:
        here = left.pop()
        new = {step(moves, here, verb, kind="test") for verb in allowed(moves, here)} - seen
        seen |= new
        left += new
    return seen


def test_a_tender_goes_from_draft_to_complete():
    """Each verb of the main line leads to the next stage."""
    stage = "draft"
    for verb, following in MAIN_LINE.items():
        stage = step(TENDER_MOVES, stage, verb, kind="tender")
        assert stage == following


@pytest.mark.parametrize(("moves", "ends"), [(TENDER_MOVES, ENDS), (BID_MOVES, BID_ENDS)], ids=["tender", "bid"])
def test_every_stage_is_reached_and_only_the_ends_are_ends(moves, ends):
    """No stage is out of reach of the draft, and only a finished record has no way on."""
    assert reachable(moves, "draft") == stages_of(moves)
    assert {stage for stage in stages_of(moves) if not allowed(moves, stage)} == ends


@pytest.mark.parametrize("stage", sorted(stages_of(TENDER_MOVES)))
def test_no_tender_is_caught_for_ever(stage):
    """From every stage some way leads to an end."""
    assert ENDS & reachable(TENDER_MOVES, stage)


def test_nothing_is_opened_before_publishing_nor_published_twice():
    """Opening is reached only over published, publishing only over approved, approving only over the keys."""
    for verb, before in (("start_opening", "published"), ("publish", "approved"), ("approve", "keyed")):
        assert [stage for stage, called in TENDER_MOVES if called == verb] == [before]
    for stage in ("draft", "keyed", "opening", "awarded", "suspended"):
        with pytest.raises(Conflict, match="stage_refuses"):
            step(TENDER_MOVES, stage, "publish", kind="tender")


@pytest.mark.parametrize("stage", SUSPENDABLE)
def test_a_suspended_tender_goes_back_where_it_came_from(stage):
    """Suspending and resuming is no way to jump over a stage."""
    assert step(TENDER_MOVES, stage, "suspend", kind="tender") == "suspended"
    assert step(TENDER_MOVES, "suspended", resume_verb(stage), kind="tender") == stage


@pytest.mark.parametrize("stage", ["draft", "awarded", "suspended", "failed"])
def test_what_cannot_be_suspended_cannot_be_resumed(stage):
    """An unpublished, awarded or ended tender is not halted by a complaint."""
    with pytest.raises(Conflict, match="stage_refuses"):
        step(TENDER_MOVES, stage, "suspend", kind="tender")
    with pytest.raises(Conflict, match="resume_stage_unknown"):
        resume_verb(stage)


def test_an_upheld_objection_and_a_refusing_member_lead_back():
    """The committee evaluates again; the shares are made again; then the main line goes on."""
    assert TENDER_MOVES["standstill", "uphold"] == "evaluating"
    assert TENDER_MOVES["awarded", "reallocate"] == TENDER_MOVES["allocated", "reallocate"] == "allocated"


def test_a_bid_goes_from_draft_to_member():
    """Sealed, opened, qualified, scored, offered, accepted, member."""
    stage = "draft"
    for verb in ("seal", "open", "qualify", "score", "offer", "accept", "award"):
        stage = step(BID_MOVES, stage, verb, kind="bid")
    assert stage == "member"


def test_a_sealed_bid_is_scored_only_after_it_is_opened():
    """No verb leads from sealed past opened, and a closed version never opens again."""
    assert set(allowed(BID_MOVES, "sealed")) == {
        "withdraw",
        "replace",
        "open",
        "revoke",
        "lose",
        "find_unreadable",
    }
    assert [stage for (stage, _), following in BID_MOVES.items() if following == "opened"] == ["sealed"]


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)))
@settings(max_examples=100, deadline=None)
def test_bids_close_at_the_instant_of_the_deadline(away):
    """Closed is read from the deadline: at it and after it no bid comes in, and nothing is flipped by time."""
    deadline_at = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    at = deadline_at + away
    assert has_closed("published", deadline_at, at) == (away >= timedelta(0))
    assert shown_stage("published", deadline_at, at) == ("closed" if away >= timedelta(0) else "published")
    assert shown_stage("evaluating", deadline_at, at) == "evaluating"
