"""From the report to the award: shares made and offered, objections, the result with its working."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import parties
from core.errors import Finding, Invalid, NotFound, Refusal
from ledger.money import parse_fen
from tender import allocations, awards, reports
from tender.models import Tender
from tender.outcome_models import AllocationRun, Objection
from web.errors import field_errors, words
from web.formats import t
from web.forms import unanswered
from web.pages.tender_steps import Step, take
from web.pages.tenders import load
from web.ranking import allocation_rows, members_bar, ranking_of, share_steps
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of, sees_inside, sees_report

pages = Blueprint("award", __name__, url_prefix="/tenders/<uuid:tender_id>")


def _run(tender: Tender) -> AllocationRun | None:
    try:
        return allocations.last_run(unit(), tender)
    except NotFound:
        return None


def _names(run: AllocationRun) -> dict[str, str]:
    """Return the bidders' names by bid."""
    whose = {offer["bid"]: uuid.UUID(offer["organisation"]) for offer in run.inputs["offers"]}
    names = parties.names_of(unit(), list(whose.values()))
    return {bid: names[one] for bid, one in whose.items()}


@pages.get("/result")
@needs("tender.read")
def result(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the ranking, the lead and the shares with their working; to everyone from the publicity on."""
    tender = load(tender_id)
    if not sees_report(tender, actor()):
        raise NotFound("result_not_public")
    session = unit()
    report = reports.latest(session, tender)
    run = _run(tender) if tender.stage != "reported" else None
    award = None
    if tender.stage in ("awarded", "contracted", "complete"):
        award = awards.award_of(session, tender)
    return render_template(
        "tenders/result.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        report=report,
        ranking=ranking_of(session, report.document),
        run=run,
        rows=allocation_rows(session, run.inputs, run.outputs) if run else [],
        members=members_bar(session, run.outputs) if run else [],
        steps=share_steps(allocations.allocation_of(run.inputs), _names(run)) if run else [],
        award=award,
        objections=_objections(tender) if sees_inside(actor()) or award is not None else [],
    )


@pages.get("/result.json")
@needs("tender.read")
def result_json(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return report and allocation as data, from which anyone can reckon the award again."""
    tender = load(tender_id)
    if not sees_report(tender, actor()):
        raise NotFound("result_not_public")
    report, run = reports.latest(unit(), tender), _run(tender)
    answer: Response = jsonify(
        {
            "tender": str(tender.id),
            "number": tender.number,
            "notice_sha256": tender.notice_hash,
            "report": report.document,
            "report_sha256": report.digest,
            "allocation": {"inputs": run.inputs, "outputs": run.outputs, "sha256": run.digest} if run else None,
        }
    )
    answer.headers.set("Content-Disposition", "attachment", filename=f"{tender.number}-result.json")
    return answer


def _objections(tender: Tender) -> list[dict[str, Any]]:
    query = awards.objections_visible_to(actor()).where(Objection.tender_id == tender.id).order_by(Objection.id)
    rows = unit().scalars(query).all()
    names = parties.names_of(unit(), [row.organisation_id for row in rows])
    return [
        {
            "id": str(row.id),
            "name": names.get(row.organisation_id, ""),
            "filed_at": row.filed_at,
            "text": row.text,
            "answer": row.answer,
            "answered_at": row.answered_at,
            "upheld": {True: t("成立", "upheld"), False: t("不成立", "dismissed")}.get(row.is_upheld, ""),  # type: ignore[arg-type]
            "is_open": row.answered_at is None,
        }
        for row in rows
    ]


# Shares


@pages.route("/allocation", methods=["GET", "POST"])
@needs("tender.allocate")
def allocation(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Make the shares from the signed report, or see how they stand and what was answered."""
    tender = load(tender_id)
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            allocations.allocate(unit(), tender, _standings(tender), by=actor(), at=at())
        except Refusal as refusal:
            refused = refusal
        else:
            flash(t("份额已计算，邀约已发出。", "The shares are made and offered."), "success")
            return redirect(url_for("award.allocation", tender_id=tender.id), 303)
    session = unit()
    run = _run(tender)
    offers = allocations.offers_of(session, run) if run else []
    names = parties.names_of(session, [row.organisation_id for row in offers])
    errors = field_errors(refused) if isinstance(refused, Invalid) and refused.findings else {}
    page = render_template(
        "tenders/allocation.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        run=run,
        rows=allocation_rows(session, run.inputs, run.outputs) if run else [],
        members=members_bar(session, run.outputs) if run else [],
        steps=share_steps(allocations.allocation_of(run.inputs), _names(run)) if run else [],
        offers=[_offer_row(row, names[row.organisation_id]) for row in offers],
        bidders=_ranked(tender),
        is_answered=bool(offers) and all(row.answer == "accepted" for row in offers),
        is_declined=any(row.answer in ("declined", "lapsed") for row in offers),
        is_silent=any(row.answer is None and at() >= row.answer_due_at for row in offers),
        values=request.form,
        errors=errors,
        refused=words(refused) if refused and not errors else "",
    )
    return page, refused.status if refused else 200


def _offer_row(row: Any, name: str) -> dict[str, Any]:
    stage = {"accepted": "accepted", "declined": "declined", "lapsed": "declined"}.get(row.answer or "", "offered")
    return {
        "name": name,
        "share_bp": row.share_bp,
        "role": t("首席", "lead") if row.is_lead else t("成员", "member"),
        "due_at": row.answer_due_at,
        "stage": stage,
        "answered_at": row.answered_at,
    }


def _ranked(tender: Tender) -> list[dict[str, str]]:
    """Return the ranked bids, best first, with their bidders: for what is known of each beside its bid."""
    try:
        report = reports.latest(unit(), tender)
    except NotFound:
        return []
    return [{"bid": row["bid"], "name": row["name"]} for row in ranking_of(unit(), report.document).rows]


def _standings(tender: Tender) -> dict[uuid.UUID, allocations.Standing]:
    """Return what the officer gives of bidders' capital; a bidder whose capital is left empty keeps no legal cap."""
    found: list[Finding] = []
    standings = {}
    for row in _ranked(tender):
        amounts: dict[str, int] = {}
        for name in ("capital", "reinsured", "premium"):
            typed = request.form.get(f"{name}_{row['bid']}", "").strip()
            if not typed:
                continue
            try:
                amounts[name] = parse_fen(typed)
            except Invalid as refused:
                found.append(Finding(refused.code, f"{name}_{row['bid']}", dict(refused.facts)))
        meets = request.form.get(f"unfit_{row['bid']}") != "yes"
        if "capital" in amounts or not meets:
            standings[uuid.UUID(row["bid"])] = allocations.Standing(
                amounts.get("capital"), amounts.get("reinsured", 0), amounts.get("premium", 0), meets
            )
    if found:
        raise Invalid("draft_wrong", findings=found)
    return standings


@pages.post("/allocation/close")
@needs("tender.allocate")
def close_answers(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Record as declined what was not answered in time."""
    tender = load(tender_id)
    count = allocations.close_answers(unit(), tender, by=actor(), at=at())
    flash(t("{n} 家逾期未答复，记为放弃。", "{n} did not answer in time and are taken to decline.", n=count), "wait")
    return redirect(url_for("award.allocation", tender_id=tender.id), 303)


@pages.route("/publicise", methods=["GET", "POST"])
@needs("tender.allocate")
def publicise(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the candidates to everyone."""
    tender = load(tender_id)
    step = Step(
        t(
            "现在公示候选人、名次、份额和计算过程，开始接受异议。",
            "Publish candidates, ranking, shares and working now; objections are open.",
        ),
        t("开始公示", "Begin the publicity"),
        t("公示开始。", "The publicity has begun."),
    )
    to = url_for("award.result", tender_id=tender.id)
    return take(tender, step, lambda _: awards.publicise(unit(), tender, by=actor(), at=at()), to=to)


@pages.route("/objections", methods=["GET", "POST"])
@needs("tender.answer")
def objections(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Answer the objections to a publicised result."""
    tender = load(tender_id)
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            _answer(tender)
        except Refusal as refusal:
            refused = refusal
        else:
            flash(t("异议已答复。", "The objection is answered."), "success")
            return redirect(url_for("award.objections", tender_id=tender.id), 303)
    page = render_template(
        "tenders/objections.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        rows=_objections(tender),
        values=request.form,
        errors=_unanswered() if refused else {},
        refused=words(refused) if refused else "",
    )
    return page, refused.status if refused else 200


def _unanswered() -> dict[str, str]:
    return unanswered(request.form, {"answer": t("答复", "Answer"), "upheld": t("结论", "Outcome")}, picked=["upheld"])


def _answer(tender: Tender) -> None:
    chosen = request.form.get("objection", "")
    query = awards.objections_visible_to(actor()).where(Objection.tender_id == tender.id)
    row = next((one for one in unit().scalars(query) if str(one.id) == chosen), None)
    if row is None or request.form.get("upheld") not in ("yes", "no"):
        raise Invalid("objection_empty")
    is_upheld = request.form["upheld"] == "yes"
    awards.answer_objection(unit(), row, request.form.get("answer", ""), is_upheld=is_upheld, by=actor(), at=at())
