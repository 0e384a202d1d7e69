"""The tables of a tender while its box is open: bids, receipts, keys, shares of keys; made by step 0003."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def box() -> None:
    """Objections, the dummy bid, the report; the sealed bids, and who is on which side."""
    _make_objection()
    _make_rehearsal()
    _make_report()
    _make_sealed_bid()
    _make_tender_side()


def _make_objection() -> None:
    """The table `objection`."""
    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_objection_answered")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_objection_organisation_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_objection_tender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index(op.f("ix_objection_tender_id"), "objection", ["tender_id"], unique=False)


def _make_rehearsal() -> None:
    """The table `rehearsal`."""
    op.create_table(
        "rehearsal",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ceremony", sa.BigInteger(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("fingerprints", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("container", sa.LargeBinary(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_rehearsal_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "number", name=op.f("pk_rehearsal")),
    )


def _make_report() -> None:
    """The table `report`."""
    op.create_table(
        "report",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_report_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "number", name=op.f("pk_report")),
    )


def _make_sealed_bid() -> None:
    """The table `sealed_bid`."""
    op.create_table(
        "sealed_bid",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("header_sha256", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "header_sha256 ~ '^[0-9a-f]{64}$' AND digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_sealed_bid_hashes")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_sealed_bid_number")),
        sa.CheckConstraint("size > 0", name=op.f("ck_sealed_bid_size")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_sealed_bid_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sealed_bid_person_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_sealed_bid_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "organisation_id", "number", name=op.f("pk_sealed_bid")),
        sa.UniqueConstraint("id", name=op.f("uq_sealed_bid_id")),
    )


def _make_tender_side() -> None:
    """The table `tender_side`."""
    op.create_table(
        "tender_side",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("side IN ('bureau', 'custodian', 'committee', 'bidder')", name=op.f("ck_tender_side_side")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_tender_side_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_tender_side_person_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_tender_side_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "person_id", name=op.f("pk_tender_side")),
    )


def keys() -> None:
    """The award; receipts, withdrawals and keys of the sealed bids."""
    _make_award()
    _make_bid_receipt()
    _make_bid_withdrawal()
    _make_bidder_key()
    _make_custodian_share()


def _make_award() -> None:
    """The table `award`."""
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("lift_premium_fen", sa.BigInteger(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("service_standard", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_award_digest")),
        sa.CheckConstraint("lift_premium_fen > 0", name=op.f("ck_award_price")),
        sa.ForeignKeyConstraint(["lead_id"], ["organisation.id"], name=op.f("fk_award_lead_id")),
        sa.ForeignKeyConstraint(
            ["tender_id", "run"],
            ["allocation_run.tender_id", "allocation_run.number"],
            name=op.f("fk_award_tender_id_run"),
        ),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_award_tender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("id", "tender_id", name=op.f("uq_award_id_tender_id")),
        sa.UniqueConstraint("tender_id", "number", name=op.f("uq_award_tender_id_number")),
    )


def _make_bid_receipt() -> None:
    """The table `bid_receipt`."""
    op.create_table(
        "bid_receipt",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
            name=op.f("fk_bid_receipt_tender_id_organisation_id_number"),
        ),
        sa.PrimaryKeyConstraint("tender_id", "organisation_id", "number", name=op.f("pk_bid_receipt")),
    )


def _make_bid_withdrawal() -> None:
    """The table `bid_withdrawal`."""
    op.create_table(
        "bid_withdrawal",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_bid_withdrawal_person_id")),
        sa.ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
            name=op.f("fk_bid_withdrawal_tender_id_organisation_id_number"),
        ),
        sa.PrimaryKeyConstraint("tender_id", "organisation_id", "number", name=op.f("pk_bid_withdrawal")),
    )


def _make_bidder_key() -> None:
    """The table `bidder_key`."""
    op.create_table(
        "bidder_key",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('k1', 'k2')", name=op.f("ck_bidder_key_kind")),
        sa.ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
            name=op.f("fk_bidder_key_tender_id_organisation_id_number"),
        ),
        sa.PrimaryKeyConstraint("tender_id", "organisation_id", "number", "part", "kind", name=op.f("pk_bidder_key")),
    )


def _make_custodian_share() -> None:
    """The table `custodian_share`."""
    op.create_table(
        "custodian_share",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
            name=op.f("fk_custodian_share_tender_id_organisation_id_number"),
        ),
        sa.ForeignKeyConstraint(
            ["tender_id", "place"],
            ["custodian.tender_id", "custodian.place"],
            name=op.f("fk_custodian_share_tender_id_place"),
        ),
        sa.PrimaryKeyConstraint(
            "tender_id", "organisation_id", "number", "part", "place", name=op.f("pk_custodian_share")
        ),
    )
