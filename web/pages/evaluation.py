"""The committee's pages: declare, read the bids, mark one at a time beside the criteria, lock, sign."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core import parties
from core.errors import Finding, Forbidden, Invalid, NotFound, Refusal
from core.permits import Role
from tender import bids as tender_bids
from tender import committee, evaluations, opening, reports
from tender.drafting import criteria_of
from tender.models import Bid, Tender
from tender.outcome_models import CommitteeMember, OpenedBid
from web.draft_fields import points
from web.errors import field_errors
from web.formats import t
from web.forms import mark_of, may_show_again
from web.keeping import settings, store_in
from web.pages import MenuItem
from web.pages.tender_steps import Step, take
from web.pages.tenders import load, row_of
from web.ranking import ranking_of
from web.shell import actor, at, needs, unit
from web.tender_frame import COMMITTEE, frame_of

pages = Blueprint("evaluation", __name__)

MENU = [MenuItem(16, "评标", "Evaluation", "evaluation.index", frozenset({Role.EXPERT, Role.CHAIR}))]


@pages.get("/evaluation")
@needs("tender.score")
def index() -> ResponseReturnValue:
    """List the tenders on whose committee the reader sits, what is asked now first."""
    return render_template("evaluation/index.html", items=work_of())


def work_of() -> list[dict[str, Any]]:
    """Return the reader's committees as a work list."""
    query = (
        select(CommitteeMember, Tender)
        .join(Tender, Tender.id == CommitteeMember.tender_id)
        .where(CommitteeMember.person_id == actor().person_id)
        .order_by(Tender.deadline_at.desc())
    )
    items = []
    for seat, tender in unit().execute(query):
        asked = _asked(tender, seat)
        items.append(
            {
                **row_of(tender),
                "href": url_for("evaluation.desk", tender_id=tender.id),
                "note": " · ".join(part for part in (tender.number, asked) if part),
                "is_asked": bool(asked),
                "kind": "tender",
            }
        )
    return sorted(items, key=lambda item: not item["is_asked"])


def _asked(tender: Tender, seat: CommitteeMember) -> str:
    """Return what is asked of a member now, in words; empty for nothing."""
    if seat.replaced_at is not None:
        return ""
    if tender.stage == "opened":
        if seat.declared_at is None:
            return t("声明利害关系", "Declare your conflicts")
        return t("开始评标", "Begin the evaluation") if seat.is_chair else ""
    if tender.stage == "evaluating":
        if seat.locked_at is None:
            return t("打分并锁定评分表", "Mark, then lock your sheet")
        return t("签署评标报告", "Sign the report") if _unsigned(tender, seat) else ""
    return ""


def _unsigned(tender: Tender, seat: CommitteeMember) -> bool:
    try:
        report = reports.latest(unit(), tender)
    except NotFound:
        return False
    return seat.person_id not in {row.person_id for row in reports.signatures_of(unit(), report)}


def _seat(tender: Tender) -> CommitteeMember:
    return committee.own_seat(unit(), tender, by=actor())


