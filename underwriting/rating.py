"""The age that is insured, the term of a policy and what is given back of its premium. Pure.

A policy covers from its inception at 00:00 up to, not including, its expiry day at 00:00. A policy of one year expires
on the same day of the next year, so it has 365 days, or 366 where a 29 February lies in it. One that begins on a
29 February expires on the 1 March after it (its last covered day is the 28 February, the last of that month) and has
366 days; the 29 February of the next leap year is such a day again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from core.errors import Invalid
from ledger.rates import WHOLE_BP, half_up, pro_rata

#: A lift is insured from value-added interest once it has run for more than so many years (the scheme's fourth step).
INSURABLE_AFTER_YEARS = 5


@dataclass(frozen=True, slots=True)
class ShortRates:
    """What is kept of an annual premium when a policy ends early, by months begun, in basis points of it.

    Twelve rising figures, the last the whole. Refuses with `invalid_short_rates`.
    """

    kept_bp: tuple[int, ...]

    def __post_init__(self) -> None:
        is_rising = all(lower <= upper for lower, upper in pairwise((0, *self.kept_bp)))
        if len(self.kept_bp) != 12 or not is_rising or self.kept_bp[-1] != WHOLE_BP:
            raise Invalid("invalid_short_rates", kept_bp=self.kept_bp)


#: The short-rate table usual in Chinese property policies (短期费率表): 10 % for a month begun, the whole for twelve.
USUAL_SHORT_RATES = ShortRates((1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 8500, 9000, 9500, 10_000))


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; where that month has no such day, the first of the month after it.

    That is the day on which the months are over: a month from 31 January is over when February is.

    >>> months_after(date(2024, 2, 29), 12), months_after(date(2026, 1, 31), 1), months_after(date(2024, 2, 29), 48)
    (datetime.date(2025, 3, 1), datetime.date(2026, 3, 1), datetime.date(2028, 2, 29))
    """
    count = day.year * 12 + day.month - 1 + months
    try:
        return date(count // 12, count % 12 + 1, day.day)
    except ValueError:
        return date((count + 1) // 12, (count + 1) % 12 + 1, 1)


def is_insurable_age(in_service_on: date, on: date) -> bool:
    """Say whether a lift has run for more than five years on a day, as the scheme asks; five to the day is not more.

    >>> is_insurable_age(date(2021, 3, 1), date(2026, 3, 1)), is_insurable_age(date(2021, 3, 1), date(2026, 3, 2))
    (False, True)
    """
    return on > months_after(in_service_on, 12 * INSURABLE_AFTER_YEARS)


def policy_days(inception_on: date, expires_on: date) -> int:
    """Return the days of a policy, its inception day counted and its expiry day not; refuses with `invalid_term`.

    >>> policy_days(date(2024, 2, 28), date(2025, 2, 28)), policy_days(date(2024, 3, 1), date(2025, 3, 1))
    (366, 365)
    """
    days = (expires_on - inception_on).days
    if days <= 0:
        raise Invalid("invalid_term", inception_on=inception_on, expires_on=expires_on)
    return days


def refund_fen(gross_fen: int, days_left: int, days_total: int, refunded_before_fen: int = 0) -> int:
    """Return what is given back by the day of a price paid: never below nothing, never more than is still there.

    Refuses with `days_outside_term`.

    >>> refund_fen(128600, 320, 365)
    112745
    """
    return _within(pro_rata(gross_fen, days_left, days_total), gross_fen - refunded_before_fen)


def short_rate_refund_fen(
    gross_fen: int,
    inception_on: date,
    expires_on: date,
    effective_on: date,
    rates: ShortRates = USUAL_SHORT_RATES,
    refunded_before_fen: int = 0,
) -> int:
    """Return what is given back of an annual premium by the short-rate table: the price less what is kept of it.

    A month begun counts as a whole one; before the first day all is given back. The table is made for one year:
    another term is refused with `short_rates_need_a_year`, a day outside it with `effective_outside_term`.

    Three months and a day of a year at 1,286.00: 40 % is kept.

    >>> short_rate_refund_fen(128600, date(2026, 1, 1), date(2027, 1, 1), date(2026, 4, 2))
    77160
    """
    policy_days(inception_on, expires_on)
    if months_after(inception_on, 12) != expires_on:
        raise Invalid("short_rates_need_a_year", inception_on=inception_on, expires_on=expires_on)
    begun = months_begun(inception_on, expires_on, effective_on)
    kept_fen = half_up(gross_fen * rates.kept_bp[begun - 1], WHOLE_BP) if begun else 0
    return _within(gross_fen - kept_fen, gross_fen - refunded_before_fen)


def months_begun(inception_on: date, expires_on: date, effective_on: date) -> int:
    """Return how many months of a policy have begun before a day's 00:00; refuses with `effective_outside_term`.

    >>> months_begun(date(2026, 1, 31), date(2027, 1, 31), date(2026, 3, 1))
    1
    """
    if not inception_on <= effective_on <= expires_on:
        raise Invalid(
            "effective_outside_term", effective_on=effective_on, inception_on=inception_on, expires_on=expires_on
        )
    months = (effective_on.year - inception_on.year) * 12 + effective_on.month - inception_on.month
    begun = max(0, months - 1)
    while months_after(inception_on, begun) < effective_on:
        begun += 1
    return begun


def _within(fen: int, left_fen: int) -> int:
    """Return an amount to give back, held between nothing and what is still there."""
    return max(0, min(fen, left_fen))
