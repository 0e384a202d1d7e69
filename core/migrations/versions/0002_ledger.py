"""The pool book: accounts, share versions, streams, periods, entries, transfers by period, statements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


SUM_OF = """
CREATE FUNCTION sum_of(numbers bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(sum(number), 0)::bigint FROM unnest(numbers) AS number
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

# A period that is closed, or does not cover the day, takes no entry. The rows are locked so that a close waits.
PERIOD_OPEN = """
CREATE FUNCTION check_period_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM public.period WHERE id IN (SELECT DISTINCT period_id FROM added) FOR SHARE;
    IF EXISTS (SELECT 1 FROM public.period WHERE id IN (SELECT DISTINCT period_id FROM added) AND stage <> 'open') THEN
        RAISE EXCEPTION 'a closed period takes no posting' USING ERRCODE = 'GB003';
    END IF;
    RETURN NULL;
END $$
"""

# What an entry says it moves is what its transfers move.
ENTRY_TOTAL = """
CREATE FUNCTION check_entry_total() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken bigint;
BEGIN
    SELECT e.id INTO broken
    FROM (SELECT DISTINCT pool_id, period_id, entry_id FROM added) a
    JOIN public.entry e ON (e.pool_id, e.period_id, e.id) = (a.pool_id, a.period_id, a.entry_id)
    WHERE e.amount_fen <> (
        SELECT sum(t.amount_fen) FROM public.transfer t
        WHERE (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
    ) LIMIT 1;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the transfers of entry % do not add up to it', broken USING ERRCODE = 'GB004';
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
# itself. A rehearsal takes a negative id of numbers of its own, and its transfers go to one partition that is always
# empty outside a transaction.
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
    END IF;
    INSERT INTO public.period (id, pool_id, label, starts_on, ends_on, stage)
    VALUES (made, pool, label, starts_on, ends_on, 'open');
    RETURN made;
END $$
"""


def upgrade() -> None:
    op.execute(SUM_OF)
    op.execute(sa.schema.CreateSequence(sa.Sequence("entry_number")))
    op.execute("CREATE SEQUENCE period_number")
    op.execute("CREATE SEQUENCE rehearsal_number")
    _books()
    _splits()
    _walls()


def _books() -> None:
    """The books, their accounts and periods, share versions and entries."""
    op.create_table(
        "book",
        sa.Column("pool_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_book")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(code IN ('1210', '1220', '2210', '2220', '2305')) = (organisation_id IS NOT NULL)",
            name=op.f("ck_account_member"),
        ),
        sa.CheckConstraint(
            "code IN ('1010', '1110', '1120', '1210', '1220', '2110', '2120', '2130', '2210', '2220', '2305', '2310')",
            name=op.f("ck_account_code"),
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_account_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("pool_id", "id", name=op.f("uq_account_pool_id_id")),
        sa.UniqueConstraint(
            "pool_id",
            "code",
            "organisation_id",
            name=op.f("uq_account_pool_id_code_organisation_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "period",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(stage = 'closed') = (closed_at IS NOT NULL) AND (stage = 'open' OR last_entry_id IS NOT NULL)",
            name=op.f("ck_period_closed"),
        ),
        sa.CheckConstraint("stage IN ('open', 'closed')", name=op.f("ck_period_stage")),
        sa.CheckConstraint(
            "isfinite(starts_on) AND isfinite(ends_on) AND starts_on <= ends_on", name=op.f("ck_period_dates")
        ),
        sa.CheckConstraint(
            "length(label) BETWEEN 1 AND 100 AND (id < 0 OR label ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,19}$')",
            name=op.f("ck_period_label"),
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_period_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period")),
        sa.UniqueConstraint("pool_id", "id", name=op.f("uq_period_pool_id_id")),
        sa.UniqueConstraint("pool_id", "label", name=op.f("uq_period_pool_id_label")),
    )
    op.create_table(
        "share_version",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.CheckConstraint("whole > 0 AND whole <= 1000000000", name=op.f("ck_share_version_whole")),
        sa.ForeignKeyConstraint(["pool_id"], ["book.pool_id"], name=op.f("fk_share_version_pool_id")),
        sa.PrimaryKeyConstraint("pool_id", "number", name=op.f("pk_share_version")),
        sa.UniqueConstraint("pool_id", "effective_on", name=op.f("uq_share_version_pool_id_effective_on")),
    )
    op.create_table(
        "entry",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('entry_number')"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_entry_amount")),
        sa.CheckConstraint("reverses_id < id", name=op.f("ck_entry_reverses")),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"], ["period.pool_id", "period.id"], name=op.f("fk_entry_pool_id_period_id")
        ),
        sa.PrimaryKeyConstraint("pool_id", "period_id", "id", name=op.f("pk_entry")),
        sa.UniqueConstraint("pool_id", "reverses_id", name=op.f("uq_entry_pool_id_reverses_id")),
    )
    op.create_index("ix_entry_subject", "entry", ["pool_id", "subject_id"], unique=False)


