"""What stands around every view: who may ask, one transaction, one instant, done again where it must be.

A view says what it needs (`@needs("tender.read")`) and takes what it gets: `unit()` the session of its unit of work,
`actor()` who asks, `at()` the instant of the request. It may run several times for one request (a serialisation
failure is tried again), so it does nothing that a rollback does not undo: mail, files and papers are jobs.

- A request that only reads (GET, HEAD) runs READ ONLY on one snapshot; any other runs SERIALIZABLE.
- What a view answers with status 400 or more is rolled back, so a form shown again with its errors has kept nothing.
- What comes under a key (a form's own, a program's `Idempotency-Key`) is done once; see `web.repeats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, has_request_context, redirect, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from core import permits
from core.db import may_try_again, stand_back, unit_of_work
from core.errors import Conflict, Forbidden, Refusal
from core.permits import Actor
from web import proving
from web.errors import Unauthenticated, is_for_program
from web.repeats import answer_and_keep, answered
from web.visits import instant, visit

View = TypeVar("View", bound=Callable[..., Any])

TRIES = 6
READS = frozenset({"GET", "HEAD", "OPTIONS"})
#: What PostgreSQL says to everything in a transaction after its first refusal.
_ABORTED = "25P02"


class _Undone(Exception):
    """Carries an answer out of a unit of work that is not to be kept."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def unit() -> Session:
    """Return the session of this request's unit of work; only inside a view."""
    found: Session = g.unit
    return found


@contextmanager
def reading() -> Iterator[Session]:
    """Open a short unit of work that only reads, for a view that has none of its own (`has_unit=False`).

    For work that takes long beside what it reads: no connection is held meanwhile. What was read stays as it was.
    """
    with unit_of_work(current_app.extensions["gongbao"].reader, actor()) as opened:
        yield opened
        opened.expunge_all()


def actor() -> Actor:
    """Return who asks: PUBLIC where nobody is signed in."""
    return visit().actor


def at() -> datetime:
    """Return the instant of this request: one for all that it does."""
    return instant()


#: What whoever still has to set up the second factor may ask for: its own account, and what holds nobody's data. Public
#: pages are not among it, for they show a role more than the public.
OPEN_BEFORE_SECOND_FACTOR = frozenset({"account.use", "calculator.use"})


