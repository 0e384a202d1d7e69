"""A tender up to its deadline: drafted, checked by the rules, approved by another, published, amended, halted."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import PUBLIC, SYSTEM, Actor, Role
from core.server import Urls
from tender import bids, changes, keys, tenders
from tender.drafting import DraftCriterion, criteria_of
from tender.models import Tender
from tender.moving import take_side
from tests.makers_tender import (
    AGREEMENT_TERMS,
    DEADLINE,
    PUBLISHED,
    draft_of,
    envelope_of,
    form_of,
    hand_in,
    make_keyed,
    make_tender,
)
from tests.makers_town import DRAFTED, Town, make_town


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def codes(refused: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {finding.code for finding in refused.value.findings}


def test_a_draft_names_every_wrong_field_at_once(town):
    """A draft that no tender could be is refused with all its faults, and nothing is written."""
    wrong = draft_of(
        title=" ",
        lift_count=0,
        starts_on=date(2027, 7, 1),
        tie_keys=("没有这一项",),
        agreement_terms={**AGREEMENT_TERMS, "vat_bp": 6.5, "bonus": 1},
        criteria=(DraftCriterion("服务方案", 9_000, mark_step_hundredths=0),),
    )
    with unit_of_work(town.engine, SYSTEM) as session:
        with pytest.raises(Invalid) as refused:
            tenders.draft(session, wrong, by=town.officer, at=DRAFTED)
        assert codes(refused) == {
            *("draft_length_wrong", "draft_out_of_range", "draft_dates_wrong", "criterion_not_declared"),
            *("draft_field_unknown", "draft_criterion_wrong"),
        }
        assert session.scalar(select(func.count()).select_from(Tender)) == 0


def test_only_an_officer_drafts_and_a_number_is_taken_once(town):
    """An insurer drafts no tender; two tenders never share a number."""
    with unit_of_work(town.engine, SYSTEM) as session:
        with pytest.raises(Forbidden):
            tenders.draft(session, draft_of(), by=town.insurers[0].bidder, at=DRAFTED)
        tenders.draft(session, draft_of(), by=town.officer, at=DRAFTED)
        with pytest.raises(Conflict, match="tender_number_taken"):
            tenders.draft(session, draft_of(), by=town.officer, at=DRAFTED)


def test_a_draft_is_edited_whole_until_its_keys_are_made(town):
    """In draft all may change, criteria too; afterwards it must be returned to draft first."""
    tender_id = make_keyed(town)
    other = draft_of(criteria=(DraftCriterion("服务方案", 6_000), DraftCriterion("理赔时效", 3_000)))
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            tenders.edit(session, tender, other, by=town.officer, at=DRAFTED)
        tenders.return_to_draft(session, tender, by=town.officer, at=DRAFTED)
        tenders.edit(session, tender, other, by=town.officer, at=DRAFTED)
        assert [item.name for item in criteria_of(session, tender)] == ["服务方案", "理赔时效"]
        assert tender.rehearsed_at is None


def test_approval_needs_a_second_person_and_the_rules(town):
    """Who drafted does not approve, and a draft that breaks its profile's rules is named rule by rule."""
    soon = datetime(2026, 3, 16, 9, 0, tzinfo=CITY)
    tender_id = make_keyed(town, draft_of(deadline_at=soon, opening_at=soon + timedelta(hours=1), bond_fen=10_000_000))
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        same_person = replace(town.approver, person_id=town.officer.person_id)
        with pytest.raises(Forbidden, match="second_person_needed"):
            tenders.approve(session, tender, by=same_person, at=DRAFTED)
        with pytest.raises(Invalid, match="tender_breaks_rules") as refused:
            tenders.approve(session, tender, by=town.approver, at=DRAFTED)
        assert {"opening_not_at_deadline", "bond_too_high", "dates_out_of_order"} <= codes(refused)
        assert town.tender(session, tender_id).stage == "keyed"


def test_the_notice_is_fixed_by_its_hash(town):
    """What was approved can be hashed again by anyone, and holds every figure that bidders rely on."""
    tender_id = make_tender(town)
    with unit_of_work(town.engine, PUBLIC) as session:
        tender = tenders.by_number(session, "ZB-2026-001", by=PUBLIC)
        assert tender.id == tender_id
        assert hashlib.sha256(tender.notice.encode()).hexdigest() == tender.notice_hash
        for figure in ('"ceiling_fen":"150000"', '"lead_fee_bp":"500"', '"weight_hundredths":"9000"', '"4000"'):
            assert figure in tender.notice
        terms = tenders.terms_of(session, tender)
        assert (len(terms.custodians), terms.threshold, terms.amendment) == (5, 3, 0)


