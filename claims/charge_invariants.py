"""The invariants of what a close charges and of the days of cash calls: fees, interest, days, as the book has them."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, rows

#: What the book moved from each follower to the lead as fee and as VAT on it, by agreement version and period.
_BOOKED_FEES = """
    SELECT e.pool_id, e.period_id, a.number, side.organisation_id,
        sum(side.fen) FILTER (WHERE e.reason = 'lead_fee') AS fee_fen,
        sum(side.fen) FILTER (WHERE e.reason = 'lead_fee_vat') AS vat_fen
    FROM entry e JOIN agreement a ON a.id = e.subject_id
    JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
    JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id
    CROSS JOIN LATERAL (VALUES (d.organisation_id, t.amount_fen), (c.organisation_id, -t.amount_fen))
        AS side (organisation_id, fen)
    JOIN share s ON (s.pool_id, s.number, s.organisation_id) = (a.pool_id, a.number, side.organisation_id)
        AND s.position > 0
    WHERE e.reason IN ('lead_fee', 'lead_fee_vat') AND e.reverses_id IS NULL GROUP BY 1, 2, 3, 4
"""

#: The day of each close, as the log tells it.
_CLOSED_ON = """
    SELECT object_id AS period_id, (facts ->> 'on')::date AS day FROM audit_event
    WHERE object_kind = 'period' AND action = 'period.closed'
"""

#: Each member's net premium by the day from which it counts: collected, less what was given back of it.
_COLLECTED = """
    SELECT w.agreement_id, part.place, w.day, sum(part.fen) AS fen FROM (
        SELECT p.agreement_id, p.pool_id, p.written_entry_id AS entry_id, p.received_on AS day FROM policy p
        WHERE p.received_on IS NOT NULL
        UNION ALL SELECT p.agreement_id, p.pool_id, r.agreed_entry_id, greatest(p.received_on, r.agreed_on)
        FROM refund r JOIN policy p ON p.id = r.policy_id WHERE p.received_on IS NOT NULL
    ) w JOIN stream_item i ON (i.pool_id, i.entry_id, i.kind) = (w.pool_id, w.entry_id, 'premium_net')
    CROSS JOIN LATERAL unnest(i.parts_fen) WITH ORDINALITY AS part (fen, place)
    GROUP BY w.agreement_id, part.place, w.day
