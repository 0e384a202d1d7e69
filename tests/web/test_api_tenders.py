"""Tenders, bids and custody by the API: the same verbs, the same walls, exact values."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.permits import Actor
from core.server import Urls
from tender import keyfiles, p256, unsealing
from tender.envelope import read_head
from tender.receipts import receipt_holds
from tests.makers_tender import (
    AGREEMENT_TERMS,
    DEADLINE,
    OPENED,
    PUBLISHED,
    collect_keys,
    envelope_of,
    form_of,
    hand_in,
    make_keyed,
    make_opened,
    make_tender,
)
from tests.makers_town import DRAFTED
from tests.web.tender_visits import Scene, make_scene

API = "/api/v1"

DRAFT: dict[str, Any] = {
    "number": "ZB-API-1",
    "title": "示例招标",
    "profile": "B",
    "starts_on": "2026-07-01",
    "ends_on": "2027-07-01",
    "lift_count": 3067,
    "budget_fen": 400_000_000,
    "ceiling_fen": 150_000,
    "documents_from_on": "2026-03-04",
    "documents_to_on": "2026-03-20",
    "deadline_at": "2026-03-30T09:00:00+08:00",
    "opening_at": "2026-03-30T09:00:00+08:00",
    "price_weight_hundredths": 1000,
    "criteria": [{"name": "服务方案", "weight_hundredths": 9000}],
    "allocation": {"method": "ladder", "ladder_bp": [4000, 3000, 2000, 1000], "cap_bp": 6000},
    "agreement_terms": dict(AGREEMENT_TERMS),
}


@pytest.fixture
def scene(app: Flask, engine: Engine, place: Urls) -> Scene:
    """A town on the application."""
    return make_scene(app, engine, place)


def _ask(scene: Scene, actor: Actor, method: str, path: str, **more: Any) -> Any:
    """Return the answer to a request of the API by a signed-in person."""
    browser = scene.as_(actor)
    headers = {"X-CSRFToken": browser.token(), "Accept": "application/json"}
    return browser.open(API + path, method=method, headers=headers, **more)


def test_a_draft_goes_in_whole_and_comes_out_whole(scene: Scene) -> None:
    """整份草稿一次写入，读出的数字原样。"""
    scene.town.at(DRAFTED)
    made = _ask(scene, scene.town.officer, "POST", "/tenders", json=DRAFT)
    assert made.status_code == 201, made.text
    assert made.json["stage"] == "draft" and made.json["budget"] == {"fen": 400_000_000, "yuan": "4000000.00"}
    assert made.json["criteria"][0]["mark_max_hundredths"] == 10_000
    changed = {**DRAFT, "lift_count": 3068}
    again = _ask(scene, scene.town.officer, "PUT", f"/tenders/{made.json['id']}/draft", json=changed)
    assert again.status_code == 200 and again.json["lift_count"] == 3068


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lift_count", 1.9),
        ("lift_count", "１"),
        ("budget_fen", "4000"),
        ("deadline_at", "2026-03-30T09:00:00"),
        ("profile", "Z"),
        ("agreement_terms", {**AGREEMENT_TERMS, "vat_bp": 6.5}),
        ("unheard_of", 1),
        ("criteria", []),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_drafted(scene: Scene, field: str, value: object) -> None:
    """类型不对、字段不识、时间无时区：逐一指出，什么都不建立。"""
    scene.town.at(DRAFTED)
    answer = _ask(scene, scene.town.officer, "POST", "/tenders", json={**DRAFT, field: value})
    assert answer.status_code == 422 and answer.json["errors"], answer.text
    assert _ask(scene, scene.town.officer, "GET", "/tenders").json["data"] == []


def test_the_list_is_paged_by_cursor_and_hides_drafts(scene: Scene) -> None:
    """列表按游标翻页；外人只见已发布的。"""
    make_tender(scene.town)
    for number in ("ZB-2", "ZB-3"):
        scene.town.at(PUBLISHED)
        assert _ask(scene, scene.town.officer, "POST", "/tenders", json={**DRAFT, "number": number}).status_code == 201
    seen, cursor = [], ""
    while True:
        page = _ask(scene, scene.town.officer, "GET", f"/tenders?limit=2&cursor={cursor}").json
        seen += [row["number"] for row in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == ["ZB-2", "ZB-2026-001", "ZB-3"]
    outside = _ask(scene, scene.town.insurers[0].bidder, "GET", "/tenders").json["data"]
    assert [row["number"] for row in outside] == ["ZB-2026-001"]
    assert _ask(scene, scene.town.officer, "GET", "/tenders?cursor=zz").status_code == 422


def test_a_tender_is_approved_and_published(scene: Scene) -> None:
    """审批、发布走同样的规矩：角色不对 403，状态不对 409。"""
    town = scene.town
    tender_id = make_keyed(town)
    town.at(PUBLISHED)
    early = _ask(scene, town.officer, "POST", f"/tenders/{tender_id}/publication", json={"medium": "示例网"})
    assert early.status_code == 409 and early.json["code"] == "stage_refuses"
    assert _ask(scene, town.officer, "POST", f"/tenders/{tender_id}/approval").status_code == 403
    assert _ask(scene, town.approver, "POST", f"/tenders/{tender_id}/approval").json["stage"] == "approved"
    done = _ask(scene, town.officer, "POST", f"/tenders/{tender_id}/publication", json={"medium": "示例网"})
    assert done.json["stage"] == "published"
    notice = _ask(scene, town.insurers[0].bidder, "GET", f"/tenders/{tender_id}/notice")
    assert hashlib.sha256(notice.data).hexdigest() == done.json["notice_sha256"]


def test_an_envelope_is_handed_in_as_the_body_of_a_request(scene: Scene) -> None:
    """密封文件作为请求正文递交，回执随即返回；别家取不到；撤回后阶段如实。"""
    town, insurer = scene.town, scene.town.insurers[0]
    tender_id = make_tender(town)
    town.at(PUBLISHED + timedelta(days=10))
    envelope = envelope_of(town, tender_id, insurer, form_of()).getvalue()
    kind = "application/octet-stream"
    made = _ask(scene, insurer.bidder, "POST", f"/bids/{tender_id}/versions", data=envelope, content_type=kind)
    assert made.status_code == 201, made.text
    said = made.json
    assert receipt_holds(said["document"], bytes.fromhex(said["public_key"]), bytes.fromhex(said["signature"]))
    again = _ask(scene, insurer.bidder, "POST", f"/bids/{tender_id}/versions", data=envelope, content_type=kind)
    # The same envelope again is the same bid: it gets the receipt that it has.
    assert again.status_code == 201 and again.json["document"] == said["document"]
    other = town.insurers[1].bidder
    assert _ask(scene, other, "GET", f"/bids/{tender_id}/versions/1/receipt").status_code == 404
    assert _ask(scene, other, "GET", f"/bids/{tender_id}").status_code == 404
    assert _ask(scene, other, "GET", "/bids").json["data"] == []
    own = _ask(scene, insurer.bidder, "GET", "/bids").json["data"]
    assert own[0]["stage"] == "sealed" and own[0]["versions"][0]["header_sha256"] == said["said"]["header_sha256"]
    assert _ask(scene, insurer.bidder, "POST", f"/bids/{tender_id}/withdrawal").json["stage"] == "withdrawn"
    town.at(DEADLINE)
    late = envelope_of(town, tender_id, insurer, form_of()).getvalue()
    refused = _ask(scene, insurer.bidder, "POST", f"/bids/{tender_id}/versions", data=late, content_type=kind)
    assert refused.status_code == 409 and refused.json["code"] == "deadline_passed"


def test_a_custodian_proves_its_key_and_gives_its_shares(scene: Scene) -> None:
    """保管人经接口登记公钥、答题，开标时交出份额；坏份额逐个指出。"""
    town = scene.town
    tender_id = make_tender(town)
    keeper = town.keepers[0]
    town.at(PUBLISHED + timedelta(days=10))
    for insurer in town.insurers[:3]:
        hand_in(town, tender_id, insurer, form_of())
    assert _ask(scene, keeper.actor, "GET", f"/custody/{tender_id}").json["tasks"] == []
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, keepers=town.keepers[1:3])
    tasks = _ask(scene, keeper.actor, "GET", f"/custody/{tender_id}").json["tasks"]
    shares = []
    for task in tasks:
        head = read_head(io.BytesIO(bytes.fromhex(task["header"])))
        share = unsealing.open_share(keeper.key, head, task["part"]).hex()
        shares.append({name: task[name] for name in ("organisation_id", "version", "part")} | {"share": share})
    broken = [{**shares[0], "share": "00" * 33}]
    answer = _ask(scene, keeper.actor, "POST", f"/custody/{tender_id}/shares", json={"shares": broken})
    assert [finding["code"] for finding in answer.json["findings"]] == ["share_wrong"]
    answer = _ask(scene, keeper.actor, "POST", f"/custody/{tender_id}/shares", json={"shares": shares})
    assert answer.json == {"findings": []}
    assert _ask(scene, town.insurers[0].bidder, "GET", f"/custody/{tender_id}").status_code == 403
    opened = _ask(scene, town.officer, "POST", f"/tenders/{tender_id}/opening")
    assert opened.json["stage"] == "opened"
    record = scene.public().get(f"{API}/tenders/{tender_id}/opening").json
    assert len(record["bids"]) == 3 and record["bids"][0]["price"] == {"fen": 120_000, "yuan": "1200.00"}


def test_a_challenge_is_answered(scene: Scene) -> None:
    """题目只有私钥能答。"""
    town = scene.town
    town.at(DRAFTED)
    tender_id = uuid.UUID(_ask(scene, town.officer, "POST", "/tenders", json=DRAFT).json["id"])
    people = [str(one.actor.person_id) for one in town.keepers[:2]]
    scene.as_(town.officer).send(f"/tenders/{tender_id}/keys/custodians", people=people, threshold="2")
    keeper = town.keepers[0]
    public_key = p256.point(keeper.key).hex()
    given = _ask(scene, keeper.actor, "PUT", f"/custody/{tender_id}/key", json={"public_key": public_key}).json
    answer = keyfiles.answer_possession(keeper.key, str(tender_id), bytes.fromhex(given["challenge"])).hex()
    proved = _ask(scene, keeper.actor, "POST", f"/custody/{tender_id}/proof", json={"answer": answer})
    assert proved.json["proved_at"] is not None and proved.json["challenge"] is None
    assert _ask(scene, town.keepers[3].actor, "GET", f"/custody/{tender_id}").status_code in (403, 404)


def test_a_result_is_secret_until_it_is_publicised(scene: Scene) -> None:
    """公示前，外人取不到结果。"""
    tender_id = make_opened(scene.town, {place: form_of() for place in range(3)})
    assert scene.public().get(f"{API}/tenders/{tender_id}/result").status_code == 404
    assert _ask(scene, scene.town.insurers[0].bidder, "GET", f"/tenders/{tender_id}/result").status_code == 404
