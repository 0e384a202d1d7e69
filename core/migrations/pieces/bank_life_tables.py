"""The tables of held receipts and signed months, put up by step 0013."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def make_held_receipt() -> None:
    """The table `held_receipt`."""
    op.create_table(
        "held_receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("held_by", sa.Uuid(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_why", sa.Text(), nullable=True),
        sa.Column("match_id", sa.Uuid(), nullable=True),
        sa.Column("return_line_id", sa.Uuid(), nullable=True),
        *_receipt_checks(),
        sa.ForeignKeyConstraint(["line_id"], ["bank_line.id"], name=op.f("fk_held_receipt_line_id")),
        sa.ForeignKeyConstraint(["match_id"], ["bank_match.id"], name=op.f("fk_held_receipt_match_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_held_receipt_pool_id")),
        sa.ForeignKeyConstraint(["return_line_id"], ["bank_line.id"], name=op.f("fk_held_receipt_return_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_receipt")),
        sa.UniqueConstraint("pool_id", "entry_id", name=op.f("uq_held_receipt_pool_id_entry_id")),
        sa.UniqueConstraint("pool_id", "closed_entry_id", name=op.f("uq_held_receipt_pool_id_closed_entry_id")),
        sa.UniqueConstraint("return_line_id", name=op.f("uq_held_receipt_return_line_id")),
    )
    op.create_index(
        "ux_held_receipt_line",
        "held_receipt",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("stage <> 'reopened'"),
    )


def _receipt_checks() -> tuple[sa.CheckConstraint, ...]:
    """What every row of `held_receipt` keeps to."""
    return (
        sa.CheckConstraint("stage IN ('held', 'placed', 'returned', 'reopened')", name=op.f("ck_held_receipt_stage")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_held_receipt_amount")),
        sa.CheckConstraint(
            "(stage = 'held') = (closed_at IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)"
            " AND (closed_at IS NULL) = (closed_on IS NULL) AND (closed_at IS NULL) = (closed_entry_id IS NULL)"
            " AND (closed_at IS NULL) = (closed_why IS NULL) AND closed_on >= held_on",
            name=op.f("ck_held_receipt_closed"),
        ),
        sa.CheckConstraint(
            "length(closed_why) <= 500 AND (match_id IS NOT NULL OR length(btrim(closed_why)) > 0)",
            name=op.f("ck_held_receipt_why"),
        ),
        sa.CheckConstraint(
            "(stage = 'returned') = (return_line_id IS NOT NULL) AND (match_id IS NULL OR stage IN"
            " ('placed', 'reopened'))",
            name=op.f("ck_held_receipt_end"),
        ),
    )


def make_bank_month() -> None:
    """The table `bank_month`."""
    op.create_table(
        "bank_month",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("bank_fen", sa.BigInteger(), nullable=False),
        sa.Column("book_fen", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("matched_fen", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("placed", sa.BigInteger(), nullable=False),
        sa.Column("placed_fen", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("lines_fen", sa.BigInteger(), nullable=False),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("extract(day FROM first_on) = 1", name=op.f("ck_bank_month_first")),
        sa.CheckConstraint(
            "matched >= 0 AND held >= 0 AND placed >= 0 AND lines >= 0", name=op.f("ck_bank_month_counts")
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_bank_month_pool_id")),
        sa.PrimaryKeyConstraint("pool_id", "first_on", name=op.f("pk_bank_month")),
    )
