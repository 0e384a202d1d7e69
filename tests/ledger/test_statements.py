"""Statements of account: a view of the entries, sealed with the period, answered by the member, settled by netting."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Role
from ledger import books, entries, statements, threads
from ledger.books import AccountRef
from ledger.entries import Event, Move
from ledger.models import Statement
from ledger.reasons import Line, Reason
from tests.makers import AT, MadePool, make_pool, open_quarter

END = date(2026, 3, 31)


def _claim(session: Session, made: MadePool, fen: int, member: int = 1) -> None:
    """Post a claim to one member's account and its payment by the lead."""
    accounts = [AccountRef("2210", made.members[place].id) for place in (member, 0)]
    for reason, move in (
        (Reason.CLAIM_APPROVED, Move(accounts[0], AccountRef("2110"), fen)),
        (Reason.CLAIM_PAID_BY_LEAD, Move(AccountRef("2110"), accounts[1], fen)),
    ):
        event = Event(reason, date(2026, 3, 2), "claim", uuid.uuid4(), "C-1")
        entries.post(session, made.pool.id, event, [move], by=SYSTEM, at=AT)


def _sealed(session: Session, made: MadePool) -> list[Statement]:
    period = statements.lock_period(session, made.pool.id, "2026Q1")
    return statements.seal(session, period, on=END, by=SYSTEM, at=AT)


def test_a_close_leaves_every_current_account_at_zero(session: Session) -> None:
    """The close moves each current account to what the member is owed or owes; the statements sum to zero."""
    made = make_pool(session)
    _claim(session, made, 5000)
    made_statements = _sealed(session, made)
    assert [row.balance_fen for row in made_statements] == [5000, -5000, 0, 0]
    assert books.balances(session, made.pool.id) == {
        AccountRef("1220", made.members[1].id): 5000,
        AccountRef("2220", made.members[0].id): -5000,
    }
    lines = statements.lines(session, made_statements[1])
    assert [(line.kind, line.amount_fen, line.count) for line in lines] == [(Line.CLAIMS, -5000, 1)]
    assert [move.amount_fen for move in statements.movements(session, made_statements[1])] == [-5000]


def test_a_period_closes_once(session: Session) -> None:
    """A closed period is not closed again."""
    made = make_pool(session)
    _sealed(session, made)
    with pytest.raises(Conflict, match="stage_refuses"):
        statements.lock_period(session, made.pool.id, "2026Q1")


@pytest.mark.parametrize(
    ("label", "starts_on", "ends_on"),
    [("2026Q1", date(2027, 1, 1), date(2027, 3, 31)), ("other", date(2026, 3, 31), date(2026, 4, 30))],
)
def test_periods_never_overlap(session: Session, label: str, starts_on: date, ends_on: date) -> None:
    """A pool's periods have labels of their own and no day in common."""
    made = make_pool(session)
    with pytest.raises(Conflict, match="period_exists"):
        statements.open_period(session, made.pool.id, label, starts_on, ends_on, by=SYSTEM, at=AT)


def test_the_leads_desk_opens_a_period_and_the_log_tells_of_it(session: Session) -> None:
    """The lead's maker opens a period under a plain name; a checker, a follower and a name with a path do not."""
    made = make_pool(session)
    maker, days = made.actor(Role.FINANCE_MAKER), (date(2026, 4, 1), date(2026, 6, 30))
    for by, code in (
        (made.actor(Role.FINANCE_CHECKER), "role_may_not"),
        (made.actor(Role.FINANCE_MAKER, 1), "lead_only"),
    ):
        with pytest.raises(Forbidden, match=code):
            statements.open_period(session, made.pool.id, "2026Q2", *days, by=by, at=AT)
    for label in ("", "../x", "2026 Q2", "二季度", "x" * 21):
        with pytest.raises(Invalid, match="period_label_wrong") as refused:
            statements.open_period(session, made.pool.id, label, *days, by=maker, at=AT)
        assert [one.where for one in refused.value.findings] == ["label"]
    row = statements.open_period(session, made.pool.id, "2026Q2", *days, by=maker, at=AT)
    assert (row.label, row.starts_on, row.ends_on, row.stage) == ("2026Q2", *days, "open")
    told = select(AuditEvent).where(AuditEvent.action == "period.opened", AuditEvent.object_id == str(row.id))
    event = session.scalars(told).one()
    assert (event.person_id, event.organisation_id, event.at) == (maker.person_id, maker.organisation_id, AT)
    assert event.facts == {
        "pool": made.pool.id,
        "label": "2026Q2",
        "starts_on": "2026-04-01",
        "ends_on": "2026-06-30",
    }


