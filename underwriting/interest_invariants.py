"""The invariant of late interest on statements: what was charged is the rule on the days, to whom it is due."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

import uuid
from collections.abc import Iterator

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from core.checks import Broken, Found, Invariant, every, found, rows
from ledger.models import Period, Statement
from ledger.statements import of_period
from underwriting.late_interest import divided
from underwriting.models import Pool

#: The terms that a statement's interest follows: those of the newest version in force by its period's end.
_TERMS = """
    SELECT a.late_interest_bp, a.day_count FROM agreement a WHERE a.pool_id = s.pool_id
    ORDER BY (a.effective_on <= p.ends_on) DESC, a.number DESC LIMIT 1
"""

#: Half a fen away from zero, on whole numbers (`ledger.rates.half_up`).
_DUE = """
    div(2 * greatest(0, -s.balance_fen)::numeric * a.late_interest_bp * (s.interest_until_on - s.due_on)
        + 10000 * a.day_count, 2 * 10000 * a.day_count)
"""

#: What the book has of it: by statement, with the last day, and whether anyone but its member was charged.
_BOOKED = """
    SELECT e.subject_id, sum(t.amount_fen) AS fen, max(e."on") AS day,
        array_agg(DISTINCT d.organisation_id) AS debtors, array_agg(DISTINCT e.pool_id) AS pools
    FROM entry e JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
    JOIN account d ON d.id = t.debit_id
    WHERE e.reason = 'late_interest' AND e.subject_kind = 'statement' AND e.reverses_id IS NULL GROUP BY 1
"""

#: The day up to which a statement is charged: its settlement, or the last close of a later period since its issue.
_CHARGED_TO = """
    SELECT max(day) AS day FROM (
        SELECT s.settled_on AS day
        UNION ALL SELECT (k.facts ->> 'on')::date FROM period q
        JOIN audit_event k ON k.object_kind = 'period' AND k.object_id = q.id::text AND k.action = 'period.closed'
        WHERE q.pool_id = s.pool_id AND q.starts_on > p.ends_on AND q.closed_at >= s.issued_at
            AND (s.settled_on IS NULL OR (k.facts ->> 'on')::date <= s.settled_on)
    ) days WHERE day > s.due_on
"""

CHARGED = every(
    rows(
        "statement {number}",
        f"""
        SELECT s.number, s.id, s.balance_fen, s.due_on, s.interest_until_on, {_DUE} AS interest_fen,
            b.fen AS booked_fen, b.day AS booked_on
        FROM statement s JOIN period p ON p.id = s.period_id CROSS JOIN LATERAL ({_TERMS}) a
        FULL JOIN ({_BOOKED}) b ON b.subject_id = s.id
        WHERE s.id IS NULL OR coalesce({_DUE}, 0) <> coalesce(b.fen, 0) OR b.day > s.interest_until_on
            OR (b.fen IS NOT NULL AND (b.debtors <> ARRAY[s.organisation_id] OR b.pools <> ARRAY[s.pool_id]))
            OR s.interest_until_on <= s.due_on OR (s.interest_until_on IS NOT NULL AND s.balance_fen >= 0)
        """,
    ),
    rows(
        "statement {number}",
        f"""
        SELECT s.number, s.id, s.due_on, s.interest_until_on, c.day AS to_be_charged_on
        FROM statement s JOIN period p ON p.id = s.period_id JOIN pool l ON l.id = s.pool_id
        CROSS JOIN LATERAL ({_CHARGED_TO}) c
        WHERE s.stage <> 'draft' AND s.balance_fen < 0 AND s.interest_until_on IS DISTINCT FROM c.day
            AND (s.organisation_id <> l.lead_id OR EXISTS (SELECT FROM statement o
                WHERE (o.pool_id, o.period_id) = (s.pool_id, s.period_id) AND o.balance_fen > 0))
        """,
    ),
)

_PARTS = text("""
    SELECT e.id, e.subject_id, c.organisation_id, sum(t.amount_fen)::bigint AS fen
    FROM entry e JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
    JOIN account c ON c.id = t.credit_id
    WHERE e.reason = 'late_interest' AND e.subject_kind = 'statement' AND e.reverses_id IS NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 3
""")


def charged_and_divided(connection: Connection) -> Found:
    """Return the statements whose interest is not the rule's, and the charges that were divided otherwise."""
    with Session(connection) as session:
        return CHARGED(connection) + found(_divided_otherwise(session))


def _divided_otherwise(session: Session) -> Iterator[Broken]:
    booked: dict[int, tuple[uuid.UUID, dict[uuid.UUID | None, int]]] = {}
    for entry_id, subject_id, creditor, fen in session.execute(_PARTS):
        booked.setdefault(entry_id, (subject_id, {}))[1][creditor] = fen
    wanted = {subject for subject, _ in booked.values()}
    known = {row.id: row for row in session.scalars(select(Statement).where(Statement.id.in_(wanted)))}
    for entry_id, (subject_id, parts) in booked.items():
        row = known.get(subject_id)
        if row is None:
            continue
        made = of_period(session, session.get_one(Period, row.period_id))
        lead = session.get_one(Pool, row.pool_id).lead_id
        due = divided(made, lead, row.organisation_id, sum(parts.values()))
        if parts != {member: fen for member, fen in due.items() if fen}:
            facts = {"statement": row.number, "booked_fen": list(parts.values()), "due_fen": list(due.values())}
            yield Broken(f"entry {entry_id}", facts)


INVARIANT = Invariant(
    "INV-S5",
    "逾期结算单的利息按协议利率、天数与基数复算一致，同一天不计两次，逐次按应收各家的余额分到分",
    "Interest on a late statement recomputes from the agreement's rate, days and day count, no day is charged twice, "
    "and every charge is divided to the fen by what those who are owed are owed",
    charged_and_divided,
)
