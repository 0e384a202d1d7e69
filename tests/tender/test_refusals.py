"""What the tender room refuses beside the main line: drafts that say too little, doers who may not, unfit keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM
from core.server import Urls
from tender import awards, bids, committee, custody, p256, slip39, tenders, unsealing
from tender.envelope import ONE_ENVELOPE
from tender.keyfiles import answer_possession
from tender.moving import take_side
from tender.outcome_models import Award
from tender.slip39 import Sheet
from tests.makers_tender import (
    AGREEMENT_TERMS,
    EVALUATED,
    PUBLISHED,
    draft_of,
    envelope_of,
    form_of,
    make_contracted,
    make_opened,
    make_tender,
    seat_committee,
)
from tests.makers_town import DRAFTED, Town, make_town
from underwriting import pools


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lock": "nobody"}, "draft_not_one_of"),
        ({"deadline_at": datetime(2026, 4, 1, 9, 30)}, "draft_instant_without_zone"),  # noqa: DTZ001 - the mistake itself
        ({"agreement_terms": {key: AGREEMENT_TERMS[key] for key in list(AGREEMENT_TERMS)[1:]}}, "draft_field_missing"),
        ({"agreement_terms": {**AGREEMENT_TERMS, "deductible_bp": 10_001}}, "draft_out_of_range"),
    ],
)
def test_a_draft_that_says_too_little(town: Town, session: Session, changes: dict[str, Any], code: str) -> None:
    """An unknown choice, a deadline without its zone and a missing term are named."""
    with pytest.raises(Invalid) as caught:
        tenders.draft(session, draft_of(**changes), by=town.officer, at=DRAFTED)
    assert code in {finding.code for finding in caught.value.findings}


def test_nobody_is_no_side(town: Town, session: Session) -> None:
    """A side of a tender is taken by a person, never by machinery; before its award a tender has none."""
    tender = tenders.draft(session, draft_of(), by=town.officer, at=DRAFTED)
    with pytest.raises(Forbidden, match="tender_person_needed"):
        take_side(session, tender, "bureau", None, None)
    with pytest.raises(NotFound, match="award_not_found"):
        awards.award_of(session, tender)


def test_only_the_chair_takes_the_chair(town: Town) -> None:
    """An expert on the committee does not do what is the chair's."""
    tender_id = make_opened(town, {place: form_of() for place in range(3)})
    seat_committee(town, tender_id, town.at(EVALUATED))
    with unit_of_work(town.engine, SYSTEM) as session, pytest.raises(Forbidden, match="not_in_the_chair"):
        committee.chair_seat(session, town.tender(session, tender_id), by=town.experts[0])


def test_a_rehearsal_that_opens_to_something_else(town: Town, session: Session) -> None:
    """A dummy bid whose opened content is not what was sealed ends the ceremony."""
    tender = tenders.draft(session, draft_of(), by=town.officer, at=DRAFTED)
    people = [custody.Keeper(k.actor.person_id, k.actor.organisation_id) for k in town.keepers]  # type: ignore[arg-type]
    custody.name_custodians(session, tender, people, tender.threshold, by=town.officer, at=DRAFTED)
    for keeper in town.keepers:
        row = custody.give_key(session, tender, p256.point(keeper.key), by=keeper.actor, at=DRAFTED)
        answer = answer_possession(keeper.key, str(tender.id), row.challenge or b"")
        custody.prove(session, tender, answer, by=keeper.actor, at=DRAFTED)
    made = custody.rehearse(session, tender, by=town.officer, at=DRAFTED)
    other = type(made)(
        tender_id=tender.id,
        number=made.number + 1,
        ceremony=made.ceremony,
        threshold=made.threshold,
        fingerprints=made.fingerprints,
        container=made.container,
        content_sha256="0" * 64,
        made_at=DRAFTED,
    )
    session.add(other)
    session.flush()
    for keeper in town.keepers:
        share = unsealing.open_share(keeper.key, custody.rehearsal_head(other), ONE_ENVELOPE[0])
        custody.give_rehearsal_share(session, tender, share, by=keeper.actor, at=DRAFTED)
    with pytest.raises(Conflict, match="rehearsal_failed"):
        custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)


def test_two_envelopes_of_one_version(town: Town) -> None:
    """A second envelope made for the same version, handed in after the first, is refused and nothing of it is kept."""
    tender_id = make_tender(town)
    insurer = town.insurers[0]
    at = town.at(PUBLISHED + timedelta(days=1))
    container = envelope_of(town, tender_id, insurer, form_of())
    with unit_of_work(town.engine, insurer.bidder) as session:
        expected = bids.expect(session, tenders.get(session, tender_id, by=insurer.bidder), by=insurer.bidder)
    accepted = bids.accept(town.store, container, expected)
    with unit_of_work(town.engine, insurer.bidder) as session:
        bids.seal(session, town.tender(session, tender_id), accepted, by=insurer.bidder, at=at)
    with pytest.raises(Conflict, match="bid_changed_meanwhile"), unit_of_work(town.engine, insurer.bidder) as session:
        bids.seal(session, town.tender(session, tender_id), accepted, by=insurer.bidder, at=at)
    with unit_of_work(town.engine, insurer.bidder) as session:
        assert len(bids.versions_of(session, town.tender(session, tender_id), insurer.id)) == 1


def test_an_award_makes_one_pool(town: Town) -> None:
    """The pool has the awarded shares as they are, and a second pool of the same award is refused."""
    numbers = make_contracted(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        pool = pools.form_from_award(session, numbers, by=town.approver, at=DRAFTED)
        shares = pools.shares_of(session, pools.agreements(session, pool.id)[0])
        assert tuple(zip(shares.members, shares.weights.weights, strict=True)) == numbers.members
        assert session.get_one(Award, numbers.award_id).id == pool.award_id
        plan = replace(pools.plan_of_award(numbers), name="又一个")
        with pytest.raises(Conflict, match="award_has_pool"):
            pools.form(session, plan, by=town.approver, at=DRAFTED)


def test_words_that_do_not_fit() -> None:
    """Sheets of two secrets do not belong together; one that asks for more groups than there are is malformed."""
    counted = iter(range(1, 1000))

    def draw(count: int) -> bytes:
        return bytes([next(counted) % 256] * count)

    first, second = (slip39.words_of(bytes([fill]) * 16, draw, threshold=2, count=2) for fill in (1, 2))
    with pytest.raises(Invalid, match="words_do_not_belong_together"):
        slip39.secret_of([first[0], second[1]])
    broken = Sheet(1, 1, 1, 0, 2, 1, 0, 1, bytes(16))
    with pytest.raises(Invalid, match="words_malformed"):
        slip39.read_sheet(slip39._write(broken))