def needs(
    action: str,
    *,
    writes: bool | None = None,
    has_unit: bool = True,
    turn: Callable[[], object] = lambda: None,
) -> Callable[[View], View]:
    """Let a view be asked for by those roles only that the table of `core.permits` names for this action.

    `writes=True` gives a GET a transaction that may write; `has_unit=False` gives the view none at all (a page without
    data, a calculator). `turn` names the pool into whose book a request posts, where many do at once: they wait for
    each other before they begin and not in each other's way (`core.db.unit_of_work`). A visitor who is not signed in
    is asked to, unless the action is open to the public. Before an action of `permits.WEIGHTY` the person behind a page
    has proved anew to be who signed in (`web.proving`).
    """

    def around(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
            refused = _admit(action) or proving.ask_again(action)
            if refused is not None:
                return refused
            if not has_unit:
                return current_app.make_response(current_app.ensure_sync(view)(*args, **kwargs))
            is_writing = request.method not in READS if writes is None else writes

            def answer() -> Response:
                return current_app.make_response(view(*args, **kwargs))

            if not is_writing:
                return _in_unit(answer, is_writing=False)
            return _once(answer, action, turn=_turn(turn()))

        guarded.__needs__ = action  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return around


def _admit(action: str) -> BaseResponse | None:
    """Return nothing where the actor may ask for this; an invitation to sign in or to set up the second factor."""
    who = visit()
    if permits.may(who.actor, action):
        if action in OPEN_BEFORE_SECOND_FACTOR or not who.must_set_up_second_factor:
            return None
        if is_for_program():
            raise Forbidden("second_factor_needed")
        return redirect("/account/second-factor")
    if not who.is_signed_in:
        return ask_to_sign_in()
    permits.require(who.actor, action)
    return None


def ask_to_sign_in() -> BaseResponse:
    """Send a person to the sign-in page and back here afterwards; tell a program 401."""
    if is_for_program():
        raise Unauthenticated("sign_in_first")
    if request.method not in READS:
        return redirect("/login")
    return redirect(f"/login?next={quote(request.full_path.rstrip('?'), safe='/')}")


def _turn(asked: object) -> int | None:
    """Return the number of the pool that a request asks for, as far as it is one."""
    return asked if isinstance(asked, int) and not isinstance(asked, bool) and 0 < asked < 2**31 else None


def _once(make: Callable[[], Response], action: str, *, turn: int | None) -> Response:
    """Return the answer of a view that may write, done once under its key, where it has one.

    A refusal, the database's too, is answered only where the key is still new: it may have come of the very work that
    the key stands for.
    """
    engine = current_app.extensions["gongbao"].engine

    def known() -> Response | None:
        return answered(action, by=actor(), engine=engine)

    def answer() -> Response:
        return answer_and_keep(make, action, by=actor(), unit=unit(), at=at())

    try:
        response = known() or _in_unit(answer, is_writing=True, turn=turn, known=known)
    except (Refusal, DBAPIError):
        if (found := known()) is None:
            raise
        return found
    return response if response.status_code < 400 else known() or response


def _in_unit(
    answer: Callable[[], Response],
    *,
    is_writing: bool,
    turn: int | None = None,
    known: Callable[[], Response | None] = lambda: None,
) -> Response:
    """Return the answer of a view run in one committed unit of work, again after a serialisation failure.

    Before it begins again, what became `known` in the meantime is the answer.
    """
    edge = current_app.extensions["gongbao"]
    engine = edge.engine if is_writing else edge.reader
    cookie = dict(session)
    for failed in range(TRIES):
        if failed:
            stand_back(failed)
        try:
            with unit_of_work(engine, actor(), turn=turn) as opened:
                g.unit = opened
                response = answer()
                if response.status_code >= 400:
                    raise _Undone(response)
            return response
        except _Undone as undone:
            return undone.response
        except DBAPIError as error:
            if not may_try_again(error):
                raise _refused(error) from None
            _begin_again(cookie)
            if (found := known()) is not None:
                return found
        except InvalidRequestError as error:
            raise g.get("database_error", error) from None
        finally:
            g.pop("unit", None)
    raise Conflict("busy")


def listen(engine: Engine) -> None:
    """Remember, within a request, what the database refused last."""
    if not event.contains(engine, "handle_error", _remember):
        event.listen(engine, "handle_error", _remember)


def _remember(context: ExceptionContext) -> None:
    if has_request_context() and getattr(context.original_exception, "sqlstate", None) != _ABORTED:
        g.database_error = context.sqlalchemy_exception


def _refused(error: DBAPIError) -> BaseException:
    """Return what the database refused first, where a view read on after it: that is the answer, not the sequel."""
    if getattr(error.orig, "sqlstate", None) != _ABORTED:
        return error
    first: BaseException = g.get("database_error", error)
    return first


def _begin_again(cookie: Mapping[str, Any]) -> None:
    """Put the cookie and the uploaded files back to where they were before the view ran."""
    if dict(session) != cookie:
        session.clear()
        session.update(cookie)
    for upload in request.files.values():
        upload.stream.seek(0)


def action_of(app: Flask, endpoint: str) -> str | None:
    """Return the action that a route needs; None for static files and Flask-Security's own screens."""
    found: str | None = getattr(app.view_functions[endpoint], "__needs__", None)
    return found


def check_routes(app: Flask) -> None:
    """Refuse to start with a route that says not what it needs, or an action that the table does not hold.

    Two kinds stand without: files for everyone, and Flask-Security's own screens, which ask for the account themselves.
    """
    wrong = []
    for endpoint in app.view_functions:
        action = action_of(app, endpoint)
        if action is None and endpoint != "static" and not endpoint.startswith("security."):
            wrong.append(f"{endpoint}: no @needs")
        elif action is not None and action not in permits.ACTIONS:
            wrong.append(f"{endpoint}: core/permits.py has no row for {action!r}")
    if wrong:
        raise RuntimeError("routes that nobody has decided about:\n  " + "\n  ".join(wrong))
