"""A member in default: where the agreement has a step-up clause, the others bear its shortfall until it pays.

The shortfall is split by the others' weights in a stream of its own, one for each share version and member in default
(docs/decisions/0052). Each of the others owes its part on its next statement and has a claim for it that stands on its
2220; once the member has paid, the claim is returned in the same way and everything is at nothing again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core import audit
from core.db import new_id
from core.errors import Conflict, Finding, Forbidden, Invalid
from core.permits import Actor, Role, require
from core.stages import step
from ledger import books, entries, stages, statements
from ledger.apportion import Split, Weights, apportion
from ledger.books import AccountRef, MemberShares, latest_shares, require_lead
from ledger.clause_models import StepUp
from ledger.entries import Event, Move
from ledger.models import Statement
from ledger.reasons import Reason
from underwriting import late_interest, pools, settling

#: A statement in one of these stages can be in default: it is issued, and its member asks nothing.
DEFAULTING = ("issued", "acknowledged", "agreed")
_REASON_MAX = 500


def others(shares: MemberShares, member: uuid.UUID) -> Weights:
    """Return the weights by which a version's other members bear a member's shortfall: its own is nothing."""
    weights = [
        0 if one == member else weight for one, weight in zip(shares.members, shares.weights.weights, strict=True)
    ]
    return Weights.of(*weights)


def carry_of(session: Session, pool_id: int, number: int, member: uuid.UUID, members: int) -> tuple[int, ...]:
    """Return the carry of a member's stream of step-ups: what those that stand have left, cured ones undone."""
    query = select(StepUp.carry_before, StepUp.carry_after).where(
        StepUp.pool_id == pool_id,
        StepUp.number == number,
        StepUp.organisation_id == member,
        StepUp.stage == "declared",
    )
    carry = [0] * members
    for before, after in session.execute(query):
        carry = [now + a - b for now, a, b in zip(carry, after, before, strict=True)]
    return tuple(carry)


def require_default_desk(session: Session, statement: Statement, by: Actor) -> None:
    """Refuse from anyone who neither declares a default on a statement nor books its cure (docs/decisions/0054).

    The bureau's supervisor may for every member; the lead, which collects, for the others. Forbidden `lead_only`, and
    `default_of_lead_by_bureau` on the lead's own statement.
    """
    if by.role is Role.SUPERVISOR:
        return
    require_lead(session, statement.pool_id, by)
    if statement.organisation_id == latest_shares(session, statement.pool_id).lead:
        raise Forbidden("default_of_lead_by_bureau", number=statement.number)


def declare_default(
    session: Session, statement: Statement, reason: str, *, on: date, by: Actor, at: datetime
) -> StepUp:
    """Declare a member in default on an overdue statement; the others step up for all that it owes on it.

    Refuses Forbidden `role_may_not`, `lead_only`, `default_of_lead_by_bureau`; Invalid `step_up_needs_reason`,
    `step_up_reason_too_long`; Conflict `step_up_not_agreed` without the clause, `step_up_nothing_owed`,
    `step_up_statement_open` in another stage, `step_up_not_overdue`, `step_up_declared` a second time.
    """
    require(by, "default.declare")
    require_default_desk(session, statement, by)
    words = _reason(reason)
    entries.open_period_on(session, statement.pool_id, on)
    session.refresh(statement, with_for_update=True)
    shares = _shares(session, statement)
    _require_default(session, statement, on)
    weights = others(shares, statement.organisation_id)
    owed = -statement.balance_fen
    before = carry_of(session, shares.pool_id, shares.number, statement.organisation_id, len(shares.members))
    split = apportion(owed, weights, before)
    row = StepUp(
        id=new_id(),
        pool_id=statement.pool_id,
        number=shares.number,
        statement_id=statement.id,
        organisation_id=statement.organisation_id,
        amount_fen=owed,
        parts_fen=list(split.parts_fen),
        carry_before=list(before),
        carry_after=list(split.carry_after),
        stage="declared",
        reason=words,
        declared_on=on,
        declared_at=at,
        declared_by=by.person_id,
    )
    event = Event(Reason.STEPPED_UP, on, "step_up", row.id, statement.number)
    row.entry_id = entries.post(session, row.pool_id, event, _moves(shares, split), by=by, at=at).entry_id
    session.add(row)
    session.flush()
    facts = {"number": statement.number, "amount_fen": owed, "on": on.isoformat(), "reason": words}
    audit.record(session, "step_up.declared", by=by, at=at, of=("step_up", row.id), facts=facts)
    return row


