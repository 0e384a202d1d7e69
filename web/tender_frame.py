"""What every page of one tender shows: where it stands, what can be done now and by whom, the pages beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import request, url_for

from core.permits import Actor, Role, may
from tender import agreements, awards, changes, reports
from tender.models import Tender
from tender.stages import ANNULLABLE, CANCELLABLE, SUSPENDABLE, shown_stage
from web.formats import t
from web.shell import unit
from web.tender_sentences import SENTENCES, awaits_extension, pool_of

#: Who reads a tender's inside before its result is public.
BUREAU = frozenset({Role.OFFICER, Role.APPROVER, Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR})
COMMITTEE = frozenset({Role.EXPERT, Role.CHAIR})

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

    def beside(self, path: str) -> list[Step]:
        """Return the steps but the one whose page, or a page below it, is open already."""
        return [step for step in self.steps if path != step[1] and not path.startswith(f"{step[1]}/")]


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
    told = SENTENCES.get(stage)
    sentence = told(tender) if told else ""
    if stage == "published" and sees_inside(actor):
        sentence += awaits_extension(tender)
    allowed = tuple((words, href, kind) for action, words, href, kind in _steps(tender, stage) if may(actor, action))
    return Now(sentence, allowed)


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
        "published": (
            *_extension(tender),
            seal,
            ("tender.amend", t("发布补遗", "Amend"), _to("tender_steps.amend", tender), ""),
        ),
        "closed": (("opening.start", *to_opening[1:]), seal),
        "opening": (
            ("opening.confirm", t("确认开标", "Confirm the opening"), _to("opening.confirm", tender), "primary"),
        )
        if tender.opening_confirmed_at is None
        else (
            to_opening,
            ("custody.share", t("交出份额", "Give my shares"), _to("custody.mine", tender), "primary"),
            seal,
        ),
    }


def _extension(tender: Tender) -> Sequence[Offered]:
    """Return the step of the second person where a later deadline waits for it."""
    if tender.stage != "published" or changes.waiting_extension(unit(), tender) is None:
        return ()
    return (
        ("tender.extend", t("确认截止时间顺延", "Confirm the later deadline"), _act(tender, "extension"), "primary"),
    )


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
        "contracted": _after_signing(tender) if tender.stage == "contracted" else (),
    }


def _after_award(tender: Tender) -> Sequence[Offered]:
    """Return the steps of an awarded tender: the agreement made, signed by the members, last by the bureau."""
    award, page = awards.award_of(unit(), tender), _to("agreement.one", tender)
    if agreements.refusals_of(unit(), award):
        shares = _to("award.allocation", tender)
        return (("tender.allocate", t("重新计算份额", "Make the shares again"), shares, "primary"),)
    if agreements.rendered(unit(), award) is None:
        return (("agreement.render", t("生成协议", "Make the agreement"), _to("agreement.render", tender), "primary"),)
    if agreements.unsigned_members(unit(), award):
        return (
            ("agreement.sign", t("去签署协议", "To the agreement"), page, "primary"),
            ("tender.allocate", t("看签署进度", "See who has signed"), page, ""),
            ("tender.contract", t("看签署进度", "See who has signed"), page, ""),
        )
    return (
        ("tender.contract", t("代表主管单位签署", "Sign for the bureau"), _to("agreement.contract", tender), "primary"),
        ("agreement.sign", t("共保协议", "The agreement"), page, ""),
    )


def _after_signing(tender: Tender) -> Sequence[Offered]:
    """Return the steps of a contracted tender: the pool is formed once, then all is filed."""
    if pool_of(tender) is None:
        return (("pool.form", t("成立共保体", "Form the pool"), _to("agreement.form_pool", tender), "primary"),)
    return (
        ("pool.read", t("共保协议", "The agreement"), _to("agreement.one", tender), ""),
        ("tender.contract", t("归档", "Complete"), _act(tender, "complete"), "primary"),
    )


def _more(tender: Tender, actor: Actor) -> tuple[Step, ...]:
    """Return the steps that take a tender aside or end it, each with a page of its own."""
    stage = tender.stage
    found: list[tuple[str, str, str]] = []
    if stage in ("keyed", "approved"):
        found.append(("tender.return", "give_back", t("退回起草", "Return to draft")))
    if stage in SUSPENDABLE:
        found.append(("tender.suspend", "suspend", t("暂停", "Suspend")))
    if stage == "suspended" and changes.may_resume(unit(), tender, actor):
        found.append(("tender.resume", "resume", t("恢复", "Resume")))
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
    return tender.stage in HAS_REPORT and reports.may_read(unit(), tender, by=actor)


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
    if tender.stage in ("awarded", "contracted", "complete"):
        tabs.append((t("协议", "Agreement"), _to("agreement.one", tender)))
    return [(words, href, request.path == href) for words, href in tabs]


#: The walk of a tender as anyone may follow it: (stages that mean it is under way, words).
_WALK = (
    (("draft", "keyed", "approved"), "起草与审批", "Drafted and approved"),
    (("published",), "公告，招标中", "Published, taking bids"),
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
