"""What a draft of a tender says, its check against the rules, and the notice that is fixed when it is approved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import calendar
from core.errors import Finding, Invalid
from tender import allocation, scoring
from tender.canonical import canonical
from tender.exact import plain
from tender.models import Criterion, Custodian, Tender
from tender.rules.lint import lint
from tender.rules.plan import PlannedCriterion, Profile, TenderPlan

#: What an agreement says beside shares and price; the pool is formed from these names as they stand.
AGREEMENT_CHOICES: Mapping[str, tuple[str, ...]] = {"remittance": ("gross", "net"), "collection": ("lead", "each")}
AGREEMENT_BOUNDS: Mapping[str, tuple[int, int]] = {
    "lead_fee_bp": (0, 3000),
    "vat_bp": (0, 2000),
    "lead_alone_limit_fen": (0, 10**13),
    "cash_call_from_fen": (0, 10**13),
    "cash_call_due_days": (1, 90),
    "late_interest_bp": (0, 3600),
    "day_count": (360, 366),
}
#: What a tender need not say: the cover of every policy (none of it), the days to pay a statement (10).
UNSAID_BOUNDS: Mapping[str, tuple[int, int]] = {
    "deductible_fen": (0, 10**13),
    "deductible_bp": (0, 10_000),
    "limit_fen": (0, 10**13),
    "aggregate_limit_fen": (0, 10**13),
    "settlement_days": (1, 90),
}


@dataclass(frozen=True, slots=True)
class DraftCriterion:
    """One scored item of a draft, in hundredths of a point."""

    name: str
    weight_hundredths: int
    mark_max_hundredths: int = 10_000
    mark_step_hundredths: int = 50
    is_objective: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderDraft:
    """All that an officer says of a tender. Money in fen; `ceiling_fen` is one lift's premium for a year."""

    number: str
    title: str
    profile: Profile
    starts_on: date
    ends_on: date
    lift_count: int
    budget_fen: int
    ceiling_fen: int
    documents_from_on: date
    documents_to_on: date
    deadline_at: datetime
    opening_at: datetime
    price_weight_hundredths: int
    criteria: tuple[DraftCriterion, ...]
    allocation: allocation.Terms
    agreement_terms: Mapping[str, Any]
    service_standard: Mapping[str, Any] = field(default_factory=dict)
    price_rule: str = "lead"
    bond_fen: int = 0
    largest_loss_fen: int | None = None
    qualifications: tuple[str, ...] = ()
    committee_size: int = 5
    committee_experts: int = 4
    bidders_min: int = 3
    drops_extreme_marks: bool = False
    recomputes_after_exclusion: bool = True
    tie_keys: tuple[str, ...] = ()
    answer_days: int = 5
    lock: str = "custodians"
    threshold: int = 3


#: Columns that a draft fills under its own names.
_SAME = (
    *("number", "title", "starts_on", "ends_on", "lift_count", "budget_fen", "ceiling_fen", "documents_from_on"),
    *("documents_to_on", "deadline_at", "opening_at", "price_weight_hundredths", "price_rule", "bond_fen"),
    *("largest_loss_fen", "committee_size", "committee_experts", "bidders_min", "drops_extreme_marks"),
    *("recomputes_after_exclusion", "answer_days", "lock", "threshold"),
)


def columns_of(draft: TenderDraft) -> dict[str, Any]:
    """Return the draft as the columns of a tender.

    Refuses with Invalid `draft_wrong`, findings naming every wrong field at once.
    """
    if found := [*_figure_findings(draft), *_terms_findings(draft.agreement_terms)]:
        raise Invalid("draft_wrong", findings=found)
    return {
        **{name: getattr(draft, name) for name in _SAME},
        "profile": draft.profile.value,
        "qualifications": list(draft.qualifications),
        "tie_keys": list(draft.tie_keys),
        "allocation": allocation_json(draft.allocation),
        "agreement_terms": dict(draft.agreement_terms),
        "service_standard": dict(draft.service_standard),
    }


