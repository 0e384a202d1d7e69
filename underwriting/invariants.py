"""The invariants of pools, agreements and policies: premium split and booked, cover by age, agreements in force."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from underwriting import bordereau_invariants, clause_invariants, estate_invariants, interest_invariants, logged, stages
from underwriting.rating import INSURABLE_AFTER_YEARS

#: VAT inside a gross price, half a fen away from zero, on whole numbers.
_VAT = "div(2 * gross_fen::numeric * vat_bp + 10000 + vat_bp, 2 * (10000 + vat_bp))"

PREMIUM_IS_SPLIT = every(
    rows(
        "policy {policy}",
        f"""
        SELECT p.number AS policy, p.id, p.gross_fen, p.net_fen, p.vat_fen, {_VAT} AS vat_recomputed
        FROM policy p JOIN agreement a ON a.id = p.agreement_id
        WHERE p.gross_fen <> p.net_fen + p.vat_fen OR p.gross_fen <= 0 OR p.vat_fen <> {_VAT}
        """,
    ),
    rows(
        "refund {id}",
        f"""
        SELECT r.id, p.number AS policy, r.gross_fen, r.net_fen, r.vat_fen, {_VAT.replace("gross_fen", "r.gross_fen")}
            AS vat_recomputed
        FROM refund r JOIN policy p ON p.id = r.policy_id JOIN agreement a ON a.id = p.agreement_id
        WHERE r.gross_fen <> r.net_fen + r.vat_fen OR r.gross_fen <= 0
            OR r.vat_fen <> {_VAT.replace("gross_fen", "r.gross_fen")}
        """,
    ),
    # Each premium and each refund is one item of each of its two streams, at the shares of the policy's own version.
    rows(
        "policy {policy}",
        """
        SELECT w.policy, w.of, w.pool_id, w.entry_id, w.net_fen, w.vat_fen, i.net_fen AS split_net_fen,
            i.vat_fen AS split_vat_fen, w.number, i.numbers
        FROM (
            SELECT p.number AS policy, 'premium' AS of, p.pool_id, p.written_entry_id AS entry_id, a.number,
                p.net_fen, p.vat_fen, 'premium_written' AS reason, p.id AS subject_id
            FROM policy p JOIN agreement a ON a.id = p.agreement_id
            UNION ALL SELECT p.number, 'refund ' || r.id, p.pool_id, r.agreed_entry_id, a.number,
                -r.net_fen, -r.vat_fen, 'refund_agreed', r.id
            FROM refund r JOIN policy p ON p.id = r.policy_id JOIN agreement a ON a.id = p.agreement_id
        ) w
        LEFT JOIN entry e ON e.pool_id = w.pool_id AND e.id = w.entry_id
        LEFT JOIN (
            SELECT pool_id, entry_id, array_agg(DISTINCT number) AS numbers, count(*) AS items,
                sum(amount_fen) FILTER (WHERE kind = 'premium_net') AS net_fen,
                sum(amount_fen) FILTER (WHERE kind = 'premium_vat') AS vat_fen
            FROM stream_item GROUP BY 1, 2
        ) i ON (i.pool_id, i.entry_id) = (w.pool_id, w.entry_id)
        WHERE (w.net_fen, w.vat_fen, ARRAY[w.number], 2, w.reason, w.subject_id)
            IS DISTINCT FROM (i.net_fen, i.vat_fen, i.numbers, i.items, e.reason, e.subject_id)
        """,
    ),
    # The other way: nothing was ever written or given back that no policy and no refund knows of.
    rows(
        "entry {id}",
        """
        SELECT e.id, e.pool_id, e.reason, e.subject_kind, e.subject_id FROM entry e
        WHERE e.reverses_id IS NULL AND ((e.reason = 'premium_written' AND NOT EXISTS (SELECT FROM policy p
                WHERE (p.pool_id, p.written_entry_id) = (e.pool_id, e.id)))
            OR (e.reason = 'refund_agreed' AND NOT EXISTS (SELECT FROM refund r WHERE r.id = e.subject_id
                AND r.agreed_entry_id = e.id)))
        """,
    ),
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, p.id, p.gross_fen, given.fen AS given_back_fen, given.times FROM policy p
        JOIN (SELECT policy_id, sum(gross_fen) AS fen, count(*) AS times FROM refund GROUP BY policy_id) given
            ON given.policy_id = p.id
        WHERE given.fen > p.gross_fen
        """,
    ),
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, p.id, p.gross_fen, p.lift_count, l.fen AS lifts_fen, l.lifts FROM policy p
        JOIN (SELECT policy_id, sum(gross_fen) AS fen, count(*) AS lifts FROM policy_lift GROUP BY policy_id) l
            ON l.policy_id = p.id
        WHERE l.fen <> p.gross_fen OR l.lifts <> p.lift_count
        """,
    ),
)

#: What stands on the premium receivable (1110) is what the policies not paid yet owe. A policy in whose entries
#: something was taken back by hand is left out: what is due on it is then between the people who did.
_DUE = """
    WITH about AS (
        SELECT p.id, p.id AS subject_id FROM policy p UNION ALL SELECT r.policy_id, r.id FROM refund r
    ), booked AS (
        SELECT b.id, sum(CASE WHEN d.code = '1110' THEN t.amount_fen ELSE 0 END
            - CASE WHEN c.code = '1110' THEN t.amount_fen ELSE 0 END) AS fen,
            bool_or(e.reverses_id IS NOT NULL) AS mended
        FROM about b JOIN entry e ON e.subject_id = b.subject_id
        JOIN transfer t ON (t.pool_id, t.period_id, t.entry_id) = (e.pool_id, e.period_id, e.id)
        JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id GROUP BY b.id
    )
    SELECT p.number AS policy, p.id, p.stage, coalesce(b.fen, 0) AS receivable_fen, CASE p.stage WHEN 'bound'
        THEN p.gross_fen - coalesce((SELECT sum(r.gross_fen) FROM refund r
            WHERE r.policy_id = p.id AND NOT r.is_collected), 0) ELSE 0 END AS due_fen
    FROM policy p LEFT JOIN booked b ON b.id = p.id WHERE NOT coalesce(b.mended, false)
