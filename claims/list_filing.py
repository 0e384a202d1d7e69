"""A list of claims filed: what the verbs of a single claim would make of each, written for all of them together.

The rules are asked as they are for the check of a list (`claims.list_trial`), with everything held that they stand on.
The database's own walls look at every move of every claim, as ever; the log has the same events with the same facts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from claims import admission, bills, handling, stages
from claims.list_models import ClaimsList
from claims.list_trial import Admitted, Trial, among
from claims.lists import ListedClaim, claims_of, taken
from claims.models import Claim, ClaimAgreement
from core import audit
from core.db import new_id
from core.errors import Forbidden
from core.permits import Actor, Role, require_other_person
from ledger import entries
from ledger.books import MemberShares
from ledger.bulk import BulkStream
from ledger.entries import Event
from ledger.reasons import Reason
from ledger.streams import TakenSplit
from underwriting import pools
from underwriting import stages as list_stages
from underwriting.models import Agreement, Policy, Pool


@dataclass(frozen=True, slots=True)
class _Filed:
    """A claim of a list as it was made, and what was found of it."""

    row: Claim
    found: Admitted


def file(session: Session, row: ClaimsList, *, by: Actor, at: datetime) -> None:
    """File an approved list: all its claims in this one transaction, by the hands that sent and approved it.

    What the lead alone decides is approved and booked on the list's day. Refuses Conflict `stage_refuses`,
    `claims_list_number_taken`, and what refuses any of its claims.
    """
    list_stages.require_list(row, "post")
    claims = claims_of(session, row)
    if (refusal := taken(session, row)) is not None:
        raise refusal
    if row.organisation_id != session.get_one(Pool, row.pool_id).lead_id:
        raise Forbidden("lead_only")
    sender = Actor(row.made_by, row.organisation_id, Role.CLAIMS_HANDLER, "insurer", frozenset({row.pool_id}))
    approver = Actor(row.approved_by, row.organisation_id, Role.SIGNATORY, "insurer", frozenset({row.pool_id}))
    filed = _put(session, row, _admitted(session, row, claims, sender), sender, at)
    agreed = [one for one in filed if one.found.payable_fen is not None]
    stages.move_claims(session, [one.row for one in agreed], "agree", by=sender, at=at)
    _approve(session, row, agreed, approver, at)
    row.posted_at = at
    list_stages.move_list(session, row, "post", by=by, at=at)


def _admitted(session: Session, row: ClaimsList, claims: Sequence[ListedClaim], sender: Actor) -> list[Admitted]:
    """Return what each claim comes to, with the day's period and all their policies held until the transaction ends.

    The period comes first, as everywhere, where any claim is the lead's alone to decide.
    """
    policies = {one.policy_id for one in claims}
    limits = select(Policy.id, Agreement.lead_alone_limit_fen).join(Agreement, Agreement.id == Policy.agreement_id)
    most_fen = dict(session.execute(limits.where(among(Policy.id, policies))).all())
    if any(admission.needs_of(one.asked_fen, most_fen[one.policy_id]) == "lead" for one in claims):
        entries.open_period_on(session, row.pool_id, row.on)
    # What is payable for a policy's losses is counted with nobody else adding to it.
    session.execute(select(Policy.id).where(among(Policy.id, policies)).order_by(Policy.id).with_for_update())
    trial = Trial(session, claims, sender)
    return [trial.admit(one) for one in claims]


def _put(session: Session, row: ClaimsList, found: Sequence[Admitted], by: Actor, at: datetime) -> list[_Filed]:
    """Return the claims made with their bills, put before those who must agree, the lead having agreed by that."""
    filed = [_Filed(_made(row, one, by, at), one) for one in found]
    rows = [one.row for one in filed]
    session.add_all(rows)
    session.flush()
    session.add_all(
        line for one in filed for line in bills.rows_of(one.row, [told.line for told in one.found.claim.lines])
    )
    made = [{"number": one.number, "estimate_fen": one.estimate_fen, "needs": one.needs} for one in rows]
    _record(session, "claim.made", rows, made, by=by, at=at)
    billed = [
        {"number": one.row.number, "lines": len(one.found.claim.lines), "loss_fen": one.found.loss_fen} for one in filed
    ]
    _record(session, "claim.bill_entered", rows, billed, by=by, at=at)
    stages.move_claims(session, rows, "submit", by=by, at=at)
    session.add_all(
        ClaimAgreement(
            claim_id=one.id,
            estimate_version=one.estimate_version,
            organisation_id=by.organisation_id,
            person_id=by.person_id,
            at=at,
        )
        for one in rows
    )
    agreed = [{"number": one.number, "version": one.estimate_version} for one in rows]
    _record(session, "claim.agreed_by_member", rows, agreed, by=by, at=at)
    return filed


def _made(row: ClaimsList, one: Admitted, by: Actor, at: datetime) -> Claim:
    return Claim(
        id=new_id(),
        pool_id=row.pool_id,
        policy_id=one.claim.policy_id,
        fault_id=one.claim.fault_id,
        number=one.claim.number,
        stage="open",
        title=one.claim.title,
        estimate_fen=one.claim.asked_fen,
        estimate_version=1,
        needs=one.needs,
        topics=[],
        marked_by=[],
        made_by=by.person_id,
        estimated_by=by.person_id,
        assessed_by=by.person_id,
        made_at=at,
    )


def _approve(session: Session, row: ClaimsList, agreed: Sequence[_Filed], by: Actor, at: datetime) -> None:
    """Approve and book what is payable on claims that all who must have agreed to, in their order."""
    if not agreed:
        return
    if row.made_by is not None:
        require_other_person(row.made_by, by)
    period = entries.open_period_on(session, row.pool_id, row.on)
    shares, splits = _split(session, agreed)
    entry_ids = []
    for one in agreed:
        event = Event(Reason.CLAIM_APPROVED, row.on, "claim", one.row.id, one.row.number)
        split = splits[one.row.id]
        moves = handling.moves_of(shares[one.found.agreement.id], split)
        posted = entries.post(session, row.pool_id, event, moves, by=by, at=at, splits=[split], period=period)
        entry_ids.append(posted.entry_id)
    told = {
        "ids": [one.row.id for one in agreed],
        "payable": [one.found.payable_fen for one in agreed],
        "losses": [one.found.loss_fen for one in agreed],
        "before": [one.found.paid_before_fen for one in agreed],
        "entries": entry_ids,
    }
    session.execute(_APPROVED, {**told, "by": by.person_id, "on": row.on})
    facts = [{"payable_fen": one.found.payable_fen, "on": row.on.isoformat()} for one in agreed]
    stages.move_claims(session, [one.row for one in agreed], "approve", by=by, at=at, facts=facts)
    for one in agreed:
        session.expire(one.row)


#: What an approval writes on a claim beside its stage.
_APPROVED = text(
    """
    UPDATE claim SET payable_fen = told.payable_fen, loss_fen = told.loss_fen, paid_before_fen = told.before_fen,
        approved_entry_id = told.entry_id, approved_by = :by, approved_on = :on
    FROM unnest(CAST(:ids AS uuid[]), CAST(:payable AS bigint[]), CAST(:losses AS bigint[]), CAST(:before AS bigint[]),
        CAST(:entries AS bigint[])) AS told (id, payable_fen, loss_fen, before_fen, entry_id)
    WHERE claim.id = told.id
    """
)


def _split(
    session: Session, agreed: Sequence[_Filed]
) -> tuple[Mapping[uuid.UUID, MemberShares], Mapping[uuid.UUID, TakenSplit]]:
    """Return the shares of each agreement version by its id, and the split of what is payable by each claim's id."""
    shares: dict[uuid.UUID, MemberShares] = {}
    splits: dict[uuid.UUID, TakenSplit] = {}
    for agreement in sorted({one.found.agreement for one in agreed}, key=lambda one: one.number):
        mine = [one for one in agreed if one.found.agreement is agreement]
        shares[agreement.id] = whose = pools.shares_of(session, agreement)
        stream = BulkStream(session, whose, "claim")
        cut = stream.take(np.array([one.found.payable_fen for one in mine], dtype=np.int64))
        stream.keep(session)
        for one, place, fen, parts, carry in zip(
            mine,
            cut.sequence.tolist(),
            cut.amounts_fen.tolist(),
            cut.parts_fen.tolist(),
            cut.carry_after.tolist(),
            strict=True,
        ):
            what = (whose.pool_id, whose.number, cut.kind, place, fen)
            splits[one.row.id] = TakenSplit(*what, tuple(parts), tuple(carry))
    return shares, splits


def _record(
    session: Session, action: str, rows: Sequence[Claim], facts: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime
) -> None:
    """Write an event of each claim, with its facts."""
    events = [(str(row.id), told) for row, told in zip(rows, facts, strict=True)]
    audit.record_each(session, action, "claim", events, by=by, at=at)
