"""Bordereaux of premiums: read in pieces into rows that wait, checked, approved by another person, posted at once.

What a posted bordereau leaves behind is what `policies.write` leaves for the same rows in the same order, to the fen
and the row; only the log tells of it once, with digests over its entries and its policies, and not row by row.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import Select, insert, select, text
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, Role, require, require_other_person
from ledger import entries
from ledger.binary import Numbers, listed, quoted
from ledger.books import AccountRef, MemberShares, require_lead
from ledger.bulk import PIECE, Bulk, BulkStream, Same
from ledger.money import LIMIT_FEN
from ledger.rates import WHOLE_BP
from ledger.reasons import Reason
from underwriting import pools, stages
from underwriting.models import Agreement, Bordereau, BordereauFault, BordereauRow, Pool

#: The most that all premiums of one bordereau may come to, in fen.
TOTAL_MOST_FEN = 1000 * LIMIT_FEN


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent: its name, its SHA-256, and field -> header as the sender chose them."""

    name: str
    digest: str
    columns: Mapping[str, str]


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


def keep_piece(session: Session, row: Bordereau, piece: Piece, policy_ids: Sequence[uuid.UUID]) -> None:
    """Keep a piece of a bordereau that is being read: its rows to wait, its faults to be shown, how far it has come."""
    stages.require_bordereau(row, "check")
    if piece.line:
        columns = {
            "id": row.id,
            "lines": listed(piece.line),
            "policies": listed(policy_ids),
            "numbers": listed(piece.number, quoted),
            "communities": listed(piece.community_id),
            "inceptions": listed(piece.inception_on),
            "expiries": listed(piece.expires_on),
            "lifts": listed(piece.lift_count),
            "gross": listed(piece.gross_fen),
            "versions": listed(piece.agreement_number),
        }
        session.execute(_ROWS, columns)
    if piece.faults:
        _keep_faults(session, row, piece.faults)
    row.line_count += piece.lines
    row.row_count += len(piece.line)
    row.fault_count += len(piece.faults)
    row.gross_fen += sum(piece.gross_fen)
    session.flush()


