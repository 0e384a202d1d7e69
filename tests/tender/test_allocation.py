"""Lead and shares: the published vectors, hand-worked pools, and the refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from tender.allocation import (
    Method,
    Offer,
    ShortLadder,
    Terms,
    allocate,
    allocate_file,
    bounds_of,
    cap_by_retained_premium_bp,
    cap_by_single_risk_bp,
    choose_lead,
    score_weights,
)

GOLDEN = Path(__file__).parent / "golden" / "allocation.json"
VECTORS = json.loads(GOLDEN.read_text(encoding="utf-8"))
METHODS = {case["id"]: case for case in VECTORS["methods"]}
LADDER = Terms(method=Method.LADDER, ladder_bp=(4000, 3000, 2000, 1000))
LINES = Terms(method=Method.LINES)


def offers(*scores: str | int, **common: object) -> list[Offer]:
    return [Offer(bid="ABCDEFGH"[n], score=Fraction(score), **common) for n, score in enumerate(scores)]


def lines(*points_bp: int) -> list[Offer]:
    return [Offer(bid="ABCDEFGH"[n], score=Fraction(90 - n), line_bp=line) for n, line in enumerate(points_bp)]


# --- the published vectors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["water_filling"], ids=lambda case: case["id"])
def test_published_shares_between_floors_and_caps(case):
    """Weights, floors and caps of each vector give its shares, or its refusal with the gap."""
    out = allocate_file({name: case[name] for name in ("id", "weights", "floor", "cap")})
    assert isinstance(out, dict)
    for name in ("id", "shares_bp", "refusal", "gap"):
        assert out.get(name) == case.get(name)


@pytest.mark.parametrize(
    ("vector", "terms"),
    [
        ("proportional", Terms()),
        ("excess over 80, power 1", Terms(base=Fraction(80))),
        ("excess over 80, power 2", Terms(base=Fraction(80), power=2)),
        ("lead 40 %, rest by score", Terms(lead_min_bp=4000)),
    ],
)
def test_published_shares_by_score(vector, terms):
    """Scores, their excess over a base, and a lead's floor with the rest by score."""
    case = METHODS[vector]
    assert list(allocate(offers(*case["scores"]), terms).filled.shares_bp) == case["shares_bp"]


@pytest.mark.parametrize(
    ("vector", "terms"),
    [
        ("written lines signed down", LINES),
        ("written lines, lead line stands", replace(LINES, lead_line_stands=True)),
    ],
)
def test_published_written_lines_signed_down(vector, terms):
    """Lines of more than the whole are signed down in proportion, all of them or all but the lead's."""
    case = METHODS[vector]
    written = lines(*(100 * line for line in case["lines_pct"]))
    assert list(allocate(written, terms).filled.shares_bp) == case["shares_bp"]


def test_published_ladder_of_a_real_tender():
    """Five rungs for five winners are given as published."""
    rungs = tuple(METHODS["published ladder of a real share tender (China Unicom Chongqing 2024)"]["ladder_bp"])
    terms = Terms(method=Method.LADDER, ladder_bp=rungs, winners_max=5)
    assert allocate(offers(90, 89, 88, 87, 86), terms).filled.shares_bp == rungs


# --- ladders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "shares"),
    [(ShortLadder.REST_TO_LEAD, (5000, 3000, 2000)), (ShortLadder.RENORMALISE, (4445, 3333, 2222))],
)
def test_a_rung_that_nobody_takes(short, shares):
    """40/30/20/10 with three winners: the lead takes the last rung, or all rise in proportion (40/90 = 44.44 %)."""
    assert allocate(offers(90, 88, 80), replace(LADDER, short_ladder=short)).filled.shares_bp == shares


def test_a_ladder_that_must_be_full():
    """Where the document says so, an award with fewer winners than rungs fails."""
    with pytest.raises(Conflict, match="ladder_not_filled"):
        allocate(offers(90, 88, 80), replace(LADDER, short_ladder=ShortLadder.FAIL))


def test_a_ladder_by_rank_or_with_the_lead_first():
    """Rank 1 does not lead: by rank the lead holds 30 % below its 50 %; lead-first gives it the first rung."""
    three = [replace(offer, will_lead=offer.bid != "A") for offer in offers(90, 88, 80)]
    ladder = Terms(method=Method.LADDER, ladder_bp=(5000, 3000, 2000), lead_largest=False)
    by_rank = allocate(three, ladder)
    assert (by_rank.lead.bid, by_rank.bids, by_rank.filled.shares_bp) == ("B", ("A", "B", "C"), (5000, 3000, 2000))
    assert allocate(three, replace(ladder, ladder_lead_first=True)).filled.shares_bp == (3000, 5000, 2000)


@pytest.mark.parametrize("rungs", [(5000, 4000), (12000, -2000), ()])
def test_rungs_are_positive_and_make_the_whole(rungs):
    """A ladder that does not sum to 100 % or holds a negative rung is refused."""
    with pytest.raises(Invalid, match="ladder_wrong"):
        allocate(offers(90, 80), Terms(method=Method.LADDER, ladder_bp=rungs))


