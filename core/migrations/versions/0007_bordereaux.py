"""Bordereaux: lists of premiums that wait to be posted together."""

from __future__ import annotations

from typing import Any

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

#: What was posted in bulk the planner knows nothing of until the server's own round comes by; the application may have
#: it look at once, at the tables of the book and no others. A table that is looked at just then is left out.
_LEARN_POSTED = """
CREATE FUNCTION learn_posted(period bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.period p WHERE p.id = period AND p.id > 0) THEN
        RAISE EXCEPTION 'there is no period %', period USING ERRCODE = '23503';
    END IF;
    ANALYZE (SKIP_LOCKED) public.entry, public.stream_item, public.policy;
    EXECUTE format('ANALYZE (SKIP_LOCKED) public.%I', 'transfer_p' || period);
END $$
"""


def upgrade() -> None:
    op.execute(_LEARN_POSTED)
    op.execute("REVOKE ALL ON FUNCTION learn_posted(bigint) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION learn_posted(bigint) TO gongbao_app")
    _make_bordereau()
    _make_bordereau_piece()
    _make_bordereau_fault()
    op.execute("GRANT SELECT, INSERT ON bordereau TO gongbao_app")
    # What was sent stands; how far it has come moves.
    op.execute(
        "GRANT UPDATE (stage, line_count, row_count, fault_count, gross_fen, batch_id, policies_digest, approved_at,"
        " approved_by, posted_at, version) ON bordereau TO gongbao_app"
    )
    op.execute("GRANT SELECT, INSERT ON bordereau_piece, bordereau_fault TO gongbao_app")
    op.execute("GRANT SELECT ON bordereau, bordereau_piece, bordereau_fault TO gongbao_auditor")
    walls.rows_of_one_insurer("bordereau", using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer("bordereau_piece", using=_OF_ONE_SEEN)
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


def _make_bordereau_piece() -> None:
    """The table `bordereau_piece`: rows that wait, a list a column, as they came from the file."""
    lists: dict[str, sa.types.TypeEngine[Any]] = {
        "lines": sa.BigInteger(),
        "numbers": sa.Text(),
        "community_ids": sa.Uuid(),
        "inceptions": sa.Date(),
        "expiries": sa.Date(),
        "lift_counts": sa.BigInteger(),
        "gross_fens": sa.BigInteger(),
        "agreement_numbers": sa.BigInteger(),
    }
    op.create_table(
        "bordereau_piece",
        sa.Column("bordereau_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, postgresql.ARRAY(kind), nullable=False) for name, kind in lists.items()),
        sa.CheckConstraint(
            "cardinality(lines) > 0 AND cardinality(numbers) = cardinality(lines)"
            " AND cardinality(community_ids) = cardinality(lines) AND cardinality(inceptions) = cardinality(lines)"
            " AND cardinality(expiries) = cardinality(lines) AND cardinality(lift_counts) = cardinality(lines)"
            " AND cardinality(gross_fens) = cardinality(lines) AND cardinality(agreement_numbers) = cardinality(lines)",
            name=op.f("ck_bordereau_piece_lengths"),
        ),
        sa.PrimaryKeyConstraint("bordereau_id", "place", name=op.f("pk_bordereau_piece")),
    )
    # Read once or twice and whole: pressing the lists would cost more than it saves.
    for name in lists:
        op.execute(f"ALTER TABLE bordereau_piece ALTER COLUMN {name} SET STORAGE EXTERNAL")


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
    op.drop_table("bordereau_piece")
    op.drop_table("bordereau")
    op.execute("DROP FUNCTION learn_posted(bigint)")
