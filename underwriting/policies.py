"""Policies: bound for a batch of lifts, premium split and booked, received, remitted, given back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, Uuid, any_, bindparam, cast, func, select
from sqlalchemy.orm import Session, joinedload, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from core import audit
from core.db import Writing
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, Role, require_other_person
from ledger import entries, streams
from ledger.books import AccountRef, require_lead
from ledger.entries import Event, Move, Posted
from ledger.rates import vat_inside
from ledger.reasons import Reason
from underwriting import pools, rating, stages
from underwriting.models import Agreement, Building, Community, Lift, Policy, PolicyLift, Pool, Refund
from underwriting.premiums import Written, add_policy, made, post_split


def bind(
    session: Session,
    pool: Pool,
    number: str,
    lift_ids: Sequence[uuid.UUID],
    inception_on: date,
    expires_on: date,
    *,
    on: date,
    by: Actor,
    at: datetime,
) -> Policy:
    """Return a policy bound for a batch of lifts of one community at the agreement's premium a lift, and book it.

    A lift is insurable when it is in the register and older than five years on the inception day, and on no other
    policy in that time. Refuses Invalid `policy_lifts_refused` with a finding for every lift that is not, Conflict
    `policy_number_taken`, NotFound `agreement_not_found`, and `premium_not_set` where the agreement names no premium;
    Invalid `policy_term_not_a_year` (the premium is that of a year);
    Forbidden `lead_only` from anyone but the bureau's officer and the pool's lead.
    """
    _require_officer_or_lead(session, pool.id, by)
    agreement = pools.agreement_on(session, pool.id, inception_on)
    if agreement.lift_premium_fen == 0:
        raise Conflict("premium_not_set", number=agreement.number)
    if expires_on != rating.months_after(inception_on, 12):
        raise Invalid("policy_term_not_a_year", expires_on=rating.months_after(inception_on, 12))
    lifts = _insurable(session, lift_ids, inception_on, expires_on)
    communities = {lift.building.community_id for lift in lifts}
    if len(communities) != 1:
        raise Invalid("policy_one_community", communities=len(communities))
    premium = agreement.lift_premium_fen
    written = Written(number, inception_on, expires_on, premium * len(lifts), len(lifts), communities.pop())
    return write(session, agreement, written, [lift.id for lift in lifts], on=on, by=by, at=at)


_HOLD_LIFTS = (
    select(
        Lift,
        select(PolicyLift.lift_id)
        .where(PolicyLift.lift_id == Lift.id)
        .where(PolicyLift.covered_from < bindparam("expires_on"), PolicyLift.covered_to > bindparam("inception_on"))
        .exists(),
    )
    .where(Lift.id == any_(bindparam("lift_ids", type_=ARRAY(Uuid))))
    .order_by(Lift.id)
    .with_for_update(of=Lift)
    .options(joinedload(Lift.building, innerjoin=True))
)


def _insurable(session: Session, lift_ids: Sequence[uuid.UUID], inception_on: date, expires_on: date) -> list[Lift]:
    """Return the lifts, locked in the order of their ids; refuses `policy_lifts_refused` naming every wrong one."""
    wanted = sorted(set(lift_ids))
    if not wanted:
        raise Invalid("policy_needs_lifts")
    asked = {"lift_ids": wanted, "inception_on": inception_on, "expires_on": expires_on}
    rows = session.execute(_HOLD_LIFTS, asked).all()
    lifts = {lift.id: lift for lift, _ in rows}
    taken = {lift.id for lift, is_taken in rows if is_taken}
    findings: list[Finding] = []
    for lift_id in wanted:
        lift = lifts.get(lift_id)
        if lift is None:
            findings.append(Finding("lift_not_found", str(lift_id)))
        elif not rating.is_insurable_age(lift.in_service_on, inception_on):
            findings.append(Finding("lift_too_young", lift.number, {"in_service_on": lift.in_service_on}))
        elif lift_id in taken:
            findings.append(Finding("lift_already_covered", lift.number))
    if findings:
        raise Invalid("policy_lifts_refused", findings, count=len(findings))
    return [lifts[lift_id] for lift_id in wanted]


def _require_officer_or_lead(session: Session, pool_id: int, by: Actor) -> None:
    """Refuse Forbidden `lead_only` from anyone but the bureau's officer, who enrols, and the pool's lead."""
    if by.role is not Role.OFFICER:
        require_lead(session, pool_id, by)


def write(
    session: Session,
    agreement: Agreement,
    written: Written,
    lift_ids: Sequence[uuid.UUID] = (),
    *,
    on: date,
    by: Actor,
    at: datetime,
) -> Policy:
    """Return a policy with its premium split and booked (MONEY.md section 2, premium written), all by one statement.

    With `lift_ids` each is covered for the whole term at an equal part of the premium. Refuses Conflict
    `policy_number_taken`, `run_off_no_policies` once the agreement is over, Forbidden `lead_only` as `bind` does.
    """
    _require_officer_or_lead(session, agreement.pool_id, by)
    _require_writable(session, agreement.pool_id, written.number, on)
    period = entries.open_period_on(session, agreement.pool_id, on)
    policy, writing = made(agreement, written, by=by, at=at), Writing()
    posted = post_split(
        session,
        pools.shares_of(session, agreement),
        Event(Reason.PREMIUM_WRITTEN, on, "policy", policy.id, policy.number),
        (policy.net_fen, policy.vat_fen),
        lambda member, fen: Move(AccountRef("1110"), AccountRef("2305", member), fen),
        period=period,
        writing=writing,
        by=by,
        at=at,
    )
    policy.written_entry_id = posted.entry_id
    add_policy(writing, policy, lift_ids)
    days = {"inception_on": policy.inception_on.isoformat(), "expires_on": policy.expires_on.isoformat()}
    facts = {"number": policy.number, "lifts": policy.lift_count, "gross_fen": policy.gross_fen, **days}
    audit.record(session, "policy.bound", by=by, at=at, of=("policy", policy.id), facts=facts, writing=writing)
    writing.write(session)
    make_transient_to_detached(policy)
    session.add(policy)
    set_committed_value(policy, "agreement", agreement)
    return policy


_WRITABLE = select(
    pools.last_day(bindparam("pool_id", type_=BigInteger)),
    select(Policy.id).where(Policy.number == bindparam("number")).exists(),
)


def _require_writable(session: Session, pool_id: int, number: str, on: date) -> None:
    """Refuse a premium in a pool in run-off, and a policy number that another policy has."""
    last, is_number_taken = session.execute(_WRITABLE, {"pool_id": pool_id, "number": number}).one()
    pools.require_before(last, on)
    if is_number_taken:
        raise Conflict("policy_number_taken", number=number)


def get(session: Session, policy_id: uuid.UUID, actor: Actor) -> Policy:
    """Return a policy that the actor may see; NotFound `policy_not_found`."""
    row = session.scalar(visible_to(actor).where(Policy.id == policy_id))
    if row is None:
        raise NotFound("policy_not_found")
    return row


def visible_to(actor: Actor) -> Select[Policy]:
    """Return the query of the policies an actor may see: a member's are its pools', a community's its own."""
    query = select(Policy)
    if actor.role in {Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER}:
        own = select(Community.id).where(Community.organisation_id == actor.organisation_id)
        return query.where(Policy.community_id.in_(own))
    if pools.sees_every(actor):
        return query
    return query.where(Policy.pool_id.in_(pools.visible_to(actor).with_only_columns(Pool.id)))


