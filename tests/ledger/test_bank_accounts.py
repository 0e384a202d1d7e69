"""Accounts to be paid to: two persons of the member, the first at once, a change after two working days; hidden."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import calendar
from core.audit import AuditEvent
from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Actor, Role
from ledger import bank_accounts
from ledger.bank_codes import AccountDetails
from ledger.bank_models import BankAccount
from tests.makers import AT, MadePool, make_organisation, make_pool
from tests.makers_bank import confirm, confirm_all, details, propose

#: A Friday morning: two working days later is Tuesday.
FRIDAY = datetime(2026, 3, 6, 9, 0, tzinfo=CITY)


@pytest.fixture
def made(session: Session) -> MadePool:
    """A pool of four, in a city that knows its calendar."""
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2026)
    return make_pool(session)


def test_the_first_account_stands_at_once(session: Session, made: MadePool) -> None:
    """A maker proposes, a checker confirms: the member is paid to it from that day, and the log tells both."""
    row = propose(session, made, 1)
    assert (row.stage, bank_accounts.in_force(session, made.pool.id, date(2026, 3, 2))) == ("proposed", {})
    checker = made.actor(Role.FINANCE_CHECKER, 1)
    bank_accounts.confirm_account(session, row, by=checker, at=AT)
    assert (row.stage, row.effective_on, row.decided_by) == ("confirmed", date(2026, 3, 2), checker.person_id)
    assert bank_accounts.in_force(session, made.pool.id, date(2026, 3, 1)) == {}
    assert bank_accounts.in_force(session, made.pool.id, date(2026, 3, 2)) == {made.members[1].id: row}
    told = session.scalars(select(AuditEvent).where(AuditEvent.object_id == str(row.id)).order_by(AuditEvent.id)).all()
    assert [one.action for one in told] == ["bank_account.proposed", "bank_account.confirm"]
    assert told[0].facts["sha256"] == details(1).digest and row.number not in str([one.facts for one in told])


def test_a_change_waits_two_working_days(session: Session, made: MadePool) -> None:
    """Confirmed on a Friday, a change takes effect on Tuesday; until then the old account stands, in both's sight."""
    old = confirm(session, made, 1)
    new = confirm(session, made, 1, again=1, at=FRIDAY)
    assert new.effective_on == date(2026, 3, 10)
    for day, row in ((date(2026, 3, 6), old), (date(2026, 3, 9), old), (date(2026, 3, 10), new)):
        assert bank_accounts.in_force(session, made.pool.id, day) == {made.members[1].id: row}
    stands = bank_accounts.standings(session.scalars(bank_accounts.visible_to(made.actor(Role.FINANCE_MAKER))))
    assert [(one.account.id, one.from_on, one.until_on) for one in stands] == [
        (new.id, date(2026, 3, 10), None),
        (old.id, date(2026, 3, 2), date(2026, 3, 10)),
    ]


def test_a_change_of_a_change_does_not_overtake_it(session: Session, made: MadePool) -> None:
    """Two changes in a row each wait; the one confirmed later stands in the end."""
    confirm(session, made, 1)
    confirm(session, made, 1, again=1, at=FRIDAY)
    last = confirm(session, made, 1, again=2, at=FRIDAY + timedelta(hours=1))
    assert last.effective_on == date(2026, 3, 10)
    assert bank_accounts.in_force(session, made.pool.id, date(2026, 3, 10)) == {made.members[1].id: last}


def test_a_change_without_a_known_calendar_is_refused(session: Session) -> None:
    """No day is guessed: where the days ahead are not known, a change is not confirmed."""
    made = make_pool(session)
    confirm(session, made, 1)
    with pytest.raises(Conflict, match="calendar_not_known"):
        confirm(session, made, 1, again=1, at=FRIDAY)


def test_two_persons_of_the_member_and_nobody_else(session: Session, made: MadePool) -> None:
    """Who proposed does not confirm; neither the lead nor another member decides; a maker does not confirm."""
    row = propose(session, made, 1)
    own = Actor(row.proposed_by, made.members[1].id, Role.FINANCE_CHECKER, "insurer")
    for by, code in (
        (own, "second_person_needed"),
        (made.actor(Role.FINANCE_CHECKER), "not_your_bank_account"),
        (made.actor(Role.FINANCE_CHECKER, 2), "not_your_bank_account"),
        (made.actor(Role.FINANCE_MAKER, 1), "role_may_not"),
    ):
        with pytest.raises(Forbidden, match=code):
            bank_accounts.confirm_account(session, row, by=by, at=AT)
    with pytest.raises(Forbidden, match="not_your_bank_account"):
        bank_accounts.reject(session, row, by=made.actor(Role.FINANCE_CHECKER), at=AT)
    with pytest.raises(Forbidden, match="role_may_not"):
        bank_accounts.reject(session, row, by=made.actor(Role.SIGNATORY, 1), at=AT)


def test_a_stranger_proposes_nothing(session: Session, made: MadePool) -> None:
    """Only a member of the pool has an account in it, and only its finance maker proposes one."""
    other = make_organisation(session, "外人财险")
    with pytest.raises(Forbidden, match="not_a_member"):
        stranger = Actor(other.id, other.id, Role.FINANCE_MAKER, "insurer")
        bank_accounts.propose(session, made.pool.id, details(1), by=stranger, at=AT)
    with pytest.raises(Forbidden, match="role_may_not"):
        bank_accounts.propose(session, made.pool.id, details(1), by=made.actor(Role.FINANCE_CHECKER, 1), at=AT)


