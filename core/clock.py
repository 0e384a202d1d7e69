"""The only reader of the wall clock. The edge reads it once a request and hands the instant on as `at=`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

#: The city's time: every date that a person sees is a date here.
CITY = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return this instant, aware, in UTC."""
    return datetime.now(UTC)


def on(at: datetime) -> date:
    """Return the city's date at an instant.

    >>> on(datetime(2026, 3, 31, 16, 0, tzinfo=UTC))
    datetime.date(2026, 4, 1)
    """
    return at.astimezone(CITY).date()


def written(at: datetime) -> str:
    """Return an instant as files and programs are given it: ISO 8601, exact, with the city's offset.

    >>> written(datetime(2026, 3, 31, 16, 0, tzinfo=UTC))
    '2026-04-01T00:00:00+08:00'
    """
    return at.astimezone(CITY).isoformat()
