"""Tenders for programs: the list, one with its notice and terms, the opening record, the result; and its steps."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import tuple_

from core import parties
from core.errors import Invalid, NotFound
from tender import allocations, awards, changes, counter, keys, opening, reports, tenders
from tender.drafting import criteria_of, custodians_of
from tender.models import Tender
from web.api import listed, money, read_cursor, resource
from web.keeping import receipt_key, settings, store_in
from web.shell import actor, at, needs, unit
from web.states import STATES
from web.tender_frame import sees_inside, sees_report
from web.tender_schemas import (
    AmendmentIn,
    DraftIn,
    ExtensionAnswerIn,
    MediumIn,
    OpeningOut,
    ReasonIn,
    ResultOut,
    TenderQuery,
    TendersOut,
    TenderWholeOut,
    draft_from,
    tender_document,
    whole_document,
)

api = resource("tenders", "Tenders: notices, sealing terms, openings, results, and the steps of a tender.")


def _load(tender_id: uuid.UUID) -> Tender:
    return tenders.get(unit(), tender_id, by=actor())


def _whole(tender: Tender) -> dict[str, Any]:
    session = unit()
    waiting = changes.waiting_extension(session, tender) if sees_inside(actor()) else None
    return {
        **whole_document(tender, list(criteria_of(session, tender)), list(custodians_of(session, tender)), at()),
        "extension_to": waiting.deadline_at if waiting else None,
    }


@api.get("")
@needs("tender.read")
@api.arguments(TenderQuery, location="query")
@api.response(200, TendersOut)
def index(query: Mapping[str, Any]) -> dict[str, object]:
    """List the tenders that one may know of, the newest first."""
    chosen = tenders.visible_to(actor()).order_by(Tender.created_at.desc(), Tender.id.desc())
    if query["stage"] in STATES["tender"]:
        stored = "published" if query["stage"] == "closed" else query["stage"]
        chosen = chosen.where(Tender.stage == stored)
        if query["stage"] == "closed":
            chosen = chosen.where(Tender.deadline_at <= at())
        elif stored == "published":
            chosen = chosen.where(Tender.deadline_at > at())
    key = read_cursor(query["cursor"])
    if key:
        chosen = chosen.where(tuple_(Tender.created_at, Tender.id) < tuple_(*_place(key)))
    rows = unit().scalars(chosen.limit(query["limit"] + 1)).all()
    page = listed(rows, query["limit"], key=lambda row: (row.created_at.isoformat(), str(row.id)))
    page["data"] = [tender_document(row, at()) for row in rows[: query["limit"]]]
    return page


def _place(key: list[Any]) -> tuple[Any, Any]:
    """Return the place in the list that a cursor marks. Refuses `cursor_wrong`."""
    try:
        return datetime.fromisoformat(key[0]), uuid.UUID(key[1])
    except (ValueError, TypeError, IndexError, AttributeError):
        raise Invalid("cursor_wrong") from None


@api.get("/<uuid:tender_id>")
@needs("tender.read")
@api.response(200, TenderWholeOut)
def one(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return one tender with all that bidders rely on."""
    return _whole(_load(tender_id))


