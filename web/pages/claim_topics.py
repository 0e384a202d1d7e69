"""A claim is marked with a topic that all members decide on, on a page of its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from claims import handling
from claims.stages import CLAIM_MOVES
from core.errors import Forbidden
from web import claim_desk, money_desk
from web.claim_topics import topic_names, topics_left
from web.formats import money, t
from web.money_desk import Field, Step
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("claim_topics", __name__, url_prefix="/claims")


@pages.route("/<uuid:claim_id>/flag", methods=["GET", "POST"])
@needs("claim.make")
def flag(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Mark a claim with a topic that is never the lead's alone."""
    claim = handling.get(unit(), claim_id, actor())
    if not claim_desk.is_lead(unit(), claim, actor()):
        raise Forbidden("lead_only")
    back = url_for("claims.one", claim_id=claim.id)

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        handling.flag(unit(), claim, form.get("topic", ""), form.get("reason", ""), by=actor(), at=at())
        return t("{number} 已标记，须全体成员同意。", "{number} now needs all members.", number=claim.number), back

    label = t("标记须全体同意的事项", "Mark a topic for all members")
    asked_anew = t(
        "赔案涉及下列事项之一的，不论金额大小，须由全体成员同意。标记后不能取消；已征求的同意作废，重新征求。",
        "On these topics all members must agree, however small the claim. A mark stays; agreements so far lapse and "
        "are asked for anew.",
    )
    choices = [("", t("请选择", "Choose")), *topics_left(claim.topics)]
    page = Step(
        title=f"{label} {claim.number}",
        sentence=asked_anew,
        label=label,
        back=back,
        facts=[
            (t("事由", "About"), claim.title),
            (t("估损（元）", "Estimate (CNY)"), money(claim.estimate_fen)),
            (t("已标记", "Marked with"), topic_names(claim.topics) or None),
        ],
        fields=[
            Field("topic", t("事项", "Topic"), "select", options=choices),
            Field("reason", t("理由", "Reason"), "textarea", hint=t("各成员都会看到", "Every member reads it")),
        ],
        places={"topic_stands": "topic"},
        closed=closed_words(CLAIM_MOVES, "claim", "flag", claim.stage, claim.id),
    )
    return money_desk.step_page(page, work)
