"""Parties, the audit log, the calendar, kept papers, and the clock of the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls
from core.migrations.pieces.log_functions import PLACE_EVENTS

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'GB001';
END $$
"""

# What the database takes for now. The offset is zero but in tests and while the demo's story is told; only the owner
# can change it, and `gongbao verify` says so where it is not zero.
CITY_CLOCK = """
CREATE FUNCTION gongbao_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT clock_timestamp() + (SELECT ahead FROM public.clock_offset)
$$
"""

# Whoever holds a paper's code holds the paper: the one narrow way past the wall before the papers of one insurer. What
# was kept together of a statement is verified together.
PAPERS_BY_CODE = """
CREATE FUNCTION papers_by_code(wanted text) RETURNS SETOF public.paper
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.* FROM public.paper h JOIN public.paper p
        ON p.id = h.id OR h.subject_kind = 'statement' AND (p.subject_kind, p.subject_id) = ('statement', h.subject_id)
    WHERE h.code = $1 ORDER BY p.id
$$
"""

# Whoever holds a kept file, byte for byte, holds the paper too.
PAPERS_BY_DIGEST = """
CREATE FUNCTION papers_by_digest(wanted text) RETURNS SETOF public.paper
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.* FROM public.paper p WHERE p.digest = $1 ORDER BY p.id
$$
"""


def upgrade() -> None:
    op.execute("GRANT USAGE ON SCHEMA public TO gongbao_app, gongbao_auditor")
    op.execute(REFUSE_CHANGE)
    op.execute("CREATE TABLE clock_offset (one boolean PRIMARY KEY DEFAULT true CHECK (one), ahead interval NOT NULL)")
    op.execute("INSERT INTO clock_offset (ahead) VALUES (interval '0')")
    op.execute("GRANT SELECT ON clock_offset, alembic_version TO gongbao_app, gongbao_auditor")
    op.execute(CITY_CLOCK)
    _make_calendar_day()
    _make_paper()
    op.execute(PAPERS_BY_CODE)
    op.execute("REVOKE ALL ON FUNCTION papers_by_code(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION papers_by_code(text) TO gongbao_app")
    op.execute(PAPERS_BY_DIGEST)
    op.execute("REVOKE ALL ON FUNCTION papers_by_digest(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION papers_by_digest(text) TO gongbao_app")
    _make_audit_event()
    _make_audit_head()
    _make_audit_node()
    _make_organisation()
    _make_person()
    _make_audit_leaf()
    _make_audit_pending()
    op.execute(PLACE_EVENTS)
    _make_mandate()
    walls.append_only("audit_event", "audit_leaf", "audit_node", "audit_head", "paper")
    walls.editable("organisation", "person", "mandate", "calendar_day")
    walls.editable("audit_pending", delete=True)


def _make_calendar_day() -> None:
    """The table `calendar_day`."""
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('official', 'provisional')", name=op.f("ck_calendar_day_status")),
        sa.CheckConstraint("length(source) BETWEEN 1 AND 200", name=op.f("ck_calendar_day_source_length")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )


def _make_paper() -> None:
    """The table `paper`."""
    op.create_table(
        "paper",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_paper_digest")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_paper_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("code", name=op.f("uq_paper_code")),
    )
    op.create_index("ix_paper_subject", "paper", ["subject_kind", "subject_id"])
    op.create_index("ix_paper_digest", "paper", ["digest"])


def _make_audit_event() -> None:
    """The table `audit_event`."""
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )


def _make_audit_head() -> None:
    """The table `audit_head`."""
    op.create_table(
        "audit_head",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_head")),
    )


def _make_audit_node() -> None:
    """The table `audit_node`."""
    op.create_table(
        "audit_node",
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("node_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_audit_node")),
    )


def _make_organisation() -> None:
    """The table `organisation`."""
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("group_id <> id", name=op.f("ck_organisation_group")),
        sa.ForeignKeyConstraint(["group_id"], ["organisation.id"], name=op.f("fk_organisation_group_id")),
        sa.CheckConstraint(
            "kind IN ('bureau', 'insurer', 'community', 'repairer', 'platform')",
            name=op.f("ck_organisation_kind"),
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_organisation_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
        sa.UniqueConstraint("uscc", name=op.f("uq_organisation_uscc")),
    )


def _make_person() -> None:
    """The table `person`."""
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )


def _make_audit_leaf() -> None:
    """The table `audit_leaf`."""
    op.create_table(
        "audit_leaf",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("index >= 0", name=op.f("ck_audit_leaf_index")),
        sa.CheckConstraint("length(leaf_hash) = 32", name=op.f("ck_audit_leaf_hash")),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_leaf_event_id")),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_audit_leaf")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_leaf_event_id")),
    )


def _make_audit_pending() -> None:
    """The table `audit_pending`."""
    op.create_table(
        "audit_pending",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(leaf_hash) = 32", name=op.f("ck_audit_pending_hash")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_pending")),
    )


def _make_mandate() -> None:
    """The table `mandate`."""
    op.create_table(
        "mandate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_mandate_term")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_mandate_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mandate_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.UniqueConstraint(
            "person_id",
            "organisation_id",
            "role",
            "valid_from",
            name=op.f("uq_mandate_person_id_organisation_id_role_valid_from"),
        ),
    )
    op.create_index(op.f("ix_mandate_organisation_id"), "mandate", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_mandate_person_id"), "mandate", ["person_id"], unique=False)
    op.create_index("ix_audit_event_object", "audit_event", ["object_kind", "object_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_mandate_person_id"), table_name="mandate")
    op.drop_index(op.f("ix_mandate_organisation_id"), table_name="mandate")
    op.drop_table("mandate")
    op.execute("DROP FUNCTION place_events(integer, bigint, boolean)")
    op.drop_table("audit_pending")
    op.drop_table("audit_leaf")
    op.drop_table("person")
    op.drop_table("organisation")
    op.drop_table("audit_node")
    op.drop_table("audit_head")
    op.drop_table("audit_event")
    op.execute("DROP FUNCTION papers_by_digest(text)")
    op.execute("DROP FUNCTION papers_by_code(text)")
    op.drop_table("paper")
    op.drop_table("calendar_day")
    op.execute("DROP FUNCTION gongbao_now()")
    op.execute("DROP TABLE clock_offset")
    op.execute("DROP FUNCTION refuse_change()")
