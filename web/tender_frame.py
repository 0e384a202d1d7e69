"""What every page of one tender shows: where it stands, what can be done now and by whom, the pages beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import request, url_for
from sqlalchemy import select

from core.errors import NotFound
from core.permits import Actor, Role, may
from tender import awards
from tender.models import Tender
from tender.stages import ANNULLABLE, CANCELLABLE, SUSPENDABLE, shown_stage
from underwriting.models import Pool
from web.formats import instant, t
from web.shell import unit

#: Who reads a tender's inside before its result is public.
BUREAU = frozenset({Role.OFFICER, Role.APPROVER, Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR})
COMMITTEE = frozenset({Role.EXPERT, Role.CHAIR})
BIDDERS = frozenset({Role.BIDDER, Role.SIGNATORY})

#: The stages from which on the ranking and the shares are shown to everyone.
PUBLIC_RESULT = frozenset({"standstill", "awarded", "contracted", "complete"})
#: The stages in which the bureau and the committee have a report to look at.
HAS_REPORT = PUBLIC_RESULT | {"reported", "allocated"}

Step = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Now:
    """What a tender waits for: a sentence that says by whom, and what this reader can do, (words, address, kind)."""

    sentence: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """The head of every page of a tender."""

    tender: Tender
    actor: Actor
    stage: str
    now: Now
    tabs: list[tuple[str, str, bool]]
    walk: list[dict[str, object]]
    more: tuple[Step, ...] = field(default=())

    def may(self, action: str) -> bool:
        """Say whether the reader's role may ask for an action."""
        return may(self.actor, action)


def frame_of(tender: Tender, actor: Actor, at: datetime) -> Frame:
    """Return the frame of a tender's pages for a reader."""
    stage = shown_stage(tender.stage, tender.deadline_at, at)
    return Frame(
        tender,
        actor,
        stage,
        now_of(tender, stage, actor),
        _tabs(tender, actor),
        walk_of(tender, stage),
        _more(tender, actor),
    )


def _to(endpoint: str, tender: Tender) -> str:
    return url_for(endpoint, tender_id=tender.id)


def _act(tender: Tender, verb: str) -> str:
    return url_for(f"tender_steps.{verb}", tender_id=tender.id)


def now_of(tender: Tender, stage: str, actor: Actor) -> Now:
    """Return what a tender in this stage waits for, with the steps that this reader may take."""
    told = _SENTENCES.get(stage)
    sentence = told(tender) if told else ""
    allowed = tuple((words, href, kind) for action, words, href, kind in _steps(tender, stage) if may(actor, action))
    return Now(sentence, allowed)


_SENTENCES: dict[str, Callable[[Tender], str]] = {
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
        "已截止，不再接收投标。现在由经办关闭投标箱，开始收集钥匙。",
        "Closed: no more bids are taken. The officer now closes the box and begins to collect the keys.",
    ),
    "suspended": lambda tender: t(
        "已暂停：{reason} 恢复前不接收投标，也不进行下一步。",
        "Suspended: {reason} Until it is resumed nothing moves on.",
        reason=tender.end_reason or "",
    ),
    "opening": lambda tender: t(
        "开标中。保管人交出份额{both}；够数后由经办一次开启全部投标，之前没有人能看到任何报价。",
        "Opening. The custodians give their shares{both}; then the officer opens all bids at once. Nobody sees a price "
        "before.",
        both=t("，投标人交出自己的钥匙", ", the bidders their own keys") if tender.lock == "both" else "",
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
    "awarded": lambda tender: (
        t(
            "已中标，共保体已成立。各方签署协议后，由审批人登记。",
            "Awarded, and the pool is formed. Once all have signed the agreement the approver records it.",
        )
        if pool_of(tender)
        else t(
            "已中标。现在由审批人按中标数字成立共保体，各方签署协议。",
            "Awarded. The approver forms the pool with the awarded numbers, and all sign the agreement.",
        )
    ),
    "contracted": lambda _: t("协议已签署，共保体已成立。", "The agreement is signed and the pool stands."),
    "complete": lambda _: t("本次招标已完成。", "This tender is complete."),
    "failed": lambda tender: t("流标：{reason}", "Failed: {reason}", reason=reason_words(tender.end_reason)),
    "cancelled": lambda tender: t("已取消：{reason}", "Called off: {reason}", reason=tender.end_reason or ""),
    "annulled": lambda tender: t("已作废：{reason}", "Void: {reason}", reason=tender.end_reason or ""),
}


