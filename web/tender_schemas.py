"""What the API takes and gives of tenders: drafts in, tenders, records and results out; and the draft they make."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import marshmallow as ma

from core.errors import Finding, Invalid
from tender import allocation
from tender.drafting import DraftCriterion, TenderDraft
from tender.models import Criterion, Custodian, Tender
from tender.rules.plan import Profile
from tender.stages import shown_stage
from web import fields
from web.api import AmountIn, MoneySchema, PageQuery, Strict, money


def _whole(**kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, **kwargs)


class CriterionSchema(Strict):
    """One scored item; weights and marks in hundredths of a point."""

    name = fields.String(required=True)
    weight_hundredths = _whole(required=True)
    mark_max_hundredths = _whole(load_default=10_000)
    mark_step_hundredths = _whole(load_default=50)
    is_objective = fields.Boolean(load_default=False)


class AllocationTermsIn(Strict):
    """How shares are made; basis points, as in the notice."""

    method = fields.String(load_default="scores", validate=ma.validate.OneOf(["ladder", "scores", "lines"]))
    winners_max = _whole(load_default=4)
    ladder_bp = fields.List(_whole(), load_default=list)
    short_ladder = fields.String(
        load_default="rest_to_lead", validate=ma.validate.OneOf(["rest_to_lead", "renormalise", "fail"])
    )
    ladder_lead_first = fields.Boolean(load_default=False)
    base = fields.String(load_default="0", validate=fields.Pattern(r"^[0-9]{1,3}(\.[0-9]{1,2})?$"))
    power = _whole(load_default=1)
    cap_bp = _whole(load_default=10_000)
    floor_bp = _whole(load_default=0)
    lead_min_bp = _whole(load_default=0)
    lead_largest = fields.Boolean(load_default=True)
    lead_line_stands = fields.Boolean(load_default=False)


class DraftIn(Strict):
    """All that an officer says of a tender, in one piece; money in fen, shares in basis points."""

    number = fields.String(required=True)
    title = fields.String(required=True)
    profile = fields.String(required=True, validate=ma.validate.OneOf([one.value for one in Profile]))
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    lift_count = _whole(required=True)
    budget_fen = AmountIn(required=True)
    ceiling_fen = AmountIn(required=True)
    bond_fen = AmountIn(load_default=0)
    largest_loss_fen = AmountIn(load_default=None, allow_none=True)
    documents_from_on = fields.Date(required=True)
    documents_to_on = fields.Date(required=True)
    deadline_at = fields.AwareDateTime(required=True, format="iso")
    opening_at = fields.AwareDateTime(required=True, format="iso")
    price_weight_hundredths = _whole(required=True)
    criteria = fields.List(fields.Nested(CriterionSchema), required=True, validate=ma.validate.Length(1, 50))
    allocation = fields.Nested(AllocationTermsIn, required=True)
    agreement_terms = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)
    service_standard = fields.Dict(keys=fields.String(), values=_whole(), load_default=dict)
    price_rule = fields.String(load_default="lead")
    qualifications = fields.List(fields.String(), load_default=list, validate=ma.validate.Length(max=50))
    committee_size = _whole(load_default=5)
    committee_experts = _whole(load_default=4)
    bidders_min = _whole(load_default=3)
    drops_extreme_marks = fields.Boolean(load_default=False)
    recomputes_after_exclusion = fields.Boolean(load_default=True)
    tie_keys = fields.List(fields.String(), load_default=list, validate=ma.validate.Length(max=20))
    answer_days = _whole(load_default=5)
    lock = fields.String(load_default="custodians")
    threshold = _whole(load_default=3)


def draft_from(said: Mapping[str, Any]) -> TenderDraft:
    """Return the draft that a request describes; what no tender can have is the verb's to refuse."""
    shares = dict(said["allocation"])
    terms = allocation.Terms(
        **{
            **shares,
            "method": allocation.Method(shares["method"]),
            "short_ladder": allocation.ShortLadder(shares["short_ladder"]),
            "ladder_bp": tuple(shares["ladder_bp"]),
            "base": Fraction(shares["base"]),
        }
    )
    if any(isinstance(value, float) for value in said["agreement_terms"].values()):
        raise Invalid("draft_wrong", findings=[Finding("input_not_whole", "agreement_terms")])
    return TenderDraft(
        **{
            **said,
            "profile": Profile(said["profile"]),
            "criteria": tuple(DraftCriterion(**one) for one in said["criteria"]),
            "allocation": terms,
            "qualifications": tuple(said["qualifications"]),
            "tie_keys": tuple(said["tie_keys"]),
        }
    )


class TenderQuery(PageQuery):
    """Which tenders: all that one may know of, or those in one stage."""

    stage = fields.String(load_default="")


class CustodianOut(Strict):
    """One custodian: the place of its share, counted from 1, and its key's fingerprint."""

    place = _whole()
    organisation_id = fields.UUID()
    fingerprint = fields.String(allow_none=True)


