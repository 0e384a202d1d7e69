"""The tables of held receipts and signed months, and the columns by which a match is taken back; step 0013."""

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


def widen_bank_match() -> None:
    """Give `bank_match` its own key and the columns of its taking back; each line and statement once among those that stand."""
    op.execute(
        "ALTER TABLE bank_match DROP CONSTRAINT pk_bank_match, DROP CONSTRAINT uq_bank_match_statement_id,"
        " ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN stage text NOT NULL DEFAULT 'matched',"
        " ADD COLUMN undone_by uuid, ADD COLUMN undone_at timestamptz, ADD COLUMN undone_why text"
    )
    op.execute("ALTER TABLE bank_match ALTER COLUMN id DROP DEFAULT, ALTER COLUMN stage DROP DEFAULT")
    op.create_primary_key(op.f("pk_bank_match"), "bank_match", ["id"])
    for name, condition in (
        ("stage", "stage IN ('matched', 'taken_back')"),
        (
            "undone",
            "(stage = 'taken_back') = (undone_at IS NOT NULL) AND (undone_at IS NULL) = (undone_by IS NULL)"
            " AND (undone_at IS NULL) = (undone_why IS NULL) AND undone_at >= matched_at",
        ),
        ("why", "length(undone_why) <= 500 AND (undone_by <> matched_by OR length(btrim(undone_why)) > 0)"),
    ):
        op.create_check_constraint(op.f(f"ck_bank_match_{name}"), "bank_match", condition)
    for what in ("line", "statement"):
        op.create_index(
            f"ux_bank_match_{what}",
            "bank_match",
            [f"{what}_id"],
            unique=True,
            postgresql_where=sa.text("stage = 'matched'"),
        )


def widen_payments() -> None:
    """Let a batch pay what was remitted, by the entries that it names, and a line of the bank show a payment."""
    op.execute(
        "ALTER TABLE payment_batch ADD COLUMN kind text NOT NULL DEFAULT 'statement', ALTER COLUMN period_id DROP NOT NULL"
    )
    op.execute("ALTER TABLE payment_batch ALTER COLUMN kind DROP DEFAULT")
    op.create_check_constraint(
        op.f("ck_payment_batch_kind"),
        "payment_batch",
        "kind IN ('statement', 'premium') AND (kind = 'statement') = (period_id IS NOT NULL)",
    )
    op.execute(
        "ALTER TABLE payment_line ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),"
        " ALTER COLUMN statement_id DROP NOT NULL"
    )
    op.execute("ALTER TABLE payment_line ALTER COLUMN id DROP DEFAULT")
    op.create_unique_constraint(op.f("uq_payment_line_id"), "payment_line", ["id"])
    op.execute("ALTER TABLE bank_match ADD COLUMN payment_id uuid, ALTER COLUMN statement_id DROP NOT NULL")
    op.create_foreign_key(op.f("fk_bank_match_payment_id"), "bank_match", "payment_line", ["payment_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_bank_match_pays_one"), "bank_match", "num_nonnulls(statement_id, payment_id) = 1"
    )
    op.create_index(
        "ux_bank_match_payment",
        "bank_match",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("stage = 'matched'"),
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


def narrow_payments() -> None:
    """Take the batches of premiums away again, and what shows them; before `narrow_bank_match`."""
    tables = ("bank_match", "payment_line", "payment_file", "payment_batch")
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    premiums = "(SELECT id FROM payment_batch WHERE kind = 'premium')"
    op.execute("DELETE FROM bank_match WHERE payment_id IS NOT NULL")
    op.drop_table("payment_entry")
    for table in ("payment_line", "payment_file"):
        op.execute(f"DELETE FROM {table} WHERE batch_id IN {premiums}")
    op.execute("DELETE FROM payment_batch WHERE kind = 'premium'")
    op.execute("ALTER TABLE bank_match DROP COLUMN payment_id, ALTER COLUMN statement_id SET NOT NULL")
    op.execute("ALTER TABLE payment_line DROP COLUMN id, ALTER COLUMN statement_id SET NOT NULL")
    op.execute("ALTER TABLE payment_batch DROP COLUMN kind, ALTER COLUMN period_id SET NOT NULL")
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def narrow_bank_match() -> None:
    """Take the columns of `bank_match` away again, and with them the matches that were taken back."""
    op.execute("ALTER TABLE bank_match NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM bank_match WHERE stage = 'taken_back'")
    op.execute("ALTER TABLE bank_match FORCE ROW LEVEL SECURITY")
    op.execute(
        "ALTER TABLE bank_match DROP COLUMN id, DROP COLUMN stage, DROP COLUMN undone_by, DROP COLUMN undone_at,"
        " DROP COLUMN undone_why"
    )
    op.create_primary_key(op.f("pk_bank_match"), "bank_match", ["line_id"])
    op.create_unique_constraint(op.f("uq_bank_match_statement_id"), "bank_match", ["statement_id"])
