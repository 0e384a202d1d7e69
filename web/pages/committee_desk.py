"""Seating the committee, and the chair's steps: begin, qualify, reject, the report, recounts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core import parties
from core.clock import on
from core.errors import Invalid, NotFound, Refusal
from core.parties import Mandate, Organisation, Person, in_force
from core.permits import Role
from tender import committee, evaluations, opening, reports
from tender.models import Bid, Tender, TenderSide
from tender.outcome_models import OpenedBid
from web.errors import words
from web.formats import t
from web.forms import unanswered
from web.pages.tender_steps import Step, take
from web.pages.tenders import load
from web.ranking import ranking_of, reason_words
from web.seating import may_see, members_of, seats_for
from web.shell import actor, at, needs, unit
from web.tender_frame import COMMITTEE, frame_of

pages = Blueprint("committee_desk", __name__, url_prefix="/tenders/<uuid:tender_id>/committee")


def seats_of(tender: Tender) -> list[dict[str, Any]]:
    """Return the members of a committee as rows, with what each has done."""
    members, signed, _ = members_of(unit(), tender)
    names = parties.people_of(unit(), [seat.person_id for seat in members])
    return [
        {
            "id": str(seat.person_id),
            "name": names.get(seat.person_id, ""),
            "kind": t("组长", "chair")
            if seat.is_chair
            else t("专家", "expert")
            if seat.is_expert
            else t("代表", "member"),
            "declared": "error" if seat.replaced_at else "done" if seat.declared_at else "todo",
            "locked": "locked" if seat.replaced_at else "done" if seat.locked_at else "todo",
            "signed": "locked" if seat.replaced_at else "done" if seat.person_id in signed else "todo",
            "may_replace": seat.replaced_at is None and tender.stage in ("approved", "published", "opening", "opened"),
            "is_locked": seat.locked_at is not None and seat.replaced_at is None,
        }
        for seat in members
    ]


@pages.get("")
@needs("tender.read")
def overview(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show how far the evaluation is: the committee, the bids, the report once it is signed."""
    tender = load(tender_id)
    if not may_see(unit(), tender, by=actor()):
        if actor().role in COMMITTEE and tender.opened_at is not None:
            committee.own_seat(unit(), tender, by=actor())
        raise NotFound("tender_not_found")
    report = None
    if tender.reported_at is not None:
        report = reports.latest(unit(), tender)
    return render_template(
        "evaluation/overview.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        seats=seats_of(tender),
        bids=_bids(tender),
        report=report,
        ranking=ranking_of(unit(), report.document) if report is not None else None,
        signatures=_signatures(report) if report is not None else [],
    )


def _signatures(report: Any) -> list[dict[str, Any]]:
    rows = reports.signatures_of(unit(), report)
    query = select(Person.id, Person.name).where(Person.id.in_([row.person_id for row in rows]))
    names = {row.id: row.name for row in unit().execute(query)}
    return [{"name": names.get(row.person_id, ""), "signed_at": row.signed_at, "dissent": row.dissent} for row in rows]


def _bids(tender: Tender) -> list[dict[str, Any]]:
    """Return the opened bids with where each stands."""
    if tender.opened_at is None:
        return []
    query = select(Bid, OpenedBid).join(OpenedBid, OpenedBid.bid_id == Bid.id).where(Bid.tender_id == tender.id)
    found = unit().execute(query.order_by(OpenedBid.received_at, Bid.id)).all()
    names = parties.names_of(unit(), [bid.organisation_id for bid, _ in found])
    return [
        {
            "id": str(bid.id),
            "name": names[bid.organisation_id],
            "stage": bid.stage,
            "price_fen": opened.price_fen,
            "over": (opened.price_fen or 0) > tender.ceiling_fen,
            "why": " ".join(part for part in (reason_words(bid.rejected_for or ""), bid.reject_note or "") if part),
        }
        for bid, opened in found
    ]


