"""The evaluation: a committee without conflicts, marks that stand once locked, a report that can be composed again."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, select

from core import parties
from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Actor
from core.server import Urls
from tender import committee, draw, evaluations, reports
from tender.drafting import DraftCriterion, digest_of
from tender.evaluations import Rejection
from tests.makers_tender import (
    EVALUATED,
    WORKED_MARKS,
    WORKED_PRICES,
    draft_of,
    form_of,
    make_opened,
    make_reported,
    save_marks,
    seat_committee,
    sign_report,
)
from tests.makers_town import Town, make_town

AT = EVALUATED


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def opened(town, prices=WORKED_PRICES, draft=None):
    tender_id = make_opened(town, {place: form_of(price) for place, price in enumerate(prices)}, draft)
    town.at(AT)
    return tender_id


def seats(town, people):
    return [
        committee.Seat(one.person_id, one.organisation_id, is_expert=one != town.chair, is_chair=one == town.chair)
        for one in people
    ]


def names(town, document):
    """Return the report's final order as places of insurers in the town."""
    place = {str(insurer.id): number for number, insurer in enumerate(town.insurers)}
    organisation = {each["bid"]: each["organisation"] for each in document["bids"]}
    return [place[organisation[bid]] for bid in document["order"]]


def test_the_worked_tender_comes_out_as_reckoned_by_hand(town):
    """丙 89.70, 甲 87.80, 乙 and 丁 83.26 and equal on total, price and technique: the public draw decides."""
    tender_id = opened(town)
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        report = reports.latest(session, tender)
        document = report.document
        assert tender.stage == "reported"
        assert [(each["total"], each["rank"]) for each in document["bids"]] == [
            ("89.70", 1),
            ("87.80", 2),
            ("83.26", 3),
            ("83.26", 3),
        ]
        assert [each["price_points"] for each in document["bids"][:2]] == ["8.70", "9.50"]
        assert names(town, document)[:2] == [2, 0]
        tied = [each["bid"] for each in document["bids"][2:]]
        seed = draw.draw_seed(tender.notice_hash, document["draw"]["nonces"].values())
        assert document["order"][2:] == draw.drawn_order(seed, tied)
        assert digest_of(reports.compose(session, tender)) == report.digest
        assert {bid.stage for bid in evaluations.bids_of(session, tender, "scored")} == {"scored"}
        assert len(reports.signatures_of(session, report)) == 5


def test_a_committee_is_whole_and_has_declared(town):
    """No evaluation with a member missing, without the experts asked for, or while a member has declared nothing."""
    tender_id = opened(town)
    people = [town.chair, *town.experts]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        committee.appoint(session, tender, seats(town, people[:4]), by=town.officer, at=AT)
        with pytest.raises(Conflict, match="committee_incomplete") as refused:
            committee.start_evaluation(session, tender, by=town.chair, at=AT)
        assert (refused.value.facts["have"], refused.value.facts["need"]) == (4, 5)
        committee.appoint(session, tender, seats(town, people[4:]), by=town.officer, at=AT)
        with pytest.raises(Conflict, match="conflict_undeclared"):
            committee.start_evaluation(session, tender, by=town.chair, at=AT)
        with pytest.raises(Conflict, match="committee_seat_taken"):
            committee.appoint(session, tender, seats(town, people[:1]), by=town.officer, at=AT)
        keeper = town.keepers[0].actor
        with pytest.raises(Forbidden, match="other_side"):
            committee.appoint(session, tender, seats(town, [keeper]), by=town.officer, at=AT)


def test_a_member_with_a_conflict_is_replaced_and_marks_nothing(town):
    """Conflicts are declared once, after the bidders are known; who has one leaves, and another must come."""
    tender_id = opened(town)
    people = [town.chair, *town.experts]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        committee.appoint(session, tender, seats(town, people), by=town.officer, at=AT)
        tied = town.experts[3]
        for one in people[:4]:
            committee.declare(session, tender, "", by=one, at=AT)
        with pytest.raises(Conflict, match="declared_already"):
            committee.declare(session, tender, "", by=town.chair, at=AT)
        committee.declare(session, tender, "三年内任职于甲财险", by=tied, at=AT)
        with pytest.raises(Forbidden, match="not_on_committee"):
            committee.own_seat(session, tender, by=tied)
        with pytest.raises(Conflict, match="committee_incomplete"):
            committee.start_evaluation(session, tender, by=town.chair, at=AT)
        person = parties.add_person(session, "专家五", by=SYSTEM, at=AT)
        spare = Actor(person.id, tied.organisation_id, tied.role)
        committee.appoint(session, tender, seats(town, [spare]), by=town.officer, at=AT)
        committee.declare(session, tender, "", by=spare, at=AT)
        committee.start_evaluation(session, tender, by=town.chair, at=AT)
        assert tender.stage == "evaluating"


def qualified(town, prices=WORKED_PRICES, draft=None, rejections=None):
    tender_id = opened(town, prices, draft)
    seat_committee(town, tender_id, AT)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        evaluations.qualify(session, tender, rejections or {}, by=town.chair, at=AT)
    return tender_id


