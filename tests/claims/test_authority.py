"""Who must agree to a claim's estimate."""

from __future__ import annotations

import pytest

from claims.authority import Authority, Topic, rule, who_must_agree
from core.errors import Invalid

LIMIT_FEN = 10_000_000


@pytest.mark.parametrize(
    ("estimate", "authority"),
    [
        (438_000, Authority.LEAD_ALONE),
        (1_265_050, Authority.LEAD_ALONE),
        (9_999_999, Authority.LEAD_ALONE),
        (10_000_000, Authority.LEAD_ALONE),
        (10_000_001, Authority.ALL),
        (26_840_000, Authority.ALL),
        (0, Authority.LEAD_ALONE),
    ],
)
def test_the_lead_decides_alone_up_to_its_limit(estimate: int, authority: Authority) -> None:
    """Up to and including 100,000.00 at 100 % the lead alone, a fen above it all members."""
    assert who_must_agree(estimate, LIMIT_FEN) is authority


def test_without_a_limit_all_agree_to_everything() -> None:
    """A limit of nothing leaves the lead nothing to decide alone."""
    assert who_must_agree(1, 0) is Authority.ALL


@pytest.mark.parametrize("topic", list(Topic))
def test_some_topics_are_for_all_however_small_the_claim(topic: Topic) -> None:
    """Ex gratia, commutation, rescission, disputes and the like always need all members."""
    ruling = rule(1, LIMIT_FEN, [topic])
    assert (ruling.authority, ruling.is_over_limit, ruling.topics) == (Authority.ALL, False, frozenset({topic}))


def test_a_ruling_names_both_reasons() -> None:
    """Over the limit and on a topic: both stand in the ruling."""
    ruling = rule(26_840_000, LIMIT_FEN, [Topic.LITIGATION])
    assert (ruling.authority, ruling.is_over_limit, ruling.topics) == (
        Authority.ALL,
        True,
        frozenset({Topic.LITIGATION}),
    )


def test_an_estimate_is_not_less_than_nothing() -> None:
    """A negative estimate would pass under every limit: refused."""
    with pytest.raises(Invalid, match="invalid_estimate"):
        who_must_agree(-1, LIMIT_FEN)
