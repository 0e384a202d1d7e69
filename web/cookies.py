"""The signatures of the cookie and of the forms, made no oftener than they change."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer

#: The field of a form that says that the page it stood on was ours, as Flask-WTF calls it.
_FIELD = "csrf_token"


class SignedCookie(SecureCookieSessionInterface):
    """Flask's own cookie; what signs it is made once for a secret and not twice with every request."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs the cookie of an application."""
        return _signer(self, app, app.secret_key, tuple(app.config["SECRET_KEY_FALLBACKS"] or ()))


@lru_cache(maxsize=8)
def _signer(
    kept: SignedCookie, app: Flask, _secret: str | bytes | None, _former: tuple[str | bytes, ...]
) -> URLSafeTimedSerializer | None:
    return SecureCookieSessionInterface.get_signing_serializer(kept, app)


class FormTokens:
    """The token of the forms of each visitor: it is signed once, for it holds as long as the visitor's cookie does."""

    def __init__(self) -> None:
        self._signed = lru_cache(maxsize=4096)(self._sign)

    def of_this_visitor(self) -> str:
        """Return the token of this visitor's forms; one who has none is given one."""
        known = session.get(_FIELD)
        if isinstance(known, str) and _FIELD not in g:
            setattr(g, _FIELD, self._signed(known))
        found: str = generate_csrf()
        return found

    @staticmethod
    def _sign(_known: str) -> str:
        """Return the signature over what stands in the cookie of this request, as Flask-WTF makes it."""
        found: str = generate_csrf()
        return found