#: A column a parameter, each one text that the database reads as an array: so many values bound one by one cost more.
_ROWS = text(
    """
    INSERT INTO bordereau_row (bordereau_id, line, policy_id, number, community_id, inception_on, expires_on,
        lift_count, gross_fen, agreement_number)
    SELECT :id, w.* FROM unnest(CAST(:lines AS bigint[]), CAST(:policies AS uuid[]), CAST(:numbers AS text[]),
        CAST(:communities AS uuid[]), CAST(:inceptions AS date[]), CAST(:expiries AS date[]), CAST(:lifts AS bigint[]),
        CAST(:gross AS bigint[]), CAST(:versions AS bigint[])) AS w
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
    SELECT r.bordereau_id, r.line, 100, 'bordereau_number_twice', 'number',
        jsonb_build_object('number', r.number, 'line', first.line::text)
    FROM (
        SELECT number, min(line) AS line FROM bordereau_row WHERE bordereau_id = :id GROUP BY number HAVING count(*) > 1
    ) first JOIN bordereau_row r ON r.bordereau_id = :id AND r.number = first.number AND r.line <> first.line
    UNION ALL
    SELECT r.bordereau_id, r.line, 101, 'policy_number_taken', 'number', jsonb_build_object('number', r.number)
    FROM bordereau_row r JOIN policy p ON p.number = r.number WHERE r.bordereau_id = :id
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
    row.approved_at, row.approved_by = at, by.person_id
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
    stages.move_bordereau(session, row, "stop", by=by, at=at, facts={"reason": code})


@dataclass(slots=True)
class _Version:
    """One agreement version a bordereau falls under, with its streams held."""

    agreement: Agreement
    shares: MemberShares
    net: BulkStream
    vat: BulkStream


def post(session: Session, row: Bordereau, *, by: Actor, at: datetime) -> None:
    """Post an approved bordereau: all its policies and premiums in this one transaction, by the hand that approved it.

    Refuses Conflict `stage_refuses`, and what `entries.open_period_on` refuses.
    """
    stages.require_bordereau(row, "post")
    period = entries.open_period_on(session, row.pool_id, row.on)
    versions = _versions(session, row)
    same = Same(row.pool_id, period.id, Reason.PREMIUM_WRITTEN, row.on, "policy", at)
    approver = Actor(row.approved_by, row.organisation_id, Role.FINANCE_CHECKER, "insurer", frozenset({row.pool_id}))
    bulk = Bulk(session, same, by=approver)
    waiting = select(BordereauRow.line, BordereauRow.gross_fen, BordereauRow.agreement_number)
    waiting = waiting.where(BordereauRow.bordereau_id == row.id).order_by(BordereauRow.line).limit(PIECE)
    policies = hashlib.sha256()
    last = -1
    while read := session.execute(waiting.where(BordereauRow.line > last)).all():
        piece = np.array(read, dtype=np.int64)
        policies.update(_post_piece(session, row, bulk, versions, piece))
        last = int(piece[-1, 0])
    for version in versions.values():
        version.net.keep(session)
        version.vat.keep(session)
    batch_id, digest = bulk.close().id, policies.hexdigest()
    row.batch_id, row.policies_digest, row.posted_at = batch_id, digest, at
    facts = {"batch": str(batch_id), "sha256": digest}
    stages.move_bordereau(session, row, "post", by=by, at=at, facts=facts)


def _versions(session: Session, row: Bordereau) -> dict[int, _Version]:
    """Return the agreement versions of a bordereau's rows by number, their streams locked in that order."""
    numbers = select(BordereauRow.agreement_number).where(BordereauRow.bordereau_id == row.id).distinct()
    wanted = set(session.scalars(numbers))
    found = {}
    for agreement in pools.agreements(session, row.pool_id):
        if agreement.number in wanted:
            shares = pools.shares_of(session, agreement)
            net, vat = (BulkStream(session, shares, kind) for kind in ("premium_net", "premium_vat"))
            found[agreement.number] = _Version(agreement, shares, net, vat)
    return found


def vat_inside(gross_fen: Numbers, vat_bp: int) -> Numbers:
    """Return the VAT inside each gross price: `ledger.rates.vat_inside` for whole columns of prices above zero."""
    whole = WHOLE_BP + vat_bp
    return (2 * gross_fen * vat_bp + whole) // (2 * whole)


def _post_piece(
    session: Session, row: Bordereau, bulk: Bulk, versions: Mapping[int, _Version], piece: Numbers
) -> bytes:
    """Post rows that wait (line, gross fen, version); return the digest over their policies."""
    line, gross, number = piece[:, 0], piece[:, 1], piece[:, 2]
    here = (BordereauRow.bordereau_id == row.id) & BordereauRow.line.between(int(line[0]), int(line[-1]))
    entry = select(BordereauRow.policy_id, BordereauRow.number, BordereauRow.gross_fen).where(here)
    ids = bulk.write_entries(entry.order_by(BordereauRow.line))
    vat = np.zeros_like(gross)
    for version in versions.values():
        mine = number == version.agreement.number
        if not mine.any():
            continue
        vat[mine] = vat_inside(gross[mine], version.agreement.vat_bp)
        members = version.shares.members
        bulk.write_splits(
            version.shares,
            ids[mine],
            [version.net.take((gross - vat)[mine]), version.vat.take(vat[mine])],
            [AccountRef("1110")] * len(members),
            [AccountRef("2305", member) for member in members],
        )
    values = {
        "id": row.id,
        "pool": row.pool_id,
        "at": bulk.same.at,
        "person": row.approved_by,
        "lines": listed(line.tolist()),
        "entries": listed(ids.tolist()),
        "vats": listed(vat.tolist()),
        "numbers": listed(versions),
        "agreements": listed(version.agreement.id for version in versions.values()),
    }
    digest: bytes = session.scalars(_POLICIES, values).one()
    return digest


#: A policy's line in the digest over a batch's policies, of columns of `policy`; its number last, for it is free text.
POLICY_LINE = (
    "concat_ws('|', inception_on, expires_on, lift_count, gross_fen, agreement_id, coalesce(community_id::text, ''),"
    " number)"
)

_POLICIES = text(
    f"""
    WITH made AS (
        INSERT INTO policy (id, pool_id, agreement_id, community_id, number, inception_on, expires_on, lift_count,
            gross_fen, net_fen, vat_fen, stage, written_entry_id, bound_at, bound_by, version)
        SELECT r.policy_id, :pool, a.id, r.community_id, r.number, r.inception_on, r.expires_on, r.lift_count,
            r.gross_fen, r.gross_fen - n.vat_fen, n.vat_fen, 'bound', n.entry_id, :at, CAST(:person AS uuid), 1
        FROM unnest(CAST(:lines AS bigint[]), CAST(:entries AS bigint[]), CAST(:vats AS bigint[]))
            AS n (line, entry_id, vat_fen)
        JOIN bordereau_row r ON r.bordereau_id = :id AND r.line = n.line
        JOIN unnest(CAST(:numbers AS bigint[]), CAST(:agreements AS uuid[])) AS a (number, id)
            ON a.number = r.agreement_number
        RETURNING *
    )
    SELECT sha256(convert_to(string_agg({POLICY_LINE}, E'\\n' ORDER BY written_entry_id), 'UTF8')) FROM made
    """  # noqa: S608 - put together from constants of this program
)


def faults_of(row: Bordereau) -> Select[int, str, str, dict[str, Any]]:
    """Return the query of what is wrong with a bordereau's rows: (line, code, field, facts), by line."""
    fault = BordereauFault
    query = select(fault.line, fault.code, fault.field, fault.facts).where(fault.bordereau_id == row.id)
    return query.order_by(fault.line, fault.place)
