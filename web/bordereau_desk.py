"""Premium bordereaux as their pages and their API take, list and tell them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import IO, Any, BinaryIO, cast

from flask import url_for
from sqlalchemy import BigInteger, Date, Engine, Select, Text, Uuid, column, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from core import clock
from core.db import run_in_unit
from core.errors import Finding, Invalid
from core.papers import Store
from core.parties import Person
from core.permits import SYSTEM, Actor, may
from underwriting import bordereaux, sent_lists
from underwriting.models import Bordereau, BordereauPiece, Community, Policy, Pool
from underwriting.sent_lists import Sent
from web.bordereau_list import LOOKED_AT, SCHEMA
from web.errors import words
from web.finance_work import Work
from web.formats import number, t, yuan
from web.jobs import defer
from web.keeping import settings, store_in
from web.listing import Query
from web.tables import clean_name, read_table

#: So long the first page of who sent or approved a bordereau tells that it was posted.
_TOLD_FOR = timedelta(days=3)
_READ, _POST = "read_bordereau", "post_bordereau"


# Sent, approved


def upload_most_mib() -> int:
    """Return the size of the largest file that is taken by page and program, in MiB; a command takes any."""
    return settings().upload_limit_mb


def keep_sent(stream: IO[bytes], filename: str | None, chosen: Mapping[str, str], sheet: str | None) -> Sent:
    """Keep a file in the store and return how it was sent; refuses what is no table with these columns."""
    with read_table(stream, filename, LOOKED_AT, sheet=sheet) as table:
        mapping = SCHEMA.completed(chosen, table.headers)
        SCHEMA.check(mapping, table.headers)
    stream.seek(0)
    digest, _ = store_in(settings()).put(cast(BinaryIO, stream), limit=LOOKED_AT.file_bytes)
    return Sent(clean_name(filename), digest, mapping.columns, sheet)


def begin(session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> Bordereau:
    """Return a new bordereau whose file the worker will read, queued in this transaction. Refuses as the room does."""
    row = bordereaux.begin(session, pool, sent, on=on, by=by, at=at)
    defer(session, _READ, {"bordereau_id": str(row.id)}, lock=f"bordereau:{row.id}")
    return row


def approve_bordereau(session: Session, bordereau_id: uuid.UUID, *, by: Actor, at: datetime) -> Bordereau:
    """Return a bordereau, approved and its posting queued in this transaction. Refuses as the room does."""
    row = sent_lists.lock(session, Bordereau, bordereau_id)
    sent_lists.approve(session, row, by=by, at=at)
    defer(session, _POST, {"bordereau_id": str(row.id)}, lock=f"bordereau:{row.id}")
    return row


@contextmanager
def file_of(engine: Engine, store: Store, bordereau_id: uuid.UUID) -> Iterator[BinaryIO]:
    """Open the file of a bordereau as it was sent; NotFound `bordereau_not_found`, `file_not_found`."""
    digest = run_in_unit(
        engine, SYSTEM, lambda session: sent_lists.get(session, Bordereau, bordereau_id, SYSTEM).digest
    )
    with store.open(digest) as stream:
        yield stream


# Listed


def of_pool(session: Session, pool_id: int, bordereau_id: uuid.UUID, who: Actor) -> Bordereau:
    """Return a bordereau of a pool that an actor may see; NotFound `bordereau_not_found`."""
    return sent_lists.of_pool(session, Bordereau, pool_id, bordereau_id, who)


def listed_for(who: Actor, pool_id: int) -> Select[Any]:
    """Return the query of a pool's bordereaux that an actor may see, newest first, with who sent and approved them."""
    sender, approver = aliased(Person), aliased(Person)
    query = (
        sent_lists.visible_to(Bordereau, who)
        .where(Bordereau.pool_id == pool_id)
        .outerjoin(sender, sender.id == Bordereau.made_by)
        .outerjoin(approver, approver.id == Bordereau.approved_by)
        .with_only_columns(
            *(getattr(Bordereau, name) for name in _SHOWN),
            sender.name.label("sender"),
            approver.name.label("approver"),
        )
    )
    return cast(Select[Any], query.order_by(Bordereau.made_at.desc(), Bordereau.id.desc()))


_SHOWN = (
    *("id", "pool_id", "name", "digest", "on", "stage", "line_count", "row_count", "fault_count", "gross_fen"),
    *("made_at", "made_by", "approved_at", "posted_at", "batch_id", "stopped_code"),
)


