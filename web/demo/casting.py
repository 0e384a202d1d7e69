"""The casting of the story: who there is, in which role, under which address. Pure data, every name invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.permits import Role

#: The password of every demonstration account; it is printed, so it protects nothing.
PASSWORD = "gongbao-demo"  # noqa: S105


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


def _insurer(slug: str, stem: str, surname: str, desks: frozenset[Role]) -> Company:
    """Return an insurer with these desks beside its bidder and its signatory."""
    tender_side = ((Role.BIDDER, f"{surname}投标"), (Role.SIGNATORY, f"{surname}签署"))
    others = (
        (Role.CLAIMS_HANDLER, f"{surname}理赔"),
        (Role.FINANCE_MAKER, f"{surname}制单"),
        (Role.FINANCE_CHECKER, f"{surname}复核"),
    )
    parts = _parts(slug, *tender_side, *((role, name) for role, name in others if role in desks))
    return Company(slug, "insurer", f"{stem}财产保险股份有限公司", f"{stem}财险", parts)


_WHOLE = frozenset({Role.CLAIMS_HANDLER, Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
_CHECKER = frozenset({Role.FINANCE_CHECKER})
#: So many insurers become the pool.
MEMBERS = 4
#: The insurers in the order in which they hand in; the first four become the pool, the first its lead. The others have
#: had a pilot pool, which the fifth led.
INSURERS = (
    _insurer("shili", "示例", "甄", _WHOLE),
    _insurer("yangban", "样板", "贾", _WHOLE),
    _insurer("yanshi", "演示", "易", _WHOLE),
    _insurer("xuni", "虚拟", "尤", _WHOLE),
    _insurer("moni", "模拟", "莫", _WHOLE),
    _insurer("shexiang", "设想", "佘", _CHECKER),
    _insurer("fanben", "范本", "范", _CHECKER),
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

EXCHANGE = Company(
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

#: The repairers in the order in which they take the city's communities.
REPAIRERS = tuple(
    Company(slug, "repairer", f"{stem}电梯维保有限公司", f"{stem}维保", _parts(slug, (Role.REPAIRER, f"{surname}维保")))
    for slug, stem, surname in (("repair1", "示例", "许"), ("repair2", "样板", "何"), ("repair3", "演示", "吕"))
)

COMPANIES = (_CITY_HALL, EXCHANGE, *INSURERS, *_NEIGHBOURS, *REPAIRERS)


def accounts() -> Iterator[tuple[Role, str, str, str]]:
    """Yield (role, person, organisation, address) of every account, in the order of the casting."""
    for company in COMPANIES:
        for part in company.parts:
            yield part.role, part.name, company.short_name, part.email
