"""Bordereaux: lists of premiums that wait to be posted together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Rows and faults are there for whom their bordereau is; to the application that is its foreign key as well, looked at
#: once for a write of any size.
_OF_ONE_SEEN = "bordereau_id IN (SELECT b.id FROM public.bordereau b)"


def upgrade() -> None:
    _make_bordereau()
    _make_bordereau_row()
    _make_bordereau_fault()
    op.execute("GRANT SELECT, INSERT ON bordereau TO gongbao_app")
    # What was sent stands; how far it has come moves.
    op.execute(
        "GRANT UPDATE (stage, line_count, row_count, fault_count, gross_fen, batch_id, policies_digest, approved_at,"
        " approved_by, posted_at, version) ON bordereau TO gongbao_app"
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON bordereau_row, bordereau_fault TO gongbao_app")
    op.execute("GRANT SELECT ON bordereau, bordereau_row, bordereau_fault TO gongbao_auditor")
    walls.rows_of_one_insurer("bordereau", using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer("bordereau_row", using=_OF_ONE_SEEN)
    walls.rows_of_one_insurer("bordereau_fault", using=_OF_ONE_SEEN)


def _make_bordereau() -> None:
    """The table `bordereau`."""
    op.create_table(
        "bordereau",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("fault_count", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("policies_digest", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('reading', 'faulty', 'checked', 'approved', 'posted', 'discarded')",
            name=op.f("ck_bordereau_stage"),
        ),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_bordereau_digest")),
        sa.CheckConstraint("approved_by <> made_by", name=op.f("ck_bordereau_four_eyes")),
        sa.CheckConstraint(
            "(stage = 'posted') = (batch_id IS NOT NULL) AND (batch_id IS NULL) = (posted_at IS NULL)"
            " AND (batch_id IS NULL) = (policies_digest IS NULL)",
            name=op.f("ck_bordereau_posted"),
        ),
        sa.CheckConstraint(
            "(stage IN ('approved', 'posted')) = (approved_at IS NOT NULL)", name=op.f("ck_bordereau_approved")
        ),
        sa.CheckConstraint(
            "line_count >= 0 AND row_count >= 0 AND fault_count >= 0 AND gross_fen >= 0",
            name=op.f("ck_bordereau_counts"),
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_bordereau_pool_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_bordereau_organisation_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["entry_batch.id"], name=op.f("fk_bordereau_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bordereau")),
    )
    op.create_index(
        "uq_bordereau_digest",
        "bordereau",
        ["pool_id", "digest"],
        unique=True,
        postgresql_where=sa.text("stage NOT IN ('discarded', 'faulty')"),
    )


def _make_bordereau_row() -> None:
    """The table `bordereau_row`."""
    op.create_table(
        "bordereau_row",
        sa.Column("bordereau_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("community_id", sa.Uuid(), nullable=True),
        sa.Column("inception_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("lift_count", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("agreement_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bordereau_id", "line", name=op.f("pk_bordereau_row")),
    )


def _make_bordereau_fault() -> None:
    """The table `bordereau_fault`."""
    op.create_table(
        "bordereau_fault",
        sa.Column("bordereau_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("bordereau_id", "line", "place", name=op.f("pk_bordereau_fault")),
    )


def downgrade() -> None:
    op.drop_table("bordereau_fault")
    op.drop_table("bordereau_row")
    op.drop_table("bordereau")
