"""The rows of the pool book: books, accounts, share versions, streams, periods, entries, transfers, statements.

One book a pool; `pool_id` stands in every key, and `period_id` in every key of what is posted, because transfers are
partitioned by period and pools never share a transaction.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Sequence,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id

#: Numbers entries over all books, so that a later entry has a higher number whatever its period.
ENTRY_NUMBER = Sequence("entry_number", metadata=Model.metadata)


class Book(Model):
    """The neutral double-entry book of one pool. A rehearsal's lives only inside a transaction that is rolled back."""

    __tablename__ = "book"
    pool_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]


class ShareVersion(Model):
    """The members' weights over a whole, in force for policies that begin from one date on. Never changed."""

    __tablename__ = "share_version"
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    whole: Mapped[int]
    effective_on: Mapped[date]
    __table_args__ = (
        CheckConstraint("whole > 0 AND whole <= 1000000000", name="whole"),
        UniqueConstraint("pool_id", "effective_on"),
    )


class Share(Model):
    """One member's weight in a share version; position 0 is the lead. The weights add up to the whole (trigger)."""

    __tablename__ = "share"
    pool_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[uuid.UUID]
    weight: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "number"], ["share_version.pool_id", "share_version.number"]),
        UniqueConstraint("pool_id", "number", "organisation_id"),
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint("position >= 0", name="position"),
    )


class Account(Model):
    """An account of the pool book: its code (MONEY.md section 2) and, where it is one member's, the member."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    code: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None]
    __table_args__ = (
        UniqueConstraint("pool_id", "id"),
        UniqueConstraint("pool_id", "code", "organisation_id", postgresql_nulls_not_distinct=True),
        CheckConstraint(
            "code IN ('1010', '1110', '1120', '1210', '1220', '2110', '2120', '2130', '2210', '2220', '2305', '2310')",
            name="code",
        ),
        CheckConstraint(
            "(code IN ('1210', '1220', '2210', '2220', '2305')) = (organisation_id IS NOT NULL)",
            name="member",
        ),
    )


class Period(Model):
    """A stretch of days that entries are posted in, until it is closed. A rehearsal's period has a negative id."""

    __tablename__ = "period"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    label: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    stage: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[uuid.UUID | None]
    last_entry_id: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("pool_id", "label"),
        UniqueConstraint("pool_id", "id"),
        CheckConstraint("isfinite(starts_on) AND isfinite(ends_on) AND starts_on <= ends_on", name="dates"),
        CheckConstraint(
            "length(label) BETWEEN 1 AND 100 AND (id < 0 OR label ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,19}$')", name="label"
        ),
        CheckConstraint("stage IN ('open', 'closed')", name="stage"),
        CheckConstraint(
            "(stage = 'closed') = (closed_at IS NOT NULL) AND (stage = 'open' OR last_entry_id IS NOT NULL)",
            name="closed",
        ),
    )


class Entry(Model):
    """One business event: a reason, a date, what it is about, its document and its author. Never changed.

    `subject_kind` and `subject_id` name the policy, claim, refund or period; `reverses_id` names the entry it mirrors,
    `batch_id` the batch it was posted with, where it was posted in bulk.
    """

    __tablename__ = "entry"
    pool_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    period_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(
        BigInteger, ENTRY_NUMBER, server_default=ENTRY_NUMBER.next_value(), primary_key=True
    )
    reason: Mapped[str]
    on: Mapped[date]
    at: Mapped[datetime]
    subject_kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    document: Mapped[str]
    person_id: Mapped[uuid.UUID | None]
    amount_fen: Mapped[int]
    reverses_id: Mapped[int | None]
    batch_id: Mapped[uuid.UUID | None]
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("reverses_id < id", name="reverses"),
        Index("ix_entry_subject", "pool_id", "subject_id"),
        Index(
            "uq_entry_reverses",
            "pool_id",
            "reverses_id",
            unique=True,
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
    )


class EntryBatch(Model):
    """Entries of one reason that were posted together. Never changed.

    `digest` is the SHA-256 over the digests of its pieces, each over its entries up to one of `piece_ends`.
    """

    __tablename__ = "entry_batch"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    pool_id: Mapped[int]
    period_id: Mapped[int]
    reason: Mapped[str]
    on: Mapped[date]
    at: Mapped[datetime]
    person_id: Mapped[uuid.UUID | None]
    entries: Mapped[int]
    amount_fen: Mapped[int]
    piece_ends: Mapped[list[int]]
    digest: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "period_id"], ["period.pool_id", "period.id"]),
        CheckConstraint("entries > 0 AND amount_fen > 0 AND cardinality(piece_ends) > 0", name="filled"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
    )


