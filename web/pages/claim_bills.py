"""The repair bill of a claim: entered line by line on a page of its own, replaced whole until the claim is decided."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from claims import bills, handling
from claims.admission import LINES_MOST
from claims.models import Claim
from core.errors import Conflict, Forbidden, Invalid
from web import claim_bill, claim_desk
from web.errors import field_errors, words
from web.formats import t
from web.shell import actor, at, needs, unit

pages = Blueprint("claim_bills", __name__, url_prefix="/claims")


@pages.route("/<uuid:claim_id>/bill", methods=["GET", "POST"])
@needs("claim.make")
def bill(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Enter the bill, or another in its place."""
    claim = handling.get(unit(), claim_id, actor())
    if not claim_desk.is_lead(unit(), claim, actor()):
        raise Forbidden("lead_only")
    if claim.stage not in handling.UNDECIDED:
        raise Conflict("bill_stands", number=claim.number)
    if request.method == "GET":
        return _form(claim, claim_bill.form_rows(bills.lines_of(unit(), claim)), {})
    rows = claim_bill.rows_typed(request.form)
    if request.form.get("then") == "more":
        return _form(claim, claim_bill.with_spare(rows), {})
    try:
        handling.enter_bill(unit(), claim, claim_bill.read_lines(rows), by=actor(), at=at())
    except Invalid as refusal:
        return _form(claim, claim_bill.with_spare(rows), _beside(refusal, len(rows))), refusal.status
    flash(t("{number} 的维修清单已保存。", "The repair bill of {number} is kept.", number=claim.number), "success")
    return redirect(url_for("claims.one", claim_id=claim.id), 303)


def _beside(refusal: Invalid, count: int) -> dict[str, str]:
    """Return a refusal beside the fields of its lines, with what is wrong in all at the top."""
    if not refusal.findings:
        return {"": words(refusal)}
    names = [f"{part}_{n}" for n in range(count) for part in claim_bill.PARTS]
    return field_errors(claim_bill.beside_fields(refusal), *names)


def _form(claim: Claim, rows: Sequence[Mapping[str, str]], errors: Mapping[str, str]) -> str:
    told = bills.assess(unit(), claim)
    labels = {f"{part}_{n}": t("第 {n} 行", "Line {n}", n=n + 1) for n in range(len(rows)) for part in claim_bill.PARTS}
    return render_template(
        "claims/bill.html",
        claim=claim,
        rows=rows,
        errors=errors,
        labels=labels,
        cover=claim_bill.cover_facts(told.cover),
        may_add=len(rows) < LINES_MOST,
    )