def test_more_winners_than_rungs():
    """A fourth winner has no rung on a ladder of two."""
    with pytest.raises(Conflict, match="ladder_too_short"):
        allocate(offers(90, 80, 70), Terms(method=Method.LADDER, ladder_bp=(6000, 4000)))


# --- the lead --------------------------------------------------------------------------------------------------------


def test_the_best_ranked_who_will_and_can_leads():
    """Who will not, who misses a condition and who cannot carry the least share are passed over, with the reason."""
    ranked = [
        Offer(bid="A", score=Fraction(90), will_lead=False),
        Offer(bid="B", score=Fraction(89), meets_lead_conditions=False),
        Offer(bid="C", score=Fraction(88), line_bp=2999),
        Offer(bid="D", score=Fraction(87), line_bp=3000),
    ]
    choice = choose_lead(ranked, Terms(lead_min_bp=3000))
    assert choice.bid == "D"
    assert choice.passed_over == (("A", "not_willing"), ("B", "conditions_not_met"), ("C", "line_too_small"))


def test_nobody_can_lead():
    """Without a lead the award stops and says how much the largest willing bidder could carry."""
    with pytest.raises(Conflict, match="no_lead") as refused:
        choose_lead(lines(2500, 2800), Terms(lead_min_bp=3000))
    assert refused.value.facts["largest_bp"] == 2800


def test_a_lead_from_below_the_last_place_joins_the_winners():
    """Of three winners the third gives way where only rank 5 will lead."""
    ranked = [replace(offer, will_lead=offer.bid == "E") for offer in offers(90, 89, 88, 87, 86)]
    pool = allocate(ranked, Terms(winners_max=3, lead_largest=False))
    assert (pool.bids, pool.lead.bid) == (("A", "B", "E"), "E")
    assert sum(pool.filled.shares_bp) == 10_000


def test_no_member_has_more_than_the_lead():
    """By score the lead would hold less than rank 1; it is raised to the same weight, and stands first in rounding."""
    ranked = [replace(offer, will_lead=offer.bid == "B") for offer in offers(90, 80, 70)]
    free = allocate(ranked, Terms(lead_largest=False))
    assert free.filled.shares_bp == (3750, 3333, 2917)
    led = allocate(ranked, Terms())
    assert led.lead_raised
    assert led.filled.shares_bp == (3600, 3600, 2800)


def test_a_lead_at_its_cap_caps_the_others():
    """The lead can carry 26 %: nobody gets more, so four are needed for the whole, and three are refused."""
    capped = [replace(offer, line_bp=2600 if offer.bid == "A" else 10_000) for offer in offers(90, 90, 90, 60)]
    assert allocate(capped, Terms()).filled.shares_bp == (2600, 2600, 2600, 2200)
    with pytest.raises(Conflict, match="lead_cannot_be_largest"):
        allocate(capped[:3], Terms())


def test_a_follower_whose_floor_is_above_the_leads_cap():
    """A follower who takes no less than 50 % cannot follow a lead who carries at most 40 %."""
    pair = [*lines(4000), Offer(bid="B", score=Fraction(80), floor_bp=5000)]
    with pytest.raises(Conflict, match="lead_cannot_be_largest"):
        allocate(pair, Terms())


@given(
    rows=st.lists(
        st.tuples(st.integers(6000, 10_000), st.integers(1500, 10_000), st.integers(0, 1500), st.booleans()),
        min_size=2,
        max_size=7,
    ),
    winners=st.integers(2, 5),
)
@settings(max_examples=200, deadline=None)
def test_the_lead_is_never_below_a_follower(rows, winners):
    """Whatever is offered: shares sum to 100 %, inside each offer's bounds, and the lead is the largest."""
    ranked = [
        Offer(bid=f"b{n}", score=Fraction(score, 100), line_bp=line, floor_bp=least, will_lead=will)
        for n, (score, line, least, will) in enumerate(sorted(rows, reverse=True))
    ]
    try:
        pool = allocate(ranked, Terms(winners_max=winners, lead_min_bp=2000))
    except Conflict as refused:
        assert refused.code in {"no_lead", "undersubscribed", "oversubscribed_floors", "lead_cannot_be_largest"}
        return
    shares = pool.filled.shares_bp
    assert sum(shares) == 10_000
    assert pool.share_bp(pool.lead.bid) == max(shares) >= 2000
    by_bid = {offer.bid: offer for offer in ranked}
    assert all(by_bid[b].floor_bp <= s <= by_bid[b].line_bp for b, s in zip(pool.bids, shares, strict=True))


# --- bounds and refusals ---------------------------------------------------------------------------------------------


