"""A later deadline and a halt on pages and by the interface: proposed, confirmed, refused; who waits for whom."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from tests.makers_tender import DEADLINE, PUBLISHED, make_tender
from tests.web.tender_visits import Scene, make_scene

LATER = {"text": "答疑后顺延。", "reason": "平台中断", "deadline_at": "2026-04-06T09:00"}


@pytest.fixture
def scene(app: Flask, engine: Engine, place: Urls) -> Scene:
    """A town on the application."""
    return make_scene(app, engine, place)


@pytest.fixture
def tender_id(scene: Scene) -> uuid.UUID:
    """A tender that takes bids, three days on."""
    made = make_tender(scene.town)
    scene.town.at(PUBLISHED + timedelta(days=3))
    return made


def test_a_later_deadline_waits_for_the_approver(scene: Scene, tender_id: uuid.UUID) -> None:
    """经办提出顺延，截止不动；审批人首页有待办，确认后补遗公布，所有人看得到；投标人此前看不到提议。"""
    town = scene.town
    officer, approver, bidder = (scene.as_(one) for one in (town.officer, town.approver, town.insurers[0].bidder))
    empty = officer.send(f"/tenders/{tender_id}/amend", text="", reason="", deadline_at="")
    assert empty.status_code == 422
    answer = officer.send(f"/tenders/{tender_id}/amend", **LATER)
    assert answer.status_code == 303
    page = officer.get(f"/tenders/{tender_id}").text
    assert "等待审批人确认" in page and "提出截止时间顺延" in page
    assert "顺延" not in bidder.get(f"/tenders/{tender_id}").text
    assert officer.get(f"/tenders/{tender_id}/extension").status_code == 403
    assert "确认截止时间顺延" in approver.get("/").text
    assert "平台中断" in approver.get(f"/tenders/{tender_id}/extension").text
    nothing = approver.send(f"/tenders/{tender_id}/extension", answer="refuse", reason="")
    assert nothing.status_code == 422 and "data-errors" in nothing.text
    assert approver.send(f"/tenders/{tender_id}/extension", answer="confirm").status_code == 303
    with unit_of_work(town.engine, SYSTEM) as session:
        assert town.tender(session, tender_id).deadline_at == DEADLINE + timedelta(days=7)
    told = bidder.get(f"/tenders/{tender_id}").text
    assert "答疑后顺延。" in told and "平台中断" in told
    assert "没有待确认的顺延" in approver.get(f"/tenders/{tender_id}/extension").text
    assert approver.send(f"/tenders/{tender_id}/extension", answer="confirm").status_code == 409


def test_a_halt_is_lifted_by_another_on_pages(scene: Scene, tender_id: uuid.UUID) -> None:
    """经办暂停，经办自己没有恢复的入口；审批人写明理由恢复；暂停与恢复的理由公布。"""
    town = scene.town
    officer, approver, public = scene.as_(town.officer), scene.as_(town.approver), scene.public()
    assert officer.send(f"/tenders/{tender_id}/suspend", confirmed="yes", reason="异议待答复").status_code == 303
    page = officer.get(f"/tenders/{tender_id}").text
    assert "由审批人或监督人员恢复" in page and f"/tenders/{tender_id}/resume" not in page
    assert officer.send(f"/tenders/{tender_id}/resume", confirmed="yes", reason="自行恢复").status_code == 403
    assert f"/tenders/{tender_id}/resume" in approver.get(f"/tenders/{tender_id}").text
    assert approver.send(f"/tenders/{tender_id}/resume", confirmed="yes", reason="").status_code == 422
    assert approver.send(f"/tenders/{tender_id}/resume", confirmed="yes", reason="异议已答复").status_code == 303
    told = public.get(f"/tenders/{tender_id}").text
    assert "异议待答复" in told and "异议已答复" in told


def test_programs_propose_and_answer(scene: Scene, tender_id: uuid.UUID) -> None:
    """接口同样要两人：提出后 `extension_to` 有值，确认后截止时间才改。"""
    officer, approver = scene.as_(scene.town.officer), scene.as_(scene.town.approver)
    base = f"/api/v1/tenders/{tender_id}"
    body = {
        "text": "延期",
        "reason": "平台中断",
        "affects_bids": False,
        "deadline_at": (DEADLINE + timedelta(days=7)).isoformat(),
    }

    def post(browser: object, path: str, said: object) -> object:
        return browser.post(base + path, json=said, headers={"X-CSRFToken": browser.token()})  # type: ignore[attr-defined]

    proposed = post(officer, "/amendments", body).get_json()  # type: ignore[attr-defined]
    assert proposed["extension_to"] and proposed["amendment"] == 0
    answer = post(approver, "/extension", {"is_confirmed": True})
    assert answer.get_json()["amendment"] == 1 and answer.get_json()["extension_to"] is None  # type: ignore[attr-defined]
