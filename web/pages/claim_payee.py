"""Whom a claim is paid to: named by the lead, until the claim is paid."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from claims import handling, payouts
from core.errors import Invalid
from ledger import bank_payees
from web.formats import t, yuan
from web.money_desk import Field, Step, led_pool, read_id, step_page
from web.shell import actor, at, needs, unit

pages = Blueprint("claim_payee", __name__, url_prefix="/payments/claims/<uuid:claim_id>/payee")


@pages.route("", methods=["GET", "POST"])
@needs("claim.payee")
def name(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Name whom a claim is paid to, out of the payees of its pool."""
    claim = handling.get(unit(), claim_id, actor())
    pool = led_pool(claim.pool_id)
    listed = unit().scalars(bank_payees.listed(actor(), pool.id)).all()

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        payee_id = read_id(values.get("payee"))
        if payee_id is None:
            raise Invalid("choice_unreadable")
        payee = bank_payees.get(unit(), payee_id, actor(), pool_id=pool.id)
        payouts.name_payee(unit(), claim, payee, by=actor(), at=at())
        said = t("赔案 {n} 付给{who}。", "Claim {n} is paid to {who}.", n=claim.number, who=payee.name)
        return said, url_for("payments.claim", claim_id=claim.id)

    step = Step(
        title=t("指定收款人", "Name the payee"),
        sentence=t(
            "这一赔案付给谁。付款批次只付已确认收款账户的收款人。没有列出的，先登记。",
            "Whom this claim is paid to. A batch pays payees with a confirmed account; who is not listed is added "
            "first.",
        ),
        label=t("指定收款人", "Name the payee"),
        back=url_for("payments.claim", claim_id=claim.id),
        facts=[
            (t("赔案", "Claim"), f"{claim.number} {claim.title}"),
            (t("估损", "Estimate"), yuan(claim.estimate_fen)),
        ],
        fields=[Field("payee", t("收款人", "Payee"), "select", options=[(str(one.id), one.name) for one in listed])],
        values={"payee": str(claim.payee_id or "")},
        places={"choice_unreadable": "payee"},
        closed=""
        if listed
        else t(
            "本共保体还没有收款人。请先在“收款人”页登记。", "The pool has no payees yet: add one on the page of payees."
        ),
    )
    return step_page(step, work)