def lock(session: Session, policy_id: uuid.UUID) -> Policy:
    """Return a policy with its agreement, locked until the transaction ends."""
    query = select(Policy).where(Policy.id == policy_id).options(joinedload(Policy.agreement, innerjoin=True))
    row = session.scalar(query.with_for_update(of=Policy).execution_options(populate_existing=True))
    if row is None:
        raise NotFound("policy_not_found")
    return row


def refunds_of(session: Session, policy: Policy) -> Sequence[Refund]:
    """Return what has been agreed to be given back on a policy, oldest first."""
    return session.scalars(select(Refund).where(Refund.policy_id == policy.id).order_by(Refund.id)).all()


def due_fen() -> ColumnElement[int]:
    """Return, as a column of a policy, its premium to collect in fen: what was written less what was struck since."""
    struck = select(func.sum(Refund.gross_fen)).where(Refund.policy_id == Policy.id, ~Refund.is_collected)
    return Policy.gross_fen - cast(func.coalesce(struck.scalar_subquery(), 0), BigInteger)


def due_parts(session: Session, policy: Policy) -> list[tuple[uuid.UUID, int]]:
    """Return (member, fen) of the premium still to be collected: what was written less what was struck since."""
    shares = pools.shares_of(session, policy.agreement)
    total = dict.fromkeys(shares.members, 0)
    struck = [refund.agreed_entry_id for refund in refunds_of(session, policy) if not refund.is_collected]
    for entry_id in [policy.written_entry_id, *struck]:
        for item in streams.items(session, policy.pool_id, entry_id or 0):
            for member, fen in zip(shares.members, item.parts_fen, strict=True):
                total[member] += fen
    return list(total.items())


