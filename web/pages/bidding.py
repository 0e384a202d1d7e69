"""An insurer's bids: what is open, its own bid and its versions, receipts, replacing, withdrawing, its key, its answer.

What a bid says is filled in, sealed and kept in the bidder's browser or by the offline command; only the sealed file
comes here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core.errors import Conflict, Invalid, NotFound, Refusal
from core.permits import Role, may
from tender import allocations, bids, counter, keys, receipts, tenders
from tender.envelope import KEY_LENGTH, ONE_ENVELOPE
from tender.models import Bid, BidderKey, BidReceipt, BidWithdrawal, SealedBid, Tender
from tender.stages import has_closed
from web.errors import field_errors, is_for_program, words
from web.formats import t
from web.forms import hex_field, may_show_again
from web.history import Happened, history
from web.keeping import receipt_key, sent, settings, store_in
from web.pages import MenuItem
from web.pages.tender_steps import Step, take
from web.pages.tenders import load, row_of
from web.sealing_words import sealing_words
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of
from web.tender_papers import receipt_file, receipt_number, receipt_of

pages = Blueprint("bidding", __name__, url_prefix="/bids")

MENU = [MenuItem(14, "投标", "Bids", "bidding.index", frozenset({Role.BIDDER, Role.SIGNATORY}))]

_PART = ONE_ENVELOPE[0]


@pages.get("")
@needs("bid.seal")
def index() -> ResponseReturnValue:
    """List the tenders that take bids, and the insurer's own bids."""
    return render_template("bids/index.html", **boards())


def boards() -> dict[str, Any]:
    """Return what an insurer's bid team has before it: open tenders, own bids, its signing keys."""
    session, who = unit(), actor()
    own = {bid.tender_id: bid for bid in session.scalars(bids.visible_to(who))}
    seen = {
        tender.id: tender for tender in session.scalars(tenders.visible_to(who).order_by(Tender.deadline_at.desc()))
    }
    open_now = [
        {
            **row_of(tender),
            "href": url_for("bidding.one", tender_id=tender.id),
            "note": _standing(own.get(tender.id)),
            "is_due": _is_missing(own.get(tender.id)),
            "due_at": tender.deadline_at,
        }
        for tender in sorted(seen.values(), key=lambda one: one.deadline_at)
        if tender.stage == "published" and not has_closed(tender.stage, tender.deadline_at, at())
    ]
    mine = [
        {
            **row_of(seen[tender_id]),
            "href": url_for("bidding.one", tender_id=tender_id),
            "bid": bid.stage,
            "version": bid.current,
        }
        for tender_id, bid in own.items()
        if tender_id in seen
    ]
    registered = bids.keys_of(session, who.organisation_id) if who.organisation_id else []
    return {"open_now": open_now, "mine": mine, "keys": registered, "is_signatory": may(who, "bid.answer")}


def _is_missing(bid: Bid | None) -> bool:
    return bid is None or bid.stage == "withdrawn"


def _standing(bid: Bid | None) -> str:
    """Say in words how far the insurer is with a tender that still takes bids."""
    if bid is None:
        return t("尚未提交", "NOT SUBMITTED YET")
    if bid.stage == "withdrawn":
        return t("已撤回，尚未重新提交", "withdrawn, not submitted again")
    return t("已封存第 {n} 版", "version {n} is sealed", n=bid.current)


