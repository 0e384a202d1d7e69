"""Extracts of a pool's book: asked for, listed with their state and digest, downloaded."""

from __future__ import annotations

import uuid
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from marshmallow import validate

from ledger.extract_models import BookExtract
from ledger.extracts import FORMS, Kind
from web import extract_desk, fields
from web import extracts as making
from web.api import PageQuery, Strict, newest_first, resource
from web.extract_desk import Narrowed
from web.shell import actor, at, needs, unit
from web.states import STATES

api = resource("extracts", "Lists of a pool's book and period as files, made once and kept.")


class ExtractOut(Strict):
    """An extract; `until_entry_id` is the last entry that is in it, `sha256` is empty until its file is made."""

    id = fields.UUID()
    pool_id = fields.Integer(strict=True)
    period = fields.String()
    kind = fields.String()
    form = fields.String()
    is_whole = fields.Boolean(metadata={"description": "every member's share; else the organisation's own alone"})
    is_final = fields.Boolean(metadata={"description": "of a closed period, so that it never comes out otherwise"})
    until_entry_id = fields.Integer(strict=True)
    stage = fields.String()
    rows_done = fields.Integer(strict=True)
    rows_total = fields.Integer(strict=True, allow_none=True)
    refused_code = fields.String(allow_none=True)
    asked_at = fields.AwareDateTime(format="iso")
    ready_at = fields.AwareDateTime(format="iso", allow_none=True)
    name = fields.String()
    size = fields.Integer(strict=True, allow_none=True)
    sha256 = fields.String()
    href = fields.String(metadata={"description": "the file, once it is made"})


class ExtractPage(Strict):
    """A page of extracts; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ExtractOut))
    next = fields.String(allow_none=True)


class ExtractQuery(PageQuery):
    """Which extracts: by pool, kind, state."""

    pool_id = fields.String(load_default="", validate=fields.Pattern(r"^[0-9]{0,18}$"))
    kind = fields.String(load_default="", validate=validate.OneOf(["", *Kind]))
    stage = fields.String(load_default="", validate=validate.OneOf(["", *STATES["book_extract"]]))


class ExtractIn(Strict):
    """What to write out: a list of a period of a pool, as a workbook or a table."""

    pool_id = fields.Integer(required=True, strict=True)
    period = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(Kind)))
    form = fields.String(load_default="xlsx", validate=validate.OneOf(list(FORMS)))


@api.get("")
@needs("extract.read")
@api.arguments(ExtractQuery, location="query")
@api.response(200, ExtractPage)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """List the extracts that the caller may see, newest first."""
    pool_id = int(query["pool_id"]) if query["pool_id"] else None
    found = extract_desk.listed_for(actor(), Narrowed(pool_id, query["kind"], query["stage"]))
    page = newest_first(unit(), found.order_by(None), query, BookExtract.asked_at, BookExtract.id)
    return {"data": [_out(row) for row in page.rows], "next": page.next}


def _out(row: Any) -> dict[str, Any]:
    is_made = row.stage == "ready"
    href = url_for("api_extracts.file", extract_id=row.id) if is_made else ""
    return {**row._mapping, "name": row.name or "", "sha256": row.digest or "", "href": href}


@api.post("")
@needs("extract.ask")
@api.arguments(ExtractIn)
@api.response(202, ExtractOut)
def ask(told: dict[str, Any]) -> dict[str, Any]:
    """Ask for an extract; the one that was asked for before comes back, made or still waiting."""
    wish = extract_desk.wish_of(unit(), told["pool_id"], told["period"], told["kind"], told["form"], actor())
    row = making.ask(unit(), wish, by=actor(), at=at())
    return _out(extract_desk.one_of(unit(), row.id, actor()))


@api.get("/<uuid:extract_id>")
@needs("extract.read")
@api.response(200, ExtractOut)
def one(extract_id: uuid.UUID) -> dict[str, Any]:
    """Show one extract: how far it is, its digest once it is made."""
    return _out(extract_desk.one_of(unit(), extract_id, actor()))


@api.get("/<uuid:extract_id>/file")
@needs("extract.read", writes=True)
@api.response(200, content_type="application/octet-stream")
def file(extract_id: uuid.UUID) -> ResponseReturnValue:
    """Download the file of an extract exactly as it was kept."""
    return extract_desk.file_of(unit(), extract_id, by=actor(), at=at())
