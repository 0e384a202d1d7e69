"""Lists of claims for programs: what is their own of every list that is sent."""

from __future__ import annotations

import uuid
from typing import Any

from web import fields
from web.api import MoneySchema, PageQuery, Strict, money, resource, sent_lists
from web.api.sent_lists import FILE_BODY, SentFaultOut, SentListOut, SentQuery
from web.claims_list_desk import CLAIMS_LISTS
from web.shell import needs

api = resource("claims_lists", "Lists of claims, filed together.", "/pools/<int:pool_id>/claims-lists")


class ClaimsListOut(SentListOut):
    """A list: `reading` and `approved` are the worker's, `checked` waits for approval, `faulty` was not booked."""

    on = fields.Date(metadata={"description": "the day that is booked on"})
    rows = fields.Integer(strict=True)
    claims = fields.Integer(strict=True)
    asked = fields.Nested(MoneySchema)
    stopped_code = fields.String(allow_none=True, metadata={"description": "why it was approved and not filed"})
    stopped_detail = fields.String(allow_none=True, metadata={"description": "the same in words"})


class ClaimsListPage(Strict):
    """A page of lists; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ClaimsListOut))
    next = fields.String(allow_none=True)


class ClaimsListFaultOut(SentFaultOut):
    """What is wrong with one row of the file."""


class ClaimsListFaultPage(Strict):
    """A page of faults, by row; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(ClaimsListFaultOut))
    next = fields.String(allow_none=True)


def _out(row: Any) -> dict[str, Any]:
    return {
        **sent_lists.told(row),
        "rows": row.line_count,
        "claims": row.claim_count,
        "asked": money(row.asked_fen),
    }


@api.get("")
@needs("claims_list.read")
@api.arguments(PageQuery, location="query")
@api.response(200, ClaimsListPage)
def index(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """List a pool's lists of claims, newest first."""
    rows, following = sent_lists.index(CLAIMS_LISTS, query, pool_id)
    return {"data": [_out(row) for row in rows], "next": following}


@api.post("")
@needs("claims_list.send")
@api.doc(**FILE_BODY)
@api.arguments(SentQuery, location="query")
@api.response(202, ClaimsListOut)
def send(query: dict[str, Any], pool_id: int) -> dict[str, Any]:
    """Send a list: the body is the CSV or XLSX file, or a form with it as `file`. It is read in the background."""
    return _out(sent_lists.send(CLAIMS_LISTS, query, pool_id))


@api.get("/<uuid:list_id>")
@needs("claims_list.read")
@api.response(200, ClaimsListOut)
def one(pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Show one list: how many claims and faults, whether it is filed."""
    return _out(sent_lists.one(CLAIMS_LISTS, pool_id, list_id))


@api.get("/<uuid:list_id>/faults")
@needs("claims_list.read")
@api.arguments(PageQuery, location="query")
@api.response(200, ClaimsListFaultPage)
def faults(query: dict[str, Any], pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """List what is wrong with a list's rows, by row."""
    return sent_lists.faults(CLAIMS_LISTS, query, pool_id, list_id)


@api.post("/<uuid:list_id>/approve")
@needs("claims_list.approve")
@api.response(202, ClaimsListOut)
def approve(pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Have a list that is in order filed, by another person than the one who sent it."""
    return _out(sent_lists.approve_list(CLAIMS_LISTS, pool_id, list_id))


@api.post("/<uuid:list_id>/discard")
@needs("claims_list.send")
@api.response(200, ClaimsListOut)
def discard(pool_id: int, list_id: uuid.UUID) -> dict[str, Any]:
    """Give up a list that is not approved."""
    return _out(sent_lists.discard(CLAIMS_LISTS, pool_id, list_id))
