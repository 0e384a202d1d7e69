"""What keeps the book whole: functions of the database, put up by step 0002."""

from __future__ import annotations

SUM_OF = """
CREATE FUNCTION sum_of(numbers bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(sum(number), 0)::bigint FROM unnest(numbers) AS number
$$
"""

# The same, worked out without a query where there are few members: the database lays this expression into the check.
PARTS_SUM = """
CREATE FUNCTION parts_sum(n bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(n) <= 8
        THEN coalesce(n[1], 0) + coalesce(n[2], 0) + coalesce(n[3], 0) + coalesce(n[4], 0)
            + coalesce(n[5], 0) + coalesce(n[6], 0) + coalesce(n[7], 0) + coalesce(n[8], 0)
        ELSE sum_of(n) END
$$
"""

# The shares of a version add up to its whole when the transaction that made it ends.
SHARES_WHOLE = """
CREATE FUNCTION check_shares() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
    expected bigint;
BEGIN
    SELECT whole INTO expected FROM public.share_version WHERE pool_id = NEW.pool_id AND number = NEW.number;
    SELECT sum(weight) INTO total FROM public.share WHERE pool_id = NEW.pool_id AND number = NEW.number;
    IF total IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'shares of pool % version % add up to %, not %', NEW.pool_id, NEW.number, total, expected
            USING ERRCODE = 'GB002';
    END IF;
    RETURN NULL;
END $$
"""

# A period that is closed takes no entry, and one that is not there none either. Its row is locked so that a close
# waits.
REQUIRE_OPEN = """
CREATE FUNCTION require_open(pool bigint, period bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found_stage text;
BEGIN
    SELECT p.stage INTO found_stage FROM public.period p WHERE (p.pool_id, p.id) = (pool, period) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no period % in pool %', period, pool USING ERRCODE = '23503';
    ELSIF found_stage <> 'open' THEN
        RAISE EXCEPTION 'a closed period takes no posting' USING ERRCODE = 'GB003';
    END IF;
END $$
"""

ENTRIES_OPEN = """
CREATE FUNCTION check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.require_open(a.pool_id, a.period_id)
    FROM (SELECT DISTINCT pool_id, period_id FROM added ORDER BY 1, 2) a;
    RETURN NULL;
END $$
"""

# What an entry says it moves is what its transfers move, all of them written at once: their lines count from 0 without
# a gap, so that none is added later. Both accounts are the pool's. A write is to one period, which is open. One look at
# all rows of a write costs a fraction of a foreign key's look at each, and neither entries nor accounts ever go away
# (docs/decisions/0019). Entries are looked up as a range, not one by one.
TRANSFERS_WHOLE = """
CREATE FUNCTION check_transfers() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off
SET enable_seqscan = off AS $$
DECLARE
    here record;
    known bigint[];
    wrong record;
BEGIN
    SELECT pool_id, period_id INTO here FROM added LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM public.require_open(here.pool_id, here.period_id);
    SELECT coalesce(array_agg(id), '{}') INTO known FROM public.account WHERE pool_id = here.pool_id;
    WITH moved AS MATERIALIZED (
        SELECT entry_id, sum(amount_fen)::bigint AS fen, max(line) + 1 AS lines, count(*) AS transfers,
            bool_and(pool_id = here.pool_id AND period_id = here.period_id) AS is_here,
            bool_and(debit_id = ANY (known) AND credit_id = ANY (known)) AS is_known
        FROM added GROUP BY entry_id
    )
    SELECT m.entry_id, m.is_known INTO wrong FROM moved m LEFT JOIN (
        SELECT id, amount_fen FROM public.entry WHERE pool_id = here.pool_id AND period_id = here.period_id
            AND id BETWEEN (SELECT min(entry_id) FROM moved) AND (SELECT max(entry_id) FROM moved)
    ) e ON e.id = m.entry_id
    WHERE e.amount_fen IS DISTINCT FROM m.fen OR m.lines <> m.transfers OR NOT m.is_here OR NOT m.is_known LIMIT 1;
    IF wrong.is_known THEN
        RAISE EXCEPTION 'the transfers of entry % do not add up to it', wrong.entry_id USING ERRCODE = 'GB004';
    ELSIF NOT wrong.is_known THEN
        RAISE EXCEPTION 'a transfer is between accounts of its own pool' USING ERRCODE = '23503';
    END IF;
    RETURN NULL;
END $$
"""

