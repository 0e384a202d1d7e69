"""What keeps a tender fair, whatever the application does: functions of the database, put up by step 0003."""

from __future__ import annotations

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