def test_a_price_above_the_ceiling_is_rejected_without_asking(town):
    """The ceiling of 1 500.00 was published: 1 500.01 is out, 1 500.00 is in; other reasons are named and told."""
    tender_id = opened(town, (150_000, 150_001, 120_000, 120_000))
    seat_committee(town, tender_id, AT)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        bids = {bid.organisation_id: bid for bid in evaluations.bids_of(session, tender, "opened")}
        last = bids[town.insurers[3].id]
        for rejection, code in (
            (Rejection("because", "无"), "reject_reason_unknown"),
            (Rejection("collusion", " "), "r"),
        ):
            nested = session.begin_nested()
            with pytest.raises(Invalid, match=code):
                evaluations.qualify(session, tender, {last.id: rejection}, by=town.chair, at=AT)
            nested.rollback()
        with pytest.raises(NotFound, match="bid_not_found"):
            evaluations.qualify(session, tender, {tender_id: Rejection("collusion", "x")}, by=town.chair, at=AT)
        with pytest.raises(Forbidden):
            evaluations.qualify(session, tender, {}, by=town.experts[0], at=AT)
        evaluations.qualify(session, tender, {last.id: Rejection("not_signed", "未签章")}, by=town.chair, at=AT)
        found = {bid.organisation_id: (bid.stage, bid.rejected_for) for bid in bids.values()}
        assert [found[insurer.id] for insurer in town.insurers] == [
            ("qualified", None),
            ("rejected", "price_above_ceiling"),
            ("qualified", None),
            ("rejected", "not_signed"),
        ]


def test_a_wrong_mark_is_named_and_a_locked_sheet_stands(town):
    """Marks keep to range and step; a sheet locks only when it is whole, and then not even the database changes it."""
    tender_id = qualified(town)
    expert = town.experts[0]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        bid, *others = evaluations.bids_of(session, tender, "qualified")
        wrong = {(bid.id, 0): 10_050, (bid.id, 7): 10, (others[0].id, 0): 8_033, (tender_id, 0): 50}
        with pytest.raises(Invalid, match="marks_wrong") as refused:
            evaluations.save_marks(session, tender, wrong, by=expert, at=AT)
        assert {finding.code for finding in refused.value.findings} == {
            *("mark_out_of_range", "mark_off_step", "criterion_not_declared", "bid_not_scored"),
        }
        evaluations.save_marks(session, tender, {(bid.id, 0): 8_000}, by=expert, at=AT)
        evaluations.save_marks(session, tender, {(bid.id, 0): 8_050}, by=expert, at=AT)
        with pytest.raises(Invalid, match="sheet_incomplete"):
            evaluations.lock_sheet(session, tender, by=expert, at=AT)
        evaluations.save_marks(session, tender, {(one.id, 0): 7_000 for one in others}, by=expert, at=AT)
        evaluations.lock_sheet(session, tender, by=expert, at=AT)
        assert evaluations.marks_of(session, tender, expert.person_id)[0].mark_hundredths == 8_050
        with pytest.raises(Conflict, match="sheet_locked"):
            evaluations.lock_sheet(session, tender, by=expert, at=AT)
    with pytest.raises(Conflict, match="sheet_locked"), unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        evaluations.save_marks(session, tender, {(bid.id, 0): 9_900}, by=expert, at=AT)
    for change in ("UPDATE mark SET mark_hundredths = 9900", "DELETE FROM mark"):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as fixed:
            connection.execute(change)
        assert fixed.value.sqlstate == "GB025"


def test_a_sheet_is_reopened_by_the_chair_for_a_reason(town):
    """A report waits for every sheet; one reopened for a recount is locked again, and the reason is on record."""
    tender_id = qualified(town)
    save_marks(town, tender_id, dict(enumerate(WORKED_MARKS)), AT)
    expert = town.experts[0]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="sheets_unlocked"):
            reports.draw_up(session, tender, by=town.chair, at=AT)
        evaluations.lock_sheet(session, tender, by=expert, at=AT)
        with pytest.raises(Invalid, match="tender_reason_missing"):
            evaluations.reopen_sheet(session, tender, expert.person_id, "", by=town.chair, at=AT)
        with pytest.raises(NotFound, match="seat_not_found"):
            evaluations.reopen_sheet(session, tender, tender_id, "x", by=town.chair, at=AT)
        evaluations.reopen_sheet(session, tender, expert.person_id, "合计有误", by=town.chair, at=AT)
        reasons = session.scalars(select(AuditEvent.facts).where(AuditEvent.action == "score.reopened")).all()
        assert reasons[0]["reason"] == "合计有误"
    sign_report(town, tender_id, AT)


def test_objective_marks_that_differ_hold_up_the_report(town):
    """An objective item follows from a document: while the experts differ on it there is no report."""
    item = DraftCriterion("属地网点数", 9_000, is_objective=True)
    tender_id = qualified(town, draft=draft_of(criteria=(item,)))
    marks = dict.fromkeys(range(4), (80, 80, 80, 80, 80))
    save_marks(town, tender_id, {**marks, 3: (80, 80, 80, 80, 81)}, AT)
    with pytest.raises(Invalid, match="recount_needed") as refused:
        sign_report(town, tender_id, AT)
    assert [finding.code for finding in refused.value.findings] == ["objective_marks_differ"]
    save_marks(town, tender_id, marks, AT)
    sign_report(town, tender_id, AT)


