"""The tables of splits, statements and transfers; made by step 0002."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def splits() -> None:
    """Shares, statements, the streams of splits, and the transfers."""
    _make_share()
    _make_statement()
    _make_stream()
    _make_stream_item()
    _make_transfer()


def _make_share() -> None:
    """The table `share`."""
    op.create_table(
        "share",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_share_position")),
        sa.CheckConstraint("weight > 0", name=op.f("ck_share_weight")),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_share_pool_id_number"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "number", "position", name=op.f("pk_share")),
        sa.UniqueConstraint(
            "pool_id", "number", "organisation_id", name=op.f("uq_share_pool_id_number_organisation_id")
        ),
    )


def _make_statement() -> None:
    """The table `statement`."""
    op.create_table(
        "statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("query_text", sa.Text(), nullable=True),
        sa.Column("reply_text", sa.Text(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('draft', 'issued', 'acknowledged', 'queried', 'agreed', 'settled')",
            name=op.f("ck_statement_stage"),
        ),
        sa.CheckConstraint(
            "stage <> 'queried' OR (query_text IS NOT NULL AND reply_text IS NULL)",
            name=op.f("ck_statement_query"),
        ),
        sa.CheckConstraint("reply_text IS NULL OR query_text IS NOT NULL", name=op.f("ck_statement_reply")),
        sa.CheckConstraint(
            "(stage = 'draft') = (issued_at IS NULL) AND (issued_at IS NULL) = (due_on IS NULL)",
            name=op.f("ck_statement_issued"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"],
            ["period.pool_id", "period.id"],
            name=op.f("fk_statement_pool_id_period_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("number", name=op.f("uq_statement_number")),
        sa.UniqueConstraint(
            "pool_id",
            "period_id",
            "organisation_id",
            name=op.f("uq_statement_pool_id_period_id_organisation_id"),
        ),
    )


def _make_stream() -> None:
    """The table `stream`."""
    op.create_table(
        "stream",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("carry", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint(
            "kind IN ('premium_net', 'premium_vat', 'claim', 'adjusting_expense', 'recovery')",
            name=op.f("ck_stream_kind"),
        ),
        sa.CheckConstraint("sum_of(carry) = 0", name=op.f("ck_stream_carry_zero")),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_stream_pool_id_number"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "number", "kind", name=op.f("pk_stream")),
    )


def _make_stream_item() -> None:
    """The table `stream_item`."""
    op.create_table(
        "stream_item",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("parts_fen", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("carry_after", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("mirrors", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("parts_sum(carry_after) = 0", name=op.f("ck_stream_item_carry_zero")),
        sa.CheckConstraint("parts_sum(parts_fen) = amount_fen", name=op.f("ck_stream_item_parts")),
        sa.PrimaryKeyConstraint("pool_id", "number", "kind", "sequence", name=op.f("pk_stream_item")),
    )
    op.create_index(
        "uq_stream_item_mirrors",
        "stream_item",
        ["pool_id", "number", "kind", "mirrors"],
        unique=True,
        postgresql_where=sa.text("mirrors IS NOT NULL"),
    )
    op.create_index("ix_stream_item_entry", "stream_item", ["pool_id", "entry_id"], unique=False)


def _make_transfer() -> None:
    """The table `transfer`."""
    op.create_table(
        "transfer",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debit_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("line >= 0", name=op.f("ck_transfer_line")),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_transfer_accounts")),
        sa.PrimaryKeyConstraint("pool_id", "period_id", "entry_id", "line", name=op.f("pk_transfer")),
        postgresql_partition_by="RANGE (period_id)",
    )
