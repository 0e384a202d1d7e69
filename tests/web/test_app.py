"""The application as a whole: first page, headers, languages, health, figures, what the API says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from core.db import engine_for, unit_of_work
from core.permits import SYSTEM, Role
from core.server import Urls
from tests.visitors import Browser, Visitors, make_app
from web import jobs
from web.health import readiness
from web.serving_cli import openapi_document
from web.styleguide import LONG
from web.tasks import PERIODIC, TASK_WORDS, TASKS, Bench

ROOT = Path(__file__).resolve().parents[2]


def test_the_first_page_is_open_to_everyone(client: Browser) -> None:
    """Whoever comes without signing in sees the public's first page."""
    answer = client.get("/")
    assert answer.status_code == 200
    assert "共保" in answer.text


def test_the_frame_says_who_acts_for_whom(visitors: Visitors) -> None:
    """After signing in every page names the person, the organisation and the role."""
    answer = visitors.login_as("officer").get("/account")
    assert "示例bureau" in answer.text
    assert "经办" in answer.text


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.PUBLIC, Role.SYSTEM)])
def test_every_role_has_a_first_page(visitors: Visitors, role: Role) -> None:
    """Whatever one's role, signing in leads to a page that opens, in both languages."""
    browser = visitors.login_as(role)
    assert browser.get("/").status_code == 200
    assert browser.get("/?lang=en").status_code == 200


def test_a_page_may_load_and_send_only_to_its_own(client: Browser) -> None:
    """No page runs anything inline, is framed by another, or sends a form elsewhere."""
    headers = client.get("/").headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    for page in ("/", "/login", "/calculators/score", "/api/docs", "/nowhere"):
        body = client.get(page).text
        assert "<style" not in body
        assert " style=" not in body
        assert "onclick" not in body


