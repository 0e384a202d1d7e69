"""The log on pages and by program: who reads what of it, what waits for a box to be closed, proofs and heads."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask
from sqlalchemy import Engine, func, select

from core import audit, merkle
from core.audit import AuditEvent, AuditHead
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from core.server import Urls
from tests.conftest import AT
from tests.makers import make_organisation, make_pool
from tests.makers_tender import OPENED, PUBLISHED, collect_keys, form_of, hand_in, make_tender
from tests.makers_town import Town
from tests.visitors import Browser, Visitors
from tests.web.tender_visits import make_scene
from underwriting.sent_models import SentList
from web.pages.audit import record_kind

KEY = Ed25519PrivateKey.generate()


def sign(engine: Engine) -> AuditHead:
    """Sign the log as it stands."""
    audit.sequence(engine)
    with unit_of_work(engine, SYSTEM) as session:
        return audit.sign_head(session, KEY, at=AT)


def event_of(engine: Engine, action: str) -> AuditEvent:
    """Return the newest event of an action."""
    with unit_of_work(engine, SYSTEM) as session:
        query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id.desc()).limit(1)
        return session.scalars(query).one()


def test_the_log_is_read_by_its_readers_alone(visitors: Visitors, client: Browser) -> None:
    """The auditor, the supervisor and the administrator read it; nobody else does."""
    for role in (Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR):
        assert visitors.login_as(role).get("/audit").status_code == 200
    for role in (Role.OFFICER, Role.FINANCE_CHECKER, Role.PROPERTY_MANAGER):
        assert visitors.login_as(role).get("/audit").status_code == 403
    assert client.get("/audit").headers["Location"].startswith("/login")


def test_every_kind_of_record_in_the_log_has_words() -> None:
    """Whatever the rooms record about, the log calls it by a word and not by its code."""
    kinds = {
        keyword.value.elts[0].value
        for room in ("core", "ledger", "tender", "underwriting", "claims", "web")
        for path in Path(room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "of"
        and isinstance(keyword.value, ast.Tuple)
        and isinstance(keyword.value.elts[0], ast.Constant)
    }
    kinds |= {one.kind for one in SentList.__subclasses__()}
    assert len(kinds) > 20
    assert {kind for kind in kinds if record_kind(kind) is None} == set()


def test_the_list_keeps_its_filters_and_is_exported_as_shown(visitors: Visitors, engine: Engine) -> None:
    """Area, person, record and days narrow the list; the file has exactly those rows; a wrong date says so."""
    auditor = visitors.login_as(Role.AUDITOR)
    with unit_of_work(engine, SYSTEM) as session:
        made = make_organisation(session, "示例<i>财险</i>")
    page = auditor.get("/audit?area=organisation").text
    assert "机构登记" in page and "开通账号" not in page
    asked = f"/audit?object={made.id}"
    assert "共 1 行" in auditor.get(asked).text
    rows = list(csv.DictReader(io.StringIO(auditor.get(f"{asked}&as=csv").text.lstrip("\ufeff"))))
    assert [(row["action"], row["object_id"]) for row in rows] == [("organisation.added", str(made.id))]
    assert "共 0 行" in auditor.get("/audit?from=2030-01-01").text
    assert 'aria-invalid="true"' in auditor.get("/audit?from=2030-02-31").text
    assert auditor.get("/audit?area=%27%3B&page=0&as=pdf").status_code == 200


def test_the_administrator_reads_of_accounts_and_nothing_of_money(visitors: Visitors, engine: Engine) -> None:
    """Whoever administers the system learns who was given what, and no tender, claim or posting."""
    administrator = visitors.login_as(Role.ADMINISTRATOR)
    with unit_of_work(engine, SYSTEM) as session:
        make_pool(session)
    pool, account = event_of(engine, "pool.formed"), event_of(engine, "account.created")
    assert administrator.get(f"/audit/{account.id}").status_code == 200
    assert administrator.get(f"/audit/{pool.id}").status_code == 404
    assert "组建共保体" not in administrator.get("/audit").text
    assert visitors.login_as(Role.SUPERVISOR).get(f"/audit/{pool.id}").status_code == 200
    listed = administrator.get("/api/v1/audit/events?limit=200").json["data"]
    assert {row["object_kind"] for row in listed} <= {"account", "mandate", "organisation", "person"}


def test_a_proof_is_checked_with_sha256_alone(visitors: Visitors, engine: Engine) -> None:
    """The file leads from the entry itself to the root that a signed head names, and the signature holds."""
    auditor = visitors.login_as(Role.AUDITOR)
    event = event_of(engine, "account.created")
    head = sign(engine)
    answer = auditor.get(f"/audit/{event.id}/proof.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    told = json.loads(answer.text)
    leaf = base64.b64decode(told["leaf"])
    assert json.loads(leaf)["id"] == str(event.id)
    digest = hashlib.sha256(b"\x00" + leaf).digest()
    path = [bytes.fromhex(one) for one in told["path"]]
    root = merkle.root_from_path(digest, told["index"], told["size"], path)
    assert root.hex() == told["root"] == told["head"]["root"] == head.root.hex()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["head"]["public_key"]))
    key.verify(bytes.fromhex(told["head"]["signature"]), base64.b64decode(told["head"]["signed"]))
    assert auditor.get(f"/api/v1/audit/events/{event.id}/proof").json == told
    assert auditor.get("/audit/00000000-0000-7000-8000-000000000000/proof.json").status_code == 404


def test_heads_are_listed_checked_and_taken_away(visitors: Visitors, engine: Engine) -> None:
    """Every head is checked against its signature and the log; all of them come in one file."""
    auditor = visitors.login_as(Role.AUDITOR)
    assert "还没有签名的树头" in auditor.get("/").text
    first = sign(engine)
    visitors.account(Role.OFFICER)
    second = sign(engine)
    page = auditor.get("/audit/heads").text
    assert page.count("相符") == 2 and "不符" not in page
    kept = json.loads(auditor.get("/audit/heads.json").text)["heads"]
    assert [head["size"] for head in kept] == [second.size, first.size]
    assert json.loads(auditor.get(f"/audit/heads/{first.size}.json").text) == kept[1]
    assert auditor.get("/audit/heads/99999999999999999999999.json").status_code == 404
    assert auditor.get("/api/v1/audit/heads/newest").json == kept[0]
    page = auditor.get("/api/v1/audit/heads?limit=1").json
    assert page["data"] == [kept[0]]
    assert auditor.get(f"/api/v1/audit/heads?cursor={page['next']}").json == {"data": [kept[1]], "next": None}
    assert auditor.get("/api/v1/audit/heads?cursor=WyJ4Il0").status_code == 422


def test_a_log_that_was_changed_is_told(visitors: Visitors, engine: Engine, place: Urls) -> None:
    """A leaf that no longer hashes to its head is seen on the auditor's first page."""
    auditor = visitors.login_as(Role.AUDITOR)
    sign(engine)
    assert "签名成立" in auditor.get("/").text
    with psycopg.connect(place.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_leaf SET leaf_hash = sha256('x')")
        connection.execute("UPDATE audit_node SET node_hash = sha256('x')")
    assert "与日志不符" in auditor.get("/").text
    assert "不符" in auditor.get("/audit/heads").text


@pytest.fixture
def town(app: Flask, engine: Engine, place: Urls) -> Town:
    """A town whose tenders stand in this application."""
    return make_scene(app, engine, place).town


def test_bids_are_not_told_while_the_box_is_open(visitors: Visitors, engine: Engine, town: Town) -> None:
    """Until a tender's box is closed the log names no bid, and but for the auditor no place that would count them."""
    tender_id = make_tender(town)
    town.at(PUBLISHED + timedelta(days=10))
    hand_in(town, tender_id, town.insurers[0], form_of())
    hand_in(town, tender_id, town.insurers[1], form_of())
    sealed = event_of(engine, "bid.sealed")
    visitors.account(Role.OFFICER)
    later = event_of(engine, "account.created")
    sign(engine)
    supervisor = visitors.seated(visitors.account(Role.SUPERVISOR))
    auditor = visitors.seated(visitors.account(Role.AUDITOR))
    for reader in (supervisor, auditor):
        for address in ("/audit", "/audit?area=bid", f"/audit?object={tender_id}", "/audit?as=csv", "/"):
            text = reader.get(address).text
            assert "封存投标" not in text and "bid.sealed" not in text and str(sealed.id) not in text
        assert reader.get(f"/audit/{sealed.id}").status_code == 404
        assert reader.get(f"/api/v1/audit/events/{sealed.id}/proof").status_code == 404
        actions = {row["action"] for row in reader.get("/api/v1/audit/events?limit=200").json["data"]}
        assert not [action for action in actions if action.startswith("bid.")]
    assert supervisor.get(f"/audit/{later.id}/proof.json").status_code == 404
    assert supervisor.get(f"/api/v1/audit/events/{later.id}").json["place"] is None
    assert "还没有签名的树头" in supervisor.get("/audit/heads").text
    assert auditor.get(f"/audit/{later.id}/proof.json").status_code == 200
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, [])
    supervisor = visitors.seated(visitors.account(Role.SUPERVISOR))
    assert "封存投标" in supervisor.get("/audit").text
    assert supervisor.get(f"/audit/{sealed.id}/proof.json").status_code == 200
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(AuditHead)) == 1