# An item of a stream is one of an entry; a write is to few streams and periods. A stream is looked up by its key and the
# table never read through: who reads all of it under SERIALIZABLE is in conflict with everybody who posts.
ITEMS_WHOLE = """
CREATE FUNCTION check_items() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
    here record;
    broken bigint;
BEGIN
    FOR here IN
        SELECT pool_id, period_id, number, kind, min(entry_id) AS first, max(entry_id) AS last
        FROM added GROUP BY 1, 2, 3, 4
    LOOP
        PERFORM 1 FROM public.stream s WHERE (s.pool_id, s.number, s.kind) = (here.pool_id, here.number, here.kind);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no such stream of version %', here.number USING ERRCODE = '23503';
        END IF;
        SELECT a.entry_id INTO broken FROM added a LEFT JOIN (
            SELECT id FROM public.entry WHERE pool_id = here.pool_id AND period_id = here.period_id
                AND id BETWEEN here.first AND here.last
        ) e ON e.id = a.entry_id
        WHERE (a.pool_id, a.period_id, a.number, a.kind) = (here.pool_id, here.period_id, here.number, here.kind)
            AND e.id IS NULL LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'there is no entry % for an item', broken USING ERRCODE = '23503';
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""

# What a period is stands from its opening on. Its close is written once, names the last entry there is, and stands.
KEEP_PERIOD = """
CREATE FUNCTION keep_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closing constant text[] := ARRAY['stage', 'closed_at', 'closed_by', 'last_entry_id'];
BEGIN
    IF TG_OP = 'DELETE' OR OLD.stage = 'closed' OR to_jsonb(OLD) - closing <> to_jsonb(NEW) - closing THEN
        RAISE EXCEPTION 'period % stands as it is', OLD.label USING ERRCODE = 'GB001';
    END IF;
    IF NEW.stage = 'closed' AND NEW.last_entry_id IS DISTINCT FROM (
        SELECT coalesce(max(id), 0) FROM public.entry WHERE (pool_id, period_id) = (NEW.pool_id, NEW.id)
    ) THEN
        RAISE EXCEPTION 'the close of period % names its last entry', OLD.label USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""

# What a rehearsal makes is rolled back with it; what is not does not get past its commit.
REFUSE_REHEARSAL = """
CREATE FUNCTION refuse_rehearsal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is rehearsed in % is not kept', TG_TABLE_NAME USING ERRCODE = '23514';
END $$
"""

# Opens a period and its partition, which nobody empties; the application may call this and may not make a table by
# itself. In bulk it adds transfers to the partition itself, watched like the whole table: the database then writes many
# rows at a time, which it does not where rows have first to find their partition. A rehearsal takes a negative id of
# numbers of its own, and its transfers go to one partition that is always empty outside a transaction.
OPEN_PERIOD = """
CREATE FUNCTION open_period(pool bigint, label text, starts_on date, ends_on date, rehearsal boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made bigint;
    part text;
BEGIN
    IF rehearsal THEN
        made := -nextval('public.rehearsal_number');
    ELSIF NOT rehearsal THEN
        made := nextval('public.period_number');
        part := format('transfer_p%s', made);
        EXECUTE format(
            'CREATE TABLE public.%I (LIKE public.transfer INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part
        );
        EXECUTE format(
            'ALTER TABLE public.transfer ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)', part, made, made + 1
        );
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE TRUNCATE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()',
            part || '_no_truncate', part
        );
        EXECUTE format(
            'CREATE TRIGGER %I AFTER INSERT ON public.%I REFERENCING NEW TABLE AS added'
            ' FOR EACH STATEMENT EXECUTE FUNCTION public.check_transfers()', part || '_whole', part
        );
        EXECUTE format('GRANT INSERT ON public.%I TO gongbao_app', part);
    END IF;
    INSERT INTO public.period (id, pool_id, label, starts_on, ends_on, stage)
    VALUES (made, pool, label, starts_on, ends_on, 'open');
    RETURN made;
END $$
"""
