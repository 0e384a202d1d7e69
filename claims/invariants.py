"""The invariants of claims: paid within what was approved, once, by the right shares and the right people."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from claims import charge_invariants, list_invariants, logged, stages
from claims.claim_money_invariants import (
    BOOKED,
    BY_BILL_AND_COVER,
    PAID_ONCE,
    SHARED_AT_INCEPTION,
    WITHIN_APPROVED,
)
from core.checks import Invariant, every, moved_by_table, rows

AUTHORITY = every(
    # Above the lead's limit, and on some topics, all members must agree; below it more may be asked, never less.
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.stage, c.needs, c.topics, c.estimate_fen, a.lead_alone_limit_fen
        FROM claim c JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
        WHERE (c.estimate_fen > a.lead_alone_limit_fen OR c.topics <> '{}') AND c.needs <> 'all'
        """,
    ),
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.stage, c.made_by, c.estimated_by, c.marked_by, c.approved_by FROM claim c
        WHERE c.approved_by IN (c.made_by, c.estimated_by) OR c.approved_by = ANY (c.marked_by)
            OR (c.stage IN ('approved', 'called', 'paid')) <> (c.approved_on IS NOT NULL)
            OR (c.approved_on IS NULL) <> (c.approved_entry_id IS NULL)
            OR (c.approved_by IS NULL AND c.made_by IS NOT NULL AND c.approved_on IS NOT NULL)
        """,
    ),
    # Nobody pays what it approved or agreed to itself, and nothing is paid before that day.
    rows(
        "payment of {what} {number}",
        """
        SELECT 'claim' AS what, c.number, p.paid_by, p.paid_on FROM claim_payment p JOIN claim c ON c.id = p.claim_id
        WHERE p.paid_by = c.approved_by OR p.paid_on < c.approved_on
        UNION ALL
        SELECT 'cost', c.number, k.paid_by, k.paid_on FROM claim_cost k JOIN claim c ON c.id = k.claim_id
        WHERE k.paid_by = k.approved_by OR k.paid_on < k.approved_on
        UNION ALL
        SELECT 'refund', p.number, r.paid_by, r.paid_on FROM refund r JOIN policy p ON p.id = r.policy_id
        WHERE r.paid_by = r.agreed_by OR r.paid_on < r.agreed_on
        """,
    ),
    # Whoever must agree to the estimate as it stands has done so before anything was approved.
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, c.stage, c.estimate_version, s.organisation_id AS not_agreed FROM claim c
        JOIN policy p ON p.id = c.policy_id JOIN agreement a ON a.id = p.agreement_id
        JOIN share s ON (s.pool_id, s.number) = (a.pool_id, a.number) AND (c.needs = 'all' OR s.position = 0)
        WHERE c.stage IN ('agreed', 'approved', 'called', 'paid') AND NOT EXISTS (SELECT FROM claim_agreement g
            WHERE (g.claim_id, g.estimate_version, g.organisation_id)
                = (c.id, c.estimate_version, s.organisation_id))
        """,
    ),
    rows(
        "claim {claim}",
        """
        SELECT c.number AS claim, c.id, g.organisation_id AS agreed_by, g.estimate_version, c.estimate_version AS stands
        FROM claim_agreement g LEFT JOIN claim c ON c.id = g.claim_id LEFT JOIN policy p ON p.id = c.policy_id
        LEFT JOIN agreement a ON a.id = p.agreement_id
        WHERE c.id IS NULL OR g.estimate_version > c.estimate_version OR NOT EXISTS (SELECT FROM share s
            WHERE (s.pool_id, s.number, s.organisation_id) = (a.pool_id, a.number, g.organisation_id))
        """,
    ),
)

#: A fault's steps in the order they were taken, with the stage each one left from.
_FAULT_STEPS = """
    SELECT s.fault_id, s.id, s.verb, s.at, lag(s.verb) OVER w AS verb_before, lag(s.at) OVER w AS at_before,
        coalesce(lag(m.after) OVER w, '') AS before, m.after
    FROM fault_event s
    LEFT JOIN unnest(CAST(:verbs AS text[]), CAST(:afters AS text[])) AS m (verb, after) ON m.verb = s.verb
    WINDOW w AS (PARTITION BY s.fault_id ORDER BY s.id)
"""

#: Every verb leads to one stage, whatever it leads from; `report` and `import` begin a fault.
_LEADS_TO = {"report": "reported", "import": "imported", **{verb: to for (_, verb), to in stages.FAULT_MOVES.items()}}
_TOLD = {"verbs": list(_LEADS_TO), "afters": list(_LEADS_TO.values())}
#: A fault of a list begins as reported or as repaired.
_IMPORTED = [
    ("imported", verb, after)
    for (stage, verb), after in stages.FAULT_MOVES.items()
    if stage in ("reported", "repaired")
]
_CELLS = [
    ("", "report", "reported"),
    ("", "import", "imported"),
    *((stage, verb, after) for (stage, verb), after in stages.FAULT_MOVES.items()),
    *_IMPORTED,
]
_CELL_COLUMNS = dict(
    zip(("cell_befores", "cell_verbs", "cell_afters"), map(list, zip(*_CELLS, strict=True)), strict=True)
)

