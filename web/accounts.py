"""Accounts: who can sign in as which person, and what proves it. The one place where the edge holds rows.

An account belongs to a person; what the person may do comes from its mandates (`core.parties`), never from here.
Flask-Security reads and writes `User` in a session of its own (see `web/sign_in.py`); the verbs below take the
session of a unit of work.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_security.core import UserMixin
from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text, delete, select
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from core import audit
from core.db import Model, new_id
from core.errors import Conflict, Invalid, NotFound
from core.parties import Mandate, Person
from core.permits import Actor, Role

#: argon2id as OWASP and RFC 9106 advise (64 MiB, three passes); one hash takes about a tenth of a second.
HASHING: Mapping[str, Any] = {"time_cost": 3, "memory_cost": 65_536, "parallelism": 4}

PASSWORD_MIN = 12

#: An address is a name to sign in with: checked for its form only, names of an intranet included.
ADDRESSES: Mapping[str, Any] = {"check_deliverability": False, "globally_deliverable": False, "test_environment": True}

#: Roles that must have a second factor where the settings ask for it: whoever decides, pays or keeps keys.
STAFF = frozenset(Role) - {Role.PUBLIC, Role.SYSTEM, Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.REPAIRER}

#: A token starts with this, so that a leaked one is recognised by whoever finds it.
TOKEN_MARK = "gb_"  # noqa: S105
TOKEN_DAYS_MAX = 400


class User(UserMixin, Model):
    """An account: an address and a password, a second factor, the person who signs in with them.

    `tf_last_counter` is the half minute whose code was used last: no code of it or before it opens anything again.
    """

    __tablename__ = "user_account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)  # type: ignore[assignment]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    active: Mapped[bool]
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None]
    tf_last_counter: Mapped[int | None]
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(ARRAY(Text)))
    made_at: Mapped[datetime]
    person: Mapped[Person] = relationship(lazy="raise")
    __table_args__ = (CheckConstraint("email = lower(email)", name="email"),)

    def check_tf_required(self, tf_setup_methods: list[Any], tf_fresh: bool) -> tuple[bool, list[Any]]:
        """Ask for the second factor where it is set up; `web/shell.py` sees to it that staff set one up."""
        return bool(tf_setup_methods), tf_setup_methods


class UserSession(Model):
    """A sign-in that still holds: the digest of what the cookie carries, the mandate acted under, and three instants.

    `made_at` is when the person signed in (another mandate does not change it), `seen_at` the last use, `proven_at`
    when the password was last asked for and right. The cookie alone opens nothing: ending the row ends the session,
    wherever the cookie is.
    """

    __tablename__ = "user_session"
    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    mandate_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("mandate.id"))
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proven_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("proven_at >= made_at", name="proven"),)


class ApiToken(Model):
    """A bearer token for programs: acts under one mandate of its account until it expires or is revoked.

    Only the token's digest is kept; the token itself is shown once.
    """

    __tablename__ = "api_token"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    mandate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("mandate.id"))
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 60", name="name_length"),
        CheckConstraint("expires_at > made_at", name="term"),
    )


class RateBucket(Model):
    """A token bucket of `web/limits.py`, kept as the instant at which it is full again."""

    __tablename__ = "rate_bucket"
    key: Mapped[str] = mapped_column(primary_key=True)
    full_at: Mapped[datetime]


def digest_of(secret: str) -> bytes:
    """Return the digest under which a session's or a token's secret is kept: 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).digest()


def hash_password(password: str, hashing: Mapping[str, Any] = HASHING) -> str:
    """Return the argon2id hash of a password as Flask-Security will check it (NFKD first)."""
    from argon2 import PasswordHasher

    return PasswordHasher(**hashing).hash(unicodedata.normalize("NFKD", password))


def create_user(
    session: Session,
    person: Person,
    email: str,
    password: str,
    *,
    by: Actor,
    at: datetime,
    hashing: Mapping[str, Any] = HASHING,
) -> User:
    """Return a new account for a person.

    Refuses Invalid `email_wrong`, `password_too_short` (least), Conflict `email_taken`, `account_exists`.
    """
    email = _email(email)
    if len(password) < PASSWORD_MIN:
        raise Invalid("password_too_short", least=PASSWORD_MIN)
    if session.scalar(select(User.id).where(User.email == email)):
        raise Conflict("email_taken")
    if session.scalar(select(User.id).where(User.person_id == person.id)):
        raise Conflict("account_exists")
    user = User(
        id=new_id(),
        person_id=person.id,
        email=email,
        password=hash_password(password, hashing),
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        made_at=at,
    )
    session.add(user)
    session.flush()
    facts = {"person": str(person.id)}
    audit.record(session, "account.created", by=by, at=at, of=("account", user.id), facts=facts)
    return user


