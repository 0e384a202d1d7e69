"""Tenders as everyone sees them: the list, one tender with all it published, its notice and its sealing terms."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, or_

from core import parties
from core.errors import NotFound
from core.permits import Role
from tender import changes, tenders
from tender.drafting import criteria_of, custodians_of
from tender.models import Tender
from tender.stages import shown_stage
from web.draft_fields import points
from web.formats import t
from web.history import history
from web.listing import Asked, contains, csv_link, csv_of, listed, sort_asked, wants_csv
from web.pages import MenuItem
from web.shell import actor, at, needs, unit
from web.states import STATES, state_of
from web.tender_frame import frame_of, sees_inside

pages = Blueprint("tenders", __name__, url_prefix="/tenders")

MENU = [MenuItem(10, "招标", "Tenders", "tenders.index", frozenset(Role) - {Role.REPAIRER, Role.SYSTEM})]

#: What the log holds of a tender that a reader outside the bureau must not learn: who tried, who sits, who marked.
INSIDE = (
    *("bid.refused", "bid.refused_late", "expert.drawn", "expert.declared", "expert.recused", "score.saved"),
    *("score.locked", "score.reopened", "report.drawn_up", "report.signed", "report.dissented", "key.share_rejected"),
    *("tender.edited", "tender.section_saved", "tender.returned", "key.custodians_named", "key.given"),
    *(
        "tender.extension_proposed",
        "tender.extension_refused",
        "key.proof_asked",
        "key.possession_proof",
        "key.rehearsal_begun",
        "key.rehearsal_share",
    ),
)


def load(tender_id: uuid.UUID) -> Tender:
    """Return a tender that the reader may know of; NotFound `tender_not_found`."""
    return tenders.get(unit(), tender_id, by=actor())


def _asked() -> tuple[Asked, Select[Tender]]:
    asked = Asked()
    query = tenders.visible_to(actor())
    if word := asked.text("q"):
        query = query.where(or_(contains(Tender.title, word), contains(Tender.number, word)))
    stage = asked.choice("stage", STATES["tender"])
    if stage == "closed":
        query = query.where(Tender.stage == "published", Tender.deadline_at <= at())
    elif stage == "published":
        query = query.where(Tender.stage == "published", Tender.deadline_at > at())
    elif stage:
        query = query.where(Tender.stage == stage)
    return asked, query


def row_of(tender: Tender) -> dict[str, object]:
    """Return a tender as one row of a list."""
    return {
        "id": str(tender.id),
        "number": tender.number,
        "title": tender.title,
        "href": f"/tenders/{tender.id}",
        "stage": shown_stage(tender.stage, tender.deadline_at, at()),
        "published_at": tender.published_at,
        "deadline_at": tender.deadline_at,
        "lift_count": tender.lift_count,
        "budget_fen": tender.budget_fen,
    }


@pages.get("")
@needs("tender.read")
def index() -> ResponseReturnValue:
    """List the tenders that the reader may know of."""
    asked, query = _asked()
    columns = {"number": Tender.number, "deadline_at": Tender.deadline_at, "budget_fen": Tender.budget_fen}
    sort, order = sort_asked(columns, "-deadline_at")
    query = query.order_by(*order, Tender.id)
    if wants_csv():
        return _csv([row_of(tender) for tender in unit().scalars(query)])
    found = listed(unit(), query, sum_of="budget_fen")
    rows = [row_of(row[0]) for row in found.rows]
    return render_template(
        "tenders/index.html",
        rows=rows,
        found=found,
        asked=asked,
        sort=sort,
        exports=csv_link(),
        stages=[stage for stage in STATES["tender"] if stage != "failed_too_few"],
        is_officer=actor().role is Role.OFFICER,
    )


def _csv(rows: list[dict[str, object]]) -> Response:
    return csv_of(
        "tenders",
        [
            ("number", lambda row: row["number"]),
            ("title", lambda row: row["title"]),
            ("stage", lambda row: row["stage"]),
            ("stage_zh", lambda row: state_of("tender", row["stage"]).zh),
            ("published_at", lambda row: row["published_at"]),
            ("deadline_at", lambda row: row["deadline_at"]),
            ("lifts", lambda row: row["lift_count"]),
            ("budget_cny", lambda row: row["budget_fen"]),
        ],
        rows,
    )


@pages.get("/<uuid:tender_id>")
@needs("tender.read")
def one(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show one tender: where it stands, what it asks, what it published."""
    tender = load(tender_id)
    session = unit()
    custodians = custodians_of(session, tender)
    names = parties.names_of(session, [row.organisation_id for row in custodians] + [tender.organisation_id])
    is_inside = sees_inside(actor())
    return render_template(
        "tenders/one.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        rules=_rules(tender),
        custodians=[
            {"place": row.place + 1, "whose": names[row.organisation_id], "fingerprint": row.fingerprint}
            for row in custodians
        ],
        owner=names[tender.organisation_id],
        amendments=tenders.amendments_of(session, tender),
        halts=changes.halts_of(session, tender),
        events=history(
            session, "tender", tender.id, leaves_out=() if is_inside else INSIDE, hides_people=not is_inside
        ),
    )


def _rules(tender: Tender) -> list[dict[str, object]]:
    """Return how bids are scored as rows of a table, the price first."""
    price: dict[str, object] = {
        "name": t("价格（最低价 ÷ 报价 × 权重）", "Price (lowest price over price, times the weight)"),
        "weight": points(tender.price_weight_hundredths),
        "marks": "",
        "kind": t("计算", "reckoned"),
    }
    rows: list[dict[str, object]] = [price]
    for item in criteria_of(unit(), tender):
        most, step = points(item.mark_max_hundredths), points(item.mark_step_hundredths)
        rows.append(
            {
                "name": item.name,
                "weight": points(item.weight_hundredths),
                "marks": t("0–{most}，间隔 {step}", "0–{most} by {step}", most=most, step=step),
                "kind": t("客观项", "objective") if item.is_objective else t("主观项", "judged"),
            }
        )
    return rows


@pages.get("/<uuid:tender_id>/notice.json")
@needs("tender.read")
def notice(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the notice exactly as it was approved: its SHA-256 is the notice's hash."""
    tender = load(tender_id)
    if tender.notice is None or (tender.published_at is None and not sees_inside(actor())):
        raise NotFound("tender_not_published")
    return _file(tender.notice.encode(), f"{tender.number}-notice.json")


@pages.get("/<uuid:tender_id>/terms.json")
@needs("tender.read")
def terms(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the sealing terms: what a bidder's page or command seals by, online or offline."""
    tender = load(tender_id)
    return _file(tenders.terms_of(unit(), tender).to_bytes(), f"{tender.number}-terms.json")


def _file(body: bytes, name: str) -> Response:
    answer = Response(body, mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    if request.args.get("inline"):
        answer.headers.set("Content-Disposition", "inline")
    return answer