"""


def _half_up(amount: str, rate: str, whole: str = "10000") -> str:
    """Return the SQL of an amount times a rate over a whole, half a fen away from zero (`ledger.rates.half_up`)."""
    return f"sign({amount}) * div(2 * abs({amount})::numeric * {rate} + {whole}, 2 * {whole})"


FEES = every(
    rows(
        "fee of {organisation_id} in period {period_id}",
        f"""
        SELECT coalesce(f.organisation_id, b.organisation_id) AS organisation_id,
            coalesce(f.period_id, b.period_id) AS period_id, coalesce(f.number, b.number) AS number,
            f.fee_fen, b.fee_fen AS booked_fee_fen, f.vat_fen, b.vat_fen AS booked_vat_fen
        FROM fee_charge f FULL JOIN ({_BOOKED_FEES}) b ON (b.pool_id, b.period_id, b.number, b.organisation_id)
            = (f.pool_id, f.period_id, f.number, f.organisation_id)
        WHERE (coalesce(f.fee_fen, 0), coalesce(f.vat_fen, 0)) <> (coalesce(b.fee_fen, 0), coalesce(b.vat_fen, 0))
        """,
    ),
    # Every follower is charged at every close, of every version there was by then.
    rows(
        "fee of {organisation_id} in period {period_id}",
        """
        SELECT s.organisation_id, q.id AS period_id, q.label, a.number FROM period q
        JOIN agreement a ON a.pool_id = q.pool_id AND a.lead_fee_bp > 0 AND a.made_at <= q.closed_at
        JOIN share s ON (s.pool_id, s.number) = (a.pool_id, a.number) AND s.position > 0
        WHERE q.stage = 'closed' AND NOT EXISTS (SELECT FROM fee_charge f
            WHERE (f.pool_id, f.period_id, f.number) = (q.pool_id, q.id, a.number)
                AND f.organisation_id = s.organisation_id)
        """,
    ),
    rows(
        "fee of {organisation_id} in period {period_id}",
        f"""
        SELECT f.organisation_id, f.period_id, f.number, k.day, f.base_fen, coalesce(sum(b.fen), 0) AS collected_fen
        FROM fee_charge f JOIN agreement a ON (a.pool_id, a.number) = (f.pool_id, f.number)
        LEFT JOIN share s ON (s.pool_id, s.number, s.organisation_id) = (f.pool_id, f.number, f.organisation_id)
        LEFT JOIN ({_CLOSED_ON}) k ON k.period_id = f.period_id::text
        LEFT JOIN ({_COLLECTED}) b ON b.agreement_id = a.id AND b.place = s.position + 1 AND b.day <= k.day
        GROUP BY f.pool_id, f.number, f.period_id, f.organisation_id, k.day, s.position
        HAVING f.base_fen <> coalesce(sum(b.fen), 0) OR coalesce(s.position, 0) = 0
        """,
    ),
    # The fee so far is the rate on the base so far, and the VAT so far the rate on the fee so far.
    rows(
        "fee of {organisation_id} in period {period_id}",
        f"""
        SELECT c.*, {_half_up("c.base_fen", "c.lead_fee_bp")} AS fee_due_fen,
            {_half_up("c.fee_so_far_fen", "c.vat_bp")} AS vat_due_fen
        FROM (
            SELECT f.organisation_id, f.period_id, f.number, f.base_fen, a.lead_fee_bp, a.vat_bp,
                sum(f.fee_fen) OVER w AS fee_so_far_fen, sum(f.vat_fen) OVER w AS vat_so_far_fen
            FROM fee_charge f JOIN agreement a ON (a.pool_id, a.number) = (f.pool_id, f.number)
            JOIN period q ON q.id = f.period_id
            WINDOW w AS (PARTITION BY f.pool_id, f.number, f.organisation_id ORDER BY q.starts_on)
        ) c
        WHERE c.fee_so_far_fen <> {_half_up("c.base_fen", "c.lead_fee_bp")}
            OR c.vat_so_far_fen <> {_half_up("c.fee_so_far_fen", "c.vat_bp")}
        """,
    ),
)

#: Interest on a cash call runs from its due day to the day it was received or taken into a statement; the lead has it.
INTEREST = rows(
    "interest of {organisation_id} on claim {claim}",
    f"""
    WITH due AS (
        SELECT c.id AS claim_id, c.number AS claim, k.organisation_id, s.organisation_id AS lead,
            coalesce(k.received_on, k.taken_on) AS day, k.due_on, k.amount_fen, nullif({
        _half_up(
            "k.amount_fen",
            "a.late_interest_bp * greatest(0, coalesce(k.received_on, k.taken_on) - k.due_on)",
            "(10000 * a.day_count)",
        )
    }, 0) AS fen
        FROM cash_call k JOIN claim c ON c.id = k.claim_id JOIN policy p ON p.id = c.policy_id
        JOIN agreement a ON a.id = p.agreement_id JOIN share s ON (s.pool_id, s.number, s.position)
            = (a.pool_id, a.number, 0)
    ), booked AS (
        SELECT e.subject_id AS claim_id, d.organisation_id, sum(t.amount_fen) AS fen, max(e."on") AS day,
            max(c.organisation_id::text) AS creditor
        FROM entry e JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
        JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id
        WHERE e.reason = 'late_interest' AND e.subject_kind = 'claim' AND e.reverses_id IS NULL GROUP BY 1, 2
    )
    SELECT coalesce(d.organisation_id, b.organisation_id) AS organisation_id,
        coalesce(d.claim, b.claim_id::text) AS claim, d.due_on, d.day, b.day AS booked_on, d.amount_fen,
        d.fen AS interest_fen, b.fen AS booked_fen, d.lead, b.creditor
    FROM due d FULL JOIN booked b ON (b.claim_id, b.organisation_id) = (d.claim_id, d.organisation_id)
    WHERE d.fen IS DISTINCT FROM b.fen
        OR (b.fen IS NOT NULL AND (d.day, d.lead::text) IS DISTINCT FROM (b.day, b.creditor))
    """,
)

#: A cash call was asked for, received and taken on the days of its entries, and none of these before the other.
CALL_DAYS = rows(
    "cash call {id}",
    """
    SELECT k.id, k.claim_id, k.organisation_id, k.issued_on, b.issued_on AS issued_booked_on, k.due_on, k.received_on,
        b.received_on AS received_booked_on, k.taken_on, b.taken_on AS taken_booked_on, c.approved_on
    FROM cash_call k JOIN claim c ON c.id = k.claim_id LEFT JOIN (
        SELECT e.subject_id, a.organisation_id, min(e."on") FILTER (WHERE e.reason = 'cash_call_issued') AS issued_on,
            max(e."on") FILTER (WHERE e.reason = 'cash_call_received') AS received_on,
            max(e."on") FILTER (WHERE e.reason = 'cash_call_overdue') AS taken_on
        FROM entry e JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
        JOIN account a ON a.code = '1210'
            AND a.id = CASE e.reason WHEN 'cash_call_issued' THEN t.debit_id ELSE t.credit_id END
        WHERE e.reverses_id IS NULL AND e.reason IN ('cash_call_issued', 'cash_call_received', 'cash_call_overdue')
        GROUP BY 1, 2
    ) b ON (b.subject_id, b.organisation_id) = (k.claim_id, k.organisation_id)
    WHERE (k.issued_on, k.received_on, k.taken_on) IS DISTINCT FROM (b.issued_on, b.received_on, b.taken_on)
        OR k.issued_on < c.approved_on OR k.due_on < k.issued_on OR k.received_on < k.issued_on
        OR k.taken_on <= k.due_on
    """,
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-C8",
        "每次结账所收首席管理费及其税额，按协议费率与已收净保费累计复算一致，与分录一致；逾期利息亦然",
        "The lead's fee and its VAT at every close recompute from the agreement's rates and the net premium collected "
        "by then, and are what was booked; so is the interest on late cash calls",
        every(FEES, INTEREST),
    ),
    Invariant(
        "INV-C9",
        "每份摊回通知的发出、收到与转入日期即其分录的日期，先后有序，且不早于核赔",
        "Every cash call was issued, received and taken on the days of its entries, in order, and not before the "
        "claim's approval",
        CALL_DAYS,
    ),
)
