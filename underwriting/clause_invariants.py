"""The invariants of an agreement's clauses: items settled on their own, step-ups, pools closed for good."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

import uuid
from collections.abc import Iterator

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core.checks import Broken, Found, Invariant, every, found, moved_by_table, rows
from ledger import books, stages
from ledger.apportion import apportion
from ledger.clause_models import StepUp
from ledger.reasons import LINE_OF, Line, Reason
from ledger.statement_invariants import LEGS, MOVEMENTS
from underwriting.stages import VARIATION_MOVES
from underwriting.step_up import others

#: What each line of each member's statement came to in each period, before anything was taken out of it.
_LINES = f"""
    SELECT m.pool_id, m.period_id, m.organisation_id, w.line, sum(m.fen) AS fen FROM ({MOVEMENTS}) m
    JOIN unnest(CAST(:reasons AS text[]), CAST(:lines AS text[])) AS w (reason, line) ON w.reason = m.reason
    GROUP BY 1, 2, 3, 4
"""
_WORDS = {
    "reasons": [reason.value for reason, line in LINE_OF.items() if line is not Line.SETTLED_APART],
    "lines": [line.value for line in LINE_OF.values() if line is not Line.SETTLED_APART],
}

#: What entries of a reason put on a member's own accounts, on its current account and on pool money, debit positive.
_BOOKED = f"""
    SELECT l.pool_id, l.entry_id, e.reason, e.subject_id, a.organisation_id,
        coalesce(sum(l.fen) FILTER (WHERE a.code = '2210'), 0) AS current_fen,
        coalesce(sum(l.fen) FILTER (WHERE a.code IN ('1220', '2220')), 0) AS standing_fen
    FROM ({LEGS}) l JOIN account a ON a.id = l.account_id AND a.organisation_id IS NOT NULL
    JOIN entry e ON (e.pool_id, e.period_id, e.id) = (l.pool_id, l.period_id, l.entry_id)
    WHERE e.reason = ANY (CAST(:booked AS text[])) GROUP BY 1, 2, 3, 4, 5
"""

#: The version of the agreement that a period was closed by.
_CLAUSES = """
    SELECT c.settled_apart, c.is_step_up, a.number FROM agreement a
    LEFT JOIN agreement_clauses c ON c.agreement_id = a.id
    WHERE a.pool_id = p.pool_id AND a.made_at <= p.closed_at
    ORDER BY (a.effective_on <= p.ends_on) DESC, a.number DESC LIMIT 1
"""

APART = every(
    # Every line that is paid on its own, of every member but the lead, is one item of what it came to, and no other is.
    rows(
        "period {period_id}, member {organisation_id}, {line}",
        f"""
        SELECT coalesce(i.period_id, w.period_id) AS period_id, coalesce(i.organisation_id, w.organisation_id)
            AS organisation_id, coalesce(i.line, w.line) AS line, i.number, i.amount_fen, w.fen AS line_fen
        FROM apart_item i FULL JOIN (
            SELECT n.period_id, n.organisation_id, n.line, n.fen FROM ({_LINES}) n
            JOIN period p ON p.id = n.period_id AND p.stage = 'closed' JOIN pool o ON o.id = n.pool_id
            CROSS JOIN LATERAL ({_CLAUSES}) c
            WHERE n.fen <> 0 AND n.line = ANY (c.settled_apart) AND n.organisation_id <> o.lead_id
        ) w ON (w.period_id, w.organisation_id, w.line) = (i.period_id, i.organisation_id, i.line)
        WHERE i.amount_fen IS DISTINCT FROM w.fen
        """,
        **_WORDS,
    ),
    # It left the current account once, and was paid once, where it says so.
    rows(
        "item {number}",
        f"""
        SELECT i.number, i.id, i.stage, i.amount_fen, t.current_fen, t.standing_fen, y.standing_fen AS paid_fen
        FROM apart_item i
        LEFT JOIN ({_BOOKED}) t ON (t.pool_id, t.entry_id, t.subject_id, t.organisation_id, t.reason)
            = (i.pool_id, i.entry_id, i.id, i.organisation_id, 'settled_apart')
        LEFT JOIN ({_BOOKED}) y ON (y.pool_id, y.entry_id, y.subject_id, y.organisation_id, y.reason)
            = (i.pool_id, i.paid_entry_id, i.id, i.organisation_id, 'apart_paid')
        WHERE (t.current_fen, -t.standing_fen) IS DISTINCT FROM (i.amount_fen, i.amount_fen)
            OR (i.stage = 'paid') <> (y.standing_fen IS NOT NULL) OR y.standing_fen <> i.amount_fen
        """,
        booked=[Reason.SETTLED_APART.value, Reason.APART_PAID.value],
    ),
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.reason, e.subject_id FROM entry e
        WHERE e.reason IN ('settled_apart', 'apart_paid') AND NOT EXISTS (SELECT FROM apart_item i
            WHERE i.id = e.subject_id AND e.id IN (i.entry_id, i.paid_entry_id))
        """,
    ),
)

