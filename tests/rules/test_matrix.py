"""Every route x role x relation: who may not is refused and changes nothing; who may is answered."""

from __future__ import annotations

import logging
import os
import traceback
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import structlog
from flask import Flask, got_request_exception, url_for
from sqlalchemy import Engine, select
from werkzeug.test import TestResponse

from core import migrate, server
from core.db import engine_for, rehearsal, unit_of_work
from core.parties import actor_of, mandates_of
from core.permits import ACTIONS, SYSTEM, Role, kind_of
from core.server import Urls
from tests.rules.bodies import QUERIES, Bodies, form_of
from tests.rules.matrix import ASKS_AGAIN, NOT_REACHED, WITHOUT_NEEDS, Call, Table, is_hidden, role_may
from tests.rules.seats import Seat, Seats
from tests.rules.world import NOW, World, keep_list, make_world
from tests.visitors import Visitors, make_app
from web import shell
from web.accounts import User, add_token
from web.shell import action_of

#: Tables that a visit itself writes: sign-ins, limits of requests. (Tokens and everything else count.)
VISITS = {"user_session", "rate_bucket", "alembic_version", "clock_offset"}


#: Who visits a tender in every stage, and papers that take long to make.
HOME = {Role.OFFICER, Role.APPROVER, Role.CHAIR, Role.EXPERT, Role.CUSTODIAN, Role.SIGNATORY, Role.FINANCE_CHECKER}


def _expect_none(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(found)


@dataclass
class Walk:
    """The world, its application, its visitors and all that can be asked of it."""

    world: World
    table: Table
    calls: list[Call]
    seats: list[Seat]
    bodies: Bodies
    superuser: psycopg.Connection
    faults: list[str]

    def digest(self) -> dict[str, str]:
        """Return table -> digest of its rows, of all tables but those that a visit itself writes."""
        names = self.superuser.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND NOT relname = ANY (%s) ORDER BY relname",
            (sorted(VISITS),),
        )
        of_one = "SELECT '{0}', md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM \"{0}\" t"
        query = " UNION ALL ".join(of_one.format(name) for (name,) in names)
        return dict(self.superuser.execute(query.encode()).fetchall())

    def ask(self, call: Call, seat: Seat) -> TestResponse:
        """Return what is answered to a seat's call."""
        with self.table.app.test_request_context():
            path = url_for(call.endpoint, **call.params)
        ids = {**self.world.ids, "mandate_id": seat.mandate_id}
        sent: dict[str, Any] = {"method": call.method, "buffered": True}
        if call.method != "GET" and call.is_program:
            body = self.bodies.of(call.path, call.method)
            sent |= {"json": {} if body is None else body, "headers": {"X-CSRFToken": seat.token}}
        elif call.method != "GET":
            sent["data"] = {"csrf_token": seat.token, **form_of(call.endpoint, ids)}
        elif call.endpoint in QUERIES:
            sent["query_string"] = form_of(call.endpoint, ids)
        return seat.browser.open(path, **sent)


