"""Signing in: Flask-Security over a session of its own, and what we add: sign-ins that end, limits, no telling.

Flask-Security loads and writes `User` in `accounts_session`, a READ COMMITTED session of the request that it commits
itself; the unit of work of a view is another transaction (`web/shell.py`), opened after this one has let go of its
connection. So an account is never changed by a view, and a view's rollback never undoes a sign-in.

The cookie is signed and holds, beside the language and the form token, a random `sid`. Its row in `user_session` is
what counts: made at sign-in, ended at sign-out, idle time or closing of the account, renewed with every change of
the mandate acted under.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, current_app, g, request, session
from flask_login import user_logged_out  # type: ignore[import-untyped]
from flask_login.utils import _user_context_processor  # type: ignore[import-untyped]
from flask_security import Security, SQLAlchemySessionUserDatastore, current_user
from flask_security.core import RoleMixin
from flask_security.forms import ChangePasswordForm, LoginForm, VerifyForm
from flask_security.signals import user_authenticated
from flask_security.utils import get_message
from sqlalchemy import Engine, delete, func, or_
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from wtforms import StringField  # type: ignore[import-untyped]

from core import clock
from core.db import instant
from core.parties import mandates_of
from core.settings import Settings
from web import limits, traces
from web.accounts import ADDRESSES, HASHING, PASSWORD_MIN, User, UserSession, digest_of
from web.errors import Unauthenticated
from web.formats import t
from web.second_factor import OnceTotp
from web.sign_in_words import AskTheAdministrator, RescueForm, SecondFactorForm, Words

log = structlog.get_logger("gongbao.web")

#: Hashing takes 64 MiB; so many at once, whoever asks, and the others wait.
_HASHING_AT_ONCE = threading.BoundedSemaphore(4)

#: Where the account's screens are, by Flask-Security's names.
_TEMPLATES = {
    "LOGIN_USER": "login",
    "LOGOUT_USER": "logout",
    "CHANGE_PASSWORD": "change_password",
    "FORGOT_PASSWORD": "forgot_password",
    "RESET_PASSWORD": "reset_password",
    "VERIFY": "verify",
    "TWO_FACTOR_SETUP": "two_factor_setup",
    "TWO_FACTOR_VERIFY_CODE": "two_factor_verify",
    "TWO_FACTOR_SELECT": "two_factor_select",
    "MULTI_FACTOR_RECOVERY": "recovery",
    "MULTI_FACTOR_RECOVERY_CODES": "recovery_codes",
}


class NoRole(RoleMixin):
    """Flask-Security asks for a kind of role; ours are mandates, so there is none of this kind."""


class OurLoginForm(LoginForm):
    """The sign-in form: no more than so many hashes at once, and no sign-in that outlives the session."""

    def validate(self, **kwargs: Any) -> bool:
        """Say whether address and password belong together; as long for an unknown address as for a known one."""
        self.remember.data = False
        if not (self.email.data or "").strip() or not self.password.data:
            self.form_errors = [t("请填写电子邮箱和密码。", "Enter your e-mail address and your password.")]
            return False
        with _HASHING_AT_ONCE:
            is_valid = bool(super().validate(**kwargs))
        if not is_valid:
            log.warning("sign_in.refused", account=account_key(self.email.data or ""))
            traces.refused(current_app.extensions["gongbao"].engine, self.user)
        return is_valid


class OurVerifyForm(VerifyForm):
    """The proof that Flask-Security asks for before its own screens: the same as before money (`web.proving`)."""

    code = StringField()

    def validate(self, **kwargs: Any) -> bool:
        """Say whether password and code are right, and write down that they were."""
        from web import proving

        if proving.is_proof(self.password.data or "", self.code.data or ""):
            return True
        self.form_errors, self.code.data = [proving.wrong()], ""
        return False


class OurPasswordForm(ChangePasswordForm):
    """Another password of one's own: by the same proof as before money, code and all, and of the same tries."""

    code = StringField()

    def validate(self, **kwargs: Any) -> bool:
        """Say whether the new password will do, which is looked at first, and the person proved to be who signed in.

        What would tell a right password from a wrong one is said after the proof only.
        """
        from web import proving

        if not super(ChangePasswordForm, self).validate(**kwargs):
            return False
        security: Security = current_app.extensions["security"]
        faults, self.new_password.data = security.password_util.validate(
            self.new_password.data or "", False, user=current_user
        )
        if faults:
            self.new_password.errors = [*self.new_password.errors, *faults]
            return False
        if not self.password.data:
            self.password.errors = [get_message("PASSWORD_NOT_PROVIDED")[0]]
            return False
        if not proving.is_proof(self.password.data, self.code.data or ""):
            self.password.errors, self.code.data = [proving.wrong()], ""
            return False
        if security.password_util.normalize(self.password.data) == self.new_password.data:
            self.new_password.errors = [get_message("PASSWORD_IS_THE_SAME")[0]]
            return False
        return True