def rows_of(row: Bordereau, first: int = 0, most: int | None = None) -> Query:
    """Return the query of a bordereau's good rows in the order of its file, from the `first` (counted from 0) on.

    Only the pieces that the asked rows stand in are unfolded. Once it is posted each row has its policy's id.
    """
    piece = BordereauPiece
    cells = func.unnest(
        piece.lines,
        piece.numbers,
        piece.community_ids,
        piece.inceptions,
        piece.expiries,
        piece.lift_counts,
        piece.gross_fens,
    ).table_valued(
        column("line", BigInteger),
        column("number", Text),
        column("community_id", Uuid),
        column("inception_on", Date),
        column("expires_on", Date),
        column("lift_count", BigInteger),
        column("gross_fen", BigInteger),
        with_ordinality="nth",
        name="cells",
    )
    found = cells.render_derived()
    place = piece.place + found.c.nth - 1
    query = (
        select(
            *(found.c[name] for name in ("line", "number", "inception_on", "expires_on", "lift_count", "gross_fen")),
            Policy.id.label("policy_id"),
            Community.name.label("community"),
        )
        .select_from(piece)
        .join(found, true())
        .outerjoin(Policy, (Policy.number == found.c.number) & (row.stage == "posted"))
        .outerjoin(Community, Community.id == found.c.community_id)
        .where(piece.bordereau_id == row.id, piece.place + func.cardinality(piece.lines) > first, place >= first)
        .order_by(piece.place, found.c.nth)
    )
    if most is not None:
        query = query.where(piece.place < first + most, place < first + most)
    return query


#: Field of a bordereau -> its words.
FIELDS = {one.name: (one.label_zh, one.label_en) for one in SCHEMA.fields}


def told_faults(found: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield faults (line, code, field, facts) as they are shown: row, field in words, what is wrong in words."""
    for line, code, field, facts in found:
        said = words(Finding(code, field, {**facts, "row": line, "column": facts.get("column", field)}))
        name = t(*FIELDS[field]) if field in FIELDS else ""
        yield {"row": line or None, "field": name, "column": facts.get("column", ""), "what": said, "code": code}


def stopped_words(code: str) -> str:
    """Return why an approved bordereau could not be posted."""
    return words(Invalid(code))


# What waits


def lists_to_do(session: Session, who: Actor) -> list[Work]:
    """Return the bordereaux of the pools one leads that wait: for a second person's approval, or to be corrected."""
    found: list[Work] = []
    if not who.led_pools:
        return found
    query = sent_lists.visible_to(Bordereau, who).order_by(Bordereau.made_at)
    if may(who, "bordereau.approve"):
        waiting = query.where(Bordereau.stage == "checked", Bordereau.made_by.is_distinct_from(who.person_id))
        title = t("批准保费清单入账", "Approve a premium bordereau")
        found += [_work(row, title) for row in session.scalars(waiting)]
    if may(who, "bordereau.send"):
        faulty = query.where(Bordereau.stage == "faulty", Bordereau.made_by == who.person_id)
        title = t("更正有误的保费清单", "Correct a faulty premium bordereau")
        found += [_work(row, title) for row in session.scalars(faulty)]
    return found


def _work(row: Bordereau, title: str) -> Work:
    if row.stage == "faulty":
        note = t("{name}，{n} 处有误", "{name}, {n} faults", name=row.name, n=number(row.fault_count))
    else:
        note = t(
            "{name}，{n} 张保单，{sum}",
            "{name}, {n} policies, {sum}",
            name=row.name,
            n=number(row.row_count),
            sum=yuan(row.gross_fen),
        )
    if row.stopped_code:
        note = t("上次未能入账。", "It could not be posted. ") + note
    href = url_for("bordereaux.one", pool_id=row.pool_id, bordereau_id=row.id)
    return Work(title, href, note, kind="bordereau", stage=row.stage)


def posted_links(session: Session, who: Actor, at: datetime) -> list[tuple[str, str]]:
    """Return (words, address) of the bordereaux that one sent or approved and that were posted in the last days."""
    if who.person_id is None or not who.led_pools:
        return []
    query = sent_lists.visible_to(Bordereau, who).where(
        Bordereau.stage == "posted",
        Bordereau.posted_at > at - _TOLD_FOR,
        or_(Bordereau.made_by == who.person_id, Bordereau.approved_by == who.person_id),
    )
    return [
        (
            t(
                "{name}：{n} 张保单，{sum}，{day} 入账",
                "{name}: {n} policies, {sum}, posted on {day}",
                name=row.name,
                n=number(row.row_count),
                sum=yuan(row.gross_fen),
                day=clock.on(row.posted_at).isoformat(),  # type: ignore[arg-type]
            ),
            url_for("bordereaux.one", pool_id=row.pool_id, bordereau_id=row.id),
        )
        for row in session.scalars(query.order_by(Bordereau.posted_at.desc()).limit(5))
    ]
