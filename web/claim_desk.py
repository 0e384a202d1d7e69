"""What the pages and the API of claims share: the list's query, who must agree and who has, the split, what is due."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from claims import bills, faults, handling
from claims.models import Claim, ClaimAgreement, Fault
from core import clock
from core.errors import Finding, Forbidden, Invalid, NotFound
from core.parties import names_of
from core.permits import Actor, may
from ledger import books, streams
from ledger.apportion import apportion
from ledger.books import MemberShares
from underwriting import policies, pools
from underwriting.models import Agreement, Building, Community, Lift, Policy, PolicyLift, Pool
from web.listing import Asked, Query, contains
from web.service_figures import start_of

STAGES = ("open", "submitted", "agreed", "approved", "called", "paid", "rejected")
UNDECIDED = tuple(stage for stage in STAGES if stage in handling.UNDECIDED)

#: A complex claim is decided within 30 days, and paid within 10 days of the agreement (Insurance Law, article 23).
DECIDE_DAYS = 30
PAY_DAYS = 10
#: Another claim on the same lift so many days around is shown as a possible double.
DOUBLE_DAYS = 30

SORTS: dict[str, Any] = {
    "number": Claim.number,
    "made_at": Claim.made_at,
    "estimate_fen": Claim.estimate_fen,
    "payable_fen": Claim.payable_fen,
}


def claims_of(actor: Actor) -> Query:
    """Return the query of the claims an actor may see, each with its policy, place and fault."""
    return (
        handling.visible_to(actor)
        .join(Policy, Policy.id == Claim.policy_id)
        .join(Pool, Pool.id == Claim.pool_id)
        .outerjoin(Community, Community.id == Policy.community_id)
        .outerjoin(Fault, Fault.id == Claim.fault_id)
        .outerjoin(Lift, Lift.id == Fault.lift_id)
        .with_only_columns(
            Claim.id,
            Claim.number,
            Claim.stage,
            Claim.title,
            Claim.needs,
            Claim.topics,
            Claim.estimate_fen,
            Claim.estimate_version,
            Claim.payable_fen,
            Claim.made_at,
            Claim.approved_on,
            Claim.paid_on,
            Claim.policy_id,
            Claim.fault_id,
            Policy.number.label("policy_number"),
            Pool.id.label("pool_id"),
            Pool.name.label("pool"),
            Community.name.label("community"),
            Lift.number.label("lift_number"),
            Fault.number.label("fault_number"),
        )
    )


def waiting_for(session: Session, actor: Actor) -> list[tuple[str, Any]]:
    """Return (`agree`, `approve` or `submit`, claim) of the claims that wait for this very person, the oldest first."""
    agreed = exists().where(
        ClaimAgreement.claim_id == Claim.id,
        ClaimAgreement.estimate_version == Claim.estimate_version,
        ClaimAgreement.organisation_id == actor.organisation_id,
    )
    is_led = Claim.pool_id.in_(actor.led_pools)
    to_agree = (Claim.stage == "submitted") & ~agreed & (is_led | (Claim.needs == "all"))
    to_approve = (Claim.stage == "agreed") & is_led & handling.untouched_by(actor.person_id)
    query = claims_of(actor).order_by(None).order_by(Claim.made_at, Claim.id).limit(20)
    found: list[tuple[str, Any]] = []
    to_submit = (Claim.stage == "open") & is_led
    for verb, action, condition in (
        ("agree", "claim.agree", to_agree),
        ("approve", "claim.approve", to_approve),
        ("submit", "claim.make", to_submit),
    ):
        if may(actor, action):
            found += [(verb, row) for row in session.execute(query.where(condition))]
    return found


def asked_for(query: Query, asked: Asked) -> Query:
    """Return the query narrowed by the filters of the address: q, stage, needs, since, until (by day made)."""
    word = asked.text("q")
    if word:
        columns = (Claim.number, Claim.title, Community.name, Lift.number, Policy.number)
        query = query.where(or_(*(contains(one, word) for one in columns)))
    stage = asked.choice("stage", (*STAGES, "undecided"))
    if stage:
        query = query.where(Claim.stage.in_(UNDECIDED if stage == "undecided" else (stage,)))
    needs = asked.choice("needs", ("lead", "all"))
    if needs:
        query = query.where(Claim.needs == needs)
    since, until = asked.day("since"), asked.day("until")
    if since:
        query = query.where(Claim.made_at >= start_of(since))
    if until:
        query = query.where(Claim.made_at < start_of(until + timedelta(days=1)))
    return query


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member of the pool as a claim sees it: its share, its part, whether it must agree and when it has."""

    id: uuid.UUID
    name: str
    weight: int
    is_lead: bool
    amount_fen: int | None
    must_agree: bool
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with its members in rank order; `is_booked` says whether the parts are those of the book.

    Before that they are those of what the bill gives (`is_by_bill`), or of the estimate.
    """

    members: list[MemberView]
    whole: int
    total_fen: int
    is_booked: bool
    is_by_bill: bool

    @property
    def missing(self) -> list[MemberView]:
        """Return the members whose agreement is needed and not there."""
        return [one for one in self.members if one.must_agree and one.agreed_at is None]


def view_of(session: Session, claim: Claim) -> ClaimView:
    """Return who must agree to a claim and who has, and the split: as booked, or as it would be split now."""
    agreement = session.get_one(Agreement, claim.policy.agreement_id)
    shares = pools.shares_of(session, agreement)
    names = names_of(session, list(shares.members))
    told = bills.assess(session, claim)
    is_booked = claim.payable_fen is not None
    is_by_bill = not is_booked and told.has_bill and told.adjustment.payable_fen > 0
    total = told.adjustment.payable_fen if is_by_bill else claim.payable_fen or claim.estimate_fen
    parts = _parts(session, claim, shares, total)
    query = select(ClaimAgreement.organisation_id, ClaimAgreement.at).where(
        ClaimAgreement.claim_id == claim.id, ClaimAgreement.estimate_version == claim.estimate_version
    )
    agreed = {row.organisation_id: row.at for row in session.execute(query)}
    members = [
        MemberView(
            id=member,
            name=names.get(member, ""),
            weight=weight,
            is_lead=member == shares.lead,
            amount_fen=fen,
            must_agree=claim.needs == "all" or member == shares.lead,
            agreed_at=agreed.get(member),
        )
        for member, weight, fen in zip(shares.members, shares.weights.weights, parts, strict=True)
    ]
    return ClaimView(members, shares.weights.whole, total, is_booked, is_by_bill)


def _parts(session: Session, claim: Claim, shares: MemberShares, total_fen: int) -> Sequence[int]:
    if claim.approved_entry_id is not None:
        (item,) = streams.items(session, claim.pool_id, claim.approved_entry_id)
        return item.parts_fen
    return split_now(session, shares, total_fen)


def split_now(session: Session, shares: books.MemberShares, amount_fen: int) -> tuple[int, ...]:
    """Return how an amount would be split if it were booked next; nothing is taken from the stream."""
    carry = streams.carries(session, shares.pool_id).get((shares.number, "claim"))
    return tuple(apportion(amount_fen, shares.weights, carry).parts_fen)


def is_lead(session: Session, claim: Claim, actor: Actor) -> bool:
    """Say whether an actor acts for the lead of a claim's pool."""
    return session.get_one(Pool, claim.pool_id).lead_id == actor.organisation_id


