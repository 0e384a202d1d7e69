"""Pools and their agreements: formed from an award (or by a voluntary agreement), changed only by a new version."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core import audit
from core.errors import Conflict, Invalid, NotFound
from core.permits import Actor, Role, require
from ledger import books
from ledger.books import MemberShares
from ledger.models import Share
from tender.awards import AwardedNumbers, award_of
from tender.models import Tender
from tender.moving import database_speaks, lock_tender
from tender.outcome_models import Award
from tender.tenders import require_stage
from underwriting.models import Agreement, AgreementClauses, Pool
from underwriting.terms import APART, TERM_NAMES, Clauses, Terms
from underwriting.terms import terms_of as terms_in


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a pool is formed from: members in order (lead first) with weights over the whole, the window, the terms."""

    name: str
    members: tuple[tuple[uuid.UUID, int], ...]
    whole: int
    effective_on: date
    ends_on: date
    terms: Terms
    service_standard: dict[str, Any] = field(default_factory=dict)
    award_id: uuid.UUID | None = None
    is_rehearsal: bool = False
    clauses: Clauses = field(default_factory=Clauses)


def form(session: Session, plan: PoolPlan, *, by: Actor, at: datetime) -> Pool:
    """Return a new pool with its book and the first version of its agreement.

    Of an award only where its agreement is signed by all. Refuses Conflict `pool_name_taken`, `tender_in_other_stage`
    before the tender is contracted, `award_replaced` where another award stands, `award_has_pool` where the tender has
    its pool, Invalid `pool_needs_two` (co-insurance is by two or more insurers), `weights_do_not_sum`.
    """
    if len({member for member, _ in plan.members}) < 2 or len(plan.members) < 2:
        raise Invalid("pool_needs_two")
    if session.scalar(select(Pool.id).where(Pool.name == plan.name)):
        raise Conflict("pool_name_taken", name=plan.name)
    tender = _contracted(session, plan.award_id, by) if plan.award_id is not None else None
    book = books.open_book(session, plan.name, is_rehearsal=plan.is_rehearsal)
    pool = Pool(
        id=book.pool_id,
        name=plan.name,
        lead_id=plan.members[0][0],
        award_id=plan.award_id,
        tender_id=tender.id if tender else None,
        formed_at=at,
    )
    session.add(pool)
    with database_speaks():
        session.flush()
    audit.record(session, "pool.formed", by=by, at=at, of=("pool", pool.id), facts={"members": len(plan.members)})
    add_version(session, pool, plan, by=by, at=at)
    return pool


def _contracted(session: Session, award_id: uuid.UUID, by: Actor) -> Tender:
    """Return the tender of an award, held, whose agreement all parties have signed and which has no pool yet."""
    award = session.get_one(Award, award_id)
    tender = lock_tender(session, session.get_one(Tender, award.tender_id), by=by)
    if session.scalar(select(Pool.id).where(Pool.tender_id == tender.id)):
        raise Conflict("award_has_pool")
    if award_of(session, tender).id != award_id:
        raise Conflict("award_replaced")
    require_stage(tender, "contracted", "complete")
    return tender


def plan_of_award(numbers: AwardedNumbers, name: str = "") -> PoolPlan:
    """Return the plan of the pool that an award gives: its members, shares, window and terms as they were awarded.

    Without a `name` the pool is called after its tender.
    """
    return PoolPlan(
        name=name.strip() or f"{numbers.tender_title.removesuffix('招标')}（{numbers.tender_number}）",
        members=numbers.members,
        whole=numbers.whole,
        effective_on=numbers.starts_on,
        ends_on=numbers.ends_on,
        terms=terms_in(numbers.terms),
        service_standard=dict(numbers.service_standard),
        award_id=numbers.award_id,
    )


def form_from_award(session: Session, numbers: AwardedNumbers, name: str = "", *, by: Actor, at: datetime) -> Pool:
    """Return the pool of an award, formed with the awarded numbers and nothing typed again.

    Refuses as `form` does.
    """
    require(by, "pool.form")
    return form(session, plan_of_award(numbers, name), by=by, at=at)


def add_version(session: Session, pool: Pool, plan: PoolPlan, *, by: Actor, at: datetime, paper: str = "") -> Agreement:
    """Return a new version of a pool's agreement, for policies that begin on or after its first day.

    Older policies keep the version they began under. `paper` names what was signed elsewhere, for the log. Refuses
    `lead_changed` (another lead is another pool), and what `ledger.books.set_shares` refuses.
    """
    if plan.members[0][0] != pool.lead_id:
        raise Invalid("lead_changed")
    shares = books.set_shares(session, pool.id, plan.effective_on, plan.members, plan.whole)
    agreement = Agreement(
        pool_id=pool.id,
        number=shares.number,
        effective_on=plan.effective_on,
        ends_on=plan.ends_on,
        service_standard=plan.service_standard,
        made_at=at,
        **plan.terms.as_dict(),
    )
    session.add(agreement)
    session.flush()
    facts = {
        "pool": pool.id,
        "number": shares.number,
        "weights": list(shares.weights.weights),
        "whole": plan.whole,
        "effective_on": plan.effective_on.isoformat(),
        "ends_on": plan.ends_on.isoformat(),
        "terms_sha256": hashlib.sha256(audit.canonical(plan.terms.as_dict())).hexdigest(),
        **({"paper": paper} if paper else {}),
    }
    audit.record(session, "agreement.made", by=by, at=at, of=("agreement", agreement.id), facts=facts)
    _add_clauses(session, agreement, plan.clauses, by=by, at=at)
    return agreement


