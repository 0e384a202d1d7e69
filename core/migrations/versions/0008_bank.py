"""The bank beside the book: where each member of a pool is paid to."""

from __future__ import annotations

from alembic import op

from core.migrations import walls
from core.migrations.pieces import bank_functions, bank_tables

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bank_tables.make_bank_account()
    _walls()


def _walls() -> None:
    """Put up what keeps accounts as they were proposed, and out of the sight of others."""
    op.execute(bank_functions.KEEP_BANK_ACCOUNT)
    op.execute(
        "CREATE TRIGGER bank_account_keep BEFORE INSERT OR UPDATE OR DELETE ON bank_account"
        " FOR EACH ROW EXECUTE FUNCTION keep_bank_account()"
    )
    op.execute(
        "CREATE TRIGGER bank_account_no_truncate BEFORE TRUNCATE ON bank_account"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (stage, decided_by, decided_at, effective_on) ON bank_account TO gongbao_app"
    )
    op.execute("GRANT SELECT ON bank_account TO gongbao_auditor")
    walls.rows_of_one_insurer("bank_account", using=walls.OWN_OR_LED_CONFIRMED, check=walls.OWN_ROW)


def downgrade() -> None:
    op.drop_table("bank_account")
    op.execute("DROP FUNCTION keep_bank_account()")
