"""Scoring: marks and prices to a ranking, recomputed by hand and from the published vectors."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from tender.exact import half_up, two_places
from tender.scoring import (
    Criterion,
    MarkedBid,
    Scheme,
    criterion_points,
    mark_findings,
    price_points,
    score,
    score_file,
    without,
)

GOLDEN = Path(__file__).parent / "golden" / "scoring.json"
VECTORS = {case["id"]: case for case in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
T1 = VECTORS["T1"]
AWARD_2016 = next(case for name, case in VECTORS.items() if "2016" in name)
REVERSAL = next(case for name, case in VECTORS.items() if "reversal" in name)
TECHNICAL = (Criterion("technical", Fraction(70)),)


def file_of(case: dict) -> dict:
    return {name: case[name] for name in ("price_weight", "technical_weight", "bids") if name in case}


def points_bids(*rows: tuple[str, str | None, str]) -> list[MarkedBid]:
    return [
        MarkedBid(bid, None if price is None else Fraction(price), technical=Fraction(technical))
        for bid, price, technical in rows
    ]


def codes(refused: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {finding.code for finding in refused.value.findings}


# --- the published vectors -------------------------------------------------------------------------------------------


def test_vector_with_five_experts_and_a_tie():
    """Mean of the experts x weight plus lowest price / price x weight; B and D equal on all three keys stay a tie."""
    out = score_file(file_of(T1))
    assert out["result"] == T1["result"]
    assert out["ranking"] == T1["ranking"]


def test_prices_of_a_real_award_notice():
    """The price points of a published award come out as its table prints them, and so do totals and ranks."""
    weight = Fraction(AWARD_2016["price_weight"])
    prices = [Fraction(price) for price in AWARD_2016["prices"]]
    assert [two_places(price_points(price, min(prices), weight).points) for price in prices] == AWARD_2016[
        "price_scores"
    ]
    bids = {
        str(place): {"price": price, "technical": two_places(Fraction(total) - Fraction(points))}
        for place, (price, points, total) in enumerate(
            zip(AWARD_2016["prices"], AWARD_2016["price_scores"], AWARD_2016["totals"], strict=True)
        )
    }
    out = score_file({"price_weight": 20, "bids": bids})
    assert [out["totals"][str(place)] for place in range(4)] == AWARD_2016["totals"]
    assert [out["ranking"].index(str(place)) + 1 for place in range(4)] == AWARD_2016["ranks"]


def test_throwing_out_the_cheapest_bid_turns_the_ranking_round():
    """Before signing, both results are shown: with C's price B leads, without it A does."""
    out = score_file(file_of(REVERSAL))
    assert out["totals"] == REVERSAL["totals"]
    assert out["ranking"] == ["B", "A", "C"]
    bids = points_bids(*((bid, row["price"], row["technical"]) for bid, row in REVERSAL["bids"].items()))
    both = without(bids, Scheme(Fraction(30), TECHNICAL), frozenset("C"), report_signed=False)
    assert both.recomputed is not None
    assert {each.bid: two_places(each.total) for each in both.recomputed.bids} == REVERSAL["totals_without_C"]
    assert {each.bid: two_places(each.total) for each in both.kept.bids} == {"B": "81.75", "A": "81.00"}
    assert both.reverses
    assert both.counts is both.recomputed


# --- exclusion -------------------------------------------------------------------------------------------------------


def test_nothing_is_recomputed_after_the_report_is_signed():
    """After signing the points stand as they were, and asking for a recomputation is refused."""
    bids = points_bids(("A", "1000", "60"), ("B", "1300", "65.6"), ("C", "700", "40"))
    scheme = Scheme(Fraction(30), TECHNICAL)
    signed = without(bids, scheme, frozenset("C"), report_signed=True)
    assert (signed.recomputed, signed.counts, signed.reverses) == (None, signed.kept, False)
    assert signed.kept.groups == (("B",), ("A",))
    with pytest.raises(Conflict, match="report_signed"):
        without(bids, scheme, frozenset("C"), report_signed=True, recompute=True)


def test_the_document_says_which_result_counts():
    """With the switch off the kept points count, and the recomputed ones are still shown."""
    bids = points_bids(("A", "1000", "60"), ("B", "1300", "65.6"), ("C", "700", "40"))
    off = Scheme(Fraction(30), TECHNICAL, recomputes_after_exclusion=False)
    both = without(bids, off, frozenset("C"), report_signed=False)
    assert both.counts is both.kept
    assert both.recomputed is not None
    assert without(bids, off, frozenset("C"), report_signed=False, recompute=True).counts.groups == (("A",), ("B",))


def test_a_tender_without_bids_has_no_ranking():
    """Throwing out every bid is refused."""
    with pytest.raises(Conflict, match="no_bid_left"):
        without(points_bids(("A", "1", "1")), Scheme(Fraction(30), TECHNICAL), frozenset("A"), report_signed=False)


