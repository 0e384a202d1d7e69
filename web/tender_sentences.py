"""What a tender waits for, in one sentence that says by whom: the first thing on every page of it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from core import parties
from tender import agreements, awards, changes
from tender.models import Tender
from underwriting.models import Pool
from web.formats import instant, t
from web.shell import unit


def pool_of(tender: Tender) -> Pool | None:
    """Return the pool that a tender led to; None where it is not formed."""
    return unit().scalar(select(Pool).where(Pool.tender_id == tender.id))


def _awaits_signatures(tender: Tender) -> str:
    """Return whom an awarded tender waits for: the officer's paper, the members' signatures, the bureau's."""
    award = awards.award_of(unit(), tender)
    if agreements.refusals_of(unit(), award):
        return t(
            "有成员拒签协议，已退出。现在由经办不计该成员重新计算份额，再公示、决定中标。",
            "A member refused to sign and is out. The officer now makes the shares again for the others.",
        )
    if agreements.rendered(unit(), award) is None:
        return t(
            "已中标。现在由经办按中标数字生成共保协议，交各方签署。",
            "Awarded. The officer now makes the agreement from the awarded numbers, for all to sign.",
        )
    waiting = agreements.unsigned_members(unit(), award)
    if waiting:
        names = parties.names_of(unit(), waiting)
        return t(
            "协议已生成，等待成员签署：{names}。签齐后由审批人代表主管单位最后签署。",
            "The agreement is made. Still to sign: {names}; then the approver signs for the bureau.",
            names=t("、", ", ").join(names[one] for one in waiting),
        )
    return t(
        "各成员已签署协议。现在由审批人代表主管单位最后签署。",
        "Every member has signed the agreement. The approver now signs for the bureau.",
    )


def awaits_extension(tender: Tender) -> str:
    """Return whom a later deadline waits for, after the sentence of a tender that takes bids; "" where none does."""
    waiting = changes.waiting_extension(unit(), tender)
    if waiting is None:
        return ""
    return t(
        "经办已提出将截止时间延至 {at}，等待审批人确认；确认前截止时间不变。",
        " The officer proposes a deadline of {at}; it waits for the approver, and until then nothing moves.",
        at=instant(waiting.deadline_at),
    )


def _lifted_by(tender: Tender) -> str:
    """Return who may lift the halt under which a tender stands."""
    halt = changes.standing_halt(unit(), tender)
    if halt is None or halt.ordered_as == "supervisor":
        return t("由监督人员下令，只由监督人员恢复。", "The supervisor ordered it and alone resumes it.")
    return t(
        "由经办下令，由审批人或监督人员恢复。", "The officer ordered it; the approver or the supervisor resumes it."
    )


def reason_words(reason: str | None) -> str:
    """Return why a tender ended, in words where a rule ended it."""
    known = {
        "too_few_bids": t("投标人不足，投标从未开启。", "too few bids; they were never opened."),
        "too_few_readable": t("能够开启的投标不足。", "too few bids could be opened."),
        "too_few_qualified": t("合格投标不足。", "too few bids qualified."),
    }
    return known.get(reason or "", reason or "")


#: Stage, as people read it -> the sentence.
SENTENCES: dict[str, Callable[[Tender], str]] = {
    "draft": lambda _: t(
        "起草中。经办逐节填写；保管人登记公钥并演练成功后，由另一人审批。",
        "In draft. The officer fills in the sections; once the keys are rehearsed, another person approves.",
    ),
    "keyed": lambda _: t(
        "密钥已备，演练成功。现在由审批人（不是起草人）审批，公告随即定稿。",
        "The keys are ready and rehearsed. The approver, who is not the drafter, now fixes the notice.",
    ),
    "approved": lambda _: t(
        "已审批，公告已定稿。现在由经办发布。", "Approved; the notice is fixed. The officer now publishes it."
    ),
    "published": lambda tender: t(
        "招标中。投标人可以封存、替换或撤回投标，直到 {deadline}。截止前任何人都读不到投标，平台也不公布有几家。",
        "Open for bids. Bidders seal, replace or withdraw until {deadline}. Until then nobody can read a bid, and the "
        "platform does not say how many there are.",
        deadline=instant(tender.deadline_at),
    ),
    "closed": lambda _: t(
        "已截止，不再接收投标。现在由经办关闭投标箱，再由监督人员确认开标。",
        "Closed: no more bids are taken. The officer now closes the box, and the supervisor confirms the opening.",
    ),
    "suspended": lambda tender: t(
        "已暂停：{reason} 恢复前不接收投标，也不进行下一步。{by}",
        "Suspended: {reason} Until it is resumed nothing moves on. {by}",
        reason=tender.end_reason or "",
        by=_lifted_by(tender),
    ),
    "opening": lambda tender: (
        t(
            "投标箱已由经办关闭，等待监督人员确认开标。确认之前不收份额，也没有人能看到任何报价。",
            "The officer has closed the box; the supervisor has yet to confirm the opening. Until then no share is "
            "taken and nobody sees a price.",
        )
        if tender.opening_confirmed_at is None
        else t(
            "开标中。保管人交出份额{both}；够数后由经办一次开启全部投标，之前没有人能看到任何报价。",
            "Opening. The custodians give their shares{both}; then the officer opens all bids at once. Nobody sees a "
            "price before.",
            both=t("，投标人交出自己的钥匙", ", the bidders their own keys") if tender.lock == "both" else "",
        )
    ),
    "opened": lambda _: t(
        "已开标，开标记录已公布。现在由经办组成评标委员会，评委声明利害关系后由组长开始评标。",
        "Opened; the record is public. The officer seats the committee, its members declare, and the chair begins.",
    ),
    "evaluating": lambda _: t(
        "评标中。评委独立打分并锁定评分表；组长起草报告，全体签署后完成。",
        "Being evaluated. Members mark alone and lock their sheets; the chair draws the report up and all sign it.",
    ),
    "reported": lambda _: t(
        "评标报告已由全体评委签署。现在由经办按招标文件计算首席与份额，并发出邀约。",
        "All members have signed the report. The officer computes lead and shares as published, and offers them.",
    ),
    "allocated": lambda _: t(
        "份额已发出邀约。候选人的签署人接受或放弃；全部接受后由经办公示。",
        "Shares are offered. Each candidate's signatory accepts or declines; then the officer publicises the result.",
    ),
    "standstill": lambda tender: t(
        "公示中，至 {ends}。投标人可以提出异议；答复完毕、公示期满后由审批人决定中标。",
        "Publicised until {ends}. Bidders may object; once all is answered and the time is over the approver decides.",
        ends=instant(tender.publicity_ends_at),
    ),
    "awarded": _awaits_signatures,
    "contracted": lambda tender: (
        t("协议已签署，共保体已成立。", "The agreement is signed and the pool stands.")
        if pool_of(tender)
        else t(
            "各方已签署协议。现在由审批人按协议成立共保体。",
            "All have signed the agreement. The approver now forms the pool from it.",
        )
    ),
    "complete": lambda _: t("本次招标已完成。", "This tender is complete."),
    "failed": lambda tender: t("流标：{reason}", "Failed: {reason}", reason=reason_words(tender.end_reason)),
    "cancelled": lambda tender: t("已取消：{reason}", "Called off: {reason}", reason=tender.end_reason or ""),
    "annulled": lambda tender: t("已作废：{reason}", "Void: {reason}", reason=tender.end_reason or ""),
}
