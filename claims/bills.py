"""The repair bill of a claim: its lines as they stand, and what is payable by them under the policy's cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from claims import adjusting
from claims.adjusting import Adjustment, AssessedLine, CoverTerms
from claims.models import Claim, ClaimLine
from core.errors import Conflict, Invalid
from underwriting.models import Agreement


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is payable on a claim: by its bill, where it has one; without one at most, on its estimate.

    `paid_before_fen` is what is payable for the policy's other losses. Once approved it stays as it was then.
    """

    lines: tuple[AssessedLine, ...]
    cover: CoverTerms
    paid_before_fen: int
    adjustment: Adjustment

    @property
    def has_bill(self) -> bool:
        """Say whether the claim has a bill."""
        return bool(self.lines)

    @property
    def asked_fen(self) -> int:
        """Return what the lines ask for, in fen."""
        return sum(line.asked_fen for line in self.lines)


def cover_of(agreement: Agreement) -> CoverTerms:
    """Return the cover that an agreement version gives its policies; a limit of 0 is none."""
    return CoverTerms(
        agreement.deductible_fen,
        agreement.deductible_bp,
        agreement.limit_fen or None,
        agreement.aggregate_limit_fen or None,
    )


def lines_of(session: Session, claim: Claim) -> tuple[AssessedLine, ...]:
    """Return the lines of a claim's bill in order; none where it has no bill."""
    query = select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)
    return tuple(AssessedLine(row.what, row.asked_fen, row.allowed_fen, row.reason) for row in session.scalars(query))


def paid_before(session: Session, claim: Claim) -> int:
    """Return what is payable for the other losses of a claim's policy, in fen: each uses the aggregate limit up."""
    others = select(func.coalesce(func.sum(Claim.payable_fen), 0))
    return int(session.scalar(others.where(Claim.policy_id == claim.policy_id, Claim.id != claim.id)) or 0)


def assess(session: Session, claim: Claim) -> Assessment:
    """Return what is payable on a claim, with every step of the working; as it was approved, once it is."""
    cover = cover_of(session.get_one(Agreement, claim.policy.agreement_id))
    lines = lines_of(session, claim)
    before = claim.paid_before_fen if claim.paid_before_fen is not None else paid_before(session, claim)
    loss_fen = adjusting.allowed_loss(lines) if lines else claim.estimate_fen
    return Assessment(lines, cover, before, adjusting.adjust(loss_fen, cover, before))


def may_approve(claim: Claim, told: Assessment) -> bool:
    """Say whether a claim's bill, where it has one, can be approved: within the estimate, with something payable."""
    return not told.has_bill or (told.adjustment.loss_fen <= claim.estimate_fen and told.adjustment.payable_fen > 0)


def require_payable(claim: Claim, told: Assessment, payable_fen: int) -> None:
    """Refuse an amount that is not what the bill gives or, without a bill, above the estimate or the cover.

    Conflict `bill_above_estimate`, `nothing_payable`, `payable_not_computed`; Invalid `payable_above_estimate`,
    `payable_above_cover`.
    """
    computed = told.adjustment.payable_fen
    if not told.has_bill:
        if not 0 < payable_fen <= claim.estimate_fen:
            raise Invalid("payable_above_estimate", payable_fen=payable_fen, estimate_fen=claim.estimate_fen)
        if payable_fen > computed:
            raise Invalid("payable_above_cover", payable_fen=payable_fen, most_fen=computed)
        return
    if told.adjustment.loss_fen > claim.estimate_fen:
        raise Conflict("bill_above_estimate", loss_fen=told.adjustment.loss_fen, estimate_fen=claim.estimate_fen)
    if computed == 0:
        raise Conflict("nothing_payable", number=claim.number)
    if payable_fen != computed:
        raise Conflict("payable_not_computed", payable_fen=payable_fen, computed_fen=computed)


def rows_of(claim: Claim, lines: Sequence[AssessedLine]) -> list[ClaimLine]:
    """Return lines as the rows of a claim's bill, numbered from 1."""
    return [
        ClaimLine(
            claim_id=claim.id,
            position=position,
            what=line.what.strip(),
            asked_fen=line.asked_fen,
            allowed_fen=line.allowed_fen,
            reason=line.reason.strip(),
        )
        for position, line in enumerate(lines, start=1)
    ]
