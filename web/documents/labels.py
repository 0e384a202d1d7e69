"""Pure: the words on papers, sheets and pages for what the books call by a code: statement lines, reasons, streams."""

from __future__ import annotations

from collections.abc import Mapping

#: Statement line -> (中文, English).
LINES: Mapping[str, tuple[str, str]] = {
    "unremitted_premium": ("未划付保费", "Premium not yet remitted"),
    "return_premium": ("退还保费", "Return premium"),
    "claims": ("分摊赔款", "Claims"),
    "adjuster": ("公估费用", "Loss adjusters"),
    "recoveries": ("追偿与残值", "Recoveries"),
    "lead_fee_and_vat": ("首席管理费及增值税", "Lead's fee and VAT"),
    "unpaid_cash_call": ("未付摊回赔款", "Unpaid cash calls"),
    "interest": ("逾期利息", "Late interest"),
    "paid_by_lead": ("首席垫付", "Paid by the lead"),
    "settled_apart": ("转出单项结算", "Settled on its own"),
    "step_up": ("代担违约缺口", "Stepped up for a member in default"),
}
#: Reason of an entry -> (中文, English).
REASONS: Mapping[str, tuple[str, str]] = {
    "premium_written": ("保费签单", "Premium written"),
    "premium_received": ("保费收讫", "Premium received"),
    "premium_remitted": ("保费划付", "Premium remitted"),
    "premium_collected_by_member": ("成员自收保费", "Premium collected by member"),
    "refund_agreed": ("退费核定", "Refund agreed"),
    "refund_paid": ("退费支付", "Refund paid"),
    "claim_approved": ("赔款核定", "Claim approved"),
    "claim_paid_by_lead": ("首席支付赔款", "Claim paid by lead"),
    "claim_paid_from_pool": ("共保资金支付赔款", "Claim paid from pool money"),
    "cash_call_issued": ("摊回通知", "Cash call issued"),
    "cash_call_received": ("摊回到账", "Cash call received"),
    "lead_funded": ("首席出资", "Funded by lead"),
    "adjuster_approved": ("公估费核定", "Adjuster approved"),
    "adjuster_paid": ("公估费支付", "Adjuster paid"),
    "recovery_received": ("追偿与残值到账", "Recovery received"),
    "lead_fee": ("首席管理费", "Lead's fee"),
    "lead_fee_vat": ("管理费增值税", "VAT on lead's fee"),
    "late_interest": ("逾期利息", "Late interest"),
    "cash_call_overdue": ("逾期摊回转入结算", "Overdue cash call taken in"),
    "period_closed": ("账期结账", "Period closed"),
    "statement_settled": ("结算单结清", "Statement settled"),
    "settled_apart": ("转出单项结算", "Taken out, settled on its own"),
    "apart_paid": ("单项结算收付", "Item settled on its own, paid"),
    "stepped_up": ("代担违约缺口", "Stepped up for a default"),
    "step_up_returned": ("违约清偿退还", "Returned once the default was cured"),
    "receipt_held": ("待认领收款入账", "Unmatched receipt booked"),
    "receipt_returned": ("待认领收款退回", "Unmatched receipt returned"),
}
#: Stream of an agreement version -> (中文, English).
STREAMS: Mapping[str, tuple[str, str]] = {
    "premium_net": ("不含税保费", "Premium, net"),
    "premium_vat": ("保费增值税", "Premium VAT"),
    "claim": ("赔款", "Claims"),
    "adjusting_expense": ("公估费用", "Adjusting expense"),
    "recovery": ("追偿与残值", "Recoveries"),
}