@pytest.fixture(scope="module")
def walk(place: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The world told once, on a database beside the worker's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    urls = server.another(place, f"matrix_{worker}")
    migrate.upgrade(urls.owner)
    engine = engine_for(urls.app)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    folder = tmp_path_factory.mktemp("matrix")
    world = make_world(urls, engine, folder)
    app = make_app(engine, folder)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    faults: list[str] = []

    def note(sender: Flask, exception: BaseException) -> None:
        faults.append("".join(traceback.format_exception(exception)[-3:]))

    got_request_exception.connect(note, app)
    visitors = Visitors(app, engine)
    seats = Seats(world, visitors).all()
    table = Table(app, world, *_samples(engine, world, seats))
    with psycopg.connect(urls.admin, autocommit=True) as superuser:
        yield Walk(world, table, table.calls(), seats, Bodies(app, visitors.browser(), world.ids), superuser, faults)
    engine.dispose()
    structlog.reset_defaults()


def _samples(
    engine: Engine, world: World, seats: list[Seat]
) -> tuple[dict[str, object], dict[tuple[str, str], object]]:
    """Return the sample of each name of an address, and those that differ from page to page."""
    officer = next(seat for seat in seats if seat.role is Role.OFFICER and seat.relation == "own")
    assert officer.person_id is not None and officer.organisation_id is not None
    with unit_of_work(engine, SYSTEM) as session:
        lists = {
            purpose: keep_list(session, world.town, purpose, officer.person_id, officer.organisation_id)
            for purpose in ("fault_list", "estate_list")
        }
        own = session.scalars(select(User).where(User.person_id == officer.person_id)).one()
        mandate = mandates_of(session, own.person_id, NOW.date())[0]
        token, _ = add_token(session, own.id, mandate, "示例", 30, by=actor_of(mandate), at=NOW)
    places: dict[tuple[str, str], object] = {
        ("fault_import", "paper_id"): lists["fault_list"],
        ("estate_import", "paper_id"): lists["estate_list"],
        ("api_docs.one_problem", "code"): "tender_not_found",
        ("faults.ask", "verb"): "withdraw",
        ("bid_answers.offer", "answer"): "accept",
        ("bidding", "number"): 1,
        ("api_bids", "number"): 1,
        ("reporter", "number"): world.ids["lift_number"],
        ("public", "name"): "notices",
        ("tender_draft.section", "name"): "basics",
    }
    more = {"token_id": token.id, "place": 0}
    return {**world.ids, **more}, places


def test_every_route_says_what_it_needs_and_can_be_asked(walk: Walk) -> None:
    """No route without `needs`, none whose address cannot be filled; nobody can be given the machinery's own role."""
    _expect_none(walk.table.missing)
    assert kind_of(Role.SYSTEM) == kind_of(Role.PUBLIC) == frozenset()
    app = walk.table.app
    bare = [name for name in app.view_functions if action_of(app, name) is None and not name.startswith(WITHOUT_NEEDS)]
    assert bare == []


def _is_asked_in_vain(call: Call, seat: Seat) -> bool:
    """Say whether a call without permission is tried from a seat: once for each thing, at home and as a stranger."""
    is_stranger = seat.relation == "other" and call.params
    return call.tender in ("", "published") and bool(seat.relation == "own" or is_stranger)


def _is_asked_rightly(call: Call, seat: Seat) -> bool:
    """Say whether a call with permission is tried from a seat: every thing by some, papers that take long by fewer."""
    if f"{call.method} {call.endpoint}" in NOT_REACHED:
        return False
    if "pdf" in call.endpoint or "pdf" in call.params.values():
        return call.tender in ("", "awarded") and seat.role in HOME and seat.relation == "own"
    if seat.relation != "own":
        return not call.params and Role.PUBLIC not in ACTIONS[call.action]
    return call.tender in ("", "published") or seat.role in HOME


def _refused_wrongly(call: Call, seat: Seat, answer: TestResponse) -> str:
    """Return what is wrong with the answer to a seat whose role may not; nothing where all is well."""
    if seat.role is Role.PUBLIC:
        is_right = answer.status_code == 401 if call.is_program else _leads_to_sign_in(answer)
    else:
        is_right = answer.status_code == 403 and b"role_may_not" in answer.data
    return "" if is_right else f"{seat.name} {call.name}: {answer.status_code}"


def _leads_to_sign_in(answer: TestResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/login")


def test_a_role_without_permission_is_refused_and_changes_nothing(walk: Walk) -> None:
    """Whoever's role is not in the row of the action is told so, whatever the thing and whosesoever it is."""
    wrong, tried = [], 0
    before = walk.digest()
    for seat in walk.seats:
        for call in walk.calls:
            if role_may(call, seat) or not _is_asked_in_vain(call, seat):
                continue
            tried += 1
            if told := _refused_wrongly(call, seat, walk.ask(call, seat)):
                wrong.append(told)
        after = walk.digest()
        wrong += [f"{seat.name}: {name} has changed" for name in after if after[name] != before[name]]
        before = after
    assert tried > 3000
    _expect_none(wrong)


def test_a_stranger_is_refused_and_changes_nothing(walk: Walk) -> None:
    """Who may do this, but not with this: another's thing is not found or not theirs, and stays as it is."""
    wrong, tried = [], 0
    before = walk.digest()
    for seat in walk.seats:
        for call in walk.calls:
            if not role_may(call, seat) or not is_hidden(call, seat):
                continue
            tried += 1
            answer = walk.ask(call, seat)
            # What a form names is refused as what is wrong with the form.
            is_refused = answer.status_code in (403, 404) if call.params else 400 <= answer.status_code < 500
            if not is_refused:
                wrong.append(f"{seat.name} {call.name}: {answer.status_code}")
        after = walk.digest()
        wrong += [f"{seat.name}: {name} has changed" for name in after if after[name] != before[name]]
        before = after
    assert tried > 500
    _expect_none(wrong)


def test_who_may_is_answered(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each route lets somebody through to its thing; nobody who may is told that it may not, or meets a fault."""
    monkeypatch.setattr(shell, "unit_of_work", rehearsal)
    wrong, tried = [], 0
    reached: dict[str, set[int]] = defaultdict(set)
    for seat in walk.seats:
        for call in walk.calls:
            if not role_may(call, seat) or is_hidden(call, seat) or not _is_asked_rightly(call, seat):
                continue
            tried += 1
            answer = walk.ask(call, seat)
            reached[f"{call.method} {call.endpoint}"].add(answer.status_code)
            is_denied = b"role_may_not" in answer.data and call.endpoint not in ASKS_AGAIN
            if answer.status_code >= 500 or answer.status_code == 405 or is_denied:
                wrong.append(f"{seat.name} {call.name}: {answer.status_code} {walk.faults[-1:]}")
    assert tried > 1000
    closed = [f"{name}: {sorted(found)}" for name, found in reached.items() if found <= {401, 403, 404}]
    _expect_none(wrong)
    _expect_none(closed)
