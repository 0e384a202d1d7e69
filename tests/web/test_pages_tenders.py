"""Tenders on pages: drafting by sections, the key ceremony without script, approving, publishing, who sees what."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from tender import keyfiles, p256, unsealing
from tender.custody import latest_rehearsal, rehearsal_head
from tender.envelope import ONE_ENVELOPE
from tender.models import Custodian, Tender
from tests.makers_tender import PUBLISHED, make_keyed, make_tender
from tests.makers_town import DRAFTED, Keeper
from tests.web.tender_visits import Scene, make_scene


@pytest.fixture
def scene(app: Flask, engine: Engine, place: Urls) -> Scene:
    """A town on the application."""
    return make_scene(app, engine, place)


def _tender(scene: Scene, number: str) -> Tender:
    with unit_of_work(scene.town.engine, SYSTEM) as session:
        return session.query(Tender).filter_by(number=number).one()


def _drafted(scene: Scene) -> str:
    """Draft a tender by the page and return its address."""
    scene.town.at(DRAFTED)
    answer = scene.as_(scene.town.officer).send("/tenders/new", number="ZB-9", title="示例招标", profile="B")
    assert answer.status_code == 303, answer.text
    return answer.location.removesuffix("/draft")


def test_an_officer_drafts_section_by_section(scene: Scene) -> None:
    """经办逐节起草：每节单独保存，清单显示状态，不符的规则带条文。"""
    at = _drafted(scene)
    officer = scene.as_(scene.town.officer)
    listed = officer.get(f"{at}/draft").text
    assert "现为建议值，请核对" in listed
    shown = officer.get(f"{at}/draft/basics").text
    fields = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', shown)) | {"profile": "B", "bond_fen": "900000.00"}
    answer = officer.send(f"{at}/draft/basics", **{**fields, "budget_fen": "1000000.00", "then": "next"})
    assert answer.status_code == 303 and answer.location.endswith("/draft/dates")
    listed = officer.get(f"{at}/draft").text
    assert "投标保证金 90000000 分超过上限" in listed and "条例" in listed
    assert _tender(scene, "ZB-9").bond_fen == 90_000_000


def test_a_wrong_field_keeps_what_was_typed_and_saves_nothing(scene: Scene) -> None:
    """填错一处，其余不丢，什么都不保存。"""
    at = _drafted(scene)
    before = _tender(scene, "ZB-9")
    answer = scene.as_(scene.town.officer).send(f"{at}/draft/custody", lock="both", threshold="三")
    assert answer.status_code == 422
    assert 'value="三"' in answer.text and 'value="both" checked' in answer.text and "写法不对" in answer.text
    assert _tender(scene, "ZB-9").lock == before.lock == "custodians"


def test_a_number_is_taken_once(scene: Scene) -> None:
    """招标编号不能重复。"""
    _drafted(scene)
    answer = scene.as_(scene.town.officer).send("/tenders/new", number="ZB-9", title="又一个", profile="B")
    assert answer.status_code == 422 and "又一个" in answer.text


@pytest.mark.parametrize("who", ["approver", "bidder", "chair", "custodian"])
def test_only_the_officer_drafts(scene: Scene, who: str) -> None:
    """起草是经办的事，别的角色不能办，也看不到草稿。"""
    at = _drafted(scene)
    town = scene.town
    actors = {
        "approver": town.approver,
        "bidder": town.insurers[0].bidder,
        "chair": town.chair,
        "custodian": town.keepers[0].actor,
    }
    browser = scene.as_(actors[who])
    assert browser.get(f"{at}/draft").status_code == 403
    assert browser.send(f"{at}/draft/custody", lock="both", threshold="3").status_code == 403
    assert browser.get(at).status_code == (200 if who == "approver" else 404)
    assert scene.public().get(at).status_code == 404


def _answer_challenge(scene: Scene, keeper: Keeper, tender_id: uuid.UUID) -> str:
    with unit_of_work(scene.town.engine, SYSTEM) as session:
        row = session.query(Custodian).filter_by(tender_id=tender_id, person_id=keeper.actor.person_id).one()
        assert row.challenge is not None
        return keyfiles.answer_possession(keeper.key, str(tender_id), row.challenge).hex()


def test_a_key_ceremony_is_held_without_script(scene: Scene) -> None:
    """不用脚本也能举行密钥仪式：登记公钥、证明持有、演练、完成。"""
    at = _drafted(scene)
    town, tender_id = scene.town, uuid.UUID(at.rpartition("/")[2])
    people = [str(keeper.actor.person_id) for keeper in town.keepers[:3]]
    officer = scene.as_(town.officer)
    assert officer.send(f"{at}/keys/custodians", people=people, threshold="9").status_code == 422
    wrong = officer.send(f"{at}/keys/custodians", people=people[:1], threshold="").text
    assert "有 2 处需要更正" in wrong and "现选了 1 位" in wrong and "请填整数，至少 2 人" in wrong
    assert re.search(rf'value="{people[0]}"[^>]*checked', wrong), "the choice is kept"
    assert officer.send(f"{at}/keys/custodians", people=people, threshold="2").status_code == 303
    for keeper in town.keepers[:3]:
        browser = scene.as_(keeper.actor)
        mine = f"/custody/{tender_id}"
        assert browser.send(f"{mine}/key", public_key="abcd").status_code == 422
        assert browser.send(f"{mine}/key", public_key=p256.point(keeper.key).hex()).status_code == 303
        assert browser.send(f"{mine}/proof", answer="00" * 32).status_code == 422
        assert browser.send(f"{mine}/proof", answer=_answer_challenge(scene, keeper, tender_id)).status_code == 303
    assert officer.send(f"{at}/keys/finish").status_code == 409
    assert officer.send(f"{at}/keys/rehearsal").status_code == 303
    with unit_of_work(town.engine, SYSTEM) as session:
        head = rehearsal_head(latest_rehearsal(session, session.get_one(Tender, tender_id)))
    for keeper in town.keepers[:3]:
        share = unsealing.open_share(keeper.key, head, ONE_ENVELOPE[0], rehearsal=True).hex()
        assert scene.as_(keeper.actor).send(f"/custody/{tender_id}/rehearsal", share=share).status_code == 303
    assert officer.send(f"{at}/keys/finish").status_code == 303
    assert _tender(scene, "ZB-9").stage == "keyed"
    assert scene.as_(town.keepers[4].actor).get(f"/custody/{tender_id}").status_code in (403, 404)


def test_another_person_approves_and_the_officer_publishes(scene: Scene) -> None:
    """审批人不是起草人；发布须写明媒介；发布后人人可见，条款和公告可以下载。"""
    town = scene.town
    tender_id = make_keyed(town)
    at = f"/tenders/{tender_id}"
    town.at(PUBLISHED)
    assert scene.as_(town.officer).send(f"{at}/approve", confirmed="yes").status_code == 403
    assert scene.as_(town.approver).send(f"{at}/approve", confirmed="yes").status_code == 303
    officer = scene.as_(town.officer)
    empty = officer.send(f"{at}/publish", medium="")
    assert empty.status_code == 422 and _tender(scene, "ZB-2026-001").published_at is None
    assert officer.send(f"{at}/publish", medium="示例网").status_code == 303
    public = scene.public()
    assert public.get(at).status_code == 200
    tender = _tender(scene, "ZB-2026-001")
    assert public.get(f"{at}/notice.json").text == tender.notice
    assert public.get(f"{at}/terms.json").status_code == 200
    assert "ZB-2026-001" in public.get("/").text
    assert "ZB-2026-001" in public.get("/public/notices.csv").text
    assert public.get("/public/notices.json").json["data"][0]["notice_sha256"] == tender.notice_hash


def test_a_draft_with_broken_rules_is_not_approved(scene: Scene) -> None:
    """不符规则的草稿不能审批，页面列出每一条和条文。"""
    from tests.makers_tender import draft_of

    town = scene.town
    tender_id = make_keyed(town, draft_of(bond_fen=400_000_000))
    answer = scene.as_(town.approver).send(f"/tenders/{tender_id}/approve", confirmed="yes")
    assert answer.status_code == 422 and "条例 26" in answer.text
    assert _tender(scene, "ZB-2026-001").stage == "keyed"


def test_the_list_is_filtered_and_exported_as_shown(scene: Scene) -> None:
    """列表的筛选写在地址里，导出的正是筛选后的行。"""
    make_tender(scene.town)
    _drafted(scene)
    scene.town.at(PUBLISHED)
    officer = scene.as_(scene.town.officer)
    every = officer.get("/tenders").text
    assert "ZB-2026-001" in every and "ZB-9" in every and "共 2 行" in every
    csv = officer.get("/tenders?stage=published&as=csv").text
    assert "ZB-2026-001" in csv and "ZB-9" not in csv and "4000000.00" in csv
    assert "ZB-9" not in scene.public().get("/tenders").text


def test_what_happened_inside_is_not_told_outside(scene: Scene) -> None:
    """公众看不到谁在办、谁交了密钥；主管单位看得到。"""
    tender_id = make_tender(scene.town)
    scene.town.at(PUBLISHED)
    outside, inside = (
        browser.get(f"/tenders/{tender_id}").text for browser in (scene.public(), scene.as_(scene.town.officer))
    )
    assert "登记公钥" not in outside and "保管人1" not in outside and "经办人" not in outside
    assert "登记公钥" in inside and "经办人" in inside


def test_an_amendment_moves_the_deadline_where_too_few_days_are_left(scene: Scene) -> None:
    """影响编制的补遗，距截止不足法定天数的须顺延；顺延由审批人确认后才生效。"""
    from datetime import timedelta

    from tests.makers_tender import DEADLINE

    tender_id = make_tender(scene.town)
    scene.town.at(DEADLINE - timedelta(days=3))
    officer = scene.as_(scene.town.officer)
    assert officer.send(f"/tenders/{tender_id}/amend", text="", affects_bids="yes").status_code == 422
    assert (
        officer.send(f"/tenders/{tender_id}/amend", text="保额改为…", reason="保额有误", affects_bids="yes").status_code
        == 303
    )
    assert _tender(scene, "ZB-2026-001").deadline_at == DEADLINE
    approver = scene.as_(scene.town.approver)
    assert approver.send(f"/tenders/{tender_id}/extension", answer="perhaps").status_code == 422
    assert approver.send(f"/tenders/{tender_id}/extension", answer="confirm").status_code == 303
    assert _tender(scene, "ZB-2026-001").deadline_at == DEADLINE + timedelta(days=12)


def test_ending_a_tender_has_a_page_and_wants_a_reason(scene: Scene) -> None:
    """暂停、取消、作废各有确认页并须写明理由。"""
    town = scene.town
    at = f"/tenders/{make_tender(town)}"
    town.at(PUBLISHED)
    assert scene.as_(town.officer).send(f"{at}/suspend", reason=" ").status_code == 422
    assert scene.as_(town.officer).send(f"{at}/suspend", reason="收到投诉").status_code == 303
    assert "收到投诉" in scene.public().get(at).text
    assert scene.as_(town.supervisor).send(f"{at}/resume", reason="投诉已处理").status_code == 303
    assert scene.as_(town.officer).send(f"{at}/annul", reason="x").status_code == 403
    assert scene.as_(town.approver).send(f"{at}/cancel", reason="预算取消").status_code == 303
    assert _tender(scene, "ZB-2026-001").stage == "cancelled"
