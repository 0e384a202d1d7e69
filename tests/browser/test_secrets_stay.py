"""Keys made, kept and used in the browser: what is sent holds no private key, no passphrase, no word of a bid."""

from __future__ import annotations

import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from werkzeug.serving import make_server

from core.permits import Actor
from core.server import Urls
from tender import custody, keyfiles, p256, tenders
from tests.makers_tender import PUBLISHED, draft_of, make_tender
from tests.makers_town import DRAFTED
from tests.visitors import PASSWORD, make_app
from tests.web.tender_visits import Scene, make_scene

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHRASE = "a passphrase nobody sends"
CANARY = b"canary in a document of the bid"


class Site:
    """A town on a site; `sent` is all that its visitors' browsers sent since the last of them signed in."""

    def __init__(self, app: Flask, scene: Scene, browser: Browser) -> None:
        self.scene, self.browser = scene, browser
        self.sent: list[bytes] = []
        self.server = make_server("127.0.0.1", 0, self._listening(app), threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Return where the site is."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def _listening(self, app: Flask) -> Callable[..., Iterable[bytes]]:
        """Return the application with an ear at its door: every body that arrives is written down as it came."""

        def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self.sent.append(f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')} ".encode() + body)
            environ["wsgi.input"] = io.BytesIO(body)
            return app(environ, start)

        return answer

    def visit(self, actor: Actor, path: str) -> Page:
        """Return a page open before a signed-in person."""
        self.scene.as_(actor)
        assert actor.person_id is not None
        page = self.browser.new_context(accept_downloads=True).new_page()
        page.goto(f"{self.address}/login")
        page.fill("[name=email]", self.scene.users[actor.person_id].email)
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state()
        self.sent.clear()
        page.goto(self.address + path)
        return page

    def holds(self, *secrets: bytes) -> list[bytes]:
        """Return those secrets that were sent, as they are or in hexadecimal."""
        return [one for one in secrets if any(one in body or one.hex().encode() in body for body in self.sent)]


@pytest.fixture
def site(engine: Engine, place: Urls, state_dir: Path, chromium: Browser) -> Iterator[Site]:
    """A town with a site."""
    app = make_app(engine, state_dir)
    found = Site(app, make_scene(app, engine, place), chromium)
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_custodian_makes_its_key_and_proves_it_without_sending_it(site: Site, tmp_path: Path) -> None:
    """保管人在浏览器里生成密钥、证明持有；私钥和口令从不发出，口令错了有说明。"""
    town = site.scene.town
    at = town.at(DRAFTED)
    keeper = town.keepers[0].actor

    def work(session: object) -> object:
        tender = tenders.draft(session, draft_of(), by=town.officer, at=at)  # type: ignore[arg-type]
        people = [custody.Keeper(one.actor.person_id, one.actor.organisation_id) for one in town.keepers]  # type: ignore[arg-type]
        custody.name_custodians(session, tender, people, 3, by=town.officer, at=at)  # type: ignore[arg-type]
        return tender.id

    page = site.visit(keeper, f"/custody/{town.run(town.officer, work)}")
    page.fill("#make-pass", PHRASE)
    page.fill("#make-pass-2", PHRASE)
    with page.expect_download() as download:
        page.click("[data-step=make] [data-go]")
    download.value.save_as(tmp_path / "key.json")
    expect(page.locator("[data-words]")).to_have_text(re.compile(r"^\s*(\S+\s+){32}\S+\s*$"))
    words = page.inner_text("[data-words]")
    page.click("[data-send]")
    page.wait_for_selector("[data-step=prove]")
    page.fill("[data-step=prove] [data-passphrase]", "another passphrase")
    page.click("[data-step=prove] [data-go]")
    page.wait_for_selector("text=口令不对")
    page.fill("[data-step=prove] [data-passphrase]", PHRASE)
    page.click("[data-step=prove] [data-go]")
    page.wait_for_selector("text=已证明您持有私钥")
    key = keyfiles.unlock_key("custodian-key", (tmp_path / "key.json").read_bytes(), PHRASE)
    assert len(words.split()) == 33
    assert site.holds(p256.point(key)) == [p256.point(key)]
    assert site.holds(PHRASE.encode(), p256.scalar(key), words.encode(), b"another passphrase") == []


def test_a_bid_is_sealed_before_it_is_sent(site: Site, tmp_path: Path) -> None:
    """投标在浏览器里密封，发出的只有密文；回执当场给出，恢复文件留在投标人手里。"""
    town = site.scene.town
    tender_id = make_tender(town)
    town.at(PUBLISHED + timedelta(days=10))
    insurer = town.insurers[0]
    (tmp_path / "key.json").write_bytes(keyfiles.lock_key("bidder-key", insurer.key, PHRASE))
    (tmp_path / "标书.txt").write_bytes(CANARY * 1000)
    page = site.visit(insurer.bidder, f"/bids/{tender_id}")
    page.fill("#s-price", "1234.56")
    page.fill("#s-line", "60")
    page.fill("#s-floor", "10")
    page.check("#s-lead-yes")
    page.fill("#s-plan", "二十四小时值守")
    page.set_input_files("#s-files", str(tmp_path / "标书.txt"))
    page.set_input_files("#s-key", str(tmp_path / "key.json"))
    page.fill("#s-pass", PHRASE)
    page.fill("#s-recovery", "a recovery passphrase")
    page.click("[data-seal] [data-go]")
    page.wait_for_selector("#errors >> text=请勾选")
    page.check("#s-sure")
    with page.expect_download() as download:
        page.click("[data-seal] [data-go]")
    download.value.save_as(tmp_path / "recovery.json")
    page.wait_for_url("**/receipts/1", timeout=60_000)
    assert "HZ-ZB-2026-001" in page.inner_text("main")
    assert json.loads((tmp_path / "recovery.json").read_bytes())["kind"] == "recovery"
    plain = ("二十四小时值守".encode(), CANARY, b"price_fen", "标书.txt".encode(), PHRASE.encode())
    assert site.holds(*plain, p256.scalar(insurer.key), b"a recovery passphrase") == []
    assert any(b"GONGBAO\x01" in body for body in site.sent)


@pytest.mark.parametrize("width", (1280, 390))
def test_an_empty_form_names_every_field_that_it_needs(site: Site, tmp_path: Path, width: int) -> None:
    """空表一次列出全部要填的项，链接直达；改好的不再提示，填过的都还在；口令不对也指到那一栏。"""
    town = site.scene.town
    tender_id = make_tender(town)
    town.at(PUBLISHED + timedelta(days=10))
    insurer = town.insurers[0]
    (tmp_path / "key.json").write_bytes(keyfiles.lock_key("bidder-key", insurer.key, PHRASE))
    page = site.visit(insurer.bidder, f"/bids/{tender_id}")
    page.set_viewport_size({"width": width, "height": 900})
    page.fill("#s-plan", "二十四小时值守")
    page.click("[data-seal] [data-go]")
    page.wait_for_selector("#errors")
    assert page.evaluate("document.activeElement.id") == "errors"
    fields = ["s-price", "s-line", "s-lead-yes", "s-key", "s-pass", "s-recovery", "s-sure"]
    assert page.eval_on_selector_all("#errors a", "links => links.map((one) => one.hash.slice(1))") == fields
    for name in fields:
        assert page.get_attribute(f"#{name}", "aria-invalid") == "true"
        assert page.inner_text(f"#{name}-wrong")
    if folder := os.environ.get("GONGBAO_PICTURES"):
        page.screenshot(path=f"{folder}/bid-form-{width}.png", full_page=True)
    page.click("#errors a[href='#s-line']")
    assert page.evaluate("document.activeElement.id") == "s-line"
    page.fill("#s-price", "9999999")
    page.fill("#s-line", "10")
    page.fill("#s-floor", "20")
    page.check("#s-lead-no")
    page.set_input_files("#s-key", str(tmp_path / "key.json"))
    page.fill("#s-pass", "another passphrase")
    page.fill("#s-recovery", "a recovery passphrase")
    page.check("#s-sure")
    page.click("[data-seal] [data-go]")
    page.wait_for_selector("#errors >> text=不得高于认受份额上限")
    left = page.eval_on_selector_all("#errors a", "links => links.map((one) => one.hash.slice(1))")
    assert left == ["s-price", "s-floor"]
    assert page.get_attribute("#s-line", "aria-invalid") is None
    page.fill("#s-price", "1234.56")
    page.fill("#s-floor", "5")
    page.click("[data-seal] [data-go]")
    page.wait_for_selector("#errors a[href='#s-pass']", timeout=60_000)
    assert (page.input_value("#s-plan"), page.input_value("#s-line")) == ("二十四小时值守", "10")
