"""From a loss to what the policy pays for it: lines allowed, deductible, limits, with the working shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import Finding, Invalid
from ledger.money import check_amount
from ledger.rates import WHOLE_BP, half_up


class Reduction(StrEnum):
    """What may stand between a loss and its payment, in the order in which it is taken off."""

    DEDUCTIBLE = "deductible"
    LIMIT = "limit"
    AGGREGATE_LIMIT = "aggregate_limit"


@dataclass(frozen=True, slots=True)
class CoverTerms:
    """What a policy says about the size of its payments, in fen; nothing said is a deductible of 0 and a limit of None.

    The deductible of a loss is the higher of an amount and a part of the loss (免赔额与免赔率取高). `limit_fen` bounds
    one loss, `aggregate_limit_fen` all losses of the policy; both bound what is left after the deductible. Refuses
    with `invalid_cover_terms`.
    """

    deductible_fen: int = 0
    deductible_bp: int = 0
    limit_fen: int | None = None
    aggregate_limit_fen: int | None = None

    def __post_init__(self) -> None:
        limits = [limit for limit in (self.limit_fen, self.aggregate_limit_fen) if limit is not None]
        if min(self.deductible_fen, self.deductible_bp, *limits) < 0 or self.deductible_bp > WHOLE_BP:
            raise Invalid("invalid_cover_terms", deductible_fen=self.deductible_fen, deductible_bp=self.deductible_bp)


@dataclass(frozen=True, slots=True)
class AssessedLine:
    """One line of a repair bill: what, asked for, allowed, and why less was allowed (empty where nothing was cut)."""

    what: str
    asked_fen: int
    allowed_fen: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the working: what was taken off, how much, and what was left after it, in fen."""

    reduction: Reduction
    taken_fen: int
    left_fen: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A loss and what is payable for it, with every step that took something off, in order."""

    loss_fen: int
    steps: tuple[Step, ...]
    payable_fen: int


def allowed_loss(lines: Sequence[AssessedLine]) -> int:
    """Return the loss that the lines of a bill allow, in fen.

    Refuses with `lines_refused` and a finding for every wrong line: `line_negative`, `line_above_asked` (more allowed
    than asked for), `line_cut_without_reason` (the owner is told why, Insurance Law article 24).

    Beside these `line_without_words` (says not what), `line_asks_nothing`; `bill_needs_lines` for a bill without one.

    >>> rope, labour = AssessedLine("钢丝绳", 300_000, 300_000), AssessedLine("人工", 150_000, 138_000, "超出当地价格")
    >>> allowed_loss([rope, labour])
    438000
    """
    if not lines:
        raise Invalid("bill_needs_lines")
    findings = []
    for number, line in enumerate(lines, start=1):
        if not line.what.strip():
            findings.append(Finding("line_without_words", f"line {number}"))
        if line.asked_fen <= 0:
            findings.append(Finding("line_asks_nothing", f"line {number}"))
        elif line.allowed_fen < 0:
            findings.append(Finding("line_negative", f"line {number}"))
        elif line.allowed_fen > line.asked_fen:
            findings.append(Finding("line_above_asked", f"line {number}", {"asked_fen": line.asked_fen}))
        elif line.allowed_fen < line.asked_fen and not line.reason.strip():
            findings.append(Finding("line_cut_without_reason", f"line {number}"))
    if findings:
        raise Invalid("lines_refused", findings, count=len(findings))
    return check_amount(sum(line.allowed_fen for line in lines))


def adjust(loss_fen: int, terms: CoverTerms, paid_before_fen: int = 0) -> Adjustment:
    """Return what is payable for a loss under the policy's terms, and how that comes about.

    `paid_before_fen` is what the policy has paid for other losses: it uses the aggregate limit up. Payable is never
    below nothing nor above the loss. Refuses with `invalid_loss` (less than nothing) and `amount_too_large`.

    A loss of 12,650.50, deductible 5 % but at least 500.00, limit 10,000.00:

    >>> adjustment = adjust(1_265_050, CoverTerms(50_000, 500, 1_000_000))
    >>> adjustment.payable_fen, [(step.reduction.value, step.taken_fen) for step in adjustment.steps]
    (1000000, [('deductible', 63253), ('limit', 201797)])
    """
    if loss_fen < 0 or paid_before_fen < 0:
        raise Invalid("invalid_loss", loss_fen=loss_fen, paid_before_fen=paid_before_fen)
    left_fen = check_amount(loss_fen)
    deductible_fen = max(terms.deductible_fen, half_up(loss_fen * terms.deductible_bp, WHOLE_BP))
    ceilings = [(Reduction.DEDUCTIBLE, max(0, loss_fen - deductible_fen))]
    if terms.limit_fen is not None:
        ceilings.append((Reduction.LIMIT, terms.limit_fen))
    if terms.aggregate_limit_fen is not None:
        ceilings.append((Reduction.AGGREGATE_LIMIT, max(0, terms.aggregate_limit_fen - paid_before_fen)))
    steps = []
    for reduction, ceiling_fen in ceilings:
        if ceiling_fen < left_fen:
            steps.append(Step(reduction, left_fen - ceiling_fen, ceiling_fen))
            left_fen = ceiling_fen
    return Adjustment(loss_fen, tuple(steps), left_fen)
