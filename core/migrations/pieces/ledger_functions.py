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

# A period that is closed takes no entry, and one that is not there none either. The rows are locked so that a close
# waits.
PERIOD_OPEN = """
CREATE FUNCTION check_period_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    here record;
    found_stage text;
BEGIN
    FOR here IN SELECT DISTINCT pool_id, period_id FROM added ORDER BY 1, 2 LOOP
        SELECT stage INTO found_stage FROM public.period WHERE (pool_id, id) = (here.pool_id, here.period_id) FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no period % in pool %', here.period_id, here.pool_id USING ERRCODE = '23503';
        ELSIF found_stage <> 'open' THEN
            RAISE EXCEPTION 'a closed period takes no posting' USING ERRCODE = 'GB003';
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""

# What an entry says it moves is what its transfers move, all of them written at once: their lines count from 0 without
# a gap, so that none is added later. Both accounts are the pool's. One look at all rows of a write costs a fraction of
# a foreign key's look at each, and neither entries nor accounts ever go away (docs/decisions/0019).
TRANSFERS_WHOLE = """
CREATE FUNCTION check_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken bigint;
BEGIN
    SELECT a.entry_id INTO broken
    FROM (
        SELECT entry_id, min(pool_id) AS pool_id, max(pool_id) AS last_pool, min(period_id) AS period_id,
            max(period_id) AS last_period, sum(amount_fen) AS fen, max(line) AS last, count(*) AS lines
        FROM added GROUP BY entry_id
    ) a
    LEFT JOIN public.entry e ON (e.pool_id, e.period_id, e.id) = (a.pool_id, a.period_id, a.entry_id)
    WHERE e.amount_fen IS DISTINCT FROM a.fen OR a.last + 1 <> a.lines
        OR a.last_pool <> a.pool_id OR a.last_period <> a.period_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the transfers of entry % do not add up to it', broken USING ERRCODE = 'GB004';
    END IF;
    SELECT a.debit_id INTO broken FROM (SELECT DISTINCT pool_id, debit_id, credit_id FROM added) a
    WHERE NOT EXISTS (SELECT FROM public.account x WHERE (x.pool_id, x.id) = (a.pool_id, a.debit_id))
        OR NOT EXISTS (SELECT FROM public.account x WHERE (x.pool_id, x.id) = (a.pool_id, a.credit_id)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a transfer is between accounts of its own pool' USING ERRCODE = '23503';
    END IF;
    RETURN NULL;
END $$
"""

# An item of a stream is one of an entry.
ITEMS_WHOLE = """
CREATE FUNCTION check_items() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken bigint;
BEGIN
    SELECT a.entry_id INTO broken FROM added a
    LEFT JOIN public.entry e ON (e.pool_id, e.period_id, e.id) = (a.pool_id, a.period_id, a.entry_id)
    WHERE e.id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no entry % for an item', broken USING ERRCODE = '23503';
    END IF;
    SELECT a.number INTO broken FROM (SELECT DISTINCT pool_id, number, kind FROM added) a
    WHERE NOT EXISTS (SELECT FROM public.stream s
        WHERE (s.pool_id, s.number, s.kind) = (a.pool_id, a.number, a.kind)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no such stream of version %', broken USING ERRCODE = '23503';
    END IF;
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
# rows at a time, which it does not where rows have first to find their partition. A rehearsal takes a negative id of numbers of its own, and its transfers go to one partition that is always
# empty outside a transaction.
OPEN_PERIOD = """
CREATE FUNCTION open_period(pool bigint, label text, starts_on date, ends_on date, rehearsal boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made bigint;
    part text;
    watch text;
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
        FOREACH watch IN ARRAY ARRAY['check_period_open', 'check_transfers'] LOOP
            EXECUTE format(
                'CREATE TRIGGER %I AFTER INSERT ON public.%I REFERENCING NEW TABLE AS added'
                ' FOR EACH STATEMENT EXECUTE FUNCTION public.%I()', part || '_' || watch, part, watch
            );
        END LOOP;
        EXECUTE format('GRANT INSERT ON public.%I TO gongbao_app', part);
    END IF;
    INSERT INTO public.period (id, pool_id, label, starts_on, ends_on, stage)
    VALUES (made, pool, label, starts_on, ends_on, 'open');
    RETURN made;
END $$
"""