def test_the_database_refuses_overlapping_periods(engine: Engine) -> None:
    """An overlap is refused by the database where the verb is left out."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
    with pytest.raises(DBAPIError, match="period_no_overlap"), unit_of_work(engine, SYSTEM) as session:
        session.execute(
            text("SELECT open_period(:pool, 'x', '2026-03-31', '2026-04-30', false)"), {"pool": made.pool.id}
        )


def test_only_the_member_answers_its_statement(session: Session) -> None:
    """A statement is answered by its own member: a query needs words, an agreement ends the talk."""
    made = make_pool(session)
    _claim(session, made, 5000)
    statement = _sealed(session, made)[1]
    own, other = made.actor(Role.FINANCE_CHECKER, 1), made.actor(Role.FINANCE_CHECKER, 2)
    with pytest.raises(Conflict, match="stage_refuses"):
        statements.answer(session, statement, "agree", by=own, at=AT)
    statements.issue(session, statement, due_on=AT.date(), by=SYSTEM, at=AT)
    with pytest.raises(Forbidden, match="not_your_statement"):
        statements.answer(session, statement, "agree", by=other, at=AT)
    with pytest.raises(Invalid, match="query_needs_words"):
        statements.answer(session, statement, "query", by=own, at=AT, words=" ")
    with pytest.raises(Invalid, match="statement_answer_unknown"):
        statements.answer(session, statement, "settle", by=own, at=AT)
    statements.answer(session, statement, "query", by=own, at=AT, words="C-1 是哪台电梯")
    for words, code in ((" ", "reply_needs_words"), ("长" * 2001, "statement_words_too_long")):
        with pytest.raises(Invalid, match=code):
            statements.reply(session, statement, words, by=SYSTEM, at=AT)
    statements.reply(session, statement, " 3 号梯。 ", by=SYSTEM, at=AT)
    said = [(one.sequence, one.side, one.words) for one in threads.thread(session, statement)]
    assert (statement.stage, said) == ("issued", [(1, "member", "C-1 是哪台电梯"), (2, "lead", "3 号梯。")])
    statements.answer(session, statement, "agree", by=own, at=AT)
    assert statement.stage == "agreed"
    with pytest.raises(Conflict, match="stage_refuses"):
        statements.answer(session, statement, "query", by=own, at=AT, words="再问一句")


def test_settlement_waits_for_every_agreement_and_clears_everything(session: Session) -> None:
    """Agreed balances are netted against each other in a later period, and nothing is left standing."""
    made = make_pool(session)
    _claim(session, made, 5000)
    _claim(session, made, 70, member=2)
    made_statements = _sealed(session, made)
    open_quarter(session, made.pool, 2)
    period = statements.period(session, made.pool.id, "2026Q1")
    with pytest.raises(Conflict, match="stage_refuses"):
        statements.settle_period(session, period, on=date(2026, 4, 17), by=SYSTEM, at=AT)
    for place, statement in enumerate(made_statements):
        statements.issue(session, statement, due_on=AT.date(), by=SYSTEM, at=AT)
        statements.answer(session, statement, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
    statements.settle_period(session, period, on=date(2026, 4, 17), by=SYSTEM, at=AT)
    assert books.balances(session, made.pool.id) == {}
    assert {statement.stage for statement in made_statements} == {"settled"}


def test_a_member_sees_only_its_own_statement_by_either_wall(engine: Engine) -> None:
    """The application's own scope and the database's row security each hide other members' statements alone."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        _claim(session, made, 5000)
        for statement in _sealed(session, made):
            statements.issue(session, statement, due_on=AT.date(), by=SYSTEM, at=AT)
    follower, lead = made.actor(Role.FINANCE_CHECKER, 1), made.actor(Role.FINANCE_CHECKER)
    with unit_of_work(engine, SYSTEM) as session:
        assert len(session.scalars(statements.visible_to(follower)).all()) == 1
        assert len(session.scalars(statements.visible_to(lead)).all()) == 4
    everything = statements.visible_to(SYSTEM)
    for actor, count in ((follower, 1), (lead, 4), (made.actor(Role.FINANCE_CHECKER, 3), 1), (None, 0)):
        with unit_of_work(engine, actor) as session:
            seen = session.scalars(everything).all()
            assert len(seen) == count
            assert actor is None or count == 4 or seen[0].organisation_id == actor.organisation_id


def test_what_is_not_there(session: Session) -> None:
    """A period of another label, a period that ends before it starts."""
    made = make_pool(session)
    with pytest.raises(NotFound, match="period_not_found"):
        statements.period(session, made.pool.id, "2030Q1")
    with pytest.raises(Invalid, match="period_dates"):
        statements.open_period(session, made.pool.id, "2026Q2", date(2026, 6, 30), date(2026, 4, 1), by=SYSTEM, at=AT)


def test_only_the_lead_sends_answers_for_and_settles_statements(session: Session) -> None:
    """Issuing, answering a query and settling are the lead's: a follower is refused and nothing moves."""
    made = make_pool(session)
    _claim(session, made, 5000)
    rows = _sealed(session, made)
    lead, follower = made.actor(Role.FINANCE_CHECKER), made.actor(Role.FINANCE_CHECKER, 1)
    with pytest.raises(Forbidden, match="lead_only"):
        statements.issue(session, rows[1], due_on=AT.date(), by=follower, at=AT)
    for row in rows:
        statements.issue(session, row, due_on=AT.date(), by=lead, at=AT)
    statements.answer(session, rows[1], "query", by=follower, at=AT, words="C-1 是哪台电梯")
    with pytest.raises(Forbidden, match="lead_only"):
        statements.reply(session, rows[1], "3 号梯", by=follower, at=AT)
    assert rows[1].stage == "queried"
    statements.reply(session, rows[1], "3 号梯", by=lead, at=AT)
    for place, row in enumerate(rows):
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
    open_quarter(session, made.pool, 2)
    period = statements.period(session, made.pool.id, "2026Q1")
    with pytest.raises(Forbidden, match="lead_only"):
        statements.settle_period(session, period, on=date(2026, 4, 17), by=follower, at=AT)
    statements.settle_period(session, period, on=date(2026, 4, 17), by=lead, at=AT)
    assert {row.stage for row in rows} == {"settled"}


def test_an_open_period_has_nothing_to_settle(session: Session) -> None:
    """Before its close a period has no statements: to settle it is refused, never done without effect."""
    made = make_pool(session)
    with pytest.raises(Conflict, match="period_not_closed"):
        statements.settle_period(session, made.period, on=END, by=SYSTEM, at=AT)
