"""How a refusal leaves the house: as a problem document (RFC 9457) or as a page that says what can be done now.

One catalogue of words (`web/messages`), one place where an unforeseen fault becomes a 500 that tells its number and
nothing else. (As an exit code of the command: `web/command_line.py`.)
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, render_template, request
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from core import clock
from core.errors import Conflict, Finding, Forbidden, Invalid, Refusal
from tender.moving import DATABASE_REFUSALS as TENDER_REFUSALS
from web.formats import is_english, t
from web.limits import TooMany
from web.messages import told
from web.places import place_words
from web.schema_words import finding_of

log = structlog.get_logger("gongbao.web")

#: What the database itself refuses, by SQLSTATE: the walls of the migrations, and what PostgreSQL says by itself.
DATABASE_REFUSALS: Mapping[str, str] = {
    **TENDER_REFUSALS,
    "GB001": "row_never_changes",
    "GB002": "shares_not_the_whole",
    "GB003": "period_takes_no_posting",
    "GB004": "entry_not_balanced",
    "GB005": "lift_on_another_policy",
    "GB006": "bill_stands",
    "GB007": "claim_needs_agreement",
    "GB008": "cost_too_large",
    "23505": "already_there",
    "23P01": "already_there",
    "23503": "still_referred_to",
    "23514": "row_not_allowed",
    "55P03": "busy",
    "57014": "took_too_long",
    "40001": "busy",
    "40P01": "busy",
}


def plain(value: object) -> Any:
    """Return a fact as JSON holds it: ids, dates and instants as text, fractions as `n/d`, collections as lists."""
    if value is None or isinstance(value, (bool, int, str)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return clock.written(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Finding):
        return finding_document(value)
    if isinstance(value, (uuid.UUID, Fraction, PurePath, Enum)):
        return str(value)
    return repr(value)


def words(refusal: Refusal | Finding) -> str:
    """Return what a refusal or a finding says, in the reader's language."""
    return told(refusal.code, refusal.facts, is_english=is_english())


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return one finding as a problem document lists it."""
    return {
        "where": finding.where,
        "code": finding.code,
        "detail": words(finding),
        "facts": plain(finding.facts),
    }


def problem(refusal: Refusal) -> dict[str, Any]:
    """Return the problem document of a refusal: `type`, `title`, `status`, `detail`, `code`, `facts`, `errors`."""
    document: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": _title(refusal.status),
        "status": refusal.status,
        "detail": words(refusal),
        "code": refusal.code,
        "facts": plain(refusal.facts),
    }
    if isinstance(refusal, Invalid):
        document["errors"] = [finding_document(finding) for finding in refusal.findings]
    return document


def _title(status: int) -> str:
    pair = {
        400: ("请求无法读取", "The request cannot be read"),
        401: ("请先登录", "Sign in first"),
        403: ("无权办理", "Not yours to do"),
        404: ("没有这项内容", "No such thing"),
        405: ("不接受这种操作", "Method not taken here"),
        409: ("现在不能这样办", "Not possible now"),
        413: ("内容太大", "Too large"),
        415: ("不接受这种格式", "Format not taken here"),
        422: ("有内容需要更正", "Something needs correcting"),
        429: ("请稍等再试", "Too many requests"),
        503: ("暂时不能办理", "Not available just now"),
    }.get(status, ("系统出了差错", "Something went wrong here"))
    return t(*pair)


def place_of(finding: Finding) -> str:
    """Return where a finding stands, in the reader's language: a line of a box by its number, or a place of a file."""
    line = finding.facts.get("line")
    if isinstance(line, int):
        return t(f"第 {line} 行", f"Line {line}")
    return place_words(finding.where, is_english=is_english())


def field_errors(refusal: Refusal, *names: str) -> dict[str, str]:
    """Return a refusal as messages beside the fields of a form: {field name: message}.

    A finding goes to the field it names, or to the first of `names` where it names none of them; a refusal without
    findings goes to the first of `names`, or to the top of the form (empty name). Several of one field stand on lines
    of their own.
    """
    first = names[0] if names else ""
    if not isinstance(refusal, Invalid) or not refusal.findings:
        return {first: words(refusal)}
    errors: dict[str, str] = {}
    for finding in refusal.findings:
        name = finding.where if not names or finding.where in names else first
        text = words(finding) if finding.where in ("", name) else f"{place_of(finding)}{t('：', ': ')}{words(finding)}"
        errors[name] = f"{errors[name]}\n{text}" if name in errors else text
    return errors


