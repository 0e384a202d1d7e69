"""Faults: the list, one fault with its clocks, its steps; the queues of claims handlers and repairers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from claims import faults, handling
from claims.models import Claim, Fault
from claims.stages import FAULT_MOVES
from core import clock, parties
from core.errors import Forbidden, Invalid
from core.permits import Role, may
from underwriting import policies
from underwriting.models import Policy, PolicyLift
from web import typed
from web.columns import Column
from web.errors import field_errors
from web.fault_clocks import clocks_of, next_clock, verdict
from web.fault_queue import OPEN_STAGES, SORTS, STAGES, asked_for, faults_of
from web.formats import t
from web.history import history
from web.listing import EXPORT_MOST, Asked, csv_link, csv_of, listed, sort_asked, wants_csv
from web.pages import MenuItem
from web.shell import actor, at, needs, unit
from web.states import STATES

pages = Blueprint("faults", __name__, url_prefix="/faults")

MENU = [
    MenuItem(
        30,
        "故障",
        "Faults",
        "faults.index",
        frozenset(
            {
                Role.OFFICER,
                Role.SUPERVISOR,
                Role.AUDITOR,
                Role.CLAIMS_HANDLER,
                Role.REPAIRER,
                Role.COMMUNITY_OFFICER,
                Role.PROPERTY_MANAGER,
            }
        ),
    )
]

#: verb -> (action of the table, 中文, English, whether a note is needed and a page of its own).
STEPS: dict[str, tuple[str, str, str, bool]] = {
    "acknowledge": ("fault.work", "接单响应", "Acknowledge", False),
    "arrive": ("fault.work", "登记到场", "Arrived on site", False),
    "repair": ("fault.work", "登记修复", "Repaired", False),
    "accept": ("fault.accept", "验收", "Accept the repair", False),
    "reopen": ("fault.accept", "退回重修", "Send back for repair", True),
    "withdraw": ("fault.report", "撤回报修", "Take the report back", True),
}


#: What is said once a step is taken.
DONE: dict[str, tuple[str, str]] = {
    "acknowledge": ("已接单。", "Acknowledged."),
    "arrive": ("到场时间已登记。", "The arrival is recorded."),
    "repair": ("修复时间已登记，等待验收。", "The repair is recorded and waits to be accepted."),
    "accept": ("已验收。", "The repair is accepted."),
    "reopen": ("已退回重修。", "Sent back for repair."),
    "withdraw": ("报修已撤回。", "The report is taken back."),
}


def next_steps(fault: Any, *, is_workable: bool) -> list[dict[str, Any]]:
    """Return the steps that the actor may take on a fault as it stands, the usual one first."""
    return [
        {"verb": verb, "label": t(zh, en), "needs_note": needs_note}
        for verb, (action, zh, en, needs_note) in STEPS.items()
        if (fault.stage, verb) in FAULT_MOVES
        and may(actor(), action)
        and faults.may_step(actor(), verb, fault.reported_by, is_workable=is_workable)
    ]


@pages.get("")
@needs("fault.read")
def index() -> ResponseReturnValue:
    """List the faults that the actor may see."""
    asked = Asked()
    query = asked_for(faults_of(actor()), asked)
    sort, order = sort_asked(SORTS, "-reported_at")
    query = query.order_by(*order, Fault.id)
    if wants_csv():
        return _csv(unit().execute(query.limit(EXPORT_MOST)).all())
    found = listed(unit(), query)
    clocks = clocks_of(unit(), found.rows, at=at())
    rows = [_line(row, clocks[row.id]) for row in found.rows]
    return render_template(
        "faults/index.html",
        rows=rows,
        columns=_columns(),
        found=found,
        sort=sort,
        values=asked.values,
        errors=asked.errors,
        saved=_saved(asked),
        exports=csv_link(),
        stages=[("", t("全部", "All")), ("open", t("未修复", "Not repaired")), *_stage_options()],
        may_import=may(actor(), "fault.import"),
        may_report=may(actor(), "fault.report"),
        now=at(),
    )


def _stage_options() -> list[tuple[str, str]]:
    return [(stage, t(STATES["fault"][stage].zh, STATES["fault"][stage].en)) for stage in STAGES]


def _saved(asked: Asked) -> list[tuple[str, str, bool]]:
    stage, trapped = asked.values["stage"], asked.values["trapped"]
    base = url_for("faults.index")
    return [
        (t("全部", "All"), base, not stage and not trapped),
        (t("未修复", "Not repaired"), f"{base}?stage=open", stage == "open" and not trapped),
        (t("待验收", "To be accepted"), f"{base}?stage=repaired", stage == "repaired"),
        (t("困人", "Trapped"), f"{base}?trapped=yes", trapped == "yes" and not stage),
    ]


def _line(row: Any, clocks: Sequence[Any]) -> dict[str, Any]:
    return {
        **row._mapping,
        "place": f"{row.community} {row.building}",
        "href": url_for("faults.one", fault_id=row.id),
        "clock": next_clock(clocks) if row.stage in OPEN_STAGES else None,
        "verdict": verdict(clocks) if row.stage in ("repaired", "accepted") else "",
    }


def _columns() -> list[Column]:
    return [
        Column("number", t("编号", "Fault"), "code", href="href", is_head=True, is_sortable=True),
        Column("lift_number", t("电梯", "Lift"), "code", is_sortable=True),
        Column("place", t("位置", "Place")),
        Column("stage", t("状态", "State"), "chip", of="fault"),
        Column("trapped", t("困人", "Trapped"), "custom"),
        Column("reported_at", t("报修", "Reported"), "instant", note=t("北京时间", "Beijing time"), is_sortable=True),
        Column("clock", t("时限", "Clock"), "custom"),
        Column("claim_number", t("赔案", "Claim"), "code"),
    ]


_CSV_COLUMNS = (
    "number",
    "lift_number",
    "district",
    "community",
    "building",
    "stage",
    "is_trapped",
    "reported_at",
    "acknowledged_at",
    "arrived_at",
    "repaired_at",
    "accepted_at",
    "source",
    "description",
    "claim_number",
)


def _csv(rows: Sequence[Any]) -> Response:
    return csv_of("faults", [(name, attrgetter(name)) for name in _CSV_COLUMNS], rows)


@pages.get("/<uuid:fault_id>")
@needs("fault.read")
def one(fault_id: uuid.UUID) -> ResponseReturnValue:
    """Show one fault: its clocks, what happened, what can be done now."""
    fault = faults.get(unit(), fault_id, actor())
    return _one(fault, {}, 200)


def _one(fault: Fault, errors: dict[str, str], status: int) -> ResponseReturnValue:
    place = fault.lift.building
    clocks = clocks_of(unit(), [fault], at=at())[fault.id]
    is_workable = faults.may_work(unit(), fault, actor())
    steps = next_steps(fault, is_workable=is_workable)
    policies = _policies(fault)
    page = render_template(
        "faults/one.html",
        fault=fault,
        place=f"{place.community.name} {place.name}",
        repairer=fault.lift.repairer_id and parties.organisation(unit(), fault.lift.repairer_id).name,
        district=place.community.district,
        clocks=clocks,
        steps=steps,
        looks_on=may(actor(), "fault.work") and not is_workable and fault.stage in OPEN_STAGES,
        events=history(unit(), "fault", fault.id),
        notes=[event for event in faults.events_of(unit(), fault) if event.note],
        claim=_claim(fault),
        policies=policies,
        may_claim=may(actor(), "claim.make") and _leads(policies),
        errors=errors,
        now=at(),
    )
    return page, status


def _leads(policies: Sequence[Policy]) -> bool:
    """Say whether the actor's side leads the pool of one of these policies; of any pool, where there are none."""
    led = actor().led_pools
    return any(policy.pool_id in led for policy in policies) if policies else bool(led)