def is_password_of(user: User, password: str) -> bool:
    """Say whether a password is that of an account; no more than so many are hashed at once."""
    security: Security = current_app.extensions["security"]
    with _HASHING_AT_ONCE:
        return bool(user.verify_and_update_password(security.password_util.normalize(password)))


def configure(app: Flask, settings: Settings) -> None:
    """Set what Flask-Security and Flask's own session read from the configuration."""
    is_open = settings.mode in ("demo", "test")
    options = {**HASHING, "memory_cost": 1024, "time_cost": 1, "parallelism": 1} if settings.mode == "test" else HASHING
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="gongbao" if is_open else "__Host-gongbao",
        SESSION_COOKIE_SECURE=not is_open,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={f"argon2__{name}": value for name, value in options.items()},
        SECURITY_PASSWORD_LENGTH_MIN=PASSWORD_MIN,
        SECURITY_EMAIL_VALIDATOR_ARGS=ADDRESSES,
        SECURITY_CHANGEABLE=True,
        SECURITY_CHANGE_URL="/account/password",
        SECURITY_POST_CHANGE_VIEW="/account",
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_RECOVERABLE=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="/account",
        SECURITY_TWO_FACTOR_SETUP_URL="/account/second-factor",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=8,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL="/account/recovery-codes",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[_derived(settings.secret_key, "recovery codes")],
        SECURITY_TOTP_SECRETS={"1": _derived(settings.secret_key, "one-time passwords").decode()},
        SECURITY_TOTP_ISSUER="Gongbao",
        SECURITY_DATETIME_FACTORY=clock.now,
        SECURITY_TRACKABLE=False,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/",
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_FLASH_MESSAGES=True,
        SECURITY_STATIC_FOLDER=None,
        **{f"SECURITY_{name}_TEMPLATE": f"account/{file}.html" for name, file in _TEMPLATES.items()},
    )


def _derived(secret: str, purpose: str) -> bytes:
    """Return a key for one purpose, as Fernet and passlib take it, from the one secret of the settings."""
    key = HKDF(SHA256(), 32, None, f"gongbao {purpose}".encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(key)


def install(app: Flask, engine: Engine) -> None:
    """Put Flask-Security into the application, with its own session and our limits."""
    made = sessionmaker(engine.execution_options(isolation_level="READ COMMITTED"), expire_on_commit=False)
    app.extensions["accounts_session"] = accounts = scoped_session(made, scopefunc=lambda: id(g._get_current_object()))
    security = Security(
        datastore=SQLAlchemySessionUserDatastore(accounts, User, NoRole),
        login_form=OurLoginForm,
        verify_form=OurVerifyForm,
        change_password_form=OurPasswordForm,
        totp_cls=OnceTotp,
        two_factor_setup_form=SecondFactorForm,
        two_factor_rescue_form=RescueForm,
        mail_util_cls=AskTheAdministrator,
    )
    security.init_app(app)
    _load_accounts_late(app, security)
    # The page that asks for a proof is there by now. Flask-Security's own freshness stands in the cookie and is off:
    # what counts is the row of the sign-in (`proving.guard_screens`).
    app.config["SECURITY_FRESHNESS"] = timedelta(minutes=-1)
    security.i18n_domain = Words(app)  # type: ignore[no-untyped-call]
    app.jinja_env.globals["_fsdomain"] = security.i18n_domain.gettext
    # No program signs in with Flask-Security's own tokens; ours are in web/shell.py.
    app.login_manager.request_loader(lambda request: None)  # type: ignore[attr-defined]
    security.unauthn_handler(_unauthenticated)
    user_authenticated.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)
    traces.install(app)
    app.before_request(_limit_tries)
    app.teardown_appcontext(lambda _: accounts.remove())


def _load_accounts_late(app: Flask, security: Security) -> None:
    """Have an account loaded where a screen of its own asks for it, and not with every page.

    Who asks is found by `web.visits`, and there are no roles of Flask-Security's kind.
    """
    security.principal.identity_loaders.clear()
    app.template_context_processors[None].remove(_user_context_processor)
    app.jinja_env.globals["current_user"] = current_user


