"""Whom claims are paid to: the payees of a pool, whose accounts two persons of the lead vouch for, and each claim's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import walls
from core.migrations.pieces import payee_functions

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_payee()
    walls.append_only("payee")
    walls.rows_of_one_insurer("payee", using=_OF_THE_POOL, check=walls.LED)
    op.create_foreign_key(op.f("fk_bank_account_payee_id"), "bank_account", "payee", ["payee_id"], ["id"])
    accounts = f"payee_id IS NOT NULL AND {walls.LED}"
    op.execute(
        f"CREATE POLICY bank_account_payee ON bank_account TO gongbao_app USING ({accounts}) WITH CHECK ({accounts})"
    )
    op.add_column("claim", sa.Column("payee_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_claim_payee_id"), "claim", "payee", ["payee_id"], ["id"])
    op.execute(payee_functions.CLAIM_PAYEE)
    op.execute(
        "CREATE TRIGGER claim_payee BEFORE INSERT OR UPDATE OF payee_id ON claim"
        " FOR EACH ROW EXECUTE FUNCTION check_claim_payee()"
    )


def _make_payee() -> None:
    """The table `payee`."""
    op.create_table(
        "payee",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('repairer', 'community', 'other')", name=op.f("ck_payee_kind")),
        sa.CheckConstraint("length(btrim(name)) BETWEEN 1 AND 140", name=op.f("ck_payee_name")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_payee_organisation_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_payee_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee")),
        sa.UniqueConstraint("pool_id", "name", name=op.f("uq_payee_pool_id_name")),
    )


#: True for whoever is a member of the payee's pool, or reads every insurer's rows.
_OF_THE_POOL = (
    "(current_setting('gongbao.sees_all', true) = 'yes' OR EXISTS (SELECT FROM public.share s"
    " WHERE s.pool_id = payee.pool_id"
    " AND s.organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid))"
)


def downgrade() -> None:
    op.execute("DROP TRIGGER claim_payee ON claim")
    op.drop_column("claim", "payee_id")
    op.execute("DROP FUNCTION check_claim_payee()")
    op.execute("DROP POLICY bank_account_payee ON bank_account")
    _take_away()
    op.drop_constraint(op.f("fk_bank_account_payee_id"), "bank_account", type_="foreignkey")
    op.drop_table("payee")


def _take_away() -> None:
    """Take the accounts of payees away, and the batches that pay them with what shows them."""
    tables = ("bank_match", "payment_line", "payment_file", "payment_batch", "bank_account")
    for table in tables:
        # The owner is behind the wall too.
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    batches = "SELECT id FROM payment_batch WHERE kind = 'claim'"
    op.execute(
        f"DELETE FROM bank_match WHERE payment_id IN (SELECT id FROM payment_line WHERE batch_id IN ({batches}))"
    )
    for table in ("payment_line", "payment_file"):
        op.execute(f"DELETE FROM {table} WHERE batch_id IN ({batches})")
    op.execute("DELETE FROM payment_batch WHERE kind = 'claim'")
    op.execute("DELETE FROM bank_account WHERE payee_id IS NOT NULL")
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
