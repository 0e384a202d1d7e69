"""The invariants of the pool book: entries and transfers, periods, reversals, statements, shares, streams, bank."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from sqlalchemy import Connection, text

from core.checks import Broken, Found, Invariant, every, found, moved_by_table, rows
from ledger import (
    bank_invariants,
    bank_life_invariants,
    bank_payout_invariants,
    extract_invariants,
    logged,
    split_invariants,
    stages,
    statement_invariants,
)
from ledger.money import LIMIT_FEN
from ledger.statement_invariants import LEGS

WHOLE_ENTRIES = every(
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.period_id, e.reason FROM entry e
        WHERE NOT EXISTS (SELECT FROM transfer t
            WHERE (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id))
        """,
    ),
    rows(
        "transfer {entry_id}/{line}",
        """
        SELECT t.entry_id, t.line, t.pool_id, t.period_id, t.debit_id, t.credit_id, t.amount_fen,
            e.id IS NOT NULL AS has_entry, d.code AS debit, c.code AS credit
        FROM transfer t
        LEFT JOIN entry e ON (e.pool_id, e.period_id, e.id) = (t.pool_id, t.period_id, t.entry_id)
        LEFT JOIN account d ON (d.pool_id, d.id) = (t.pool_id, t.debit_id)
        LEFT JOIN account c ON (c.pool_id, c.id) = (t.pool_id, t.credit_id)
        WHERE e.id IS NULL OR d.id IS NULL OR c.id IS NULL OR t.debit_id = t.credit_id OR t.amount_fen <= 0
        """,
    ),
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.period_id, e."on", p.label, p.pool_id AS period_pool FROM entry e
        LEFT JOIN period p ON p.id = e.period_id
        WHERE p.id IS NULL OR p.pool_id <> e.pool_id OR NOT e."on" BETWEEN p.starts_on AND p.ends_on
        """,
    ),
)

ENTRY_TOTALS = rows(
    "entry {id}",
    """
    SELECT e.id, e.pool_id, e.reason, e.amount_fen, t.moved_fen FROM entry e
    LEFT JOIN (SELECT pool_id, period_id, entry_id, sum(amount_fen) AS moved_fen FROM transfer GROUP BY 1, 2, 3) t
        ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
    WHERE e.amount_fen IS DISTINCT FROM t.moved_fen
    """,
)

BOOK_IS_ZERO = rows(
    "pool {pool_id}",
    """
    SELECT b.pool_id, coalesce(sum(leg.fen), 0) AS sum_fen FROM book b
    LEFT JOIN account a ON a.pool_id = b.pool_id
    LEFT JOIN (
        SELECT leg.account_id, sum(leg.fen) AS fen
        FROM (SELECT debit_id, credit_id, sum(amount_fen) AS fen FROM transfer GROUP BY 1, 2) t
        CROSS JOIN LATERAL (VALUES (t.debit_id, t.fen), (t.credit_id, -t.fen)) AS leg (account_id, fen) GROUP BY 1
    ) leg ON leg.account_id = a.id
    GROUP BY b.pool_id HAVING coalesce(sum(leg.fen), 0) <> 0
    """,
)

RECEIVABLE_IS_WRITTEN = rows(
    "entry {entry_id}",
    f"""
    SELECT l.entry_id, l.pool_id, sum(l.fen) AS left_fen,
        sum(l.fen) FILTER (WHERE a.code = '1110') AS receivable_fen,
        sum(l.fen) FILTER (WHERE a.code = '2305') AS written_fen
    FROM ({LEGS}) l JOIN account a ON a.id = l.account_id AND a.code IN ('1110', '2305')
    GROUP BY l.pool_id, l.period_id, l.entry_id HAVING sum(l.fen) <> 0
    """,
)

#: Every close of a period as the log tells it.
_CLOSES = """
    SELECT object_id AS period_id, at, person_id, (facts ->> 'last_entry')::bigint AS last_entry_id FROM audit_event
    WHERE object_kind = 'period' AND action = 'period.closed'
