"""Clauses of the agreement: items settled on their own, a member's shortfall borne by the others, run-off, results."""

from __future__ import annotations

from alembic import op

from core.migrations import walls
from core.migrations.pieces import clause_functions, clause_tables

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KINDS = "'trial_balance', 'journal', 'premiums', 'claims', 'invoices'"


def upgrade() -> None:
    _kinds_of_extracts(f"{_KINDS}, 'results'")
    clause_tables.make_agreement_clauses()
    clause_tables.make_apart_item()
    clause_tables.make_step_up()
    clause_tables.make_pool_closing()
    walls.append_only("agreement_clauses", "pool_closing")
    op.execute(clause_functions.KEEP_APART_ITEM)
    op.execute(clause_functions.KEEP_STEP_UP)
    for table, decided in (("apart_item", "paid"), ("step_up", "cured")):
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE INSERT OR UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION keep_{table}()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        columns = f"stage, {decided}_on, {decided}_by, {decided}_entry_id"
        op.execute(f"GRANT SELECT, INSERT, UPDATE ({columns}) ON {table} TO gongbao_app")
        op.execute(f"GRANT SELECT ON {table} TO gongbao_auditor")
    walls.rows_of_one_insurer("apart_item", using=walls.OWN_OR_LED)
    op.execute(clause_functions.POOL_CLOSING)
    op.execute(clause_functions.POOL_CLOSED)
    op.execute(
        "CREATE TRIGGER pool_closing_check BEFORE INSERT ON pool_closing"
        " FOR EACH ROW EXECUTE FUNCTION check_pool_closing()"
    )
    op.execute(
        "CREATE TRIGGER period_not_closed BEFORE INSERT ON period FOR EACH ROW EXECUTE FUNCTION check_pool_not_closed()"
    )


def _kinds_of_extracts(kinds: str) -> None:
    """Say which lists of a book are made as extracts."""
    op.drop_constraint(op.f("ck_book_extract_kind"), "book_extract", type_="check")
    op.create_check_constraint(op.f("ck_book_extract_kind"), "book_extract", f"kind IN ({kinds})")


def downgrade() -> None:
    op.execute("DROP TRIGGER period_not_closed ON period")
    for table in ("pool_closing", "step_up", "apart_item", "agreement_clauses"):
        op.drop_table(table)
    for function in ("check_pool_not_closed", "check_pool_closing", "keep_step_up", "keep_apart_item"):
        op.execute(f"DROP FUNCTION {function}()")
    # The owner is behind the wall too.
    op.execute("ALTER TABLE book_extract NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM book_extract WHERE kind = 'results'")
    op.execute("ALTER TABLE book_extract FORCE ROW LEVEL SECURITY")
    _kinds_of_extracts(_KINDS)
