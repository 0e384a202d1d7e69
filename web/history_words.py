"""The words of every action of the audit log, and the mark that stands beside it on a timeline."""

from __future__ import annotations

from collections.abc import Mapping

#: action -> (中文, English).
ACTIONS: Mapping[str, tuple[str, str]] = {
    # parties and accounts
    "organisation.added": ("机构登记", "Organisation added"),
    "person.added": ("人员登记", "Person added"),
    "mandate.given": ("授予身份", "Mandate given"),
    "account.created": ("账号开通", "Account opened"),
    "account.set": ("账号设置变更", "Account changed"),
    "token.made": ("生成接口令牌", "Token made"),
    "token.revoked": ("停用接口令牌", "Token revoked"),
    "calendar.set": ("日历更新", "Calendar set"),
    # tender
    "tender.created": ("起草招标", "Tender drafted"),
    "tender.edited": ("修改招标文件", "Tender edited"),
    "key.custodians_named": ("指定密钥保管人", "Custodians named"),
    "key.given": ("保管人交出公钥", "Public key given"),
    "key.possession_proof": ("保管人证明持有密钥", "Possession of the key proved"),
    "key.rehearsal_begun": ("开始开标演练", "Rehearsal begun"),
    "key.rehearsal_share": ("演练中交出密钥份额", "Share given in the rehearsal"),
    "key.share_submitted": ("交出密钥份额", "Key share given"),
    "key.share_rejected": ("密钥份额有误", "Key share rejected"),
    "key.lost": ("密钥遗失", "Key lost"),
    "signing_key.registered": ("登记签名密钥", "Signing key registered"),
    "signing_key.revoked": ("停用签名密钥", "Signing key revoked"),
    "objection.filed": ("提出异议", "Objection filed"),
    "objection.answered": ("答复异议", "Objection answered"),
    "opening.bidder_key": ("投标人解密", "Bidder's key given"),
    "expert.drawn": ("抽取专家", "Expert drawn"),
    "score.saved": ("保存评分", "Marks saved"),
    "score.locked": ("锁定评分", "Marks locked"),
    "score.reopened": ("退回评分", "Marks reopened"),
    "report.drawn_up": ("出具评标报告", "Report drawn up"),
    # pools and money
    "pool.formed": ("组建共保体", "Pool formed"),
    "agreement.made": ("签订共保协议", "Agreement made"),
    "entry.posted": ("记账", "Entry posted"),
    "period.closed": ("账期结账", "Period closed"),
    "statement.issue": ("签发结算单", "Statement issued"),
    "statement.acknowledge": ("收悉结算单", "Statement acknowledged"),
    "statement.query": ("对结算单提出疑问", "Statement queried"),
    "statement.answer": ("答复疑问", "Query answered"),
    "statement.agree": ("确认结算单", "Statement agreed"),
    "statement.settle": ("结清", "Statement settled"),
    # register and policies
    "estate.imported": ("登记电梯名单", "List of lifts registered"),
    "policy.bound": ("承保出单", "Policy bound"),
    "policy.receive": ("保费到账", "Premium received"),
    "policy.collect": ("各家自行收费", "Premium collected by each"),
    "policy.remit": ("保费划付各成员", "Premium remitted"),
    "refund.agreed": ("同意退还保费", "Refund agreed"),
    "refund.pay": ("退还保费", "Refund paid"),
    "refund.strike": ("冲减应收保费", "Struck from what is due"),
    # faults
    "fault.report": ("报修", "Reported"),
    "fault.import": ("从名单导入", "Taken from a list"),
    "fault.acknowledge": ("接单响应", "Acknowledged"),
    "fault.arrive": ("到场", "Arrived on site"),
    "fault.repair": ("修复", "Repaired"),
    "fault.accept": ("验收", "Accepted"),
    "fault.reopen": ("退回重修", "Sent back for repair"),
    "fault.withdraw": ("撤回报修", "Report withdrawn"),
    # claims
    "claim.made": ("立案", "Claim made"),
    "claim.submit": ("提请同意", "Put before the members"),
    "claim.agreed_by_member": ("表示同意", "Agreed"),
    "claim.agree": ("同意已齐", "All agreements given"),
    "claim.revise": ("修改估损", "Estimate revised"),
    "claim.approve": ("核准赔款", "Payment approved"),
    "claim.reject": ("拒赔", "Rejected"),
    "claim.pay": ("赔付", "Paid"),
    "claim.call": ("发出摊回赔款通知", "Cash called"),
    "claim_cost.approved": ("核准公估费", "Adjuster's fee approved"),
    "claim_cost.pay": ("支付公估费", "Adjuster's fee paid"),
    "cash_call.receive": ("摊回赔款到账", "Cash call received"),
    "cash_call.take": ("转入结算单", "Taken into the statement"),
    "recovery.received": ("追偿款到账", "Recovery received"),
}

#: verb -> the shape beside it; any other is a dot.
MARKS: Mapping[str, str] = {
    "reject": "cross",
    "withdraw": "dash",
    "cancel": "dash",
    "reopen": "triangle",
    "revise": "triangle",
    "query": "triangle",
    "approve": "tick",
    "accept": "tick",
    "agree": "tick",
    "settle": "tick",
    "pay": "tick",
    "award": "tick",
}