"""

CLOSED_TAKE_NOTHING = every(
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, p.label, p.last_entry_id, p.closed_at, e.at FROM entry e
        JOIN period p ON p.id = e.period_id WHERE p.stage = 'closed' AND e.id > p.last_entry_id
        """,
    ),
    rows(
        "period {id}",
        """
        SELECT p.id, p.pool_id, p.label, p.stage, p.closed_at, p.last_entry_id, last.id AS last_posted
        FROM period p LEFT JOIN (SELECT period_id, max(id) AS id FROM entry GROUP BY period_id) last
            ON last.period_id = p.id
        WHERE (p.stage = 'closed') <> (p.closed_at IS NOT NULL) OR (p.stage = 'closed') <> (p.last_entry_id IS NOT NULL)
            OR (p.stage = 'closed' AND p.last_entry_id <> coalesce(last.id, 0))
        """,
    ),
    rows(
        "period {id}",
        """
        SELECT p.id, p.pool_id, p.label, p.stage, count(e.id) FILTER (WHERE e.action = 'period.opened') AS openings,
            count(e.id) FILTER (WHERE e.action = 'period.closed') AS closings
        FROM period p LEFT JOIN audit_event e ON e.object_kind = 'period' AND e.object_id = p.id::text
        GROUP BY p.id HAVING count(e.id) FILTER (WHERE e.action = 'period.opened') <> 1
            OR count(e.id) FILTER (WHERE e.action = 'period.closed') <> (p.stage = 'closed')::int
        """,
    ),
    # What the log says of the close cannot be written again; what the period says of it could, by whoever reopens it.
    rows(
        "period {id}",
        f"""
        SELECT p.id, p.pool_id, p.label, p.closed_at, e.at AS logged_at, p.closed_by, e.person_id AS logged_by,
            p.last_entry_id, e.last_entry_id AS logged_last
        FROM period p JOIN ({_CLOSES}) e ON e.period_id = p.id::text
        WHERE (p.closed_at, p.closed_by, p.last_entry_id) IS DISTINCT FROM (e.at, e.person_id, e.last_entry_id)
        """,
    ),
    rows(
        "entry {id}",
        f"""
        SELECT n.id, n.pool_id, p.label, e.last_entry_id AS logged_last, e.at AS logged_at, n.at FROM entry n
        JOIN period p ON p.id = n.period_id JOIN ({_CLOSES}) e ON e.period_id = p.id::text
        WHERE n.id > e.last_entry_id
        """,
    ),
)

