"""Faults, claims, cash calls, costs, recoveries, fees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import walls
from core.migrations.pieces import claim_functions

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("fault_number", "claim_number"):
        op.execute(sa.schema.CreateSequence(sa.Sequence(name)))
    _faults()
    _claims()
    _costs()
    _walls()


def _faults() -> None:
    """The lead's fees; faults and their steps."""
    _make_fee_charge()
    _make_fault()
    _make_fault_event()


def _make_fee_charge() -> None:
    """The table `fee_charge`."""
    op.create_table(
        "fee_charge",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("base_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("vat_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_fee_charge_organisation_id")),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_fee_charge_pool_id_number"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"], ["period.pool_id", "period.id"], name=op.f("fk_fee_charge_pool_id_period_id")
        ),
        sa.PrimaryKeyConstraint("pool_id", "number", "period_id", "organisation_id", name=op.f("pk_fee_charge")),
    )


def _make_fault() -> None:
    """The table `fault`."""
    op.create_table(
        "fault",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default=sa.text("nextval('fault_number')"), nullable=False),
        sa.Column("lift_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_trapped", sa.Boolean(), nullable=False),
        sa.Column("is_built_up", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("repaired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('reported', 'acknowledged', 'on_site', 'repaired', 'accepted', 'withdrawn')",
            name=op.f("ck_fault_stage"),
        ),
        sa.CheckConstraint("accepted_at >= repaired_at", name=op.f("ck_fault_accepted")),
        sa.CheckConstraint("acknowledged_at >= reported_at", name=op.f("ck_fault_acknowledged")),
        sa.CheckConstraint("arrived_at >= reported_at", name=op.f("ck_fault_arrived")),
        sa.CheckConstraint("length(description) BETWEEN 1 AND 2000", name=op.f("ck_fault_description")),
        sa.CheckConstraint("repaired_at >= reported_at AND repaired_at >= arrived_at", name=op.f("ck_fault_repaired")),
        sa.ForeignKeyConstraint(["lift_id"], ["lift.id"], name=op.f("fk_fault_lift_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fault")),
        sa.UniqueConstraint("number", name=op.f("uq_fault_number")),
    )
    op.create_index("ix_fault_lift", "fault", ["lift_id", "reported_at"], unique=False)
    op.create_index("ix_fault_reported_at", "fault", ["reported_at"], unique=False)
    op.create_index("ix_fault_stage", "fault", ["stage", "reported_at"], unique=False)


def _make_fault_event() -> None:
    """The table `fault_event`."""
    op.create_table(
        "fault_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fault_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["fault_id"], ["fault.id"], name=op.f("fk_fault_event_fault_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fault_event")),
    )
    op.create_index(op.f("ix_fault_event_fault_id"), "fault_event", ["fault_id"], unique=False)


def _claims() -> None:
    """Claims, what is called on them and who agreed."""
    _make_claim()
    _make_cash_call()
    _make_claim_agreement()


