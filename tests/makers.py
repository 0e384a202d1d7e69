"""Makers: the smallest true thing of each kind, for tests that need one to stand on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from core import parties
from core.parties import Organisation
from core.permits import SYSTEM, Actor, Role
from ledger import statements
from ledger.models import Period
from underwriting import policies, pools
from underwriting.models import Building, Community, Lift, Policy, Pool
from underwriting.pools import PoolPlan
from underwriting.rating import months_after
from underwriting.terms import Clauses, Terms

#: 2026-03-02 10:00 in the city, a working Monday.
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ON = date(2026, 3, 2)

TERMS = Terms(
    lead_fee_bp=500,
    lead_alone_limit_fen=10_000_000,
    cash_call_from_fen=20_000_000,
    late_interest_bp=600,
    lift_premium_fen=128_600,
)


@dataclass(frozen=True, slots=True)
class MadePool:
    """A pool with its members (lead first), the actors of its lead, and its open quarter."""

    pool: Pool
    members: tuple[Organisation, ...]
    period: Period

    def actor(self, role: Role, member: int = 0, person: uuid.UUID | None = None) -> Actor:
        """Return a new person of a member in a role; the lead's see the pool."""
        led = frozenset({self.pool.id}) if member == 0 else frozenset()
        return Actor(person or uuid.uuid4(), self.members[member].id, role, "insurer", led)


def make_organisation(session: Session, name: str, kind: str = "insurer") -> Organisation:
    """Return an organisation with a name of its own."""
    return parties.add_organisation(session, kind, name, by=SYSTEM, at=AT)


def make_pool(
    session: Session,
    weights: Sequence[int] = (4500, 2500, 2000, 1000),
    *,
    terms: Terms = TERMS,
    name: str = "示例共保体",
    starts_on: date = date(2026, 1, 1),
    ends_on: date = date(2026, 3, 31),
    clauses: Clauses | None = None,
    effective_on: date = date(2026, 1, 1),
) -> MadePool:
    """Return a pool of as many invented insurers as there are weights, with its first quarter of 2026 open."""
    members = tuple(make_organisation(session, f"{name}{letter}财险") for letter in "甲乙丙丁戊己庚"[: len(weights)])
    plan = PoolPlan(
        name=name,
        members=tuple((member.id, weight) for member, weight in zip(members, weights, strict=True)),
        whole=sum(weights),
        effective_on=effective_on,
        ends_on=months_after(effective_on, 12),
        terms=terms,
        clauses=clauses or Clauses(),
    )
    pool = pools.form(session, plan, by=SYSTEM, at=AT)
    label = f"{starts_on.year}Q{(starts_on.month + 2) // 3}"
    period = statements.open_period(session, pool.id, label, starts_on, ends_on, by=SYSTEM, at=AT)
    return MadePool(pool, members, period)


def open_quarter(session: Session, pool: Pool, number: int) -> Period:
    """Open a quarter of 2026 in a pool's book."""
    first = date(2026, 3 * number - 2, 1)
    until = months_after(first, 3) - timedelta(days=1)
    return statements.open_period(session, pool.id, f"2026Q{number}", first, until, by=SYSTEM, at=AT)


def make_lifts(session: Session, count: int, *, community: str = "", prefix: str = "L") -> list[Lift]:
    """Return lifts of one community, in service since 2015."""
    name = community or f"示例苑 {prefix}"
    estate = Community(name=name, district="示例区", sort_key=parties.sort_key_of(name), households=100)
    session.add(estate)
    session.flush()
    building = Building(community_id=estate.id, name="1栋")
    session.add(building)
    session.flush()
    lifts = [
        Lift(building_id=building.id, number=f"{prefix}{number:05d}", in_service_on=date(2015, 5, 1), floors=18)
        for number in range(1, count + 1)
    ]
    session.add_all(lifts)
    session.flush()
    return lifts


def make_policy(
    session: Session, made: MadePool, *, lifts: Sequence[Lift] = (), number: str = "P-1", on: date = ON
) -> Policy:
    """Return a policy for a year from `on` over the lifts given (three new ones where none are)."""
    chosen = list(lifts) or make_lifts(session, 3, prefix=f"{number}-")
    until = months_after(on, 12)
    ids = [lift.id for lift in chosen]
    return policies.bind(session, made.pool, number, ids, on, until, on=on, by=made.actor(Role.FINANCE_MAKER), at=AT)
