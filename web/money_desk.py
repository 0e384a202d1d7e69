"""What the pages of the desks have in common: whose view it is, what a form holds, one step on a page of its own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.errors import Conflict, Finding, Forbidden, Invalid
from core.parties import Organisation
from core.permits import Actor
from ledger.journal import JournalRow
from ledger.models import Share
from ledger.money import parse_fen
from underwriting import pools
from underwriting.models import Pool
from web.errors import field_errors
from web.formats import reason_name, t
from web.forms import unanswered
from web.shell import actor, at, unit


def pool_of(pool_id: int) -> Pool:
    """Return a pool that the actor may know of; NotFound `pool_not_found`."""
    return pools.get(unit(), pool_id, actor())


def led_pool(pool_id: int) -> Pool:
    """Return a pool that the actor's organisation leads; Forbidden `lead_only` for a member that does not."""
    pool = pool_of(pool_id)
    if actor().organisation_id != pool.lead_id:
        raise Forbidden("lead_only")
    return pool


def leads(pool: Pool) -> bool:
    """Say whether the actor's organisation leads a pool."""
    return actor().organisation_id == pool.lead_id


def view_of(pool_id: int, who: Actor) -> uuid.UUID | None:
    """Return the member whose view of a pool's book an actor has; None for those who see all of it."""
    return None if who.sees_all or pool_id in who.led_pools else who.organisation_id


def pools_seen(session: Session, who: Actor) -> Sequence[Pool]:
    """Return the pools that an actor may know of, newest first."""
    return session.scalars(pools.visible_to(who).order_by(Pool.id.desc())).all()


def member_names(session: Session, pool_ids: Sequence[int]) -> dict[uuid.UUID, str]:
    """Return member -> name over all share versions of these pools."""
    members = select(Share.organisation_id).where(Share.pool_id.in_(pool_ids))
    query = select(Organisation.id, Organisation.name).where(Organisation.id.in_(members))
    return {row[0]: row[1] for row in session.execute(query.order_by(Organisation.sort_key))}


def short_names(session: Session, pool_ids: Sequence[int]) -> dict[uuid.UUID, str]:
    """Return member -> short name, for the heads of tables that set members side by side."""
    members = select(Share.organisation_id).where(Share.pool_id.in_(pool_ids))
    query = select(Organisation.id, Organisation.short_name).where(Organisation.id.in_(members))
    return {row[0]: row[1] for row in session.execute(query)}


#: An id as an address and a form write it.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def today() -> date:
    """Return the city's date at the instant of the request."""
    return clock.on(at())


def entry_rows(pool_id: int, rows: Iterable[JournalRow]) -> list[dict[str, object]]:
    """Return entries of a pool's book as rows of a table, each with the address of its page."""
    return [
        {
            "id": row.id,
            "on": row.on,
            "reason": reason_name(row.reason.value),
            "amount_fen": row.amount_fen,
            "href": url_for("pools.entry", pool_id=pool_id, entry_id=row.id),
        }
        for row in rows
    ]


# What comes in an address or a form


def read_day(text: str | None) -> date | None:
    """Return a date of a filter; None where it is empty or none."""
    try:
        return date.fromisoformat(text or "") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text or "", re.ASCII) else None
    except ValueError:
        return None


def need_day(values: Mapping[str, str], name: str = "on") -> date:
    """Return a date of a form; Invalid `not_a_date`."""
    day = read_day(values.get(name))
    if day is None:
        told = {"value": values.get(name, "")}
        raise Invalid("not_a_date", [Finding("not_a_date", name, dict(told))], **told)
    return day


def need_amount(values: Mapping[str, str], name: str = "amount") -> int:
    """Return an amount of a form in fen; Invalid `invalid_amount`, `amount_too_large`."""
    return parse_fen(values.get(name, "").strip())


def booked_day(values: Mapping[str, str]) -> date:
    """Return the day that something is booked on: today or before. Invalid `not_a_date`, `day_to_come`."""
    return booked_on(need_day(values))


def booked_on(day: date) -> date:
    """Return the day that something is booked on, as pages and programs name it; Invalid `day_to_come`."""
    if day > today():
        raise Invalid("day_to_come", day=day)
    return day


def read_id(text: str | None) -> uuid.UUID | None:
    """Return an id of an address; None where it is empty or none."""
    return uuid.UUID(text) if text and _ID.fullmatch(text) else None


def need_ids(name: str) -> list[uuid.UUID]:
    """Return the ids chosen in a list, in the address or the form; Invalid `nothing_chosen`, `choice_unreadable`."""
    found = [read_id(one) for one in request.values.getlist(name)]
    if not found:
        raise Invalid("nothing_chosen")
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        raise Invalid("choice_unreadable")
    return list(dict.fromkeys(known))