#: What may be taken back is taken back whole and once: every move the other way, every split undone.
REVERSALS = every(
    rows(
        "entry {id}",
        """
        SELECT r.id, r.pool_id, r.reverses_id, r.reason, e.reason AS reversed_reason, r.amount_fen,
            e.amount_fen AS reversed_fen, e.reverses_id AS itself_reverses
        FROM entry r LEFT JOIN entry e ON e.pool_id = r.pool_id AND e.id = r.reverses_id
        WHERE r.reverses_id IS NOT NULL AND (e.id IS NULL OR e.reverses_id IS NOT NULL OR e.reason <> r.reason
            OR e.amount_fen <> r.amount_fen OR (e.subject_kind, e.subject_id) <> (r.subject_kind, r.subject_id)
            OR e.id >= r.id)
        """,
    ),
    rows(
        "entry {reverses_id}",
        """
        SELECT reverses_id, pool_id, count(*) AS times FROM entry WHERE reverses_id IS NOT NULL
        GROUP BY pool_id, reverses_id HAVING count(*) > 1
        """,
    ),
    rows(
        "entry {id}",
        """
        WITH pair AS (
            SELECT r.pool_id, r.id, r.period_id, e.id AS mistaken_id, e.period_id AS mistaken_period
            FROM entry r JOIN entry e ON e.pool_id = r.pool_id AND e.id = r.reverses_id
        ), moved AS (
            SELECT p.pool_id, p.id, t.line, t.debit_id, t.credit_id, t.amount_fen, 1 AS side
            FROM pair p JOIN transfer t
                ON (t.pool_id, t.period_id, t.entry_id) = (p.pool_id, p.mistaken_period, p.mistaken_id)
            UNION ALL SELECT p.pool_id, p.id, t.line, t.credit_id, t.debit_id, t.amount_fen, -1
            FROM pair p JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (p.pool_id, p.period_id, p.id)
        )
        SELECT id, pool_id, debit_id, credit_id, amount_fen, sum(side) AS not_mirrored FROM moved
        GROUP BY pool_id, id, debit_id, credit_id, amount_fen HAVING sum(side) <> 0
        """,
    ),
    rows(
        "item {number}/{kind}/{sequence}",
        """
        SELECT i.number, i.kind, i.sequence, i.pool_id, i.entry_id, r.id AS reversing_entry, m.sequence AS mirror
        FROM entry r JOIN stream_item i ON i.pool_id = r.pool_id AND i.entry_id = r.reverses_id
        LEFT JOIN stream_item m ON (m.pool_id, m.number, m.kind, m.mirrors) = (i.pool_id, i.number, i.kind, i.sequence)
        WHERE m.sequence IS NULL OR m.entry_id <> r.id
        """,
    ),
    rows(
        "item {number}/{kind}/{sequence}",
        """
        SELECT m.number, m.kind, m.sequence, m.pool_id, m.entry_id, m.mirrors, i.entry_id AS mirrored_entry,
            m.parts_fen, i.parts_fen AS mirrored_fen
        FROM stream_item m JOIN entry r ON r.pool_id = m.pool_id AND r.id = m.entry_id
        LEFT JOIN stream_item i ON (i.pool_id, i.number, i.kind, i.sequence) = (m.pool_id, m.number, m.kind, m.mirrors)
        WHERE (m.mirrors IS NOT NULL OR r.reverses_id IS NOT NULL) AND (i.sequence IS NULL OR i.sequence >= m.sequence
            OR i.mirrors IS NOT NULL OR i.entry_id IS DISTINCT FROM r.reverses_id OR i.amount_fen <> -m.amount_fen
            OR i.parts_fen <> (SELECT array_agg(-fen ORDER BY place)
                FROM unnest(m.parts_fen) WITH ORDINALITY AS part (fen, place)))
        """,
    ),
)

KEYS = every(
    rows(
        "key {key}",
        """
        SELECT key, scope, digest, jsonb_typeof(outcome) AS outcome, outcome ->> 'status' AS status
        FROM idempotency_key WHERE digest !~ '^[0-9a-f]{64}$' OR jsonb_typeof(outcome) <> 'object'
            OR length(key) = 0 OR length(scope) = 0 OR outcome ->> 'status' >= '400'
        """,
    ),
    rows(
        "key {key}",
        "SELECT key, scope, count(*) AS times FROM idempotency_key GROUP BY scope, key HAVING count(*) > 1",
    ),
)

#: Sums of many amounts, which may pass the limit that one amount has.
_SUMS = frozenset({("entry", "amount_fen"), ("statement", "balance_fen"), ("fee_charge", "base_fen")})


def amounts_are_whole(connection: Connection) -> Found:
    """Return every column of money that is not whole fen in 64 bits, and every amount beyond the limit of one."""
    columns = connection.execute(
        text(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relnamespace = CAST('public' AS regnamespace) AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND a.attname LIKE '%\\_fen' ORDER BY 1, 2"
        )
    ).all()
    wrong = [
        Broken(f"column {table}.{column}", {"type": kind})
        for table, column, kind in columns
        if kind not in ("bigint", "bigint[]")
    ]
    total = found(wrong, columns_of_money=len(columns))
    for table, column, kind in columns:
        if (table, column) in _SUMS:
            continue
        total += rows(f"{table}.{column}", _BEYOND[kind == "bigint[]"].format(table, column), limit=LIMIT_FEN)(
            connection
        )
    return total


