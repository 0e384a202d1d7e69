"""Words for the codes that stand among a refusal's facts: stages, verbs, roles, actions, kinds, sides.

A problem document keeps the codes in `facts`, for programs; its sentence is for people and has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from core.clock import CITY
from web.documents.wording import percent
from web.kinds import kind_words, verb_words
from web.places import place_words
from web.role_words import role_words
from web.states import state_of

Pair = tuple[str, str]

#: What is asked for (core/permits.py) -> (中文, English), as it stands in "may not do this (…)".
ASKED: Mapping[str, Pair] = {
    "public.read": ("查看公开信息", "read what is public"),
    "calculator.use": ("使用计算器", "use the calculators"),
    "account.use": ("使用账号", "use an account"),
    "token.make": ("生成接口令牌", "make a token for a program"),
    "home.read": ("查看首页", "see the first page"),
    "tender.read": ("查看招标", "read tenders"),
    "tender.draft": ("起草招标", "draft a tender"),
    "tender.key": ("办理密钥仪式", "run the key ceremony"),
    "tender.approve": ("审批招标", "approve a tender"),
    "tender.return": ("退回起草", "return a tender to draft"),
    "tender.publish": ("发布公告", "publish a tender"),
    "tender.amend": ("发布补遗", "publish an amendment"),
    "tender.extend": ("确认截止时间顺延", "confirm a later deadline"),
    "tender.suspend": ("暂停招标", "suspend a tender"),
    "tender.resume": ("恢复招标", "resume a tender"),
    "tender.annul": ("宣布招标无效", "declare a tender void"),
    "tender.cancel": ("取消招标", "call a tender off"),
    "tender.fail": ("宣布流标", "declare a tender failed"),
    "tender.appoint": ("组建评标委员会", "appoint the committee"),
    "tender.declare": ("申明有无利害关系", "declare interests"),
    "opening.start": ("关闭投标箱", "close the box"),
    "opening.confirm": ("确认开标", "confirm the opening"),
    "tender.open": ("开标", "open the bids"),
    "tender.evaluate": ("主持评标", "chair the evaluation"),
    "tender.score": ("评分", "mark bids"),
    "tender.report": ("出具评标报告", "draw up the report"),
    "report.sign": ("签署评标报告", "sign the report"),
    "tender.allocate": ("确定首席与份额", "allocate the shares"),
    "tender.object": ("提出异议", "object"),
    "tender.answer": ("答复异议", "answer objections"),
    "tender.award": ("决定中标", "decide the award"),
    "tender.contract": ("代表主管单位签署协议", "sign the agreement for the bureau"),
    "agreement.render": ("生成共保协议", "make the agreement"),
    "agreement.sign": ("签署共保协议", "sign the agreement"),
    "custody.prove": ("证明持有私钥", "prove to hold a key"),
    "custody.share": ("交出密钥份额", "hand in key shares"),
    "bid.read": ("查看投标", "read bids"),
    "bid.key": ("登记投标密钥", "register a signing key"),
    "bid.seal": ("提交投标", "submit a bid"),
    "bid.withdraw": ("撤回投标", "withdraw a bid"),
    "bid.answer": ("答复份额邀约", "answer an offered share"),
    "pool.read": ("查看共保体", "read pools"),
    "pool.form": ("组建共保体", "form a pool"),
    "pool.close": ("关闭共保体", "close a pool for good"),
    "variation.read": ("查看协议变更", "read changes of the agreement"),
    "variation.propose": ("提出协议变更", "propose a change of the agreement"),
    "variation.consent": ("答复协议变更", "answer a proposed change of the agreement"),
    "apart.pay": ("登记单项结算收付", "book items settled on their own as paid"),
    "default.declare": ("宣告成员违约", "declare a member in default"),
    "default.cure": ("登记违约清偿", "book that a default is cured"),
    "estate.read": ("查看小区与电梯", "read communities and lifts"),
    "estate.import": ("登记电梯名单", "register lists of lifts"),
    "repairer.set": ("设定维保单位", "set a lift’s repairer"),
    "policy.read": ("查看保单", "read policies"),
    "policy.bind": ("承保出单", "bind a policy"),
    "policy.endorse": ("批改保单", "endorse a policy"),
    "claims_list.read": ("查看赔案名单", "read lists of claims"),
    "claims_list.send": ("导入赔案名单", "send lists of claims"),
    "claims_list.approve": ("批准赔案名单入账", "approve lists of claims"),
    "bordereau.read": ("查看保费清单", "read premium bordereaux"),
    "bordereau.send": ("导入保费清单", "send premium bordereaux"),
    "bordereau.approve": ("批准保费清单入账", "approve premium bordereaux"),
    "premium.receive": ("登记保费到账", "book premiums as received"),
    "premium.remit": ("划付保费", "remit premiums"),
    "fault.read": ("查看故障", "read faults"),
    "fault.report": ("报修", "report faults"),
    "fault.import": ("导入故障名单", "import lists of faults"),
    "fault.work": ("办理维修", "work on faults"),
    "fault.accept": ("验收维修", "accept repairs"),
    "claim.read": ("查看赔案", "read claims"),
    "claim.make": ("立案和办理赔案", "make and handle claims"),
    "claim.agree": ("对估损表示同意", "agree to estimates"),
    "claim.approve": ("核准赔款", "approve claim payments"),
    "claim.pay": ("支付赔款", "pay claims"),
    "claim.payee": ("指定赔案的收款人", "name whom a claim is paid to"),
    "cost.approve": ("核准公估费", "approve adjusters' fees"),
    "cost.pay": ("支付公估费", "pay adjusters"),
    "refund.pay": ("支付退费", "pay refunds"),
    "cash_call.issue": ("发出摊回赔款通知", "call cash"),
    "cash_call.receive": ("登记摊回到账", "book called cash as received"),
    "cash_call.fund": ("由首席补足", "fund what is missing"),
    "recovery.receive": ("登记追偿到账", "book recoveries"),
    "ledger.read": ("查看账目", "read the books"),
    "extract.read": ("查看报表", "read extracts"),
    "extract.ask": ("制作报表", "ask for extracts"),
    "statement.read": ("查看结算单", "read statements"),
    "statement.issue": ("签发结算单", "issue statements"),
    "statement.reply": ("答复成员的疑问", "answer members' queries"),
    "statement.answer": ("确认结算单或提出疑问", "agree to a statement or query it"),
    "statement.settle": ("登记结清", "settle statements"),
    "period.open": ("开立账期", "open a period"),
    "period.close": ("结账", "close a period"),
    "bank_account.read": ("查看收款账户", "read the accounts to be paid to"),
    "bank_account.propose": ("提出收款账户", "propose an account to be paid to"),
    "bank_account.confirm": ("确认收款账户", "confirm an account to be paid to"),
    "bank_account.reject": ("退回收款账户", "reject an account to be paid to"),
    "bank_report.read": ("查看银行流水", "read the bank's statements"),
    "bank_report.take": ("读入银行流水", "take in a bank's statement"),
    "bank_match.accept": ("核对到账", "match the bank's lines"),
    "bank_match.take_back": ("撤回核对", "take a match back"),
    "bank_month.sign": ("签署月度对账", "sign a month's reconciliation"),
    "receipt.hold": ("转入待认领收款", "set money to the unmatched receipts"),
    "receipt.place": ("认领收款", "place unmatched receipts"),
    "receipt.return": ("登记退回收款", "book unmatched receipts as returned"),
    "payment.read": ("查看付款批次", "read batches of payments"),
    "payment.prepare": ("编制付款批次", "prepare a batch of payments"),
    "payment.release": ("放行付款批次", "release a batch of payments"),
    "payment.reject": ("退回付款批次", "reject a batch of payments"),
    "payment.return": ("登记付款退回", "book payments as come back"),
    "payee.read": ("查看收款人", "read the payees"),
    "payee.add": ("登记收款人", "add payees"),
    "audit.read": ("查看操作日志", "read the log"),
    "calendar.set": ("维护工作日历", "set the calendar"),
    "account.manage": ("管理账号", "manage accounts"),
    "system.read": ("查看系统状况", "look at the system"),
    "job.retry": ("任务重新排队", "queue jobs again"),
}

#: Kinds of organisation.
ORGANISATIONS: Mapping[str, Pair] = {
    "bureau": ("主管单位", "bureau"),
    "insurer": ("保险公司", "insurer"),
    "community": ("小区", "community"),
    "repairer": ("维保单位", "repairer"),
    "platform": ("平台", "platform"),
}

#: Sides of a tender.
SIDES: Mapping[str, Pair] = {
    "bureau": ("招标人", "the bureau"),
    "custodian": ("密钥保管人", "the custodians"),
    "committee": ("评标委员会", "the committee"),
    "bidder": ("投标人", "the bidders"),
}

#: Kinds of recovery.
RECOVERIES: Mapping[str, Pair] = {
    "subrogation": ("代位追偿", "subrogation"),
    "salvage": ("残值", "salvage"),
}

_NOTHING: Pair = ("无，已办结", "nothing more")

Facts = Mapping[str, object]
Words = Callable[[str, Facts], Pair]


def _stage_of(kind: str) -> Words:
    def words(stage: str, facts: Facts) -> Pair:
        state = state_of(kind or str(facts.get("kind", "")), stage)
        return state.zh, state.en

    return words


def _verb_of(kind: str) -> Words:
    return lambda verb, facts: verb_words(kind or str(facts.get("kind", "")), verb)


def _of(table: Mapping[str, Pair]) -> Words:
    return lambda code, facts: table.get(code, (code, code))


def _role(code: str, facts: Facts) -> Pair:
    return role_words(code)


def _gap(gap: str, facts: Facts) -> Pair:
    """Return what shares lack, or have too much of, as a percentage; as a part of 1 where the points are not given."""
    points = facts.get("gap_bp")
    told = percent(points) if isinstance(points, int) else gap
    return told, told


def _with_code(words: Words) -> Words:
    """Return words that keep their code beside them: the reader is about to type it."""

    def both(code: str, facts: Facts) -> Pair:
        zh, en = words(code, facts)
        return f"{zh}（{code}）", en if en == code else f"{en} ({code})"

    return both


#: (code of the refusal, fact) -> how a code in that fact, or each of a list of them, reads.
CODED: Mapping[tuple[str, str], Words] = {
    ("stage_refuses", "kind"): lambda kind, facts: kind_words(kind),
    ("stage_refuses", "stage"): _stage_of(""),
    ("stage_refuses", "verb"): _verb_of(""),
    ("stage_refuses", "allowed"): _verb_of(""),
    ("resume_stage_unknown", "stage"): _stage_of("tender"),
    ("tender_in_other_stage", "stage"): _stage_of("tender"),
    ("tender_in_other_stage", "wanted"): _stage_of("tender"),
    ("offer_answered", "answer"): _stage_of("bid"),
    ("undersubscribed", "gap"): _gap,
    ("oversubscribed_floors", "gap"): _gap,
    ("statement_answer_unknown", "verb"): _verb_of("statement"),
    ("role_may_not", "role"): _role,
    ("role_may_not", "action"): _of(ASKED),
    ("role_not_for_organisation", "role"): _role,
    ("role_not_for_organisation", "kind"): _of(ORGANISATIONS),
    ("role_unknown", "roles"): _with_code(_role),
    ("organisation_kind_unknown", "kinds"): _with_code(_of(ORGANISATIONS)),
    ("recovery_kind_unknown", "kinds"): _with_code(_of(RECOVERIES)),
    ("other_side", "side"): _of(SIDES),
    ("run_off_open", "kinds"): lambda kind, facts: kind_words(kind),
}


def facts_in_words(code: str, facts: Facts, *, is_english: bool) -> dict[str, str]:
    """Return the facts of a refusal as people read them: codes in words, lists with their own comma, city time.

    >>> facts_in_words("offer_answered", {"answer": "declined"}, is_english=False)
    {'answer': '已放弃'}
    """
    return {name: _fact(code, name, facts, is_english) for name in facts}


def _fact(code: str, name: str, facts: Facts, is_english: bool) -> str:
    value, coded = facts[name], CODED.get((code, name))
    if name == "where":
        return place_words(str(value), is_english=is_english)
    if not isinstance(value, (list, tuple, set, frozenset)):
        return coded(str(value), facts)[is_english] if coded else _plain(value, is_english)
    comma = ", " if is_english else "、"
    if coded is None:
        return comma.join(_plain(one, is_english) for one in value)
    # Several codes may share their words, and are told once.
    return comma.join(dict.fromkeys(coded(str(one), facts)[is_english] for one in value)) or _NOTHING[is_english]


def _plain(value: object, is_english: bool) -> str:
    """Return a fact without words of its own; an instant in the city's time, to the minute where it is whole."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        local = value.astimezone(CITY)
        text = local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
        return f"{text} Beijing time" if is_english else f"北京时间 {text}"
    return str(value)
