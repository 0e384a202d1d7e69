"""Every corruption that the superuser plants is caught, and the invariant that names it is the right one."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import Engine, text

from core.checks import Invariant
from tests.invariants import (
    plants_bank,
    plants_bulk,
    plants_clauses,
    plants_core,
    plants_extracts,
    plants_insurance,
    plants_ledger,
    plants_lists,
    plants_logged,
    plants_payouts,
    plants_tender,
)
from tests.invariants.planting import Plant
from tests.invariants.story import Story
from tests.makers import AT
from web import verification

PLANTS: tuple[Plant, ...] = (
    *plants_core.PLANTS,
    *plants_ledger.PLANTS,
    *plants_insurance.PLANTS,
    *plants_extracts.PLANTS,
    *plants_tender.PLANTS,
    *plants_logged.PLANTS,
    *plants_bulk.PLANTS,
    *plants_lists.PLANTS,
    *plants_bank.PLANTS,
    *plants_clauses.PLANTS,
    *plants_payouts.PLANTS,
)


def invariants(story: Story) -> dict[str, Invariant]:
    """Return id -> invariant, those of the kept files with them."""
    return {one.id: one for one in verification.chosen(files=story.files, at=AT)}


@pytest.mark.parametrize("planted", PLANTS, ids=str)
def test_a_corruption_is_caught_and_named(planted: Plant, story: Story, superuser: Engine) -> None:
    """What no wall stopped is found by the read-only verification and named by its invariant."""
    with superuser.connect() as connection, connection.begin() as transaction:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for deed in planted.deeds:
            if not isinstance(deed, str):
                deed(connection, story)
                continue
            done = connection.execute(text(deed.replace(":", "\\:")))
            assert done.rowcount != 0, f"changes nothing: {deed}"
        connection.execute(text("SET LOCAL session_replication_role = origin"))
        connection.execute(text("SET LOCAL ROLE gongbao_auditor"))
        (result,) = verification.examine(connection, [invariants(story)[planted.id]])
        transaction.rollback()
    assert result.state == "broken"
    assert result.found is not None
    assert [one.facts for one in result.found.first if one.where == "check"] == []


def test_every_invariant_has_at_least_three_corruptions(story: Story) -> None:
    """No invariant is believed before three different corruptions were caught by it, and each is planted once."""
    assert [name for name, count in Counter(map(str, PLANTS)).items() if count > 1] == []
    planted = Counter(one.id for one in PLANTS)
    assert {name: planted[name] for name in invariants(story) if planted[name] < 3} == {}
    assert set(planted) <= set(invariants(story))
