"""What happened to a record, from the audit log: the timeline of its page, told in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, Text, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.parties import Organisation, Person
from core.permits import Actor, Role
from core.reading import Question, question
from ledger.money import format_fen
from web.audit_log import is_told
from web.formats import role_name, t
from web.history_words import ACTIONS, MARKS
from web.shell import actor

#: So many events are shown of a record, unless a page says otherwise.
MOST = 200


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a timeline, as the `timeline` macro takes it."""

    at: datetime
    what: str
    who: str
    note: str
    shape: str
    href: str = ""
    action: str = ""


def history(
    session: Session,
    *subjects: object,
    words: Mapping[str, str] | None = None,
    leaves_out: Iterable[str] = (),
    hides_people: bool = False,
    most: int = MOST,
) -> list[Happened]:
    """Return what the audit log tells of a record, newest first, at most so many: `history(session, "pool", 7)`.

    Several records are told together as pairs: `history(session, ("fault", one), ("claim", other))`. `words` are the
    page's own names of actions; `leaves_out` names actions that the reader may not know of, or need not;
    `hides_people` tells organisations only. Of bids nothing is told that the log does not yet tell this reader.
    """
    about = _pairs(subjects)
    if not about:
        return []
    rows = session.execute(events_of(about, actor(), leaves_out).limit(most))
    return told(rows, words or {}, hides_people=hides_people)


def events_of(
    about: Iterable[tuple[str, object]], reader: Actor, leaves_out: Iterable[str] = ()
) -> Select[*tuple[Any, ...]]:
    """Return the query of the events of records (pairs) that a reader may know of, for `told`; newest first."""
    found: Select[*tuple[Any, ...]] = (
        select(
            AuditEvent.at,
            AuditEvent.action,
            AuditEvent.role,
            AuditEvent.facts,
            Person.name.label("person"),
            Organisation.short_name.label("whose"),
        )
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .outerjoin(Organisation, Organisation.id == AuditEvent.organisation_id)
        .where(or_(*(_is_about(kind, what) for kind, what in about)))
        .where(is_told(reader), AuditEvent.action.not_in(list(leaves_out)))
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    )
    return found


@lru_cache(maxsize=256)
def events_about(kind: str, reader: Actor) -> Question:
    """Return what is asked for the events of a record of a kind (parameter `subject`, its id), at most so many."""
    return question(events_of([(kind, bindparam("subject", type_=Text(), required=False))], reader).limit(MOST))


def told(rows: Iterable[Any], words: Mapping[str, str], *, hides_people: bool = False) -> list[Happened]:
    """Return the events of `events_of` in the reader's language."""
    return [_told(row, "" if hides_people else row.person or "", row.whose or "", words) for row in rows]


def _pairs(subjects: Sequence[object]) -> list[tuple[str, object]]:
    """Return (kind, id) pairs, the first of which may stand as two plain values."""
    pairs: list[tuple[str, object]] = []
    rest = list(subjects)
    if rest and isinstance(rest[0], str):
        pairs.append((rest[0], rest[1]))
        rest = rest[2:]
    for one in rest:
        if not isinstance(one, tuple):
            raise TypeError(f"not a (kind, id): {one!r}")
        kind, what = one
        pairs.append((str(kind), what))
    return pairs


def _is_about(kind: str, what: object) -> ColumnElement[bool]:
    named = what if isinstance(what, BindParameter) else str(what)
    return and_(AuditEvent.object_kind == kind, AuditEvent.object_id == named)


def _told(event: Any, person: str, whose: str, words: Mapping[str, str]) -> Happened:
    known = ACTIONS.get(event.action)
    return Happened(
        at=event.at,
        what=words.get(event.action) or (t(*known) if known else event.action),
        who=_who(event, person, whose),
        note=_note(event.facts),
        shape=MARKS.get(event.action) or MARKS.get(event.action.partition(".")[2], "dot"),
        action=event.action,
    )


def _who(event: Any, person: str, whose: str) -> str:
    """Return the person and the organisation it acted for; the machinery by its role."""
    if not person and not whose:
        return role_name(event.role) if event.role != Role.PUBLIC.value else ""
    names = [name for name in (whose, person) if name]
    return " · ".join([*names, t("接口令牌", "by token")] if "by_token" in event.facts else names)


#: Facts that a reader is told in the note, in this order; money facts are shown in yuan.
_NOTED: Sequence[tuple[str, str, str]] = (
    ("estimate_fen", "估损 {} 元", "estimate CNY {}"),
    ("loss_fen", "核定损失 {} 元", "loss allowed CNY {}"),
    ("payable_fen", "核定 {} 元", "payable CNY {}"),
    ("gross_fen", "{} 元", "CNY {}"),
    ("amount_fen", "{} 元", "CNY {}"),
    ("repairer", "{}", "{}"),
    ("lifts", "{} 台电梯", "{} lifts"),
    ("rows", "{} 行", "{} rows"),
    ("version", "第 {} 版", "version {}"),
    ("due_on", "{} 前付款", "due by {}"),
)


def _note(facts: Mapping[str, object]) -> str:
    """Return the facts of an event that say more than its words."""
    told = []
    for name, zh, en in _NOTED:
        value = facts.get(name)
        if value is not None:
            text = format_fen(value) if name.endswith("_fen") and isinstance(value, int) else str(value)
            told.append(t(zh, en).format(text))
    return t("，", ", ").join(told)
