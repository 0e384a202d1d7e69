"""How a refusal leaves the house: problem documents, pages, words in two languages; faults tell nothing."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound, Refusal
from core.permits import Role
from tests.visitors import Browser, Visitors
from web import errors, messages
from web.shell import needs, unit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(own_app: Flask) -> Flask:
    """An application of each test's own: they add routes to it."""
    return own_app


def refuse(app: Flask, refusal: Exception, path: str = "/x") -> None:
    """Have an address refuse."""

    def view() -> str:
        raise refusal

    app.add_url_rule(path, path, needs("public.read")(view))


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Invalid("input_wrong"), 422), (NotFound("code_unknown", code="x"), 404), (Conflict("busy"), 409)],
)
def test_a_program_gets_a_problem_document(app: Flask, client: Browser, refusal: Refusal, status: int) -> None:
    """Status, stable code, address of the code, words in the language asked for, facts."""
    refuse(app, refusal, "/api/v1/x")
    answer = client.get("/api/v1/x")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    document = answer.json
    assert document["code"] == refusal.code
    assert document["type"] == f"/problems/{refusal.code}"
    english = client.get("/api/v1/x", headers={"Accept-Language": "en-GB"}).json
    assert not re.search(r"[\u4e00-\u9fff]", english["detail"])
    assert re.search(r"[\u4e00-\u9fff]", document["detail"])
    assert client.get(document["type"]).status_code == 200


def test_every_finding_of_a_batch_is_told_at_once(app: Flask, client: Browser) -> None:
    """Each wrong place with its own code and words, in the document and on the page."""
    findings = [Finding("cell_required", f"第 {row} 行，金额") for row in range(1, 251)]
    refuse(app, Invalid("input_wrong", findings, count=250), "/api/v1/x")
    refuse(app, Invalid("input_wrong", findings, count=250))
    document = client.get("/api/v1/x").json
    assert len(document["errors"]) == 250
    assert document["errors"][6]["where"] == "第 7 行，金额"
    page = client.get("/x")
    assert page.status_code == 422
    assert "第 7 行，金额" in page.text
    assert "共 250 处" in page.text


def test_a_page_says_what_state_the_thing_is_in(app: Flask, client: Browser) -> None:
    """A refused step shows the record's state, what can be done now, and the code."""
    refuse(app, Conflict("stage_refuses", kind="tender", stage="draft", verb="open", allowed=["approve"]))
    page = client.get("/x", headers={"Referer": "http://localhost/tenders/1"})
    assert page.status_code == 409
    assert "起草中" in page.text
    assert "stage_refuses" in page.text
    assert 'href="/tenders/1"' in page.text
    assert "evil" not in client.get("/x", headers={"Referer": "http://evil.example/"}).text


def test_facts_stand_in_a_document_as_text(app: Flask, client: Browser) -> None:
    """Ids, dates, fractions, sets and roles in a refusal's facts are written plainly."""
    number = uuid.UUID(int=7)
    facts = {
        "id": number,
        "on": date(2026, 3, 2),
        "part": Fraction(1, 3),
        "roles": {Role.BIDDER},
        "at": datetime.now(UTC),
    }
    refuse(app, Conflict("busy", **facts), "/api/v1/x")
    shown = client.get("/api/v1/x").json["facts"]
    assert shown["id"] == str(number)
    assert (shown["on"], shown["part"], shown["roles"]) == ("2026-03-02", "1/3", ["bidder"])


