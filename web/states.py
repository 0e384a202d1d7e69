"""The words of every stage, its tone and its shape.

One entry per (kind, stage), the same on page, paper and in the API. Colour never speaks alone: each tone comes with
a shape and a word.
"""

from __future__ import annotations

from dataclasses import dataclass


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
    "apart_item": {"open": _live("待收付", "To be paid"), "paid": _done("已收付", "Paid")},
    "variation": {
        "proposed": _wait("征求同意中", "Consent asked"),
        "concluded": _done("全体已同意", "Concluded"),
        "declined": _stop("有一方不同意", "Declined"),
        "withdrawn": _over("已撤回", "Withdrawn"),
        "lapsed": _over("已失效", "Lapsed"),
    },
    "step_up": {"declared": _stop("违约代担中", "In default"), "cured": _done("已清偿", "Cured")},
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
    "health": {"passed": _done("正常", "Well"), "failed": _stop("不正常", "Not well")},
}


#: A list of claims goes the way of a premium bordereau.
STATES["claims_list"] = STATES["bordereau"]


def state_of(kind: str, stage: str) -> State:
    """Return how a stage is shown. A stage without words is shown by its own name rather than hidden."""
    known = STATES.get(kind, {}).get(stage)
    return known if known is not None else State(stage, stage, "quiet", "ring")
