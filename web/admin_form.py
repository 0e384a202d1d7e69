"""One step of the administrator on a page of its own: what will happen, what is asked, the button."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Forbidden, Invalid, Refusal
from web.errors import field_errors


@dataclass(frozen=True, slots=True)
class AskedField:
    """One field, as the `field` macro takes it."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what its page says, asks and offers. `places` is code of a refusal -> the field that it is told at."""

    title: str
    sentence: str
    label: str
    back: str
    crumbs: Sequence[tuple[str, str]] = ()
    fields: Sequence[AskedField] = ()
    start: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    is_danger: bool = False


def take(step: Step, work: Callable[[], tuple[str, str] | str]) -> ResponseReturnValue:
    """Show a step's page, or do it where it was confirmed; what refuses is told beside the field that it is about.

    `work` returns (what is said, where to go), or a page to show at once.
    """
    if request.method == "GET":
        return _page(step, step.start, {})
    try:
        outcome = work()
    except (Invalid, Conflict, Forbidden) as refusal:
        return _page(step, request.form, _errors(step, refusal)), refusal.status
    if isinstance(outcome, str):
        return outcome
    said, to = outcome
    flash(said, "success")
    return redirect(to, 303)


def _errors(step: Step, refusal: Refusal) -> dict[str, str]:
    names = [one.name for one in step.fields]
    place = step.places.get(refusal.code, "")
    return field_errors(refusal, place, *(name for name in names if name != place))


def _page(step: Step, values: object, errors: dict[str, str]) -> str:
    return render_template("admin/step.html", step=step, values=values, errors=errors)


def day_field(name: str) -> date:
    """Return the date that a field holds. Refuses with Invalid `not_a_date` (value)."""
    typed = request.form.get(name, "").strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", typed, re.ASCII):
            return date.fromisoformat(typed)
    except ValueError:
        pass
    raise Invalid("not_a_date", value=typed)
