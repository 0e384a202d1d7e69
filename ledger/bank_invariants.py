"""The invariants of the bank beside the book: accounts are what two persons said, and what is owed is paid once."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from ledger import stages

#: What the log keeps of an account in place of its number (`ledger.bank_codes.AccountDetails.digest`).
_DIGEST = "encode(sha256(convert_to(concat_ws(E'\\n', b.name, b.bank, b.cnaps, b.number), 'UTF8')), 'hex')"

#: Whoever acts on an account is of its member, and on a payee's of the lead.
_DESK = """(e.organisation_id = b.organisation_id OR b.payee_id IS NOT NULL AND EXISTS (SELECT FROM share s
    WHERE s.position = 0 AND (s.pool_id, s.organisation_id) = (b.pool_id, e.organisation_id)))"""

ACCOUNTS_ARE_AS_PROPOSED = every(
    rows(
        "bank account {id}",
        f"""
        SELECT b.id, b.pool_id, b.organisation_id, {_DIGEST} AS sha256, e.facts ->> 'sha256' AS logged
        FROM bank_account b LEFT JOIN audit_event e ON e.action = 'bank_account.proposed' AND e.object_id = b.id::text
            AND {_DESK}
        WHERE e.facts ->> 'sha256' IS DISTINCT FROM {_DIGEST}
        """,
    ),
    rows(
        "bank account {id}",
        """
        SELECT b.id, b.pool_id, b.organisation_id, b.payee_id FROM bank_account b WHERE NOT EXISTS (
            SELECT FROM share s WHERE (s.pool_id, s.organisation_id) = (b.pool_id, b.organisation_id)
            UNION ALL SELECT FROM payee p WHERE (p.pool_id, p.id) = (b.pool_id, b.payee_id))
            OR num_nonnulls(b.organisation_id, b.payee_id) <> 1
        """,
    ),
    moved_by_table("bank_account", stages.BANK_ACCOUNT_MOVES, "proposed"),
)

#: Confirmed accounts with the day of their confirmation, and whether the member had one before.
_CONFIRMED = """
    SELECT b.*, (b.decided_at AT TIME ZONE 'Asia/Shanghai')::date AS confirmed_on,
        EXISTS (SELECT FROM bank_account o WHERE o.stage = 'confirmed' AND o.decided_at < b.decided_at
            AND (o.pool_id, coalesce(o.organisation_id, o.payee_id))
                = (b.pool_id, coalesce(b.organisation_id, b.payee_id))) AS is_change
    FROM bank_account b WHERE b.stage = 'confirmed'