"""

RECEIVED_ONCE = every(
    rows("policy {policy}", f"SELECT * FROM ({_DUE}) d WHERE receivable_fen <> due_fen"),
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, p.id, p.stage, coalesce(t.received, 0) AS received, coalesce(t.collected, 0)
            AS collected, coalesce(t.remitted, 0) AS remitted
        FROM policy p LEFT JOIN (
            SELECT subject_id, count(*) FILTER (WHERE reason = 'premium_received') AS received,
                count(*) FILTER (WHERE reason = 'premium_collected_by_member') AS collected,
                count(*) FILTER (WHERE reason = 'premium_remitted') AS remitted
            FROM entry WHERE reverses_id IS NULL AND subject_kind = 'policy' GROUP BY subject_id
        ) t ON t.subject_id = p.id
        WHERE ARRAY[coalesce(t.received, 0), coalesce(t.collected, 0), coalesce(t.remitted, 0)]::int[]
            <> CASE p.stage WHEN 'bound' THEN ARRAY[0, 0, 0] WHEN 'remitted' THEN ARRAY[1, 0, 1]
                WHEN 'collected' THEN ARRAY[0, 1, 0] ELSE ARRAY[1, 0, 0] END
        """,
    ),
    # What a close has taken into its statements was received, and not passed on, in a period that is closed.
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, p.id, p.stage, q.label, q.stage AS period_stage FROM policy p
        JOIN entry e ON e.subject_id = p.id AND e.reason = 'premium_received' AND e.reverses_id IS NULL
        JOIN period q ON q.id = e.period_id WHERE p.stage = 'taken' AND q.stage <> 'closed'
        """,
    ),
    rows(
        "refund {id}",
        """
        SELECT r.id, r.policy_id, r.stage, count(e.id) AS paid, sum(e.amount_fen) AS paid_fen, r.gross_fen
        FROM refund r LEFT JOIN entry e ON e.subject_id = r.id AND e.reason = 'refund_paid' AND e.reverses_id IS NULL
        GROUP BY r.id HAVING count(e.id) <> CASE r.stage WHEN 'paid' THEN 1 ELSE 0 END
            OR sum(e.amount_fen) <> r.gross_fen
        """,
    ),
    # The days of a premium and of a refund are those of their entries.
    rows(
        "policy {policy}, {reason}",
        """
        SELECT w.policy, w.reason, w.day, e."on" AS booked_on FROM (
            SELECT p.number AS policy, p.pool_id, p.id AS subject_id, r.reason, r.day FROM policy p CROSS JOIN LATERAL (
                VALUES (CASE p.stage WHEN 'collected' THEN 'premium_collected_by_member' ELSE 'premium_received' END,
                    p.received_on), ('premium_remitted', p.remitted_on)) AS r (reason, day)
            UNION ALL SELECT p.number, p.pool_id, f.id, r.reason, r.day FROM refund f
            JOIN policy p ON p.id = f.policy_id CROSS JOIN LATERAL (
                VALUES ('refund_agreed', f.agreed_on), ('refund_paid', f.paid_on)) AS r (reason, day)
        ) w LEFT JOIN entry e ON (e.pool_id, e.subject_id, e.reason) = (w.pool_id, w.subject_id, w.reason)
            AND e.reverses_id IS NULL
        WHERE w.day IS DISTINCT FROM e."on"
        """,
    ),
)

AGREEMENTS_HOLD = every(
    rows(
        "agreement {pool_id}/{number}",
        """
        SELECT coalesce(a.pool_id, v.pool_id) AS pool_id, coalesce(a.number, v.number) AS number, a.effective_on,
            v.effective_on AS shares_from, a.ends_on, s.organisation_id AS first_member, p.lead_id
        FROM agreement a FULL JOIN share_version v ON (v.pool_id, v.number) = (a.pool_id, a.number)
        LEFT JOIN pool p ON p.id = coalesce(a.pool_id, v.pool_id)
        LEFT JOIN share s ON (s.pool_id, s.number, s.position) = (v.pool_id, v.number, 0)
        WHERE a.id IS NULL OR v.pool_id IS NULL OR p.id IS NULL OR a.effective_on <> v.effective_on
            OR a.effective_on >= a.ends_on OR s.organisation_id IS DISTINCT FROM p.lead_id
        """,
    ),
    # A policy keeps the newest version that was agreed when it was bound and in force on its first day.
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, p.id, p.pool_id, p.inception_on, a.number, a.effective_on, a.ends_on,
            a.pool_id AS agreement_pool
        FROM policy p LEFT JOIN agreement a ON a.id = p.agreement_id
        WHERE a.id IS NULL OR a.pool_id <> p.pool_id OR p.inception_on < a.effective_on OR p.inception_on >= a.ends_on
            OR EXISTS (SELECT FROM agreement later WHERE later.pool_id = p.pool_id AND later.number > a.number
                AND later.effective_on <= p.inception_on AND later.ends_on > p.inception_on
                AND later.made_at < p.bound_at)
        """,
    ),
    # What was awarded is what was agreed, with no retyping.
    rows(
        "pool {id}",
        """
        SELECT p.id, p.award_id, m.organisation_id, m.place, m.share_bp, s.weight, v.whole
        FROM pool p JOIN share_version v ON (v.pool_id, v.number) = (p.id, 1)
        JOIN award w ON w.id = p.award_id
        JOIN award_member m ON m.award_id = w.id
        LEFT JOIN share s ON (s.pool_id, s.number, s.position) = (p.id, 1, m.place)
        WHERE s.organisation_id IS DISTINCT FROM m.organisation_id OR v.whole <> 10000 OR s.weight <> m.share_bp
            OR (SELECT count(*) FROM share t WHERE (t.pool_id, t.number) = (p.id, 1))
                <> (SELECT count(*) FROM award_member n WHERE n.award_id = w.id)
        """,
    ),
    rows(
        "pool {pool_id}",
        """
        SELECT a.pool_id, w.lift_premium_fen AS awarded_fen, a.lift_premium_fen, w.terms, a.lead_fee_bp, a.vat_bp
        FROM agreement a JOIN pool p ON p.id = a.pool_id AND a.number = 1 JOIN award w ON w.id = p.award_id
        WHERE w.lift_premium_fen <> a.lift_premium_fen OR EXISTS (
            SELECT FROM jsonb_each_text(w.terms) AS term
            WHERE to_jsonb(a) ? term.key AND to_jsonb(a) ->> term.key <> term.value)
        """,
    ),
)

