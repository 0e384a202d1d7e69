"""The log as its readers may see it: what is told, what waits until a box is closed, places, proofs, signed heads.

While a tender takes bids the log says nothing of them, not even how many there are. A reader who counts could tell
that from the places which are missing, so to everyone but the auditor (whose office is to keep the heads) the log
ends, for places, proofs and heads, before the first event that still waits.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from core import audit, merkle
from core.audit import AuditEvent, AuditHead, AuditLeaf, AuditNode
from core.clock import CITY
from core.errors import NotFound
from core.parties import Organisation, Person
from core.permits import Actor, Role
from tender.models import SealedBid, Tender
from web.listing import Query

#: What the log tells the administrator: accounts, people and settings, no tender and no money.
PLATFORM = ("account", "calendar", "job", "mandate", "organisation", "person", "token")

#: A day of the log that is counted alone.
DAYS_SHOWN = 30


def is_told(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an actor may read an event by now: one of a bid, once the box of its tender is closed.

    An insurer reads at any time what it did itself. Whatever shows events asks this, the timeline of a page too.
    """
    closed = select(cast(Tender.id, Text)).where(Tender.box_closed_at.is_not(None))
    sealed = (
        select(cast(SealedBid.id, Text))
        .join(Tender, Tender.id == SealedBid.tender_id)
        .where(Tender.box_closed_at.is_not(None))
    )
    return or_(
        AuditEvent.action.not_like("bid.%"),
        and_(AuditEvent.object_kind == "tender", AuditEvent.object_id.in_(closed)),
        and_(AuditEvent.object_kind == "sealed_bid", AuditEvent.object_id.in_(sealed)),
        AuditEvent.facts["tender"].astext.in_(closed),
        *(
            ()
            if actor.sees_all or not actor.organisation_id
            else (AuditEvent.organisation_id == actor.organisation_id,)
        ),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the log; what is empty leaves everything in."""

    area: str = ""
    action: str = ""
    kind: str = ""
    object_id: str = ""
    who: str = ""
    first: date | None = None
    last: date | None = None


def events_visible_to(actor: Actor, wanted: Wanted = Wanted()) -> Query:
    """Return the query of (event, place, person, organisation) that an actor may read, newest first."""
    query = (
        select(AuditEvent, AuditLeaf.index, Person.name, Organisation.short_name)
        .outerjoin(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .outerjoin(Organisation, Organisation.id == AuditEvent.organisation_id)
        .where(is_told(actor), *_conditions(wanted))
        .order_by(AuditEvent.id.desc())
    )
    return query.where(AuditEvent.object_kind.in_(PLATFORM)) if actor.role is Role.ADMINISTRATOR else query


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.area:
        found.append(AuditEvent.action.startswith(f"{wanted.area}.", autoescape=True))
    if wanted.action:
        found.append(AuditEvent.action == wanted.action)
    if wanted.kind:
        found.append(AuditEvent.object_kind == wanted.kind)
    if wanted.object_id:
        found.append(AuditEvent.object_id == wanted.object_id)
    if wanted.who:
        word = wanted.who
        found.append(
            or_(Person.name.icontains(word, autoescape=True), Organisation.name.icontains(word, autoescape=True))
        )
    if wanted.first:
        found.append(AuditEvent.at >= datetime.combine(wanted.first, time(), CITY))
    if wanted.last:
        found.append(AuditEvent.at < datetime.combine(wanted.last + timedelta(days=1), time(), CITY))
    return found


def areas_of(session: Session, actor: Actor) -> list[str]:
    """Return the areas of the actions that the log tells this reader of: `tender`, `claim` ..."""
    area = func.split_part(AuditEvent.action, ".", 1)
    query = select(area).where(is_told(actor)).group_by(area).order_by(area)
    if actor.role is Role.ADMINISTRATOR:
        query = query.where(AuditEvent.object_kind.in_(PLATFORM))
    return list(session.scalars(query))


def told_size(session: Session, actor: Actor) -> int | None:
    """Return how many places of the log this reader is told of; None for the auditor, who is told of all."""
    if actor.role is Role.AUDITOR:
        return None
    waiting = select(func.min(AuditLeaf.index)).join(AuditEvent, AuditEvent.id == AuditLeaf.event_id)
    first = session.scalar(waiting.where(~func.coalesce(is_told(actor), False)))
    return audit.tree_size(session) if first is None else first


def event_of(session: Session, event_id: uuid.UUID, actor: Actor) -> Any:
    """Return (event, place, person, organisation); NotFound `log_event_not_found`."""
    row = session.execute(events_visible_to(actor).where(AuditEvent.id == event_id)).one_or_none()
    if row is None:
        raise NotFound("log_event_not_found")
    return row


def proof_of(session: Session, event_id: uuid.UUID, actor: Actor) -> dict[str, Any]:
    """Return the proof that an event stands in the log, under the oldest signed head that holds it where there is one.

    Refuses NotFound `log_event_not_found`, `log_place_not_found` before the event has its place, or while its place
    waits for a box to be closed.
    """
    row = event_of(session, event_id, actor)
    most = told_size(session, actor)
    place: int | None = row[1]
    if place is None or (most is not None and place >= most):
        raise NotFound("log_place_not_found", index=-1)
    holding = heads_visible_to(most).where(AuditHead.size > place).order_by(AuditHead.size).limit(1)
    head = session.scalar(holding)
    proof = audit.prove(session, event_id, head.size if head else most)
    document = audit.proof_document(proof, row[0])
    return {**document, "head": head_document(head) if head else None}


def heads_visible_to(most: int | None) -> Select[Any]:
    """Return the query of the signed heads, for a reader who is told of so many places (None: all)."""
    query = select(AuditHead)
    return query if most is None else query.where(AuditHead.size <= most)


def head_document(head: AuditHead) -> dict[str, Any]:
    """Return a signed head as a JSON value; `signed` are the very bytes that the signature is under."""
    return {
        "size": head.size,
        "root": head.root.hex(),
        "signed_at": head.signed_at,
        "public_key": head.public_key.hex(),
        "signature": head.signature.hex(),
        "signed": base64.b64encode(audit.head_bytes(head.size, head.root, head.signed_at)).decode(),
    }


@dataclass(frozen=True, slots=True)
class CheckedHead:
    """A head, and whether its signature holds and the log still has its root."""

    head: AuditHead
    is_signed: bool
    is_whole: bool

    @property
    def stage(self) -> str:
        """Return the state as `web.states` names it."""
        return "passed" if self.is_signed and self.is_whole else "failed"


def checked(session: Session, heads: Sequence[AuditHead]) -> list[CheckedHead]:
    """Return heads with what a check of each came to: the signature, and the root rebuilt from the log as it stands."""
    wanted = {place for head in heads for place in merkle.frontier_places(head.size)}
    nodes = _nodes(session, wanted)
    found = []
    for head in heads:
        parts = [nodes.get(place) for place in merkle.frontier_places(head.size)]
        is_whole = None not in parts and merkle.fold([part for part in parts if part is not None]) == head.root
        found.append(CheckedHead(head, audit.is_signed(head), is_whole))
    return found


def _nodes(session: Session, wanted: set[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
    """Return (level, index) -> hash of these subtrees, in two queries."""
    leaves = [index for level, index in wanted if level == 0]
    nodes: dict[tuple[int, int], bytes] = {}
    for index, digest in session.execute(
        select(AuditLeaf.index, AuditLeaf.leaf_hash).where(AuditLeaf.index.in_(leaves))
    ):
        nodes[0, index] = digest
    levels: dict[int, list[int]] = {}
    for level, index in wanted:
        if level:
            levels.setdefault(level, []).append(index)
    either = [and_(AuditNode.level == level, AuditNode.index.in_(found)) for level, found in levels.items()]
    if either:
        for node in session.scalars(select(AuditNode).where(or_(*either))):
            nodes[node.level, node.index] = node.node_hash
    return nodes


def by_day(session: Session, actor: Actor, today: date) -> list[tuple[date, int]]:
    """Return how many events each of the last days had, today's last."""
    first = today - timedelta(days=DAYS_SHOWN - 1)
    day = func.date(func.timezone(CITY.key, AuditEvent.at))
    query = select(day, func.count()).where(is_told(actor), AuditEvent.at >= datetime.combine(first, time(), CITY))
    if actor.role is Role.ADMINISTRATOR:
        query = query.where(AuditEvent.object_kind.in_(PLATFORM))
    counted = {row[0]: int(row[1]) for row in session.execute(query.group_by(day))}
    days = [first + timedelta(days=n) for n in range(DAYS_SHOWN)]
    return [(one, counted.get(one, 0)) for one in days]
