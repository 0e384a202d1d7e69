"""What the claims of a list come to, or are refused for: worked out for all of them from the books, asked a few times.

Nothing is made here. The rules are those of a single claim's verbs (`claims.admission`, `claims.adjusting`), each asked
with what the books say and with what the claims before it in the list would have changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from claims import adjusting, admission, bills
from claims.admission import Reported
from claims.lists import ListedClaim
from claims.models import Claim, Fault
from core import clock
from core.errors import Conflict, Finding, Invalid, Refusal
from core.permits import Actor
from underwriting import pools
from underwriting.models import Agreement, Policy, PolicyLift


def tried(session: Session, claims: Sequence[ListedClaim], *, by: Actor) -> list[tuple[int, Finding]]:
    """Return what refuses each claim as it would be filed by a handler of the lead's, by rows of the file.

    What is payable is worked out as if the claims before were approved.
    """
    trial = Trial(session, claims, by)
    faults: list[tuple[int, Finding]] = []
    for one in claims:
        try:
            trial.admit(one)
        except Refusal as refusal:
            faults += _placed(one, refusal)
    return faults


def _placed(claim: ListedClaim, refusal: Refusal) -> Iterator[tuple[int, Finding]]:
    """Yield what refuses a claim at the rows that it is about: a line of the bill, or the first."""
    findings = refusal.findings if isinstance(refusal, Invalid) else ()
    for finding in findings:
        _, _, number = finding.where.partition("line ")
        place = int(number) - 1 if number.isdigit() else 0
        yield claim.lines[place].row, Finding(finding.code, "allowed_fen", finding.facts)
    if not findings:
        yield claim.lines[0].row, Finding(refusal.code, "number", dict(refusal.facts))


@dataclass(frozen=True, slots=True)
class Admitted:
    """A claim that nothing refuses, as its verbs leave it: what its bill allows, who must agree, what is payable.

    `payable_fen` is None where others than the lead must agree first; `paid_before_fen` is what the policy pays for the
    losses before it.
    """

    claim: ListedClaim
    agreement: Agreement
    needs: str
    loss_fen: int
    paid_before_fen: int
    payable_fen: int | None


class Trial:
    """The books as a list's claims find them, and what those before have changed."""

    def __init__(self, session: Session, claims: Sequence[ListedClaim], by: Actor) -> None:
        self._by = by
        of_policies = {one.policy_id for one in claims}
        of_faults = {one.fault_id for one in claims if one.fault_id}
        self._policies = {one.id: one for one in session.scalars(select(Policy).where(among(Policy.id, of_policies)))}
        under = {one.agreement_id for one in self._policies.values()}
        found = session.scalars(select(Agreement).where(among(Agreement.id, under)))
        self._agreements = {one.id: one for one in found}
        self._members = {key: pools.shares_of(session, one).members for key, one in self._agreements.items()}
        self._covers = {key: bills.cover_of(one) for key, one in self._agreements.items()}
        self._faults = {one.id: one for one in session.scalars(select(Fault).where(among(Fault.id, of_faults)))}
        claimed = select(Claim.fault_id).where(among(Claim.fault_id, of_faults), Claim.stage != "rejected")
        self._claimed = set(session.scalars(claimed))
        lifts = {one.lift_id for one in self._faults.values()}
        cover = select(PolicyLift).where(among(PolicyLift.policy_id, of_policies), among(PolicyLift.lift_id, lifts))
        self._covered = {
            (one.policy_id, one.lift_id): (one.covered_from, one.covered_to) for one in session.scalars(cover)
        }
        payable = select(Claim.policy_id, func.coalesce(func.sum(Claim.payable_fen), 0))
        payable = payable.where(among(Claim.policy_id, of_policies)).group_by(Claim.policy_id)
        self._payable_fen = {row[0]: int(row[1] or 0) for row in session.execute(payable)}

    def admit(self, one: ListedClaim) -> Admitted:
        """Let a claim change what those after it find; refuses what its verbs would, in their order."""
        policy = self._policies[one.policy_id]
        agreement = self._agreements[policy.agreement_id]
        admission.check_estimate(one.asked_fen)
        self._check_cover(policy, one.fault_id)
        loss_fen = admission.check_bill([line.line for line in one.lines])
        members = self._members[agreement.id]
        admission.require_member(members, self._by.organisation_id)
        needs = admission.needs_of(one.asked_fen, agreement.lead_alone_limit_fen)
        before_fen, payable_fen = self._payable_fen.get(policy.id, 0), None
        if not admission.still_to_agree(needs, members, [self._by.organisation_id]):
            payable_fen = adjusting.adjust(loss_fen, self._covers[agreement.id], before_fen).payable_fen
            if payable_fen == 0:
                raise Conflict("nothing_payable", number=one.number)
            self._payable_fen[policy.id] = before_fen + payable_fen
        self._claimed.add(one.fault_id)
        return Admitted(one, agreement, needs, loss_fen, before_fen, payable_fen)

    def _check_cover(self, policy: Policy, fault_id: uuid.UUID | None) -> None:
        if fault_id is None:
            return
        fault = self._faults[fault_id]
        reported = Reported(fault.number, clock.on(fault.reported_at), fault_id in self._claimed)
        admission.check_cover(policy.number, self._covered.get((policy.id, fault.lift_id)), reported)


def among(column: InstrumentedAttribute[Any], ids: set[Any]) -> ColumnElement[bool]:
    """Return the condition that a column is one of any number of ids."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))
