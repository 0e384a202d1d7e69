"""The thread of a statement: both sides speak, in their places, about its own entries; nothing is unsaid."""

from __future__ import annotations

import uuid
from datetime import date
from hashlib import sha256

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Invalid
from core.permits import SYSTEM, Role
from ledger import entries, statements, threads
from ledger.books import AccountRef
from ledger.entries import Event, Move
from ledger.models import Statement, StatementWords
from ledger.reasons import Reason
from tests.makers import AT, MadePool, make_pool, open_quarter

END = date(2026, 3, 31)


def _claim(session: Session, made: MadePool, member: int, on: date = date(2026, 3, 2)) -> int:
    """Post a claim to one member's account, and return its entry."""
    accounts = [AccountRef("2210", made.members[place].id) for place in (member, 0)]
    event = Event(Reason.CLAIM_APPROVED, on, "claim", uuid.uuid4(), "C-1")
    return entries.post(session, made.pool.id, event, [Move(*accounts, 5000)], by=SYSTEM, at=AT).entry_id


def _issued(session: Session, made: MadePool) -> list[Statement]:
    period = statements.lock_period(session, made.pool.id, "2026Q1")
    rows = statements.seal(session, period, on=END, by=SYSTEM, at=AT)
    for row in rows:
        statements.issue(session, row, due_on=AT.date(), by=SYSTEM, at=AT)
    return rows


def test_both_sides_speak_until_the_member_agrees(session: Session) -> None:
    """The member adds to its query, the lead answers, the member asks again; every word keeps its place."""
    made = make_pool(session)
    entry = _claim(session, made, 1)
    row = _issued(session, made)[1]
    own, lead = made.actor(Role.FINANCE_CHECKER, 1), made.actor(Role.FINANCE_MAKER)
    statements.answer(session, row, "query", by=own, at=AT, words="是哪台电梯", entry_id=entry)
    statements.answer(session, row, "query", by=own, at=AT, words="还有，哪一天")
    assert row.stage == "queried"
    statements.reply(session, row, "3 号梯，3 月 2 日", by=lead, at=AT, entry_id=entry)
    assert row.stage == "issued"
    statements.answer(session, row, "acknowledge", by=own, at=AT)
    statements.answer(session, row, "query", by=own, at=AT, words="为何不是 3 月 1 日")
    statements.reply(session, row, "核准日为 3 月 2 日", by=lead, at=AT)
    statements.answer(session, row, "agree", by=own, at=AT)
    said = threads.thread(session, row)
    assert [one.sequence for one in said] == [1, 2, 3, 4, 5]
    assert [one.side for one in said] == ["member", "member", "lead", "member", "lead"]
    assert [one.entry_id for one in said] == [entry, None, entry, None, None]
    assert {(one.side, one.person_id) for one in said} == {("member", own.person_id), ("lead", lead.person_id)}
    told = select(AuditEvent.facts).where(AuditEvent.object_id == str(row.id), AuditEvent.action == "statement.query")
    first = session.scalars(told.order_by(AuditEvent.id)).first()
    digest = sha256("是哪台电梯".encode()).hexdigest()
    assert first is not None and (first["place"], first["text_sha256"], first["entry"]) == (1, digest, entry)


def test_words_are_about_an_entry_of_their_statement(session: Session) -> None:
    """Another member's entry, one of a later period, one that is not there, the close itself: nothing is said."""
    made = make_pool(session)
    others = _claim(session, made, 2)
    row = _issued(session, made)[1]
    open_quarter(session, made.pool, 2)
    later = _claim(session, made, 1, date(2026, 4, 2))
    own = made.actor(Role.FINANCE_CHECKER, 1)
    for wrong in (others, later, row.last_entry_id, 0, 10**12):
        with pytest.raises(Invalid, match="entry_not_on_statement") as refused:
            statements.answer(session, row, "query", by=own, at=AT, words="这一笔", entry_id=wrong)
        assert [one.where for one in refused.value.findings] == ["entry"]
    assert (row.stage, list(threads.thread(session, row))) == ("issued", [])


def _say(session: Session, row: Statement, sequence: int, side: str, entry_id: int | None = None) -> None:
    said = StatementWords(
        statement_id=row.id, sequence=sequence, side=side, person_id=None, at=AT, words="请核对", entry_id=entry_id
    )
    session.add(said)
    session.flush()


@pytest.mark.parametrize(
    ("sequence", "side", "entry"), [(2, "member", None), (0, "member", None), (1, "lead", None), (1, "member", 10**12)]
)
def test_the_database_refuses_words_out_of_place(session: Session, sequence: int, side: str, entry: int | None) -> None:
    """A place left out, the lead before the member, an entry of no such period: refused where the verb is left out."""
    made = make_pool(session)
    row = _issued(session, made)[1]
    with pytest.raises(DBAPIError, match=r"takes the next place|is not of the period"):
        _say(session, row, sequence, side, entry)


def test_the_database_keeps_what_was_said(engine: Engine) -> None:
    """Words are not changed, taken back or said of a draft, whoever asks the database."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row = _issued(session, made)[1]
        statements.answer(session, row, "query", by=made.actor(Role.FINANCE_CHECKER, 1), at=AT, words="请核对")
    for deed in ("UPDATE statement_words SET words = 'x'", "DELETE FROM statement_words"):
        with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(deed))
    with unit_of_work(engine, SYSTEM) as session:
        open_quarter(session, made.pool, 2)
        period = statements.lock_period(session, made.pool.id, "2026Q2")
        draft = statements.seal(session, period, on=date(2026, 6, 30), by=SYSTEM, at=AT)[1]
    with pytest.raises(DBAPIError, match="before its issue"), unit_of_work(engine, SYSTEM) as session:
        _say(session, draft, 1, "member")


def test_a_thread_is_for_its_member_and_the_lead(engine: Engine) -> None:
    """The database shows the words to the statement's member, its lead and those who read all, nobody else."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row = _issued(session, made)[1]
        statements.answer(session, row, "query", by=made.actor(Role.FINANCE_CHECKER, 1), at=AT, words="请核对")
    for actor, count in (
        (made.actor(Role.FINANCE_CHECKER, 1), 1),
        (made.actor(Role.FINANCE_CHECKER), 1),
        (made.actor(Role.FINANCE_CHECKER, 2), 0),
        (None, 0),
        (SYSTEM, 1),
    ):
        with unit_of_work(engine, actor) as session:
            assert len(session.scalars(select(StatementWords)).all()) == count
    fellow = made.actor(Role.FINANCE_CHECKER, 2)
    with pytest.raises(DBAPIError, match="before its issue"), unit_of_work(engine, fellow) as session:
        _say(session, row, 2, "member")
