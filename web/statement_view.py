"""A statement as its page and its API show it: found for who may see it, its rows, its files, what can be done now."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.parties import Organisation, Person
from core.permits import Actor, may
from core.settings import Settings
from ledger import stages, statements, threads
from ledger.models import Period, Statement
from underwriting.models import Pool
from web.documents.rows import StatementRows
from web.overdue import is_overdue
from web.paper_desk import verification_of
from web.statement_paper import kept_files, statement_rows


def statement_of(session: Session, statement_id: uuid.UUID, who: Actor) -> Statement:
    """Return a statement that the actor may see; NotFound `statement_not_found`."""
    row = session.scalar(statements.visible_to(who).where(Statement.id == statement_id))
    if row is None:
        raise NotFound("statement_not_found")
    return row


def rows_shown(session: Session, statement: Statement, settings: Settings) -> StatementRows:
    """Return a statement's rows with the code of its kept PDF; an empty code before it is made."""
    kept = kept_files(session, statement)
    return statement_rows(session, statement, verification_of(settings, kept["pdf"].code if "pdf" in kept else ""))


def is_leading(who: Actor, statement: Statement) -> bool:
    """Say whether the actor's organisation leads the pool of a statement."""
    return statement.pool_id in who.led_pools


def answers_open(who: Actor, statement: Statement) -> list[str]:
    """Return the answers that the actor may give now: `acknowledge`, `agree`, `query`."""
    if who.organisation_id != statement.organisation_id or not may(who, "statement.answer"):
        return []
    verbs = ("agree", "acknowledge", "query")
    return [verb for verb in verbs if (statement.stage, verb) in stages.STATEMENT_MOVES]


@dataclass(frozen=True, slots=True)
class Said:
    """What one side (`member`, `lead`) said about a statement: its place, who, when, and the entry it is about."""

    sequence: int
    side: str
    person: str
    at: datetime
    words: str
    entry: int | None


def thread_of(session: Session, statement: Statement) -> list[Said]:
    """Return the thread of a statement with its speakers' names, as page, API and file show it."""
    said = threads.thread(session, statement)
    people = {one.person_id for one in said}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    names: dict[uuid.UUID | None, str] = {row[0]: row[1] for row in rows}
    return [
        Said(
            one.sequence,
            one.side,
            names.get(one.person_id, ""),
            one.at,
            one.words,
            one.entry_id,
        )
        for one in said
    ]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The filters of a list of statements; what is empty leaves everything in. `overdue_on`: overdue on that day."""

    stage: str = ""
    overdue_on: date | None = None
    pool_id: int | None = None
    member: uuid.UUID | None = None
    period: str = ""


def listed_for(who: Actor, narrowed: Narrowed) -> Select[Any]:
    """Return the query of the statements that an actor may see, newest period first, members in their order."""
    seen = statements.visible_to(who).with_only_columns(Statement.id)
    query = (
        select(
            Statement.id,
            Statement.number,
            Statement.pool_id,
            Pool.lead_id,
            Pool.name.label("pool"),
            Period.label.label("period"),
            Period.starts_on,
            Period.ends_on,
            Statement.organisation_id,
            Organisation.name.label("member"),
            Statement.stage,
            Statement.balance_fen,
            Statement.issued_at,
            Statement.due_on,
            Statement.answered_at,
            Statement.interest_until_on,
            Statement.settled_on,
        )
        .join(Period, (Period.pool_id == Statement.pool_id) & (Period.id == Statement.period_id))
        .join(Pool, Pool.id == Statement.pool_id)
        .join(Organisation, Organisation.id == Statement.organisation_id)
        .where(Statement.id.in_(seen))
        .order_by(Period.ends_on.desc(), Statement.number)
    )
    if narrowed.stage:
        query = query.where(Statement.stage == narrowed.stage)
    if narrowed.overdue_on is not None:
        query = query.where(is_overdue(narrowed.overdue_on))
    if narrowed.pool_id is not None:
        query = query.where(Statement.pool_id == narrowed.pool_id)
    if narrowed.member is not None:
        query = query.where(Statement.organisation_id == narrowed.member)
    if narrowed.period:
        query = query.where(Period.label == narrowed.period)
    return cast(Select[Any], query)


def chain(session: Session, statement: Statement, ends_on: date) -> tuple[Statement | None, Statement | None]:
    """Return the statements of the same member in the pool's period before and after; None at an end."""
    own = (Statement.pool_id == statement.pool_id, Statement.organisation_id == statement.organisation_id)
    query = select(Statement).join(Period, Period.id == Statement.period_id).where(*own, Statement.stage != "draft")
    before = session.scalar(query.where(Period.ends_on < ends_on).order_by(Period.ends_on.desc()).limit(1))
    after = session.scalar(query.where(Period.ends_on > ends_on).order_by(Period.ends_on).limit(1))
    return before, after
