"""The rows of the bank beside the book: where members are paid to, the orders that pay, the bank's own statements."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class BankAccount(Model):
    """An account that one member of a pool is paid to, proposed by one person and confirmed by another.

    Only the columns of its stage are ever written again. It is the member's account from `effective_on` on, until a
    later one takes effect: the first at once, a change two working days after it was confirmed (trigger).
    """

    __tablename__ = "bank_account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    bank: Mapped[str]
    cnaps: Mapped[str]
    number: Mapped[str]
    stage: Mapped[str]
    proposed_by: Mapped[uuid.UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    effective_on: Mapped[date | None]
    __table_args__ = (
        CheckConstraint("stage IN ('proposed', 'confirmed', 'rejected')", name="stage"),
        CheckConstraint("length(name) BETWEEN 1 AND 140 AND length(bank) BETWEEN 1 AND 140", name="names"),
        CheckConstraint("cnaps ~ '^[0-9]{12}$' AND number ~ '^[0-9]{8,34}$'", name="numbers"),
        CheckConstraint(
            "(stage = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
            " AND (stage = 'confirmed') = (effective_on IS NOT NULL)",
            name="decided",
        ),
        CheckConstraint("stage <> 'confirmed' OR decided_by <> proposed_by", name="four_eyes"),
        Index(
            "ux_bank_account_proposed",
            "pool_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("stage = 'proposed'"),
        ),
        Index("ix_bank_account_member", "pool_id", "organisation_id", "effective_on"),
    )


class PaymentBatch(Model):
    """An order to the lead's bank for what the pool owes members at one close: prepared, released by another person.

    It stands as it was prepared; only the columns of its stage are written again. `payer_id` is the account that pays.
    """

    __tablename__ = "payment_batch"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    period_id: Mapped[int]
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[str]
    pays_on: Mapped[date]
    payer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    items: Mapped[int]
    total_fen: Mapped[int]
    prepared_by: Mapped[uuid.UUID]
    prepared_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "period_id"], ["period.pool_id", "period.id"]),
        UniqueConstraint("pool_id", "sequence"),
        UniqueConstraint("id", "stage"),
        CheckConstraint("stage IN ('prepared', 'released', 'rejected')", name="stage"),
        CheckConstraint("items > 0 AND total_fen > 0 AND total_fen <= 1000000000000000", name="total"),
        CheckConstraint(
            "(stage = 'prepared') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        CheckConstraint("stage <> 'released' OR decided_by <> prepared_by", name="four_eyes"),
    )


class PaymentLine(Model):
    """One payment of a batch: a statement, the account it is paid to, the balance. A statement stands in one batch.

    `batch_stage` follows the batch (foreign key): what fell with a rejected batch may be paid by another.
    """

    __tablename__ = "payment_line"
    batch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch_stage: Mapped[str]
    pool_id: Mapped[int]
    statement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("statement.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    amount_fen: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(
            ["batch_id", "batch_stage"], ["payment_batch.id", "payment_batch.stage"], onupdate="CASCADE"
        ),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("position >= 1", name="position"),
        Index(
            "ux_payment_line_statement",
            "statement_id",
            unique=True,
            postgresql_where=text("batch_stage <> 'rejected'"),
        ),
    )


class PaymentFile(Model):
    """A file of a released batch, byte for byte as it was made; its digest is checked by the database."""

    __tablename__ = "payment_file"
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payment_batch.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    pool_id: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes]
    digest: Mapped[str]
    __table_args__ = (
        CheckConstraint("kind IN ('pain001', 'csv')", name="kind"),
        CheckConstraint("digest = encode(sha256(content), 'hex')", name="digest"),
    )


class BankReport(Model):
    """A bank's own statement of the account that pool money lies on, as it was read from a file. Never changed."""

    __tablename__ = "bank_report"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    reference: Mapped[str]
    name: Mapped[str]
    digest: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date]
    opening_fen: Mapped[int]
    closing_fen: Mapped[int]
    items: Mapped[int]
    taken_by: Mapped[uuid.UUID]
    taken_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("pool_id", "digest"),
        UniqueConstraint("account_id", "reference"),
        CheckConstraint("from_on <= until_on", name="days"),
        CheckConstraint("items >= 0", name="items"),
    )


class BankLine(Model):
    """One line of a bank's statement: fen, positive where money came in. A bank's reference comes once in a pool."""

    __tablename__ = "bank_line"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_report.id"))
    position: Mapped[int]
    pool_id: Mapped[int]
    booked_on: Mapped[date]
    amount_fen: Mapped[int]
    reference: Mapped[str]
    name: Mapped[str]
    number: Mapped[str]
    about: Mapped[str]
    __table_args__ = (
        UniqueConstraint("report_id", "position"),
        UniqueConstraint("pool_id", "reference"),
        CheckConstraint("amount_fen <> 0 AND abs(amount_fen) <= 1000000000000000", name="amount"),
    )


class BankMatch(Model):
    """A line of a bank's statement and the statement of account that it pays: each once. Never changed."""

    __tablename__ = "bank_match"
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_line.id"), primary_key=True)
    statement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("statement.id"), unique=True)
    pool_id: Mapped[int]
    difference_fen: Mapped[int]
    matched_by: Mapped[uuid.UUID]
    matched_at: Mapped[datetime]
