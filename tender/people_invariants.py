"""The invariants of who does what in a tender: whose keys were rehearsed, who may sit on the committee, who opens."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

import io
from collections.abc import Iterator

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core.checks import Broken, Found, Invariant, every, found, rows
from core.errors import Invalid
from tender.envelope import read_head
from tender.models import Rehearsal

#: What was approved or published was rehearsed in the ceremony that stands, by every custodian, with the keys of now.
REHEARSED = every(
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.stage, t.ceremony, t.threshold, t.rehearsed_at, r.ceremony AS rehearsed,
            r.threshold AS rehearsed_threshold, k.custodians, k.proved, k.shares
        FROM tender t
        LEFT JOIN LATERAL (
            SELECT m.* FROM rehearsal m WHERE m.tender_id = t.id ORDER BY m.number DESC LIMIT 1
        ) r ON true
        LEFT JOIN LATERAL (
            SELECT array_agg(c.fingerprint ORDER BY c.place) AS fingerprints, count(*) AS custodians,
                count(c.proved_at) AS proved, count(s.place) AS shares
            FROM custodian c LEFT JOIN rehearsal_share s
                ON (s.tender_id, s.number, s.place) = (c.tender_id, r.number, c.place)
            WHERE c.tender_id = t.id
        ) k ON true
        WHERE (t.stage IN ('keyed', 'approved') OR t.approved_at IS NOT NULL OR t.published_at IS NOT NULL)
            AND (t.rehearsed_at IS NULL OR r.made_at > t.rehearsed_at OR k.proved < k.custodians
                OR k.shares < k.custodians OR (r.ceremony, r.threshold, r.fingerprints)
                    IS DISTINCT FROM (t.ceremony, t.threshold, k.fingerprints))
        """,
    ),
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.ceremony, max(e.facts ->> 'ceremony') AS logged FROM tender t
        LEFT JOIN audit_event e ON e.object_kind = 'tender' AND e.object_id = t.id::text AND e.action = 'key.ceremony'
        WHERE t.rehearsed_at IS NOT NULL
        GROUP BY t.id HAVING count(*) FILTER (WHERE e.facts ->> 'ceremony' = t.ceremony::text) = 0
        """,
    ),
)


def rehearsals_are_sealed(connection: Connection) -> Found:
    """Return the rehearsals whose dummy bid was sealed to other keys, or by another threshold, than their row says."""
    with Session(connection) as session:
        return found(_wrong_rehearsals(session))


def _wrong_rehearsals(session: Session) -> Iterator[Broken]:
    for row in session.scalars(select(Rehearsal).order_by(Rehearsal.tender_id, Rehearsal.number)):
        try:
            header = read_head(io.BytesIO(row.container)).header
            sealed_to = [fingerprint.hex() for fingerprint in header.custodians]
            why = "" if (sealed_to, header.threshold) == (row.fingerprints, row.threshold) else "sealed to other keys"
        except Invalid as refused:
            why = refused.code
        if why:
            yield Broken(f"rehearsal {row.tender_id}/{row.number}", {"why": why})


NEUTRAL = every(
    # Who declared that nothing ties it held no mandate of a bidder's group on that day, nor in the year before.
    rows(
        "committee member {person_id} of tender {tender}",
        """
        SELECT c.person_id, t.number AS tender, o.name AS bidder, m.role, m.valid_from, m.valid_to, c.declared_at
        FROM committee_member c JOIN tender t ON t.id = c.tender_id JOIN mandate m ON m.person_id = c.person_id
        JOIN organisation o ON o.id = m.organisation_id
        JOIN organisation f ON coalesce(f.group_id, f.id) = coalesce(o.group_id, o.id)
        JOIN opened_bid b ON (b.tender_id, b.organisation_id) = (c.tender_id, f.id)
        WHERE c.conflict = '' AND m.valid_from <= (c.declared_at AT TIME ZONE 'Asia/Shanghai')::date
            AND (m.valid_to IS NULL OR m.valid_to > m.valid_from
                AND m.valid_to > (c.declared_at AT TIME ZONE 'Asia/Shanghai')::date - 365)
        """,
    ),
    rows(
        "committee member {person_id}",
        """
        SELECT s.person_id, s.tender_id, o.name, o.kind FROM tender_side s
        JOIN organisation o ON o.id = s.organisation_id
        WHERE s.side = 'committee' AND o.kind NOT IN ('bureau', 'platform')
        """,
    ),
    rows(
        "tender {tender}, {role}",
        """
        SELECT t.number AS tender, w.role, w.person_id, s.side FROM tender t CROSS JOIN LATERAL (
            SELECT 'amended' AS role, a.issued_by AS person_id FROM amendment a WHERE a.tender_id = t.id
            UNION ALL SELECT 'awarded', a.decided_by FROM award a WHERE a.tender_id = t.id
        ) AS w JOIN tender_side s ON s.tender_id = t.id AND s.person_id = w.person_id
        WHERE s.side <> 'bureau'
        """,
    ),
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.profile, count(*) AS members, count(*) FILTER (WHERE c.is_expert) AS experts
        FROM tender t JOIN committee_member c ON c.tender_id = t.id AND c.replaced_at IS NULL
        WHERE t.profile <> 'B' AND t.stage NOT IN ('draft', 'keyed', 'approved', 'published', 'opening', 'opened',
            'suspended', 'cancelled', 'failed', 'annulled')
        GROUP BY t.id HAVING 3 * count(*) FILTER (WHERE c.is_expert) < 2 * count(*)
        """,
    ),
)

