"""Pure: the rules as rows of data, each with its article, its dates and how sure its text is.

To correct a rule, end its row (`valid_to`, the first day on which it holds no more) and add the new one: a tender is
judged by the rows that held on the day it was published. Texts marked READ were read in April 2025; VERIFY are from
memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from tender.rules.plan import Profile


class Status(StrEnum):
    """How sure the text of a rule is."""

    READ = "read"
    VERIFY = "verify"


class Unit(StrEnum):
    """Calendar days or working days. The day of the event is not counted (民法典 art. 201, to be verified)."""

    DAYS = "days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class DaysBetween:
    """From one day of the plan to another there are at least so many days."""

    start: str
    end: str
    days: int
    unit: Unit = Unit.DAYS


@dataclass(frozen=True, slots=True)
class AmendedBefore:
    """Every change that affects bids comes at least so many days before the deadline, or the deadline moves."""

    days: int


@dataclass(frozen=True, slots=True)
class SameInstant:
    """Two instants of the plan are one."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class AtMostPart:
    """An amount of the plan is at most a part, in basis points, of another."""

    amount: str
    of: str
    part_bp: int


@dataclass(frozen=True, slots=True)
class MustBe:
    """A field of the plan has this value."""

    field: str
    value: object


@dataclass(frozen=True, slots=True)
class CeilingStated:
    """Where price is a factor, the document states a price ceiling."""


@dataclass(frozen=True, slots=True)
class Committee:
    """The committee is odd, of at least `least` (`least_large` where big or sensitive), a part of it experts."""

    least: int
    experts_part: Fraction
    least_large: int
    large_from_fen: int | None


@dataclass(frozen=True, slots=True)
class PriceWeight:
    """Price weighs at least so many points, by what is bought; a fixed price weighs nothing."""

    goods: int
    services: int


@dataclass(frozen=True, slots=True)
class NotAskedFor:
    """No criterion and no qualification asks for a bidder's size: none of these words is in a name."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BiddersAtLeast:
    """With fewer bidders than this the bids stay closed."""

    count: int


@dataclass(frozen=True, slots=True)
class Period:
    """Something is done within so many days of an event, or lasts so many; `name` is what callers ask by."""

    name: str
    days: int
    unit: Unit = Unit.DAYS


Check = (
    DaysBetween
    | AmendedBefore
    | SameInstant
    | AtMostPart
    | MustBe
    | CeilingStated
    | Committee
    | PriceWeight
    | NotAskedFor
    | BiddersAtLeast
    | Period
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one or more profiles: its article, when it holds, what it asks for, the code of its finding."""

    id: str
    profiles: frozenset[Profile]
    article: str
    valid_from: date
    valid_to: date | None
    status: Status
    check: Check
    code: str = ""


_B = frozenset({Profile.TENDER, Profile.OBLIGATORY})
_BM = frozenset({Profile.OBLIGATORY})
_G = frozenset({Profile.GOVERNMENT})

_READ, _VERIFY = Status.READ, Status.VERIFY
_WD = Unit.WORKING_DAYS

_BIDDING_LAW = date(2000, 1, 1)
_BIDDING_RULES = date(2012, 2, 1)
_PROCUREMENT_LAW = date(2003, 1, 1)
_PROCUREMENT_RULES = date(2015, 3, 1)
_ORDER_87 = date(2017, 10, 1)

#: A bidder's size, in the words of 87号令 art. 17 and what an insurer's size is called. Solvency and licence are not
#: size.
SIZE_WORDS = (
    *(
        "注册资本",
        "注册资金",
        "实缴资本",
        "资产总额",
        "总资产",
        "净资产",
        "资产规模",
        "营业收入",
        "保费收入",
        "保费规模",
    ),
    *("从业人员", "员工人数", "利润", "纳税额", "纳税总额", "企业规模", "经营规模", "业务规模"),
    *("registered capital", "total assets", "net assets", "revenue", "turnover", "premium income", "headcount"),
    *("number of staff", "profit", "tax paid", "company size"),
)


