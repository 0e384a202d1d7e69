"""A small insured city for the tests of pages and API: a pool, a community with lifts, a policy, faults, people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from claims import faults, handling
from claims.faults import Report
from claims.models import Claim, Fault
from core import calendar, clock, parties
from core.db import unit_of_work
from core.parties import Organisation
from core.permits import SYSTEM, Role
from ledger import statements
from tests.makers import MadePool, make_lifts, make_policy, make_pool
from tests.visitors import Browser, Visitors
from underwriting import estates
from underwriting.models import Building, Community, Lift, Policy
from web.accounts import User


@dataclass
class City:
    """What `make_city` made; `now` is the instant that the stories happen around."""

    visitors: Visitors
    made: MadePool
    community: Community
    organisation: Organisation
    lifts: list[Lift]
    policy: Policy
    now: datetime

    def unit(self):  # type: ignore[no-untyped-def]
        """Open a unit of work that sees everything."""
        return unit_of_work(self.visitors.engine, SYSTEM)

    def account(self, role: Role, member: int = 0) -> User:
        """Return a new person of a member of the pool."""
        return self.visitors.account(role, self.made.members[member])

    def browser(self, role: Role, member: int = 0) -> Browser:
        """Return a browser of a new person of a member of the pool."""
        return self.visitors.login_as(role, self.made.members[member])

    def fault(self, minutes_ago: int = 10, *, lift: int = 0, is_trapped: bool = False) -> Fault:
        """Return a fault on one of the lifts, reported so long ago."""
        with self.unit() as session:
            told = Report(self.lifts[lift].number, "停住不动", is_trapped)
            return faults.report(session, told, by=SYSTEM, at=self.now - timedelta(minutes=minutes_ago))

    def claim(self, fen: int = 438_000, *, by: User, lift: int = 0) -> Claim:
        """Return a claim on a new fault, made by a handler of the lead."""
        fault = self.fault(600, lift=lift)
        actor = self.visitors.actor_of(by)
        with self.unit() as session:
            policy = session.get_one(Policy, self.policy.id)
            return handling.make(session, policy, "更换变频器", fen, fault=fault, by=actor, at=self.now)


def lifts_of(session: Session, community: Community, count: int, prefix: str, since: date) -> list[Lift]:
    """Return new lifts of a community, in service since a day."""
    building = Building(community_id=community.id, name=f"{prefix}栋")
    session.add(building)
    session.flush()
    made = [
        Lift(building_id=building.id, number=f"{prefix}{place:04}", in_service_on=since, floors=18)
        for place in range(1, count + 1)
    ]
    session.add_all(made)
    session.flush()
    return made


def make_city(visitors: Visitors) -> City:
    """Make a pool with its periods open, a community with four insured lifts and their repairer, the calendar."""
    now = clock.now()
    today = clock.on(now)
    with unit_of_work(visitors.engine, SYSTEM) as session:
        calendar.import_published(session, by=SYSTEM, at=now, first_year=2025)
        start = today - timedelta(days=30)
        made = make_pool(session, starts_on=date(2026, 1, 1), ends_on=start - timedelta(days=1))
        statements.open_period(session, made.pool.id, "now", start, today + timedelta(days=60), by=SYSTEM, at=now)
        lifts = make_lifts(session, 4, community="示例苑", prefix="L")
        organisation = parties.add_organisation(session, "community", "示例苑社区", by=SYSTEM, at=now)
        building = session.get_one(Building, lifts[0].building_id)
        community = session.get_one(Community, building.community_id)
        community.organisation_id = organisation.id
        policy = make_policy(session, made, lifts=lifts, on=start)
    repairer = visitors.organisation("repairer")
    with unit_of_work(visitors.engine, SYSTEM) as session:
        estates.appoint_for_community(session, community, repairer, by=SYSTEM, at=now)
    return City(visitors, made, community, organisation, lifts, policy, now)