def test_caps_of_the_insurance_law():
    """Capital 2 000 / 900 / 600 / 250 m against one loss of 300 m: 66.66, 30, 20, 8.33 %; reinsurance lifts a cap."""
    loss = 300_000_000_00
    caps = [cap_by_single_risk_bp(m * 1_000_000_00, 0, loss) for m in (2000, 900, 600, 250)]
    assert caps == [6666, 3000, 2000, 833]
    assert cap_by_single_risk_bp(250_000_000_00, 35_000_000_00, loss) == 2000
    assert cap_by_single_risk_bp(10**14, 0, loss) == 10_000
    assert cap_by_retained_premium_bp(250_000_000_00, 1_000_000_000_00, 40_000_000_00) == 0
    assert cap_by_retained_premium_bp(250_000_000_00, 0, 40_000_000_00) == 10_000


@pytest.mark.parametrize("basis", [(1, 0, 0), (-1, 0, 1), (1, -1, 1)])
def test_caps_need_a_basis(basis):
    """A cap over nothing, or from negative capital, is refused."""
    with pytest.raises(Invalid, match="cap_basis_wrong"):
        cap_by_single_risk_bp(*basis)
    with pytest.raises(Invalid, match="cap_basis_wrong"):
        cap_by_retained_premium_bp(*basis)


def test_an_offer_is_bound_by_the_tightest_cap_and_the_highest_floor():
    """Own line, law and document: the smallest cap and the largest floor hold; a floor above the cap is refused."""
    offer = Offer(bid="A", score=Fraction(90), line_bp=5000, statutory_cap_bp=4500, floor_bp=100)
    assert bounds_of(offer, Terms(cap_bp=4000, floor_bp=500)) == (500, 4000)
    with pytest.raises(Conflict, match="floor_above_cap"):
        bounds_of(offer, Terms(cap_bp=400, floor_bp=500))


def test_lines_that_do_not_fill_the_whole():
    """Lines of 50 + 30 % leave 20 % open; the refusal says so."""
    with pytest.raises(Conflict, match="undersubscribed") as refused:
        allocate(lines(5000, 3000), LINES)
    assert refused.value.facts == {"gap": "0.2", "gap_bp": 2000}


def test_a_score_at_the_base_gets_only_the_floor():
    """Excess over 80: a score of 80 or less has weight 0 and gets the floor of 5 %."""
    assert score_weights([Fraction(70)], Fraction(80)) == [0]
    pool = allocate(offers(90, 84, 79), Terms(base=Fraction(80), floor_bp=500))
    assert pool.filled.shares_bp == (6786, 2714, 500)
    with pytest.raises(Conflict, match="undersubscribed"):
        allocate(offers(80, 79), Terms(base=Fraction(80)))
    with pytest.raises(Invalid, match="power_wrong"):
        allocate(offers(90), Terms(power=0))


def test_a_winner_who_declines_is_left_out_and_the_next_comes_in():
    """The same call without the bid that declined: the fifth takes its place."""
    ranked = offers(90, 89, 88, 87, 86)
    first = allocate(ranked, LADDER)
    assert first.bids == ("A", "B", "C", "D")
    again = allocate([offer for offer in ranked if offer.bid != "B"], LADDER)
    assert again.bids == ("A", "C", "D", "E")
    assert again.share_bp("C") == 3000


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_list_of_cases_gives_a_list():
    """Each case has its own answer; one refusal does not stop the others."""
    out = allocate_file([{"weights": [1], "cap": ["0.5"]}, {"weights": ["2.5", "7.5"]}])
    assert [case.get("refusal") or case["shares_bp"] for case in out] == ["undersubscribed", [2500, 7500]]


def test_the_file_shows_its_working():
    """Level x weight, the bounds in whole points and what held a member are printed."""
    out = allocate_file({"weights": [40, 30, 20, 10], "cap": ["0.35", "1", "1", "1"]})
    assert isinstance(out, dict)
    first, second, *_ = out["working"]["members"]
    assert (first["unrounded_bp"], first["held"]) == ("3500", "cap")
    assert (second["unrounded_bp"], second["held"]) == ("3250", "")
    assert out["working"]["level_bp_per_weight"] == "325/3"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (3, "calc_shape_wrong"),
        ([], "calc_list_wrong"),
        ({}, "calc_field_missing"),
        ({"weights": []}, "calc_list_wrong"),
        ({"weights": [1], "lead": 0}, "calc_field_unknown"),
        ({"weights": [1, 2], "cap": ["1"]}, "calc_lengths_differ"),
        ({"weights": [1.5]}, "calc_number_wrong"),
        ({"weights": [-1]}, "weight_negative"),
        ({"weights": [1], "cap": ["-0.1"]}, "bounds_wrong"),
        ({"weights": [1], "floor": ["-0.1"]}, "bounds_wrong"),
        ({"weights": [1], "floor": ["0.33331"], "cap": ["0.33339"]}, "bounds_wrong"),
        ([{"weights": [1]}, {"weights": ["x"]}], "calc_number_wrong"),
    ],
)
def test_a_file_of_another_form_is_refused(data, code):
    """Unknown fields, other lengths, floats, negative weights and floors above caps are refused by name and place."""
    with pytest.raises(Invalid) as refused:
        allocate_file(data)
    assert refused.value.code == code
