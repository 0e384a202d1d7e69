"""A claim's way: made on a covered lift, agreed to, approved by a second person, paid once, recovered."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import closing, faults, handling, settlements
from claims.faults import Report
from claims.models import Claim
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Role
from ledger import books
from ledger.books import AccountRef
from tests.makers import AT, ON, MadePool, make_policy, make_pool
from underwriting import policies
from underwriting.models import Policy


def _made(session: Session, fen: int = 438_000) -> tuple[MadePool, Policy, Claim]:
    made = make_pool(session)
    policy = make_policy(session, made)
    claim = handling.make(session, policy, "门机更换", fen, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    return made, policy, claim


def _approved(session: Session, fen: int = 438_000) -> tuple[MadePool, Claim]:
    made, _, claim = _made(session, fen)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    for member in range(1, 4) if claim.needs == "all" else ():
        handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    handling.approve(session, claim, fen, on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    return made, claim


def test_a_claim_from_a_fault(session: Session) -> None:
    """A fault on a covered lift makes one claim; a second claim, or a lift not covered that day, is refused."""
    made = make_pool(session)
    policy = make_policy(session, made)
    lift = policies.lifts_of(session, policy)[0][1]
    fault = faults.report(session, Report(lift.number, "异响"), by=SYSTEM, at=AT)
    handler = made.actor(Role.CLAIMS_HANDLER)
    first = handling.make(session, policy, "异响", 100, fault=fault, by=handler, at=AT)
    with pytest.raises(Conflict, match="fault_has_claim"):
        handling.make(session, policy, "异响", 100, fault=fault, by=handler, at=AT)
    with pytest.raises(Invalid, match="rejection_needs_reason"):
        handling.reject(session, first, " ", by=handler, at=AT)
    handling.reject(session, first, "不属保险责任", by=handler, at=AT)
    handling.make(session, policy, "异响", 100, fault=fault, by=handler, at=AT)
    early = faults.report(session, Report(lift.number, "异响"), by=SYSTEM, at=AT - timedelta(days=1))
    with pytest.raises(Conflict, match="lift_not_covered"):
        handling.make(session, policy, "异响", 100, fault=early, by=handler, at=AT)
    with pytest.raises(Invalid, match="estimate_not_positive"):
        handling.make(session, policy, "异响", 0, by=handler, at=AT)


def test_who_must_agree_is_asked_again_when_the_estimate_changes(session: Session) -> None:
    """Up to 100,000.00 the lead alone agrees; above it every member must, to the estimate as it stands now."""
    made, _, claim = _made(session, 10_000_000)
    handler = made.actor(Role.CLAIMS_HANDLER)
    with pytest.raises(Forbidden, match="lead_only"):
        handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER, 1), at=AT)
    handling.submit(session, claim, by=handler, at=AT)
    assert (claim.needs, claim.stage) == ("lead", "agreed")
    handling.revise(session, claim, 10_000_001, by=handler, at=AT)
    assert (claim.needs, claim.stage) == ("all", "submitted")
    with pytest.raises(Conflict, match="already_agreed"):
        handling.agree(session, claim, by=handler, at=AT)
    with pytest.raises(Forbidden, match="not_a_member"):
        handling.agree(session, claim, by=SYSTEM, at=AT)
    for member in (1, 2, 3):
        handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    assert claim.stage == "agreed"
    with pytest.raises(Invalid, match="estimate_not_positive"):
        handling.revise(session, claim, 0, by=handler, at=AT)


def test_no_more_is_approved_than_was_estimated(session: Session) -> None:
    """What is payable is more than nothing and never above the agreed estimate."""
    made, _, claim = _made(session)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    for fen in (0, 438_001):
        with pytest.raises(Invalid, match="payable_above_estimate"):
            handling.approve(session, claim, fen, on=ON, by=made.actor(Role.SIGNATORY), at=AT)


def test_four_eyes_stand_in_the_database(engine: Engine) -> None:
    """A claim approved by its own maker is refused by the database where the verb is left out."""
    with unit_of_work(engine, SYSTEM) as session:
        _, _, claim = _made(session)
    with pytest.raises(DBAPIError, match="ck_claim_four_eyes"), unit_of_work(engine, SYSTEM) as session:
        row = handling.lock(session, claim.id)
        row.approved_by = row.made_by


def test_a_small_claim_is_paid_once_and_by_the_lead(session: Session) -> None:
    """A claim below the cash-call amount is paid by the lead, once; nobody is called for it."""
    made, claim = _approved(session)
    desk = made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Conflict, match="below_cash_call"):
        settlements.issue_cash_call(session, claim, on=ON, by=desk, at=AT)
    with pytest.raises(Forbidden, match="lead_only"):
        settlements.pay_by_lead(session, claim, on=ON, by=made.actor(Role.FINANCE_CHECKER, 1), at=AT)
    with pytest.raises(Forbidden, match="second_person_needed"):
        settlements.pay_by_lead(
            session, claim, on=ON, by=made.actor(Role.FINANCE_CHECKER, person=claim.approved_by), at=AT
        )
    settlements.pay_by_lead(session, claim, on=ON, by=desk, at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        settlements.pay_by_lead(session, claim, on=ON, by=desk, at=AT)
    assert books.balance(session, made.pool.id, AccountRef("2110")) == 0


def test_a_called_claim_is_not_paid_by_the_lead(session: Session) -> None:
    """Once cash is called for, the claim is paid from pool money."""
    made, claim = _approved(session, 26_840_000)
    desk = made.actor(Role.FINANCE_MAKER)
    with pytest.raises(Invalid, match="due_before_issued"):
        settlements.issue_cash_call(session, claim, on=ON, by=desk, at=AT, due_on=ON - timedelta(days=1))
    settlements.issue_cash_call(session, claim, on=ON, by=desk, at=AT)
    with pytest.raises(Conflict, match="claim_was_called"):
        settlements.pay_by_lead(session, claim, on=ON, by=desk, at=AT)
    with pytest.raises(NotFound, match="cash_call_not_found"):
        settlements.receive_cash_call(session, claim, made.members[0].id, on=ON, by=desk, at=AT)
    assert [call.amount_fen for call in settlements.calls_of(session, claim)] == [6_710_000, 5_368_000, 2_684_000]


def test_recoveries_never_exceed_what_was_paid(session: Session) -> None:
    """Subrogation and salvage together stay within the claim; each is shared at the claim's shares."""
    made, claim = _approved(session, 10_001)
    desk = made.actor(Role.FINANCE_MAKER)
    with pytest.raises(Invalid, match="recovery_kind_unknown"):
        settlements.receive_recovery(session, claim, "gift", 1, on=ON, by=desk, at=AT)
    with pytest.raises(Invalid, match="amount_not_positive"):
        settlements.receive_recovery(session, claim, "salvage", 0, on=ON, by=desk, at=AT)
    settlements.receive_recovery(session, claim, "salvage", 10_000, on=ON, by=desk, at=AT)
    with pytest.raises(Invalid, match="recovery_too_large"):
        settlements.receive_recovery(session, claim, "subrogation", 2, on=ON, by=desk, at=AT)
    assert [row.amount_fen for row in settlements.recoveries_of(session, claim)] == [10_000]


