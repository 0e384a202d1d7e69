"""Who visits in tests: an application on the test's database, and browsers signed in as one role or another."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from werkzeug.test import TestResponse

from core.db import unit_of_work
from core.parties import (
    Mandate,
    Organisation,
    Person,
    actor_of,
    add_organisation,
    add_person,
    give_mandate,
    mandates_of,
)
from core.permits import SYSTEM, Actor, Role, kind_of
from core.settings import Settings, read_settings
from tests.conftest import AT
from underwriting.pools import led_by
from web.accounts import User, UserSession, create_user, digest_of
from web.app import create_app

PASSWORD = "correct horse battery"
QUICK = {"time_cost": 1, "memory_cost": 1024, "parallelism": 1}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def settings_for(state_dir: Path, **changes: str) -> Settings:
    """Return the settings of a test application; `changes` are variables of the environment."""
    return read_settings({"GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(state_dir), **changes})


def make_app(engine: Engine, state_dir: Path, **changes: str) -> Flask:
    """Return an application on the test's database."""
    return create_app(settings_for(state_dir, **changes), engine)


class Browser(FlaskClient):
    """A client that posts forms with their token, as a browser would."""

    def token(self) -> str:
        """Return the form token of this visitor's session."""
        found = TOKEN.search(self.get("/calculators/score").text)
        assert found, "no form with a token"
        return found.group(1)

    def send(self, path: str, **values: object) -> TestResponse:
        """Post a form with its token; a field may be a list, or (stream, name) for a file."""
        return self.post(path, data={"csrf_token": self.token(), **values})


@dataclass
class Visitors:
    """Signed-in browsers by role: `visitors.login_as(Role.OFFICER)`; one person and account for each use."""

    app: Flask
    engine: Engine
    made: int = field(default=0)

    def browser(self) -> Browser:
        """Return a browser that is not signed in."""
        self.app.test_client_class = Browser
        found = self.app.test_client()
        assert isinstance(found, Browser)
        return found

    def organisation(self, kind: str, name: str = "") -> Organisation:
        """Return an organisation of a kind by name, made where there is none."""
        name = name or f"示例{kind}"
        with unit_of_work(self.engine, SYSTEM) as session:
            found = session.scalar(select(Organisation).where(Organisation.name == name))
            return found or add_organisation(session, kind, name, by=SYSTEM, at=AT)

    def account(self, role: Role, organisation: Organisation | None = None) -> User:
        """Return a new account whose person acts in a role (for a fitting organisation, where none is told)."""
        self.made += 1
        whose = organisation or self.organisation(sorted(kind_of(role))[0])
        with unit_of_work(self.engine, SYSTEM) as session:
            person = add_person(session, f"示例{self.made}", by=SYSTEM, at=AT)
            give_mandate(session, person, whose, role, date(2020, 1, 1), by=SYSTEM, at=AT)
            email = f"{role.value}{self.made}@example.test"
            return create_user(session, person, email, PASSWORD, by=SYSTEM, at=AT, hashing=QUICK)

    def login_as(self, role: Role | str, organisation: Organisation | None = None) -> Browser:
        """Return a browser signed in as a new person in this role."""
        return self.signed_in(self.account(Role(role), organisation))

    def signed_in(self, user: User) -> Browser:
        """Return a browser signed in with an account, by the sign-in page."""
        browser = self.browser()
        answer = browser.send("/login", email=user.email, password=PASSWORD)
        assert answer.status_code == 302, answer.text
        return browser

    def seated(self, user: User, mandate: Mandate | None = None) -> Browser:
        """Return a browser that is signed in without the sign-in page, whose tries are counted."""
        sid = secrets.token_urlsafe(16)
        with unit_of_work(self.engine, SYSTEM) as session:
            held = mandate or mandates_of(session, user.person_id, date(2026, 1, 1))[0]
            now = session.scalars(select(func.gongbao_now())).one()
            instants = dict.fromkeys(("made_at", "seen_at", "proven_at"), now)
            session.add(UserSession(id_hash=digest_of(sid), user_id=user.id, mandate_id=held.id, **instants))
        browser = self.browser()
        with browser.session_transaction() as cookie:
            cookie.update(sid=sid, _user_id=user.fs_uniquifier, _fresh=True)
        return browser

    def actor_of(self, user: User) -> Actor:
        """Return the actor that an account acts as first."""
        with unit_of_work(self.engine, SYSTEM) as session:
            mandate: Mandate = mandates_of(session, user.person_id, date(2026, 1, 1))[0]
            return actor_of(mandate, frozenset(session.scalars(led_by(mandate.organisation_id))))


def person_of(engine: Engine, user: User) -> Person:
    """Return the person of an account."""
    with unit_of_work(engine, SYSTEM) as session:
        return session.get_one(Person, user.person_id)
