"""The rows of the bank beside the book: where members are paid to, the orders that pay, the bank's own statements."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class Payee(Model):
    """Somebody whom a pool pays claims to: a repairer, a community, another. Never changed; its accounts are.

    `organisation_id` is the organisation that it is here, where it is one.
    """

    __tablename__ = "payee"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    kind: Mapped[str]
    name: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    added_by: Mapped[uuid.UUID]
    added_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("pool_id", "name"),
        CheckConstraint("kind IN ('repairer', 'community', 'other')", name="kind"),
        CheckConstraint("length(btrim(name)) BETWEEN 1 AND 140", name="name"),
    )


class BankAccount(Model):
    """An account that one member of a pool, or one payee of its claims, is paid to: proposed, confirmed by another.

    Only the columns of its stage are ever written again. It is its owner's account from `effective_on` on, until a
    later one takes effect: the first at once, a change two working days after it was confirmed (trigger).
    """

    __tablename__ = "bank_account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    payee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payee.id"))
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
        CheckConstraint("num_nonnulls(organisation_id, payee_id) = 1", name="owner"),
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
        Index("ux_bank_account_payee_proposed", "payee_id", unique=True, postgresql_where=text("stage = 'proposed'")),
        Index("ix_bank_account_member", "pool_id", "organisation_id", "effective_on"),
    )

    @property
    def owner_id(self) -> uuid.UUID:
        """Return whose account it is: the member's id, or the payee's."""
        owner = self.organisation_id or self.payee_id
        assert owner is not None  # noqa: S101 - it is one of the two (CHECK)
        return owner


class PaymentBatch(Model):
    """An order to the lead's bank: prepared, released by another person.

    Of kind `statement` it pays what the pool owes members at one close, of kind `premium` what was remitted to them by
    the entries that it names (PaymentEntry), of kind `claim` approved claims to their payees, of kind `apart` items
    settled on their own, of kind `again` what the bank gave back of the first two. It stands as it was prepared; only
    the columns of its stage are written again. `payer_id` is the account that pays.
    """

    __tablename__ = "payment_batch"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    kind: Mapped[str]
    period_id: Mapped[int | None]
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
        CheckConstraint(
            "kind IN ('statement', 'premium', 'claim', 'apart', 'again')"
            " AND (kind = 'statement') = (period_id IS NOT NULL)",
            name="kind",
        ),
        CheckConstraint("items > 0 AND total_fen > 0 AND total_fen <= 1000000000000000", name="total"),
        CheckConstraint(
            "(stage = 'prepared') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        CheckConstraint("stage <> 'released' OR decided_by <> prepared_by", name="four_eyes"),
    )


class PaymentLine(Model):
    """One payment of a batch: the account it is paid to, the amount, and of what the statement, where it pays one.

    A statement stands in one batch, and so does a `subject_id`: a claim or an item settled on its own, whose number
    is `document`. `id` names the payment to the bank's lines. One of kind `again` pays the payment `again_id` anew,
    whose reference is `document`.

    `batch_stage` follows the batch (foreign key): what fell with a rejected batch may be paid by another, and so may
    what came back by `return_line_id`.
    """

    __tablename__ = "payment_line"
    batch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(default=new_id, unique=True)
    batch_stage: Mapped[str]
    pool_id: Mapped[int]
    statement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("statement.id"))
    subject_id: Mapped[uuid.UUID | None]
    document: Mapped[str | None]
    again_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payment_line.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    amount_fen: Mapped[int]
    return_line_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bank_line.id"), unique=True)
    returned_by: Mapped[uuid.UUID | None]
    returned_at: Mapped[datetime | None]
    returned_why: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(
            ["batch_id", "batch_stage"], ["payment_batch.id", "payment_batch.stage"], onupdate="CASCADE"
        ),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint(
            "num_nonnulls(statement_id, subject_id, again_id) <= 1"
            " AND (num_nonnulls(subject_id, again_id) = 0) = (document IS NULL)",
            name="subject",
        ),
        CheckConstraint(
            "num_nulls(return_line_id, returned_by, returned_at, returned_why) IN (0, 4)"
            " AND (return_line_id IS NULL OR batch_stage = 'released'"
            " AND length(btrim(returned_why)) BETWEEN 1 AND 500)",
            name="returned",
        ),
        Index(
            "ux_payment_line_subject",
            "subject_id",
            unique=True,
            postgresql_where=text("batch_stage <> 'rejected' AND return_line_id IS NULL"),
        ),
        Index(
            "ux_payment_line_statement",
            "statement_id",
            unique=True,
            postgresql_where=text("batch_stage <> 'rejected'"),
        ),
        Index("ux_payment_line_again", "again_id", unique=True, postgresql_where=text("batch_stage <> 'rejected'")),
    )


class PaymentEntry(Model):
    """An entry of the book that a batch pays out: a premium that was remitted. It stands in one batch.

    `batch_stage` follows the batch (foreign key).
    """

    __tablename__ = "payment_entry"
    batch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch_stage: Mapped[str]
    pool_id: Mapped[int]
    period_id: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "period_id", "entry_id"], ["entry.pool_id", "entry.period_id", "entry.id"]),
        ForeignKeyConstraint(
            ["batch_id", "batch_stage"], ["payment_batch.id", "payment_batch.stage"], onupdate="CASCADE"
        ),
        Index(
            "ux_payment_entry_entry",
            "pool_id",
            "entry_id",
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
    """A bank's own statement of the account that pool money lies on, as it was read from a file. Never changed.

    Of a list `columns` is field -> header as it was read, for the next list of the account. `taken_by` is nobody where
    the operator's command took it in.
    """

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
    columns: Mapped[dict[str, Any] | None]
    taken_by: Mapped[uuid.UUID | None]
    taken_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("pool_id", "digest"),
        UniqueConstraint("account_id", "reference"),
        CheckConstraint(
            "from_on <= until_on AND until_on <= (taken_at AT TIME ZONE 'Asia/Shanghai')::date", name="days"
        ),
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
    """A line of a bank's statement and what it pays: a statement, a payment, an item on its own; each once.

    Only the columns of its taking back are ever written again; one that was taken back leaves both open again.
    """

    __tablename__ = "bank_match"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_line.id"))
    statement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("statement.id"))
    payment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payment_line.id"))
    apart_id: Mapped[uuid.UUID | None]
    pool_id: Mapped[int]
    stage: Mapped[str]
    difference_fen: Mapped[int]
    matched_by: Mapped[uuid.UUID]
    matched_at: Mapped[datetime]
    undone_by: Mapped[uuid.UUID | None]
    undone_at: Mapped[datetime | None]
    undone_why: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("stage IN ('matched', 'taken_back')", name="stage"),
        CheckConstraint(
            "(stage = 'taken_back') = (undone_at IS NOT NULL) AND (undone_at IS NULL) = (undone_by IS NULL)"
            " AND (undone_at IS NULL) = (undone_why IS NULL) AND undone_at >= matched_at",
            name="undone",
        ),
        CheckConstraint(
            "length(undone_why) <= 500 AND (undone_by <> matched_by OR length(btrim(undone_why)) > 0)", name="why"
        ),
        Index("ux_bank_match_line", "line_id", unique=True, postgresql_where=text("stage = 'matched'")),
        Index("ux_bank_match_statement", "statement_id", unique=True, postgresql_where=text("stage = 'matched'")),
        Index("ux_bank_match_payment", "payment_id", unique=True, postgresql_where=text("stage = 'matched'")),
        Index("ux_bank_match_apart", "apart_id", unique=True, postgresql_where=text("stage = 'matched'")),
        CheckConstraint("num_nonnulls(statement_id, payment_id, apart_id) = 1", name="pays_one"),
    )


class HeldReceipt(Model):
    """Money that came in and that nobody can place yet, standing on 2310 by an entry until it is placed or returned.

    Only the columns of its end are ever written again. What ended is told by `closed_entry_id`; a placing that was
    taken back is followed by a row of its own.
    """

    __tablename__ = "held_receipt"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_line.id"))
    amount_fen: Mapped[int]
    stage: Mapped[str]
    held_on: Mapped[date]
    held_by: Mapped[uuid.UUID]
    held_at: Mapped[datetime]
    entry_id: Mapped[int]
    closed_on: Mapped[date | None]
    closed_by: Mapped[uuid.UUID | None]
    closed_at: Mapped[datetime | None]
    closed_entry_id: Mapped[int | None]
    closed_why: Mapped[str | None]
    match_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bank_match.id"))
    return_line_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bank_line.id"))
    __table_args__ = (
        CheckConstraint("stage IN ('held', 'placed', 'returned', 'reopened')", name="stage"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(
            "(stage = 'held') = (closed_at IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)"
            " AND (closed_at IS NULL) = (closed_on IS NULL) AND (closed_at IS NULL) = (closed_entry_id IS NULL)"
            " AND (closed_at IS NULL) = (closed_why IS NULL) AND closed_on >= held_on",
            name="closed",
        ),
        CheckConstraint(
            "length(closed_why) <= 500 AND (match_id IS NOT NULL OR length(btrim(closed_why)) > 0)", name="why"
        ),
        CheckConstraint(
            "(stage = 'returned') = (return_line_id IS NOT NULL) AND (match_id IS NULL OR stage IN"
            " ('placed', 'reopened'))",
            name="end",
        ),
        UniqueConstraint("pool_id", "entry_id"),
        UniqueConstraint("pool_id", "closed_entry_id"),
        UniqueConstraint("return_line_id"),
        Index("ux_held_receipt_line", "line_id", unique=True, postgresql_where=text("stage <> 'reopened'")),
    )


class BankMonth(Model):
    """A month's reconciliation as one person signed it, with its figures in fen. Never changed.

    From then on no line of the month is taken in and no match of one of its lines is taken back.
    """

    __tablename__ = "bank_month"
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"), primary_key=True)
    first_on: Mapped[date] = mapped_column(primary_key=True)
    bank_fen: Mapped[int]
    book_fen: Mapped[int]
    matched: Mapped[int]
    matched_fen: Mapped[int]
    held: Mapped[int]
    held_fen: Mapped[int]
    placed: Mapped[int]
    placed_fen: Mapped[int]
    lines: Mapped[int]
    lines_fen: Mapped[int]
    difference_fen: Mapped[int]
    signed_by: Mapped[uuid.UUID]
    signed_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("extract(day FROM first_on) = 1", name="first"),
        CheckConstraint("matched >= 0 AND held >= 0 AND placed >= 0 AND lines >= 0", name="counts"),
    )