# --- rounding and means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [("2.675", "2.68"), ("2.665", "2.67"), ("0.005", "0.01"), ("0.0049", "0.00"), ("-2.675", "-2.68")],
)
def test_half_a_hundredth_goes_up(value, shown):
    """2.675 is 2.68, which binary floats make 2.67."""
    assert two_places(half_up(Fraction(value))) == shown


def test_points_are_rounded_before_they_are_added():
    """Two items of 1/3 point each are 0.33 + 0.33 = 0.66: who adds up the printed table gets the printed total."""
    items = (Criterion("desk", Fraction(1)), Criterion("plan", Fraction(1)))
    third = (Fraction(33), Fraction(33), Fraction(34))
    bid = MarkedBid("A", None, {"desk": third, "plan": third})
    assert score([bid], Scheme(Fraction(0), items)).bids[0].total == Fraction("0.66")


def test_a_criterion_marked_by_its_own_points():
    """A criterion of 20 points marked from 0 to 20 in steps of 0.5 gives the mean itself."""
    desk = Criterion("desk", Fraction(20), Fraction(20), Fraction(1, 2))
    step = criterion_points(desk, [Fraction("18.5"), Fraction("19"), Fraction("17")])
    assert (step.mean, step.points) == (Fraction(109, 6), Fraction("18.17"))


def test_highest_and_lowest_mark_left_out_only_where_declared():
    """Of 60, 80, 82, 100 the two in the middle count, 81; with two experts nothing would be left to leave out."""
    item = Criterion("technical", Fraction(100))
    marks = [Fraction(mark) for mark in (100, 80, 60, 82)]
    assert criterion_points(item, marks, drops_extremes=True).points == 81
    assert criterion_points(item, marks).points == Fraction("80.5")
    with pytest.raises(Invalid, match="marks_too_few"):
        criterion_points(item, marks[:2], drops_extremes=True)


def test_marks_outside_the_range_or_between_the_steps():
    """A mark must lie between 0 and the highest mark, on a step."""
    desk = Criterion("desk", Fraction(20), Fraction(20), Fraction(1, 2))
    found = mark_findings(desk, [Fraction(21), Fraction(-1), Fraction("0.3"), Fraction("0.5")], "A")
    assert [finding.code for finding in found] == ["mark_out_of_range", "mark_out_of_range", "mark_off_step"]


# --- ranking ---------------------------------------------------------------------------------------------------------


def test_equal_totals_go_to_the_lower_price_then_the_better_plan():
    """Total down, price up, technical down; what decided is named."""
    bids = points_bids(("A", "100", "50"), ("B", "80", "47.5"), ("C", "80", "47.5"), ("D", "100", "51"))
    ranking = score(bids, Scheme(Fraction(10), TECHNICAL))
    assert [(each.bid, each.rank, each.decided_by) for each in ranking.bids] == [
        ("D", 1, ""),
        ("A", 2, "total"),
        ("B", 3, "total"),
        ("C", 3, "tie"),
    ]
    even = points_bids(("A", "100", "49.5"), ("B", "80", "47.5"))
    assert score(even, Scheme(Fraction(10), TECHNICAL)).bids[1].decided_by == "price"


def test_declared_keys_break_a_tie():
    """Equal on total, price and technical points: the criterion that the document names comes next."""
    items = (Criterion("desk", Fraction(50)), Criterion("plan", Fraction(50)))
    bids = [
        MarkedBid("A", Fraction(1), {"desk": (Fraction(80),), "plan": (Fraction(90),)}),
        MarkedBid("B", Fraction(1), {"desk": (Fraction(90),), "plan": (Fraction(80),)}),
    ]
    assert score(bids, Scheme(Fraction(0), items)).groups == (("A", "B"),)
    keyed = score(bids, Scheme(Fraction(0), items, next_keys=("desk",)))
    assert keyed.groups == (("B",), ("A",))
    assert keyed.bids[1].decided_by == "desk"


def test_three_equal_bids_share_a_rank_and_the_next_is_fourth():
    """An exact three-way tie stays one, in the order of arrival, and takes up three places."""
    rows = [(bid, "100", "50") for bid in "CAB"] + [("D", "100", "49")]
    ranking = score(points_bids(*rows), Scheme(Fraction(30), TECHNICAL))
    assert ranking.groups == (("C", "A", "B"), ("D",))
    assert [each.rank for each in ranking.bids] == [1, 1, 1, 4]


def test_a_fixed_price_is_no_factor():
    """With price weight 0 a bid needs no price and price breaks no tie."""
    bids = points_bids(("A", None, "50"), ("B", "80", "50"))
    assert score(bids, Scheme(Fraction(0), TECHNICAL)).groups == (("A", "B"),)


_MARK = st.integers(0, 200).map(lambda half: Fraction(half, 2))