#: Members and bureau of every award that ought to be signed by all: the award that stands of a contracted tender, and
#: every award that has a pool.
_PARTIES = """
    SELECT w.id AS award_id, w.tender_id, t.number AS tender, t.stage, party.organisation_id, p.id AS pool_id,
        p.formed_at
    FROM award w JOIN tender t ON t.id = w.tender_id LEFT JOIN pool p ON p.award_id = w.id
    CROSS JOIN LATERAL (SELECT m.organisation_id FROM award_member m WHERE m.award_id = w.id
        UNION SELECT t.organisation_id) AS party
    WHERE p.id IS NOT NULL OR t.stage IN ('contracted', 'complete')
        AND w.number = (SELECT max(n.number) FROM award n WHERE n.tender_id = w.tender_id)
"""

SIGNED_BEFORE_POOL = every(
    rows(
        "award of tender {tender}, {organisation_id}",
        f"""
        SELECT q.*, s.signed_at FROM ({_PARTIES}) q LEFT JOIN agreement_signature s
            ON (s.award_id, s.organisation_id) = (q.award_id, q.organisation_id)
        WHERE s.award_id IS NULL OR s.signed_at > q.formed_at
        """,
    ),
    # What is signed is the paper that was rendered, after it was; the bureau is last, and who refused has not signed.
    rows(
        "signature of {organisation_id} on award {award_id}",
        """
        SELECT s.organisation_id, s.award_id, s.digest, a.digest AS rendered, s.signed_at, a.rendered_at,
            t.number AS tender
        FROM agreement_signature s JOIN award w ON w.id = s.award_id JOIN tender t ON t.id = w.tender_id
        LEFT JOIN award_agreement a ON (a.award_id, a.digest) = (s.award_id, s.digest)
        LEFT JOIN award_member m ON (m.award_id, m.organisation_id) = (s.award_id, s.organisation_id)
        WHERE a.award_id IS NULL OR s.signed_at < a.rendered_at
            OR (m.award_id IS NULL AND s.organisation_id <> t.organisation_id)
            OR (s.organisation_id = t.organisation_id AND EXISTS (SELECT FROM agreement_signature later
                WHERE later.award_id = s.award_id AND later.signed_at > s.signed_at))
            OR EXISTS (SELECT FROM agreement_refusal r
                WHERE (r.award_id, r.organisation_id) = (s.award_id, s.organisation_id))
            OR NOT EXISTS (SELECT FROM audit_event e WHERE e.object_kind = 'tender' AND e.object_id = t.id::text
                AND e.action = 'agreement.signed' AND e.organisation_id = s.organisation_id
                AND e.person_id = s.person_id AND e.facts ->> 'award' = s.award_id::text
                AND e.facts ->> 'agreement_sha256' = s.digest)
        """,
    ),
    rows(
        "agreement of award {award_id}",
        """
        SELECT a.award_id, a.digest, a.rendered_at, w.decided_at FROM award_agreement a
        JOIN award w ON w.id = a.award_id
        WHERE a.rendered_at < w.decided_at OR NOT EXISTS (SELECT FROM paper p WHERE p.kind = 'agreement_pdf'
            AND p.subject_kind = 'award' AND p.subject_id = a.award_id::text AND p.digest = a.digest)
        """,
    ),
    rows(
        "pool {id}",
        """
        SELECT p.id, p.award_id, p.tender_id, w.tender_id AS awarded_by, t.stage, w.number FROM pool p
        JOIN award w ON w.id = p.award_id JOIN tender t ON t.id = w.tender_id
        WHERE p.tender_id IS DISTINCT FROM w.tender_id OR t.stage NOT IN ('contracted', 'complete')
            OR EXISTS (SELECT FROM award n WHERE n.tender_id = w.tender_id AND n.number > w.number)
            OR EXISTS (SELECT FROM pool o JOIN award v ON v.id = o.award_id
                WHERE v.tender_id = w.tender_id AND o.id <> p.id)
        """,
    ),
)

