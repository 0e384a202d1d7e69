"""The invariants of what becomes of the bank's lines: taken back by rule, held to the fen, signed as they were."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from ledger import stages
from ledger.statement_invariants import LEGS

TAKEN_BACK_BY_RULE = every(
    rows(
        "bank line {line_id}",
        """
        SELECT line_id, statement_id, stage, matched_by, undone_by, undone_why FROM bank_match
        WHERE stage NOT IN ('matched', 'taken_back') OR (stage = 'taken_back') <> (undone_by IS NOT NULL)
            OR undone_by = matched_by AND btrim(coalesce(undone_why, '')) = '' OR undone_at < matched_at
        """,
    ),
    rows(
        "bank line {line_id}",
        """
        SELECT m.line_id, m.statement_id, m.undone_at, n.first_on, n.signed_at FROM bank_match m
        JOIN bank_line l ON l.id = m.line_id
        JOIN bank_month n ON n.pool_id = l.pool_id AND n.first_on = date_trunc('month', l.booked_on::timestamp)::date
        WHERE m.undone_at > n.signed_at
        """,
    ),
    # Every match that the log knows of is there.
    rows(
        "bank line {line_id}",
        """
        SELECT e.object_id AS line_id, e.action, e.at FROM audit_event e
        WHERE e.action IN ('bank_match.accepted', 'bank_match.take_back') AND NOT EXISTS (SELECT FROM bank_match m
            WHERE m.line_id::text = e.object_id AND coalesce(m.statement_id, m.payment_id, m.apart_id)::text
                    = coalesce(e.facts ->> 'statement', e.facts ->> 'payment', e.facts ->> 'apart')
                AND e.at = CASE e.action WHEN 'bank_match.accepted' THEN m.matched_at ELSE m.undone_at END)
        """,
    ),
)

#: What entries of receipts put on 2310, in the members' favour where positive.
_ON_2310 = f"""
    SELECT l.pool_id, -sum(l.fen) AS fen FROM ({LEGS}) l JOIN account a ON a.id = l.account_id AND a.code = '2310'
    GROUP BY l.pool_id
"""

HELD_TO_THE_FEN = every(
    rows(
        "pool {pool_id}",
        f"""
        SELECT coalesce(b.pool_id, h.pool_id) AS pool_id, coalesce(b.fen, 0) AS on_2310_fen,
            coalesce(h.fen, 0) AS held_fen
        FROM ({_ON_2310}) b FULL JOIN (
            SELECT pool_id, sum(amount_fen) AS fen FROM held_receipt WHERE stage = 'held' GROUP BY pool_id
        ) h ON h.pool_id = b.pool_id
        WHERE coalesce(b.fen, 0) <> coalesce(h.fen, 0)
        """,
    ),
    rows(
        "held receipt {id}",
        """
        SELECT h.id, h.pool_id, h.line_id, h.amount_fen, l.amount_fen AS line_fen, e.reason, e.amount_fen AS entry_fen
        FROM held_receipt h LEFT JOIN bank_line l ON (l.id, l.pool_id) = (h.line_id, h.pool_id)
        LEFT JOIN entry e ON (e.pool_id, e.id) = (h.pool_id, h.entry_id)
        WHERE (l.amount_fen, e.reason, e.amount_fen, e.subject_id, e."on")
            IS DISTINCT FROM (h.amount_fen, 'receipt_held', h.amount_fen, h.line_id, h.held_on)
        """,
    ),
    rows(
        "held receipt {id}",
        """
        SELECT h.id, h.pool_id, h.stage, h.closed_on, e.reason, e.reverses_id, e.amount_fen
        FROM held_receipt h LEFT JOIN entry e ON (e.pool_id, e.id) = (h.pool_id, h.closed_entry_id)
        WHERE CASE WHEN h.stage = 'held' THEN h.closed_entry_id IS NOT NULL
            WHEN h.stage = 'returned' THEN (e.reason, e.amount_fen, e.subject_id, e."on")
                IS DISTINCT FROM ('receipt_returned', h.amount_fen, h.line_id, h.closed_on)
            ELSE (e.reverses_id, e."on") IS DISTINCT FROM (h.entry_id, h.closed_on) END
        """,
    ),
    # The other way: nothing was put there or taken from there that no receipt knows of.
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.reason FROM entry e WHERE e.reason IN ('receipt_held', 'receipt_returned')
            AND NOT EXISTS (SELECT FROM held_receipt h WHERE h.pool_id = e.pool_id
                AND e.id IN (h.entry_id, h.closed_entry_id))
        """,
    ),
    moved_by_table("held_receipt", stages.HELD_RECEIPT_MOVES, "held"),
)

PLACED_ONCE = every(
    rows(
        "bank line {line_id}",
        """
        SELECT line_id, count(*) AS times FROM (
            SELECT line_id FROM held_receipt WHERE stage IN ('held', 'returned')
                OR stage = 'placed' AND match_id IS NULL
            UNION ALL SELECT return_line_id FROM held_receipt WHERE return_line_id IS NOT NULL
            UNION ALL SELECT return_line_id FROM payment_line WHERE return_line_id IS NOT NULL
            UNION ALL SELECT line_id FROM bank_match WHERE stage = 'matched'
        ) used GROUP BY line_id HAVING count(*) > 1
        """,
    ),
    rows(
        "held receipt {id}",
        """
        SELECT h.id, h.line_id, h.stage, m.stage AS match_stage, m.line_id AS match_line FROM held_receipt h
        JOIN bank_match m ON m.id = h.match_id
        WHERE m.line_id <> h.line_id OR (m.stage = 'matched') <> (h.stage = 'placed')
        """,
    ),
    rows(
        "held receipt {id}",
        """
        SELECT h.id, h.amount_fen, l.amount_fen AS returned_fen, h.held_by, h.closed_by FROM held_receipt h
        LEFT JOIN bank_line l ON (l.id, l.pool_id) = (h.return_line_id, h.pool_id)
        WHERE h.stage = 'returned' AND (l.amount_fen IS DISTINCT FROM -h.amount_fen OR h.closed_by = h.held_by)
        """,
    ),
)