def _email(email: str) -> str:
    """Return an address in lower case; Invalid `email_wrong`."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(email.strip(), **ADDRESSES)
    except EmailNotValidError:
        raise Invalid("email_wrong", email=email) from None
    return found.normalized.lower()


def set_active(session: Session, user: User, *, is_active: bool, by: Actor, at: datetime) -> None:
    """Close an account or open it again; closing ends its sessions and revokes each token that still holds."""
    user.active = is_active
    if not is_active:
        _end_sign_ins(session, user)
        for token in tokens_of(session, user.id):
            if token.expires_at > at:
                revoke_token(session, user.id, token.id, by=by, at=at)
    facts = {"is_active": is_active}
    audit.record(session, "account.set", by=by, at=at, of=("account", user.id), facts=facts)


def set_password(
    session: Session,
    user: User,
    password: str,
    *,
    by: Actor,
    at: datetime,
    hashing: Mapping[str, Any] = HASHING,
) -> None:
    """Give an account another password, for a person who has lost theirs; its sign-ins end, its tokens stay.

    Refuses Invalid `password_too_short` (least).
    """
    if len(password) < PASSWORD_MIN:
        raise Invalid("password_too_short", least=PASSWORD_MIN)
    user.password = hash_password(password, hashing)
    _end_sign_ins(session, user)
    audit.record(session, "account.set", by=by, at=at, of=("account", user.id), facts={"changed": "password"})


def reset_second_factor(session: Session, user: User, *, by: Actor, at: datetime) -> None:
    """Take away an account's second factor and recovery codes, for a person who has lost both; its sign-ins end.

    Whoever must have a second factor sets a new one up at the next sign-in. Refuses Conflict `second_factor_not_set`.
    """
    if user.tf_primary_method is None:
        raise Conflict("second_factor_not_set")
    user.tf_primary_method = user.tf_totp_secret = user.mf_recovery_codes = None
    user.tf_last_counter = None
    _end_sign_ins(session, user)
    audit.record(session, "account.set", by=by, at=at, of=("account", user.id), facts={"changed": "second_factor"})


def _end_sign_ins(session: Session, user: User) -> None:
    """End every sign-in of an account, wherever its cookies are."""
    user.fs_uniquifier = secrets.token_hex(32)
    session.execute(delete(UserSession).where(UserSession.user_id == user.id))


def account(session: Session, user_id: uuid.UUID) -> User:
    """Return an account with its person; NotFound `account_not_found`."""
    user = session.get(User, user_id, options=[joinedload(User.person)])
    if user is None:
        raise NotFound("account_not_found")
    return user


def tokens_of(session: Session, user_id: uuid.UUID) -> Sequence[ApiToken]:
    """Return an account's tokens, newest first."""
    return session.scalars(select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())).all()


def add_token(
    session: Session, user_id: uuid.UUID, mandate: Mandate, name: str, days: int, *, by: Actor, at: datetime
) -> tuple[ApiToken, str]:
    """Return a new token's row and the token itself, which is never shown again.

    Refuses Invalid `token_name_wrong`, `token_days_wrong` (most), NotFound `mandate_not_found` for another's mandate.
    """
    name = name.strip()
    if not 1 <= len(name) <= 60:
        raise Invalid("token_name_wrong")
    if not 1 <= days <= TOKEN_DAYS_MAX:
        raise Invalid("token_days_wrong", most=TOKEN_DAYS_MAX)
    if mandate.person_id != by.person_id:
        raise NotFound("mandate_not_found")
    secret = TOKEN_MARK + secrets.token_urlsafe(32)
    token = ApiToken(
        id=new_id(),
        user_id=user_id,
        mandate_id=mandate.id,
        name=name,
        token_hash=digest_of(secret),
        made_at=at,
        expires_at=at + timedelta(days=days),
        revoked_at=None,
    )
    session.add(token)
    session.flush()
    facts = {"role": mandate.role, "mandate": str(mandate.id), "expires_at": token.expires_at.isoformat()}
    audit.record(session, "token.made", by=by, at=at, of=("token", token.id), facts=facts)
    return token, secret


def revoke_token(session: Session, user_id: uuid.UUID, token_id: uuid.UUID, *, by: Actor, at: datetime) -> None:
    """Revoke a token of this account at once, where it is not revoked already; NotFound `token_not_found`."""
    token = session.get(ApiToken, token_id)
    if token is None or token.user_id != user_id:
        raise NotFound("token_not_found")
    if token.revoked_at is None:
        token.revoked_at = at
        audit.record(session, "token.revoked", by=by, at=at, of=("token", token.id))
