"""Bordereaux of premiums: read in pieces into rows that wait, checked, approved by another person."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, insert, select, text
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, require, require_other_person
from ledger import entries
from ledger.binary import listed, quoted
from ledger.books import require_lead
from ledger.money import LIMIT_FEN
from underwriting import pools, stages
from underwriting.models import Bordereau, BordereauFault, Pool

#: The most that all premiums of one bordereau may come to, in fen.
TOTAL_MOST_FEN = 1000 * LIMIT_FEN


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent: name, SHA-256, field -> header as the sender chose them, the sheet (None: the first)."""

    name: str
    digest: str
    columns: Mapping[str, str]
    sheet: str | None = None


@dataclass(slots=True)
class Piece:
    """Rows of a file as read, a column a field, and what was wrong with others; `lines` counts all of them."""

    lines: int = 0
    line: list[int] = field(default_factory=list)
    number: list[str] = field(default_factory=list)
    community_id: list[uuid.UUID | None] = field(default_factory=list)
    inception_on: list[date] = field(default_factory=list)
    expires_on: list[date] = field(default_factory=list)
    lift_count: list[int] = field(default_factory=list)
    gross_fen: list[int] = field(default_factory=list)
    agreement_number: list[int] = field(default_factory=list)
    faults: list[tuple[int, Finding]] = field(default_factory=list)


def begin(session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> Bordereau:
    """Return a new bordereau of a pool, to be read; its premiums will be booked on `on`.

    Refuses Forbidden `role_may_not`, `lead_only`; Conflict `bordereau_sent_before` (name) where the same file waits or
    was posted, and what `entries.open_period_on` and `pools.require_writing` refuse.
    """
    require(by, "bordereau.send")
    require_lead(session, pool.id, by)
    entries.open_period_on(session, pool.id, on)
    pools.require_writing(session, pool.id, on)
    same = select(Bordereau.name).where(
        Bordereau.pool_id == pool.id,
        Bordereau.digest == sent.digest,
        Bordereau.stage.not_in(("discarded", "faulty")),
    )
    if (before := session.scalar(same)) is not None:
        raise Conflict("bordereau_sent_before", name=before)
    row = Bordereau(
        pool_id=pool.id,
        organisation_id=pool.lead_id,
        on=on,
        name=sent.name,
        digest=sent.digest,
        columns=dict(sent.columns),
        sheet=sent.sheet,
        stage="reading",
        line_count=0,
        row_count=0,
        fault_count=0,
        gross_fen=0,
        made_at=at,
        made_by=by.person_id,
    )
    session.add(row)
    session.flush()
    facts = {"pool": pool.id, "name": sent.name, "sha256": sent.digest, "on": on.isoformat()}
    audit.record(session, "bordereau.sent", by=by, at=at, of=("bordereau", row.id), facts=facts)
    return row


def visible_to(actor: Actor) -> Select[Bordereau]:
    """Return the query of the bordereaux an actor may see: those of the pools it leads, or all for who reads all."""
    query = select(Bordereau)
    return query if actor.sees_all else query.where(Bordereau.pool_id.in_(actor.led_pools))


def get(session: Session, bordereau_id: uuid.UUID, actor: Actor) -> Bordereau:
    """Return a bordereau that the actor may see; NotFound `bordereau_not_found`."""
    row = session.scalar(visible_to(actor).where(Bordereau.id == bordereau_id))
    if row is None:
        raise NotFound("bordereau_not_found")
    return row


def lock(session: Session, bordereau_id: uuid.UUID) -> Bordereau:
    """Return a bordereau, locked until the transaction ends; NotFound `bordereau_not_found`."""
    query = select(Bordereau).where(Bordereau.id == bordereau_id).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("bordereau_not_found")
    return row


def keep_piece(session: Session, row: Bordereau, piece: Piece) -> None:
    """Keep a piece of a bordereau that is being read: its rows to wait, its faults to be shown, how far it has come."""
    stages.require_bordereau(row, "check")
    if piece.line:
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
    if piece.faults:
        _keep_faults(session, row, piece.faults)
    row.line_count += piece.lines
    row.row_count += len(piece.line)
    row.fault_count += len(piece.faults)
    row.gross_fen += sum(piece.gross_fen)
    session.flush()


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


def _keep_faults(session: Session, row: Bordereau, faults: Sequence[tuple[int, Finding]]) -> None:
    """Write faults down, those of a row in their order."""
    places: dict[int, int] = {}
    told = []
    for line, finding in faults:
        places[line] = places.get(line, -1) + 1
        told.append(
            {
                "bordereau_id": row.id,
                "line": line,
                "place": places[line],
                "code": finding.code,
                "field": finding.where,
                "facts": {name: str(value) for name, value in finding.facts.items()},
            }
        )
    session.execute(insert(BordereauFault), told)


#: A number that stands twice in the file, or on a policy already: the first of the file is not at fault for the others.
_NUMBERS_TAKEN = text(
    """
    INSERT INTO bordereau_fault (bordereau_id, line, place, code, field, facts)
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


def finish_reading(session: Session, row: Bordereau, *, by: Actor, at: datetime) -> None:
    """Look at all rows of a file together once they are read: without a fault it may be approved, with any it may not.

    Refuses Invalid `bordereau_total_too_large`.
    """
    if row.gross_fen > TOTAL_MOST_FEN:
        raise Invalid("bordereau_total_too_large", gross_fen=row.gross_fen, most_fen=TOTAL_MOST_FEN)
    row.fault_count += session.execute(_NUMBERS_TAKEN, {"id": row.id}).rowcount  # type: ignore[attr-defined]
    stages.move_bordereau(session, row, "fault" if row.fault_count else "check", by=by, at=at)


def approve(session: Session, row: Bordereau, *, by: Actor, at: datetime) -> None:
    """Have a bordereau without faults posted; another person does it than the one who sent the file.

    Refuses Forbidden `role_may_not`, `lead_only`, `second_person_needed`; Conflict `stage_refuses`, and what
    `entries.open_period_on` refuses.
    """
    require(by, "bordereau.approve")
    require_lead(session, row.pool_id, by)
    stages.require_bordereau(row, "approve")
    require_other_person(row.made_by, by)
    entries.open_period_on(session, row.pool_id, row.on)
    row.approved_at, row.approved_by, row.stopped_code = at, by.person_id, None
    stages.move_bordereau(session, row, "approve", by=by, at=at)


def discard(session: Session, row: Bordereau, *, by: Actor, at: datetime) -> None:
    """Give up a bordereau that is not approved. Refuses Forbidden `role_may_not`, `lead_only`, `stage_refuses`."""
    require(by, "bordereau.send")
    require_lead(session, row.pool_id, by)
    stages.move_bordereau(session, row, "discard", by=by, at=at)


def stop(session: Session, row: Bordereau, *, code: str, by: Actor, at: datetime) -> None:
    """Take back the approval of a bordereau that could not be posted, for the reason that a refusal's code names."""
    stages.require_bordereau(row, "stop")
    row.approved_at = row.approved_by = None
    row.stopped_code = code
    stages.move_bordereau(session, row, "stop", by=by, at=at, facts={"reason": code})


def faults_of(row: Bordereau) -> Select[int, str, str, dict[str, Any]]:
    """Return the query of what is wrong with a bordereau's rows: (line, code, field, facts), by line."""
    fault = BordereauFault
    query = select(fault.line, fault.code, fault.field, fault.facts).where(fault.bordereau_id == row.id)
    return query.order_by(fault.line, fault.place)