def of_database(error: DBAPIError) -> Refusal | None:
    """Return what a refusal of the database means in our words; None for a fault that nobody foresaw."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in DATABASE_REFUSALS:
        return Conflict(DATABASE_REFUSALS[state])
    if state.startswith("22") or isinstance(error, DataError):
        return Invalid("value_not_storable")
    if state == "42501":
        return Forbidden("row_not_yours")
    if isinstance(error, IntegrityError):
        return Conflict("row_not_allowed")
    return None


# What Flask is told


def is_for_program() -> bool:
    """Say whether whoever asks wants a problem document rather than a page."""
    if request.path.startswith("/api/") and request.path != "/api/docs":
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html"


def install(app: Flask) -> None:
    """Register the one handler of each kind of failure."""
    app.register_error_handler(Refusal, on_refusal)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(DBAPIError, on_database)
    app.register_error_handler(UnicodeEncodeError, lambda _: on_refusal(Invalid("value_not_storable")))
    app.register_error_handler(RecursionError, lambda _: on_refusal(Invalid("input_too_deep")))


def on_refusal(refusal: Refusal) -> Response:
    """Answer a refusal with its problem document or its page."""
    if is_for_program():
        response = _document(problem(refusal), refusal.status)
    else:
        findings = [(one.where, words(one)) for one in getattr(refusal, "findings", ())]
        response = _page(
            refusal.status,
            message=words(refusal),
            code=refusal.code,
            kind=refusal.facts.get("kind", ""),
            stage=refusal.facts.get("stage", ""),
            findings=findings,
            found=len(findings),
            retry_s=refusal.facts.get("retry_s"),
        )
    return tell_when(response, refusal) if isinstance(refusal, TooMany) else response


def tell_when(response: Response, refusal: TooMany) -> Response:
    """Return an answer with the headers that say when the next try is taken."""
    response.headers["Retry-After"] = str(refusal.retry_s)
    response.headers["RateLimit-Policy"] = f'"{refusal.limit.name}";q={refusal.limit.burst}'
    response.headers["RateLimit"] = f'"{refusal.limit.name}";r=0;t={refusal.retry_s}'
    return response


def on_http(error: HTTPException) -> Response:
    """Answer an HTTP error; the 422 of a schema lists every wrong field, any other has a code of its own."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return current_app.make_response(error.get_response())
    messages = getattr(error, "data", {}).get("messages") if hasattr(error, "data") else None
    if messages is not None:
        return on_refusal(Invalid("input_wrong", findings=list(_schema_findings(messages))))
    code = "form_expired" if type(error).__name__ == "CSRFError" else f"http_{status}"
    if is_for_program():
        document = {
            "type": f"/problems/{code}",
            "title": _title(status),
            "status": status,
            "detail": told(code, {}, is_english=is_english()),
            "code": code,
            "facts": {},
            "request": g.get("request_id", ""),
        }
        response = _document(document, status)
    else:
        response = _page(status, code=code, reference=g.get("request_id", "") if status >= 500 else "")
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after", "www-authenticate"}:
            response.headers[name] = value
    return response


def on_database(error: DBAPIError) -> Response:
    """Answer what the database refuses in our words, its absence with 503, anything else as an unforeseen fault."""
    refusal = of_database(error)
    if refusal is not None:
        log.warning("database.refused", code=refusal.code, sqlstate=getattr(error.orig, "sqlstate", None))
        return on_refusal(refusal)
    if isinstance(error, OperationalError):
        log.error("database.away", error=type(error.orig).__name__)
        return on_refusal(Unavailable("database_away", retry_s=10))
    raise error


class Unavailable(Refusal):
    """Something that this needs is not there just now (503)."""

    status = 503


class Unauthenticated(Refusal):
    """Nobody is signed in, or the token does not hold (401)."""

    status = 401


def _schema_findings(messages: object, where: tuple[str, ...] = ()) -> Iterator[Finding]:
    """Yield a finding for each message of marshmallow's nested answer; the place in the request is left out."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            is_place = not where and name in {"json", "query", "form", "files", "headers", "path", "json_or_form"}
            step = () if name == "_schema" else (str(name),)
            yield from _schema_findings(inner, where if is_place else (*where, *step))
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _schema_findings(message, where)
    else:
        yield finding_of(str(messages), ".".join(where))


def _document(document: dict[str, Any], status: int) -> Response:
    # Half a character (a lone surrogate of a JSON escape) goes back as the escape that it came as.
    body = current_app.json.dumps(document).encode("utf-8", "backslashreplace")
    return Response(body, status=status, mimetype="application/problem+json")


def _page(status: int, **context: object) -> Response:
    actions: list[tuple[str, str]] = []
    if status == 401:
        actions = [(t("登录", "Sign in"), "/login")]
    elif status in (409, 422, 400) and request.referrer and request.referrer.startswith(request.host_url):
        actions = [(t("返回上一页", "Back to the page before"), request.referrer[len(request.host_url) - 1 :])]
    text = render_template("errors/problem.html", status=status, actions=actions, **context)
    return Response(text.encode("utf-8", "replace"), status=status, mimetype="text/html")
