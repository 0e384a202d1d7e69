"""Procurement rules: a draft that keeps them all, each rule broken alone, and the days by which things are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from core.calendar import published_days
from core.clock import CITY
from core.errors import Conflict
from tender.rules.articles import DRAFT_RULES, PERIOD_RULES, Period, Unit, in_force
from tender.rules.lint import lint
from tender.rules.periods import last_day, period_rule
from tender.rules.plan import PlannedCriterion, Profile, Subject, TenderPlan

DAYS = published_days(2025, 2026)
B, BM, G = Profile.TENDER, Profile.OBLIGATORY, Profile.GOVERNMENT
DEADLINE = datetime(2026, 4, 28, 9, 30, tzinfo=CITY)


def plan(**changed: object) -> TenderPlan:
    """Return a draft that keeps every rule of all profiles, with some fields changed."""
    kept = TenderPlan(
        published_on=date(2026, 4, 1),
        documents_from_on=date(2026, 4, 2),
        documents_to_on=date(2026, 4, 13),
        deadline_at=DEADLINE,
        opening_at=DEADLINE,
        amended_on=(date(2026, 4, 13),),
        estimate_fen=9_000_000_00,
        budget_fen=9_000_000_00,
        bond_fen=180_000_00,
        price_ceiling_fen=9_000_000_00,
        price_weight=Fraction(10),
        criteria=(PlannedCriterion("理赔服务方案", Fraction(60)), PlannedCriterion("本地网点", Fraction(30))),
        qualifications=("偿付能力充足率", "经营许可证"),
        committee_size=5,
        committee_experts=4,
        is_share_tender=False,
    )
    return replace(kept, **changed)


def shares(**changed: object) -> TenderPlan:
    return plan(
        is_share_tender=True, **{"winners_max": 4, "cap_bp": 5000, "floor_bp": 500, "lead_min_bp": 3000} | changed
    )


def broken(draft: TenderPlan, profile: Profile) -> list[str]:
    return [finding.code for finding in lint(draft, profile, DAYS)]


@pytest.mark.parametrize("profile", Profile)
def test_a_good_draft_breaks_no_rule(profile):
    """The made-up draft may be approved under each profile."""
    assert broken(plan(), profile) == []


@pytest.mark.parametrize("profile", [B, G])
def test_a_good_share_tender_breaks_no_rule(profile):
    """Shares to several single bidders suit any tender but the obligatory kind, where rank 1 must win."""
    assert broken(shares(ladder_bp=(4000, 3000, 2000, 1000)), profile) == []
    assert broken(shares(), BM) == ["share_tender_not_for_profile"]


@pytest.mark.parametrize(
    ("rule", "changed", "code", "profiles"),
    [
        (
            "T1",
            {"documents_from_on": date(2026, 4, 9), "documents_to_on": date(2026, 4, 20)},
            "bidding_period_too_short",
            {BM, G},
        ),
        ("T2", {"documents_to_on": date(2026, 4, 8)}, "documents_workdays_too_few", {G}),
        ("T3", {"amended_on": (date(2026, 4, 13), date(2026, 4, 14))}, "amended_too_late", {B, BM, G}),
        ("T5", {"opening_at": DEADLINE + timedelta(hours=24)}, "opening_not_at_deadline", {B, BM, G}),
        ("M1", {"bond_fen": 180_000_01}, "bond_too_high", {B, BM, G}),
        ("M1", {"bond_in_cash": True}, "bond_in_cash", {G}),
        ("M5", {"price_ceiling_fen": None}, "price_ceiling_not_stated", {B, BM}),
        ("M5", {"price_floor_fen": 1}, "price_floor_forbidden", {B, BM, G}),
        ("S1", {"committee_size": 3, "committee_experts": 3}, "committee_wrong", {BM, G}),
        ("S1", {"committee_size": 6, "committee_experts": 6}, "committee_wrong", {BM, G}),
        ("S1", {"committee_experts": 3}, "committee_wrong", {BM, G}),
        ("S1", {"committee_experts": 6}, "committee_wrong", {BM, G}),
        ("S1", {"budget_fen": 10_000_000_00}, "committee_wrong", {G}),
        ("S1", {"is_sensitive": True}, "committee_wrong", {G}),
        ("S5", {"is_low_price_first": False}, "price_not_low_first", {G}),
        ("S5", {"drops_extreme_prices": True}, "extreme_prices_dropped", {G}),
        ("S6", {"subject": Subject.GOODS}, "price_weight_too_low", {G}),
        ("S6", {"is_fixed_price": True}, "price_weight_too_low", {G}),
        ("S7", {"qualifications": ("近三年 保费 收入",)}, "size_is_asked_for", {G}),
        ("C1", {"bidders_min": 2}, "bidders_min_too_low", {B, BM, G}),
    ],
)
def test_each_rule_is_found_broken_alone(rule, changed, code, profiles):
    """One field changed breaks one rule, under those profiles that have it, and the finding names its article."""
    for profile in Profile:
        findings = lint(plan(**changed), profile, DAYS)
        assert [finding.code for finding in findings] == ([code] if profile in profiles else [])
        for finding in findings:
            assert finding.facts["rule"] == rule
            assert finding.facts["article"]
            assert finding.facts["status"] in {"read", "verify"}


def test_documents_are_on_offer_five_working_days_only_where_the_law_counts_them():
    """From 2 to 8 April 2026 there are six days but, over the Qingming holiday, three working days."""
    draft = plan(documents_to_on=date(2026, 4, 8))
    assert broken(draft, BM) == []
    finding = lint(draft, G, DAYS)[0]
    assert (finding.facts["found"], finding.facts["needed"]) == (3, 5)
    short = plan(documents_to_on=date(2026, 4, 6))
    assert [broken(short, profile) for profile in (B, BM)] == [["documents_too_briefly_on_offer"]] * 2


def test_price_at_ten_points_is_enough_for_services_only():
    """Services from 10 points, goods from 30; a fixed price weighs nothing and needs no ceiling."""
    nine = (PlannedCriterion("方案", Fraction(91)),)
    assert broken(plan(price_weight=Fraction(9), criteria=nine), G) == ["price_weight_too_low"]
    all_of_it = (PlannedCriterion("方案", Fraction(100)),)
    fixed = plan(is_fixed_price=True, price_weight=Fraction(0), criteria=all_of_it, price_ceiling_fen=None)
    assert [broken(fixed, profile) for profile in Profile] == [[], [], []]


def test_size_words_are_found_in_any_spelling_and_solvency_is_not_size():
    """Registered capital, premium income and the like are size; solvency and licence are what the law asks for."""
    names = ("Registered  Capital of the bidder", "注册 资本", "Solvency ratio", "理赔人员资质")
    criteria = tuple(PlannedCriterion(name, Fraction(90, 4)) for name in names)
    found = lint(plan(criteria=criteria), G, DAYS)
    assert [finding.facts["word"] for finding in found] == ["registered capital", "注册资本"]


def test_an_unpublished_calendar_is_a_finding():
    """Working days cannot be counted where no holidays are announced; the draft is not waved through."""
    assert [finding.code for finding in lint(plan(), G, {})] == ["calendar_not_known"]
    assert lint(plan(), BM, {}) == []


def test_a_rule_holds_from_its_first_day():
    """Order 87 came into force on 1 October 2017: the day before, size was not yet a finding by it."""
    before, after = date(2017, 9, 30), date(2017, 10, 1)
    assert "S7" not in {rule.id for rule in in_force(DRAFT_RULES, G, before)}
    assert "S7" in {rule.id for rule in in_force(DRAFT_RULES, G, after)}
    ended = (replace(DRAFT_RULES[0], valid_to=after),)
    assert list(in_force(ended, BM, before)) == list(ended)
    assert list(in_force(ended, BM, after)) == []


def test_no_two_rows_say_the_same_at_the_same_time():
    """One profile has one open row for one rule and one finding; every draft rule has a code, every period a name."""
    for profile in Profile:
        rows = [(rule.id, rule.code, str(rule.check)) for rule in in_force(DRAFT_RULES, profile, date(2026, 1, 1))]
        assert len({row[:2] for row in rows}) == len(rows)
        names = [rule.check.name for rule in in_force(PERIOD_RULES, profile, date(2026, 1, 1))]
        assert len(set(names)) == len(names)
    assert all(rule.code for rule in DRAFT_RULES)
    assert all(isinstance(rule.check, Period) for rule in PERIOD_RULES)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"price_weight": Fraction(11)}, "weights_not_100"),
        (
            {"criteria": (PlannedCriterion("方案", Fraction(90)), PlannedCriterion("网点", Fraction(0)))},
            "weight_not_positive",
        ),
        (
            {"criteria": (PlannedCriterion("方案", Fraction(45)), PlannedCriterion("方案", Fraction(45)))},
            "criterion_twice",
        ),
        ({"published_on": date(2026, 4, 3)}, "dates_out_of_order"),
    ],
)
def test_a_draft_that_could_not_be_scored(changed, code):
    """Weights that are not 100 points, an empty or doubled criterion, documents before the notice."""
    assert broken(plan(**changed), BM) == [code]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"winners_max": 1}, "shares_not_feasible"),
        ({"floor_bp": 6000}, "shares_not_feasible"),
        ({"cap_bp": 2400, "lead_min_bp": 0}, "caps_below_whole"),
        ({"lead_min_bp": 5001}, "lead_min_above_cap"),
        ({"floor_bp": 2400}, "floors_above_whole"),
        ({"ladder_bp": (4000, 3000, 2000)}, "ladder_not_whole"),
        ({"ladder_bp": (5000, 3000, 2000)}, "ladder_not_whole"),
        ({"ladder_bp": (5100, 2900, 1000, 1000)}, "ladder_outside_bounds"),
        ({"ladder_bp": (4800, 3900, 900, 400)}, "ladder_outside_bounds"),
    ],
)
def test_a_draft_whose_shares_could_not_be_made(changed, code):
    """Caps that do not reach 100 %, floors that pass it, a lead's floor above its cap, a ladder that does not fit."""
    assert broken(shares(**changed), B) == [code]


