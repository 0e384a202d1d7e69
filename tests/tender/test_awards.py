"""Shares and award: offered, answered, made again; shown, objected to, decided; numbers with no retyping."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, select

from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import PUBLIC, SYSTEM
from core.server import Urls
from tender import allocation, allocations, awards, changes, evaluations, reports
from tender.allocations import Standing
from tender.drafting import digest_of
from tender.outcome_models import ShareOffer
from tests.makers_tender import (
    AWARDED,
    OFFERED,
    PUBLICISED,
    WORKED_MARKS,
    accept_all,
    answer,
    draft_of,
    finish_award,
    form_of,
    make_awarded,
    make_opened,
    make_reported,
    sign_agreement,
)
from tests.makers_town import Town, make_town


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def reported(town, forms=None, draft=None):
    """Return a tender whose report ranks 丙 first, 甲 second, then 乙 before 丁."""
    worked = {0: form_of(120_000), 1: form_of(113_900), 2: form_of(131_000), 3: form_of(114_000)}
    tender_id = make_opened(town, {**worked, **(forms or {})}, draft)
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    town.at(OFFERED)
    return tender_id


def allocate(town, tender_id, standings=None, at=OFFERED):
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        by_insurer = {bid.organisation_id: bid.id for bid in evaluations.bids_of(session, tender, *RANKED)}
        told = {by_insurer[town.insurers[place].id]: standing for place, standing in (standings or {}).items()}
        run = allocations.allocate(session, tender, told, by=town.officer, at=at)
        return shares(town, run)


RANKED = ("scored", "offered", "accepted", "declined", "unsuccessful", "member")


def shares(town, run):
    """Return share by the insurer's place in the town, in order of rank."""
    place = {str(insurer.id): number for number, insurer in enumerate(town.insurers)}
    return [(place[member["organisation"]], member["share_bp"]) for member in run.outputs["members"]]


def close(town, tender_id, at):
    return town.run(
        town.officer, lambda s: allocations.close_answers(s, town.tender(s, tender_id), by=town.officer, at=at)
    )


def test_the_ladder_gives_the_published_rungs(town):
    """40, 30, 20, 10 % by rank; an insurer sees the share offered to it and no other's."""
    tender_id = reported(town)
    assert allocate(town, tender_id) == [(2, 4000), (0, 3000), (1, 2000), (3, 1000)]
    seen = []
    for actor in (*(insurer.signatory for insurer in town.insurers), PUBLIC):
        with unit_of_work(town.engine, actor) as session:
            seen.append([row.share_bp for row in session.scalars(select(ShareOffer))])
    assert seen == [[3000], [2000], [4000], [1000], []]


def test_anyone_can_run_the_allocation_again(town):
    """The run keeps all that went in: the same inputs give the same shares, and the hash covers both."""
    tender_id = reported(town)
    allocate(town, tender_id)
    with unit_of_work(town.engine, SYSTEM) as session:
        run = allocations.last_run(session, town.tender(session, tender_id))
        assert allocations.run_of(run.inputs) == run.outputs
        assert digest_of({"inputs": run.inputs, "outputs": run.outputs}) == run.digest


