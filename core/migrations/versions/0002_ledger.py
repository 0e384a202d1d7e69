"""The pool book: accounts, share versions, streams, periods, entries, transfers by period, statements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import walls
from core.migrations.pieces import ledger_functions, split_tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(ledger_functions.SUM_OF)
    op.execute(ledger_functions.PARTS_SUM)
    op.execute(sa.schema.CreateSequence(sa.Sequence("entry_number")))
    op.execute("CREATE SEQUENCE period_number")
    op.execute("CREATE SEQUENCE rehearsal_number")
    _books()
    split_tables.splits()
    _walls()


def _books() -> None:
    """The books, their accounts and periods, share versions and entries."""
    _make_book()
    _make_idempotency_key()
    _make_account()
    _make_period()
    _make_share_version()
    _make_entry()
    _make_entry_batch()


def _make_book() -> None:
    """The table `book`."""
    op.create_table(
        "book",
        sa.Column("pool_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_book")),
    )


def _make_idempotency_key() -> None:
    """The table `idempotency_key`."""
    op.create_table(
        "idempotency_key",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_key")),
    )


def _make_account() -> None:
    """The table `account`."""
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


def _make_period() -> None:
    """The table `period`."""
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


def _make_share_version() -> None:
    """The table `share_version`."""
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


def _make_entry() -> None:
    """The table `entry`."""
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
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_entry_amount")),
        sa.CheckConstraint("reverses_id < id", name=op.f("ck_entry_reverses")),
        sa.PrimaryKeyConstraint("pool_id", "period_id", "id", name=op.f("pk_entry")),
    )
    op.create_index(
        "uq_entry_reverses",
        "entry",
        ["pool_id", "reverses_id"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_index("ix_entry_subject", "entry", ["pool_id", "subject_id"], unique=False)


def _make_entry_batch() -> None:
    """The table `entry_batch`."""
    op.create_table(
        "entry_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("piece_ends", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "entries > 0 AND amount_fen > 0 AND cardinality(piece_ends) > 0", name=op.f("ck_entry_batch_filled")
        ),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_entry_batch_digest")),
        sa.ForeignKeyConstraint(
            ["pool_id", "period_id"], ["period.pool_id", "period.id"], name=op.f("fk_entry_batch_pool_id_period_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_batch")),
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
    _rights()
    _guards()
    walls.rows_of_one_insurer("statement", using=walls.OWN_OR_LED)
    walls.rows_of_one_insurer("account", using=f"(organisation_id IS NULL OR {walls.OWN_OR_LED})")


def _rights() -> None:
    """Say what may be added to, and which columns move."""
    walls.append_only(
        "book",
        "share_version",
        "share",
        "account",
        "entry",
        "entry_batch",
        "transfer",
        "stream_item",
        "idempotency_key",
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


def _guards() -> None:
    """Have the functions watch periods, books, shares, entries and transfers."""
    op.execute(ledger_functions.KEEP_PERIOD)
    op.execute(
        "CREATE TRIGGER period_keep_period BEFORE UPDATE OR DELETE ON period"
        " FOR EACH ROW EXECUTE FUNCTION keep_period()"
    )
    op.execute(
        "CREATE TRIGGER period_no_truncate BEFORE TRUNCATE ON period FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(ledger_functions.REFUSE_REHEARSAL)
    for table, number in (("period", "id"), ("book", "pool_id")):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_not_rehearsed AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW WHEN (NEW.{number} < 0) EXECUTE FUNCTION refuse_rehearsal()"
        )
    op.execute(ledger_functions.SHARES_WHOLE)
    for table in ("share", "share_version"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION check_shares()"
        )
    op.execute(ledger_functions.REQUIRE_OPEN)
    op.execute(ledger_functions.ENTRIES_OPEN)
    op.execute(ledger_functions.TRANSFERS_WHOLE)
    op.execute(ledger_functions.ITEMS_WHOLE)
    for table, function in (
        ("entry", "check_entries"),
        ("transfer", "check_transfers"),
        ("stream_item", "check_items"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_whole AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(ledger_functions.OPEN_PERIOD)
    op.execute("REVOKE ALL ON FUNCTION open_period(bigint, text, date, date, boolean) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION open_period(bigint, text, date, date, boolean) TO gongbao_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION open_period(bigint, text, date, date, boolean)")
    op.drop_table("transfer")
    op.drop_index("ix_stream_item_entry", table_name="stream_item")
    op.drop_table("stream_item")
    op.drop_table("stream")
    op.drop_table("statement")
    op.drop_table("share")
    op.drop_index("ix_entry_subject", table_name="entry")
    op.drop_table("entry_batch")
    op.drop_table("entry")
    op.drop_table("share_version")
    op.drop_table("period")
    op.drop_table("account")
    op.drop_table("idempotency_key")
    op.drop_table("book")
    op.execute(
        "DROP FUNCTION check_shares(), check_entries(), require_open(bigint, bigint), check_transfers(), check_items(),"
        " parts_sum(bigint[]), sum_of(bigint[])"
    )
    op.execute("DROP FUNCTION keep_period(), refuse_rehearsal()")
    op.execute("DROP SEQUENCE rehearsal_number")
    op.execute("DROP SEQUENCE period_number")
    op.execute("DROP SEQUENCE entry_number")
