"""A tender's draft between its row and its forms: read back, proposed, one section put in another's place, copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from core import audit
from core.audit import AuditEvent
from core.clock import CITY, on
from core.errors import Finding, Invalid
from core.permits import Actor
from tender import allocation, tenders
from tender.drafting import DraftCriterion, TenderDraft, allocation_terms, criteria_of
from tender.models import Tender
from tender.rules.plan import Profile
from web.draft_fields import DraftField, DraftSection, read_section, read_value, write_value

#: Fields of a draft that stand in its row under their own names.
_PLAIN = (
    *("number", "title", "starts_on", "ends_on", "lift_count", "budget_fen", "ceiling_fen", "documents_from_on"),
    *("documents_to_on", "deadline_at", "opening_at", "price_weight_hundredths", "price_rule", "bond_fen"),
    *("largest_loss_fen", "committee_size", "committee_experts", "bidders_min", "drops_extreme_marks"),
    *("recomputes_after_exclusion", "answer_days", "lock", "threshold"),
)
_SHARES = frozenset(
    {"method", "winners_max", "ladder_bp", "short_ladder", "ladder_lead_first", "cap_bp", "floor_bp", "lead_min_bp"}
) | {"lead_largest"}

#: How many rows of criteria a form shows at most, and how many empty ones it offers.
CRITERIA_MOST, CRITERIA_SPARE = 20, 2

_WEIGHT = DraftField("weight", "", "", "percent")


def draft_now(session: Session, tender: Tender) -> TenderDraft:
    """Return the draft that a tender's row holds."""
    return TenderDraft(
        **{name: getattr(tender, name) for name in _PLAIN},
        profile=Profile(tender.profile),
        criteria=tuple(
            DraftCriterion(
                item.name,
                item.weight_hundredths,
                item.mark_max_hundredths,
                item.mark_step_hundredths,
                item.is_objective,
            )
            for item in criteria_of(session, tender)
        ),
        allocation=allocation_terms(tender.allocation),
        agreement_terms=dict(tender.agreement_terms),
        service_standard=dict(tender.service_standard),
        qualifications=tuple(tender.qualifications),
        tie_keys=tuple(tender.tie_keys),
    )


#: The terms that a draft proposes for the agreement.
USUAL_TERMS: Mapping[str, Any] = {
    "remittance": "gross",
    "collection": "lead",
    "lead_fee_bp": 500,
    "vat_bp": 600,
    "lead_alone_limit_fen": 100_000_00,
    "cash_call_from_fen": 200_000_00,
    "cash_call_due_days": 10,
    "late_interest_bp": 600,
    "day_count": 365,
}


def proposed(number: str, title: str, profile: Profile, at: datetime) -> TenderDraft:
    """Return a draft with usual terms: a year of cover, documents from tomorrow, the deadline in thirty days.

    Every figure is a proposal that the officer goes through section by section.
    """
    today = on(at)
    deadline = datetime.combine(today + timedelta(days=32), time(9, 30), CITY)
    starts_on = (today + timedelta(days=110)).replace(day=1)
    return TenderDraft(
        number=number,
        title=title,
        profile=profile,
        starts_on=starts_on,
        ends_on=_year_after(starts_on),
        lift_count=1,
        budget_fen=1_000_000_00,
        ceiling_fen=1_500_00,
        documents_from_on=today + timedelta(days=1),
        documents_to_on=today + timedelta(days=14),
        deadline_at=deadline,
        opening_at=deadline,
        price_weight_hundredths=1_000,
        criteria=(
            DraftCriterion("服务方案", 4_000),
            DraftCriterion("故障响应与理赔", 3_000),
            DraftCriterion("应急与安全管理", 2_000),
        ),
        allocation=allocation.Terms(
            method=allocation.Method.LADDER, ladder_bp=(4000, 3000, 2000, 1000), winners_max=4, cap_bp=6000
        ),
        agreement_terms=dict(USUAL_TERMS),
        service_standard={
            "response_min": 30,
            "arrival_min": 30,
            "arrival_outside_min": 60,
            "half_day_min": 240,
            "half_day_ratio_bp": 6000,
            "longest_days": 3,
        },
    )


def _year_after(day: date) -> date:
    return day.replace(year=day.year + 1)


def copied(draft: TenderDraft, number: str, at: datetime) -> TenderDraft:
    """Return last year's draft under a new number, its dates proposed anew and its cover a year later."""
    fresh = proposed(number, draft.title, draft.profile, at)
    dates = ("starts_on", "ends_on", "documents_from_on", "documents_to_on", "deadline_at", "opening_at")
    return replace(draft, number=number, **{name: getattr(fresh, name) for name in dates})


def values_of(draft: TenderDraft, section: DraftSection) -> dict[str, str]:
    """Return a section of a draft as the fields of its form."""
    return {field.name: write_value(field, _value(draft, section.name, field.name)) for field in section.fields}


