"""What keeps claims to their payees whatever the application does, put up by step 0014."""

from __future__ import annotations

# A claim is paid to a payee of its own pool, who is not another one while a batch pays the claim.
CLAIM_PAYEE = """
CREATE FUNCTION check_claim_payee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.payee_id IS NOT DISTINCT FROM NEW.payee_id THEN
        RETURN NEW;
    END IF;
    IF NEW.payee_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.payee WHERE (id, pool_id) = (NEW.payee_id, NEW.pool_id)
    ) OR EXISTS (SELECT 1 FROM public.payment_line
        WHERE subject_id = NEW.id AND batch_stage <> 'rejected' AND return_line_id IS NULL) THEN
        RAISE EXCEPTION 'claim % is paid to a payee of its pool, who stands while a batch pays it', NEW.number
            USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""
