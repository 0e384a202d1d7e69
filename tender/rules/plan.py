"""Pure: what of a drafted tender the rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from core.clock import on


class Profile(StrEnum):
    """Whose law a tender is under: any tender, one that the law makes obligatory, or government procurement."""

    TENDER = "B"
    OBLIGATORY = "Bm"
    GOVERNMENT = "G"


class Subject(StrEnum):
    """What is bought; insurance is a service."""

    GOODS = "goods"
    SERVICES = "services"


@dataclass(frozen=True, slots=True)
class PlannedCriterion:
    """A scored item of the draft: its name and its weight in points of 100."""

    name: str
    weight: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderPlan:
    """A drafted tender as the rules see it: the city's days, money in fen, shares in basis points, weights in points.

    `documents_from_on` to `documents_to_on` is when the documents are on offer; `amended_on` lists the days of
    changes that affect bids. `price_ceiling_fen` and `price_floor_fen` are None where the document states none.
    `is_fixed_price`: the price is given, so it is no factor. `is_sensitive`: complex, or of high public interest.
    `ladder_bp` is empty unless shares follow a ladder.
    """

    published_on: date
    documents_from_on: date
    documents_to_on: date
    deadline_at: datetime
    opening_at: datetime
    amended_on: tuple[date, ...] = ()

    estimate_fen: int
    budget_fen: int
    bond_fen: int = 0
    bond_in_cash: bool = False
    price_ceiling_fen: int | None
    price_floor_fen: int | None = None
    subject: Subject = Subject.SERVICES
    is_fixed_price: bool = False
    is_sensitive: bool = False

    price_weight: Fraction
    criteria: tuple[PlannedCriterion, ...]
    qualifications: tuple[str, ...] = ()
    is_low_price_first: bool = True
    drops_extreme_prices: bool = False
    committee_size: int
    committee_experts: int
    bidders_min: int = 3

    is_share_tender: bool = True
    winners_max: int = 4
    cap_bp: int = 10_000
    floor_bp: int = 0
    lead_min_bp: int = 0
    ladder_bp: tuple[int, ...] = ()

    @property
    def deadline_on(self) -> date:
        """Return the city's date of the deadline."""
        return on(self.deadline_at)
