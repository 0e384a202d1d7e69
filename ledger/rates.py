"""Rates on money, exact to the fen: VAT inside a price, pro-rata refunds, fees on a running base, late interest.

Every result is rounded once, half away from zero, on whole numbers. Rates are in basis points; which rate is in
force on which day is the agreement's or the tax table's to say, never this module's.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from core.errors import Invalid

#: What a whole is in basis points.
WHOLE_BP = 10_000


class NetAndVat(NamedTuple):
    """A gross amount taken apart, in fen: the two add up to it exactly."""

    net_fen: int
    vat_fen: int


def half_up(numerator: int, denominator: int) -> int:
    """Return a fraction as a whole number, halves away from zero; the denominator is positive.

    Away from zero and not upward, so that a refund rounds as its premium did: 2.5 gives 3 and -2.5 gives -3.
    Another denominator is a mistake of the caller's, not of the input: ValueError.

    >>> half_up(5, 2), half_up(-5, 2), half_up(7, 3)
    (3, -3, 2)
    """
    if denominator <= 0:
        raise ValueError(f"a denominator above zero is needed, not {denominator}")
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def vat_inside(gross_fen: int, vat_bp: int) -> NetAndVat:
    """Return the net amount and the VAT inside a gross price. The VAT is rounded, the net is what is left.

    61,728.00 at 6 % holds 61,728.00 x 6/106 = 3,494.04 of VAT. A refund is a negative gross price.
    Refuses with `invalid_rate`.

    >>> vat_inside(6172800, 600)
    NetAndVat(net_fen=5823396, vat_fen=349404)
    """
    vat_fen = half_up(gross_fen * _rate(vat_bp), WHOLE_BP + vat_bp)
    return NetAndVat(gross_fen - vat_fen, vat_fen)


def pro_rata(gross_fen: int, days_left: int, days_total: int) -> int:
    """Return the part of a price that falls on the days left: what a refund by the day gives back.

    1,286.00 x 320/365 = 1,127.45. A policy over a 29 February has 366 days. Refuses with `days_outside_term`.

    >>> pro_rata(128600, 320, 365)
    112745
    """
    if not 0 <= days_left <= days_total or days_total == 0:
        raise Invalid("days_outside_term", days_left=days_left, days_total=days_total)
    return half_up(gross_fen * days_left, days_total)


def cumulative_fee(rate_bp: int, cumulative_base_fen: int, charged_before_fen: int) -> int:
    """Return the fee to charge now: the rate on the whole base so far, less what was charged before.

    Rounded on the running base, not per period, so that many small periods cost no more than one long one. The
    same rule gives the VAT on a fee (the base being the cumulative fee). Below zero it is a fee given back, as
    when collected premium was returned. Refuses with `invalid_rate`.

    >>> cumulative_fee(500, 4583598, 0), cumulative_fee(600, 229180, 0)
    (229180, 13751)
    """
    return half_up(_rate(rate_bp) * cumulative_base_fen, WHOLE_BP) - charged_before_fen


def interest_days(due_on: date, until_on: date) -> int:
    """Return the days of interest on what was due: the due date is not counted, the day of payment or statement is.

    Due on 26 March and still unpaid at the statement of 31 March is 5 days; paid on or before the due date is none.

    >>> interest_days(date(2026, 3, 26), date(2026, 3, 31))
    5
    """
    return max(0, (until_on - due_on).days)


def late_interest(principal_fen: int, rate_bp: int, days: int, day_count: int) -> int:
    """Return simple interest on a late amount, for so many days of a year of `day_count` days (360 to 366).

    26,840.00 x 6 % x 5/365 = 22.06. Refuses with `invalid_rate`, `days_outside_term` (fewer than no days) and
    `invalid_day_count`.

    >>> late_interest(2684000, 600, 5, 365)
    2206
    """
    if days < 0:
        raise Invalid("days_outside_term", days_left=days, days_total=day_count)
    if not 360 <= day_count <= 366:
        raise Invalid("invalid_day_count", day_count=day_count)
    return half_up(principal_fen * _rate(rate_bp) * days, WHOLE_BP * day_count)


def loss_ratio_bp(losses_fen: int, earned_fen: int) -> int | None:
    """Return losses over earned net premium in basis points; None where nothing is earned yet: there is no ratio then.

    Losses are paid and outstanding ones less recoveries; below zero where more was recovered than lost.

    >>> loss_ratio_bp(3_000_000, 4_500_000), loss_ratio_bp(-1, 10_000), loss_ratio_bp(100, 0)
    (6667, -1, None)
    """
    return half_up(losses_fen * WHOLE_BP, earned_fen) if earned_fen > 0 else None


def _rate(rate_bp: int) -> int:
    """Return a rate that is one: from nothing to the whole."""
    if not 0 <= rate_bp <= WHOLE_BP:
        raise Invalid("invalid_rate", rate_bp=rate_bp)
    return rate_bp
