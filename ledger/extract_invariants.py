"""The invariants of extracts: what was made is kept once, for whom it was made, and came about by its moves."""

from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from ledger import stages

#: A made extract has the file that its making is logged with, and no file of an extract belongs to none.
ONE_FILE = every(
    rows(
        "extract {id}",
        """
        SELECT x.id, x.stage, x.organisation_id, p.id AS paper, p.organisation_id AS paper_of, p.digest,
            e.facts ->> 'sha256' AS logged
        FROM book_extract x LEFT JOIN paper p ON p.id = x.paper_id
        LEFT JOIN audit_event e ON e.object_kind = 'book_extract' AND e.object_id = x.id::text
            AND e.action = 'book_extract.finish'
        WHERE x.stage = 'ready' AND (p.id IS NULL OR p.organisation_id IS DISTINCT FROM x.organisation_id
            OR (p.subject_kind, p.subject_id) <> ('book_extract', x.id::text)
            OR p.digest IS DISTINCT FROM e.facts ->> 'sha256')
        """,
    ),
    rows(
        "paper {id}",
        """
        SELECT p.id, p.subject_id, p.digest FROM paper p
        WHERE p.subject_kind = 'book_extract' AND NOT EXISTS (SELECT FROM book_extract x WHERE x.paper_id = p.id)
        """,
    ),
)

#: What is called final is of a closed period and ends with its last entry; a period's later life takes nothing back.
FINAL_IS_CLOSED = rows(
    "extract {id}",
    """
    SELECT x.id, x.is_final, x.until_entry_id, q.stage, q.last_entry_id FROM book_extract x
    JOIN period q ON (q.pool_id, q.id) = (x.pool_id, x.period_id)
    WHERE (x.is_final AND (q.stage <> 'closed' OR x.until_entry_id <> q.last_entry_id))
        OR (NOT x.is_final AND q.stage = 'closed' AND x.asked_at > q.closed_at)
    """,
)

#: Every member's share is for the lead and for those who read all; a member's extract holds its own alone.
WHOLE_IS_FOR_THE_LEAD = rows(
    "extract {id}",
    """
    SELECT x.id, x.organisation_id, o.kind, x.is_whole FROM book_extract x
    JOIN organisation o ON o.id = x.organisation_id
    WHERE x.is_whole <> (o.kind <> 'insurer' OR EXISTS (
        SELECT FROM share s WHERE (s.pool_id, s.position, s.organisation_id) = (x.pool_id, 0, x.organisation_id)
    ))
    """,
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-E1",
        "每张制成的报表恰有一个文件，属于申请单位，摘要与日志一致；已结账的止于账期末笔分录；含全体份额的只属于首席或主管单位；"
        "每次状态变化均有记录且合乎规则",
        "Every extract that was made has one file, its organisation's, with the digest that the log tells; a final one "
        "ends with its closed period's last entry; every member's share is the lead's or the bureau's alone to have; "
        "each stands where its last logged move left it",
        every(
            ONE_FILE,
            FINAL_IS_CLOSED,
            WHOLE_IS_FOR_THE_LEAD,
            moved_by_table("book_extract", stages.EXTRACT_MOVES, "waiting"),
        ),
    ),
)
