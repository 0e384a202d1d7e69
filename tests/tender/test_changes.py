"""The time of a published tender is no one person's: later deadlines, halts and resumptions take two."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from core.permits import SYSTEM, Role
from core.server import Urls
from tender import changes, keys, tenders
from tender.change_models import Extension
from tests.makers_tender import DEADLINE, PUBLISHED, make_tender
from tests.makers_town import Town, make_town

LATER = DEADLINE + timedelta(days=7)
BEFORE = PUBLISHED + timedelta(days=3)


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def _propose(town: Town, tender_id: object, at: datetime, to: datetime = LATER) -> Extension:
    with unit_of_work(town.engine, town.officer) as session:
        tender = town.tender(session, tender_id)  # type: ignore[arg-type]
        row = changes.amend(
            session, tender, "延期", "平台中断", affects_bids=False, deadline_at=to, by=town.officer, at=at
        )
        assert isinstance(row, Extension)
        return row


def test_a_deadline_moves_when_a_second_person_confirms(town: Town) -> None:
    """The officer proposes and nothing moves; the approver confirms and the amendment is out with both names."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    _propose(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        assert (tender.deadline_at, tender.amendment) == (DEADLINE, 0)
        with pytest.raises(Forbidden, match="role_may_not"):
            changes.answer_extension(session, tender, is_confirmed=True, by=town.officer, at=at)
        same = replace(town.approver, person_id=town.officer.person_id)
        with pytest.raises(Forbidden, match="second_person_needed"):
            changes.answer_extension(session, tender, is_confirmed=True, by=same, at=at)
        changes.answer_extension(session, tender, is_confirmed=True, by=town.approver, at=at)
        (row,) = tenders.amendments_of(session, tender)
        assert (tender.deadline_at, tender.opening_at, row.deadline_after) == (LATER, LATER, LATER)
        assert (row.issued_by, row.confirmed_by) == (town.officer.person_id, town.approver.person_id)
        assert row.reason == "平台中断"
        with pytest.raises(Conflict, match="extension_missing"):
            changes.answer_extension(session, tender, is_confirmed=True, by=town.approver, at=at)
        told = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(2)).all()
        assert told == ["tender.extended", "tender.extension_proposed"]


def test_a_proposal_is_refused_with_a_reason_or_replaced_or_too_late(town: Town) -> None:
    """A refusal says why; a new proposal takes the place of the old; past the deadline nobody confirms any more."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    _propose(town, tender_id, at)
    second = _propose(town, tender_id, at, LATER + timedelta(days=1))
    assert second.number == 2
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Invalid, match="tender_reason_missing"), session.begin_nested():
            changes.answer_extension(session, tender, " ", is_confirmed=False, by=town.approver, at=at)
        session.expire_all()
        changes.answer_extension(session, tender, "时间足够", is_confirmed=False, by=town.approver, at=at)
        assert tender.deadline_at == DEADLINE
        assert [row.answer for row in session.scalars(select(Extension).order_by(Extension.number))] == [
            "replaced",
            "refused",
        ]
    _propose(town, tender_id, at)
    at = town.at(DEADLINE)
    with pytest.raises(Conflict, match="deadline_passed"), unit_of_work(town.engine, SYSTEM) as session:
        changes.answer_extension(session, town.tender(session, tender_id), is_confirmed=True, by=town.approver, at=at)


def test_the_days_that_went_by_are_added(town: Town) -> None:
    """A change that affects bids leaves fifteen days from the day on which it is confirmed."""
    tender_id = make_tender(town)
    at = town.at(DEADLINE - timedelta(days=5))
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        changes.amend(session, tender, "澄清", "有疑问", affects_bids=True, by=town.officer, at=at)
        at = town.at(DEADLINE - timedelta(days=4))
        changes.answer_extension(session, tender, is_confirmed=True, by=town.approver, at=at)
        assert tender.deadline_at == DEADLINE + timedelta(days=11)


def test_every_change_says_why(town: Town) -> None:
    """Suspend, resume and amend ask for a reason."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Invalid, match="tender_reason_missing"):
            changes.amend(session, tender, "澄清", " ", affects_bids=False, by=town.officer, at=at)
        with pytest.raises(Invalid, match="tender_reason_missing"):
            changes.suspend(session, tender, " ", by=town.officer, at=at)
        changes.suspend(session, tender, "投诉", by=town.officer, at=at)
        with pytest.raises(Invalid, match="tender_reason_missing"):
            changes.resume(session, tender, " ", by=town.approver, at=at)
        changes.resume(session, tender, "已处理", by=town.approver, at=at + timedelta(hours=5))
        (halt,) = changes.halts_of(session, tender)
        assert (halt.reason, halt.lift_reason, halt.lifted_as) == ("投诉", "已处理", "approver")
        assert tender.deadline_at == DEADLINE + timedelta(hours=5)


