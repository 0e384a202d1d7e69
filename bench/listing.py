"""List pages of 50 rows with the register of a province, against a bare page of the same rows by Core and Jinja.

Both answer in this process, in turn: what differs is the pages, not the server before them. The bare page asks for the
same columns of the same rows and lays them into a table; it knows no visitor, no count, no filter and no frame.
"""

from __future__ import annotations

import secrets
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from bench import register
from bench.place import DAY, database, make_pool, settle, write_list
from bench.posting import percentile
from bench.table import Row, as_data
from bench.telling import say, seconds
from bench.visiting import make_officer
from core.db import instant, unit_of_work
from core.parties import mandates_of
from core.permits import SYSTEM
from core.settings import read_settings
from underwriting.models import Building, Community, Lift, Policy, PolicyLift
from web.accounts import User, UserSession, digest_of
from web.app import create_app, log_as_json

FULL, QUICK = 300_000, 10_000
#: How often each page is asked for, and for how many seconds at most.
ASKED, ASKED_QUICK, _PAGE_S = 100, 20, 20
_ROWS = 50
#: Policies of one list: each names a community of its own, and the communities of a piece are asked for at once.
_LIST = 2_000

_PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>{{ title }}</title><body><table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></body></html>"""


@dataclass(frozen=True, slots=True)
class Page:
    """A list of ours by its address, and the bare query of the same rows."""

    job: str
    job_en: str
    path: str
    query: object


def pages(community_id: uuid.UUID) -> list[Page]:
    """Return the lists that are measured: policies, communities, the lifts of one community."""
    policies = (
        select(
            Policy.number,
            Community.name,
            Policy.stage,
            Policy.inception_on,
            Policy.expires_on,
            Policy.lift_count,
            Policy.gross_fen,
        )
        .outerjoin(Community, Community.id == Policy.community_id)
        .order_by(Policy.inception_on.desc(), Policy.id)
        .limit(_ROWS)
    )
    communities = (
        select(Community.name, Community.district, Community.households).order_by(Community.sort_key).limit(_ROWS)
    )
    lifts = (
        select(Lift.number, Building.name, Lift.in_service_on, Lift.floors, PolicyLift.covered_to, Policy.number)
        .join(Building, Building.id == Lift.building_id)
        .outerjoin(PolicyLift, PolicyLift.lift_id == Lift.id)
        .outerjoin(Policy, Policy.id == PolicyLift.policy_id)
        .where(Building.community_id == community_id)
        .order_by(Building.name, Lift.number)
        .limit(_ROWS)
    )
    return [
        Page("保单列表", "policies", "/policies", policies),
        Page("小区列表", "communities", "/estates", communities),
        Page("一个小区的电梯", "lifts of a community", f"/estates/{community_id}", lifts),
    ]


def bare(engine: Engine, found: list[Page]) -> FlaskClient:
    """Return a client of an application with the bare pages alone."""
    app = Flask("bare")
    template = app.jinja_env.from_string(_PAGE)

    def shows(page: Page) -> Callable[[], str]:
        def view() -> str:
            with engine.connect() as connection:
                rows = connection.execute(page.query).all()  # type: ignore[call-overload]
            return template.render(title=page.job, rows=rows)

        return view

    for page in found:
        app.add_url_rule(page.path, endpoint=page.path, view_func=shows(page))
    return app.test_client()


def signed_in(engine: Engine, account: User, folder: Path) -> FlaskClient:
    """Return a client of the application that is signed in with an account."""
    app = create_app(read_settings({"GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(folder)}), engine)
    sid = secrets.token_urlsafe(16)
    with unit_of_work(engine, SYSTEM) as session:
        now = instant(session)
        mandate = mandates_of(session, account.person_id, DAY)[0]
        instants = dict.fromkeys(("made_at", "seen_at", "proven_at"), now)
        session.add(UserSession(id_hash=digest_of(sid), user_id=account.id, mandate_id=mandate.id, **instants))
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie.update(sid=sid, _user_id=account.fs_uniquifier, _fresh=True)
    return client


def ask(client: FlaskClient, path: str) -> float:
    """Return how long a page takes to come."""

    def work() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status}")

    return seconds(work)


def in_turn(clients: tuple[FlaskClient, FlaskClient], path: str, times: int) -> list[tuple[float, float]]:
    """Return how long both clients wait for a page, so many times, or fewer where that takes too long."""
    found: list[tuple[float, float]] = []
    until_s = time.perf_counter() + _PAGE_S
    while len(found) < times and (len(found) < 3 or time.perf_counter() < until_s):
        found.append((ask(clients[0], path), ask(clients[1], path)))
    return found


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of the lists; the application writes a line for each request, as where it is served."""
    lifts, times = (QUICK, ASKED_QUICK) if is_quick else (FULL, ASKED)
    rows = []
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        urls, engine = stack.enter_context(database())
        places = register.fill(urls, lifts)
        pool_id, path = make_pool(engine, "全省共保体"), Path(name) / "premiums.csv"
        for start in range(0, len(places), _LIST):
            some = places[start : start + _LIST]
            write_list(path, len(some), f"B{start}", communities=some)
            settle(engine, pool_id, path, has_places=True)
        register.cover(urls)
        say(f"{lifts:,} lifts of {len(places):,} communities")
        account, _ = make_officer(engine)
        with engine.connect() as connection:
            community_id = connection.scalar(select(Community.id).limit(1))
        found = pages(uuid.UUID(str(community_id)))
        lines = stack.enter_context((Path(name) / "web.log").open("w", encoding="utf-8"))
        with redirect_stdout(lines):
            # Whoever writes lines for the first time goes on writing to where they went.
            log_as_json()
            ours, plain = signed_in(engine, account, Path(name)), bare(engine, found)
            for page in found:
                for client in (ours, plain):
                    ask(client, page.path)
        for page in found:
            timed = in_turn((ours, plain), page.path, times)
            ours_ms, plain_ms = ([1000 * one for one in column] for column in zip(*timed, strict=True))
            job = (f"{page.job}，{lifts:,} 台电梯", page.job_en)
            own, theirs = median(ours_ms), median(plain_ms)
            told = ("只有 Core 与 Jinja 的页面", "a bare page")
            rows.append(Row(*job, *told, own, theirs, "ms", theirs / own, ">= 0.6"))
            rows.append(Row(*job, "p50", "", own, None, "ms", None, "< 30"))
            say(f"{page.path[:20]}: p50 {own:.1f} ms, p99 {percentile(ours_ms, 99):.1f} ms; bare {theirs:.1f} ms")
    return as_data(rows)
