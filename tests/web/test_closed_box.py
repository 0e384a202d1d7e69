"""Who bids is nobody's to know while the box is open: every role, every page, interface and file of a tender."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask, url_for
from sqlalchemy import Engine, select

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Refusal
from core.parties import Organisation
from core.permits import ACTIONS, SYSTEM, Role, kind_of
from core.server import Urls
from tender import bids, counter, keys
from tender.models import Bid, SealedBid
from tests.makers_tender import DEADLINE, PUBLISHED, envelope_of, form_of, hand_in, make_tender
from tests.visitors import Browser
from tests.web.tender_visits import Scene, make_scene
from web.history_words import ACTIONS as ACTIONS_TOLD
from web.shell import action_of

BEFORE = PUBLISHED + timedelta(days=3)
CANARY = "金丝雀"
#: Who handed the canary's bid in, and how the log tells of what was refused.
BIDDER = f"{CANARY}财险（示例）投标人"
REFUSED = tuple(ACTIONS_TOLD[action][0] for action in ("bid.refused", "bid.refused_late"))
#: Beside the pages of the tender itself: where tenders and the log are listed, on pages and as files.
LISTS = (
    *("/", "/tenders", "/tenders?as=csv", "/audit", "/audit?area=bid", "/audit?area=key"),
    *("/audit?as=csv", "/audit?kind=sealed_bid", "/audit/heads"),
    *("/api/v1/tenders", "/api/v1/bids", "/api/v1/audit/events", "/api/v1/audit/heads", "/metrics"),
)


@pytest.fixture
def scene(app: Flask, engine: Engine, place: Urls) -> Scene:
    """A town on the application, the first of whose insurers is the canary."""
    return make_scene(app, engine, place, (CANARY, "乙", "丙", "丁"))


def _bid_and_be_refused(scene: Scene) -> tuple[uuid.UUID, set[str]]:
    """Let the canary bid, replace, take back, bid anew and be refused; return the tender and what gives it away."""
    town, insurer = scene.town, scene.town.insurers[0]
    tender_id, who = make_tender(town), insurer.bidder
    town.at(BEFORE)
    hand_in(town, tender_id, insurer, form_of())
    raw = envelope_of(town, tender_id, insurer, form_of(100_000)).getvalue()
    hand_in(town, tender_id, insurer, form_of(110_000))
    with pytest.raises(Refusal):
        counter.submit(town.engine, town.store, town.receipt_key, tender_id, io.BytesIO(raw), by=who, at=BEFORE)
    town.run(who, lambda s: bids.withdraw(s, town.tender(s, tender_id), by=who, at=BEFORE))
    hand_in(town, tender_id, insurer, form_of(115_000))
    with unit_of_work(town.engine, who) as session:
        found = {str(row.id) for row in session.scalars(select(Bid))}
        for sealed in session.scalars(select(SealedBid)):
            found |= {str(sealed.id), sealed.header_sha256, sealed.digest}
    with unit_of_work(town.engine, SYSTEM) as session:
        told = list(session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("bid."))))
        assert {"bid.refused", "bid.replaced", "bid.withdrawn"} <= {event.action for event in told}
        found |= {str(event.id) for event in told}
    return tender_id, {BIDDER, "bid.refused", *REFUSED, *found}


def _readers(scene: Scene) -> Iterator[tuple[Role, str, Browser]]:
    """Return everybody who is not of the canary's own house: the people of the town, and every other role."""
    town = scene.town
    people = [town.officer, town.approver, town.supervisor, town.chair, town.experts[0], town.keepers[0].actor]
    people += [town.insurers[1].bidder, town.insurers[1].signatory]
    for actor in people:
        yield actor.role, actor.role.value, scene.as_(actor)
    with unit_of_work(town.engine, SYSTEM) as session:
        bureau = session.get_one(Organisation, town.officer.organisation_id)
        rival = session.get_one(Organisation, town.insurers[1].id)
    for role in set(Role) - {actor.role for actor in people} - {Role.SYSTEM, Role.PUBLIC}:
        whose = {"bureau": bureau, "insurer": rival}.get(sorted(kind_of(role))[0])
        yield role, f"{role.value} elsewhere", scene.visitors.login_as(role, whose)
    yield Role.PUBLIC, "public", scene.public()


def _pages_of(app: Flask, tender_id: uuid.UUID) -> list[tuple[str, str]]:
    """Return (action, path) of every page and interface that shows something of a tender, and of the lists."""
    at = app.url_map.bind("localhost")
    found = [(str(action_of(app, at.match(path.partition("?")[0])[0])), path) for path in LISTS]
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            action = action_of(app, rule.endpoint)
            if action and "GET" in (rule.methods or ()) and rule.arguments == {"tender_id"}:
                found.append((action, url_for(rule.endpoint, tender_id=tender_id)))
    return found


def test_nobody_learns_of_a_bid_before_the_box_is_closed(scene: Scene, app: Flask) -> None:
    """投标箱关闭前，任何人在任何页面、接口和文件里都看不到谁投了标、投了几份、谁被拒收。"""
    tender_id, secrets = _bid_and_be_refused(scene)
    pages = _pages_of(app, tender_id)
    assert len(pages) > 20
    told, seen = [], 0
    for role, name, browser in _readers(scene):
        for path in [path for action, path in pages if role in ACTIONS[action]]:
            answer = browser.get(path, buffered=True)
            assert answer.status_code < 500, (name, path)
            seen += answer.status_code == 200
            body = answer.data.decode(errors="replace")
            # The log may name the insurer for other things, as the register of its key.
            words = secrets if "audit" in path else secrets | {CANARY}
            told += [f"{name} at {path}: {word}" for word in words if word in body]
    assert seen > 150
    assert not told, "\n".join(told)


def test_the_bureau_learns_of_no_bid_after_the_deadline_either(scene: Scene) -> None:
    """截止后、关箱前，主管单位、监督和审计同样看不到；关箱后日志才一一列出。"""
    tender_id, secrets = _bid_and_be_refused(scene)
    town = scene.town
    at = town.at(DEADLINE + timedelta(minutes=1))
    readers = {actor.role: scene.as_(actor) for actor in (town.officer, town.approver, town.supervisor)}
    for browser in readers.values():
        page = browser.get(f"/tenders/{tender_id}").text
        assert not [word for word in {*secrets, CANARY} if word in page]
    town.run(town.officer, lambda s: keys.start_opening(s, town.tender(s, tender_id), by=town.officer, at=at))
    assert REFUSED[0] in readers[Role.OFFICER].get(f"/tenders/{tender_id}").text
    assert BIDDER in readers[Role.SUPERVISOR].get("/audit?area=bid").text


def test_an_insurer_reads_what_it_did_itself(scene: Scene) -> None:
    """自己的封存、替换和撤回，本单位随时看得到。"""
    tender_id, _ = _bid_and_be_refused(scene)
    page = scene.as_(scene.town.insurers[0].bidder).get(f"/bids/{tender_id}").text
    assert "已封存第 3 版" in page and "封存" in page.split("经过")[-1]
