"""Pure: how dates, instants, shares and small fractions are worded on papers, in Chinese and in English."""

from __future__ import annotations

from datetime import date, datetime

from core.clock import CITY

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
#: A whole whose only prime factors are 2 and 5 has exact decimals; more than eight are not read by anyone.
_DECIMALS_MAX = 8


def date_zh(on: date) -> str:
    """Return a date as Chinese papers write it.

    >>> date_zh(date(2026, 11, 3))
    '2026年11月3日'
    """
    return f"{on.year}年{on.month}月{on.day}日"


def date_en(on: date) -> str:
    """Return a date as English papers write it, the same under every locale.

    >>> date_en(date(2026, 11, 3))
    '3 November 2026'
    """
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def beijing(at: datetime) -> str:
    """Return an instant in the city's time to the millisecond; what is finer is cut off, never rounded up.

    Cutting keeps a bid that arrived before the deadline from being shown at the deadline.

    >>> from datetime import UTC
    >>> beijing(datetime(2026, 11, 23, 6, 29, 59, 999_999, tzinfo=UTC))
    '2026-11-23 14:29:59.999'
    """
    there = at.astimezone(CITY)
    return f"{there:%Y-%m-%d %H:%M:%S}.{there.microsecond // 1000:03d}"


def beijing_minute(at: datetime) -> str:
    """Return an instant in the city's time to the minute, for heads where the millisecond says nothing."""
    return f"{at.astimezone(CITY):%Y-%m-%d %H:%M}"


def percent(bp: int) -> str:
    """Return basis points as a percentage with two decimals.

    >>> percent(4500), percent(605)
    ('45.00%', '6.05%')
    """
    return f"{bp // 100}.{bp % 100:02d}%"


def share_text(weight: int, whole: int) -> str:
    """Return a share of a whole as a percentage where that is exact, else as the fraction that was agreed.

    >>> share_text(4500, 10_000), share_text(333_334, 1_000_000), share_text(1, 3)
    ('45.00%', '33.3334%', '1/3')
    """
    digits = _exact_decimals(whole)
    if digits is None:
        return f"{weight}/{whole}"
    shown = max(digits, 4)
    scaled = weight * 10**shown // whole
    places = shown - 2
    text = f"{scaled // 10**places}.{scaled % 10**places:0{places}d}"
    head, _, tail = text.partition(".")
    return f"{head}.{tail[:2]}{tail[2:].rstrip('0')}%"


def carry_text(carry: int, whole: int) -> str:
    """Return a carry, in units of 1/whole fen, as signed fen: exact decimals where there are any, else a fraction.

    Positive: the member has been given too little so far.

    >>> carry_text(4500, 10_000), carry_text(-1, 3), carry_text(0, 3)
    ('+0.4500', '−1/3', '0')
    """
    if carry == 0:
        return "0"
    sign = "+" if carry > 0 else "−"
    digits = _exact_decimals(whole)
    if digits is None:
        return f"{sign}{abs(carry)}/{whole}"
    scaled = abs(carry) * 10**digits // whole
    return f"{sign}{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}" if digits else f"{sign}{scaled}"


def _exact_decimals(whole: int) -> int | None:
    """Return the fewest decimals in which every n/whole is exact, or None where there are none up to eight."""
    return next((d for d in range(_DECIMALS_MAX + 1) if 10**d % whole == 0), None)
