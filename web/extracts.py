"""Extracts of a book: what page, CSV and XLSX read alike, and the making of the file that is kept.

`query_of` is the only reader of the book for one extract; `make` streams its rows into a file, so that a list of any
length takes little memory. A maker may be killed, or do it twice: there is one file all the same.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, BinaryIO

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from claims import extract_rows as claim_lists
from claims.result_rows import results
from core.clock import CITY
from core.db import instant, run_in_unit, unit_of_work
from core.errors import Refusal
from core.papers import Store, keep
from core.parties import names_of
from core.permits import SYSTEM, Actor
from core.replica import has_caught_up
from ledger import extract_rows as book_lists
from ledger import extracts
from ledger.extract_models import BookExtract
from ledger.extract_rows import Query
from ledger.extracts import Kind, Scope, Wish
from ledger.models import Period
from underwriting.models import Pool
from web.documents.extract_columns import LAYOUTS, Column, columns_of, row_of
from web.documents.extract_files import Expected, ExtractHead, Tick, write_csv, write_xlsx
from web.jobs import defer

TASK = "make_extract"
#: The largest file that is made of a book.
MOST_BYTES = 2 << 30
MEDIA_TYPES: Mapping[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
#: So many rows are fetched at a time.
_FETCHED = 1_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of a book, ready to be read: its query, its columns, and how many shares a row carries."""

    kind: Kind
    scope: Scope
    query: Query
    columns: tuple[Column, ...]
    members: int


def scope_of(
    session: Session,
    period: Period,
    *,
    only: uuid.UUID | None,
    at: datetime,
    until_entry_id: int | None = None,
) -> Scope:
    """Return the part of a book that a list is of: what stood in a period at an instant, seen by whom (None: all)."""
    ended = datetime.combine(period.ends_on + timedelta(days=1), time(), CITY)
    members = extracts.members_of(session, period.pool_id) if only is None else (only,)
    return Scope(
        period.pool_id,
        period.id,
        period.starts_on,
        period.ends_on,
        only,
        members,
        until_entry_id,
        min(ended, at) if period.stage == "open" or until_entry_id is not None else ended,
    )


def listed(session: Session, scope: Scope, kind: Kind) -> Listed:
    """Return a list of a book: what page, CSV and XLSX show of it."""
    names = names_of(session, list(scope.members))
    has_shares = LAYOUTS[kind.value].has_shares
    shown = [names.get(member, "") for member in scope.members] if has_shares else []
    return Listed(kind, scope, query_of(session, scope, kind), columns_of(kind.value, shown), len(shown))


def query_of(session: Session, scope: Scope, kind: Kind) -> Query:
    """Return the one query of a list."""
    if kind is Kind.TRIAL_BALANCE:
        return book_lists.trial_balance(scope)
    if kind is Kind.JOURNAL:
        return book_lists.journal(scope)
    if kind is Kind.INVOICES:
        return claim_lists.invoices(scope)
    if kind is Kind.RESULTS:
        return results(scope)
    versions = extracts.versions_of(session, scope.pool_id)
    return (claim_lists.premiums if kind is Kind.PREMIUMS else claim_lists.claims)(scope, versions)


def expected(session: Session, found: Listed) -> Expected:
    """Return how many rows a list has and what its columns come to, counted and summed by the database."""
    inner = found.query.order_by(None).subquery()
    keys = [column.key for column in found.columns if column.is_summed]
    sums = [func.coalesce(func.sum(inner.c[key]), 0) for key in keys]
    count, *totals = session.execute(select(func.count(), *sums).select_from(inner)).one()
    return Expected(int(count), dict(zip(keys, map(int, totals), strict=True)))


def rows_of(session: Session, found: Listed) -> Iterator[Any]:
    """Yield the rows of a list as they come from the database, never all at once."""
    result = session.execute(found.query, execution_options={"yield_per": _FETCHED})
    for row in result.mappings():
        yield row_of(found.kind.value, dict(row), found.members)


def page_of(session: Session, found: Listed, page: int, size: int) -> list[Any]:
    """Return one page of a list's rows."""
    query = found.query.limit(size).offset((page - 1) * size)
    return [row_of(found.kind.value, dict(row), found.members) for row in session.execute(query).mappings()]


def head_of(session: Session, period: Period, scope: Scope, kind: Kind, rows: int) -> ExtractHead:
    """Return what a list is, as its file says: the pool, the period, whose view, and as of when."""
    layout = LAYOUTS[kind.value]
    pool = session.get_one(Pool, period.pool_id)
    standing = (
        "已结账 closed"
        if scope.is_final
        else f"未结账，截至分录 {scope.until_entry_id} open, after entry {scope.until_entry_id}"
    )
    view = "全体成员 all members"
    if scope.only is not None:
        view = f"{names_of(session, [scope.only]).get(scope.only, '')}（只含自己的份额 its own share alone）"
    facts = (
        ("共保体 Pool", pool.name),
        ("账期 Period", f"{period.label} {period.starts_on} – {period.ends_on}"),
        ("账期状态 State", standing),
        ("范围 View", view),
        ("行数 Rows", str(rows)),
        ("货币 Currency", "CNY"),
    )
    return ExtractHead(layout.zh, layout.en, facts, period.ends_on)


