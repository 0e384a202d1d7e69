"""What each underwriting year came to, as its page and its API show it: the rows of the extract, a year at a time."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from claims.result_rows import as_of
from ledger.extracts import Kind
from ledger.models import Period
from ledger.rates import loss_ratio_bp
from web import extracts as making
from web.documents.extract_columns import Result

#: The amounts of a result, in the order in which they lead to it.
AMOUNTS = (
    "written_fen",
    "earned_fen",
    "paid_fen",
    "outstanding_fen",
    "recovered_fen",
    "cost_fen",
    "fee_fen",
    "result_fen",
)


@dataclass(frozen=True, slots=True)
class Year:
    """One underwriting year: a version of the agreement, its members' results in order, and their sums in fen."""

    version: int
    starts_on: date
    ends_on: date
    members: Sequence[Result]

    @property
    def totals_fen(self) -> dict[str, int]:
        """Return the sum of each amount over the members that are shown."""
        return {name: sum(getattr(one, name) for one in self.members) for name in AMOUNTS}

    @property
    def loss_ratio_bp(self) -> int | None:
        """Return the loss ratio of all members that are shown; None where nothing is earned yet."""
        sums = self.totals_fen
        return loss_ratio_bp(sums["paid_fen"] + sums["outstanding_fen"] - sums["recovered_fen"], sums["earned_fen"])


def years_of(session: Session, period: Period, *, only: uuid.UUID | None, at: datetime) -> tuple[date, list[Year]]:
    """Return the day that a period's results are of, and the years, the newest first."""
    scope = making.scope_of(session, period, only=only, at=at)
    found = making.listed(session, scope, Kind.RESULTS)
    by_version: dict[int, list[Result]] = {}
    for row in making.rows_of(session, found):
        by_version.setdefault(row.version, []).append(row)
    newest_first = sorted(by_version.items(), reverse=True)
    return as_of(scope), [Year(version, rows[0].starts_on, rows[0].ends_on, rows) for version, rows in newest_first]
