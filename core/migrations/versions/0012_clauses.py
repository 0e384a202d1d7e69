"""Clauses of the agreement: the results of its years are written out."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

_KINDS = "'trial_balance', 'journal', 'premiums', 'claims', 'invoices'"


def upgrade() -> None:
    _kinds_of_extracts(f"{_KINDS}, 'results'")


def _kinds_of_extracts(kinds: str) -> None:
    """Say which lists of a book are made as extracts."""
    op.drop_constraint(op.f("ck_book_extract_kind"), "book_extract", type_="check")
    op.create_check_constraint(op.f("ck_book_extract_kind"), "book_extract", f"kind IN ({kinds})")


def downgrade() -> None:
    # The owner is behind the wall too.
    op.execute("ALTER TABLE book_extract NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM book_extract WHERE kind = 'results'")
    op.execute("ALTER TABLE book_extract FORCE ROW LEVEL SECURITY")
    _kinds_of_extracts(_KINDS)