FAULT_PATHS = every(
    rows(
        "fault {fault_id}",
        f"""
        SELECT w.fault_id, w.id AS step_id, w.before, w.verb, w.after FROM ({_FAULT_STEPS}) w
        WHERE NOT EXISTS (SELECT FROM unnest(CAST(:cell_befores AS text[]), CAST(:cell_verbs AS text[]),
            CAST(:cell_afters AS text[])) AS cell (before, verb, after)
            WHERE (cell.before, cell.verb, cell.after) = (w.before, w.verb, w.after))
        """,
        **_TOLD,
        **_CELL_COLUMNS,
    ),
    rows(
        "fault {fault}",
        f"""
        SELECT f.number AS fault, f.id, f.stage, last.verb, last.after FROM fault f LEFT JOIN (
            SELECT DISTINCT ON (w.fault_id) w.* FROM ({_FAULT_STEPS}) w ORDER BY w.fault_id, w.id DESC
        ) last ON last.fault_id = f.id
        WHERE f.stage IS DISTINCT FROM CASE last.after WHEN 'imported'
            THEN CASE WHEN f.repaired_at IS NULL THEN 'reported' ELSE 'repaired' END ELSE last.after END
        """,
        **_TOLD,
    ),
)

#: The instants of a fault are those of its steps, in order; a list that was taken in brought its own.
FAULT_TIMES = every(
    rows(
        "fault {fault}",
        """
        SELECT number AS fault, id, reported_at, acknowledged_at, arrived_at, repaired_at, accepted_at FROM fault
        WHERE acknowledged_at < reported_at OR arrived_at < reported_at OR repaired_at < reported_at
            OR repaired_at < arrived_at OR accepted_at < repaired_at
        """,
    ),
    rows(
        "fault {fault}",
        """
        SELECT f.number AS fault, f.id, f.reported_at, s.reported, f.acknowledged_at, s.acknowledged, f.arrived_at,
            s.arrived, f.repaired_at, s.repaired, f.accepted_at, s.accepted
        FROM fault f JOIN (
            SELECT fault_id, min(at) FILTER (WHERE verb = 'report') AS reported,
                max(at) FILTER (WHERE verb = 'acknowledge') AS acknowledged,
                max(at) FILTER (WHERE verb = 'arrive') AS arrived, max(at) FILTER (WHERE verb = 'repair') AS repaired,
                max(at) FILTER (WHERE verb = 'accept') AS accepted,
                max(at) FILTER (WHERE verb = 'reopen') AS reopened,
                bool_or(verb = 'import') AS was_imported
            FROM fault_event GROUP BY fault_id
        ) s ON s.fault_id = f.id
        WHERE (NOT s.was_imported AND (f.reported_at IS DISTINCT FROM s.reported
                OR f.acknowledged_at IS DISTINCT FROM s.acknowledged OR f.arrived_at IS DISTINCT FROM s.arrived
                OR (f.stage <> 'on_site' AND f.repaired_at IS DISTINCT FROM s.repaired)
                OR (f.stage = 'on_site' AND f.repaired_at IS NOT NULL)))
            OR (f.accepted_at IS DISTINCT FROM s.accepted)
        """,
    ),
    rows(
        "fault {fault_id}",
        """
        SELECT fault_id, id AS step_id, verb, at, at_before FROM (
            SELECT s.*, lag(s.at) OVER (PARTITION BY s.fault_id ORDER BY s.id) AS at_before FROM fault_event s
        ) w WHERE at < at_before
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-C1",
        "每个赔案：已付不超过核定，核定不超过估损，追偿不超过核定，公估费合计不超过估损与首席限额中较高者；摊回通知恰为各成员所摊份额",
        "Of every claim no more is paid than approved, no more approved than claimed, no more recovered than approved, "
        "no more charged in costs than the estimate or the lead's own limit; a cash call asks for exactly the member's "
        "part",
        WITHIN_APPROVED,
    ),
    Invariant(
        "INV-C2",
        "任何赔案的同一期赔款不付两次，每笔赔款恰有一笔相符的分录",
        "No instalment of a claim is paid twice; every payment has one entry, and every entry of a payment its payment",
        every(PAID_ONCE, BOOKED),
    ),
    Invariant(
        "INV-C3",
        "赔款、公估费与追偿按保单起保时的份额分摊，各方之和等于该笔金额",
        "Every approved claim, adjuster's fee and recovery is split at the shares of the policy's inception, and the "
        "parts add up to it",
        SHARED_AT_INCEPTION,
    ),
    Invariant(
        "INV-C4",
        "核赔人不是立案、最后改估损或标记事项的人，付款人不是核准人；须全体同意的赔案已由全体成员按现行估损同意",
        "Who approved a claim did not make it, put its estimate or mark a topic of it, who paid did not approve; "
        "whoever had to agree to the estimate as it stands has agreed",
        AUTHORITY,
    ),
    Invariant(
        "INV-C5",
        "赔案、摊回通知、公估费与报修的状态变化均有记录，且每一步合乎规则",
        "Every claim, cash call, adjuster's fee and fault came to its stage by recorded moves that its table allows",
        every(
            moved_by_table("claim", stages.CLAIM_MOVES, "open"),
            moved_by_table("cash_call", stages.CASH_CALL_MOVES, "issued"),
            moved_by_table("claim_cost", stages.COST_MOVES, "approved"),
            FAULT_PATHS,
        ),
    ),
    Invariant(
        "INV-C6",
        "报修各时点先后有序，并与其步骤记录一致",
        "The instants of every fault are in order and are those of its recorded steps",
        FAULT_TIMES,
    ),
    Invariant(
        "INV-C7",
        "有清单的赔案，核定赔款恰为清单与保单免赔、限额算得之数；任何赔案及一张保单的合计不超过限额；录入清单的人不核准",
        "What was approved on a claim with a bill is what the bill, the deductible and the limits give; no claim and "
        "no policy's claims together are above the limits; who entered the bill did not approve",
        BY_BILL_AND_COVER,
    ),
    *charge_invariants.INVARIANTS,
    *list_invariants.INVARIANTS,
    logged.INVARIANT,
)
