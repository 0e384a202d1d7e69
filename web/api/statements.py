"""Statements of account: list, one with its rows, its files, and what its member answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from marshmallow import validate

from core.papers import Paper
from ledger import statements
from ledger.models import Period, Statement
from web import confirmation, fields
from web.api import MoneySchema, PageQuery, Strict, money, newest_first, resource
from web.documents.rows import StatementRows, rows_digest
from web.keeping import sent, settings
from web.shell import actor, at, needs, unit
from web.statement_paper import CONFIRMATION, FILES, FileKind, keep_files, kept_files
from web.statement_view import Narrowed, listed_for, rows_shown, statement_of, thread_of
from web.states import STATES

api = resource("statements", "Statements of account and the members' answers.")


class StatementOut(Strict):
    """A statement; a positive balance is what the pool owes the member."""

    id = fields.UUID()
    number = fields.String()
    pool_id = fields.Integer(strict=True)
    period = fields.String()
    organisation_id = fields.UUID()
    member = fields.String()
    stage = fields.String()
    balance = fields.Nested(MoneySchema)
    issued_at = fields.AwareDateTime(format="iso", allow_none=True)
    due_on = fields.Date(allow_none=True, metadata={"description": "the balance is paid by this day"})
    interest_until_on = fields.Date(
        allow_none=True, metadata={"description": "late interest is booked up to this day, in later periods"}
    )
    answered_at = fields.AwareDateTime(format="iso", allow_none=True)
    settled_on = fields.Date(allow_none=True)


class StatementPage(Strict):
    """A page of statements; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(StatementOut))
    next = fields.String(allow_none=True)


class StatementList(Strict):
    """The statements of one period, in member order."""

    data = fields.List(fields.Nested(StatementOut))


class StatementLineOut(Strict):
    """One line: the sum of the movements of one kind."""

    kind = fields.String()
    count = fields.Integer(strict=True)
    amount = fields.Nested(MoneySchema)


class StatementMovementOut(Strict):
    """One movement of the member's current account, with the entry behind it."""

    on = fields.Date()
    entry = fields.Integer(strict=True)
    reason = fields.String()
    document = fields.String()
    description = fields.String()
    amount = fields.Nested(MoneySchema)


class StatementFileOut(Strict):
    """One kept file; `sha256` is empty until it is made, which its first download does."""

    name = fields.String()
    media_type = fields.String()
    size = fields.Integer(strict=True, allow_none=True)
    sha256 = fields.String()
    href = fields.String()


class StatementWordsOut(Strict):
    """What one side (`member`, `lead`) said, in its place, with the entry that it is about."""

    sequence = fields.Integer(strict=True)
    side = fields.String()
    person = fields.String()
    at = fields.AwareDateTime(format="iso")
    words = fields.String()
    entry = fields.Integer(strict=True, allow_none=True)


class StatementDetail(StatementOut):
    """A statement with the rows that its page and its papers are made from; `digest` is theirs."""

    lines = fields.List(fields.Nested(StatementLineOut))
    movements = fields.List(fields.Nested(StatementMovementOut))
    digest = fields.String()
    thread = fields.List(fields.Nested(StatementWordsOut))
    files = fields.List(fields.Nested(StatementFileOut))


class StatementQuery(PageQuery):
    """Which statements: by state, pool, period label."""

    stage = fields.String(load_default="", validate=validate.OneOf(["", *STATES["statement"]]))
    pool_id = fields.String(load_default="", validate=fields.Pattern(r"^[0-9]{0,18}$"))
    period = fields.String(load_default="")


class StatementAnswerIn(Strict):
    """A member's answer; a query needs `words`, and may name the `entry` they are about."""

    verb = fields.String(required=True, validate=validate.OneOf(["acknowledge", "agree", "query"]))
    words = fields.String(load_default="")
    entry = fields.Integer(strict=True, load_default=None, allow_none=True)


class StatementReplyIn(Strict):
    """The lead's reply to a query."""

    words = fields.String(required=True)
    entry = fields.Integer(strict=True, load_default=None, allow_none=True)


@api.get("")
@needs("statement.read")
@api.arguments(StatementQuery, location="query")
@api.response(200, StatementPage)
def index(query: dict[str, Any]) -> dict[str, Any]:
    """List the statements that the caller may see, newest period first."""
    pool_id = int(query["pool_id"]) if query["pool_id"] else None
    narrowed = Narrowed(stage=query["stage"], pool_id=pool_id, period=query["period"])
    found = listed_for(actor(), narrowed).order_by(None).add_columns(Statement.made_at)
    page = newest_first(unit(), found, query, Statement.made_at, Statement.id)
    return {"data": [_out(row) for row in page.rows], "next": page.next}


def _out(row: Any) -> dict[str, Any]:
    return {**row._mapping, "balance": money(row.balance_fen)}


