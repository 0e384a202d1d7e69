"""A list of lifts registered by hand: send the file, match its columns, look at every bad row, register it whole."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core.audit import AuditEvent
from core.errors import Invalid, NotFound
from core.papers import Paper
from web import estate_list, list_upload
from web.errors import words
from web.estate_columns import ESTATE_SCHEMA
from web.estate_list import EstateList
from web.formats import number, t
from web.list_walk import Walk, answers, as_receipt, column_errors, review_rows
from web.shell import actor, at, needs, unit

pages = Blueprint("estate_import", __name__, url_prefix="/estates/import")

PURPOSE = "estate_list"
COMMAND = "gongbao estate import 电梯.xlsx --dry-run"


def _walk() -> Walk:
    crumbs = [(t("小区电梯", "Estates"), url_for("estates.index"))]
    return Walk(t("登记电梯名单", "Register a list of lifts"), crumbs, "estate_import")


@pages.route("", methods=["GET", "POST"])
@needs("estate.import")
def upload() -> ResponseReturnValue:
    """Ask for the file and keep it."""
    intro = t(
        "一行一台电梯，写明小区和楼栋。全部无误才登记，有一行不对就一行都不写。",
        "One lift a row, with its community and building. All rows are registered or none.",
    )
    return _walk().upload(ESTATE_SCHEMA, PURPOSE, intro, COMMAND)


def _paper(paper_id: uuid.UUID) -> Paper:
    return list_upload.upload_of(unit(), paper_id, PURPOSE, actor())


def _read(paper: Paper, values: Any) -> EstateList:
    columns = list_upload.columns_asked(ESTATE_SCHEMA, values)
    with list_upload.opened(paper) as stream:
        return estate_list.read(unit(), stream, paper.name, columns, sheet=values.get("sheet") or None, at=at())


@pages.get("/<uuid:paper_id>/columns")
@needs("estate.import")
def columns(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    return _columns(_paper(paper_id), {})


def _columns(paper: Paper, errors: Mapping[str, str]) -> str:
    look = list_upload.look(paper, request.args.get("sheet") or None)
    values = {**list_upload.suggested(ESTATE_SCHEMA, look.headers, answers()), **answers()}
    return _walk().columns(ESTATE_SCHEMA, paper, look, values, errors, zones=[], may_register=False)


@pages.get("/<uuid:paper_id>/review")
@needs("estate.import")
def review(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Show what would be registered, and every row that is wrong."""
    paper = _paper(paper_id)
    try:
        told = _read(paper, request.args)
    except Invalid as refusal:
        return _columns(paper, column_errors(ESTATE_SCHEMA, refusal)), 422
    counts = dict(told.unread.counts)
    for finding in told.refused:
        counts[finding.code] = counts.get(finding.code, 0) + 1
    found = review_rows(told.findings, counts, lambda _: t("须更正", "to be corrected"))
    if found.as_file is not None:
        return found.as_file
    facts = estate_list.summary(told)
    total = facts["findings"]
    blocked = "" if told.is_good else words(Invalid("estate_rows_refused", count=total))
    return render_template(
        "lists/review.html",
        **_walk().frame(paper),
        tiles=[
            {"label": t("读到", "Rows read"), "value": number(told.rows_read), "unit": t("行", "rows")},
            {"label": t("小区", "Communities"), "value": number(facts["communities"])},
            {"label": t("电梯", "Lifts"), "value": number(facts["lifts"])},
            {"label": t("须更正", "To be corrected"), "value": number(total), "unit": t("处", "places")},
        ],
        notes=[],
        kinds=found.kinds,
        found=found.listed,
        exports=found.exports,
        taking=_taking(paper, facts) if told.is_good else None,
        blocked=blocked,
    )


def _taking(paper: Paper, facts: Mapping[str, Any]) -> dict[str, Any]:
    lifts, places = number(facts["lifts"]), number(facts["communities"])
    return {
        "sentence": t(
            "现在登记 {c} 个小区的 {n} 台电梯。",
            "Register {n} lifts of {c} communities now.",
            c=places,
            n=lifts,
        ),
        "label": t("登记 {n} 台电梯", "Register {n} lifts", n=lifts),
        "action": url_for("estate_import.take", paper_id=paper.id),
        "fields": answers(),
    }


@pages.post("/<uuid:paper_id>/take")
@needs("estate.import")
def take(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Register the whole list."""
    paper = _paper(paper_id)
    estate_list.take(unit(), _read(paper, request.form), by=actor(), at=at())
    return redirect(url_for("estate_import.receipt", paper_id=paper.id), 303)


@pages.get("/<uuid:paper_id>/receipt")
@needs("estate.import")
def receipt(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Show the receipt of a list that was registered."""
    paper = _paper(paper_id)
    event = unit().scalar(
        select(AuditEvent)
        .where(
            AuditEvent.action == "estate.imported",
            AuditEvent.person_id == actor().person_id,
            AuditEvent.at >= paper.made_at,
        )
        .order_by(AuditEvent.id)
        .limit(1)
    )
    if event is None:
        raise NotFound("upload_not_found")
    pairs = [(t("文件", "File"), paper.name)]
    for name, zh, en in (
        ("communities", "新增小区", "Communities added"),
        ("buildings", "新增楼栋", "Buildings added"),
        ("lifts", "新增电梯", "Lifts added"),
    ):
        pairs.append((t(zh, en), number(event.facts.get(name, 0))))
    following = [
        (t("查看小区电梯", "See the register"), url_for("estates.index")),
        (t("再登记一份", "Register another list"), url_for("estate_import.upload")),
    ]
    return as_receipt(_walk(), paper, pairs, following)
