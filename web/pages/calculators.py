"""The calculators, open to everyone: what the book and the evaluation compute, with every step shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from core import calendar
from core.errors import Conflict, Finding, Invalid, Refusal
from core.working_time import due_at, parse_instant
from tender.allocation import allocate_file
from tender.exact import read_json
from tender.scoring import score_file
from web import calculating, limits
from web.errors import field_errors, place_of, words
from web.formats import t
from web.shell import needs, unit
from web.working import (
    EXAMPLES,
    allocated_members,
    member_rows,
    rehearsal_tables,
    stream_steps,
)

pages = Blueprint("calculators", __name__, url_prefix="/calculators")


@pages.get("")
@needs("calculator.use", has_unit=False)
def index() -> ResponseReturnValue:
    """List the calculators."""
    return render_template("calculators/index.html")


@pages.get("/apportion")
@needs("calculator.use", has_unit=False)
def apportion() -> ResponseReturnValue:
    """Split amounts by shares, each step shown; the question is in the address, so that it can be passed on."""
    values: Mapping[str, str] = request.args if "amounts" in request.args else EXAMPLES["apportion"]
    result, errors = None, {}
    if "amounts" in request.args:
        try:
            is_percent = values.get("kind") != "weights"
            read = calculating.weights_of_shares if is_percent else calculating.weights_of_numbers
            weights = read(values.get("shares", ""))
        except Invalid as refusal:
            errors = field_errors(refusal, "shares")
        try:
            amounts = calculating.read_yuan_lines(values["amounts"])
            result = stream_steps(amounts, weights) if not errors else None
        except Invalid as refusal:
            errors |= field_errors(refusal, "amounts")
    page = render_template("calculators/apportion.html", values=values, errors=errors, result=result)
    return page, 422 if errors else 200


@pages.get("/clock")
@needs("calculator.use")
def clock() -> ResponseReturnValue:
    """Say when so many working minutes after an instant are over, by the city's calendar."""
    values: Mapping[str, str] = request.args if "minutes" in request.args else EXAMPLES["clock"]
    context: dict[str, Any] = {"result": None, "started_at": None}
    errors: dict[str, str] = {}
    if "minutes" in request.args:
        try:
            started_at = parse_instant(values.get("from", ""))
            minutes = calculating.read_minutes(values["minutes"])
            days = calculating.days_of(calendar.load(unit(), *calculating.span_of_years()))
            context = {"started_at": started_at, "result": due_at(days, started_at, minutes)}
        except Refusal as refusal:
            is_start = refusal.code.startswith("time_")
            errors = field_errors(refusal, "from" if is_start else "minutes")
    return render_template("calculators/clock.html", values=values, errors=errors, **context), 422 if errors else 200


@pages.route("/score", methods=["GET", "POST"])
@needs("calculator.use", has_unit=False)
def score() -> ResponseReturnValue:
    """Score and rank bids from marks and prices."""
    if request.method == "GET":
        return render_template("calculators/score.html", values=EXAMPLES["score"], errors={}, result=None)
    try:
        result = score_file(read_json(_text()))
    except Refusal as refusal:
        errors = field_errors(refusal, "file")
        return render_template("calculators/score.html", values=request.form, errors=errors, result=None), 422
    return render_template("calculators/score.html", values=request.form, errors={}, result=result)


@pages.route("/allocate", methods=["GET", "POST"])
@needs("calculator.use", has_unit=False)
def allocate() -> ResponseReturnValue:
    """Allocate shares by weight between floors and caps; a case that does not come out says why."""
    if request.method == "GET":
        return render_template("calculators/allocate.html", values=EXAMPLES["allocate"], errors={}, results=[])
    try:
        found = allocate_file(read_json(_text()))
    except Refusal as refusal:
        errors = field_errors(refusal, "file")
        return render_template("calculators/allocate.html", values=request.form, errors=errors, results=[]), 422
    cases = found if isinstance(found, list) else [found]
    results = [
        {"case": case, "rows": member_rows(case), "members": allocated_members(case), "gap_bp": _gap_bp(case)}
        for case in cases
    ]
    return render_template("calculators/allocate.html", values=request.form, errors={}, results=results)


@pages.route("/rehearse", methods=["GET", "POST"])
@needs("calculator.use", has_unit=False)
def rehearse() -> ResponseReturnValue:
    """Play an agreement and its events through the real verbs and undo it all."""
    shown: dict[str, Any] = {"errors": {}, "findings": [], "tables": None, "text": ""}
    if request.method == "GET":
        return render_template("calculators/rehearse.html", values=EXAMPLES["rehearse"], **shown)
    engine = current_app.extensions["gongbao"].engine
    limits.take(engine, limits.REHEARSE, request.remote_addr or "")
    text = request.form.get("file", "")
    try:
        text = _rehearsal_text()
        data = calculating.check_rehearsal(read_json(text))
        result = calculating.rehearse(engine, data, budget_s=calculating.REHEARSAL_SECONDS)
    except (Invalid, Conflict) as refusal:
        findings = [(place_of(one), words(one)) for one in refusal.findings] if isinstance(refusal, Invalid) else []
        name = "upload" if refusal.code == "not_utf8" else "file"
        told = (
            words(refusal)
            if text.strip() or name == "upload"
            else t("请填写或上传文件。", "Fill this in, or send a file.")
        )
        shown |= {"errors": {name: told}, "findings": findings if text.strip() else []}
        return render_template("calculators/rehearse.html", values={"file": text}, **shown), refusal.status
    agreement: Mapping[str, Any] = data["agreement"]  # type: ignore[index]  # its form was checked by the rehearsal
    whole = sum(agreement.get("shares_bp") or agreement["weights"])
    shown["tables"] = rehearsal_tables(result, agreement["members"], whole)
    shown["text"] = json.dumps(result, ensure_ascii=False, indent=2)
    return render_template("calculators/rehearse.html", values={"file": text}, **shown)


def _gap_bp(case: Mapping[str, Any]) -> int:
    """Return by how much the caps fall short of the whole, or the floors exceed it; 0 where the case came out."""
    if "refusal" not in case:
        return 0
    held = "caps_sum_bp" if case["refusal"] == "undersubscribed" else "floors_sum_bp"
    return abs(10_000 - int(case["working"][held]))


def _text() -> str:
    """Return what stands in the box of a form; refuses `input_missing` where nothing does."""
    text = request.form.get("file", "")
    if not text.strip():
        raise Invalid("input_wrong", [Finding("input_missing", "file")])
    return text


def _rehearsal_text() -> str:
    """Return the file that was sent, or what stands in the box; not more than a page plays."""
    upload = request.files.get("upload")
    if upload is not None and upload.filename:
        content = upload.stream.read(calculating.REHEARSAL_BYTES_MAX + 1)
        if len(content) > calculating.REHEARSAL_BYTES_MAX:
            raise calculating.too_large()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Invalid("not_utf8") from None
    text = _text()
    if len(text.encode()) > calculating.REHEARSAL_BYTES_MAX:
        raise calculating.too_large()
    return text
