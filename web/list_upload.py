"""Lists sent by a browser: kept under their digest between the steps of an import, so that nothing is typed twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Invalid, NotFound
from core.papers import Paper, keep
from core.permits import Actor
from web.cells import Cell, Limits, shown
from web.formats import t
from web.keeping import settings, store_in
from web.row_schema import RowSchema
from web.tables import clean_name, read_table

#: The kind of a kept upload; it belongs to the person who sent it and to nobody else.
KIND = "list_upload"
#: So many rows are shown beside the choice of columns.
ROWS_SHOWN = 5
_PREFIX = "c_"


@dataclass(frozen=True, slots=True)
class Look:
    """A kept list as it is looked at before its columns are chosen: headers, first rows, how it was understood."""

    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    kind: str
    encoding: str
    sheet: str
    sheets: tuple[str, ...]


def keep_upload(session: Session, purpose: str, *, by: Actor, at: datetime, limits: Limits | None = None) -> Paper:
    """Return the kept file of this request's `file` field, after a first look that it is a table at all.

    Refuses Invalid `upload_missing`, and what `web.tables` refuses.
    """
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid("upload_missing")
    name = clean_name(upload.filename)
    limits = limits or Limits()
    with read_table(upload.stream, upload.filename, limits):
        pass
    upload.stream.seek(0)
    digest, size = store_in(settings()).put(upload.stream, limit=limits.file_bytes)  # type: ignore[arg-type]
    return keep(
        session,
        KIND,
        (purpose, by.person_id),
        name=name,
        media_type="application/octet-stream",
        digest=digest,
        size=size,
        at=at,
        organisation_id=by.organisation_id,
    )


def upload_of(session: Session, paper_id: uuid.UUID, purpose: str, by: Actor) -> Paper:
    """Return a list that this person has sent for this purpose; NotFound `upload_not_found`."""
    row = session.scalar(
        select(Paper).where(
            Paper.id == paper_id,
            Paper.kind == KIND,
            Paper.subject_kind == purpose,
            Paper.subject_id == str(by.person_id),
        )
    )
    if row is None:
        raise NotFound("upload_not_found")
    return row


def opened(paper: Paper) -> BinaryIO:
    """Return a kept list for reading."""
    return store_in(settings()).open(paper.digest)


def look(paper: Paper, sheet: str | None, *, limits: Limits | None = None) -> Look:
    """Return what a kept list looks like: its headers and first rows."""
    with opened(paper) as stream, read_table(stream, paper.name, limits, sheet=sheet) as table:
        first = [row for row, _ in zip(table.rows, range(ROWS_SHOWN), strict=False)]
        width = len(table.headers)
        rows = [tuple(_shown(cell) for cell in (*row.cells, *([None] * width))[:width]) for row in first]
        return Look(table.headers, rows, table.kind, table.encoding, table.sheet, table.sheets)


def _shown(cell: Cell) -> str:
    return "" if cell is None else shown(cell)


def columns_asked(schema: RowSchema, values: Mapping[str, str]) -> dict[str, str]:
    """Return field -> header as the form of the columns says it, "" for no such column; the unsaid is left out."""
    return {one.name: values[_PREFIX + one.name] for one in schema.fields if _PREFIX + one.name in values}


def columns_sent(schema: RowSchema, values: Mapping[str, str]) -> dict[str, str]:
    """Return field -> header as a form that is sent says it: what it does not say has no column, nothing is guessed."""
    return {one.name: values.get(_PREFIX + one.name, "") for one in schema.fields}


def column_fields(schema: RowSchema, headers: Sequence[str]) -> list[dict[str, object]]:
    """Return the fields of an import as the form of the columns takes them."""
    options = [("", t("（没有这一列）", "(no such column)")), *((header, header) for header in headers)]
    return [
        {
            "name": _PREFIX + one.name,
            "label": t(one.label_zh, one.label_en),
            "is_optional": not one.is_required,
            "options": options,
        }
        for one in schema.fields
    ]


def suggested(schema: RowSchema, headers: Sequence[str], asked: Mapping[str, str]) -> dict[str, str]:
    """Return the form's values that the headers' own words suggest beside what was asked for already."""
    chosen = columns_asked(schema, asked)
    found = schema.completed(chosen, headers).columns
    return {_PREFIX + name: header for name, header in found.items() if name not in chosen}


def field_name(name: str) -> str:
    """Return the form's name of a field of the schema."""
    return _PREFIX + name
