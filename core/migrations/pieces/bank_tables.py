"""The tables of the bank beside the book, put up by step 0010."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def make_bank_account() -> None:
    """The table `bank_account`."""
    op.create_table(
        "bank_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("payee_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.Column("cnaps", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.CheckConstraint("stage IN ('proposed', 'confirmed', 'rejected')", name=op.f("ck_bank_account_stage")),
        sa.CheckConstraint("num_nonnulls(organisation_id, payee_id) = 1", name=op.f("ck_bank_account_owner")),
        sa.CheckConstraint(
            "length(name) BETWEEN 1 AND 140 AND length(bank) BETWEEN 1 AND 140", name=op.f("ck_bank_account_names")
        ),
        sa.CheckConstraint("cnaps ~ '^[0-9]{12}$' AND number ~ '^[0-9]{8,34}$'", name=op.f("ck_bank_account_numbers")),
        sa.CheckConstraint(
            "(stage = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
            " AND (stage = 'confirmed') = (effective_on IS NOT NULL)",
            name=op.f("ck_bank_account_decided"),
        ),
        sa.CheckConstraint("stage <> 'confirmed' OR decided_by <> proposed_by", name=op.f("ck_bank_account_four_eyes")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_bank_account_organisation_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_bank_account_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_account")),
    )
    op.create_index(
        "ux_bank_account_proposed",
        "bank_account",
        ["pool_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("stage = 'proposed'"),
    )
    op.create_index(
        "ux_bank_account_payee_proposed",
        "bank_account",
        ["payee_id"],
        unique=True,
        postgresql_where=sa.text("stage = 'proposed'"),
    )
    op.create_index("ix_bank_account_member", "bank_account", ["pool_id", "organisation_id", "effective_on"])


def make_payment_batch() -> None:
    """The table `payment_batch`."""
    op.create_table(
        "payment_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("pays_on", sa.Date(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stage IN ('prepared', 'released', 'rejected')", name=op.f("ck_payment_batch_stage")),
        sa.CheckConstraint(
            "kind IN ('statement', 'premium', 'claim', 'apart', 'again')"
            " AND (kind = 'statement') = (period_id IS NOT NULL)",
            name=op.f("ck_payment_batch_kind"),
        ),
        sa.CheckConstraint(
            "items > 0 AND total_fen > 0 AND total_fen <= 1000000000000000", name=op.f("ck_payment_batch_total")
        ),
        sa.CheckConstraint(
            "(stage = 'prepared') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_payment_batch_decided"),
        ),
        sa.CheckConstraint("stage <> 'released' OR decided_by <> prepared_by", name=op.f("ck_payment_batch_four_eyes")),
        sa.ForeignKeyConstraint(["payer_id"], ["bank_account.id"], name=op.f("fk_payment_batch_payer_id")),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"], ["period.pool_id", "period.id"], name=op.f("fk_payment_batch_pool_id_period_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_batch")),
        sa.UniqueConstraint("id", "stage", name=op.f("uq_payment_batch_id_stage")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_batch_number")),
        sa.UniqueConstraint("pool_id", "sequence", name=op.f("uq_payment_batch_pool_id_sequence")),
    )


def make_payment_line() -> None:
    """The table `payment_line`."""
    op.create_table(
        "payment_line",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_stage", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("again_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("return_line_id", sa.Uuid(), nullable=True),
        sa.Column("returned_by", sa.Uuid(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_why", sa.Text(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_line_amount")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_payment_line_position")),
        sa.CheckConstraint(
            "num_nonnulls(statement_id, subject_id, again_id) <= 1"
            " AND (num_nonnulls(subject_id, again_id) = 0) = (document IS NULL)",
            name=op.f("ck_payment_line_subject"),
        ),
        sa.CheckConstraint(
            "num_nulls(return_line_id, returned_by, returned_at, returned_why) IN (0, 4)"
            " AND (return_line_id IS NULL OR batch_stage = 'released'"
            " AND length(btrim(returned_why)) BETWEEN 1 AND 500)",
            name=op.f("ck_payment_line_returned"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["bank_account.id"], name=op.f("fk_payment_line_account_id")),
        sa.ForeignKeyConstraint(["again_id"], ["payment_line.id"], name=op.f("fk_payment_line_again_id")),
        sa.ForeignKeyConstraint(
            ["batch_id", "batch_stage"],
            ["payment_batch.id", "payment_batch.stage"],
            name=op.f("fk_payment_line_batch_id_batch_stage"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["return_line_id"], ["bank_line.id"], name=op.f("fk_payment_line_return_line_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_payment_line_statement_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_payment_line")),
        sa.UniqueConstraint("id", name=op.f("uq_payment_line_id")),
        sa.UniqueConstraint("return_line_id", name=op.f("uq_payment_line_return_line_id")),
    )
    op.create_index(
        "ux_payment_line_subject",
        "payment_line",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("batch_stage <> 'rejected' AND return_line_id IS NULL"),
    )
    op.create_index(
        "ux_payment_line_statement",
        "payment_line",
        ["statement_id"],
        unique=True,
        postgresql_where=sa.text("batch_stage <> 'rejected'"),
    )
    op.create_index(
        "ux_payment_line_again",
        "payment_line",
        ["again_id"],
        unique=True,
        postgresql_where=sa.text("batch_stage <> 'rejected'"),
    )


def make_payment_entry() -> None:
    """The table `payment_entry`."""
    op.create_table(
        "payment_entry",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_stage", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id", "entry_id"],
            ["entry.pool_id", "entry.period_id", "entry.id"],
            name=op.f("fk_payment_entry_pool_id_period_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "batch_stage"],
            ["payment_batch.id", "payment_batch.stage"],
            name=op.f("fk_payment_entry_batch_id_batch_stage"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("batch_id", "entry_id", name=op.f("pk_payment_entry")),
    )
    op.create_index(
        "ux_payment_entry_entry",
        "payment_entry",
        ["pool_id", "entry_id"],
        unique=True,
        postgresql_where=sa.text("batch_stage <> 'rejected'"),
    )


def make_payment_file() -> None:
    """The table `payment_file`."""
    op.create_table(
        "payment_file",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("digest = encode(sha256(content), 'hex')", name=op.f("ck_payment_file_digest")),
        sa.CheckConstraint("kind IN ('pain001', 'csv')", name=op.f("ck_payment_file_kind")),
        sa.ForeignKeyConstraint(["batch_id"], ["payment_batch.id"], name=op.f("fk_payment_file_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "kind", name=op.f("pk_payment_file")),
    )


def make_bank_report() -> None:
    """The table `bank_report`."""
    op.create_table(
        "bank_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_on <= until_on AND until_on <= (taken_at AT TIME ZONE 'Asia/Shanghai')::date",
            name=op.f("ck_bank_report_days"),
        ),
        sa.CheckConstraint("items >= 0", name=op.f("ck_bank_report_items")),
        sa.ForeignKeyConstraint(["account_id"], ["bank_account.id"], name=op.f("fk_bank_report_account_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_bank_report_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_report")),
        sa.UniqueConstraint("account_id", "reference", name=op.f("uq_bank_report_account_id_reference")),
        sa.UniqueConstraint("pool_id", "digest", name=op.f("uq_bank_report_pool_id_digest")),
    )


def make_bank_line() -> None:
    """The table `bank_line`."""
    op.create_table(
        "bank_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0 AND abs(amount_fen) <= 1000000000000000", name=op.f("ck_bank_line_amount")),
        sa.ForeignKeyConstraint(["report_id"], ["bank_report.id"], name=op.f("fk_bank_line_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint("pool_id", "reference", name=op.f("uq_bank_line_pool_id_reference")),
        sa.UniqueConstraint("report_id", "position", name=op.f("uq_bank_line_report_id_position")),
    )


def make_bank_match() -> None:
    """The table `bank_match`."""
    op.create_table(
        "bank_match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("apart_id", sa.Uuid(), nullable=True),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.Column("matched_by", sa.Uuid(), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_why", sa.Text(), nullable=True),
        *_match_checks(),
        sa.ForeignKeyConstraint(["line_id"], ["bank_line.id"], name=op.f("fk_bank_match_line_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment_line.id"], name=op.f("fk_bank_match_payment_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_bank_match_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_match")),
    )
    for what in ("line", "statement", "payment", "apart"):
        op.create_index(
            f"ux_bank_match_{what}",
            "bank_match",
            [f"{what}_id"],
            unique=True,
            postgresql_where=sa.text("stage = 'matched'"),
        )


def _match_checks() -> tuple[sa.CheckConstraint, ...]:
    """What every row of `bank_match` keeps to."""
    return (
        sa.CheckConstraint("stage IN ('matched', 'taken_back')", name=op.f("ck_bank_match_stage")),
        sa.CheckConstraint(
            "(stage = 'taken_back') = (undone_at IS NOT NULL) AND (undone_at IS NULL) = (undone_by IS NULL)"
            " AND (undone_at IS NULL) = (undone_why IS NULL) AND undone_at >= matched_at",
            name=op.f("ck_bank_match_undone"),
        ),
        sa.CheckConstraint(
            "length(undone_why) <= 500 AND (undone_by <> matched_by OR length(btrim(undone_why)) > 0)",
            name=op.f("ck_bank_match_why"),
        ),
        sa.CheckConstraint("num_nonnulls(statement_id, payment_id, apart_id) = 1", name=op.f("ck_bank_match_pays_one")),
    )
