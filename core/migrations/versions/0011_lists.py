"""Lists of claims, sent like those of premiums."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import walls
from core.migrations.pieces import list_tables

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    list_tables.make_kind(
        "claims_list",
        [
            sa.Column("claim_count", sa.BigInteger(), nullable=False),
            sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        ],
        {"held": "claim_count BETWEEN 0 AND line_count AND asked_fen >= 0"},
        "claim_count, asked_fen",
    )
    list_tables.make_claims_list_row()
    walls.append_only("claims_list_row")
    walls.rows_of_one_insurer("claims_list_row", using="claims_list_id IN (SELECT l.id FROM public.claims_list l)")


def downgrade() -> None:
    op.drop_table("claims_list_fault")
    op.drop_table("claims_list_row")
    op.drop_table("claims_list")
