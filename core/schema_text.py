"""The walls of the database as text: tables, columns, constraints, triggers, policies, functions, grants, one a line.

`expected_schema.txt` beside the migrations is this text of a database that the migrations have just made; INV-A4
compares. Expressions stand in the server's short form: the long one has brackets that a dump and its restoring take
away. What belongs to the job queue is its package's business, only who may use it is ours.
"""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection, text

#: Tables of ours: no partitions (INV-A4 holds them against their parent), no tables of the job queue.
_OURS = (
    "c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND c.relname NOT LIKE 'procrastinate%'"
)

_QUERIES = (
    # Tables and views: whose they are, and how far their row security reaches.
    f"""
    SELECT format('%s %s: owner %s%s%s%s', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END,
        c.relname, pg_get_userbyid(c.relowner), CASE WHEN c.relrowsecurity THEN ', row security' END,
        CASE WHEN c.relforcerowsecurity THEN ' forced' END, ', ' || array_to_string(c.reloptions, ' '))
    FROM pg_class c WHERE {_OURS}
    """,
    f"""
    SELECT format('column %s.%s: %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' not null' END,
        CASE a.attidentity WHEN '' THEN '' ELSE ' identity' END,
        ' default ' || pg_get_expr(d.adbin, d.adrelid, true))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE {_OURS}
    """,
    # From version 18 on a column that is not null has a named constraint; the columns have said so already.
    f"""
    SELECT format('constraint %s.%s: %s', c.relname, k.conname, pg_get_constraintdef(k.oid, true))
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
    WHERE {_OURS}
    """,
    f"""
    SELECT format('index %s.%s: %s%s', c.relname, i.indexrelid::regclass, pg_get_indexdef(i.indexrelid, 0, true),
        CASE WHEN NOT i.indisvalid THEN ' INVALID' END)
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
    WHERE {_OURS} AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')
    """,
    f"""
    SELECT format('trigger %s.%s: %s, %s', c.relname, t.tgname, CASE t.tgenabled WHEN 'O' THEN 'on' WHEN 'A' THEN
        'always' WHEN 'R' THEN 'on replicas only' ELSE 'off' END, regexp_replace(pg_get_triggerdef(t.oid, true),
        '^CREATE (CONSTRAINT )?TRIGGER \\S+ ', ''))
    FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE {_OURS}
    """,
    f"""
    SELECT format('policy %s.%s: %s for %s to %s using (%s)%s', c.relname, p.polname,
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        CASE p.polcmd WHEN '*' THEN 'all' WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
            ELSE 'delete' END,
        (SELECT string_agg(coalesce(r.rolname, 'public'), ', ' ORDER BY r.rolname)
            FROM unnest(p.polroles) AS role LEFT JOIN pg_roles r ON r.oid = role),
        pg_get_expr(p.polqual, p.polrelid, true), ' check (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')')
    FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE {_OURS}
    """,
    """
    SELECT format('function %s: owner %s, %s%s, %s', p.oid::regprocedure, pg_get_userbyid(p.proowner),
        CASE WHEN p.prosecdef THEN 'as its owner' ELSE 'as its caller' END,
        ', ' || array_to_string(p.proconfig, ' '), 'body ' || encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'))
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND (p.prosecdef OR p.proname NOT LIKE 'procrastinate%')
    """,
    "SELECT format('extension %s', extname) FROM pg_extension",
    """
    SELECT format('rule %s.%s', c.relname, r.rulename) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = 'public'::regnamespace AND r.rulename <> '_RETURN'
    """,
    # Who may do what. The owner's own rights are not told, nor what every role may do with a function of the queue's.
    """
    SELECT format('grant %s %s to %s: %s', CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.relname,
        coalesce(r.rolname, 'public'), string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND a.grantee <> c.relowner
    GROUP BY c.relkind, c.relname, r.rolname
    """,
    """
    SELECT format('grant column %s.%s to %s: %s', c.relname, t.attname, coalesce(r.rolname, 'public'),
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname, t.attname, r.rolname
    """,
    """
    SELECT format('grant function %s to %s: execute', p.oid::regprocedure, coalesce(r.rolname, 'public'))
    FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE p.pronamespace = 'public'::regnamespace AND a.grantee <> p.proowner
        AND (p.prosecdef OR p.proname NOT LIKE 'procrastinate%')
    """,
    """
    SELECT format('grant schema public to %s: %s', coalesce(r.rolname, 'public'),
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.nspname = 'public' AND a.grantee <> n.nspowner GROUP BY r.rolname
    """,
)

EXPECTED_FILE = "expected_schema.txt"


def read(connection: Connection) -> list[str]:
    """Return the walls of a database as they stand, sorted."""
    found = (line for query in _QUERIES for line in connection.scalars(text(query.replace(":", "\\:"))))
    return sorted(" ".join(line.split()) for line in found)


def expected() -> list[str]:
    """Return the walls as the migrations of this program make them."""
    return files("core.migrations").joinpath(EXPECTED_FILE).read_text(encoding="utf-8").splitlines()
