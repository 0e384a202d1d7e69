"""The invariant of lists of claims: what was filed together is there, by the hands that sent and approved it."""

from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from underwriting import stages

#: A list that is in order has its rows, and they come to what it says.
_ROWS_STAND = rows(
    "list of claims {list}",
    """
    SELECT l.name AS list, l.id, l.claim_count, found.claims, l.asked_fen, found.fen FROM claims_list l
    LEFT JOIN (
        SELECT claims_list_id, count(DISTINCT number) AS claims, sum(asked_fen) AS fen FROM claims_list_row GROUP BY 1
    ) found ON found.claims_list_id = l.id
    WHERE (l.claim_count, l.asked_fen) IS DISTINCT FROM (coalesce(found.claims, 0), coalesce(found.fen, 0))
    """,
)

#: Every claim of a filed list was made in its pool, on its policy and for its fault, by who sent the list.
_CLAIMS_STAND = rows(
    "list of claims {list}",
    """
    SELECT DISTINCT l.name AS list, l.id, r.number, c.pool_id, c.policy_id, r.policy_id AS listed_policy_id, c.fault_id,
        r.fault_id AS listed_fault_id, c.made_by, l.made_by AS sent_by, c.made_at, l.posted_at
    FROM claims_list l JOIN claims_list_row r ON r.claims_list_id = l.id LEFT JOIN claim c ON c.number = r.number
    WHERE l.stage = 'posted' AND (c.pool_id, c.policy_id, c.fault_id, c.made_by, c.made_at)
        IS DISTINCT FROM (l.pool_id, r.policy_id, r.fault_id, l.made_by, l.posted_at)
    """,
)

#: A list is of the pool's lead, sent by one person and approved by another.
_TWO_PEOPLE = rows(
    "list of claims {list}",
    """
    SELECT l.name AS list, l.id, l.made_by, l.approved_by, l.organisation_id, p.lead_id FROM claims_list l
    LEFT JOIN pool p ON p.id = l.pool_id
    WHERE l.approved_by = l.made_by OR l.organisation_id IS DISTINCT FROM p.lead_id
        OR (l.fault_count > 0) <> EXISTS (SELECT FROM claims_list_fault f WHERE f.list_id = l.id)
    """,
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-C10",
        "赔案名单的行数与合计相符；入账的名单，其赔案都在、保单与故障相同、由导入的人立案；导入与批准不是同一人；每次状态变化均有日志记录",
        "A list of claims has the rows it says; every claim of a filed list is there, on its policy and fault, made by "
        "who sent the list; another person approved it; each of its moves is logged and was allowed",
        every(
            _ROWS_STAND,
            _CLAIMS_STAND,
            _TWO_PEOPLE,
            moved_by_table("claims_list", stages.SENT_LIST_MOVES, "reading"),
        ),
    ),
)
