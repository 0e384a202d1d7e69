"""Posting in bulk gives what posting one by one gives: the same entries, transfers, items and carries, to the fen."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Invalid
from core.permits import SYSTEM
from ledger import entries, streams
from ledger.books import AccountRef, MemberShares, account_ids, latest_shares
from ledger.bulk import Bulk, BulkStream, Same, learn
from ledger.columns import Numbers, Texts, cut
from ledger.entries import Event, Move
from ledger.models import Account, Entry, StreamItem, Transfer
from ledger.money import LIMIT_FEN
from ledger.reasons import Reason
from tests.conftest import AT
from tests.depth import DEPTH
from tests.makers import MadePool, make_pool

DAY = date(2026, 3, 2)
Rows = Sequence[tuple[uuid.UUID, str, int, int]]

amounts = st.one_of(st.integers(1, 20), st.integers(1, 10**7), st.just(LIMIT_FEN // 2))
rows_of_a_batch = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=40)
weightings = st.lists(st.integers(1, 400), min_size=2, max_size=7)


def named(amounts_fen: Sequence[tuple[int, int]]) -> Rows:
    """Return the amounts with a subject and a document each."""
    return [(uuid.uuid4(), f"P-{place}", net, vat) for place, (net, vat) in enumerate(amounts_fen)]


def texts_of(words: Sequence[str]) -> Texts:
    """Return words as a column."""
    told = [word.encode() for word in words]
    lengths = np.array([len(one) for one in told])
    return cut(np.frombuffer(b"".join(told), dtype=np.uint8), np.cumsum(lengths) - lengths, lengths)


def written(bulk: Bulk, rows: Sequence[tuple[uuid.UUID, str, int]]) -> Numbers:
    """Write entries of (subject, document, fen) and return their numbers."""
    numbers = bulk.numbers(len(rows))
    subjects = np.frombuffer(b"".join(row[0].bytes for row in rows), dtype="V16")
    documents = texts_of([row[1] for row in rows])
    bulk.write([bulk.entries(numbers, subjects, documents, np.array([row[2] for row in rows]))])
    return numbers


def post_singly(session: Session, shares: MemberShares, rows: Rows) -> None:
    """Post the rows one after another."""
    for subject_id, document, net, vat in rows:
        splits = [
            streams.take(session, shares, "premium_net", net),
            streams.take(session, shares, "premium_vat", vat),
        ]
        parts = zip(shares.members, splits[0].parts_fen, splits[1].parts_fen, strict=True)
        moves = [Move(AccountRef("1110"), AccountRef("2305", member), one + other) for member, one, other in parts]
        event = Event(Reason.PREMIUM_WRITTEN, DAY, "policy", subject_id, document)
        entries.post(session, shares.pool_id, event, moves, by=SYSTEM, at=AT, splits=splits)


def same_of(made: MadePool) -> Same:
    """Return what the entries of these tests have in common."""
    return Same(made.pool.id, made.period.id, Reason.PREMIUM_WRITTEN, DAY, "policy", AT)


def post_in_bulk(session: Session, made: MadePool, shares: MemberShares, rows: Rows, pieces: int = 1) -> None:
    """Post the rows in bulk, in so many pieces."""
    bulk = Bulk(session, same_of(made), by=SYSTEM)
    taken = [BulkStream(session, shares, "premium_net"), BulkStream(session, shares, "premium_vat")]
    debits = bulk.accounts([AccountRef("1110")] * len(shares.members))
    credited = bulk.accounts([AccountRef("2305", one) for one in shares.members])
    for piece in np.array_split(np.arange(len(rows)), pieces):
        some = [rows[place] for place in piece]
        if not some:
            continue
        ids = written(bulk, [(*one[:2], one[2] + one[3]) for one in some])
        splits = [stream.take(np.array([one[2 + n] for one in some])) for n, stream in enumerate(taken)]
        bulk.write(bulk.splits(shares, ids, splits, debits, credited))
    for stream in taken:
        stream.keep(session)
    bulk.close()


def told(session: Session, shares: MemberShares) -> list[object]:
    """Return all that a pool's book holds, with what is numbered over all books told by its place."""
    pool = shares.pool_id
    found = session.scalars(select(Entry).where(Entry.pool_id == pool).order_by(Entry.id)).all()
    place = {row.id: n for n, row in enumerate(found)}
    numbers = session.execute(select(Account.id, Account.code, Account.organisation_id).where(Account.pool_id == pool))
    members = {member: n for n, member in enumerate(shares.members)}
    accounts = {row.id: (row.code, members.get(row.organisation_id)) for row in numbers}
    moved = select(Transfer).where(Transfer.pool_id == pool).order_by(Transfer.entry_id, Transfer.line)
    split = (
        select(StreamItem)
        .where(StreamItem.pool_id == pool)
        .order_by(StreamItem.kind, StreamItem.number, StreamItem.sequence)
    )
    return [
        [(row.reason, row.on, row.at, row.subject_kind, row.subject_id, row.document, row.amount_fen) for row in found],
        [
            (place[row.entry_id], row.line, accounts[row.debit_id], accounts[row.credit_id], row.amount_fen)
            for row in session.scalars(moved)
        ],
        [
            (row.number, row.kind, row.sequence, place[row.entry_id], row.amount_fen, row.parts_fen, row.carry_after)
            for row in session.scalars(split)
        ],
        streams.carries(session, pool),
    ]