_BEYOND = (
    "SELECT {1} AS fen, ctid::text AS at_ctid FROM {0} WHERE {1} > :limit OR {1} < -:limit",
    "SELECT one.fen, q.ctid::text AS at_ctid FROM {0} q CROSS JOIN LATERAL unnest({1}) AS one (fen)"
    " WHERE one.fen > :limit OR one.fen < -:limit",
)

NO_REHEARSAL = rows(
    "{place}",
    """
    SELECT 'book ' || pool_id AS place, pool_id FROM book WHERE pool_id < 0
    UNION ALL SELECT 'period ' || id, pool_id FROM period WHERE id < 0
    UNION ALL SELECT 'entry ' || id, pool_id FROM entry WHERE period_id < 0
    UNION ALL SELECT format('transfer %s/%s', entry_id, line), pool_id FROM transfer WHERE period_id < 0
    """,
)

#: The log says of every entry once what it is, and of nothing else that it was posted.
ENTRIES_ARE_LOGGED = rows(
    "entry {entry_id}",
    """
    SELECT coalesce(e.id::text, v.object_id) AS entry_id, e.reason, v.reason AS logged_reason, e.amount_fen,
        v.amount_fen AS logged_fen, v.times
    FROM entry e FULL JOIN (
        SELECT object_id, count(*) AS times, min(facts ->> 'reason') AS reason,
            min((facts ->> 'amount_fen')::bigint) AS amount_fen, min((facts ->> 'pool')::bigint) AS pool_id,
            min(facts ->> 'on') AS "on"
        FROM audit_event WHERE object_kind = 'entry' AND action = 'entry.posted' GROUP BY object_id
    ) v ON v.object_id = e.id::text
    WHERE e.batch_id IS NULL AND (e.reason, e.amount_fen, e.pool_id, e."on"::text, 1)
        IS DISTINCT FROM (v.reason, v.amount_fen, v.pool_id, v."on", v.times)
    """,
)