def _row(
    number: str, profiles: frozenset[Profile], article: str, since: date, status: Status, check: Check, code: str = ""
) -> Rule:
    return Rule(number, profiles, article, since, None, status, check, code)


_DOCUMENTS = ("documents_from_on", "documents_to_on")
_BIDDING = ("documents_from_on", "deadline_on")
_OPENING = SameInstant("opening_at", "deadline_at")
_NO_FLOOR = MustBe("price_floor_fen", None)
_TWO_THIRDS = Fraction(2, 3)

#: What a draft is checked against.
DRAFT_RULES: tuple[Rule, ...] = (
    _row("T1", _BM, "招标投标法 24", _BIDDING_LAW, _READ, DaysBetween(*_BIDDING, 20), "bidding_period_too_short"),
    _row("T1", _G, "政府采购法 35", _PROCUREMENT_LAW, _READ, DaysBetween(*_BIDDING, 20), "bidding_period_too_short"),
    _row("T2", _B, "条例 16", _BIDDING_RULES, _READ, DaysBetween(*_DOCUMENTS, 5), "documents_too_briefly_on_offer"),
    _row(
        "T2",
        _G,
        "采购条例 31",
        _PROCUREMENT_RULES,
        _READ,
        DaysBetween(*_DOCUMENTS, 5, _WD),
        "documents_workdays_too_few",
    ),
    _row("T3", _B, "招标投标法 23; 条例 21", _BIDDING_LAW, _READ, AmendedBefore(15), "amended_too_late"),
    _row("T3", _G, "采购条例 31", _PROCUREMENT_RULES, _READ, AmendedBefore(15), "amended_too_late"),
    _row("T5", _B, "招标投标法 34", _BIDDING_LAW, _READ, _OPENING, "opening_not_at_deadline"),
    _row("T5", _G, "87号令 39", _ORDER_87, _VERIFY, _OPENING, "opening_not_at_deadline"),
    _row("M1", _B, "条例 26", _BIDDING_RULES, _READ, AtMostPart("bond_fen", "estimate_fen", 200), "bond_too_high"),
    _row(
        "M1", _G, "采购条例 33", _PROCUREMENT_RULES, _READ, AtMostPart("bond_fen", "budget_fen", 200), "bond_too_high"
    ),
    _row("M1", _G, "采购条例 33", _PROCUREMENT_RULES, _READ, MustBe("bond_in_cash", False), "bond_in_cash"),
    _row("M5", _B, "条例 27", _BIDDING_RULES, _READ, CeilingStated(), "price_ceiling_not_stated"),
    _row("M5", _B, "条例 27", _BIDDING_RULES, _READ, _NO_FLOOR, "price_floor_forbidden"),
    _row("M5", _G, "87号令 12", _ORDER_87, _VERIFY, _NO_FLOOR, "price_floor_forbidden"),
    _row("S1", _BM, "招标投标法 37", _BIDDING_LAW, _READ, Committee(5, _TWO_THIRDS, 5, None), "committee_wrong"),
    _row("S1", _G, "87号令 47", _ORDER_87, _VERIFY, Committee(5, _TWO_THIRDS, 7, 10_000_000_00), "committee_wrong"),
    _row("S5", _G, "87号令 55", _ORDER_87, _VERIFY, MustBe("is_low_price_first", True), "price_not_low_first"),
    _row("S5", _G, "87号令 55", _ORDER_87, _VERIFY, MustBe("drops_extreme_prices", False), "extreme_prices_dropped"),
    _row("S6", _G, "87号令 55", _ORDER_87, _VERIFY, PriceWeight(goods=30, services=10), "price_weight_too_low"),
    _row("S7", _G, "87号令 17", _ORDER_87, _VERIFY, NotAskedFor(SIZE_WORDS), "size_is_asked_for"),
    _row("C1", _B, "招标投标法 28", _BIDDING_LAW, _READ, BiddersAtLeast(3), "bidders_min_too_low"),
    _row("C1", _G, "政府采购法 36", _PROCUREMENT_LAW, _READ, BiddersAtLeast(3), "bidders_min_too_low"),
)