@settings(
    max_examples=25 * DEPTH,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(amounts_fen=rows_of_a_batch, weights=weightings, pieces=st.integers(1, 4))
def test_in_bulk_and_one_by_one_come_to_the_same_book(
    engine: Engine, amounts_fen: list[tuple[int, int]], weights: list[int], pieces: int
) -> None:
    """Any premiums, any shares, in any pieces: entries, transfers, items and carries are the same."""
    rows = named(amounts_fen)
    with unit_of_work(engine, SYSTEM) as session:
        singly, at_once = (make_pool(session, weights, name=f"共保体{uuid.uuid4()}") for _ in range(2))
        shares = [latest_shares(session, made.pool.id) for made in (singly, at_once)]
        post_singly(session, shares[0], rows)
        post_in_bulk(session, at_once, shares[1], rows, pieces)
        assert told(session, shares[0]) == told(session, shares[1])


def test_a_bulk_goes_on_where_single_items_left_off_and_they_after_it(engine: Engine) -> None:
    """Items before a bulk, in it and after it follow one another in their streams."""
    rows = named([(1, 1)] * 9)
    with unit_of_work(engine, SYSTEM) as session:
        singly, mixed = (make_pool(session, (1, 1, 1), name=name) for name in ("甲共保体", "乙共保体"))
        shares = [latest_shares(session, made.pool.id) for made in (singly, mixed)]
        post_singly(session, shares[0], rows)
        post_singly(session, shares[1], rows[:4])
        post_in_bulk(session, mixed, shares[1], rows[4:7])
        post_singly(session, shares[1], rows[7:])
        assert told(session, shares[0]) == told(session, shares[1])


def test_an_amount_beyond_the_limit_is_refused_and_nothing_is_kept(engine: Engine) -> None:
    """One amount too large in a bulk refuses it whole."""
    with pytest.raises(Invalid) as refused, unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        post_in_bulk(session, made, latest_shares(session, made.pool.id), named([(5, 1), (LIMIT_FEN + 1, 1)]))
    assert refused.value.code == "amount_too_large"
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Entry.id)).all() == []


@pytest.mark.parametrize(
    ("wrong", "state"),
    [
        ({"entry_id": 10**12}, "GB004"),
        ({"line": 1}, "GB004"),
        ({"amount_fen": 99}, "GB004"),
        ({"debit_id": 10**12}, "23503"),
        ({"period_id": 10**12}, "23514"),
        ({"line": -1}, "23514"),
    ],
    ids=["no entry", "a line left out", "another sum", "no account", "no period", "a line below the first"],
)
def test_the_database_alone_refuses_transfers_that_are_not_whole(
    engine: Engine, wrong: dict[str, int], state: str
) -> None:
    """What foreign keys would hold row by row is held for a write as a whole."""
    with pytest.raises(DBAPIError) as refused, unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        shares = latest_shares(session, made.pool.id)
        ids = written(Bulk(session, same_of(made), by=SYSTEM), [(uuid.uuid4(), "P-1", 100)])
        two = [AccountRef("1110"), AccountRef("2305", shares.lead)]
        numbers = account_ids(session, shares.pool_id, two)
        row = {
            "pool_id": shares.pool_id, "period_id": made.period.id, "entry_id": int(ids[0]), "line": 0,
            "debit_id": numbers[two[0]], "credit_id": numbers[two[1]], "amount_fen": 100,
        } | wrong  # fmt: skip
        session.add(Transfer(**row))
        session.flush()
    assert isinstance(refused.value.orig, errors.Error) and refused.value.orig.sqlstate == state


def test_the_database_plans_by_what_was_posted(engine: Engine) -> None:
    """After a bulk it is asked to look: it then knows how many rows each table of the book has; of no other period."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        post_in_bulk(session, made, latest_shares(session, made.pool.id), named([(300, 18)] * 50))
        period_id = made.period.id
    with unit_of_work(engine, SYSTEM) as session:
        learn(session, period_id)
        counts = "SELECT reltuples::bigint FROM pg_class WHERE relname = :name"
        names = ("entry", "stream_item", f"transfer_p{period_id}")
        assert [session.scalar(text(counts), {"name": name}) for name in names] == [50, 100, 200]
    with pytest.raises(DBAPIError) as refused, unit_of_work(engine, SYSTEM) as session:
        learn(session, 10**9)
    assert isinstance(refused.value.orig, errors.Error) and refused.value.orig.sqlstate == "23503"
