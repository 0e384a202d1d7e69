"""Faults: from report to acceptance by the server's clock, taken in whole lists, seen only by whom they concern."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import faults, service_standard
from claims.fault_rows import FaultRow
from claims.faults import Report
from claims.models import Fault
from claims.service_standard import FaultTimes, Standard, State
from core import calendar
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Actor, Role
from tests.makers import AT, make_lifts, make_organisation, make_policy, make_pool
from underwriting import estates
from underwriting.models import Building, Community


def _minutes(count: int) -> datetime:
    return AT + timedelta(minutes=count)


def test_a_fault_from_report_to_acceptance(session: Session) -> None:
    """Every step is stamped by the server, kept as a step of its own, and read by the clocks of the standard."""
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
    make_lifts(session, 1)
    fault = faults.report(session, Report("L00001", "门关不上", is_trapped=True), by=SYSTEM, at=AT)
    for verb, minutes in (("acknowledge", 20), ("arrive", 35), ("repair", 200), ("accept", 260)):
        faults.advance(session, fault, verb, by=SYSTEM, at=_minutes(minutes))
    assert (fault.stage, fault.accepted_at) == ("accepted", _minutes(260))
    assert [event.verb for event in faults.events_of(session, fault)] == [
        "report",
        "acknowledge",
        "arrive",
        "repair",
        "accept",
    ]
    days = faults.days_around(session, fault.reported_at, _minutes(300))
    names = ("reported_at", "acknowledged_at", "arrived_at", "repaired_at", "is_trapped", "is_built_up")
    times = FaultTimes(fault=fault.number, **{name: getattr(fault, name) for name in names})
    clocks = service_standard.clocks(times, Standard(), days, _minutes(300))
    assert {name: clock.state for name, clock in clocks.items()} == {
        "response": State.ON_TIME,
        "arrival": State.LATE,
        "half_day": State.ON_TIME,
        "longest": State.ON_TIME,
    }


def test_steps_out_of_order_are_refused(session: Session) -> None:
    """A fault is not repaired before anyone came, nothing happens before it was reported, taking back needs a note."""
    make_lifts(session, 1)
    fault = faults.report(session, Report("L00001", "异响"), by=SYSTEM, at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        faults.advance(session, fault, "repair", by=SYSTEM, at=_minutes(5))
    with pytest.raises(Invalid, match="fault_times_disordered"):
        faults.advance(session, fault, "acknowledge", by=SYSTEM, at=_minutes(-1))
    with pytest.raises(Invalid, match="fault_step_needs_note"):
        faults.advance(session, fault, "withdraw", by=SYSTEM, at=_minutes(5))
    faults.advance(session, fault, "withdraw", by=SYSTEM, at=_minutes(5), note="误报")
    assert fault.stage == "withdrawn"


def test_the_database_keeps_the_order_of_times(engine: Engine) -> None:
    """A repair before the report is refused by the database where the verb is left out."""
    with unit_of_work(engine, SYSTEM) as session:
        make_lifts(session, 1)
        faults.report(session, Report("L00001", "异响"), by=SYSTEM, at=AT)
    with pytest.raises(DBAPIError, match="ck_fault_repaired"), unit_of_work(engine, SYSTEM) as session:
        session.execute(text("UPDATE fault SET repaired_at = reported_at - interval '1 minute'"))


def test_a_report_needs_a_lift_and_words(session: Session) -> None:
    """A report names a lift of the register and says what is wrong."""
    make_lifts(session, 1)
    with pytest.raises(NotFound, match="lift_number_unknown"):
        faults.report(session, Report("L99999", "异响"), by=SYSTEM, at=AT)
    with pytest.raises(Invalid, match="fault_needs_words"):
        faults.report(session, Report("L00001", "  "), by=SYSTEM, at=AT)


def test_a_list_is_taken_whole(session: Session) -> None:
    """Good rows are taken at once, with their instants; what is on record is not taken again."""
    make_lifts(session, 2)
    start = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
    rows = [
        FaultRow(2, "L00001", start, start + timedelta(hours=3), "维修"),
        FaultRow(3, "L00002", start, None, "维修"),
        FaultRow(4, "L00404", start, None, "维修"),
    ]
    checked = faults.review_rows(session, rows, at=AT)
    assert [finding.where for finding in checked.findings if finding.code == "lift_unknown"] or checked.counts
    assert faults.take_rows(session, checked, "list.csv", by=SYSTEM, at=AT) == 2
    stored = session.scalars(select(Fault).order_by(Fault.reported_at, Fault.number)).all()
    assert sorted(fault.stage for fault in stored) == ["repaired", "reported"]
    again = faults.review_rows(session, rows, at=AT)
    with pytest.raises(Conflict, match="no_row_to_take"):
        faults.take_rows(session, again, "list.csv", by=SYSTEM, at=AT)


def test_an_insurer_sees_the_faults_of_lifts_its_pools_cover(session: Session) -> None:
    """A follower sees faults on covered lifts, an insurer outside the pool sees none, a community its own."""
    made = make_pool(session)
    lifts = make_lifts(session, 2)
    make_policy(session, made, lifts=lifts[:1])
    for lift in lifts:
        faults.report(session, Report(lift.number, "异响"), by=SYSTEM, at=AT)
    outsider = Actor(None, make_pool(session, name="别的共保体").members[0].id, Role.CLAIMS_HANDLER, "insurer")

    def seen(actor: Actor) -> int:
        return len(session.scalars(faults.visible_to(actor)).all())

    assert seen(made.actor(Role.CLAIMS_HANDLER, 2)) == 1
    assert seen(outsider) == 0
    repairer = make_organisation(session, "示例维保", "repairer")
    assert seen(Actor(None, repairer.id, Role.REPAIRER, "repairer")) == 0
    estates.appoint_for_lift(session, lifts[1], repairer, by=SYSTEM, at=AT)
    assert seen(Actor(None, repairer.id, Role.REPAIRER, "repairer")) == 1
    assert seen(Actor(None, outsider.organisation_id, Role.PROPERTY_MANAGER, "community")) == 0


def test_a_fault_is_worked_by_the_leads_handler_and_not_by_a_follower(session: Session) -> None:
    """The lead of the pool that covered the lift on the day of the report works its fault; others of the pool do not.

    A lead of another pool, the bureau, and the lead itself once the policy is over work nothing.
    """
    made = make_pool(session)
    lifts = make_lifts(session, 2)
    make_policy(session, made, lifts=lifts[:1])
    lead, follower = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.CLAIMS_HANDLER, 2)
    other = make_pool(session, name="别的共保体").actor(Role.CLAIMS_HANDLER)
    fault = faults.report(session, Report(lifts[0].number, "异响"), by=SYSTEM, at=AT)
    for by in (follower, other, made.actor(Role.SIGNATORY), Actor(uuid.uuid4(), uuid.uuid4(), Role.OFFICER, "bureau")):
        for verb in sorted(faults.WORK):
            with pytest.raises(Forbidden, match="fault_of_another_desk"):
                faults.advance(session, fault, verb, by=by, at=_minutes(5))
    faults.advance(session, fault, "acknowledge", by=lead, at=_minutes(5))
    uncovered = faults.report(session, Report(lifts[1].number, "异响"), by=SYSTEM, at=AT)
    after = faults.report(session, Report(lifts[0].number, "异响"), by=SYSTEM, at=AT + timedelta(days=366))
    for row in (uncovered, after):
        with pytest.raises(Forbidden, match="fault_of_another_desk"):
            faults.advance(session, row, "acknowledge", by=lead, at=AT + timedelta(days=367))
    assert fault.stage == "acknowledged" and uncovered.stage == after.stage == "reported"


def test_a_repairer_works_the_lifts_that_it_maintains(session: Session) -> None:
    """Another repairer does not know of the fault; when the lift changes over, the open fault goes with it."""
    lift = make_lifts(session, 1)[0]
    mine, other = (make_organisation(session, name, "repairer") for name in ("示例维保", "另一维保"))
    own, theirs = (Actor(uuid.uuid4(), one.id, Role.REPAIRER, "repairer") for one in (mine, other))
    estates.appoint_for_lift(session, lift, mine, by=SYSTEM, at=AT)
    fault = faults.report(session, Report(lift.number, "异响"), by=SYSTEM, at=AT)
    with pytest.raises(NotFound, match="fault_not_found"):
        faults.get(session, fault.id, theirs)
    with pytest.raises(Forbidden, match="fault_of_another_desk"):
        faults.advance(session, fault, "acknowledge", by=theirs, at=_minutes(5))
    faults.advance(session, faults.get(session, fault.id, own), "acknowledge", by=own, at=_minutes(5))
    estates.appoint_for_lift(session, lift, other, by=SYSTEM, at=AT)
    with pytest.raises(Forbidden, match="fault_of_another_desk"):
        faults.advance(session, fault, "arrive", by=own, at=_minutes(9))
    faults.advance(session, faults.get(session, fault.id, theirs), "arrive", by=theirs, at=_minutes(9))


def test_a_follower_takes_back_only_what_it_reported(session: Session) -> None:
    """A report is taken back by who made it and by the lead, not by another handler of the pool."""
    made = make_pool(session)
    lifts = make_lifts(session, 1)
    make_policy(session, made, lifts=lifts)
    follower = made.actor(Role.CLAIMS_HANDLER, 1)
    told = faults.report(session, Report(lifts[0].number, "异响"), by=SYSTEM, at=AT)
    with pytest.raises(Forbidden, match="fault_of_another_desk"):
        faults.advance(session, told, "withdraw", by=follower, at=_minutes(5), note="误报")
    faults.advance(session, told, "withdraw", by=made.actor(Role.CLAIMS_HANDLER), at=_minutes(5), note="误报")
    own = faults.report(session, Report(lifts[0].number, "异响"), by=follower, at=_minutes(6))
    faults.advance(session, own, "withdraw", by=follower, at=_minutes(7), note="误报")
    assert told.stage == own.stage == "withdrawn"


def test_the_figures_of_a_window(session: Session) -> None:
    """Faults of the window alone are measured, each ratio with its number."""
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
    make_lifts(session, 1)
    first = faults.report(session, Report("L00001", "异响"), by=SYSTEM, at=AT)
    faults.advance(session, first, "acknowledge", by=SYSTEM, at=_minutes(31))
    faults.report(session, Report("L00001", "异响"), by=SYSTEM, at=_minutes(60 * 24 * 40))
    measured = faults.figures(session, SYSTEM, Standard(), since=AT, until=_minutes(60 * 24), at=_minutes(60 * 24 * 2))
    assert (measured.open, measured.closed) == (1, 0)
    assert (measured.response.met, measured.response.n) == (0, 1)


def test_a_community_reports_its_own_lifts_alone(session: Session) -> None:
    """Another community's lift is not on record for a community's person; an insurer and the bureau report any."""
    lift = make_lifts(session, 1)[0]
    building = session.get_one(Building, lift.building_id)
    keeper = make_organisation(session, "示例物业", "community")
    session.get_one(Community, building.community_id).organisation_id = keeper.id
    session.flush()
    other = Actor(
        uuid.uuid4(), make_organisation(session, "别苑物业", "community").id, Role.PROPERTY_MANAGER, "community"
    )
    for role in (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER):
        with pytest.raises(NotFound, match="lift_number_unknown"):
            faults.report(session, Report(lift.number, "异响"), by=replace(other, role=role), at=AT)
    for by in (
        Actor(uuid.uuid4(), keeper.id, Role.PROPERTY_MANAGER, "community"),
        Actor(uuid.uuid4(), uuid.uuid4(), Role.OFFICER, "bureau"),
        Actor(uuid.uuid4(), uuid.uuid4(), Role.CLAIMS_HANDLER, "insurer"),
    ):
        assert faults.report(session, Report(lift.number, "异响"), by=by, at=AT).reported_by == by.person_id
