"""Who and when of a tender, as the log tells it: from its draft to the signed agreement."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.checks import Invariant
from core.log_columns import WHEN, WHO, Logged, after, are_logged, fact


def _of_tender(
    table: str,
    actions: tuple[str, ...],
    said: Mapping[str, str],
    told: Mapping[str, str],
    *,
    reckoned: Mapping[str, str] = MappingProxyType({}),
    only: str = "true",
    among: str = "true",
) -> Logged:
    """Return columns of a table whose rows stand under a tender and whose events are the tender's."""
    match = {"tender_id": "e.object_id", **told}
    return Logged(table, actions, said, match, "tender", reckoned=reckoned, only=only, among=among)


#: Whom an event of the committee is about: who did it, or whom it was done to.
_PERSON = """CASE WHEN e.action IN ('expert.replaced', 'score.reopened') THEN e.facts ->> 'member'
    ELSE e.person_id::text END"""

#: No custodians were named after this event: naming them begins anew.
_LAST_NAMED = """NOT EXISTS (SELECT FROM audit_event n WHERE n.object_kind = 'tender' AND n.object_id = e.object_id
    AND n.action = 'key.custodians_named' AND n.id > e.id)"""

_STEPS: tuple[Logged, ...] = (
    Logged("tender", ("tender.created",), {"created_by": WHO, "created_at": WHEN}),
    Logged(
        "tender",
        ("tender.approved", "tender.returned"),
        {"approved_by": after("tender.approved", WHO), "approved_at": after("tender.approved", WHEN)},
    ),
    Logged("tender", ("key.ceremony", "tender.returned"), {"rehearsed_at": after("key.ceremony", WHEN)}),
    Logged("tender", ("tender.published",), {"published_at": WHEN}),
    Logged("tender", ("opening.started",), {"box_closed_at": WHEN, "opening_started_by": WHO}),
    Logged("tender", ("opening.confirmed",), {"opening_confirmed_by": WHO, "opening_confirmed_at": WHEN}),
    Logged("tender", ("opening.opened",), {"opened_at": WHEN}),
    Logged(
        "tender",
        ("report.completed", "report.reopened", "objection.upheld"),
        {"reported_at": after("report.completed", WHEN)},
    ),
    Logged(
        "tender",
        ("publicity.started", "objection.upheld"),
        {"publicity_from_at": after("publicity.started", WHEN)},
    ),
    Logged(
        "tender",
        ("publicity.started", "tender.resumed", "objection.upheld"),
        {"publicity_ends_at": fact("ends_at", "timestamptz")},
        among="(e.action <> 'tender.resumed' OR e.facts ->> 'ends_at' IS NOT NULL)",
    ),
    Logged("tender", ("tender.suspended", "tender.resumed"), {"suspended_at": after("tender.suspended", WHEN)}),
    Logged("tender", ("tender.completed", "tender.cancelled", "tender.annulled", "tender.failed"), {"ended_at": WHEN}),
)

_KEYS: tuple[Logged, ...] = (
    _of_tender(
        "custodian",
        ("key.given",),
        {"given_at": WHEN, "fingerprint": fact("fingerprint")},
        {"place": fact("place")},
        only="r.given_at IS NOT NULL",
        among=_LAST_NAMED,
    ),
    _of_tender(
        "custodian",
        ("key.given", "key.possession_proof"),
        {"person_id": WHO, "proved_at": after("key.possession_proof", WHEN)},
        {"place": fact("place")},
        only="r.given_at IS NOT NULL",
        among=_LAST_NAMED,
    ),
    _of_tender("custodian", ("key.lost",), {"lost_at": WHEN}, {"place": fact("place")}, among=_LAST_NAMED),
    _of_tender("rehearsal", ("key.rehearsal_begun",), {"made_at": WHEN}, {"number": fact("number")}),
    _of_tender(
        "rehearsal_share",
        ("key.rehearsal_share",),
        {"given_at": WHEN},
        {"number": fact("number"), "place": fact("place")},
    ),
    Logged(
        "signing_key",
        ("signing_key.registered",),
        {"registered_by": WHO, "registered_at": WHEN, "fingerprint": fact("fingerprint")},
    ),
    Logged("signing_key", ("signing_key.revoked",), {"revoked_at": WHEN}),
)

