"""Lists of claims: read into rows that wait, checked by the rules of a single claim, approved, filed all at once.

A claim of a list goes the way of any other: made with its bill and put before the members by whoever sent the list, and
approved, where the lead alone decides, by whoever approved it. What needs all members waits for them as ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from claims import bills, handling, stages
from claims.adjusting import AssessedLine
from claims.list_models import ClaimsList, ClaimsListFault, ClaimsListRow
from claims.models import Claim, Fault
from core import audit
from core.errors import Conflict, Finding, NotFound
from core.permits import Actor, Role, require, require_other_person
from ledger import entries
from ledger.books import require_lead
from underwriting.bordereaux import Sent
from underwriting.models import Policy, Pool

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


#: What is wrong with a list: (row of the file, what).
Faults = Sequence[tuple[int, Finding]]


def begin(session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> ClaimsList:
    """Return a new list of a pool's claims, to be read; what the lead alone decides on will be booked on `on`.

    Refuses Forbidden `role_may_not`, `lead_only`; Conflict `claims_list_sent_before` (name) where the same file waits
    or was filed, and what `entries.open_period_on` refuses.
    """
    require(by, "claims_list.send")
    require_lead(session, pool.id, by)
    entries.open_period_on(session, pool.id, on)
    same = select(ClaimsList.name).where(
        ClaimsList.pool_id == pool.id,
        ClaimsList.digest == sent.digest,
        ClaimsList.stage.not_in(("discarded", "faulty")),
    )
    if (before := session.scalar(same)) is not None:
        raise Conflict("claims_list_sent_before", name=before)
    row = ClaimsList(
        pool_id=pool.id,
        organisation_id=pool.lead_id,
        on=on,
        name=sent.name,
        digest=sent.digest,
        columns=dict(sent.columns),
        sheet=sent.sheet,
        stage="reading",
        line_count=0,
        claim_count=0,
        fault_count=0,
        asked_fen=0,
        made_at=at,
        made_by=by.person_id,
    )
    session.add(row)
    session.flush()
    facts = {"pool": pool.id, "name": sent.name, "sha256": sent.digest, "on": on.isoformat()}
    audit.record(session, "claims_list.sent", by=by, at=at, of=("claims_list", row.id), facts=facts)
    return row


def visible_to(actor: Actor) -> Select[ClaimsList]:
    """Return the query of the lists an actor may see: those of the pools it leads, or all for who reads all."""
    query = select(ClaimsList)
    return query if actor.sees_all else query.where(ClaimsList.pool_id.in_(actor.led_pools))


def get(session: Session, list_id: uuid.UUID, actor: Actor) -> ClaimsList:
    """Return a list that the actor may see; NotFound `claims_list_not_found`."""
    row = session.scalar(visible_to(actor).where(ClaimsList.id == list_id))
    if row is None:
        raise NotFound("claims_list_not_found")
    return row


def lock(session: Session, list_id: uuid.UUID) -> ClaimsList:
    """Return a list, locked until the transaction ends; NotFound `claims_list_not_found`."""
    query = select(ClaimsList).where(ClaimsList.id == list_id).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("claims_list_not_found")
    return row


def _put(session: Session, one: ListedClaim, by: Actor, at: datetime) -> Claim:
    """Return a claim made with its bill and put before those who must agree."""
    policy = session.get_one(Policy, one.policy_id)
    fault = session.get_one(Fault, one.fault_id) if one.fault_id else None
    estimate = one.asked_fen
    claim = handling.make(session, policy, one.title, estimate, fault=fault, number=one.number, by=by, at=at)
    handling.enter_bill(session, claim, [line.line for line in one.lines], by=by, at=at)
    handling.submit(session, claim, by=by, at=at)
    return claim


def keep(
    session: Session, row: ClaimsList, lines: int, claims: Sequence[ListedClaim], faults: Faults, *, by: Actor,
    at: datetime,
) -> None:  # fmt: skip
    """Keep what a file says: its claims to wait where nothing is wrong with any row, or everything that is wrong.

    Refuses Conflict `stage_refuses`.
    """
    stages.require_claims_list(row, "check")
    places: dict[int, int] = {}
    for line, finding in faults:
        places[line] = places.get(line, -1) + 1
        told = {name: str(value) for name, value in finding.facts.items()}
        session.add(
            ClaimsListFault(
                claims_list_id=row.id, line=line, place=places[line], code=finding.code, field=finding.where, facts=told
            )
        )
    if not faults:
        session.add_all(_rows(row, claims))
        row.claim_count, row.asked_fen = len(claims), sum(one.asked_fen for one in claims)
    row.line_count, row.fault_count = lines, len(faults)
    session.flush()
    stages.move_claims_list(session, row, "fault" if faults else "check", by=by, at=at)


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


def approve(session: Session, row: ClaimsList, *, by: Actor, at: datetime) -> None:
    """Have a list without faults filed; another person does it than the one who sent the file.

    Refuses Forbidden `role_may_not`, `lead_only`, `second_person_needed`; Conflict `stage_refuses`, and what
    `entries.open_period_on` refuses.
    """
    require(by, "claims_list.approve")
    require_lead(session, row.pool_id, by)
    stages.require_claims_list(row, "approve")
    require_other_person(row.made_by, by)
    entries.open_period_on(session, row.pool_id, row.on)
    row.approved_at, row.approved_by, row.stopped_code = at, by.person_id, None
    stages.move_claims_list(session, row, "approve", by=by, at=at)


def discard(session: Session, row: ClaimsList, *, by: Actor, at: datetime) -> None:
    """Give up a list that is not approved. Refuses Forbidden `role_may_not`, `lead_only`; Conflict `stage_refuses`."""
    require(by, "claims_list.send")
    require_lead(session, row.pool_id, by)
    stages.move_claims_list(session, row, "discard", by=by, at=at)


def stop(session: Session, row: ClaimsList, *, code: str, by: Actor, at: datetime) -> None:
    """Take back the approval of a list that could not be filed, for the reason that a refusal's code names."""
    stages.require_claims_list(row, "stop")
    row.approved_at = row.approved_by = None
    row.stopped_code = code
    stages.move_claims_list(session, row, "stop", by=by, at=at, facts={"reason": code})


