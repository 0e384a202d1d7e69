"""What stands around a table: grants to the application's role, triggers that keep rows as they are, row security.

Every statement is idempotent within a step and goes away with its table.
"""

from __future__ import annotations

from alembic import op

#: True for a row of the actor's own organisation, or for those who read every insurer's rows.
OWN_ROW = (
    "(current_setting('gongbao.sees_all', true) = 'yes'"
    " OR organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid)"
)

#: True for a row of a pool that the actor's organisation leads.
_LED = "pool_id = ANY (coalesce(nullif(current_setting('gongbao.led_pools', true), ''), '{}')::bigint[])"

#: One's own row, or one of a pool that one leads.
OWN_OR_LED = f"({OWN_ROW} OR {_LED})"

#: A row of a pool that one leads, or of any for those who read all.
LED = f"(current_setting('gongbao.sees_all', true) = 'yes' OR {_LED})"

#: One's own row, or one of a led pool once a second person of its member has confirmed it.
OWN_OR_LED_CONFIRMED = f"({OWN_ROW} OR (stage = 'confirmed' AND {_LED}))"

#: A paper of nobody's, one's own, one of those who read all; that of a statement for whom the statement is there too,
#: and that of a sealed bid for nobody else than those for whom the bid is there.
PAPER_SEEN = """(
    organisation_id IS NULL
    OR organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid
    OR (current_setting('gongbao.sees_all', true) = 'yes' AND subject_kind <> 'sealed_bid')
    OR (subject_kind = 'statement' AND subject_id IN (SELECT s.id::text FROM public.statement s))
    OR (subject_kind = 'sealed_bid' AND subject_id IN (SELECT b.id::text FROM public.sealed_bid b))
)"""


def append_only(*tables: str) -> None:
    """Let the application add and read rows, and nobody (the owner included) change or remove one."""
    for table in tables:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO gongbao_app")
        op.execute(f"GRANT SELECT ON {table} TO gongbao_auditor")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def editable(*tables: str, delete: bool = False) -> None:
    """Let the application add, read and change rows (and remove them where `delete` says so)."""
    for table in tables:
        op.execute(f"GRANT SELECT, INSERT, UPDATE{', DELETE' if delete else ''} ON {table} TO gongbao_app")
        op.execute(f"GRANT SELECT ON {table} TO gongbao_auditor")


def rows_of_one_insurer(table: str, *, using: str = OWN_ROW, check: str | None = None) -> None:
    """Force row security: the application sees and writes only rows for which `using` holds; the auditor reads all."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_own ON {table} TO gongbao_app USING ({using}) WITH CHECK ({check or using})")
    op.execute(f"CREATE POLICY {table}_audit ON {table} FOR SELECT TO gongbao_auditor USING (true)")
