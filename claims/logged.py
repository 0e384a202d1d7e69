"""Who, when and how much, as the log tells it: faults, claims and everything paid, called and recovered on them."""

from __future__ import annotations

from core.checks import Invariant, every, rows
from core.log_columns import WHEN, WHO, Logged, after, are_logged, fact

_APPROVED = "claim.approve"
_PAID = "claim.pay"

#: Columns of faults and claims and the events that say the same; the instants of a fault are held by INV-C6.
LOGGED: tuple[Logged, ...] = (
    Logged(
        "fault_event",
        tuple(
            f"fault.{verb}" for verb in ("report", "acknowledge", "arrive", "repair", "accept", "reopen", "withdraw")
        ),
        {"person_id": WHO},
        match={"fault_id": "e.object_id", "'fault.' || verb": "e.action", "at": WHEN},
        kind="fault",
        only="r.verb <> 'import'",
    ),
    Logged(
        "claims_list",
        ("claims_list.sent",),
        {"made_at": WHEN, "made_by": WHO, "on": fact("on", "date"), "digest": fact("sha256")},
        reckoned={"on": '"on"'},
    ),
    Logged(
        "claims_list",
        ("claims_list.approve", "claims_list.stop"),
        {
            "approved_at": after("claims_list.approve", WHEN),
            "approved_by": after("claims_list.approve", WHO),
            "stopped_code": after("claims_list.stop", fact("reason")),
        },
    ),
    Logged("claims_list", ("claims_list.post",), {"posted_at": WHEN}),
    Logged("claim", ("claim.made",), {"made_by": WHO, "made_at": WHEN}),
    Logged(
        "claim",
        ("claim.made", "claim.revise"),
        {"estimate_fen": fact("estimate_fen", "bigint"), "estimated_by": WHO},
    ),
    Logged("claim", ("claim.made", "claim.revise", "claim.flag"), {"needs": fact("needs")}),
    Logged(
        "claim",
        ("claim.flag",),
        {"topics": "e.facts -> 'topics'"},
        reckoned={"topics": "CASE WHEN topics <> '{}' THEN to_jsonb(topics) END"},
    ),
    Logged("claim", ("claim.bill_entered",), {"assessed_by": WHO}),
    Logged(
        "claim",
        (_APPROVED, "claim.take_back"),
        {
            "approved_by": after(_APPROVED, WHO),
            "approved_on": after(_APPROVED, fact("on", "date")),
            "payable_fen": after(_APPROVED, fact("payable_fen", "bigint")),
        },
    ),
    Logged(
        "claim",
        (_PAID, "claim.come_back", "claim.come_back_called"),
        {"paid_on": after(_PAID, fact("on", "date"))},
    ),
    Logged(
        "claim",
        ("claim.payee_named",),
        {"payee_id": fact("payee", "uuid")},
    ),
    Logged(
        "claim_payment",
        ("claim.pay",),
        {"paid_by": WHO, "paid_on": fact("on", "date"), "source": fact("source")},
        match={"claim_id": "e.object_id", "instalment": fact("instalment")},
        kind="claim",
    ),
    Logged(
        "claim_agreement",
        ("claim.agreed_by_member",),
        {"person_id": WHO, "at": WHEN},
        match={"claim_id": "e.object_id", "estimate_version": fact("version"), "organisation_id": "e.organisation_id"},
        kind="claim",
    ),
    Logged(
        "cash_call",
        ("claim.call",),
        {"issued_on": fact("on", "date"), "due_on": fact("due_on", "date")},
        match={"claim_id": "e.object_id"},
        kind="claim",
    ),
    Logged("cash_call", ("cash_call.receive",), {"received_on": fact("on", "date")}),
    Logged("cash_call", ("cash_call.take",), {"taken_on": fact("on", "date")}),
    Logged(
        "claim_cost",
        ("claim_cost.approved",),
        {"approved_by": WHO, "approved_on": fact("on", "date"), "amount_fen": fact("amount_fen", "bigint")},
    ),
    Logged("claim_cost", ("claim_cost.pay",), {"paid_by": WHO, "paid_on": fact("on", "date")}),
    Logged(
        "recovery",
        ("recovery.received",),
        {
            "received_on": fact("on", "date"),
            "kind": fact("kind"),
            "amount_fen": fact("amount_fen", "bigint"),
        },
    ),
)

#: Who reported a fault is who took its first step: by report or with a list.
_REPORTED = rows(
    "fault {number}",
    """
    SELECT f.number, f.id, f.reported_by, s.person_id AS first_step_by FROM fault f
    JOIN fault_event s ON s.fault_id = f.id AND s.verb IN ('report', 'import')
    WHERE f.reported_by IS DISTINCT FROM s.person_id
    """,
)

#: Who marked a topic of a claim is everyone the log has for it, in no order.
_MARKED = rows(
    "claim {number}",
    """
    SELECT c.number, c.id, c.marked_by, l.marked_by AS marked_by_logged FROM claim c
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT e.person_id), '{}') AS marked_by FROM audit_event e
        WHERE e.object_kind = 'claim' AND e.object_id = c.id::text AND e.action = 'claim.flag'
            AND e.person_id IS NOT NULL
    ) l
    WHERE NOT (c.marked_by <@ l.marked_by AND l.marked_by <@ c.marked_by)
    """,
)

INVARIANT = Invariant(
    "INV-A10-claims",
    "报修、赔案、同意、付款、摊回、公估费与追偿所记的经办人、时刻、日期与金额，和日志一致",
    "Who, when and how much, as faults, claims, agreements, payments, cash calls, costs and recoveries have it, is "
    "what the log says",
    every(are_logged(LOGGED), _REPORTED, _MARKED),
)