def test_the_supervisors_halt_is_the_supervisors_alone(town: Town) -> None:
    """Neither officer nor approver lifts what the supervisor ordered; the supervisor does."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        changes.suspend(session, tender, "投诉", by=town.supervisor, at=at)
        assert [changes.may_resume(session, tender, one) for one in (town.officer, town.approver, town.supervisor)] == [
            False,
            False,
            True,
        ]
        with pytest.raises(Forbidden, match="role_may_not"):
            changes.resume(session, tender, "已处理", by=town.officer, at=at)
        with pytest.raises(Forbidden, match="supervisor_resumes"):
            changes.resume(session, tender, "已处理", by=town.approver, at=at)
        changes.resume(session, tender, "已处理", by=town.supervisor, at=at)
        assert tender.stage == "published"


def test_an_officers_halt_is_lifted_by_another_person(town: Town) -> None:
    """Who suspended does not resume, in whatever role; a tender that is not suspended is not resumed."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="stage_refuses"):
            changes.resume(session, tender, "没有暂停", by=town.supervisor, at=at)
        changes.suspend(session, tender, "投诉", by=town.officer, at=at)
        for role in (Role.APPROVER, Role.SUPERVISOR):
            same = replace(town.officer, role=role)
            assert not changes.may_resume(session, tender, same)
            with pytest.raises(Forbidden, match="second_person_needed"):
                changes.resume(session, tender, "已处理", by=same, at=at)


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        ("UPDATE tender SET stage = 'published', stage_before = NULL", "GB032"),
        ("UPDATE halt SET ordered_as = 'officer'", "GB001"),
        (
            "UPDATE halt SET lifted_at = now(), lifted_by = ordered_by, lifted_as = 'approver', lift_reason = 'x'",
            "23514",
        ),
        ("DELETE FROM halt", "42501"),
        (
            "INSERT INTO amendment SELECT id, 1, '延期', 'x', 'halt', false, deadline_at,"
            " deadline_at + interval '9 days', NULL, NULL, suspended_at + interval '1 day' FROM tender",
            "GB033",
        ),
    ],
)
def test_the_database_holds_the_second_person(town: Town, deed: str, code: str) -> None:
    """What the verbs refuse is refused to whoever writes by hand, too."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    town.run(
        town.supervisor, lambda s: changes.suspend(s, town.tender(s, tender_id), "投诉", by=town.supervisor, at=at)
    )
    with pytest.raises(DBAPIError) as refused, unit_of_work(town.engine, SYSTEM) as session:
        session.execute(text(deed))
    assert refused.value.orig.sqlstate == code  # type: ignore[union-attr]


def test_one_person_moves_no_deadline_by_hand(town: Town) -> None:
    """An amendment that moves the deadline without a second person is no row of the database."""
    make_tender(town)
    town.at(BEFORE)
    insert = (
        "INSERT INTO amendment SELECT id, 1, '延期', 'x', 'change', false, deadline_at,"
        " deadline_at + interval '9 days', created_by, {}, now() FROM tender"
    )
    for second in ("NULL", "created_by"):
        with pytest.raises(DBAPIError) as refused, unit_of_work(town.engine, SYSTEM) as session:
            session.execute(text(insert.format(second)))
        assert refused.value.orig.sqlstate == "23514"  # type: ignore[union-attr]


def test_nothing_moves_once_the_box_is_closed(town: Town) -> None:
    """Before any opening only: a tender whose opening has begun takes no later deadline."""
    tender_id = make_tender(town)
    at = town.at(BEFORE)
    _propose(town, tender_id, at)
    at = town.at(DEADLINE)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        keys.start_opening(session, tender, by=town.officer, at=at)
        with pytest.raises(Conflict, match="tender_takes_no_bids"):
            changes.answer_extension(session, tender, is_confirmed=True, by=town.approver, at=at)
