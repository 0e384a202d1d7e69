"""What stands around every view: permission, one transaction, one instant, tried again, done once."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psycopg
import pytest
from flask import Blueprint, Flask, flash, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from core.audit import SEQUENCER_LOCK
from core.db import unit_of_work
from core.errors import Conflict, Invalid
from core.parties import Organisation, add_organisation, mandates_of
from core.permits import ACTIONS, SYSTEM, Role
from core.server import Urls
from tender.moving import database_speaks
from tests.conftest import AT
from tests.visitors import Browser, Visitors
from web import accounts, shell
from web.shell import action_of, actor, at, check_routes, needs, unit

View = Callable[..., ResponseReturnValue]


@pytest.fixture
def app(own_app: Flask) -> Flask:
    """An application of each test's own: they add routes to it."""
    return own_app


def route(app: Flask, rule: str, action: str, view: View, *, method: str = "GET", **options: Any) -> None:
    """Put one more view on the application."""
    app.add_url_rule(rule, rule, needs(action, **options)(view), methods=[method])


def names(engine: Engine) -> list[str]:
    """Return the organisations that are kept, but for those that the visitors stand for."""
    with unit_of_work(engine, SYSTEM) as session:
        found = session.execute(text("SELECT name FROM organisation WHERE name NOT LIKE '示例%' ORDER BY name"))
        return [row.name for row in found]


def add(name: str) -> Organisation:
    """Add an organisation in this request's unit of work."""
    return add_organisation(unit(), "insurer", name, by=actor(), at=at())


def test_every_route_says_what_it_needs(app: Flask) -> None:
    """An action of the table stands on every route; a route without one, or with an unknown one, stops the start."""
    check_routes(app)
    for endpoint in app.view_functions:
        action = action_of(app, endpoint)
        assert action in ACTIONS or endpoint == "static" or endpoint.startswith("security.")
    app.add_url_rule("/open", "open", lambda: "x")
    with pytest.raises(RuntimeError, match="open: no @needs"):
        check_routes(app)
    app.view_functions["open"] = needs("tender.dance")(lambda: "x")
    with pytest.raises(RuntimeError, match=r"tender\.dance"):
        check_routes(app)


def test_a_visitor_is_asked_to_sign_in_and_a_program_told(app: Flask, client: Browser) -> None:
    """What is not open to the public leads a person to the sign-in page and gives a program 401."""
    for path in ("/x", "/api/v1/x"):
        route(app, path, "tender.draft", lambda: "drafted")
    answer = client.get("/x?page=2&q=电梯")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/login?next=/x%3Fpage%3D2%26q%3D%E7%94%B5%E6%A2%AF",
    )
    answer = client.get("/api/v1/x")
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_first")


def test_the_table_of_permissions_is_asked(app: Flask, visitors: Visitors) -> None:
    """An officer drafts; a bidder is refused with 403, on a page and in the API."""
    for path in ("/x", "/api/v1/x"):
        route(app, path, "tender.draft", lambda: "drafted")
    assert visitors.login_as(Role.OFFICER).get("/x").text == "drafted"
    bidder = visitors.login_as(Role.BIDDER)
    assert bidder.get("/x").status_code == 403
    answer = bidder.get("/api/v1/x")
    assert (answer.status_code, answer.json["code"]) == (403, "role_may_not")
    assert answer.json["facts"] == {"action": "tender.draft", "role": "bidder"}


def test_what_a_view_does_is_kept_together_or_not_at_all(app: Flask, visitors: Visitors, engine: Engine) -> None:
    """A refusal, a form shown again with its errors and a fault all leave nothing behind."""

    def act() -> ResponseReturnValue:
        add("甲")
        if request.args["end"] == "refusal":
            raise Invalid("input_wrong")
        if request.args["end"] == "fault":
            raise ZeroDivisionError
        return "the form again", 422 if request.args["end"] == "form" else 200

    route(app, "/act", "tender.draft", act, method="POST")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    officer = visitors.login_as(Role.OFFICER)
    for end, status in (("refusal", 422), ("form", 422), ("fault", 500)):
        assert officer.send(f"/act?end={end}").status_code == status
        assert names(engine) == []
    assert officer.send("/act?end=well").status_code == 200
    assert names(engine) == ["甲"]