def _figure_findings(draft: TenderDraft) -> list[Finding]:
    """Return what no tender can have, whatever the rules of its profile say."""
    bounds: tuple[tuple[str, int, int], ...] = (
        ("lift_count", 1, 10**6),
        ("budget_fen", 1, 10**13),
        ("ceiling_fen", 1, 10**9),
        ("bond_fen", 0, 10**13),
        ("price_weight_hundredths", 0, 10_000),
        ("committee_size", 1, 99),
        ("committee_experts", 0, draft.committee_size),
        ("bidders_min", 1, 100),
        ("answer_days", 1, 30),
        ("threshold", 2, 16),
        *((("largest_loss_fen", 0, 10**13),) if draft.largest_loss_fen is not None else ()),
    )
    found = [
        Finding("draft_out_of_range", name, {"value": getattr(draft, name), "low": low, "high": high})
        for name, low, high in bounds
        if type(getattr(draft, name)) is not int or not low <= getattr(draft, name) <= high
    ]
    found += [
        Finding("draft_length_wrong", name, {"most": most})
        for name, most in (("number", 40), ("title", 200))
        if not 1 <= len(getattr(draft, name).strip()) <= most
    ]
    choices = (("lock", ("custodians", "both")), ("price_rule", ("lead", "lowest", "weighted")))
    found += [
        Finding("draft_not_one_of", name, {"value": getattr(draft, name), "choices": list(taken)})
        for name, taken in choices
        if getattr(draft, name) not in taken
    ]
    if draft.starts_on >= draft.ends_on:
        found.append(Finding("draft_dates_wrong", "ends_on"))
    if draft.deadline_at.tzinfo is None or draft.opening_at.tzinfo is None:
        found.append(Finding("draft_instant_without_zone", "deadline_at"))
    elif draft.opening_at < draft.deadline_at:
        found.append(Finding("draft_dates_wrong", "opening_at"))
    names = {criterion.name for criterion in draft.criteria}
    if len(names) != len(draft.criteria) or not names:
        found.append(Finding("criterion_twice", "criteria"))
    for item in draft.criteria:
        low_step = 1 <= item.mark_step_hundredths <= item.mark_max_hundredths <= 100_000
        if not item.name.strip() or not 1 <= item.weight_hundredths <= 10_000 or not low_step:
            found.append(Finding("draft_criterion_wrong", item.name[:80] or "criteria"))
    found += [
        Finding("criterion_not_declared", "tie_keys", {"name": key}) for key in draft.tie_keys if key not in names
    ]
    return found


def _terms_findings(terms: Mapping[str, Any]) -> list[Finding]:
    """Return what is missing, unknown or out of range in the terms of the agreement."""
    known = {*AGREEMENT_CHOICES, *AGREEMENT_BOUNDS}
    found = [Finding("draft_field_missing", f"agreement_terms.{name}") for name in sorted(known - terms.keys())]
    unknown = terms.keys() - known - UNSAID_BOUNDS.keys()
    found += [Finding("draft_field_unknown", f"agreement_terms.{name}") for name in sorted(unknown)]
    found += [
        Finding("draft_not_one_of", f"agreement_terms.{name}", {"value": terms[name], "choices": list(choices)})
        for name, choices in AGREEMENT_CHOICES.items()
        if name in terms and terms[name] not in choices
    ]
    found += [
        Finding("draft_out_of_range", f"agreement_terms.{name}", {"value": terms[name], "low": low, "high": high})
        for name, (low, high) in {**AGREEMENT_BOUNDS, **UNSAID_BOUNDS}.items()
        if name in terms and (type(terms[name]) is not int or not low <= terms[name] <= high)
    ]
    return found


def allocation_json(terms: allocation.Terms) -> dict[str, Any]:
    """Return how shares are made as the tender's row keeps it."""
    return {
        "method": terms.method.value,
        "winners_max": terms.winners_max,
        "ladder_bp": list(terms.ladder_bp),
        "short_ladder": terms.short_ladder.value,
        "ladder_lead_first": terms.ladder_lead_first,
        "base": plain(terms.base),
        "power": terms.power,
        "cap_bp": terms.cap_bp,
        "floor_bp": terms.floor_bp,
        "lead_min_bp": terms.lead_min_bp,
        "lead_largest": terms.lead_largest,
        "lead_line_stands": terms.lead_line_stands,
    }


def allocation_terms(kept: Mapping[str, Any]) -> allocation.Terms:
    """Return how shares are made, read back from a tender's row.

    >>> allocation_terms(allocation_json(allocation.Terms(base=Fraction(80)))).base
    Fraction(80, 1)
    """
    return allocation.Terms(
        **{
            **kept,
            "method": allocation.Method(kept["method"]),
            "short_ladder": allocation.ShortLadder(kept["short_ladder"]),
            "ladder_bp": tuple(kept["ladder_bp"]),
            "base": Fraction(kept["base"]),
        }
    )


