"""The verification of a database where nothing is wrong."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.invariants.story import Story
from tests.makers import AT
from web import verification


def test_a_database_where_nothing_is_wrong_is_found_whole(story: Story, auditor: Engine) -> None:
    """Every invariant holds on what the verbs have made."""
    report = verification.run(auditor, at=AT, store=story.store)
    assert report.is_whole, report.as_text(is_english=True)
