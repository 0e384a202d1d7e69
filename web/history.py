"""The timeline of a record, read from the audit log: what happened, when, by whom for whom."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.parties import Organisation, Person
from web.formats import role_name, t, yuan
from web.history_words import ACTIONS


@dataclass(frozen=True, slots=True)
class Happened:
    """One event as the `timeline` macro shows it."""

    at: datetime
    what: str
    who: str
    note: str
    shape: str
    href: str = ""
    action: str = ""


def history(
    session: Session,
    kind: str,
    object_id: object,
    *more: tuple[str, object],
    words: Mapping[str, str] | None = None,
    leaves_out: Iterable[str] = (),
    hides_people: bool = False,
) -> list[Happened]:
    """Return what happened to a record, and to `more` of them as (kind, id), newest first.

    `words` are the page's own names of actions; `leaves_out` names actions that a reader may not know of or need not;
    `hides_people` tells organisations only. Public facts only: amounts are shown in yuan, ids are not.
    """
    about = [
        (AuditEvent.object_kind == one_kind) & (AuditEvent.object_id == str(one_id))
        for one_kind, one_id in [(kind, object_id), *more]
    ]
    query = (
        select(AuditEvent, Person.name, Organisation.short_name)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .outerjoin(Organisation, Organisation.id == AuditEvent.organisation_id)
        .where(or_(*about), AuditEvent.action.not_in(list(leaves_out)))
        .order_by(AuditEvent.id.desc())
    )
    return [
        _happened(event, None if hides_people else name, whose, words or {})
        for event, name, whose in session.execute(query)
    ]


def _happened(event: AuditEvent, name: str | None, whose: str | None, words: Mapping[str, str]) -> Happened:
    zh, en, shape = ACTIONS.get(event.action, (event.action, event.action, "dot"))
    who = " · ".join(part for part in (whose, name or role_name(event.role)) if part)
    return Happened(event.at, words.get(event.action) or t(zh, en), who, _note(event.facts), shape, action=event.action)


def _note(facts: Mapping[str, Any]) -> str:
    """Return the amounts among an event's facts, in yuan."""
    return t("，", ", ").join(
        yuan(value) for key, value in facts.items() if key.endswith("_fen") and type(value) is int
    )


def who_did(session: Session, kind: str, object_id: object, action: str) -> uuid.UUID | None:
    """Return the person behind the last event of this action on a record; None where there is none."""
    query = (
        select(AuditEvent.person_id)
        .where(AuditEvent.object_kind == kind, AuditEvent.object_id == str(object_id), AuditEvent.action == action)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query)