_BIDS: tuple[Logged, ...] = (
    Logged("sealed_bid", ("bid.sealed", "bid.replaced"), {"person_id": WHO, "received_at": WHEN}),
    Logged(
        "bid_withdrawal",
        ("bid.withdrawn",),
        {"person_id": WHO, "received_at": WHEN},
        match={
            "tender_id": fact("tender"),
            "organisation_id": "e.organisation_id",
            "number": fact("version"),
        },
        kind="bid",
    ),
    _of_tender(
        "amendment",
        ("tender.amended", "tender.extended"),
        {
            "issued_at": WHEN,
            "deadline_after": fact("deadline_at", "timestamptz"),
            "text": fact("text_sha256"),
        },
        {"number": fact("number")},
        reckoned={"text": "encode(sha256(convert_to(text, 'UTF8')), 'hex')"},
    ),
    _of_tender(
        "extension",
        ("tender.extension_proposed",),
        {"proposed_by": WHO, "proposed_at": WHEN, "deadline_at": fact("deadline_at", "timestamptz")},
        {"number": fact("proposal")},
    ),
    _of_tender(
        "extension",
        ("tender.extended", "tender.extension_refused"),
        {"answered_by": WHO, "answered_at": WHEN},
        {"number": fact("proposal")},
        only="r.answer IN ('confirmed', 'refused')",
        among="e.facts ->> 'proposal' IS NOT NULL",
    ),
)

_RESULT: tuple[Logged, ...] = (
    _of_tender(
        "committee_member",
        ("expert.declared", "expert.recused"),
        {"declared_at": WHEN},
        {"person_id": WHO},
    ),
    _of_tender(
        "committee_member", ("expert.replaced", "expert.recused"), {"replaced_at": WHEN}, {"person_id": _PERSON}
    ),
    _of_tender(
        "committee_member",
        ("score.locked", "score.reopened"),
        {"locked_at": after("score.locked", WHEN)},
        {"person_id": _PERSON},
    ),
    Logged(
        "mark",
        ("score.saved",),
        {"saved_at": WHEN},
        match={"tender_id": "e.object_id", "person_id": WHO, "saved_at": WHEN},
        kind="tender",
        is_one_way=True,
    ),
    _of_tender(
        "report",
        ("report.drawn_up",),
        {"made_at": WHEN, "digest": fact("report_sha256")},
        {"number": fact("number")},
    ),
    _of_tender(
        "report_signature",
        ("report.signed", "report.dissented"),
        {"signed_at": WHEN},
        {"number": fact("number"), "person_id": WHO},
    ),
    _of_tender(
        "allocation_run",
        ("allocation.run",),
        {"made_at": WHEN, "digest": fact("run_sha256")},
        {"number": fact("run")},
    ),
    Logged(
        "share_offer",
        ("allocation.offer",),
        {"answer_due_at": fact("due_at", "timestamptz"), "share_bp": fact("share_bp", "bigint")},
        match={"bid_id": "e.object_id", "number": fact("run")},
        kind="bid",
    ),
    Logged(
        "share_offer",
        ("allocation.accept", "allocation.decline"),
        {"answered_at": WHEN, "answered_by": WHO},
        match={"bid_id": "e.object_id", "number": fact("run")},
        kind="bid",
    ),
    Logged("objection", ("objection.filed",), {"filed_at": WHEN}),
    Logged("objection", ("objection.answered",), {"answered_at": WHEN}),
)

_AGREED: tuple[Logged, ...] = (
    Logged(
        "award",
        ("award.decided",),
        {"decided_by": WHO, "decided_at": WHEN, "digest": fact("award_sha256")},
        match={"id": fact("award")},
        kind="tender",
    ),
    Logged(
        "award_agreement",
        ("agreement.rendered",),
        {"rendered_by": WHO, "rendered_at": WHEN},
        match={"award_id": fact("award"), "digest": fact("agreement_sha256")},
        kind="tender",
    ),
    Logged(
        "agreement_signature",
        ("agreement.signed",),
        {"person_id": WHO, "signed_at": WHEN},
        match={"award_id": fact("award"), "organisation_id": "e.organisation_id"},
        kind="tender",
    ),
    Logged(
        "agreement_refusal",
        ("agreement.refused",),
        {"person_id": WHO, "refused_at": WHEN},
        match={
            "award_id": fact("award"),
            "organisation_id": "(SELECT b.organisation_id FROM bid b WHERE b.id::text = e.object_id)",
        },
        kind="bid",
    ),
)

#: Columns of a tender's rows and the events that say the same.
LOGGED: tuple[Logged, ...] = (*_STEPS, *_KEYS, *_BIDS, *_RESULT, *_AGREED)

INVARIANT = Invariant(
    "INV-A10-tender",
    "招标、密钥、投标、评审与中标各表所记的经办人、时刻与日期，和日志一致",
    "Who and when, as every row of a tender has it from its draft to the signed agreement, is what the log says",
    are_logged(LOGGED),
)