def statements_out(made: Sequence[Statement]) -> dict[str, Any]:
    """Return statements as a list has them, in member order."""
    ids = [one.id for one in made]
    rows = unit().execute(listed_for(actor(), Narrowed()).where(Statement.id.in_(ids)))
    return {"data": [_out(row) for row in rows]}


@api.get("/<uuid:statement_id>")
@needs("statement.read")
@api.response(200, StatementDetail)
def one(statement_id: uuid.UUID) -> dict[str, Any]:
    """Show one statement with its lines, movements and files."""
    return _detail(statement_of(unit(), statement_id, actor()))


def _detail(statement: Statement) -> dict[str, Any]:
    rows = rows_shown(unit(), statement, settings())
    return {
        "id": statement.id,
        "number": statement.number,
        "pool_id": statement.pool_id,
        "period": unit().get_one(Period, statement.period_id).label,
        "organisation_id": statement.organisation_id,
        "member": rows.head.member_name,
        "stage": statement.stage,
        "balance": money(statement.balance_fen),
        "issued_at": statement.issued_at,
        "answered_at": statement.answered_at,
        "due_on": statement.due_on,
        "interest_until_on": statement.interest_until_on,
        "settled_on": statement.settled_on,
        "lines": [{"kind": one.kind, "count": one.count, "amount": money(one.amount_fen)} for one in rows.lines],
        "movements": _movements(rows),
        "digest": rows_digest(rows),
        "thread": thread_of(unit(), statement),
        "files": _files(statement),
    }


def _movements(rows: StatementRows) -> list[dict[str, Any]]:
    return [
        {
            "on": one.on,
            "entry": one.entry_number,
            "reason": one.reason,
            "document": one.subject,
            "description": one.description,
            "amount": money(one.amount_fen),
        }
        for one in rows.movements
    ]


def _files(statement: Statement) -> list[dict[str, Any]]:
    if statement.stage == "draft":
        return []
    kept = kept_files(unit(), statement)
    files = [
        _file(name, kind, kept.get(name), url_for("api_statements.file", statement_id=statement.id, name=name))
        for name, kind in FILES.items()
    ]
    if statement.stage in confirmation.AGREED:
        made, href = confirmation.kept_confirmation(unit(), statement), url_for(".confirmed", statement_id=statement.id)
        files.append(_file("confirmation", CONFIRMATION, made, href))
    return files


def _file(name: str, kind: FileKind, kept: Paper | None, href: str) -> dict[str, Any]:
    """Return one file as its list has it; without size and digest before it is made."""
    return {
        "name": name,
        "media_type": kind.media_type,
        "size": kept.size if kept else None,
        "sha256": kept.digest if kept else "",
        "href": href,
    }


@api.get(f"/<uuid:statement_id>/files/<any({', '.join(repr(name) for name in FILES)}):name>")
@needs("statement.read", writes=True)
@api.response(200, content_type="application/octet-stream")
def file(statement_id: uuid.UUID, name: str) -> ResponseReturnValue:
    """Download one file of a statement exactly as it was kept."""
    statement = statement_of(unit(), statement_id, actor())
    response = sent(keep_files(unit(), statement, settings(), by=actor(), at=at())[name])
    response.headers["Cache-Control"] = "private, no-store"
    return response


@api.get("/<uuid:statement_id>/confirmation")
@needs("statement.read", writes=True)
@api.response(200, content_type="application/pdf")
def confirmed(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Download the confirmation of an agreed statement exactly as it was kept."""
    statement = statement_of(unit(), statement_id, actor())
    response = sent(confirmation.keep_confirmation(unit(), statement, settings(), by=actor(), at=at()))
    response.headers["Cache-Control"] = "private, no-store"
    return response


@api.post("/<uuid:statement_id>/answers")
@needs("statement.answer")
@api.arguments(StatementAnswerIn)
@api.response(200, StatementDetail)
def answer(body: dict[str, Any], statement_id: uuid.UUID) -> dict[str, Any]:
    """Acknowledge, agree to or query one's own statement; a query that waits takes further words as a query again."""
    statement = statement_of(unit(), statement_id, actor())
    told = {"words": body["words"], "entry_id": body["entry"]}
    confirmation.answer(unit(), statement, body["verb"], by=actor(), at=at(), **told)
    return _detail(statement)


@api.post("/<uuid:statement_id>/reply")
@needs("statement.reply")
@api.arguments(StatementReplyIn)
@api.response(200, StatementDetail)
def reply(body: dict[str, Any], statement_id: uuid.UUID) -> dict[str, Any]:
    """Answer a member's query; the statement waits for its member again."""
    statement = statement_of(unit(), statement_id, actor())
    statements.reply(unit(), statement, body["words"], by=actor(), at=at(), entry_id=body["entry"])
    return _detail(statement)
