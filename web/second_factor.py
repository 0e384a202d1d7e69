"""The second factor as it is kept here: what an authenticator shows opens once, at sign-in and as a proof alike."""

from __future__ import annotations

from typing import cast

from flask import current_app
from flask_security import Security, Totp
from flask_security.core import UserMixin
from passlib.totp import TokenError  # type: ignore[import-untyped]
from sqlalchemy import CursorResult, or_, update

from web.accounts import User


class OnceTotp(Totp):
    """Flask-Security's one-time passwords, each of which is good for one use: the row of the account knows the last."""

    def verify_totp(self, token: str, totp_secret: str, user: UserMixin, window: int = 0) -> bool:
        """Say whether a code is what the authenticator of this secret shows within `window` seconds, and unused.

        Of a new secret, which is just being set up, no code has been used, whatever was used of the one before it.
        """
        account = cast("User", user)
        is_held = totp_secret == account.tf_totp_secret
        last = account.tf_last_counter if is_held else None
        try:
            found = self._totp.verify(token, totp_secret, window=window, last_counter=last)
        except TokenError:
            return False
        return _is_first_use(account, found.counter, is_held=is_held)


def _is_first_use(account: User, counter: int, *, is_held: bool) -> bool:
    """Write down that the code of a counter was used; False where another request used it, or a later one, first."""
    from web.sign_in import accounts_session

    unused = or_(User.tf_last_counter.is_(None), User.tf_last_counter < counter)
    query = update(User).where(User.id == account.id).values(tf_last_counter=counter)
    done = accounts_session().execute(
        query.where(unused) if is_held else query, execution_options={"synchronize_session": False}
    )
    return cast("CursorResult[object]", done).rowcount == 1


def is_code_of(user: User, code: str) -> bool:
    """Say whether a code is what the account's authenticator shows now; any is, where there is no second factor.

    A phone whose clock is good enough to sign in with is good enough here too.
    """
    if not user.tf_primary_method:
        return True
    security: Security = current_app.extensions["security"]
    window = current_app.config["SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY"]
    secret = user.tf_totp_secret or ""
    return bool(
        security.totp_factory.verify_totp(token=code.replace(" ", ""), totp_secret=secret, user=user, window=window)
    )
