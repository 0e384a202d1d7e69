"""What keeps an extract of a book as it was made; put up by step 0009."""

from __future__ import annotations

# The file of an extract stands once it is there: afterwards only its first fetching is noted.
KEEP_EXTRACT = """
CREATE FUNCTION keep_extract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stage = 'ready' AND (NEW.stage, NEW.paper_id, NEW.ready_at, NEW.rows_total, NEW.rows_done)
            IS DISTINCT FROM (OLD.stage, OLD.paper_id, OLD.ready_at, OLD.rows_total, OLD.rows_done) THEN
        RAISE EXCEPTION 'extract % is made and stands', OLD.id USING ERRCODE = 'GB001';
    END IF;
    IF OLD.fetched_at IS NOT NULL AND NEW.fetched_at IS DISTINCT FROM OLD.fetched_at THEN
        RAISE EXCEPTION 'extract % was fetched', OLD.id USING ERRCODE = 'GB001';
    END IF;
    RETURN NEW;
END $$
"""