class Transfer(Model):
    """A positive amount from a credited account to a debited one: balanced by construction. Never changed.

    Partitioned by period; a period that is closed takes none. Its entry, whose sum it is a part of, and both accounts
    are held by a trigger for every write as a whole.
    """

    __tablename__ = "transfer"
    pool_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    period_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    debit_id: Mapped[int]
    credit_id: Mapped[int]
    amount_fen: Mapped[int]
    __table_args__ = (
        CheckConstraint("line >= 0", name="line"),
        CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name="amount"),
        CheckConstraint("debit_id <> credit_id", name="accounts"),
        {"postgresql_partition_by": "RANGE (period_id)"},
    )


class Stream(Model):
    """One (share version, kind of amount): each member's carry in units of 1/whole fen, and the last number given."""

    __tablename__ = "stream"
    pool_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    last_sequence: Mapped[int]
    carry: Mapped[list[int]]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "number"], ["share_version.pool_id", "share_version.number"]),
        CheckConstraint(
            "kind IN ('premium_net', 'premium_vat', 'claim', 'adjusting_expense', 'recovery')", name="kind"
        ),
        CheckConstraint("sum_of(carry) = 0", name="carry_zero"),
    )


class StreamItem(Model):
    """One split amount of a stream: its parts, and the carry after it. `mirrors` names the item it takes back."""

    __tablename__ = "stream_item"
    pool_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    period_id: Mapped[int]
    entry_id: Mapped[int]
    amount_fen: Mapped[int]
    parts_fen: Mapped[list[int]]
    carry_after: Mapped[list[int]]
    mirrors: Mapped[int | None]
    __table_args__ = (
        CheckConstraint("parts_sum(parts_fen) = amount_fen", name="parts"),
        CheckConstraint("parts_sum(carry_after) = 0", name="carry_zero"),
        Index("ix_stream_item_entry", "pool_id", "entry_id"),
        Index(
            "uq_stream_item_mirrors",
            "pool_id",
            "number",
            "kind",
            "mirrors",
            unique=True,
            postgresql_where=text("mirrors IS NOT NULL"),
        ),
    )


class IdempotencyKey(Model):
    """A key that a request was done under, kept for ever: the same key with another body is refused."""

    __tablename__ = "idempotency_key"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    outcome: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Statement(Model):
    """What the pool owes a member (positive) or the member the pool, at the close of a period: a view of the entries.

    `last_entry_id` bounds the entries it is a view of; its balance is to be paid by `due_on`, which stands from its
    issue on, and where it is late `interest_until_on` is the day up to which interest was charged; `version` guards its
    stages.
    """

    __tablename__ = "statement"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    period_id: Mapped[int]
    organisation_id: Mapped[uuid.UUID]
    number: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[str]
    balance_fen: Mapped[int]
    last_entry_id: Mapped[int]
    made_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[uuid.UUID | None]
    interest_until_on: Mapped[date | None]
    settled_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "period_id"], ["period.pool_id", "period.id"]),
        UniqueConstraint("pool_id", "period_id", "organisation_id"),
        CheckConstraint("stage IN ('draft', 'issued', 'acknowledged', 'queried', 'agreed', 'settled')", name="stage"),
        CheckConstraint(
            "(stage = 'draft') = (issued_at IS NULL) AND (issued_at IS NULL) = (due_on IS NULL)", name="issued"
        ),
        CheckConstraint("interest_until_on IS NULL OR (interest_until_on > due_on AND balance_fen < 0)", name="late"),
    )


class StatementWords(Model):
    """What one side said about a statement: `sequence` is its place in the thread. Never changed.

    The member asks first, the lead answers; `entry_id` names the entry of the statement's period that it is about.
    """

    __tablename__ = "statement_words"
    statement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    side: Mapped[str]
    person_id: Mapped[uuid.UUID | None]
    at: Mapped[datetime]
    words: Mapped[str]
    entry_id: Mapped[int | None]
    __table_args__ = (
        CheckConstraint("sequence > 0", name="sequence"),
        CheckConstraint("side IN ('member', 'lead')", name="side"),
        CheckConstraint("length(btrim(words)) > 0 AND length(words) <= 2000", name="words"),
    )