def receive(session: Session, policy: Policy, *, on: date, by: Actor, at: datetime) -> Posted:
    """Book the premium as received: by the lead for all, or by each member for itself, as the agreement has it.

    The lead's desk books either. Refuses Forbidden `lead_only`, Conflict `stage_refuses`, Invalid `day_before_step`
    before the day it was written.
    """
    require_lead(session, policy.pool_id, by)
    entries.open_period_on(session, policy.pool_id, on)
    policy = lock(session, policy.id)
    if policy.written_entry_id:
        entries.require_not_before(entries.entry(session, policy.pool_id, policy.written_entry_id).on, on)
    parts = due_parts(session, policy)
    is_each = policy.agreement.collection == "each"
    facts = {"on": on.isoformat()}
    stages.move_policy(session, policy, "collect" if is_each else "receive", by=by, at=at, facts=facts)
    policy.received_on = on
    if is_each:
        moves = [Move(AccountRef("2305", member), AccountRef("1110"), fen) for member, fen in parts]
        reason = Reason.PREMIUM_COLLECTED_BY_MEMBER
    else:
        moves = [Move(AccountRef("1010"), AccountRef("1110"), sum(fen for _, fen in parts))]
        moves += [Move(AccountRef("2305", member), AccountRef("2210", member), fen) for member, fen in parts]
        reason = Reason.PREMIUM_RECEIVED
    event = Event(reason, on, "policy", policy.id, policy.number)
    return entries.post(session, policy.pool_id, event, moves, by=by, at=at)


def remit(session: Session, policy: Policy, *, on: date, by: Actor, at: datetime) -> Posted:
    """Pass a received premium on to every member, gross; the lead keeps its own.

    Another person does it than the one who booked the receipt. Refuses Conflict `agreement_settles_net` where the
    agreement leaves premium in the current accounts, Forbidden `lead_only`, `second_person_needed`, Invalid
    `day_before_step` before the day it was received.
    """
    require_lead(session, policy.pool_id, by)
    entries.open_period_on(session, policy.pool_id, on)
    policy = lock(session, policy.id)
    if policy.agreement.remittance == "net":
        raise Conflict("agreement_settles_net", number=policy.number)
    parts = due_parts(session, policy)
    require_other_person(audit.who_did(session, "policy.receive", ("policy", policy.id)), by)
    entries.require_not_before(policy.received_on, on)
    stages.move_policy(session, policy, "remit", by=by, at=at, facts={"on": on.isoformat()})
    policy.remitted_on = on
    moves = [Move(AccountRef("2210", member), AccountRef("1010"), fen) for member, fen in parts]
    event = Event(Reason.PREMIUM_REMITTED, on, "policy", policy.id, policy.number)
    return entries.post(session, policy.pool_id, event, moves, by=by, at=at)


def remove_lift(
    session: Session, policy: Policy, lift_id: uuid.UUID, effective_on: date, *, on: date, by: Actor, at: datetime
) -> Refund:
    """Take a lift off a policy from a day on and agree its pro-rata refund.

    Refuses NotFound `lift_not_on_policy`, Invalid `removal_outside_term`, and what `refund` refuses.
    """
    _require_officer_or_lead(session, policy.pool_id, by)
    entries.open_period_on(session, policy.pool_id, on)
    policy = lock(session, policy.id)
    covered = session.get(PolicyLift, (policy.id, lift_id))
    if covered is None or covered.covered_to < policy.expires_on:
        raise NotFound("lift_not_on_policy")
    if not policy.inception_on <= effective_on < policy.expires_on:
        raise Invalid("removal_outside_term", inception_on=policy.inception_on, expires_on=policy.expires_on)
    covered.covered_to = effective_on
    days_left = (policy.expires_on - effective_on).days
    days_total = (policy.expires_on - policy.inception_on).days
    amount = rating.refund_fen(covered.gross_fen, days_left, days_total)
    return refund(session, policy, amount, effective_on, on=on, by=by, at=at)


