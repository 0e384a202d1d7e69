"""The life of a statement: the thread of its queries and answers, and up to which day it was charged late interest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations.pieces import statement_words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    statement_words.make()
    op.add_column("statement", sa.Column("interest_until_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_statement_late"),
        "statement",
        "interest_until_on IS NULL OR (interest_until_on > due_on AND balance_fen < 0)",
    )
    op.execute("GRANT UPDATE (interest_until_on) ON statement TO gongbao_app")


def downgrade() -> None:
    op.drop_column("statement", "interest_until_on")
    statement_words.take_back()
