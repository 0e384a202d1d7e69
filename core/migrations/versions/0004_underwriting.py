"""Pools, agreements, estates, policies, refunds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


# A lift is on one policy at a time: whoever puts it on a second one waits for the first, then is refused.
LIFT_COVERED_ONCE = """
CREATE FUNCTION check_lift_covered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM public.lift WHERE id = NEW.lift_id FOR UPDATE;
    IF EXISTS (
        SELECT 1 FROM public.policy_lift o
        WHERE o.lift_id = NEW.lift_id AND o.policy_id <> NEW.policy_id
          AND o.covered_from < NEW.covered_to AND o.covered_to > NEW.covered_from
    ) THEN
        RAISE EXCEPTION 'lift % is on another policy in that time', NEW.lift_id USING ERRCODE = 'GB005';
    END IF;
    RETURN NEW;
END $$
"""

# A policy is one of its pool's under one of its agreements, of a community that is there: looked at for all policies of
# a write together (docs/decisions/0019). None of the three ever goes away, and a policy does not change over to others.
POLICIES_WHOLE = """
CREATE FUNCTION check_policies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT pool_id, agreement_id FROM added) a
        WHERE NOT EXISTS (SELECT FROM public.agreement g WHERE (g.pool_id, g.id) = (a.pool_id, a.agreement_id))
    ) THEN
        RAISE EXCEPTION 'a policy is under an agreement of its own pool' USING ERRCODE = '23503';
    END IF;
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT community_id FROM added) a
        WHERE a.community_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.community c WHERE c.id = a.community_id)
    ) THEN
        RAISE EXCEPTION 'a policy is of a community that is there' USING ERRCODE = '23503';
    END IF;
    RETURN NULL;
END $$
"""

# From an award there is a pool only once the tender is contracted, of the award that stands, signed by all its parties.
POOL_OF_AWARD = """
CREATE FUNCTION check_pool_of_award() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.award_id IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM 1 FROM public.tender WHERE id = NEW.tender_id AND stage IN ('contracted', 'complete') FOR SHARE;
    IF NOT FOUND OR NOT agreement_is_signed(NEW.tender_id) THEN
        RAISE EXCEPTION 'not all have signed the agreement of award %', NEW.award_id USING ERRCODE = 'GB028';
    END IF;
    IF NEW.award_id <> (SELECT id FROM public.award WHERE tender_id = NEW.tender_id ORDER BY number DESC LIMIT 1) THEN
        RAISE EXCEPTION 'award % was replaced', NEW.award_id USING ERRCODE = 'GB030';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    _estates()
    _pools()
    _walls()


