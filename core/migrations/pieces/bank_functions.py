"""What keeps the bank's rows true whatever the application does: functions of the database, put up by step 0010."""

from __future__ import annotations

# An account is a member's of the pool, or a payee's of the pool, and stands as it was proposed; it is decided once. The
# first takes effect on the day of its confirmation, every later one not before two working days have passed.
KEEP_BANK_ACCOUNT = """
CREATE FUNCTION keep_bank_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    deciding constant text[] := ARRAY['stage', 'decided_by', 'decided_at', 'effective_on'];
    is_known boolean;
    confirmed_on date;
    passed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.payee_id IS NOT NULL THEN
            is_known := EXISTS (SELECT 1 FROM public.payee WHERE (id, pool_id) = (NEW.payee_id, NEW.pool_id));
        ELSE
            is_known := EXISTS (SELECT 1 FROM public.share
                WHERE (pool_id, organisation_id) = (NEW.pool_id, NEW.organisation_id));
        END IF;
        IF NEW.stage <> 'proposed' OR NOT is_known THEN
            RAISE EXCEPTION 'a bank account is of a member of its pool, or of a payee' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'proposed' OR to_jsonb(OLD) - deciding <> to_jsonb(NEW) - deciding THEN
        RAISE EXCEPTION 'bank account % stands as it is', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF NEW.stage = 'confirmed' THEN
        confirmed_on := (NEW.decided_at AT TIME ZONE 'Asia/Shanghai')::date;
        IF EXISTS (SELECT 1 FROM public.bank_account WHERE stage = 'confirmed'
            AND (pool_id, coalesce(organisation_id, payee_id))
                = (NEW.pool_id, coalesce(NEW.organisation_id, NEW.payee_id))) THEN
            SELECT count(*) INTO passed FROM public.calendar_day
            WHERE is_workday AND day > confirmed_on AND day <= NEW.effective_on;
            IF passed < 2 THEN
                RAISE EXCEPTION 'a change of a bank account waits two working days' USING ERRCODE = '23514';
            END IF;
        ELSIF NEW.effective_on <> confirmed_on THEN
            RAISE EXCEPTION 'the first bank account stands at once' USING ERRCODE = '23514';
        END IF;
    END IF;
    RETURN NEW;
END $$
"""

