"""The tables of an agreement's clauses, of what they bring about, and of pools that are closed; put up by step 0012."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def make_agreement_clauses() -> None:
    """The table `agreement_clauses`."""
    op.create_table(
        "agreement_clauses",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("settled_apart", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_step_up", sa.Boolean(), nullable=False),
        sa.CheckConstraint("is_step_up OR cardinality(settled_apart) > 0", name=op.f("ck_agreement_clauses_said")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_clauses_agreement_id")),
        sa.PrimaryKeyConstraint("agreement_id", name=op.f("pk_agreement_clauses")),
    )


def make_apart_item() -> None:
    """The table `apart_item`."""
    op.create_table(
        "apart_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by", sa.Uuid(), nullable=True),
        sa.Column("paid_entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_apart_item_amount")),
        sa.CheckConstraint("stage IN ('open', 'paid')", name=op.f("ck_apart_item_stage")),
        sa.CheckConstraint(
            "(stage = 'paid') = (paid_on IS NOT NULL) AND (paid_on IS NULL) = (paid_entry_id IS NULL)",
            name=op.f("ck_apart_item_paid"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"], ["period.pool_id", "period.id"], name=op.f("fk_apart_item_pool_id_period_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apart_item")),
        sa.UniqueConstraint("number", name=op.f("uq_apart_item_number")),
        sa.UniqueConstraint(
            *("pool_id", "period_id", "organisation_id", "line"),
            name=op.f("uq_apart_item_pool_id_period_id_organisation_id_line"),
        ),
    )


def make_step_up() -> None:
    """The table `step_up`."""
    op.create_table(
        "step_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("parts_fen", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("carry_before", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("carry_after", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=True),
        sa.Column("cured_on", sa.Date(), nullable=True),
        sa.Column("cured_by", sa.Uuid(), nullable=True),
        sa.Column("cured_entry_id", sa.BigInteger(), nullable=True),
        *_checks_of_step_up(),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_step_up_pool_id_number"),
        ),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_step_up_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_up")),
        sa.UniqueConstraint("statement_id", name=op.f("uq_step_up_statement_id")),
    )


def _checks_of_step_up() -> tuple[sa.CheckConstraint, ...]:
    """What every row of `step_up` keeps to."""
    return (
        sa.CheckConstraint("amount_fen > 0 AND parts_sum(parts_fen) = amount_fen", name=op.f("ck_step_up_parts")),
        sa.CheckConstraint(
            "parts_sum(carry_before) = 0 AND parts_sum(carry_after) = 0", name=op.f("ck_step_up_carry_zero")
        ),
        sa.CheckConstraint("stage IN ('declared', 'cured')", name=op.f("ck_step_up_stage")),
        sa.CheckConstraint("length(btrim(reason)) > 0 AND length(reason) <= 500", name=op.f("ck_step_up_reason")),
        sa.CheckConstraint(
            "(stage = 'cured') = (cured_on IS NOT NULL) AND (cured_on IS NULL) = (cured_entry_id IS NULL)"
            " AND (cured_on IS NULL OR cured_on >= declared_on)",
            name=op.f("ck_step_up_cured"),
        ),
    )


def make_pool_closing() -> None:
    """The table `pool_closing`."""
    op.create_table(
        "pool_closing",
        sa.Column("pool_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("stage IN ('closed')", name=op.f("ck_pool_closing_stage")),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_pool_closing_pool_id")),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_pool_closing")),
    )
