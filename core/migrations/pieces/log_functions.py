"""How events get their places in the log: a function of the database, put up by step 0001."""

from __future__ import annotations

# What `core.merkle.Frontier` does, where the tree stands (RFC 6962, 2.1): the hash of an event's leaf is known since it
# was written; here it gets its index, and the subtrees that it completes. Who cannot have the lock and does not wait
# places nothing. What is committed before the lock was had is seen after it only where every statement looks anew.
PLACE_EVENTS = r"""
CREATE FUNCTION place_events(turn integer, most bigint, waits boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    size bigint;
    waiting record;
    digest bytea;
    beside bytea;
    height bigint;
    place bigint;
    placed uuid[] := '{}';
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'places are given under read committed' USING ERRCODE = '25001';
    END IF;
    IF waits THEN
        PERFORM pg_advisory_xact_lock(turn);
    ELSIF NOT pg_try_advisory_xact_lock(turn) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(max(index) + 1, 0) INTO size FROM public.audit_leaf;
    FOR waiting IN
        SELECT p.event_id, p.leaf_hash FROM public.audit_pending p
        WHERE EXISTS (SELECT FROM public.audit_event e WHERE e.id = p.event_id)
        ORDER BY p.event_id LIMIT most
    LOOP
        INSERT INTO public.audit_leaf (index, event_id, leaf_hash) VALUES (size, waiting.event_id, waiting.leaf_hash);
        digest := waiting.leaf_hash;
        height := 0;
        place := size;
        WHILE place & 1 = 1 LOOP
            IF height = 0 THEN
                SELECT l.leaf_hash INTO STRICT beside FROM public.audit_leaf l WHERE l.index = place - 1;
            ELSE
                SELECT n.node_hash INTO STRICT beside FROM public.audit_node n
                WHERE n.level = height AND n.index = place - 1;
            END IF;
            digest := sha256('\x01'::bytea || beside || digest);
            height := height + 1;
            place := place >> 1;
            INSERT INTO public.audit_node (level, index, node_hash) VALUES (height, place, digest);
        END LOOP;
        size := size + 1;
        placed := placed || waiting.event_id;
    END LOOP;
    DELETE FROM public.audit_pending WHERE event_id = ANY (placed);
    RETURN cardinality(placed);
END $$
"""