# A batch stands as it was prepared, and is decided once.
KEEP_PAYMENT_BATCH = """
CREATE FUNCTION keep_payment_batch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    deciding constant text[] := ARRAY['stage', 'decided_by', 'decided_at'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'prepared' THEN
            RAISE EXCEPTION 'a batch of payments is prepared before it is released' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'prepared' OR to_jsonb(OLD) - deciding <> to_jsonb(NEW) - deciding THEN
        RAISE EXCEPTION 'batch % stands as it is', OLD.number USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# A payment goes to a confirmed account and pays what its batch is of: the whole balance of an agreed statement, a
# premium remitted, an approved claim to its payee, an item settled on its own to its member, or again what came back of
# the first two. It stands as it is, but for the stage that follows its batch; what the bank showed and then gave back is
# marked once, by the line that came in, unless an item is booked as paid by it.
KEEP_PAYMENT_LINE = """
CREATE FUNCTION keep_payment_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    coming_back constant text[] := ARRAY['return_line_id', 'returned_by', 'returned_at', 'returned_why'];
    batch public.payment_batch;
    paid public.bank_account;
    fits boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO batch FROM public.payment_batch WHERE (id, pool_id, stage) = (NEW.batch_id, NEW.pool_id, 'prepared');
        SELECT * INTO paid FROM public.bank_account
        WHERE (id, pool_id, stage) = (NEW.account_id, NEW.pool_id, 'confirmed');
        IF batch.kind = 'statement' THEN
            fits := EXISTS (SELECT 1 FROM public.statement s WHERE s.id = NEW.statement_id AND s.stage = 'agreed'
                AND (s.pool_id, s.period_id, s.organisation_id, s.balance_fen)
                    = (batch.pool_id, batch.period_id, paid.organisation_id, NEW.amount_fen)
                AND NOT EXISTS (SELECT 1 FROM public.bank_match m WHERE m.statement_id = s.id AND m.stage = 'matched'));
        ELSIF batch.kind = 'premium' THEN
            fits := num_nonnulls(NEW.statement_id, NEW.subject_id) = 0 AND paid.organisation_id IS NOT NULL
                AND paid.id <> batch.payer_id;
        ELSIF batch.kind = 'claim' THEN
            fits := EXISTS (SELECT 1 FROM public.claim c WHERE c.stage IN ('approved', 'called')
                AND (c.id, c.pool_id, c.payee_id, c.payable_fen, c.number)
                    = (NEW.subject_id, batch.pool_id, paid.payee_id, NEW.amount_fen, NEW.document));
        ELSIF batch.kind = 'apart' THEN
            fits := EXISTS (SELECT 1 FROM public.apart_item i WHERE i.stage = 'open'
                AND (i.id, i.pool_id, i.organisation_id, i.amount_fen, i.number)
                    = (NEW.subject_id, batch.pool_id, paid.organisation_id, NEW.amount_fen, NEW.document));
        ELSIF batch.kind = 'again' THEN
            fits := EXISTS (SELECT 1 FROM public.payment_line o JOIN public.bank_account a ON a.id = o.account_id
                WHERE o.return_line_id IS NOT NULL AND o.subject_id IS NULL
                    AND (o.id, o.pool_id, o.amount_fen, a.organisation_id)
                        = (NEW.again_id, batch.pool_id, NEW.amount_fen, paid.organisation_id));
        END IF;
        IF fits IS NOT TRUE OR NEW.return_line_id IS NOT NULL OR (batch.kind = 'again') <> (NEW.again_id IS NOT NULL) THEN
            RAISE EXCEPTION 'a payment pays what its batch is of to an account of whom it is owed'
                USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - 'batch_stage' - coming_back <> to_jsonb(NEW) - 'batch_stage' - coming_back
        OR OLD.return_line_id IS NOT NULL AND to_jsonb(OLD) <> to_jsonb(NEW) THEN
        RAISE EXCEPTION 'payment % of a batch stands as it is', OLD.position USING ERRCODE = 'GB001';
    END IF;
    IF NEW.return_line_id IS NOT NULL AND OLD.return_line_id IS NULL
        AND EXISTS (SELECT 1 FROM public.apart_item WHERE (id, stage) = (NEW.subject_id, 'paid')) THEN
        RAISE EXCEPTION 'the item of payment % is booked as paid', OLD.position USING ERRCODE = '23514';
    END IF;
    IF NEW.return_line_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.bank_line l JOIN public.bank_match m
            ON (m.payment_id = NEW.id OR m.statement_id = NEW.statement_id) AND m.stage = 'matched'
        WHERE (l.id, l.pool_id, l.amount_fen) = (NEW.return_line_id, NEW.pool_id, NEW.amount_fen)
            AND NOT EXISTS (SELECT 1 FROM public.bank_match o WHERE o.line_id = l.id AND o.stage = 'matched')
            AND NOT EXISTS (SELECT 1 FROM public.held_receipt h WHERE h.line_id = l.id AND h.stage <> 'reopened')
    ) THEN
        RAISE EXCEPTION 'payment % came back by an open line of its sum', OLD.position USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""

