"""The words of the topics on which all members decide, however small the claim; what became of a claim's steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from claims.authority import Topic
from claims.models import Claim
from claims.stages import CLAIM_MOVES
from core.permits import Actor
from web.claim_desk import ClaimView
from web.formats import t
from web.step_closed import closed_words, done_words

#: Topic -> (中文, English).
WORDS: Mapping[Topic, tuple[str, str]] = {
    Topic.EX_GRATIA: ("通融赔付", "ex gratia payment"),
    Topic.COMMUTATION: ("一次性了结", "commutation"),
    Topic.RESCISSION: ("解除合同", "rescission of the policy"),
    Topic.COVER_DISPUTED: ("保险责任有争议", "cover in dispute"),
    Topic.LITIGATION: ("诉讼或仲裁", "litigation or arbitration"),
    Topic.FRAUD_SUSPECTED: ("疑似欺诈", "suspected fraud"),
    Topic.REGULATORY_BREACH: ("涉嫌违反监管规定", "alleged breach of regulation"),
}


def topic_names(topics: Iterable[str]) -> str:
    """Return topics in the reader's language, one after the other."""
    return t("、", ", ").join(t(*WORDS[Topic(topic)]) for topic in topics)


def step_closed(claim: Claim, view: ClaimView, step: str, who: Actor) -> str:
    """Return why a step on a claim is not open to the reader: done by whom and when, or agreed to already."""
    own = next((one for one in view.members if one.id == who.organisation_id), None)
    if step == "agree" and claim.stage == "submitted" and own and own.agreed_at:
        return done_words("claim", claim.stage, claim.id, "claim.agreed_by_member")
    action = "claim.agreed_by_member" if step == "agree" else ""
    return closed_words(CLAIM_MOVES, "claim", step, claim.stage, claim.id, action)


def topics_left(topics: Iterable[str]) -> list[tuple[str, str]]:
    """Return the topics that a claim is not marked with, as choices of a form."""
    marked = set(topics)
    return [(topic.value, t(*pair)) for topic, pair in WORDS.items() if topic.value not in marked]