#: What is to be done by when, once a tender runs.
PERIOD_RULES: tuple[Rule, ...] = (
    _row("T4", _B, "条例 22", _BIDDING_RULES, _READ, Period("document_objection_before_deadline", 10)),
    _row("T4", _B, "条例 22", _BIDDING_RULES, _READ, Period("document_objection_answer", 3)),
    _row("T7", _BM, "条例 54", _BIDDING_RULES, _READ, Period("publicity_starts", 3)),
    _row("T7", _BM, "条例 54", _BIDDING_RULES, _READ, Period("publicity_lasts", 3)),
    _row("T7", frozenset({Profile.TENDER}), "条例 54 (比照)", _BIDDING_RULES, _VERIFY, Period("publicity_lasts", 3)),
    _row("T7", _B, "条例 54", _BIDDING_RULES, _READ, Period("result_objection_answer", 3)),
    _row("T8", _B, "条例 60", _BIDDING_RULES, _READ, Period("complaint", 10)),
    _row("T9", _G, "采购条例 43", _PROCUREMENT_RULES, _READ, Period("report_to_buyer", 2, _WD)),
    _row("T9", _G, "采购条例 43", _PROCUREMENT_RULES, _READ, Period("winner_fixed", 5, _WD)),
    _row("T9", _G, "采购条例 43", _PROCUREMENT_RULES, _READ, Period("publicity_starts", 2, _WD)),
    _row("T9", _G, "87号令 69", _ORDER_87, _VERIFY, Period("publicity_lasts", 1, _WD)),
    _row("T10", _G, "政府采购法 52", _PROCUREMENT_LAW, _READ, Period("query", 7, _WD)),
    _row("T10", _G, "政府采购法 53", _PROCUREMENT_LAW, _READ, Period("query_answer", 7, _WD)),
    _row("T10", _G, "政府采购法 55", _PROCUREMENT_LAW, _READ, Period("complaint", 15, _WD)),
    _row("T12", _B, "招标投标法 46", _BIDDING_LAW, _READ, Period("contract", 30)),
    _row("T12", _G, "政府采购法 46", _PROCUREMENT_LAW, _READ, Period("contract", 30)),
    _row("T13", _G, "采购条例 50", _PROCUREMENT_RULES, _READ, Period("contract_published", 2, _WD)),
    _row("T13", _G, "政府采购法 47", _PROCUREMENT_LAW, _READ, Period("contract_filed", 7, _WD)),
    _row("T14", _BM, "招标投标法 47", _BIDDING_LAW, _READ, Period("report_to_supervisor", 15)),
    _row("M2", _B, "条例 35", _BIDDING_RULES, _READ, Period("bond_back_after_withdrawal", 5)),
    _row("M2", _B, "条例 57", _BIDDING_RULES, _READ, Period("bond_back_after_contract", 5)),
    _row("M2", _G, "采购条例 33", _PROCUREMENT_RULES, _READ, Period("bond_back_after_award", 5, _WD)),
    _row("M2", _G, "采购条例 33", _PROCUREMENT_RULES, _READ, Period("bond_back_after_contract", 5, _WD)),
)


def in_force(rules: tuple[Rule, ...], profile: Profile, day: date) -> Iterator[Rule]:
    """Yield the rows of a profile that hold on a day, in the table's order.

    >>> [rule.article for rule in in_force(DRAFT_RULES, Profile.GOVERNMENT, date(2026, 11, 23)) if rule.id == "T1"]
    ['政府采购法 35']
    """
    for rule in rules:
        if profile in rule.profiles and rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to):
            yield rule
