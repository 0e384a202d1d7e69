"""A fault reported on a phone in three steps, followed like a parcel; the page behind the QR code in every car."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from claims import faults
from claims.faults import Report
from claims.models import Fault
from core import clock
from core.errors import Invalid, NotFound
from core.permits import Role, may
from underwriting import policies
from underwriting.models import Community, Policy
from web import reporting
from web.errors import words as said
from web.estate_query import communities_of, lifts_of
from web.fault_clocks import clocks_of, next_clock
from web.fault_queue import OPEN_STAGES, faults_of
from web.formats import number, t
from web.shell import actor, at, needs, unit

pages = Blueprint("reporter", __name__)

#: What is wrong, as the buttons of the second step say it: value -> (中文, English).
KINDS: dict[str, tuple[str, str]] = {
    "stopped": ("停住不动", "It does not move"),
    "door": ("门开关不正常", "The doors do not work"),
    "level": ("停得不平", "It stops between floors"),
    "noise": ("抖动或异响", "It shakes or is loud"),
    "button": ("按钮或显示失灵", "Buttons or display fail"),
    "light": ("照明、风扇或对讲坏了", "Light, fan or intercom is broken"),
    "other": ("其他", "Something else"),
}

#: So many lifts are offered by name; whoever has more types the number.
LIFTS_OFFERED = 300


@pages.get("/r/<number>")
@needs("public.read")
def lift(number: str) -> ResponseReturnValue:
    """Show everyone who scans the code which lift this is, whether it is being repaired, and how to report."""
    row = reporting.place_of(unit(), number)
    known = [{"number": one.number, "steps": reporting.parcel_of(one)} for one in reporting.open_faults(unit(), row.id)]
    return render_template(
        "faults/lift_public.html",
        lift=row,
        known=known,
        may_report=may(actor(), "fault.report"),
        is_signed_in=actor().role is not Role.PUBLIC,
    )


@pages.get("/report")
@needs("fault.report")
def start() -> ResponseReturnValue:
    """First step: which lift."""
    return _start("", "")


def _start(typed: str, error: str) -> str:
    offered: list[Any] = []
    if actor().role in (Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER):
        offered = list(unit().execute(lifts_of(actor(), clock.on(at())).limit(LIFTS_OFFERED)).all())
    options = [(one.number, f"{one.building} · {one.number}", one.community) for one in offered]
    # What was typed stands where it was typed, and its error beside it.
    place = "typed" if options and typed else "lift"
    errors = {place: error} if error else {}
    return render_template("faults/report_lift.html", options=options, values={place: typed}, errors=errors)


@pages.route("/report/words", methods=["GET", "POST"])
@needs("fault.report")
def words() -> ResponseReturnValue:
    """Second step: what is wrong, and whether anybody is inside; come back to, it holds what was said."""
    if request.method == "POST":
        row, values, _ = _told()
        return _words(row, values, {})
    typed = request.args.get("typed", "").strip() or request.args.get("lift", "").strip()
    if not typed:
        return _start("", said(Invalid("lift_for_report_missing"))), 422
    try:
        row = reporting.lift_of(unit(), typed, actor())
    except NotFound as refusal:
        return _start(typed, said(refusal)), 404
    return _words(row, {}, {})


def _words(row: Any, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "faults/report_words.html",
        lift=row,
        kinds=[(value, t(zh, en)) for value, (zh, en) in KINDS.items()],
        known=reporting.open_faults(unit(), row.id),
        values=values,
        errors=errors,
    )


def _told() -> tuple[Any, dict[str, str], str]:
    """Return the lift, the form's values and the description that they make, which may be empty."""
    row = reporting.lift_of(unit(), request.form.get("lift", ""), actor())
    values = {name: request.form.get(name, "").strip() for name in ("trapped", "kind", "text")}
    kind = KINDS.get(values["kind"])
    parts = [kind[0] if kind and values["kind"] != "other" else "", values["text"]]
    return row, values, "；".join(part for part in parts if part)


