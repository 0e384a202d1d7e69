"""Tenders, custodians, sealed bids, the opening, marks, shares and awards; the deadline lives here."""

from __future__ import annotations

from alembic import op

from core.migrations import walls
from core.migrations.pieces import bid_tables, result_tables, tender_functions, tender_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OWN = "organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid"


def upgrade() -> None:
    tender_tables.tender()
    tender_tables.parts()
    tender_tables.people()
    bid_tables.box()
    bid_tables.keys()
    result_tables.opened()
    result_tables.agreement()
    _walls()


def _walls() -> None:
    """Put up what keeps a tender fair whatever the application does."""
    functions = (
        tender_functions.REHEARSAL_STANDS,
        tender_functions.IS_TIED,
        tender_functions.CHECK_SEAT,
        tender_functions.COMMITTEE_IS_FIT,
        tender_functions.AGREEMENT_IS_SIGNED,
        tender_functions.CHECK_SIGNATURE,
        tender_functions.KEEP_TENDER,
        tender_functions.KEEP_CRITERION,
        tender_functions.KEEP_CUSTODIAN,
        tender_functions.STAMP_BID,
        tender_functions.STAMP_KEY,
        tender_functions.CHECK_OPENED,
        tender_functions.KEEP_MARK,
        tender_functions.CHECK_AMENDMENT,
        tender_functions.KEEP_ANSWERED,
        tender_functions.CHECK_AWARD,
        tender_functions.MAY_SEE_BID,
        tender_functions.MAY_SEE_OPENED,
    )
    for function in functions:
        op.execute(function)
    _rights()
    _triggers()
    _rows()


def _rights() -> None:
    """Say what may be added to, what changed, what taken away."""
    walls.append_only("tender_side", "rehearsal", "rehearsal_share", "amendment")
    walls.append_only("sealed_bid", "bid_withdrawal", "bid_receipt", "custodian_share", "bidder_key")
    walls.append_only(
        "opened_bid", "opened_part", "report", "report_signature", "allocation_run", "award", "award_member"
    )
    walls.append_only("award_agreement", "agreement_signature", "agreement_refusal")
    walls.editable(
        "tender", "signing_key", "bid", "committee_member", "mark", "share_offer", "objection", "extension", "halt"
    )
    walls.editable("criterion", "custodian", delete=True)


def _triggers() -> None:
    """Have the functions watch their tables."""
    for moment, table, function in (
        ("UPDATE OR DELETE", "tender", "keep_tender"),
        ("INSERT OR UPDATE OR DELETE", "criterion", "keep_criterion"),
        ("INSERT OR UPDATE OR DELETE", "custodian", "keep_custodian"),
        ("INSERT", "amendment", "check_amendment"),
        ("INSERT", "sealed_bid", "stamp_bid"),
        ("INSERT", "bid_withdrawal", "stamp_bid"),
        ("INSERT", "custodian_share", "stamp_key"),
        ("INSERT", "bidder_key", "stamp_key"),
        ("INSERT", "opened_bid", "check_opened"),
        ("INSERT", "opened_part", "check_opened"),
        ("INSERT", "agreement_signature", "check_signature"),
        ("INSERT OR UPDATE", "committee_member", "check_seat"),
        ("INSERT OR UPDATE OR DELETE", "mark", "keep_mark"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{function} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    for table, columns in (
        ("extension", "answer, answer_reason, answered_by, answered_at"),
        ("halt", "lifted_at, lifted_by, lifted_as, lift_reason"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_keep_answered BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION keep_answered({columns})"
        )
    for table in ("award", "award_member"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION check_award()"
        )


def _rows() -> None:
    """Show each insurer its own rows."""
    seen = "may_see_bid(tender_id, organisation_id)"
    for table in ("sealed_bid", "bid_withdrawal", "bidder_key"):
        walls.rows_of_one_insurer(table, using=seen, check=OWN)
    # A receipt that was owed when the box closed is issued by those who open it.
    owed = f"{OWN} OR (current_setting('gongbao.sees_all', true) = 'yes' AND {seen})"
    walls.rows_of_one_insurer("bid_receipt", using=seen, check=owed)
    for table in ("bid", "custodian_share"):
        walls.rows_of_one_insurer(table, using=seen)
    walls.rows_of_one_insurer("opened_part", using="may_see_opened(tender_id, organisation_id)")
    walls.rows_of_one_insurer("share_offer")
    walls.rows_of_one_insurer("objection")
    walls.rows_of_one_insurer("tender_side", using=f"(side <> 'bidder' OR {seen})")
    walls.rows_of_one_insurer("paper", using=walls.PAPER_SEEN)
    # For papers_by_code, which acts as the owner.
    op.execute("CREATE POLICY paper_by_code ON paper FOR SELECT TO gongbao_owner USING (true)")


def downgrade() -> None:
    for policy in ("own", "audit", "by_code"):
        op.execute(f"DROP POLICY paper_{policy} ON paper")
    op.execute("ALTER TABLE paper NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    op.drop_table("agreement_refusal")
    op.drop_table("agreement_signature")
    op.drop_table("award_agreement")
    op.drop_table("award_member")
    op.drop_table("share_offer")
    op.drop_table("report_signature")
    op.drop_table("rehearsal_share")
    op.drop_table("opened_part")
    op.drop_index(op.f("ix_opened_bid_tender_id"), table_name="opened_bid")
    op.drop_table("opened_bid")
    op.drop_table("mark")
    op.drop_table("custodian_share")
    op.drop_table("bidder_key")
    op.drop_table("bid_withdrawal")
    op.drop_table("bid_receipt")
    op.drop_table("award")
    op.drop_table("tender_side")
    op.drop_table("sealed_bid")
    op.drop_table("report")
    op.drop_table("rehearsal")
    op.drop_index(op.f("ix_objection_tender_id"), table_name="objection")
    op.drop_table("objection")
    op.drop_table("custodian")
    op.drop_table("criterion")
    op.drop_table("committee_member")
    op.drop_table("bid")
    op.drop_table("amendment")
    op.drop_index("ix_extension_waiting", table_name="extension")
    op.drop_table("extension")
    op.drop_index("ix_halt_standing", table_name="halt")
    op.drop_table("halt")
    op.drop_table("allocation_run")
    op.drop_table("tender")
    op.drop_index(op.f("ix_signing_key_organisation_id"), table_name="signing_key")
    op.drop_table("signing_key")
    op.execute(
        "DROP FUNCTION keep_tender(), keep_criterion(), keep_custodian(), stamp_bid(), stamp_key(), check_opened(), keep_mark(),"
        " check_amendment(), keep_answered(),"
        " check_award(), rehearsal_stands(uuid, bigint, bigint), agreement_is_signed(uuid), check_signature(),"
        " is_tied(uuid, uuid), check_seat(), committee_is_fit(uuid),"
        " may_see_bid(uuid, uuid), may_see_opened(uuid, uuid)"
    )
