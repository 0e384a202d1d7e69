"""Premium bordereaux: a list sent as a file, read by the worker, its faults by the page, approved, given up."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate
from sqlalchemy import tuple_

from core.errors import Finding, Invalid
from underwriting import sent_lists
from underwriting.models import Bordereau, BordereauFault
from web import bordereau_desk as desk
from web import fields
from web.api import MoneySchema, PageQuery, Strict, listed, money, newest_first, read_cursor, resource
from web.list_cli import mapping_of
from web.money_desk import booked_on, led_pool, pool_of
from web.sent_files import sent_file
from web.shell import actor, at, needs, unit

api = resource("bordereaux", "Premium bordereaux, posted in bulk.", "/pools/<int:pool_id>/bordereaux")


class BordereauOut(Strict):
    """A bordereau: `reading` and `approved` are the worker's, `checked` waits for approval, `faulty` was not booked."""

    id = fields.UUID()
    pool_id = fields.Integer(strict=True)
    name = fields.String(metadata={"description": "the file's name"})
    sha256 = fields.String()
    on = fields.Date(metadata={"description": "the day that its premiums are booked on"})
    stage = fields.String()
    rows_read = fields.Integer(strict=True, metadata={"description": "how far the reading is"})
    rows_in_order = fields.Integer(strict=True)
    faults = fields.Integer(strict=True)
    gross = fields.Nested(MoneySchema)
    sent_at = fields.AwareDateTime(format="iso")
    posted_at = fields.AwareDateTime(format="iso", allow_none=True)
    batch_id = fields.UUID(allow_none=True)
    stopped_code = fields.String(allow_none=True, metadata={"description": "why it was approved and not posted"})


class BordereauPage(Strict):
    """A page of bordereaux; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BordereauOut))
    next = fields.String(allow_none=True)


class BordereauQuery(Strict):
    """How a file is sent: its booking day, its name, which header is which field, which sheet of a workbook."""

    on = fields.Date(load_default=None, metadata={"description": "needed: the day that is booked on"})
    name = fields.String(load_default="", validate=validate.Length(max=200))
    columns = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"description": "`field=header` by commas; what is not named is known by its header"},
    )
    sheet = fields.String(load_default="", validate=validate.Length(max=100))


class BordereauFaultOut(Strict):
    """What is wrong with one row of the file."""

    row = fields.Integer(strict=True)
    field = fields.String()
    code = fields.String()
    detail = fields.String()


class BordereauFaultPage(Strict):
    """A page of faults, by row; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BordereauFaultOut))
    next = fields.String(allow_none=True)


def _out(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "pool_id": row.pool_id,
        "name": row.name,
        "sha256": row.digest,
        "on": row.on,
        "stage": row.stage,
        "rows_read": row.line_count,
        "rows_in_order": row.row_count,
        "faults": row.fault_count,
        "gross": money(row.gross_fen),
        "sent_at": row.made_at,
        "posted_at": row.posted_at,
        "batch_id": row.batch_id,
        "stopped_code": row.stopped_code,
    }


@api.get("")
@needs("bordereau.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BordereauPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List a pool's bordereaux, newest first."""
    found = desk.listed_for(actor(), pool_of(pool_id).id)
    page = newest_first(unit(), found.order_by(None), query, Bordereau.made_at, Bordereau.id)
    return {"data": [_out(row) for row in page.rows], "next": page.next}


@api.post("")
@needs("bordereau.send")
@api.doc(
    requestBody={
        "required": True,
        "content": {
            name: {"schema": {"type": "string", "format": "binary"}}
            for name in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        }
        | {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
)
@api.arguments(BordereauQuery, location="query")
@api.response(202, BordereauOut)
def send(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Send a list: the body is the CSV or XLSX file, or a form with it as `file`. It is read in the background."""
    pool = led_pool(pool_id)
    if query["on"] is None:
        raise Invalid("input_wrong", [Finding("input_missing", "on")])
    file = sent_file()
    if file is None:
        raise Invalid("upload_missing")
    day, chosen = booked_on(query["on"]), mapping_of((query["columns"],))
    sent = desk.keep_sent(file.stream, query["name"] or file.name, chosen, query["sheet"] or None)
    return _out(desk.begin(unit(), pool, sent, on=day, by=actor(), at=at()))


@api.get("/<uuid:bordereau_id>")
@needs("bordereau.read")
@api.response(200, BordereauOut)
def one(pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """Show one bordereau: how far it is, how many faults, whether it is posted."""
    return _out(_row(pool_id, bordereau_id))


def _row(pool_id: int, bordereau_id: uuid.UUID) -> Bordereau:
    return desk.of_pool(unit(), pool_of(pool_id).id, bordereau_id, actor())


@api.get("/<uuid:bordereau_id>/faults")
@needs("bordereau.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BordereauFaultPage)
def faults(query: dict[str, Any], pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """List what is wrong with a bordereau's rows, by row."""
    key = read_cursor(query["cursor"])
    found = sent_lists.faults_of(_row(pool_id, bordereau_id)).add_columns(BordereauFault.place)
    if key:
        if len(key) != 2 or not all(isinstance(part, int) and 0 <= part < 2**62 for part in key):
            raise Invalid("cursor_wrong")
        found = found.where(tuple_(BordereauFault.line, BordereauFault.place) > tuple_(*key))
    rows = unit().execute(found.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], lambda row: (row.line, row.place))
    told = desk.told_faults(row[:4] for row in page["data"])  # type: ignore[attr-defined]
    data = [
        {"row": row.line, "field": row.field, "code": row.code, "detail": said["what"]}
        for row, said in zip(page["data"], told, strict=True)  # type: ignore[call-overload]
    ]
    return {"data": data, "next": page["next"]}


@api.post("/<uuid:bordereau_id>/approve")
@needs("bordereau.approve")
@api.response(202, BordereauOut)
def approve(pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """Have a bordereau that is in order posted, by another person than the one who sent it."""
    led_pool(pool_id)
    row = _row(pool_id, bordereau_id)
    return _out(desk.approve_bordereau(unit(), row.id, by=actor(), at=at()))


@api.post("/<uuid:bordereau_id>/discard")
@needs("bordereau.send")
@api.response(200, BordereauOut)
def discard(pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """Give up a bordereau that is not approved."""
    led_pool(pool_id)
    row = sent_lists.lock(unit(), Bordereau, _row(pool_id, bordereau_id).id)
    sent_lists.discard(unit(), row, by=actor(), at=at())
    return _out(row)
