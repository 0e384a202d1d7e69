"""Extracts of books as their pages and their API show them: listed, asked for, told in words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import Response, url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Invalid
from core.papers import Paper
from core.parties import Organisation, Person
from core.permits import Actor
from ledger import extracts, statements
from ledger.extract_models import BookExtract
from ledger.extracts import Kind, Wish
from ledger.models import Period
from underwriting import pools
from underwriting.models import Pool
from web.documents.extract_columns import LAYOUTS
from web.formats import t
from web.keeping import sent
from web.money_desk import view_of

#: How many finished extracts a first page names.
_READY_MOST = 5


def kind_words(kind: str) -> str:
    """Return what an extract is called."""
    layout = LAYOUTS[kind]
    return t(layout.zh, layout.en)


def kind_of(text: str) -> Kind:
    """Return a kind of extract by its name; Invalid `extract_kind_unknown`."""
    try:
        return Kind(text)
    except ValueError:
        raise Invalid("extract_kind_unknown") from None


def wish_of(session: Session, pool_id: int, label: str, kind: str, form: str, who: Actor) -> Wish:
    """Return what an actor asks for: whole for those who see all of a book or lead it, else its own share.

    Refuses NotFound `pool_not_found`, `period_not_found`, Invalid `extract_kind_unknown`.
    """
    pool = pools.get(session, pool_id, who)
    period = statements.period(session, pool.id, label)
    return Wish(pool.id, period.id, kind_of(kind), form, view_of(pool.id, who) is None)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The filters of the list of extracts; what is empty leaves everything in."""

    pool_id: int | None = None
    kind: str = ""
    stage: str = ""


def listed_for(who: Actor, narrowed: Narrowed) -> Select[Any]:
    """Return the query of the extracts that an actor may see, newest first, with who asked and the kept file."""
    seen = extracts.visible_to(who).with_only_columns(BookExtract.id)
    query = (
        select(
            BookExtract.id,
            BookExtract.pool_id,
            Pool.name.label("pool"),
            Period.label.label("period"),
            BookExtract.kind,
            BookExtract.form,
            BookExtract.is_whole,
            BookExtract.is_final,
            BookExtract.until_entry_id,
            BookExtract.stage,
            BookExtract.rows_total,
            BookExtract.rows_done,
            BookExtract.refused_code,
            BookExtract.organisation_id,
            Organisation.short_name.label("organisation"),
            Person.name.label("person"),
            BookExtract.asked_at,
            BookExtract.ready_at,
            Paper.name.label("name"),
            Paper.size,
            Paper.digest,
        )
        .join(Pool, Pool.id == BookExtract.pool_id)
        .join(Period, (Period.pool_id == BookExtract.pool_id) & (Period.id == BookExtract.period_id))
        .join(Organisation, Organisation.id == BookExtract.organisation_id)
        .outerjoin(Person, Person.id == BookExtract.asked_by)
        .outerjoin(Paper, Paper.id == BookExtract.paper_id)
        .where(BookExtract.id.in_(seen))
        .order_by(BookExtract.asked_at.desc(), BookExtract.id.desc())
    )
    if narrowed.pool_id is not None:
        query = query.where(BookExtract.pool_id == narrowed.pool_id)
    if narrowed.kind:
        query = query.where(BookExtract.kind == narrowed.kind)
    if narrowed.stage:
        query = query.where(BookExtract.stage == narrowed.stage)
    return cast(Select[Any], query)


def one_of(session: Session, extract_id: uuid.UUID, who: Actor) -> Any:
    """Return one extract as the list shows it; NotFound `extract_not_found`."""
    extracts.get(session, extract_id, who)
    return session.execute(listed_for(who, Narrowed()).where(BookExtract.id == extract_id)).one()


def file_of(session: Session, extract_id: uuid.UUID, *, by: Actor, at: datetime) -> Response:
    """Return the answer that sends an extract's file exactly as it was kept; the log says who fetched it.

    Refuses Conflict `extract_not_ready` before it is made, and what `ledger.extracts.get` refuses.
    """
    row = extracts.get(session, extract_id, by)
    if row.paper_id is None:
        raise Conflict("extract_not_ready")
    extracts.fetch(session, row, by=by, at=at)
    response = sent(session.get_one(Paper, row.paper_id))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def standing_words(row: Any) -> str:
    """Return as of when an extract is: of a closed period, or after which entry of an open one."""
    if row.is_final:
        return t("已结账", "Closed")
    return t("未结账，截至分录 {n}", "Open, after entry {n}", n=row.until_entry_id)


def failure_words(code: str) -> str:
    """Return why an extract was not made and what can be done."""
    if code == "extract_too_long":
        return t("行数超过一张工作表所能容纳。请改用 CSV。", "It is longer than a sheet holds. Ask for CSV.")
    if code == "file_too_large":
        return t("文件太大，不能保留。", "The file is too large to be kept.")
    return t(
        "写出的内容没有通过核对，文件没有保留。请通知平台管理员。",
        "What was written did not pass its checks, so no file was kept. Tell the administrator.",
    )


def ready_links(session: Session, who: Actor) -> list[tuple[str, str]]:
    """Return (words, address) of what a person asked for that is ready and not fetched yet, newest first, a few."""
    if who.person_id is None:
        return []
    own = (BookExtract.asked_by == who.person_id, BookExtract.organisation_id == who.organisation_id)
    query = listed_for(who, Narrowed(stage="ready")).where(*own, BookExtract.fetched_at.is_(None))
    return [
        (f"{kind_words(row.kind)} {row.period} {row.form.upper()}", url_for("extracts.one", extract_id=row.id))
        for row in session.execute(query.limit(_READY_MOST))
    ]
