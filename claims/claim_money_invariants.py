"""The invariants of a claim's money: within what was approved, booked once, shared as the policy began."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import every, rows

WITHIN_APPROVED = every(
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.stage, c.estimate_fen, c.payable_fen, coalesce(p.fen, 0) AS paid_fen,
            coalesce(r.fen, 0) AS recovered_fen
        FROM claim c
        LEFT JOIN (SELECT claim_id, sum(amount_fen) AS fen FROM claim_payment p WHERE NOT EXISTS (SELECT FROM entry m
                WHERE (m.pool_id, m.reverses_id) = (p.pool_id, p.entry_id)) GROUP BY claim_id) p ON p.claim_id = c.id
        LEFT JOIN (SELECT claim_id, sum(amount_fen) AS fen FROM recovery GROUP BY claim_id) r ON r.claim_id = c.id
        WHERE coalesce(p.fen, 0) > coalesce(c.payable_fen, 0) OR coalesce(r.fen, 0) > coalesce(c.payable_fen, 0)
            OR c.payable_fen > c.estimate_fen OR c.payable_fen <= 0
            OR (c.stage = 'paid') <> (coalesce(p.fen, 0) = c.payable_fen AND c.payable_fen IS NOT NULL)
            OR (c.stage = 'paid') <> (c.paid_on IS NOT NULL)
        """,
    ),
    # Costs together are within the highest estimate that was put to the members, or the lead's own limit.
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, k.fen AS costs_fen, a.lead_alone_limit_fen, e.estimate_fen FROM claim c
        JOIN (SELECT claim_id, sum(amount_fen) AS fen FROM claim_cost GROUP BY claim_id) k ON k.claim_id = c.id
        JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
        LEFT JOIN (
            SELECT object_id, max((facts ->> 'estimate_fen')::bigint) AS estimate_fen FROM audit_event
            WHERE object_kind = 'claim' AND action IN ('claim.made', 'claim.revise') GROUP BY object_id
        ) e ON e.object_id = c.id::text
        WHERE k.fen > greatest(a.lead_alone_limit_fen, e.estimate_fen)
        """,
    ),
    # A cash call asks each follower for its part of what was approved: no more, no less, and nobody else.
    rows(
        "cash call {id}",
        """
        WITH asked AS (
            SELECT c.id AS claim_id, c.pool_id, c.number AS claim, s.organisation_id, i.parts_fen[s.position + 1] AS fen
            FROM claim c JOIN stream_item i ON i.pool_id = c.pool_id AND i.entry_id = c.approved_entry_id
                AND i.kind = 'claim' AND i.mirrors IS NULL
            JOIN share s ON (s.pool_id, s.number) = (i.pool_id, i.number) AND s.position > 0
            WHERE EXISTS (SELECT FROM cash_call k WHERE k.claim_id = c.id)
        )
        SELECT k.id, a.claim, coalesce(a.organisation_id, k.organisation_id) AS organisation_id,
            a.fen AS part_fen, k.amount_fen
        FROM asked a FULL JOIN cash_call k ON (k.claim_id, k.organisation_id) = (a.claim_id, a.organisation_id)
        WHERE coalesce(a.fen, 0) <> coalesce(k.amount_fen, 0)
            OR (k.id IS NOT NULL AND k.pool_id IS DISTINCT FROM a.pool_id)
        """,
    ),
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.stage, count(k.id) AS calls, a.cash_call_from_fen, c.payable_fen FROM claim c
        JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
        LEFT JOIN cash_call k ON k.claim_id = c.id
        GROUP BY c.id, a.cash_call_from_fen
        HAVING (c.stage = 'called' AND count(k.id) = 0) OR (count(k.id) > 0 AND (c.stage NOT IN ('called', 'paid')
            OR c.payable_fen < a.cash_call_from_fen))
        """,
    ),
)

#: What each approved claim comes to under its policy's cover: the steps of `claims.adjusting.adjust`, on whole numbers,
#: from the loss that its bill allows; without a bill, from its estimate.
_ADJUSTED = """
    SELECT c.id, c.number AS claim, c.policy_id, c.payable_fen, c.loss_fen, c.estimate_fen, c.paid_before_fen, c.stage,
        a.limit_fen, a.aggregate_limit_fen, l.lines, l.allowed_fen, least(
            greatest(0, w.loss - greatest(a.deductible_fen, div(2 * w.loss::numeric * a.deductible_bp + 10000, 20000))),
            CASE WHEN a.limit_fen > 0 THEN a.limit_fen END,
            CASE WHEN a.aggregate_limit_fen > 0 THEN greatest(0, a.aggregate_limit_fen - c.paid_before_fen) END
        ) AS computed_fen
    FROM claim c JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
    LEFT JOIN (SELECT claim_id, count(*) AS lines, sum(allowed_fen) AS allowed_fen FROM claim_line GROUP BY claim_id) l
        ON l.claim_id = c.id
    CROSS JOIN LATERAL (SELECT coalesce(l.allowed_fen, c.estimate_fen) AS loss) w
    WHERE c.payable_fen IS NOT NULL
"""

