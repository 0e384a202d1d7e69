"""The register: a list's lifts are taken in all together, or every bad row is told and nothing is taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.errors import Conflict, Invalid, NotFound
from core.permits import SYSTEM, Actor, Role
from tests.makers import AT, ON, make_lifts, make_organisation, make_policy, make_pool
from underwriting import estates, policies
from underwriting.estates import EstateRow, Taken
from underwriting.models import Building, Community, CoverCount, EstateCount, Lift

GOOD = EstateRow(2, "芦淞区", "示例花园", "1栋", "L-1", date(2014, 6, 1), 18, households=900)


def test_a_list_brings_its_places_along(session: Session) -> None:
    """Communities and buildings come with their first lift, once."""
    rows = [GOOD, replace(GOOD, row=3, lift_number="L-2"), replace(GOOD, row=4, building="2栋", lift_number="L-3")]
    assert estates.take(session, rows, on=ON, by=SYSTEM, at=AT) == Taken(1, 2, 3)
    more = [replace(GOOD, row=2, lift_number="L-4"), replace(GOOD, row=3, community="示例里", lift_number="L-5")]
    assert estates.take(session, more, on=ON, by=SYSTEM, at=AT) == Taken(1, 1, 2)
    assert session.scalars(select(Community.households).where(Community.name == "示例花园")).one() == 900


def test_every_bad_row_is_told_and_nothing_is_taken(session: Session) -> None:
    """One bad row holds the whole list back, and all of them are named at once."""
    estates.take(session, [GOOD], on=ON, by=SYSTEM, at=AT)
    rows = [
        GOOD,
        replace(GOOD, row=3, lift_number="L-2"),
        replace(GOOD, row=4, lift_number="L-2"),
        replace(GOOD, row=5, lift_number="L-3", in_service_on=date(2026, 3, 3)),
        replace(GOOD, row=6, lift_number="L-4", floors=1),
    ]
    with pytest.raises(Invalid, match="estate_rows_refused") as caught:
        estates.take(session, rows, on=ON, by=SYSTEM, at=AT)
    assert [(finding.where, finding.code) for finding in caught.value.findings] == [
        ("2", "lift_on_record"),
        ("4", "lift_twice_in_list"),
        ("5", "in_service_in_future"),
        ("6", "floors_out_of_range"),
    ]
    assert session.scalar(select(func.count()).select_from(Lift)) == 1
    with pytest.raises(Invalid, match="no_rows"):
        estates.take(session, [], on=ON, by=SYSTEM, at=AT)


def test_coverage_counts_insured_lifts_once(session: Session) -> None:
    """A lift counts as insured on the days that a policy covers it."""
    made = make_pool(session)
    policy = make_policy(session, made)
    estates.take(session, [GOOD], on=ON, by=SYSTEM, at=AT)
    on_day = estates.coverage(session, policy.inception_on)
    assert (on_day.communities, on_day.communities_insured, on_day.lifts, on_day.lifts_insured) == (2, 1, 4, 3)
    assert estates.coverage(session, policy.expires_on).lifts_insured == 0


def test_what_is_counted_is_kept_beside_the_rows(session: Session) -> None:
    """A community's buildings and lifts and a policy's covers are counted as they come in and as a lift goes off."""
    made = make_pool(session)
    policy = make_policy(session, made)
    lift, building = (
        session.execute(select(Lift, Building).join(Building, Building.id == Lift.building_id)).first() or ()
    )
    estates.take(session, [replace(GOOD, building="1栋")], on=ON, by=SYSTEM, at=AT)
    counts = session.execute(select(EstateCount.buildings, EstateCount.lifts).order_by(EstateCount.lifts)).all()
    assert [tuple(row) for row in counts] == [(1, 1), (1, 3)]
    off_on = policy.inception_on + timedelta(days=40)
    policies.remove_lift(session, policy, lift.id, off_on, on=ON, by=SYSTEM, at=AT)
    covers = select(CoverCount.community_id, CoverCount.covered_to, CoverCount.lifts).order_by(CoverCount.covered_to)
    assert [tuple(row) for row in session.execute(covers)] == [
        (building.community_id, off_on, 1),
        (building.community_id, policy.expires_on, 2),
    ]
    assert estates.coverage(session, off_on).lifts_insured == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE building SET community_id = (SELECT id FROM community WHERE name = '示例花园')",
        "UPDATE lift SET building_id = (SELECT max(id::text)::uuid FROM building)",
        "UPDATE policy_lift SET lift_id = (SELECT max(id::text)::uuid FROM lift)",
        "UPDATE estate_count SET lifts = 0",
        "INSERT INTO cover_count SELECT policy_id, community_id, covered_from, covered_from, 1 FROM cover_count",
    ],
)
def test_what_is_counted_stays_where_it_is(session: Session, change: str) -> None:
    """A building stays in its community, a lift in its building, a cover with its lift; nobody writes the counts."""
    make_policy(session, make_pool(session))
    estates.take(session, [GOOD], on=ON, by=SYSTEM, at=AT)
    with pytest.raises(DBAPIError, match=r"never changed|permission denied"), session.begin_nested():
        session.execute(text(change))


def test_a_community_is_looked_after_by_one_of_its_kind(session: Session) -> None:
    """A community is entrusted to a community organisation, whose people then see it; not to an insurer."""
    estates.take(session, [GOOD], on=ON, by=SYSTEM, at=AT)
    community = session.scalars(select(Community)).one()
    keeper = make_organisation(session, "示例社区", "community")
    with pytest.raises(Invalid, match="community_needs_community"):
        estates.entrust(session, community, make_organisation(session, "示例财险"), by=SYSTEM, at=AT)
    estates.entrust(session, community, keeper, by=SYSTEM, at=AT)
    own = Actor(None, keeper.id, Role.PROPERTY_MANAGER, "community")
    other = Actor(None, None, Role.PROPERTY_MANAGER, "community")
    assert session.scalars(estates.communities_visible_to(own)).all() == [community]
    assert session.scalars(estates.communities_visible_to(other)).all() == []


def test_a_list_names_the_repairer_of_each_lift(session: Session) -> None:
    """The column is optional; a name that is no repairer's is a row's error, and nothing is taken."""
    mine = make_organisation(session, "示例维保", "repairer")
    make_organisation(session, "示例财险")
    rows = [replace(GOOD, repairer=mine.name), replace(GOOD, row=3, lift_number="L-2")]
    bad = [replace(GOOD, row=4, lift_number="L-3", repairer=name) for name in ("示例财险", "没有这家")]
    with pytest.raises(Invalid, match="estate_rows_refused") as caught:
        estates.take(session, [*rows, bad[0], replace(bad[1], row=5, lift_number="L-4")], on=ON, by=SYSTEM, at=AT)
    found = [(finding.where, finding.code, finding.facts["name"]) for finding in caught.value.findings]
    assert found == [("4", "repairer_unknown", "示例财险"), ("5", "repairer_unknown", "没有这家")]
    estates.take(session, rows, on=ON, by=SYSTEM, at=AT)
    lifts = session.scalars(select(Lift).order_by(Lift.number)).all()
    assert [lift.repairer_id for lift in lifts] == [mine.id, None]


def test_a_repairer_is_set_for_a_community_or_a_lift_and_changed(session: Session) -> None:
    """All lifts of a community at once, or one alone; the log keeps who; not an insurer, and not twice the same."""
    lifts = make_lifts(session, 3)
    community = session.scalars(select(Community)).one()
    mine, other = (make_organisation(session, name, "repairer") for name in ("示例维保", "另一维保"))
    with pytest.raises(Invalid, match="lift_needs_repairer"):
        estates.appoint_for_lift(session, lifts[0], make_organisation(session, "示例财险"), by=SYSTEM, at=AT)
    estates.appoint_for_lift(session, lifts[0], other, by=SYSTEM, at=AT)
    assert estates.appoint_for_community(session, community, mine, by=SYSTEM, at=AT) == 3
    with pytest.raises(Conflict, match="repairer_stands"):
        estates.appoint_for_community(session, community, mine, by=SYSTEM, at=AT)
    estates.appoint_for_lift(session, lifts[2], None, by=SYSTEM, at=AT)
    own, theirs = (Actor(None, one.id, Role.REPAIRER, "repairer") for one in (mine, other))
    seen = select(Lift.number).where(estates.sees_lift(own)).order_by(Lift.number)
    assert session.scalars(seen).all() == ["L00001", "L00002"]
    assert session.scalars(estates.communities_visible_to(own)).all() == [community]
    assert session.scalars(estates.communities_visible_to(theirs)).all() == []
    told = session.execute(
        select(AuditEvent.action, AuditEvent.facts)
        .where(AuditEvent.action.like("%.repairer_%"))
        .order_by(AuditEvent.id)
    ).all()
    assert [(row.action, row.facts["lifts"], row.facts.get("repairer")) for row in told] == [
        ("lift.repairer_set", 1, "另一维保"),
        ("community.repairer_set", 3, "示例维保"),
        ("lift.repairer_ended", 1, None),
    ]
    empty = Community(name="空苑", district="示例区", sort_key="kong", households=0)
    session.add(empty)
    session.flush()
    with pytest.raises(NotFound, match="community_has_no_lift"):
        estates.appoint_for_community(session, empty, mine, by=SYSTEM, at=AT)


def test_buildings_stand_in_the_order_of_their_numbers(session: Session) -> None:
    """2栋在 10栋之前；没有号数的在最前。"""
    names = ("10栋", "2栋", "门卫", "1栋")
    rows = [replace(GOOD, row=2 + place, building=name, lift_number=f"N-{place}") for place, name in enumerate(names)]
    estates.take(session, rows, on=ON, by=SYSTEM, at=AT)
    query = select(Building.name).join(Lift, Lift.building_id == Building.id).order_by(*estates.in_order())
    assert list(session.scalars(query)) == ["门卫", "1栋", "2栋", "10栋"]
