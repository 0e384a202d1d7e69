"""The walk through the matrix: a world told once, its application, its visitors, and a digest of all that is kept."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask, got_request_exception, url_for
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core import migrate, server
from core.db import engine_for, rehearsal, set_scope, unit_of_work
from core.parties import actor_of, mandates_of
from core.permits import SYSTEM, Actor, Role
from core.server import Urls
from tests.makers_town import tell_time
from tests.rules.bodies import QUERIES, Bodies, form_of
from tests.rules.matrix import Call, Table
from tests.rules.reaching import Reach
from tests.rules.seats import Seat, Seats
from tests.rules.world import NOW, World, make_world
from tests.rules.world_papers import keep_list
from tests.visitors import Visitors, make_app
from web import shell
from web.accounts import User, add_token

#: Tables that a visit itself writes: sign-ins, limits of requests. (Tokens and everything else count.)
VISITS = {"user_session", "rate_bucket", "alembic_version", "clock_offset"}


def rehearsed(engine: Engine, actor: Actor, *, turn: int | None = None) -> AbstractContextManager[Session]:
    """Return a request's unit of work that is always rolled back; it posts nothing, so it needs no turn."""
    return rehearsal(engine, actor)


@dataclass
class Walk:
    """The world, its application, its visitors and all that can be asked of it."""

    world: World
    table: Table
    calls: list[Call]
    seats: list[Seat]
    bodies: Bodies
    superuser: psycopg.Connection
    engine: Engine
    faults: list[str]

    def seat(self, role: Role, relation: str = "own") -> Seat:
        """Return the seat of a role."""
        return next(one for one in self.seats if (one.role, one.relation) == (role, relation))

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

    def ask(self, call: Call, seat: Seat, said: Mapping[str, Any] | None = None) -> TestResponse:
        """Return what is answered to a seat's call; `said` is sent in place of the usual values."""
        with self.table.app.test_request_context():
            path = url_for(call.endpoint, **call.params)
        ids = {**self.world.ids, "mandate_id": seat.mandate_id}
        more = dict(said or {})
        sent: dict[str, Any] = {"method": call.method, "buffered": True}
        if call.method != "GET" and call.is_program:
            sent |= {"json": self.bodies.of(call.path, call.method, more), "headers": {"X-CSRFToken": seat.token}}
        elif call.method != "GET":
            sent["data"] = {"csrf_token": seat.token, **form_of(call.endpoint, ids), **more}
        elif call.endpoint in QUERIES:
            sent["query_string"] = form_of(call.endpoint, ids)
        return seat.browser.open(path, **sent)

    def reach(self, name: str, reach: Reach) -> TestResponse:
        """Return a route's answer after what leads up to it, all in one unit of work that is rolled back."""
        seat = self.seat(reach.role, reach.relation)
        named = [one for one in self.calls if f"{one.method} {one.endpoint}" == name]
        call = next(one for one in named if not reach.tender or one.tender == reach.tender)
        self._go_to(reach.at)
        try:
            with pytest.MonkeyPatch.context() as patch, rehearsal(self.engine, SYSTEM) as unit:
                said = dict(reach.before(unit, self.world, seat))
                params = {**call.params, **{key: said.pop(key) for key in set(said) & set(call.params)}}
                patch.setattr(shell, "unit_of_work", lambda engine, actor, **_: _seated(unit, actor))
                return self.ask(replace(call, params=params), seat, said)
        finally:
            self._go_to(NOW)

    def _go_to(self, instant: datetime) -> None:
        """Tell the database what time it is; whoever is signed in has just been seen."""
        tell_time(self.world.urls, instant)
        self.superuser.execute(
            "UPDATE user_session SET made_at = gongbao_now(), seen_at = gongbao_now(), proven_at = gongbao_now()"
        )


@contextmanager
def _seated(session: Session, actor: Actor | None) -> Iterator[Session]:
    """Let a request go on in a unit of work that is open, in its actor's scope."""
    session.flush()
    set_scope(session, actor)
    yield session


