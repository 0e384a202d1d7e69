"""Lists sent by page and program: of premiums, which sheet is read and why one was not posted; of claims."""

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
    op.add_column("bordereau", sa.Column("sheet", sa.Text(), nullable=True))
    op.add_column("bordereau", sa.Column("stopped_code", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_bordereau_stopped"), "bordereau", "stopped_code IS NULL OR stage IN ('checked', 'discarded')"
    )
    op.execute("GRANT UPDATE (stopped_code) ON bordereau TO gongbao_app")
    list_tables.make_claims_list()
    list_tables.make_claims_list_row()
    list_tables.make_claims_list_fault()
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (stage, line_count, claim_count, fault_count, asked_fen, approved_at, approved_by,"
        " posted_at, stopped_code, version) ON claims_list TO gongbao_app"
    )
    op.execute("GRANT SELECT ON claims_list TO gongbao_auditor")
    walls.append_only("claims_list_row", "claims_list_fault")
    walls.rows_of_one_insurer("claims_list", using=walls.OWN_OR_LED)
    for table in ("claims_list_row", "claims_list_fault"):
        walls.rows_of_one_insurer(table, using="claims_list_id IN (SELECT l.id FROM public.claims_list l)")


def downgrade() -> None:
    op.drop_table("claims_list_fault")
    op.drop_table("claims_list_row")
    op.drop_table("claims_list")
    op.drop_constraint(op.f("ck_bordereau_stopped"), "bordereau")
    op.drop_column("bordereau", "stopped_code")
    op.drop_column("bordereau", "sheet")
