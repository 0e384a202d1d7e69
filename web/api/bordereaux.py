"""Premium bordereaux for programs: what is their own of every list that is sent."""

from __future__ import annotations

import uuid
from typing import Any

from web import fields
from web.api import MoneySchema, PageQuery, Strict, money, resource, sent_lists
from web.api.sent_lists import FILE_BODY, SentFaultOut, SentListOut, SentQuery
from web.bordereau_desk import BORDEREAUX
from web.shell import needs

api = resource("bordereaux", "Premium bordereaux, posted in bulk.", "/pools/<int:pool_id>/bordereaux")


class BordereauOut(SentListOut):
    """A bordereau: `reading` and `approved` are the worker's, `checked` waits for approval, `faulty` was not booked."""

    on = fields.Date(metadata={"description": "the day that its premiums are booked on"})
    rows_read = fields.Integer(strict=True, metadata={"description": "how far the reading is"})
    rows_in_order = fields.Integer(strict=True)
    gross = fields.Nested(MoneySchema)
    batch_id = fields.UUID(allow_none=True)
    stopped_code = fields.String(allow_none=True, metadata={"description": "why it was approved and not posted"})
    stopped_detail = fields.String(allow_none=True, metadata={"description": "the same in words"})


class BordereauPage(Strict):
    """A page of bordereaux; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BordereauOut))
    next = fields.String(allow_none=True)


class BordereauFaultOut(SentFaultOut):
    """What is wrong with one row of the file."""


class BordereauFaultPage(Strict):
    """A page of faults, by row; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(BordereauFaultOut))
    next = fields.String(allow_none=True)


def _out(row: Any) -> dict[str, Any]:
    return {
        **sent_lists.told(row),
        "rows_read": row.line_count,
        "rows_in_order": row.row_count,
        "gross": money(row.gross_fen),
        "batch_id": row.batch_id,
    }


@api.get("")
@needs("bordereau.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BordereauPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List a pool's bordereaux, newest first."""
    rows, following = sent_lists.index(BORDEREAUX, query, pool_id)
    return {"data": [_out(row) for row in rows], "next": following}


@api.post("")
@needs("bordereau.send")
@api.doc(**FILE_BODY)
@api.arguments(SentQuery, location="query")
@api.response(202, BordereauOut)
def send(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Send a list: the body is the CSV or XLSX file, or a form with it as `file`. It is read in the background."""
    return _out(sent_lists.send(BORDEREAUX, query, pool_id))


@api.get("/<uuid:bordereau_id>")
@needs("bordereau.read")
@api.response(200, BordereauOut)
def one(pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """Show one bordereau: how far it is, how many faults, whether it is posted."""
    return _out(sent_lists.one(BORDEREAUX, pool_id, bordereau_id))


@api.get("/<uuid:bordereau_id>/faults")
@needs("bordereau.read")
@api.arguments(PageQuery, location="query")
@api.response(200, BordereauFaultPage)
def faults(query: dict[str, Any], pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """List what is wrong with a bordereau's rows, by row."""
    return sent_lists.faults(BORDEREAUX, query, pool_id, bordereau_id)


@api.post("/<uuid:bordereau_id>/approve")
@needs("bordereau.approve")
@api.response(202, BordereauOut)
def approve(pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """Have a bordereau that is in order posted, by another person than the one who sent it."""
    return _out(sent_lists.approve_list(BORDEREAUX, pool_id, bordereau_id))


@api.post("/<uuid:bordereau_id>/discard")
@needs("bordereau.send")
@api.response(200, BordereauOut)
def discard(pool_id: int, bordereau_id: uuid.UUID) -> dict[str, Any]:
    """Give up a bordereau that is not approved."""
    return _out(sent_lists.discard(BORDEREAUX, pool_id, bordereau_id))
