"""The tables of lists that are sent: of any kind the list and what is wrong with it; of claims its rows too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls

#: How far a list has come moves; what was sent stands.
_MOVING = "stage, line_count, fault_count, approved_at, approved_by, posted_at, stopped_code, stopped_facts, version"


def make_kind(name: str, own: Sequence[sa.Column[object]], own_checks: Mapping[str, str], moving: str) -> None:
    """A kind of list with what is wrong with its lists; `moving` are its own columns that change."""
    make_sent_list(name, own, own_checks)
    make_sent_fault(name)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ({_MOVING}, {moving}) ON {name} TO gongbao_app")
    op.execute(f"GRANT SELECT ON {name} TO gongbao_auditor")
    walls.append_only(f"{name}_fault")
    walls.rows_of_one_insurer(name, using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer(f"{name}_fault", using=f"list_id IN (SELECT l.id FROM public.{name} l)")


def make_sent_list(name: str, own: Sequence[sa.Column[object]], own_checks: Mapping[str, str]) -> None:
    """The table of a kind of list: what every kind has, and its own columns and checks."""
    checks = {
        "stage": "stage IN ('reading', 'faulty', 'checked', 'approved', 'posted', 'discarded')",
        "digest": "digest ~ '^[0-9a-f]{64}$'",
        "four_eyes": "approved_by <> made_by",
        "approved": "(stage IN ('approved', 'posted')) = (approved_at IS NOT NULL)",
        "posted": "(stage = 'posted') = (posted_at IS NOT NULL)",
        "stopped": "(stopped_code IS NULL) = (stopped_facts IS NULL)"
        " AND (stopped_code IS NULL OR stage IN ('checked', 'discarded'))",
        "counts": "line_count >= 0 AND fault_count >= 0",
        **own_checks,
    }
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("fault_count", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_code", sa.Text(), nullable=True),
        sa.Column("stopped_facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *own,
        *(sa.CheckConstraint(check, name=op.f(f"ck_{name}_{label}")) for label, check in checks.items()),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f(f"fk_{name}_pool_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f(f"fk_{name}_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    is_current = sa.text("stage NOT IN ('discarded', 'faulty')")
    op.create_index(f"uq_{name}_digest", name, ["pool_id", "digest"], unique=True, postgresql_where=is_current)


def make_sent_fault(name: str) -> None:
    """The table of what is wrong with the lists of a kind."""
    op.create_table(
        f"{name}_fault",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], [f"{name}.id"], name=op.f(f"fk_{name}_fault_list_id")),
        sa.PrimaryKeyConstraint("list_id", "line", "place", name=op.f(f"pk_{name}_fault")),
    )


def make_claims_list_row() -> None:
    """The table `claims_list_row`."""
    op.create_table(
        "claims_list_row",
        sa.Column("claims_list_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("fault_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("allowed_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "asked_fen > 0 AND allowed_fen BETWEEN 0 AND asked_fen", name=op.f("ck_claims_list_row_amounts")
        ),
        sa.ForeignKeyConstraint(["claims_list_id"], ["claims_list.id"], name=op.f("fk_claims_list_row_claims_list_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_claims_list_row_policy_id")),
        sa.ForeignKeyConstraint(["fault_id"], ["fault.id"], name=op.f("fk_claims_list_row_fault_id")),
        sa.PrimaryKeyConstraint("claims_list_id", "line", name=op.f("pk_claims_list_row")),
    )
