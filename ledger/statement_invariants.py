"""The invariants of statements: each a view of its period's entries, adding up to the pool, settled to nothing."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core.checks import Broken, Found, Invariant, every, found, rows
from ledger import statements
from ledger.models import Statement
from ledger.reasons import LINE_OF, Reason

#: Both sides of every transfer, debit positive.
LEGS = """
    SELECT t.pool_id, t.period_id, t.entry_id, leg.account_id, leg.fen
    FROM transfer t CROSS JOIN LATERAL (VALUES (t.debit_id, t.amount_fen), (t.credit_id, -t.amount_fen))
        AS leg (account_id, fen)
"""

#: What each entry moved on each member's current account, in the member's favour where positive.
MOVEMENTS = f"""
    SELECT l.pool_id, l.period_id, l.entry_id, a.organisation_id, e.reason, -sum(l.fen) AS fen
    FROM ({LEGS}) l JOIN account a ON a.id = l.account_id AND a.code = '2210'
    JOIN entry e ON (e.pool_id, e.period_id, e.id) = (l.pool_id, l.period_id, l.entry_id)
    GROUP BY l.pool_id, l.period_id, l.entry_id, a.organisation_id, e.reason
"""

CURRENT_IS_ZERO = rows(
    "period {period_id}, member {organisation_id}",
    f"""
    SELECT m.period_id, m.organisation_id, m.pool_id, p.label, sum(m.fen) AS left_fen
    FROM ({MOVEMENTS}) m JOIN period p ON p.id = m.period_id AND p.stage = 'closed'
    GROUP BY m.pool_id, m.period_id, m.organisation_id, p.label HAVING sum(m.fen) <> 0
    """,
)

STATEMENT_IS_LEDGER = every(
    # The balance is what the period's entries, the close left out, put on the member's current account.
    rows(
        "statement {number}",
        f"""
        SELECT s.number, s.id, s.pool_id, s.period_id, s.organisation_id, s.balance_fen,
            coalesce(m.fen, 0) AS ledger_fen, coalesce(m.closing_fen, 0) AS closing_fen
        FROM statement s LEFT JOIN (
            SELECT pool_id, period_id, organisation_id, sum(fen) FILTER (WHERE reason <> :closed) AS fen,
                -sum(fen) FILTER (WHERE reason = :closed) AS closing_fen
            FROM ({MOVEMENTS}) moved GROUP BY 1, 2, 3
        ) m ON (m.pool_id, m.period_id, m.organisation_id) = (s.pool_id, s.period_id, s.organisation_id)
        WHERE s.balance_fen <> coalesce(m.fen, 0) OR s.balance_fen <> coalesce(m.closing_fen, 0)
        """,
        closed=Reason.PERIOD_CLOSED.value,
    ),
    rows(
        "statement {number}",
        """
        SELECT s.number, s.id, s.pool_id, p.label, p.stage, s.last_entry_id, p.last_entry_id AS period_last
        FROM statement s LEFT JOIN period p ON (p.pool_id, p.id) = (s.pool_id, s.period_id)
        WHERE p.id IS NULL OR p.stage <> 'closed' OR s.last_entry_id IS DISTINCT FROM p.last_entry_id
        """,
    ),
    rows(
        "period {period_id}, member {organisation_id}",
        """
        SELECT p.id AS period_id, h.organisation_id, p.pool_id, p.label FROM period p
        JOIN (SELECT pool_id, organisation_id, count(*) AS versions FROM share GROUP BY 1, 2) h
            ON h.pool_id = p.pool_id
            AND h.versions = (SELECT count(*) FROM share_version v WHERE v.pool_id = p.pool_id)
        WHERE p.stage = 'closed' AND NOT EXISTS (SELECT FROM statement s
            WHERE (s.pool_id, s.period_id, s.organisation_id) = (p.pool_id, p.id, h.organisation_id))
        """,
    ),
)

#: A period's statements add up to what it changed elsewhere in the book: nothing, where nothing is left open there.
MEMBERS_ARE_THE_POOL = rows(
    "period {id}",
    f"""
    SELECT p.id, p.pool_id, p.label, s.fen AS statements_fen, coalesce(o.fen, 0) AS elsewhere_fen
    FROM period p JOIN (SELECT period_id, sum(balance_fen) AS fen FROM statement GROUP BY period_id) s
        ON s.period_id = p.id
    LEFT JOIN (
        SELECT l.period_id, sum(l.fen) AS fen FROM ({LEGS}) l
        JOIN account a ON a.id = l.account_id AND a.code <> '2210'
        JOIN entry e ON (e.pool_id, e.period_id, e.id) = (l.pool_id, l.period_id, l.entry_id)
            AND e.reason <> ALL (:settled) AND (a.code NOT IN ('1220', '2220') OR e.reason = ANY (:taken))
        GROUP BY l.period_id
    ) o ON o.period_id = p.id
    WHERE p.stage = 'closed' AND s.fen <> coalesce(o.fen, 0)
    """,
    settled=[Reason.STATEMENT_SETTLED.value, Reason.APART_PAID.value],
    taken=[Reason.SETTLED_APART.value, Reason.STEPPED_UP.value, Reason.STEP_UP_RETURNED.value],
)

#: What stands on the statement accounts is what statements, items settled on their own and step-ups not over yet say.
STANDING_IS_UNSETTLED = rows(
    "pool {pool_id}, member {organisation_id}",
    f"""
    SELECT coalesce(b.pool_id, s.pool_id) AS pool_id, coalesce(b.organisation_id, s.organisation_id)
        AS organisation_id, coalesce(b.fen, 0) AS standing_fen, coalesce(s.fen, 0) AS unsettled_fen
    FROM (
        SELECT l.pool_id, a.organisation_id, -sum(l.fen) AS fen FROM ({LEGS}) l
        JOIN account a ON a.id = l.account_id AND a.code IN ('1220', '2220') GROUP BY 1, 2
    ) b FULL JOIN (
        SELECT pool_id, organisation_id, sum(fen) AS fen FROM (
            SELECT pool_id, organisation_id, balance_fen AS fen FROM statement WHERE stage <> 'settled'
            UNION ALL SELECT pool_id, organisation_id, amount_fen FROM apart_item WHERE stage = 'open'
            UNION ALL SELECT u.pool_id, h.organisation_id, u.parts_fen[h.position + 1] FROM step_up u
            JOIN share h ON (h.pool_id, h.number) = (u.pool_id, u.number) WHERE u.stage = 'declared'
        ) standing GROUP BY 1, 2
    ) s ON (s.pool_id, s.organisation_id) = (b.pool_id, b.organisation_id)
    WHERE coalesce(b.fen, 0) <> coalesce(s.fen, 0)
    """,
)

#: What a member sees of the book is what stands on its own accounts, so each must be a member's, in its own pool.
OWN_VIEW = every(
    rows(
        "account {id}",
        """
        SELECT a.id, a.pool_id, a.code, a.organisation_id FROM account a
        WHERE (a.code IN ('1210', '1220', '2210', '2220', '2305')) <> (a.organisation_id IS NOT NULL)
            OR (a.organisation_id IS NOT NULL AND NOT EXISTS (SELECT FROM share s
                WHERE (s.pool_id, s.organisation_id) = (a.pool_id, a.organisation_id)))
        """,
    ),
    rows(
        "account {code} of pool {pool_id}",
        """
        SELECT code, pool_id, organisation_id, count(*) AS times FROM account
        GROUP BY pool_id, code, organisation_id HAVING count(*) > 1
        """,
    ),
    rows(
        "statement {number}",
        """
        SELECT s.number, s.id, s.pool_id, s.organisation_id FROM statement s
        WHERE NOT EXISTS (SELECT FROM share h WHERE (h.pool_id, h.organisation_id) = (s.pool_id, s.organisation_id))
        """,
    ),
    rows(
        "period {period_id}, member {organisation_id}",
        f"""
        SELECT m.period_id, m.organisation_id, m.pool_id, sum(m.fen) AS fen FROM ({MOVEMENTS}) m
        JOIN period p ON p.id = m.period_id AND p.stage = 'closed'
        WHERE NOT EXISTS (SELECT FROM statement s
            WHERE (s.pool_id, s.period_id, s.organisation_id) = (m.pool_id, m.period_id, m.organisation_id))
        GROUP BY m.pool_id, m.period_id, m.organisation_id
        """,
    ),
)

#: A thread has every place once, begins with its member, and whoever spoke last is whom the statement waits for.
THREADS = every(
    rows(
        "statement {number}",
        """
        SELECT s.number, s.id, s.pool_id, s.stage, w.said, w.last_place, w.first_side, w.last_side
        FROM statement s LEFT JOIN (
            SELECT statement_id, count(*) AS said, max(sequence) AS last_place, min(at) AS first_at,
                (array_agg(side ORDER BY sequence))[1] AS first_side,
                (array_agg(side ORDER BY sequence DESC))[1] AS last_side
            FROM statement_words GROUP BY statement_id
        ) w ON w.statement_id = s.id
        WHERE (s.stage = 'queried') <> (coalesce(w.last_side, 'lead') = 'member')
            OR (w.said > 0 AND (w.said <> w.last_place OR w.first_side <> 'member' OR s.stage = 'draft'
                OR w.first_at < s.issued_at))
        """,
    ),
    # What was said is what the log has the digest of, and stands in its place.
    rows(
        "statement {object_id}",
        """
        SELECT e.object_id, e.facts ->> 'place' AS place, e.action, w.side, w.entry_id, e.facts ->> 'entry' AS entry
        FROM audit_event e LEFT JOIN statement_words w
            ON (w.statement_id::text, w.sequence::text) = (e.object_id, e.facts ->> 'place')
        WHERE e.object_kind = 'statement' AND e.action IN ('statement.query', 'statement.answer')
            AND e.facts ? 'place' AND (
                w.sequence IS NULL OR w.side <> CASE e.action WHEN 'statement.query' THEN 'member' ELSE 'lead' END
                OR encode(sha256(convert_to(w.words, 'UTF8')), 'hex') <> e.facts ->> 'text_sha256'
                OR w.entry_id::text IS DISTINCT FROM e.facts ->> 'entry')
        """,
    ),
    rows(
        "statement {number}",
        f"""
        SELECT s.number, w.statement_id, w.sequence, w.entry_id FROM statement_words w
        LEFT JOIN statement s ON s.id = w.statement_id
        WHERE s.id IS NULL OR (w.entry_id IS NOT NULL AND NOT EXISTS (SELECT FROM ({MOVEMENTS}) m
            WHERE (m.pool_id, m.period_id, m.entry_id, m.organisation_id)
                = (s.pool_id, s.period_id, w.entry_id, s.organisation_id)))
        """,
    ),
)

#: A movement of a current account that no line of a statement shows.
UNSHOWN = rows(
    "entry {entry_id}",
    f"""
    SELECT m.entry_id, m.pool_id, m.organisation_id, m.reason, m.fen FROM ({MOVEMENTS}) m
    WHERE m.fen <> 0 AND m.reason <> ALL (:shown)
    """,
    shown=[*(reason.value for reason in LINE_OF), Reason.PERIOD_CLOSED.value],
)


def printed_lines_add_up(connection: Connection) -> Found:
    """Return the statements whose lines and movements, read as page, paper and sheet read them, miss the balance."""
    shown_nowhere = UNSHOWN(connection)
    if shown_nowhere.total:
        return shown_nowhere
    with Session(connection) as session:
        return found(_not_adding_up(session))


def _not_adding_up(session: Session) -> Iterator[Broken]:
    for row in session.scalars(select(Statement).order_by(Statement.number)):
        lines_fen = sum(line.amount_fen for line in statements.lines(session, row))
        movements_fen = sum(movement.amount_fen for movement in statements.movements(session, row))
        if not row.balance_fen == lines_fen == movements_fen:
            facts = {"balance_fen": row.balance_fen, "lines_fen": lines_fen, "movements_fen": movements_fen}
            yield Broken(f"statement {row.number}", facts)


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-M3",
        "每次结账后，各成员往来科目（2210）为零",
        "After every close each member's current account (2210) is zero",
        CURRENT_IS_ZERO,
    ),
    Invariant(
        "INV-L3",
        "结算单应收应付科目（1220、2220）的余额等于尚未结清的结算单、尚未收付的单项结算与尚未清偿的代担之和",
        "What stands on the statement accounts (1220, 2220) is what the statements not settled, the items of their own "
        "not paid and the step-ups not cured yet say",
        STANDING_IS_UNSETTLED,
    ),
    Invariant(
        "INV-S1",
        "每份结算单的余额等于账期内分录在该成员往来科目上的合计，并与结账转出额一致；每个成员每期一份",
        "Every statement's balance is what its period's entries put on the member's current account and what the "
        "close moved; every member has one for every closed period",
        STATEMENT_IS_LEDGER,
    ),
    Invariant(
        "INV-S4",
        "每份结算单的疑问与答复逐条连号，由成员先提出，有疑问的待首席答复；文字与日志中的摘要一致，所指分录在该结算单上",
        "The thread of every statement has its places in a row, begins with the member, and waits for the lead exactly "
        "where the statement is queried; its words have the digests in the log, and are about the statement's entries",
        THREADS,
    ),
    Invariant(
        "INV-S3",
        "同一账期各成员结算单合计，等于该账期其他科目的变动（资金科目为零时合计为零）",
        "The statements of a period add up to what it changed on the pool's other accounts: to zero where those are "
        "zero",
        MEMBERS_ARE_THE_POOL,
    ),
    Invariant(
        "INV-M9",
        "成员科目与结算单均属于本共保体成员，成员所见即同一套分录中自己的部分",
        "Every member account and every statement belongs to a member of its pool: a member's view is a filter of the "
        "same entries",
        OWN_VIEW,
    ),
    Invariant(
        "INV-M10",
        "按页面、纸质件与表格所用的同一组行重新相加，各行与各笔变动之和等于结算单余额",
        "The lines and the movements, read as page, paper and sheet read them, add up to the statement's balance",
        printed_lines_add_up,
        is_heavy=True,
    ),
)