# A step that has a page of its own


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a step: `kind` as the `field` macro knows it."""

    name: str
    label: str
    kind: str = "date"
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step as its page shows it: what it is, what it will do, what is asked, what it comes to.

    `closed` says, where the step is not to be done any more, what became of it: it stands in the place of the form.
    `places` is code of a refusal -> the field of this step that it is told at, beside those that hold everywhere.
    """

    title: str
    sentence: str
    label: str
    back: str
    facts: Sequence[tuple[str, object]] = ()
    fields: Sequence[Field] = ()
    values: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    members: Sequence[Mapping[str, object]] = ()
    whole: int = 0
    total_fen: int | None = None
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_danger: bool = False
    note: str = ""
    crumbs: Sequence[tuple[str, str]] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    closed: str = ""


def day_field(label: str = "", hint: str = "") -> Field:
    """Return the field of the day that a step is booked on."""
    return Field(
        "on",
        label or t("入账日期", "Booked on"),
        hint=hint or t("须在开放的账期之内", "It must lie in an open period"),
    )


#: Does a step with its form; returns (what to say, where to go), or a page to show at once.
Work = Callable[[Mapping[str, str]], tuple[str, str] | str]


def step_page(step: Step, work: Work) -> ResponseReturnValue:
    """Show a step, or do it: `work(form)` does it and returns (what to say, where to go), or a page to show at once.

    What refuses it is shown beside the field it names, with everything typed kept; nothing is then done.
    """
    if request.method == "GET":
        return _shown(step, {"on": today().isoformat(), **step.values, **request.args.to_dict()}, {})
    try:
        outcome = work(request.form)
    except (Invalid, Conflict) as refusal:
        picked = {one.name: request.form.getlist(one.name) for one in step.fields if one.kind == "checks"}
        return _shown(step, {**request.form.to_dict(), **picked}, _errors(step, refusal)), refusal.status
    if isinstance(outcome, str):
        return outcome
    said, address = outcome
    flash(said, "success")
    return redirect(address, 303)


#: Which field of a step a refusal stands beside; the rest goes to the top of the page.
_BESIDE: Mapping[str, str] = {
    "day_to_come": "on",
    "day_before_step": "on",
    "period_label_wrong": "label",
    "period_exists": "label",
    "period_dates": "ends_on",
    "period_not_opened": "on",
    "period_closed": "on",
    "close_outside_period": "on",
    "due_before_issued": "due_on",
    "invalid_amount": "amount",
    "amount_too_large": "amount",
    "amount_not_positive": "amount",
    "funding_too_large": "amount",
    "recovery_too_large": "amount",
    "cost_too_large": "amount",
    "recovery_kind_unknown": "kind",
    "estimate_not_positive": "amount",
    "payable_above_estimate": "amount",
    "payable_above_cover": "amount",
    "rejection_needs_reason": "reason",
    "removal_outside_term": "effective_on",
    "query_needs_words": "words",
    "entry_not_on_statement": "entry",
    "entry_unreadable": "entry",
    "repairer_not_found": "repairer",
    "repairer_stands": "repairer",
}


#: Kinds of field where something is picked, not typed.
_PICKED = ("select", "radio")

#: Refusals that only say how a value is written: of an empty field it is said that it is empty.
_WRITTEN = ("not_a_date", "invalid_amount", "repairer_not_found")


def _errors(step: Step, refusal: Invalid | Conflict) -> dict[str, str]:
    """Return what is said at the fields of a step that is refused: what refused it, and whatever else is empty."""
    errors = field_errors(refusal, *_where(step, refusal.code))
    if isinstance(refusal, Conflict):
        return errors
    labels = {one.name: one.label for one in step.fields if not one.is_optional}
    picked = [one.name for one in step.fields if one.kind in _PICKED]
    empty = unanswered(request.form, labels, picked=picked)
    said = {**errors, **empty} if refusal.code in _WRITTEN else {**empty, **errors}
    order = ["", *(one.name for one in step.fields)]
    return {name: said[name] for name in sorted(said, key=lambda name: order.index(name) if name in order else 0)}


def _where(step: Step, code: str) -> Sequence[str]:
    """Return the names to give `field_errors`, the one a refusal belongs to first; the top of the page has no name."""
    names = [one.name for one in step.fields]
    told_at = step.places.get(code) or _BESIDE.get(code, "")
    first = told_at if told_at in names else ""
    return [first, *[name for name in names if name != first]]


def _shown(step: Step, values: Mapping[str, str | Sequence[str]], errors: Mapping[str, str]) -> str:
    return render_template("step.html", step=step, values=values, errors=errors)
