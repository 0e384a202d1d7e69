"""The audit log: written with what it tells of, placed without a gap, proved, signed, never changed."""

from __future__ import annotations

import json
import uuid
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import audit, merkle
from core.audit import AuditEvent, AuditLeaf
from core.db import run_in_unit, unit_of_work
from core.errors import Conflict, NotFound
from core.permits import SYSTEM
from tests.makers import AT


def _record(engine: Engine, count: int = 1) -> list[uuid.UUID]:
    with unit_of_work(engine, SYSTEM) as session:
        events = [
            audit.record(session, "thing.done", by=SYSTEM, at=AT, of=("thing", number), facts={"n": number})
            for number in range(count)
        ]
        return [event.id for event in events]


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


def test_private_facts_never_enter_the_log(engine: Engine) -> None:
    """A private fact enters only as a salted hash: the same fact twice leaves two different marks."""
    with unit_of_work(engine, SYSTEM) as session:
        marks = [
            audit.record(session, "a.b", by=SYSTEM, at=AT, of=("a", 1), private={"phone": "000"}).private_hash
            for _ in range(2)
        ]
    assert marks[0] != marks[1]
    assert all(mark and "000" not in audit.canonical({"m": mark}).decode()[:6] for mark in marks)


@pytest.mark.parametrize("table", ["audit_event", "audit_leaf", "audit_node", "audit_head", "paper"])
def test_nobody_changes_the_log(engine: Engine, table: str) -> None:
    """The application's role has no right to change or remove a row of the log."""
    _record(engine, 2)
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(statement))
