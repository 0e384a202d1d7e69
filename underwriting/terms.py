"""The terms of a co-insurance agreement as values, checked once when the agreement is made. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.errors import Finding, Invalid
from ledger.reasons import Line

REMITTANCE = ("gross", "net")
COLLECTION = ("lead", "each")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the members agreed on, apart from their shares.

    `remittance` gross: collected premium is passed on whole and fees are billed; net: it stays in the current accounts
    and is settled by statement. `collection` lead: the lead collects all; each: every member collects its share.
    `settlement_days`: how long after its issue a statement's balance is to be paid.
    `lift_premium_fen` is the gross premium of one lift for one policy year, as awarded (0: priced case by case).
    Cover: of each loss the higher of `deductible_fen` and `deductible_bp` of it is the owners' own; `limit_fen` is the
    most for one loss, `aggregate_limit_fen` the most for all losses of one policy (0: none). Every policy under this
    version has this cover, so that all members carry the same (docs/decisions/0012).
    """

    remittance: str = "gross"
    collection: str = "lead"
    lead_fee_bp: int = 0
    vat_bp: int = 600
    lead_alone_limit_fen: int = 0
    cash_call_from_fen: int = 0
    cash_call_due_days: int = 10
    settlement_days: int = 10
    late_interest_bp: int = 0
    day_count: int = 365
    lift_premium_fen: int = 0
    deductible_fen: int = 0
    deductible_bp: int = 0
    limit_fen: int = 0
    aggregate_limit_fen: int = 0

    def __post_init__(self) -> None:
        """Refuse terms that no agreement can have, naming every field at once (Invalid `terms_invalid`)."""
        findings = [
            Finding("not_a_whole_number", field.name, {"value": getattr(self, field.name)})
            for field in fields(self)
            if field.name not in {"remittance", "collection"} and type(getattr(self, field.name)) is not int
        ]
        if not findings:
            findings = [
                Finding("not_one_of", name, {"value": getattr(self, name), "choices": choices})
                for name, choices in (("remittance", REMITTANCE), ("collection", COLLECTION))
                if getattr(self, name) not in choices
            ]
            findings += [
                Finding("out_of_range", name, {"value": getattr(self, name), "low": low, "high": high})
                for name, low, high in _BOUNDS
                if not low <= getattr(self, name) <= high
            ]
        if findings:
            raise Invalid("terms_invalid", findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the terms by name."""
        return asdict(self)


_BOUNDS = (
    ("lead_fee_bp", 0, 3000),
    ("vat_bp", 0, 2000),
    ("lead_alone_limit_fen", 0, 10**13),
    ("cash_call_from_fen", 0, 10**13),
    ("cash_call_due_days", 1, 90),
    ("settlement_days", 1, 90),
    ("late_interest_bp", 0, 3600),
    ("day_count", 360, 366),
    ("lift_premium_fen", 0, 10**9),
    ("deductible_fen", 0, 10**13),
    ("deductible_bp", 0, 10_000),
    ("limit_fen", 0, 10**13),
    ("aggregate_limit_fen", 0, 10**13),
)

#: The lines of a statement that an agreement may have paid on their own, in their order; VAT goes with its premium and
#: its fee, as in the current account.
APART = tuple(line.value for line in Line if line not in {Line.PAID_BY_LEAD, Line.SETTLED_APART, Line.STEP_UP})


@dataclass(frozen=True, slots=True)
class Clauses:
    """What a version of an agreement may say beyond its terms; an agreement that says nothing has none of it.

    `settled_apart`: the lines of a statement that are not netted but paid on their own, in each direction.
    `is_step_up`: the shortfall of a member in default is borne by the others by their weights; else it stays its own.

    >>> Clauses(("claims",)).settled_apart, Clauses().is_step_up
    (('claims',), False)
    """

    settled_apart: tuple[str, ...] = ()
    is_step_up: bool = False

    def __post_init__(self) -> None:
        """Refuse what no agreement can say (Invalid `netting_kind_unknown`, with a finding a kind)."""
        findings = [
            Finding("not_one_of", "settled_apart", {"value": kind, "choices": APART})
            for kind in self.settled_apart
            if kind not in APART
        ]
        if findings:
            raise Invalid("netting_kind_unknown", findings)


TERM_NAMES = tuple(field.name for field in fields(Terms))


def terms_of(source: Mapping[str, Any]) -> Terms:
    """Return the terms that a mapping holds under their names; others in it are not looked at.

    >>> terms_of({"lead_fee_bp": 500, "vat_bp": 600}).lead_fee_bp
    500
    """
    return Terms(**{name: source[name] for name in TERM_NAMES if name in source})