def test_a_bid_thrown_out_before_the_report_shows_both_results(town):
    """Without 丙's low price the others change places: the report shows both results and says which counts."""
    draft = draft_of(price_weight_hundredths=3_000, criteria=(DraftCriterion("服务方案", 7_000),))
    tender_id = qualified(town, (100_000, 130_000, 70_000), draft)
    save_marks(town, tender_id, {0: (86,) * 5, 1: (94,) * 5, 2: (57,) * 5}, AT)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        low = next(
            bid
            for bid in evaluations.bids_of(session, tender, "qualified")
            if bid.organisation_id == town.insurers[2].id
        )
        evaluations.reject(session, low, Rejection("below_cost", "低于成本"), by=town.chair, at=AT)
    sign_report(town, tender_id, AT)
    with unit_of_work(town.engine, SYSTEM) as session:
        document = reports.latest(session, town.tender(session, tender_id)).document
        assert document["exclusion"]["counts"] == "recomputed"
        assert document["exclusion"]["reverses"] is True
        assert names(town, document) == [0, 1]
        assert [each["reason"] for each in document["rejected"]] == ["below_cost"]


def test_a_member_signs_once_and_may_dissent_and_a_report_can_be_reopened(town):
    """A dissent is written down and stops nothing; a completed report goes back for a recount only with a reason."""
    tender_id = qualified(town)
    save_marks(town, tender_id, dict(enumerate(WORKED_MARKS)), AT)
    people = [town.chair, *town.experts]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        for one in people:
            evaluations.lock_sheet(session, tender, by=one, at=AT)
        with pytest.raises(NotFound, match="report_not_found"):
            reports.sign(session, tender, "0" * 64, by=town.chair, at=AT)
        digest = reports.draw_up(session, tender, by=town.chair, at=AT).digest
        with pytest.raises(Conflict, match="report_changed"):
            reports.sign(session, tender, "0" * 64, by=town.chair, at=AT)
        reports.sign(session, tender, digest, "不同意对丁的技术评分", by=town.chair, at=AT)
        with pytest.raises(Conflict, match="signed_already"):
            reports.sign(session, tender, digest, by=town.chair, at=AT)
        bid, *_ = evaluations.bids_of(session, tender, "qualified")
        nested = session.begin_nested()
        evaluations.reject(session, bid, Rejection("collusion", "雷同"), by=town.chair, at=AT)
        with pytest.raises(Conflict, match="report_outdated"):
            reports.sign(session, tender, digest, by=town.experts[0], at=AT)
        nested.rollback()
        session.expire_all()
        for one in town.experts:
            reports.sign(session, town.tender(session, tender_id), digest, by=one, at=AT)
        assert town.tender(session, tender_id).stage == "reported"
        with pytest.raises(Invalid, match="tender_reason_missing"):
            reports.reopen(session, tender, "", by=town.chair, at=AT)
        reports.reopen(session, tender, "复核发现分值汇总错误", by=town.chair, at=AT)
        assert {bid.stage for bid in evaluations.bids_of(session, tender, "qualified")} == {"qualified"}
        second = reports.draw_up(session, tender, by=town.chair, at=AT)
        assert second.number == 2


def test_government_procurement_fails_with_too_few_qualified_bids(town):
    """Under the procurement law fewer than three qualified bids void the tender; elsewhere the committee goes on."""
    for profile, stage in (("G", "failed"), ("B", "evaluating")):
        draft = draft_of(number=f"ZB-{profile}", committee_size=5)
        tender_id = opened(town, (120_000, 150_001, 150_001), draft)
        with psycopg.connect(town.place.admin) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE tender SET profile = %s WHERE id = %s", (profile, tender_id))
        seat_committee(town, tender_id, AT)
        with unit_of_work(town.engine, SYSTEM) as session:
            tender = town.tender(session, tender_id)
            evaluations.qualify(session, tender, {}, by=town.chair, at=AT)
            assert tender.stage == stage


def test_a_later_rejection_counts_like_an_early_one(town):
    """Three qualified bids of which one is thrown out while the marks are given are two: the tender has failed."""
    tender_id = opened(town, (120_000, 121_000, 122_000), draft_of(committee_size=5))
    with psycopg.connect(town.place.admin) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE tender SET profile = 'G' WHERE id = %s", (tender_id,))
    seat_committee(town, tender_id, AT)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        evaluations.qualify(session, tender, {}, by=town.chair, at=AT)
        assert tender.stage == "evaluating"
        bid, *_ = evaluations.bids_of(session, tender, "qualified")
        evaluations.reject(session, bid, Rejection("collusion", "雷同"), by=town.chair, at=AT)
        assert (tender.stage, tender.end_reason) == ("failed", "too_few_qualified")