MONTHS_ARE_AS_SIGNED = rows(
    "month {first_on}",
    """
    SELECT n.first_on, n.pool_id, n.matched + n.held + n.placed + n.lines AS signed, count(l.id) AS lines,
        n.matched_fen + n.held_fen + n.placed_fen + n.lines_fen AS signed_fen,
        coalesce(sum(l.amount_fen), 0) AS lines_fen
    FROM bank_month n LEFT JOIN bank_line l
        ON l.pool_id = n.pool_id AND date_trunc('month', l.booked_on::timestamp)::date = n.first_on
    GROUP BY n.pool_id, n.first_on
    HAVING count(l.id) <> n.matched + n.held + n.placed + n.lines
        OR coalesce(sum(l.amount_fen), 0) <> n.matched_fen + n.held_fen + n.placed_fen + n.lines_fen
    """,
)

#: What the entries of a batch of premiums remitted to each member but the lead, whose account pays.
_REMITTED = """
    SELECT b.id, b.number, c.organisation_id, sum(t.amount_fen) AS fen FROM payment_batch b
    JOIN payment_entry p ON p.batch_id = b.id
    JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (p.pool_id, p.period_id, p.entry_id)
    JOIN account c ON c.id = t.debit_id AND c.code = '2210' JOIN bank_account payer ON payer.id = b.payer_id
    WHERE b.kind = 'premium' AND c.organisation_id <> payer.organisation_id GROUP BY b.id, c.organisation_id
"""

PREMIUMS_PAID_AS_REMITTED = every(
    rows(
        "batch {number}",
        f"""
        SELECT coalesce(w.number, l.number) AS number, coalesce(w.organisation_id, l.organisation_id) AS member,
            w.fen AS remitted_fen, l.fen AS paid_fen
        FROM ({_REMITTED}) w FULL JOIN (
            SELECT b.id, b.number, a.organisation_id, sum(l.amount_fen) AS fen FROM payment_batch b
            JOIN payment_line l ON l.batch_id = b.id JOIN bank_account a ON a.id = l.account_id
            WHERE b.kind = 'premium' GROUP BY b.id, a.organisation_id
        ) l ON (l.id, l.organisation_id) = (w.id, w.organisation_id)
        WHERE w.fen IS DISTINCT FROM l.fen
        """,
    ),
    rows(
        "batch {number}",
        """
        SELECT b.number, l.position, a.stage, a.effective_on, b.pays_on FROM payment_line l
        JOIN payment_batch b ON b.id = l.batch_id AND b.kind = 'premium' JOIN bank_account a ON a.id = l.account_id
        WHERE a.stage <> 'confirmed' OR a.pool_id <> b.pool_id OR a.effective_on > b.pays_on
            OR l.statement_id IS NOT NULL OR l.batch_stage <> b.stage
        """,
    ),
    rows(
        "entry {entry_id}",
        """
        SELECT p.entry_id, p.pool_id, count(*) AS times FROM payment_entry p
        JOIN payment_batch b ON b.id = p.batch_id AND b.stage <> 'rejected'
        GROUP BY p.pool_id, p.entry_id HAVING count(*) > 1
        """,
    ),
    rows(
        "entry {entry_id}",
        """
        SELECT p.entry_id, p.batch_id, e.reason, p.batch_stage, b.stage FROM payment_entry p
        LEFT JOIN payment_batch b ON b.id = p.batch_id
        LEFT JOIN entry e ON (e.pool_id, e.period_id, e.id) = (p.pool_id, p.period_id, p.entry_id)
        WHERE (e.reason, b.kind, b.stage, b.pool_id) IS DISTINCT FROM ('premium_remitted', 'premium', p.batch_stage,
            p.pool_id)
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-B7",
        "每次核对都在；撤回的由另一人撤回或写有理由，且不在该月对账签署之后",
        "Every match is there; one that was taken back was so by another person or with a reason, and not after its "
        "month was signed",
        TAKEN_BACK_BY_RULE,
    ),
    Invariant(
        "INV-B8",
        "科目 2310 的余额等于待认领的各笔收款，每笔有入账的分录，认领或退回的有离开的分录，状态变化均有记录且合乎规则",
        "Account 2310 holds what the unmatched receipts come to; each was put there by an entry and left by another, "
        "and stands where its last logged move left it",
        HELD_TO_THE_FEN,
    ),
    Invariant(
        "INV-B9",
        "一笔银行收支只有一个去处：核对、待认领、认领或退回；退回有同样金额的支出为证，由另一人登记",
        "A line of the bank has one place: matched, unmatched, placed or returned; what went back is shown by a line "
        "of its sum and was booked by another person",
        PLACED_ONCE,
    ),
    Invariant(
        "INV-B10",
        "已签署的月度对账，其各项之和等于该月全部银行收支",
        "The figures of a month that was signed add up to all the bank's lines of the month",
        MONTHS_ARE_AS_SIGNED,
    ),
    Invariant(
        "INV-B11",
        "划付保费的付款批次付给每家成员的，恰为其各笔划付分录记给该成员的；一笔划付只在一个有效的批次里",
        "A batch of premiums pays each member just what its entries remitted to it, to an account in use on the day; a "
        "remittance stands in one batch that holds",
        PREMIUMS_PAID_AS_REMITTED,
    ),
)