def file(session: Session, row: ClaimsList, *, by: Actor, at: datetime) -> None:
    """File an approved list: all its claims in this one transaction, by the hands that sent and approved it.

    Refuses Conflict `stage_refuses`, `claims_list_number_taken`, and what refuses any of its claims.
    """
    stages.require_claims_list(row, "post")
    claims = claims_of(session, row)
    numbers = select(Claim.number).where(Claim.number.in_([one.number for one in claims])).limit(1)
    if (taken := session.scalar(numbers)) is not None:
        raise Conflict("claims_list_number_taken", number=taken)
    sender = Actor(row.made_by, row.organisation_id, Role.CLAIMS_HANDLER, "insurer", frozenset({row.pool_id}))
    approver = Actor(row.approved_by, row.organisation_id, Role.SIGNATORY, "insurer", frozenset({row.pool_id}))
    for one in claims:
        claim = _put(session, one, sender, at)
        if claim.stage == "agreed":
            payable_fen = bills.assess(session, claim).adjustment.payable_fen
            handling.approve(session, claim, payable_fen, on=row.on, by=approver, at=at)
    row.posted_at = at
    stages.move_claims_list(session, row, "post", by=by, at=at)


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


def faults_of(row: ClaimsList) -> Select[int, str, str, dict[str, Any]]:
    """Return the query of what is wrong with a list's rows: (line, code, field, facts), by line."""
    fault = ClaimsListFault
    query = select(fault.line, fault.code, fault.field, fault.facts).where(fault.claims_list_id == row.id)
    return query.order_by(fault.line, fault.place)
