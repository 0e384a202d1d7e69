"""The bank beside the book: where each member of a pool is paid to, the orders that pay them, the bank's own statements."""

from __future__ import annotations

from alembic import op

from core.migrations import walls
from core.migrations.pieces import bank_functions, bank_tables

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bank_tables.make_bank_account()
    bank_tables.make_bank_report()
    bank_tables.make_bank_line()
    bank_tables.make_payment_batch()
    bank_tables.make_payment_line()
    bank_tables.make_payment_entry()
    bank_tables.make_payment_file()
    bank_tables.make_bank_match()
    _walls_of_accounts()
    _walls_of_payments()
    _walls_of_reports()


def _walls_of_accounts() -> None:
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


def _walls_of_payments() -> None:
    """Put up what keeps batches as they were prepared, in the sight of the lead alone."""
    op.execute(bank_functions.KEEP_PAYMENT_BATCH)
    op.execute(bank_functions.KEEP_PAYMENT_LINE)
    op.execute(bank_functions.KEEP_PAYMENT_ENTRY)
    for table in ("payment_batch", "payment_line", "payment_entry"):
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE INSERT OR UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION keep_{table}()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO gongbao_app")
        op.execute(f"GRANT SELECT ON {table} TO gongbao_auditor")
    op.execute("GRANT UPDATE (stage, decided_by, decided_at) ON payment_batch TO gongbao_app")
    op.execute("GRANT UPDATE (return_line_id, returned_by, returned_at, returned_why) ON payment_line TO gongbao_app")
    walls.append_only("payment_file")
    op.execute(bank_functions.PAYMENTS_WHOLE)
    for table, when in (
        ("payment_batch", "INSERT OR UPDATE"),
        ("payment_line", "INSERT"),
        ("payment_entry", "INSERT"),
    ):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER {when} ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION check_payments_whole()"
        )
    for table in ("payment_batch", "payment_line", "payment_entry", "payment_file"):
        walls.rows_of_one_insurer(table, using=walls.LED)


def _walls_of_reports() -> None:
    """Put up what keeps a bank's statements whole and as they were taken in."""
    walls.append_only("bank_report", "bank_line", "bank_match")
    op.execute(bank_functions.REPORT_WHOLE)
    for table in ("bank_report", "bank_line"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION check_bank_report_whole()"
        )
        walls.rows_of_one_insurer(table, using=walls.LED)
    op.execute(bank_functions.MATCH_FITS)
    op.execute(
        "CREATE TRIGGER bank_match_fits BEFORE INSERT ON bank_match FOR EACH ROW EXECUTE FUNCTION check_bank_match()"
    )
    walls.rows_of_one_insurer("bank_match", using=walls.LED)


def downgrade() -> None:
    op.drop_table("bank_match")
    op.drop_table("payment_file")
    op.drop_table("payment_entry")
    op.drop_table("payment_line")
    op.drop_table("payment_batch")
    op.drop_table("bank_line")
    op.drop_table("bank_report")
    op.drop_table("bank_account")
    op.execute("DROP FUNCTION keep_bank_account(), keep_payment_batch(), keep_payment_line(), keep_payment_entry()")
    op.execute("DROP FUNCTION check_payments_whole(), check_bank_report_whole(), check_bank_match()")