def next_steps(session: Session, claim: Claim, view: ClaimView, actor: Actor) -> list[str]:
    """Return what the actor may do with a claim now, the usual step first.

    Approval is offered only to a person who had no hand in the claim (`handling.hands_in`).
    """
    steps: list[str] = []
    leads = is_lead(session, claim, actor)
    mine = next((one for one in view.members if one.id == actor.organisation_id), None)
    if claim.stage == "open" and leads and may(actor, "claim.make"):
        steps.append("submit")
    if claim.stage == "submitted" and mine and mine.agreed_at is None and may(actor, "claim.agree"):
        steps.append("agree")
    is_second = actor.person_id not in handling.hands_in(claim)
    if claim.stage == "agreed" and leads and may(actor, "claim.approve") and is_second:
        steps.append("approve")
    if claim.stage in ("submitted", "agreed") and leads and may(actor, "claim.make"):
        steps.append("revise")
    if claim.stage in UNDECIDED and leads and may(actor, "claim.approve"):
        steps.append("reject")
    if claim.stage == "approved" and leads and may(actor, "claim.approve"):
        steps.append("take_back")
    return steps


@dataclass(frozen=True, slots=True)
class Due:
    """What the law gives a claim time for: its words, when it is due, and `met` or `missed` where it is over."""

    zh: str
    en: str
    due_at: datetime
    stage: str


