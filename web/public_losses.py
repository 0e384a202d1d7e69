"""What anyone may know of a pool's losses: each underwriting year at the end of its newest closed period."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.models import Period
from underwriting.models import Pool
from web.year_results import Year, years_of

#: The amounts that a loss ratio comes from, in the order in which a reader meets them.
_AMOUNTS = ("earned_fen", "paid_fen", "outstanding_fen", "recovered_fen")
#: What closed periods came to: nothing of them changes any more, so that a book is read once for many visitors.
_FINAL: dict[tuple[object, ...], list[dict[str, Any]]] = {}
#: So many of them are remembered at most.
_MOST = 256


def loss_ratios(session: Session, at: datetime) -> list[dict[str, Any]]:
    """Return each underwriting year of each pool, the newest pool and year first, as its newest closed period had it.

    The sums of all members and the ratio are those of the results page for that period; `on` is the period's last day.
    A pool without a closed period has no row.
    """
    query = select(Pool, Period).join(Period, Period.pool_id == Pool.id).where(Period.stage == "closed")
    newest: dict[Pool, Period] = {}
    for pool, period in session.execute(query.order_by(Pool.id.desc(), Period.ends_on)):
        newest[pool] = period
    return [
        {"pool_number": pool.id, "pool": pool.name, **year}
        for pool, period in newest.items()
        for year in _final(session, period, at)
    ]


def _final(session: Session, period: Period, at: datetime) -> list[dict[str, Any]]:
    """Return the years of a closed period, remembered once they were read: what everybody may see of them, no more."""
    key = (session.get_bind(), period.pool_id, period.id, period.closed_at, period.last_entry_id)
    # Asked once: another thread may forget them all at any moment.
    found = _FINAL.get(key)
    if found is None:
        if len(_FINAL) >= _MOST:
            _FINAL.clear()
        on, years = years_of(session, period, only=None, at=at)
        found = _FINAL[key] = [_shown(year, on) for year in years]
    return found


def _shown(year: Year, on: date) -> dict[str, Any]:
    sums = year.totals_fen
    return {
        "starts_on": year.starts_on,
        "ends_on": year.ends_on,
        "on": on,
        **{name: sums[name] for name in _AMOUNTS},
        "loss_ratio_bp": year.loss_ratio_bp,
    }
