"""What keeps matches, held receipts and signed months true whatever the application does, put up by step 0013."""

from __future__ import annotations

# A match stands as it was made and is taken back once, while its line's month is not signed and nothing is booked by
# what it shows; a line that was placed otherwise, or that stands on 2310, is not matched.
KEEP_MATCH = """
CREATE FUNCTION keep_bank_match() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    undoing constant text[] := ARRAY['stage', 'undone_by', 'undone_at', 'undone_why'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'matched' OR EXISTS (SELECT 1 FROM public.held_receipt
            WHERE (line_id = NEW.line_id AND stage IN ('placed', 'returned')) OR return_line_id = NEW.line_id)
            OR EXISTS (SELECT 1 FROM public.payment_line WHERE return_line_id = NEW.line_id) THEN
            RAISE EXCEPTION 'a line that was placed otherwise is not matched' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'matched' OR NEW.stage <> 'taken_back'
        OR to_jsonb(OLD) - undoing <> to_jsonb(NEW) - undoing THEN
        RAISE EXCEPTION 'match % stands as it is', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF EXISTS (SELECT 1 FROM public.payment_line WHERE (id = NEW.payment_id OR statement_id = NEW.statement_id)
        AND return_line_id IS NOT NULL) THEN
        RAISE EXCEPTION 'the payment of match % came back', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF EXISTS (SELECT 1 FROM public.payment_line p JOIN public.apart_item i ON i.id = p.subject_id
        WHERE p.id = NEW.payment_id AND i.stage = 'paid') THEN
        RAISE EXCEPTION 'the item of match % is booked as paid', OLD.id USING ERRCODE = 'GB001';
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
            OR EXISTS (SELECT 1 FROM public.bank_match WHERE line_id = NEW.line_id AND stage = 'matched')
            OR EXISTS (SELECT 1 FROM public.payment_line WHERE return_line_id = NEW.line_id) THEN
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