# An entry that a batch pays out remitted a premium of its pool and was not taken back; it stays as it is.
KEEP_PAYMENT_ENTRY = """
CREATE FUNCTION keep_payment_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (
            SELECT 1 FROM public.entry e JOIN public.payment_batch b ON b.pool_id = e.pool_id
            WHERE (e.pool_id, e.period_id, e.id) = (NEW.pool_id, NEW.period_id, NEW.entry_id) AND e.reason = 'premium_remitted'
                AND e.reverses_id IS NULL AND b.id = NEW.batch_id AND b.kind = 'premium' AND b.stage = 'prepared'
        ) THEN
            RAISE EXCEPTION 'a batch of premiums pays what was remitted' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - 'batch_stage' <> to_jsonb(NEW) - 'batch_stage' THEN
        RAISE EXCEPTION 'entry % of a batch stands as it is', OLD.entry_id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# When the transaction ends, a batch adds up to its payments, and one of premiums pays every member but the lead just what
# its entries remitted to it; a released one has both its files.
PAYMENTS_WHOLE = """
CREATE FUNCTION check_payments_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    batch public.payment_batch;
BEGIN
    SELECT * INTO batch FROM public.payment_batch
    WHERE id = (CASE TG_TABLE_NAME WHEN 'payment_batch' THEN to_jsonb(NEW) ->> 'id'
        ELSE to_jsonb(NEW) ->> 'batch_id' END)::uuid;
    IF EXISTS (SELECT 1 FROM public.payment_line WHERE batch_id = batch.id
        HAVING count(*) <> batch.items OR coalesce(sum(amount_fen), 0) <> batch.total_fen) THEN
        RAISE EXCEPTION 'the payments of batch % do not add up to it', batch.number USING ERRCODE = '23514';
    END IF;
    IF batch.kind = 'premium' AND TG_OP = 'INSERT' AND EXISTS (
        SELECT 1 FROM (
            SELECT c.organisation_id, sum(t.amount_fen) AS fen FROM public.payment_entry p
            JOIN public.transfer t ON (t.pool_id, t.period_id, t.entry_id) = (p.pool_id, p.period_id, p.entry_id)
            JOIN public.account c ON c.id = t.debit_id AND c.code = '2210'
            JOIN public.bank_account payer ON payer.id = batch.payer_id
            WHERE p.batch_id = batch.id AND c.organisation_id <> payer.organisation_id GROUP BY c.organisation_id
        ) owed FULL JOIN (
            SELECT a.organisation_id, l.amount_fen AS fen FROM public.payment_line l
            JOIN public.bank_account a ON a.id = l.account_id WHERE l.batch_id = batch.id
        ) paid ON paid.organisation_id = owed.organisation_id
        WHERE paid.fen IS DISTINCT FROM owed.fen
    ) THEN
        RAISE EXCEPTION 'batch % does not pay what its entries remitted', batch.number USING ERRCODE = '23514';
    END IF;
    IF batch.stage = 'released' AND 2 <> (SELECT count(*) FROM public.payment_file WHERE batch_id = batch.id) THEN
        RAISE EXCEPTION 'the released batch % lacks a file', batch.number USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$
"""

# When the transaction ends, a bank's statement is whole: its lines are all there and lead from balance to balance.
REPORT_WHOLE = """
CREATE FUNCTION check_bank_report_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken public.bank_report;
BEGIN
    SELECT * INTO taken FROM public.bank_report WHERE id = (CASE TG_TABLE_NAME
        WHEN 'bank_report' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'report_id' END)::uuid;
    IF EXISTS (SELECT 1 FROM public.bank_line WHERE report_id = taken.id HAVING count(*) <> taken.items
        OR coalesce(sum(amount_fen), 0) <> taken.closing_fen - taken.opening_fen
        OR count(*) FILTER (WHERE pool_id <> taken.pool_id) > 0) THEN
        RAISE EXCEPTION 'the lines of bank statement % do not lead to its balance', taken.reference
            USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$
"""

# A line pays a statement of its own pool that somebody is to pay, or an item that a member owes on its own, or shows a
# payment of a released batch, from the right side; the difference is what it is, and a claim or an item is paid in full.
MATCH_FITS = """
CREATE FUNCTION check_bank_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.statement_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.bank_line l JOIN public.statement s ON s.pool_id = l.pool_id
        WHERE l.id = NEW.line_id AND s.id = NEW.statement_id AND l.pool_id = NEW.pool_id
            AND s.stage IN ('agreed', 'settled') AND sign(l.amount_fen) = -sign(s.balance_fen)
            AND NEW.difference_fen = abs(l.amount_fen) - abs(s.balance_fen)
    ) OR NEW.payment_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.bank_line l JOIN public.payment_line p ON p.pool_id = l.pool_id
        WHERE l.id = NEW.line_id AND p.id = NEW.payment_id AND l.pool_id = NEW.pool_id AND p.statement_id IS NULL
            AND p.batch_stage = 'released' AND l.amount_fen < 0 AND NEW.difference_fen = -l.amount_fen - p.amount_fen
            AND p.return_line_id IS NULL AND (p.subject_id IS NULL OR NEW.difference_fen = 0)
    ) THEN
        RAISE EXCEPTION 'a line of the bank pays a statement of its pool from the right side' USING ERRCODE = '23514';
    END IF;
    IF NEW.apart_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.bank_line l JOIN public.apart_item i ON i.pool_id = l.pool_id
        WHERE l.id = NEW.line_id AND i.id = NEW.apart_id AND l.pool_id = NEW.pool_id AND l.amount_fen > 0
            AND i.amount_fen < 0 AND NEW.difference_fen = l.amount_fen + i.amount_fen
    ) THEN
        RAISE EXCEPTION 'a line of the bank pays an item that a member owes' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""
