"""The invariants of tenders: the deadline, the closed box, receipts, the opening, what was published, the result."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from tender import logged, opening_invariants, people_invariants, result_invariants
from tender.stages import BID_MOVES, TENDER_MOVES

#: Every file that a row of this room names: where it stands, its digest, its size.
FILES = """
    SELECT format('sealed bid %s/%s/%s', tender_id, organisation_id, number) AS place, digest, size FROM sealed_bid
    UNION ALL SELECT format('opened bid %s, %s', bid_id, file.key), file.value ->> 'digest',
        (file.value ->> 'size')::bigint
    FROM opened_part CROSS JOIN LATERAL jsonb_each(files) AS file
"""

IN_TIME = every(
    *(
        rows(
            f"{kind} {{tender}}/{{organisation_id}}/{{number}}",
            f"""
            SELECT t.number AS tender, b.organisation_id, b.number, b.received_at, t.published_at, t.deadline_at,
                t.box_closed_at
            FROM {kind} b JOIN tender t ON t.id = b.tender_id
            WHERE b.received_at >= t.deadline_at OR b.received_at >= t.box_closed_at OR t.published_at IS NULL
                OR b.received_at < t.published_at
            """,
        )
        for kind in ("sealed_bid", "bid_withdrawal")
    ),
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.deadline_at, t.box_closed_at, t.opened_at FROM tender t
        WHERE t.box_closed_at < t.deadline_at OR t.opened_at < t.box_closed_at
            OR (t.opened_at IS NOT NULL AND t.box_closed_at IS NULL)
        """,
    ),
    # Each amendment moves the deadline from where the one before left it, to where the tender has it now.
    rows(
        "amendment {tender}/{number}",
        """
        SELECT t.number AS tender, a.number, a.deadline_before, a.before, a.deadline_after, t.deadline_at FROM (
            SELECT m.*, row_number() OVER w AS place, lag(m.deadline_after) OVER w AS before,
                lead(m.number) OVER w AS next FROM amendment m WINDOW w AS (PARTITION BY tender_id ORDER BY number)
        ) a JOIN tender t ON t.id = a.tender_id
        WHERE a.number <> a.place OR a.deadline_before <> a.before OR a.deadline_after < a.deadline_before
            OR (a.next IS NULL AND (a.deadline_after <> t.deadline_at OR a.number <> t.amendment))
        """,
    ),
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.amendment, count(a.number) AS published FROM tender t
        LEFT JOIN amendment a ON a.tender_id = t.id GROUP BY t.id HAVING t.amendment <> count(a.number)
        """,
    ),
)

CLOSED_BOX = every(
    *(
        rows(
            f"{kind} {{tender}}/{{organisation_id}}/{{number}}",
            f"""
            SELECT t.number AS tender, k.organisation_id, k.number, k.given_at, t.deadline_at, t.box_closed_at
            FROM {kind} k JOIN tender t ON t.id = k.tender_id
            WHERE t.box_closed_at IS NULL OR k.given_at < t.deadline_at
            """,
        )
        for kind in ("custodian_share", "bidder_key")
    ),
    *(
        rows(
            f"{kind} {{bid_id}}",
            f"""
            SELECT o.bid_id, t.number AS tender, t.stage, t.opened_at FROM {kind} o JOIN tender t ON t.id = o.tender_id
            WHERE t.opened_at IS NULL
            """,
        )
        for kind in ("opened_bid", "opened_part")
    ),
)

OPENED_OR_TOLD_WHY = every(
    # A bid stands for its newest sealed version; one that was taken back has its withdrawal, and is not opened.
    rows(
        "bid {id}",
        """
        SELECT b.id, b.tender_id, b.organisation_id, b.stage, b.current, v.versions, v.newest, w.number AS withdrawn
        FROM bid b LEFT JOIN (
            SELECT tender_id, organisation_id, count(*) AS versions, max(number) AS newest FROM sealed_bid GROUP BY 1, 2
        ) v ON (v.tender_id, v.organisation_id) = (b.tender_id, b.organisation_id)
        LEFT JOIN bid_withdrawal w ON (w.tender_id, w.organisation_id, w.number)
            = (b.tender_id, b.organisation_id, b.current)
        WHERE b.current IS DISTINCT FROM v.newest OR v.versions <> v.newest
            OR (b.stage = 'withdrawn') <> (w.number IS NOT NULL)
        """,
    ),
    rows(
        "sealed bid {tender_id}/{organisation_id}/{number}",
        """
        SELECT s.tender_id, s.organisation_id, s.number, s.received_at FROM sealed_bid s WHERE NOT EXISTS
            (SELECT FROM bid b WHERE (b.tender_id, b.organisation_id) = (s.tender_id, s.organisation_id))
        """,
    ),
    rows(
        "bid {id}",
        """
        SELECT b.id, t.number AS tender, b.organisation_id, b.stage, b.current, o.number, o.outcome, o.failure
        FROM bid b JOIN tender t ON t.id = b.tender_id LEFT JOIN opened_bid o ON o.bid_id = b.id
        WHERE (t.opened_at IS NOT NULL AND b.stage <> 'withdrawn' AND (o.bid_id IS NULL OR o.number <> b.current))
            OR (b.stage IN ('withdrawn', 'sealed') AND o.bid_id IS NOT NULL)
            OR (o.outcome <> 'opened' AND b.stage <> o.outcome) OR (o.outcome = 'opened') <> (o.failure IS NULL)
            OR (o.outcome = 'opened' AND b.stage IN ('revoked', 'withdrawn_by_fault', 'unreadable'))
            OR (o.outcome = 'opened') <> EXISTS (SELECT FROM opened_part p WHERE p.bid_id = b.id)
        """,
    ),
)

ADMITTED = every(
    rows(
        "mark of {person_id} for bid {bid_id}",
        """
        SELECT k.person_id, k.bid_id, k.place, k.mark_hundredths, k.saved_at, m.declared_at, m.conflict, m.replaced_at,
            m.locked_at, b.stage, c.mark_max_hundredths, c.mark_step_hundredths
        FROM mark k LEFT JOIN committee_member m ON (m.tender_id, m.person_id) = (k.tender_id, k.person_id)
        LEFT JOIN bid b ON b.id = k.bid_id AND b.tender_id = k.tender_id
        LEFT JOIN criterion c ON (c.tender_id, c.place) = (k.tender_id, k.place)
        WHERE m.person_id IS NULL OR m.conflict IS DISTINCT FROM '' OR k.saved_at < m.declared_at
            OR k.saved_at > m.locked_at OR k.saved_at > m.replaced_at OR b.id IS NULL
            OR b.stage IN ('sealed', 'withdrawn', 'revoked', 'withdrawn_by_fault', 'unreadable')
            OR c.place IS NULL OR k.mark_hundredths < 0 OR k.mark_hundredths > c.mark_max_hundredths
            OR k.mark_hundredths % c.mark_step_hundredths <> 0
        """,
    ),
    rows(
        "committee member {person_id}",
        """
        SELECT m.person_id, m.tender_id, s.side, m.conflict, m.locked_at FROM committee_member m
        LEFT JOIN tender_side s ON (s.tender_id, s.person_id) = (m.tender_id, m.person_id)
        WHERE s.side IS DISTINCT FROM 'committee' OR (m.locked_at IS NOT NULL AND m.conflict IS DISTINCT FROM '')
            OR (m.conflict <> '' AND m.replaced_at IS NULL)
        """,
    ),
    # The committee that reported is of the published size and odd, every sheet of it locked before.
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.committee_size, t.committee_experts, count(m.person_id) AS members,
            count(m.person_id) FILTER (WHERE m.is_expert) AS experts,
            count(m.person_id) FILTER (WHERE m.locked_at IS NULL) AS unlocked
        FROM tender t LEFT JOIN committee_member m ON m.tender_id = t.id AND m.replaced_at IS NULL
        WHERE t.stage IN ('reported', 'allocated', 'standstill', 'awarded', 'contracted', 'complete')
        GROUP BY t.id HAVING count(m.person_id) < t.committee_size OR count(m.person_id) % 2 = 0
            OR count(m.person_id) FILTER (WHERE m.is_expert) < t.committee_experts
            OR count(m.person_id) FILTER (WHERE m.is_chair) <> 1
            OR count(m.person_id) FILTER (WHERE m.locked_at IS NULL OR m.locked_at > t.reported_at) > 0
        """,
    ),
    rows(
        "tender {tender}, {role}",
        """
        SELECT t.number AS tender, w.role, w.person_id, s.side FROM tender t CROSS JOIN LATERAL (
            VALUES ('drafter', t.created_by, 'bureau'), ('approver', t.approved_by, 'bureau')
            UNION ALL SELECT 'custodian', c.person_id, 'custodian' FROM custodian c WHERE c.tender_id = t.id
            UNION ALL SELECT 'bidder', b.person_id, 'bidder' FROM sealed_bid b WHERE b.tender_id = t.id
        ) AS w (role, person_id, side)
        LEFT JOIN tender_side s ON s.tender_id = t.id AND s.person_id = w.person_id
        WHERE w.person_id IS NOT NULL AND s.side IS DISTINCT FROM w.side
            OR t.approved_by = t.created_by
        """,
    ),
)

