"""Pure: every rule that a drafted tender breaks, all at once, each with its article.

A finding's facts always hold `rule`, `article` and `status` (read, verify or house); `house` rules are this
platform's own: without them the award could not be computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from core.errors import Conflict, Finding
from core.working_time import Days, workdays_between
from tender.exact import plain
from tender.filling import WHOLE_BP
from tender.rules.articles import (
    DRAFT_RULES,
    AmendedBefore,
    AtMostPart,
    BiddersAtLeast,
    CeilingStated,
    Check,
    Committee,
    DaysBetween,
    MustBe,
    NotAskedFor,
    Period,
    PriceWeight,
    SameInstant,
    Unit,
    in_force,
)
from tender.rules.plan import Profile, Subject, TenderPlan

Broken = Iterator[tuple[str, dict[str, object]]]


def lint(plan: TenderPlan, profile: Profile, days: Days) -> list[Finding]:
    """Return what the draft breaks of the rules of its profile on the day of publishing, and of the house.

    `days` is the working calendar; where it does not reach, `calendar_not_known` (day) is a finding, since the rule
    could not be checked. An empty list means that the draft may be approved.

    Documents from 1 January, bids until the 20th are 19 days, and the law asks for 20:
    >>> from datetime import UTC, datetime
    >>> from fractions import Fraction
    >>> from tender.rules.plan import PlannedCriterion
    >>> first, noon = date(2026, 1, 1), datetime(2026, 1, 20, 4, tzinfo=UTC)
    >>> plan = TenderPlan(
    ...     published_on=first, documents_from_on=first, documents_to_on=date(2026, 1, 6), deadline_at=noon,
    ...     opening_at=noon, estimate_fen=9_00, budget_fen=9_00, price_ceiling_fen=9_00, price_weight=Fraction(10),
    ...     criteria=(PlannedCriterion("理赔方案", Fraction(90)),), committee_size=5, committee_experts=4,
    ...     is_share_tender=False)
    >>> broken = lint(plan, Profile.OBLIGATORY, {})
    >>> [(finding.code, finding.facts["found"], finding.facts["needed"]) for finding in broken]
    [('bidding_period_too_short', 19, 20)]
    """
    found = []
    for rule in in_force(DRAFT_RULES, profile, plan.published_on):
        named: dict[str, object] = {"rule": rule.id, "article": rule.article, "status": rule.status.value}
        try:
            found += [Finding(rule.code, where, {**named, **facts}) for where, facts in _broken(rule.check, plan, days)]
        except Conflict as refused:
            found.append(Finding(refused.code, "calendar", {**named, **refused.facts}))
    house: dict[str, object] = {"rule": "house", "article": "", "status": "house"}
    own = (*_dates(plan), *_weights(plan), *_share_tender(plan, profile), *_shares(plan))
    return found + [Finding(code, where, {**house, **facts}) for code, where, facts in own]


def _broken(check: Check, plan: TenderPlan, days: Days) -> Broken:
    """Yield the field and the facts of every place where the plan breaks a check."""
    match check:
        case DaysBetween():
            yield from _days_between(check, plan, days)
        case AmendedBefore():
            yield from _amended_before(check, plan)
        case SameInstant():
            if getattr(plan, check.first) != getattr(plan, check.second):
                yield check.first, {}
        case AtMostPart():
            amount, whole = getattr(plan, check.amount), getattr(plan, check.of)
            if amount * WHOLE_BP > whole * check.part_bp:
                yield check.amount, {"most_fen": whole * check.part_bp // WHOLE_BP, "found_fen": amount}
        case MustBe():
            if getattr(plan, check.field) != check.value:
                yield check.field, {}
        case CeilingStated():
            if plan.price_weight > 0 and plan.price_ceiling_fen is None:
                yield "price_ceiling_fen", {}
        case Committee():
            yield from _committee(check, plan)
        case PriceWeight():
            yield from _price_weight(check, plan)
        case NotAskedFor():
            yield from _not_asked_for(check, plan)
        case BiddersAtLeast():
            if plan.bidders_min < check.count:
                yield "bidders_min", {"needed": check.count, "found": plan.bidders_min}
        case Period():
            return  # It runs after publishing; periods.py reckons it.


def _days_between(check: DaysBetween, plan: TenderPlan, days: Days) -> Broken:
    start: date = getattr(plan, check.start)
    end: date = getattr(plan, check.end)
    counted = (end - start).days
    if check.unit is Unit.WORKING_DAYS and counted > 0:
        counted = workdays_between(days, start, end)
    if counted < check.days:
        yield check.end, {"needed": check.days, "found": counted}


def _amended_before(check: AmendedBefore, plan: TenderPlan) -> Broken:
    for day in plan.amended_on:
        left = (plan.deadline_on - day).days
        if left < check.days:
            yield "deadline_at", {"amended_on": day.isoformat(), "needed": check.days, "found": left}


def _committee(check: Committee, plan: TenderPlan) -> Broken:
    is_large = plan.is_sensitive or (check.large_from_fen is not None and plan.budget_fen >= check.large_from_fen)
    least = check.least_large if is_large else check.least
    few_experts = plan.committee_experts < check.experts_part * plan.committee_size
    is_possible = 0 <= plan.committee_experts <= plan.committee_size
    if plan.committee_size < least or plan.committee_size % 2 == 0 or few_experts or not is_possible:
        facts = {"needed": least, "found": plan.committee_size, "experts": plan.committee_experts}
        yield "committee_size", dict[str, object](facts)


def _price_weight(check: PriceWeight, plan: TenderPlan) -> Broken:
    least = check.goods if plan.subject is Subject.GOODS else check.services
    if plan.is_fixed_price:
        if plan.price_weight != 0:
            yield "price_weight", {"needed": 0, "found": plain(plan.price_weight)}
    elif plan.price_weight < least:
        yield "price_weight", {"needed": least, "found": plain(plan.price_weight)}


def _not_asked_for(check: NotAskedFor, plan: TenderPlan) -> Broken:
    for place, name in (
        *(("criteria", criterion.name) for criterion in plan.criteria),
        *(("qualifications", name) for name in plan.qualifications),
    ):
        plain = "".join(name.casefold().split())
        for word in check.words:
            if "".join(word.split()) in plain:
                yield place, {"name": name, "word": word}
                break


House = Iterator[tuple[str, str, dict[str, object]]]


def _weights(plan: TenderPlan) -> House:
    total = plan.price_weight + sum(criterion.weight for criterion in plan.criteria)
    if total != 100:
        yield "weights_not_100", "criteria", {"found": plain(total)}
    if plan.price_weight < 0 or any(criterion.weight <= 0 for criterion in plan.criteria) or not plan.criteria:
        yield "weight_not_positive", "criteria", {}
    names = [criterion.name for criterion in plan.criteria]
    if len(set(names)) != len(names):
        yield "criterion_twice", "criteria", {}


def _dates(plan: TenderPlan) -> House:
    if not plan.published_on <= plan.documents_from_on <= plan.documents_to_on <= plan.deadline_on:
        yield "dates_out_of_order", "documents_from_on", {}


def _share_tender(plan: TenderPlan, profile: Profile) -> House:
    # Art. 55 of the rules lets only rank 1 win there, so shares cannot go to several single bidders.
    if plan.is_share_tender and profile is Profile.OBLIGATORY:
        yield "share_tender_not_for_profile", "is_share_tender", {}


def _shares(plan: TenderPlan) -> House:
    if not plan.is_share_tender:
        return
    members, low, high = plan.winners_max, plan.floor_bp, plan.cap_bp
    if members < 2 or not 0 <= low <= high <= WHOLE_BP:
        yield "shares_not_feasible", "cap_bp", {"winners_max": members, "floor_bp": low, "cap_bp": high}
        return
    if members * high < WHOLE_BP:
        yield "caps_below_whole", "cap_bp", {"winners_max": members, "reach_bp": members * high}
    lead = max(low, plan.lead_min_bp)
    if lead > high:
        yield "lead_min_above_cap", "lead_min_bp", {"lead_min_bp": lead, "cap_bp": high}
    if lead + (members - 1) * low > WHOLE_BP:
        yield "floors_above_whole", "floor_bp", {"sum_bp": lead + (members - 1) * low}
    rungs = plan.ladder_bp
    if rungs and (sum(rungs) != WHOLE_BP or len(rungs) != members or min(rungs) <= 0):
        yield "ladder_not_whole", "ladder_bp", {"sum_bp": sum(rungs), "rungs": len(rungs), "winners_max": members}
    elif rungs and not low <= min(rungs) <= max(rungs) <= high:
        yield "ladder_outside_bounds", "ladder_bp", {"floor_bp": low, "cap_bp": high}
