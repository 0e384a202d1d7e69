"""What keeps matches, held receipts and signed months true whatever the application does, put up by step 0013."""

from __future__ import annotations

# A match stands as it was made and is taken back once, while its line's month is not signed; a line that was placed
# otherwise, or that stands on 2310, is not matched.
KEEP_MATCH = """
CREATE FUNCTION keep_bank_match() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    undoing constant text[] := ARRAY['stage', 'undone_by', 'undone_at', 'undone_why'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'matched' OR EXISTS (SELECT 1 FROM public.held_receipt
            WHERE (line_id = NEW.line_id AND stage IN ('placed', 'returned')) OR return_line_id = NEW.line_id) THEN
            RAISE EXCEPTION 'a line that was placed otherwise is not matched' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'matched' OR NEW.stage <> 'taken_back'
        OR to_jsonb(OLD) - undoing <> to_jsonb(NEW) - undoing THEN
        RAISE EXCEPTION 'match % stands as it is', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF EXISTS (SELECT 1 FROM public.bank_month m JOIN public.bank_line l ON l.pool_id = m.pool_id
        WHERE l.id = NEW.line_id AND m.first_on = date_trunc('month', l.booked_on::timestamp)::date) THEN
        RAISE EXCEPTION 'the month of match % is signed', OLD.id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# A receipt is a line that came in, of its sum, by an entry about it; it stands as it was held and ends once.
KEEP_RECEIPT = """
CREATE FUNCTION keep_held_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ending constant text[] := ARRAY['stage', 'closed_on', 'closed_by', 'closed_at', 'closed_entry_id', 'closed_why',
        'match_id', 'return_line_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'held' OR NOT EXISTS (SELECT 1 FROM public.bank_line l JOIN public.entry e
                ON e.pool_id = l.pool_id AND e.subject_id = l.id AND e.amount_fen = l.amount_fen
            WHERE l.id = NEW.line_id AND l.pool_id = NEW.pool_id AND l.amount_fen = NEW.amount_fen
                AND e.id = NEW.entry_id AND e.reason = 'receipt_held' AND e.reverses_id IS NULL)
            OR EXISTS (SELECT 1 FROM public.bank_match WHERE line_id = NEW.line_id AND stage = 'matched') THEN
            RAISE EXCEPTION 'a receipt is an unmatched line that came in, by its entry' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - ending <> to_jsonb(NEW) - ending
        OR NOT (OLD.stage = 'held' AND NEW.stage IN ('placed', 'returned')
            OR OLD.stage = 'placed' AND NEW.stage = 'reopened'
                AND to_jsonb(OLD) - 'stage' = to_jsonb(NEW) - 'stage') THEN
        RAISE EXCEPTION 'receipt % stands as it is', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF NEW.stage IN ('placed', 'returned') AND NOT EXISTS (SELECT 1 FROM public.entry e
        WHERE e.pool_id = NEW.pool_id AND e.id = NEW.closed_entry_id AND e.subject_id = NEW.line_id
            AND e.amount_fen = NEW.amount_fen
            AND CASE NEW.stage WHEN 'placed' THEN e.reverses_id = NEW.entry_id ELSE e.reason = 'receipt_returned' END)
    THEN
        RAISE EXCEPTION 'receipt % leaves 2310 by an entry of its own', OLD.id USING ERRCODE = '23514';
    END IF;
    IF NEW.stage = 'returned' AND NOT EXISTS (SELECT 1 FROM public.bank_line
        WHERE id = NEW.return_line_id AND pool_id = NEW.pool_id AND amount_fen = -NEW.amount_fen) THEN
        RAISE EXCEPTION 'receipt % went back by a line of its sum', OLD.id USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""

# Into a month that is signed no line comes any more.
MONTH_IS_SIGNED = """
CREATE FUNCTION check_month_unsigned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.bank_month WHERE pool_id = NEW.pool_id
        AND first_on = date_trunc('month', NEW.booked_on::timestamp)::date) THEN
        RAISE EXCEPTION 'the month of line % is signed', NEW.reference USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# What is signed is signed when the month is over, and its lines are all that there are.
SIGNED_MONTH = """
CREATE FUNCTION check_bank_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.signed_at AT TIME ZONE 'Asia/Shanghai')::date < (NEW.first_on + interval '1 month')::date
        OR NOT EXISTS (SELECT 1 FROM public.bank_report WHERE pool_id = NEW.pool_id
            AND from_on < (NEW.first_on + interval '1 month')::date
            AND until_on >= (NEW.first_on + interval '1 month')::date - 1)
        OR (SELECT (count(*), coalesce(sum(amount_fen), 0)) FROM public.bank_line WHERE pool_id = NEW.pool_id
            AND date_trunc('month', booked_on::timestamp)::date = NEW.first_on)
        <> (NEW.matched + NEW.held + NEW.placed + NEW.lines,
            (NEW.matched_fen + NEW.held_fen + NEW.placed_fen + NEW.lines_fen)::numeric) THEN
        RAISE EXCEPTION 'a month is signed whole, when it is over' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""

# A payment of a statement pays its whole balance as before; one of premiums is part of a prepared batch of premiums, to a
# confirmed account of a member of its pool.
KEEP_PAYMENT_LINE = """
CREATE OR REPLACE FUNCTION keep_payment_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.statement_id IS NULL AND NOT EXISTS (
            SELECT 1 FROM public.payment_batch b JOIN public.bank_account a ON a.pool_id = b.pool_id
            WHERE b.id = NEW.batch_id AND b.stage = 'prepared' AND b.kind = 'premium' AND b.pool_id = NEW.pool_id
                AND a.id = NEW.account_id AND a.stage = 'confirmed' AND a.id <> b.payer_id
        ) OR NEW.statement_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM public.statement s
            JOIN public.bank_account a ON (a.pool_id, a.organisation_id) = (s.pool_id, s.organisation_id)
            JOIN public.payment_batch b ON (b.pool_id, b.period_id) = (s.pool_id, s.period_id)
            WHERE s.id = NEW.statement_id AND s.stage = 'agreed' AND s.balance_fen = NEW.amount_fen
                AND a.id = NEW.account_id AND a.stage = 'confirmed'
                AND b.id = NEW.batch_id AND b.stage = 'prepared' AND b.pool_id = NEW.pool_id
        ) THEN
            RAISE EXCEPTION 'a payment pays an agreed statement to an account of its member' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - 'batch_stage' <> to_jsonb(NEW) - 'batch_stage' THEN
        RAISE EXCEPTION 'payment % of a batch stands as it is', OLD.position USING ERRCODE = 'GB001';
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
CREATE OR REPLACE FUNCTION check_payments_whole() RETURNS trigger LANGUAGE plpgsql AS $$
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

# A line pays a statement of its own pool that somebody is to pay, or shows a payment of a released batch, from the right
# side; the difference is what it is.
MATCH_FITS = """
CREATE OR REPLACE FUNCTION check_bank_match() RETURNS trigger LANGUAGE plpgsql AS $$
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
    ) THEN
        RAISE EXCEPTION 'a line of the bank pays a statement of its pool from the right side' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""
