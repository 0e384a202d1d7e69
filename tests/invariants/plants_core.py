"""Corruptions of the log, the walls, the roles, the clock and the kept files."""

from __future__ import annotations

import io
import json

from sqlalchemy import Connection, text

from tests.invariants.planting import Plant, plant
from tests.invariants.story import Story
from web.statement_paper import CONFIRMATION, FILES

_LAST = "(SELECT max(index) FROM audit_leaf)"
_POSTED = "(SELECT id FROM audit_event WHERE action = 'entry.posted' ORDER BY id LIMIT 1)"
_LARGEST_HEAD = "(SELECT max(size) FROM audit_head)"


def _with_another_file(kind: str, change: object) -> object:
    """Return the deed that keeps a changed file in the place of a statement's."""

    def deed(connection: Connection, story: Story) -> None:
        query = text("SELECT digest FROM paper WHERE kind = :kind ORDER BY name LIMIT 1")
        digest = connection.scalar(query, {"kind": kind})
        with story.files.store.open(digest) as file:
            body = change(file.read())  # type: ignore[operator]
        changed, size = story.files.store.put(io.BytesIO(body), limit=1 << 26)
        connection.execute(
            text("UPDATE paper SET digest = :changed, size = :size WHERE digest = :digest"),
            {"changed": changed, "size": size, "digest": digest},
        )
        if kind in (FILES["pdf"].kind, CONFIRMATION.kind):
            log = "UPDATE audit_event SET facts = jsonb_set(facts, '{sha256}', to_jsonb(CAST(:changed AS text)))"
            connection.execute(
                text(f"{log} WHERE facts ->> 'sha256' = :digest"), {"changed": changed, "digest": digest}
            )

    return deed


def _other_balance(body: bytes) -> bytes:
    data = json.loads(body)
    data["balance_fen"] += 1
    return json.dumps(data).encode()


def _other_line(body: bytes) -> bytes:
    data = json.loads(body)
    data["lines"][0]["amount_fen"] += 1
    data["lines"][1]["amount_fen"] -= 1
    return json.dumps(data).encode()


LOG: tuple[Plant, ...] = (
    plant("INV-A1", "a subtree's hash", "UPDATE audit_node SET node_hash = sha256('x') WHERE (level, index) = (1, 0)"),
    plant("INV-A1", "a subtree gone", "DELETE FROM audit_node WHERE (level, index) = (2, 0)"),
    plant("INV-A1", "a leaf exchanged", "UPDATE audit_leaf SET leaf_hash = sha256('x') WHERE index = 5"),
    plant("INV-A1", "a head's root", f"UPDATE audit_head SET root = sha256('x') WHERE size = {_LARGEST_HEAD}"),
    plant(
        "INV-A1",
        "a head's signature",
        "UPDATE audit_head SET signature = set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)",
    ),
    plant(
        "INV-A1",
        "the log cut back behind a head, places and all",
        "INSERT INTO audit_pending SELECT event_id, leaf_hash FROM audit_leaf WHERE index >= 10",
        "DELETE FROM audit_leaf WHERE index >= 10",
        "DELETE FROM audit_node WHERE (index + 1) << level::int > 10",
    ),
    plant("INV-A2-log", "a fact", f"UPDATE audit_event SET facts = facts || '{{\"x\": 1}}' WHERE id = {_POSTED}"),
    plant(
        "INV-A2-log", "an instant", f"UPDATE audit_event SET at = at + interval '1 microsecond' WHERE id = {_POSTED}"
    ),
    plant("INV-A2-log", "a person", f"UPDATE audit_event SET person_id = gen_random_uuid() WHERE id = {_POSTED}"),
    plant("INV-A2-log", "a party removed", "DELETE FROM organisation WHERE name = '示例共保体丁财险'"),
    plant("INV-A2-log", "a person removed", "DELETE FROM person WHERE name = '专家1'"),
    plant("INV-A3", "a gap", f"UPDATE audit_leaf SET index = index + 1 WHERE index = {_LAST}"),
    plant("INV-A3", "an event without a place", f"DELETE FROM audit_leaf WHERE index = {_LAST}"),
    plant(
        "INV-A3", "an event that waits and has a place", f"INSERT INTO audit_pending VALUES ({_POSTED}, sha256('x'))"
    ),
    plant("INV-A3", "what waits and is no event", "INSERT INTO audit_pending VALUES (gen_random_uuid(), sha256('x'))"),
    plant("INV-A3", "a place without an event", f"DELETE FROM audit_event WHERE id = {_POSTED}"),
    plant(
        "INV-A3",
        "an event beside the log",
        "INSERT INTO audit_event SELECT gen_random_uuid(), at, action, person_id, organisation_id, role, object_kind,"
        f" object_id, facts FROM audit_event WHERE id = {_POSTED}",
    ),
    plant(
        "INV-A3",
        "a head signed before a smaller one",
        f"UPDATE audit_head SET signed_at = signed_at - interval '10 years' WHERE size = {_LARGEST_HEAD}",
    ),
)

