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
    "pool.formed": ("组成共保体", "Pool formed", "tick"),
    "agreement.made": ("协议版本生效", "Agreement version made", "dot"),
    "entry.posted": ("记账", "Entry posted"),
    "period.closed": ("结账", "Period closed", "square"),
    "statement.issue": ("签发结算单", "Statement issued", "dot"),
    "statement.acknowledge": ("确认收到", "Acknowledged", "half"),
    "statement.query": ("提出疑问", "Queried", "cross"),
    "statement.answer": ("答复疑问，重新签发", "Query answered, issued again", "dot"),
    "statement.agree": ("同意结算单", "Agreed", "tick"),
    "statement.settle": ("结清", "Settled", "tick"),
    # register and policies
    "estate.imported": ("登记电梯名单", "List of lifts registered"),
    "policy.bound": ("承保", "Bound", "dot"),
    "policy.receive": ("保费到账", "Premium received", "tick"),
    "policy.collect": ("各家自收保费", "Premium collected by each member", "tick"),
    "policy.remit": ("保费划付各成员", "Premium remitted to the members", "tick"),
    "refund.agreed": ("核定退保", "Refund agreed", "dot"),
    "refund.pay": ("支付退费", "Refund paid", "tick"),
    "refund.strike": ("冲减应收保费", "Struck from what was due", "dash"),
    # faults
    "fault.report": ("报修", "Reported", "dot"),
    "fault.import": ("从名单导入", "Taken from a list"),
    "fault.acknowledge": ("已响应", "Acknowledged", "half"),
    "fault.arrive": ("到场", "On site", "half"),
    "fault.repair": ("修复", "Repaired", "tick"),
    "fault.accept": ("验收", "Accepted", "tick"),
    "fault.reopen": ("重新维修", "Opened again", "triangle"),
    "fault.withdraw": ("撤回报修", "Withdrawn", "dash"),
    # claims
    "claim.made": ("立案", "Claim made", "dot"),
    "claim.submit": ("提交同意", "Put to the members", "dot"),
    "claim.agreed_by_member": ("成员同意", "Agreed by a member", "half"),
    "claim.agree": ("同意齐备", "All agreements in", "half"),
    "claim.revise": ("修改估损", "Estimate revised", "dot"),
    "claim.approve": ("核准赔款", "Approved", "tick"),
    "claim.reject": ("拒赔", "Rejected", "cross"),
    "claim.pay": ("赔付", "Paid", "tick"),
    "claim.call": ("发出摊回通知", "Cash called", "pause"),
    "claim_cost.approved": ("核准公估费", "Adjuster's fee approved"),
    "claim_cost.pay": ("支付公估费", "Adjuster paid", "tick"),
    "cash_call.receive": ("摊回到账", "Cash call received", "tick"),
    "cash_call.take": ("转入结算单", "Taken into the statement", "dash"),
    "recovery.received": ("追偿到账", "Recovery received", "tick"),
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
