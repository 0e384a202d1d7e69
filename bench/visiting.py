"""Who asks the application in a measurement: an officer with a token, and the real server with its workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from sqlalchemy import Engine

from bench.place import DAY, ENDS
from core import parties
from core.db import instant, unit_of_work
from core.permits import SYSTEM, Actor, Role
from core.server import Urls
from web.accounts import User, add_token, create_user

WORKERS, THREADS = 2, 4
#: How long the server may take to answer for the first time, and to stop.
_READY_WITHIN_S, _STOPPED_WITHIN_S = 90, 20
#: The least work for a password that protects nothing.
_QUICK = {"time_cost": 1, "memory_cost": 1024, "parallelism": 1}


def make_officer(engine: Engine) -> tuple[User, str]:
    """Return the account of an invented bureau's officer and a token to act by."""
    with unit_of_work(engine, SYSTEM) as session:
        at = instant(session)
        bureau = parties.add_organisation(session, "bureau", "示例主管单位", by=SYSTEM, at=at)
        person = parties.add_person(session, "示例经办", by=SYSTEM, at=at)
        mandate = parties.give_mandate(session, person, bureau, Role.OFFICER, date(2020, 1, 1), by=SYSTEM, at=at)
        account = create_user(
            session, person, "officer@example.test", "only for a bench", by=SYSTEM, at=at, hashing=_QUICK
        )
        actor = Actor(person.id, bureau.id, Role.OFFICER, "bureau")
        _, token = add_token(session, account.id, mandate, "bench", 1, by=actor, at=at)
        return account, token


def premium(pool_id: int, number: str, lift_id: str, token: str, key: str) -> tuple[str, dict[str, str]]:
    """Return the body and the headers by which a program binds a policy of one lift."""
    body = {
        "pool_id": pool_id,
        "number": number,
        "lift_ids": [lift_id],
        "inception_on": DAY.isoformat(),
        "expires_on": ENDS.isoformat(),
        "on": DAY.isoformat(),
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    return json.dumps(body), headers


def environment(urls: Urls, folder: Path) -> dict[str, str]:
    """Return the environment of a command of ours on a database of a measurement."""
    told = {"DATABASE_URL": urls.app, "GONGBAO_OWNER_URL": urls.owner, "GONGBAO_AUDITOR_URL": urls.auditor}
    return {**os.environ, **told, "GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(folder)}


@contextmanager
def served(urls: Urls, folder: Path) -> Iterator[int]:
    """Run the real server beside this process and give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = ("serve", "--port", str(port), "--workers", str(WORKERS), "--threads", str(THREADS))
    with (folder / "web.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "web.cli", *words], env=environment(urls, folder), stdout=log, stderr=log
        )
    try:
        _await(child, port, folder / "web.log")
        yield port
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _await(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once the server answers; raises OSError with its last words where it does not."""
    until_s = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until_s and child.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.2)
    raise OSError(log.read_text(encoding="utf-8", errors="replace")[-2000:] or "the server does not answer")
