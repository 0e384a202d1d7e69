"""Who, when and on what terms, as the log tells it: pools, agreements, policies, refunds."""

from __future__ import annotations

from core.checks import Invariant
from core.log_columns import WHEN, WHO, Logged, after, are_logged, fact
from underwriting.terms import TERM_NAMES

#: The digest of an agreement's terms as `core.audit.canonical` writes them: sorted names, no spaces.
_TERMS = f"""encode(sha256(convert_to((
    SELECT '{{' || string_agg(to_json(term.key)::text || ':' || term.value::text, ',' ORDER BY term.key COLLATE "C")
        || '}}' FROM jsonb_each(to_jsonb(r)) AS term WHERE term.key IN ({", ".join(f"'{name}'" for name in TERM_NAMES)})
), 'UTF8')), 'hex')"""  # noqa: S608 - the names are this program's own

#: A policy that a bordereau has made: the log tells of the bordereau, with the digest over its policies.
_IN_BULK = "EXISTS (SELECT FROM entry e WHERE e.id = r.written_entry_id AND e.batch_id IS NOT NULL)"

#: Columns of pools and policies and the events that say the same.
LOGGED: tuple[Logged, ...] = (
    Logged("pool", ("pool.formed",), {"formed_at": WHEN}),
    Logged(
        "agreement",
        ("agreement.made",),
        {
            "made_at": WHEN,
            "effective_on": fact("effective_on", "date"),
            "ends_on": fact("ends_on", "date"),
            "terms": fact("terms_sha256"),
        },
        reckoned={"terms": _TERMS},
    ),
    Logged(
        "agreement_clauses",
        ("agreement.clauses_made",),
        {"is_step_up": fact("is_step_up", "boolean"), "settled_apart": fact("settled_apart")},
        match={"agreement_id": "e.object_id"},
        kind="agreement",
        reckoned={"settled_apart": "to_jsonb(settled_apart)::text"},
    ),
    Logged(
        "variation",
        ("variation.proposed",),
        {
            "proposed_by": WHO,
            "proposed_at": WHEN,
            "effective_on": fact("effective_on", "date"),
            "ends_on": fact("ends_on", "date"),
            "is_step_up": fact("is_step_up", "boolean"),
            "settled_apart": fact("settled_apart"),
            "reason": fact("reason"),
        },
        reckoned={"settled_apart": "to_jsonb(settled_apart)::text"},
    ),
    Logged(
        "variation",
        ("variation.conclude", "variation.decline", "variation.withdraw", "variation.lapse"),
        {"decided_by": WHO, "decided_at": WHEN, "declined_why": fact("why")},
        only="stage <> 'proposed'",
    ),
    Logged(
        "variation_consent",
        ("variation.consented",),
        {"said_by": WHO, "said_at": WHEN},
        match={"variation_id": "e.object_id", "organisation_id": "e.organisation_id"},
        kind="variation",
    ),
    Logged(
        "policy",
        ("policy.bound",),
        {
            "bound_at": WHEN,
            "bound_by": WHO,
            "inception_on": fact("inception_on", "date"),
            "expires_on": fact("expires_on", "date"),
            "gross_fen": fact("gross_fen", "bigint"),
        },
        only=f"NOT {_IN_BULK}",
    ),
    Logged("policy", ("policy.receive", "policy.collect"), {"received_on": fact("on", "date")}),
    Logged("policy", ("policy.remit",), {"remitted_on": fact("on", "date")}),
    Logged(
        "refund",
        ("refund.agreed",),
        {
            "agreed_by": WHO,
            "agreed_on": fact("on", "date"),
            "effective_on": fact("effective_on", "date"),
            "gross_fen": fact("gross_fen", "bigint"),
        },
    ),
    Logged(
        "bordereau",
        ("bordereau.sent",),
        {"made_at": WHEN, "made_by": WHO, "on": fact("on", "date"), "digest": fact("sha256")},
        reckoned={"on": '"on"'},
    ),
    Logged(
        "bordereau",
        ("bordereau.approve", "bordereau.stop"),
        {"approved_at": after("bordereau.approve", WHEN), "approved_by": after("bordereau.approve", WHO)},
    ),
    Logged(
        "bordereau",
        ("bordereau.approve", "bordereau.stop"),
        {"stopped_code": after("bordereau.stop", fact("reason"))},
    ),
    Logged("bordereau", ("bordereau.post",), {"posted_at": WHEN, "policies_digest": fact("sha256")}),
    Logged("refund", ("refund.pay",), {"paid_by": WHO, "paid_on": fact("on", "date")}),
)

INVARIANT = Invariant(
    "INV-A10-underwriting",
    "共保体、协议（含各项条款）、保单与退费所记的经办人、时刻与日期，和日志一致",
    "Who and when, and the agreed terms, as pools, agreements, policies and refunds have it, is what the log says",
    are_logged(LOGGED),
)
