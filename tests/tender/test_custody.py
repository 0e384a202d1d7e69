"""The key ceremony: every custodian proves its key and a dummy bid opens, or there is no tender."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from core.permits import SYSTEM
from core.server import Urls
from tender import custody, keyfiles, p256, tenders, unsealing
from tests.makers_tender import PUBLISHED, draft_of, make_keyed, make_tender
from tests.makers_town import DRAFTED, Town, make_town


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def drafted(town, session):
    tender = tenders.draft(session, draft_of(), by=town.officer, at=DRAFTED)
    keepers = [custody.Keeper(keeper.actor.person_id, keeper.actor.organisation_id) for keeper in town.keepers]
    custody.name_custodians(session, tender, keepers, 3, by=town.officer, at=DRAFTED)
    return tender


def prove(session, tender, keeper):
    row = custody.give_key(session, tender, p256.point(keeper.key), by=keeper.actor, at=DRAFTED)
    answer = keyfiles.answer_possession(keeper.key, str(tender.id), row.challenge)
    custody.prove(session, tender, answer, by=keeper.actor, at=DRAFTED)


def test_no_insurer_keeps_a_share(town):
    """Custodians are neutral, named once, and at least two of them open a bid."""
    insurer, keeper = town.insurers[0].bidder, town.keepers[0].actor
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = drafted(town, session)
        good = custody.Keeper(keeper.person_id, keeper.organisation_id)
        for keepers, threshold, code in (
            ([good, custody.Keeper(insurer.person_id, insurer.organisation_id)], 2, "custodian_not_neutral"),
            ([good, good], 2, "custodian_repeated"),
            ([good], 1, "custodians_too_few"),
            ([good, good], 1, "custodian_repeated"),
        ):
            with pytest.raises(Invalid, match=code):
                custody.name_custodians(session, tender, keepers, threshold, by=town.officer, at=DRAFTED)


def test_every_fault_of_a_choice_of_custodians_is_told(town):
    """One person, an officer of the bureau's side, and a threshold of one: three findings, each at its field."""
    officer = town.officer
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = drafted(town, session)
        chosen = [custody.Keeper(officer.person_id, officer.organisation_id)]
        with pytest.raises(Invalid) as refused:
            custody.name_custodians(session, tender, chosen, 1, by=officer, at=DRAFTED)
        told = [(one.code, one.where) for one in refused.value.findings]
        assert told == [
            ("custodians_too_few", "people"),
            ("custodian_on_other_side", "people"),
            ("threshold_below_two", "threshold"),
        ]
        good = [custody.Keeper(k.actor.person_id, k.actor.organisation_id) for k in town.keepers]
        with pytest.raises(Invalid, match="threshold_above_all"):
            custody.name_custodians(session, tender, good[:2], 3, by=officer, at=DRAFTED)
        with pytest.raises(Invalid, match="custodians_too_many"):
            custody.name_custodians(session, tender, good[:1] * 17, 3, by=officer, at=DRAFTED)


def rehearse(town, session, tender):
    """Have every custodian open its share of a rehearsal's bid."""
    head = custody.rehearsal_head(custody.rehearse(session, tender, by=town.officer, at=DRAFTED))
    for keeper in town.keepers:
        share = unsealing.open_share(keeper.key, head, "bid")
        custody.give_rehearsal_share(session, tender, share, by=keeper.actor, at=DRAFTED)


