"""Posting: balanced by construction, never changed, taken back by a mirror, never into a closed period."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import merkle
from core.audit import AuditEvent, AuditPending, leaf_bytes
from core.db import Writing, unit_of_work
from core.errors import Conflict, Invalid
from core.permits import SYSTEM, Actor, Role
from ledger import books, entries, statements, streams
from ledger.books import AccountRef
from ledger.entries import Event, Move
from ledger.models import Entry
from ledger.money import LIMIT_FEN
from ledger.reasons import Reason
from tests.makers import AT, ON, MadePool, make_pool

RECEIVABLE = AccountRef("1110")


def _event(on: date = ON) -> Event:
    return Event(Reason.PREMIUM_WRITTEN, on, "policy", uuid.uuid4(), "P-1")


def test_an_entry_moves_what_its_transfers_move(session: Session) -> None:
    """The book sums to zero after an entry, and each account holds what was moved to it."""
    made = make_pool(session)
    lead = AccountRef("2305", made.members[0].id)
    moves = [Move(RECEIVABLE, lead, 1000), Move(RECEIVABLE, lead, -400), Move(lead, RECEIVABLE, 0)]
    entries.post(session, made.pool.id, _event(), moves, by=SYSTEM, at=AT)
    assert books.balances(session, made.pool.id) == {RECEIVABLE: 600, lead: -600}


def test_several_are_posted_as_one_by_one(session: Session) -> None:
    """The same entries, transfers and events in the same order, for nothing and for less than nothing too."""
    by, subject, kept = Actor(uuid.uuid4(), None, Role.FINANCE_CHECKER), uuid.uuid4(), []
    for name in ("A", "B"):
        made = make_pool(session, name=name)
        lead, *others = (AccountRef("2210", member.id) for member in made.members)
        event = Event(Reason.LEAD_FEE, ON, "agreement", subject, "2026Q1")
        posts = [(event, Move(other, lead, fen)) for other, fen in zip(others, (700, 0, -300), strict=True)]
        posts.append((replace(event, reason=Reason.LEAD_FEE_VAT), Move(others[0], lead, 42)))
        if name == "A":
            writing = Writing()
            entries.post_each(session, made.period, posts, by=by, at=AT, writing=writing)
            writing.write(session)
        else:
            for one, move in posts:
                if move.amount_fen:
                    entries.post(session, made.pool.id, one, [move], by=by, at=AT)
        kept.append(_kept(session, made))
    assert kept[0] == kept[1] and len(kept[0]) == 3


def test_none_are_posted_where_nothing_moves(session: Session) -> None:
    """Several entries that move nothing are none; an amount beyond the limit is refused."""
    made = make_pool(session)
    writing, accounts = Writing(), (AccountRef("2210", made.members[1].id), AccountRef("2210", made.members[0].id))
    entries.post_each(session, made.period, [(_event(), Move(*accounts, 0))], by=SYSTEM, at=AT, writing=writing)
    with pytest.raises(Invalid, match="amount_too_large"):
        far = [(_event(), Move(*accounts, LIMIT_FEN + 1))]
        entries.post_each(session, made.period, far, by=SYSTEM, at=AT, writing=writing)
    assert _kept(session, made) == []


def _kept(session: Session, made: MadePool) -> list[Any]:
    """Return each entry of a pool with its moves and its event, without what is the pool's own."""
    places = {member.id: place for place, member in enumerate(made.members)}
    found: list[Any] = []
    for row in session.scalars(select(Entry).where(Entry.pool_id == made.pool.id).order_by(Entry.id)):
        of_it = (AuditEvent.object_kind == "entry", AuditEvent.object_id == str(row.id))
        told = session.scalars(select(AuditEvent).where(*of_it)).one()
        assert session.get_one(AuditPending, told.id).leaf_hash == merkle.leaf_hash(leaf_bytes(told))
        assert (told.facts["pool"], row.period_id) == (made.pool.id, made.period.id)
        moves = [
            (places.get(one.debit.member), places.get(one.credit.member), one.amount_fen)
            for one in entries.moves_of(session, row)
        ]
        about = (row.reason, row.on, row.at, row.subject_kind, row.subject_id, row.document, row.person_id)
        event = (told.action, told.at, told.person_id, told.role, {**told.facts, "pool": 0})
        found.append((about, row.amount_fen, moves, event))
    return found


def test_nothing_is_not_posted(session: Session) -> None:
    """An entry whose every amount is zero is refused."""
    made = make_pool(session)
    with pytest.raises(Invalid, match="nothing_to_post"):
        entries.post(session, made.pool.id, _event(), [Move(RECEIVABLE, AccountRef("2110"), 0)], by=SYSTEM, at=AT)


