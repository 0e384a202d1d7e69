"""The steps of a tender that need a decision, each on its own page that says in a sentence what will happen."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Forbidden, Invalid, Refusal
from tender import awards, changes, tenders
from tender.change_models import Extension
from tender.models import Amendment, Tender
from web.draft_fields import DraftField, read_value
from web.errors import field_errors, words
from web.formats import instant, t
from web.forms import may_show_again, unanswered
from web.pages.tenders import load
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of

pages = Blueprint("tender_steps", __name__, url_prefix="/tenders/<uuid:tender_id>")


@dataclass(frozen=True, slots=True)
class Step:
    """One step as its page asks for it: the sentence, the button, what it says when done, one field to fill in.

    `carried` goes with the form unseen: what the reader was shown when deciding. `paper` is what to read before, as
    (words, address).
    """

    sentence: str
    label: str
    done: str
    field: str = ""
    field_label: str = ""
    hint: str = ""
    kind: str = "text"
    is_danger: bool = False
    carried: Mapping[str, str] = dataclasses.field(default_factory=dict)
    paper: tuple[str, str] = ("", "")


def take(
    tender: Tender, step: Step, work: Callable[[str], object], *, to: str = "", findings_of: Refusal | None = None
) -> ResponseReturnValue:
    """Show a step's page, or do the step where it was confirmed and go on; what refuses is told on the page."""
    errors: dict[str, str] = {}
    refused = findings_of
    value = request.form.get(step.field, "") if step.field else ""
    if request.method == "POST":
        try:
            work(value)
        except (Invalid, Conflict, Forbidden) as refusal:
            may_show_again(refusal)
            refused = refusal
            errors = {step.field: words(refusal)} if step.field and not _findings(refusal) else {}
        else:
            flash(step.done, "success")
            return redirect(to or url_for("tenders.one", tender_id=tender.id), 303)
    page = render_template(
        "tenders/confirm.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        step=step,
        values={step.field: value},
        errors=errors,
        refused=words(refused) if refused is not None and not errors else "",
        findings=_findings(refused),
    )
    return page, refused.status if refused is not None and request.method == "POST" else 200


def _findings(refusal: Refusal | None) -> list[dict[str, str]]:
    """Return a refusal's findings as rows: what is wrong, with the article it follows from."""
    if not isinstance(refusal, Invalid):
        return []
    return [
        {"where": finding.where, "what": words(finding), "article": str(finding.facts.get("article", ""))}
        for finding in refusal.findings
    ]