def _reason(reason: str) -> str:
    """Return the reason for a default in words; refuses one that is empty or too long."""
    words = reason.strip()
    if not words:
        raise Invalid("step_up_needs_reason", [Finding("step_up_needs_reason", "reason")])
    if len(words) > _REASON_MAX:
        raise Invalid("step_up_reason_too_long", [Finding("step_up_reason_too_long", "reason", {"most": _REASON_MAX})])
    return words


def _shares(session: Session, statement: Statement) -> MemberShares:
    """Return the shares by which a statement's shortfall is borne; Conflict `step_up_not_agreed` without the clause."""
    agreement = settling.agreement_of(session, statement)
    if not pools.clauses_of(session, agreement).is_step_up:
        raise Conflict("step_up_not_agreed", number=agreement.number)
    return pools.shares_of(session, agreement)


def _require_default(session: Session, statement: Statement, on: date) -> None:
    """Refuse a statement that nobody can be in default on."""
    if statement.balance_fen >= 0:
        raise Conflict("step_up_nothing_owed", number=statement.number)
    if of_statement(session, statement) is not None:
        raise Conflict("step_up_declared", number=statement.number)
    if statement.stage not in DEFAULTING or statement.due_on is None:
        raise Conflict("step_up_statement_open", number=statement.number)
    if on <= statement.due_on:
        raise Conflict("step_up_not_overdue", number=statement.number, due_on=statement.due_on)


def _moves(shares: MemberShares, split: Split) -> list[Move]:
    """Return what each of the others owes, against its claim for it."""
    return [
        Move(AccountRef("2210", member), AccountRef("2220", member), fen)
        for member, fen in zip(shares.members, split.parts_fen, strict=True)
        if fen
    ]


def cure_default(session: Session, row: StepUp, *, on: date, by: Actor, at: datetime) -> None:
    """Book that a member in default has paid: its statement is settled with late interest, the others get back theirs.

    Refuses Forbidden `role_may_not`, `lead_only`, `default_of_lead_by_bureau`; Conflict `stage_refuses` where it is
    cured or its statement is not agreed; Invalid `day_before_step` before it was declared.
    """
    require(by, "default.cure")
    require_default_desk(session, session.get_one(Statement, row.statement_id), by)
    entries.open_period_on(session, row.pool_id, on)
    session.refresh(row, with_for_update=True)
    step(stages.STEP_UP_MOVES, row.stage, "cure", kind="step_up")
    entries.require_not_before(row.declared_on, on)
    statement = session.get_one(Statement, row.statement_id, with_for_update=True)
    step(stages.STATEMENT_MOVES, statement.stage, "settle", kind="statement")
    late_interest.charge(session, statement, until_on=on, by=by, at=at)
    statements.settle_one(session, statement, on=on, by=by, at=at)
    shares = books.shares(session, row.pool_id, row.number)
    moves = [
        Move(AccountRef("2220", member), AccountRef("2210", member), fen)
        for member, fen in zip(shares.members, row.parts_fen, strict=True)
        if fen
    ]
    event = Event(Reason.STEP_UP_RETURNED, on, "step_up", row.id, statement.number)
    posted = entries.post(session, row.pool_id, event, moves, by=by, at=at)
    row.cured_on, row.cured_by, row.cured_entry_id = on, by.person_id, posted.entry_id
    stages.move_step_up(session, row, "cure", on=on, by=by, at=at)


def of_statement(session: Session, statement: Statement) -> StepUp | None:
    """Return the step-up for a statement's shortfall, where there is one."""
    return session.scalar(select(StepUp).where(StepUp.statement_id == statement.id))


def is_default_desk(session: Session, statement: Statement, by: Actor) -> bool:
    """Say whether an actor declares defaults on a statement and books their cure, as `require_default_desk` has it."""
    try:
        require_default_desk(session, statement, by)
    except Forbidden:
        return False
    return True


def may_declare(session: Session, statement: Statement, on: date) -> bool:
    """Say whether a member may be declared in default on a statement on a day."""
    try:
        _shares(session, statement)
        _require_default(session, statement, on)
    except Conflict:
        return False
    return True


def of_pool(pool_id: int) -> Select[StepUp]:
    """Return the query of the step-ups of a pool, the newest first: they are the business of all its members."""
    query = select(StepUp).where(StepUp.pool_id == pool_id)
    return query.order_by(StepUp.declared_at.desc(), StepUp.id.desc())


def listed(session: Session, pool_id: int) -> Sequence[StepUp]:
    """Return the step-ups of a pool, as `of_pool` has them."""
    return session.scalars(of_pool(pool_id)).all()


def required(session: Session, statement: Statement) -> StepUp:
    """Return the step-up for a statement's shortfall; Conflict `step_up_not_declared` where there is none."""
    row = of_statement(session, statement)
    if row is None:
        raise Conflict("step_up_not_declared", number=statement.number)
    return row