def test_a_fault_tells_its_number_and_nothing_else(
    app: Flask, client: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault that nobody foresaw: 500, the request's number, no word of what happened; the log has the rest."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    refuse(app, ValueError("secret inside"), "/api/v1/x")
    refuse(app, ValueError("secret inside"))
    for path in ("/x", "/api/v1/x"):
        answer = client.get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text
    assert "secret inside" in capsys.readouterr().out


def test_an_address_that_is_not_there_and_a_method_it_does_not_take(client: Browser) -> None:
    """404 and 405 in our own words, on pages and in the API; the methods that are taken are named."""
    assert "没有这一页" in client.get("/nowhere").text
    assert client.get("/api/v1/nowhere").json["code"] == "http_404"
    answer = client.get("/api/v1/calculators/score")
    assert (answer.status_code, answer.json["code"]) == (405, "http_405")
    assert "POST" in answer.headers["Allow"]


def test_what_the_database_refuses_has_words(app: Flask, visitors: Visitors) -> None:
    """A wall of the database that a rule above it missed is told like any other refusal, and nothing is kept."""

    def view() -> str:
        unit().execute(text("INSERT INTO person (id, name) VALUES (gen_random_uuid(), 'a')"))
        unit().execute(text("UPDATE audit_event SET action = 'x'"))
        return "kept"

    app.add_url_rule("/x", "x", needs("tender.draft")(view), methods=["POST"])
    answer = visitors.login_as(Role.OFFICER).send("/x")
    assert answer.status_code in (403, 409)
    assert any(code in answer.text for code in ("row_never_changes", "row_not_yours"))


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("GB001", "row_never_changes"),
        ("GB003", "period_takes_no_posting"),
        ("GB020", "deadline_passed"),
        ("23505", "already_there"),
        ("22003", "value_not_storable"),
        ("42501", "row_not_yours"),
        ("40001", "busy"),
    ],
)
def test_each_wall_of_the_database_has_its_code(state: str, code: str) -> None:
    """The SQLSTATEs of the migrations and PostgreSQL's own lead to stable codes."""
    fault = DBAPIError("", {}, psycopg.errors.lookup(state)() if not state.startswith("GB") else of_state(state))
    refusal = errors.of_database(fault)
    assert refusal is not None
    assert refusal.code == code


def of_state(state: str) -> Exception:
    """Return what the driver raises for a state of our own."""
    fault = psycopg.DatabaseError()
    fault.sqlstate = state
    return fault


def test_every_wall_of_the_migrations_is_in_the_table() -> None:
    """Every SQLSTATE that a migration raises leads to a code with words."""
    steps = (ROOT / "core" / "migrations" / "versions").glob("*.py")
    raised = {
        line.split("ERRCODE = '")[1][:5]
        for step in steps
        for line in step.read_text().splitlines()
        if "ERRCODE = '" in line
    }
    assert raised <= set(errors.DATABASE_REFUSALS)
    assert set(errors.DATABASE_REFUSALS.values()) <= set(messages.catalogue())


def test_a_code_that_stands_twice_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files that define one code are told apart at the first look, not by chance."""
    from web.messages import core as words

    monkeypatch.setitem(words.MESSAGES, "email_taken", ("甲", "x"))
    messages.catalogue.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="email_taken"):
            messages.catalogue()
    finally:
        monkeypatch.undo()
        messages.catalogue.cache_clear()


def test_a_finding_stands_beside_its_field(app: Flask) -> None:
    """A form shows each finding at the field it names, and what names none at the first."""
    refusal = Invalid("input_wrong", [Finding("input_missing", "title"), Finding("input_not_date", "rows.3.on")])
    with app.test_request_context("/"):
        assert set(errors.field_errors(refusal, "name", "title")) == {"title", "name"}
        assert "rows.3.on" in errors.field_errors(refusal, "name", "title")["name"]
        assert list(errors.field_errors(Forbidden("role_may_not"), "name")) == ["name"]


BROKEN = (
    b"[" * 100_000,
    b"9" * 5000,
    b'"\\ud800"',
    b'{"shares": "\\ud800", "amounts_fen": [1]}',
    b'{"start": "\\u0000", "minutes": 1}',
    b'{"weights": [1], "id": "\\ud800"}',
    b"\xff\xfe",
    b"",
    b"NaN",
    b"null",
    b'{"a": 1e999}',
    b'{"minutes": 1E400, "start": ""}',
)


def test_no_body_is_a_fault(client: Browser) -> None:
    """Endless nesting, endless digits, half a character, a zero byte, nothing at all: refused, never a 500."""
    for name in ("apportion", "clock", "score", "allocate", "rehearse"):
        for body in BROKEN:
            answer = client.post(f"/api/v1/calculators/{name}", data=body, content_type="application/json")
            assert 400 <= answer.status_code < 500, (name, body[:40])
            assert answer.json["code"], (name, body[:40])


def test_what_the_database_cannot_store_is_refused(app: Flask, visitors: Visitors) -> None:
    """A zero byte and half a character in a text, a number beyond 64 bits: refused, nothing kept."""
    texts = {"zero": "a\x00b", "half": "\ud800"}

    def view(which: str) -> str:
        unit().execute(text("SELECT CAST(:it AS text)"), {"it": texts[which]})
        return "kept"

    app.add_url_rule("/x/<which>", "x", needs("public.read")(view))
    for which in texts:
        answer = visitors.browser().get(f"/x/{which}")
        assert answer.status_code == 422
        assert "value_not_storable" in answer.text
