"""The tables of a tender up to its publication: keys, tender, criteria, custodians, people; made by step 0003."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def tender() -> None:
    """The signing keys of insurers, and the tender."""
    _make_signing_key()
    _make_tender()


def _make_signing_key() -> None:
    """The table `signing_key`."""
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_signing_key_organisation_id")),
        sa.ForeignKeyConstraint(["registered_by"], ["person.id"], name=op.f("fk_signing_key_registered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_signing_key_fingerprint")),
    )
    op.create_index(op.f("ix_signing_key_organisation_id"), "signing_key", ["organisation_id"], unique=False)


def _make_tender() -> None:
    """The table `tender`."""
    op.create_table(
        "tender",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("lift_count", sa.BigInteger(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("ceiling_fen", sa.BigInteger(), nullable=False),
        sa.Column("bond_fen", sa.BigInteger(), nullable=False),
        sa.Column("largest_loss_fen", sa.BigInteger(), nullable=True),
        sa.Column("documents_from_on", sa.Date(), nullable=False),
        sa.Column("documents_to_on", sa.Date(), nullable=False),
        sa.Column("qualifications", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("committee_size", sa.BigInteger(), nullable=False),
        sa.Column("committee_experts", sa.BigInteger(), nullable=False),
        sa.Column("bidders_min", sa.BigInteger(), nullable=False),
        sa.Column("price_weight_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("drops_extreme_marks", sa.Boolean(), nullable=False),
        sa.Column("recomputes_after_exclusion", sa.Boolean(), nullable=False),
        sa.Column("tie_keys", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("allocation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_rule", sa.Text(), nullable=False),
        sa.Column("agreement_terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("service_standard", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer_days", sa.BigInteger(), nullable=False),
        sa.Column("lock", sa.Text(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("ceremony", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opening_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_before", sa.Text(), nullable=True),
        sa.Column("amendment", sa.BigInteger(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("notice_hash", sa.Text(), nullable=True),
        sa.Column("notice_medium", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rehearsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("box_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opening_started_by", sa.Uuid(), nullable=True),
        sa.Column("opening_confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("opening_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publicity_from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publicity_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(stage = 'suspended') = (stage_before IS NOT NULL)", name=op.f("ck_tender_suspended")),
        sa.CheckConstraint("lock IN ('custodians', 'both')", name=op.f("ck_tender_lock")),
        sa.CheckConstraint("notice_hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_tender_notice_hash")),
        sa.CheckConstraint("price_rule IN ('lead', 'lowest', 'weighted')", name=op.f("ck_tender_price_rule")),
        sa.CheckConstraint("profile IN ('B', 'Bm', 'G')", name=op.f("ck_tender_profile")),
        sa.CheckConstraint(
            "stage IN ('draft', 'keyed', 'approved', 'published', 'suspended', 'opening', 'opened', 'evaluating', 'reported', 'allocated', 'standstill', 'awarded', 'contracted', 'complete', 'cancelled', 'failed', 'annulled')",
            name=op.f("ck_tender_stage"),
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_tender_four_eyes")),
        sa.CheckConstraint("box_closed_at IS NULL OR box_closed_at >= deadline_at", name=op.f("ck_tender_box_closed")),
        sa.CheckConstraint(
            "committee_experts BETWEEN 0 AND committee_size AND largest_loss_fen > 0", name=op.f("ck_tender_committee")
        ),
        sa.CheckConstraint(
            "length(number) BETWEEN 1 AND 40 AND length(title) BETWEEN 1 AND 200", name=op.f("ck_tender_names")
        ),
        sa.CheckConstraint(
            "lift_count > 0 AND budget_fen > 0 AND ceiling_fen > 0 AND bond_fen >= 0 AND bidders_min >= 1 AND answer_days BETWEEN 1 AND 30 AND amendment >= 0",
            name=op.f("ck_tender_figures"),
        ),
        sa.CheckConstraint("opened_at IS NULL OR opened_at >= box_closed_at", name=op.f("ck_tender_opened")),
        sa.CheckConstraint(
            "(stage <> 'draft' OR rehearsed_at IS NULL) AND (stage NOT IN ('keyed', 'approved') AND approved_at IS NULL AND published_at IS NULL OR rehearsed_at IS NOT NULL)",
            name=op.f("ck_tender_rehearsed"),
        ),
        sa.CheckConstraint("opening_at >= deadline_at", name=op.f("ck_tender_opening")),
        sa.CheckConstraint(
            "(box_closed_at IS NULL) = (opening_started_by IS NULL) AND (opening_confirmed_by IS NULL) = (opening_confirmed_at IS NULL) AND (opening_confirmed_at IS NULL OR box_closed_at IS NOT NULL) AND (opened_at IS NULL OR opening_confirmed_at IS NOT NULL)",
            name=op.f("ck_tender_opening_confirmed"),
        ),
        sa.CheckConstraint("opening_confirmed_by <> opening_started_by", name=op.f("ck_tender_opening_two_persons")),
        sa.CheckConstraint("price_weight_hundredths BETWEEN 0 AND 10000", name=op.f("ck_tender_price_weight")),
        sa.CheckConstraint(
            "published_at IS NULL OR (approved_at IS NOT NULL AND notice_hash IS NOT NULL)",
            name=op.f("ck_tender_notice"),
        ),
        sa.CheckConstraint("starts_on < ends_on", name=op.f("ck_tender_window")),
        sa.CheckConstraint("threshold BETWEEN 2 AND 16", name=op.f("ck_tender_threshold")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_tender_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender")),
        sa.UniqueConstraint("number", name=op.f("uq_tender_number")),
    )


def parts() -> None:
    """What is reckoned and changed of a tender: shares, amendments, later deadlines, halts."""
    _make_allocation_run()
    _make_amendment()
    _make_extension()
    _make_halt()


def _make_allocation_run() -> None:
    """The table `allocation_run`."""
    op.create_table(
        "allocation_run",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_allocation_run_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "number", name=op.f("pk_allocation_run")),
    )


def _make_amendment() -> None:
    """The table `amendment`."""
    op.create_table(
        "amendment",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("affects_bids", sa.Boolean(), nullable=False),
        sa.Column("deadline_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("deadline_after >= deadline_before", name=op.f("ck_amendment_deadline")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_amendment_number")),
        sa.CheckConstraint("length(reason) > 0 AND cause IN ('change', 'halt')", name=op.f("ck_amendment_why")),
        sa.CheckConstraint(
            "deadline_after = deadline_before OR cause = 'halt' OR confirmed_by IS NOT NULL",
            name=op.f("ck_amendment_moved"),
        ),
        sa.CheckConstraint("confirmed_by <> issued_by", name=op.f("ck_amendment_two_persons")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_amendment_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "number", name=op.f("pk_amendment")),
    )


def _make_extension() -> None:
    """The table `extension`."""
    op.create_table(
        "extension",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("affects_bids", sa.Boolean(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_reason", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number >= 1 AND length(text) > 0 AND length(reason) > 0", name=op.f("ck_extension_words")),
        sa.CheckConstraint("answer IN ('confirmed', 'refused', 'replaced')", name=op.f("ck_extension_answer")),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_extension_answered"),
        ),
        sa.CheckConstraint("answer = 'replaced' OR answered_by <> proposed_by", name=op.f("ck_extension_two_persons")),
        sa.CheckConstraint("answer <> 'refused' OR length(answer_reason) > 0", name=op.f("ck_extension_refused")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_extension_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "number", name=op.f("pk_extension")),
    )
    op.create_index(
        "ix_extension_waiting", "extension", ["tender_id"], unique=True, postgresql_where=sa.text("answer IS NULL")
    )


def _make_halt() -> None:
    """The table `halt`."""
    op.create_table(
        "halt",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_as", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.Uuid(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lift_reason", sa.Text(), nullable=True),
        sa.Column("lifted_as", sa.Text(), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number >= 1 AND length(reason) > 0", name=op.f("ck_halt_words")),
        sa.CheckConstraint("ordered_as IN ('officer', 'supervisor')", name=op.f("ck_halt_ordered_as")),
        sa.CheckConstraint("lifted_as IN ('approver', 'supervisor')", name=op.f("ck_halt_lifted_as")),
        sa.CheckConstraint("ordered_as <> 'supervisor' OR lifted_as = 'supervisor'", name=op.f("ck_halt_supervisor")),
        sa.CheckConstraint("ordered_as = 'supervisor' OR lifted_by <> ordered_by", name=op.f("ck_halt_two_persons")),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lifted_as IS NULL)"
            " AND (lifted_at IS NULL) = (lift_reason IS NULL) AND length(lift_reason) > 0 AND lifted_at >= ordered_at",
            name=op.f("ck_halt_lifted"),
        ),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_halt_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "number", name=op.f("pk_halt")),
    )
    op.create_index(
        "ix_halt_standing", "halt", ["tender_id"], unique=True, postgresql_where=sa.text("lifted_at IS NULL")
    )


def people() -> None:
    """Bids, the committee, criteria, custodians."""
    _make_bid()
    _make_committee_member()
    _make_criterion()
    _make_custodian()


def _make_bid() -> None:
    """The table `bid`."""
    op.create_table(
        "bid",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("current", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("rejected_for", sa.Text(), nullable=True),
        sa.Column("reject_note", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(stage = 'rejected') = (rejected_for IS NOT NULL)", name=op.f("ck_bid_rejected")),
        sa.CheckConstraint(
            "stage IN ('sealed', 'withdrawn', 'opened', 'revoked', 'withdrawn_by_fault', 'unreadable', 'qualified', 'rejected', 'scored', 'offered', 'accepted', 'declined', 'member', 'unsuccessful')",
            name=op.f("ck_bid_stage"),
        ),
        sa.CheckConstraint("current >= 1", name=op.f("ck_bid_current")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_bid_organisation_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_bid_tender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid")),
        sa.UniqueConstraint("tender_id", "organisation_id", name=op.f("uq_bid_tender_id_organisation_id")),
    )


def _make_committee_member() -> None:
    """The table `committee_member`."""
    op.create_table(
        "committee_member",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("is_expert", sa.Boolean(), nullable=False),
        sa.Column("is_chair", sa.Boolean(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conflict", sa.Text(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("locked_at IS NULL OR conflict = ''", name=op.f("ck_committee_member_locked")),
        sa.CheckConstraint("(declared_at IS NULL) = (conflict IS NULL)", name=op.f("ck_committee_member_declared")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_committee_member_person_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_committee_member_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "person_id", name=op.f("pk_committee_member")),
    )


def _make_criterion() -> None:
    """The table `criterion`."""
    op.create_table(
        "criterion",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("mark_max_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("mark_step_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("is_objective", sa.Boolean(), nullable=False),
        sa.CheckConstraint("mark_max_hundredths BETWEEN 1 AND 100000", name=op.f("ck_criterion_mark_max")),
        sa.CheckConstraint(
            "mark_step_hundredths BETWEEN 1 AND mark_max_hundredths", name=op.f("ck_criterion_mark_step")
        ),
        sa.CheckConstraint("weight_hundredths BETWEEN 1 AND 10000", name=op.f("ck_criterion_weight")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_criterion_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "place", name=op.f("pk_criterion")),
        sa.UniqueConstraint("tender_id", "name", name=op.f("uq_criterion_tender_id_name")),
    )


def _make_custodian() -> None:
    """The table `custodian`."""
    op.create_table(
        "custodian",
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=True),
        sa.Column("answer_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(public_key IS NULL) = (fingerprint IS NULL)", name=op.f("ck_custodian_fingerprint")),
        sa.CheckConstraint("place BETWEEN 0 AND 15", name=op.f("ck_custodian_place")),
        sa.CheckConstraint("proved_at IS NULL OR public_key IS NOT NULL", name=op.f("ck_custodian_proved")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_custodian_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_custodian_person_id")),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], name=op.f("fk_custodian_tender_id")),
        sa.PrimaryKeyConstraint("tender_id", "place", name=op.f("pk_custodian")),
        sa.UniqueConstraint("tender_id", "fingerprint", name=op.f("uq_custodian_tender_id_fingerprint")),
        sa.UniqueConstraint("tender_id", "person_id", name=op.f("uq_custodian_tender_id_person_id")),
    )