def _make_claim() -> None:
    """The table `claim`."""
    op.create_table(
        "claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("fault_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("estimate_fen", sa.BigInteger(), nullable=False),
        sa.Column("estimate_version", sa.BigInteger(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("topics", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=True),
        sa.Column("loss_fen", sa.BigInteger(), nullable=True),
        sa.Column("paid_before_fen", sa.BigInteger(), nullable=True),
        sa.Column("assessed_by", sa.Uuid(), nullable=True),
        sa.Column("estimated_by", sa.Uuid(), nullable=True),
        sa.Column("marked_by", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("approved_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("rejected_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("needs IN ('lead', 'all')", name=op.f("ck_claim_needs")),
        sa.CheckConstraint(
            "topics <@ ARRAY['ex_gratia', 'commutation', 'rescission', 'cover_disputed', 'litigation',"
            " 'fraud_suspected', 'regulatory_breach'] AND (needs = 'all' OR topics = '{}')",
            name=op.f("ck_claim_topics"),
        ),
        sa.CheckConstraint(
            "stage IN ('open', 'submitted', 'agreed', 'approved', 'called', 'paid', 'rejected')",
            name=op.f("ck_claim_stage"),
        ),
        sa.CheckConstraint(
            "(approved_entry_id IS NULL) = (payable_fen IS NULL) AND (paid_before_fen IS NULL) = (payable_fen IS NULL)"
            " AND (loss_fen IS NULL OR payable_fen IS NOT NULL)",
            name=op.f("ck_claim_approved"),
        ),
        sa.CheckConstraint(
            "approved_by <> made_by AND approved_by <> estimated_by AND approved_by <> assessed_by"
            " AND approved_by <> ALL (marked_by)",
            name=op.f("ck_claim_four_eyes"),
        ),
        sa.CheckConstraint("loss_fen >= payable_fen AND loss_fen <= estimate_fen", name=op.f("ck_claim_loss")),
        sa.CheckConstraint("paid_on >= approved_on", name=op.f("ck_claim_paid")),
        sa.CheckConstraint("estimate_fen > 0 AND estimate_fen <= 1000000000000000", name=op.f("ck_claim_estimate")),
        sa.CheckConstraint("payable_fen > 0 AND payable_fen <= estimate_fen", name=op.f("ck_claim_payable")),
        sa.ForeignKeyConstraint(["fault_id"], ["fault.id"], name=op.f("fk_claim_fault_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_claim_policy_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_claim_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("number", name=op.f("uq_claim_number")),
    )
    op.create_index(op.f("ix_claim_policy_id"), "claim", ["policy_id"], unique=False)
    op.create_index("ix_claim_pool", "claim", ["pool_id", "made_at"], unique=False)
    op.create_index(
        "uq_claim_fault", "claim", ["fault_id"], unique=True, postgresql_where=sa.text("stage <> 'rejected'")
    )


def _make_cash_call() -> None:
    """The table `cash_call`."""
    op.create_table(
        "cash_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("stage IN ('issued', 'received', 'taken')", name=op.f("ck_cash_call_stage")),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name=op.f("ck_cash_call_amount")),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_cash_call_due")),
        sa.CheckConstraint("received_on >= issued_on", name=op.f("ck_cash_call_received")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_cash_call_claim_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_cash_call_organisation_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_cash_call_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_call")),
        sa.UniqueConstraint("claim_id", "organisation_id", name=op.f("uq_cash_call_claim_id_organisation_id")),
    )
    op.create_index("ix_cash_call_pool", "cash_call", ["pool_id", "stage"], unique=False)


def _make_claim_agreement() -> None:
    """The table `claim_agreement`."""
    op.create_table(
        "claim_agreement",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("estimate_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_agreement_claim_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_claim_agreement_organisation_id")
        ),
        sa.PrimaryKeyConstraint("claim_id", "estimate_version", "organisation_id", name=op.f("pk_claim_agreement")),
    )


def _costs() -> None:
    """A claim's bill, its costs, and what is paid and recovered on it."""
    _make_claim_line()
    _make_claim_cost()
    _make_claim_payment()
    _make_recovery()


def _make_claim_line() -> None:
    """The table `claim_line`."""
    op.create_table(
        "claim_line",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("allowed_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "asked_fen BETWEEN 1 AND 1000000000000000 AND allowed_fen BETWEEN 0 AND asked_fen",
            name=op.f("ck_claim_line_amounts"),
        ),
        sa.CheckConstraint("length(what) BETWEEN 1 AND 200", name=op.f("ck_claim_line_what")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_claim_line_position")),
        sa.CheckConstraint(
            "length(reason) <= 500 AND (allowed_fen = asked_fen OR length(btrim(reason)) > 0)",
            name=op.f("ck_claim_line_reason"),
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_line_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "position", name=op.f("pk_claim_line")),
    )


def _make_claim_cost() -> None:
    """The table `claim_cost`."""
    op.create_table(
        "claim_cost",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("approved_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by", sa.Uuid(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.CheckConstraint("paid_by <> approved_by", name=op.f("ck_claim_cost_four_eyes")),
        sa.CheckConstraint("paid_on >= approved_on", name=op.f("ck_claim_cost_paid")),
        sa.CheckConstraint("stage IN ('approved', 'paid')", name=op.f("ck_claim_cost_stage")),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name=op.f("ck_claim_cost_amount")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_cost_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_cost")),
    )
    op.create_index(op.f("ix_claim_cost_claim_id"), "claim_cost", ["claim_id"], unique=False)


def _make_claim_payment() -> None:
    """The table `claim_payment`."""
    op.create_table(
        "claim_payment",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("instalment", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("paid_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("source IN ('lead', 'pool')", name=op.f("ck_claim_payment_source")),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name=op.f("ck_claim_payment_amount")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_payment_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "instalment", name=op.f("pk_claim_payment")),
        sa.UniqueConstraint("pool_id", "entry_id", name=op.f("uq_claim_payment_pool_id_entry_id")),
    )


def _make_recovery() -> None:
    """The table `recovery`."""
    op.create_table(
        "recovery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('subrogation', 'salvage')", name=op.f("ck_recovery_kind")),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name=op.f("ck_recovery_amount")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_recovery_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
    )
    op.create_index(op.f("ix_recovery_claim_id"), "recovery", ["claim_id"], unique=False)


def _walls() -> None:
    """Put up what keeps faults and claims as they were recorded."""
    walls.append_only("fault_event", "claim_agreement", "claim_payment", "recovery", "fee_charge")
    walls.editable("fault", "claim", "cash_call", "claim_cost")
    walls.editable("claim_line", delete=True)
    op.execute(claim_functions.CLAIM_LINES_STAND)
    op.execute(
        "CREATE TRIGGER claim_line_open BEFORE INSERT OR UPDATE OR DELETE ON claim_line"
        " FOR EACH ROW EXECUTE FUNCTION check_claim_lines_open()"
    )
    op.execute(claim_functions.CLAIM_COSTS)
    op.execute(
        "CREATE TRIGGER claim_cost_bounded BEFORE INSERT OR UPDATE OF claim_id, amount_fen ON claim_cost"
        " FOR EACH ROW EXECUTE FUNCTION check_claim_costs()"
    )
    op.execute(claim_functions.CLAIM_AGREED)
    op.execute("CREATE TRIGGER claim_agreed BEFORE UPDATE ON claim FOR EACH ROW EXECUTE FUNCTION check_claim_agreed()")
    op.execute("GRANT USAGE ON SEQUENCE fault_number, claim_number TO gongbao_app")
    walls.rows_of_one_insurer("cash_call", using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer("fee_charge", using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer("claim_agreement", using=claim_functions.OF_THE_POOL, check=walls.OWN_ROW)


def downgrade() -> None:
    op.drop_index(op.f("ix_recovery_claim_id"), table_name="recovery")
    op.drop_table("recovery")
    op.drop_table("claim_payment")
    op.drop_index(op.f("ix_claim_cost_claim_id"), table_name="claim_cost")
    op.drop_table("claim_cost")
    op.execute("DROP FUNCTION check_claim_costs()")
    op.drop_table("claim_line")
    op.execute("DROP FUNCTION check_claim_lines_open()")
    op.drop_table("claim_agreement")
    op.drop_index("ix_cash_call_pool", table_name="cash_call")
    op.drop_table("cash_call")
    op.drop_index("uq_claim_fault", table_name="claim", postgresql_where=sa.text("stage <> 'rejected'"))
    op.drop_index("ix_claim_pool", table_name="claim")
    op.drop_index(op.f("ix_claim_policy_id"), table_name="claim")
    op.drop_table("claim")
    op.execute("DROP FUNCTION check_claim_agreed()")
    op.drop_index(op.f("ix_fault_event_fault_id"), table_name="fault_event")
    op.drop_table("fault_event")
    op.drop_index("ix_fault_stage", table_name="fault")
    op.drop_index("ix_fault_reported_at", table_name="fault")
    op.drop_index("ix_fault_lift", table_name="fault")
    op.drop_table("fault")
    op.drop_table("fee_charge")
    op.execute("DROP SEQUENCE fault_number")
    op.execute("DROP SEQUENCE claim_number")
