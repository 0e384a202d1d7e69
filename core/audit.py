"""The append-only record of who did what: an RFC 6962 Merkle tree with signed heads.

A verb writes its event with `record` in the same transaction as what it did, with the hash of its leaf. After the
commit the database gives every new event its place in the log (`place_events`; one advisory lock, so no place is
skipped or taken twice) and adds the tree's nodes. The log holds ids and small public facts, never a person's data.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import CheckConstraint, Connection, Engine, ForeignKey, Index, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import merkle
from core.db import Model, Writing, new_id
from core.errors import NotFound, Refusal
from core.permits import Actor

#: One number for the whole database: who holds this lock may give out places in the log.
SEQUENCER_LOCK = 0x6F6E6762
#: Events that get their places in one transaction.
BATCH = 2000
#: How often one commit looks whether others left their events to it, before it leaves them to the worker.
ROUNDS = 5

log = structlog.get_logger("gongbao.log")


class AuditEvent(Model):
    """One thing somebody did. Never changed or removed."""

    __tablename__ = "audit_event"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    action: Mapped[str]
    person_id: Mapped[uuid.UUID | None]
    organisation_id: Mapped[uuid.UUID | None]
    role: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    facts: Mapped[dict[str, Any]]
    __table_args__ = (Index("ix_audit_event_object", "object_kind", "object_id"),)


class AuditPending(Model):
    """An event that has no place in the log yet, with the hash that will stand there; gone as soon as it has.

    Without a foreign key: its look at the newest events would make any two who write at once each other's conflict.
    What has no event gets no place, and `gongbao verify` names it (INV-A3).
    """

    __tablename__ = "audit_pending"
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    leaf_hash: Mapped[bytes]
    __table_args__ = (CheckConstraint("length(leaf_hash) = 32", name="hash"),)


class AuditLeaf(Model):
    """An event's place in the log and the hash that stands there."""

    __tablename__ = "audit_leaf"
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("audit_event.id"), unique=True)
    leaf_hash: Mapped[bytes]
    __table_args__ = (
        CheckConstraint("index >= 0", name="index"),
        CheckConstraint("length(leaf_hash) = 32", name="hash"),
    )


class AuditNode(Model):
    """The hash over a complete subtree of 2**level leaves; level 0 stands in the leaves themselves."""

    __tablename__ = "audit_node"
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node_hash: Mapped[bytes]


class AuditHead(Model):
    """A signed head: so many leaves hash to this root, said at this time by this key."""

    __tablename__ = "audit_head"
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    signed_at: Mapped[datetime]
    public_key: Mapped[bytes]
    signature: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Proof:
    """That a leaf stands in a tree of `size` leaves with this root; checked by `merkle.root_from_path`."""

    index: int
    size: int
    leaf_hash: bytes
    path: tuple[bytes, ...]
    root: bytes


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


_COLUMNS = ("id", "at", "action", "person_id", "organisation_id", "role", "object_kind", "object_id")
_INSERT_EVENT = (
    "INSERT INTO audit_event (id, at, action, person_id, organisation_id, role, object_kind, object_id, facts)"
    " VALUES (:id, :at, :action, :person_id, :organisation_id, :role, :object_kind, :object_id, CAST(:facts AS jsonb))"
)
_INSERT_PENDING = "INSERT INTO audit_pending (event_id, leaf_hash) VALUES (:event_id, :leaf_hash)"
#: Events that differ in what they are about and in their facts alone, in columns: planned once for any number of them.
_INSERT_EVENTS = (
    "INSERT INTO audit_event (id, at, action, person_id, organisation_id, role, object_kind, object_id, facts)"
    " SELECT id, :at, :action, :person_id, :organisation_id, :role, :object_kind, object_id, CAST(facts AS jsonb)"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:object_ids AS text[]), CAST(:facts AS text[]))"
    " AS event (id, object_id, facts)"
)
_INSERT_PENDINGS = (
    "INSERT INTO audit_pending (event_id, leaf_hash)"
    " SELECT * FROM unnest(CAST(:event_ids AS uuid[]), CAST(:leaf_hashes AS bytea[]))"
)