@pages.get("/tenders/<uuid:tender_id>/evaluation/desk")
@needs("tender.score")
def desk(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show a member its desk: what is asked, the bids, how far its sheet is, the report to sign."""
    tender = load(tender_id)
    return _desk(tender)


def _desk(tender: Tender, refused: Refusal | None = None, field: str = "") -> ResponseReturnValue:
    session = unit()
    seat = _seat(tender)
    scored = sorted(evaluations.bids_of(session, tender, "qualified"), key=lambda bid: str(bid.id))
    criteria = criteria_of(session, tender)
    mine = {(mark.bid_id, mark.place) for mark in evaluations.marks_of(session, tender, seat.person_id)}
    names = parties.names_of(session, [bid.organisation_id for bid in scored])
    report = _report(tender)
    sheet = []
    for bid in scored:
        marked = sum((bid.id, item.place) in mine for item in criteria)
        sheet.append(
            {
                "label": names[bid.organisation_id],
                "href": url_for("evaluation.sheet", tender_id=tender.id, bid_id=bid.id),
                "stage": "done" if marked == len(criteria) else "started" if marked else "todo",
                "note": t("{a} / {b} 项已打分", "{a} of {b} marked", a=marked, b=len(criteria)),
            }
        )
    page = render_template(
        "evaluation/desk.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        seat=seat,
        sheet=sheet,
        is_whole=bool(sheet) and all(one["stage"] == "done" for one in sheet),
        bidders=[row["name"] for row in _bidders(tender)],
        ranking=ranking_of(session, report.document, is_named=True) if report else None,
        report=report,
        has_signed=report is not None and not _unsigned(tender, seat),
        steps=_chair_steps(tender, seat),
        values=request.form,
        errors=field_errors(refused, field) if refused is not None else {},
    )
    return page, refused.status if refused is not None else 200


def _report(tender: Tender) -> Any:
    """Return the report that stands for the bids as they are; None where there is none to look at."""
    try:
        return reports.latest(unit(), tender)
    except NotFound:
        return None


def _bidders(tender: Tender) -> list[dict[str, Any]]:
    if tender.opened_at is None:
        return []
    record = opening.record_of(unit(), tender)
    names = parties.names_of(unit(), [row.organisation_id for row in record])
    return [{"name": names[row.organisation_id], "id": row.organisation_id} for row in record]


def _chair_steps(tender: Tender, seat: CommitteeMember) -> list[tuple[str, str, str]]:
    """Return the chair's own steps: (words, address, kind)."""
    if not seat.is_chair or actor().role is not Role.CHAIR:
        return []

    def to(name: str) -> str:
        return url_for(f"committee_desk.{name}", tender_id=tender.id)

    if tender.stage == "opened":
        return [(t("开始评标", "Begin the evaluation"), to("start"), "primary")]
    if tender.stage == "evaluating":
        waiting = evaluations.bids_of(unit(), tender, "opened")
        if waiting:
            return [(t("资格审查", "Qualify the bids"), to("qualify"), "primary")]
        return [
            (t("起草评标报告", "Draw the report up"), to("draw_up"), "" if _report(tender) else "primary"),
            (t("否决投标", "Reject a bid"), to("reject"), ""),
            (t("评分表与复核", "Sheets and recount"), to("sheets"), ""),
        ]
    if tender.stage == "reported":
        return [(t("报告退回复核", "Take the report back"), to("reopen"), "")]
    return []


@pages.post("/tenders/<uuid:tender_id>/evaluation/declaration")
@needs("tender.declare")
def declare(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Declare a conflict, or that there is none."""
    tender = load(tender_id)
    conflict = request.form.get("conflict", "").strip()
    said = request.form.get("has_conflict")
    try:
        if said not in ("yes", "no") or (said == "yes" and not conflict):
            raise Invalid(
                "draft_wrong", findings=[Finding("draft_field_empty", "conflict" if said else "has_conflict")]
            )
        committee.declare(unit(), tender, conflict if said == "yes" else "", by=actor(), at=at())
    except Refusal as refusal:
        if isinstance(refusal, Forbidden):
            raise
        return _desk(tender, refusal, "has_conflict")
    if said == "yes":
        flash(t("已回避，由经办另行抽取。", "You have stepped back; another is drawn."), "wait")
        return redirect(url_for("evaluation.index"), 303)
    flash(t("已声明没有利害关系。", "Declared: no conflict."), "success")
    return redirect(url_for("evaluation.desk", tender_id=tender.id), 303)


def _scored(tender: Tender, bid_id: uuid.UUID) -> Bid:
    """Return a bid of this tender that a member may read; NotFound `bid_not_found`."""
    bid = tender_bids.get(unit(), bid_id, by=actor())
    if bid.tender_id != tender.id:
        raise NotFound("bid_not_found")
    return bid


@pages.route("/tenders/<uuid:tender_id>/evaluation/sheet/<uuid:bid_id>", methods=["GET", "POST"])
@needs("tender.score")
def sheet(tender_id: uuid.UUID, bid_id: uuid.UUID) -> ResponseReturnValue:
    """Show one bid beside the criteria and one's own marks of it, or save them."""
    tender = load(tender_id)
    seat, bid = _seat(tender), _scored(tender, bid_id)
    criteria = criteria_of(unit(), tender)
    scored = [one.id for one in sorted(evaluations.bids_of(unit(), tender, "qualified"), key=lambda one: str(one.id))]
    following = scored[scored.index(bid.id) + 1] if bid.id in scored and bid.id != scored[-1] else None
    errors: dict[str, str] = {}
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            _save(tender, bid, [item.place for item in criteria])
        except Refusal as refusal:
            if isinstance(refusal, Forbidden):
                raise
            may_show_again(refusal)
            refused, errors = refusal, _mark_errors(refusal, criteria)
        else:
            flash(t("已保存。", "Saved."), "success")
            if request.form.get("then") == "next" and following is not None:
                return redirect(url_for("evaluation.sheet", tender_id=tender.id, bid_id=following), 303)
            return redirect(url_for("evaluation.desk", tender_id=tender.id), 303)
    return _sheet_page(tender, seat, bid, errors, following), refused.status if refused else 200


def _mark_errors(refusal: Refusal, criteria: Any) -> dict[str, str]:
    """Return a refusal of marks beside the fields: a verb names the criterion, the form the field itself."""
    found = field_errors(refusal)
    return {
        next((f"mark_{item.place}" for item in criteria if where.endswith(f", {item.name}")), where): text
        for where, text in found.items()
    }


def _sheet_page(tender: Tender, seat: CommitteeMember, bid: Bid, errors: dict[str, str], following: Any) -> str:
    session = unit()
    saved = {
        mark.place: mark.mark_hundredths
        for mark in evaluations.marks_of(session, tender, seat.person_id)
        if mark.bid_id == bid.id
    }
    form = session.get_one(OpenedBid, bid.id)
    part = opening.part_of(session, bid)
    return render_template(
        "evaluation/sheet.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        seat=seat,
        bid=bid,
        name=parties.names_of(session, [bid.organisation_id])[bid.organisation_id],
        form=form,
        fields=[(name, value) for name, value in sorted(part.fields.items()) if isinstance(value, str)],
        files=[
            {
                "label": name,
                "href": url_for("evaluation.file", tender_id=tender.id, bid_id=bid.id, digest=file["digest"]),
                "kind": name.rpartition(".")[2].upper()[:6],
                "size": file["size"],
                "digest": file["digest"],
            }
            for name, file in part.files.items()
        ],
        criteria=[
            {
                "name": f"mark_{item.place}",
                "label": item.name,
                "hint": t(
                    "权重 {w}，0 至 {most}，间隔 {step}{kind}",
                    "weight {w}, 0 to {most} by {step}{kind}",
                    w=points(item.weight_hundredths),
                    most=points(item.mark_max_hundredths),
                    step=points(item.mark_step_hundredths),
                    kind=t("，客观项", ", objective") if item.is_objective else "",
                ),
            }
            for item in criteria_of(session, tender)
        ],
        values=request.form or {f"mark_{place}": points(value) for place, value in saved.items()},
        errors=errors,
        following=following,
        is_locked=seat.locked_at is not None or tender.stage != "evaluating" or bid.stage != "qualified",
    )


def _save(tender: Tender, bid: Bid, places: list[int]) -> None:
    """Save what was typed for one bid; an empty field is no mark yet."""
    found: list[Finding] = []
    marks: dict[tuple[uuid.UUID, int], int] = {}
    for place in places:
        typed = request.form.get(f"mark_{place}", "").strip()
        if not typed:
            continue
        try:
            marks[bid.id, place] = mark_of(typed, f"mark_{place}")
        except Invalid as refused:
            found += refused.findings
    if found:
        raise Invalid("marks_wrong", findings=found)
    evaluations.save_marks(unit(), tender, marks, by=actor(), at=at())


@pages.get("/tenders/<uuid:tender_id>/evaluation/bids/<uuid:bid_id>/files/<digest>")
@needs("bid.read")
def file(tender_id: uuid.UUID, bid_id: uuid.UUID, digest: str) -> ResponseReturnValue:
    """Return one document of an opened bid, as it was sealed."""
    tender = load(tender_id)
    if actor().role in COMMITTEE:
        _seat(tender)
    part = opening.part_of(unit(), _scored(tender, bid_id))
    for name, kept in part.files.items():
        if kept["digest"] == digest:
            body = store_in(settings()).open(digest)
            return send_file(body, mimetype="application/octet-stream", as_attachment=True, download_name=name)
    raise NotFound("file_not_found")


@pages.route("/tenders/<uuid:tender_id>/evaluation/lock", methods=["GET", "POST"])
@needs("tender.score")
def lock(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Lock one's sheet."""
    tender = load(tender_id)
    _seat(tender)
    step = Step(
        t(
            "现在锁定评分表。锁定后不能再改，除非组长写明理由重新打开。",
            "Lock your sheet now. After that it cannot change unless the chair reopens it for a reason.",
        ),
        t("锁定评分表", "Lock the sheet"),
        t("评分表已锁定。", "The sheet is locked."),
    )
    to = url_for("evaluation.desk", tender_id=tender.id)
    return take(tender, step, lambda _: evaluations.lock_sheet(unit(), tender, by=actor(), at=at()), to=to)


@pages.post("/tenders/<uuid:tender_id>/evaluation/signature")
@needs("report.sign")
def sign(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Sign the report, with a dissent in writing where there is one."""
    tender = load(tender_id)
    try:
        if request.form.get("sure") != "yes":
            raise Invalid("draft_wrong", findings=[Finding("sentence_unconfirmed", "sure")])
        digest, dissent = request.form.get("sha256", ""), request.form.get("dissent", "")
        reports.sign(unit(), tender, digest, dissent, by=actor(), at=at())
    except Refusal as refusal:
        if isinstance(refusal, Forbidden):
            raise
        return _desk(tender, refusal, "sure")
    flash(t("报告已签署。", "The report is signed."), "success")
    return redirect(url_for("evaluation.desk", tender_id=tender.id), 303)