def refund(
    session: Session, policy: Policy, gross_fen: int, effective_on: date, *, on: date, by: Actor, at: datetime
) -> Refund:
    """Agree to give premium back on a policy: a negative item of the same streams, shared at the policy's own shares.

    Where the premium was not collected yet it is struck from what is due. Refuses Invalid `refund_too_large`,
    Forbidden `lead_only` from anyone but the bureau's officer and the pool's lead.
    """
    _require_officer_or_lead(session, policy.pool_id, by)
    entries.open_period_on(session, policy.pool_id, on)
    policy = lock(session, policy.id)
    given = sum(row.gross_fen for row in refunds_of(session, policy))
    if not 0 < gross_fen <= policy.gross_fen - given:
        raise Invalid("refund_too_large", gross_fen=gross_fen, left_fen=policy.gross_fen - given)
    is_collected = policy.stage != "bound"
    net, vat = vat_inside(gross_fen, policy.agreement.vat_bp)
    row = Refund(
        policy_id=policy.id,
        effective_on=effective_on,
        gross_fen=gross_fen,
        net_fen=net,
        vat_fen=vat,
        is_collected=is_collected,
        stage="agreed",
        agreed_on=on,
        agreed_by=by.person_id,
    )
    session.add(row)
    session.flush()

    def move(member: uuid.UUID, fen: int) -> Move:
        if is_collected:
            return Move(AccountRef("2210", member), AccountRef("2130"), -fen)
        return Move(AccountRef("2305", member), AccountRef("1110"), -fen)

    shares = pools.shares_of(session, policy.agreement)
    event = Event(Reason.REFUND_AGREED, on, "refund", row.id, policy.number)
    row.agreed_entry_id = post_split(session, shares, event, (-net, -vat), move, by=by, at=at).entry_id
    days = {"on": on.isoformat(), "effective_on": effective_on.isoformat()}
    facts = {"policy": policy.number, "gross_fen": gross_fen, **days}
    audit.record(session, "refund.agreed", by=by, at=at, of=("refund", row.id), facts=facts)
    if not is_collected:
        stages.move_refund(session, row, "strike", by=by, at=at)
    return row


def pay_refund(session: Session, row: Refund, *, on: date, by: Actor, at: datetime) -> Posted:
    """Book that the lead has paid an agreed refund to the building's account; another person agreed to it.

    Refuses Forbidden `lead_only`, `second_person_needed`, Invalid `day_before_step` before the day it was agreed.
    """
    policy = session.get_one(Policy, row.policy_id)
    require_lead(session, policy.pool_id, by)
    entries.open_period_on(session, policy.pool_id, on)
    policy = lock(session, policy.id)
    session.refresh(row, with_for_update=True)
    lead = pools.shares_of(session, policy.agreement).lead
    require_other_person(row.agreed_by, by)
    entries.require_not_before(row.agreed_on, on)
    row.paid_on, row.paid_by = on, by.person_id
    stages.move_refund(session, row, "pay", by=by, at=at, facts={"on": on.isoformat()})
    moves = [Move(AccountRef("2130"), AccountRef("2210", lead), row.gross_fen)]
    event = Event(Reason.REFUND_PAID, on, "refund", row.id, policy.number)
    return entries.post(session, policy.pool_id, event, moves, by=by, at=at)


def get_refund(session: Session, refund_id: uuid.UUID, actor: Actor) -> Refund:
    """Return a refund on a policy that the actor may see; NotFound `refund_not_found`."""
    query = select(Refund).where(
        Refund.id == refund_id, Refund.policy_id.in_(visible_to(actor).with_only_columns(Policy.id))
    )
    row = session.scalar(query)
    if row is None:
        raise NotFound("refund_not_found")
    return row


def lifts_of(session: Session, policy: Policy) -> Sequence[tuple[PolicyLift, Lift, Building]]:
    """Return the lifts of a policy with their buildings, by lift number."""
    query = (
        select(PolicyLift, Lift, Building)
        .join(Lift, Lift.id == PolicyLift.lift_id)
        .join(Building, Building.id == Lift.building_id)
        .where(PolicyLift.policy_id == policy.id)
        .order_by(Lift.number)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]
