"""Extracts of a book: what was asked for, how far it is, and the file that was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import walls
from core.migrations.pieces import extract_functions

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_book_extract()
    op.create_index("ix_book_extract_asked", "book_extract", ["organisation_id", "asked_at"])
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (stage, rows_total, rows_done, refused_code, ready_at, fetched_at, paper_id)"
        " ON book_extract TO gongbao_app"
    )
    op.execute("GRANT SELECT ON book_extract TO gongbao_auditor")
    walls.rows_of_one_insurer("book_extract")
    op.execute(extract_functions.KEEP_EXTRACT)
    op.execute(
        "CREATE TRIGGER book_extract_keep BEFORE UPDATE ON book_extract FOR EACH ROW EXECUTE FUNCTION keep_extract()"
    )


def _make_book_extract() -> None:
    """The table `book_extract`."""
    op.create_table(
        "book_extract",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("until_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("refused_code", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        *_checks(),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_book_extract_organisation_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_book_extract_paper_id")),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"], ["period.pool_id", "period.id"], name=op.f("fk_book_extract_pool_id_period_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_extract")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_book_extract_paper_id")),
        sa.UniqueConstraint(
            "pool_id",
            "period_id",
            "kind",
            "form",
            "organisation_id",
            "is_final",
            "until_entry_id",
            name="uq_book_extract_wish",
        ),
    )


def _checks() -> tuple[sa.CheckConstraint, ...]:
    """What every row of `book_extract` keeps to."""
    return (
        sa.CheckConstraint(
            "kind IN ('trial_balance', 'journal', 'premiums', 'claims', 'invoices')", name=op.f("ck_book_extract_kind")
        ),
        sa.CheckConstraint("form IN ('xlsx', 'csv')", name=op.f("ck_book_extract_form")),
        sa.CheckConstraint("stage IN ('waiting', 'making', 'ready', 'failed')", name=op.f("ck_book_extract_stage")),
        sa.CheckConstraint("until_entry_id >= 0", name=op.f("ck_book_extract_until")),
        sa.CheckConstraint(
            "rows_done >= 0 AND (rows_total IS NULL OR rows_done <= rows_total)", name=op.f("ck_book_extract_rows")
        ),
        sa.CheckConstraint(
            "(stage = 'ready') = (paper_id IS NOT NULL) AND (stage = 'ready') = (ready_at IS NOT NULL)"
            " AND (stage <> 'ready' OR (rows_total IS NOT NULL AND rows_done = rows_total))"
            " AND (fetched_at IS NULL OR stage = 'ready')",
            name=op.f("ck_book_extract_ready"),
        ),
        sa.CheckConstraint("(stage = 'failed') = (refused_code IS NOT NULL)", name=op.f("ck_book_extract_failed")),
    )


def downgrade() -> None:
    op.drop_index("ix_book_extract_asked", table_name="book_extract")
    op.drop_table("book_extract")
    op.execute("DROP FUNCTION keep_extract()")
