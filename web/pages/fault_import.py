"""A list of faults taken in by hand: send the file, match its columns, look at every odd row, take it, a receipt."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from claims.fault_rows import ERRORS, days_hundredths, duration_text
from claims.models import Fault
from core.errors import Invalid, NotFound
from core.papers import Paper
from core.permits import may
from web import fault_list, list_upload
from web.errors import words
from web.fault_columns import fault_schema
from web.fault_list import FaultList, Wanted
from web.formats import number, t
from web.list_walk import Walk, answers, as_receipt, column_errors, review_rows
from web.shell import actor, at, needs, unit

pages = Blueprint("fault_import", __name__, url_prefix="/faults/import")

PURPOSE = "fault_list"
SCHEMA = fault_schema()
COMMAND = "gongbao fault import 名单.csv --map lift_number=电梯编号,reported_at=报修时间 --dry-run"
#: The zones that the form offers; the command takes any.
ZONES = ("Asia/Shanghai", "UTC")


def _walk() -> Walk:
    return Walk(
        t("导入故障名单", "Take in a list of faults"),
        [(t("故障", "Faults"), url_for("faults.index"))],
        "fault_import",
    )


@pages.route("", methods=["GET", "POST"])
@needs("fault.import")
def upload() -> ResponseReturnValue:
    """Ask for the file and keep it."""
    intro = t(
        "维保单位或平台导出的停运、报修清单，一次导入。每一处疑点都会先列给您看。",
        "Lists of outages or repairs as others keep them, taken in at once. Everything odd is shown to you first.",
    )
    return _walk().upload(SCHEMA, PURPOSE, intro, COMMAND)


def _paper(paper_id: uuid.UUID) -> Paper:
    return list_upload.upload_of(unit(), paper_id, PURPOSE, actor())


def _may_register() -> bool:
    return may(actor(), "estate.import")


def _wanted(values: MultiDict[str, str]) -> Wanted:
    """Return how the list is to be read, from the form; Invalid `zone_unknown`."""
    return Wanted(
        columns=list_upload.columns_asked(SCHEMA, values),
        zone=fault_list.zone_of(values.get("zone", ZONES[0])),
        sheet=values.get("sheet") or None,
        registers_lifts=_may_register() and values.get("register") == "yes",
    )


def _read(paper: Paper, wanted: Wanted) -> FaultList:
    with list_upload.opened(paper) as stream:
        return fault_list.read(unit(), stream, paper.name, wanted, at=at())


@pages.get("/<uuid:paper_id>/columns")
@needs("fault.import")
def columns(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    return _columns(_paper(paper_id), {}), 200


def _columns(paper: Paper, errors: Mapping[str, str]) -> str:
    sheet = request.args.get("sheet") or None
    look = list_upload.look(paper, sheet)
    values = {"zone": ZONES[0], **list_upload.suggested(SCHEMA, look.headers, answers()), **answers()}
    zones = [(ZONES[0], t("北京时间", "Beijing time")), (ZONES[1], "UTC")]
    return _walk().columns(SCHEMA, paper, look, values, errors, zones=zones, may_register=_may_register())


@pages.get("/<uuid:paper_id>/review")
@needs("fault.import")
def review(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Show what would be taken, and every odd row."""
    paper = _paper(paper_id)
    try:
        wanted = _wanted(request.args)
        told = _read(paper, wanted)
    except Invalid as refusal:
        return _columns(paper, column_errors(SCHEMA, refusal)), 422
    found = review_rows(told.findings, told.counts, lambda one: _effect(one.code))
    if found.as_file is not None:
        return found.as_file
    return render_template(
        "lists/review.html",
        **_walk().frame(paper),
        tiles=_tiles(told),
        notes=_notes(told),
        kinds=found.kinds,
        found=found.listed,
        exports=found.exports,
        taking=_taking(paper, told) if told.report.taken else None,
        blocked="" if told.report.taken else words(Invalid("no_row_to_take", read=told.rows_read)),
    )