def test_a_tender_is_seen_by_the_bureau_and_once_published_by_all(town):
    """Before its publication nobody outside the bureau learns that a tender exists, its custodians excepted."""
    tender_id = make_keyed(town)
    insurer, keeper = town.insurers[0].bidder, town.keepers[0].actor
    with unit_of_work(town.engine, SYSTEM) as session:
        assert tenders.get(session, tender_id, by=town.officer).id == tender_id
        assert tenders.get(session, tender_id, by=keeper).id == tender_id
        for outsider in (insurer, PUBLIC, Actor(None, None, Role.EXPERT)):
            with pytest.raises(NotFound, match="tender_not_found"):
                tenders.get(session, tender_id, by=outsider)
            assert session.scalars(tenders.visible_to(outsider)).all() == []
        with pytest.raises(Conflict, match="tender_not_published"):
            tenders.terms_of(session, town.tender(session, tender_id))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tender SET ceiling_fen = 1",
        "UPDATE tender SET notice_hash = repeat('0', 64)",
        "UPDATE tender SET deadline_at = deadline_at + interval '1 day', opening_at = opening_at + interval '1 day'",
        "UPDATE tender SET box_closed_at = deadline_at + interval '1 day'",
        "UPDATE criterion SET weight_hundredths = 1",
        "DELETE FROM criterion",
        "UPDATE custodian SET fingerprint = repeat('0', 64)",
        "DELETE FROM custodian",
    ],
)
def test_the_database_keeps_a_published_tender(town, change):
    """Price ceiling, criteria, custodians and deadline stand from the publication on, whatever the program does."""
    make_tender(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        nested = session.begin_nested()
        with pytest.raises(DBAPIError) as refused:
            session.execute(text(change))
        nested.rollback()
        assert refused.value.orig.sqlstate in ("GB024", "GB023")


def test_a_change_that_affects_bids_leaves_fifteen_days(town):
    """A clarification five days before the deadline moves it ten days, opening and all; the number goes into bids."""
    tender_id = make_tender(town)
    at = town.at(DEADLINE - timedelta(days=5))
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        first = changes.amend(
            session, tender, "澄清：到场时限按自然分钟计。", "理由", affects_bids=True, by=town.officer, at=at
        )
        assert (first.number, first.deadline_at, tender.deadline_at) == (1, DEADLINE + timedelta(days=10), DEADLINE)
        changes.answer_extension(session, tender, is_confirmed=True, by=town.approver, at=at)
        (first,) = tenders.amendments_of(session, tender)
        assert (first.number, first.deadline_after) == (1, DEADLINE + timedelta(days=10))
        assert tender.opening_at == tender.deadline_at == DEADLINE + timedelta(days=10)
        second = changes.amend(session, tender, "更正联系人电话。", "理由", affects_bids=False, by=town.officer, at=at)
        assert (second.number, second.deadline_after) == (2, first.deadline_after)
        assert tenders.terms_of(session, tender).amendment == 2
        assert [row.number for row in tenders.amendments_of(session, tender)] == [1, 2]
        with pytest.raises(Invalid, match="deadline_earlier"):
            changes.amend(
                session, tender, "提前", "理由", affects_bids=False, deadline_at=DEADLINE, by=town.officer, at=at
            )
        with pytest.raises(Conflict, match="deadline_passed"):
            changes.amend(session, tender, "太晚", "理由", affects_bids=False, by=town.officer, at=first.deadline_after)


def test_a_deadline_that_has_passed_stands(town):
    """Once the deadline is over nobody moves it, with or without an amendment: the box would open again."""
    make_tender(town)
    town.at(DEADLINE)
    later = "UPDATE tender SET amendment = amendment + 1, deadline_at = deadline_at + interval '9 days'"
    with pytest.raises(DBAPIError) as refused, unit_of_work(town.engine, SYSTEM) as session:
        session.execute(text(f"{later}, opening_at = opening_at + interval '9 days'"))
    assert refused.value.orig.sqlstate == "GB020"


def test_a_halted_tender_takes_no_bid_and_loses_no_time(town):
    """Two days' halt moves the deadline two days; meanwhile nothing is taken; the one after the deadline moves none."""
    tender_id = make_tender(town)
    at = town.at(PUBLISHED + timedelta(days=5))
    with unit_of_work(town.engine, SYSTEM) as session:
        changes.suspend(session, town.tender(session, tender_id), "异议待答复", by=town.supervisor, at=at)
    with pytest.raises(Conflict, match="tender_takes_no_bids"):
        hand_in(town, tender_id, town.insurers[0], form_of())
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        changes.resume(session, tender, "投诉已处理", by=town.supervisor, at=at + timedelta(days=2))
        assert (tender.stage, tender.deadline_at) == ("published", DEADLINE + timedelta(days=2))
        late = DEADLINE + timedelta(days=3)
        changes.suspend(session, tender, "投诉", by=town.supervisor, at=late)
        changes.resume(session, tender, "投诉已处理", by=town.supervisor, at=late + timedelta(days=2))
        assert tender.deadline_at == DEADLINE + timedelta(days=2)


def test_a_tender_is_called_off_by_the_approver_with_a_reason(town):
    """A cancelled tender takes no more bids and is never removed."""
    tender_id = make_tender(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Forbidden):
            tenders.cancel(session, tender, "预算取消", by=town.officer, at=PUBLISHED)
        with pytest.raises(Invalid, match="tender_reason_missing"):
            tenders.cancel(session, tender, " ", by=town.approver, at=PUBLISHED)
        tenders.cancel(session, tender, "预算取消", by=town.approver, at=PUBLISHED)
        assert (tender.stage, tender.end_reason) == ("cancelled", "预算取消")
    with pytest.raises(Conflict, match="tender_takes_no_bids"):
        hand_in(town, tender_id, town.insurers[0], form_of())


def test_a_tender_is_void_or_fails_by_a_decision_with_a_reason(town):
    """The supervisor declares a tender void once its opening has begun; the officer fails one that leads nowhere."""
    for number, end, by, stage in (
        ("ZB-1", tenders.annul, town.supervisor, "annulled"),
        ("ZB-2", tenders.fail, town.officer, "failed"),
    ):
        tender_id = make_tender(town, draft_of(number=number))
        at = town.at(DEADLINE)
        with unit_of_work(town.engine, SYSTEM) as session:
            tender = town.tender(session, tender_id)
            with pytest.raises(Conflict, match="stage_refuses"):
                tenders.annul(session, tender, "尚未开标", by=town.supervisor, at=at)
            session.refresh(tender)
            keys.start_opening(session, tender, by=town.officer, at=at)
            end(session, tender, "开标程序违规", by=by, at=at)
            assert (tender.stage, tender.ended_at) == (stage, at)


def test_what_a_change_and_a_publication_must_say(town):
    """An amendment has a text and belongs to a published tender; a notice names its medium and comes in time."""
    tender_id = make_keyed(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="tender_takes_no_bids"):
            changes.amend(session, tender, "澄清", "理由", affects_bids=False, by=town.officer, at=DRAFTED)
        with pytest.raises(Invalid, match="amendment_empty"):
            changes.amend(session, tender, " ", "理由", affects_bids=False, by=town.officer, at=DRAFTED)
        tenders.approve(session, tender, by=town.approver, at=DRAFTED)
        with pytest.raises(Invalid, match="medium_missing"):
            tenders.publish(session, tender, medium="", by=town.officer, at=DRAFTED)
        with pytest.raises(Conflict, match="deadline_passed"):
            tenders.publish(session, tender, medium="官网", by=town.officer, at=DEADLINE)
        with pytest.raises(Invalid, match="tender_breaks_rules"):
            tenders.publish(session, tender, medium="官网", by=town.officer, at=DEADLINE - timedelta(days=4))
        with pytest.raises(NotFound, match="tender_not_found"):
            tenders.by_number(session, "ZB-0", by=town.officer)


def test_one_person_stands_on_one_side(town):
    """Who drafted a tender keeps no share of its key and sits on no committee."""
    tender_id = make_tender(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Forbidden, match="other_side"):
            take_side(session, tender, "committee", town.officer.person_id, town.officer.organisation_id)


def test_another_bureau_acts_on_no_tender_of_this_one(town):
    """An officer and an approver act on their own bureau's tenders; the supervisor watches over every bureau's."""
    tender_id = make_tender(town)
    elsewhere = replace(town.officer, organisation_id=uuid.uuid4())
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Forbidden, match="tender_of_another_bureau"):
            changes.suspend(session, tender, "投诉", by=elsewhere, at=PUBLISHED)
        with pytest.raises(Forbidden, match="tender_of_another_bureau"):
            changes.amend(session, tender, "澄清", "理由", affects_bids=False, by=elsewhere, at=PUBLISHED)
        with pytest.raises(Forbidden, match="tender_of_another_bureau"):
            tenders.cancel(session, tender, "取消", by=replace(elsewhere, role=Role.APPROVER), at=PUBLISHED)
        watching = replace(town.supervisor, organisation_id=town.chair.organisation_id)
        changes.suspend(session, tender, "投诉", by=watching, at=PUBLISHED)
        assert tender.stage == "suspended"


