"""Lists that are sent, of whatever kind: begun, looked up, approved by another person, given up, stopped.

What a kind holds and how it is read and posted is its own: premiums (`underwriting.bordereaux`), claims
(`claims.lists`). The class of its rows says which kind is meant.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, NotFound, Refusal
from core.permits import Actor, require, require_other_person
from ledger import entries
from ledger.books import require_lead
from underwriting import stages
from underwriting.models import Pool
from underwriting.sent_models import SentList

Kind = TypeVar("Kind", bound=SentList)

#: What is wrong with a list: (row of the file, what).
Faults = Sequence[tuple[int, Finding]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent: name, SHA-256, field -> header as the sender chose them, the sheet (None: the first)."""

    name: str
    digest: str
    columns: Mapping[str, str]
    sheet: str | None = None


def begin(
    session: Session, kind: type[Kind], pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime, **empty: int
) -> Kind:
    """Return a new list of a pool, to be read; what it holds will be booked on `on`. `empty` are its counts and sums.

    Refuses Forbidden `role_may_not`, `lead_only`; Conflict `…_sent_before` (name) where the same file waits or was
    posted, and what `entries.open_period_on` refuses.
    """
    require(by, f"{kind.kind}.send")
    require_lead(session, pool.id, by)
    entries.open_period_on(session, pool.id, on)
    same = select(kind.name).where(
        kind.pool_id == pool.id, kind.digest == sent.digest, kind.stage.not_in(("discarded", "faulty"))
    )
    if (before := session.scalar(same)) is not None:
        raise Conflict(f"{kind.kind}_sent_before", name=before)
    row = kind(
        pool_id=pool.id,
        organisation_id=pool.lead_id,
        on=on,
        name=sent.name,
        digest=sent.digest,
        columns=dict(sent.columns),
        sheet=sent.sheet,
        stage="reading",
        line_count=0,
        fault_count=0,
        made_at=at,
        made_by=by.person_id,
        **empty,
    )
    session.add(row)
    session.flush()
    facts = {"pool": pool.id, "name": sent.name, "sha256": sent.digest, "on": on.isoformat()}
    audit.record(session, f"{kind.kind}.sent", by=by, at=at, of=(kind.kind, row.id), facts=facts)
    return row


def visible_to(kind: type[Kind], actor: Actor) -> Select[Kind]:
    """Return the query of the lists an actor may see: those of the pools it leads, or all for who reads all."""
    query = select(kind)
    return query if actor.sees_all else query.where(kind.pool_id.in_(actor.led_pools))


def get(session: Session, kind: type[Kind], list_id: uuid.UUID, actor: Actor) -> Kind:
    """Return a list that the actor may see; NotFound `…_not_found`."""
    return _found(kind, session.scalar(visible_to(kind, actor).where(kind.id == list_id)))


def of_pool(session: Session, kind: type[Kind], pool_id: int, list_id: uuid.UUID, actor: Actor) -> Kind:
    """Return a list of a pool that the actor may see; NotFound `…_not_found`."""
    mine = visible_to(kind, actor).where(kind.id == list_id, kind.pool_id == pool_id)
    return _found(kind, session.scalar(mine))


def lock(session: Session, kind: type[Kind], list_id: uuid.UUID) -> Kind:
    """Return a list, locked until the transaction ends; NotFound `…_not_found`."""
    query = select(kind).where(kind.id == list_id).with_for_update()
    return _found(kind, session.scalar(query.execution_options(populate_existing=True)))


def _found(kind: type[Kind], row: Kind | None) -> Kind:
    if row is None:
        raise NotFound(f"{kind.kind}_not_found")
    return row


def keep_faults(session: Session, row: SentList, faults: Faults) -> None:
    """Write faults down while a list is being read, those of a row in their order, and count them."""
    stages.require_list(row, "fault")
    places: dict[int, int] = {}
    told = []
    for line, finding in faults:
        places[line] = places.get(line, -1) + 1
        facts = {name: str(value) for name, value in finding.facts.items()}
        where = {"list_id": row.id, "line": line, "place": places[line]}
        told.append({**where, "code": finding.code, "field": finding.where, "facts": facts})
    if told:
        session.execute(insert(row.faults), told)
    row.fault_count += len(told)


def approve(session: Session, row: SentList, *, by: Actor, at: datetime) -> None:
    """Have a list without faults posted; another person does it than the one who sent the file.

    Refuses Forbidden `role_may_not`, `lead_only`, `second_person_needed`; Conflict `stage_refuses`, and what
    `entries.open_period_on` refuses.
    """
    require(by, f"{row.kind}.approve")
    require_lead(session, row.pool_id, by)
    stages.require_list(row, "approve")
    require_other_person(row.made_by, by)
    entries.open_period_on(session, row.pool_id, row.on)
    row.approved_at, row.approved_by = at, by.person_id
    row.stopped_code = row.stopped_facts = None
    stages.move_list(session, row, "approve", by=by, at=at)


def discard(session: Session, row: SentList, *, by: Actor, at: datetime) -> None:
    """Give up a list that is not approved. Refuses Forbidden `role_may_not`, `lead_only`; Conflict `stage_refuses`."""
    require(by, f"{row.kind}.send")
    require_lead(session, row.pool_id, by)
    stages.move_list(session, row, "discard", by=by, at=at)


def stop(session: Session, row: SentList, refusal: Refusal, *, by: Actor, at: datetime) -> None:
    """Take back the approval of a list that could not be posted, for what a refusal says."""
    stages.require_list(row, "stop")
    row.approved_at = row.approved_by = None
    row.stopped_code = refusal.code
    row.stopped_facts = {name: str(value) for name, value in refusal.facts.items()}
    stages.move_list(session, row, "stop", by=by, at=at, facts={"reason": refusal.code})


def faults_of(row: SentList) -> Select[int, str, str, dict[str, Any]]:
    """Return the query of what is wrong with a list's rows: (line, code, field, facts), by line."""
    fault = row.faults
    query = select(fault.line, fault.code, fault.field, fault.facts).where(fault.list_id == row.id)
    return query.order_by(fault.line, fault.place)