COVER = every(
    rows(
        "lift {lift}",
        """
        SELECT l.number AS lift, p.number AS policy, l.in_service_on, p.inception_on FROM policy_lift c
        JOIN policy p ON p.id = c.policy_id JOIN lift l ON l.id = c.lift_id
        WHERE (l.in_service_on + make_interval(years => CAST(:years AS int)))::date
            + CASE WHEN to_char(l.in_service_on, 'MM-DD') = '02-29' THEN 1 ELSE 0 END >= p.inception_on
        """,
        years=INSURABLE_AFTER_YEARS,
    ),
    rows(
        "lift {lift}",
        """
        SELECT l.number AS lift, p.number AS policy, q.number AS other_policy, greatest(c.covered_from, d.covered_from)
            AS both_from FROM policy_lift c JOIN policy_lift d ON d.lift_id = c.lift_id AND d.policy_id > c.policy_id
            AND daterange(c.covered_from, c.covered_to) && daterange(d.covered_from, d.covered_to)
        JOIN lift l ON l.id = c.lift_id JOIN policy p ON p.id = c.policy_id JOIN policy q ON q.id = d.policy_id
        """,
    ),
    rows(
        "policy {policy}",
        """
        SELECT p.number AS policy, l.number AS lift, c.covered_from, c.covered_to, p.inception_on, p.expires_on
        FROM policy_lift c JOIN policy p ON p.id = c.policy_id JOIN lift l ON l.id = c.lift_id
        JOIN building b ON b.id = l.building_id
        WHERE c.covered_from < p.inception_on OR c.covered_to > p.expires_on OR c.covered_from > c.covered_to
            OR b.community_id IS DISTINCT FROM coalesce(p.community_id, b.community_id)
        """,
    ),
)

