"""Lists that are sent, of any kind, as their pages, their API and their worker take, list and tell them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO, Any, Generic, Protocol, TypeVar, cast

from flask import url_for
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from core.errors import Finding, Invalid
from core.parties import Person
from core.permits import Actor, may
from underwriting import sent_lists
from underwriting.models import Pool
from underwriting.sent_lists import Sent
from underwriting.sent_models import SentList
from web.cells import Limits
from web.columns import Column
from web.errors import words
from web.finance_work import Work
from web.formats import number, t, yuan
from web.jobs import defer
from web.keeping import settings, store_in
from web.listing import Query, Written
from web.row_schema import RowSchema
from web.sent_words import ListWords
from web.sent_work import keep_file

#: So long the first page of who sent or approved a list tells that it was posted.
_TOLD_FOR = timedelta(days=3)
L = TypeVar("L", bound=SentList)
Exported = Sequence[tuple[str, Written]]


class RowsOf(Protocol):
    """Returns the query of a list's good rows in the order of its file, from the `first` (counted from 0) on."""

    def __call__(self, row: Any, first: int = 0, most: int | None = None, /) -> Query:
        """Return the query."""


class Begin(Protocol):
    """The verb that begins a list of a kind."""

    def __call__(self, session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> Any:
        """Return the new list."""


@dataclass(frozen=True, slots=True)
class ListKind(Generic[L]):
    """One kind of list at the edge: its rows and verbs, its columns and their limits, where it stands, its words.

    `id_name` and `upload_name` are what addresses call a list and a file whose columns are chosen; `id_name` is also
    what its jobs call it. `count_of` and `sum_of` name the columns of how much a list holds, `listed_of` that of how
    many rows are shown. `index_columns` and `row_columns` are the columns of the two tables of its pages, beside what
    every kind shows; `exported` and `exported_rows` those of their files.
    """

    model: type[L]
    begin: Begin
    rows_of: RowsOf
    schema: RowSchema
    looked_at: Limits
    most_mib: Callable[[], int]
    blueprint: str
    id_name: str
    upload_name: str
    read_task: str
    post_task: str
    count_of: str
    sum_of: str
    listed_of: str
    words: ListWords
    index_columns: Callable[[], list[Column]]
    row_columns: Callable[[], list[Column]]
    exported: Exported
    exported_rows: Exported
    href_of: Callable[[L, Any], str]

    @property
    def name(self) -> str:
        """Return what its actions, events and refusals are called by."""
        return self.model.kind

    def count(self, row: Any) -> str:
        """Return how many premiums or claims a list holds, in digits."""
        return number(getattr(row, self.count_of))

    def sum(self, row: Any) -> str:
        """Return what a list comes to, in yuan."""
        return yuan(getattr(row, self.sum_of))

    def address(self, page: str, row: Any) -> str:
        """Return the address of one of a list's pages."""
        return url_for(f"{self.blueprint}.{page}", pool_id=row.pool_id, **{self.id_name: row.id})


# Sent, approved


def keep_sent(
    kind: ListKind[L], stream: IO[bytes], filename: str | None, chosen: Mapping[str, str], sheet: str | None
) -> Sent:
    """Keep a file in the store and return how it was sent; refuses what is no table with these columns."""
    return keep_file(store_in(settings()), kind.schema, kind.looked_at, stream, filename, chosen, sheet)


def begin(session: Session, kind: ListKind[L], pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> L:
    """Return a new list whose file the worker will read, queued in this transaction. Refuses as the room does."""
    row: L = kind.begin(session, pool, sent, on=on, by=by, at=at)
    defer(session, kind.read_task, {kind.id_name: str(row.id)}, lock=f"{kind.name}:{row.id}")
    return row


def approve_list(session: Session, kind: ListKind[L], list_id: uuid.UUID, *, by: Actor, at: datetime) -> L:
    """Return a list, approved and its posting queued in this transaction. Refuses as the room does."""
    row = sent_lists.lock(session, kind.model, list_id)
    sent_lists.approve(session, row, by=by, at=at)
    defer(session, kind.post_task, {kind.id_name: str(row.id)}, lock=f"{kind.name}:{row.id}")
    return row


def discard(session: Session, kind: ListKind[L], list_id: uuid.UUID, *, by: Actor, at: datetime) -> L:
    """Return a list, given up. Refuses as the room does."""
    row = sent_lists.lock(session, kind.model, list_id)
    sent_lists.discard(session, row, by=by, at=at)
    return row


# Listed


def listed_for(kind: ListKind[L], who: Actor, pool_id: int) -> Select[Any]:
    """Return the query of a pool's lists that an actor may see, newest first, with who sent and approved them."""
    model = kind.model
    sender, approver = aliased(Person), aliased(Person)
    shown = [one for one in model.__table__.columns if one.name not in ("columns", "sheet", "version")]
    query = (
        sent_lists.visible_to(model, who)
        .where(model.pool_id == pool_id)
        .outerjoin(sender, sender.id == model.made_by)
        .outerjoin(approver, approver.id == model.approved_by)
        .with_only_columns(*shown, sender.name.label("sender"), approver.name.label("approver"))
    )
    return cast(Select[Any], query.order_by(model.made_at.desc(), model.id.desc()))


def field_words(kind: ListKind[L]) -> dict[str, tuple[str, str]]:
    """Return the words of each field of a kind's lists."""
    return {one.name: (one.label_zh, one.label_en) for one in kind.schema.fields}


def told_faults(kind: ListKind[L], found: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield faults (line, code, field, facts) as they are shown: row, field in words, what is wrong in words."""
    fields = field_words(kind)
    for line, code, field, facts in found:
        said = words(Finding(code, field, {**facts, "row": line, "column": facts.get("column", field)}))
        name = t(*fields[field]) if field in fields else ""
        yield {"row": line or None, "field": name, "column": facts.get("column", ""), "what": said, "code": code}


def stopped_words(row: SentList) -> str:
    """Return why a list could not be posted after its approval; nothing where it was not stopped."""
    return words(Invalid(row.stopped_code, **row.stopped_facts or {})) if row.stopped_code else ""


def places(session: Session, kind: ListKind[L], who: Actor) -> list[tuple[str, str]]:
    """Return (pool, address) of the lists of the pools that an actor's organisation leads, newest first."""
    if not may(who, f"{kind.name}.read"):
        return []
    query = select(Pool.id, Pool.name).where(Pool.id.in_(who.led_pools)).order_by(Pool.id.desc())
    return [(row[1], url_for(f"{kind.blueprint}.index", pool_id=row[0])) for row in session.execute(query)]


# What waits


def lists_to_do(session: Session, kind: ListKind[L], who: Actor) -> list[Work]:
    """Return the lists of the pools one leads that wait: for a second person's approval, or to be corrected."""
    found: list[Work] = []
    if not who.led_pools:
        return found
    model, said = kind.model, kind.words
    query = sent_lists.visible_to(model, who).order_by(model.made_at)
    if may(who, f"{kind.name}.approve"):
        waiting = query.where(model.stage == "checked", model.made_by.is_distinct_from(who.person_id))
        found += [_work(kind, row, said.of_any("approve")) for row in session.scalars(waiting)]
    if may(who, f"{kind.name}.send"):
        faulty = query.where(model.stage == "faulty", model.made_by == who.person_id)
        found += [_work(kind, row, said.of_any("correct")) for row in session.scalars(faulty)]
    return found


def _work(kind: ListKind[L], row: L, title: str) -> Work:
    if row.stage == "faulty":
        note = t("{name}，{n} 处有误", "{name}, {n} faults", name=row.name, n=number(row.fault_count))
    else:
        note = t(*kind.words.holds, name=row.name, n=kind.count(row), sum=kind.sum(row))
    if row.stopped_code:
        note = t(*kind.words.stopped_before) + note
    return Work(title, kind.address("one", row), note, kind=kind.name, stage=row.stage)


def posted_links(session: Session, kind: ListKind[L], who: Actor, at: datetime) -> list[tuple[str, str]]:
    """Return (words, address) of the lists that one sent or approved and that were posted in the last days."""
    if who.person_id is None or not who.led_pools:
        return []
    model = kind.model
    query = sent_lists.visible_to(model, who).where(
        model.stage == "posted",
        model.posted_at > at - _TOLD_FOR,
        or_(model.made_by == who.person_id, model.approved_by == who.person_id),
    )
    return [
        (kind.words.posted(row.name, kind.count(row), kind.sum(row), row.posted_at), kind.address("one", row))
        for row in session.scalars(query.order_by(model.posted_at.desc()).limit(5))
    ]
