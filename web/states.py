"""The words of every stage, verb and kind of record; of a stage also its tone and its shape.

One entry per (kind, stage), the same on page, paper and in the API. Colour never speaks alone: each tone comes with
a shape and a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from web.bank_words import BANK_KINDS, BANK_VERBS


@dataclass(frozen=True, slots=True)
class State:
    """One state as shown: its two names, its tone (quiet, live, good, wait, stop) and its shape."""

    zh: str
    en: str
    tone: str
    shape: str


def _todo(zh: str, en: str) -> State:
    return State(zh, en, "quiet", "ring")


def _live(zh: str, en: str, shape: str = "half") -> State:
    return State(zh, en, "live", shape)


def _done(zh: str, en: str, shape: str = "tick") -> State:
    return State(zh, en, "good", shape)


def _wait(zh: str, en: str, shape: str = "triangle") -> State:
    return State(zh, en, "wait", shape)


def _stop(zh: str, en: str) -> State:
    return State(zh, en, "stop", "cross")


def _over(zh: str, en: str, shape: str = "dash") -> State:
    return State(zh, en, "quiet", shape)


STATES: dict[str, dict[str, State]] = {
    "tender": {
        "draft": _todo("起草中", "Draft"),
        "keyed": _live("密钥已备", "Keys ready"),
        "approved": _live("已审批", "Approved"),
        "published": _live("招标中", "Open for bids", "dot"),
        "suspended": _wait("已暂停", "Suspended", "pause"),
        "closed": _live("已截止", "Closed to bids"),
        "opening": _live("开标中", "Opening"),
        "opened": _live("已开标", "Opened"),
        "evaluating": _live("评标中", "Evaluating"),
        "reported": _live("评标报告已签", "Report signed"),
        "allocated": _live("份额已定", "Shares allocated"),
        "standstill": _wait("公示中", "Publicity", "pause"),
        "awarded": _done("已中标", "Awarded"),
        "contracted": _done("已签协议", "Agreement signed"),
        "complete": _over("已完成", "Complete", "square"),
        "cancelled": _over("已取消", "Cancelled"),
        "failed": _stop("流标", "Failed"),
        "failed_too_few": _stop("投标人不足", "Too few bids"),
        "annulled": _stop("已作废", "Annulled"),
    },
    "bid": {
        "draft": _todo("未提交", "Not submitted"),
        "sealed": _done("已封存", "Sealed", "lock"),
        "replaced": _over("已替换", "Replaced"),
        "withdrawn": _over("已撤回", "Withdrawn"),
        "opened": _live("已开封", "Opened"),
        "revoked": _stop("视为撤销", "Deemed revoked"),
        "withdrawn_by_fault": _stop("视为撤回", "Deemed withdrawn"),
        "unreadable": _stop("无法解密", "Unreadable"),
        "qualified": _live("资格通过", "Qualified"),
        "rejected": _stop("已否决", "Rejected"),
        "scored": _live("已评分", "Scored"),
        "ranked": _live("已排名", "Ranked"),
        "offered": _wait("待确认份额", "Share offered", "pause"),
        "accepted": _done("已接受", "Accepted"),
        "declined": _over("已放弃", "Declined"),
        "member": _done("已入共保体", "Member"),
        "unsuccessful": _over("未中标", "Unsuccessful"),
    },
    "pool": {
        "forming": _live("组建中", "Forming"),
        "active": _done("承保中", "Active", "dot"),
        "run_off": _over("只理赔不承保", "Run-off"),
        "closed": _over("已结束", "Closed", "square"),
    },
    "member": {
        "active": _done("正常", "Active", "dot"),
        "suspended": _wait("暂停", "Suspended", "pause"),
        "run_off": _over("只理赔不承保", "Run-off"),
        "exited": _over("已退出", "Exited"),
    },
    "policy": {
        "bound": _live("已承保，待收费", "Bound, unpaid", "ring"),
        "received": _live("已收费", "Received"),
        "remitted": _done("已划付", "Remitted"),
        "taken": _done("已入结算单", "In the statement"),
        "collected": _done("各家已收", "Collected by each"),
    },
    "bordereau": {
        "reading": _live("读取中", "Being read"),
        "faulty": _over("有误，未入账", "Faulty, not booked"),
        "checked": _wait("已核对，待批准", "Checked, to be approved", "pause"),
        "approved": _live("已批准，入账中", "Approved, being posted", "dot"),
        "posted": _done("已入账", "Posted"),
        "discarded": _over("已放弃", "Discarded"),
    },
    "refund": {
        "agreed": _wait("待退还", "To be paid", "pause"),
        "paid": _done("已退还", "Paid"),
        "struck": _over("已冲应收", "Struck off"),
    },
    "fault": {
        "reported": _wait("已报修", "Reported", "dot"),
        "acknowledged": _live("已响应", "Acknowledged"),
        "on_site": _live("已到场", "On site"),
        "repaired": _live("已修复", "Repaired", "dot"),
        "accepted": _done("已验收", "Accepted"),
        "withdrawn": _over("已撤回", "Withdrawn"),
    },
    "claim": {
        "open": _todo("已立案", "Open"),
        "submitted": _wait("待同意", "Awaiting agreement", "pause"),
        "agreed": _live("已同意，待核准", "Agreed, to be approved"),
        "approved": _live("已核准", "Approved", "dot"),
        "called": _wait("已发摊回通知", "Cash called", "pause"),
        "paid": _done("已赔付", "Paid"),
        "rejected": _stop("已拒赔", "Rejected"),
    },
    "claim_cost": {
        "approved": _live("已核准", "Approved"),
        "paid": _done("已支付", "Paid"),
    },
    "cash_call": {
        "issued": _wait("待付款", "Due", "pause"),
        "overdue": _stop("已逾期", "Overdue"),
        "received": _done("已到账", "Received"),
        "taken": _over("转入结算单", "Taken into the statement"),
    },
    "period": {
        "open": _live("记账中", "Open", "dot"),
        "closed": _over("已结账", "Closed", "square"),
    },
    "bank_account": {
        "proposed": _wait("待确认", "To be confirmed"),
        "confirmed": _done("已确认", "Confirmed"),
        "rejected": _over("已退回", "Rejected"),
    },
    "bank_match": {
        "matched": _done("已核对", "Matched"),
        "taken_back": _over("已撤回", "Taken back"),
    },
    "held_receipt": {
        "held": _wait("待认领", "Unmatched"),
        "placed": _done("已认领", "Placed"),
        "returned": _over("已退回", "Returned"),
        "reopened": _over("已撤销认领", "Placing taken back"),
    },
    "payment_batch": {
        "prepared": _wait("待放行", "To be released"),
        "released": _done("已放行", "Released"),
        "rejected": _over("已退回", "Rejected"),
    },
    "statement": {
        "draft": _todo("草稿", "Draft"),
        "issued": _wait("待确认", "Issued", "pause"),
        "acknowledged": _live("已收悉", "Acknowledged"),
        "queried": _stop("有疑问", "Queried"),
        "agreed": _live("已确认", "Agreed"),
        "settled": _done("已结清", "Settled"),
    },
    "book_extract": {
        "waiting": _todo("排队中", "Waiting"),
        "making": _live("制作中", "Being made"),
        "ready": _done("已制成", "Ready"),
        "failed": _stop("未制成", "Not made"),
    },
    "import": {
        "uploaded": _todo("已上传", "Uploaded"),
        "checked": _live("已核对", "Checked"),
        "refused": _stop("有错误", "Has errors"),
        "imported": _done("已导入", "Imported"),
    },
    "job": {
        "queued": _todo("排队中", "Queued"),
        "doing": _live("处理中", "Running"),
        "succeeded": _done("已完成", "Done"),
        "failed": _stop("失败", "Failed"),
    },
    "section": {
        "todo": _todo("未开始", "Not started"),
        "started": _live("进行中", "In progress"),
        "done": _done("已完成", "Complete"),
        "error": _stop("需更正", "Needs correction"),
        "locked": _over("暂不能填", "Cannot start yet", "lock"),
        "optional": _todo("可选", "Optional"),
    },
    "signature": {
        "awaited": _todo("待签署", "Awaited"),
        "signed": _done("已签署", "Signed"),
        "refused": _stop("拒绝签署", "Refused"),
    },
    "clock": {
        "running": _live("计时中", "Running", "dot"),
        "near": _wait("即将到时", "Nearly due"),
        "over": _stop("已超时", "Overdue"),
        "met": _done("按时完成", "Met"),
        "missed": _stop("未按时", "Missed"),
        "paused": _wait("已暂停", "Paused", "pause"),
        "provisional": _wait("暂定", "Provisional"),
    },
    "account": {
        "active": _done("可以登录", "Open"),
        "closed": _stop("已停用", "Closed"),
        "none": _todo("没有账号", "No account"),
    },
    "check": {
        "passed": _done("相符", "Agrees"),
        "failed": _stop("不符", "Differs"),
        "unknown": _over("未检查", "Not checked"),
    },
    "health": {
        "passed": _done("正常", "Well"),
        "failed": _stop("不正常", "Not well"),
    },
}


def state_of(kind: str, stage: str) -> State:
    """Return how a stage is shown. A stage without words is shown by its own name rather than hidden."""
    known = STATES.get(kind, {}).get(stage)
    return known if known is not None else State(stage, stage, "quiet", "ring")


#: What the kinds of record above are called in a sentence.
KINDS: dict[str, tuple[str, str]] = {
    "tender": ("招标", "tender"),
    "bid": ("投标", "bid"),
    "pool": ("共保体", "pool"),
    "member": ("共保人", "member"),
    "policy": ("保单", "policy"),
    "refund": ("退费", "refund"),
    "bordereau": ("保费清单", "premium bordereau"),
    "fault": ("故障", "fault"),
    "claim": ("赔案", "claim"),
    "claim_cost": ("公估费", "adjuster's fee"),
    "cash_call": ("摊回赔款通知", "cash call"),
    "period": ("账期", "period"),
    "statement": ("结算单", "statement"),
    "book_extract": ("报表", "extract"),
    **BANK_KINDS,
    "import": ("名单", "list"),
    "job": ("后台任务", "background job"),
    "section": ("草稿的一节", "section"),
    "signature": ("签署", "signature"),
    "clock": ("时限", "clock"),
    "check": ("核对", "check"),
    "health": ("系统状况", "health"),
    "account": ("账号", "account"),
}

_RESUME = ("恢复招标", "resume")

#: The verbs of every MOVES table, by the kind that they are passed under to `core.stages.step`.
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "tender": {
        "key": ("备齐密钥", "complete the keys"),
        "approve": ("审批通过", "approve"),
        "return": ("退回起草", "return to draft"),
        "publish": ("发布公告", "publish"),
        "start_opening": ("关闭投标箱", "close the box"),
        "open": ("开标", "open the bids"),
        "evaluate": ("开始评标", "begin the evaluation"),
        "report": ("签署评标报告", "sign the report"),
        "reopen": ("退回复核", "recount"),
        "allocate": ("确定首席与份额", "allocate the shares"),
        "reallocate": ("重新确定份额", "allocate the shares again"),
        "publicise": ("公示候选人", "publicise the candidates"),
        "uphold": ("异议成立，重新评标", "uphold an objection"),
        "award": ("决定中标", "decide the award"),
        "contract": ("登记协议已签署", "record the signing"),
        "complete": ("归档", "complete"),
        "cancel": ("取消招标", "call off"),
        "fail": ("宣布流标", "declare it failed"),
        "annul": ("宣布无效", "declare void"),
        "suspend": ("暂停招标", "suspend"),
        # One word for all: the reader is not asked which stage it came from.
        "resume_published": _RESUME,
        "resume_opening": _RESUME,
        "resume_opened": _RESUME,
        "resume_evaluating": _RESUME,
        "resume_reported": _RESUME,
        "resume_allocated": _RESUME,
        "resume_standstill": _RESUME,
    },
    "bid": {
        "seal": ("封存提交", "seal"),
        "replace": ("替换", "replace"),
        "withdraw": ("撤回投标", "withdraw"),
        "open": ("开启", "open"),
        "revoke": ("视为撤销", "deem revoked"),
        "lose": ("视为撤回", "deem withdrawn"),
        "find_unreadable": ("记为无法解密", "record as unreadable"),
        "qualify": ("通过资格审查", "qualify"),
        "reject": ("否决", "reject"),
        "score": ("完成评分", "score"),
        "rescore": ("重新评分", "score again"),
        "offer": ("发出份额邀约", "offer a share"),
        "accept": ("接受份额", "accept the share"),
        "decline": ("放弃份额", "decline the share"),
        "pass_over": ("列为未中标", "pass over"),
        "award": ("中标入共保体", "award"),
    },
    "policy": {
        "receive": ("登记保费到账", "book the premium as received"),
        "collect": ("登记各家自收", "book as collected by each member"),
        "remit": ("划付保费", "remit the premium"),
        "take": ("转入结算单", "take into the statement"),
    },
    "bordereau": {
        "check": ("核对无误", "find in order"),
        "fault": ("记为有误", "find faulty"),
        "approve": ("批准入账", "approve"),
        "post": ("入账", "post"),
        "stop": ("退回待批准", "take the approval back"),
        "discard": ("放弃", "discard"),
    },
    "refund": {
        "pay": ("支付退费", "pay"),
        "strike": ("冲减应收保费", "strike off"),
    },
    "fault": {
        "acknowledge": ("接单响应", "acknowledge"),
        "arrive": ("登记到场", "arrive"),
        "repair": ("登记修复", "record the repair"),
        "accept": ("验收", "accept the repair"),
        "reopen": ("退回重修", "send back for repair"),
        "withdraw": ("撤回报修", "take the report back"),
    },
    "claim": {
        "submit": ("提请同意", "put before the members"),
        "revise": ("修改估损", "revise the estimate"),
        "flag": ("标记须全体同意的事项", "mark a topic for all members"),
        "agree": ("同意估损", "agree to the estimate"),
        "approve": ("核准赔款", "approve the payment"),
        "call": ("发出摊回赔款通知", "call cash"),
        "pay": ("登记付款", "book the payment"),
        "take_back": ("撤回核定", "take the approval back"),
        "reject": ("拒赔", "reject"),
    },
    "claim_cost": {
        "pay": ("支付公估费", "pay the adjuster"),
    },
    "cash_call": {
        "receive": ("登记到账", "book as received"),
        "take": ("转入结算单", "take into the statement"),
    },
    "period": {
        "close": ("结账", "close"),
    },
    "statement": {
        "issue": ("签发", "issue"),
        "acknowledge": ("收悉", "acknowledge"),
        "query": ("提出疑问", "query"),
        "answer": ("答复疑问", "answer the query"),
        "agree": ("确认", "agree"),
        "settle": ("登记结清", "settle"),
    },
    "book_extract": {
        "begin": ("开始制作", "begin"),
        "finish": ("制成", "finish"),
        "fail": ("记为未制成", "record as not made"),
        "ask_again": ("重新制作", "ask again"),
    },
    **BANK_VERBS,
}


def kind_words(kind: str) -> tuple[str, str]:
    """Return the two names of a kind of record; one without words is shown by its own name."""
    return KINDS.get(kind, (kind, kind))


def verb_words(kind: str, verb: str) -> tuple[str, str]:
    """Return the two names of a verb on a kind of record; one without words is shown by its own name.

    >>> verb_words("statement", "issue")
    ('签发', 'issue')
    """
    return VERBS.get(kind, {}).get(verb, (verb, verb))