#: Who looks after a community is of that kind, and who maintains a lift is a repairer.
LOOKED_AFTER = every(
    rows(
        "lift {lift}",
        """
        SELECT l.number AS lift, o.name AS repairer, o.kind FROM lift l LEFT JOIN organisation o ON o.id = l.repairer_id
        WHERE l.repairer_id IS NOT NULL AND o.kind IS DISTINCT FROM 'repairer'
        """,
    ),
    rows(
        "community {community}",
        """
        SELECT c.name AS community, o.name AS organisation, o.kind FROM community c
        LEFT JOIN organisation o ON o.id = c.organisation_id
        WHERE c.organisation_id IS NOT NULL AND o.kind IS DISTINCT FROM 'community'
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-P1",
        "每张保单与每笔退费的净额和税额，恰为其分摊项之和，含税价按税率复算一致，且等于各台电梯保费之和",
        "The net and the VAT of every policy and every refund are exactly what was split, the VAT recomputes from the "
        "gross, and the gross is the sum of the lifts'",
        PREMIUM_IS_SPLIT,
    ),
    Invariant(
        "INV-M12-premium",
        "每张保单的保费只收一次、只拨付一次，每笔退费只付一次；应收保费等于未收保单之和",
        "No premium is received or remitted twice and no refund paid twice; the receivable is what the unpaid policies "
        "owe",
        RECEIVED_ONCE,
    ),
    Invariant(
        "INV-P3-agreement",
        "协议版本与份额版本一一对应，首席居首；每张保单按其起保日有效的版本；中标结果与协议一致",
        "Every agreement version has its share version with the lead first, every policy the version in force at its "
        "inception, and what was awarded is what was agreed",
        AGREEMENTS_HOLD,
    ),
    Invariant(
        "INV-T12",
        "共保协议由各成员和主管单位签署的是同一份已生成的文件，主管单位最后签；签齐之后才有共保体，一次招标至多一个",
        "Every member and last the bureau signed the one paper that was rendered; only then was a pool formed, of the "
        "award that stands, and one tender led to one pool at most",
        SIGNED_BEFORE_POOL,
    ),
    Invariant(
        "INV-P5",
        "承保电梯投入使用已满五年，同一电梯同一时间只在一张保单上，承保期在保单期内",
        "Every insured lift was old enough at inception, is on one policy at a time, and is covered within the "
        "policy's term",
        COVER,
    ),
    Invariant(
        "INV-P6",
        "维保电梯的是维保单位，管理小区的是社区或物业",
        "Who maintains a lift is a repairer, and who looks after a community is an organisation of that kind",
        LOOKED_AFTER,
    ),
    Invariant(
        "INV-A2-underwriting",
        "保单与退费的每次状态变化均有日志记录且合乎规则",
        "Every policy and every refund stands where its last logged move left it, and each move was allowed",
        every(
            moved_by_table("policy", stages.POLICY_MOVES, "bound"),
            moved_by_table("refund", stages.REFUND_MOVES, "agreed"),
        ),
    ),
    estate_invariants.INVARIANT,
    interest_invariants.INVARIANT,
    logged.INVARIANT,
    *bordereau_invariants.INVARIANTS,
    *clause_invariants.INVARIANTS,
)
