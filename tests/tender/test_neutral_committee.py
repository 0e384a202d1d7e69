"""A committee without ties: nobody on it belongs to a bidder, or did in the past year, or acts for the bureau."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import parties
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.parties import Organisation, Person
from core.permits import SYSTEM, Actor, Role
from core.server import Urls
from tender import changes, committee
from tender.rules.plan import Profile
from tests.makers_tender import EVALUATED, PUBLISHED, draft_of, form_of, make_opened, make_tender
from tests.makers_town import Town, make_town

AT = EVALUATED


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def opened(town: Town, **changes: Any) -> uuid.UUID:
    """Return a tender on which 甲, 乙 and 丙 have bid; 丁 has not."""
    tender_id = make_opened(town, {place: form_of() for place in range(3)}, draft_of(**changes))
    town.at(AT)
    return tender_id


def seat(town: Town, one: Actor) -> committee.Seat:
    assert one.person_id is not None and one.organisation_id is not None
    return committee.Seat(one.person_id, one.organisation_id, is_expert=one != town.chair, is_chair=one == town.chair)


def works_for(session: Session, person: Actor, place: int, town: Town, since: date, until: date | None = None) -> None:
    """Let a person hold a mandate of an insurer, up to a day where one is told."""
    whose = session.get_one(Organisation, town.insurers[place].id)
    who = session.get_one(Person, person.person_id)
    row = parties.give_mandate(session, who, whose, Role.CLAIMS_HANDLER, since, by=SYSTEM, at=AT)
    if until is not None:
        parties.end_mandate(session, row, until, by=SYSTEM, at=AT)


def someone(session: Session, town: Town, name: str) -> Actor:
    return Actor(parties.add_person(session, name, by=SYSTEM, at=AT).id, town.chair.organisation_id, Role.EXPERT)


def test_nobody_of_a_bidder_is_seated(town: Town) -> None:
    """现在任职于投标人，或一年内离任的，不能担任评委，拒绝时说明是哪一家；早已离任或在未投标公司任职的可以。"""
    tender_id = opened(town)
    now, half, long, other = town.experts
    with unit_of_work(town.engine, SYSTEM) as session:
        works_for(session, now, 0, town, date(2026, 1, 1))
        works_for(session, half, 1, town, date(2024, 1, 1), date(2025, 9, 1))
        works_for(session, long, 1, town, date(2024, 1, 1), date(2025, 3, 1))
        works_for(session, other, 3, town, date(2026, 1, 1))
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Invalid, match="committee_tied") as refused:
            committee.appoint(session, tender, [seat(town, one) for one in (now, half, long)], by=town.officer, at=AT)
        assert [(one.code, one.where, one.facts["organisation"]) for one in refused.value.findings] == [
            ("member_tied", "专家1", "甲财险（示例）"),
            ("member_tied", "专家2", "乙财险（示例）"),
        ]
        committee.appoint(session, tender, [seat(town, long), seat(town, other)], by=town.officer, at=AT)
        with pytest.raises(Invalid, match="seat_not_neutral"):
            committee.appoint(session, tender, [seat(town, town.insurers[0].bidder)], by=town.officer, at=AT)


def test_nobody_of_a_bidders_group_is_seated(town: Town) -> None:
    """与投标人同一集团（控股、管理关系）的单位，其人员同样不能担任评委；集团不设层级。"""
    tender_id = opened(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        mine, fourth = (session.get_one(Organisation, town.insurers[place].id) for place in (0, 3))
        parties.set_group(session, fourth, mine, by=SYSTEM, at=AT)
        with pytest.raises(Conflict, match="group_has_levels"):
            parties.set_group(session, mine, fourth, by=SYSTEM, at=AT)
        with pytest.raises(Invalid, match="group_of_itself"):
            parties.set_group(session, mine, mine, by=SYSTEM, at=AT)
        works_for(session, town.experts[0], 3, town, date(2026, 1, 1))
        with pytest.raises(Invalid, match="committee_tied") as refused:
            committee.appoint(
                session, town.tender(session, tender_id), [seat(town, town.experts[0])], by=town.officer, at=AT
            )
        assert refused.value.facts["who"] == ["专家1 丁财险（示例）"]
    with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as walled:
        who = (tender_id, town.experts[0].person_id)
        connection.execute("INSERT INTO committee_member VALUES (%s, %s, true, false)", who)
    assert walled.value.sqlstate == "GB031"
    with unit_of_work(town.engine, SYSTEM) as session:
        fourth = session.get_one(Organisation, town.insurers[3].id)
        parties.set_group(session, fourth, None, by=SYSTEM, at=AT)
        committee.appoint(
            session, town.tender(session, tender_id), [seat(town, town.experts[0])], by=town.officer, at=AT
        )


def test_until_the_opening_every_insurer_may_be_a_bidder(town: Town) -> None:
    """开标前谁投标是秘密，任何保险公司的人都不能被抽为评委。"""
    tender_id = make_tender(town)
    last = town.experts[3]
    with unit_of_work(town.engine, SYSTEM) as session:
        works_for(session, last, 3, town, date(2026, 1, 1))
        with pytest.raises(Invalid, match="committee_tied"):
            committee.appoint(
                session, town.tender(session, tender_id), [seat(town, last)], by=town.officer, at=PUBLISHED
            )


def test_who_is_tied_does_not_declare_that_nothing_ties_him(town: Town) -> None:
    """抽取以后才到投标人处任职的，不能声明无利害关系，也不能随委员会开始评标；如实声明即回避。"""
    tender_id = opened(town)
    people = [town.chair, *town.experts]
    tied, late = town.experts[0], town.experts[1]
    assert late.person_id is not None
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        committee.appoint(session, tender, [seat(town, one) for one in people], by=town.officer, at=AT)
        works_for(session, tied, 0, town, date(2026, 1, 1))
        for one in people:
            if one != tied:
                committee.declare(session, tender, "", by=one, at=AT)
        with pytest.raises(Invalid, match="committee_tied"):
            committee.declare(session, tender, "", by=tied, at=AT)
        committee.declare(session, tender, "任职于甲财险", by=tied, at=AT)
        spare = someone(session, town, "专家5")
        committee.appoint(session, tender, [seat(town, spare)], by=town.officer, at=AT)
        committee.declare(session, tender, "", by=spare, at=AT)
        works_for(session, late, 2, town, date(2026, 1, 1))
        with pytest.raises(Invalid, match="committee_tied") as refused:
            committee.start_evaluation(session, tender, by=town.chair, at=AT)
        assert refused.value.facts["who"] == ["专家2 丙财险（示例）"]
        with pytest.raises(Invalid, match="tender_reason_missing"):
            committee.replace(session, tender, late.person_id, " ", by=town.officer, at=AT)
        committee.replace(session, tender, late.person_id, "已到投标人处任职", by=town.officer, at=AT)
        with pytest.raises(NotFound, match="seat_not_found"):
            committee.replace(session, tender, late.person_id, "再次", by=town.officer, at=AT)
        with pytest.raises(Conflict, match="committee_incomplete"):
            committee.start_evaluation(session, tender, by=town.chair, at=AT)


def test_of_an_obligatory_tender_two_thirds_are_experts(town: Town) -> None:
    """依法必招：七人委员会有四名专家不够三分之二，五名才够。"""
    tender_id = opened(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        made = [someone(session, town, f"代表{number}") for number in range(2)]
        seats = [seat(town, one) for one in (town.chair, *town.experts)]
        seats += [committee.Seat(one.person_id, one.organisation_id, is_expert=False) for one in made]  # type: ignore[arg-type]
        committee.appoint(session, tender, seats, by=town.officer, at=AT)
        for one in (town.chair, *town.experts, *made):
            committee.declare(session, tender, "", by=one, at=AT)
    with psycopg.connect(town.place.admin) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE tender SET profile = %s WHERE id = %s", (Profile.OBLIGATORY.value, tender_id))
    with unit_of_work(town.engine, SYSTEM) as session, pytest.raises(Conflict, match="committee_incomplete") as refused:
        committee.start_evaluation(session, town.tender(session, tender_id), by=town.chair, at=AT)
    assert (refused.value.facts["experts"], refused.value.facts["experts_needed"]) == (4, 5)


def test_who_sits_on_the_committee_does_nothing_for_the_bureau(town: Town) -> None:
    """一人只居一方：评委不能以经办身份办理同一招标，办理过的经办、审批和监督也不能担任评委。"""
    tender_id = opened(town)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        committee.appoint(session, tender, [seat(town, town.experts[0])], by=town.officer, at=AT)
        as_officer = Actor(town.experts[0].person_id, town.officer.organisation_id, Role.OFFICER, "bureau")
        with pytest.raises(Forbidden, match="other_side"):
            committee.appoint(session, tender, [seat(town, town.experts[1])], by=as_officer, at=AT)
        changes.suspend(session, tender, "投诉", by=town.supervisor, at=AT)
        changes.resume(session, tender, "投诉已处理", by=town.supervisor, at=AT)
        for one in (town.officer, town.approver, town.supervisor, town.keepers[0].actor):
            with pytest.raises(Forbidden, match="other_side"):
                committee.appoint(session, tender, [seat(town, one)], by=town.officer, at=AT)


def test_the_database_seats_nobody_who_is_tied_and_starts_no_unfit_committee(town: Town) -> None:
    """绕过程序直接写库，也不能安排有利害关系的评委，不能让不合规的委员会开始评标。"""
    tender_id = opened(town)
    tied = town.experts[0]
    with unit_of_work(town.engine, SYSTEM) as session:
        committee.appoint(session, town.tender(session, tender_id), [seat(town, town.chair)], by=town.officer, at=AT)
        works_for(session, tied, 0, town, date(2026, 1, 1))
        works_for(session, town.chair, 1, town, date(2026, 1, 1))
    for statement, values in (
        ("INSERT INTO committee_member VALUES (%s, %s, true, false)", (tender_id, tied.person_id)),
        ("UPDATE committee_member SET conflict = '', declared_at = now() WHERE tender_id = %s", (tender_id,)),
        ("UPDATE tender SET stage = 'evaluating' WHERE id = %s", (tender_id,)),
    ):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(statement.encode(), values)
        assert refused.value.sqlstate == "GB031"