def _value(draft: TenderDraft, section: str, name: str) -> Any:
    if section == "agreement":
        return draft.agreement_terms.get(name)
    if section == "service":
        return draft.service_standard.get(name)
    if name in _SHARES:
        value = getattr(draft.allocation, name)
        return getattr(value, "value", value)
    value = getattr(draft, name)
    return value.value if isinstance(value, Profile) else value


def with_section(draft: TenderDraft, section: DraftSection, form: MultiDict[str, str]) -> TenderDraft:
    """Return the draft with one section as a form has it. Refuses with Invalid `draft_wrong` (findings)."""
    said = read_section(section, form)
    if section.name == "agreement":
        # Cover that is not said is none, as in a notice that never had it.
        return replace(draft, agreement_terms={name: value for name, value in said.items() if value is not None})
    if section.name == "service":
        return replace(draft, service_standard={**draft.service_standard, **said})
    if section.name == "shares":
        price_rule = said.pop("price_rule")
        return replace(draft, allocation=_shares(draft.allocation, said), price_rule=price_rule)
    if section.name == "basics":
        said["profile"] = Profile(said["profile"])
    if section.name == "dates":
        said["opening_at"] = said["deadline_at"]
    if section.name == "criteria":
        said["criteria"] = read_criteria(form)
    return replace(draft, **said)


def _shares(before: allocation.Terms, said: Mapping[str, Any]) -> allocation.Terms:
    method = allocation.Method(said["method"])
    ladder = said["ladder_bp"] if method is allocation.Method.LADDER else ()
    short = allocation.ShortLadder(said["short_ladder"])
    return replace(before, **{**said, "method": method, "short_ladder": short, "ladder_bp": ladder})


def read_criteria(form: MultiDict[str, str]) -> tuple[DraftCriterion, ...]:
    """Return the criteria that a form lists, row by row; a row without a name and a weight is none.

    Refuses with Invalid `draft_wrong`, each finding naming its row's field.
    """
    found: list[Finding] = []
    criteria = []
    for row in range(CRITERIA_MOST):
        name, weight = form.get(f"name_{row}", "").strip(), form.get(f"weight_{row}", "").strip()
        if not name and not weight:
            continue
        figures: dict[str, int] = {}
        for figure, usual in (("weight", ""), ("max", "100"), ("step", "0.5")):
            try:
                figures[figure] = int(read_value(_WEIGHT, form.get(f"{figure}_{row}", "") or usual))
            except Invalid as refused:
                found.append(Finding(refused.code, f"{figure}_{row}", dict(refused.facts)))
        if not name:
            found.append(Finding("draft_field_empty", f"name_{row}"))
        if len(figures) == 3:
            is_objective = form.get(f"objective_{row}") == "yes"
            criteria.append(DraftCriterion(name, figures["weight"], figures["max"], figures["step"], is_objective))
    if found:
        raise Invalid("draft_wrong", findings=found)
    return tuple(criteria)


def criteria_rows(criteria: Sequence[DraftCriterion]) -> list[dict[str, str]]:
    """Return criteria as the rows of their form, with some empty ones below."""
    rows = [
        {
            "name": item.name,
            "weight": write_value(_WEIGHT, item.weight_hundredths),
            "max": write_value(_WEIGHT, item.mark_max_hundredths),
            "step": write_value(_WEIGHT, item.mark_step_hundredths),
            "objective": "yes" if item.is_objective else "",
        }
        for item in criteria
    ]
    spare = {"name": "", "weight": "", "max": "", "step": "", "objective": ""}
    return [*rows, *(dict(spare) for _ in range(min(CRITERIA_SPARE, CRITERIA_MOST - len(rows))))]


def rows_typed(form: MultiDict[str, str]) -> list[dict[str, str]]:
    """Return the rows of criteria as they were typed, to show them again."""
    names = ("name", "weight", "max", "step", "objective")
    rows = [{name: form.get(f"{name}_{row}", "") for name in names} for row in range(CRITERIA_MOST)]
    return [row for row in rows if row["name"] or row["weight"]] + [dict.fromkeys(names, "")]


def save_section(
    session: Session, tender: Tender, section: DraftSection, form: MultiDict[str, str], *, by: Actor, at: datetime
) -> None:
    """Put one section into a tender's draft and note that it was gone through. Refuses as `tenders.edit` does."""
    tenders.edit(session, tender, with_section(draft_now(session, tender), section, form), by=by, at=at)
    facts = {"section": section.name}
    audit.record(session, "tender.section_saved", by=by, at=at, of=("tender", tender.id), facts=facts)


def sections_saved(session: Session, tender: Tender) -> frozenset[str]:
    """Return the names of the sections that somebody has gone through and saved."""
    query = select(AuditEvent.facts).where(
        AuditEvent.object_kind == "tender",
        AuditEvent.object_id == str(tender.id),
        AuditEvent.action == "tender.section_saved",
    )
    return frozenset(str(facts.get("section")) for facts in session.scalars(query))
