"""A lift's premium and refund: age, floors and term in, fen out. Pure.

A policy covers from its inception at 00:00 up to, not including, its expiry day at 00:00. A policy of one year expires
on the same day of the next year, so it has 365 days, or 366 where a 29 February lies in it. One that begins on a
29 February expires on the 1 March after it (its last covered day is the 28 February, the last of that month) and has
366 days; the 29 February of the next leap year is such a day again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from core.errors import Invalid
from ledger.money import check_amount
from ledger.rates import WHOLE_BP, half_up, pro_rata

#: A lift is insured from value-added interest once it has run for more than so many years (the scheme's fourth step).
INSURABLE_AFTER_YEARS = 5


@dataclass(frozen=True, slots=True)
class Tariff:
    """Gross premiums of one lift for one year, in fen, by age band and floor band, from a day on.

    A band is named by its lower end and reaches to the next one; the last is open. `premium_fen` has a row for each age
    band with a figure for each floor band. Refuses with `invalid_tariff` (`reason`: shape, order, amount).
    """

    name: str
    effective_on: date
    age_from_years: tuple[int, ...]
    floors_from: tuple[int, ...]
    premium_fen: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        bands = (self.age_from_years, self.floors_from)
        rows = [len(row) for row in self.premium_fen]
        figures = [*self.age_from_years, *self.floors_from, *(fen for row in self.premium_fen for fen in row)]
        if not all(bands) or rows != [len(self.floors_from)] * len(self.age_from_years):
            raise Invalid("invalid_tariff", name=self.name, reason="shape")
        if any(type(figure) is not int or figure < 0 for figure in figures):
            raise Invalid("invalid_tariff", name=self.name, reason="amount")
        if any(lower >= upper for band in bands for lower, upper in pairwise(band)):
            raise Invalid("invalid_tariff", name=self.name, reason="order")

    def annual_fen(self, age_years: int, floors: int) -> int:
        """Return the gross premium of one lift for one year; refuses with `lift_outside_tariff` below the first band.

        >>> PILOT_TARIFF.annual_fen(12, 18)
        128600
        """
        row = bisect_right(self.age_from_years, age_years) - 1
        column = bisect_right(self.floors_from, floors) - 1
        if row < 0 or column < 0:
            raise Invalid("lift_outside_tariff", name=self.name, age_years=age_years, floors=floors)
        return self.premium_fen[row][column]

    def as_dict(self) -> dict[str, Any]:
        """Return the tariff as plain data, as it stands in an agreement; `tariff_of` reads it."""
        return {
            "name": self.name,
            "effective_on": self.effective_on.isoformat(),
            "age_from_years": list(self.age_from_years),
            "floors_from": list(self.floors_from),
            "premium_fen": [list(row) for row in self.premium_fen],
        }


#: An invented tariff, for the demonstration and as a pattern: 1,286.00 for a middle-aged lift of a usual tower.
PILOT_TARIFF = Tariff(
    name="示例费率表",
    effective_on=date(2021, 1, 1),
    age_from_years=(5, 10, 15, 20),
    floors_from=(2, 12, 19, 34),
    premium_fen=(
        (86_000, 98_600, 116_800, 149_000),
        (108_000, 128_600, 152_400, 194_000),
        (142_000, 169_000, 200_200, 255_000),
        (188_000, 223_600, 265_000, 337_600),
    ),
)


@dataclass(frozen=True, slots=True)
class RatedLift:
    """One lift's premium with its working: age in whole years at inception, floors, annual and term premium in fen."""

    age_years: int
    floors: int
    annual_fen: int
    days: int
    year_days: int
    premium_fen: int


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


def tariff_of(source: Mapping[str, Any]) -> Tariff:
    """Return the tariff that plain data holds (`Tariff.as_dict`); refuses with `invalid_tariff`."""
    try:
        return Tariff(
            str(source["name"]),
            date.fromisoformat(source["effective_on"]),
            tuple(source["age_from_years"]),
            tuple(source["floors_from"]),
            tuple(tuple(row) for row in source["premium_fen"]),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise Invalid("invalid_tariff", name=str(source.get("name", "")), reason="shape") from wrong


def tariff_on(tariffs: Sequence[Tariff], on: date) -> Tariff:
    """Return the tariff in force on a day: the one that took effect last; refuses with `tariff_not_found`."""
    in_force = [tariff for tariff in tariffs if tariff.effective_on <= on]
    if not in_force:
        raise Invalid("tariff_not_found", on=on)
    return max(in_force, key=lambda tariff: tariff.effective_on)


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


def age_years(in_service_on: date, on: date) -> int:
    """Return a lift's age in whole years on a day; refuses with `lift_not_in_service` before its first.

    >>> age_years(date(2014, 5, 18), date(2026, 5, 17)), age_years(date(2014, 5, 18), date(2026, 5, 18))
    (11, 12)
    """
    if on < in_service_on:
        raise Invalid("lift_not_in_service", in_service_on=in_service_on, on=on)
    years = on.year - in_service_on.year
    return years if months_after(in_service_on, 12 * years) <= on else years - 1


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


def rate_lift(tariff: Tariff, in_service_on: date, floors: int, inception_on: date, expires_on: date) -> RatedLift:
    """Return one lift's gross premium for a term, with its working.

    A year costs the tariff's figure at the lift's age at inception; another term its days' part of the year that
    begins with it. Refuses with `lift_outside_tariff`, `lift_not_in_service`, `invalid_term`, `amount_too_large`.

    A lift of 12 years and 18 floors for one year, and for the 90 days from 1 January 2026: 1,286.00 x 90/365.

    >>> rate_lift(PILOT_TARIFF, date(2013, 6, 1), 18, date(2026, 1, 1), date(2027, 1, 1)).premium_fen
    128600
    >>> rate_lift(PILOT_TARIFF, date(2013, 6, 1), 18, date(2026, 1, 1), date(2026, 4, 1)).premium_fen
    31710
    """
    age = age_years(in_service_on, inception_on)
    annual_fen = tariff.annual_fen(age, floors)
    days = policy_days(inception_on, expires_on)
    year_days = policy_days(inception_on, months_after(inception_on, 12))
    premium_fen = check_amount(half_up(annual_fen * days, year_days))
    return RatedLift(age, floors, annual_fen, days, year_days, premium_fen)


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
