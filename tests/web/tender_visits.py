"""Visitors of a made town: the people of tests/makers_tender.py with accounts, signed in as browsers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import Engine

from core.db import unit_of_work
from core.parties import Person
from core.permits import SYSTEM, Actor
from core.server import Urls
from core.settings import Settings
from tests.conftest import AT
from tests.makers_town import Town, make_town
from tests.visitors import PASSWORD, QUICK, Browser, Visitors
from web.accounts import User, create_user
from web.keeping import receipt_key, store_in


@dataclass
class Scene:
    """A town on an application: `scene.as_(actor)` is a browser signed in as one of its people."""

    town: Town
    visitors: Visitors
    users: dict[uuid.UUID, User] = field(default_factory=dict)

    def as_(self, actor: Actor) -> Browser:
        """Return a fresh browser of a person; signed in anew, since the town's clock leaps."""
        assert actor.person_id is not None
        if actor.person_id not in self.users:
            with unit_of_work(self.town.engine, SYSTEM) as session:
                person = session.get_one(Person, actor.person_id)
                email = f"p{len(self.users)}-{actor.role.value}@example.test"
                self.users[actor.person_id] = create_user(
                    session, person, email, PASSWORD, by=SYSTEM, at=AT, hashing=QUICK
                )
        return self.visitors.signed_in(self.users[actor.person_id])

    def public(self) -> Browser:
        """Return a browser of nobody."""
        return self.visitors.browser()


def make_scene(app: Flask, engine: Engine, place: Urls, names: Any = ("甲", "乙", "丙", "丁")) -> Scene:
    """Return a town whose store and receipt key are the application's own."""
    settings: Settings = app.extensions["gongbao"].settings
    town = make_town(engine, place, store_in(settings).folder, names)
    town.receipt_key = receipt_key(settings)
    return Scene(town, Visitors(app, engine))