"""

ACCOUNTS_WAITED = every(
    rows(
        "bank account {id}",
        f"""
        SELECT b.id, b.pool_id, b.organisation_id, b.proposed_by, b.decided_by, e.organisation_id AS confirmed_for
        FROM bank_account b LEFT JOIN audit_event e
            ON e.action = 'bank_account.confirm' AND e.object_id = b.id::text
        WHERE b.stage = 'confirmed' AND (b.decided_by IS NOT DISTINCT FROM b.proposed_by OR {_DESK} IS NOT TRUE)
        """,
    ),
    rows(
        "bank account {id}",
        f"""
        SELECT c.id, c.pool_id, c.organisation_id, c.confirmed_on, c.effective_on, c.is_change
        FROM ({_CONFIRMED}) c
        WHERE c.effective_on < c.confirmed_on OR NOT c.is_change AND c.effective_on <> c.confirmed_on
            OR c.is_change AND c.effective_on < c.confirmed_on + 2
        """,
    ),
)

BATCHES_PAY_WHAT_IS_OWED = every(
    rows(
        "batch {number}",
        """
        SELECT b.number, b.id, b.pool_id, b.items, b.total_fen,
            count(l.batch_id) AS lines, sum(l.amount_fen) AS lines_fen
        FROM payment_batch b LEFT JOIN payment_line l ON (l.batch_id, l.batch_stage) = (b.id, b.stage)
        GROUP BY b.id HAVING count(l.batch_id) <> b.items OR sum(l.amount_fen) IS DISTINCT FROM b.total_fen
        """,
    ),
    rows(
        "payment {batch_id}/{position}",
        """
        SELECT l.batch_id, l.position, l.pool_id, l.amount_fen, s.number, s.balance_fen, s.stage,
            a.stage AS account_stage
        FROM payment_line l LEFT JOIN payment_batch b ON b.id = l.batch_id
        LEFT JOIN statement s ON s.id = l.statement_id LEFT JOIN bank_account a ON a.id = l.account_id
        WHERE (b.kind IS NULL OR b.kind = 'statement' OR l.statement_id IS NOT NULL) AND (b.id IS NULL OR s.id IS NULL
            OR a.id IS NULL OR l.pool_id <> b.pool_id OR l.amount_fen <> s.balance_fen
            OR (s.pool_id, s.period_id) IS DISTINCT FROM (b.pool_id, b.period_id) OR a.stage <> 'confirmed'
            OR (a.pool_id, a.organisation_id) IS DISTINCT FROM (s.pool_id, s.organisation_id)
            OR a.effective_on > b.pays_on OR (b.stage = 'released' AND s.stage NOT IN ('agreed', 'settled')))
        """,
    ),
    moved_by_table("payment_batch", stages.PAYMENT_BATCH_MOVES, "prepared"),
)

PAID_ONCE_BY_TWO = every(
    rows(
        "statement {number}",
        """
        SELECT s.number, s.id, s.pool_id, count(*) AS times FROM payment_line l
        JOIN payment_batch b ON b.id = l.batch_id AND b.stage <> 'rejected'
        JOIN statement s ON s.id = l.statement_id GROUP BY s.id HAVING count(*) > 1
        """,
    ),
    rows(
        "batch {number}",
        """
        SELECT b.number, b.id, b.prepared_by, b.decided_by, e.facts ->> 'sha256' AS logged, f.files, f.sha256, f.wrong
        FROM payment_batch b
        LEFT JOIN audit_event e ON e.action = 'payment_batch.release' AND e.object_id = b.id::text
        LEFT JOIN (
            SELECT batch_id, count(*) AS files, max(digest) FILTER (WHERE kind = 'pain001') AS sha256,
                count(*) FILTER (WHERE digest <> encode(sha256(content), 'hex')) AS wrong
            FROM payment_file GROUP BY batch_id
        ) f ON f.batch_id = b.id
        WHERE CASE b.stage WHEN 'released' THEN b.decided_by IS NOT DISTINCT FROM b.prepared_by
            OR f.files IS DISTINCT FROM 2 OR f.wrong > 0 OR f.sha256 IS DISTINCT FROM e.facts ->> 'sha256'
            ELSE f.files IS NOT NULL END
        """,
    ),
)

REPORTS_ARE_WHOLE = every(
    rows(
        "bank statement {reference}",
        """
        SELECT r.reference, r.id, r.pool_id, r.items, r.closing_fen - r.opening_fen AS moved_fen,
            count(l.id) AS lines, coalesce(sum(l.amount_fen), 0) AS lines_fen
        FROM bank_report r LEFT JOIN bank_line l ON (l.report_id, l.pool_id) = (r.id, r.pool_id) GROUP BY r.id
        HAVING count(l.id) <> r.items OR coalesce(sum(l.amount_fen), 0) <> r.closing_fen - r.opening_fen
        """,
    ),
    rows(
        "bank reference {reference}",
        """
        SELECT reference, pool_id, count(*) AS times FROM bank_line GROUP BY pool_id, reference HAVING count(*) > 1
        """,
    ),
    rows(
        "bank statement {reference}",
        """
        SELECT r.reference, r.id, r.pool_id FROM bank_report r LEFT JOIN bank_account a ON a.id = r.account_id
        WHERE a.stage IS DISTINCT FROM 'confirmed' OR r.until_on > (r.taken_at AT TIME ZONE 'Asia/Shanghai')::date
            OR NOT EXISTS (SELECT FROM share s WHERE s.position = 0
            AND (s.pool_id, s.organisation_id) = (r.pool_id, a.organisation_id) AND a.pool_id = r.pool_id)
        """,
    ),
)

MATCHES_FIT = every(
    rows(
        "bank line {line_id}",
        """
        SELECT m.line_id, m.statement_id, m.pool_id, m.difference_fen, l.amount_fen, s.balance_fen, s.stage
        FROM bank_match m LEFT JOIN bank_line l ON l.id = m.line_id LEFT JOIN statement s ON s.id = m.statement_id
        WHERE m.payment_id IS NULL AND m.apart_id IS NULL
            AND (l.id IS NULL OR s.id IS NULL OR l.pool_id <> m.pool_id OR s.pool_id <> m.pool_id
            OR s.stage NOT IN ('agreed', 'settled') OR sign(l.amount_fen) <> -sign(s.balance_fen)
            OR m.difference_fen <> abs(l.amount_fen) - abs(s.balance_fen))
        """,
    ),
    rows(
        "bank line {line_id}",
        """
        SELECT m.line_id, m.payment_id, m.pool_id, m.difference_fen, l.amount_fen, p.amount_fen AS payment_fen
        FROM bank_match m LEFT JOIN bank_line l ON l.id = m.line_id LEFT JOIN payment_line p ON p.id = m.payment_id
        WHERE m.payment_id IS NOT NULL AND (m.statement_id IS NOT NULL OR (l.pool_id, p.pool_id, p.batch_stage,
            p.statement_id IS NULL, m.difference_fen) IS DISTINCT FROM (m.pool_id, m.pool_id, 'released', true,
            -l.amount_fen - p.amount_fen) OR l.amount_fen >= 0)
        """,
    ),
    rows(
        "payment {payment_id}",
        """
        SELECT payment_id, count(*) AS times FROM bank_match WHERE stage = 'matched' AND payment_id IS NOT NULL
        GROUP BY payment_id HAVING count(*) > 1
        """,
    ),
    rows(
        "statement {statement_id}",
        """
        SELECT statement_id, count(*) AS times FROM bank_match WHERE stage = 'matched' AND statement_id IS NOT NULL
        GROUP BY statement_id HAVING count(*) > 1
        """,
    ),
    rows(
        "bank line {line_id}",
        """
        SELECT line_id, count(*) AS times FROM bank_match WHERE stage = 'matched'
        GROUP BY line_id HAVING count(*) > 1
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-B1",
        "每个收款账户属于本共保体的成员或收款人，户名、开户行、行号与账号和提出时一致，每次状态变化均有记录且合乎规则",
        "Every account to be paid to is a member's of its pool, or a payee's, and reads as it was proposed; it stands "
        "where its last logged move left it",
        ACCOUNTS_ARE_AS_PROPOSED,
    ),
    Invariant(
        "INV-B2",
        "收款账户由本成员（收款人的由首席）的另一人确认；首个当日生效，变更在确认之后等满期限才生效",
        "An account to be paid to was confirmed by another person of its member, a payee's by one of the lead; the "
        "first stood at once, a change only after its time",
        ACCOUNTS_WAITED,
    ),
    Invariant(
        "INV-B3",
        "结算单的每笔付款等于其净额，付往该成员当日有效的收款账户；付款批次的合计等于其各笔，状态变化均有记录且合乎规则",
        "Every payment of a statement is its balance, to an account of its member in use on the day; a batch is the "
        "sum of its payments and stands where its last logged move left it",
        BATCHES_PAY_WHAT_IS_OWED,
    ),
    Invariant(
        "INV-B4",
        "一份结算单只在一个有效的付款批次里；放行的与编制的是两个人，付款文件与放行时逐字节相同",
        "A statement stands in one batch that holds; who released is not who prepared, and the files are byte for byte "
        "what was released",
        PAID_ONCE_BY_TWO,
    ),
    Invariant(
        "INV-B5",
        "每份银行流水属于首席的收款账户，不超过读入之日，期初加各笔等于期末，同一流水号只读入一次",
        "Every bank statement is of an account of the lead and of days up to its taking in, its opening balance and "
        "its lines are its closing balance, and a bank's reference was taken in once",
        REPORTS_ARE_WHOLE,
    ),
    Invariant(
        "INV-B6",
        "一笔银行收支只核对一张结算单，一张结算单只核对一笔，方向相符，差额如实",
        "A line of the bank is matched with one statement and a statement with one line, from the right side, with the "
        "difference that there is",
        MATCHES_FIT,
    ),
)
