"""Lists of claims: sent as a file, read by the worker, their faults by the page, approved and filed, given up."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate
from sqlalchemy import tuple_

from claims.list_models import ClaimsList, ClaimsListFault
from core.errors import Finding, Invalid
from underwriting import sent_lists
from web import claims_list_desk as desk
from web import fields
from web.api import MoneySchema, PageQuery, Strict, listed, money, newest_first, read_cursor, resource
from web.list_cli import mapping_of
from web.money_desk import booked_on, led_pool, pool_of
from web.sent_files import sent_file
from web.shell import actor, at, needs, unit

api = resource("claims_lists", "Lists of claims, filed together.", "/pools/<int:pool_id>/claims-lists")


class ClaimsListOut(Strict):
    """A list: `reading` and `approved` are the worker's, `checked` waits for approval, `faulty` was not booked."""

    id = fields.UUID()
    pool_id = fields.Integer(strict=True)
    name = fields.String(metadata={"description": "the file's name"})
    sha256 = fields.String()
    on = fields.Date(metadata={"description": "the day that is booked on"})
    stage = fields.String()
    rows = fields.Integer(strict=True)
    claims = fields.Integer(strict=True)
    faults = fields.Integer(strict=True)
    asked = fields.Nested(MoneySchema)
    sent_at = fields.AwareDateTime(format="iso")
    posted_at = fields.AwareDateTime(format="iso", allow_none=True)
    stopped_code = fields.String(allow_none=True, metadata={"description": "why it was approved and not filed"})


class ClaimsListPage(Strict):
    """A page of lists; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ClaimsListOut))
    next = fields.String(allow_none=True)


class ClaimsListQuery(Strict):
    """How a file is sent: its booking day, its name, which header is which field, which sheet of a workbook."""

    on = fields.Date(load_default=None, metadata={"description": "needed: the day that is booked on"})
    name = fields.String(load_default="", validate=validate.Length(max=200))
    columns = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"description": "`field=header` by commas; what is not named is known by its header"},
    )
    sheet = fields.String(load_default="", validate=validate.Length(max=100))


class ClaimsListFaultOut(Strict):
    """What is wrong with one row of the file."""

    row = fields.Integer(strict=True)
    field = fields.String()
    code = fields.String()
    detail = fields.String()


class ClaimsListFaultPage(Strict):
    """A page of faults, by row; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ClaimsListFaultOut))
    next = fields.String(allow_none=True)


def _out(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "pool_id": row.pool_id,
        "name": row.name,
        "sha256": row.digest,
        "on": row.on,
        "stage": row.stage,
        "rows": row.line_count,
        "claims": row.claim_count,
        "faults": row.fault_count,
        "asked": money(row.asked_fen),
        "sent_at": row.made_at,
        "posted_at": row.posted_at,
        "stopped_code": row.stopped_code,
    }


@api.get("")
@needs("claims_list.read")
@api.arguments(PageQuery, location="query")
@api.response(200, ClaimsListPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List a pool's lists of claims, newest first."""
    found = desk.listed_for(actor(), pool_of(pool_id).id)
    page = newest_first(unit(), found.order_by(None), query, ClaimsList.made_at, ClaimsList.id)
    return {"data": [_out(row) for row in page.rows], "next": page.next}


@api.post("")
@needs("claims_list.send")
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
@api.arguments(ClaimsListQuery, location="query")
@api.response(202, ClaimsListOut)
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


@api.get("/<uuid:list_id>")
@needs("claims_list.read")
@api.response(200, ClaimsListOut)
def one(pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Show one list: how many claims and faults, whether it is filed."""
    return _out(_row(pool_id, list_id))


def _row(pool_id: int, list_id: uuid.UUID) -> ClaimsList:
    return desk.of_pool(unit(), pool_of(pool_id).id, list_id, actor())


@api.get("/<uuid:list_id>/faults")
@needs("claims_list.read")
@api.arguments(PageQuery, location="query")
@api.response(200, ClaimsListFaultPage)
def faults(query: dict[str, Any], pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """List what is wrong with a list's rows, by row."""
    key = read_cursor(query["cursor"])
    found = sent_lists.faults_of(_row(pool_id, list_id)).add_columns(ClaimsListFault.place)
    if key:
        if len(key) != 2 or not all(isinstance(part, int) and 0 <= part < 2**62 for part in key):
            raise Invalid("cursor_wrong")
        found = found.where(tuple_(ClaimsListFault.line, ClaimsListFault.place) > tuple_(*key))
    rows = unit().execute(found.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], lambda row: (row.line, row.place))
    told = desk.told_faults(row[:4] for row in page["data"])  # type: ignore[attr-defined]
    data = [
        {"row": row.line, "field": row.field, "code": row.code, "detail": said["what"]}
        for row, said in zip(page["data"], told, strict=True)  # type: ignore[call-overload]
    ]
    return {"data": data, "next": page["next"]}


@api.post("/<uuid:list_id>/approve")
@needs("claims_list.approve")
@api.response(202, ClaimsListOut)
def approve(pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Have a list that is in order filed, by another person than the one who sent it."""
    led_pool(pool_id)
    row = _row(pool_id, list_id)
    return _out(desk.approve_claims_list(unit(), row.id, by=actor(), at=at()))


@api.post("/<uuid:list_id>/discard")
@needs("claims_list.send")
@api.response(200, ClaimsListOut)
def discard(pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Give up a list that is not approved."""
    led_pool(pool_id)
    row = sent_lists.lock(unit(), ClaimsList, _row(pool_id, list_id).id)
    sent_lists.discard(unit(), row, by=actor(), at=at())
    return _out(row)
