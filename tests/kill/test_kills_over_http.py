"""Kills of the web server while it answers: under an Idempotency-Key nothing that was answered is lost or doubled.

A child process serves the application on loopback; it is killed at a random moment of a request. A client sends one
report after another, and each that got no answer again, to the next child, under the same key.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path
from select import select as readable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from werkzeug.serving import make_server

from claims.models import Fault
from core.audit import AuditEvent
from core.db import engine_for, unit_of_work
from core.parties import actor_of, mandates_of
from core.permits import SYSTEM, Role
from core.server import Urls
from tests.makers import make_policy, make_pool
from tests.visitors import Visitors, make_app
from underwriting import policies
from web.accounts import add_token

pytestmark = pytest.mark.kill

KILLS = 50
FORK = multiprocessing.get_context("fork")


class Served:
    """An application behind a socket that outlives the processes that serve it."""

    def __init__(self, app: Flask, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def begin(self) -> BaseProcess:
        """Return a new process that serves; what waits for one that is gone has lost its way."""
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.socket.accept()[0].close()
        self.socket.setblocking(True)
        child = FORK.Process(target=self._serve, daemon=True)
        child.start()
        return child

    def _serve(self) -> None:
        def slow(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            answer = self.app(environ, start)
            time.sleep(0.004)  # the way to the client: the work is committed and nobody was told
            return answer

        make_server("127.0.0.1", self.port, slow, fd=self.socket.fileno()).serve_forever()

    def ask(self, child: BaseProcess, number: int, lift: str, key: str) -> int:
        """Return the status of a report's answer; OSError or HTTPException where there is none."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = self.headers | ({"Idempotency-Key": key} if key else {})
            body = json.dumps({"lift": lift, "description": f"F-{number}"})
            link.request("POST", "/api/v1/faults", body, headers | {"Content-Type": "application/json"})
            while not readable([link.sock], [], [], 0.02)[0]:
                if not child.is_alive():
                    raise ConnectionAbortedError
            answer = link.getresponse()
            answer.read()
            return answer.status
        finally:
            link.close()


@pytest.fixture
def lift(engine: Engine) -> str:
    """The number of a lift that is covered."""
    with unit_of_work(engine, SYSTEM) as session:
        policy = make_policy(session, make_pool(session))
        return policies.lifts_of(session, policy)[0][1].number


@pytest.fixture
def served(engine: Engine, place: Urls, state_dir: Path) -> Iterator[Served]:
    """The application for a program of the bureau; each child has connections of its own, for this process has none."""
    visitors = Visitors(make_app(engine, state_dir), engine)
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        now = session.scalars(select(func.gongbao_now())).one()
        mandate = mandates_of(session, user.person_id, date(2026, 1, 1))[0]
        _, secret = add_token(session, user.id, mandate, "示例", 30, by=actor_of(mandate), at=now)
    own = engine_for(place.app, pool_size=2)
    made = Served(make_app(own, state_dir), {"Authorization": f"Bearer {secret}"})
    yield made
    made.socket.close()
    own.dispose()


def _run(served: Served, lift: str, is_keyed: bool, kills: int) -> int:
    """Return how many reports were answered over so many killed servers."""
    chance, answered = random.Random(20260302), 0
    for _ in range(kills):
        child = served.begin()
        answered = _send_on(served, child, lift, answered, is_keyed)  # however long the first answer of a process takes
        clock = threading.Timer(0.02 + chance.random() * 0.15, os.kill, (child.pid or 0, signal.SIGKILL))
        clock.start()
        while child.is_alive():
            answered = _send_on(served, child, lift, answered, is_keyed)
        clock.join()
        child.join()
    return answered


def _send_on(served: Served, child: BaseProcess, lift: str, answered: int, is_keyed: bool) -> int:
    """Send the first report that was not answered; return how many are now."""
    number = answered + 1
    try:
        status = served.ask(child, number, lift, f"report-{number}" if is_keyed else "")
    except (OSError, http.client.HTTPException):
        return answered
    assert status == 201
    return number


def _reports(engine: Engine) -> dict[str, int]:
    with unit_of_work(engine, SYSTEM) as session:
        query = select(Fault.description, func.count()).group_by(Fault.description)
        return {str(row[0]): int(row[1]) for row in session.execute(query)}


def test_kills_of_the_server_lose_and_double_nothing(engine: Engine, served: Served, lift: str) -> None:
    """Every answered report is there exactly once, with one event in the log; at most one more nobody was told of."""
    answered = _run(served, lift, True, KILLS)
    found = _reports(engine)
    assert answered >= KILLS
    assert set(found.values()) == {1}
    assert {f"F-{number}" for number in range(1, answered + 1)} <= set(found)
    assert len(found) - answered in (0, 1)
    with unit_of_work(engine, SYSTEM) as session:
        told = session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "fault.report"))
    assert told == len(found)


def test_without_keys_a_request_sent_again_doubles(engine: Engine, served: Served, lift: str) -> None:
    """The control: the same kills and requests without keys leave reports twice."""
    for _ in range(3):
        _run(served, lift, False, KILLS)
        if max(_reports(engine).values()) > 1:
            return
    pytest.fail("no request that was sent again doubled anything: the kills never fell between a commit and its answer")
