"""What a claim must be before it is made and put before the members, over plain values. Pure.

The verbs of a single claim and the check of a list of claims both ask here, so that a list is refused what a claim is.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from claims import adjusting, authority
from claims.adjusting import AssessedLine
from core.errors import Conflict, Forbidden, Invalid
from ledger.money import check_amount

#: The most lines of a bill.
LINES_MOST = 200


@dataclass(frozen=True, slots=True)
class Reported:
    """The fault that a claim is for: its number, the day of its report, whether another claim stands for it."""

    number: int
    on: date
    is_claimed: bool


def check_estimate(estimate_fen: int) -> None:
    """Refuse an estimate that no claim is made for: Invalid `estimate_not_positive`, `amount_too_large`.

    >>> check_estimate(438_000)
    """
    if estimate_fen <= 0:
        raise Invalid("estimate_not_positive", estimate_fen=estimate_fen)
    check_amount(estimate_fen)


def check_cover(policy_number: str, covered: tuple[date, date] | None, fault: Reported) -> None:
    """Refuse a fault that has a claim already, or whose lift the policy did not cover on the day of the report.

    `covered` is from which day until before which the lift is on the policy; None: it never was. Refuses Conflict
    `fault_has_claim`, `lift_not_covered`.

    >>> check_cover("P-1", (date(2026, 1, 1), date(2027, 1, 1)), Reported(7, date(2026, 12, 31), False))
    """
    if fault.is_claimed:
        raise Conflict("fault_has_claim", number=fault.number)
    if covered is None or not covered[0] <= fault.on < covered[1]:
        raise Conflict("lift_not_covered", number=policy_number, day=fault.on)


def needs_of(estimate_fen: int, lead_alone_limit_fen: int, topics: Sequence[str] = ()) -> str:
    """Return who must agree to an estimate: `lead` or `all`.

    >>> needs_of(10_000_000, 10_000_000), needs_of(10_000_001, 10_000_000)
    ('lead', 'all')
    """
    touched = [authority.Topic(topic) for topic in topics]
    return authority.who_must_agree(estimate_fen, lead_alone_limit_fen, touched).value


def check_bill(lines: Sequence[AssessedLine]) -> int:
    """Return the loss that a bill allows, in fen.

    Refuses Invalid `bill_too_long`, and as `adjusting.allowed_loss` does.

    >>> check_bill([AssessedLine("钢丝绳", 300_000, 300_000)])
    300000
    """
    if len(lines) > LINES_MOST:
        raise Invalid("bill_too_long", most=LINES_MOST)
    return adjusting.allowed_loss(lines)


def require_member(members: Sequence[uuid.UUID], organisation_id: uuid.UUID | None) -> None:
    """Refuse Forbidden `not_a_member` for who is none of a pool's members."""
    if organisation_id not in members:
        raise Forbidden("not_a_member")


def still_to_agree(needs: str, members: Sequence[uuid.UUID], agreed: Collection[uuid.UUID | None]) -> set[uuid.UUID]:
    """Return the members that must still agree to a claim; `members` has the lead first.

    >>> lead, other = uuid.UUID(int=1), uuid.UUID(int=2)
    >>> still_to_agree("lead", [lead, other], [lead]), len(still_to_agree("all", [lead, other], [lead]))
    (set(), 1)
    """
    return {one for one in (members if needs == "all" else members[:1]) if one not in agreed}