@pytest.mark.parametrize("way", ["statement", "row"])
def test_what_the_database_refused_is_the_answer_though_the_view_read_on(
    app: Flask, visitors: Visitors, way: str
) -> None:
    """A view that shows its form again after the database itself refused cannot; the refusal is told, not a fault."""

    def late() -> ResponseReturnValue:
        try:
            with database_speaks():
                if way == "row":
                    unit().add(Organisation(kind="insurer", name="甲", short_name="甲", sort_key="jia", uscc="late"))
                    unit().flush()
                unit().execute(text("DO $$ BEGIN RAISE EXCEPTION 'late' USING ERRCODE = 'GB020'; END $$"))
        except (Conflict, IntegrityError):
            return str(unit().scalar(text("SELECT 1"))), 409
        return "form"

    with unit_of_work(visitors.engine, SYSTEM) as session:
        add_organisation(session, "insurer", "甲", by=SYSTEM, at=AT)
    route(app, "/late", "home.read", late, method="POST")
    answer = visitors.login_as(Role.BIDDER).send("/late")
    expected = "已有同样的记录" if way == "row" else "截止"
    assert (answer.status_code, expected in answer.text) == (409, True)


def test_a_reading_request_writes_nothing(app: Flask, visitors: Visitors) -> None:
    """A GET runs read-only, unless it says otherwise."""

    def mode() -> str:
        return str(unit().scalar(text("SELECT current_setting('transaction_read_only')")))

    route(app, "/reads", "tender.draft", mode)
    route(app, "/writes", "tender.draft", mode, writes=True)
    officer = visitors.login_as(Role.OFFICER)
    assert [officer.get(path).text for path in ("/reads", "/writes")] == ["on", "off"]


def test_a_request_has_one_instant_by_the_databases_clock(app: Flask, client: Browser) -> None:
    """However long a view takes, what it does happens at one instant."""
    route(app, "/now", "public.read", lambda: f"{at().isoformat()} {at().isoformat()} {at().tzinfo}")
    first, second, zone = client.get("/now").text.split(" ", 2)
    assert first == second
    assert zone


def test_a_lost_race_is_run_again_from_the_start(app: Flask, visitors: Visitors, engine: Engine) -> None:
    """After a serialisation failure the view runs again: notices are said once, uploads are read from the start."""
    runs: list[bytes] = []

    def act() -> str:
        runs.append(request.files["file"].read())
        flash(f"run {len(runs)}")
        add(f"甲{len(runs)}")
        if len(runs) < 3:
            raise OperationalError("", {}, Lost())
        return "kept"

    route(app, "/act", "tender.draft", act, method="POST")
    officer = visitors.login_as(Role.OFFICER)
    assert officer.send("/act", file=(io.BytesIO(b"rows"), "a.csv")).text == "kept"
    assert runs == [b"rows"] * 3
    assert names(engine) == ["甲3"]
    with officer.session_transaction() as cookie:
        assert [words for _, words in cookie["_flashes"]] == ["run 3"]


def test_work_that_is_kept_is_told_kept_while_the_log_is_busy(
    app: Flask, engine: Engine, place: Urls, visitors: Visitors
) -> None:
    """Another that gives places in the log makes nobody wait, and no answer says that nothing was done."""
    route(app, "/act", "tender.draft", lambda: add("甲").name, method="POST")
    officer = visitors.login_as(Role.OFFICER)
    with psycopg.connect(place.app, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (SEQUENCER_LOCK,))
        answer = officer.send("/act")
    assert (answer.status_code, answer.text) == (200, "甲")
    assert names(engine) == ["甲"]


class Lost(Exception):
    """What the driver says after a serialisation failure."""

    sqlstate = "40001"


def test_a_race_lost_every_time_is_told(app: Flask, visitors: Visitors) -> None:
    """After six tries the answer is 409 and says to try again."""

    def act() -> str:
        raise OperationalError("", {}, Lost())

    route(app, "/api/v1/act", "tender.draft", act, method="POST")
    officer = visitors.login_as(Role.OFFICER)
    answer = officer.post("/api/v1/act", headers={"X-CSRFToken": officer.token()})
    assert (answer.status_code, answer.json["code"]) == (409, "busy")


def test_a_form_without_its_token_is_refused(app: Flask, visitors: Visitors, client: Browser) -> None:
    """A form from elsewhere does nothing, neither on a page nor in the API where the cookie signs one in."""
    route(app, "/act", "tender.draft", lambda: "done", method="POST")
    route(app, "/api/v1/act", "tender.draft", lambda: "done", method="POST")
    officer = visitors.login_as(Role.OFFICER)
    page = officer.post("/act")
    assert page.status_code == 400 and "这一页已过期" in page.text
    refused = officer.post("/api/v1/act")
    assert (refused.status_code, refused.json["code"]) == (400, "form_expired")
    assert client.post("/api/v1/act").status_code == 401


def token_of(visitors: Visitors, engine: Engine, role: Role) -> dict[str, str]:
    """Return the headers of a program that acts in a role."""
    user = visitors.account(role)
    with unit_of_work(engine, SYSTEM) as session:
        now = session.scalar(text("SELECT gongbao_now()"))
        mandate = mandates_of(session, user.person_id, date(2026, 1, 1))[0]
        _, secret = accounts.add_token(session, user.id, mandate, "x", 30, by=visitors.actor_of(user), at=now)
    return {"Authorization": f"Bearer {secret}"}


