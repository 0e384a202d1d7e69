"""The life of a statement: the thread of its queries and answers."""

from __future__ import annotations

from core.migrations.pieces import statement_words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    statement_words.make()


def downgrade() -> None:
    statement_words.take_back()
