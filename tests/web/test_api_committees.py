"""A committee at work by the API: from its seats to the signed report, and what each may not do."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from core import clock, parties
from core.db import unit_of_work
from core.permits import SYSTEM, Actor, Role
from core.server import Urls
from tender import evaluations
from tests.makers_tender import OPENED, draft_of, form_of, make_opened, make_tender
from tests.visitors import Browser
from tests.web.tender_visits import Scene, make_scene

PRICES = (120_000, 125_000, 118_000)
NOBODY = str(uuid.UUID(int=1))


class Desk:
    """The committee of one opened tender, as its people come to it by the API."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.town = scene.town
        self.tender_id = make_opened(self.town, {place: form_of(price) for place, price in enumerate(PRICES)})
        self.town.at(OPENED)
        self.people = [self.town.chair, *self.town.experts]

    def ask(self, actor: Actor, method: str, path: str = "", **body: Any) -> Any:
        """Return the answer to a request about the committee."""
        browser = self.scene.as_(actor)
        headers = _asking(browser)
        address = f"/api/v1/tenders/{self.tender_id}/committee{path}"
        return browser.open(address, method=method, headers=headers, **({"json": body} if body else {}))

    def do(self, actor: Actor, method: str, path: str = "", **body: Any) -> Any:
        """Return what a request that must be answered with 200 says."""
        answer = self.ask(actor, method, path, **body)
        assert answer.status_code == 200, answer.text
        return answer.json

    def begin(self) -> None:
        """Seat all, let them declare, begin."""
        self.do(self.town.officer, "POST", "/seats", people=[str(one.person_id) for one in self.people])
        for one in self.people:
            self.do(one, "POST", "/declaration", conflict="")
        self.do(self.town.chair, "POST", "/start")

    def mark(self, actor: Actor) -> Any:
        """Mark every bid of the actor's sheet on every criterion; return the sheet."""
        sheet = self.do(actor, "GET", "/sheet")
        marks = [
            {"bid": bid, "place": place, "mark_hundredths": 8_000 + 100 * number}
            for number, bid in enumerate(sheet["bids"])
            for place in sheet["places"]
        ]
        return self.do(actor, "PUT", "/sheet", marks=marks)


def _asking(browser: Browser) -> dict[str, str]:
    return {"X-CSRFToken": browser.token(), "Accept": "application/json"}


@pytest.fixture
def desk(app: Flask, engine: Engine, place: Urls) -> Desk:
    """An opened tender with three bids."""
    return Desk(make_scene(app, engine, place))


def test_a_committee_works_from_its_seats_to_the_signed_report(desk: Desk) -> None:
    """抽取、声明、评分、锁定、出具、签署，全程经接口；最后一人签署后报告完成。"""
    desk.begin()
    assert desk.do(desk.town.chair, "POST", "/qualification", rejections=[])["stage"] == "evaluating"
    for one in desk.people:
        sheet = desk.mark(one)
        assert len(sheet["marks"]) == len(PRICES) and sheet["locked_at"] is None
        assert desk.do(one, "POST", "/sheet/lock")["locked_at"] is not None
    report = desk.do(desk.town.chair, "POST", "/report")["report_sha256"]
    for place, one in enumerate(desk.people):
        whole = desk.do(one, "POST", "/report/signature", sha256=report, dissent="价格分偏低" if place == 1 else "")
        assert sum(seat["has_signed"] for seat in whole["seats"]) == place + 1
    assert whole["stage"] == "reported"
    back = desk.do(desk.town.chair, "POST", "/report/reopening", reason="复核发现分值汇总错误")
    assert back["stage"] == "evaluating"
    expert = desk.town.experts[0]
    seats = desk.do(desk.town.chair, "POST", f"/seats/{expert.person_id}/unlock", reason="打分有误")["seats"]
    assert [seat["locked_at"] is None for seat in seats if seat["person_id"] == str(expert.person_id)] == [True]


