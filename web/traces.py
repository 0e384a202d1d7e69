"""What people do with their own accounts, in the log: signing in and out, tries that failed, changes of what proves it.

Flask-Security commits these by itself, outside any unit of work of ours, so each is recorded right after, in a short
one of its own. Ids only: never the address, never what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g
from flask_security.core import UserMixin
from flask_security.signals import password_changed, tf_disabled, tf_profile_changed, user_failed_authn
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from core import audit, clock
from core.db import instant, new_id, run_in_unit
from core.parties import actor_of, mandates_of
from core.permits import PUBLIC, SYSTEM, Actor
from web.accounts import User

if TYPE_CHECKING:
    from web.visits import Visit


class _NobodyThere(Exception):
    """Undoes the record of a try at an account that there is none of."""


def install(app: Flask) -> None:
    """Have the log told of what Flask-Security's own screens change of an account."""
    password_changed.connect(_password_changed, app)
    tf_profile_changed.connect(_second_factor_set, app)
    tf_disabled.connect(_second_factor_removed, app)
    user_failed_authn.connect(_code_refused, app)


def signed_in(engine: Engine, user: User) -> None:
    """Record that somebody signed in, as the role that it acts in first."""

    def work(session: Session) -> None:
        at = instant(session)
        mandates = mandates_of(session, user.person_id, clock.on(at))
        by = actor_of(mandates[0]) if mandates else Actor(user.person_id, None, PUBLIC.role)
        audit.record(session, "account.signed_in", by=by, at=at, of=("account", user.id))

    run_in_unit(engine, SYSTEM, work)


def refused(engine: Engine, user: UserMixin | None) -> None:
    """Record that somebody tried to sign in to an account and did not get in; nothing stays where there is no such one.

    Both take the same steps, so that the time of an answer does not tell which accounts there are: the event gets its
    place in the log from whoever commits next, and nobody waits for the disk.
    """

    def work(session: Session) -> None:
        session.execute(text("SET LOCAL synchronous_commit = off"))
        of = ("account", user.id if user else new_id())
        audit.record(session, "account.sign_in_refused", by=PUBLIC, at=instant(session), of=of)
        session.info.pop("audited")
        if user is None:
            raise _NobodyThere

    try:
        run_in_unit(engine, SYSTEM, work)
    except _NobodyThere:
        return


def of_this_visit(action: str, facts: Mapping[str, Any] | None = None) -> None:
    """Record what whoever asks has done with its own account; nothing where nobody is signed in."""
    who: Visit | None = g.get("visit")
    if who is None or who.user_id is None:
        return
    by, of = who.actor, ("account", who.user_id)

    def work(session: Session) -> None:
        audit.record(session, action, by=by, at=instant(session), of=of, facts=facts)

    run_in_unit(current_app.extensions["gongbao"].engine, SYSTEM, work)


def _code_refused(app: Flask, user: User, tfa: bool = False, **_: object) -> None:
    """Record a code that was wrong after the right password; a wrong password is recorded by the sign-in form."""
    if tfa:
        refused(app.extensions["gongbao"].engine, user)


def _password_changed(app: Flask, **_: object) -> None:
    of_this_visit("account.changed_by_owner", {"changed": "password"})


def _second_factor_set(app: Flask, **_: object) -> None:
    of_this_visit("account.changed_by_owner", {"changed": "second_factor_set"})


def _second_factor_removed(app: Flask, **_: object) -> None:
    of_this_visit("account.changed_by_owner", {"changed": "second_factor_removed"})
