"""Who plays in the story: organisations, people in every role, and the accounts by which a visitor becomes them.

Every name says that it is invented. All accounts have the one password that the demonstration prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core import parties
from core.parties import Organisation
from core.permits import SYSTEM, Actor, Role
from tender import bids, p256
from web.accounts import HASHING, create_user

#: The password of every demonstration account; it is printed, so it protects nothing.
PASSWORD = "gongbao-demo"  # noqa: S105

#: A password that everyone knows needs no slow hash.
QUICK_HASHING: Mapping[str, int] = {**HASHING, "time_cost": 1, "memory_cost": 8192, "parallelism": 1}


@dataclass(frozen=True, slots=True)
class Part:
    """A part to be played: the role, the person's name, the address of the account."""

    role: Role
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation of the story; `slug` is its part of the addresses."""

    slug: str
    kind: str
    name: str
    short_name: str
    parts: tuple[Part, ...]


def _parts(slug: str, *named: tuple[Role, str]) -> tuple[Part, ...]:
    """Return parts whose addresses are the role's name, numbered where there are several of a role."""
    made: list[Part] = []
    for role, name in named:
        several = sum(each is role for each, _ in named) > 1
        number = sum(part.role is role for part in made) + 1
        local = role.value.replace("_", "-") + (str(number) if several else "")
        made.append(Part(role, name, f"{local}@{slug}.test"))
    return tuple(made)


def _insurer(slug: str, stem: str, surname: str, *, is_member: bool) -> Company:
    """Return an insurer; only members of the pool have claims and finance desks in the story."""
    tender_side = ((Role.BIDDER, f"{surname}投标"), (Role.SIGNATORY, f"{surname}签署"))
    desks = (
        (Role.CLAIMS_HANDLER, f"{surname}理赔"),
        (Role.FINANCE_MAKER, f"{surname}制单"),
        (Role.FINANCE_CHECKER, f"{surname}复核"),
    )
    parts = _parts(slug, *tender_side, *(desks if is_member else ()))
    return Company(slug, "insurer", f"{stem}财产保险股份有限公司", f"{stem}财险", parts)


#: The insurers in the order in which they hand in; the first four become the pool, the first its lead.
INSURERS = (
    _insurer("shili", "示例", "甄", is_member=True),
    _insurer("yangban", "样板", "贾", is_member=True),
    _insurer("yanshi", "演示", "易", is_member=True),
    _insurer("xuni", "虚拟", "尤", is_member=True),
    _insurer("moni", "模拟", "莫", is_member=False),
    _insurer("shexiang", "设想", "佘", is_member=False),
    _insurer("fanben", "范本", "范", is_member=False),
)

_CITY_HALL = Company(
    "bureau",
    "bureau",
    "示范市住房保障局",
    "市住房保障局",
    _parts(
        "bureau",
        (Role.OFFICER, "赵经办"),
        (Role.APPROVER, "钱审批"),
        (Role.BUREAU_FINANCE, "孙财务"),
        (Role.SUPERVISOR, "李监督"),
    ),
)

_EXCHANGE = Company(
    "platform",
    "platform",
    "示范市共保平台运营中心",
    "平台运营中心",
    _parts(
        "platform",
        (Role.CHAIR, "周组长"),
        *((Role.EXPERT, f"{surname}专家") for surname in "吴郑王冯"),
        *((Role.CUSTODIAN, f"{surname}保管") for surname in "陈褚卫蒋沈"),
        (Role.AUDITOR, "韩审计"),
        (Role.ADMINISTRATOR, "杨管理"),
    ),
)

_NEIGHBOURS = (
    Company(
        "shanshui",
        "community",
        "山水示例园社区与物业",
        "山水示例园",
        _parts("shanshui", (Role.COMMUNITY_OFFICER, "朱社区"), (Role.PROPERTY_MANAGER, "秦物业")),
    ),
    Company("qinghe", "community", "青禾示例苑物业", "青禾示例苑", _parts("qinghe", (Role.PROPERTY_MANAGER, "尤物业"))),
)

_REPAIRERS = tuple(
    Company(slug, "repairer", f"{stem}电梯维保有限公司", f"{stem}维保", _parts(slug, (Role.REPAIRER, f"{surname}维保")))
    for slug, stem, surname in (("repair1", "示例", "许"), ("repair2", "样板", "何"), ("repair3", "演示", "吕"))
)

COMPANIES = (_CITY_HALL, _EXCHANGE, *INSURERS, *_NEIGHBOURS, *_REPAIRERS)


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
    """Everybody in the story, as actors; insurers lead a pool only once it is formed (`lead_pools`)."""

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
        for part in _EXCHANGE.parts
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


def accounts() -> Iterator[tuple[Role, str, str, str]]:
    """Yield (role, person, organisation, address) of every account, in the order of the casting."""
    for company in COMPANIES:
        for part in company.parts:
            yield part.role, part.name, company.short_name, part.email