def _add_clauses(session: Session, agreement: Agreement, clauses: Clauses, *, by: Actor, at: datetime) -> None:
    """Keep the clauses of a version, where it has any."""
    if clauses == Clauses():
        return
    apart = [kind for kind in APART if kind in clauses.settled_apart]
    row = AgreementClauses(agreement_id=agreement.id, settled_apart=apart, is_step_up=clauses.is_step_up)
    session.add(row)
    session.flush()
    facts = {"pool": agreement.pool_id, "settled_apart": apart, "is_step_up": clauses.is_step_up}
    audit.record(session, "agreement.clauses_made", by=by, at=at, of=("agreement", agreement.id), facts=facts)


def clauses_of(session: Session, agreement: Agreement) -> Clauses:
    """Return the clauses of a version of an agreement."""
    row = session.get(AgreementClauses, agreement.id)
    return Clauses(tuple(row.settled_apart), row.is_step_up) if row else Clauses()


#: The reference of a signed paper is no longer.
_PAPER_MOST = 200


def amend(
    session: Session,
    pool: Pool,
    effective_on: date,
    ends_on: date,
    clauses: Clauses,
    *,
    by: Actor,
    at: datetime,
    paper: str = "",
) -> Agreement:
    """Return a new version with these clauses, for policies from a day on; shares and terms are those of the last.

    Refuses as `add_version` does.
    """
    last = agreements(session, pool.id)[-1]
    shares = shares_of(session, last)
    plan = PoolPlan(
        name=pool.name,
        members=tuple(zip(shares.members, shares.weights.weights, strict=True)),
        whole=shares.weights.whole,
        effective_on=effective_on,
        ends_on=ends_on,
        terms=Terms(**{name: getattr(last, name) for name in TERM_NAMES}),
        service_standard=dict(last.service_standard),
        clauses=clauses,
    )
    return add_version(session, pool, plan, by=by, at=at, paper=paper)


def enter_signed(
    session: Session,
    pool: Pool,
    effective_on: date,
    ends_on: date,
    clauses: Clauses,
    paper: str,
    *,
    by: Actor,
    at: datetime,
) -> Agreement:
    """Return a new version as `amend` does, of a change that was signed elsewhere; the log keeps its paper's reference.

    Refuses Invalid `signed_paper_missing`, `signed_paper_too_long`.
    """
    said = paper.strip()
    if not said:
        raise Invalid("signed_paper_missing")
    if len(said) > _PAPER_MOST:
        raise Invalid("signed_paper_too_long", most=_PAPER_MOST)
    return amend(session, pool, effective_on, ends_on, clauses, by=by, at=at, paper=said)


def get(session: Session, pool_id: int, actor: Actor) -> Pool:
    """Return a pool that the actor may know of; NotFound `pool_not_found`."""
    row = session.scalar(visible_to(actor).where(Pool.id == pool_id))
    if row is None:
        raise NotFound("pool_not_found")
    return row


def visible_to(actor: Actor) -> Select[Pool]:
    """Return the query of the pools an actor may see: an insurer's are those it is a member of."""
    query = select(Pool)
    if sees_every(actor):
        return query
    if actor.organisation_kind != "insurer":
        return query.where(false())
    mine = select(Share.pool_id).where(Share.organisation_id == actor.organisation_id)
    return query.where(Pool.id.in_(mine))


def sees_every(actor: Actor) -> bool:
    """Say whether an actor may see all pools there are."""
    return actor.sees_all or actor.role in {Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.REPAIRER}


def led_by(organisation_id: uuid.UUID | InstrumentedAttribute[uuid.UUID]) -> Select[int]:
    """Return the query of the numbers of the pools that an organisation leads."""
    return select(Pool.id).where(Pool.lead_id == organisation_id)


_AGREEMENT_ON = (
    select(Agreement)
    .where(Agreement.pool_id == bindparam("pool_id"))
    .where(Agreement.effective_on <= bindparam("day"), Agreement.ends_on > bindparam("day"))
    .order_by(Agreement.effective_on.desc())
    .limit(1)
)


def agreement_on(session: Session, pool_id: int, day: date) -> Agreement:
    """Return the agreement version that a policy beginning on `day` falls under; NotFound `agreement_not_found`."""
    row = session.scalar(_AGREEMENT_ON, {"pool_id": pool_id, "day": day})
    if row is None:
        raise NotFound("agreement_not_found", day=day)
    return row


def agreements(session: Session, pool_id: int) -> Sequence[Agreement]:
    """Return a pool's agreement versions, oldest first."""
    return session.scalars(select(Agreement).where(Agreement.pool_id == pool_id).order_by(Agreement.number)).all()


def last_day(pool_id: int | ColumnElement[int]) -> ColumnElement[date]:
    """Return, as a column, the first day on which no version of a pool's agreement is in force: its run-off begins."""
    return select(func.max(Agreement.ends_on)).where(Agreement.pool_id == pool_id).scalar_subquery()


def ends_on(session: Session, pool_id: int) -> date:
    """Return the first day on which no version of a pool's agreement is in force any more: its run-off begins."""
    return session.scalars(select(last_day(pool_id))).one()


def require_writing(session: Session, pool_id: int, on: date) -> None:
    """Refuse Conflict `run_off_no_policies` where premium would be booked in a pool in run-off."""
    require_before(ends_on(session, pool_id), on)


def require_before(last: date, on: date) -> None:
    """Refuse Conflict `run_off_no_policies` where premium would be booked on the first day of run-off or later."""
    if on >= last:
        raise Conflict("run_off_no_policies", ends_on=last)


def shares_of(session: Session, agreement: Agreement) -> MemberShares:
    """Return the shares of an agreement version."""
    return books.shares(session, agreement.pool_id, agreement.number)
