"""An insurer's bid on pages: sealed file in, receipt out; replaced, withdrawn, late; nobody else sees it."""

from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from core import audit
from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from tender import bids, p256
from tender.content import file_from_bytes
from tender.models import SealedBid, SigningKey
from tender.receipts import receipt_holds
from tests.makers_tender import DEADLINE, OPENED, PUBLISHED, collect_keys, envelope_of, form_of, make_tender
from tests.makers_town import Insurer
from tests.visitors import Browser
from tests.web.tender_visits import Scene, make_scene

BEFORE = PUBLISHED + timedelta(days=10)
CANARY = b"canary of the bid, readable to nobody"


@pytest.fixture
def scene(app: Flask, engine: Engine, place: Urls) -> Scene:
    """A town on the application."""
    return make_scene(app, engine, place)


@pytest.fixture
def tender_id(scene: Scene) -> uuid.UUID:
    """A tender that takes bids, ten days on."""
    made = make_tender(scene.town)
    scene.town.at(BEFORE)
    return made


def _submit(scene: Scene, browser: Browser, tender_id: uuid.UUID, insurer: Insurer) -> object:
    files = [file_from_bytes("标书.pdf", CANARY * 100)]
    envelope = envelope_of(scene.town, tender_id, insurer, form_of(), files)
    return browser.send(f"/bids/{tender_id}/submit", envelope=(envelope, "标书.gbe"))


def _kept(scene: Scene, insurer: Insurer) -> int:
    """Return how many sealed versions of an insurer there are; only itself may count them before the opening."""
    with unit_of_work(scene.town.engine, insurer.bidder) as session:
        return session.query(SealedBid).count()


def test_a_sealed_file_goes_in_and_a_receipt_comes_out(scene: Scene, tender_id: uuid.UUID) -> None:
    """递交密封文件，得到回执：页面、数据、PDF 三样一致，任何人可单独核验。"""
    insurer = scene.town.insurers[0]
    browser = scene.as_(insurer.bidder)
    assert "尚未提交" in browser.get(f"/bids/{tender_id}").text
    answer = _submit(scene, browser, tender_id, insurer)
    assert answer.status_code == 303 and answer.location.endswith("/receipts/1")  # type: ignore[attr-defined]
    page = browser.get(f"/bids/{tender_id}/receipts/1").text
    data = json.loads(browser.get(f"/bids/{tender_id}/receipts/1.json").data)
    said = json.loads(data["document"])
    assert said["header_sha256"][:8] in page.replace(" ", "")
    assert receipt_holds(data["document"], bytes.fromhex(data["public_key"]), bytes.fromhex(data["signature"]))
    pdf = browser.get(f"/bids/{tender_id}/receipts/1.pdf", buffered=True)
    again = browser.get(f"/bids/{tender_id}/receipts/1.pdf", buffered=True)
    assert pdf.data.startswith(b"%PDF") and pdf.data == again.data
    assert "已封存第 1 版" in browser.get(f"/bids/{tender_id}").text


