"""Who asks: the account behind a cookie or a token, the mandate it acts under, the actor that makes of it.

Found once a request, in one query of its own before any view runs, together with the one instant of the request,
which is the database's (`gongbao_now`), as it is for every deadline.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, flash, g, request, session
from sqlalchemy import Delete, Select, Update, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from core import clock, db
from core.parties import Mandate, Organisation, Person
from core.permits import PUBLIC, Actor, Role
from core.reading import ask_alone
from core.settings import Settings
from underwriting.pools import led_by
from web.accounts import STAFF, ApiToken, User, UserSession, digest_of
from web.errors import Unauthenticated
from web.formats import t
from web.sign_in import accounts_session

#: How often the last use of a sign-in is written down.
TOUCHED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Visit:
    """Whoever asks. `user_id` is None for the public; `actor` is PUBLIC without a mandate in force.

    `is_proven` says that the person gave password and second factor within the last `GONGBAO_PROOF_MIN` minutes; a
    token is itself a proof.
    """

    actor: Actor = PUBLIC
    user_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    name: str = ""
    organisation: str = ""
    mandate_id: uuid.UUID | None = None
    has_second_factor: bool = False
    is_by_token: bool = False
    is_proven: bool = False

    @property
    def is_signed_in(self) -> bool:
        """Say whether there is an account behind this."""
        return self.user_id is not None

    @property
    def must_set_up_second_factor(self) -> bool:
        """Say whether the role needs a second factor that the account has not got."""
        is_required: bool = current_app.extensions["gongbao"].settings.is_two_factor_required
        return is_required and self.actor.role in STAFF and not self.has_second_factor


def visit() -> Visit:
    """Return who asks, found at the first call of the request.

    Raises Unauthenticated `token_not_valid` where a token is given that does not hold.
    """
    found: Visit | None = g.get("visit")
    if found is None:
        found = g.visit = _by_token() if _token() else _by_cookie()
    return found


def forget() -> None:
    """Have the next `visit()` look again: after a change of mandate within the request."""
    g.pop("visit", None)


def _token() -> str:
    """Return the bearer token of a request to the API, or nothing."""
    if not request.path.startswith("/api/"):
        return ""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def has_token() -> bool:
    """Say whether the request authenticates itself by a token and not by the cookie."""
    return bool(_token())


def _by_token() -> Visit:
    row = _look(_TOKENS, _token())
    if row is None or row.revoked_at is not None or row.expires_at <= row.at or not _holds(row):
        raise Unauthenticated("token_not_valid")
    return _visit(row, is_by_token=True, is_proven=True)


def _by_cookie() -> Visit:
    sid = session.get("sid")
    if not sid:
        return Visit()
    row = _look(_SIGN_INS, sid)
    if row is None or not row.active or row.fs_uniquifier != session.get("_user_id"):
        _drop()
        return Visit()
    settings = current_app.extensions["gongbao"].settings
    if over := _over(row, settings):
        _write(delete(UserSession).where(UserSession.id_hash == row.id_hash))
        _drop()
        flash(over, "wait")
        return Visit()
    if row.at - row.seen_at > TOUCHED_EVERY:
        _write(update(UserSession).where(UserSession.id_hash == row.id_hash).values(seen_at=row.at))
    return _visit(row, is_proven=row.at - row.proven_at <= timedelta(minutes=settings.proof_min))


def _write(statement: Delete | Update) -> None:
    """Do to the sign-in of this request what its look at the clock asks for."""
    opened = accounts_session()
    try:
        opened.execute(statement, execution_options={"synchronize_session": False})
        opened.commit()
    finally:
        opened.close()


def _over(row: Any, settings: Settings) -> str:
    """Return why a sign-in has ended by itself, in words (idle for too long, too old); nothing where it holds."""
    if row.at - row.seen_at > timedelta(minutes=settings.session_idle_min):
        return t("闲置时间过长，已退出登录。", "You were signed out after a time without use.")
    if row.at - row.made_at > timedelta(hours=settings.session_hours):
        return t(
            "登录已满 {hours} 小时，请重新登录。",
            "You signed in {hours} hours ago. Sign in again.",
            hours=settings.session_hours,
        )
    return ""


def prove() -> None:
    """Write down that the person behind this request's sign-in has just proved to be who it is.

    Raises Unauthenticated `sign_in_first` where that sign-in has ended in the meantime.
    """
    opened = accounts_session()
    try:
        which = UserSession.id_hash == digest_of(session["sid"])
        now = func.greatest(func.gongbao_now(), UserSession.made_at)
        proven = update(UserSession).where(which).values(proven_at=now).returning(UserSession.id_hash)
        if opened.scalar(proven, execution_options={"synchronize_session": False}) is None:
            raise Unauthenticated("sign_in_first")
        opened.commit()
    finally:
        opened.close()
    g.visit = replace(visit(), is_proven=True)


def _drop() -> None:
    """Take the sign-in out of the cookie; what else is in it stays."""
    for name in ("sid", "_user_id", "_fresh", "_id"):
        session.pop(name, None)


def instant() -> datetime:
    """Return the one instant of the request, by the database's clock."""
    if "at" not in g:
        with Session(current_app.extensions["gongbao"].engine) as opened:
            g.at = db.instant(opened)
    found: datetime = g.at
    return found


