"""Changes of a pool's agreement: proposed by a party, consented to by all, then the next version."""

from __future__ import annotations

from alembic import op

from core.migrations import walls
from core.migrations.pieces import variation_pieces

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    variation_pieces.make_variation()
    variation_pieces.make_variation_consent()
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (stage, decided_by, decided_at, declined_why, agreement_id) ON variation"
        " TO gongbao_app"
    )
    op.execute("GRANT SELECT ON variation TO gongbao_auditor")
    op.execute(variation_pieces.KEEP_VARIATION)
    op.execute(
        "CREATE TRIGGER variation_keep BEFORE INSERT OR UPDATE OR DELETE ON variation"
        " FOR EACH ROW EXECUTE FUNCTION keep_variation()"
    )
    op.execute(
        "CREATE TRIGGER variation_no_truncate BEFORE TRUNCATE ON variation"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    walls.append_only("variation_consent")
    op.execute(variation_pieces.KEEP_CONSENT)
    op.execute(
        "CREATE TRIGGER variation_consent_check BEFORE INSERT ON variation_consent"
        " FOR EACH ROW EXECUTE FUNCTION check_variation_consent()"
    )


def downgrade() -> None:
    op.drop_table("variation_consent")
    op.drop_table("variation")
    op.execute("DROP FUNCTION keep_variation(), check_variation_consent()")
