"""The invariants of bordereaux: what was posted together is what the log says of it."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from underwriting import stages
from underwriting.bordereau_posting import POLICY_LINE

#: A posted bordereau has as many policies as rows, of as much; the digest over them, piece by piece, is its own.
POLICIES_STAND = rows(
    "bordereau {bordereau}",
    f"""
    SELECT b.name AS bordereau, b.id, b.row_count, found.policies, b.gross_fen, found.fen, b.policies_digest,
        found.digest
    FROM bordereau b LEFT JOIN (
        SELECT batch_id, sum(policies) AS policies, sum(fen) AS fen,
            encode(sha256(string_agg(digest, ''::bytea ORDER BY place)), 'hex') AS digest
        FROM (
            SELECT t.id AS batch_id, width_bucket(policy.written_entry_id - 1, t.piece_ends) AS place,
                count(*) AS policies, sum(policy.gross_fen) AS fen, sha256(convert_to(string_agg({POLICY_LINE}, E'\\n'
                    ORDER BY policy.written_entry_id), 'UTF8')) AS digest
            FROM entry_batch t JOIN entry e ON e.batch_id = t.id JOIN policy ON policy.id = e.subject_id
            GROUP BY 1, 2
        ) piece GROUP BY batch_id
    ) found ON found.batch_id = b.batch_id
    WHERE b.stage = 'posted' AND (b.row_count, b.gross_fen, b.policies_digest)
        IS DISTINCT FROM (found.policies, found.fen, found.digest)
    """,
)

#: A bordereau is of the pool's lead, sent by one person and approved by another; its batch is booked on its day.
HANDLED_BY_TWO = every(
    rows(
        "bordereau {bordereau}",
        """
        SELECT b.name AS bordereau, b.id, b.made_by, b.approved_by, b.organisation_id, p.lead_id FROM bordereau b
        LEFT JOIN pool p ON p.id = b.pool_id
        WHERE b.approved_by = b.made_by OR b.organisation_id IS DISTINCT FROM p.lead_id
        """,
    ),
    rows(
        "bordereau {bordereau}",
        """
        SELECT b.name AS bordereau, b.id, b."on", t."on" AS batch_on, b.posted_at, t.at, b.approved_by, t.person_id
        FROM bordereau b LEFT JOIN entry_batch t ON t.id = b.batch_id
        WHERE b.stage = 'posted' AND (b.pool_id, b."on", b.posted_at, b.approved_by)
            IS DISTINCT FROM (t.pool_id, t."on", t.at, t.person_id)
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-P7",
        "批量入账的保单与保费清单的行数、合计和摘要相符",
        "The policies that a bordereau has made are as many as its rows, of as much, and digest to what it says",
        POLICIES_STAND,
    ),
    Invariant(
        "INV-P8",
        "保费清单属于首席承保人，导入与批准不是同一人，入账日期与经办人和批次一致；每次状态变化均有日志记录",
        "A bordereau is the lead's, sent by one person and approved by another, posted on its day; each of its moves "
        "is logged and was allowed",
        every(HANDLED_BY_TWO, moved_by_table("bordereau", stages.SENT_LIST_MOVES, "reading")),
    ),
)