@pytest.mark.parametrize(
    ("profile", "name", "event_on", "due_on"),
    [
        (BM, "publicity_lasts", date(2026, 9, 25), date(2026, 9, 28)),
        (BM, "publicity_lasts", date(2026, 9, 29), date(2026, 10, 8)),
        (G, "query", date(2026, 9, 28), date(2026, 10, 13)),
        (G, "winner_fixed", date(2026, 2, 10), date(2026, 2, 24)),
        (G, "contract_published", date(2026, 4, 30), date(2026, 5, 7)),
        (B, "contract", date(2026, 4, 30), date(2026, 6, 1)),
    ],
)
def test_days_by_which_something_is_due(profile, name, event_on, due_on):
    """The day of the event is not counted; working days skip holidays; a period ending on a day off goes on."""
    rule = period_rule(profile, name, event_on)
    assert rule is not None
    assert isinstance(rule.check, Period)
    assert last_day(rule.check, event_on, DAYS).on == due_on


def test_ending_on_a_day_off_is_a_switch():
    """Three days from 29 September end on 2 October, or after the holiday."""
    three = Period("publicity_lasts", 3)
    assert last_day(three, date(2026, 9, 29), DAYS, rolls_to_workday=False).on == date(2026, 10, 2)
    with pytest.raises(Conflict, match="calendar_not_known"):
        last_day(Period("query", 7, Unit.WORKING_DAYS), date(2026, 12, 29), DAYS)


def test_a_profile_without_such_a_period():
    """Nobody files a contract of a private tender with a ministry."""
    assert period_rule(B, "contract_filed", date(2026, 1, 1)) is None