WALLS: tuple[Plant, ...] = (
    plant("INV-A4", "a trigger gone", "DROP TRIGGER transfer_append_only ON transfer"),
    plant("INV-A4", "a trigger asleep", "ALTER TABLE sealed_bid DISABLE TRIGGER sealed_bid_stamp_bid"),
    plant("INV-A4", "row security not forced", "ALTER TABLE statement NO FORCE ROW LEVEL SECURITY"),
    plant("INV-A4", "row security off", "ALTER TABLE opened_part DISABLE ROW LEVEL SECURITY"),
    plant("INV-A4", "a policy gone", "DROP POLICY statement_own ON statement"),
    plant("INV-A4", "a wider policy beside", "CREATE POLICY wide ON bid TO gongbao_app USING (true)"),
    plant("INV-A4", "a policy wider", "ALTER POLICY cash_call_own ON cash_call USING (true)"),
    plant("INV-A4", "a grant to change", "GRANT UPDATE ON entry TO gongbao_app"),
    plant("INV-A4", "a grant to empty", "GRANT TRUNCATE ON audit_event TO gongbao_app"),
    plant("INV-A4", "a grant on a column", "GRANT UPDATE (amount_fen) ON stream_item TO gongbao_app"),
    plant("INV-A4", "a grant to everyone", "GRANT EXECUTE ON FUNCTION open_period TO PUBLIC"),
    plant("INV-A4", "a constraint gone", "ALTER TABLE claim DROP CONSTRAINT ck_claim_four_eyes"),
    plant(
        "INV-A4",
        "a function with another body",
        "CREATE OR REPLACE FUNCTION stamp_bid() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ),
    plant(
        "INV-A4",
        "a function that acts as its owner",
        "CREATE FUNCTION door() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    ),
    plant("INV-A4", "a rule", "CREATE RULE quiet AS ON DELETE TO entry DO INSTEAD NOTHING"),
    plant("INV-A4", "another step of the schema", "UPDATE alembic_version SET version_num = '0001'"),
    plant("INV-A4", "a table beside", "CREATE TABLE beside (one int)"),
    plant("INV-A4", "a column of another type", "ALTER TABLE refund ALTER COLUMN vat_fen TYPE numeric"),
    plant(
        "INV-A4",
        "a period without its partition",
        "ALTER TABLE transfer DETACH PARTITION transfer_p3",
    ),
    plant("INV-A4", "a partition open to all", "GRANT SELECT ON transfer_p1 TO gongbao_app"),
    plant("INV-A4", "a partition's trigger asleep", "ALTER TABLE transfer_p1 DISABLE TRIGGER transfer_append_only"),
    plant("INV-A4", "a partition's watch gone", "DROP TRIGGER transfer_p1_whole ON transfer_p1"),
    plant("INV-A4", "a partition that may be emptied", "DROP TRIGGER transfer_p1_no_truncate ON transfer_p1"),
    plant(
        "INV-A4", "the rehearsals' may be emptied", "DROP TRIGGER transfer_rehearsal_no_truncate ON transfer_rehearsal"
    ),
    plant(
        "INV-A5",
        "temporary tables for the application",
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO gongbao_app', current_database()); END $$",
    ),
    plant("INV-A5", "row security bypassed", "ALTER ROLE gongbao_app BYPASSRLS"),
    plant("INV-A5", "a superuser", "ALTER ROLE gongbao_app SUPERUSER"),
    plant("INV-A5", "an owner", "ALTER TABLE claim OWNER TO gongbao_app"),
    plant("INV-A5", "a member of the owner", "GRANT gongbao_owner TO gongbao_app"),
    plant("INV-A5", "an auditor that writes", "GRANT INSERT ON entry TO gongbao_auditor"),
    plant("INV-A5", "an auditor that changes a column", "GRANT UPDATE (stage) ON tender TO gongbao_auditor"),
    plant("INV-A8", "an hour ahead", "UPDATE clock_offset SET ahead = interval '1 hour'"),
    plant("INV-A8", "a second behind", "UPDATE clock_offset SET ahead = interval '-1 second'"),
    plant("INV-A8", "a microsecond ahead", "UPDATE clock_offset SET ahead = interval '1 microsecond'"),
    plant("INV-A9", "triggers asleep for a role", "ALTER ROLE gongbao_app SET session_replication_role = replica"),
    plant("INV-A9", "row security off for a role", "ALTER ROLE gongbao_auditor SET row_security = off"),
    plant(
        "INV-A9",
        "commits not waited for in the database",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    ),
    plant("INV-A9", "commits not waited for", "SET LOCAL synchronous_commit = off"),
)

_CONFIRMED = "kind = 'statement_confirmation'"

KEPT: tuple[Plant, ...] = (
    plant("INV-A6", "another digest", "UPDATE paper SET digest = repeat('0', 64) WHERE kind = 'note'"),
    plant("INV-A6", "another size", "UPDATE paper SET size = size + 1 WHERE name = '1.txt'"),
    plant("INV-A6", "a sealed bid's file", "UPDATE sealed_bid SET digest = repeat('1', 64) WHERE number = 2"),
    plant("INV-S2", "a file of five gone", "DELETE FROM paper WHERE kind = 'statement_items'"),
    plant(
        "INV-S2",
        "another member's file",
        "UPDATE paper SET organisation_id = gen_random_uuid() WHERE kind = 'statement_xlsx'",
    ),
    plant("INV-S2", "files of a statement that is gone", "DELETE FROM statement WHERE stage = 'settled'"),
    plant(
        "INV-S2",
        "a paper that the log does not know",
        "UPDATE audit_event SET facts = '{}' WHERE action = 'statement.papers_kept'",
    ),
    plant("INV-S2", "another balance", _with_another_file("statement_json", _other_balance)),  # type: ignore[arg-type]
    plant("INV-S2", "other lines", _with_another_file("statement_json", _other_line)),  # type: ignore[arg-type]
    plant(
        "INV-S2",
        "an item cut off",
        _with_another_file("statement_items", lambda body: b"\r\n".join(body.split(b"\r\n")[:-2]) + b"\r\n"),  # type: ignore[arg-type]
    ),
    plant(
        "INV-S2",
        "a paper with more after its signature",
        _with_another_file("statement_pdf", lambda body: body + b"\n% more\n"),  # type: ignore[arg-type]
    ),
    plant(
        "INV-S6", "another's confirmation", f"UPDATE paper SET organisation_id = gen_random_uuid() WHERE {_CONFIRMED}"
    ),
    plant(
        "INV-S6", "before the agreement", f"UPDATE paper SET made_at = made_at - interval '1 day' WHERE {_CONFIRMED}"
    ),
    plant("INV-S6", "a confirmation gone", f"DELETE FROM paper WHERE {_CONFIRMED}"),
    plant(
        "INV-S6",
        "of a statement not agreed to",
        "UPDATE paper SET subject_id = (SELECT id::text FROM statement WHERE stage = 'issued' LIMIT 1)"
        f" WHERE {_CONFIRMED}",
    ),
    plant(
        "INV-S6",
        "more after its signature",
        _with_another_file("statement_confirmation", lambda body: body + b"\n% more\n"),  # type: ignore[arg-type]
    ),
    plant("INV-S2", "a workbook damaged", _with_another_file("statement_xlsx", lambda body: body[:-40])),  # type: ignore[arg-type]
)

PLANTS = (*LOG, *WALLS, *KEPT)
