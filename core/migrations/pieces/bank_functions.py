"""What keeps the bank's rows true whatever the application does: functions of the database, put up by step 0008."""

from __future__ import annotations

# An account is proposed by a member of the pool and stands as it was proposed; it is decided once. The member's first
# takes effect on the day of its confirmation, every later one not before two working days have passed.
KEEP_BANK_ACCOUNT = """
CREATE FUNCTION keep_bank_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    deciding constant text[] := ARRAY['stage', 'decided_by', 'decided_at', 'effective_on'];
    confirmed_on date;
    passed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'proposed' OR NOT EXISTS (SELECT 1 FROM public.share
            WHERE (pool_id, organisation_id) = (NEW.pool_id, NEW.organisation_id)) THEN
            RAISE EXCEPTION 'a bank account is proposed by a member of its pool' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'proposed' OR to_jsonb(OLD) - deciding <> to_jsonb(NEW) - deciding THEN
        RAISE EXCEPTION 'bank account % stands as it is', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF NEW.stage = 'confirmed' THEN
        confirmed_on := (NEW.decided_at AT TIME ZONE 'Asia/Shanghai')::date;
        IF EXISTS (SELECT 1 FROM public.bank_account WHERE stage = 'confirmed'
            AND (pool_id, organisation_id) = (NEW.pool_id, NEW.organisation_id)) THEN
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