STEP_UPS = every(
    # All that an overdue statement owes, under an agreement that says so; cured exactly where the member has paid.
    rows(
        "step-up {id}",
        f"""
        SELECT u.id, u.pool_id, s.number AS statement, u.amount_fen, s.balance_fen, u.declared_on, s.due_on, u.stage,
            s.stage AS statement_stage
        FROM step_up u LEFT JOIN statement s ON s.id = u.statement_id LEFT JOIN period p ON p.id = s.period_id
        LEFT JOIN LATERAL ({_CLAUSES}) c ON true
        WHERE s.id IS NULL OR (s.pool_id, s.organisation_id, -s.balance_fen)
                <> (u.pool_id, u.organisation_id, u.amount_fen)
            OR u.declared_on <= s.due_on OR (u.stage = 'cured') <> (s.stage = 'settled')
            OR u.cured_on IS DISTINCT FROM s.settled_on OR c.is_step_up IS NOT TRUE OR c.number <> u.number
        """,
    ),
    # Each of the others owes its part and has a claim for it; both are gone once it is cured.
    rows(
        "step-up {id}, member {organisation_id}",
        f"""
        SELECT m.id, m.organisation_id, m.part_fen, t.current_fen, t.standing_fen, y.current_fen AS returned_fen
        FROM (
            SELECT u.id, u.pool_id, u.entry_id, u.cured_entry_id, h.organisation_id,
                coalesce(u.parts_fen[h.position + 1], 0) AS part_fen
            FROM step_up u JOIN share h ON (h.pool_id, h.number) = (u.pool_id, u.number)
        ) m
        LEFT JOIN ({_BOOKED}) t ON (t.pool_id, t.entry_id, t.subject_id, t.organisation_id, t.reason)
            = (m.pool_id, m.entry_id, m.id, m.organisation_id, 'stepped_up')
        LEFT JOIN ({_BOOKED}) y ON (y.pool_id, y.entry_id, y.subject_id, y.organisation_id, y.reason)
            = (m.pool_id, m.cured_entry_id, m.id, m.organisation_id, 'step_up_returned')
        WHERE (coalesce(t.current_fen, 0), -coalesce(t.standing_fen, 0)) <> (m.part_fen, m.part_fen)
            OR (coalesce(-y.current_fen, 0), coalesce(y.standing_fen, 0))
                <> (CASE WHEN m.cured_entry_id IS NULL THEN 0 ELSE m.part_fen END,
                    CASE WHEN m.cured_entry_id IS NULL THEN 0 ELSE m.part_fen END)
        """,
        booked=[Reason.STEPPED_UP.value, Reason.STEP_UP_RETURNED.value],
    ),
    # Nobody of the lead declares the lead in default, or books that it has paid.
    rows(
        "step-up {id}",
        """
        SELECT u.id, u.pool_id, e.action, e.role FROM step_up u
        JOIN pool o ON (o.id, o.lead_id) = (u.pool_id, u.organisation_id)
        JOIN audit_event e ON (e.object_kind, e.object_id) = ('step_up', u.id::text)
        WHERE e.role <> 'supervisor'
        """,
    ),
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.reason, e.subject_id FROM entry e
        WHERE e.reason IN ('stepped_up', 'step_up_returned') AND NOT EXISTS (SELECT FROM step_up u
            WHERE u.id = e.subject_id AND e.id IN (u.entry_id, u.cured_entry_id))
        """,
    ),
)


def stepped_up(connection: Connection) -> Found:
    """Return the step-ups that are not as the statement and the book say, or were split otherwise than by the rule."""
    with Session(connection) as session:
        return STEP_UPS(connection) + found(_split_otherwise(session))


def _split_otherwise(session: Session) -> Iterator[Broken]:
    """Split every shortfall again, in the order of the book, cures undone where they stand."""
    events: list[tuple[int, bool, StepUp]] = []
    for row in session.scalars(select(StepUp)):
        events.append((row.entry_id, False, row))
        if row.cured_entry_id is not None:
            events.append((row.cured_entry_id, True, row))
    carries: dict[tuple[int, int, uuid.UUID], tuple[int, ...]] = {}
    for _, is_cure, row in sorted(events, key=lambda one: one[:2]):
        shares = books.shares(session, row.pool_id, row.number)
        place = (row.pool_id, row.number, row.organisation_id)
        carry = carries.get(place, (0,) * len(shares.members))
        if is_cure:
            moved = zip(carry, row.carry_after, row.carry_before, strict=True)
            carries[place] = tuple(now - after + before for now, after, before in moved)
            continue
        split = apportion(row.amount_fen, others(shares, row.organisation_id), carry)
        carries[place] = split.carry_after
        if (list(split.parts_fen), list(carry), list(split.carry_after)) != (
            row.parts_fen,
            row.carry_before,
            row.carry_after,
        ):
            yield Broken(f"step-up {row.id}", {"parts_fen": row.parts_fen, "due_fen": split.parts_fen})


#: Nothing of a closed pool is open, and nothing was opened or booked in it after.
CLOSED_POOLS = every(
    rows(
        "pool {pool_id}",
        """
        SELECT k.pool_id, k.closed_on, p.id AS period, p.stage, s.number AS statement, c.number AS claim
        FROM pool_closing k LEFT JOIN period p ON p.pool_id = k.pool_id AND p.stage <> 'closed'
        LEFT JOIN statement s ON s.pool_id = k.pool_id AND s.stage <> 'settled'
        LEFT JOIN claim c ON c.pool_id = k.pool_id AND c.stage NOT IN ('paid', 'rejected')
        WHERE p.id IS NOT NULL OR s.id IS NOT NULL OR c.id IS NOT NULL
        """,
    ),
    rows(
        "pool {pool_id}",
        """
        SELECT k.pool_id, k.closed_on, k.closed_at, max(a.ends_on) AS ends_on, max(e.at) AS last_at
        FROM pool_closing k JOIN agreement a ON a.pool_id = k.pool_id LEFT JOIN entry e ON e.pool_id = k.pool_id
        GROUP BY k.pool_id HAVING max(a.ends_on) > k.closed_on OR max(e.at) > k.closed_at
        """,
    ),
    rows(
        "pool {pool_id}, account {code}",
        f"""
        SELECT k.pool_id, a.code, a.organisation_id, sum(l.fen) AS left_fen FROM pool_closing k
        JOIN account a ON a.pool_id = k.pool_id JOIN ({LEGS}) l ON l.account_id = a.id
        GROUP BY k.pool_id, a.code, a.organisation_id HAVING sum(l.fen) <> 0
        """,
    ),
)

#: What a version of an agreement has of its own.
_OWN = "ARRAY['id', 'number', 'effective_on', 'ends_on', 'made_at']"

#: Who has to consent to a proposed change `v`: the members of the version that it changes, the bureau of its tender.
_ASKED = """
    SELECT s.organisation_id FROM share s WHERE (s.pool_id, s.number) = (v.pool_id, v.base_number)
    UNION SELECT t.organisation_id FROM pool o JOIN tender t ON t.id = o.tender_id WHERE o.id = v.pool_id
"""

VARIATIONS = every(
    rows(
        "change {id}, party {organisation_id}",
        f"""
        SELECT v.id, a.organisation_id FROM variation v CROSS JOIN LATERAL ({_ASKED}) a
        WHERE v.stage = 'concluded' AND NOT EXISTS (SELECT FROM variation_consent c
            WHERE (c.variation_id, c.organisation_id) = (v.id, a.organisation_id))
        """,
    ),
    rows(
        "change {id}, party {organisation_id}",
        f"""
        SELECT c.variation_id AS id, c.organisation_id FROM variation_consent c
        LEFT JOIN variation v ON v.id = c.variation_id
        WHERE v.id IS NULL OR c.organisation_id NOT IN ({_ASKED}) OR c.said_at > v.decided_at
            OR c.said_at < v.proposed_at
        """,
    ),
    # It lapsed from its first day on, or once another version was made.
    rows(
        "change {id}",
        """
        SELECT v.id, v.pool_id, v.effective_on, v.decided_at FROM variation v WHERE v.stage = 'lapsed'
            AND (v.decided_at AT TIME ZONE 'Asia/Shanghai')::date < v.effective_on AND NOT EXISTS (
                SELECT FROM agreement g WHERE g.pool_id = v.pool_id AND g.number > v.base_number
                    AND g.made_at <= v.decided_at)
        """,
    ),
    # The version that it made says what was proposed, and has the shares and terms of the one before.
    rows(
        "change {id}",
        f"""
        SELECT v.id, v.pool_id, v.base_number, g.number, v.settled_apart, c.settled_apart AS agreed_apart
        FROM variation v LEFT JOIN agreement g ON g.id = v.agreement_id
        LEFT JOIN agreement b ON (b.pool_id, b.number) = (v.pool_id, v.base_number)
        LEFT JOIN agreement_clauses c ON c.agreement_id = g.id
        WHERE v.stage = 'concluded' AND ((g.pool_id, g.number, g.effective_on, g.ends_on)
                IS DISTINCT FROM (v.pool_id, v.base_number + 1, v.effective_on, v.ends_on)
            OR (coalesce(c.settled_apart, ARRAY[]::text[]), coalesce(c.is_step_up, false))
                IS DISTINCT FROM (v.settled_apart, v.is_step_up)
            OR to_jsonb(g) - {_OWN} IS DISTINCT FROM to_jsonb(b) - {_OWN}
            OR ARRAY(SELECT (s.organisation_id, s.weight)::text FROM share s
                    WHERE (s.pool_id, s.number) = (v.pool_id, v.base_number) ORDER BY s.position)
                IS DISTINCT FROM ARRAY(SELECT (s.organisation_id, s.weight)::text FROM share s
                    WHERE (s.pool_id, s.number) = (v.pool_id, v.base_number + 1) ORDER BY s.position))
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-N1",
        "协议约定单项结算的项目，除首席外每家每项恰为一笔，等于账期内该项的发生额，转出一次，收付至多一次",
        "Every line that an agreement has paid on its own is, for each member but the lead, one item of what the line "
        "came to in its period; it left the current account once and was paid at most once",
        every(APART, moved_by_table("apart_item", stages.APART_MOVES, "open")),
    ),
    Invariant(
        "INV-N2",
        "违约代担等于逾期结算单应付的全部，只在协议有此条款时，按其余各家权重连同余数分到分；违约方付清后全数退还；"
        "首席违约由主管单位宣告与登记清偿",
        "A step-up is all that an overdue statement owes, under an agreement that says so, split to the fen by the "
        "others' weights with its own carry; once the member has paid, all of it is returned; of the lead the bureau "
        "declares it and books its cure",
        every(stepped_up, moved_by_table("step_up", stages.STEP_UP_MOVES, "declared")),
    ),
    Invariant(
        "INV-N3",
        "已关闭的共保体没有未结的账期、结算单与赔案，科目余额全部为零，关闭之后没有入账",
        "A pool that is closed for good has no open period, statement or claim, every account of its book is at "
        "nothing, and nothing was booked after it",
        CLOSED_POOLS,
    ),
    Invariant(
        "INV-N4",
        "协议变更经全体同意才成立，成立的恰是所提出的一版，份额与其他条款照上一版；同意只来自协议的一方；不能成立的才失效",
        "A change of an agreement is concluded with the consent of all its parties only, as the version that was "
        "proposed, with the shares and terms of the one before; nobody but a party consents; only what can not be "
        "concluded any more has lapsed",
        every(VARIATIONS, moved_by_table("variation", VARIATION_MOVES, "proposed")),
    ),
)
