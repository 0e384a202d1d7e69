"""Rates on money: VAT inside a price, refunds by the day, fees on a running base, late interest."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.rates import cumulative_fee, half_up, interest_days, late_interest, pro_rata, vat_inside

AMOUNTS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (49, 100, 0), (-49, 100, 0), (50, 100, 1), (0, 7, 0), (7, 1, 7)],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    """Round half up means away from zero: a refund rounds as its premium did."""
    assert half_up(numerator, denominator) == rounded


@settings(max_examples=500, deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_rounding_is_exact_at_any_size(numerator: int, denominator: int) -> None:
    """The rounded number is never more than half away, and minus the amount rounds to minus the number."""
    rounded = half_up(numerator, denominator)
    distance = abs(Fraction(numerator, denominator) - rounded)
    assert distance < Fraction(1, 2) or (distance == Fraction(1, 2) and abs(rounded) * denominator > abs(numerator))
    assert half_up(-numerator, denominator) == -rounded


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_is_above_zero(denominator: int) -> None:
    """Dividing by nothing or less is a mistake in the program and stops it."""
    with pytest.raises(ValueError, match="above zero"):
        half_up(1, denominator)


@pytest.mark.parametrize(
    ("gross_fen", "net_fen", "vat_fen"),
    [
        (6172800, 5823396, 349404),
        (13374400, 12617358, 757042),
        (899999, 849056, 50943),
        (-112745, -106363, -6382),
        (0, 0, 0),
    ],
)
def test_the_vat_inside_a_price_of_the_oracle_quarter(gross_fen: int, net_fen: int, vat_fen: int) -> None:
    """61,728.00 at 6 % holds 3,494.04 of VAT; a refund holds its VAT the same way."""
    assert vat_inside(gross_fen, 600) == (net_fen, vat_fen)


@settings(max_examples=300, deadline=None)
@given(AMOUNTS, st.integers(0, 10_000))
def test_net_and_vat_add_up_to_the_price(gross_fen: int, vat_bp: int) -> None:
    """Net plus VAT is the gross price to the fen; a price refunded gives back exactly the same two."""
    net_fen, vat_fen = vat_inside(gross_fen, vat_bp)
    assert net_fen + vat_fen == gross_fen
    assert vat_inside(-gross_fen, vat_bp) == (-net_fen, -vat_fen)
    assert abs(vat_fen * (10_000 + vat_bp) - gross_fen * vat_bp) * 2 <= 10_000 + vat_bp


def test_a_refund_by_the_day() -> None:
    """1,286.00 with 320 of 365 days left gives back 1,127.45; a leap year's policy has 366 days."""
    assert pro_rata(128600, 320, 365) == 112745
    assert pro_rata(128600, 320, 366) == 112437
    assert (pro_rata(128600, 0, 365), pro_rata(128600, 365, 365)) == (0, 128600)


@pytest.mark.parametrize(("left", "total"), [(-1, 365), (366, 365), (0, 0), (1, 0), (0, -5)])
def test_days_left_lie_within_the_term(left: int, total: int) -> None:
    """No refund for days that the policy does not have."""
    with pytest.raises(Invalid, match="days_outside_term"):
        pro_rata(128600, left, total)


@pytest.mark.parametrize(
    ("base_fen", "fee_fen", "vat_fen", "total_fen"),
    [(4583598, 229180, 13751, 242931), (3666878, 183344, 11001, 194345), (1833439, 91672, 5500, 97172)],
)
def test_the_leads_fee_of_the_oracle_quarter(base_fen: int, fee_fen: int, vat_fen: int, total_fen: int) -> None:
    """5 % of each follower's collected net premium less what was returned, and 6 % VAT on the fee."""
    assert cumulative_fee(500, base_fen, 0) == fee_fen
    assert cumulative_fee(600, fee_fen, 0) == vat_fen
    assert fee_fen + vat_fen == total_fen


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(-(10**9), 10**9), max_size=40))
def test_many_small_periods_cost_what_one_long_one_does(rate_bp: int, bases_fen: list[int]) -> None:
    """The fee is rounded on the running base: however the base came in, the fees add up to the fee on all of it."""
    charged_fen = base_fen = 0
    for more_fen in bases_fen:
        base_fen += more_fen
        charged_fen += cumulative_fee(rate_bp, base_fen, charged_fen)
    assert charged_fen == half_up(rate_bp * sum(bases_fen), 10_000)


def test_the_late_interest_of_the_oracle_quarter() -> None:
    """26,840.00 due on 26 March, unpaid on 31 March: 5 days at 6 %/365 are 22.06."""
    days = interest_days(date(2026, 3, 26), date(2026, 3, 31))
    assert (days, late_interest(2684000, 600, days, 365)) == (5, 2206)
    assert late_interest(2684000, 600, days, 360) == 2237


def test_which_days_bear_interest() -> None:
    """The due date does not, the day of payment or of the statement does; paid in time bears none."""
    due_on = date(2028, 2, 28)
    assert interest_days(due_on, due_on) == 0
    assert interest_days(due_on, due_on + timedelta(1)) == 1
    assert interest_days(due_on, date(2028, 3, 1)) == 2
    assert interest_days(due_on, date(2028, 2, 1)) == 0


@pytest.mark.parametrize("rate_bp", [-1, 10_001])
def test_a_rate_lies_between_nothing_and_the_whole(rate_bp: int) -> None:
    """A rate typed in the wrong unit is refused wherever a rate is used."""
    for use in (
        lambda: vat_inside(100, rate_bp),
        lambda: cumulative_fee(rate_bp, 100, 0),
        lambda: late_interest(100, rate_bp, 1, 365),
    ):
        with pytest.raises(Invalid, match="invalid_rate"):
            use()


@pytest.mark.parametrize("day_count", [0, 359, 367])
def test_interest_counts_a_year_of_360_to_366_days(day_count: int) -> None:
    """A year of another length is refused."""
    with pytest.raises(Invalid, match="invalid_day_count"):
        late_interest(100, 600, 1, day_count)


def test_interest_is_not_counted_backwards() -> None:
    """Fewer than no days are refused."""
    with pytest.raises(Invalid, match="days_outside_term"):
        late_interest(100, 600, -1, 365)