def record(
    session: Session,
    action: str,
    *,
    by: Actor,
    at: datetime,
    of: tuple[str, object],
    facts: Mapping[str, Any] | None = None,
    writing: Writing | None = None,
) -> uuid.UUID:
    """Write one event in this transaction and return its id; by a token, `by_token` is added to its facts.

    With a `writing` the event is added to it and written with it.
    """
    event = _made(session, action, by=by, at=at, of=of, facts=facts)
    mine = Writing() if writing is None else writing
    mine.add(_INSERT_EVENT, {**_columns(event), "facts": canonical(event.facts).decode()})
    mine.add(_INSERT_PENDING, {"event_id": event.id, "leaf_hash": merkle.leaf_hash(leaf_bytes(event))})
    if writing is None:
        mine.write(session)
    session.info["audited"] = True
    return event.id


def _made(
    session: Session,
    action: str,
    *,
    by: Actor,
    at: datetime,
    of: tuple[str, object],
    facts: Mapping[str, Any] | None,
) -> AuditEvent:
    """Return an event of no session, not written yet."""
    token_id = by.token_id or session.info.get("token_id")
    return AuditEvent(
        id=new_id(),
        at=at,
        action=action,
        person_id=by.person_id,
        organisation_id=by.organisation_id,
        role=by.role.value,
        object_kind=of[0],
        object_id=str(of[1]),
        facts={**(facts or {}), **({"by_token": str(token_id)} if token_id else {})},
    )


def _columns(event: AuditEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in _COLUMNS}


def record_each(
    session: Session,
    action: str,
    kind: str,
    events: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    by: Actor,
    at: datetime,
    writing: Writing | None = None,
) -> None:
    """Write one event for each (record's id, facts), as `record` does one by one, in one statement for all.

    With a `writing` they are added to it and written with it.
    """
    if not events:
        return
    made = [_made(session, action, by=by, at=at, of=(kind, one), facts=facts) for one, facts in events]
    same = _columns(made[0])
    ids = [one.id for one in made]
    about = [one.object_id for one in made]
    facts_of = [canonical(one.facts).decode() for one in made]
    mine = Writing() if writing is None else writing
    mine.add(_INSERT_EVENTS, {**same, "ids": ids, "object_ids": about, "facts": facts_of})
    hashes = [merkle.leaf_hash(leaf_bytes(one)) for one in made]
    mine.add(_INSERT_PENDINGS, {"event_ids": ids, "leaf_hashes": hashes})
    if writing is None:
        mine.write(session)
    session.info["audited"] = True