def test_one_proposal_at_a_time_and_none_for_nothing(session: Session, made: MadePool) -> None:
    """A second proposal waits for the first to be decided; the account in force is not proposed again."""
    row = propose(session, made, 1)
    with pytest.raises(Conflict, match="bank_account_waits"):
        propose(session, made, 1, again=1)
    bank_accounts.reject(session, row, by=made.actor(Role.FINANCE_MAKER, 1), at=AT)
    assert (row.stage, row.effective_on) == ("rejected", None)
    for verb in (bank_accounts.confirm_account, bank_accounts.reject):
        with pytest.raises(Conflict, match="stage_refuses"):
            verb(session, row, by=made.actor(Role.FINANCE_CHECKER, 1), at=AT)
    confirm(session, made, 1)
    with pytest.raises(Conflict, match="bank_account_stands"):
        propose(session, made, 1)
    with pytest.raises(Invalid, match="bank_account_wrong"):
        told = AccountDetails("甲", "行", "1", "2")
        bank_accounts.propose(session, made.pool.id, told, by=made.actor(Role.FINANCE_MAKER, 1), at=AT)


def test_who_sees_an_account(session: Session, made: MadePool) -> None:
    """The member sees its own; the lead what is confirmed; another member nothing; the bureau all."""
    standing, waiting = confirm(session, made, 1), propose(session, made, 2)
    for by, seen in (
        (made.actor(Role.FINANCE_MAKER), {standing.id}),
        (made.actor(Role.FINANCE_MAKER, 1), {standing.id}),
        (made.actor(Role.FINANCE_MAKER, 2), {waiting.id}),
        (made.actor(Role.FINANCE_MAKER, 3), set()),
        (Actor(None, None, Role.PUBLIC), set()),
        (SYSTEM, {standing.id, waiting.id}),
    ):
        assert {row.id for row in session.scalars(bank_accounts.visible_to(by))} == seen
    with pytest.raises(NotFound, match="bank_account_not_found"):
        lead = made.actor(Role.FINANCE_MAKER)
        bank_accounts.get(session, waiting.id, lead, pool_id=made.pool.id)


def test_the_database_alone_hides_and_keeps_accounts(engine: Engine) -> None:
    """Without any scope of ours a member finds its own rows only, the lead those confirmed; nobody writes another's."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        standing = confirm_all(session, made, (1,))[0].id
        waiting = propose(session, made, 2).id
    for place, seen in ((0, {standing}), (1, {standing}), (2, {waiting}), (3, set())):
        with unit_of_work(engine, made.actor(Role.FINANCE_MAKER, place)) as session:
            assert set(session.scalars(select(BankAccount.id))) == seen
    with unit_of_work(engine, None) as session:
        assert session.scalars(select(BankAccount.id)).all() == []
    with unit_of_work(engine, made.actor(Role.FINANCE_MAKER)) as session:
        changed = session.execute(text("UPDATE bank_account SET stage = 'rejected' WHERE stage = 'proposed'"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("UPDATE bank_account SET number = '99999999'", "permission denied"),
        ("DELETE FROM bank_account", "permission denied"),
        (
            "UPDATE bank_account SET stage = 'rejected', effective_on = NULL WHERE stage = 'confirmed'",
            "stands as it is",
        ),
        (
            "UPDATE bank_account SET stage = 'confirmed', decided_at = now(), decided_by = proposed_by,"
            " effective_on = '2026-12-30' WHERE stage = 'proposed'",
            "four_eyes|two working days",
        ),
        (
            "UPDATE bank_account SET stage = 'confirmed', decided_at = now(), decided_by = gen_random_uuid(),"
            " effective_on = (now() AT TIME ZONE 'Asia/Shanghai')::date WHERE stage = 'proposed'",
            "two working days",
        ),
        (
            "INSERT INTO bank_account SELECT gen_random_uuid(), pool_id, organisation_id, payee_id, name, bank, cnaps,"
            " number, 'confirmed', gen_random_uuid(), now(), gen_random_uuid(), now(), CURRENT_DATE FROM bank_account"
            " LIMIT 1",
            "is of a member of its pool",
        ),
    ],
)
def test_the_database_refuses_what_the_verbs_would(engine: Engine, deed: str, said: str) -> None:
    """Where the verbs are left out the database itself keeps what was proposed, the second person and the wait."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        confirm(session, made, 1)
        propose(session, made, 1, again=1)
    with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
        session.execute(text(deed))


def test_a_member_reads_the_account_that_it_pays_into_and_no_other(engine: Engine) -> None:
    """The database shows a member the lead's confirmed account and its own; as it stood at an instant."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
        lead, _ = confirm(session, made, 0), confirm(session, made, 2)
        later = confirm(session, made, 0, again=1, at=AT + timedelta(days=1))
        assert later.effective_on is not None
        effective_at = datetime.combine(later.effective_on, time(9), CITY)
    with unit_of_work(engine, made.actor(Role.FINANCE_MAKER, 1)) as session:
        assert set(session.scalars(select(BankAccount.id))) == {lead.id, later.id}
        pool, member = made.pool.id, made.members[0].id
        assert bank_accounts.paid_into(session, pool, member, at=AT - timedelta(minutes=1)) is None
        for at, expected in ((AT, lead), (effective_at - timedelta(days=1), lead), (effective_at, later)):
            found = bank_accounts.paid_into(session, pool, member, at=at)
            assert found is not None and found.id == expected.id
    with unit_of_work(engine, made.actor(Role.FINANCE_MAKER, 2)) as session:
        assert session.scalar(select(func.count()).select_from(BankAccount)) == 3