def reason_words(reason: str | None) -> str:
    """Return why a tender ended, in words where a rule ended it."""
    known = {
        "too_few_bids": t("投标人不足，投标从未开启。", "too few bids; they were never opened."),
        "too_few_readable": t("能够开启的投标不足。", "too few bids could be opened."),
        "too_few_qualified": t("合格投标不足。", "too few bids qualified."),
    }
    return known.get(reason or "", reason or "")


Offered = tuple[str, str, str, str]


def _steps(tender: Tender, stage: str) -> Sequence[Offered]:
    """Return what can be done in a stage: (action, words, address, kind), the main step first."""
    return {**_before_opening(tender), **_after_opening(tender)}.get(stage, ())


def _before_opening(tender: Tender) -> dict[str, Sequence[Offered]]:
    seal = ("bid.seal", t("办理投标", "Bid"), _to("bidding.one", tender), "primary")
    to_opening = ("tender.open", t("去开标", "To the opening"), _to("opening.one", tender), "primary")
    return {
        "draft": (
            ("tender.draft", t("继续起草", "Go on drafting"), _to("tender_draft.sections", tender), "primary"),
            ("tender.key", t("密钥仪式", "Key ceremony"), _to("ceremony.one", tender), ""),
            ("custody.prove", t("我的密钥", "My key"), _to("custody.mine", tender), "primary"),
        ),
        "keyed": (("tender.approve", t("审批", "Approve"), _act(tender, "approve"), "primary"),),
        "approved": (("tender.publish", t("发布公告", "Publish"), _act(tender, "publish"), "primary"),),
        "published": (seal, ("tender.amend", t("发布补遗", "Amend"), _to("tender_steps.amend", tender), "")),
        "closed": (to_opening, seal),
        "opening": (
            to_opening,
            ("custody.share", t("交出份额", "Give my shares"), _to("custody.mine", tender), "primary"),
            seal,
        ),
    }


def _after_opening(tender: Tender) -> dict[str, Sequence[Offered]]:
    desk, shares = _to("evaluation.desk", tender), _to("award.allocation", tender)
    return {
        "opened": (
            (
                "tender.publish",
                t("组成评标委员会", "Seat the committee"),
                _to("committee_desk.seats", tender),
                "primary",
            ),
            ("tender.score", t("声明并评标", "Declare and evaluate"), desk, "primary"),
        ),
        "evaluating": (("tender.score", t("去评标", "To my sheet"), desk, "primary"),),
        "reported": (("tender.allocate", t("计算份额", "Make the shares"), shares, "primary"),),
        "allocated": (
            ("bid.answer", t("答复邀约", "Answer the offer"), _to("bidding.one", tender), "primary"),
            ("tender.allocate", t("看答复", "See the answers"), shares, "primary"),
        ),
        "standstill": (
            ("tender.award", t("决定中标", "Decide the award"), _act(tender, "award"), "primary"),
            ("tender.allocate", t("异议与答复", "Objections"), _to("award.objections", tender), ""),
            ("bid.answer", t("提出异议", "Object"), _to("bid_answers.objection", tender), ""),
        ),
        "awarded": _after_award(tender) if tender.stage == "awarded" else (),
        "contracted": (("tender.contract", t("归档", "Complete"), _act(tender, "complete"), ""),),
    }


def _after_award(tender: Tender) -> Sequence[Offered]:
    """Return the steps of an awarded tender: the pool is formed once, then the agreement is signed."""
    sign = ("tender.contract", t("登记协议签署", "Record the signing"), _act(tender, "contract"))
    if pool_of(tender):
        return (("pool.read", t("共保协议", "The agreement"), _to("award.agreement", tender), ""), (*sign, "primary"))
    return (("pool.form", t("成立共保体", "Form the pool"), _to("award.form_pool", tender), "primary"), (*sign, ""))