def test_the_cookie_is_the_hosts_alone_in_real_use(engine: Engine, state_dir: Path) -> None:
    """Outside demo and test the cookie is secure, of this host, unseen by scripts; HSTS is sent where https is."""
    app = make_app(
        engine,
        state_dir,
        GONGBAO_MODE="production",
        SECRET_KEY="x" * 40,
        GONGBAO_PUBLIC_URL="https://gongbao.example",
    )
    answer = app.test_client().get("/login", base_url="https://gongbao.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-gongbao=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_what_is_read_signed_in_is_kept_by_no_cache(visitors: Visitors) -> None:
    """Pages of a signed-in person are neither stored nor shared."""
    assert visitors.login_as(Role.OFFICER).get("/account").headers["Cache-Control"] == "private, no-store"


def test_files_of_the_pages_are_kept_for_ever_below_the_digest_of_all(client: Browser) -> None:
    """A module that a script names beside itself is kept as well; another release's address is not kept."""
    script = re.search(r'src="(/static/at-[0-9a-f]{10}/js/)page.js"', client.get("/").text)
    assert script
    for name in ("page.js", "clocks.js"):
        kept = client.get(script.group(1) + name, buffered=True)
        assert (kept.status_code, kept.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    other = client.get("/static/at-0123456789/js/page.js", buffered=True)
    assert other.status_code == 200 and other.data == client.get(script.group(1) + "page.js", buffered=True).data
    assert other.headers["Cache-Control"] == "no-cache"
    assert client.get("/static/at-0123456789/../app.py").status_code == 404


def test_the_other_language_keeps_the_page(client: Browser) -> None:
    """The link at the top leads to this same page in the other language, and the choice stays."""
    page = client.get("/calculators/clock?from=2026-02-13T16:00&minutes=240")
    assert "lang=en" in page.text
    english = client.get("/calculators/clock?from=2026-02-13T16:00&minutes=240&lang=en")
    assert '<html lang="en">' in english.text
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="zh-Hans-CN">' in client.get("/?lang=zh").text


def test_an_upload_beyond_the_limit_is_refused(engine: Engine, state_dir: Path) -> None:
    """A body larger than the settings allow is refused before it is read."""
    client = make_app(engine, state_dir, GONGBAO_UPLOAD_LIMIT_MB="1").test_client()
    answer = client.post("/api/v1/calculators/score", data=b" " * (1 << 20) + b"{}")
    assert (answer.status_code, answer.json["code"]) == (413, "http_413")


def test_json_is_readable(client: Browser) -> None:
    """Chinese stands in JSON as itself."""
    assert "没有" in client.get("/api/v1/nowhere").text


def test_the_process_says_how_it_is(client: Browser) -> None:
    """Alive, ready, which release, and figures for this machine."""
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["schema"]) == (200, "ok")
    assert client.get("/version").json["name"] == "gongbao"
    client.get("/")
    assert 'gongbao_requests_total{endpoint="home.home",method="GET",status="200"}' in client.get("/metrics").text
    assert client.get("/favicon.ico", buffered=True).mimetype.startswith("image/")


def test_figures_are_for_this_machine_or_who_has_the_token(engine: Engine, state_dir: Path) -> None:
    """From elsewhere /metrics is not there without its token."""
    client = make_app(engine, state_dir, GONGBAO_METRICS_TOKEN="figures-please").test_client()
    away = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", environ_base=away).status_code == 404
    assert client.get("/metrics", environ_base=away, headers={"Authorization": "Bearer no"}).status_code == 404
    answer = client.get("/metrics", environ_base=away, headers={"Authorization": "Bearer figures-please"})
    assert answer.status_code == 200


def test_a_site_without_its_database_says_so(engine: Engine, state_dir: Path) -> None:
    """With the database away: alive, not ready, 503 on pages and in the API, nothing kept."""
    client = make_app(engine_for("postgresql:///nowhere?host=/nonexistent"), state_dir).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/").status_code == 503
    answer = client.post("/api/v1/calculators/clock", json={"start": "2026-02-13T16:00", "minutes": 240})
    assert (answer.status_code, answer.json["code"]) == (503, "database_away")
    answer = client.get("/api/v1/pools", headers={"Authorization": "Bearer gb_whoever"})
    assert (answer.status_code, answer.json["code"]) == (503, "database_away")


@pytest.fixture
def no_jobs(engine: Engine) -> Iterator[None]:
    """Empty the queue, which other tests leave jobs in, and leave it empty."""

    def empty() -> None:
        with unit_of_work(engine, SYSTEM) as session:
            for table in ("procrastinate_periodic_defers", "procrastinate_jobs", "procrastinate_workers"):
                session.execute(text(f"DELETE FROM {table}"))

    empty()
    yield
    empty()


@pytest.mark.usefixtures("no_jobs")
def test_a_late_job_is_told(engine: Engine) -> None:
    """A job that has waited a quarter of an hour says that no worker is there; the site stays ready."""
    with unit_of_work(engine, SYSTEM) as session:
        jobs.defer(session, "sequence_log")
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 hour'"))
    assert "1 jobs" in readiness(engine)["queue"]


@pytest.mark.usefixtures("no_jobs")
def test_a_job_is_there_with_its_change_or_not_at_all(engine: Engine, state_dir: Path, place: Urls, app: Flask) -> None:
    """A job of a unit of work that fails is not there; the worker does the others; no job names an unknown task."""
    with pytest.raises(ZeroDivisionError), unit_of_work(engine, SYSTEM) as session:
        jobs.defer(session, "sweep")
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
    with unit_of_work(engine, SYSTEM) as session:
        jobs.defer(session, "sign_log")
        with pytest.raises(KeyError):
            jobs.defer(session, "dance")
    bench = Bench(app.extensions["gongbao"].settings, engine)
    jobs.queue(bench, place.app).run_worker(wait=False, listen_notify=False)
    with unit_of_work(engine, SYSTEM) as session:
        done = session.execute(text("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")).all()
        assert ("sign_log", "succeeded") in done
        assert session.scalar(text("SELECT count(*) FROM audit_head")) == 1
    assert (state_dir / "keys" / "log.pem").stat().st_mode & 0o777 == 0o600
    assert set(PERIODIC) <= set(TASKS) == set(TASK_WORDS)


def test_the_api_says_what_it_offers(client: Browser) -> None:
    """An OpenAPI 3.1 document with the action that each operation needs, and a page made from it."""
    document = client.get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                assert operation["x-needs"], path
                assert operation["summary"], path
    assert "/api/v1/calculators/apportion" in client.get("/api/docs").text.replace("<wbr>", "")


def test_the_description_of_the_api_is_committed() -> None:
    """docs/openapi.json is what the program says; after a change of the API: gongbao openapi > docs/openapi.json."""
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(openapi_document()))


def test_the_page_of_all_pieces_is_there_to_look_at(client: Browser) -> None:
    """Whoever makes pages opens it in the demo; it is nobody's at work."""
    page = client.get("/styleguide")
    assert page.status_code == 200 and LONG in page.text
