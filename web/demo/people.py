"""Who plays in the story, made from the casting: organisations, people, their mandates, accounts and keys.

All accounts have the one password that the demonstration prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core import parties
from core.parties import Organisation
from core.permits import SYSTEM, Actor, Role
from tender import bids, p256
from web.accounts import HASHING, create_user
from web.demo.casting import COMPANIES, EXCHANGE, INSURERS, PASSWORD, Company

#: A password that everyone knows needs no slow hash.
QUICK_HASHING: Mapping[str, int] = {**HASHING, "time_cost": 1, "memory_cost": 8192, "parallelism": 1}


@dataclass
class Firm:
    """An insurer as it plays: its organisation, its people as actors, the key that it signs bids with."""

    company: Company
    id: UUID
    actors: Mapping[Role, Actor]
    key: p256.PrivateKey


@dataclass(frozen=True, slots=True)
class Keeper:
    """A custodian with the private key that only it would have."""

    email: str
    actor: Actor
    key: p256.PrivateKey


@dataclass
class Cast:
    """Everybody in the story, as actors; an insurer leads a pool once that is formed."""

    actors: dict[str, Actor]
    organisations: dict[str, Organisation]
    firms: list[Firm] = field(default_factory=list)
    keepers: list[Keeper] = field(default_factory=list)

    def of(self, role: Role, slug: str = "") -> Actor:
        """Return the first actor in a role, of one organisation where that matters."""
        for company in COMPANIES:
            for part in company.parts:
                if part.role is role and slug in ("", company.slug):
                    return self.actors[part.email]
        raise LookupError(f"nobody plays {role.value} {slug}")

    def all_of(self, role: Role) -> list[Actor]:
        """Return every actor in a role, in the order of the casting."""
        return [self.actors[part.email] for company in COMPANIES for part in company.parts if part.role is role]


def cast_story(session: Session, *, since: date, at: datetime, hashing: Mapping[str, int] = QUICK_HASHING) -> Cast:
    """Return everybody, with an organisation, a mandate from `since` on and an account for each."""
    cast = Cast({}, {})
    for company in COMPANIES:
        organisation = parties.add_organisation(
            session, company.kind, company.name, short_name=company.short_name, by=SYSTEM, at=at
        )
        cast.organisations[company.slug] = organisation
        for part in company.parts:
            person = parties.add_person(session, part.name, by=SYSTEM, at=at)
            parties.give_mandate(session, person, organisation, part.role, since, by=SYSTEM, at=at)
            cast.actors[part.email] = Actor(person.id, organisation.id, part.role, organisation.kind)
            create_user(session, person, part.email, PASSWORD, by=SYSTEM, at=at, hashing=hashing)
    cast.firms = [_firm(session, cast, company, at) for company in INSURERS]
    cast.keepers = [
        Keeper(part.email, cast.actors[part.email], p256.new_key())
        for part in EXCHANGE.parts
        if part.role is Role.CUSTODIAN
    ]
    return cast


def _firm(session: Session, cast: Cast, company: Company, at: datetime) -> Firm:
    """Return an insurer with its signing key registered."""
    actors = {part.role: cast.actors[part.email] for part in company.parts}
    key, organisation = p256.new_key(), cast.organisations[company.slug]
    public = p256.point(key)
    proof = p256.sign(key, bids.key_statement(organisation.id, public))
    bids.register_key(session, public, proof, by=actors[Role.SIGNATORY], at=at)
    return Firm(company, organisation.id, actors, key)
