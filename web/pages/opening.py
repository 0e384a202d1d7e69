"""The opening: keys collected in the open, all bids opened at once, the record for everyone."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from core import parties
from core.errors import Conflict
from tender import counter, keys, opening
from tender.drafting import custodians_of
from tender.models import BidderKey, CustodianShare, Tender
from web.formats import is_english, t
from web.keeping import receipt_key, sent, settings, store_in
from web.messages import told
from web.pages.tender_steps import Step, take
from web.pages.tenders import load
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of, sees_inside
from web.tender_papers import opening_record_of

pages = Blueprint("opening", __name__, url_prefix="/tenders/<uuid:tender_id>/opening")


@pages.get("")
@needs("tender.read")
def one(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the opening: how far the keys are, then the record."""
    tender = load(tender_id)
    rows: list[dict[str, Any]] = record_rows(tender) if tender.opened_at is not None else []
    collected = _collected(tender) if tender.stage == "opening" and sees_inside(actor()) else None
    return render_template(
        "tenders/opening.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        rows=rows,
        opened=sum(row["outcome"] == "opened" for row in rows),
        collected=collected,
        is_inside=sees_inside(actor()),
    )


def record_rows(tender: Tender) -> list[dict[str, Any]]:
    """Return the opening record as rows of a table, in the order of receipt."""
    record = opening.record_of(unit(), tender)
    names = parties.names_of(unit(), [row.organisation_id for row in record])
    return [
        {
            "place": place,
            "bid": str(row.bid_id),
            "name": names[row.organisation_id],
            "organisation": str(row.organisation_id),
            "received_at": row.received_at,
            "outcome": row.outcome,
            "why": told(row.failure, {}, is_english=is_english()) if row.failure else "",
            "price_fen": row.price_fen,
            "line_bp": row.line_bp,
            "floor_bp": row.floor_bp,
            "will_lead": {True: t("愿意", "yes"), False: t("不愿意", "no")}.get(row.is_willing_to_lead, ""),  # type: ignore[arg-type]
            "nonce": row.nonce,
            "header_sha256": row.header_sha256,
        }
        for place, row in enumerate(record, start=1)
    ]


def _collected(tender: Tender) -> dict[str, Any]:
    """Return how far the keys are collected: bids, shares by custodian, bidders' own keys, until when."""
    session = unit()
    standing = keys.standing_bids(session, tender)
    counted = select(CustodianShare.place, func.count()).where(CustodianShare.tender_id == tender.id)
    shares = {int(place): int(count) for place, count in session.execute(counted.group_by(CustodianShare.place))}
    named = custodians_of(session, tender)
    names = parties.names_of(session, [row.organisation_id for row in named])
    own = session.scalar(select(func.count()).select_from(BidderKey).where(BidderKey.tender_id == tender.id))
    two = [one for one in (tender.opening_started_by, tender.opening_confirmed_by) if one is not None]
    people = parties.people_of(session, [*two, *(row.person_id for row in named)])
    until = opening.collected_until(tender, at())
    whole = sum(1 for place in shares if shares[place] >= len(standing))
    return {
        "bids": len(standing),
        "is_enough": len(standing) >= tender.bidders_min,
        "custodians": [
            {
                "place": row.place + 1,
                "name": people.get(row.person_id, ""),
                "whose": names[row.organisation_id],
                "shares": shares.get(row.place, 0),
                "state": "error" if row.lost_at else "done" if shares.get(row.place, 0) >= len(standing) else "todo",
            }
            for row in named
        ],
        "whole": whole,
        "own": own,
        "until": until,
        "started_by": people.get(tender.opening_started_by, "") if tender.opening_started_by else "",
        "confirmed_by": people.get(tender.opening_confirmed_by, "") if tender.opening_confirmed_by else "",
        "is_confirmed": tender.opening_confirmed_at is not None,
        "is_ready": whole >= tender.threshold,
        "is_over": whole >= tender.threshold or len(standing) < tender.bidders_min or at() >= until,
    }


@pages.route("/start", methods=["GET", "POST"])
@needs("opening.start")
def start(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Close the box; a second person then confirms the opening."""
    tender = load(tender_id)
    step = Step(
        t(
            "现在关闭投标箱。此后不再接收任何投标。监督人员确认后开始收集钥匙。",
            "Close the box now. From here on no bid is taken; once the supervisor confirms, the keys are collected.",
        ),
        t("关闭投标箱", "Close the box"),
        t("投标箱已关闭，请监督人员确认开标。", "The box is closed; the supervisor now confirms the opening."),
    )
    to = url_for("opening.one", tender_id=tender.id)
    return take(tender, step, lambda _: keys.start_opening(unit(), tender, by=actor(), at=at()), to=to)


@pages.route("/confirm", methods=["GET", "POST"])
@needs("opening.confirm")
def confirm(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Confirm the opening as its second person."""
    tender = load(tender_id)
    step = Step(
        t(
            "确认投标箱已在截止后由经办关闭，现在开始收集钥匙。开标须两人在场，您与经办不是同一人。",
            "Confirm that the officer closed the box after the deadline; the keys are collected from now on. An "
            "opening takes two people, and you are the second.",
        ),
        t("确认开标", "Confirm the opening"),
        t("开标已确认，请保管人交出份额。", "Confirmed; the custodians now give their shares."),
    )
    to = url_for("opening.one", tender_id=tender.id)
    return take(tender, step, lambda _: keys.confirm_opening(unit(), tender, by=actor(), at=at()), to=to)


@pages.route("/open", methods=["GET", "POST"])
@needs("tender.open")
def open_bids(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Open every bid at once."""
    tender = load(tender_id)
    step = Step(
        t(
            "现在一次开启全部投标，开标记录随即公布，不能撤回。钥匙不全的投标按规定记录责任。",
            "Open every bid at once now. The record is published with it and stays; a bid whose keys are missing "
            "is recorded with whose fault that is.",
        ),
        t("开启全部投标", "Open all bids"),
        t("已开标，记录已公布。", "Opened; the record is public."),
    )
    to = url_for("opening.one", tender_id=tender.id)
    return take(tender, step, lambda _: _open_box(tender), to=to)


def _open_box(tender: Tender) -> None:
    counter.open_box(unit(), tender, store_in(settings()), receipt_key(settings()), by=actor(), at=at())


@pages.get("/record.json")
@needs("tender.read")
def record_json(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the opening record as data."""
    tender = load(tender_id)
    rows = record_rows(tender)
    for row in rows:
        row["will_lead"] = None if not row["will_lead"] else row["will_lead"] == t("愿意", "yes")
    answer: Response = jsonify(
        {
            "tender": str(tender.id),
            "number": tender.number,
            "notice_sha256": tender.notice_hash,
            "deadline_at": tender.deadline_at,
            "opened_at": tender.opened_at,
            "bids": rows,
        }
    )
    answer.headers.set("Content-Disposition", "attachment", filename=f"KB-{tender.number}.json")
    return answer


@pages.get("/record.pdf")
@needs("tender.read", writes=True)
def record_pdf(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the opening record as its kept PDF."""
    tender = load(tender_id)
    if tender.opened_at is None:
        raise Conflict("bids_not_opened")
    return sent(opening_record_of(unit(), tender, at=at()))
