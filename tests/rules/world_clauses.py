"""What clauses of agreements have brought about in the world of the matrix, and pools that lead up to more."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import closing, handling, settlements
from core.permits import SYSTEM, Actor, Role
from ledger import statements
from ledger.clause_models import ApartItem
from ledger.models import Statement
from tests.makers import AT, TERMS, MadePool, make_policy
from underwriting import late_interest, pools, step_up, variations
from underwriting.pools import PoolPlan
from underwriting.terms import Clauses
from underwriting.variation_models import Variation
from underwriting.variations import Proposal

if TYPE_CHECKING:
    from tests.rules.seats import Seat
    from tests.rules.world import World

_ON = date(2026, 4, 8)
_NUMBERS = itertools.count(1)


def item_of(session: Session, made: MadePool) -> uuid.UUID:
    """Return the second member's item that is settled on its own."""
    query = select(ApartItem.id).where(ApartItem.organisation_id == made.members[1].id)
    return session.scalars(query.order_by(ApartItem.number).limit(1)).one()


def _another(session: Session, like: MadePool, first: date, last: date) -> MadePool:
    """Return one more pool of the same members, with the clause, in force for these days; a quarter of it is open."""
    members = like.members
    plan = PoolPlan(
        name=f"条款共保体 {next(_NUMBERS)}",
        members=tuple(zip([one.id for one in members], (4500, 2500, 2000, 1000), strict=True)),
        whole=10_000,
        effective_on=first,
        ends_on=last,
        terms=TERMS,
        clauses=Clauses(is_step_up=True),
    )
    pool = pools.form(session, plan, by=SYSTEM, at=AT)
    start, end = date(2026, 1, 1), date(2026, 3, 31)
    return MadePool(pool, members, statements.open_period(session, pool.id, "2026Q1", start, end, by=SYSTEM, at=AT))


def _closed(session: Session, made: MadePool) -> list[Statement]:
    """Close the quarter, open the next, and have every statement agreed to."""
    second = made.actor(Role.FINANCE_CHECKER)
    found = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    statements.open_period(session, made.pool.id, "2026Q2", date(2026, 4, 1), date(2026, 6, 30), by=SYSTEM, at=AT)
    for place, row in enumerate(found):
        statements.issue(session, row, due_on=date(2026, 4, 1), by=second, at=AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
    return found


def clauses_in(session: Session, like: MadePool) -> dict[str, object]:
    """Return a statement that is overdue, another that its member is in default on, and a pool in run-off."""
    overdue, defaulting = overdue_of(session, like)
    by = Actor(uuid.uuid4(), like.members[0].id, Role.FINANCE_CHECKER, "insurer")
    step_up.declare_default(session, defaulting, "催收未付", on=_ON, by=by, at=AT)
    ended = _another(session, like, date(2025, 1, 1), date(2026, 1, 1))
    return {"default_id": overdue.id, "in_default_id": defaulting.id, "run_off_id": ended.pool.id}


def proposed_in(session: Session, made: MadePool) -> uuid.UUID:
    """Return a change of a pool's agreement that the lead has proposed and nobody else has answered."""
    told = Proposal(date(2026, 10, 1), date(2027, 1, 1), Clauses(("claims",), is_step_up=True), "赔款逐项收付")
    return variations.propose_change(session, made.pool, told, by=made.actor(Role.SIGNATORY), at=AT).id


def to_propose(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Lead up to a proposal: the one that stands is withdrawn."""
    row = session.get_one(Variation, world.ids["variation_id"])
    variations.withdraw(session, row, by=world.pool.actor(Role.SIGNATORY), at=AT)
    days = {"effective_on": "2026-11-01", "ends_on": "2027-01-01"}
    return {**days, "settled_apart": ["claims"], "is_step_up": False, "reason": "逐项收付"}


def overdue_of(session: Session, like: MadePool) -> tuple[Statement, Statement]:
    """Return the statements of the fourth and the third member of one more pool, overdue and unpaid."""
    made = _another(session, like, date(2026, 1, 1), date(2027, 1, 1))
    policy = make_policy(session, made, number="D-1")
    maker, second = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.FINANCE_CHECKER)
    claim = handling.make(session, policy, "门机", 300_000, number="D-C-1", by=maker, at=AT)
    handling.submit(session, claim, by=maker, at=AT)
    handling.approve(session, claim, 300_000, on=date(2026, 3, 6), by=made.actor(Role.SIGNATORY), at=AT)
    settlements.pay_by_lead(session, claim, on=date(2026, 3, 7), by=second, at=AT)
    found = _closed(session, made)
    return found[3], found[2]


def in_default(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Lead up to a default: a statement that is overdue."""
    return {"statement_id": world.ids["default_id"], "on": _ON.isoformat(), "reason": "催收未付"}


def stepped_up(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Lead up to a cure: a default that was declared."""
    statement = session.get_one(Statement, world.ids["default_id"])
    by = world.pool.actor(Role.FINANCE_CHECKER)
    step_up.declare_default(session, statement, "催收未付", on=_ON, by=by, at=AT)
    return {"statement_id": statement.id, "on": _ON.isoformat()}


def all_over(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Lead up to the closing of a pool: its agreement is over, its one quarter closed and settled."""
    made = _another(session, world.pool, date(2025, 1, 1), date(2026, 1, 1))
    second = made.actor(Role.FINANCE_CHECKER)
    found = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    for place, row in enumerate(found):
        statements.issue(session, row, due_on=date(2026, 4, 1), by=second, at=AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
    period = statements.period(session, made.pool.id, "2026Q1")
    late_interest.settle_period(session, period, on=_ON, by=second, at=AT)
    return {"pool_id": made.pool.id, "on": _ON.isoformat()}