def who_did(session: Session, action: str, of: tuple[str, object]) -> uuid.UUID | None:
    """Return the person behind the last event of this action on a record; None where there is none, or no person."""
    query = (
        select(AuditEvent.person_id)
        .where(AuditEvent.object_kind == of[0], AuditEvent.object_id == str(of[1]), AuditEvent.action == action)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def leaf_bytes(event: AuditEvent) -> bytes:
    """Return the bytes that an event's leaf hashes: its columns as canonical JSON."""
    return canonical(
        {
            "id": str(event.id),
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "action": event.action,
            "person": str(event.person_id or ""),
            "organisation": str(event.organisation_id or ""),
            "role": event.role,
            "object": [event.object_kind, event.object_id],
            "facts": event.facts,
        }
    )


def sequence(engine: Engine, *, batch: int = BATCH) -> int:
    """Give every committed event without one its place in the log, waiting for its turn; return how many got one.

    Runs alone, in transactions of its own that see all that is committed. What a killed process left without a place
    gets it next time.
    """
    total = 0
    with _alone(engine) as connection:
        while done := _place(connection, batch, waits=True):
            total += done
    return total


def place_committed(engine: Engine) -> None:
    """Give what has just been committed its place, unless somebody else is giving places; never raises, never waits.

    The work is kept by now, so nothing here may make its caller refuse it or do it again: a fault is logged, and the
    worker's `sequence_log` gives the places. Who finds another at it leaves its events to that one, which looks again
    after it has let go.
    """
    try:
        with _alone(engine) as connection:
            for _ in range(ROUNDS):
                if not _place(connection, BATCH, waits=False) or not connection.scalar(_IS_ANY_PENDING):
                    return
    except (SQLAlchemyError, Refusal) as fault:
        log.warning("places_left_to_the_worker", fault=str(fault))


_PLACE = text("SELECT place_events(:turn, :most, :waits)")
_IS_ANY_PENDING = text("SELECT EXISTS (SELECT FROM audit_pending)")


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Open a connection whose every statement is a transaction of its own that sees all that is committed."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def _place(connection: Connection, batch: int, *, waits: bool) -> int:
    """Give places to at most `batch` events in one transaction; to none where another is at it and this never waits."""
    return int(connection.scalar(_PLACE, {"turn": SEQUENCER_LOCK, "most": batch, "waits": waits}) or 0)


def tree_size(session: Session) -> int:
    """Return how many leaves the log has."""
    last = session.scalar(select(func.max(AuditLeaf.index)))
    return 0 if last is None else last + 1


def _node(session: Session, level: int, index: int) -> bytes:
    """Return the hash over one complete subtree."""
    if level == 0:
        found = session.scalar(select(AuditLeaf.leaf_hash).where(AuditLeaf.index == index))
    else:
        found = session.scalar(select(AuditNode.node_hash).where(AuditNode.level == level, AuditNode.index == index))
    if found is None:
        raise NotFound("log_place_not_found", index=index)
    return found


def _frontier(session: Session, size: int) -> list[bytes]:
    """Return the hashes of the complete subtrees that a tree of `size` leaves is made of, largest first."""
    return [_node(session, level, index) for level, index in merkle.frontier_places(size)]


def root(session: Session, size: int | None = None) -> bytes:
    """Return the root over the first `size` leaves (all, where not told)."""
    return merkle.fold(_frontier(session, tree_size(session) if size is None else size))


def prove(session: Session, event_id: uuid.UUID, size: int | None = None) -> Proof:
    """Return the proof that an event stands in the log; NotFound `log_place_not_found` before it has its place."""
    leaf = session.scalar(select(AuditLeaf).where(AuditLeaf.event_id == event_id))
    if leaf is None:
        raise NotFound("log_place_not_found", index=-1)
    size = tree_size(session) if size is None else size

    def range_hash(start: int, stop: int) -> bytes:
        return merkle.range_hash(start, stop, lambda level, index: _node(session, level, index))

    path = merkle.inclusion_path(leaf.index, size, range_hash)
    return Proof(leaf.index, size, leaf.leaf_hash, tuple(path), root(session, size))


def head_bytes(size: int, root_hash: bytes, signed_at: datetime) -> bytes:
    """Return the bytes that a signed head signs."""
    return canonical(
        {
            "log": "gongbao-1",
            "size": size,
            "root": root_hash.hex(),
            "at": signed_at.astimezone(UTC).isoformat(),
        }
    )


def sign_head(session: Session, key: Ed25519PrivateKey, *, at: datetime) -> AuditHead:
    """Return the signed head over all leaves so far; the one that stands already where nothing has been added."""
    size = tree_size(session)
    standing = session.get(AuditHead, size)
    if standing is not None:
        return standing
    root_hash = root(session, size)
    head = AuditHead(
        size=size,
        root=root_hash,
        signed_at=at,
        public_key=key.public_key().public_bytes_raw(),
        signature=key.sign(head_bytes(size, root_hash, at)),
    )
    session.add(head)
    session.flush()
    return head


def is_signed(head: AuditHead) -> bool:
    """Say whether a head's signature holds under the key it names."""
    key = Ed25519PublicKey.from_public_bytes(head.public_key)
    try:
        key.verify(head.signature, head_bytes(head.size, head.root, head.signed_at))
    except InvalidSignature:
        return False
    return True


def proof_document(proof: Proof, event: AuditEvent) -> dict[str, Any]:
    """Return a proof as a JSON value that anyone can check with SHA-256 alone."""
    return {
        "index": proof.index,
        "size": proof.size,
        "leaf": base64.b64encode(leaf_bytes(event)).decode(),
        "leaf_hash": proof.leaf_hash.hex(),
        "path": [digest.hex() for digest in proof.path],
        "root": proof.root.hex(),
    }