@pytest.mark.parametrize(
    ("on", "code"), [(date(2025, 12, 31), "period_not_opened"), (date(2026, 4, 1), "period_not_opened")]
)
def test_a_day_without_a_period_is_refused(session: Session, on: date, code: str) -> None:
    """A day that no open period covers takes no posting."""
    made = make_pool(session)
    with pytest.raises(Conflict, match=code):
        entries.post(session, made.pool.id, _event(on), [Move(RECEIVABLE, AccountRef("2110"), 1)], by=SYSTEM, at=AT)


def test_a_mirror_takes_everything_back(session: Session) -> None:
    """A reversal moves every amount the other way and undoes the split's effect on the carry, once."""
    made = make_pool(session, (1, 1, 1))
    shares = books.shares(session, made.pool.id, 1)
    split = streams.take(session, shares, "claim", 10_000)
    moves = [
        Move(AccountRef("2210", member), AccountRef("2110"), fen)
        for member, fen in zip(shares.members, split.parts_fen, strict=True)
    ]
    event = Event(Reason.CLAIM_APPROVED, ON, "claim", uuid.uuid4(), "C-1")
    posted = entries.post(session, made.pool.id, event, moves, by=SYSTEM, at=AT, splits=[split])
    row = entries.entry(session, made.pool.id, posted.entry_id)
    mirrored = entries.reverse(session, row, on=ON, document="C-1", by=SYSTEM, at=AT)
    assert books.balances(session, made.pool.id) == {}
    assert streams.carries(session, made.pool.id) == {(1, "claim"): (0, 0, 0)}
    assert [item.parts_fen for item in streams.items(session, made.pool.id, mirrored.entry_id)] == [
        [-3334, -3333, -3333]
    ]
    with pytest.raises(Conflict, match="entry_reversed"):
        entries.reverse(session, row, on=ON, document="C-1", by=SYSTEM, at=AT)
    mirror = entries.entry(session, made.pool.id, mirrored.entry_id)
    with pytest.raises(Conflict, match="entry_is_reversal"):
        entries.reverse(session, mirror, on=ON, document="C-1", by=SYSTEM, at=AT)


def test_a_closed_period_takes_no_posting(engine: Engine) -> None:
    """After the close a posting is refused by the verb, and by the database where the verb is left out."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        entries.post(session, made.pool.id, _event(), [Move(RECEIVABLE, AccountRef("2110"), 1)], by=SYSTEM, at=AT)
        period = statements.lock_period(session, made.pool.id, "2026Q1")
        statements.seal(session, period, on=date(2026, 3, 31), by=SYSTEM, at=AT)
    with unit_of_work(engine, SYSTEM) as session, pytest.raises(Conflict, match="period_closed"):
        entries.post(session, made.pool.id, _event(), [Move(RECEIVABLE, AccountRef("2110"), 1)], by=SYSTEM, at=AT)
    with pytest.raises(DBAPIError, match="a closed period takes no posting"), unit_of_work(engine, SYSTEM) as session:
        session.execute(
            text(
                'INSERT INTO entry (pool_id, period_id, reason, "on", at, subject_kind, subject_id, document,'
                ' amount_fen) SELECT pool_id, period_id, reason, "on", at, subject_kind, subject_id, document,'
                " amount_fen FROM entry"
            )
        )


@pytest.mark.parametrize("table", ["entry", "transfer", "stream_item", "share", "share_version", "account", "book"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET pool_id = pool_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_cannot_change_the_book(engine: Engine, table: str, statement: str) -> None:
    """The application's role has no right to change, remove or empty what is posted."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        entries.post(session, made.pool.id, _event(), [Move(RECEIVABLE, AccountRef("2110"), 1)], by=SYSTEM, at=AT)
    with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(engine, SYSTEM) as session:
        session.execute(text(statement.format(table)))


def test_shares_that_do_not_add_up_never_commit(engine: Engine) -> None:
    """The database refuses a share version whose weights miss the whole, even where no verb looks."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
    with pytest.raises(DBAPIError, match="add up to 9999, not 10000"), unit_of_work(engine, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO share_version (pool_id, number, whole, effective_on) VALUES (:p, 2, 10000, '2026-06-01')"
            ),
            {"p": made.pool.id},
        )
        session.execute(
            text("INSERT INTO share (pool_id, number, position, organisation_id, weight) VALUES (:p, 2, 0, :o, 9999)"),
            {"p": made.pool.id, "o": made.members[0].id},
        )


def test_a_key_is_used_once(engine: Engine) -> None:
    """The same key with the same body gives the first outcome again; with another body it is refused."""
    done: list[int] = []

    def work() -> dict[str, int]:
        done.append(1)
        return {"entry": len(done)}

    for _ in range(2):
        with unit_of_work(engine, SYSTEM) as session:
            assert entries.once(session, "lead", "k-1", {"fen": 1}, work, at=AT) == {"entry": 1}
    assert done == [1]
    with unit_of_work(engine, SYSTEM) as session, pytest.raises(Conflict, match="key_used_otherwise"):
        entries.once(session, "lead", "k-1", {"fen": 2}, work, at=AT)
