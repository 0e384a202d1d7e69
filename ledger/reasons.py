"""Why an entry is posted, and on which line of a statement of account it is shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """The business events of MONEY.md section 2; the value is stored with the entry.

    A receipt that is held stands on 2310 until it is placed, by the mirror of its entry, or returned.
    """

    PREMIUM_WRITTEN = "premium_written"
    PREMIUM_RECEIVED = "premium_received"
    PREMIUM_REMITTED = "premium_remitted"
    PREMIUM_COLLECTED_BY_MEMBER = "premium_collected_by_member"
    REFUND_AGREED = "refund_agreed"
    REFUND_PAID = "refund_paid"
    CLAIM_APPROVED = "claim_approved"
    CLAIM_PAID_BY_LEAD = "claim_paid_by_lead"
    CLAIM_PAID_FROM_POOL = "claim_paid_from_pool"
    CASH_CALL_ISSUED = "cash_call_issued"
    CASH_CALL_RECEIVED = "cash_call_received"
    LEAD_FUNDED = "lead_funded"
    ADJUSTER_APPROVED = "adjuster_approved"
    ADJUSTER_PAID = "adjuster_paid"
    RECOVERY_RECEIVED = "recovery_received"
    LEAD_FEE = "lead_fee"
    LEAD_FEE_VAT = "lead_fee_vat"
    LATE_INTEREST = "late_interest"
    CASH_CALL_OVERDUE = "cash_call_overdue"
    PERIOD_CLOSED = "period_closed"
    STATEMENT_SETTLED = "statement_settled"
    SETTLED_APART = "settled_apart"
    APART_PAID = "apart_paid"
    STEPPED_UP = "stepped_up"
    STEP_UP_RETURNED = "step_up_returned"
    RECEIPT_HELD = "receipt_held"
    RECEIPT_RETURNED = "receipt_returned"


#: What is never taken back by a mirror: a close and a settlement are corrected by what is posted after them, a step-up
#: by its cure. So is a receipt that went back; a held one leaves 2310 by its own verbs alone.
FINAL = frozenset(
    {
        Reason.PERIOD_CLOSED,
        Reason.STATEMENT_SETTLED,
        Reason.SETTLED_APART,
        Reason.APART_PAID,
        Reason.STEPPED_UP,
        Reason.STEP_UP_RETURNED,
        Reason.RECEIPT_RETURNED,
    }
)


class Line(StrEnum):
    """The lines of a statement of account, in the order they are printed."""

    UNREMITTED_PREMIUM = "unremitted_premium"
    RETURN_PREMIUM = "return_premium"
    CLAIMS = "claims"
    ADJUSTER = "adjuster"
    RECOVERIES = "recoveries"
    LEAD_FEE_AND_VAT = "lead_fee_and_vat"
    UNPAID_CASH_CALL = "unpaid_cash_call"
    INTEREST = "interest"
    PAID_BY_LEAD = "paid_by_lead"
    SETTLED_APART = "settled_apart"
    STEP_UP = "step_up"


#: What a movement of a member's current account is shown under. A cash call takes a claim out of the current account
#: again, so both stand on one line and a claim that was called in cash shows as zero.
LINE_OF: Mapping[Reason, Line] = {
    Reason.PREMIUM_RECEIVED: Line.UNREMITTED_PREMIUM,
    Reason.PREMIUM_REMITTED: Line.UNREMITTED_PREMIUM,
    Reason.REFUND_AGREED: Line.RETURN_PREMIUM,
    Reason.CLAIM_APPROVED: Line.CLAIMS,
    Reason.CASH_CALL_ISSUED: Line.CLAIMS,
    Reason.ADJUSTER_APPROVED: Line.ADJUSTER,
    Reason.RECOVERY_RECEIVED: Line.RECOVERIES,
    Reason.LEAD_FEE: Line.LEAD_FEE_AND_VAT,
    Reason.LEAD_FEE_VAT: Line.LEAD_FEE_AND_VAT,
    Reason.CASH_CALL_OVERDUE: Line.UNPAID_CASH_CALL,
    Reason.LATE_INTEREST: Line.INTEREST,
    Reason.REFUND_PAID: Line.PAID_BY_LEAD,
    Reason.CLAIM_PAID_BY_LEAD: Line.PAID_BY_LEAD,
    Reason.ADJUSTER_PAID: Line.PAID_BY_LEAD,
    Reason.LEAD_FUNDED: Line.PAID_BY_LEAD,
    Reason.SETTLED_APART: Line.SETTLED_APART,
    Reason.STEPPED_UP: Line.STEP_UP,
    Reason.STEP_UP_RETURNED: Line.STEP_UP,
}
