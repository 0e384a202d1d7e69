"""The thread of a statement: its table, what keeps it whole, and how the one query and reply go into it and back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import walls

#: A thread is for whom its statement is there: the database asks the statement's own wall.
SEEN = "statement_id IN (SELECT s.id FROM public.statement s)"

# What is said takes the next place of its thread; the member begins; what it is about stands in the statement's period.
NEXT_WORDS = """
CREATE FUNCTION check_statement_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said bigint;
BEGIN
    PERFORM 1 FROM public.statement WHERE id = NEW.statement_id AND stage <> 'draft' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is said about a statement before its issue' USING ERRCODE = 'GB009';
    END IF;
    SELECT count(*) INTO said FROM public.statement_words WHERE statement_id = NEW.statement_id;
    IF NEW.sequence <> said + 1 OR (said = 0 AND NEW.side <> 'member') THEN
        RAISE EXCEPTION 'what is said about statement % takes the next place', NEW.statement_id
            USING ERRCODE = 'GB009';
    END IF;
    IF NEW.entry_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.statement s JOIN public.entry e
            ON (e.pool_id, e.period_id, e.id) = (s.pool_id, s.period_id, NEW.entry_id)
        WHERE s.id = NEW.statement_id
    ) THEN
        RAISE EXCEPTION 'entry % is not of the period of statement %', NEW.entry_id, NEW.statement_id
            USING ERRCODE = 'GB009';
    END IF;
    RETURN NEW;
END $$
"""

# The last query that the log tells of, and the answer after it: who and when are the log's.
_FROM_COLUMNS = """
INSERT INTO statement_words (statement_id, sequence, side, person_id, at, words)
SELECT s.id, said.place, said.side, e.person_id, coalesce(e.at, s.answered_at, s.issued_at), btrim(said.words)
FROM statement s
CROSS JOIN LATERAL (VALUES (1, 'member', 'statement.query', s.query_text), (2, 'lead', 'statement.answer', s.reply_text))
    AS said (place, side, action, words)
LEFT JOIN LATERAL (
    SELECT a.person_id, a.at FROM audit_event a
    WHERE a.object_kind = 'statement' AND a.object_id = s.id::text AND a.action = said.action
    ORDER BY a.id DESC LIMIT 1
) e ON true
WHERE length(btrim(said.words)) > 0
ORDER BY s.id, said.place
"""

# The member's last words, and the lead's after them.
_INTO_COLUMNS = """
UPDATE statement s SET query_text = q.words, reply_text = (
    SELECT r.words FROM statement_words r WHERE r.statement_id = s.id AND r.side = 'lead' AND r.sequence > q.sequence
    ORDER BY r.sequence DESC LIMIT 1
)
FROM (
    SELECT DISTINCT ON (statement_id) statement_id, sequence, words FROM statement_words WHERE side = 'member'
    ORDER BY statement_id, sequence DESC
) q WHERE q.statement_id = s.id
"""


def make() -> None:
    """Make the table, bring what statements hold of queries and replies into it, and put up its walls."""
    op.create_table(
        "statement_words",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_statement_words_sequence")),
        sa.CheckConstraint("side IN ('member', 'lead')", name=op.f("ck_statement_words_side")),
        sa.CheckConstraint("length(btrim(words)) > 0 AND length(words) <= 2000", name=op.f("ck_statement_words_words")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_statement_words_statement_id")),
        sa.PrimaryKeyConstraint("statement_id", "sequence", name=op.f("pk_statement_words")),
    )
    _past_the_wall(_FROM_COLUMNS)
    op.drop_constraint(op.f("ck_statement_query"), "statement")
    op.drop_constraint(op.f("ck_statement_reply"), "statement")
    op.drop_column("statement", "query_text")
    op.drop_column("statement", "reply_text")
    walls.append_only("statement_words")
    walls.rows_of_one_insurer("statement_words", using=SEEN)
    op.execute(NEXT_WORDS)
    op.execute(
        "CREATE TRIGGER statement_words_next BEFORE INSERT ON statement_words"
        " FOR EACH ROW EXECUTE FUNCTION check_statement_words()"
    )


def take_back() -> None:
    """Give every statement its last query and reply back, and take the table away."""
    op.add_column("statement", sa.Column("query_text", sa.Text(), nullable=True))
    op.add_column("statement", sa.Column("reply_text", sa.Text(), nullable=True))
    op.execute("ALTER TABLE statement_words NO FORCE ROW LEVEL SECURITY")
    _past_the_wall(_INTO_COLUMNS)
    op.create_check_constraint(
        op.f("ck_statement_query"), "statement", "stage <> 'queried' OR (query_text IS NOT NULL AND reply_text IS NULL)"
    )
    op.create_check_constraint(op.f("ck_statement_reply"), "statement", "reply_text IS NULL OR query_text IS NOT NULL")
    op.execute("GRANT UPDATE (query_text, reply_text) ON statement TO gongbao_app")
    op.drop_table("statement_words")
    op.execute("DROP FUNCTION check_statement_words()")


def _past_the_wall(deed: str) -> None:
    """Do something with every statement: the owner, who makes the schema, stands behind the wall too."""
    op.execute("ALTER TABLE statement NO FORCE ROW LEVEL SECURITY")
    op.execute(deed)
    op.execute("ALTER TABLE statement FORCE ROW LEVEL SECURITY")
