"""Proving anew who one is before what weighs: money leaves, bids are opened, a signature is given (decision 0033).

A form that is sent when the last proof is too old is not refused: the page that asks for password and code holds all
that was in it, so that giving them is sending it. Password and code are taken out of the form before any view, key or
record sees it, and are kept nowhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from flask import Response, current_app, make_response, redirect, render_template, request
from flask_security import url_for_security
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Response as BaseResponse

from core import permits
from core.errors import Invalid
from web import limits, sign_in, traces, visits
from web.accounts import User
from web.code_words import ASKED
from web.errors import Unauthenticated, is_for_program, tell_when, words
from web.formats import t
from web.limits import TooMany
from web.second_factor import is_code_of

#: What the page that asks adds to the form, and takes out again.
PASSWORD, CODE = "proof_password", "proof_code"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})

#: Flask-Security's screens of what proves the person, each with where to go after the proof (itself, where not told).
_SCREENS = {
    "security.two_factor_setup": "",
    "security.two_factor_setup_validate": "two_factor_setup",
    "security.two_factor_token_validation": "two_factor_setup",
    "security.mf_recovery_codes": "",
}


def ask_again(action: str) -> Response | None:
    """Return nothing where a person may go on with this; otherwise the page that asks for the proof, form and all.

    A token is a credential of its own and goes on. Raises Unauthenticated `proof_needed` (minutes) for a program that
    uses a person's sign-in. Where the tries at the account have run out the page says when the next one is taken.
    """
    if request.method in _READS or action not in permits.WEIGHTY:
        return None
    given = _taken()
    if visits.visit().is_proven:
        return None
    _refuse_programs()
    if given is None:
        return _page(action)
    try:
        return None if is_proof(*given) else _page(action, wrong())
    except TooMany as refusal:
        return tell_when(_page(action, words(refusal), refusal.status), refusal)


def guard_screens() -> BaseResponse | None:
    """Send whoever has no recent proof from the screens of the second factor to the page that asks for one.

    These are not ours, and their own notion of freshness stands in the cookie; here as everywhere it is the row of the
    sign-in that counts. Raises Unauthenticated `proof_needed` (minutes) for a program.
    """
    if request.endpoint not in _SCREENS:
        return None
    who = visits.visit()
    if not who.is_signed_in or who.is_proven:
        return None
    _refuse_programs()
    after = _SCREENS[request.endpoint]
    return redirect(url_for_security("verify", next=url_for_security(after) if after else request.path))


def _refuse_programs() -> None:
    """Refuse Unauthenticated `proof_needed` (minutes) to a program: nobody is there to be asked."""
    if is_for_program():
        minutes = current_app.extensions["gongbao"].settings.proof_min
        raise Unauthenticated("proof_needed", minutes=minutes)


def is_proof(password: str, code: str) -> bool:
    """Say whether password and code are those of the account behind this page, and write down which it was.

    Raises TooMany where the tries at the account have run out.
    """
    if not _is_right(password, code):
        traces.of_this_visit("account.proof_refused")
        return False
    visits.prove()
    traces.of_this_visit("account.proven")
    return True


def wrong() -> str:
    """Return what is said of a password or a code that is not right, in the reader's language."""
    return words(Invalid("proof_wrong" if visits.visit().has_second_factor else "password_wrong"))


def _taken() -> tuple[str, str] | None:
    """Return password and code where the form holds them, and leave the form as if they had never been in it."""
    fields = list(request.form.items(multi=True))
    found = {name: value for name, value in fields if name in (PASSWORD, CODE)}
    if not found:
        return None
    asked = request._get_current_object()  # type: ignore[attr-defined]
    asked.form = ImmutableMultiDict([(name, value) for name, value in fields if name not in found])
    asked.__dict__.pop("values", None)
    return found.get(PASSWORD, ""), found.get(CODE, "")


def _is_right(password: str, code: str) -> bool:
    """Say whether password and code are those of the account behind the page, of the tries that the account has."""
    engine = current_app.extensions["gongbao"].engine
    opened = sign_in.accounts_session()
    user = opened.get_one(User, visits.visit().user_id)
    limits.take(engine, limits.PROOF_ACCOUNT, str(user.id))
    try:
        is_right = sign_in.is_password_of(user, password) and is_code_of(user, code)
        opened.commit()
    finally:
        opened.close()
    if is_right:
        limits.give_back(engine, limits.PROOF_ACCOUNT, str(user.id))
    return is_right


def _page(action: str, said: str = "", status: int = 401) -> Response:
    """Return the page that asks, with every field of the form in it; files are chosen again.

    `action` is what the form is to do.
    """
    return make_response(
        render_template(
            "account/proof.html",
            who=visits.visit(),
            doing=t(*ASKED[action]) if action in ASKED else "",
            back=_back(),
            action=request.full_path.rstrip("?"),
            carried=[(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"],
            files=[(name, file.filename) for name, file in request.files.items(multi=True) if file.filename],
            minutes=current_app.extensions["gongbao"].settings.proof_min,
            password=PASSWORD,
            code=CODE,
            wrong=said,
        ),
        status,
    )


def _back() -> str:
    """Return the page that the form came from; nothing where it is not ours or cannot be asked for as a page."""
    came_from = urlsplit(request.referrer or "")
    is_ours = came_from.netloc == request.host and not came_from.path.startswith("//")
    methods = (request.url_rule.methods if request.url_rule else None) or ()
    is_page = came_from.path != request.path or "GET" in methods
    return urlunsplit(("", "", came_from.path, came_from.query, "")) if is_ours and is_page else ""
