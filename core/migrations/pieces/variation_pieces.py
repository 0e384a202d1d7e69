"""The tables of proposed changes of an agreement and of the consents to them, and what keeps them; step 0015."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def make_variation() -> None:
    """The table `variation`."""
    op.create_table(
        "variation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("base_number", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("settled_apart", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_step_up", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_why", sa.Text(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('proposed', 'concluded', 'declined', 'withdrawn', 'lapsed')", name=op.f("ck_variation_stage")
        ),
        sa.CheckConstraint("ends_on - effective_on BETWEEN 1 AND 3653", name=op.f("ck_variation_window")),
        sa.CheckConstraint("length(btrim(reason)) > 0 AND length(reason) <= 500", name=op.f("ck_variation_reason")),
        sa.CheckConstraint("(stage = 'proposed') = (decided_at IS NULL)", name=op.f("ck_variation_decided")),
        sa.CheckConstraint(
            "(stage = 'declined') = (declined_why IS NOT NULL) AND length(declined_why) BETWEEN 1 AND 500",
            name=op.f("ck_variation_declined"),
        ),
        sa.CheckConstraint("(stage = 'concluded') = (agreement_id IS NOT NULL)", name=op.f("ck_variation_made")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_variation_pool_id")),
        sa.ForeignKeyConstraint(
            ["pool_id", "base_number"],
            ["agreement.pool_id", "agreement.number"],
            name=op.f("fk_variation_pool_id_base_number"),
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_variation_organisation_id")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_variation_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variation")),
        sa.UniqueConstraint("agreement_id", name=op.f("uq_variation_agreement_id")),
    )
    op.create_index(
        "uq_variation_open", "variation", ["pool_id"], unique=True, postgresql_where=sa.text("stage = 'proposed'")
    )


def make_variation_consent() -> None:
    """The table `variation_consent`."""
    op.create_table(
        "variation_consent",
        sa.Column("variation_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("said_by", sa.Uuid(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["variation_id"], ["variation.id"], name=op.f("fk_variation_consent_variation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_variation_consent_organisation_id")
        ),
        sa.PrimaryKeyConstraint("variation_id", "organisation_id", name=op.f("pk_variation_consent")),
    )


# Who has to consent: the members of the version that is changed, and the bureau of the tender that the pool comes from.
_ASKED = """(
    SELECT s.organisation_id FROM public.share s WHERE (s.pool_id, s.number) = (v.pool_id, v.base_number)
    UNION SELECT t.organisation_id FROM public.pool p JOIN public.tender t ON t.id = p.tender_id WHERE p.id = v.pool_id
)"""

# A change stands as it was proposed; it is concluded only with the consent of all, and then is the next version. It
# lapses once it is too late for it, or another version was made.
KEEP_VARIATION = f"""
CREATE FUNCTION keep_variation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    deciding constant text[] := ARRAY['stage', 'decided_by', 'decided_at', 'declined_why', 'agreement_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'proposed' OR NEW.base_number
            <> (SELECT max(number) FROM public.agreement WHERE pool_id = NEW.pool_id) THEN
            RAISE EXCEPTION 'a change is proposed of the last version of an agreement' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'proposed' OR to_jsonb(OLD) - deciding <> to_jsonb(NEW) - deciding THEN
        RAISE EXCEPTION 'change % of an agreement stands as it is', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF NEW.stage = 'concluded' AND (EXISTS (
        SELECT FROM public.variation v CROSS JOIN LATERAL {_ASKED} a WHERE v.id = NEW.id AND NOT EXISTS (
            SELECT FROM public.variation_consent c
            WHERE (c.variation_id, c.organisation_id) = (v.id, a.organisation_id))
    ) OR NOT EXISTS (
        SELECT FROM public.agreement g WHERE g.id = NEW.agreement_id
        AND (g.pool_id, g.number, g.effective_on, g.ends_on)
            = (NEW.pool_id, NEW.base_number + 1, NEW.effective_on, NEW.ends_on)
    )) THEN
        RAISE EXCEPTION 'change % of an agreement has not the consent of all', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF NEW.stage = 'lapsed' AND (NEW.decided_at AT TIME ZONE 'Asia/Shanghai')::date < NEW.effective_on
        AND NEW.base_number = (SELECT max(number) FROM public.agreement WHERE pool_id = NEW.pool_id) THEN
        RAISE EXCEPTION 'change % of an agreement can still be concluded', OLD.id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# Only a party consents, and only while the change is proposed.
KEEP_CONSENT = f"""
CREATE FUNCTION check_variation_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.variation v CROSS JOIN LATERAL {_ASKED} a
        WHERE v.id = NEW.variation_id AND v.stage = 'proposed' AND a.organisation_id = NEW.organisation_id) THEN
        RAISE EXCEPTION 'only a party consents to a proposed change' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""