def test_the_result_is_read_by_others_only_once_it_is_publicised(town):
    """Until the publicity report and shares are the bureau's; the committee reads its report; then all may."""
    tender_id = reported(town)
    with unit_of_work(town.engine, SYSTEM) as session, pytest.raises(NotFound, match="allocation_not_found"):
        allocations.last_run(session, town.tender(session, tender_id))
    allocate(town, tender_id)
    insurer = town.insurers[0].bidder
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        elsewhere = replace(town.chair, person_id=insurer.person_id)
        assert [reports.may_read(session, tender, by=one) for one in (town.chair, town.officer)] == [True, True]
        assert not any(reports.may_read(session, tender, by=one) for one in (insurer, elsewhere, PUBLIC))
    accept_all(town, tender_id, OFFERED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        awards.publicise(session, tender, by=town.officer, at=PUBLICISED)
        assert all(reports.may_read(session, tender, by=one) for one in (insurer, elsewhere, PUBLIC))


def test_written_lines_floors_and_the_law_bound_the_shares(town):
    """丙 wrote 35 %; the law lets 丁 carry 8.33 % of one risk of 300 m with capital of 250 m; 甲 takes what is left."""
    draft = draft_of(largest_loss_fen=300_000_000_00)
    tender_id = reported(town, {2: form_of(131_000, line_bp=3500)}, draft)
    rich, poor = Standing(capital_fen=9_000_000_000_00), Standing(capital_fen=250_000_000_00)
    got = allocate(town, tender_id, {0: rich, 1: rich, 2: rich, 3: poor})
    assert got == [(2, 3500), (0, 3400), (1, 2267), (3, 833)]


def test_who_may_not_lead_stays_a_member(town):
    """丙 is first but does not want to lead, 甲 does not meet the lead's conditions: 乙 leads, and why is on record."""
    tender_id = reported(town, {2: form_of(131_000, will_lead=False)}, draft_of(allocation=equal_terms()))
    allocate(town, tender_id, {0: Standing(meets_lead_conditions=False)})
    with unit_of_work(town.engine, SYSTEM) as session:
        run = allocations.last_run(session, town.tender(session, tender_id))
        assert [each["reason"] for each in run.outputs["passed_over"]] == ["not_willing", "conditions_not_met"]
        offers = allocations.offers_of(session, run)
        assert [offer.organisation_id for offer in offers if offer.is_lead] == [town.insurers[1].id]


def equal_terms():
    return allocation.Terms(method=allocation.Method.SCORES, winners_max=4, cap_bp=6000)


def test_a_winner_that_declines_is_left_out_and_the_others_are_asked_again(town):
    """丙 declines: 甲, 乙 and 丁 are offered 50, 30, 20 %, and what they had accepted before counts no more."""
    tender_id = reported(town)
    allocate(town, tender_id)
    answer(town, tender_id, town.insurers[0], True, OFFERED)
    with pytest.raises(Conflict, match="nothing_declined"):
        allocate(town, tender_id)
    answer(town, tender_id, town.insurers[2], False, OFFERED)
    with pytest.raises(Conflict, match="offer_answered"):
        answer(town, tender_id, town.insurers[2], True, OFFERED)
    assert allocate(town, tender_id) == [(0, 5000), (1, 3000), (3, 2000)]
    with pytest.raises(NotFound, match="offer_not_found"):
        answer(town, tender_id, town.insurers[2], True, OFFERED)
    with pytest.raises(Conflict, match="offers_unanswered"), unit_of_work(town.engine, SYSTEM) as session:
        awards.publicise(session, town.tender(session, tender_id), by=town.officer, at=PUBLICISED)
    accept_all(town, tender_id, OFFERED)
    numbers = finish_award(town, tender_id)
    assert numbers.members == tuple(
        (town.insurers[place].id, share) for place, share in ((0, 5000), (1, 3000), (3, 2000))
    )


def test_silence_declines(town):
    """Five working days from 1 April, Qingming off, end with 9 April; who has not answered by then has declined."""
    tender_id = reported(town)
    allocate(town, tender_id)
    due_at = datetime(2026, 4, 10, tzinfo=CITY)
    with unit_of_work(town.engine, SYSTEM) as session:
        run = allocations.last_run(session, town.tender(session, tender_id))
        assert {offer.answer_due_at for offer in allocations.offers_of(session, run)} == {due_at}
    for place in (0, 1, 3):
        answer(town, tender_id, town.insurers[place], True, due_at - timedelta(seconds=1))
    with pytest.raises(Conflict, match="offer_lapsed"):
        answer(town, tender_id, town.insurers[2], True, due_at)
    assert close(town, tender_id, due_at - timedelta(seconds=1)) == 0
    assert close(town, tender_id, due_at) == 1
    assert close(town, tender_id, due_at) == 0
    assert allocate(town, tender_id, at=due_at) == [(0, 5000), (1, 3000), (3, 2000)]


def test_shares_that_cannot_be_placed_leave_the_tender_where_it_was(town):
    """With lines of 20 % each only 80 % is written: nothing is offered, and the bureau fails it or asks for more."""
    forms = {place: form_of(price, line_bp=2000) for place, price in enumerate((120_000, 113_900, 131_000, 114_000))}
    tender_id = reported(town, forms)
    with pytest.raises(Conflict, match="undersubscribed"):
        allocate(town, tender_id)
    with unit_of_work(town.engine, SYSTEM) as session:
        assert town.tender(session, tender_id).stage == "reported"


def test_the_awarded_numbers_are_the_offered_numbers(town):
    """Lead first, shares of 10 000, one price, the published terms: what a pool is formed from is never retyped."""
    numbers = make_awarded(town)
    assert [share for _, share in numbers.members] == [4000, 3000, 2000, 1000]
    assert numbers.members[0][0] == numbers.lead_id == town.insurers[2].id
    assert numbers.terms["lift_premium_fen"] == 131_000
    assert (numbers.terms["lead_fee_bp"], numbers.whole) == (500, 10_000)
    assert (numbers.starts_on.isoformat(), numbers.ends_on.isoformat()) == ("2026-07-01", "2027-07-01")
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, numbers.tender_id)
        row = awards.award_of(session, tender)
        assert (tender.stage, row.digest) == ("awarded", numbers.award_digest)
        assert {bid.stage for bid in evaluations.bids_of(session, tender, "member")} == {"member"}
    sign_agreement(town, numbers.tender_id, AWARDED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, numbers.tender_id)
        assert tender.stage == "contracted"
        awards.complete(session, tender, by=town.approver, at=AWARDED)
        assert tender.stage == "complete"


