"""What becomes of the bank's lines: matches taken back, receipts on 2310, a month's reconciliation signed."""

from __future__ import annotations

from alembic import op

from core.migrations import walls
from core.migrations.pieces import bank_life_functions, bank_life_tables

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bank_life_tables.make_held_receipt()
    bank_life_tables.make_bank_month()
    op.execute(f"CREATE POLICY bank_account_paid_into ON bank_account FOR SELECT TO gongbao_app USING ({_PAID_INTO})")
    _walls_of_lines()


def _walls_of_lines() -> None:
    """Put up what keeps matches, held receipts and signed months."""
    op.execute("DROP TRIGGER bank_match_append_only ON bank_match")
    op.execute(bank_life_functions.KEEP_MATCH)
    op.execute("GRANT UPDATE (stage, undone_by, undone_at, undone_why) ON bank_match TO gongbao_app")
    op.execute(bank_life_functions.KEEP_RECEIPT)
    op.execute("GRANT SELECT, INSERT ON held_receipt TO gongbao_app")
    op.execute(
        "GRANT UPDATE (stage, closed_on, closed_by, closed_at, closed_entry_id, closed_why, match_id, return_line_id)"
        " ON held_receipt TO gongbao_app"
    )
    op.execute("GRANT SELECT ON held_receipt TO gongbao_auditor")
    for table in ("bank_match", "held_receipt"):
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE INSERT OR UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION keep_{table}()"
        )
    op.execute(
        "CREATE TRIGGER held_receipt_no_truncate BEFORE TRUNCATE ON held_receipt"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    walls.rows_of_one_insurer("held_receipt", using=walls.LED)
    walls.append_only("bank_month")
    walls.rows_of_one_insurer("bank_month", using=walls.LED)
    op.execute(bank_life_functions.SIGNED_MONTH)
    op.execute(
        "CREATE TRIGGER bank_month_whole BEFORE INSERT ON bank_month FOR EACH ROW EXECUTE FUNCTION check_bank_month()"
    )
    op.execute(bank_life_functions.MONTH_IS_SIGNED)
    op.execute(
        "CREATE TRIGGER bank_line_unsigned BEFORE INSERT ON bank_line"
        " FOR EACH ROW EXECUTE FUNCTION check_month_unsigned()"
    )


#: The confirmed account of a pool's lead, for whoever is a member of the pool: it pays its balances into it.
_PAID_INTO = (
    "stage = 'confirmed' AND EXISTS (SELECT FROM public.share s WHERE s.position = 0"
    " AND (s.pool_id, s.organisation_id) = (bank_account.pool_id, bank_account.organisation_id))"
    " AND EXISTS (SELECT FROM public.share s WHERE s.pool_id = bank_account.pool_id"
    " AND s.organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid)"
)


def downgrade() -> None:
    op.execute("DROP POLICY bank_account_paid_into ON bank_account")
    op.execute("DROP TRIGGER bank_line_unsigned ON bank_line")
    op.drop_table("bank_month")
    op.drop_table("held_receipt")
    op.execute("DROP TRIGGER bank_match_keep ON bank_match")
    op.execute("REVOKE UPDATE ON bank_match FROM gongbao_app")
    op.execute("REVOKE UPDATE (stage, undone_by, undone_at, undone_why) ON bank_match FROM gongbao_app")
    op.execute(
        "CREATE TRIGGER bank_match_append_only BEFORE UPDATE OR DELETE ON bank_match"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute("DROP FUNCTION keep_bank_match(), keep_held_receipt(), check_month_unsigned(), check_bank_month()")
