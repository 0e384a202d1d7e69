"""Pools of the story whose agreements have clauses: settled on their own, stepped up for, and one closed for good."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from claims import closing, handling, run_off, settlements
from core.db import unit_of_work
from core.permits import SYSTEM, Actor, Role
from ledger import statements
from ledger.models import Statement
from tests.invariants.story_payouts import pay_items
from tests.makers import AT, MadePool, make_organisation, make_policy, make_pool, open_quarter
from underwriting import apart, late_interest, policies, step_up, variations
from underwriting.terms import Clauses
from underwriting.variation_models import Variation
from underwriting.variations import Proposal

_CLAUSES = Clauses(("claims", "lead_fee_and_vat", "unremitted_premium"), is_step_up=True)


def tell_clauses(engine: Engine) -> None:
    """Pools with clauses, one in default once and cured once, one whose lead is, and a pool that is closed."""
    with unit_of_work(engine, SYSTEM) as session:
        first = _quarter(session, "条款共保体", _CLAUSES)
        for item in apart.listed(session, first.pool.id, SYSTEM)[:2]:
            apart.pay(session, item, on=date(2026, 4, 9), by=first.actor(Role.FINANCE_CHECKER), at=AT)
        pay_items(session, first)
        _in_default(session, _quarter(session, "代担共保体", Clauses(is_step_up=True)))
        _lead_in_default(session)
        _varied(session)
        _closed(session)


def _quarter(session: Session, name: str, clauses: Clauses) -> MadePool:
    """Return a pool after its first quarter: premium received, two claims paid, statements agreed."""
    made = make_pool(session, name=name, clauses=clauses)
    desk, second, maker = (made.actor(role) for role in (Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.CLAIMS_HANDLER))
    policy = make_policy(session, made, number=f"{name}-1")
    policies.receive(session, policy, on=date(2026, 3, 3), by=desk, at=AT)
    for number, fen in (("1", 5_000_001), ("2", 300_002)):
        claim = handling.make(session, policy, "门机", fen, number=f"{name}-C-{number}", by=maker, at=AT)
        handling.submit(session, claim, by=maker, at=AT)
        handling.approve(session, claim, fen, on=date(2026, 3, 6), by=made.actor(Role.SIGNATORY), at=AT)
        settlements.pay_by_lead(session, claim, on=date(2026, 3, 7), by=second, at=AT)
    _agreed(
        session, made, closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    )
    open_quarter(session, made.pool, 2)
    return made


def _agreed(session: Session, made: MadePool, found: Sequence[Statement]) -> None:
    for place, row in enumerate(found):
        statements.issue(session, row, due_on=date(2026, 4, 1), by=made.actor(Role.FINANCE_CHECKER), at=AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)


def _in_default(session: Session, made: MadePool) -> None:
    """Two members in default by the seventh of April; the others settle, and one of the two pays a week later."""
    second = made.actor(Role.FINANCE_CHECKER)
    period = statements.period(session, made.pool.id, "2026Q1")
    found = statements.of_period(session, period)
    declared = [
        step_up.declare_default(session, row, "催收未付", on=date(2026, 4, 7), by=second, at=AT) for row in found[2:]
    ]
    late_interest.settle_period(session, period, on=date(2026, 4, 8), by=second, at=AT)
    step_up.cure_default(session, declared[0], on=date(2026, 4, 14), by=second, at=AT)


def _lead_in_default(session: Session) -> None:
    """A lead that does not pay its share of a claim: declared by the bureau's supervisor, cured a week later."""
    made = make_pool(session, name="首席违约共保体", clauses=Clauses(is_step_up=True))
    second, maker = made.actor(Role.FINANCE_CHECKER), made.actor(Role.CLAIMS_HANDLER)
    claim = handling.make(
        session, make_policy(session, made, number="LD-1"), "门机", 300_000, number="LD-C-1", by=maker, at=AT
    )
    handling.submit(session, claim, by=maker, at=AT)
    handling.approve(session, claim, 300_000, on=date(2026, 3, 6), by=made.actor(Role.SIGNATORY), at=AT)
    found = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    _agreed(session, made, found)
    open_quarter(session, made.pool, 2)
    bureau = Actor(uuid.uuid4(), make_organisation(session, "另一主管单位", "bureau").id, Role.SUPERVISOR, "bureau")
    row = step_up.declare_default(session, found[0], "首席逾期未付", on=date(2026, 4, 7), by=bureau, at=AT)
    step_up.cure_default(session, row, on=date(2026, 4, 14), by=bureau, at=AT)


def _varied(session: Session) -> None:
    """A pool whose agreement was changed with the consent of all, once not, and a third change that is asked about."""
    made = make_pool(session, name="变更共保体", clauses=Clauses(("claims",)))
    signing = [made.actor(Role.SIGNATORY, place) for place in range(4)]

    def proposed(month: int, *apart: str) -> Variation:
        told = Proposal(date(2026, month, 1), date(2027, 1, 1), Clauses(apart, is_step_up=True), "逐项收付")
        return variations.propose_change(session, made.pool, told, by=signing[0], at=AT)

    first = proposed(6, "claims", "interest")
    for by in signing[1:]:
        variations.give_consent(session, first, by=by, at=AT)
    variations.decline(session, proposed(8, "claims"), "仍须轧差", by=signing[2], at=AT)
    variations.give_consent(session, proposed(9, "recoveries"), by=signing[1], at=AT)


def _closed(session: Session) -> None:
    """A pool that never insured anything: its one quarter closed, settled, and the pool closed for good."""
    made = make_pool(session, name="关闭共保体")
    second = made.actor(Role.FINANCE_CHECKER)
    _agreed(
        session, made, closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    )
    period = statements.period(session, made.pool.id, "2026Q1")
    late_interest.settle_period(session, period, on=date(2026, 4, 8), by=second, at=AT)
    run_off.close_pool(session, made.pool, on=date(2027, 1, 1), by=second, at=AT)