def _missing(values: Mapping[str, str], description: str) -> dict[str, str]:
    """Return field -> what is missing: whether anybody is inside has no answer until it is given."""
    errors = {}
    if values["trapped"] not in ("yes", "no"):
        errors["trapped"] = said(Invalid("trapped_not_said"))
    if values["kind"] not in KINDS and (values["kind"] or not description):
        errors["kind"] = said(Invalid("symptom_missing"))
    elif not description or len(description) > faults.WORDS_MOST:
        errors["text"] = said(Invalid("fault_needs_words", most=faults.WORDS_MOST))
    return errors


@pages.post("/report/check")
@needs("fault.report")
def check() -> ResponseReturnValue:
    """Third step: read it once more and send it."""
    row, values, description = _told()
    if errors := _missing(values, description):
        return _words(row, values, errors), 422
    return render_template("faults/report_check.html", lift=row, values=values, description=description)


@pages.post("/report/send")
@needs("fault.report")
def send() -> ResponseReturnValue:
    """Send the report; it is on record from the server's instant on."""
    row, values, description = _told()
    if errors := _missing(values, description):
        return _words(row, values, errors), 422
    told = Report(row.number, description, values["trapped"] == "yes", source="page")
    fault = faults.report(unit(), told, by=actor(), at=at())
    return redirect(url_for("reporter.progress", fault_id=fault.id), 303)


@pages.get("/report/<uuid:fault_id>")
@needs("fault.read")
def progress(fault_id: uuid.UUID) -> ResponseReturnValue:
    """Show what becomes of a report, like a parcel."""
    fault = faults.get(unit(), fault_id, actor())
    place = fault.lift.building
    return render_template(
        "faults/progress.html",
        fault=fault,
        place=f"{place.community.name} {place.name}",
        steps=reporting.parcel_of(fault),
        clock=next_clock(clocks_of(unit(), [fault], at=at())[fault.id]) if fault.stage in OPEN_STAGES else None,
        may_accept=fault.stage == "repaired" and may(actor(), "fault.accept"),
        now=at(),
    )


# The home of a community's people


def _home() -> ResponseReturnValue:
    query = faults_of(actor()).where(Fault.stage.in_((*OPEN_STAGES, "repaired")))
    rows = unit().execute(query.order_by(Fault.reported_at.desc()).limit(50)).all()
    clocks = clocks_of(unit(), rows, at=at())
    items = [
        {
            **row._mapping,
            "place": f"{row.community} {row.building}",
            "href": url_for("reporter.progress", fault_id=row.id),
            "clock": next_clock(clocks[row.id]) if row.stage in OPEN_STAGES else None,
        }
        for row in rows
    ]
    today = clock.on(at())
    places = unit().execute(communities_of(actor(), today).order_by(Community.sort_key)).all()
    mine = policies.visible_to(actor()).where(Policy.expires_on > today).order_by(Policy.expires_on)
    lifts, insured = sum(row.lifts for row in places), sum(row.insured for row in places)
    return render_template(
        "faults/community_home.html",
        to_accept=[item for item in items if item["stage"] == "repaired"],
        open_items=sorted((item for item in items if item["stage"] != "repaired"), key=_pressing),
        places=places,
        policies=unit().scalars(mine.limit(20)).all(),
        tiles=[
            {"label": t("电梯", "Lifts"), "value": number(lifts)},
            {"label": t("今日在保", "Insured today"), "value": number(insured)},
        ],
        now=at(),
    )


def _pressing(item: Mapping[str, Any]) -> tuple[bool, Any]:
    """Order what is under way: somebody inside first, then by the clock."""
    due = item["clock"].due_at if item["clock"] else None
    return not (item["is_trapped"] and item["arrived_at"] is None), due or item["reported_at"]


HOMES = {Role.PROPERTY_MANAGER: _home, Role.COMMUNITY_OFFICER: _home}