@pages.route("/seats", methods=["GET", "POST"])
@needs("tender.appoint")
def seats(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Appoint members to the committee."""
    tender = load(tender_id)
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            chosen = seats_for(unit(), request.form.getlist("people"), on(at()))
            committee.appoint(unit(), tender, chosen, by=actor(), at=at())
        except Refusal as refusal:
            refused = refusal
        else:
            flash(
                t("评委已确定，名单在结果公布前保密。", "Seated; who they are stays secret until the result."),
                "success",
            )
            return redirect(url_for("committee_desk.seats", tender_id=tender.id), 303)
    page = render_template(
        "evaluation/seats.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        seats=seats_of(tender),
        choices=_choices(tender),
        values={"people": request.form.getlist("people"), "chair": request.form.get("chair", "")},
        refused=words(refused) if refused else "",
    )
    return page, refused.status if refused else 200


@pages.route("/seats/<uuid:person_id>/replacement", methods=["GET", "POST"])
@needs("tender.appoint")
def replacement(tender_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Take a member off the committee, for a reason."""
    tender = load(tender_id)
    step = Step(
        t(
            "撤换评委“{name}”。此人不再参加本次评标，请另行确定一名。",
            "Take {name} off the committee for good; another is then seated.",
            name=parties.people_of(unit(), [person_id]).get(person_id, ""),
        ),
        t("撤换", "Replace"),
        t("已撤换，请另行确定评委。", "Replaced; seat another."),
        "reason",
        t("理由", "Reason"),
        t("将记入日志", "it is recorded"),
        "textarea",
        is_danger=True,
    )
    to = url_for("committee_desk.seats", tender_id=tender.id)
    return take(
        tender, step, lambda reason: committee.replace(unit(), tender, person_id, reason, by=actor(), at=at()), to=to
    )


def _choices(tender: Tender) -> list[dict[str, str]]:
    """Return who may be seated: people with a mandate of expert or chair today who stand on no side of it yet."""
    seated = select(TenderSide.person_id).where(TenderSide.tender_id == tender.id)
    query = (
        select(Mandate, Person.name, Organisation.name)
        .join(Person, Person.id == Mandate.person_id)
        .join(Organisation, Organisation.id == Mandate.organisation_id)
        .where(Mandate.role.in_((Role.EXPERT.value, Role.CHAIR.value)), in_force(on(at())))
        .where(Mandate.person_id.not_in(seated))
        .order_by(Mandate.role, Mandate.id)
    )
    rows = unit().execute(query).all()
    tied = {one.where for one in committee.ties_of(unit(), tender, [row[0].person_id for row in rows], at=at())}
    return [
        {"id": str(mandate.person_id), "name": f"{name}（{whose}）", "role": mandate.role}
        for mandate, name, whose in rows
        if name not in tied
    ]


# The chair's steps


def _chaired(tender_id: uuid.UUID) -> Tender:
    """Return a tender whose committee the reader chairs; Forbidden `not_on_committee`, `not_in_the_chair`."""
    tender = load(tender_id)
    committee.chair_seat(unit(), tender, by=actor())
    return tender


def _desk(tender: Tender) -> str:
    return url_for("evaluation.desk", tender_id=tender.id)


@pages.route("/start", methods=["GET", "POST"])
@needs("tender.evaluate")
def start(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Begin the evaluation."""
    tender = _chaired(tender_id)
    step = Step(
        t("评标委员会已齐，全体已声明。现在开始评标。", "The committee is whole and all have declared. Begin now."),
        t("开始评标", "Begin the evaluation"),
        t("评标开始。请先做资格审查。", "Begun. Qualify the bids first."),
    )
    return take(
        tender, step, lambda _: committee.start_evaluation(unit(), tender, by=actor(), at=at()), to=_desk(tender)
    )


@pages.route("/qualify", methods=["GET", "POST"])
@needs("tender.evaluate")
def qualify(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Qualify the opened bids, rejecting those with a reason; one above the ceiling is rejected in any case."""
    tender = _chaired(tender_id)
    refused: Refusal | None = None
    waiting = evaluations.bids_of(unit(), tender, "opened")
    if request.method == "POST":
        rejections = {
            bid.id: evaluations.Rejection(request.form[f"reason_{bid.id}"], request.form.get(f"note_{bid.id}", ""))
            for bid in waiting
            if request.form.get(f"reason_{bid.id}")
        }
        try:
            evaluations.qualify(unit(), tender, rejections, by=actor(), at=at())
        except Refusal as refusal:
            refused = refusal
        else:
            flash(t("资格审查完成。", "The bids are qualified."), "success")
            return redirect(_desk(tender), 303)
    page = render_template(
        "evaluation/qualify.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        bids=[row for row in _bids(tender) if row["stage"] == "opened"],
        reasons=[(code, reason_words(code)) for code in sorted(evaluations.REASONS)],
        values=request.form,
        refused=words(refused) if refused else "",
    )
    return page, refused.status if refused else 200


@pages.route("/reject", methods=["GET", "POST"])
@needs("tender.evaluate")
def reject(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Reject one qualified bid before the report, with a reason."""
    tender = _chaired(tender_id)
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            bid = _chosen(tender, request.form.get("bid", ""))
            why = evaluations.Rejection(request.form.get("reason", ""), request.form.get("note", ""))
            evaluations.reject(unit(), bid, why, by=actor(), at=at())
        except Refusal as refusal:
            refused = refusal
        else:
            flash(t("已否决，其余投标重新计算。", "Rejected; the others are reckoned anew."), "success")
            return redirect(_desk(tender), 303)
    page = render_template(
        "evaluation/reject.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        bids=[(row["id"], row["name"]) for row in _bids(tender) if row["stage"] == "qualified"],
        reasons=[(code, reason_words(code)) for code in sorted(evaluations.REASONS)],
        values=request.form,
        errors=_empty(
            refused,
            {"bid": t("投标", "Bid"), "reason": t("理由", "Reason"), "note": t("说明", "In words")},
            ["bid", "reason"],
        ),
        refused=words(refused) if refused else "",
    )
    return page, refused.status if refused else 200


def _empty(refused: Refusal | None, labels: Mapping[str, str], picked: Sequence[str]) -> dict[str, str]:
    """Return what to say at the fields that were left empty, where the form was refused."""
    return unanswered(request.form, labels, picked=picked) if refused else {}


def _chosen(tender: Tender, bid_id: str) -> Bid:
    for bid in evaluations.bids_of(unit(), tender, "qualified"):
        if str(bid.id) == bid_id:
            return bid
    raise NotFound("bid_not_found")


@pages.route("/draw-up", methods=["GET", "POST"])
@needs("tender.report")
def draw_up(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Draw up the report for the members to sign."""
    tender = _chaired(tender_id)
    step = Step(
        t(
            "按锁定的评分表计算名次，起草评标报告，交全体评委签署。",
            "Reckon the ranking from the locked sheets and draw the report up for all to sign.",
        ),
        t("起草评标报告", "Draw the report up"),
        t("报告已起草，请全体评委签署。", "Drawn up; all members now sign it."),
    )
    return take(tender, step, lambda _: reports.draw_up(unit(), tender, by=actor(), at=at()), to=_desk(tender))


@pages.route("/reopen", methods=["GET", "POST"])
@needs("tender.report")
def reopen(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a completed report back for a recount."""
    tender = _chaired(tender_id)
    step = Step(
        t(
            "退回复核。报告作废，评分表可以写明理由后重新打开。",
            "Take the report back. It falls, and sheets can be reopened for a reason.",
        ),
        t("退回复核", "Take it back"),
        t("已退回复核。", "Taken back."),
        "reason",
        t("理由", "Reason"),
        t("将记入日志", "it is recorded"),
        "textarea",
        is_danger=True,
    )
    return take(
        tender, step, lambda reason: reports.reopen(unit(), tender, reason, by=actor(), at=at()), to=_desk(tender)
    )


@pages.route("/sheets", methods=["GET", "POST"])
@needs("tender.evaluate")
def sheets(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the chair whose sheets are locked and what in them asks for a second look; reopen one for a reason."""
    tender = _chaired(tender_id)
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            member = uuid.UUID(request.form.get("member", ""))
            evaluations.reopen_sheet(unit(), tender, member, request.form.get("reason", ""), by=actor(), at=at())
        except ValueError:
            refused = Invalid("seat_unknown")
        except Refusal as refusal:
            refused = refusal
        else:
            flash(t("评分表已重新打开。", "The sheet is open again."), "success")
            return redirect(url_for("committee_desk.sheets", tender_id=tender.id), 303)
    rows = seats_of(tender)
    is_locked = bool(rows) and all(row["is_locked"] or row["declared"] == "error" for row in rows)
    page = render_template(
        "evaluation/sheets.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        seats=rows,
        members=[(row["id"], row["name"]) for row in rows if row["is_locked"]],
        hints=_hints(tender) if is_locked else None,
        values=request.form,
        errors=_empty(refused, {"member": t("评委", "Member"), "reason": t("理由", "Reason")}, ["member"]),
        refused=words(refused) if refused else "",
    )
    return page, refused.status if refused else 200


def _hints(tender: Tender) -> list[dict[str, str]]:
    """Return what the locked sheets show for a second look, bids and people by name."""
    record = {str(row.bid_id): row.organisation_id for row in opening.record_of(unit(), tender)}
    names = parties.names_of(unit(), list(record.values()))
    people = {row["id"]: row["name"] for row in seats_of(tender)}
    rows = []
    for finding in evaluations.grounds_for_recount(unit(), tender):
        where = [
            names[record[part]] if part in record else people.get(part, part) for part in finding.where.split(", ")
        ]
        rows.append({"where": t("，", ", ").join(where), "what": words(finding)})
    return rows
