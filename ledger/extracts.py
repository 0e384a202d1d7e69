"""Extracts of a book: a list of one period asked for, made once, kept; what it is bounded by.

An extract of a closed period never comes out otherwise. One of an open period says after which entry it was taken: the
entries up to that number are all there when it is made, and nothing later is in it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit
from core.errors import Invalid, NotFound
from core.papers import Paper
from core.permits import Actor
from ledger import books, stages
from ledger.books import MemberShares
from ledger.extract_models import BookExtract
from ledger.models import Entry, Period, Share, ShareVersion


class Kind(StrEnum):
    """What is written out of a book."""

    TRIAL_BALANCE = "trial_balance"
    JOURNAL = "journal"
    PREMIUMS = "premiums"
    CLAIMS = "claims"
    INVOICES = "invoices"
    RESULTS = "results"


#: The forms that an extract comes in.
FORMS = ("xlsx", "csv")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of a book a list is of: the period, the last entry that counts (None: all), and whose view it is.

    `only` is the member that sees its own alone (None: everything); `members` are those whose shares stand in columns,
    the lead first; `until_at` is the instant up to which what was decided counts.
    """

    pool_id: int
    period_id: int
    starts_on: date
    ends_on: date
    only: uuid.UUID | None
    members: tuple[uuid.UUID, ...]
    until_entry_id: int | None
    until_at: datetime

    @property
    def is_final(self) -> bool:
        """Say whether the period is closed, so that nothing of it changes any more."""
        return self.until_entry_id is None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a list of a period in a form, for the actor's organisation; whole, or its own share alone."""

    pool_id: int
    period_id: int
    kind: Kind
    form: str
    is_whole: bool


def members_of(session: Session, pool_id: int) -> tuple[uuid.UUID, ...]:
    """Return everyone who was ever a member of a pool: the newest share version in its order, then those before it."""
    query = select(Share.organisation_id).where(Share.pool_id == pool_id)
    return tuple(dict.fromkeys(session.scalars(query.order_by(Share.number.desc(), Share.position))))


def versions_of(session: Session, pool_id: int) -> list[MemberShares]:
    """Return every version of a pool's shares, oldest first: whose part of a split stands where."""
    numbers = session.scalars(select(ShareVersion.number).where(ShareVersion.pool_id == pool_id))
    return [books.shares(session, pool_id, number) for number in sorted(numbers)]


def last_entry(session: Session, period: Period) -> int:
    """Return the number of the last entry that counts for a list of a period: its own or an earlier period's; 0: none.

    A closed period has its own. While it is open, whoever is posting in it, or in an open period before it, is waited
    for, so that no entry with a lower number comes in later.
    """
    if period.stage == "closed":
        return period.last_entry_id or 0
    until = (Period.pool_id == period.pool_id, Period.ends_on <= period.ends_on)
    session.execute(select(Period.id).where(*until, Period.stage == "open").order_by(Period.id).with_for_update())
    query = select(func.max(Entry.id)).where(
        Entry.pool_id == period.pool_id, Entry.period_id.in_(select(Period.id).where(*until))
    )
    return session.scalar(query) or 0


def ask(session: Session, wish: Wish, *, by: Actor, at: datetime) -> BookExtract:
    """Return the extract of a wish: the one that stands where it was asked for before, else a new one that waits.

    One that failed waits again. Refuses Invalid `extract_form_unknown`, `extract_needs_organisation` from whoever acts
    for none, NotFound `period_not_found`.
    """
    if wish.form not in FORMS:
        raise Invalid("extract_form_unknown", forms=list(FORMS))
    if by.organisation_id is None:
        raise Invalid("extract_needs_organisation")
    period = session.scalar(select(Period).where(Period.pool_id == wish.pool_id, Period.id == wish.period_id))
    if period is None:
        raise NotFound("period_not_found", period=str(wish.period_id))
    values = {
        "pool_id": wish.pool_id,
        "period_id": wish.period_id,
        "kind": wish.kind.value,
        "form": wish.form,
        "organisation_id": by.organisation_id,
        "is_final": period.stage == "closed",
        "until_entry_id": last_entry(session, period),
    }
    fresh = {"is_whole": wish.is_whole, "stage": "waiting", "rows_done": 0, "asked_by": by.person_id, "asked_at": at}
    made = session.scalar(
        insert(BookExtract).values(**values, **fresh).on_conflict_do_nothing().returning(BookExtract.id)
    )
    row = session.scalars(select(BookExtract).filter_by(**values).with_for_update()).one()
    if made is not None:
        facts = {name: values[name] for name in ("kind", "form", "is_final")}
        told = {**facts, "pool": wish.pool_id, "period": period.label, "until_entry": row.until_entry_id}
        audit.record(session, "book_extract.asked", by=by, at=at, of=("book_extract", row.id), facts=told)
    elif row.stage == "failed":
        wait_again(session, row, by=by, at=at)
    return row


def wait_again(session: Session, extract: BookExtract, *, by: Actor, at: datetime) -> None:
    """Have an extract that failed wait again; Conflict `stage_refuses` where it did not."""
    extract.refused_code = None
    extract.rows_total, extract.rows_done = None, 0
    stages.move_extract(session, extract, "ask_again", by=by, at=at)


def visible_to(actor: Actor) -> Select[BookExtract]:
    """Return the query of the extracts that an actor may see: its organisation's, or all for those who read all."""
    query = select(BookExtract)
    return query if actor.sees_all else query.where(BookExtract.organisation_id == actor.organisation_id)


def get(session: Session, extract_id: uuid.UUID, actor: Actor) -> BookExtract:
    """Return an extract that the actor may see; NotFound `extract_not_found`."""
    row = session.scalar(visible_to(actor).where(BookExtract.id == extract_id))
    if row is None:
        raise NotFound("extract_not_found")
    return row


def lock(session: Session, extract_id: uuid.UUID) -> BookExtract:
    """Return an extract, locked until the transaction ends."""
    query = select(BookExtract).where(BookExtract.id == extract_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def begin(session: Session, extract: BookExtract, rows: int, *, by: Actor, at: datetime) -> None:
    """Note that an extract is being made and how many rows it will have; a maker that was killed begins anew."""
    extract.rows_total, extract.rows_done = rows, 0
    stages.move_extract(session, extract, "begin", by=by, at=at)


def finish(session: Session, extract: BookExtract, paper: Paper, *, by: Actor, at: datetime) -> None:
    """Note that the file of an extract is kept; it stands from now on."""
    extract.paper_id, extract.ready_at = paper.id, at
    extract.rows_done = extract.rows_total or 0
    facts = {"rows": extract.rows_done, "sha256": paper.digest}
    stages.move_extract(session, extract, "finish", by=by, at=at, facts=facts)


def fail(session: Session, extract: BookExtract, code: str, *, by: Actor, at: datetime) -> None:
    """Note why an extract cannot be made; it may be asked for again."""
    extract.refused_code = code
    stages.move_extract(session, extract, "fail", by=by, at=at, facts={"code": code})


def fetch(session: Session, extract: BookExtract, *, by: Actor, at: datetime) -> None:
    """Note that its organisation has fetched the file of an extract for the first time."""
    if extract.fetched_at is None and extract.organisation_id == by.organisation_id:
        extract.fetched_at = at
        facts = {"kind": extract.kind}
        audit.record(session, "book_extract.fetched", by=by, at=at, of=("book_extract", extract.id), facts=facts)