def pool_of(tender: Tender) -> Pool | None:
    """Return the pool that was formed from a tender's award; None where it is not formed."""
    try:
        found = awards.award_of(unit(), tender)
    except NotFound:
        return None
    return unit().scalar(select(Pool).where(Pool.award_id == found.id))


def _more(tender: Tender, actor: Actor) -> tuple[Step, ...]:
    """Return the steps that take a tender aside or end it, each with a page of its own."""
    stage = tender.stage
    found: list[tuple[str, str, str]] = []
    if stage in ("keyed", "approved"):
        found.append(("tender.return", "give_back", t("退回起草", "Return to draft")))
    if stage in SUSPENDABLE:
        found.append(("tender.suspend", "suspend", t("暂停", "Suspend")))
    if stage == "suspended":
        found.append(("tender.suspend", "resume", t("恢复", "Resume")))
    if stage in CANCELLABLE:
        found.append(("tender.cancel", "cancel", t("取消招标", "Call off")))
    if stage in ("published", "opening", "opened", "evaluating", "reported", "allocated"):
        found.append(("tender.fail", "fail", t("宣布流标", "Declare it failed")))
    if stage in ANNULLABLE:
        found.append(("tender.annul", "annul", t("宣布无效", "Declare void")))
    return tuple((words, _act(tender, verb), "") for action, verb, words in found if may(actor, action))


def sees_inside(actor: Actor) -> bool:
    """Say whether a reader sees a tender's inside (ceremony, committee, report) before the result is public."""
    return actor.role in BUREAU


def sees_report(tender: Tender, actor: Actor) -> bool:
    """Say whether a reader may look at the ranking and the shares by now."""
    if tender.stage in PUBLIC_RESULT:
        return True
    return tender.stage in HAS_REPORT and (actor.role in BUREAU or actor.role in COMMITTEE)


def _tabs(tender: Tender, actor: Actor) -> list[tuple[str, str, bool]]:
    tabs = [(t("公告", "Notice"), _to("tenders.one", tender))]
    if sees_inside(actor):
        tabs.append((t("密钥", "Keys"), _to("ceremony.one", tender)))
    if tender.box_closed_at is not None:
        tabs.append((t("开标", "Opening"), _to("opening.one", tender)))
    if tender.opened_at is not None and (sees_inside(actor) or actor.role in COMMITTEE):
        tabs.append((t("评标", "Evaluation"), _to("committee_desk.overview", tender)))
    if sees_report(tender, actor):
        tabs.append((t("结果", "Result"), _to("award.result", tender)))
    return [(words, href, request.path == href) for words, href in tabs]


#: The walk of a tender as anyone may follow it: (stages that mean it is under way, words).
_WALK = (
    (("draft", "keyed", "approved"), "起草与审批", "Drafted and approved"),
    (("published",), "公告，接收投标", "Published, taking bids"),
    (("closed", "opening"), "截止，收集钥匙", "Closed, keys collected"),
    (("opened", "evaluating"), "开标，评标", "Opened, evaluated"),
    (("reported", "allocated"), "计算份额，邀约", "Shares made and offered"),
    (("standstill",), "公示", "Publicised"),
    (("awarded",), "中标", "Awarded"),
    (("contracted", "complete"), "签署协议", "Agreement signed"),
)


def walk_of(tender: Tender, stage: str) -> list[dict[str, object]]:
    """Return the walk of a tender as a parcel's: each step done, under way or still to come, with its instant."""
    reached = tender.stage_before if stage == "suspended" else stage
    here = next((place for place, (stages, _, _) in enumerate(_WALK) if reached in stages), None)
    when = (
        tender.approved_at,
        tender.published_at,
        tender.box_closed_at or (tender.deadline_at if tender.published_at else None),
        tender.opened_at,
        tender.reported_at,
        tender.publicity_from_at,
        None,
        tender.ended_at if stage == "complete" else None,
    )
    if here is None:
        here = max((place for place, at in enumerate(when) if at is not None and at != tender.deadline_at), default=0)
    return [
        {
            "label": t(zh, en),
            "at": when[place],
            "is_done": place < here or stage in ("contracted", "complete"),
            "is_current": place == here and stage not in ("contracted", "complete"),
        }
        for place, (_, zh, en) in enumerate(_WALK)
    ]