def _asking(kind: type[ApiToken] | type[UserSession], *own: str) -> Select[*tuple[Any, ...]]:
    """Return the query of (at, account's columns, mandate's, organisation's) of a token or a sign-in, and some own."""
    found: Select[*tuple[Any, ...]] = select(
        *(getattr(kind, name) for name in own),
        func.gongbao_now().label("at"),
        User.id.label("user_id"),
        User.person_id,
        User.active,
        User.fs_uniquifier,
        User.tf_primary_method,
        Person.name,
        Mandate.id.label("mandate_id"),
        Mandate.role,
        Mandate.valid_from,
        Mandate.valid_to,
        Organisation.id.label("organisation_id"),
        Organisation.kind,
        Organisation.name.label("organisation"),
        func.array(led_by(Organisation.id).scalar_subquery()).label("led"),
    )
    return (
        found.join(User, User.id == kind.user_id)
        .join(Person, Person.id == User.person_id)
        .outerjoin(Mandate, Mandate.id == kind.mandate_id)
        .outerjoin(Organisation, Organisation.id == Mandate.organisation_id)
    )


#: Built once: making a query costs more than the server's answer to it.
_SIGN_INS = _asking(UserSession, "id_hash", "made_at", "seen_at", "proven_at").where(
    UserSession.id_hash == bindparam("digest")
)
_TOKENS = _asking(ApiToken, "revoked_at", "expires_at", "id").where(ApiToken.token_hash == bindparam("digest"))


def _look(query: Select[*tuple[Any, ...]], secret: str) -> Any:
    """Return the row of whose secret this is, or None; nothing is written, and no transaction opened for it."""
    found = ask_alone(current_app.extensions["gongbao"].engine, query, {"digest": digest_of(secret)})
    return found[0] if found else None


def _holds(row: Any) -> bool:
    """Say whether the account is open and its mandate in force."""
    return bool(row.active) and _is_in_force(row)


def _is_in_force(row: Any) -> bool:
    if row.mandate_id is None:
        return False
    day = clock.on(row.at)
    return bool(row.valid_from <= day and (row.valid_to is None or row.valid_to > day))


def _visit(row: Any, *, is_by_token: bool = False, is_proven: bool = False) -> Visit:
    g.at = row.at
    actor = PUBLIC
    if _is_in_force(row):
        led = frozenset(row.led) if row.kind == "insurer" else frozenset()
        token_id = row.id if is_by_token else None
        actor = Actor(row.person_id, row.organisation_id, Role(row.role), row.kind, led, token_id=token_id)
    return Visit(
        actor=actor,
        user_id=row.user_id,
        person_id=row.person_id,
        name=row.name,
        organisation=row.organisation if actor is not PUBLIC else "",
        mandate_id=row.mandate_id if actor is not PUBLIC else None,
        has_second_factor=bool(row.tf_primary_method),
        is_by_token=is_by_token,
        is_proven=is_proven,
    )
