"""What is never the lead's to decide alone is marked on the claim, for good, and then all members must agree."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import handling
from claims.authority import Topic
from claims.models import Claim
from core.audit import AuditEvent
from core.errors import Conflict, Forbidden, Invalid
from core.permits import Role
from tests.makers import AT, ON, MadePool, make_policy, make_pool


def _made(session: Session, fen: int = 438_000) -> tuple[MadePool, Claim]:
    made = make_pool(session)
    policy = make_policy(session, made)
    return made, handling.make(session, policy, "门机更换", fen, by=made.actor(Role.CLAIMS_HANDLER), at=AT)


def _flag(session: Session, made: MadePool, claim: Claim, topic: str = "ex_gratia", member: int = 0) -> None:
    by = made.actor(Role.CLAIMS_HANDLER, member)
    handling.flag(session, claim, topic, "按协商结果赔付", by=by, at=AT)


def test_a_small_claim_with_a_topic_needs_every_member(session: Session) -> None:
    """4,380.00 is within the lead's limit; as an ex gratia payment it needs all four members before it is approved."""
    made, claim = _made(session)
    _flag(session, made, claim)
    assert (claim.needs, claim.stage, claim.estimate_version, claim.topics) == ("all", "open", 1, ["ex_gratia"])
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    assert claim.stage == "submitted"
    with pytest.raises(Conflict, match="stage_refuses"):
        handling.approve(session, claim, 438_000, on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    for member in (1, 2, 3):
        handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    assert claim.stage == "agreed"
    handling.approve(session, claim, 438_000, on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    query = select(AuditEvent.facts).where(AuditEvent.action == "claim.flag")
    assert session.scalars(query).one()["reason"] == "按协商结果赔付"


def test_a_topic_that_comes_up_later_asks_anew(session: Session) -> None:
    """A claim that the lead had agreed to alone goes back before the members, as a new version that the lead agrees."""
    made, claim = _made(session)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    assert claim.stage == "agreed"
    _flag(session, made, claim, "litigation")
    assert (claim.needs, claim.stage, claim.estimate_version) == ("all", "submitted", 2)
    assert list(handling.agreed_by(session, claim)) == [made.members[0].id]
    _flag(session, made, claim, "ex_gratia")
    assert (claim.estimate_version, claim.topics) == (3, ["ex_gratia", "litigation"])
    handling.revise(session, claim, 400_000, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    assert claim.needs == "all", "a lower estimate takes no topic off"


def test_a_mark_lifts_no_bar_from_who_put_the_estimate(session: Session) -> None:
    """Neither B, who put 4,380.00, nor C and D, who marked it, approve it; another's estimate then frees B alone."""
    made, claim = _made(session, 400_000)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    reviser, first, second = (made.actor(Role.CLAIMS_HANDLER) for _ in range(3))
    handling.revise(session, claim, 438_000, by=reviser, at=AT)
    handling.flag(session, claim, "litigation", "已起诉", by=first, at=AT)
    handling.flag(session, claim, "ex_gratia", "按协商结果赔付", by=second, at=AT)
    _followers_agree(session, made, claim)
    for own in (reviser, first, second):
        with pytest.raises(Forbidden, match="second_person_needed"):
            handling.approve(session, claim, 438_000, on=ON, by=own, at=AT)
    handling.revise(session, claim, 430_000, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    _followers_agree(session, made, claim)
    handling.approve(session, claim, 430_000, on=ON, by=reviser, at=AT)


def test_a_mark_before_the_claim_is_put_bars_too(session: Session) -> None:
    """Whoever marked a claim that was still open is no second person for it either."""
    made, claim = _made(session)
    marker = made.actor(Role.CLAIMS_HANDLER)
    handling.flag(session, claim, "ex_gratia", "按协商结果赔付", by=marker, at=AT)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    _followers_agree(session, made, claim)
    with pytest.raises(Forbidden, match="second_person_needed"):
        handling.approve(session, claim, 438_000, on=ON, by=marker, at=AT)


def _followers_agree(session: Session, made: MadePool, claim: Claim) -> None:
    for member in (1, 2, 3):
        handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    assert claim.stage == "agreed"


@pytest.mark.parametrize("hand", ["made_by", "estimated_by", "assessed_by", "marked_by"])
def test_the_database_alone_keeps_four_eyes(session: Session, hand: str) -> None:
    """Past the verbs: nobody with a hand in the claim stands as its approver."""
    made, claim = _made(session)
    approver = made.actor(Role.SIGNATORY)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    handling.approve(session, claim, 438_000, on=ON, by=approver, at=AT)
    session.flush()
    who = "ARRAY[approved_by]" if hand == "marked_by" else "approved_by"
    with pytest.raises(DBAPIError, match="ck_claim_four_eyes"), session.begin_nested():
        session.execute(text(f"UPDATE claim SET {hand} = {who} WHERE id = :id"), {"id": claim.id})


def test_a_mark_is_refused_with_its_reason(session: Session) -> None:
    """Not by a follower, not without a reason, not one that there is not, not twice, not once the claim is decided."""
    made, claim = _made(session)
    with pytest.raises(Forbidden, match="lead_only"):
        _flag(session, made, claim, member=1)
    with pytest.raises(Invalid, match="topic_unknown"):
        _flag(session, made, claim, "weather")
    for reason in ("  ", "长" * 501):
        with pytest.raises(Invalid, match="topic_needs_reason"):
            handling.flag(session, claim, "ex_gratia", reason, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    _flag(session, made, claim)
    with pytest.raises(Conflict, match="topic_stands"):
        _flag(session, made, claim)
    handling.reject(session, claim, "不属责任", by=made.actor(Role.SIGNATORY), at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        _flag(session, made, claim, "litigation")


@pytest.mark.parametrize(
    "change",
    [
        "needs = 'lead'",
        "topics = '{}', needs = 'lead'",
        "topics = '{}'",
        "topics = ARRAY['ex_gratia', 'weather']",
        "stage = 'agreed'",
    ],
)
def test_the_database_alone_keeps_a_topic_and_asks_all(session: Session, change: str) -> None:
    """Past the verbs: nobody takes a mark off, lets the lead decide alone, or calls agreed what not all agreed to."""
    made, claim = _made(session)
    _flag(session, made, claim)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    session.flush()
    with pytest.raises(DBAPIError) as refused, session.begin_nested():
        session.execute(text(f"UPDATE claim SET {change} WHERE id = :id"), {"id": claim.id})
    assert getattr(refused.value.orig, "sqlstate", "") in ("23514", "GB007")


def test_the_database_knows_every_topic(session: Session) -> None:
    """What the rule knows is what the row can hold."""
    made, claim = _made(session)
    for topic in Topic:
        _flag(session, made, claim, topic.value)
    session.flush()
    assert set(claim.topics) == set(Topic)
