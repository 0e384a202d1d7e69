"""The words of the topics on which all members of a pool decide, however small the claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from claims.authority import Topic
from web.formats import t

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


def topics_left(topics: Iterable[str]) -> list[tuple[str, str]]:
    """Return the topics that a claim is not marked with, as choices of a form."""
    marked = set(topics)
    return [(topic.value, t(*pair)) for topic, pair in WORDS.items() if topic.value not in marked]