def test_a_bid_is_rejected_with_its_reason_and_once_only(desk: Desk) -> None:
    """资格审查写明否决理由；同一投标写两次则整单退回；评审中也可否决。"""
    desk.begin()
    chair = desk.town.chair
    with unit_of_work(desk.town.engine, SYSTEM) as session:
        tender = desk.town.tender(session, desk.tender_id)
        bids = [str(row.id) for row in evaluations.bids_of(session, tender, "opened")]
    row = {"bid": bids[0], "reason": "not_signed", "note": "未签章"}
    twice = desk.ask(chair, "POST", "/qualification", rejections=[row, row])
    assert (twice.status_code, twice.json["code"]) == (422, "named_twice")
    unknown = desk.ask(chair, "POST", "/qualification", rejections=[{**row, "bid": NOBODY}])
    assert unknown.status_code == 404
    desk.do(chair, "POST", "/qualification", rejections=[row])
    assert len(desk.do(chair, "GET", "/sheet")["bids"]) == len(PRICES) - 1
    desk.do(chair, "POST", "/rejection", **{**row, "bid": bids[1]})
    assert desk.ask(chair, "POST", "/rejection", **{**row, "bid": NOBODY}).status_code == 404


def test_marks_are_saved_all_or_none(desk: Desk) -> None:
    """一处超出范围、一处重复，整张都不保存。"""
    desk.begin()
    expert = desk.town.experts[0]
    desk.do(desk.town.chair, "POST", "/qualification", rejections=[])
    first, second, _ = desk.do(expert, "GET", "/sheet")["bids"]
    good = {"bid": first, "place": 0, "mark_hundredths": 8_000}
    for wrong, code in (
        ([good, {**good, "bid": second, "mark_hundredths": 10_001}], "marks_wrong"),
        ([good, {**good, "bid": second, "mark_hundredths": 8_001}], "marks_wrong"),
        ([good, {**good, "place": 9}], "marks_wrong"),
        ([good, good], "named_twice"),
    ):
        refused = desk.ask(expert, "PUT", "/sheet", marks=wrong)
        assert (refused.status_code, refused.json["code"]) == (422, code)
    assert desk.do(expert, "GET", "/sheet")["marks"] == []


def test_another_report_than_the_one_read_is_not_signed(desk: Desk) -> None:
    """摘要不符的报告不能签署。"""
    desk.begin()
    desk.do(desk.town.chair, "POST", "/qualification", rejections=[])
    for one in desk.people:
        desk.mark(one)
        desk.do(one, "POST", "/sheet/lock")
    desk.do(desk.town.chair, "POST", "/report")
    other = desk.ask(desk.town.chair, "POST", "/report/signature", sha256="0" * 64)
    assert (other.status_code, other.json["code"]) == (409, "report_changed")
    assert not any(seat["has_signed"] for seat in desk.do(desk.town.chair, "GET")["seats"])


def test_the_committee_is_secret_to_all_but_its_own_and_who_runs_the_tender(desk: Desk) -> None:
    """投标人看不到评委；未在名单的人不能就座；撤换须写明理由。"""
    desk.begin()
    outside = desk.ask(desk.town.insurers[0].bidder, "GET")
    assert outside.status_code in (403, 404)
    assert len(desk.do(desk.town.officer, "GET")["seats"]) == len(desk.people)
    unknown = desk.ask(desk.town.officer, "POST", "/seats", people=[NOBODY])
    assert (unknown.status_code, unknown.json["code"]) == (422, "seat_unknown")


