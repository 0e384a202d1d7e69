"""The tables of the bank beside the book, put up by step 0008."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def make_bank_account() -> None:
    """The table `bank_account`."""
    op.create_table(
        "bank_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
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
    op.create_index("ix_bank_account_member", "bank_account", ["pool_id", "organisation_id", "effective_on"])
