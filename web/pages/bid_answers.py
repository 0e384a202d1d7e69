"""What an insurer's signatory answers for it: its signing keys, the share offered to it, objections to the result."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, NotFound, Refusal
from tender import allocations, awards, bids
from tender.models import SigningKey
from tender.outcome_models import Objection
from tender.p256 import POINT_LENGTH
from web.errors import field_errors
from web.formats import percent, t, yuan
from web.forms import hex_field
from web.pages.tender_steps import Step, take
from web.pages.tenders import load
from web.sealing_words import sealing_words
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of

pages = Blueprint("bid_answers", __name__, url_prefix="/bids")

_SIGNATURE_LENGTH = 64


@pages.get("/signing-keys")
@needs("bid.key")
def signing_keys() -> ResponseReturnValue:
    """Show the insurer's signing keys and how to register one."""
    return _keys_page()


def _keys_page(refused: Refusal | None = None) -> ResponseReturnValue:
    who = actor()
    registered = bids.keys_of(unit(), who.organisation_id) if who.organisation_id else []
    page = render_template(
        "bids/signing_keys.html",
        keys=[
            {"fingerprint": row.fingerprint, "registered_at": row.registered_at, "id": str(row.id)}
            for row in registered
        ],
        data={"organisation": str(who.organisation_id), "words": sealing_words()},
        values=request.form,
        errors=field_errors(refused, "public_key", "proof") if refused is not None else {},
    )
    return page, refused.status if refused is not None else 200


@pages.post("/signing-keys")
@needs("bid.key")
def register() -> ResponseReturnValue:
    """Register a signing key with the proof that its holder has it."""
    try:
        public_key = hex_field(request.form, "public_key", POINT_LENGTH)
        proof = hex_field(request.form, "proof", _SIGNATURE_LENGTH)
        bids.register_key(unit(), public_key, proof, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _keys_page(refusal)
    flash(t("投标密钥已登记，可以密封投标了。", "Registered; bids can be sealed with it."), "success")
    return redirect(url_for("bid_answers.signing_keys"), 303)


@pages.route("/signing-keys/<uuid:key_id>/revoke", methods=["GET", "POST"])
@needs("bid.key")
def revoke(key_id: uuid.UUID) -> ResponseReturnValue:
    """Take a signing key out of use."""
    key = unit().get(SigningKey, key_id)
    if key is None or key.organisation_id != actor().organisation_id or key.revoked_at is not None:
        raise NotFound("signing_key_not_found")
    if request.method == "GET":
        return render_template("bids/revoke_key.html", key=key)
    bids.revoke_key(unit(), key, by=actor(), at=at())
    flash(t("密钥已停用；以前用它签署的投标仍有效。", "Out of use; bids signed with it stay good."), "success")
    return redirect(url_for("bid_answers.signing_keys"), 303)


@pages.route("/<uuid:tender_id>/offer/<answer>", methods=["GET", "POST"])
@needs("bid.answer")
def offer(tender_id: uuid.UUID, answer: str) -> ResponseReturnValue:
    """Accept or decline the share that was offered, each on a page of its own."""
    tender = load(tender_id)
    if answer not in ("accept", "decline"):
        raise NotFound("offer_not_found")
    run = allocations.last_run(unit(), tender)
    own = [row for row in allocations.offers_of(unit(), run) if row.organisation_id == actor().organisation_id]
    if not own:
        raise NotFound("offer_not_found")
    price = yuan(run.outputs["lift_premium_fen"])
    if answer == "accept":
        sentence = t(
            "接受 {share} 的份额，全体成员按每台每年 {price} 的统一费率承保。答复后不能更改。",
            "Accept a share of {share}; all members carry {price} a lift and year. The answer is final.",
            share=percent(own[0].share_bp),
            price=price,
        )
    else:
        sentence = t(
            "放弃 {share} 的份额，由其余候选人重新分配。答复后不能更改。",
            "Decline the share of {share}; it is shared anew among the others. The answer is final.",
            share=percent(own[0].share_bp),
        )
    is_accepted = answer == "accept"
    label = t("接受份额", "Accept the share") if is_accepted else t("放弃份额", "Decline the share")
    step = Step(sentence, label, t("已答复。", "Answered."), is_danger=not is_accepted)
    to = url_for("bidding.one", tender_id=tender.id)
    return take(
        tender,
        step,
        lambda _: allocations.answer(unit(), tender, is_accepted=is_accepted, by=actor(), at=at()),
        to=to,
    )


@pages.route("/<uuid:tender_id>/objection", methods=["GET", "POST"])
@needs("tender.object")
def objection(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Object to the result while it is publicised, or read the answers."""
    tender = load(tender_id)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            awards.object_to_result(unit(), tender, request.form.get("text", ""), by=actor(), at=at())
        except Refusal as refusal:
            errors, status = field_errors(refusal, "text"), refusal.status
        else:
            flash(t("异议已提交，答复前不会决定中标。", "Filed; until it is answered there is no award."), "success")
            return redirect(url_for("bid_answers.objection", tender_id=tender.id), 303)
    own = awards.objections_visible_to(actor()).where(Objection.tender_id == tender.id).order_by(Objection.id)
    page = render_template(
        "bids/objection.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        rows=unit().scalars(own).all(),
        values=request.form,
        errors=errors,
        is_open=tender.stage == "standstill"
        and tender.publicity_ends_at is not None
        and at() < tender.publicity_ends_at,
    )
    return page, status
