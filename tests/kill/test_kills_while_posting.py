"""Kills of the application while it posts: nothing that was acknowledged is lost, and under keys nothing is doubled.

A child process posts premiums one after another and says so after each commit; it is killed at a random moment, and a
new one goes on with the first that was not acknowledged, as a client would whose request got no answer.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
import uuid
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from core.db import engine_for, run_in_unit, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger import books, entries, streams
from ledger.books import AccountRef
from ledger.entries import Event, Move
from ledger.models import Entry
from ledger.reasons import Reason
from tests.makers import AT, ON, make_pool

pytestmark = pytest.mark.kill

KILLS = 25
FORK = multiprocessing.get_context("fork")


def _post(session: Session, pool_id: int, number: int) -> dict[str, int]:
    """Post premium `number` of the pool: split in its stream, one entry."""
    shares = books.shares(session, pool_id, 1)
    split = streams.take(session, shares, "premium_net", 10_000 + number)
    moves = [
        Move(AccountRef("1110"), AccountRef("2305", member), fen)
        for member, fen in zip(shares.members, split.parts_fen, strict=True)
    ]
    event = Event(Reason.PREMIUM_WRITTEN, ON, "policy", uuid.uuid4(), f"P-{number}")
    return {"entry": entries.post(session, pool_id, event, moves, by=SYSTEM, at=AT, splits=[split]).entry_id}


def _child(url: str, pool_id: int, first: int, is_keyed: bool, pipe: Connection) -> None:
    """Post from `first` on until killed; the answer of each takes a moment to reach the client."""
    engine = engine_for(url, pool_size=1)
    number = first
    while True:

        def work(session: Session, number: int = number) -> dict[str, int]:
            if is_keyed:
                body = {"premium": number}
                return entries.once(
                    session, "kill", f"premium-{number}", body, lambda: _post(session, pool_id, number), at=AT
                )
            return _post(session, pool_id, number)

        run_in_unit(engine, SYSTEM, work)
        time.sleep(0.004)
        pipe.send(number)
        number += 1


def _run(place: Urls, pool_id: int, is_keyed: bool, kills: int) -> int:
    """Return how many premiums were acknowledged over so many killed children."""
    chance = random.Random(20260302)
    acknowledged = 0
    for _ in range(kills):
        receiver, sender = FORK.Pipe(duplex=False)
        child = FORK.Process(target=_child, args=(place.app, pool_id, acknowledged + 1, is_keyed, sender))
        child.start()
        sender.close()
        # The child gets to its first answer however busy the machine is; then its time is up at a random moment.
        assert receiver.poll(60)
        acknowledged = receiver.recv()
        until = time.monotonic() + chance.random() * 0.2
        while time.monotonic() < until:
            if receiver.poll(0.002):
                acknowledged = receiver.recv()
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        while receiver.poll(0):
            try:
                acknowledged = receiver.recv()
            except EOFError:
                break
        receiver.close()
    return acknowledged


def _settle(engine: Engine) -> None:
    """Wait until no killed child's transaction is left in the server."""
    for _ in range(200):
        with engine.connect() as connection:
            left = connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE usename = 'gongbao_app' AND datname = current_database()"
                    " AND pid <> pg_backend_pid() AND state <> 'idle'"
                )
            )
        if not left:
            return
        time.sleep(0.05)


def _documents(engine: Engine, pool_id: int) -> dict[str, int]:
    with unit_of_work(engine, SYSTEM) as session:
        query = select(Entry.document, func.count()).where(Entry.pool_id == pool_id).group_by(Entry.document)
        return {str(row[0]): int(row[1]) for row in session.execute(query)}


def test_kills_lose_and_double_nothing(engine: Engine, place: Urls) -> None:
    """Every acknowledged premium is in the book exactly once, at most one more that nobody was told of."""
    with unit_of_work(engine, SYSTEM) as session:
        pool_id = make_pool(session).pool.id
    acknowledged = _run(place, pool_id, True, KILLS)
    _settle(engine)
    found = _documents(engine, pool_id)
    assert acknowledged >= KILLS
    assert set(found.values()) == {1}
    assert {f"P-{number}" for number in range(1, acknowledged + 1)} <= set(found)
    assert len(found) - acknowledged in (0, 1)
    with unit_of_work(engine, SYSTEM) as session:
        assert sum(books.balances(session, pool_id).values()) == 0
        items = session.execute(text("SELECT max(sequence), count(*) FROM stream_item")).one()
        assert items[0] == items[1] == len(found)


def test_without_keys_a_retry_doubles(engine: Engine, place: Urls) -> None:
    """The control: the same kills and retries without keys leave premiums in the book twice."""
    with unit_of_work(engine, SYSTEM) as session:
        pool_id = make_pool(session).pool.id
    for _ in range(3):
        _run(place, pool_id, False, KILLS)
        _settle(engine)
        if max(_documents(engine, pool_id).values()) > 1:
            return
    pytest.fail("no retry doubled anything: the kills never fell between a commit and its answer")