def due_of(claim: Any) -> Due | None:
    """Return the term that runs for a claim, or how the last one ended; None for a claim that was rejected."""
    if claim.stage in UNDECIDED:
        return Due("核定期限", "To be decided", claim.made_at + timedelta(days=DECIDE_DAYS), "")
    if claim.approved_on is None:
        return None
    due_at = start_of(claim.approved_on + timedelta(days=PAY_DAYS + 1))
    stage = ""
    if claim.paid_on is not None:
        stage = "met" if start_of(claim.paid_on) < due_at else "missed"
    return Due("赔付期限", "To be paid", due_at, stage)


def fault_for(session: Session, fault_id: uuid.UUID, actor: Actor) -> tuple[Fault, Sequence[Policy]]:
    """Return a fault with the policies that covered its lift on the day of the report and that the actor's side leads.

    Refuses Forbidden `lead_only` where there are such policies of other leads only.
    """
    fault = faults.get(session, fault_id, actor)
    day = clock.on(fault.reported_at)
    covered = select(PolicyLift.policy_id).where(
        PolicyLift.lift_id == fault.lift_id, PolicyLift.covered_from <= day, PolicyLift.covered_to > day
    )
    seen = session.scalars(policies.visible_to(actor).where(Policy.id.in_(covered)).order_by(Policy.number)).all()
    led = [policy for policy in seen if policy.pool_id in actor.led_pools]
    if seen and not led:
        raise Forbidden("lead_only")
    return fault, led


def chosen_policy(led: Sequence[Policy], policy_id: str) -> Policy:
    """Return the chosen one of the policies that one may claim on.

    Refuses with Invalid `draft_wrong` where none is chosen, NotFound `policy_not_found` where it is another.
    """
    if not policy_id:
        raise Invalid("draft_wrong", [Finding("draft_field_empty", "policy_id")])
    policy = next((one for one in led if str(one.id) == policy_id), None)
    if policy is None:
        raise NotFound("policy_not_found")
    return policy


def doubles_of(session: Session, fault: Fault, actor: Actor) -> Sequence[Any]:
    """Return the claims on the same lift around the time of a fault: it may be told twice."""
    around = timedelta(days=DOUBLE_DAYS)
    query = claims_of(actor).where(
        Fault.lift_id == fault.lift_id,
        Fault.id != fault.id,
        Fault.reported_at.between(fault.reported_at - around, fault.reported_at + around),
        Claim.stage != "rejected",
    )
    return session.execute(query.order_by(Claim.made_at.desc()).limit(5)).all()


def place_of(session: Session, fault: Fault) -> str:
    """Return where a fault's lift stands, in words."""
    query = (
        select(Community.name, Building.name, Lift.number)
        .join(Building, Building.community_id == Community.id)
        .join(Lift, Lift.building_id == Building.id)
        .where(Lift.id == fault.lift_id)
    )
    return " ".join(session.execute(query).one())