def test_costs_follow_an_approved_claim(session: Session) -> None:
    """A loss adjuster is approved on an approved claim only, and paid once, by another person."""
    made, _, open_claim = _made(session)
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Conflict, match="claim_not_approved"):
        settlements.approve_cost(session, open_claim, 100, on=ON, by=desk, at=AT)
    handling.submit(session, open_claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    handling.approve(session, open_claim, 438_000, on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    cost = settlements.approve_cost(session, open_claim, 300_001, on=ON, by=desk, at=AT)
    with pytest.raises(Forbidden, match="second_person_needed"):
        settlements.pay_cost(session, open_claim, cost, on=ON, by=desk, at=AT)
    settlements.pay_cost(session, open_claim, cost, on=ON, by=second, at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        settlements.pay_cost(session, open_claim, cost, on=ON, by=second, at=AT)
    assert settlements.costs_of(session, open_claim) == [cost]


def test_nothing_is_booked_before_the_step_that_it_stands_on(session: Session) -> None:
    """A claim approved on a day is not paid, called, funded or recovered on the day before."""
    made, _, claim = _made(session)
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    handling.approve(session, claim, 438_000, on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    before = ON - timedelta(days=1)
    with pytest.raises(Invalid, match="day_before_step"):
        settlements.pay_by_lead(session, claim, on=before, by=second, at=AT)
    with pytest.raises(Invalid, match="day_before_step"):
        settlements.approve_cost(session, claim, 100, on=before, by=desk, at=AT)
    with pytest.raises(Invalid, match="day_before_step"):
        settlements.receive_recovery(session, claim, "salvage", 100, on=before, by=desk, at=AT)
    with pytest.raises(Invalid, match="day_before_step"):
        settlements.issue_cash_call(session, claim, on=before, by=desk, at=AT)
    assert claim.stage == "approved"


def test_a_close_lies_in_its_period(session: Session) -> None:
    """A period is closed on one of its own days."""
    made = make_pool(session)
    with pytest.raises(Invalid, match="close_outside_period"):
        closing.close_period(
            session, made.pool.id, "2026Q1", on=date(2026, 4, 1), by=made.actor(Role.FINANCE_CHECKER), at=AT
        )


def test_claims_of_other_pools_are_not_known(session: Session) -> None:
    """An insurer outside the pool is told that there is no such claim, a number nobody gave leads nowhere."""
    _, _, claim = _made(session)
    outsider = make_pool(session, name="别的共保体").actor(Role.CLAIMS_HANDLER)
    for number in (claim.id, uuid.uuid4()):
        with pytest.raises(NotFound, match="claim_not_found"):
            handling.get(session, number, outsider)
    with pytest.raises(NotFound, match="fault_not_found"):
        faults.get(session, uuid.uuid4(), SYSTEM)


def test_a_claim_is_made_and_a_period_closed_by_the_lead(session: Session) -> None:
    """A follower makes no claim on the pool and closes none of its periods; nor does the machinery make claims."""
    made = make_pool(session)
    policy = make_policy(session, made)
    follower = made.actor(Role.CLAIMS_HANDLER, 1)
    for other in (follower, SYSTEM):
        with pytest.raises(Forbidden, match="lead_only"):
            handling.make(session, policy, "门机更换", 100, by=other, at=AT)
    with pytest.raises(Forbidden, match="lead_only"):
        closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=follower, at=AT)
    assert made.period.stage == "open"


def test_who_raised_an_estimate_does_not_approve_it(session: Session) -> None:
    """Four eyes hold for the estimate as it stands: who revised it last approves no more than who made the claim."""
    made, _, claim = _made(session)
    maker, second = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.CLAIMS_HANDLER)
    handling.submit(session, claim, by=maker, at=AT)
    handling.revise(session, claim, 900_000, by=second, at=AT)
    with pytest.raises(Forbidden, match="second_person_needed"):
        handling.approve(session, claim, 900_000, on=ON, by=second, at=AT)
    handling.approve(session, claim, 900_000, on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    assert claim.payable_fen == 900_000


def test_an_approval_with_a_recovery_is_not_taken_back(session: Session) -> None:
    """What was recovered on a claim stands against its approval; without one there is nothing it could belong to."""
    made, claim = _approved(session)
    settlements.receive_recovery(session, claim, "salvage", 100, on=ON, by=made.actor(Role.FINANCE_MAKER), at=AT)
    with pytest.raises(Conflict, match="claim_has_recovery"):
        handling.take_back(session, claim, "核准有误", on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    assert (claim.stage, claim.payable_fen) == ("approved", 438_000)


def test_costs_are_within_the_estimate_or_the_leads_own_limit(session: Session) -> None:
    """On a claim of 4,380.00 the lead charges up to its own 100,000.00 in all; on 268,400.00 up to what was agreed."""
    made, small = _approved(session)
    desk = made.actor(Role.FINANCE_MAKER)
    settlements.approve_cost(session, small, 9_000_000, on=ON, by=desk, at=AT)
    with pytest.raises(Invalid, match="cost_too_large") as refused:
        settlements.approve_cost(session, small, 1_000_001, on=ON, by=desk, at=AT)
    assert refused.value.facts["left_fen"] == 1_000_000
    settlements.approve_cost(session, small, 1_000_000, on=ON, by=desk, at=AT)
    assert settlements.cost_left(session, small) == 0
    with pytest.raises(Invalid, match="amount_too_large"):
        settlements.approve_cost(session, small, 10**15 + 1, on=ON, by=desk, at=AT)


def test_the_database_alone_bounds_costs_and_amounts(session: Session) -> None:
    """Past the verbs: costs above the bound, and an amount above the limit of one, are refused by the database."""
    made, claim = _approved(session, 26_840_000)
    settlements.approve_cost(session, claim, 300_001, on=ON, by=made.actor(Role.FINANCE_MAKER), at=AT)
    for change in ("amount_fen = 26840001", "amount_fen = 1000000000000001", "amount_fen = 0"):
        with pytest.raises(DBAPIError) as refused, session.begin_nested():
            session.execute(text(f"UPDATE claim_cost SET {change}"))
        assert getattr(refused.value.orig, "sqlstate", "") in ("GB008", "23514")
    session.execute(text("UPDATE claim_cost SET amount_fen = 26840000"))
    session.execute(text("UPDATE claim_cost SET amount_fen = 300001"))
