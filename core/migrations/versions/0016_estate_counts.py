"""Counts of the register kept beside it, and the order in which policies are listed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations.pieces import estate_counts

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    estate_counts.make_estate_count()
    estate_counts.make_cover_count()
    for table in ("estate_count", "cover_count"):
        op.execute(f"GRANT SELECT ON {table} TO gongbao_app, gongbao_auditor")
    op.execute(estate_counts.COUNT_ESTATE)
    op.execute(estate_counts.COUNT_COVER)
    for table in ("building", "lift"):
        op.execute(
            f"CREATE TRIGGER {table}_counted AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION count_estate()"
        )
    op.execute(
        "CREATE TRIGGER policy_lift_counted AFTER INSERT ON policy_lift REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_cover()"
    )
    op.execute(
        "CREATE TRIGGER policy_lift_recounted AFTER UPDATE ON policy_lift"
        " REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_cover()"
    )
    for table, columns in estate_counts.STAYS.items():
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OF {columns} OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    # Who writes waits since the triggers came, and counts by itself from then on.
    op.execute(estate_counts.FILL_ESTATE)
    op.execute(estate_counts.FILL_COVER)
    op.create_index("ix_policy_listed", "policy", [sa.text("inception_on DESC"), "id"])


def downgrade() -> None:
    op.drop_index("ix_policy_listed", table_name="policy")
    for table in estate_counts.STAYS:
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        op.execute(f"DROP TRIGGER {table}_stays ON {table}")
    op.execute("DROP TRIGGER policy_lift_recounted ON policy_lift")
    for table in estate_counts.STAYS:
        op.execute(f"DROP TRIGGER {table}_counted ON {table}")
    op.execute("DROP FUNCTION count_estate(), count_cover()")
    op.drop_table("cover_count")
    op.drop_table("estate_count")
