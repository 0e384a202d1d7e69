"""Every kind of list that is sent, for programs: a file sent, its faults by the page, approved, given up.

The routes and their answers are those of each kind (`bordereaux`, `claims_lists`); what they do is here.
"""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate
from sqlalchemy import tuple_

from core.errors import Finding, Invalid
from underwriting import sent_lists
from underwriting.sent_models import SentList
from web import fields, sent_desk
from web.api import Strict, listed, newest_first, read_cursor
from web.list_cli import mapping_of
from web.money_desk import booked_on, led_pool, pool_of
from web.sent_desk import ListKind
from web.sent_files import sent_file
from web.shell import actor, at, unit

#: A kind of list, whatever its lists hold.
AnyKind = ListKind[Any]

#: The body of a request that sends a list, as the description of the API has it.
FILE_BODY = {
    "requestBody": {
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
}


class SentQuery(Strict):
    """How a file is sent: its booking day, its name, which header is which field, which sheet of a workbook."""

    on = fields.Date(load_default=None, metadata={"description": "needed: the day that is booked on"})
    name = fields.String(load_default="", validate=validate.Length(max=200))
    columns = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"description": "`field=header` by commas; what is not named is known by its header"},
    )
    sheet = fields.String(load_default="", validate=validate.Length(max=100))


class SentListOut(Strict):
    """What every list that was sent tells of itself."""

    id = fields.UUID()
    pool_id = fields.Integer(strict=True)
    name = fields.String(metadata={"description": "the file's name"})
    sha256 = fields.String()
    stage = fields.String()
    faults = fields.Integer(strict=True)
    sent_at = fields.AwareDateTime(format="iso")
    posted_at = fields.AwareDateTime(format="iso", allow_none=True)


class SentFaultOut(Strict):
    """What is wrong with one row of the file."""

    row = fields.Integer(strict=True)
    field = fields.String()
    code = fields.String()
    detail = fields.String()


def told(row: Any) -> dict[str, Any]:
    """Return what every list tells of itself, beside what is its kind's own."""
    return {
        "id": row.id,
        "pool_id": row.pool_id,
        "name": row.name,
        "sha256": row.digest,
        "on": row.on,
        "stage": row.stage,
        "faults": row.fault_count,
        "sent_at": row.made_at,
        "posted_at": row.posted_at,
        "stopped_code": row.stopped_code,
        "stopped_detail": sent_desk.stopped_words(row) or None,
    }


def index(kind: AnyKind, query: dict[str, Any], pool_id: int) -> tuple[list[Any], str | None]:
    """Return the asked page of a pool's lists, newest first, with the cursor of the following one."""
    found = sent_desk.listed_for(kind, actor(), pool_of(pool_id).id)
    page = newest_first(unit(), found.order_by(None), query, kind.model.made_at, kind.model.id)
    return list(page.rows), page.next


def send(kind: AnyKind, query: dict[str, Any], pool_id: int) -> SentList:
    """Return a list whose file came as the body of the request, or in a form; it is read in the background."""
    pool = led_pool(pool_id)
    if query["on"] is None:
        raise Invalid("input_wrong", [Finding("input_missing", "on")])
    file = sent_file()
    if file is None:
        raise Invalid("upload_missing")
    day, chosen = booked_on(query["on"]), mapping_of((query["columns"],))
    sent = sent_desk.keep_sent(kind, file.stream, query["name"] or file.name, chosen, query["sheet"] or None)
    return sent_desk.begin(unit(), kind, pool, sent, on=day, by=actor(), at=at())  # type: ignore[no-any-return]


def one(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> SentList:
    """Return a list of a pool that the actor may see."""
    row: SentList = sent_lists.of_pool(unit(), kind.model, pool_of(pool_id).id, list_id, actor())
    return row


def faults(kind: AnyKind, query: dict[str, Any], pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Return the asked page of what is wrong with a list's rows, by row."""
    key, fault = read_cursor(query["cursor"]), kind.model.faults
    found = sent_lists.faults_of(one(kind, pool_id, list_id)).add_columns(fault.place)
    if key:
        if len(key) != 2 or not all(isinstance(part, int) and 0 <= part < 2**62 for part in key):
            raise Invalid("cursor_wrong")
        found = found.where(tuple_(fault.line, fault.place) > tuple_(*key))
    rows = unit().execute(found.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], lambda row: (row.line, row.place))
    said = sent_desk.told_faults(kind, (row[:4] for row in page["data"]))  # type: ignore[attr-defined]
    data = [
        {"row": row.line, "field": row.field, "code": row.code, "detail": words["what"]}
        for row, words in zip(page["data"], said, strict=True)  # type: ignore[call-overload]
    ]
    return {"data": data, "next": page["next"]}


def approve_list(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> SentList:
    """Return a list in order, to be posted, by another person than the one who sent it."""
    led_pool(pool_id)
    row = one(kind, pool_id, list_id)
    return sent_desk.approve_list(unit(), kind, row.id, by=actor(), at=at())  # type: ignore[no-any-return]


def discard(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> SentList:
    """Return a list that is not approved, given up."""
    led_pool(pool_id)
    row = one(kind, pool_id, list_id)
    return sent_desk.discard(unit(), kind, row.id, by=actor(), at=at())  # type: ignore[no-any-return]
