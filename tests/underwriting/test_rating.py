"""The age that is insured, terms over leap days, refunds by the day and by the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from underwriting.rating import (
    USUAL_SHORT_RATES,
    ShortRates,
    is_insurable_age,
    months_after,
    months_begun,
    policy_days,
    refund_fen,
    short_rate_refund_fen,
)

DATES = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def test_a_lift_is_insurable_after_more_than_five_years() -> None:
    """Five years to the day is not more than five; a lift of a 29 February waits until the 2 March."""
    assert not is_insurable_age(date(2020, 2, 29), date(2025, 3, 1))
    assert is_insurable_age(date(2020, 2, 29), date(2025, 3, 2))


@settings(max_examples=300, deadline=None)
@given(DATES, st.integers(0, 600))
def test_months_go_on_in_step(day: date, months: int) -> None:
    """A later month ends later, never before its month has passed, and on the same day wherever there is one."""
    after = months_after(day, months)
    assert after < months_after(day, months + 1)
    assert after.day in (day.day, 1)
    assert (after.year * 12 + after.month) - (day.year * 12 + day.month) - months == (after.day != day.day)


@pytest.mark.parametrize(
    ("inception_on", "days"),
    [
        (date(2024, 2, 28), 366),
        (date(2024, 2, 29), 366),
        (date(2024, 3, 1), 365),
        (date(2023, 2, 28), 365),
        (date(2023, 3, 1), 366),
        (date(2025, 1, 1), 365),
        (date(2100, 1, 1), 365),
    ],
)
def test_a_year_has_366_days_where_a_leap_day_lies_in_it(inception_on: date, days: int) -> None:
    """The inception day counts, the expiry day does not; a policy of a 29 February ends with February."""
    assert policy_days(inception_on, months_after(inception_on, 12)) == days


@settings(max_examples=500, deadline=None)
@given(DATES)
def test_an_annual_policy_has_the_days_of_its_calendar(inception_on: date) -> None:
    """366 days exactly where the policy holds a 29 February, 365 otherwise."""
    expires_on = months_after(inception_on, 12)
    days = [inception_on + timedelta(n) for n in range(policy_days(inception_on, expires_on))]
    has_leap_day = any((day.month, day.day) == (2, 29) for day in days)
    assert len(days) == 365 + has_leap_day
    assert days[-1] + timedelta(1) == expires_on


@pytest.mark.parametrize("expires_on", [date(2026, 1, 1), date(2025, 12, 31)])
def test_a_policy_has_at_least_a_day(expires_on: date) -> None:
    """A policy that ends before it begins, or as it begins, is refused."""
    with pytest.raises(Invalid, match="invalid_term"):
        policy_days(date(2026, 1, 1), expires_on)


def test_a_refund_by_the_day_of_the_oracle_quarter() -> None:
    """1,286.00 with 320 of 365 days left: 1,127.45."""
    assert refund_fen(128_600, 320, 365) == 112_745


def test_refunds_never_give_back_more_than_was_paid() -> None:
    """What was given back before is gone; nothing below nothing is ever asked for."""
    assert refund_fen(128_600, 320, 365, refunded_before_fen=100_000) == 28_600
    assert refund_fen(128_600, 320, 365, refunded_before_fen=128_600) == 0
    assert refund_fen(128_600, 320, 365, refunded_before_fen=200_000) == 0


@pytest.mark.parametrize(
    ("effective_on", "months", "refund"),
    [
        (date(2026, 1, 1), 0, 128_600),
        (date(2026, 1, 2), 1, 115_740),
        (date(2026, 2, 1), 1, 115_740),
        (date(2026, 2, 2), 2, 102_880),
        (date(2026, 7, 1), 6, 51_440),
        (date(2026, 9, 15), 9, 19_290),
        (date(2026, 12, 1), 11, 6_430),
        (date(2026, 12, 2), 12, 0),
        (date(2027, 1, 1), 12, 0),
    ],
)
def test_a_refund_by_the_short_rate_table(effective_on: date, months: int, refund: int) -> None:
    """A month begun is kept as a whole one; before the first day all is given back, after eleven months nothing."""
    term = (date(2026, 1, 1), date(2027, 1, 1))
    assert months_begun(*term, effective_on) == months
    assert short_rate_refund_fen(128_600, *term, effective_on) == refund


def test_short_rates_are_for_a_year_and_within_it() -> None:
    """Another term has no such table; a day outside the policy ends nothing."""
    with pytest.raises(Invalid, match="short_rates_need_a_year"):
        short_rate_refund_fen(128_600, date(2026, 1, 1), date(2026, 12, 31), date(2026, 2, 1))
    for day in (date(2025, 12, 31), date(2027, 1, 2)):
        with pytest.raises(Invalid, match="effective_outside_term"):
            short_rate_refund_fen(128_600, date(2026, 1, 1), date(2027, 1, 1), day)


@pytest.mark.parametrize(
    "kept_bp", [(), (10_000,), (1000,) * 12, (*range(1000, 12_000, 1000), 10_000), (-1, *USUAL_SHORT_RATES.kept_bp[1:])]
)
def test_a_short_rate_table_rises_to_the_whole(kept_bp: tuple[int, ...]) -> None:
    """Twelve figures that never fall, from nothing or more to the whole."""
    with pytest.raises(Invalid, match="invalid_short_rates"):
        ShortRates(kept_bp)


def _endings(first: date, last: date) -> Iterator[tuple[date, date, date]]:
    """Yield every (inception, expiry, effective day) of annual policies that begin between two days."""
    inception_on = first
    while inception_on <= last:
        expires_on = months_after(inception_on, 12)
        for day in range((expires_on - inception_on).days + 1):
            yield inception_on, expires_on, inception_on + timedelta(day)
        inception_on += timedelta(1)


def _check_endings(first: date, last: date) -> int:
    """Check both refunds of every ending; return how many there were."""
    count = 0
    before: tuple[int, int] | None = None
    for inception_on, expires_on, effective_on in _endings(first, last):
        count += 1
        total = policy_days(inception_on, expires_on)
        left = (expires_on - effective_on).days
        by_day = refund_fen(128_600, left, total)
        by_table = short_rate_refund_fen(128_600, inception_on, expires_on, effective_on)
        assert abs(by_day * total - 128_600 * left) * 2 <= total
        assert 0 <= by_table <= 128_600
        if effective_on == inception_on:
            assert by_day == by_table == 128_600
        else:
            assert before is not None
            assert by_day < before[0]
            assert by_table <= before[1]
        if effective_on == expires_on:
            assert by_day == by_table == 0
        before = by_day, by_table
    return count


def test_every_ending_around_a_leap_day_gives_back_its_days() -> None:
    """Every policy that begins around two Februaries, ended on every one of its days: by day exact, both falling."""
    leap = _check_endings(date(2024, 2, 26), date(2024, 3, 3))
    assert leap == 4 * 367 + 3 * 366
    assert _check_endings(date(2023, 2, 26), date(2023, 3, 3)) == 3 * 366 + 3 * 367


def test_every_ending_in_eight_years_gives_back_its_days() -> None:
    """All annual policies that begin in eight years, each ended on every one of its days: 1.07 million refunds."""
    assert _check_endings(date(2023, 1, 1), date(2030, 12, 31)) == 2922 * 366 + 2 * 366


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**12), DATES, st.integers(0, 366), st.integers(0, 10**12))
def test_a_refund_lies_between_nothing_and_what_is_there(
    paid_fen: int, inception_on: date, day: int, gone: int
) -> None:
    """Whatever was paid and given back before, and whichever method: never below nothing, never more than is left."""
    expires_on = months_after(inception_on, 12)
    effective_on = min(inception_on + timedelta(day), expires_on)
    left = (expires_on - effective_on).days
    total = policy_days(inception_on, expires_on)
    most = max(0, paid_fen - gone)
    assert 0 <= refund_fen(paid_fen, left, total, gone) <= most
    assert (
        0 <= short_rate_refund_fen(paid_fen, inception_on, expires_on, effective_on, refunded_before_fen=gone) <= most
    )
    assert abs(refund_fen(paid_fen, left, total) - Fraction(paid_fen * left, total)) <= Fraction(1, 2)
