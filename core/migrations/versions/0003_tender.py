"""Tenders, custodians, sealed bids, the opening, marks, shares and awards; the deadline lives here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


# From its publication on a tender is what its notice says. Only its life moves: the stage and the instants below; the
# deadline only with a new amendment and never once it has passed; the box closes only at the deadline or later.
KEEP_TENDER = """
CREATE FUNCTION keep_tender() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving constant text[] := ARRAY['stage', 'stage_before', 'version', 'amendment', 'deadline_at', 'opening_at',
        'suspended_at', 'box_closed_at', 'opening_started_by', 'opening_confirmed_by', 'opening_confirmed_at', 'opened_at', 'reported_at', 'publicity_from_at', 'publicity_ends_at',
        'ended_at', 'end_reason'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a tender is never removed' USING ERRCODE = 'GB001';
    END IF;
    IF OLD.published_at IS NOT NULL AND to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving THEN
        RAISE EXCEPTION 'tender % is published as it stands', OLD.number USING ERRCODE = 'GB024';
    END IF;
    IF NEW.amendment NOT IN (OLD.amendment, OLD.amendment + 1)
        OR (OLD.published_at IS NOT NULL AND NEW.deadline_at <> OLD.deadline_at AND NEW.amendment = OLD.amendment)
        OR (OLD.box_closed_at IS NOT NULL AND (NEW.deadline_at, NEW.amendment) <> (OLD.deadline_at, OLD.amendment))
    THEN
        RAISE EXCEPTION 'the deadline of tender % moves only with an amendment', OLD.number USING ERRCODE = 'GB024';
    END IF;
    IF OLD.published_at IS NOT NULL AND NEW.deadline_at <> OLD.deadline_at AND OLD.deadline_at <= (
        CASE WHEN OLD.stage = 'suspended' THEN OLD.suspended_at ELSE gongbao_now() END
    ) THEN
        RAISE EXCEPTION 'the deadline of tender % has passed and stands', OLD.number USING ERRCODE = 'GB020';
    END IF;
    IF OLD.box_closed_at IS NOT NULL AND NEW.box_closed_at IS DISTINCT FROM OLD.box_closed_at
        OR OLD.opened_at IS NOT NULL AND NEW.opened_at IS DISTINCT FROM OLD.opened_at
    THEN
        RAISE EXCEPTION 'tender % is opened once', OLD.number USING ERRCODE = 'GB022';
    END IF;
    IF OLD.box_closed_at IS NOT NULL AND NEW.opening_started_by IS DISTINCT FROM OLD.opening_started_by
        OR OLD.opening_confirmed_by IS NOT NULL AND (NEW.opening_confirmed_by, NEW.opening_confirmed_at)
            IS DISTINCT FROM (OLD.opening_confirmed_by, OLD.opening_confirmed_at)
    THEN
        RAISE EXCEPTION 'who opens tender % stands', OLD.number USING ERRCODE = 'GB022';
    END IF;
    IF NEW.opening_confirmed_by IS NOT NULL AND OLD.opening_confirmed_by IS NULL THEN
        NEW.opening_confirmed_at := gongbao_now();
    END IF;
    IF NEW.box_closed_at IS NOT NULL AND OLD.box_closed_at IS NULL AND gongbao_now() < NEW.deadline_at THEN
        RAISE EXCEPTION 'the box of tender % closes at its deadline', OLD.number USING ERRCODE = 'GB023';
    END IF;
    IF NEW.ceremony < OLD.ceremony
        OR NEW.stage = 'draft' AND OLD.stage IN ('keyed', 'approved') AND NEW.ceremony = OLD.ceremony
        OR NEW.stage <> OLD.stage AND OLD.stage IN ('draft', 'keyed', 'approved')
            AND NEW.stage IN ('keyed', 'approved', 'published')
            AND NOT rehearsal_stands(NEW.id, NEW.ceremony, NEW.threshold)
    THEN
        RAISE EXCEPTION 'the keys of tender % are not rehearsed as they stand', OLD.number USING ERRCODE = 'GB027';
    END IF;
    IF NEW.stage <> OLD.stage AND (NEW.stage = 'suspended' OR NEW.stage = OLD.stage_before)
        AND (NEW.stage = 'suspended') <> EXISTS (
            SELECT 1 FROM public.halt h WHERE h.tender_id = NEW.id AND h.lifted_at IS NULL)
    THEN
        RAISE EXCEPTION 'tender % is halted by an order and resumed when it is lifted', OLD.number
            USING ERRCODE = 'GB032';
    END IF;
    IF NEW.stage = 'evaluating' AND OLD.stage = 'opened' AND NOT committee_is_fit(NEW.id) THEN
        RAISE EXCEPTION 'the committee of tender % is not whole and neutral', OLD.number USING ERRCODE = 'GB031';
    END IF;
    IF NEW.stage = 'contracted' AND OLD.stage = 'awarded' AND NOT agreement_is_signed(NEW.id) THEN
        RAISE EXCEPTION 'not all have signed the agreement of tender %', OLD.number USING ERRCODE = 'GB028';
    END IF;
    RETURN NEW;
END $$
"""

# The newest dummy bid is of this ceremony, sealed to the keys and the threshold of today; every custodian has proved
# its key and given its share of it.
REHEARSAL_STANDS = """
CREATE FUNCTION rehearsal_stands(tender uuid, ceremony bigint, threshold bigint) RETURNS boolean LANGUAGE sql STABLE
AS $$
    SELECT coalesce((
        SELECT r.ceremony = $2 AND r.threshold = $3 AND r.fingerprints IS NOT DISTINCT FROM (
            SELECT array_agg(c.fingerprint ORDER BY c.place) FROM public.custodian c WHERE c.tender_id = $1
        ) AND NOT EXISTS (
            SELECT 1 FROM public.custodian c LEFT JOIN public.rehearsal_share s
                ON (s.tender_id, s.number, s.place) = (c.tender_id, r.number, c.place)
            WHERE c.tender_id = $1 AND (c.proved_at IS NULL OR s.place IS NULL)
        )
        FROM public.rehearsal r WHERE r.tender_id = $1 ORDER BY r.number DESC LIMIT 1
    ), false)
$$
"""

# A later deadline is published while the tender takes bids; the time of a halt is given back while it stands, no more
# and no less.
CHECK_AMENDMENT = """
CREATE FUNCTION check_amendment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked public.tender%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM public.tender WHERE id = NEW.tender_id;
    IF asked.box_closed_at IS NOT NULL OR NEW.cause = 'change' AND asked.stage <> 'published'
        OR NEW.cause = 'halt' AND (asked.stage <> 'suspended'
            OR NEW.deadline_after - NEW.deadline_before IS DISTINCT FROM NEW.issued_at - asked.suspended_at)
    THEN
        RAISE EXCEPTION 'the deadline of tender % moves otherwise', asked.number USING ERRCODE = 'GB033';
    END IF;
    RETURN NEW;
END $$
"""

# What waits for an answer is changed by its one answer, in these columns, the first of which says that it was given.
KEEP_ANSWERED = """
CREATE FUNCTION keep_answered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL
        OR to_jsonb(OLD) - TG_ARGV <> to_jsonb(NEW) - TG_ARGV
    THEN
        RAISE EXCEPTION 'what was answered stands' USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

KEEP_CRITERION = """
CREATE FUNCTION keep_criterion() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF EXISTS (SELECT 1 FROM public.tender WHERE id = row.tender_id AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the criteria of a published tender stand' USING ERRCODE = 'GB024';
    END IF;
    RETURN row;
END $$
"""

# Whose keys a tender is sealed to is settled in its draft and stands from the rehearsal on; proofs and losses go on.
KEEP_CUSTODIAN = """
CREATE FUNCTION keep_custodian() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    moving constant text[] := ARRAY['challenge', 'answer_sha256', 'proved_at', 'lost_at'];
BEGIN
    IF EXISTS (SELECT 1 FROM public.tender WHERE id = row.tender_id AND (stage <> 'draft' OR published_at IS NOT NULL))
        AND (TG_OP <> 'UPDATE' OR to_jsonb(OLD) - moving <> to_jsonb(NEW) - moving)
    THEN
        RAISE EXCEPTION 'the custodians of a tender stand from its rehearsal on' USING ERRCODE = 'GB024';
    END IF;
    RETURN row;
END $$
"""

# What comes into the box is stamped here and nowhere else. The tender's row is held FOR SHARE until this transaction
# ends, so the closing of the box, which changes that row, waits for every bid that this let in; one that comes
# later finds the box closed. The hour is taken after the lock is had, not when the transaction began.
STAMP_BID = """
CREATE FUNCTION stamp_bid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked public.tender%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM public.tender WHERE id = NEW.tender_id FOR SHARE;
    NEW.received_at := gongbao_now();
    IF asked.box_closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'the box of tender % is closed', asked.number USING ERRCODE = 'GB022';
    END IF;
    IF asked.stage <> 'published' THEN
        RAISE EXCEPTION 'tender % takes no bids', asked.number USING ERRCODE = 'GB021';
    END IF;
    IF NEW.received_at >= asked.deadline_at THEN
        RAISE EXCEPTION 'the deadline of tender % has passed', asked.number USING ERRCODE = 'GB020';
    END IF;
    RETURN NEW;
END $$
"""

# No share and no key before the box is closed and a second person has confirmed the opening.
STAMP_KEY = """
CREATE FUNCTION stamp_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked public.tender%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM public.tender WHERE id = NEW.tender_id FOR SHARE;
    NEW.given_at := gongbao_now();
    IF asked.box_closed_at IS NULL OR NEW.given_at < asked.deadline_at THEN
        RAISE EXCEPTION 'keys of tender % are taken after its deadline', asked.number USING ERRCODE = 'GB023';
    END IF;
    IF asked.stage <> 'opening' OR asked.opened_at IS NOT NULL THEN
        RAISE EXCEPTION 'tender % takes no keys', asked.number USING ERRCODE = 'GB022';
    END IF;
    IF asked.opening_confirmed_at IS NULL THEN
        RAISE EXCEPTION 'the opening of tender % awaits its second person', asked.number USING ERRCODE = 'GB029';
    END IF;
    RETURN NEW;
END $$
"""

# Nothing that was sealed stands readable here before the opening.
CHECK_OPENED = """
CREATE FUNCTION check_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.tender WHERE id = NEW.tender_id AND opened_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the bids are not opened' USING ERRCODE = 'GB023';
    END IF;
    RETURN NEW;
END $$
"""

KEEP_MARK = """
CREATE FUNCTION keep_mark() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    held timestamptz;
BEGIN
    SELECT locked_at INTO held FROM public.committee_member
    WHERE tender_id = row.tender_id AND person_id = row.person_id FOR SHARE;
    IF held IS NOT NULL OR EXISTS (SELECT 1 FROM public.tender WHERE id = row.tender_id AND stage <> 'evaluating') THEN
        RAISE EXCEPTION 'a locked sheet of marks stands' USING ERRCODE = 'GB025';
    END IF;
    RETURN row;
END $$
"""

CHECK_AWARD = """
CREATE FUNCTION check_award() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    award_made uuid := CASE TG_TABLE_NAME WHEN 'award' THEN (to_jsonb(NEW) ->> 'id')::uuid
        ELSE (to_jsonb(NEW) ->> 'award_id')::uuid END;
    total bigint;
    first uuid;
    lead uuid;
BEGIN
    SELECT sum(share_bp), (array_agg(organisation_id) FILTER (WHERE place = 0))[1] INTO total, first
    FROM public.award_member WHERE award_id = award_made;
    SELECT lead_id INTO lead FROM public.award WHERE id = award_made;
    IF total IS DISTINCT FROM 10000 OR first IS DISTINCT FROM lead THEN
        RAISE EXCEPTION 'the awarded shares add up to %, not 10000, or the lead is not first', total
            USING ERRCODE = 'GB026';
    END IF;
    RETURN NULL;
END $$
"""

# A person is tied to a bidder by a mandate, of today or of the past year, of the bidder or of another of its group. Who
# bids is a secret until the opening; until then every insurer counts.
IS_TIED = """
CREATE FUNCTION is_tied(tender uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.mandate m JOIN public.organisation o ON o.id = m.organisation_id JOIN public.tender t
            ON t.id = $1
        WHERE m.person_id = $2 AND (m.valid_to IS NULL OR m.valid_to > m.valid_from
            AND m.valid_to > (gongbao_now() AT TIME ZONE 'Asia/Shanghai')::date - 365)
        AND EXISTS (
            SELECT 1 FROM public.organisation f WHERE coalesce(f.group_id, f.id) = coalesce(o.group_id, o.id)
            AND CASE WHEN t.opened_at IS NULL THEN f.kind = 'insurer' ELSE EXISTS (
                SELECT 1 FROM public.opened_bid b WHERE b.tender_id = $1 AND b.organisation_id = f.id
            ) END
        )
    )
$$
"""

# Nobody who is tied to a bidder is seated, or declares that nothing ties him.
CHECK_SEAT = """
CREATE FUNCTION check_seat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT' OR NEW.conflict = '' AND OLD.conflict IS NULL) AND is_tied(NEW.tender_id, NEW.person_id) THEN
        RAISE EXCEPTION 'a member of the committee is tied to a bidder' USING ERRCODE = 'GB031';
    END IF;
    RETURN NEW;
END $$
"""

# The committee that begins is odd, of the published size, with its experts and one chair, and nothing ties it.
COMMITTEE_IS_FIT = """
CREATE FUNCTION committee_is_fit(tender uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT count(m.person_id) >= t.committee_size AND count(m.person_id) % 2 = 1
        AND count(*) FILTER (WHERE m.is_expert) >= t.committee_experts
        AND (t.profile = 'B' OR 3 * count(*) FILTER (WHERE m.is_expert) >= 2 * count(*))
        AND count(*) FILTER (WHERE m.is_chair) = 1
        AND count(*) FILTER (WHERE m.conflict IS DISTINCT FROM '' OR is_tied(m.tender_id, m.person_id)) = 0
    FROM public.tender t LEFT JOIN public.committee_member m ON m.tender_id = t.id AND m.replaced_at IS NULL
    WHERE t.id = $1 GROUP BY t.id
$$
"""

# The award that stands has its agreement signed by every member and by the bureau.
AGREEMENT_IS_SIGNED = """
CREATE FUNCTION agreement_is_signed(tender uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT NOT EXISTS (
            SELECT 1 FROM (
                SELECT m.organisation_id FROM public.award_member m WHERE m.award_id = w.id
                UNION SELECT t.organisation_id FROM public.tender t WHERE t.id = w.tender_id
            ) party LEFT JOIN public.agreement_signature s ON (s.award_id, s.organisation_id) = (w.id, party.organisation_id)
            WHERE s.award_id IS NULL
        )
        FROM public.award w WHERE w.tender_id = $1 ORDER BY w.number DESC LIMIT 1
    ), false)
$$
"""

# A party of the award that stands signs while the tender is awarded and nobody has refused; the bureau signs when every
# member has.
CHECK_SIGNATURE = """
CREATE FUNCTION check_signature() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decided public.award%ROWTYPE;
    asked public.tender%ROWTYPE;
BEGIN
    SELECT * INTO decided FROM public.award WHERE id = NEW.award_id;
    SELECT * INTO asked FROM public.tender WHERE id = decided.tender_id FOR SHARE;
    IF asked.stage <> 'awarded' OR EXISTS (
        SELECT 1 FROM public.award WHERE tender_id = decided.tender_id AND number > decided.number
    ) OR EXISTS (SELECT 1 FROM public.agreement_refusal WHERE award_id = NEW.award_id) THEN
        RAISE EXCEPTION 'award % is not to be signed', NEW.award_id USING ERRCODE = 'GB030';
    END IF;
    IF NEW.organisation_id = asked.organisation_id THEN
        IF EXISTS (
            SELECT 1 FROM public.award_member m LEFT JOIN public.agreement_signature s
                ON (s.award_id, s.organisation_id) = (m.award_id, m.organisation_id)
            WHERE m.award_id = NEW.award_id AND s.award_id IS NULL
        ) THEN
            RAISE EXCEPTION 'the bureau signs last' USING ERRCODE = 'GB028';
        END IF;
    ELSIF NOT EXISTS (
        SELECT 1 FROM public.award_member WHERE award_id = NEW.award_id AND organisation_id = NEW.organisation_id
    ) THEN
        RAISE EXCEPTION 'who signs is a party of the award' USING ERRCODE = 'GB030';
    END IF;
    RETURN NEW;
END $$
"""

# A bid is its insurer's alone until the box is closed: not even that there is one is to be seen. Then those who see
# all and the organisations of the tender's custodians see the sealed bids, and after the opening the former what
# was in them.
MAY_SEE_BID = """
CREATE FUNCTION may_see_bid(tender uuid, organisation uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT organisation = nullif(current_setting('gongbao.organisation_id', true), '')::uuid OR EXISTS (
        SELECT 1 FROM public.tender t WHERE t.id = $1 AND t.box_closed_at IS NOT NULL AND (
            current_setting('gongbao.sees_all', true) = 'yes' OR EXISTS (
                SELECT 1 FROM public.custodian c WHERE c.tender_id = t.id
                AND c.organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid
            )
        )
    )
$$
"""
MAY_SEE_OPENED = """
CREATE FUNCTION may_see_opened(tender uuid, organisation uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT organisation = nullif(current_setting('gongbao.organisation_id', true), '')::uuid
    OR current_setting('gongbao.sees_all', true) = 'yes' AND EXISTS (
        SELECT 1 FROM public.tender t WHERE t.id = $1 AND t.opened_at IS NOT NULL
    )
$$
"""

OWN = "organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid"


def upgrade() -> None:
    _tender()
    _parts()
    _people()
    _box()
    _keys()
    _opened()
    _agreement()
    _walls()


def _tender() -> None:
    """The signing keys of insurers, and the tender."""
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


def _parts() -> None:
    """What is reckoned and changed of a tender: shares, amendments, later deadlines, halts."""
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


def _people() -> None:
    """Bids, the committee, criteria, custodians."""
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


def _box() -> None:
    """Objections, the dummy bid, the report; the sealed bids, and who is on which side."""
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


def _keys() -> None:
    """The award; receipts, withdrawals and keys of the sealed bids."""
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


def _opened() -> None:
    """Marks, what came out of the bids, signatures of the report, shares offered."""
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


def _agreement() -> None:
    """Who was awarded what share, and who signs or refuses the agreement."""
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


def _walls() -> None:
    """Put up what keeps a tender fair whatever the application does."""
    functions = (
        REHEARSAL_STANDS,
        IS_TIED,
        CHECK_SEAT,
        COMMITTEE_IS_FIT,
        AGREEMENT_IS_SIGNED,
        CHECK_SIGNATURE,
        KEEP_TENDER,
        KEEP_CRITERION,
        KEEP_CUSTODIAN,
        STAMP_BID,
        STAMP_KEY,
        CHECK_OPENED,
        KEEP_MARK,
        CHECK_AMENDMENT,
        KEEP_ANSWERED,
        CHECK_AWARD,
        MAY_SEE_BID,
        MAY_SEE_OPENED,
    )
    for function in functions:
        op.execute(function)
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