def name_of(pool_id: int, period: Period, scope: Scope, kind: Kind, form: str) -> str:
    """Return the name of a file."""
    until = "" if scope.is_final else f"-{scope.until_entry_id}"
    return f"{kind.value.replace('_', '-')}-{pool_id}-{period.label}{until}.{form}"


def write(
    session: Session, period: Period, found: Listed, form: str, out: BinaryIO, told: Expected, tick: Tick
) -> None:
    """Write a list into an open file. Refuses what `write_csv` and `write_xlsx` refuse."""
    rows = rows_of(session, found)
    if form == "csv":
        write_csv(out, found.columns, rows, told, tick)
    else:
        head = head_of(session, period, found.scope, found.kind, told.rows)
        write_xlsx(out, head, found.columns, rows, told, tick)


def ask(session: Session, wish: Wish, *, by: Actor, at: datetime) -> BookExtract:
    """Return the extract of a wish, its making queued in the same transaction where it is not made yet.

    Refuses as `ledger.extracts.ask`.
    """
    row = extracts.ask(session, wish, by=by, at=at)
    if row.stage == "waiting":
        defer(session, TASK, {"extract_id": str(row.id)})
    return row


def ask_again(session: Session, extract: BookExtract, *, by: Actor, at: datetime) -> None:
    """Queue the making of an extract once more: one that failed, or whose maker was stopped."""
    row = extracts.lock(session, extract.id)
    if row.stage == "failed":
        extracts.wait_again(session, row, by=by, at=at)
    if row.stage != "ready":
        defer(session, TASK, {"extract_id": str(row.id)})


def make(engine: Engine, store: Store, extract_id: uuid.UUID, *, reader: Engine | None = None) -> None:
    """Make and keep the file of an extract; where it is kept already, nothing is done.

    The rows are read from the `reader`, a replica, where it has caught up with the wish; else from the database itself.
    What refuses it (a list too long for a sheet) is noted at the extract, for its asker to see.
    """
    source = reader if reader is not None and has_caught_up(reader, engine) else engine
    calm = source.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with tempfile.TemporaryFile() as file, unit_of_work(calm, SYSTEM) as session:
        asked = session.get_one(BookExtract, extract_id)
        if asked.stage in ("ready", "failed"):
            return
        period, found = list_of(session, asked)
        told = expected(session, found)
        run_in_unit(engine, SYSTEM, lambda unit: _begin(unit, extract_id, told.rows))
        try:
            write(session, period, found, asked.form, file, told, lambda rows: _tick(engine, extract_id, rows))
            file.seek(0)
            kept = store.put(file, limit=MOST_BYTES)
        except Refusal as refusal:
            code = refusal.code
            run_in_unit(engine, SYSTEM, lambda unit: _fail(unit, extract_id, code))
            return
        name = name_of(asked.pool_id, period, found.scope, found.kind, asked.form)
    run_in_unit(engine, SYSTEM, lambda unit: _finish(unit, extract_id, name, kept))


def list_of(session: Session, asked: BookExtract) -> tuple[Period, Listed]:
    """Return the period of an extract and the list that it is of, as it stood when it was asked for."""
    period = session.scalars(select(Period).where(Period.id == asked.period_id)).one()
    scope = scope_of(
        session,
        period,
        only=None if asked.is_whole else asked.organisation_id,
        at=asked.asked_at,
        until_entry_id=None if asked.is_final else asked.until_entry_id,
    )
    return period, listed(session, scope, Kind(asked.kind))


def _begin(session: Session, extract_id: uuid.UUID, rows: int) -> None:
    row = extracts.lock(session, extract_id)
    if row.stage in ("waiting", "making"):
        extracts.begin(session, row, rows, by=SYSTEM, at=instant(session))


def _tick(engine: Engine, extract_id: uuid.UUID, rows: int) -> None:
    """Say how far an extract is, for whoever waits for it."""
    going = (BookExtract.id == extract_id, BookExtract.stage == "making", BookExtract.rows_total >= rows)
    run_in_unit(engine, SYSTEM, lambda unit: unit.execute(update(BookExtract).where(*going).values(rows_done=rows)))


def _fail(session: Session, extract_id: uuid.UUID, code: str) -> None:
    row = extracts.lock(session, extract_id)
    if row.stage == "making":
        extracts.fail(session, row, code, by=SYSTEM, at=instant(session))


def _finish(session: Session, extract_id: uuid.UUID, name: str, kept: tuple[str, int]) -> None:
    """Keep the file; where another maker was quicker its file stands, and there is no second one."""
    row = extracts.lock(session, extract_id)
    if row.stage != "making":
        return
    at = instant(session)
    paper = keep(
        session,
        "book_extract",
        ("book_extract", row.id),
        name=name,
        media_type=MEDIA_TYPES[row.form],
        digest=kept[0],
        size=kept[1],
        at=at,
        organisation_id=row.organisation_id,
    )
    extracts.finish(session, row, paper, by=SYSTEM, at=at)