@pages.get("/<uuid:tender_id>")
@needs("bid.seal")
def one(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show an insurer's bid for one tender, and what can be done with it now."""
    return _page(load(tender_id))


def _page(tender: Tender, refused: Refusal | None = None, field: str = "") -> ResponseReturnValue:
    session, who = unit(), actor()
    bid = bids.own_bid(session, tender, by=who)
    versions = bids.versions_of(session, tender, who.organisation_id) if who.organisation_id else []
    is_open = tender.stage == "published" and not has_closed(tender.stage, tender.deadline_at, at())
    registered = bids.keys_of(session, who.organisation_id) if who.organisation_id else []
    page = render_template(
        "bids/one.html",
        frame=frame_of(tender, who, at()),
        tender=tender,
        bid=bid,
        versions=_versions(tender, bid, versions),
        is_open=is_open,
        has_key=bool(registered),
        data=_script_data(tender, len(versions) + 1, [row.public_key.hex() for row in registered])
        if is_open and registered
        else None,
        given=keys_given(tender),
        offer=_offer(tender),
        errors=field_errors(refused, field) if refused is not None else {},
        values=request.form,
        key_data={"words": sealing_words(), "tender": str(tender.id), "part": _PART},
        is_signatory=may(who, "bid.answer"),
        events=_events(bid, versions),
    )
    return page, refused.status if refused is not None else 200


def _events(bid: Bid | None, versions: Sequence[SealedBid]) -> list[Happened]:
    """Return what happened to an insurer's bid; who sits on the committee and marks it is not for it to know."""
    about = [("sealed_bid", row.id) for row in versions] + ([("bid", bid.id)] if bid is not None else [])
    return history(unit(), *about, hides_people=True) if versions else []


def _versions(tender: Tender, bid: Bid | None, versions: Sequence[SealedBid]) -> list[dict[str, Any]]:
    """Return the sealed versions as rows, the newest first, with what became of each."""
    session = unit()
    rows = []
    for row in reversed(versions):
        withdrawn = session.get(BidWithdrawal, (tender.id, row.organisation_id, row.number)) is not None
        stands = bid is not None and row.number == bid.current
        receipt = session.get(BidReceipt, (tender.id, row.organisation_id, row.number))
        rows.append(
            {
                "number": row.number,
                "received_at": row.received_at,
                "size": row.size,
                "header_sha256": row.header_sha256,
                "stage": "withdrawn" if withdrawn else bid.stage if stands and bid else "replaced",
                "receipt": receipt_number(receipt) if receipt else t("待签发", "to be issued"),
                "href": url_for("bidding.receipt", tender_id=tender.id, number=row.number),
            }
        )
    return rows


def _script_data(tender: Tender, version: int, signers: list[str]) -> dict[str, Any]:
    """Return what the page's script needs to seal; the terms it fetches itself."""
    return {
        "tender": str(tender.id),
        "number": tender.number,
        "organisation": str(actor().organisation_id),
        "version": version,
        "part": _PART,
        "ceiling_fen": tender.ceiling_fen,
        "terms": url_for("tenders.terms", tender_id=tender.id),
        "submit": url_for("bidding.submit", tender_id=tender.id),
        "signers": signers,
        "words": sealing_words(),
    }


def keys_to_give() -> list[Tender]:
    """Return the tenders whose opening waits for this insurer's own key, without which its bid is lost."""
    sealed = [bid.tender_id for bid in unit().scalars(bids.visible_to(actor())) if bid.stage == "sealed"]
    query = tenders.visible_to(actor()).where(
        Tender.id.in_(sealed),
        Tender.stage == "opening",
        Tender.lock == "both",
        Tender.opening_confirmed_at.is_not(None),
    )
    return [one for one in unit().scalars(query.order_by(Tender.deadline_at)) if "k1" not in keys_given(one)]


def keys_given(tender: Tender) -> list[str]:
    """Return the kinds of key that this insurer has given for its bid."""
    query = select(BidderKey.kind).where(
        BidderKey.tender_id == tender.id, BidderKey.organisation_id == actor().organisation_id
    )
    return list(unit().scalars(query))


def _offer(tender: Tender) -> Any:
    """Return the share that stands offered to this insurer; None where none is."""
    if tender.stage not in ("allocated", "standstill", "awarded", "contracted", "complete"):
        return None
    try:
        run = allocations.last_run(unit(), tender)
    except NotFound:
        return None
    own = [row for row in allocations.offers_of(unit(), run) if row.organisation_id == actor().organisation_id]
    if not own:
        return None
    return {"row": own[0], "lift_premium_fen": run.outputs["lift_premium_fen"], "members": len(run.outputs["members"])}


@pages.post("/<uuid:tender_id>/submit")
@needs("bid.seal", has_unit=False)
def submit(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a sealed envelope: checked, kept, put into the box; the answer is its receipt, or why it was not taken."""
    try:
        receipt = _take(tender_id)
    except Invalid as refusal:
        if is_for_program():
            raise
        return _not_taken(tender_id, refusal)
    flash(t("已封存，回执已签发。", "Sealed; here is the receipt."), "success")
    return redirect(url_for("bidding.receipt", tender_id=tender_id, number=receipt.number), 303)


def _take(tender_id: uuid.UUID) -> BidReceipt:
    upload = request.files.get("envelope")
    if upload is None or not upload.filename:
        raise Invalid("envelope_missing")
    return counter.submit(
        current_app.extensions["gongbao"].engine,
        store_in(settings()),
        receipt_key(settings()),
        tender_id,
        cast(BinaryIO, upload.stream),
        by=actor(),
        at=at(),
        most_bytes=settings().upload_limit_mb << 20,
    )


def _not_taken(tender_id: uuid.UUID, refusal: Invalid) -> ResponseReturnValue:
    """Return the page that says why a sealed file was not taken, what stands, and what to do."""
    page = render_template(
        "bids/refused.html",
        message=words(refusal),
        code=refusal.code,
        back=url_for("bidding.one", tender_id=tender_id),
        terms=url_for("tenders.terms", tender_id=tender_id),
    )
    return page, refusal.status


def _sealed(tender: Tender, number: int) -> tuple[SealedBid, BidReceipt]:
    """Return one of the insurer's own versions with its receipt, issued now where it is still owed.

    Refuses NotFound `bid_not_found`, `log_place_not_found` where the log has still not given the version its place.
    """
    sealed = bids.own_version(unit(), tender, number, by=actor())
    return sealed, receipts.issue_receipt(unit(), tender, sealed, receipt_key(settings()), by=actor(), at=at())


@pages.get("/<uuid:tender_id>/receipts/<int:number>")
@needs("bid.seal", writes=True)
def receipt(tender_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Show a receipt with its proof."""
    tender = load(tender_id)
    sealed, found = _sealed(tender, number)
    return render_template(
        "bids/receipt.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        sealed=sealed,
        number=receipt_number(found),
        said=json.loads(found.document),
        signature=found.signature.hex(),
        public_key=found.public_key.hex(),
        is_open=tender.stage == "published" and not has_closed(tender.stage, tender.deadline_at, at()),
    )


@pages.get("/<uuid:tender_id>/receipts/<int:number>.json")
@needs("bid.seal", writes=True)
def receipt_json(tender_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Return a receipt as a file that anyone can check alone."""
    _, found = _sealed(load(tender_id), number)
    answer = Response(receipt_file(found), mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{receipt_number(found)}.json")
    return answer


@pages.get("/<uuid:tender_id>/receipts/<int:number>.pdf")
@needs("bid.seal", writes=True)
def receipt_pdf(tender_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Return a receipt as its kept PDF."""
    tender = load(tender_id)
    sealed, found = _sealed(tender, number)
    return sent(receipt_of(unit(), tender, sealed, found, at=at()))


@pages.route("/<uuid:tender_id>/withdraw", methods=["GET", "POST"])
@needs("bid.withdraw")
def withdraw(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a bid back before the deadline."""
    tender = load(tender_id)
    step = Step(
        t(
            "现在撤回投标。截止前可以重新封存；不重新封存即视为没有投标。",
            "Take the bid back now. Until the deadline it can be sealed anew; if it is not, there is no bid.",
        ),
        t("撤回投标", "Withdraw the bid"),
        t("投标已撤回。", "The bid is withdrawn."),
        is_danger=True,
    )
    to = url_for("bidding.one", tender_id=tender.id)
    return take(tender, step, lambda _: bids.withdraw(unit(), tender, by=actor(), at=at()), to=to)


@pages.post("/<uuid:tender_id>/key")
@needs("bid.seal")
def give_key(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take the insurer's own key for its bid at the opening."""
    tender = load(tender_id)
    kind = request.form.get("kind", "k1")
    try:
        key = hex_field(request.form, "key", KEY_LENGTH)
        keys.give_bidder_key(unit(), tender, _PART, kind, key, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        may_show_again(refusal)
        return _page(tender, refusal, "key")
    flash(t("钥匙已接收。", "The key is taken."), "success")
    return redirect(url_for("bidding.one", tender_id=tender.id), 303)
