"""The audit log: written with what it tells of, placed without a gap, proved, signed, never changed."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core import audit, merkle
from core.audit import AuditEvent, AuditLeaf
from core.db import run_in_unit, unit_of_work
from core.errors import Conflict, NotFound
from core.permits import SYSTEM
from core.server import Urls
from tests.makers import AT


def _record(engine: Engine, count: int = 1) -> list[uuid.UUID]:
    with unit_of_work(engine, SYSTEM) as session:
        return [
            audit.record(session, "thing.done", by=SYSTEM, at=AT, of=("thing", number), facts={"n": number})
            for number in range(count)
        ]


def test_events_get_their_places_after_the_commit(engine: Engine) -> None:
    """Every committed event has a place, without a gap; one that was rolled back has none."""
    _record(engine, 3)
    with pytest.raises(Conflict), unit_of_work(engine, SYSTEM) as session:
        audit.record(session, "thing.done", by=SYSTEM, at=AT, of=("thing", 9))
        raise Conflict("busy")
    _record(engine, 2)
    with unit_of_work(engine, SYSTEM) as session:
        assert list(session.scalars(select(AuditLeaf.index).order_by(AuditLeaf.index))) == [0, 1, 2, 3, 4]
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 5


def test_a_proof_is_checked_with_sha256_alone(engine: Engine) -> None:
    """The document of a proof holds all that anyone needs to find the event in a signed head."""
    ids = _record(engine, 7)
    key = Ed25519PrivateKey.generate()
    with unit_of_work(engine, SYSTEM) as session:
        head = audit.sign_head(session, key, at=AT)
        assert audit.sign_head(session, key, at=AT) is head
        assert audit.is_signed(head)
        for number, event_id in enumerate(ids):
            proof = audit.prove(session, event_id)
            document = audit.proof_document(proof, session.get_one(AuditEvent, event_id))
            leaf = b64decode(document["leaf"])
            assert json.loads(leaf)["facts"] == {"n": number}
            path = [bytes.fromhex(digest) for digest in document["path"]]
            root = merkle.root_from_path(merkle.leaf_hash(leaf), document["index"], document["size"], path)
            assert root == head.root
        with pytest.raises(NotFound, match="log_place_not_found"):
            audit.prove(session, uuid.uuid4())
    head.root = bytes(32)
    assert not audit.is_signed(head)


def test_an_earlier_proof_stays_true_as_the_log_grows(engine: Engine) -> None:
    """A proof for an older size is made again from the longer log."""
    (first,) = _record(engine)
    with unit_of_work(engine, SYSTEM) as session:
        before = audit.prove(session, first)
    _record(engine, 11)
    with unit_of_work(engine, SYSTEM) as session:
        assert audit.prove(session, first, size=before.size) == before
        assert audit.prove(session, first).size == 12


def _one(session: Session) -> None:
    audit.record(session, "thing.done", by=SYSTEM, at=AT, of=("thing", 0))


def test_many_writers_leave_no_gap(engine: Engine) -> None:
    """Eight writers at once: every event has one place, and the root is that of the leaves in order."""
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda _: run_in_unit(engine, SYSTEM, _one, tries=30), range(80)))
    audit.sequence(engine)
    with unit_of_work(engine, SYSTEM) as session:
        leaves = session.execute(select(AuditLeaf.index, AuditLeaf.leaf_hash).order_by(AuditLeaf.index)).all()
        assert [row.index for row in leaves] == list(range(80))
        frontier = merkle.Frontier(0, [])
        for row in leaves:
            frontier.append(row.leaf_hash)
        assert frontier.root() == audit.root(session)


def test_work_is_kept_and_told_kept_while_another_gives_places(engine: Engine, place: Urls) -> None:
    """Who finds another giving places neither waits nor fails; its events get theirs from whoever comes next."""
    with psycopg.connect(place.app, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (audit.SEQUENCER_LOCK,))
        began = time.monotonic()
        _record(engine, 2)
        assert time.monotonic() - began < 5
        with unit_of_work(engine, SYSTEM) as session:
            assert (audit.tree_size(session), session.scalar(select(func.count()).select_from(AuditEvent))) == (0, 2)
    _record(engine)
    with unit_of_work(engine, SYSTEM) as session:
        assert audit.tree_size(session) == 3


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03"])
def test_a_fault_after_the_commit_neither_fails_nor_repeats_the_work(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """What goes wrong while places are given is logged: the work stands, once, and the worker gives the places."""
    fault = type("Fault", (Exception,), {"sqlstate": state})()

    def fail(*_: object, **__: object) -> int:
        raise OperationalError("", {}, fault)

    told = structlog.testing.CapturingLogger()
    with monkeypatch.context() as broken:
        broken.setattr(audit, "_place", fail)
        broken.setattr(audit, "log", told)
        run_in_unit(engine, SYSTEM, _one)
    assert [call.args for call in told.calls] == [("places_left_to_the_worker",)]
    with unit_of_work(engine, SYSTEM) as session:
        assert (audit.tree_size(session), session.scalar(select(func.count()).select_from(AuditEvent))) == (0, 1)
    assert audit.sequence(engine) == 1


def test_what_was_left_to_the_one_at_it_gets_its_place_from_that_one(
    engine: Engine, place: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event committed while another gives places, whose own commit left it, is placed when that one looks again."""
    give = audit._place
    left: list[bool] = []

    def meanwhile(connection: Connection, batch: int, *, waits: bool) -> int:
        done = give(connection, batch, waits=waits)
        if not left:
            left.append(True)
            with psycopg.connect(place.app, autocommit=True) as other:
                other.execute("SELECT pg_advisory_lock(%s)", (audit.SEQUENCER_LOCK,))
                _record(engine)
                other.execute("SELECT pg_advisory_unlock(%s)", (audit.SEQUENCER_LOCK,))
        return done

    monkeypatch.setattr(audit, "_place", meanwhile)
    _record(engine)
    with unit_of_work(engine, SYSTEM) as session:
        assert audit.tree_size(session) == 2


def test_places_are_given_where_every_statement_looks_anew(engine: Engine) -> None:
    """Under a snapshot, what was committed before the turn came would not be seen: the database refuses it."""
    with unit_of_work(engine, SYSTEM) as session, pytest.raises(DBAPIError, match="under read committed"):
        session.execute(select(func.place_events(audit.SEQUENCER_LOCK, 1, False)))


@pytest.mark.parametrize("table", ["audit_event", "audit_leaf", "audit_node", "audit_head", "paper"])
def test_nobody_changes_the_log(engine: Engine, table: str) -> None:
    """The application's role has no right to change or remove a row of the log."""
    _record(engine, 2)
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(statement))
