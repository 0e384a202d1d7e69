"""Posting in bulk: many entries of one reason in one transaction, to the fen what posting them one by one gives.

What is the same for all of them is said once and kept as a batch, which the log tells of with a digest over its
entries. The splits of a stream are taken up by its automaton, whole columns at a time, and all rows go to the database
as COPY, which checks every write as a whole (docs/decisions/0019). While one piece is written the next is laid out.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar, cast

import numpy as np
import psycopg
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import audit
from core.db import new_id
from core.permits import Actor
from ledger import streams
from ledger.apportion import Weights
from ledger.automaton import CarryAutomaton
from ledger.binary import Column, copied, day, moment
from ledger.books import AccountRef, MemberShares, account_ids
from ledger.columns import Ids, Numbers, Texts, digits, hexed, joined, numbers_in
from ledger.models import ENTRY_NUMBER, EntryBatch
from ledger.reasons import Reason

#: Entries that are written together: what the database looks at as a whole then stays in its memory.
PIECE = 20_000

#: What the database may use of its memory to look at a piece as a whole: with less it would lay rows by on its disk.
_MEMORY = "64MB"

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Same:
    """What every entry of a batch has in common."""

    pool_id: int
    period_id: int
    reason: Reason
    on: date
    subject_kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Items of one stream: place in it, amount in fen, and a row of parts and of carries an item, in member order."""

    kind: str
    sequence: Numbers
    amounts_fen: Numbers
    parts_fen: Numbers
    carry_after: Numbers


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, laid out for COPY."""

    table: str
    columns: Sequence[str]
    data: bytes


def rows_of(table: str, count: int, columns: Mapping[str, Column]) -> Rows:
    """Return `count` rows of a table; columns as `ledger.binary.copied` takes them."""
    return Rows(table, tuple(columns), copied(count, columns))


def laid_ahead(lay_out: Callable[[_Item], _Made], items: Iterable[_Item]) -> Iterator[_Made]:
    """Yield what is made of each item, in their order; each is made while the one before is in use."""
    with ThreadPoolExecutor(1, "laid-ahead") as worker:
        coming = None
        for item in items:
            before, coming = coming, worker.submit(lay_out, item)
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()


def split_columns(automaton: CarryAutomaton, weights: Weights, amounts_fen: Numbers) -> tuple[Numbers, Numbers]:
    """Return the parts of amounts, and the carry after each, as rows in member order; the automaton goes on with them.

    Refuses `amount_too_large`.
    """
    before = np.array(automaton.carry, dtype=np.int64)
    columns = automaton.columns(array("q", amounts_fen.tobytes()))
    parts = np.column_stack([np.frombuffer(column, dtype=np.int64) for column in columns])
    # Amount times weight may pass 64 bits and wraps; what is left over is small, and right for wrapping twice.
    owed = amounts_fen[:, None] * np.array(weights.weights, dtype=np.int64) - parts * np.int64(weights.whole)
    return parts, before + np.cumsum(owed, axis=0)


class BulkStream:
    """One stream held for a bulk: its row stays locked until the transaction ends, its carry is kept by `keep`."""

    def __init__(self, session: Session, shares: MemberShares, kind: str) -> None:
        self.shares = shares
        self.kind = kind
        self._row = streams.lock(session, shares, kind)
        self._automaton = CarryAutomaton(shares.weights, tuple(self._row.carry))
        self._last = self._row.last_sequence

    def take(self, amounts_fen: Numbers) -> Taken:
        """Return the next items of the stream, split in their order. Refuses `amount_too_large`."""
        parts, carry = split_columns(self._automaton, self.shares.weights, amounts_fen)
        sequence = np.arange(self._last + 1, self._last + 1 + len(amounts_fen), dtype=np.int64)
        self._last += len(amounts_fen)
        return Taken(self.kind, sequence, amounts_fen, parts, carry)

    def keep(self, session: Session) -> None:
        """Write down where the stream stands now."""
        self._row.last_sequence = self._last
        self._row.carry = list(self._automaton.carry)
        session.flush()


class Bulk:
    """A batch being posted, piece after piece; `close` writes it down and ends it.

    `numbers`, `accounts`, `write` and `close` use the database; `entries` and `splits` only lay rows out. The database
    has more memory to work in from the beginning of a bulk to the end of its transaction.
    """

    def __init__(self, session: Session, same: Same, *, by: Actor) -> None:
        self.session = session
        self.same = same
        self._by = by
        self.id = new_id()
        self._count = self._total_fen = 0
        self._ends: list[int] = []
        self._digest = hashlib.sha256()
        session.execute(text(f"SET LOCAL work_mem = '{_MEMORY}'"))

    def numbers(self, count: int) -> Numbers:
        """Return numbers for so many entries, rising, that no other entry has."""
        drawn = select(ENTRY_NUMBER.next_value()).select_from(func.generate_series(1, count)).subquery()
        return numbers_in(self.session.scalars(select(func.array_send(func.array_agg(drawn.c[0])))).one())

    def accounts(self, refs: Sequence[AccountRef]) -> Numbers:
        """Return the numbers of accounts of the pool, made where they are missing."""
        numbers = account_ids(self.session, self.same.pool_id, refs)
        return np.array([numbers[ref] for ref in refs], dtype=np.int64)

    def entries(self, numbers: Numbers, subjects: Ids, documents: Texts, amounts_fen: Numbers) -> Rows:
        """Return the next entries of the batch, at least one, in their order; amounts in fen, above zero."""
        told = joined([hexed(subjects), digits(amounts_fen), documents])
        self._digest.update(hashlib.sha256(told).digest())
        self._count += len(numbers)
        self._total_fen += int(amounts_fen.sum())
        self._ends.append(int(numbers[-1]))
        person_id = self._by.person_id
        columns: dict[str, Column] = {
            "id": numbers,
            "pool_id": self.same.pool_id,
            "period_id": self.same.period_id,
            "reason": self.same.reason.value,
            "on": day(self.same.on),
            "at": moment(self.same.at),
            "subject_kind": self.same.subject_kind,
            "subject_id": subjects,
            "document": documents,
            "person_id": person_id.bytes if person_id else None,
            "amount_fen": amounts_fen,
            "batch_id": self.id.bytes,
        }
        return rows_of("entry", len(numbers), columns)

    def splits(
        self, shares: MemberShares, numbers: Numbers, splits: Sequence[Taken], debits: Numbers, credits_: Numbers
    ) -> Iterator[Rows]:
        """Yield the items that entries come from, and a transfer a member for the sum of its parts in each.

        The debited and the credited accounts stand in member order; a negative sum goes the other way, and where
        nothing goes there is no transfer.
        """
        for taken in splits:
            columns: dict[str, Column] = {
                "pool_id": self.same.pool_id,
                "number": shares.number,
                "kind": taken.kind,
                "sequence": taken.sequence,
                "period_id": self.same.period_id,
                "entry_id": numbers,
                "amount_fen": taken.amounts_fen,
                "parts_fen": taken.parts_fen,
                "carry_after": taken.carry_after,
            }
            yield rows_of("stream_item", len(numbers), columns)
        moved_fen = np.sum([taken.parts_fen for taken in splits], axis=0)
        goes, forth = moved_fen != 0, moved_fen > 0
        line = np.cumsum(goes, axis=1, dtype=np.int64) - 1
        columns = {
            "pool_id": self.same.pool_id,
            "period_id": self.same.period_id,
            "entry_id": np.broadcast_to(numbers[:, None], goes.shape)[goes],
            "line": line[goes],
            "debit_id": np.where(forth, debits, credits_)[goes],
            "credit_id": np.where(forth, credits_, debits)[goes],
            "amount_fen": np.abs(moved_fen)[goes],
        }
        yield rows_of(f"transfer_p{self.same.period_id}", int(goes.sum()), columns)

    def write(self, rows: Iterable[Rows]) -> None:
        """Copy rows into their tables within the session's transaction, entries before what is theirs.

        A fault of the database's comes as SQLAlchemy's own.
        """
        connection = cast("psycopg.Connection", self.session.connection().connection.driver_connection)
        for some in rows:
            columns = ", ".join(f'"{name}"' for name in some.columns)
            order = f"COPY {some.table} ({columns}) FROM STDIN (FORMAT binary)"
            try:
                with connection.cursor() as cursor, cursor.copy(order.encode()) as sink:
                    sink.write(some.data)
            except psycopg.Error as fault:
                raise DBAPIError.instance(order, None, fault, psycopg.Error) from fault

    def close(self) -> EntryBatch:
        """Write the batch down and tell the log of it: how many entries, of how much, and the digest over them all."""
        row = EntryBatch(
            id=self.id,
            pool_id=self.same.pool_id,
            period_id=self.same.period_id,
            reason=self.same.reason.value,
            on=self.same.on,
            at=self.same.at,
            person_id=self._by.person_id,
            entries=self._count,
            amount_fen=self._total_fen,
            piece_ends=self._ends,
            digest=self._digest.hexdigest(),
        )
        self.session.add(row)
        self.session.flush()
        facts: dict[str, Any] = {
            "pool": row.pool_id,
            "reason": row.reason,
            "on": row.on.isoformat(),
            "entries": row.entries,
            "amount_fen": row.amount_fen,
            "sha256": row.digest,
        }
        audit.record(self.session, "batch.posted", by=self._by, at=row.at, of=("batch", row.id), facts=facts)
        return row


def learn(session: Session, period_id: int) -> None:
    """Have the database look at what was posted in a period, so that it plans by it from now on."""
    session.execute(select(func.learn_posted(period_id)))