#: What is posted in bulk the log tells of once: each entry is one of its batch, the batch is what its event says, and
#: its digest is that of its entries, piece by piece. One without its batch is told by nobody.
BATCHES_ARE_LOGGED = every(
    rows(
        "entry {entry_id}",
        """
        SELECT e.id AS entry_id, e.batch_id, e.reason, e."on", e.at, e.person_id FROM entry e
        LEFT JOIN entry_batch b ON b.id = e.batch_id
        WHERE e.batch_id IS NOT NULL AND (e.pool_id, e.period_id, e.reason, e."on", e.at, e.person_id)
            IS DISTINCT FROM (b.pool_id, b.period_id, b.reason, b."on", b.at, b.person_id)
        """,
    ),
    rows(
        "batch {batch}",
        """
        SELECT coalesce(b.id::text, v.object_id) AS batch, b.entries, v.entries AS logged_entries, b.amount_fen,
            v.amount_fen AS logged_fen, b.digest, v.digest AS logged_digest, v.times
        FROM entry_batch b FULL JOIN (
            SELECT object_id, count(*) AS times, min(at) AS at, (min(person_id::text))::uuid AS person_id,
                min((facts ->> 'pool')::bigint) AS pool_id, min(facts ->> 'reason') AS reason,
                min(facts ->> 'on') AS "on", min((facts ->> 'entries')::bigint) AS entries,
                min((facts ->> 'amount_fen')::bigint) AS amount_fen, min(facts ->> 'sha256') AS digest
            FROM audit_event WHERE object_kind = 'batch' AND action = 'batch.posted' GROUP BY object_id
        ) v ON v.object_id = b.id::text
        WHERE (b.pool_id, b.reason, b."on"::text, b.at, b.person_id, b.entries, b.amount_fen, b.digest, 1)
            IS DISTINCT FROM
            (v.pool_id, v.reason, v."on", v.at, v.person_id, v.entries, v.amount_fen, v.digest, v.times)
        """,
    ),
    rows(
        "batch {batch}",
        """
        SELECT b.id::text AS batch, b.entries, found.entries AS found_entries, b.amount_fen, found.fen AS found_fen,
            b.digest, found.digest AS found_digest
        FROM entry_batch b LEFT JOIN (
            SELECT batch_id, sum(entries) AS entries, sum(fen) AS fen,
                encode(sha256(string_agg(digest, ''::bytea ORDER BY place)), 'hex') AS digest
            FROM (
                SELECT e.batch_id, width_bucket(e.id - 1, b.piece_ends) AS place, count(*) AS entries,
                    sum(e.amount_fen) AS fen, sha256(convert_to(string_agg(
                        concat_ws('|', encode(uuid_send(e.subject_id), 'hex'), e.amount_fen, e.document), E'\\n'
                        ORDER BY e.id), 'UTF8')) AS digest
                FROM entry e JOIN entry_batch b ON b.id = e.batch_id GROUP BY 1, 2
            ) piece GROUP BY batch_id
        ) found ON found.batch_id = b.id
        WHERE (b.entries, b.amount_fen, b.digest) IS DISTINCT FROM (found.entries, found.fen, found.digest)
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-L1",
        "每笔分录至少有一笔转账，每笔转账金额为正，借贷两个科目不同且同属本共保体，日期在账期之内",
        "Every entry has at least one transfer; every transfer is of a positive amount between two different accounts "
        "of its own pool; every entry's day lies in its period",
        WHOLE_ENTRIES,
    ),
    Invariant(
        "INV-L2",
        "每笔分录的金额等于其各笔转账之和",
        "What an entry says it moves is the sum of its transfers",
        ENTRY_TOTALS,
    ),
    Invariant("INV-M1", "每个共保体的账簿合计为零", "The accounts of every pool's book add up to zero", BOOK_IS_ZERO),
    Invariant(
        "INV-M2",
        "应收保费（1110）与已签未收保费（2305）在每笔分录中金额相等、方向相反",
        "In every entry the premium receivable (1110) and the premium written (2305) move by the same sum",
        RECEIVABLE_IS_WRITTEN,
    ),
    Invariant(
        "INV-L4",
        "已结账的账期不再有任何入账，开立与结账记录完整，结账时刻、经办人与最后一笔分录与日志一致",
        "A closed period has taken no entry since its close; every period's opening and close are on record, the close "
        "with the instant, the person and the last entry that the log tells",
        CLOSED_TAKE_NOTHING,
    ),
    Invariant(
        "INV-L5",
        "幂等键不重复，请求摘要与结果完整",
        "No idempotency key stands twice; each has the digest of its body and what came of it",
        KEYS,
    ),
    Invariant(
        "INV-L6",
        "每笔冲正只对应一笔分录，逐笔镜像，且只冲正一次",
        "A reversal names one entry, mirrors every move and every split of it, and is made at most once",
        REVERSALS,
    ),
    Invariant(
        "INV-L8",
        "所有金额均为整数分，任何单笔金额不超过上限",
        "All money is whole fen, and no single amount is beyond the limit",
        amounts_are_whole,
    ),
    Invariant("INV-L9", "推演不留下任何记录", "A rehearsal leaves nothing behind", NO_REHEARSAL),
    Invariant(
        "INV-A2-ledger",
        "每笔分录在日志中恰有一条相符的记录，批量入账的每批一条，且与其各笔分录的摘要相符；结算单的每次状态变化均有记录且合乎规则",
        "The log tells of every entry once and truly, of what was posted in bulk once a batch with the digest over its "
        "entries; every statement stands where its last logged move left it",
        every(ENTRIES_ARE_LOGGED, BATCHES_ARE_LOGGED, moved_by_table("statement", stages.STATEMENT_MOVES, "draft")),
    ),
    logged.INVARIANT,
    *statement_invariants.INVARIANTS,
    *extract_invariants.INVARIANTS,
    *split_invariants.INVARIANTS,
    *bank_invariants.INVARIANTS,
    *bank_life_invariants.INVARIANTS,
    *bank_payout_invariants.INVARIANTS,
)
