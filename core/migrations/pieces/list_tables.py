"""The tables of lists of claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def make_claims_list() -> None:
    """The table `claims_list`."""
    op.create_table(
        "claims_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("claim_count", sa.BigInteger(), nullable=False),
        sa.Column("fault_count", sa.BigInteger(), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_code", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('reading', 'faulty', 'checked', 'approved', 'posted', 'discarded')",
            name=op.f("ck_claims_list_stage"),
        ),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_claims_list_digest")),
        sa.CheckConstraint("approved_by <> made_by", name=op.f("ck_claims_list_four_eyes")),
        sa.CheckConstraint(
            "(stage IN ('approved', 'posted')) = (approved_at IS NOT NULL)", name=op.f("ck_claims_list_approved")
        ),
        sa.CheckConstraint("(stage = 'posted') = (posted_at IS NOT NULL)", name=op.f("ck_claims_list_posted")),
        sa.CheckConstraint(
            "stopped_code IS NULL OR stage IN ('checked', 'discarded')", name=op.f("ck_claims_list_stopped")
        ),
        sa.CheckConstraint(
            "line_count >= 0 AND claim_count BETWEEN 0 AND line_count AND fault_count >= 0 AND asked_fen >= 0",
            name=op.f("ck_claims_list_counts"),
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_claims_list_pool_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_claims_list_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims_list")),
    )
    op.create_index(
        "uq_claims_list_digest",
        "claims_list",
        ["pool_id", "digest"],
        unique=True,
        postgresql_where=sa.text("stage NOT IN ('discarded', 'faulty')"),
    )


def make_claims_list_row() -> None:
    """The table `claims_list_row`."""
    op.create_table(
        "claims_list_row",
        sa.Column("claims_list_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("fault_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("allowed_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "asked_fen > 0 AND allowed_fen BETWEEN 0 AND asked_fen", name=op.f("ck_claims_list_row_amounts")
        ),
        sa.ForeignKeyConstraint(["claims_list_id"], ["claims_list.id"], name=op.f("fk_claims_list_row_claims_list_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_claims_list_row_policy_id")),
        sa.ForeignKeyConstraint(["fault_id"], ["fault.id"], name=op.f("fk_claims_list_row_fault_id")),
        sa.PrimaryKeyConstraint("claims_list_id", "line", name=op.f("pk_claims_list_row")),
    )


def make_claims_list_fault() -> None:
    """The table `claims_list_fault`."""
    op.create_table(
        "claims_list_fault",
        sa.Column("claims_list_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["claims_list_id"], ["claims_list.id"], name=op.f("fk_claims_list_fault_claims_list_id")
        ),
        sa.PrimaryKeyConstraint("claims_list_id", "line", "place", name=op.f("pk_claims_list_fault")),
    )