def test_the_same_key_does_it_once(app: Flask, visitors: Visitors, engine: Engine) -> None:
    """Sent again under its key a request gets the first answer; another body is refused; a failure keeps no key."""
    runs: list[object] = []

    def act() -> ResponseReturnValue:
        runs.append(request.get_json())
        if len(runs) == 1:
            raise Invalid("input_wrong")
        return {"id": str(add(f"甲{len(runs)}").id)}, 201

    route(app, "/api/v1/act", "tender.draft", act, method="POST")
    program, headers = visitors.browser(), token_of(visitors, engine, Role.OFFICER) | {"Idempotency-Key": "K-1"}
    assert program.post("/api/v1/act", json={"a": 1}, headers=headers).status_code == 422
    first = program.post("/api/v1/act", json={"a": 1}, headers=headers)
    again = program.post("/api/v1/act", json={"a": 1}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert names(engine) == ["甲2"]
    other = program.post("/api/v1/act", json={"a": 2}, headers=headers)
    assert (other.status_code, other.json["code"]) == (409, "key_used_otherwise")
    for key in ("x" * 101, "a b"):
        answer = program.post("/api/v1/act", json={}, headers=headers | {"Idempotency-Key": key})
        assert answer.json["code"] == "idempotency_key_wrong"


def test_two_at_once_under_one_key_are_one(app: Flask, visitors: Visitors, engine: Engine) -> None:
    """Eight copies of a request that arrive together do it once and get one answer."""

    def act() -> ResponseReturnValue:
        return {"id": str(add("甲").id)}, 201

    route(app, "/api/v1/act", "tender.draft", act, method="POST")
    headers = token_of(visitors, engine, Role.OFFICER) | {"Idempotency-Key": "K-2"}

    def send(_: int) -> tuple[int, str]:
        answer = app.test_client().post("/api/v1/act", json={}, headers=headers)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert names(engine) == ["甲"]
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1


class Taken(Exception):
    """What the driver says where a row has the same number."""

    sqlstate = "23505"


def test_a_repeat_that_the_database_refuses_is_answered_as_the_first(
    app: Flask, visitors: Visitors, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is kept after the second had looked for its key: what refuses the second is the first's own work."""
    runs, looked, look = list[int](), list[bool](), shell.answered

    def act() -> ResponseReturnValue:
        runs.append(len(runs))
        if runs != [0]:
            raise IntegrityError("", {}, Taken())
        return {"id": str(add("甲").id)}, 201

    def too_early(*given: Any, **told: Any) -> object:
        looked.append(True)
        return None if len(looked) == 1 else look(*given, **told)

    route(app, "/api/v1/act", "tender.draft", act, method="POST")
    program, headers = visitors.browser(), token_of(visitors, engine, Role.OFFICER) | {"Idempotency-Key": "K-3"}
    first = program.post("/api/v1/act", json={}, headers=headers)
    monkeypatch.setattr(shell, "answered", too_early)
    again = program.post("/api/v1/act", json={}, headers=headers)
    assert (again.status_code, again.json, runs) == (201, first.json, [0, 1])


def test_the_database_itself_hides_what_is_not_ones_own(app: Flask, visitors: Visitors) -> None:
    """The unit of work of a request tells the database whose it is: the second wall behind every list."""

    def scope() -> dict[str, object]:
        return {
            name: unit().scalar(text(f"SELECT current_setting('gongbao.{name}')"))
            for name in ("organisation_id", "sees_all", "led_pools")
        }

    route(app, "/scope", "public.read", scope)
    assert visitors.browser().get("/scope").json == {"organisation_id": "", "sees_all": "no", "led_pools": "{}"}
    insurer = visitors.organisation("insurer", "示例财险")
    found = visitors.login_as(Role.FINANCE_MAKER, insurer).get("/scope").json
    assert found == {"organisation_id": str(insurer.id), "sees_all": "no", "led_pools": "{}"}
    assert visitors.login_as(Role.OFFICER).get("/scope").json["sees_all"] == "yes"


def test_a_module_of_pages_is_found_with_its_menu(app: Flask) -> None:
    """A blueprint that stands in web/pages is on the site; the menu leads only to pages that are there."""
    from web import pages

    blueprints = [module.pages for module in pages.modules() if hasattr(module, "pages")]
    assert all(isinstance(one, Blueprint) and one.name in app.blueprints for one in blueprints)
    places = [item.place for item in app.extensions["gongbao"].menu]
    assert places == sorted(places)
