"""How old unmatched receipts are: bands of days since the money came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from ledger.bank_receipts import Held

#: Bands of days, and the last day of each; the last band has no end.
BANDS: Mapping[str, int | None] = {"to_30": 30, "to_90": 90, "to_180": 180, "over_180": None}
BAND_WORDS: Mapping[str, tuple[str, str]] = {
    "to_30": ("30 天以内", "Up to 30 days"),
    "to_90": ("31 至 90 天", "31 to 90 days"),
    "to_180": ("91 至 180 天", "91 to 180 days"),
    "over_180": ("180 天以上", "Over 180 days"),
}


def aged(held: Iterable[Held], day: date) -> dict[str, int]:
    """Return band -> what receipts of that age come to on a day, in fen."""
    found = dict.fromkeys(BANDS, 0)
    for one in held:
        found[band_of(one.days_on(day))] += one.receipt.amount_fen
    return found


def band_of(days: int) -> str:
    """Return the band of an age in days.

    >>> [band_of(days) for days in (0, 30, 31, 180, 181)]
    ['to_30', 'to_30', 'to_90', 'to_180', 'over_180']
    """
    return next(band for band, last in BANDS.items() if last is None or days <= last)