def test_no_award_before_the_publicity_is_over_or_an_objection_is_answered(town):
    """Three days from 8 April end on a working day, the 13th; an objection holds the award until it is answered."""
    tender_id = reported(town)
    allocate(town, tender_id)
    accept_all(town, tender_id, OFFERED)
    at = town.at(PUBLICISED)
    ends_at = datetime(2026, 4, 14, tzinfo=CITY)
    loser = town.insurers[3].signatory
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        awards.publicise(session, tender, by=town.officer, at=at)
        assert tender.publicity_ends_at == ends_at
        with pytest.raises(Conflict, match="publicity_runs"):
            awards.award(session, tender, by=town.approver, at=ends_at - timedelta(seconds=1))
        with pytest.raises(Invalid, match="objection_empty"):
            awards.object_to_result(session, tender, " ", by=loser, at=at)
        with pytest.raises(Conflict, match="publicity_over"):
            awards.object_to_result(session, tender, "太晚", by=loser, at=ends_at)
        stranger = type(loser)(loser.person_id, uuid.uuid4(), loser.role, "insurer")
        with pytest.raises(Forbidden, match="not_a_bidder"):
            awards.object_to_result(session, tender, "无关", by=stranger, at=at)
        objection = awards.object_to_result(session, tender, "首席网点数不实", by=loser, at=at)
        assert session.scalars(awards.objections_visible_to(town.insurers[0].bidder)).all() == []
        with pytest.raises(Conflict, match="objections_open"):
            awards.award(session, tender, by=town.approver, at=ends_at)
        awards.answer_objection(session, objection, "已核实，网点数属实。", is_upheld=False, by=town.officer, at=at)
        with pytest.raises(Conflict, match="objection_answered"):
            awards.answer_objection(session, objection, "再答", is_upheld=True, by=town.officer, at=at)
        drafter = type(town.approver)(town.officer.person_id, town.officer.organisation_id, town.approver.role)
        with pytest.raises(Forbidden, match="second_person_needed"):
            awards.award(session, tender, by=drafter, at=ends_at)
        assert awards.award(session, tender, by=town.approver, at=ends_at).lift_premium_fen == 131_000


def test_a_halt_in_the_publicity_makes_it_longer(town):
    """Two days' halt after the first day: the publicity ends two days later, and meanwhile nothing is decided."""
    tender_id = reported(town)
    allocate(town, tender_id)
    accept_all(town, tender_id, OFFERED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        awards.publicise(session, tender, by=town.officer, at=PUBLICISED)
        ends_at = tender.publicity_ends_at
        halted_at = PUBLICISED + timedelta(days=1)
        changes.suspend(session, tender, "投诉处理", by=town.supervisor, at=halted_at)
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            awards.award(session, tender, by=town.approver, at=AWARDED)
        changes.resume(session, tender, "投诉已处理", by=town.supervisor, at=halted_at + timedelta(days=2))
        assert (tender.stage, tender.publicity_ends_at) == ("standstill", ends_at + timedelta(days=2))


@pytest.mark.parametrize(("rule", "price_fen"), [("lead", 131_000), ("lowest", 113_900), ("weighted", 122_580)])
def test_the_pool_carries_one_price(town, rule, price_fen):
    """The lead's 1 310.00; the lowest 1 139.00; or by shares: 4·1310 + 3·1200 + 2·1139 + 1·1140 = 12 258 tenths."""
    tender_id = reported(town, draft=draft_of(price_rule=rule))
    allocate(town, tender_id)
    with unit_of_work(town.engine, SYSTEM) as session:
        run = allocations.last_run(session, town.tender(session, tender_id))
        assert run.outputs["lift_premium_fen"] == price_fen


def test_an_objection_that_is_upheld_sends_the_tender_back(town):
    """The committee scores again, and what was accepted falls."""
    tender_id = reported(town)
    allocate(town, tender_id)
    accept_all(town, tender_id, OFFERED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        awards.publicise(session, tender, by=town.officer, at=PUBLICISED)
        who = town.insurers[3].signatory
        objection = awards.object_to_result(session, tender, "评分有误", by=who, at=PUBLICISED)
        awards.answer_objection(session, objection, "成立，重新评审。", is_upheld=True, by=town.officer, at=PUBLICISED)
        assert (tender.stage, tender.publicity_ends_at) == ("evaluating", None)
        assert len(evaluations.bids_of(session, tender, "qualified")) == 4


def test_the_database_keeps_an_award_whole(town):
    """Awarded shares that do not sum to 10 000, or a lead that is not first, do not reach the database."""
    numbers = make_awarded(town)
    with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(
            "INSERT INTO award_member VALUES (%s, 9, %s, 1)", (numbers.award_id, town.officer.organisation_id)
        )
        connection.commit()
    assert refused.value.sqlstate == "GB026"
