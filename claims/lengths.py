"""Means and medians of lengths of time, in hundredths of a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

_NOTHING, _MICROSECOND, _ONE_DAY = timedelta(), timedelta(microseconds=1), timedelta(days=1)


def mean_hundredths(lengths: Iterable[timedelta]) -> int | None:
    """Return the mean of these lengths in hundredths of a day, half up; None of none.

    >>> mean_hundredths([timedelta(hours=12), timedelta(days=1, hours=15)])
    106
    """
    every = list(lengths)
    if not every:
        return None
    total = sum(every, _NOTHING) // _MICROSECOND
    whole = len(every) * (_ONE_DAY // _MICROSECOND)
    return (200 * total + whole) // (2 * whole)


def median_hundredths(lengths: Iterable[timedelta]) -> int | None:
    """Return the median of these lengths in hundredths of a day, half up (of two in the middle, their mean).

    >>> median_hundredths([timedelta(days=9), timedelta(hours=12), timedelta(days=1)])
    100
    """
    ordered = sorted(lengths)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return mean_hundredths(middle)
