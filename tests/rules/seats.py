"""Who visits the matrix: for every role a seat at home in the sample's organisations, and one of a stranger."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import parties
from core.db import unit_of_work
from core.parties import Mandate, Organisation, Person
from core.permits import SYSTEM, Role, kind_of
from tests.makers import AT
from tests.rules.world import World
from tests.visitors import PASSWORD, QUICK, Browser, Visitors
from web.accounts import User, create_user

INSURERS = (Role.BIDDER, Role.SIGNATORY, Role.CLAIMS_HANDLER, Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
COMMUNITIES = (Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER)
SITTING = (Role.EXPERT, Role.CHAIR, Role.CUSTODIAN)


@dataclass(frozen=True)
class Seat:
    """A browser signed in as one role, and how its organisation stands to the samples."""

    role: Role
    relation: str
    browser: Browser
    token: str
    person_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    mandate_id: uuid.UUID | None = None

    @property
    def name(self) -> str:
        """Return how the seat is called in a report."""
        return f"{self.role.value}/{self.relation}"


class Seats:
    """Makes the seats of a world."""

    def __init__(self, world: World, visitors: Visitors) -> None:
        self.world = world
        self.visitors = visitors

    def all(self) -> list[Seat]:
        """Return a seat for every role that anyone can have, at home and as a stranger; the public last."""
        town, made = self.world.town, []
        with unit_of_work(self.visitors.engine, SYSTEM) as session:
            people = {row.name: row.id for row in session.scalars(select(Person))}
            other_bureau = self._organisation(session, "bureau", "另一主管单位")
            bureau = session.get_one(Organisation, town.officer.organisation_id)
            platform = session.get_one(Organisation, town.chair.organisation_id)
            outside = session.get_one(Organisation, town.insurers[4].id)
        known = {
            Role.OFFICER: people["经办人"],
            Role.APPROVER: people["审批人"],
            Role.SUPERVISOR: people["监督人"],
            Role.CHAIR: people["评标组长"],
            Role.EXPERT: people["专家1"],
            Role.CUSTODIAN: people["保管人1"],
        }
        for role in Role:
            if role in (Role.SYSTEM, Role.PUBLIC):
                continue
            if role in INSURERS:
                pool = self.world.pool.members
                places = [("own", pool[0]), ("fellow", pool[1]), ("other", self.world.stranger.members[0])]
                places.append(("outside", outside))
            elif role in COMMUNITIES:
                places = [("own", self.world.estate), ("other", self.world.other_estate)]
            elif role is Role.REPAIRER:
                places = list(zip(("own", "other"), self.world.repairers, strict=True))
            elif role in SITTING:
                places = [("own", platform), ("other", platform)]
            else:
                places = [("own", bureau if "bureau" in kind_of(role) else platform), ("other", other_bureau)]
            for relation, organisation in places:
                person_id = known.get(role) if relation == "own" else None
                made.append(self._seat(role, relation, organisation, person_id))
        browser = self.visitors.browser()
        return [*made, Seat(Role.PUBLIC, "own", browser, browser.token())]

    def _organisation(self, session: Session, kind: str, name: str) -> Organisation:
        return parties.add_organisation(session, kind, name, by=SYSTEM, at=AT)

    def _seat(self, role: Role, relation: str, organisation: Organisation, person_id: uuid.UUID | None) -> Seat:
        user, mandate = self._account(role, relation, organisation, person_id)
        browser = self.visitors.seated(user, mandate)
        return Seat(role, relation, browser, browser.token(), user.person_id, organisation.id, mandate.id)

    def _account(
        self, role: Role, relation: str, organisation: Organisation, person_id: uuid.UUID | None
    ) -> tuple[User, Mandate]:
        email = f"{role.value}.{relation}@example.test"
        with unit_of_work(self.visitors.engine, SYSTEM) as session:
            if person_id is None:
                person = parties.add_person(session, f"{role.value} {relation}", by=SYSTEM, at=AT)
                mandate = parties.give_mandate(session, person, organisation, role, date(2020, 1, 1), by=SYSTEM, at=AT)
            else:
                person = session.get_one(Person, person_id)
                mandate = parties.mandates_of(session, person_id, date(2026, 4, 1))[0]
            user = create_user(session, person, email, PASSWORD, by=SYSTEM, at=AT, hashing=QUICK)
            return user, mandate
