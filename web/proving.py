"""Proving anew who one is before what weighs: money leaves, bids are opened, a signature is given (decision 0033).

A form that is sent when the last proof is too old is not refused: the page that asks for password and code holds all
that was in it, so that giving them is sending it. Password and code are taken out of the form before any view, key or
record sees it, and are kept nowhere.
"""

from __future__ import annotations

from flask import Response, current_app, make_response, render_template, request
from flask_security import Security
from werkzeug.datastructures import ImmutableMultiDict

from core import permits
from core.errors import Invalid
from web import limits, sign_in, traces, visits
from web.accounts import User
from web.errors import Unauthenticated, is_for_program, words

#: What the page that asks adds to the form, and takes out again.
PASSWORD, CODE = "proof_password", "proof_code"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def ask_again(action: str) -> Response | None:
    """Return nothing where a person may go on with this; otherwise the page that asks for the proof, form and all.

    A token is a credential of its own and goes on. Raises Unauthenticated `proof_needed` (minutes) for a program that
    uses a person's sign-in, TooMany where the tries at the account have run out.
    """
    if request.method in _READS or action not in permits.WEIGHTY:
        return None
    given = _taken()
    if visits.visit().is_proven:
        return None
    if is_for_program():
        minutes = current_app.extensions["gongbao"].settings.proof_min
        raise Unauthenticated("proof_needed", minutes=minutes)
    if given is None:
        return _page()
    return None if is_proof(*given) else _page(wrong())


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
    return words(Invalid("proof_wrong"))


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
    """Say whether password and code are those of the account behind the page; a try at both counts as at sign-in."""
    engine = current_app.extensions["gongbao"].engine
    opened = sign_in.accounts_session()
    user = opened.get_one(User, visits.visit().user_id)
    account = sign_in.account_key(user.email)
    limits.take(engine, limits.LOGIN_ADDRESS, request.remote_addr or "")
    limits.take(engine, limits.LOGIN_ACCOUNT, account)
    if user.tf_primary_method:
        limits.take(engine, limits.CODE_ACCOUNT, user.fs_uniquifier)
    try:
        is_right = sign_in.is_password_of(user, password) and _is_code_of(user, code)
        opened.commit()
    finally:
        opened.close()
    if is_right:
        limits.give_back(engine, limits.LOGIN_ACCOUNT, account)
        limits.give_back(engine, limits.CODE_ACCOUNT, user.fs_uniquifier)
    return is_right


def _is_code_of(user: User, code: str) -> bool:
    """Say whether a code is what the account's authenticator shows now; any is, where there is no second factor."""
    if not user.tf_primary_method:
        return True
    security: Security = current_app.extensions["security"]
    code = code.replace(" ", "")
    return bool(security.totp_factory.verify_totp(token=code, totp_secret=user.tf_totp_secret or "", user=user))


def _page(said: str = "") -> Response:
    """Return the page that asks, with every field of the form in it; files are chosen again."""
    return make_response(
        render_template(
            "account/proof.html",
            who=visits.visit(),
            action=request.full_path.rstrip("?"),
            carried=[(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"],
            files=[(name, file.filename) for name, file in request.files.items(multi=True) if file.filename],
            minutes=current_app.extensions["gongbao"].settings.proof_min,
            password=PASSWORD,
            code=CODE,
            wrong=said,
        ),
        401,
    )
