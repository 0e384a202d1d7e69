"""Who must agree to a claim's estimate: the lead alone, or all members. Pure.

The test is on the estimate as claimed at 100 %, not on one member's share and not on what is expected to be paid, and
it is made again whenever the estimate or a topic changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.errors import Invalid


class Authority(StrEnum):
    """Who must agree."""

    LEAD_ALONE = "lead"
    ALL = "all"


class Topic(StrEnum):
    """What is never the lead's to decide alone, however small: it touches more than the amount of one loss."""

    EX_GRATIA = "ex_gratia"
    COMMUTATION = "commutation"
    RESCISSION = "rescission"
    COVER_DISPUTED = "cover_disputed"
    LITIGATION = "litigation"
    FRAUD_SUSPECTED = "fraud_suspected"
    REGULATORY_BREACH = "regulatory_breach"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who must agree to an estimate, and why: over the lead's limit, or for its topics, or both."""

    authority: Authority
    estimate_fen: int
    is_over_limit: bool
    topics: frozenset[Topic]


def rule(estimate_fen: int, lead_alone_limit_fen: int, topics: Iterable[Topic] = ()) -> Ruling:
    """Return who must agree to an estimate at 100 %, with the reasons.

    The lead alone up to and including its limit, all members above it and on any topic. Refuses with
    `invalid_estimate` (less than nothing).

    >>> ruling = rule(438_000, 10_000_000, [Topic.EX_GRATIA])
    >>> ruling.authority.value, ruling.is_over_limit
    ('all', False)
    """
    if estimate_fen < 0:
        raise Invalid("invalid_estimate", estimate_fen=estimate_fen)
    flags = frozenset(topics)
    is_over_limit = estimate_fen > lead_alone_limit_fen
    authority = Authority.ALL if is_over_limit or flags else Authority.LEAD_ALONE
    return Ruling(authority, estimate_fen, is_over_limit, flags)


def who_must_agree(estimate_fen: int, lead_alone_limit_fen: int, topics: Iterable[Topic] = ()) -> Authority:
    """Return who must agree to an estimate at 100 %; `rule` without its reasons.

    With a limit of 100,000.00 the lead decides on 100,000.00 alone, and on a fen more no longer.

    >>> who_must_agree(10_000_000, 10_000_000).value, who_must_agree(10_000_001, 10_000_000).value
    ('lead', 'all')
    """
    return rule(estimate_fen, lead_alone_limit_fen, topics).authority