@given(
    marks=st.lists(st.lists(_MARK, min_size=3, max_size=3), min_size=2, max_size=6),
    prices=st.lists(st.integers(1, 10**9).map(Fraction), min_size=6, max_size=6),
    scale=st.integers(2, 1000),
)
@settings(max_examples=100, deadline=None)
def test_ranking_is_the_same_in_any_order_and_any_unit(marks, prices, scale):
    """Neither order of arrival nor yuan or fen changes points or ranks; no bid loses by a better mark."""
    scheme = Scheme(Fraction(30), TECHNICAL)
    bids = [
        MarkedBid(f"b{n}", price, {"technical": tuple(row)})
        for n, (row, price) in enumerate(zip(marks, prices, strict=False))
    ]
    base = score(bids, scheme)
    ranks = {each.bid: (each.rank, each.total) for each in base.bids}
    turned = score(list(reversed(bids)), scheme)
    assert {each.bid: (each.rank, each.total) for each in turned.bids} == ranks
    in_fen = [MarkedBid(b.bid, b.price * scale if b.price else None, b.marks) for b in bids]
    assert {each.bid: (each.rank, each.total) for each in score(in_fen, scheme).bids} == ranks
    assert all(0 <= each.total <= 100 and each.total == half_up(each.total) for each in base.bids)
    last = base.bids[-1]
    better = [
        MarkedBid(b.bid, b.price, {"technical": (Fraction(100),) * 3} if b.bid == last.bid else b.marks) for b in bids
    ]
    again = next(each for each in score(better, scheme).bids if each.bid == last.bid)
    assert again.rank <= last.rank


def test_every_wrong_place_is_named_at_once():
    """A missing mark, a mark above the highest, an undeclared criterion and a price of nothing are all reported."""
    bids = [
        MarkedBid("A", Fraction(0), {"technical": (Fraction(101), Fraction(1))}),
        MarkedBid("B", None, {"technical": (Fraction(1),), "revenue": (Fraction(1), Fraction(2))}),
        MarkedBid("C", Fraction(1), {"technical": (Fraction(1),)}, Fraction(3)),
        MarkedBid("C", Fraction(1), technical=Fraction(71)),
    ]
    with pytest.raises(Invalid, match="marks_wrong") as refused:
        score(bids, Scheme(Fraction(30), TECHNICAL, next_keys=("size",)))
    assert codes(refused) == {
        "price_not_positive",
        "mark_out_of_range",
        "marks_missing",
        "criterion_not_declared",
        "marks_and_points_both",
        "points_out_of_range",
        "bid_twice",
    }


# --- files -----------------------------------------------------------------------------------------------------------

ONE = {"price": "1", "experts": [1]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "calc_shape_wrong"),
        ({"price_weight": 10}, "calc_field_missing"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {}}, "calc_bids_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": ONE}, "winner": "A"}, "calc_field_unknown"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "note": 1}}}, "calc_field_unknown"),
        ({"price_weight": 10, "technical_weight": 91, "bids": {"A": ONE}}, "calc_weights_over_100"),
        ({"price_weight": -1, "technical_weight": 90, "bids": {"A": ONE}}, "calc_weights_over_100"),
        ({"price_weight": 10, "bids": {"A": ONE}}, "calc_field_missing"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {"price": 1}}}, "calc_experts_or_technical"),
        (
            {"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "technical": 1}}},
            "calc_experts_or_technical",
        ),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "experts": []}}}, "calc_list_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "experts": "9"}}}, "calc_list_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "experts": [True]}}}, "calc_number_wrong"),
        ({"price_weight": 0.1, "technical_weight": 90, "bids": {"A": ONE}}, "calc_number_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "price": "１２"}}}, "calc_number_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "price": 0}}}, "marks_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {**ONE, "experts": [101]}}}, "marks_wrong"),
        ({"price_weight": 10, "technical_weight": 90, "bids": {"A": {"experts": [1]}}}, "marks_wrong"),
        ({"price_weight": 30, "bids": {"A": {"price": 1, "technical": 71}}}, "marks_wrong"),
    ],
)
def test_a_file_of_another_form_is_refused(data, code):
    """Unknown and missing fields, wrong shapes, floats, truth values and full-width digits are refused by name."""
    with pytest.raises(Invalid) as refused:
        score_file(data)
    assert refused.value.code == code


def test_the_technical_weight_is_the_rest_where_it_is_left_out():
    """A price weight of 10.5 leaves 89.5 points, and not a hundredth more."""
    bids = {"A": {"price": 1, "technical": "89.5"}}
    assert score_file({"price_weight": "10.5", "bids": bids})["totals"] == {"A": "100.00"}
    with pytest.raises(Invalid, match="marks_wrong"):
        score_file({"price_weight": "10.5", "bids": {"A": {"price": 1, "technical": "89.51"}}})


def test_the_file_shows_its_working():
    """Marks, mean, weight, the value before rounding and the points are all printed."""
    out = score_file({"id": "demo", **file_of(T1)})
    assert out["id"] == "demo"
    first = out["working"][0]
    assert first["technical"] == {
        "marks": ["90", "91", "89", "92", "88"],
        "mean": "90",
        "times": "90/100",
        "unrounded": "81",
        "points": "81.00",
    }
    assert first["price"]["unrounded"] == "1140/131"
    assert [row["decided_by"] for row in out["working"]] == ["", "total", "total", "tie"]