def _claim(fault: Fault) -> Claim | None:
    """Return the claim made from a fault, where the actor may see claims at all."""
    if not may(actor(), "claim.read"):
        return None
    return unit().scalar(
        handling.visible_to(actor()).where(Claim.fault_id == fault.id).order_by(Claim.made_at.desc()).limit(1)
    )


def _policies(fault: Fault) -> Sequence[Policy]:
    """Return the policies that covered the lift on the day of the report and that the actor may see."""
    if not may(actor(), "policy.read"):
        return []
    day = clock.on(fault.reported_at)
    covered = select(PolicyLift.policy_id).where(
        PolicyLift.lift_id == fault.lift_id, PolicyLift.covered_from <= day, PolicyLift.covered_to > day
    )
    return unit().scalars(policies.visible_to(actor()).where(Policy.id.in_(covered))).all()


def _step(fault_id: uuid.UUID, action: str) -> ResponseReturnValue:
    """Take the step that the form names, if it is one of this action."""
    verb = request.form.get("verb", "")
    if STEPS.get(verb, ("",))[0] != action:
        raise Invalid("step_unknown", step=verb[:20])
    fault = faults.get(unit(), fault_id, actor())
    note = request.form.get("note", "")
    try:
        faults.advance(unit(), fault, verb, by=actor(), at=at(), note=typed.within(note, "note", 2000))
    except Invalid as refusal:
        return _ask(fault, verb, field_errors(refusal, "note")), 422
    flash(t(*DONE[verb]), "success")
    back = request.form.get("back", "")
    following = url_for("home.home") if back == "home" else url_for("faults.one", fault_id=fault.id)
    return redirect(following, 303)


@pages.post("/<uuid:fault_id>/work")
@needs("fault.work")
def work(fault_id: uuid.UUID) -> ResponseReturnValue:
    """Acknowledge a fault, arrive at it, repair it."""
    return _step(fault_id, "fault.work")


@pages.post("/<uuid:fault_id>/acceptance")
@needs("fault.accept")
def acceptance(fault_id: uuid.UUID) -> ResponseReturnValue:
    """Accept a repair or send it back."""
    return _step(fault_id, "fault.accept")


@pages.post("/<uuid:fault_id>/withdrawal")
@needs("fault.report")
def withdrawal(fault_id: uuid.UUID) -> ResponseReturnValue:
    """Take a report back."""
    return _step(fault_id, "fault.report")


@pages.get("/<uuid:fault_id>/ask/<verb>")
@needs("fault.read")
def ask(fault_id: uuid.UUID, verb: str) -> ResponseReturnValue:
    """Ask for the reason of a step that takes something back."""
    if verb not in STEPS or not may(actor(), STEPS[verb][0]):
        raise Forbidden("role_may_not", action=STEPS.get(verb, ("fault.read",))[0], role=actor().role.value)
    fault = faults.get(unit(), fault_id, actor())
    faults.require_step(unit(), fault, verb, actor())
    return _ask(fault, verb, {})


def _ask(fault: Fault, verb: str, errors: dict[str, str]) -> str:
    return render_template(
        "faults/ask.html",
        fault=fault,
        verb=verb,
        label=t(STEPS[verb][1], STEPS[verb][2]),
        action=url_for(_ROUTES[STEPS[verb][0]], fault_id=fault.id),
        values=request.form,
        errors=errors,
    )


_ROUTES = {"fault.work": "faults.work", "fault.accept": "faults.acceptance", "fault.report": "faults.withdrawal"}
