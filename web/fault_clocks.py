"""The clocks of faults as the pages and the API show them: by the annex of the agreement that covered the lift."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import service_standard
from claims.faults import days_around
from claims.service_standard import Clock, FaultTimes, Standard, State, standard_of
from core import clock
from core.errors import Invalid
from underwriting.models import Agreement, Policy, PolicyLift
from web.formats import t

#: measure -> (中文, English), in the order in which they are shown.
MEASURES: Mapping[str, tuple[str, str]] = {
    "response": ("响应", "Response"),
    "arrival": ("到场救援", "Arrival"),
    "half_day": ("半个工作日内修复", "Repair in half a working day"),
    "longest": ("最长修复时限", "Longest repair"),
}

_STAGES: Mapping[State, str] = {State.ON_TIME: "met", State.LATE: "missed"}
_MINUTE = timedelta(minutes=1)


class HasTimes(Protocol):
    """A fault, or a row of a list of them."""

    id: uuid.UUID
    number: int
    lift_id: uuid.UUID
    reported_at: datetime
    acknowledged_at: datetime | None
    arrived_at: datetime | None
    repaired_at: datetime | None
    is_trapped: bool
    is_built_up: bool


@dataclass(frozen=True, slots=True)
class ShownClock:
    """One clock as the `clock` macro takes it; `due_at` is None where the calendar ends first (`unknown_day`)."""

    measure: str
    label: str
    limit_min: int
    due_at: datetime | None
    done_at: datetime | None
    stage: str
    state: str
    took_min: int | None
    is_working_time: bool
    unknown_day: str
    is_provisional: bool


def standard_for(annex: Mapping[str, Any] | None) -> Standard:
    """Return the standard of an annex; the usual one where there is no annex or it is not in the form we measure by."""
    try:
        return standard_of(annex or {})
    except Invalid:
        return Standard()


def standards_of(session: Session, faults: Sequence[HasTimes]) -> dict[uuid.UUID, Standard]:
    """Return fault id -> the standard of the agreement that covered its lift on the day of the report."""
    if not faults:
        return {}
    query = (
        select(PolicyLift.lift_id, PolicyLift.covered_from, PolicyLift.covered_to, Agreement.service_standard)
        .join(Policy, Policy.id == PolicyLift.policy_id)
        .join(Agreement, Agreement.id == Policy.agreement_id)
        .where(PolicyLift.lift_id.in_({fault.lift_id for fault in faults}))
    )
    covers: defaultdict[uuid.UUID, list[tuple[date, date, dict[str, Any]]]] = defaultdict(list)
    for lift_id, start, end, annex in session.execute(query):
        covers[lift_id].append((start, end, annex))

    def annex_of(fault: HasTimes) -> dict[str, Any] | None:
        day = clock.on(fault.reported_at)
        return next((annex for start, end, annex in covers[fault.lift_id] if start <= day < end), None)

    return {fault.id: standard_for(annex_of(fault)) for fault in faults}


def clocks_of(session: Session, faults: Sequence[HasTimes], *, at: datetime) -> dict[uuid.UUID, list[ShownClock]]:
    """Return fault id -> its clocks at an instant, in the order of `MEASURES`; a fault of the future has none."""
    past = [fault for fault in faults if fault.reported_at <= at]
    if not past:
        return {fault.id: [] for fault in faults}
    first = min(fault.reported_at for fault in past)
    days = days_around(session, first, at)
    standards = standards_of(session, past)
    found: dict[uuid.UUID, list[ShownClock]] = {fault.id: [] for fault in faults}
    for fault in past:
        read = service_standard.clocks(_times(fault), standards[fault.id], days, at)
        found[fault.id] = [_shown(read[name]) for name in MEASURES if name in read]
    return found


def _times(fault: HasTimes) -> FaultTimes:
    return FaultTimes(
        str(fault.number),
        fault.reported_at,
        fault.acknowledged_at,
        fault.arrived_at,
        fault.repaired_at,
        fault.is_trapped,
        fault.is_built_up,
    )


def _shown(read: Clock) -> ShownClock:
    return ShownClock(
        measure=read.measure,
        label=t(*MEASURES[read.measure]),
        limit_min=read.limit_min,
        due_at=read.due_at,
        done_at=read.done_at,
        stage=_STAGES.get(read.state, "provisional" if read.is_provisional else ""),
        state=read.state.value,
        took_min=None if read.gross is None else read.gross // _MINUTE,
        is_working_time=read.measure == "half_day",
        unknown_day=read.unknown_day,
        is_provisional=read.is_provisional,
    )


def next_clock(clocks: Sequence[ShownClock]) -> ShownClock | None:
    """Return the clock that a fault is worked by now: the earliest still to be met, else the earliest overrun.

    While somebody is inside it is the arrival's, overrun or not. None where all that can be done has been done.
    """
    inside = [one for one in clocks if one.measure == "arrival" and one.done_at is None and one.due_at]
    if inside:
        return inside[0]
    running = [(one.due_at, place, one) for place, one in enumerate(clocks) if one.done_at is None and one.due_at]
    in_time = [found for found in running if found[2].state == State.RUNNING.value]
    pressing = min(in_time or running, default=None)
    return pressing[2] if pressing else None


def verdict(clocks: Sequence[ShownClock]) -> str:
    """Return how a repaired fault did: `missed` where any clock was, else `met`; nothing while one is running."""
    if any(one.state in {State.LATE.value, State.BREACHED.value} for one in clocks):
        return "missed"
    return "met" if clocks and all(one.state == State.ON_TIME.value for one in clocks) else ""