@api.get("/<uuid:tender_id>/notice")
@needs("tender.read")
@api.response(200, description="the notice, byte for byte as its hash says", content_type="application/json")
def notice(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the notice exactly as it was approved."""
    tender = _load(tender_id)
    if tender.notice is None or tender.published_at is None:
        raise NotFound("tender_not_published")
    return Response(tender.notice.encode(), mimetype="application/json")


@api.get("/<uuid:tender_id>/terms")
@needs("tender.read")
@api.response(200, description="the sealing terms, canonical JSON", content_type="application/json")
def terms(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the sealing terms: what `gongbao seal --terms` takes."""
    return Response(tenders.terms_of(unit(), _load(tender_id)).to_bytes(), mimetype="application/json")


@api.get("/<uuid:tender_id>/opening")
@needs("tender.read")
@api.response(200, OpeningOut)
def opening_record(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return the opening record, public from the moment of the opening."""
    tender = _load(tender_id)
    record = opening.record_of(unit(), tender)
    names = parties.names_of(unit(), [row.organisation_id for row in record])
    return {
        "tender": tender.id,
        "deadline_at": tender.deadline_at,
        "opened_at": tender.opened_at,
        "notice_sha256": tender.notice_hash,
        "bids": [
            {
                "bid": row.bid_id,
                "organisation_id": row.organisation_id,
                "organisation": names[row.organisation_id],
                "received_at": row.received_at,
                "header_sha256": row.header_sha256,
                "outcome": row.outcome,
                "failure": row.failure,
                "price": None if row.price_fen is None else money(row.price_fen),
                "line_bp": row.line_bp,
                "floor_bp": row.floor_bp,
                "will_lead": row.is_willing_to_lead,
                "nonce": row.nonce,
            }
            for row in record
        ],
    }


@api.get("/<uuid:tender_id>/result")
@needs("tender.read")
@api.response(200, ResultOut)
def result(tender_id: uuid.UUID) -> dict[str, Any]:
    """Return report and allocation; to everyone from the publicity on."""
    tender = _load(tender_id)
    if not sees_report(tender, actor()):
        raise NotFound("result_not_public")
    return _result(tender)


def _result(tender: Tender) -> dict[str, Any]:
    report = reports.latest(unit(), tender)
    run = allocations.last_run(unit(), tender) if tender.stage != "reported" else None
    return {
        "tender": tender.id,
        "report": report.document,
        "report_sha256": report.digest,
        "allocation_inputs": run.inputs if run else None,
        "allocation_outputs": run.outputs if run else None,
        "allocation_sha256": run.digest if run else None,
    }


# Steps


@api.post("")
@needs("tender.draft")
@api.arguments(DraftIn)
@api.response(201, TenderWholeOut)
def draft(said: Mapping[str, Any]) -> dict[str, Any]:
    """Draft a tender."""
    return _whole(tenders.draft(unit(), draft_from(said), by=actor(), at=at()))


@api.put("/<uuid:tender_id>/draft")
@needs("tender.draft")
@api.arguments(DraftIn)
@api.response(200, TenderWholeOut)
def edit(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Put another draft in the place of the first."""
    tender = _load(tender_id)
    tenders.edit(unit(), tender, draft_from(said), by=actor(), at=at())
    return _whole(tender)


def _step(tender_id: uuid.UUID, work: Callable[[Tender], object]) -> dict[str, Any]:
    """Return a tender after a step."""
    tender = _load(tender_id)
    work(tender)
    return _whole(tender)


@api.post("/<uuid:tender_id>/approval")
@needs("tender.approve")
@api.response(200, TenderWholeOut)
def approve(tender_id: uuid.UUID) -> dict[str, Any]:
    """Approve a tender whose keys are ready; its notice is fixed."""
    return _step(tender_id, lambda tender: tenders.approve(unit(), tender, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/return")
@needs("tender.return")
@api.response(200, TenderWholeOut)
def give_back(tender_id: uuid.UUID) -> dict[str, Any]:
    """Take a tender that is not published back to draft."""
    return _step(tender_id, lambda tender: tenders.return_to_draft(unit(), tender, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/publication")
@needs("tender.publish")
@api.arguments(MediumIn)
@api.response(200, TenderWholeOut)
def publish(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Publish an approved tender."""
    return _step(tender_id, lambda tender: tenders.publish(unit(), tender, medium=said["medium"], by=actor(), at=at()))


@api.post("/<uuid:tender_id>/amendments")
@needs("tender.amend")
@api.arguments(AmendmentIn)
@api.response(200, TenderWholeOut)
def amend(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Publish an amendment; one that moves the deadline waits for another person (`extension_to` says until when)."""
    more = {"affects_bids": said["affects_bids"], "deadline_at": said["deadline_at"]}
    return _step(
        tender_id,
        lambda tender: changes.amend(unit(), tender, said["text"], said["reason"], **more, by=actor(), at=at()),
    )


@api.post("/<uuid:tender_id>/extension")
@needs("tender.extend")
@api.arguments(ExtensionAnswerIn)
@api.response(200, TenderWholeOut)
def answer_extension(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Confirm or refuse, as another person, the amendment that would move the deadline."""
    is_confirmed: bool = said["is_confirmed"]
    return _step(
        tender_id,
        lambda tender: changes.answer_extension(
            unit(), tender, said["reason"], is_confirmed=is_confirmed, by=actor(), at=at()
        ),
    )


@api.post("/<uuid:tender_id>/suspension")
@needs("tender.suspend")
@api.arguments(ReasonIn)
@api.response(200, TenderWholeOut)
def suspend(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Suspend a tender."""
    return _step(tender_id, lambda tender: changes.suspend(unit(), tender, said["reason"], by=actor(), at=at()))


@api.post("/<uuid:tender_id>/resumption")
@needs("tender.resume")
@api.arguments(ReasonIn)
@api.response(200, TenderWholeOut)
def resume(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Resume a suspended tender: as another than who suspended it; the supervisor alone what the supervisor did."""
    return _step(tender_id, lambda tender: changes.resume(unit(), tender, said["reason"], by=actor(), at=at()))


@api.post("/<uuid:tender_id>/cancellation")
@needs("tender.cancel")
@api.arguments(ReasonIn)
@api.response(200, TenderWholeOut)
def cancel(said: Mapping[str, Any], tender_id: uuid.UUID) -> dict[str, Any]:
    """Call a tender off; its bids are never opened."""
    return _step(tender_id, lambda tender: tenders.cancel(unit(), tender, said["reason"], by=actor(), at=at()))


@api.post("/<uuid:tender_id>/box")
@needs("opening.start")
@api.response(200, TenderWholeOut)
def close_box(tender_id: uuid.UUID) -> dict[str, Any]:
    """Close the box after the deadline; the opening then waits for its second person."""
    return _step(tender_id, lambda tender: keys.start_opening(unit(), tender, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/box/confirmation")
@needs("opening.confirm")
@api.response(200, TenderWholeOut)
def confirm_opening(tender_id: uuid.UUID) -> dict[str, Any]:
    """Confirm the opening as its second person: from now on the keys are collected."""
    return _step(tender_id, lambda tender: keys.confirm_opening(unit(), tender, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/opening")
@needs("tender.open")
@api.response(200, TenderWholeOut)
def open_bids(tender_id: uuid.UUID) -> dict[str, Any]:
    """Open every bid at once."""
    store, key = store_in(settings()), receipt_key(settings())
    return _step(tender_id, lambda tender: counter.open_box(unit(), tender, store, key, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/allocation")
@needs("tender.allocate")
@api.response(200, ResultOut)
def allocate(tender_id: uuid.UUID) -> dict[str, Any]:
    """Make the shares from the signed report and offer them."""
    tender = _load(tender_id)
    allocations.allocate(unit(), tender, by=actor(), at=at())
    return _result(tender)


@api.post("/<uuid:tender_id>/publicity")
@needs("tender.allocate")
@api.response(200, TenderWholeOut)
def publicise(tender_id: uuid.UUID) -> dict[str, Any]:
    """Show the candidates to everyone."""
    return _step(tender_id, lambda tender: awards.publicise(unit(), tender, by=actor(), at=at()))


@api.post("/<uuid:tender_id>/award")
@needs("tender.award")
@api.response(200, TenderWholeOut)
def award(tender_id: uuid.UUID) -> dict[str, Any]:
    """Decide the award once the publicity is over."""
    return _step(tender_id, lambda tender: awards.award(unit(), tender, by=actor(), at=at()))