def _estates() -> None:
    """Communities, buildings, lifts."""
    op.create_table(
        "community",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("households >= 0", name=op.f("ck_community_households")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_community_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community")),
        sa.UniqueConstraint("district", "name", name=op.f("uq_community_district_name")),
    )
    op.create_index("ix_community_sort_key", "community", ["sort_key"], unique=False)
    op.create_table(
        "building",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_building_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("community_id", "name", name=op.f("uq_building_community_id_name")),
    )
    op.create_table(
        "lift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("in_service_on", sa.Date(), nullable=False),
        sa.Column("floors", sa.BigInteger(), nullable=False),
        sa.Column("repairer_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("floors BETWEEN 2 AND 200", name=op.f("ck_lift_floors")),
        sa.CheckConstraint("length(number) BETWEEN 1 AND 40", name=op.f("ck_lift_number")),
        sa.ForeignKeyConstraint(["building_id"], ["building.id"], name=op.f("fk_lift_building_id")),
        sa.ForeignKeyConstraint(["repairer_id"], ["organisation.id"], name=op.f("fk_lift_repairer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lift")),
        sa.UniqueConstraint("number", name=op.f("uq_lift_number")),
    )
    op.create_index(op.f("ix_lift_building_id"), "lift", ["building_id"], unique=False)
    op.create_index(op.f("ix_lift_repairer_id"), "lift", ["repairer_id"], unique=False)


def _pools() -> None:
    """Pools and their agreements, policies and refunds."""
    _make_pool()
    _make_agreement()
    _make_policy()
    _make_policy_lift()
    _make_refund()


def _make_pool() -> None:
    """The table `pool`."""
    op.create_table(
        "pool",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("tender_id", sa.Uuid(), nullable=True),
        sa.Column("formed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(award_id IS NULL) = (tender_id IS NULL)", name=op.f("ck_pool_award")),
        sa.ForeignKeyConstraint(
            ["award_id", "tender_id"], ["award.id", "award.tender_id"], name=op.f("fk_pool_award_id_tender_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["book.pool_id"], name=op.f("fk_pool_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["organisation.id"], name=op.f("fk_pool_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool")),
        sa.UniqueConstraint("award_id", name=op.f("uq_pool_award_id")),
        sa.UniqueConstraint("name", name=op.f("uq_pool_name")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_pool_tender_id")),
    )
    op.create_index(op.f("ix_pool_lead_id"), "pool", ["lead_id"], unique=False)


def _make_agreement() -> None:
    """The table `agreement`."""
    op.create_table(
        "agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("remittance", sa.Text(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("lead_fee_bp", sa.BigInteger(), nullable=False),
        sa.Column("vat_bp", sa.BigInteger(), nullable=False),
        sa.Column("lead_alone_limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("cash_call_from_fen", sa.BigInteger(), nullable=False),
        sa.Column("cash_call_due_days", sa.BigInteger(), nullable=False),
        sa.Column("settlement_days", sa.BigInteger(), nullable=False),
        sa.Column("late_interest_bp", sa.BigInteger(), nullable=False),
        sa.Column("day_count", sa.BigInteger(), nullable=False),
        sa.Column("lift_premium_fen", sa.BigInteger(), nullable=False),
        sa.Column("deductible_fen", sa.BigInteger(), nullable=False),
        sa.Column("deductible_bp", sa.BigInteger(), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("aggregate_limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("service_standard", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("collection IN ('lead', 'each')", name=op.f("ck_agreement_collection")),
        sa.CheckConstraint("remittance IN ('gross', 'net')", name=op.f("ck_agreement_remittance")),
        sa.CheckConstraint("effective_on < ends_on", name=op.f("ck_agreement_window")),
        sa.CheckConstraint(
            "lead_fee_bp >= 0 AND vat_bp >= 0 AND lead_alone_limit_fen >= 0 AND cash_call_from_fen >= 0 AND cash_call_due_days > 0 AND settlement_days > 0 AND late_interest_bp >= 0 AND day_count > 0 AND lift_premium_fen >= 0",
            name=op.f("ck_agreement_terms"),
        ),
        sa.CheckConstraint(
            "deductible_fen >= 0 AND deductible_bp BETWEEN 0 AND 10000 AND limit_fen >= 0 AND aggregate_limit_fen >= 0",
            name=op.f("ck_agreement_cover"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_agreement_pool_id_number"),
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_agreement_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("pool_id", "number", name=op.f("uq_agreement_pool_id_number")),
    )


def _make_policy() -> None:
    """The table `policy`."""
    op.create_table(
        "policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("community_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("inception_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("lift_count", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("vat_fen", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("written_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("remitted_on", sa.Date(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bound_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('bound', 'received', 'remitted', 'collected', 'taken')", name=op.f("ck_policy_stage")
        ),
        sa.CheckConstraint(
            "gross_fen BETWEEN 1 AND 1000000000000000 AND gross_fen = net_fen + vat_fen AND vat_fen >= 0",
            name=op.f("ck_policy_premium"),
        ),
        sa.CheckConstraint("inception_on < expires_on", name=op.f("ck_policy_term")),
        sa.CheckConstraint("remitted_on >= received_on", name=op.f("ck_policy_remitted")),
        sa.CheckConstraint("lift_count > 0", name=op.f("ck_policy_lift_count")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("number", name=op.f("uq_policy_number")),
    )
    op.create_index(op.f("ix_policy_community_id"), "policy", ["community_id"], unique=False)
    op.create_index("ix_policy_pool", "policy", ["pool_id", "inception_on"], unique=False)


def _make_policy_lift() -> None:
    """The table `policy_lift`."""
    op.create_table(
        "policy_lift",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("lift_id", sa.Uuid(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("covered_from", sa.Date(), nullable=False),
        sa.Column("covered_to", sa.Date(), nullable=False),
        sa.CheckConstraint("covered_from <= covered_to", name=op.f("ck_policy_lift_covered")),
        sa.CheckConstraint("gross_fen BETWEEN 1 AND 1000000000000000", name=op.f("ck_policy_lift_gross")),
        sa.ForeignKeyConstraint(["lift_id"], ["lift.id"], name=op.f("fk_policy_lift_lift_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_lift_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "lift_id", name=op.f("pk_policy_lift")),
    )
    op.create_index(op.f("ix_policy_lift_lift_id"), "policy_lift", ["lift_id"], unique=False)


def _make_refund() -> None:
    """The table `refund`."""
    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("vat_fen", sa.BigInteger(), nullable=False),
        sa.Column("is_collected", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("agreed_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("paid_by <> agreed_by", name=op.f("ck_refund_four_eyes")),
        sa.CheckConstraint("paid_on >= agreed_on", name=op.f("ck_refund_paid")),
        sa.CheckConstraint("stage IN ('agreed', 'paid', 'struck')", name=op.f("ck_refund_stage")),
        sa.CheckConstraint(
            "gross_fen BETWEEN 1 AND 1000000000000000 AND gross_fen = net_fen + vat_fen", name=op.f("ck_refund_amount")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_refund_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
    )
    op.create_index(op.f("ix_refund_policy_id"), "refund", ["policy_id"], unique=False)


def _walls() -> None:
    """Put up what keeps policies and pools as they were agreed."""
    walls.append_only("pool", "agreement")
    walls.editable("community", "building", "lift", "policy_lift", "refund")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (stage, written_entry_id, received_on, remitted_on, version) ON policy"
        " TO gongbao_app"
    )
    op.execute("GRANT SELECT ON policy TO gongbao_auditor")
    op.execute(POLICIES_WHOLE)
    op.execute(
        "CREATE TRIGGER policy_whole AFTER INSERT ON policy REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION check_policies()"
    )
    op.execute(LIFT_COVERED_ONCE)
    op.execute(POOL_OF_AWARD)
    op.execute("CREATE TRIGGER pool_of_award BEFORE INSERT ON pool FOR EACH ROW EXECUTE FUNCTION check_pool_of_award()")
    op.execute(
        "CREATE TRIGGER policy_lift_covered_once BEFORE INSERT OR UPDATE ON policy_lift"
        " FOR EACH ROW EXECUTE FUNCTION check_lift_covered_once()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_refund_policy_id"), table_name="refund")
    op.drop_table("refund")
    op.drop_index(op.f("ix_policy_lift_lift_id"), table_name="policy_lift")
    op.drop_table("policy_lift")
    op.drop_index("ix_policy_pool", table_name="policy")
    op.drop_index(op.f("ix_policy_community_id"), table_name="policy")
    op.drop_table("policy")
    op.drop_table("agreement")
    op.drop_index(op.f("ix_pool_lead_id"), table_name="pool")
    op.drop_table("pool")
    op.drop_index(op.f("ix_lift_repairer_id"), table_name="lift")
    op.drop_index(op.f("ix_lift_building_id"), table_name="lift")
    op.drop_table("lift")
    op.drop_table("building")
    op.drop_index("ix_community_sort_key", table_name="community")
    op.drop_table("community")
    op.execute("DROP FUNCTION check_lift_covered_once(), check_pool_of_award(), check_policies()")
