"""Faults for programs: the list with clocks, one, a report, its steps, the service figures."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import validate

from claims import faults
from claims.faults import Report
from claims.models import Fault
from core.errors import Invalid
from core.permits import SYSTEM
from underwriting.models import Lift
from web import fields, reporting
from web.api import PageQuery, Strict, newest_first, resource
from web.fault_clocks import clocks_of
from web.fault_queue import OPEN_STAGES, STAGES, faults_of
from web.service_figures import document, figures, standard_now
from web.shell import actor, at, needs, unit

api = resource("faults", "Faults of lifts, their clocks under the service standard, and the figures of many.")


class FaultClockOut(Strict):
    """One clock: `due_at` is null where the calendar of working days ends first."""

    measure = fields.String()
    limit_min = fields.Integer(strict=True)
    is_working_time = fields.Boolean()
    due_at = fields.AwareDateTime(format="iso", allow_none=True)
    done_at = fields.AwareDateTime(format="iso", allow_none=True)
    state = fields.String()
    took_min = fields.Integer(strict=True, allow_none=True)
    is_provisional = fields.Boolean()


class FaultOut(Strict):
    """A fault as the actor may see it."""

    id = fields.UUID()
    number = fields.Integer(strict=True)
    stage = fields.String()
    lift_number = fields.String()
    community = fields.String()
    building = fields.String()
    district = fields.String()
    description = fields.String()
    is_trapped = fields.Boolean()
    source = fields.String()
    reported_at = fields.AwareDateTime(format="iso")
    acknowledged_at = fields.AwareDateTime(format="iso", allow_none=True)
    arrived_at = fields.AwareDateTime(format="iso", allow_none=True)
    repaired_at = fields.AwareDateTime(format="iso", allow_none=True)
    accepted_at = fields.AwareDateTime(format="iso", allow_none=True)
    clocks = fields.List(fields.Nested(FaultClockOut))


class FaultPage(Strict):
    """A page of faults, newest first; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(FaultOut))
    next = fields.String(allow_none=True)


class FaultQuery(PageQuery):
    """Which faults: by stage (`open` for those not repaired), by lift."""

    stage = fields.String(load_default="", validate=validate.OneOf(["", "open", *STAGES]))
    lift = fields.String(load_default="", validate=validate.Length(max=40))


class FaultReportIn(Strict):
    """A fault as it is reported; the instant is the server's."""

    lift = fields.String(required=True, validate=validate.Length(1, 40))
    description = fields.String(required=True, validate=validate.Length(1, 2000))
    is_trapped = fields.Boolean(load_default=False)
    is_built_up = fields.Boolean(load_default=True)


class FaultStepIn(Strict):
    """A note to a step; sending back and taking back need one."""

    note = fields.String(load_default="", validate=validate.Length(max=2000))


def _out(rows: list[Any]) -> list[dict[str, Any]]:
    clocks = clocks_of(unit(), rows, at=at())
    return [{**row._mapping, "clocks": clocks[row.id]} for row in rows]


def _fault(fault_id: uuid.UUID) -> dict[str, Any]:
    """Return one fault as `FaultOut`; NotFound `fault_not_found`."""
    faults.get(unit(), fault_id, actor())
    row = unit().execute(faults_of(actor()).where(Fault.id == fault_id)).one()
    return _out([row])[0]


@api.get("")
@needs("fault.read")
@api.arguments(FaultQuery, location="query")
@api.response(200, FaultPage)
def index(query: Mapping[str, Any]) -> ResponseReturnValue:
    """List the faults that the actor may see, newest first."""
    rows = faults_of(actor())
    if query["stage"]:
        rows = rows.where(Fault.stage.in_(OPEN_STAGES if query["stage"] == "open" else (query["stage"],)))
    if query["lift"]:
        rows = rows.where(Lift.number == query["lift"])
    page = newest_first(unit(), rows, query, Fault.reported_at, Fault.id)
    return {"data": _out(page.rows), "next": page.next}


@api.post("")
@needs("fault.report")
@api.arguments(FaultReportIn)
@api.response(201, FaultOut)
def report(told: Mapping[str, Any]) -> ResponseReturnValue:
    """Report a fault."""
    lift = reporting.lift_of(unit(), told["lift"], actor())
    made = Report(lift.number, told["description"], told["is_trapped"], told["is_built_up"], source="api")
    return _fault(faults.report(unit(), made, by=actor(), at=at()).id)


@api.get("/<uuid:fault_id>")
@needs("fault.read")
@api.response(200, FaultOut)
def one(fault_id: uuid.UUID) -> ResponseReturnValue:
    """Show one fault with its clocks."""
    return _fault(fault_id)


def _step(fault_id: uuid.UUID, verb: str, told: Mapping[str, Any]) -> dict[str, Any]:
    fault = faults.get(unit(), fault_id, actor())
    faults.advance(unit(), fault, verb, by=actor(), at=at(), note=told["note"])
    return _fault(fault_id)