def test_a_receipt_that_was_late_is_issued_when_its_page_is_asked_for(
    scene: Scene, tender_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """日志一时忙：页面说明投标已在箱中，回执稍后打开即签发。"""
    insurer = scene.town.insurers[0]
    browser = scene.as_(insurer.bidder)

    def stuck(*_: object, **__: object) -> int:
        raise OperationalError("", {}, Exception("lock timeout"))

    with monkeypatch.context() as broken:
        broken.setattr(audit, "_place", stuck)
        answer: Any = _submit(scene, browser, tender_id, insurer)
        assert answer.status_code == 409 and "已经收下" in answer.text
        assert "待签发" in browser.get(f"/bids/{tender_id}").text
        assert browser.get(f"/bids/{tender_id}/receipts/1").status_code == 404
    assert _kept(scene, insurer) == 1
    audit.sequence(scene.town.engine)
    data = json.loads(browser.get(f"/bids/{tender_id}/receipts/1.json").data)
    assert receipt_holds(data["document"], bytes.fromhex(data["public_key"]), bytes.fromhex(data["signature"]))
    assert browser.get(f"/api/v1/bids/{tender_id}/versions/1/receipt").json["document"] == data["document"]


def test_no_plain_word_of_a_bid_is_kept_before_the_opening(scene: Scene, tender_id: uuid.UUID) -> None:
    """开标前，平台的文件夹里没有一个字的明文。"""
    insurer = scene.town.insurers[0]
    _submit(scene, scene.as_(insurer.bidder), tender_id, insurer)
    kept = [path.read_bytes() for path in scene.town.store.folder.rglob("*") if path.is_file()]
    assert kept and not any(CANARY in body for body in kept)


def test_a_bid_is_replaced_and_withdrawn_until_the_deadline(scene: Scene, tender_id: uuid.UUID) -> None:
    """截止前可以替换、撤回，撤回后可以重新封存；旧版本留有回执。"""
    insurer = scene.town.insurers[0]
    browser = scene.as_(insurer.bidder)
    _submit(scene, browser, tender_id, insurer)
    _submit(scene, browser, tender_id, insurer)
    page = browser.get(f"/bids/{tender_id}").text
    assert "已替换" in page and "已封存第 2 版" in page
    assert browser.get(f"/bids/{tender_id}/withdraw").status_code == 200
    assert browser.send(f"/bids/{tender_id}/withdraw", confirmed="yes").status_code == 303
    assert "尚未提交" in browser.get(f"/bids/{tender_id}").text
    assert _submit(scene, browser, tender_id, insurer).status_code == 303  # type: ignore[attr-defined]


def test_after_the_deadline_there_is_a_page_and_no_bid(scene: Scene, tender_id: uuid.UUID) -> None:
    """截止后给出“已截止”页面，文件拒收，已封存的不能撤回。"""
    one, two = scene.town.insurers[:2]
    _submit(scene, scene.as_(one.bidder), tender_id, one)
    late = envelope_of(scene.town, tender_id, two, form_of())
    scene.town.at(DEADLINE)
    browser = scene.as_(two.bidder)
    page = browser.get(f"/bids/{tender_id}")
    assert page.status_code == 200 and "投标已截止" in page.text
    refused = browser.send(f"/bids/{tender_id}/submit", envelope=(late, "late.gbe"))
    assert refused.status_code == 409 and "截止" in refused.text
    assert scene.as_(one.bidder).send(f"/bids/{tender_id}/withdraw", confirmed="yes").status_code == 409
    assert (_kept(scene, one), _kept(scene, two)) == (1, 0)


@pytest.mark.parametrize("body", [b"", b"plain text", b"GONGBAO\x01" + b"\x00" * 200])
def test_what_is_no_sealed_bid_is_refused(scene: Scene, tender_id: uuid.UUID, body: bytes) -> None:
    """不是密封文件的一律拒收，什么都不留。"""
    browser = scene.as_(scene.town.insurers[0].bidder)
    answer = browser.send(f"/bids/{tender_id}/submit", envelope=(io.BytesIO(body), "投标.gbe"))
    assert answer.status_code == 422
    assert "密封文件没有收下" in answer.text and "重新上传" in answer.text and f"/bids/{tender_id}#seal" in answer.text
    assert _kept(scene, scene.town.insurers[0]) == 0


def test_the_first_page_asks_for_a_bid_until_it_is_sealed(scene: Scene, tender_id: uuid.UUID) -> None:
    """没有提交的才是要办的；已封存的只在“我方投标”里列出，撤回后又是要办的。"""
    insurer = scene.town.insurers[0]
    browser = scene.as_(insurer.bidder)
    asked = f'<a href="/bids/{tender_id}">'
    assert browser.get("/").text.count(asked) == 1 and "尚未提交" in browser.get("/").text
    _submit(scene, browser, tender_id, insurer)
    told = browser.get("/").text
    assert "现在没有需要您办的" in told and "尚未提交" not in told and told.count(asked) == 1
    browser.send(f"/bids/{tender_id}/withdraw", confirmed="yes")
    assert "已撤回，尚未重新提交" in browser.get("/").text


def test_a_bid_is_its_insurers_own(scene: Scene, tender_id: uuid.UUID) -> None:
    """别家看不到我方投标和回执，主管单位开箱前也看不到；人人都不知道有几家。"""
    one, two = scene.town.insurers[:2]
    _submit(scene, scene.as_(one.bidder), tender_id, one)
    for address in (f"/bids/{tender_id}/receipts/1", f"/bids/{tender_id}/receipts/1.json"):
        assert scene.as_(two.bidder).get(address).status_code == 404
        assert scene.as_(scene.town.officer).get(address).status_code == 403
    assert "尚未提交" in scene.as_(two.bidder).get(f"/bids/{tender_id}").text
    for who in (scene.as_(scene.town.officer), scene.as_(two.bidder), scene.public()):
        page = who.get(f"/tenders/{tender_id}").text
        assert one.name not in page
    # The signatory of the same house may go on where the bidder left off.
    assert scene.as_(one.signatory).get(f"/bids/{tender_id}/receipts/1").status_code == 200


def test_a_signatory_registers_a_signing_key_by_its_proof(scene: Scene) -> None:
    """投标密钥由签署人凭签名登记，停用后不能再用。"""
    insurer, key = scene.town.insurers[0], p256.new_key()
    signatory = scene.as_(insurer.signatory)
    public = p256.point(key)
    wrong = p256.sign(key, b"something else").hex()
    assert signatory.send("/bids/signing-keys", public_key=public.hex(), proof=wrong).status_code == 422
    proof = p256.sign(key, bids.key_statement(insurer.id, public)).hex()
    assert scene.as_(insurer.bidder).send("/bids/signing-keys", public_key=public.hex(), proof=proof).status_code == 403
    assert signatory.send("/bids/signing-keys", public_key=public.hex(), proof=proof).status_code == 303
    with unit_of_work(scene.town.engine, SYSTEM) as session:
        row = session.query(SigningKey).filter_by(fingerprint=p256.fingerprint(public).hex()).one()
    other = scene.as_(scene.town.insurers[1].signatory)
    assert other.send(f"/bids/signing-keys/{row.id}/revoke", confirmed="yes").status_code == 404
    assert signatory.send(f"/bids/signing-keys/{row.id}/revoke", confirmed="yes").status_code == 303
    assert signatory.get(f"/bids/signing-keys/{row.id}/revoke").status_code == 404


def test_an_insurer_gives_its_own_key_once_the_keys_are_collected(scene: Scene, tender_id: uuid.UUID) -> None:
    """收集钥匙时，投标人可以交出自己的钥匙；不符的不收，开箱前不收。"""
    insurer = scene.town.insurers[0]
    _submit(scene, scene.as_(insurer.bidder), tender_id, insurer)
    k2 = scene.town.sealed[tender_id, insurer.id, 1]["bid"].k2.hex()
    assert "交出自己的钥匙" not in scene.as_(insurer.bidder).get("/").text
    early = scene.as_(insurer.bidder).send(f"/bids/{tender_id}/key", kind="k2", key=k2)
    assert early.status_code == 409
    at = scene.town.at(OPENED)
    collect_keys(scene.town, tender_id, at, keepers=[])
    browser = scene.as_(insurer.bidder)
    assert browser.send(f"/bids/{tender_id}/key", kind="k2", key="00" * 32).status_code == 422
    assert browser.send(f"/bids/{tender_id}/key", kind="k2", key=k2).status_code == 303
    assert "您的钥匙已接收" in browser.get(f"/bids/{tender_id}").text
