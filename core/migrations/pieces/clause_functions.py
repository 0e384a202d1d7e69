"""What keeps the rows of an agreement's clauses true whatever the application does; put up by step 0012."""

from __future__ import annotations

# An item stands as it was taken out of its statement, and is paid once.
KEEP_APART_ITEM = """
CREATE FUNCTION keep_apart_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paying constant text[] := ARRAY['stage', 'paid_on', 'paid_by', 'paid_entry_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'open' OR NOT EXISTS (SELECT 1 FROM public.share
            WHERE (pool_id, organisation_id) = (NEW.pool_id, NEW.organisation_id)) THEN
            RAISE EXCEPTION 'an item settled on its own is a member''s, and is paid later' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'open' OR to_jsonb(OLD) - paying <> to_jsonb(NEW) - paying THEN
        RAISE EXCEPTION 'item % stands as it is', OLD.number USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# A shortfall is what its statement says, stands as it was declared, and is cured once.
KEEP_STEP_UP = """
CREATE FUNCTION keep_step_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    curing constant text[] := ARRAY['stage', 'cured_on', 'cured_by', 'cured_entry_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'declared' OR NOT EXISTS (SELECT 1 FROM public.statement s
            WHERE (s.id, s.pool_id, s.organisation_id, -s.balance_fen)
                = (NEW.statement_id, NEW.pool_id, NEW.organisation_id, NEW.amount_fen)
            AND s.stage NOT IN ('draft', 'settled') AND s.due_on < NEW.declared_on) THEN
            RAISE EXCEPTION 'a default is of an overdue statement, for all that it owes' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.stage <> 'declared' OR to_jsonb(OLD) - curing <> to_jsonb(NEW) - curing THEN
        RAISE EXCEPTION 'the default of statement % stands as it is', OLD.statement_id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# A pool is closed once its periods are, its statements are settled and its claims decided; then nothing comes in.
POOL_CLOSING = """
CREATE FUNCTION check_pool_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.period WHERE pool_id = NEW.pool_id AND stage <> 'closed')
        OR EXISTS (SELECT 1 FROM public.statement WHERE pool_id = NEW.pool_id AND stage <> 'settled')
        OR EXISTS (SELECT 1 FROM public.claim WHERE pool_id = NEW.pool_id AND stage NOT IN ('paid', 'rejected'))
        OR EXISTS (SELECT 1 FROM public.agreement WHERE pool_id = NEW.pool_id AND ends_on > NEW.closed_on) THEN
        RAISE EXCEPTION 'something of pool % is still open', NEW.pool_id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

POOL_CLOSED = """
CREATE FUNCTION check_pool_not_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.pool_closing WHERE pool_id = NEW.pool_id) THEN
        RAISE EXCEPTION 'pool % is closed for good', NEW.pool_id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""