@api.post("/<uuid:fault_id>/acknowledge")
@needs("fault.work")
@api.arguments(FaultStepIn)
@api.response(200, FaultOut)
def acknowledge(told: Mapping[str, Any], fault_id: uuid.UUID) -> ResponseReturnValue:
    """Take a fault on."""
    return _step(fault_id, "acknowledge", told)


@api.post("/<uuid:fault_id>/arrive")
@needs("fault.work")
@api.arguments(FaultStepIn)
@api.response(200, FaultOut)
def arrive(told: Mapping[str, Any], fault_id: uuid.UUID) -> ResponseReturnValue:
    """Record that the crew is on site."""
    return _step(fault_id, "arrive", told)


@api.post("/<uuid:fault_id>/repair")
@needs("fault.work")
@api.arguments(FaultStepIn)
@api.response(200, FaultOut)
def repair(told: Mapping[str, Any], fault_id: uuid.UUID) -> ResponseReturnValue:
    """Record that the lift runs again."""
    return _step(fault_id, "repair", told)


@api.post("/<uuid:fault_id>/accept")
@needs("fault.accept")
@api.arguments(FaultStepIn)
@api.response(200, FaultOut)
def accept(told: Mapping[str, Any], fault_id: uuid.UUID) -> ResponseReturnValue:
    """Accept a repair."""
    return _step(fault_id, "accept", told)


@api.post("/<uuid:fault_id>/reopen")
@needs("fault.accept")
@api.arguments(FaultStepIn)
@api.response(200, FaultOut)
def reopen(told: Mapping[str, Any], fault_id: uuid.UUID) -> ResponseReturnValue:
    """Send a repair back, with the reason."""
    return _step(fault_id, "reopen", told)


@api.post("/<uuid:fault_id>/withdraw")
@needs("fault.report")
@api.arguments(FaultStepIn)
@api.response(200, FaultOut)
def withdraw(told: Mapping[str, Any], fault_id: uuid.UUID) -> ResponseReturnValue:
    """Take a report back, with the reason."""
    return _step(fault_id, "withdraw", told)


# Figures


class ServiceRatioOut(Strict):
    """A ratio with the n it stands on. `bp` is null where n is 0."""

    limit_min = fields.Integer(strict=True)
    limit_working_min = fields.Integer(strict=True)
    limit_days = fields.Integer(strict=True)
    met = fields.Integer(strict=True)
    n = fields.Integer(strict=True)
    bp = fields.Integer(strict=True, allow_none=True)
    open_failed = fields.Integer(strict=True)
    not_yet = fields.Integer(strict=True)
    not_known = fields.Integer(strict=True)


class ServiceFiguresOut(Strict):
    """The service standard measured over the faults reported in some days; days are hundredths."""

    since = fields.Date()
    until = fields.Date()
    as_of = fields.String()
    closed = fields.Integer(strict=True)
    open = fields.Integer(strict=True)
    response = fields.Nested(ServiceRatioOut)
    arrival_trapped = fields.Nested(ServiceRatioOut)
    half_day = fields.Nested(ServiceRatioOut)
    within_longest = fields.Nested(ServiceRatioOut)
    mean_days_hundredths = fields.Integer(strict=True, allow_none=True)
    median_days_hundredths = fields.Integer(strict=True, allow_none=True)
    mean_net_days_hundredths = fields.Integer(strict=True, allow_none=True)
    longest_minutes = fields.Integer(strict=True, allow_none=True)
    longest_is_open = fields.Boolean(allow_none=True)
    is_provisional = fields.Boolean()
    unknown_days = fields.List(fields.String())


class ServiceQuery(Strict):
    """Which days of report, both counted; at most 1100 of them."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)


def _figures(query: Mapping[str, Any], *, is_public: bool) -> dict[str, Any]:
    since, until = query["since"], query["until"]
    if not since <= until <= since + dt.timedelta(days=1100):
        raise Invalid("span_wrong", most=1100)
    whose = SYSTEM if is_public else actor()
    found = document(figures(unit(), whose, since, until, at=at()), since, until, standard_now(unit(), whose))
    return {**found, "since": since, "until": until}


@api.get("/figures")
@needs("fault.read")
@api.arguments(ServiceQuery, location="query")
@api.response(200, ServiceFiguresOut)
def own_figures(query: Mapping[str, Any]) -> ResponseReturnValue:
    """Measure the faults that the actor may see."""
    return _figures(query, is_public=False)


@api.get("/public-figures")
@needs("public.read")
@api.arguments(ServiceQuery, location="query")
@api.response(200, ServiceFiguresOut)
def public_figures(query: Mapping[str, Any]) -> ResponseReturnValue:
    """Measure the faults of the whole city; open to everyone."""
    return _figures(query, is_public=True)
