"""Pure: what the kinds of record are called, and the verbs that move each, in both languages."""

from __future__ import annotations

from web import clause_words
from web.bank_words import BANK_KINDS, BANK_VERBS

#: What the kinds of record are called in a sentence.
KINDS: dict[str, tuple[str, str]] = {
    "tender": ("招标", "tender"),
    "bid": ("投标", "bid"),
    "pool": ("共保体", "pool"),
    "member": ("共保人", "member"),
    "policy": ("保单", "policy"),
    "refund": ("退费", "refund"),
    "bordereau": ("保费清单", "premium bordereau"),
    "claims_list": ("赔案名单", "list of claims"),
    "fault": ("故障", "fault"),
    "claim": ("赔案", "claim"),
    "claim_cost": ("公估费", "adjuster's fee"),
    "cash_call": ("摊回赔款通知", "cash call"),
    "period": ("账期", "period"),
    "statement": ("结算单", "statement"),
    **clause_words.KINDS,
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
    "refund": {"pay": ("支付退费", "pay"), "strike": ("冲减应收保费", "strike off")},
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
        "come_back": ("登记付款退回", "book the payment as come back"),
        "come_back_called": ("登记付款退回共保资金", "book the payment as come back to pool money"),
        "reject": ("拒赔", "reject"),
    },
    "claim_cost": {
        "pay": ("支付公估费", "pay the adjuster"),
    },
    "cash_call": {
        "receive": ("登记到账", "book as received"),
        "take": ("转入结算单", "take into the statement"),
    },
    **clause_words.VERBS,
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

#: A list of claims goes the way of a premium bordereau.
VERBS["claims_list"] = VERBS["bordereau"]


def kind_words(kind: str) -> tuple[str, str]:
    """Return the two names of a kind of record; one without words is shown by its own name."""
    return KINDS.get(kind, (kind, kind))


def verb_words(kind: str, verb: str) -> tuple[str, str]:
    """Return the two names of a verb on a kind of record; one without words is shown by its own name.

    >>> verb_words("statement", "issue")
    ('签发', 'issue')
    """
    return VERBS.get(kind, {}).get(verb, (verb, verb))