#: Two people opened, as the log has it too, and no key was taken before the second had confirmed.
OPENED_BY_TWO = every(
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.stage, t.box_closed_at, t.opening_started_by, t.opening_confirmed_by,
            t.opening_confirmed_at, t.opened_at FROM tender t
        WHERE t.opening_started_by = t.opening_confirmed_by OR t.opening_confirmed_at < t.box_closed_at
            OR (t.box_closed_at IS NULL) <> (t.opening_started_by IS NULL)
            OR (t.opening_confirmed_by IS NULL) <> (t.opening_confirmed_at IS NULL)
            OR (t.opened_at IS NOT NULL AND t.opening_confirmed_at IS NULL)
        """,
    ),
    rows(
        "tender {tender}, {action}",
        """
        SELECT t.number AS tender, w.action, w.person_id, e.people, s.side FROM tender t CROSS JOIN LATERAL (
            VALUES ('opening.started', t.opening_started_by), ('opening.confirmed', t.opening_confirmed_by)
        ) AS w (action, person_id)
        LEFT JOIN LATERAL (
            SELECT array_agg(DISTINCT v.person_id) AS people FROM audit_event v
            WHERE v.object_kind = 'tender' AND v.object_id = t.id::text AND v.action = w.action
        ) e ON true
        LEFT JOIN tender_side s ON s.tender_id = t.id AND s.person_id = w.person_id
        WHERE w.person_id IS NOT NULL
            AND (e.people IS DISTINCT FROM ARRAY[w.person_id] OR s.side IS DISTINCT FROM 'bureau')
        """,
    ),
    *(
        rows(
            f"{kind} {{tender}}/{{organisation_id}}/{{number}}",
            f"""
            SELECT t.number AS tender, k.organisation_id, k.number, k.given_at, t.opening_confirmed_at
            FROM {kind} k JOIN tender t ON t.id = k.tender_id
            WHERE t.opening_confirmed_at IS NULL OR k.given_at < t.opening_confirmed_at
            """,
        )
        for kind in ("custodian_share", "bidder_key")
    ),
)

#: A later deadline was proposed by one person and confirmed by another, or gave back what a halt had taken; a halt was
#: lifted by another than who ordered it, the supervisor's by the supervisor. The rows say so and the log says the same.
MOVED_BY_TWO = every(
    rows(
        "amendment {tender}/{number}",
        """
        SELECT t.number AS tender, a.number, a.cause, a.deadline_before, a.deadline_after, a.issued_by, a.confirmed_by,
            e.person_id AS logged_by, p.person_id AS proposed_by
        FROM amendment a JOIN tender t ON t.id = a.tender_id
        LEFT JOIN audit_event e ON e.object_kind = 'tender' AND e.object_id = t.id::text
            AND e.action IN ('tender.amended', 'tender.extended') AND e.facts ->> 'number' = a.number::text
        LEFT JOIN audit_event p ON p.object_kind = 'tender' AND p.object_id = t.id::text
            AND p.action = 'tender.extension_proposed' AND p.facts ->> 'proposal' = e.facts ->> 'proposal'
        WHERE a.confirmed_by = a.issued_by
            OR (a.deadline_after <> a.deadline_before AND a.cause = 'change' AND (a.confirmed_by IS NULL
                OR a.confirmed_by IS DISTINCT FROM e.person_id OR a.issued_by IS DISTINCT FROM p.person_id))
            OR (a.cause = 'halt' AND NOT EXISTS (SELECT FROM halt h WHERE h.tender_id = a.tender_id
                AND h.lifted_at = a.issued_at AND h.lifted_by = a.issued_by
                AND a.deadline_after - a.deadline_before = h.lifted_at - h.ordered_at))
        """,
    ),
    rows(
        "extension {tender}/{number}",
        """
        SELECT t.number AS tender, x.number, x.answer, x.proposed_by, x.answered_by, p.person_id AS logged_by
        FROM extension x JOIN tender t ON t.id = x.tender_id
        LEFT JOIN audit_event p ON p.object_kind = 'tender' AND p.object_id = t.id::text
            AND p.action = 'tender.extension_proposed' AND p.facts ->> 'proposal' = x.number::text
        WHERE x.proposed_by IS DISTINCT FROM p.person_id
            OR (x.answer IN ('confirmed', 'refused') AND NOT EXISTS (SELECT FROM audit_event e
                WHERE e.object_kind = 'tender' AND e.object_id = t.id::text AND e.person_id = x.answered_by
                AND e.action = CASE x.answer WHEN 'confirmed' THEN 'tender.extended' ELSE 'tender.extension_refused' END
                AND e.facts ->> 'proposal' = x.number::text AND x.answered_by <> x.proposed_by))
        """,
    ),
    rows(
        "halt {tender}/{number}",
        """
        SELECT t.number AS tender, coalesce(h.number, v.number) AS number, h.ordered_as, h.ordered_by, h.lifted_as,
            h.lifted_by, v.person_id AS suspended_by, v.role AS suspended_as, r.person_id AS resumed_by,
            r.role AS resumed_as
        FROM halt h FULL JOIN (
            SELECT object_id, row_number() OVER (PARTITION BY object_id ORDER BY at, id) AS number, person_id, role, at
            FROM audit_event WHERE object_kind = 'tender' AND action = 'tender.suspended'
        ) v ON (v.object_id, v.number) = (h.tender_id::text, h.number)
        LEFT JOIN (
            SELECT object_id, row_number() OVER (PARTITION BY object_id ORDER BY at, id) AS number, person_id, role, at
            FROM audit_event WHERE object_kind = 'tender' AND action = 'tender.resumed'
        ) r ON (r.object_id, r.number) = (v.object_id, v.number)
        LEFT JOIN tender t ON t.id::text = coalesce(h.tender_id::text, v.object_id)
        WHERE (h.ordered_by, h.ordered_as, h.ordered_at, h.lifted_by, h.lifted_as, h.lifted_at)
                IS DISTINCT FROM (v.person_id, v.role, v.at, r.person_id, r.role, r.at)
            OR (h.ordered_as = 'supervisor' AND h.lifted_as <> 'supervisor')
            OR (h.ordered_as <> 'supervisor' AND h.lifted_by = h.ordered_by)
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-T9",
        "送审与公告的招标，其现有保管人、公钥与门限均经本轮演练，每位保管人都交出了演练份额",
        "What was approved or published was rehearsed in its last key ceremony: by every custodian, with the keys and "
        "the threshold that stand",
        every(REHEARSED, rehearsals_are_sealed),
    ),
    Invariant(
        "INV-T10",
        "评委无一与投标人或其集团有任职关系（声明前一年内也算），不来自保险公司，也不在招标中另有身份；依法必招的专家不少于三分之二",
        "No member of a committee holds, or held in the year before it declared, a mandate of a bidder or its group; "
        "none sits for an insurer or acts for the bureau; of a mandatory tender two thirds are experts",
        NEUTRAL,
    ),
    Invariant(
        "INV-T11",
        "开标由两人进行：经办关箱，监督人员确认，二者不是同一人；确认之前没有收过任何份额或钥匙",
        "Two people opened: the officer closed the box, another person confirmed; before that no share and no key was "
        "taken",
        OPENED_BY_TWO,
    ),
    Invariant(
        "INV-T13",
        "截止时间只由两人顺延（一人提出、另一人确认），或恰按暂停时长顺延；监督人员的暂停只由监督人员解除，其余由下令者以外的人解除",
        "A deadline moved by two people, one proposing and another confirming, or by exactly the time of a halt; the "
        "supervisor's halt was lifted by the supervisor, any other by another person than who ordered it",
        MOVED_BY_TWO,
    ),
)