def test_who_edited_a_draft_does_not_approve_it(town):
    """Four eyes hold for whoever had a hand in the draft, not only for who began it."""
    tender_id = make_keyed(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        both = replace(town.approver, role=Role.OFFICER)
        tenders.return_to_draft(session, tender, by=town.officer, at=DRAFTED)
        tenders.edit(session, tender, draft_of(number=tender.number), by=both, at=DRAFTED)
        with pytest.raises(Forbidden, match="second_person_needed"):
            tenders.approve(session, tender, by=town.approver, at=DRAFTED)
        assert tender.approved_at is None


def test_a_halted_tender_ends_only_as_it_could_before(town):
    """What was opened and then halted is not called off, and what takes bids fails at its deadline at the earliest."""
    tender_id = make_tender(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="deadline_not_passed"):
            tenders.fail(session, tender, "投标太少", by=town.officer, at=DEADLINE - timedelta(minutes=1))
        changes.suspend(session, tender, "投诉", by=town.supervisor, at=PUBLISHED)
        with pytest.raises(Conflict, match="stage_refuses"):
            tenders.annul(session, tender, "程序违规", by=town.supervisor, at=PUBLISHED)
        changes.resume(session, tender, "投诉已处理", by=town.supervisor, at=PUBLISHED)
    at = town.at(DEADLINE)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        keys.start_opening(session, tender, by=town.officer, at=at)
        changes.suspend(session, tender, "投诉", by=town.supervisor, at=at)
        with pytest.raises(Conflict, match="stage_refuses"):
            tenders.cancel(session, tender, "预算取消", by=town.approver, at=at)
        tenders.annul(session, tender, "程序违规", by=town.supervisor, at=at)
        assert tender.stage == "annulled"


def test_a_bid_sealed_to_older_terms_is_refused_whatever_came_in_between(town):
    """The terms are compared while the tender is held: an amendment that came meanwhile is seen."""
    tender_id = make_tender(town)
    insurer = town.insurers[0]
    bidder = insurer.bidder
    with unit_of_work(town.engine, bidder) as session:
        expected = bids.expect(session, town.tender(session, tender_id), by=bidder)
        container = envelope_of(town, tender_id, insurer, form_of())
        accepted = bids.accept(town.store, container, expected)
    slow = town.engine.execution_options(isolation_level="READ COMMITTED")
    with unit_of_work(slow, bidder) as sealing:
        stale = town.tender(sealing, tender_id)
        with unit_of_work(town.engine, SYSTEM) as session:
            changes.amend(
                session,
                town.tender(session, tender_id),
                "澄清",
                "理由",
                affects_bids=False,
                by=town.officer,
                at=PUBLISHED,
            )
        with pytest.raises(Conflict, match="terms_changed"):
            bids.seal(sealing, stale, accepted, by=bidder, at=PUBLISHED)


def test_a_member_of_the_committee_answers_for_no_bidder(town):
    """Who sits on the committee takes no bid back and gives no key for an insurer, whatever it signs elsewhere."""
    tender_id = make_tender(town)
    insurer = town.insurers[0]
    hand_in(town, tender_id, insurer, form_of())
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        take_side(session, tender, "committee", insurer.signatory.person_id, insurer.id)
    with unit_of_work(town.engine, insurer.signatory) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Forbidden, match="other_side"):
            bids.withdraw(session, tender, by=insurer.signatory, at=PUBLISHED)
    at = town.at(DEADLINE)
    with unit_of_work(town.engine, SYSTEM) as session:
        keys.start_opening(session, town.tender(session, tender_id), by=town.officer, at=at)
    key = town.sealed[tender_id, insurer.id, 1]
    with unit_of_work(town.engine, insurer.signatory) as session:
        tender = town.tender(session, tender_id)
        for part, held in key.items():
            with pytest.raises(Forbidden, match="other_side"):
                keys.give_bidder_key(session, tender, part, "k2", held.k2, by=insurer.signatory, at=at)
