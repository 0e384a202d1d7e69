"""Who must agree to a claim's estimate, and when an agreement has to be asked for again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.authority import Authority, Topic, rule, stands, who_must_agree
from core.errors import Invalid

LIMIT_FEN = 10_000_000
ESTIMATES = st.integers(0, 3 * LIMIT_FEN)
TOPICS = st.frozensets(st.sampled_from(Topic), max_size=3)


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


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        ((438_000, ()), (438_000, ()), True),
        ((438_000, ()), (437_999, ()), True),
        ((438_000, ()), (438_001, ()), False),
        ((438_000, ()), (438_000, (Topic.EX_GRATIA,)), False),
        ((26_840_000, (Topic.LITIGATION,)), (20_000_000, ()), True),
        ((26_840_000, ()), (9_000_000, ()), True),
        ((9_000_000, ()), (26_840_000, ()), False),
    ],
)
def test_an_agreement_holds_for_what_was_agreed_to(
    before: tuple[int, tuple[Topic, ...]], after: tuple[int, tuple[Topic, ...]], holds: bool
) -> None:
    """A higher estimate or a new topic is asked for again; a lower one with nothing new is not."""
    agreed, now = (rule(estimate, LIMIT_FEN, topics) for estimate, topics in (before, after))
    assert stands(agreed, now) is holds


def test_a_lower_limit_asks_those_who_were_not_asked() -> None:
    """Where more must agree now than had to then, the lead's own agreement is not enough."""
    assert not stands(rule(438_000, LIMIT_FEN), rule(438_000, 400_000))


@settings(max_examples=300, deadline=None)
@given(ESTIMATES, TOPICS, ESTIMATES, TOPICS)
def test_nothing_grows_past_an_agreement(
    estimate: int, topics: frozenset[Topic], later: int, later_topics: frozenset[Topic]
) -> None:
    """Under one limit an agreement that holds was given to at least this estimate, these topics and these members."""
    agreed, now = rule(estimate, LIMIT_FEN, topics), rule(later, LIMIT_FEN, later_topics)
    assert stands(agreed, now) is (later <= estimate and later_topics <= topics)
    if stands(agreed, now):
        assert agreed.authority is Authority.ALL or now.authority is Authority.LEAD_ALONE