def test_a_key_without_its_holder_is_no_key(town):
    """A custodian that cannot answer its challenge ends no ceremony, and nobody gives a key for another."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = drafted(town, session)
        keeper = town.keepers[0]
        with pytest.raises(Forbidden, match="not_custodian"):
            stranger = type(keeper.actor)(town.chair.person_id, town.chair.organisation_id, keeper.actor.role)
            custody.give_key(session, tender, p256.point(keeper.key), by=stranger, at=DRAFTED)
        custody.give_key(session, tender, p256.point(keeper.key), by=keeper.actor, at=DRAFTED)
        with pytest.raises(Invalid, match="possession_unproven"):
            custody.prove(session, tender, bytes(32), by=keeper.actor, at=DRAFTED)
        with pytest.raises(Invalid, match="custodian_repeated"):
            custody.give_key(session, tender, p256.point(keeper.key), by=town.keepers[1].actor, at=DRAFTED)
        with pytest.raises(Conflict, match="custodian_without_key"):
            custody.rehearse(session, tender, by=town.officer, at=DRAFTED)


def test_the_rehearsal_needs_every_share_and_the_keys_of_today(town):
    """A missing share, another's share, or a key changed after the rehearsal keeps the ceremony open."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = drafted(town, session)
        for keeper in town.keepers[:-1]:
            prove(session, tender, keeper)
        last = town.keepers[-1]
        custody.give_key(session, tender, p256.point(last.key), by=last.actor, at=DRAFTED)
        with pytest.raises(Conflict, match="custodian_unproven"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
        prove(session, tender, last)
        with pytest.raises(Conflict, match="rehearsal_missing"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
        head = custody.rehearsal_head(custody.rehearse(session, tender, by=town.officer, at=DRAFTED))
        opened = {keeper.actor: unsealing.open_share(keeper.key, head, "bid") for keeper in town.keepers}
        with pytest.raises(Invalid, match="share_foreign"):
            custody.give_rehearsal_share(session, tender, opened[last.actor], by=town.keepers[0].actor, at=DRAFTED)
        damaged = opened[last.actor][:-1] + bytes([opened[last.actor][-1] ^ 1])
        with pytest.raises(Invalid, match="share_wrong"):
            custody.give_rehearsal_share(session, tender, damaged, by=last.actor, at=DRAFTED)
        for keeper in town.keepers[:-1]:
            custody.give_rehearsal_share(session, tender, opened[keeper.actor], by=keeper.actor, at=DRAFTED)
        with pytest.raises(Conflict, match="rehearsal_incomplete"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
        custody.give_rehearsal_share(session, tender, opened[last.actor], by=last.actor, at=DRAFTED)
        custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
        assert (tender.stage, tender.rehearsed_at) == ("keyed", DRAFTED)


def test_a_new_key_after_the_rehearsal_needs_a_new_rehearsal(town):
    """A custodian that lost its key before the publication gives another, and all rehearse again."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = drafted(town, session)
        for keeper in town.keepers:
            prove(session, tender, keeper)
        rehearse(town, session, tender)
        first = town.keepers[0]
        prove(session, tender, type(first)(first.actor, p256.new_key()))
        with pytest.raises(Conflict, match="rehearsal_missing"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)


def test_a_lost_key_is_counted_and_the_drill_asks_again(town):
    """After the publication a key that is lost is on record with how many are left; the others prove theirs again."""
    tender_id = make_tender(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        lost, kept = town.keepers[:2]
        assert custody.report_lost(session, tender, by=lost.actor, at=PUBLISHED) == 4
        row = custody.ask_again(session, tender, by=kept.actor, at=PUBLISHED)
        answer = keyfiles.answer_possession(kept.key, str(tender.id), row.challenge)
        custody.prove(session, tender, answer, by=kept.actor, at=PUBLISHED)
        assert custody.own_custody(session, tender, by=kept.actor).proved_at == PUBLISHED
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            custody.give_key(session, tender, p256.point(p256.new_key()), by=lost.actor, at=PUBLISHED)


def rehearse_again(town, session, tender):
    rehearse(town, session, tender)
    custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_tender_that_came_back_to_draft_is_rehearsed_anew(town, is_approved):
    """退回起草以后，从前的演练作废：同样的保管人、同样的公钥，也要再开一次假投标才能送审。"""
    tender_id = make_keyed(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        if is_approved:
            tenders.approve(session, tender, by=town.approver, at=DRAFTED)
        tenders.return_to_draft(session, tender, by=town.officer, at=DRAFTED)
        with pytest.raises(Conflict, match="rehearsal_missing"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
    with pytest.raises(Conflict, match="stage_refuses"), unit_of_work(town.engine, town.approver) as session:
        tenders.approve(session, town.tender(session, tender_id), by=town.approver, at=DRAFTED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        rehearse_again(town, session, tender)
        tenders.approve(session, tender, by=town.approver, at=DRAFTED)
        assert (tender.stage, custody.latest_rehearsal(session, tender).number) == ("approved", 2)


def test_other_custodians_or_another_threshold_void_the_rehearsal(town):
    """换了保管人、换了公钥或改了门限，都要重新演练；演练不在起草以后补做。"""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = drafted(town, session)
        for keeper in town.keepers:
            prove(session, tender, keeper)
        rehearse(town, session, tender)
        tenders.edit(session, tender, draft_of(threshold=4), by=town.officer, at=DRAFTED)
        with pytest.raises(Conflict, match="rehearsal_missing"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
        keepers = [custody.Keeper(one.actor.person_id, one.actor.organisation_id) for one in reversed(town.keepers)]
        custody.name_custodians(session, tender, keepers, 3, by=town.officer, at=DRAFTED)
        for keeper in town.keepers:
            prove(session, tender, keeper)
        with pytest.raises(Conflict, match="rehearsal_missing"):
            custody.finish_ceremony(session, tender, by=town.officer, at=DRAFTED)
        rehearse_again(town, session, tender)
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            custody.rehearse(session, tender, by=town.officer, at=DRAFTED)


def test_the_database_lets_no_tender_on_without_its_rehearsal(town):
    """数据库自己也不放行：没有本轮演练的招标不能成为“密钥已备”，演练之后保管人不能更换。"""
    tender_id = make_keyed(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tenders.return_to_draft(session, town.tender(session, tender_id), by=town.officer, at=DRAFTED)
    for change, state in (
        ("UPDATE tender SET stage = 'keyed', rehearsed_at = now() WHERE id = %s", "GB027"),
        ("UPDATE tender SET stage = 'keyed' WHERE id = %s", "GB027"),
        ("UPDATE tender SET rehearsed_at = now() WHERE id = %s", "23514"),
        ("UPDATE tender SET ceremony = ceremony - 1 WHERE id = %s", "GB027"),
    ):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(change, (tender_id,))
        assert refused.value.sqlstate == state
    with unit_of_work(town.engine, SYSTEM) as session:
        rehearse_again(town, session, town.tender(session, tender_id))
    for change, state in (
        ("UPDATE custodian SET person_id = %s WHERE place = 0", "GB024"),
        ("UPDATE tender SET stage = 'draft', rehearsed_at = NULL WHERE id = %s", "GB027"),
    ):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(change, (tender_id if "tender" in change else town.officer.person_id,))
        assert refused.value.sqlstate == state