def test_who_sits_is_shown_to_no_member_before_the_opening_and_to_none_who_left(desk: Desk) -> None:
    """开标前评委也看不到名单；回避的评委此后看不到名单，也下载不了投标文件。"""
    published = make_tender(desk.town, draft_of(number="ZB-2026-777"))
    desk.town.at(OPENED)
    tied = desk.town.experts[0]
    browser = desk.scene.as_(desk.town.officer)
    place = f"/api/v1/tenders/{published}/committee"
    seated = browser.post(f"{place}/seats", json={"people": [str(tied.person_id)]}, headers=_asking(browser))
    assert seated.status_code == 200, seated.text
    assert desk.scene.as_(tied).get(place).status_code == 404
    desk.do(desk.town.officer, "POST", "/seats", people=[str(one.person_id) for one in desk.people])
    assert len(desk.do(tied, "GET")["seats"]) == len(desk.people)
    desk.do(tied, "POST", "/declaration", conflict="配偶在甲公司任职")
    assert desk.ask(tied, "GET").status_code == 404
    with unit_of_work(desk.town.engine, SYSTEM) as session:
        bid = evaluations.bids_of(session, desk.town.tender(session, desk.tender_id), "opened")[0].id
    file = f"/tenders/{desk.tender_id}/evaluation/bids/{bid}/files/{'0' * 64}"
    assert desk.scene.as_(tied).get(file).status_code == 403
    assert desk.scene.as_(desk.town.experts[1]).get(file).status_code == 404


def test_people_sit_by_their_mandates_of_the_day(desk: Desk) -> None:
    """下月才生效的授权不能就座；明年到期的可以；兼有专家授权的组长仍是组长。"""
    chair, expert = desk.town.chair, desk.town.experts[0]
    today = clock.on(OPENED)
    with unit_of_work(desk.town.engine, SYSTEM) as session:
        late = parties.add_person(session, "下月上任（示例）", by=SYSTEM, at=OPENED)
        platform = session.get_one(parties.Organisation, chair.organisation_id)
        parties.give_mandate(session, late, platform, Role.EXPERT, today + timedelta(days=30), by=SYSTEM, at=OPENED)
        both = session.get_one(parties.Person, chair.person_id)
        parties.give_mandate(session, both, platform, Role.EXPERT, today, by=SYSTEM, at=OPENED)
        (mandate,) = parties.mandates_of(session, expert.person_id, today)
        mandate.valid_to = today + timedelta(days=200)
        session.flush()
        late_id = late.id
    refused = desk.ask(desk.town.officer, "POST", "/seats", people=[str(late_id)])
    assert (refused.status_code, refused.json["code"]) == (422, "seat_unknown")
    seats = desk.do(desk.town.officer, "POST", "/seats", people=[str(chair.person_id), str(expert.person_id)])["seats"]
    assert {seat["person_id"]: seat["is_chair"] for seat in seats} == {
        str(chair.person_id): True,
        str(expert.person_id): False,
    }


def test_nothing_is_locked_or_reported_before_every_bid_is_judged(desk: Desk) -> None:
    """资格审查之前不能锁定，也不能出具报告。"""
    desk.begin()
    early = desk.ask(desk.town.experts[0], "POST", "/sheet/lock")
    assert (early.status_code, early.json["code"]) == (409, "bids_unqualified")
    early = desk.ask(desk.town.chair, "POST", "/report")
    assert (early.status_code, early.json["code"]) == (409, "bids_unqualified")


def test_a_member_that_is_tied_steps_back(desk: Desk) -> None:
    """声明有利害关系的评委即行回避；撤换另一名须写明理由。"""
    desk.do(desk.town.officer, "POST", "/seats", people=[str(one.person_id) for one in desk.people])
    tied, other = desk.town.experts[:2]
    desk.do(tied, "POST", "/declaration", conflict="配偶在甲公司任职")
    path = f"/seats/{other.person_id}/replacement"
    assert desk.ask(desk.town.officer, "POST", path, reason=" ").status_code == 422
    seats = desk.do(desk.town.officer, "POST", path, reason="临时有事")["seats"]
    gone = {seat["person_id"] for seat in seats if seat["replaced_at"]}
    assert gone == {str(tied.person_id), str(other.person_id)}