def _unauthenticated(mechanisms: object = None, headers: object = None) -> Any:
    from web.shell import ask_to_sign_in

    return ask_to_sign_in()


def accounts_session() -> Session:
    """Return this request's session for accounts: READ COMMITTED, apart from the unit of work."""
    found: Session = current_app.extensions["accounts_session"]()
    return found


def _limit_tries() -> None:
    """Take a token for every try at a password or a code: by address in the network, and by account."""
    if request.method != "POST" or not (request.endpoint or "").startswith("security."):
        return
    engine = current_app.extensions["gongbao"].engine
    if request.endpoint == "security.login":
        limits.take(engine, limits.LOGIN_ADDRESS, request.remote_addr or "")
        limits.take(engine, limits.LOGIN_ACCOUNT, account_key(request.form.get("email", "")))
    elif request.endpoint in ("security.two_factor_token_validation", "security.mf_recovery"):
        limits.take(engine, limits.CODE_ACCOUNT, str(session.get("tf_user_id") or session.get("_user_id") or ""))


def account_key(email: str) -> str:
    """Return what an account's bucket is named after: a digest, because the table of buckets is not for addresses."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]


def _signed_in(app: Flask, user: User, authn_via: Sequence[str] | None = None, **_: object) -> None:
    """Begin a sign-in: everything the visitor had in the cookie but the language goes, a new `sid` comes.

    Another password of one's own is no sign-in: the row that there is gets another secret, and nothing else.
    """
    opened = accounts_session()
    if "change" in (authn_via or ()):
        renew(opened, at=instant(opened))
        session.pop("csrf_token", None)
        g.pop("csrf_token", None)
        opened.commit()
        return
    _forget(opened, session.get("sid"))
    kept = {name: session[name] for name in ("lang", "_user_id", "_fresh", "_id", "fs_cc") if name in session}
    session.clear()
    session.update(kept)
    g.pop("csrf_token", None)
    now = instant(opened)
    mandates = mandates_of(opened, user.person_id, clock.on(now))
    _begin(opened, user.id, mandates[0].id if mandates else None, made_at=now, seen_at=now, proven_at=now)
    opened.commit()
    log.info("sign_in.done", account=str(user.id))
    engine = app.extensions["gongbao"].engine
    traces.signed_in(engine, user)
    limits.give_back(engine, limits.LOGIN_ACCOUNT, account_key(user.email))
    limits.give_back(engine, limits.CODE_ACCOUNT, user.fs_uniquifier)


def _signed_out(app: Flask, **_: object) -> None:
    """End the sign-in whose cookie this is."""
    traces.of_this_visit("account.signed_out")
    opened = accounts_session()
    _forget(opened, session.pop("sid", None))
    opened.commit()


def _forget(opened: Session, sid: str | None) -> None:
    if sid:
        opened.execute(delete(UserSession).where(UserSession.id_hash == digest_of(sid)))


def _begin(opened: Session, user_id: uuid.UUID, mandate_id: uuid.UUID | None, **instants: datetime) -> None:
    """Add the row of a sign-in that acts under a mandate, and put its secret into the cookie."""
    sid = secrets.token_urlsafe(32)
    opened.add(UserSession(id_hash=digest_of(sid), user_id=user_id, mandate_id=mandate_id, **instants))
    session["sid"] = sid


def renew(opened: Session, *, at: datetime, mandate_id: uuid.UUID | None = None) -> None:
    """Give the sign-in of this request another secret, and another mandate where one is told; its age and proof stay.

    Raises Unauthenticated `sign_in_first` where it has ended or been renewed in the meantime: nothing begins here.
    """
    before = opened.get(UserSession, digest_of(session.get("sid", "")), with_for_update=True)
    if before is None:
        raise Unauthenticated("sign_in_first")
    opened.delete(before)
    opened.flush()
    instants = {"made_at": before.made_at, "seen_at": at, "proven_at": before.proven_at}
    _begin(opened, before.user_id, mandate_id or before.mandate_id, **instants)


def sweep(opened: Session, *, idle_min: int, hours: int) -> None:
    """Remove the sign-ins that have ended because nobody used them for so long, or because they are so old."""
    now = func.gongbao_now()
    is_over = or_(
        UserSession.seen_at < now - timedelta(minutes=idle_min), UserSession.made_at < now - timedelta(hours=hours)
    )
    opened.execute(delete(UserSession).where(is_over), execution_options={"synchronize_session": False})
