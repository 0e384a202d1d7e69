"""The town that a tender needs: bureau, custodians, committee, insurers, and a clock that a test can set."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import calendar, parties
from core.clock import CITY
from core.db import run_in_unit, unit_of_work
from core.papers import Store
from core.permits import SYSTEM, Actor, Role
from core.server import Urls
from tender import bids, p256, sealing
from tender.models import Tender

#: When the story of a made tender begins, in the city's time.
DRAFTED = datetime(2026, 3, 2, 10, 0, tzinfo=CITY)


@dataclass(frozen=True)
class Keeper:
    """A custodian with the private key that only it has."""

    actor: Actor
    key: p256.PrivateKey


@dataclass(frozen=True)
class Insurer:
    """An insurer that bids: who seals, who signs, and its signing key."""

    name: str
    bidder: Actor
    signatory: Actor
    key: p256.PrivateKey

    @property
    def id(self) -> uuid.UUID:
        """Return its organisation's id."""
        assert self.bidder.organisation_id is not None
        return self.bidder.organisation_id


@dataclass
class Town:
    """Everybody whom a tender needs, on one database; `at` tells the database what time it is."""

    engine: Engine
    place: Urls
    store: Store
    receipt_key: Ed25519PrivateKey
    officer: Actor
    approver: Actor
    supervisor: Actor
    chair: Actor
    experts: list[Actor]
    keepers: list[Keeper]
    insurers: list[Insurer]
    sealed: dict[tuple[uuid.UUID, uuid.UUID, int], Mapping[str, sealing.PartKeys]] = field(default_factory=dict)

    def at(self, instant: datetime) -> datetime:
        """Set the database's clock so that it says `instant` now; return it in UTC."""
        tell_time(self.place, instant)
        return instant.astimezone(UTC)

    def run(self, actor: Actor, work: Any) -> Any:
        """Return what `work(session)` returns from one committed unit of work of an actor."""
        return run_in_unit(self.engine, actor, work)

    def tender(self, session: Session, tender_id: uuid.UUID) -> Tender:
        """Return a tender as it stands."""
        return session.get_one(Tender, tender_id, populate_existing=True)


def tell_time(place: Urls, instant: datetime | None) -> None:
    """Make the database's clock say `instant` (None: the real time), as only its owner can."""
    with psycopg.connect(place.admin, autocommit=True) as connection:
        connection.execute(
            "UPDATE clock_offset SET ahead = coalesce(%s::timestamptz - clock_timestamp(), interval '0')", (instant,)
        )


def _actor(session: Session, name: str, organisation: parties.Organisation, role: Role) -> Actor:
    person = parties.add_person(session, name, by=SYSTEM, at=DRAFTED)
    parties.give_mandate(session, person, organisation, role, date(2026, 1, 1), by=SYSTEM, at=DRAFTED)
    return Actor(person.id, organisation.id, role, organisation.kind)


def make_insurer(session: Session, name: str) -> Insurer:
    """Return an insurer with a bidder, a signatory and a registered signing key."""
    organisation = parties.add_organisation(session, "insurer", name, by=SYSTEM, at=DRAFTED)
    key = p256.new_key()
    insurer = Insurer(
        name,
        _actor(session, f"{name}投标人", organisation, Role.BIDDER),
        _actor(session, f"{name}签字人", organisation, Role.SIGNATORY),
        key,
    )
    public = p256.point(key)
    proof = p256.sign(key, bids.key_statement(insurer.id, public))
    bids.register_key(session, public, proof, by=insurer.signatory, at=DRAFTED)
    return insurer


def make_town(engine: Engine, place: Urls, folder: Path, names: Sequence[str] = ("甲", "乙", "丙", "丁")) -> Town:
    """Return a town with a bureau, five custodians, a committee of five, and insurers of these names."""
    with unit_of_work(engine, SYSTEM) as session:
        calendar.import_published(session, by=SYSTEM, at=DRAFTED, first_year=2026, last_year=2026)
        bureau = parties.add_organisation(session, "bureau", "示例市住建局", by=SYSTEM, at=DRAFTED)
        platform = parties.add_organisation(session, "platform", "示例市交易中心", by=SYSTEM, at=DRAFTED)
        return Town(
            engine=engine,
            place=place,
            store=Store(folder),
            receipt_key=Ed25519PrivateKey.generate(),
            officer=_actor(session, "经办人", bureau, Role.OFFICER),
            approver=_actor(session, "审批人", bureau, Role.APPROVER),
            supervisor=_actor(session, "监督人", bureau, Role.SUPERVISOR),
            chair=_actor(session, "评标组长", platform, Role.CHAIR),
            experts=[_actor(session, f"专家{number}", platform, Role.EXPERT) for number in range(1, 5)],
            keepers=[
                Keeper(_actor(session, f"保管人{number}", platform, Role.CUSTODIAN), p256.new_key())
                for number in range(1, 6)
            ],
            insurers=[make_insurer(session, f"{name}财险（示例）") for name in names],
        )