def _effect(code: str) -> str:
    is_out = code in ERRORS or not code.startswith("fault_")
    return t("不导入", "kept out") if is_out else t("导入", "taken")


def _tiles(told: FaultList) -> list[dict[str, Any]]:
    report = told.report
    return [
        {"label": t("读到", "Rows read"), "value": number(told.rows_read), "unit": t("行", "rows")},
        {"label": t("可导入", "Can be taken"), "value": number(len(report.taken)), "unit": t("行", "rows")},
        {"label": t("不导入", "Kept out"), "value": number(told.refused), "unit": t("行", "rows")},
        {"label": t("导入但有疑点", "Taken, but odd"), "value": number(report.odd), "unit": t("行", "rows")},
    ]


def _notes(told: FaultList) -> list[tuple[str, str]]:
    report, times = told.report, told.report.repair_times
    notes = [
        (t("电梯", "Lifts"), number(report.lifts)),
        (t("尚未修复", "Not repaired yet"), number(report.open)),
    ]
    if told.new_lifts:
        notes.append((t("将新登记的电梯", "Lifts to be registered"), number(len(told.new_lifts))))
    if times is not None:
        hundredths = days_hundredths(times.mean_s)
        days = f"{hundredths // 100}.{hundredths % 100:02}"
        mean = t("{time}（{days} 天，n = {n}）", "{time} ({days} days, n = {n})")
        notes += [
            (
                t("修复用时，平均", "Repair, mean"),
                mean.format(time=duration_text(times.mean_s), days=days, n=number(times.n)),
            ),
            (t("修复用时，中位", "Repair, median"), duration_text(times.median_s)),
            (
                t("修复用时，最长", "Repair, longest"),
                t("{length}（第 {row} 行，{lift}）", "{length} (row {row}, {lift})").format(
                    length=_length(times.longest), row=times.longest_row, lift=times.longest_lift
                ),
            ),
        ]
    return notes


def _length(length: timedelta) -> str:
    """Return a length in days and hours, minutes, seconds; without days where there is none."""
    rest = duration_text(Fraction(length.seconds))
    return t("{d} 天 {rest}", "{d} d {rest}", d=length.days, rest=rest) if length.days else rest


def _taking(paper: Paper, told: FaultList) -> dict[str, Any]:
    count = number(len(told.report.taken))
    sentence = t("现在把 {n} 次故障写入台账。", "Write {n} faults into the books now.", n=count)
    if told.new_lifts:
        sentence += t(
            "同时登记 {n} 台电梯，归入“未定小区”。", " {n} lifts are registered as well.", n=number(len(told.new_lifts))
        )
    if told.refused:
        sentence += t("另有 {n} 行不导入。", " {n} rows stay out.", n=number(told.refused))
    return {
        "sentence": sentence,
        "label": t("导入 {n} 次故障", "Take {n} faults", n=count),
        "action": url_for("fault_import.take", paper_id=paper.id),
        "fields": answers(),
    }


@pages.post("/<uuid:paper_id>/take")
@needs("fault.import")
def take(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Write the rows that can be taken."""
    paper = _paper(paper_id)
    told = _read(paper, _wanted(request.form))
    fault_list.take(unit(), told, _source(paper), by=actor(), at=at())
    return redirect(url_for("fault_import.receipt", paper_id=paper.id), 303)


def _source(paper: Paper) -> str:
    return f"list:{paper.id}"


@pages.get("/<uuid:paper_id>/receipt")
@needs("fault.import")
def receipt(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Show the receipt of a list that was taken."""
    paper = _paper(paper_id)
    count = unit().scalar(select(func.count()).where(Fault.source == _source(paper))) or 0
    if not count:
        raise NotFound("upload_not_found")
    pairs = [(t("文件", "File"), paper.name), (t("写入的故障", "Faults written"), number(count))]
    following = [(t("查看故障", "See the faults"), url_for("faults.index")), _again()]
    return as_receipt(_walk(), paper, pairs, following)


def _again() -> tuple[str, str]:
    return t("再导入一份", "Take in another list"), url_for("fault_import.upload")
