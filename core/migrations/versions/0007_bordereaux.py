"""Bordereaux: lists of premiums that wait to be posted together."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls
from core.migrations.pieces import list_tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Rows are there for whom their bordereau is; to the application that is its foreign key as well, looked at
#: once for a write of any size.
_OF_ONE_SEEN = "bordereau_id IN (SELECT b.id FROM public.bordereau b)"

#: What was posted in bulk the planner knows nothing of until the server's own round comes by; the application may have
#: it look at once, at the tables of the book and no others. A table that is looked at just then is left out. A fifth of
#: the usual rows is enough: to look at thirty thousand of each table takes as long as posting fifty thousand premiums.
_LEARN_POSTED = """
CREATE FUNCTION learn_posted(period bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET default_statistics_target = 20 AS $$
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
    list_tables.make_kind(
        "bordereau",
        [
            sa.Column("row_count", sa.BigInteger(), nullable=False),
            sa.Column("gross_fen", sa.BigInteger(), nullable=False),
            sa.Column("batch_id", sa.Uuid(), sa.ForeignKey("entry_batch.id", name=op.f("fk_bordereau_batch_id"))),
            sa.Column("policies_digest", sa.Text()),
        ],
        {
            "held": "row_count >= 0 AND gross_fen >= 0",
            "batch": "(posted_at IS NULL) = (batch_id IS NULL) AND (batch_id IS NULL) = (policies_digest IS NULL)",
        },
        "row_count, gross_fen, batch_id, policies_digest",
    )
    _make_bordereau_piece()
    op.execute("GRANT SELECT, INSERT ON bordereau_piece TO gongbao_app")
    op.execute("GRANT SELECT ON bordereau_piece TO gongbao_auditor")
    walls.rows_of_one_insurer("bordereau_piece", using=_OF_ONE_SEEN)


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


def downgrade() -> None:
    op.drop_table("bordereau_fault")
    op.drop_table("bordereau_piece")
    op.drop_table("bordereau")
    op.execute("DROP FUNCTION learn_posted(bigint)")