BY_BILL_AND_COVER = every(
    # Where there is a bill, what was approved is what it gives; without one, no more than the cover gives.
    rows(
        "claim {claim}",
        f"""
        SELECT * FROM ({_ADJUSTED}) w WHERE payable_fen > computed_fen OR loss_fen IS DISTINCT FROM allowed_fen
            OR (lines > 0 AND payable_fen <> computed_fen) OR paid_before_fen IS NULL
        """,
    ),
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, p.id, a.limit_fen, a.aggregate_limit_fen, sum(c.payable_fen) AS payable_fen,
            max(c.payable_fen) AS largest_fen
        FROM claim c JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
        GROUP BY p.id, a.limit_fen, a.aggregate_limit_fen
        HAVING (a.limit_fen > 0 AND max(c.payable_fen) > a.limit_fen)
            OR (a.aggregate_limit_fen > 0 AND sum(c.payable_fen) > a.aggregate_limit_fen)
        """,
    ),
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, l.position, l.what, l.asked_fen, l.allowed_fen, l.reason, l.place FROM (
            SELECT b.*, row_number() OVER (PARTITION BY claim_id ORDER BY position) AS place FROM claim_line b
        ) l LEFT JOIN claim c ON c.id = l.claim_id
        WHERE c.id IS NULL OR l.position <> l.place OR l.asked_fen <= 0 OR l.allowed_fen < 0
            OR l.allowed_fen > l.asked_fen OR (l.allowed_fen < l.asked_fen AND btrim(l.reason) = '') OR l.what = ''
        """,
    ),
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.assessed_by, c.approved_by FROM claim c
        WHERE c.approved_by = c.assessed_by
            OR (c.assessed_by IS NOT NULL AND NOT EXISTS (SELECT FROM claim_line l WHERE l.claim_id = c.id))
        """,
    ),
)

PAID_ONCE = every(
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, p.claim_id, p.instalment, p.entry_id, p.amount_fen, p.source, e.reason,
            e.amount_fen AS entry_fen, e.subject_id, e."on", p.paid_on
        FROM claim_payment p LEFT JOIN claim c ON c.id = p.claim_id
        LEFT JOIN entry e ON e.pool_id = p.pool_id AND e.id = p.entry_id
        -- A claim is paid again only where the payment before came back.
        LEFT JOIN claim_payment b ON (b.claim_id, b.instalment) = (p.claim_id, p.instalment - 1)
        LEFT JOIN entry m ON (m.pool_id, m.reverses_id) = (b.pool_id, b.entry_id)
        WHERE c.id IS NULL OR p.pool_id <> c.pool_id OR p.instalment < 1
            OR (p.instalment > 1 AND (m.id IS NULL OR m.id > p.entry_id)) OR (p.amount_fen, p.claim_id, p.paid_on,
            CASE p.source WHEN 'lead' THEN 'claim_paid_by_lead' ELSE 'claim_paid_from_pool' END)
            IS DISTINCT FROM (e.amount_fen, e.subject_id, e."on", e.reason)
        """,
    ),
    rows(
        "payment of claim {claim_id}",
        """
        SELECT claim_id, instalment, count(*) AS times FROM claim_payment GROUP BY claim_id, instalment
        HAVING count(*) > 1
        """,
    ),
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.reason, e.subject_id, e.amount_fen FROM entry e
        WHERE e.reverses_id IS NULL AND e.reason IN ('claim_paid_by_lead', 'claim_paid_from_pool')
            AND NOT EXISTS (SELECT FROM claim_payment p WHERE (p.pool_id, p.entry_id) = (e.pool_id, e.id))
        """,
    ),
    # A cash call is received, or taken into a statement, once and whole.
    rows(
        "cash call {id}",
        """
        SELECT k.id, k.claim_id, k.organisation_id, k.stage, k.amount_fen, m.received_fen, m.taken_fen, m.times
        FROM cash_call k LEFT JOIN (
            SELECT e.subject_id, a.organisation_id, count(*) AS times,
                sum(t.amount_fen) FILTER (WHERE e.reason = 'cash_call_received') AS received_fen,
                sum(t.amount_fen) FILTER (WHERE e.reason = 'cash_call_overdue') AS taken_fen
            FROM entry e JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
            JOIN account a ON a.id = t.credit_id AND a.code = '1210'
            WHERE e.reverses_id IS NULL AND e.reason IN ('cash_call_received', 'cash_call_overdue') GROUP BY 1, 2
        ) m ON (m.subject_id, m.organisation_id) = (k.claim_id, k.organisation_id)
        WHERE (CASE WHEN k.stage = 'received' THEN k.amount_fen END, CASE WHEN k.stage = 'taken' THEN k.amount_fen END)
                IS DISTINCT FROM (m.received_fen, m.taken_fen)
            OR (k.stage = 'received') <> (k.received_on IS NOT NULL) OR (k.stage = 'taken') <> (k.taken_on IS NOT NULL)
            OR m.times > 1
        """,
    ),
    rows(
        "claim {claim_id}",
        """
        SELECT coalesce(k.claim_id, e.subject_id) AS claim_id, k.paid_fen AS costs_paid_fen, e.fen AS booked_fen
        FROM (SELECT claim_id, sum(amount_fen) AS paid_fen FROM claim_cost WHERE stage = 'paid' GROUP BY claim_id) k
        FULL JOIN (SELECT subject_id, sum(amount_fen) AS fen FROM entry
            WHERE reason = 'adjuster_paid' AND reverses_id IS NULL GROUP BY subject_id) e ON e.subject_id = k.claim_id
        WHERE k.paid_fen IS DISTINCT FROM e.fen
        """,
    ),
)

#: What stands on claims payable (2110) is what the approved claims not paid yet are owed; where somebody took an entry
#: about a claim back by hand, that is between the people who did.
BOOKED = rows(
    "claim {claim}",
    """
    WITH booked AS (
        SELECT e.subject_id, sum(CASE WHEN c.code = '2110' THEN t.amount_fen ELSE 0 END
            - CASE WHEN d.code = '2110' THEN t.amount_fen ELSE 0 END) AS fen,
            bool_or(e.reverses_id IS NOT NULL) AS mended
        FROM entry e JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
        JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id
        WHERE e.subject_kind = 'claim' GROUP BY e.subject_id
    )
    SELECT c.number AS claim, c.id, c.stage, c.payable_fen, coalesce(b.fen, 0) AS owed_fen
    FROM claim c LEFT JOIN booked b ON b.subject_id = c.id
    WHERE NOT coalesce(b.mended, false) AND coalesce(b.fen, 0)
        <> CASE WHEN c.stage IN ('approved', 'called') THEN c.payable_fen ELSE 0 END
    """,
)

SHARED_AT_INCEPTION = every(
    rows(
        "{kind} of claim {claim}",
        """
        SELECT w.kind, w.claim, w.pool_id, w.entry_id, w.amount_fen, i.amount_fen AS split_fen, w.number,
            i.number AS split_at_version, e.reason, w.day, e."on"
        FROM (
            SELECT 'claim' AS kind, c.number AS claim, c.id AS claim_id, c.pool_id, c.approved_entry_id AS entry_id,
                c.payable_fen AS amount_fen, a.number, 'claim_approved' AS reason, c.approved_on AS day
            FROM claim c JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
            WHERE c.approved_entry_id IS NOT NULL OR c.payable_fen IS NOT NULL
            UNION ALL SELECT 'adjusting_expense', c.number, c.id, c.pool_id, k.approved_entry_id, k.amount_fen,
                a.number, 'adjuster_approved', k.approved_on
            FROM claim_cost k JOIN claim c ON c.id = k.claim_id JOIN policy p ON p.id = c.policy_id
            JOIN agreement a ON a.id = p.agreement_id
            UNION ALL SELECT 'recovery', c.number, c.id, c.pool_id, r.entry_id, r.amount_fen, a.number,
                'recovery_received', r.received_on
            FROM recovery r JOIN claim c ON c.id = r.claim_id JOIN policy p ON p.id = c.policy_id
            JOIN agreement a ON a.id = p.agreement_id
        ) w
        LEFT JOIN stream_item i ON i.pool_id = w.pool_id AND i.entry_id = w.entry_id
        LEFT JOIN entry e ON e.pool_id = w.pool_id AND e.id = w.entry_id
        WHERE (w.kind, w.amount_fen, w.number, w.reason, w.claim_id, w.day)
            IS DISTINCT FROM (i.kind, i.amount_fen, i.number, e.reason, e.subject_id, e."on")
        """,
    ),
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.pool_id, p.pool_id AS policy_pool FROM claim c
        LEFT JOIN policy p ON p.id = c.policy_id WHERE p.pool_id IS DISTINCT FROM c.pool_id
        """,
    ),
    # The other way: nothing was ever approved or recovered that no claim, cost or recovery knows of.
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.reason, e.subject_id, e.amount_fen FROM entry e WHERE e.reverses_id IS NULL AND (
            (e.reason = 'claim_approved' AND NOT EXISTS (SELECT FROM claim c
                WHERE (c.pool_id, c.approved_entry_id) = (e.pool_id, e.id)))
            OR (e.reason = 'adjuster_approved' AND NOT EXISTS (SELECT FROM claim_cost k
                WHERE k.claim_id = e.subject_id AND k.approved_entry_id = e.id))
            OR (e.reason = 'recovery_received' AND NOT EXISTS (SELECT FROM recovery r
                WHERE r.claim_id = e.subject_id AND r.entry_id = e.id)))
        """,
    ),
)
