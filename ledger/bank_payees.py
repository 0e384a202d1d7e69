"""The payees of a pool: repairers, communities and others that its claims are paid to, entered once by the lead."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, Invalid, NotFound
from core.parties import Organisation
from core.permits import Actor, require
from ledger.bank_codes import NAME_MOST
from ledger.bank_models import Payee
from ledger.books import require_lead
from ledger.models import Share

#: What a payee is, in the order in which it is asked.
KINDS = ("repairer", "community", "other")


def visible_to(actor: Actor) -> Select[Payee]:
    """Return the query of the payees an actor may see: those of the pools that it is a member of, or all."""
    query = select(Payee)
    if actor.sees_all:
        return query
    return query.where(Payee.pool_id.in_(select(Share.pool_id).where(Share.organisation_id == actor.organisation_id)))


def get(session: Session, payee_id: uuid.UUID, actor: Actor, *, pool_id: int) -> Payee:
    """Return a payee of a pool that the actor may know of; NotFound `payee_not_found`."""
    row = session.scalar(visible_to(actor).where(Payee.id == payee_id, Payee.pool_id == pool_id))
    if row is None:
        raise NotFound("payee_not_found")
    return row


def listed(actor: Actor, pool_id: int) -> Select[Payee]:
    """Return the query of the payees of a pool that the actor may see, by name."""
    return visible_to(actor).where(Payee.pool_id == pool_id).order_by(Payee.name)


def add(session: Session, pool_id: int, kind: str, name: str, *, by: Actor, at: datetime) -> Payee:
    """Return somebody new whom the pool may pay claims to; paid once an account of it is confirmed.

    An organisation of the same kind and name that is known here is what it is. Refuses Forbidden `role_may_not`,
    `lead_only`; Invalid `payee_wrong` with the findings `payee_kind_unknown`, `payee_name_missing`,
    `payee_name_too_long` (most); Conflict `payee_exists` (name).
    """
    require(by, "payee.add")
    require_lead(session, pool_id, by)
    read = " ".join(unicodedata.normalize("NFC", name).split())
    findings = [] if kind in KINDS else [Finding("payee_kind_unknown", "kind")]
    if not read:
        findings.append(Finding("payee_name_missing", "name"))
    if len(read) > NAME_MOST:
        findings.append(Finding("payee_name_too_long", "name", {"most": NAME_MOST}))
    if findings:
        raise Invalid("payee_wrong", findings)
    if session.scalar(select(func.count()).where(Payee.pool_id == pool_id, Payee.name == read)):
        raise Conflict("payee_exists", name=read)
    same = select(Organisation.id).where(Organisation.kind == kind, Organisation.name == read)
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that adds one
    row = Payee(
        pool_id=pool_id,
        kind=kind,
        name=read,
        organisation_id=session.scalar(same),
        added_by=by.person_id,
        added_at=at,
    )
    session.add(row)
    session.flush()
    facts = {"pool": pool_id, "kind": kind, "name": read}
    audit.record(session, "payee.added", by=by, at=at, of=("payee", row.id), facts=facts)
    return row
