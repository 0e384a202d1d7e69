"""Lists of claims: read into rows that wait, checked by the rules of a single claim, approved, filed all at once.

A claim of a list goes the way of any other: made with its bill and put before the members by whoever sent the list, and
approved, where the lead alone decides, by whoever approved it. What needs all members waits for them as ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims.adjusting import AssessedLine
from claims.list_models import ClaimsList, ClaimsListRow
from claims.models import Claim
from core.errors import Conflict, Refusal
from core.permits import Actor
from underwriting import sent_lists, stages
from underwriting.models import Pool
from underwriting.sent_lists import Faults, Sent

#: The most claims of one list.
CLAIMS_MOST = 5_000


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line of a claim's bill, with its row in the file."""

    row: int
    line: AssessedLine


@dataclass(frozen=True, slots=True)
class ListedClaim:
    """A claim as a list has it: its number, on which policy, for which fault (None: none), its bill line by line."""

    number: str
    policy_id: uuid.UUID
    fault_id: uuid.UUID | None
    title: str
    lines: tuple[ListedLine, ...]

    @property
    def asked_fen(self) -> int:
        """Return what is asked for, in fen: the estimate."""
        return sum(one.line.asked_fen for one in self.lines)


def begin(session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> ClaimsList:
    """Return a new list of a pool's claims, to be read; what the lead alone decides on will be booked on `on`.

    Refuses as `sent_lists.begin` does.
    """
    return sent_lists.begin(session, ClaimsList, pool, sent, on=on, by=by, at=at, claim_count=0, asked_fen=0)


def keep(
    session: Session, row: ClaimsList, lines: int, claims: Sequence[ListedClaim], faults: Faults, *, by: Actor,
    at: datetime,
) -> None:  # fmt: skip
    """Keep what a file says: its claims to wait where nothing is wrong with any row, or everything that is wrong.

    Refuses Conflict `stage_refuses`.
    """
    sent_lists.keep_faults(session, row, faults)
    if not faults:
        session.add_all(_rows(row, claims))
        row.claim_count, row.asked_fen = len(claims), sum(one.asked_fen for one in claims)
    row.line_count = lines
    session.flush()
    stages.move_list(session, row, "fault" if faults else "check", by=by, at=at)


def _rows(row: ClaimsList, claims: Sequence[ListedClaim]) -> Iterator[ClaimsListRow]:
    for one in claims:
        for line in one.lines:
            yield ClaimsListRow(
                claims_list_id=row.id,
                line=line.row,
                number=one.number,
                policy_id=one.policy_id,
                fault_id=one.fault_id,
                title=one.title,
                what=line.line.what,
                asked_fen=line.line.asked_fen,
                allowed_fen=line.line.allowed_fen,
                reason=line.line.reason,
            )


def taken(session: Session, row: ClaimsList) -> Refusal | None:
    """Return what refuses a list of which another has taken a number since: Conflict `claims_list_number_taken`.

    The number that stands first in its file is named; None where none is taken.
    """
    query = select(ClaimsListRow.number).join(Claim, Claim.number == ClaimsListRow.number)
    query = query.where(ClaimsListRow.claims_list_id == row.id).order_by(ClaimsListRow.line)
    number = session.scalar(query.limit(1))
    return Conflict("claims_list_number_taken", number=number) if number is not None else None


def claims_of(session: Session, row: ClaimsList) -> list[ListedClaim]:
    """Return the claims of a list in the order of its file."""
    query = select(ClaimsListRow).where(ClaimsListRow.claims_list_id == row.id).order_by(ClaimsListRow.line)
    found: dict[str, list[ClaimsListRow]] = {}
    for one in session.scalars(query):
        found.setdefault(one.number, []).append(one)
    return [
        ListedClaim(
            number,
            lines[0].policy_id,
            lines[0].fault_id,
            lines[0].title,
            tuple(
                ListedLine(one.line, AssessedLine(one.what, one.asked_fen, one.allowed_fen, one.reason))
                for one in lines
            ),
        )
        for number, lines in found.items()
    ]
