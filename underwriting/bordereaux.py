"""Bordereaux of premiums: what a list holds that is one of premiums, kept in pieces, and looked at as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import Conflict, Finding, Refusal
from core.permits import Actor, require
from ledger.binary import listed, quoted
from ledger.books import require_lead
from ledger.columns import Days, Numbers, Texts
from ledger.money import LIMIT_FEN, format_fen
from underwriting import pools, sent_lists, stages
from underwriting.models import Bordereau, Pool
from underwriting.sent_lists import Sent

#: The most that all premiums of one bordereau may come to, in fen.
TOTAL_MOST_FEN = 1000 * LIMIT_FEN


@dataclass(slots=True)
class Piece:
    """Rows of a file as read, a column a field, and what was wrong with others; `lines` counts all of them.

    A column is a list, or as `ledger.columns` has it; numbers of that kind have neither quotes nor backslashes.
    """

    lines: int = 0
    line: list[int] | Numbers = field(default_factory=list)
    number: list[str] | Texts = field(default_factory=list)
    community_id: Sequence[uuid.UUID | None] = ()
    inception_on: list[date] | Days = field(default_factory=list)
    expires_on: list[date] | Days = field(default_factory=list)
    lift_count: list[int] | Numbers = field(default_factory=list)
    gross_fen: list[int] | Numbers = field(default_factory=list)
    agreement_number: list[int] | Numbers = field(default_factory=list)
    faults: list[tuple[int, Finding]] = field(default_factory=list)


def begin(session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> Bordereau:
    """Return a new bordereau of a pool, to be read; its premiums will be booked on `on`.

    Refuses as `sent_lists.begin` and `pools.require_writing` do.
    """
    require(by, "bordereau.send")
    require_lead(session, pool.id, by)
    pools.require_writing(session, pool.id, on)
    return sent_lists.begin(session, Bordereau, pool, sent, on=on, by=by, at=at, row_count=0, gross_fen=0)


def keep_piece(session: Session, row: Bordereau, piece: Piece) -> None:
    """Keep a piece of a bordereau that is being read: its rows to wait, its faults to be shown, how far it has come.

    The row with which the premiums come to more than `TOTAL_MOST_FEN` is at fault, once for the whole list; the sum
    stands there, so that it fits into its column however much follows.
    """
    stages.require_list(row, "check")
    if len(piece.line):
        columns = {
            "id": row.id,
            "place": row.row_count,
            "lines": listed(piece.line),
            "numbers": quoted(piece.number),
            "communities": listed(piece.community_id),
            "inceptions": listed(piece.inception_on),
            "expiries": listed(piece.expires_on),
            "lifts": listed(piece.lift_count),
            "gross": listed(piece.gross_fen),
            "versions": listed(piece.agreement_number),
        }
        session.execute(_PIECE, columns)
    sent_lists.keep_faults(session, row, piece.faults)
    row.line_count += piece.lines
    row.row_count += len(piece.line)
    if row.gross_fen <= TOTAL_MOST_FEN:
        _add_up(session, row, piece)
    session.flush()


def _add_up(session: Session, row: Bordereau, piece: Piece) -> None:
    """Add a piece's premiums to the list's, up to the row with which they are too much."""
    gross_fen = piece.gross_fen if isinstance(piece.gross_fen, list) else piece.gross_fen.tolist()
    total_fen = row.gross_fen + sum(gross_fen)
    if total_fen > TOTAL_MOST_FEN:
        sums = accumulate(gross_fen, initial=row.gross_fen)
        place, total_fen = next((n, fen) for n, fen in enumerate(sums) if fen > TOTAL_MOST_FEN)
        beyond = Finding("bordereau_total_too_large", "gross_fen", {"most": format_fen(TOTAL_MOST_FEN)})
        sent_lists.keep_faults(session, row, [(int(piece.line[place - 1]), beyond)])
    row.gross_fen = total_fen


#: A column a parameter, each one text that the database reads as an array: so many values bound one by one cost more.
_PIECE = text(
    """
    INSERT INTO bordereau_piece (bordereau_id, place, lines, numbers, community_ids, inceptions, expiries, lift_counts,
        gross_fens, agreement_numbers)
    VALUES (:id, :place, CAST(:lines AS bigint[]), CAST(:numbers AS text[]), CAST(:communities AS uuid[]),
        CAST(:inceptions AS date[]), CAST(:expiries AS date[]), CAST(:lifts AS bigint[]), CAST(:gross AS bigint[]),
        CAST(:versions AS bigint[]))
    """
)


#: A number that stands twice in the file, or on a policy already: the first of the file is not at fault for the others.
_NUMBERS_TAKEN = text(
    """
    INSERT INTO bordereau_fault (list_id, line, place, code, field, facts)
    WITH listed AS MATERIALIZED (
        SELECT w.line, w.number FROM bordereau_piece p, unnest(p.lines, p.numbers) AS w (line, number)
        WHERE p.bordereau_id = :id
    )
    SELECT CAST(:id AS uuid), r.line, 100, 'bordereau_number_twice', 'number',
        jsonb_build_object('number', r.number, 'line', first.line::text)
    FROM (SELECT number, min(line) AS line FROM listed GROUP BY number HAVING count(*) > 1) first
    JOIN listed r ON r.number = first.number AND r.line <> first.line
    UNION ALL
    SELECT CAST(:id AS uuid), r.line, 101, 'policy_number_taken', 'number', jsonb_build_object('number', r.number)
    FROM listed r JOIN policy p ON p.number = r.number
    """
)


def taken(session: Session, row: Bordereau) -> Refusal | None:
    """Return what refuses a bordereau of which another has taken a number since: Conflict `policy_number_taken`.

    The number that stands first in its file is named; None where none is taken.
    """
    number = session.scalar(_TAKEN, {"id": row.id})
    return Conflict("policy_number_taken", number=number) if number is not None else None


_TAKEN = text(
    """
    SELECT w.number FROM bordereau_piece b, unnest(b.lines, b.numbers) AS w (line, number)
    JOIN policy p ON p.number = w.number WHERE b.bordereau_id = :id ORDER BY w.line LIMIT 1
    """
)


def finish_reading(session: Session, row: Bordereau, *, by: Actor, at: datetime) -> None:
    """Look at all rows of a file together once they are read: it may be approved where nothing is wrong with any."""
    row.fault_count += session.execute(_NUMBERS_TAKEN, {"id": row.id}).rowcount  # type: ignore[attr-defined]
    stages.move_list(session, row, "fault" if row.fault_count else "check", by=by, at=at)
