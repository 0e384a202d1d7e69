"""The walls around the rows, checked: schema, grants and row security as the migrations made them, roles, settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from core import migrate, schema_text
from core.checks import Broken, Found, Invariant, every, found, rows
from core.server import APP, AUDITOR, OWNER


def walls_stand(connection: Connection) -> Found:
    """Return every wall that is not as the migrations make it: missing, changed, or added beside them."""
    step = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if step != migrate.head():
        facts = {"stands": step, "expected": migrate.head()}
        return found([Broken("schema", facts)], step=step)
    stands, expected = _by_name(schema_text.read(connection)), _by_name(schema_text.expected())
    return found(_differences(stands, expected), step=step, walls=len(expected))


def _by_name(lines: list[str]) -> dict[str, str]:
    """Return name -> what is said of it."""
    return {name: said for name, _, said in (line.partition(": ") for line in lines)}


def _differences(stands: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[Broken]:
    for name in sorted(stands.keys() | expected.keys()):
        if stands.get(name) != expected.get(name):
            yield Broken(name, {"expected": expected.get(name, "not there"), "stands": stands.get(name, "not there")})


#: Each period's transfers lie in a partition of their own, behind the same walls as the whole table.
PARTITIONS = every(
    rows(
        "partition of period {id}",
        """
        SELECT p.id, p.label, c.relname FROM period p
        LEFT JOIN pg_class c ON c.relname = 'transfer_p' || p.id AND c.relnamespace = 'public'::regnamespace
        LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'transfer'::regclass
        WHERE p.id > 0 AND (i.inhrelid IS NULL OR pg_get_expr(c.relpartbound, c.oid)
            NOT IN (format('FOR VALUES FROM (%s) TO (%s)', p.id, p.id + 1),
                format('FOR VALUES FROM (''%s'') TO (''%s'')', p.id, p.id + 1)))
        """,
    ),
    rows(
        "partition {relname}",
        """
        SELECT c.relname, pg_get_userbyid(c.relowner) AS owner, c.relacl::text AS grants,
            (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p')) AS held,
            (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgparentid <> 0 AND t.tgenabled = 'O'
                AND NOT t.tgisinternal) AS triggers, NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
                AND t.tgtype & 32 = 32 AND t.tgenabled = 'O') AS may_be_emptied
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class whole ON whole.oid = i.inhparent
        WHERE whole.relname = 'transfer' AND (c.relowner <> whole.relowner
            OR EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner
                AND (pg_get_userbyid(a.grantee), a.privilege_type) <> (:app, 'INSERT'))
            OR has_table_privilege(:app, c.oid, 'INSERT') AND EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = whole.oid AND t.tgtype & 37 = 4 AND NOT EXISTS (SELECT FROM pg_trigger own
                    WHERE own.tgrelid = c.oid AND (own.tgfoid, own.tgtype) = (t.tgfoid, t.tgtype)
                    AND own.tgenabled = 'O'))
            OR (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = whole.oid AND k.contype IN ('c', 'f', 'p'))
                > (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p'))
            OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = whole.oid AND NOT t.tgisinternal
                AND t.tgtype & 1 = 1 AND NOT EXISTS (SELECT FROM pg_trigger own
                    WHERE own.tgparentid = t.oid AND own.tgrelid = c.oid AND own.tgenabled = 'O'))
            OR NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid AND f.proname = 'refuse_change'
                WHERE t.tgrelid = c.oid AND t.tgtype & 32 = 32 AND t.tgenabled = 'O'))
        """,
        app=APP,
    ),
)

#: The application owns nothing and is above nothing; the auditor writes nothing.
ROLES = every(
    rows(
        "role {rolname}",
        """
        SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication
        FROM pg_roles r WHERE r.rolname = ANY (:roles) AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
            OR r.rolcreatedb OR r.rolreplication)
        """,
        roles=[APP, AUDITOR, OWNER],
    ),
    rows(
        "role {role}",
        """
        SELECT role, string_agg(above.rolname, ', ' ORDER BY above.rolname) AS acts_as
        FROM unnest(CAST(:roles AS text[])) AS role
        JOIN pg_roles above ON above.rolname <> role AND pg_has_role(role, above.oid, 'MEMBER') GROUP BY role
        """,
        roles=[APP, AUDITOR],
    ),
    rows(
        "{owner} owns {name}",
        """
        SELECT pg_get_userbyid(relowner) AS owner, relname AS name FROM pg_class
        WHERE pg_get_userbyid(relowner) = ANY (:roles)
        UNION ALL SELECT pg_get_userbyid(proowner), proname FROM pg_proc WHERE pg_get_userbyid(proowner) = ANY (:roles)
        UNION ALL SELECT pg_get_userbyid(nspowner), nspname FROM pg_namespace
            WHERE pg_get_userbyid(nspowner) = ANY (:roles)
        UNION ALL SELECT pg_get_userbyid(datdba), datname FROM pg_database
            WHERE pg_get_userbyid(datdba) = ANY (:roles)
        """,
        roles=[APP, AUDITOR],
    ),
    rows(
        "{role} may write {name}",
        """
        SELECT CAST(:auditor AS text) AS role, c.relname AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND (has_table_privilege(:auditor, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                OR has_any_column_privilege(:auditor, c.oid, 'INSERT, UPDATE'))
        """,
        auditor=AUDITOR,
    ),
    rows(
        "{role} may make temporary tables",
        """
        SELECT role FROM unnest(CAST(:roles AS text[])) AS role
        WHERE has_database_privilege(role, current_database(), 'TEMPORARY')
        """,
        roles=[APP, AUDITOR],
    ),
)

SETTINGS = every(
    rows(
        "setting {name}",
        """
        SELECT name, setting AS stands, 'on' AS expected FROM pg_settings
        WHERE name IN ('fsync', 'full_page_writes', 'data_checksums', 'synchronous_commit')
            AND setting NOT IN ('on', 'remote_apply', 'remote_write')
        """,
    ),
    rows(
        "settings of {place}",
        """
        SELECT coalesce(r.rolname, 'every role') || ' in ' || coalesce(d.datname, 'every database') AS place,
            array_to_string(s.setconfig, ', ') AS changed
        FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
        LEFT JOIN pg_database d ON d.oid = s.setdatabase
        WHERE (s.setrole = 0 OR r.rolname = ANY (:roles)) AND (s.setdatabase = 0 OR d.datname = current_database())
            AND EXISTS (SELECT FROM unnest(s.setconfig) AS changed WHERE split_part(changed, '=', 1) IN (
                'session_replication_role', 'row_security', 'synchronous_commit', 'default_transaction_isolation',
                'search_path', 'role', 'session_authorization', 'TimeZone', 'timezone'))
        """,
        roles=[APP, AUDITOR, OWNER],
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-A4",
        "表、约束、触发器、行级安全策略、函数与授权，与迁移脚本所建完全一致；每个账期的分区同样受保护",
        "Tables, constraints, triggers, row security, functions and grants are what the migrations make, nothing less "
        "and nothing more; every period's partition stands behind the same walls",
        every(walls_stand, PARTITIONS),
    ),
    Invariant(
        "INV-A5",
        "应用角色不是所有者、不是超级用户、不能绕过行级安全，也不能建临时表；审计角色不能写入任何表",
        "The application's role owns nothing, is no superuser, bypasses no row security and makes no temporary table; "
        "the auditor's role can write to nothing",
        ROLES,
    ),
    Invariant(
        "INV-A8",
        "数据库时钟没有被拨动",
        "The database's clock runs true: its offset is zero",
        rows("clock", "SELECT ahead::text AS ahead FROM clock_offset WHERE ahead <> interval '0'"),
    ),
    Invariant(
        "INV-A9",
        "服务器按可靠方式落盘（校验和、fsync、整页写入、同步提交），任何角色或数据库都没有改变安全相关设置",
        "The server writes safely (checksums, fsync, full pages, synchronous commit), and no role or database has a "
        "setting of its own that weakens it",
        SETTINGS,
    ),
)
