"""Lists sent by page and program: the sheet that is read of a workbook, and why a list could not be posted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    op.drop_constraint(op.f("ck_bordereau_stopped"), "bordereau")
    op.drop_column("bordereau", "stopped_code")
    op.drop_column("bordereau", "sheet")
