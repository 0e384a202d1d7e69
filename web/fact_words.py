"""The facts of an event of the log in words: what each is called and how its value reads.

The bytes that the log signs stand on the same page as they are; this is how a person reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.clock import CITY
from web import claim_topics
from web.bank_words import PAYEE_KINDS
from web.code_words import ORGANISATIONS, RECOVERIES, Pair
from web.documents import labels
from web.documents.extract_columns import LAYOUTS
from web.formats import money, number, percent, reason_name, role_name, t
from web.kinds import KINDS
from web.states import STATES

#: Fact -> (中文, English).
NAMES: Mapping[str, Pair] = {
    "acknowledge": ("登记响应", "acknowledged"),
    "acts": ("业务项数", "acts"),
    "added": ("新增天数", "days added"),
    "again": ("重来", "again"),
    "agreement_sha256": ("共保协议摘要", "SHA-256 of the agreement"),
    "algorithm": ("算法", "method"),
    "amount_fen": ("金额（元）", "amount (CNY)"),
    "answer": ("答复", "answer"),
    "apart": ("单项结算", "item on its own"),
    "arrive": ("登记到场", "arrived"),
    "award": ("中标决定", "award"),
    "award_sha256": ("中标决定摘要", "SHA-256 of the award"),
    "balance_fen": ("净额（元）", "balance (CNY)"),
    "bids": ("投标份数", "bids"),
    "bound": ("承保电梯", "lifts bound"),
    "buildings": ("楼栋数", "buildings"),
    "by_token": ("所用接口令牌", "token used"),
    "ceremony": ("第几次仪式", "ceremony"),
    "changed": ("改动", "changed"),
    "claim": ("赔案号", "claim"),
    "code": ("代码", "code"),
    "communities": ("小区数", "communities"),
    "confirmed": ("确认天数", "days confirmed"),
    "container_sha256": ("密文摘要", "SHA-256 of the envelope"),
    "count": ("数量", "count"),
    "deadline_at": ("截止时间", "deadline"),
    "due_at": ("办理期限", "due"),
    "due_on": ("付款期限", "due on"),
    "effective_on": ("生效日期", "effective on"),
    "ends_at": ("结束时间", "ends at"),
    "ends_on": ("止", "ends on"),
    "entry": ("分录", "entry"),
    "estimate_fen": ("估损（元）", "estimate (CNY)"),
    "estimated_at": ("估算时间", "estimated at"),
    "expected": ("应有", "expected"),
    "experts": ("专家人数", "experts"),
    "expires_at": ("失效时间", "expires"),
    "expires_on": ("止期", "expires on"),
    "failure": ("未能开启的原因", "why it could not be opened"),
    "fingerprint": ("公钥指纹", "fingerprint of the key"),
    "fingerprints": ("公钥指纹", "fingerprints of the keys"),
    "form": ("文件格式", "file format"),
    "found": ("查得", "found"),
    "from": ("自", "from"),
    "gross_fen": ("保费（含税，元）", "gross premium (CNY)"),
    "group": ("集团", "group"),
    "header_sha256": ("文件头摘要", "SHA-256 of the header"),
    "id": ("编号", "number"),
    "inception_on": ("起保日", "inception"),
    "is_active": ("可以登录", "may sign in"),
    "is_final": ("已结账", "closed"),
    "is_step_up": ("代担条款", "step-up clause"),
    "is_trapped": ("困人", "people trapped"),
    "is_upheld": ("异议成立", "upheld"),
    "is_workday": ("工作日", "working day"),
    "items": ("条数", "items"),
    "kept": ("保留天数", "days kept"),
    "key": ("密钥", "key"),
    "kind": ("类别", "kind"),
    "label": ("名称", "name"),
    "last_entry": ("最后一笔分录", "last entry"),
    "left": ("剩余", "left"),
    "left_fen": ("差额（元）", "difference (CNY)"),
    "lift": ("电梯", "lift"),
    "lifts": ("电梯台数", "lifts"),
    "lines": ("行数", "lines"),
    "lines_fen": ("各行合计（元）", "sum of the lines (CNY)"),
    "loss_fen": ("核定损失（元）", "loss allowed (CNY)"),
    "mandate": ("授权", "mandate"),
    "mark": ("评分", "mark"),
    "member": ("成员", "member"),
    "members": ("成员数", "members"),
    "movements_fen": ("明细合计（元）", "sum of the movements (CNY)"),
    "entries": ("分录数", "entries"),
    "batch": ("批次", "batch"),
    "instalment": ("第几次付款", "payment number"),
    "name": ("名称", "name"),
    "needed": ("所需", "needed"),
    "needs": ("决定权", "who decides"),
    "notice_sha256": ("招标文件摘要", "SHA-256 of the notice"),
    "line": ("项目", "line"),
    "number": ("编号", "number"),
    "on": ("记账日期", "booked on"),
    "organisation": ("单位", "organisation"),
    "others_mean": ("其他评委平均", "mean of the others"),
    "outcome": ("结果", "outcome"),
    "pays_on": ("付款日期", "paid on"),
    "paper": ("签署的文件", "paper that was signed"),
    "payable_fen": ("核定赔款（元）", "payable (CNY)"),
    "payee": ("收款人", "payee"),
    "payment": ("付款", "payment"),
    "period": ("账期", "period"),
    "person": ("人员", "person"),
    "place": ("序号", "place"),
    "policy": ("保单", "policy"),
    "pool": ("共保体", "pool"),
    "pool_id": ("共保体", "pool"),
    "proposal": ("提议", "proposal"),
    "qualified": ("资格通过", "qualified"),
    "read": ("读到行数", "rows read"),
    "reason": ("事由", "reason"),
    "recomputed_root": ("重算的树根", "root as worked out"),
    "record_sha256": ("开标记录摘要", "SHA-256 of the opening record"),
    "repairer": ("维保单位", "repairer"),
    "report_sha256": ("评标报告摘要", "SHA-256 of the report"),
    "restored_at": ("恢复时间", "restored at"),
    "role": ("身份", "role"),
    "row": ("行", "row"),
    "rows": ("行数", "rows"),
    "run": ("第几次", "run"),
    "run_sha256": ("计算摘要", "SHA-256 of the run"),
    "sha256": ("文件摘要（SHA-256）", "SHA-256"),
    "settled_apart": ("单项结算的项目", "settled on their own"),
    "share_bp": ("份额", "share"),
    "shares": ("份额", "shares"),
    "signature": ("签名", "signature"),
    "signed_root": ("签过的树根", "root as signed"),
    "size": ("条数", "size"),
    "source": ("来源", "source"),
    "stage": ("状态", "state"),
    "stands": ("成立", "stands"),
    "starts_on": ("起", "starts on"),
    "statement": ("结算单", "statement"),
    "status": ("正式或暂定", "official or provisional"),
    "stored": ("存档", "on file"),
    "supervisor": ("监督", "supervisor"),
    "taken": ("收到份数", "taken"),
    "tender": ("招标", "tender"),
    "terms_sha256": ("条款摘要", "SHA-256 of the terms"),
    "text_sha256": ("文字摘要", "SHA-256 of the text"),
    "threshold": ("开启所需人数", "needed to open"),
    "topic": ("须全体决定的事项", "matter for all"),
    "topics": ("须全体决定的事项", "matters for all"),
    "until_entry": ("截至分录", "after entry"),
    "until_on": ("截至", "up to"),
    "version": ("版本", "version"),
    "was": ("此前", "before"),
    "weights": ("权重", "weights"),
    "whole": ("整体", "whole"),
    "why": ("理由", "why"),
}

_TOPICS: Mapping[str, Pair] = {topic.value: pair for topic, pair in claim_topics.WORDS.items()}

_VALUES: Mapping[str, Mapping[str, Pair]] = {
    "topic": _TOPICS,
    "topics": _TOPICS,
    "line": labels.LINES,
    "settled_apart": labels.LINES,
    "kind": {**PAYEE_KINDS, **ORGANISATIONS, **RECOVERIES, **{kind: (one.zh, one.en) for kind, one in LAYOUTS.items()}},
    "form": {"xlsx": ("XLSX 工作簿", "XLSX workbook"), "csv": ("CSV 表格", "CSV table")},
    "needs": {"lead": ("首席单独决定", "the lead alone"), "all": ("全体成员同意", "all members")},
    "status": {"official": ("正式", "official"), "provisional": ("暂定", "provisional")},
    "source": {
        "pool": ("共保资金", "the pool"),
        "hotline": ("热线", "hotline"),
        "manager": ("物业", "property manager"),
        "resident": ("居民", "resident"),
        "repairer": ("维保单位", "repairer"),
    },
}


def fact_rows(object_kind: str, facts: Mapping[str, object]) -> list[dict[str, str]]:
    """Return the facts of an event about a kind of record as rows {name, value}, in the reader's language."""
    return [
        {"name": t(*NAMES.get(name, (name, name))), "value": _value(object_kind, name, value)}
        for name, value in sorted(facts.items())
    ]