@contextmanager
def walking(place: Urls, folder: Path) -> Iterator[Walk]:
    """Tell the world on a database beside the worker's own, and let it be walked."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    urls = server.another(place, f"matrix_{worker}")
    migrate.upgrade(urls.owner)
    engine = engine_for(urls.app)
    world = make_world(urls, engine, folder)
    # Who visits has signed in once for a walk of many minutes; that proofs grow old is for tests of their own.
    app = make_app(engine, folder, GONGBAO_PROOF_MIN="720", GONGBAO_SESSION_IDLE_MIN="720")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    faults: list[str] = []

    def note(sender: Flask, exception: BaseException) -> None:
        faults.append("".join(traceback.format_exception(exception)[-3:]))

    got_request_exception.connect(note, app)
    visitors = Visitors(app, engine)
    seats = Seats(world, visitors).all()
    table = Table(app, world, *_samples(engine, world, seats))
    with psycopg.connect(urls.admin, autocommit=True) as superuser:
        bodies = Bodies(app, visitors.browser(), world.ids)
        yield Walk(world, table, table.calls(), seats, bodies, superuser, engine, faults)
    engine.dispose()


def _samples(
    engine: Engine, world: World, seats: list[Seat]
) -> tuple[dict[str, object], dict[tuple[str, str], object]]:
    """Return the sample of each name of an address, and those that differ from page to page."""
    officer = next(seat for seat in seats if seat.role is Role.OFFICER and seat.relation == "own")
    assert officer.person_id is not None and officer.organisation_id is not None
    maker = next(seat for seat in seats if seat.role is Role.FINANCE_MAKER and seat.relation == "own")
    assert maker.person_id is not None and maker.organisation_id is not None
    handler = next(seat for seat in seats if seat.role is Role.CLAIMS_HANDLER and seat.relation == "own")
    assert handler.person_id is not None
    with unit_of_work(engine, SYSTEM) as session:
        lists = {
            purpose: keep_list(session, world.town, purpose, officer.person_id, officer.organisation_id)
            for purpose in ("fault_list", "estate_list")
        }
        premiums = keep_list(session, world.town, "bordereau", maker.person_id, maker.organisation_id)
        claims = keep_list(session, world.town, "claims_list", handler.person_id, maker.organisation_id)
        bank_list = keep_list(session, world.town, "bank_list", maker.person_id, maker.organisation_id)
        own = session.scalars(select(User).where(User.person_id == officer.person_id)).one()
        mandate = mandates_of(session, own.person_id, NOW.date())[0]
        token, _ = add_token(session, own.id, mandate, "示例", 30, by=actor_of(mandate), at=NOW)
    places: dict[tuple[str, str], object] = {
        ("bank_lists", "bank_upload_id"): bank_list,
        ("fault_import", "paper_id"): lists["fault_list"],
        ("estate_import", "paper_id"): lists["estate_list"],
        ("bordereaux", "upload_id"): premiums,
        ("claims_lists", "claims_upload_id"): claims,
        ("api_docs.one_problem", "code"): "tender_not_found",
        ("faults.ask", "verb"): "withdraw",
        ("bid_answers.offer", "answer"): "accept",
        ("bidding", "number"): 1,
        ("api_bids", "number"): 1,
        ("reporter", "number"): world.ids["lift_number"],
        ("public", "name"): "notices",
        ("tender_draft.section", "name"): "basics",
        ("admin_calendar", "number"): 2026,
        ("admin", "mandate_id"): world.ids["held_id"],
        ("bank_months", "month"): "2026-04",
        ("api_bank_months", "month"): "2026-04",
        ("payment_batches.file", "batch_id"): world.ids["released_batch_id"],
        ("api_payment_batches.file", "batch_id"): world.ids["released_batch_id"],
        ("payouts", "batch_id"): world.ids["claim_batch_id"],
        ("api_payouts", "batch_id"): world.ids["claim_batch_id"],
        ("step_ups.declare", "statement_id"): world.ids["default_id"],
        ("step_ups.cure", "statement_id"): world.ids["in_default_id"],
        ("run_off.close", "pool_id"): world.ids["run_off_id"],
    }
    more = {"token_id": token.id, "place": 0, "position": 1}
    return {**world.ids, **more}, places
