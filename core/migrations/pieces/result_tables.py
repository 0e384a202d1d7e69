"""The tables of a tender from the opened bids to the signed agreement; made by step 0003."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def opened() -> None:
    """Marks, what came out of the bids, signatures of the report, shares offered."""
    _make_mark()
    _make_opened_bid()
    _make_opened_part()
    _make_rehearsal_share()
    _make_report_signature()
    _make_share_offer()


def _make_mark() -> None:
    """The table `mark`."""
    op.create_table(
        "mark",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("mark_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mark_hundredths >= 0", name=op.f("ck_mark_mark")),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], name=op.f("fk_mark_bid_id")),
        sa.ForeignKeyConstraint(
            ["tender_id", "person_id"],
            ["committee_member.tender_id", "committee_member.person_id"],
            name=op.f("fk_mark_tender_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tender_id", "place"], ["criterion.tender_id", "criterion.place"], name=op.f("fk_mark_tender_id_place")
        ),
        sa.PrimaryKeyConstraint("tender_id", "person_id", "place", "bid_id", name=op.f("pk_mark")),
    )


def _make_opened_bid() -> None:
    """The table `opened_bid`."""
    op.create_table(
        "opened_bid",
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("header_sha256", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("price_fen", sa.BigInteger(), nullable=True),
        sa.Column("line_bp", sa.BigInteger(), nullable=True),
        sa.Column("floor_bp", sa.BigInteger(), nullable=True),
        sa.Column("is_willing_to_lead", sa.Boolean(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(outcome = 'opened') = (failure IS NULL)", name=op.f("ck_opened_bid_failure")),
        sa.CheckConstraint(
            "outcome <> 'opened' OR (price_fen > 0 AND line_bp BETWEEN 1 AND 10000 AND floor_bp BETWEEN 0 AND line_bp AND nonce ~ '^([0-9a-f]{2}){1,64}$' AND is_willing_to_lead IS NOT NULL)",
            name=op.f("ck_opened_bid_form"),
        ),
        sa.CheckConstraint(
            "outcome IN ('opened', 'revoked', 'withdrawn_by_fault', 'unreadable')", name=op.f("ck_opened_bid_outcome")
        ),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], name=op.f("fk_opened_bid_bid_id")),
        sa.ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
            name=op.f("fk_opened_bid_tender_id_organisation_id_number"),
        ),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_opened_bid_tender_id")),
        sa.PrimaryKeyConstraint("bid_id", name=op.f("pk_opened_bid")),
    )
    op.create_index(op.f("ix_opened_bid_tender_id"), "opened_bid", ["tender_id"], unique=False)


def _make_opened_part() -> None:
    """The table `opened_part`."""
    op.create_table(
        "opened_part",
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], name=op.f("fk_opened_part_bid_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_opened_part_tender_id")),
        sa.PrimaryKeyConstraint("bid_id", "part", name=op.f("pk_opened_part")),
    )


def _make_rehearsal_share() -> None:
    """The table `rehearsal_share`."""
    op.create_table(
        "rehearsal_share",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id", "number"],
            ["rehearsal.tender_id", "rehearsal.number"],
            name=op.f("fk_rehearsal_share_tender_id_number"),
        ),
        sa.PrimaryKeyConstraint("tender_id", "number", "place", name=op.f("pk_rehearsal_share")),
    )


def _make_report_signature() -> None:
    """The table `report_signature`."""
    op.create_table(
        "report_signature",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("dissent", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id", "number"],
            ["report.tender_id", "report.number"],
            name=op.f("fk_report_signature_tender_id_number"),
        ),
        sa.ForeignKeyConstraint(
            ["tender_id", "person_id"],
            ["committee_member.tender_id", "committee_member.person_id"],
            name=op.f("fk_report_signature_tender_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("tender_id", "number", "person_id", name=op.f("pk_report_signature")),
    )


def _make_share_offer() -> None:
    """The table `share_offer`."""
    op.create_table(
        "share_offer",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.BigInteger(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), nullable=False),
        sa.Column("answer_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("answer IN ('accepted', 'declined', 'lapsed')", name=op.f("ck_share_offer_answer")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_share_offer_answered")),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name=op.f("ck_share_offer_share")),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], name=op.f("fk_share_offer_bid_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_share_offer_organisation_id")),
        sa.ForeignKeyConstraint(
            ["tender_id", "number"],
            ["allocation_run.tender_id", "allocation_run.number"],
            name=op.f("fk_share_offer_tender_id_number"),
        ),
        sa.PrimaryKeyConstraint("tender_id", "number", "organisation_id", name=op.f("pk_share_offer")),
    )


def agreement() -> None:
    """Who was awarded what share, and who signs or refuses the agreement."""
    _make_award_member()
    _make_award_agreement()
    _make_agreement_signature()
    _make_agreement_refusal()


def _make_award_member() -> None:
    """The table `award_member`."""
    op.create_table(
        "award_member",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("share_bp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name=op.f("ck_award_member_share")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_member_award_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_award_member_organisation_id")),
        sa.PrimaryKeyConstraint("award_id", "place", name=op.f("pk_award_member")),
        sa.UniqueConstraint("award_id", "organisation_id", name=op.f("uq_award_member_award_id_organisation_id")),
    )


def _make_award_agreement() -> None:
    """The table `award_agreement`."""
    op.create_table(
        "award_agreement",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rendered_by", sa.Uuid(), nullable=True),
        sa.Column("rendered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_award_agreement_digest")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_agreement_award_id")),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_award_agreement")),
        sa.UniqueConstraint("award_id", "digest", name=op.f("uq_award_agreement_award_id_digest")),
    )


def _make_agreement_signature() -> None:
    """The table `agreement_signature`."""
    op.create_table(
        "agreement_signature",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id", "digest"],
            ["award_agreement.award_id", "award_agreement.digest"],
            name=op.f("fk_agreement_signature_award_id_digest"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_agreement_signature_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_agreement_signature_person_id")),
        sa.PrimaryKeyConstraint("award_id", "organisation_id", name=op.f("pk_agreement_signature")),
    )


def _make_agreement_refusal() -> None:
    """The table `agreement_refusal`."""
    op.create_table(
        "agreement_refusal",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_agreement_refusal_reason")),
        sa.ForeignKeyConstraint(
            ["award_id", "organisation_id"],
            ["award_member.award_id", "award_member.organisation_id"],
            name=op.f("fk_agreement_refusal_award_id_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_agreement_refusal_person_id")),
        sa.PrimaryKeyConstraint("award_id", "organisation_id", name=op.f("pk_agreement_refusal")),
    )