#: A bid is sealed, sealed anew, and sealed again after it was taken back; the log tells this of the sealed version.
_SEALINGS = """
    UNION ALL SELECT b.id::text, l.index, e.id, e.action, 'sealed' FROM audit_event e
    JOIN sealed_bid s ON s.id::text = e.object_id
    JOIN bid b ON (b.tender_id, b.organisation_id) = (s.tender_id, s.organisation_id)
    LEFT JOIN audit_leaf l ON l.event_id = e.id
    WHERE e.object_kind = 'sealed_bid' AND e.action IN ('bid.sealed', 'bid.replaced')
"""
_BID_MOVES = {**BID_MOVES, ("sealed", "seal"): "sealed", ("withdrawn", "seal"): "sealed"}

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-T1",
        "没有任何投标或撤回是在截止时间之后、开标之后或公告之前收到的；截止时间只随更正公告移动",
        "No bid and no withdrawal was received at or after the deadline, after the box was closed, or before the "
        "publication; the deadline moved only with amendments",
        IN_TIME,
    ),
    Invariant(
        "INV-T2",
        "开标之前没有任何解密内容；截止之前没有任何密钥份额",
        "Before the opening nothing stands in the clear, and before the deadline no share and no key was taken",
        CLOSED_BOX,
    ),
    Invariant(
        "INV-T5",
        "每份有效投标都已开启，或记有未能开启的原因；撤回的投标没有被开启",
        "Every bid in the box was opened or has the recorded reason why not; none that was taken back was opened",
        OPENED_OR_TOLD_WHY,
    ),
    Invariant(
        "INV-T8",
        "每个评分均由已声明无利害关系的评委在锁定前作出，评委会人数与构成合规，一人只居一方",
        "Every mark is by an admitted member without a declared conflict, before its sheet was locked; the committee "
        "is of the published size; nobody is on two sides",
        ADMITTED,
    ),
    Invariant(
        "INV-A2-tender",
        "招标与投标的每次状态变化均有日志记录且合乎规则",
        "Every tender and every bid stands where its last logged move left it, and each move was allowed",
        every(
            moved_by_table("tender", TENDER_MOVES, "draft", loose=True),
            moved_by_table("bid", _BID_MOVES, "draft", also=_SEALINGS, loose=True),
        ),
    ),
    *opening_invariants.INVARIANTS,
    *people_invariants.INVARIANTS,
    *result_invariants.INVARIANTS,
    logged.INVARIANT,
)