class TenderOut(Strict):
    """A tender in a list. `stage` is as people read it: `closed` once the deadline has passed."""

    id = fields.UUID()
    number = fields.String()
    title = fields.String()
    stage = fields.String()
    profile = fields.String()
    starts_on = fields.Date()
    ends_on = fields.Date()
    lift_count = _whole()
    budget = fields.Nested(MoneySchema)
    ceiling = fields.Nested(MoneySchema)
    deadline_at = fields.AwareDateTime(format="iso")
    published_at = fields.AwareDateTime(format="iso", allow_none=True)
    amendment = _whole()
    notice_sha256 = fields.String(allow_none=True)


class TenderWholeOut(TenderOut):
    """A tender with all that bidders rely on."""

    bond = fields.Nested(MoneySchema)
    opening_at = fields.AwareDateTime(format="iso")
    lock = fields.String()
    threshold = _whole()
    price_weight_hundredths = _whole()
    criteria = fields.List(fields.Nested(CriterionSchema))
    allocation = fields.Dict()
    price_rule = fields.String()
    agreement_terms = fields.Dict()
    service_standard = fields.Dict()
    qualifications = fields.List(fields.String())
    custodians = fields.List(fields.Nested(CustodianOut))
    opened_at = fields.AwareDateTime(format="iso", allow_none=True)
    publicity_ends_at = fields.AwareDateTime(format="iso", allow_none=True)
    extension_to = fields.AwareDateTime(
        format="iso", allow_none=True, metadata={"description": "the later deadline that waits for a second person"}
    )


class TendersOut(Strict):
    """A page of tenders; `next` is the cursor of the following one."""

    data = fields.List(fields.Nested(TenderOut))
    next = fields.String(allow_none=True)


def tender_document(tender: Tender, at: Any) -> dict[str, Any]:
    """Return a tender as a list shows it."""
    names = ("id", "number", "title", "profile", "starts_on", "ends_on", "lift_count", "deadline_at", "published_at")
    return {
        **{name: getattr(tender, name) for name in names},
        "stage": shown_stage(tender.stage, tender.deadline_at, at),
        "amendment": tender.amendment,
        "budget": money(tender.budget_fen),
        "ceiling": money(tender.ceiling_fen),
        "notice_sha256": tender.notice_hash,
    }


def whole_document(tender: Tender, criteria: list[Criterion], custodians: list[Custodian], at: Any) -> dict[str, Any]:
    """Return a tender with all that bidders rely on."""
    names = ("opening_at", "lock", "threshold", "price_weight_hundredths", "allocation", "price_rule", "opened_at")
    more = ("agreement_terms", "service_standard", "qualifications", "publicity_ends_at")
    return {
        **tender_document(tender, at),
        **{name: getattr(tender, name) for name in (*names, *more)},
        "bond": money(tender.bond_fen),
        "criteria": [
            {
                "name": item.name,
                "weight_hundredths": item.weight_hundredths,
                "mark_max_hundredths": item.mark_max_hundredths,
                "mark_step_hundredths": item.mark_step_hundredths,
                "is_objective": item.is_objective,
            }
            for item in criteria
        ],
        "custodians": [
            {"place": row.place + 1, "organisation_id": row.organisation_id, "fingerprint": row.fingerprint}
            for row in custodians
        ],
    }


class MediumIn(Strict):
    """Where the notice is published."""

    medium = fields.String(required=True)


class ReasonIn(Strict):
    """Why, in words; it is recorded."""

    reason = fields.String(required=True)


class ExtensionAnswerIn(Strict):
    """Whether the later deadline is confirmed; a refusal says why."""

    is_confirmed = fields.Boolean(required=True)
    reason = fields.String(load_default="")


class AmendmentIn(Strict):
    """A change and why it is made; a deadline that is given may only be later."""

    text = fields.String(required=True)
    reason = fields.String(required=True)
    affects_bids = fields.Boolean(required=True)
    deadline_at = fields.AwareDateTime(format="iso", load_default=None, allow_none=True)


class OpenedBidOut(Strict):
    """One line of the opening record; a bid that did not open has a `failure` and no figures."""

    bid = fields.UUID()
    organisation_id = fields.UUID()
    organisation = fields.String()
    received_at = fields.AwareDateTime(format="iso")
    header_sha256 = fields.String()
    outcome = fields.String()
    failure = fields.String(allow_none=True)
    price = fields.Nested(MoneySchema, allow_none=True)
    line_bp = _whole(allow_none=True)
    floor_bp = _whole(allow_none=True)
    will_lead = fields.Boolean(allow_none=True)
    nonce = fields.String(allow_none=True)


class OpeningOut(Strict):
    """The record of an opening, in the order of receipt."""

    tender = fields.UUID()
    deadline_at = fields.AwareDateTime(format="iso")
    opened_at = fields.AwareDateTime(format="iso")
    notice_sha256 = fields.String()
    bids = fields.List(fields.Nested(OpenedBidOut))


class ResultOut(Strict):
    """Report and allocation as they stand, each with the hash over it: enough to reckon the award again."""

    tender = fields.UUID()
    report = fields.Dict()
    report_sha256 = fields.String()
    allocation_inputs = fields.Dict(allow_none=True)
    allocation_outputs = fields.Dict(allow_none=True)
    allocation_sha256 = fields.String(allow_none=True)