def criteria_of(session: Session, tender: Tender) -> Sequence[Criterion]:
    """Return a tender's criteria in their order."""
    query = select(Criterion).where(Criterion.tender_id == tender.id).order_by(Criterion.place)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def custodians_of(session: Session, tender: Tender) -> Sequence[Custodian]:
    """Return a tender's custodians in the order of their shares."""
    query = select(Custodian).where(Custodian.tender_id == tender.id).order_by(Custodian.place)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def scheme_of(tender: Tender, criteria: Sequence[Criterion]) -> scoring.Scheme:
    """Return how the tender scores bids, in exact points."""
    return scoring.Scheme(
        price_weight=Fraction(tender.price_weight_hundredths, 100),
        criteria=tuple(
            scoring.Criterion(
                item.name,
                Fraction(item.weight_hundredths, 100),
                Fraction(item.mark_max_hundredths, 100),
                Fraction(item.mark_step_hundredths, 100),
                item.is_objective,
            )
            for item in criteria
        ),
        next_keys=tuple(tender.tie_keys),
        drops_extreme_marks=tender.drops_extreme_marks,
        recomputes_after_exclusion=tender.recomputes_after_exclusion,
    )


def broken_rules(session: Session, tender: Tender, published_on: date) -> list[Finding]:
    """Return every rule of its profile that the tender would break if it were published on this day."""
    terms = allocation_terms(tender.allocation)
    plan = TenderPlan(
        published_on=published_on,
        documents_from_on=tender.documents_from_on,
        documents_to_on=tender.documents_to_on,
        deadline_at=tender.deadline_at,
        opening_at=tender.opening_at,
        estimate_fen=tender.budget_fen,
        budget_fen=tender.budget_fen,
        bond_fen=tender.bond_fen,
        price_ceiling_fen=tender.ceiling_fen,
        price_weight=Fraction(tender.price_weight_hundredths, 100),
        criteria=tuple(
            PlannedCriterion(item.name, Fraction(item.weight_hundredths, 100)) for item in criteria_of(session, tender)
        ),
        qualifications=tuple(tender.qualifications),
        committee_size=tender.committee_size,
        committee_experts=tender.committee_experts,
        bidders_min=tender.bidders_min,
        winners_max=terms.winners_max,
        cap_bp=terms.cap_bp,
        floor_bp=terms.floor_bp,
        lead_min_bp=terms.lead_min_bp,
        ladder_bp=terms.ladder_bp,
    )
    days = calendar.load(session, published_on, plan.deadline_on + timedelta(days=30))
    return lint(plan, Profile(tender.profile), days)


def notice_of(session: Session, tender: Tender) -> str:
    """Return all that bidders rely on as canonical JSON, every number as text: what is approved and hashed."""
    fixed = {name: getattr(tender, name) for name in (*_SAME, "profile", "qualifications", "tie_keys", "allocation")}
    document = {
        **fixed,
        "id": tender.id,
        "organisation_id": tender.organisation_id,
        "agreement_terms": tender.agreement_terms,
        "service_standard": tender.service_standard,
        "criteria": [
            {
                "name": item.name,
                "weight_hundredths": item.weight_hundredths,
                "mark_max_hundredths": item.mark_max_hundredths,
                "mark_step_hundredths": item.mark_step_hundredths,
                "is_objective": item.is_objective,
            }
            for item in criteria_of(session, tender)
        ],
        "custodians": [
            {"fingerprint": item.fingerprint, "organisation_id": item.organisation_id}
            for item in custodians_of(session, tender)
        ],
    }
    return canonical(as_text(document)).decode()


def as_text(value: object) -> object:
    """Return a value for canonical JSON: numbers, dates, instants and ids as text, the rest as it is.

    >>> as_text({"fen": 12, "is": True, "on": date(2026, 1, 1), "list": [1]})
    {'fen': '12', 'is': True, 'on': '2026-01-01', 'list': ['1']}
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): as_text(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(item) for item in value]
    if isinstance(value, Fraction):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def digest_of(document: object) -> str:
    """Return the SHA-256, in hex, of a value as canonical JSON."""
    return hashlib.sha256(canonical(as_text(document))).hexdigest()
