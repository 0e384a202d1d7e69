"""The log by program: events with filters, the proof of one, the signed heads."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import validate

from core.audit import AuditEvent, AuditHead
from core.errors import Invalid, NotFound
from web import audit_log, fields
from web.api import PageQuery, Strict, listed, read_cursor, resource
from web.audit_log import Wanted
from web.money_desk import read_id
from web.shell import actor, needs, unit

api = resource("audit", "The log of who did what, its proofs and signed heads.")


class LogEventOut(Strict):
    """One entry of the log; `place` is empty while it waits, for its place or for a box to be closed."""

    id = fields.UUID()
    place = fields.Integer(strict=True, allow_none=True)
    at = fields.AwareDateTime(format="iso")
    action = fields.String()
    role = fields.String()
    person_id = fields.UUID(allow_none=True)
    organisation_id = fields.UUID(allow_none=True)
    object_kind = fields.String()
    object_id = fields.String()
    facts = fields.Dict()


class LogEventPage(Strict):
    """A page of entries, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(LogEventOut))
    next = fields.String(allow_none=True)


class LogQuery(PageQuery):
    """Which entries: by action, by record."""

    action = fields.String(load_default="", validate=validate.Length(max=100))
    object_kind = fields.String(load_default="", validate=validate.Length(max=100))
    object_id = fields.String(load_default="", validate=validate.Length(max=100))


class HeadOut(Strict):
    """A signed head: so many entries hash to this root. Bytes in hexadecimal; `signed` in base64."""

    size = fields.Integer(strict=True)
    root = fields.String()
    signed_at = fields.AwareDateTime(format="iso")
    public_key = fields.String()
    signature = fields.String()
    signed = fields.String()


class HeadPage(Strict):
    """A page of heads, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(HeadOut))
    next = fields.String(allow_none=True)


class ProofOut(Strict):
    """That an entry stands in the log: hash 0x00 and `leaf`, fold `path` into it, and `root` comes out."""

    index = fields.Integer(strict=True)
    size = fields.Integer(strict=True)
    leaf = fields.String()
    leaf_hash = fields.String()
    path = fields.List(fields.String())
    root = fields.String()
    head = fields.Nested(HeadOut, allow_none=True)


@api.get("/events")
@needs("audit.read")
@api.arguments(LogQuery, location="query")
@api.response(200, LogEventPage)
def events(query: dict[str, Any]) -> dict[str, Any]:
    """List the entries that the caller may read, newest first."""
    wanted = Wanted(action=query["action"], kind=query["object_kind"], object_id=query["object_id"])
    found = audit_log.events_visible_to(actor(), wanted)
    if key := read_cursor(query["cursor"]):
        place = read_id(str(key[0]))
        if place is None:
            raise Invalid("cursor_wrong")
        found = found.where(AuditEvent.id < place)
    most = audit_log.told_size(unit(), actor())
    rows = unit().execute(found.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], key=lambda row: (str(row[0].id),))
    return {"data": [_out(row, most) for row in page["data"]], "next": page["next"]}  # type: ignore[attr-defined]


def _out(row: Any, most: int | None) -> dict[str, Any]:
    event, place = row[0], row[1]
    is_told = place is not None and (most is None or place < most)
    return {
        "id": event.id,
        "place": place if is_told else None,
        "at": event.at,
        "action": event.action,
        "role": event.role,
        "person_id": event.person_id,
        "organisation_id": event.organisation_id,
        "object_kind": event.object_kind,
        "object_id": event.object_id,
        "facts": event.facts,
    }


@api.get("/events/<uuid:event_id>")
@needs("audit.read")
@api.response(200, LogEventOut)
def event(event_id: uuid.UUID) -> dict[str, Any]:
    """Return one entry."""
    return _out(audit_log.event_of(unit(), event_id, actor()), audit_log.told_size(unit(), actor()))


@api.get("/events/<uuid:event_id>/proof")
@needs("audit.read")
@api.response(200, ProofOut)
def proof(event_id: uuid.UUID) -> dict[str, Any]:
    """Return the proof that an entry stands in the log."""
    return audit_log.proof_of(unit(), event_id, actor())


@api.get("/heads")
@needs("audit.read")
@api.arguments(PageQuery, location="query")
@api.response(200, HeadPage)
def heads(query: dict[str, Any]) -> dict[str, Any]:
    """List the signed heads, newest first."""
    most = audit_log.told_size(unit(), actor())
    found = audit_log.heads_visible_to(most).order_by(AuditHead.size.desc())
    if key := read_cursor(query["cursor"]):
        if type(key[0]) is not int or not 0 <= key[0] < 1 << 62:
            raise Invalid("cursor_wrong")
        found = found.where(AuditHead.size < key[0])
    rows = unit().scalars(found.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], key=lambda row: (row.size,))
    data = [audit_log.head_document(row) for row in page["data"]]  # type: ignore[attr-defined]
    return {"data": data, "next": page["next"]}


@api.get("/heads/newest")
@needs("audit.read")
@api.response(200, HeadOut)
def newest() -> dict[str, Any]:
    """Return the newest signed head."""
    most = audit_log.told_size(unit(), actor())
    row = unit().scalar(audit_log.heads_visible_to(most).order_by(AuditHead.size.desc()).limit(1))
    if row is None:
        raise NotFound("head_not_found")
    return audit_log.head_document(row)
