"""A member in default on a statement: declared by the lead's checker or the bureau, cured once it has paid."""

from __future__ import annotations

import uuid
from typing import Any

from underwriting import step_up
from web import fields
from web.api import Strict, resource
from web.api.step_ups import StepUpOut, step_up_out
from web.money_desk import booked_on
from web.shell import actor, at, needs, unit
from web.statement_view import statement_of

api = resource("defaults", "Members in default: declared, cured.", "/statements")


class DefaultIn(Strict):
    """The day of a default and its reason in words, which all members see."""

    on = fields.Date(required=True)
    reason = fields.String(required=True)


class CureIn(Strict):
    """The day that the member in default has paid: today or before."""

    on = fields.Date(required=True)


@api.post("/<uuid:statement_id>/default")
@needs("default.declare")
@api.arguments(DefaultIn)
@api.response(201, StepUpOut)
def declare(told: dict[str, Any], statement_id: uuid.UUID) -> dict[str, Any]:
    """Declare a member in default on its overdue statement; the others bear all that it owes."""
    statement = statement_of(unit(), statement_id, actor())
    step_up.require_default_desk(unit(), statement, actor())
    on = booked_on(told["on"])
    return step_up_out(step_up.declare_default(unit(), statement, told["reason"], on=on, by=actor(), at=at()))


@api.post("/<uuid:statement_id>/default/cure")
@needs("default.cure")
@api.arguments(CureIn)
@api.response(200, StepUpOut)
def cure(told: dict[str, Any], statement_id: uuid.UUID) -> dict[str, Any]:
    """Book that a member in default has paid; its statement is settled, the others get back what they bore."""
    statement = statement_of(unit(), statement_id, actor())
    step_up.require_default_desk(unit(), statement, actor())
    row = step_up.required(unit(), statement)
    step_up.cure_default(unit(), row, on=booked_on(told["on"]), by=actor(), at=at())
    return step_up_out(row)
