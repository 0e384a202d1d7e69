"""Posting in bulk: many entries of one reason in one transaction, to the fen what posting them one by one gives.

What is the same for all of them is said once and kept as a batch, which the log tells of with a digest over its
entries. The splits of a stream are taken up by its automaton, whole columns at a time; items and transfers go to the
database as COPY, entries as one INSERT ... SELECT from where their rows wait. The database checks every write as a
whole (docs/decisions/0019).
"""

from __future__ import annotations

import hashlib
import uuid
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import numpy as np
import psycopg
from sqlalchemy import Select, Text, func, insert, literal, select
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import audit
from core.db import new_id
from core.permits import Actor
from ledger import streams
from ledger.automaton import CarryAutomaton
from ledger.binary import Numbers, copied
from ledger.books import AccountRef, MemberShares, account_ids
from ledger.models import Entry, EntryBatch
from ledger.reasons import Reason

#: Entries that are written together: what the database looks at as a whole then stays in its memory.
PIECE = 20_000


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
        before = np.array(self._automaton.carry, dtype=np.int64)
        columns = self._automaton.columns(array("q", amounts_fen.tobytes()))
        parts = np.column_stack([np.frombuffer(column, dtype=np.int64) for column in columns])
        weights = np.array(self.shares.weights.weights, dtype=np.int64)
        # Amount times weight may pass 64 bits and wraps; what is left over is small, and right for wrapping twice.
        owed = amounts_fen[:, None] * weights - parts * np.int64(self.shares.weights.whole)
        sequence = np.arange(self._last + 1, self._last + 1 + len(amounts_fen), dtype=np.int64)
        self._last += len(amounts_fen)
        return Taken(self.kind, sequence, amounts_fen, parts, before + np.cumsum(owed, axis=0))

    def keep(self, session: Session) -> None:
        """Write down where the stream stands now."""
        self._row.last_sequence = self._last
        self._row.carry = list(self._automaton.carry)
        session.flush()


class Bulk:
    """A batch being posted, piece after piece; `close` writes it down and ends it."""

    def __init__(self, session: Session, same: Same, *, by: Actor) -> None:
        self.session = session
        self.same = same
        self._by = by
        self.id = new_id()
        self._count = self._total_fen = 0
        self._ends: list[int] = []
        self._digest = hashlib.sha256()

    def write_entries(self, rows: Select[uuid.UUID, str, int]) -> Numbers:
        """Write an entry for each row (subject, document, amount in fen above zero) of a query; return their numbers.

        The query says in which order; the numbers rise with it. It has at least one row.
        """
        same = {
            "pool_id": self.same.pool_id,
            "period_id": self.same.period_id,
            "reason": self.same.reason.value,
            "on": self.same.on,
            "at": self.same.at,
            "subject_kind": self.same.subject_kind,
            "person_id": self._by.person_id,
            "batch_id": self.id,
        }
        source = rows.subquery()
        constants = [literal(value, Entry.__table__.c[name].type) for name, value in same.items()]
        names = [*same, "subject_id", "document", "amount_fen"]
        entry = Entry.__table__.c
        told = (entry.id, entry.subject_id, entry.document, entry.amount_fen)
        written = insert(Entry).from_select(names, select(*constants, *source.c)).returning(*told).cte("written")
        ids, fen, digest = self.session.execute(
            select(func.array_agg(written.c.id), func.sum(written.c.amount_fen), _piece_digest(written))
        ).one()
        numbers = np.array(ids, dtype=np.int64)
        if np.any(np.diff(numbers) <= 0):
            raise RuntimeError("the database has numbered entries out of their order")
        self._count += len(numbers)
        self._total_fen += int(fen)
        self._ends.append(int(numbers[-1]))
        self._digest.update(digest)
        return numbers

    def write_splits(
        self,
        shares: MemberShares,
        entry_ids: Numbers,
        splits: Sequence[Taken],
        debits: Sequence[AccountRef],
        credits_: Sequence[AccountRef],
    ) -> None:
        """Write the items that entries come from, and a transfer a member for the sum of its parts in each.

        The debited and the credited accounts stand in member order; a negative sum goes the other way, and where
        nothing goes there is no transfer.
        """
        for taken in splits:
            self._write_items(shares, entry_ids, taken)
        numbers = account_ids(self.session, self.same.pool_id, [*debits, *credits_])
        moved = np.sum([taken.parts_fen for taken in splits], axis=0)
        self._write_transfers(
            entry_ids, np.array([numbers[ref] for ref in debits]), np.array([numbers[ref] for ref in credits_]), moved
        )

    def _write_items(self, shares: MemberShares, entry_ids: Numbers, taken: Taken) -> None:
        columns: Mapping[str, int | str | Numbers] = {
            "pool_id": self.same.pool_id,
            "number": shares.number,
            "kind": taken.kind,
            "sequence": taken.sequence,
            "period_id": self.same.period_id,
            "entry_id": entry_ids,
            "amount_fen": taken.amounts_fen,
            "parts_fen": taken.parts_fen,
            "carry_after": taken.carry_after,
        }
        _copy(self.session, "stream_item", len(entry_ids), columns)

    def _write_transfers(self, entry_ids: Numbers, debits: Numbers, credits_: Numbers, moved_fen: Numbers) -> None:
        goes = moved_fen != 0
        line = np.cumsum(goes, axis=1, dtype=np.int64) - 1
        forth = moved_fen > 0
        columns: Mapping[str, int | str | Numbers] = {
            "pool_id": self.same.pool_id,
            "period_id": self.same.period_id,
            "entry_id": np.broadcast_to(entry_ids[:, None], goes.shape)[goes],
            "line": line[goes],
            "debit_id": np.where(forth, debits, credits_)[goes],
            "credit_id": np.where(forth, credits_, debits)[goes],
            "amount_fen": np.abs(moved_fen)[goes],
        }
        _copy(self.session, "transfer", int(goes.sum()), columns)

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


def _piece_digest(rows: Any) -> Any:
    """Return, as SQL, the digest over a piece's entries: a line `subject|fen|document` each, in their order."""
    line = func.concat_ws("|", as_type(rows.c.subject_id, Text), as_type(rows.c.amount_fen, Text), rows.c.document)
    return func.sha256(func.convert_to(func.string_agg(line, aggregate_order_by(literal("\n"), rows.c.id)), "UTF8"))


def _copy(session: Session, table: str, count: int, columns: Mapping[str, int | str | Numbers]) -> None:
    """Copy rows into a table within the session's transaction; a fault of the database's comes as SQLAlchemy's own."""
    connection = cast("psycopg.Connection", session.connection().connection.driver_connection)
    order = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    try:
        with connection.cursor() as cursor, cursor.copy(order.encode()) as sink:
            sink.write(copied(count, columns))
    except psycopg.Error as fault:
        raise DBAPIError.instance(order, None, fault, psycopg.Error) from fault
