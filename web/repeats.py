"""What is sent twice is done once: a program's `Idempotency-Key` and a form's own key, by one mechanism.

Every form that a page shows holds a key of its own, so a second press of its button, a page sent again or an answer
that never arrived cannot do the work twice: the second sending is answered as the first was. The key is kept for ever,
in the transaction of the work.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, current_app, flash, redirect, request, session
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.errors import Conflict, Invalid
from core.permits import Actor
from ledger.entries import keep_outcome, outcome_of
from web.sent_files import sent_file

#: The hidden field of a form, and what of a form is not part of what it asks for.
FIELD = "form_key"
_APART = frozenset({FIELD, "csrf_token"})
_FLASHED = "_flashes"
KEY_MAX = 100
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def form_key() -> str:
    """Return a new key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class _Program:
    """A request of a program: its JSON answer is kept."""

    key: str
    scope: str
    body: dict[str, Any]

    def outcome(self, response: Response) -> dict[str, Any] | None:
        """Return what is kept of an answer."""
        return {"status": response.status_code, "json": response.get_json(silent=True)}

    def again(self, outcome: dict[str, Any]) -> Response:
        """Return the answer that was given the first time."""
        return current_app.make_response((current_app.json.response(outcome["json"]), outcome["status"]))


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of a page: where it led to and what was said are kept; a page shown in place of a way is shown anew."""

    key: str
    scope: str
    body: dict[str, Any]
    flashed: int

    def outcome(self, response: Response) -> dict[str, Any] | None:
        """Return what is kept of an answer; nothing of a page, which is shown anew."""
        if not 300 <= response.status_code < 400:
            return None
        said = [list(pair) for pair in session.get(_FLASHED, [])[self.flashed :]]
        return {"status": response.status_code, "location": response.headers["Location"], "said": said}

    def again(self, outcome: dict[str, Any]) -> Response:
        """Return the answer that was given the first time."""
        for category, message in outcome["said"]:
            flash(message, category)
        return current_app.make_response(redirect(outcome["location"], outcome["status"]))


def answered(action: str, *, by: Actor, engine: Engine) -> Response | None:
    """Return what a request was answered the first time, where it comes under a key a second time; else nothing.

    Looked up before the work's own transaction: reading there which keys there are would make everybody who keeps one
    at the same time its conflict. Refuses with Conflict `key_used_otherwise` (a program's key), `form_sent_already` (a
    form's) where the same key comes with something else, Invalid `idempotency_key_wrong`.
    """
    asked = _asked(action, by)
    if asked is None:
        return None
    try:
        with engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            known = outcome_of(Session(alone), asked.scope, asked.key, asked.body)
    except Conflict:
        if isinstance(asked, _Form):
            raise Conflict("form_sent_already") from None
        raise
    return None if known is None else asked.again(known)


def answer_and_keep(make: Callable[[], Response], action: str, *, by: Actor, unit: Session, at: datetime) -> Response:
    """Return the answer that is made; where the request came under a key, it is kept with the work.

    A refusal is not kept: what it names can be put right and sent again. Where the key has been kept in the meantime
    the database refuses it (`core.db.KEY_TAKEN`), and the request begins again.
    """
    asked = _asked(action, by)
    response = make()
    kept = asked.outcome(response) if asked is not None and response.status_code < 400 else None
    if asked is not None and kept is not None:
        keep_outcome(unit, asked.scope, asked.key, asked.body, kept, at=at)
    return response


def _asked(action: str, by: Actor) -> _Program | _Form | None:
    """Return what a request asks for under which key; nothing where it comes without one."""
    if request.method not in _WRITES or by.person_id is None:
        return None
    if request.path.startswith("/api/"):
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return None
        body = {"path": request.full_path, "body": request.get_json(silent=True), "role": by.role.value}
        if (file := sent_file()) is not None:
            body["file"] = file.digest
        return _Program(_sound(key), f"{by.organisation_id}:{request.endpoint}", body)
    key = request.form.get(FIELD)
    # What one does with one's own account changes the cookie itself, which cannot be given again.
    if not key or action == "account.use":
        return None
    asked = {name: values for name, values in request.form.lists() if name not in _APART}
    files = sorted((name, file.filename or "") for name, file in request.files.items(multi=True))
    body = {"path": request.full_path, "form": asked, "files": files, "role": by.role.value}
    return _Form(_sound(key), f"form:{by.person_id}", body, len(session.get(_FLASHED, [])))


def _sound(key: str) -> str:
    if not 1 <= len(key) <= KEY_MAX or not all("!" <= letter <= "~" for letter in key):
        raise Invalid("idempotency_key_wrong")
    return key