def _value(kind: str, name: str, value: object) -> str:
    """Return one value in words; '' where there is none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return t("是", "yes") if value else t("否", "no")
    if isinstance(value, Mapping):
        return t("；", "; ").join(f"{row['name']} {row['value']}" for row in fact_rows(kind, value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return t("、", ", ").join(_value(kind, name, one) for one in value)
    if isinstance(value, int):
        return _figure(name, value)
    return _text(kind, name, str(value))


def _figure(name: str, value: int) -> str:
    if name.endswith("_fen"):
        return money(value)
    return percent(value) if name.endswith("_bp") else number(value)


def _text(kind: str, name: str, text: str) -> str:
    """Return a text or a code in words."""
    if name in ("stage", "outcome", "answer"):
        own = STATES.get(kind, {}) if name == "stage" else {}
        state = own.get(text) or STATES["bid"].get(text)
        return t(state.zh, state.en) if state else text
    if name == "role":
        return role_name(text)
    if name == "reason":
        return reason_name(text)
    if name == "kind" and text in KINDS:
        return t(*KINDS[text])
    if name.endswith("_at"):
        return _instant(text)
    return t(*_VALUES.get(name, {}).get(text, (text, text)))


def _instant(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    local = found.astimezone(CITY).strftime("%Y-%m-%d %H:%M")
    return t("{at} 北京时间", "{at} Beijing time", at=local)