def _splits() -> None:
    """Shares, statements, the streams of splits, and the transfers."""
    op.create_table(
        "share",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_share_position")),
        sa.CheckConstraint("weight > 0", name=op.f("ck_share_weight")),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_share_pool_id_number"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "number", "position", name=op.f("pk_share")),
        sa.UniqueConstraint(
            "pool_id", "number", "organisation_id", name=op.f("uq_share_pool_id_number_organisation_id")
        ),
    )
    op.create_table(
        "statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("query_text", sa.Text(), nullable=True),
        sa.Column("reply_text", sa.Text(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('draft', 'issued', 'acknowledged', 'queried', 'agreed', 'settled')",
            name=op.f("ck_statement_stage"),
        ),
        sa.CheckConstraint(
            "stage <> 'queried' OR (query_text IS NOT NULL AND reply_text IS NULL)",
            name=op.f("ck_statement_query"),
        ),
        sa.CheckConstraint("reply_text IS NULL OR query_text IS NOT NULL", name=op.f("ck_statement_reply")),
        sa.CheckConstraint(
            "(stage = 'draft') = (issued_at IS NULL) AND (issued_at IS NULL) = (due_on IS NULL)",
            name=op.f("ck_statement_issued"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"],
            ["period.pool_id", "period.id"],
            name=op.f("fk_statement_pool_id_period_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("number", name=op.f("uq_statement_number")),
        sa.UniqueConstraint(
            "pool_id",
            "period_id",
            "organisation_id",
            name=op.f("uq_statement_pool_id_period_id_organisation_id"),
        ),
    )
    op.create_table(
        "stream",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("carry", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint(
            "kind IN ('premium_net', 'premium_vat', 'claim', 'adjusting_expense', 'recovery')",
            name=op.f("ck_stream_kind"),
        ),
        sa.CheckConstraint("sum_of(carry) = 0", name=op.f("ck_stream_carry_zero")),
        sa.ForeignKeyConstraint(
            ["pool_id", "number"],
            ["share_version.pool_id", "share_version.number"],
            name=op.f("fk_stream_pool_id_number"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "number", "kind", name=op.f("pk_stream")),
    )
    op.create_table(
        "stream_item",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("parts_fen", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("carry_after", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("mirrors", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("sum_of(carry_after) = 0", name=op.f("ck_stream_item_carry_zero")),
        sa.CheckConstraint("sum_of(parts_fen) = amount_fen", name=op.f("ck_stream_item_parts")),
        sa.ForeignKeyConstraint(
            ["pool_id", "number", "kind"],
            ["stream.pool_id", "stream.number", "stream.kind"],
            name=op.f("fk_stream_item_pool_id_number_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id", "entry_id"],
            ["entry.pool_id", "entry.period_id", "entry.id"],
            name=op.f("fk_stream_item_pool_id_period_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "number", "kind", "sequence", name=op.f("pk_stream_item")),
        sa.UniqueConstraint(
            "pool_id", "number", "kind", "mirrors", name=op.f("uq_stream_item_pool_id_number_kind_mirrors")
        ),
    )
    op.create_index("ix_stream_item_entry", "stream_item", ["pool_id", "entry_id"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debit_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_transfer_accounts")),
        sa.ForeignKeyConstraint(
            ["pool_id", "debit_id"],
            ["account.pool_id", "account.id"],
            name=op.f("fk_transfer_pool_id_debit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "credit_id"],
            ["account.pool_id", "account.id"],
            name=op.f("fk_transfer_pool_id_credit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id", "entry_id"],
            ["entry.pool_id", "entry.period_id", "entry.id"],
            name=op.f("fk_transfer_pool_id_period_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("pool_id", "period_id", "entry_id", "line", name=op.f("pk_transfer")),
        postgresql_partition_by="RANGE (period_id)",
    )


def _walls() -> None:
    """Put up what keeps the book true whatever the application does."""
    op.execute("CREATE TABLE transfer_rehearsal PARTITION OF transfer FOR VALUES FROM (MINVALUE) TO (0)")
    op.execute(
        "CREATE TRIGGER transfer_rehearsal_no_truncate BEFORE TRUNCATE ON transfer_rehearsal"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "ALTER TABLE period ADD CONSTRAINT period_no_overlap EXCLUDE USING gist"
        " (int8range(pool_id, pool_id, '[]') WITH &&, daterange(starts_on, ends_on, '[]') WITH &&)"
    )
    walls.append_only(
        "book", "share_version", "share", "account", "entry", "transfer", "stream_item", "idempotency_key"
    )
    walls.editable("stream")
    op.execute("GRANT SELECT, UPDATE (stage, closed_at, closed_by, last_entry_id) ON period TO gongbao_app")
    # What a statement says is written once; only where it stands and how it was answered move.
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (stage, issued_at, due_on, answered_at, answered_by, query_text, reply_text, settled_on, version)"
        " ON statement TO gongbao_app"
    )
    op.execute("GRANT SELECT ON period, statement TO gongbao_auditor")
    op.execute("GRANT USAGE ON SEQUENCE entry_number, rehearsal_number TO gongbao_app")
    op.execute(KEEP_PERIOD)
    op.execute(
        "CREATE TRIGGER period_keep_period BEFORE UPDATE OR DELETE ON period"
        " FOR EACH ROW EXECUTE FUNCTION keep_period()"
    )
    op.execute(
        "CREATE TRIGGER period_no_truncate BEFORE TRUNCATE ON period FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(REFUSE_REHEARSAL)
    for table, number in (("period", "id"), ("book", "pool_id")):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_not_rehearsed AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW WHEN (NEW.{number} < 0) EXECUTE FUNCTION refuse_rehearsal()"
        )
    op.execute(SHARES_WHOLE)
    for table in ("share", "share_version"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION check_shares()"
        )
    op.execute(PERIOD_OPEN)
    for table in ("entry", "transfer"):
        op.execute(
            f"CREATE TRIGGER {table}_period_open AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION check_period_open()"
        )
    op.execute(ENTRY_TOTAL)
    op.execute(
        "CREATE TRIGGER transfer_total AFTER INSERT ON transfer REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION check_entry_total()"
    )
    op.execute(OPEN_PERIOD)
    op.execute("REVOKE ALL ON FUNCTION open_period(bigint, text, date, date, boolean) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION open_period(bigint, text, date, date, boolean) TO gongbao_app")
    walls.rows_of_one_insurer("statement", using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer("account", using=f"(organisation_id IS NULL OR {walls.OWN_OR_LED})")


def downgrade() -> None:
    op.execute("DROP FUNCTION open_period(bigint, text, date, date, boolean)")
    op.drop_table("transfer")
    op.drop_index("ix_stream_item_entry", table_name="stream_item")
    op.drop_table("stream_item")
    op.drop_table("stream")
    op.drop_table("statement")
    op.drop_table("share")
    op.drop_index("ix_entry_subject", table_name="entry")
    op.drop_table("entry")
    op.drop_table("share_version")
    op.drop_table("period")
    op.drop_table("account")
    op.drop_table("idempotency_key")
    op.drop_table("book")
    op.execute("DROP FUNCTION check_shares(), check_period_open(), check_entry_total(), sum_of(bigint[])")
    op.execute("DROP FUNCTION keep_period(), refuse_rehearsal()")
    op.execute("DROP SEQUENCE rehearsal_number")
    op.execute("DROP SEQUENCE period_number")
    op.execute("DROP SEQUENCE entry_number")