@pages.route("/approve", methods=["GET", "POST"])
@needs("tender.approve")
def approve(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Approve a tender: its notice is fixed."""
    tender = load(tender_id)
    step = Step(
        t(
            "现在审批“{title}”。公告随即定稿，投标将按它的摘要密封；发布前仍可退回起草。",
            "Approve “{title}” now. Its notice is fixed, and bids will be sealed to its hash; it can still be returned "
            "before it is published.",
            title=tender.title,
        ),
        t("审批通过", "Approve"),
        t("已审批，公告定稿。", "Approved; the notice is fixed."),
    )
    return take(tender, step, lambda _: tenders.approve(unit(), tender, by=actor(), at=at()))


@pages.route("/return", methods=["GET", "POST"])
@needs("tender.return")
def give_back(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a tender back to draft."""
    tender = load(tender_id)
    step = Step(
        t("退回起草。审批作废，修改后须重新演练和审批。", "Return to draft. Rehearsal and approval are due again."),
        t("退回起草", "Return to draft"),
        t("已退回起草。", "Returned to draft."),
        is_danger=True,
    )
    return take(tender, step, lambda _: tenders.return_to_draft(unit(), tender, by=actor(), at=at()))


@pages.route("/publish", methods=["GET", "POST"])
@needs("tender.publish")
def publish(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Publish an approved tender."""
    tender = load(tender_id)
    step = Step(
        t(
            "现在发布公告，开始接收投标，直到 {deadline}。发布后条款不能修改，只能发布补遗。",
            "Publish now; bids are taken until {deadline}. After that nothing changes but by amendment.",
            deadline=instant(tender.deadline_at),
        ),
        t("发布公告", "Publish the notice"),
        t("公告已发布，开始接收投标。", "Published; bids are taken from now on."),
        "medium",
        t("公告所在媒介", "Where the notice is published"),
        t("例如 示例市公共资源交易网", "the designated medium"),
    )
    return take(tender, step, lambda medium: tenders.publish(unit(), tender, medium=medium, by=actor(), at=at()))


@pages.route("/suspend", methods=["GET", "POST"])
@needs("tender.suspend")
def suspend(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Suspend a tender."""
    tender = load(tender_id)
    step = Step(
        t(
            "暂停后不接收投标，期限停止计算；恢复时顺延。",
            "While suspended nothing moves, and its time runs no further.",
        ),
        t("暂停招标", "Suspend"),
        t("已暂停。", "Suspended."),
        *_reason(),
        is_danger=True,
    )
    return take(tender, step, lambda reason: changes.suspend(unit(), tender, reason, by=actor(), at=at()))


def _reason() -> tuple[str, str, str, str]:
    return "reason", t("理由", "Reason"), t("将记入日志并公布", "it is recorded and published"), "textarea"


@pages.route("/resume", methods=["GET", "POST"])
@needs("tender.resume")
def resume(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Resume a suspended tender."""
    tender = load(tender_id)
    step = Step(
        t(
            "恢复到暂停前的阶段；未到的期限恰按暂停时长顺延。监督人员下令的暂停只由监督人员解除，其余由下令者以外的人解除。",
            "Back to where it was; what time was left is left again, exactly. What the supervisor halted only the "
            "supervisor resumes, anything else another person than who halted it.",
        ),
        t("恢复招标", "Resume"),
        t("已恢复。", "Resumed."),
        *_reason(),
    )
    return take(tender, step, lambda reason: changes.resume(unit(), tender, reason, by=actor(), at=at()))


@pages.route("/cancel", methods=["GET", "POST"])
@needs("tender.cancel")
def cancel(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Call a tender off."""
    tender = load(tender_id)
    step = Step(
        t(
            "取消招标。已收到的投标永不开启，不能恢复。",
            "Call the tender off. Its bids are never opened. This is final.",
        ),
        t("取消招标", "Call off"),
        t("已取消。", "Called off."),
        *_reason(),
        is_danger=True,
    )
    return take(tender, step, lambda reason: tenders.cancel(unit(), tender, reason, by=actor(), at=at()))


@pages.route("/annul", methods=["GET", "POST"])
@needs("tender.annul")
def annul(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Declare a tender void."""
    tender = load(tender_id)
    step = Step(
        t("宣布本次招标无效，不能恢复。", "Declare this tender void. This is final."),
        t("宣布无效", "Declare void"),
        t("已宣布无效。", "Declared void."),
        *_reason(),
        is_danger=True,
    )
    return take(tender, step, lambda reason: tenders.annul(unit(), tender, reason, by=actor(), at=at()))


@pages.route("/fail", methods=["GET", "POST"])
@needs("tender.fail")
def fail(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Declare a tender failed."""
    tender = load(tender_id)
    step = Step(
        t(
            "宣布流标，本次招标不产生中标人，不能恢复。",
            "Declare the tender failed: no award comes of it. This is final.",
        ),
        t("宣布流标", "Declare it failed"),
        t("已宣布流标。", "Declared failed."),
        *_reason(),
        is_danger=True,
    )
    return take(tender, step, lambda reason: tenders.fail(unit(), tender, reason, by=actor(), at=at()))


@pages.route("/amend", methods=["GET", "POST"])
@needs("tender.amend")
def amend(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Publish an amendment, which may move the deadline."""
    tender = load(tender_id)
    values = request.form or {"affects_bids": "yes"}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            row = _amend(tender)
        except (Invalid, Conflict) as refusal:
            field = {"deadline_earlier": "deadline_at", "tender_reason_missing": "reason"}.get(refusal.code, "text")
            labels = {"text": t("内容", "What changes"), "reason": t("理由", "Reason")}
            errors = {**unanswered(request.form, labels), **field_errors(refusal, field, "deadline_at")}
        else:
            flash(_said(row), "success")
            return redirect(url_for("tenders.one", tender_id=tender.id), 303)
    page = render_template(
        "tenders/amend.html", frame=frame_of(tender, actor(), at()), tender=tender, values=values, errors=errors
    )
    return page, 422 if errors else 200


def _said(row: Amendment | Extension) -> str:
    if isinstance(row, Extension):
        return t(
            "已提出将截止时间延至 {at}，由审批人（另一人）确认后发布。",
            "A deadline of {at} is proposed; it is published once the approver, another person, confirms it.",
            at=instant(row.deadline_at),
        )
    return t("补遗 {number} 已发布，截止时间不变。", "Amendment {number} is out.", number=row.number)


def _amend(tender: Tender) -> Amendment | Extension:
    moved = read_value(
        DraftField("deadline_at", "", "", "minute", is_optional=True), request.form.get("deadline_at", "")
    )
    return changes.amend(
        unit(),
        tender,
        request.form.get("text", ""),
        request.form.get("reason", ""),
        affects_bids=request.form.get("affects_bids") == "yes",
        deadline_at=moved,
        by=actor(),
        at=at(),
    )


@pages.route("/extension", methods=["GET", "POST"])
@needs("tender.extend")
def extension(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Confirm or refuse a later deadline, as another person than who proposed it."""
    tender = load(tender_id)
    waiting = changes.waiting_extension(unit(), tender)
    errors: dict[str, str] = {}
    refused = ""
    if request.method == "POST":
        answer = request.form.get("answer")
        if answer not in ("confirm", "refuse"):
            raise Invalid("sentence_unconfirmed")
        is_confirmed = answer == "confirm"
        reason = request.form.get("reason", "")
        try:
            changes.answer_extension(unit(), tender, reason, is_confirmed=is_confirmed, by=actor(), at=at())
        except (Invalid, Conflict, Forbidden) as refusal:
            may_show_again(refusal)
            errors = field_errors(refusal, "reason") if refusal.code == "tender_reason_missing" else {}
            refused = "" if errors else words(refusal)
        else:
            done = t("补遗已发布，截止时间已顺延。", "The amendment is out and the deadline moved.")
            flash(done if is_confirmed else t("已退回，截止时间不变。", "Refused; the deadline stays."), "success")
            return redirect(url_for("tenders.one", tender_id=tender.id), 303)
    page = render_template(
        "tenders/extension.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        waiting=waiting,
        errors=errors,
        refused=refused,
        values=request.form,
    )
    return page, 422 if errors else 409 if refused else 200


@pages.route("/award", methods=["GET", "POST"])
@needs("tender.award")
def award(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Decide the award."""
    tender = load(tender_id)
    step = Step(
        t(
            "按公示的首席与份额决定中标。决定连同份额、价格和条款一起固定，不能修改。",
            "Decide the award as it was publicised. Shares, price and terms are fixed under one hash and never change.",
        ),
        t("决定中标", "Decide the award"),
        t("已决定中标，通知各成员。", "Awarded; the members are notified."),
    )
    to = url_for("award.result", tender_id=tender.id)
    return take(tender, step, lambda _: awards.award(unit(), tender, by=actor(), at=at()), to=to)


@pages.route("/complete", methods=["GET", "POST"])
@needs("tender.contract")
def complete(tender_id: uuid.UUID) -> ResponseReturnValue:
    """End a tender whose agreement is in force."""
    tender = load(tender_id)
    step = Step(
        t("归档本次招标。记录全部保留。", "Complete this tender. All its records stay."),
        t("归档", "Complete"),
        t("已归档。", "Complete."),
    )
    return take(tender, step, lambda _: awards.complete(unit(), tender, by=actor(), at=at()))
