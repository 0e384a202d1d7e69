"""From the opening to the agreement on pages: the record, the committee, ranking, shares, objections, award, pool."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from tender import evaluations
from tender.models import Tender
from tender.sharefiles import write_shares
from tests.makers_tender import (
    AWARDED,
    EVALUATED,
    OFFERED,
    OPENED,
    PUBLICISED,
    PUBLISHED,
    WORKED_MARKS,
    WORKED_PRICES,
    form_of,
    hand_in,
    make_awarded,
    make_opened,
    make_reported,
    make_tender,
)
from tests.web.tender_visits import Scene, make_scene


@pytest.fixture
def scene(app: Flask, engine: Engine, place: Urls) -> Scene:
    """A town on the application."""
    return make_scene(app, engine, place)


def _stage(scene: Scene, tender_id: uuid.UUID) -> str:
    with unit_of_work(scene.town.engine, SYSTEM) as session:
        return session.get_one(Tender, tender_id).stage


def _forms() -> dict[int, Any]:
    return {place: form_of(price) for place, price in enumerate(WORKED_PRICES)}


def test_keys_are_collected_and_all_bids_opened_at_once(scene: Scene) -> None:
    """截止后关箱、收份额、一次开启；之前没有人看到报价，之后人人可看。"""
    import io

    from tender import keys, unsealing
    from tender.envelope import read_head

    town = scene.town
    tender_id = make_tender(town)
    at = f"/tenders/{tender_id}/opening"
    town.at(PUBLISHED + timedelta(days=10))
    for number, form in _forms().items():
        hand_in(town, tender_id, town.insurers[number], form)
    assert scene.as_(town.officer).send(f"{at}/start", confirmed="yes").status_code == 409
    town.at(OPENED)
    officer = scene.as_(town.officer)
    assert officer.send(f"{at}/start", confirmed="yes").status_code == 303
    assert officer.send(f"{at}/open", confirmed="yes").status_code == 409
    assert officer.send(f"{at}/confirm").status_code == 403
    keeper = scene.as_(town.keepers[0].actor)
    assert "等待监督人员确认" in keeper.get(f"/custody/{tender_id}").text
    assert "确认开标" not in officer.get("/").text
    supervisor = scene.as_(town.supervisor)
    assert "确认开标" in supervisor.get("/").text
    assert supervisor.send(f"{at}/start").status_code == 403
    assert supervisor.send(f"{at}/confirm").status_code == 303
    assert supervisor.send(f"{at}/confirm").status_code == 409
    assert officer.send(f"{at}/open", confirmed="yes").status_code == 409
    assert town.insurers[0].name not in scene.public().get(at).text
    for keeper in town.keepers[:3]:
        with unit_of_work(town.engine, keeper.actor) as session:
            tasks = keys.share_tasks(session, town.tender(session, tender_id), by=keeper.actor)
        heads = [read_head(io.BytesIO(task.header)) for task in tasks]
        opened = [(head, unsealing.open_share(keeper.key, head, "bid")) for head in heads]
        browser = scene.as_(keeper.actor)
        foreign = write_shares(str(uuid.uuid4()), "bid", opened)
        wrong = browser.send(f"/custody/{tender_id}/shares", file=(io.BytesIO(foreign), "s.json"))
        assert wrong.status_code == 422
        shares = write_shares(str(tender_id), "bid", opened)
        answer = browser.send(f"/custody/{tender_id}/shares", file=(io.BytesIO(shares), "份额.json"))
        assert answer.status_code == 303
    assert scene.as_(town.approver).send(f"{at}/open", confirmed="yes").status_code == 403
    assert officer.send(f"{at}/open", confirmed="yes").status_code == 303
    public = scene.public()
    page = public.get(at).text
    assert all(insurer.name in page for insurer in town.insurers) and "1,310.00" in page
    assert len(public.get(f"{at}/record.json").json["bids"]) == 4
    pdf = public.get(f"{at}/record.pdf", buffered=True)
    assert pdf.data.startswith(b"%PDF") and pdf.data == public.get(f"{at}/record.pdf", buffered=True).data


def test_a_member_declares_marks_one_bid_at_a_time_and_locks(scene: Scene) -> None:
    """评委先声明、一次看一份投标打分、锁定；错分退回并保留，锁定后不能改。"""
    town = scene.town
    tender_id = make_opened(town, _forms())
    town.at(EVALUATED)
    at = f"/tenders/{tender_id}"
    people = [str(one.person_id) for one in (town.chair, *town.experts)]
    officer = scene.as_(town.officer)
    assert officer.send(f"{at}/committee/seats").status_code == 422
    assert officer.send(f"{at}/committee/seats", people=people).status_code == 303
    for one in (town.chair, *town.experts):
        member = scene.as_(one)
        assert town.insurers[0].name in member.get(f"{at}/evaluation/desk").text
        assert member.send(f"{at}/evaluation/declaration").status_code == 422
        assert member.send(f"{at}/evaluation/declaration", has_conflict="no").status_code == 303
    chair, expert = scene.as_(town.chair), scene.as_(town.experts[0])
    assert expert.send(f"{at}/committee/start").status_code == 403
    assert chair.send(f"{at}/committee/start").status_code == 303
    assert chair.send(f"{at}/committee/qualify").status_code == 303
    with unit_of_work(town.engine, SYSTEM) as session:
        bids = [bid.id for bid in evaluations.bids_of(session, town.tender(session, tender_id), "qualified")]
    sheet = f"{at}/evaluation/sheet/{bids[0]}"
    wrong = expert.send(sheet, mark_0="86.3")
    assert wrong.status_code == 422 and 'value="86.3"' in wrong.text and "档距" in wrong.text
    assert expert.send(f"{at}/evaluation/lock").status_code == 422
    for bid in bids:
        assert expert.send(f"{at}/evaluation/sheet/{bid}", mark_0="86.5").status_code == 303
    assert expert.send(f"{at}/evaluation/lock").status_code == 303
    assert expert.send(sheet, mark_0="90").status_code == 409
    other = scene.as_(town.experts[1]).get(sheet).text
    assert "86.5" not in other
    assert scene.as_(town.insurers[0].bidder).get(sheet).status_code == 403


def test_a_member_with_a_conflict_steps_back(scene: Scene) -> None:
    """有利害关系的评委回避，从此不能打分。"""
    town = scene.town
    tender_id = make_opened(town, _forms())
    town.at(EVALUATED)
    at = f"/tenders/{tender_id}"
    scene.as_(town.officer).send(f"{at}/committee/seats", people=[str(town.experts[0].person_id)])
    expert = scene.as_(town.experts[0])
    empty = expert.send(f"{at}/evaluation/declaration", has_conflict="yes", conflict=" ")
    assert empty.status_code == 422
    assert expert.send(f"{at}/evaluation/declaration", has_conflict="yes", conflict="曾任职").status_code == 303
    assert expert.get(f"{at}/evaluation/desk").status_code == 403


def test_shares_are_made_offered_publicised_objected_to_and_awarded(scene: Scene) -> None:
    """计算份额、邀约、答复、公示、异议、决定、成立共保体、协议：数字一路相同。"""
    town = scene.town
    tender_id = make_opened(town, _forms())
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    at = f"/tenders/{tender_id}"
    town.at(OFFERED)
    assert scene.public().get(f"{at}/result").status_code == 404
    assert scene.as_(town.insurers[0].bidder).get(f"{at}/result").status_code == 404
    officer = scene.as_(town.officer)
    assert officer.get(f"{at}/result").status_code == 200
    assert officer.send(f"{at}/allocation").status_code == 303
    for insurer in town.insurers:
        signatory = scene.as_(insurer.signatory)
        assert scene.as_(insurer.bidder).send(f"/bids/{tender_id}/offer/accept").status_code == 403
        assert "份额邀约" in signatory.get(f"/bids/{tender_id}").text
        assert officer.send(f"{at}/publicise").status_code == 409
        assert signatory.send(f"/bids/{tender_id}/offer/accept").status_code == 303
        assert signatory.send(f"/bids/{tender_id}/offer/decline").status_code == 409
    town.at(PUBLICISED)
    assert scene.as_(town.officer).send(f"{at}/publicise").status_code == 303
    result = scene.public().get(f"{at}/result").text
    assert "89.70" in result and "83.26" in result and "40.00%" in result and "公开抽签" in result
    objector = scene.as_(town.insurers[0].signatory)
    assert objector.send(f"/bids/{tender_id}/objection", text="").status_code == 422
    assert objector.send(f"/bids/{tender_id}/objection", text="请说明抽签").status_code == 303
    assert "请说明抽签" not in scene.as_(town.insurers[1].signatory).get(f"/bids/{tender_id}/objection").text
    _award(scene, tender_id)


def _award(scene: Scene, tender_id: uuid.UUID) -> None:
    """Answer the objection, decide, form the pool, sign."""
    from tender.outcome_models import Objection

    town, at = scene.town, f"/tenders/{tender_id}"
    town.at(AWARDED)
    approver = scene.as_(town.approver)
    assert approver.send(f"{at}/award").status_code == 409
    with unit_of_work(town.engine, SYSTEM) as session:
        objection = str(session.query(Objection).one().id)
    officer = scene.as_(town.officer)
    assert officer.send(f"{at}/objections", objection=objection, upheld="no", answer="").status_code == 422
    assert officer.send(f"{at}/objections", objection=objection, upheld="no", answer="见结果页").status_code == 303
    assert officer.send(f"{at}/award").status_code == 403
    assert approver.send(f"{at}/award").status_code == 303
    _sign(scene, tender_id)
    assert approver.send(f"{at}/pool", name="").status_code == 303
    assert approver.send(f"{at}/pool", name="").status_code == 409
    page = scene.public().get(f"{at}/agreement").text
    assert "40.00%" in page and "1,310.00 元" in page
    assert _stage(scene, tender_id) == "contracted"
    csv = scene.public().get("/public/results.csv").text
    assert "1310.00" in csv and csv.count("ZB-2026-001") == 4


def _sign(scene: Scene, tender_id: uuid.UUID) -> None:
    """Make the agreement, sign it at every member's desk and last at the bureau's; nothing goes out of order."""
    town, at = scene.town, f"/tenders/{tender_id}"
    officer, approver = scene.as_(town.officer), scene.as_(town.approver)
    assert scene.public().get(f"{at}/agreement.pdf").status_code == 409
    assert approver.send(f"{at}/agreement/render").status_code == 403
    assert officer.send(f"{at}/agreement/render").status_code == 303
    assert officer.send(f"{at}/agreement/render").status_code == 409
    pdf = scene.public().get(f"{at}/agreement.pdf", buffered=True)
    assert pdf.status_code == 200 and pdf.data.startswith(b"%PDF")
    paper = {"digest": hashlib.sha256(pdf.data).hexdigest()}
    assert approver.send(f"{at}/contract").status_code == 422
    assert approver.send(f"{at}/pool", name="").status_code == 409
    for number, insurer in enumerate(town.insurers):
        assert approver.send(f"{at}/contract", **paper).status_code == 409
        signatory = scene.as_(insurer.signatory)
        assert "签署共保协议" in signatory.get("/").text
        assert signatory.send(f"{at}/agreement/signature", digest="0" * 64).status_code == 409
        assert scene.as_(insurer.bidder).send(f"{at}/agreement/signature").status_code == 403
        assert paper["digest"] in signatory.get(f"{at}/agreement/signature").text
        assert signatory.send(f"{at}/agreement/signature", **paper).status_code == 303
        assert signatory.send(f"{at}/agreement/refusal", reason="反悔").status_code == 409
        assert "签署共保协议" not in signatory.get("/").text
        assert officer.get(f"{at}/agreement").text.count("登记") == 3 - number
    assert approver.send(f"{at}/contract", **paper).status_code == 303


def test_a_member_that_refuses_to_sign_is_left_out_of_the_next_shares(scene: Scene) -> None:
    """拒签写明理由，协议页不再请其他成员签署，经办重新计算份额。"""
    town = scene.town
    tender_id = make_awarded(town).tender_id
    at = f"/tenders/{tender_id}"
    officer, refuser = scene.as_(town.officer), scene.as_(town.insurers[1].signatory)
    officer.send(f"{at}/agreement/render")
    paper = scene.public().get(f"{at}/agreement.pdf", buffered=True).data
    assert refuser.send(f"{at}/agreement/refusal", reason=" ").status_code == 422
    assert refuser.send(f"{at}/agreement/refusal", reason="董事会未批准").status_code == 303
    other = scene.as_(town.insurers[0].signatory)
    assert "有成员拒签" in other.get(f"{at}/agreement").text
    signed = other.send(f"{at}/agreement/signature", digest=hashlib.sha256(paper).hexdigest())
    assert signed.status_code == 409
    assert officer.send(f"{at}/members/{town.insurers[0].id}/refusal", reason="逾期").status_code == 303
    assert officer.send(f"{at}/allocation").status_code == 303
    assert _stage(scene, tender_id) == "allocated"


def test_a_decline_leads_to_shares_without_the_decliner(scene: Scene) -> None:
    """有人放弃，重新计算份额，放弃者不再邀约。"""
    town = scene.town
    tender_id = make_opened(town, _forms())
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    at = f"/tenders/{tender_id}"
    town.at(OFFERED)
    officer = scene.as_(town.officer)
    officer.send(f"{at}/allocation")
    assert officer.send(f"{at}/allocation").status_code == 409
    scene.as_(town.insurers[2].signatory).send(f"/bids/{tender_id}/offer/decline")
    assert officer.send(f"{at}/allocation").status_code == 303
    page = officer.get(f"{at}/allocation").text
    assert "第 2 次计算" in page and "已放弃" in page
    decliner = scene.as_(town.insurers[2].signatory).get(f"/bids/{tender_id}").text
    assert 'id="offer"' not in decliner


def test_a_wrong_amount_of_capital_is_named_and_kept(scene: Scene) -> None:
    """资本金写错，指出是哪一家，已填的不丢。"""
    from tender import reports

    town = scene.town
    tender_id = make_opened(town, _forms())
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    town.at(OFFERED)
    with unit_of_work(town.engine, SYSTEM) as session:
        bid = reports.order_of(reports.latest(session, town.tender(session, tender_id)))[0]
    answer = scene.as_(town.officer).send(f"/tenders/{tender_id}/allocation", **{f"capital_{bid}": "二十亿"})
    assert answer.status_code == 422 and 'value="二十亿"' in answer.text
    assert _stage(scene, tender_id) == "reported"
