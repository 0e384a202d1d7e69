"""The repair bill of a claim: what is approved follows from it and from the cover, and the bill then stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import bills, handling
from claims.adjusting import AssessedLine, Reduction
from claims.models import Claim, ClaimLine
from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from core.permits import SYSTEM, Role
from tests.makers import AT, ON, TERMS, MadePool, make_policy, make_pool
from underwriting.models import Policy
from underwriting.terms import Terms

#: 5 % of the loss, 200.00 at least; 10,000.00 a loss, 15,000.00 a policy.
COVER = replace(TERMS, deductible_fen=20_000, deductible_bp=500, limit_fen=1_000_000, aggregate_limit_fen=1_500_000)
LINES = (AssessedLine("门机组件", 300_000, 300_000), AssessedLine("人工", 150_000, 138_000, "超出当地价格"))


def _insured(session: Session, terms: Terms = COVER) -> tuple[MadePool, Policy]:
    made = make_pool(session, terms=terms)
    return made, make_policy(session, made)


def _agreed(session: Session, made: MadePool, policy: Policy, fen: int) -> Claim:
    maker = made.actor(Role.CLAIMS_HANDLER)
    claim = handling.make(session, policy, "门机更换", fen, by=maker, at=AT)
    handling.submit(session, claim, by=maker, at=AT)
    return claim


def _enter(session: Session, made: MadePool, claim: Claim, *lines: AssessedLine) -> None:
    handling.enter_bill(session, claim, lines, by=made.actor(Role.CLAIMS_HANDLER), at=AT)


def _approve(session: Session, made: MadePool, claim: Claim, fen: int) -> None:
    handling.approve(session, claim, fen, on=ON, by=made.actor(Role.SIGNATORY), at=AT)


def test_what_is_approved_follows_from_the_bill_and_the_cover(session: Session) -> None:
    """4,380.00 allowed, 5 % deductible of 219.00: 4,161.00 is payable, and nothing else is approved."""
    made, policy = _insured(session)
    claim = _agreed(session, made, policy, 450_000)
    _enter(session, made, claim, *LINES)
    told = bills.assess(session, claim)
    assert (told.asked_fen, told.adjustment.loss_fen, told.adjustment.payable_fen) == (450_000, 438_000, 416_100)
    assert [(step.reduction, step.taken_fen) for step in told.adjustment.steps] == [(Reduction.DEDUCTIBLE, 21_900)]
    for wrong in (416_099, 416_101, 438_000, 0):
        with pytest.raises(Conflict, match="payable_not_computed"):
            _approve(session, made, claim, wrong)
    _approve(session, made, claim, 416_100)
    assert (claim.payable_fen, claim.loss_fen, claim.paid_before_fen) == (416_100, 438_000, 0)


def test_what_was_approved_before_uses_the_aggregate_limit_up(session: Session) -> None:
    """The limit of one loss first, then what other losses left of the policy's; the working stays as approved."""
    made, policy = _insured(session)
    first = _agreed(session, made, policy, 1_200_000)
    _enter(session, made, first, AssessedLine("变频器", 1_200_000, 1_200_000))
    _approve(session, made, first, 1_000_000)
    second = _agreed(session, made, policy, 800_000)
    _enter(session, made, second, AssessedLine("曳引机轴承", 800_000, 800_000))
    told = bills.assess(session, second)
    assert [(step.reduction.value, step.taken_fen, step.left_fen) for step in told.adjustment.steps] == [
        ("deductible", 40_000, 760_000),
        ("aggregate_limit", 260_000, 500_000),
    ]
    _approve(session, made, second, 500_000)
    assert bills.assess(session, first).adjustment.payable_fen == 1_000_000
    third = _agreed(session, made, policy, 100_000)
    _enter(session, made, third, AssessedLine("光幕", 100_000, 100_000))
    with pytest.raises(Conflict, match="nothing_payable"):
        _approve(session, made, third, 100_000)
    handling.take_back(session, second, "清单有误", on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    assert bills.assess(session, third).adjustment.payable_fen == 80_000
    assert (second.loss_fen, second.paid_before_fen) == (None, None)


def test_without_a_bill_the_amount_is_within_estimate_and_cover(session: Session) -> None:
    """The approver says it, as before: not above the estimate, and not above what the cover gives on it."""
    made, policy = _insured(session)
    claim = _agreed(session, made, policy, 450_000)
    with pytest.raises(Invalid, match="payable_above_estimate"):
        _approve(session, made, claim, 450_001)
    with pytest.raises(Invalid, match="payable_above_cover"):
        _approve(session, made, claim, 427_501)
    _approve(session, made, claim, 427_500)
    assert claim.loss_fen is None


def test_a_bill_above_the_estimate_is_not_approved(session: Session) -> None:
    """The members agreed to the estimate; what the bill allows beyond it is asked of them first."""
    made, policy = _insured(session, TERMS)
    claim = _agreed(session, made, policy, 400_000)
    _enter(session, made, claim, *LINES)
    with pytest.raises(Conflict, match="bill_above_estimate"):
        _approve(session, made, claim, 438_000)
    handling.revise(session, claim, 438_000, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    _approve(session, made, claim, 438_000)


def test_who_entered_the_bill_does_not_approve_it(session: Session) -> None:
    """Four eyes: the bill decides what is paid, so whoever entered it is not the second person."""
    made, policy = _insured(session, TERMS)
    claim = _agreed(session, made, policy, 450_000)
    other = made.actor(Role.CLAIMS_HANDLER)
    handling.enter_bill(session, claim, LINES, by=other, at=AT)
    with pytest.raises(Forbidden, match="second_person_needed"):
        handling.approve(session, claim, 438_000, on=ON, by=other, at=AT)
    with pytest.raises(Forbidden, match="lead_only"):
        handling.enter_bill(session, claim, LINES, by=made.actor(Role.CLAIMS_HANDLER, 1), at=AT)


def test_a_bill_is_replaced_whole_until_the_claim_is_decided(session: Session) -> None:
    """A wrong line keeps the bill before; after the approval it stands, and can be replaced once that is taken back."""
    made, policy = _insured(session, TERMS)
    claim = handling.make(session, policy, "门机更换", 450_000, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    _enter(session, made, claim, *LINES)
    with pytest.raises(Invalid, match="lines_refused"):
        _enter(session, made, claim, AssessedLine("门机组件", 300_000, 200_000))
    with pytest.raises(Invalid, match="bill_needs_lines"):
        _enter(session, made, claim)
    with pytest.raises(Invalid, match="bill_too_long"):
        _enter(session, made, claim, *[LINES[0]] * 201)
    assert bills.lines_of(session, claim) == LINES
    handling.submit(session, claim, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    _enter(session, made, claim, LINES[1])
    assert bills.lines_of(session, claim) == LINES[1:]
    _approve(session, made, claim, 138_000)
    with pytest.raises(Conflict, match="bill_stands"):
        _enter(session, made, claim, *LINES)
    handling.take_back(session, claim, "少录一行", on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    _enter(session, made, claim, *LINES)
    entered = select(AuditEvent.facts).where(AuditEvent.action == "claim.bill_entered").order_by(AuditEvent.id)
    found = session.scalars(entered).all()
    assert [facts["loss_fen"] for facts in found] == [438_000, 138_000, 438_000]


def test_the_database_keeps_the_bill_of_a_decided_claim(engine: Engine) -> None:
    """Where the verb is left out a trigger refuses every change of a line, and no cut stands without its reason."""
    with unit_of_work(engine, SYSTEM) as session:
        made, policy = _insured(session, TERMS)
        claim = _agreed(session, made, policy, 450_000)
        _enter(session, made, claim, *LINES)
    with pytest.raises(DBAPIError, match="ck_claim_line_reason"), unit_of_work(engine, SYSTEM) as session:
        session.execute(text("UPDATE claim_line SET reason = ' ' WHERE position = 2"))
    with pytest.raises(DBAPIError, match="ck_claim_line_amounts"), unit_of_work(engine, SYSTEM) as session:
        session.execute(text("UPDATE claim_line SET allowed_fen = asked_fen + 1"))
    with unit_of_work(engine, SYSTEM) as session:
        _approve(session, made, session.get_one(Claim, claim.id), 438_000)
    for deed in (
        "DELETE FROM claim_line",
        "UPDATE claim_line SET allowed_fen = 0, reason = 'x'",
        "INSERT INTO claim_line SELECT claim_id, 3, what, asked_fen, allowed_fen, reason FROM claim_line LIMIT 1",
    ):
        with pytest.raises(DBAPIError, match="the bill of claim"), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(deed))
    with unit_of_work(engine, SYSTEM) as session:
        assert len(session.scalars(select(ClaimLine)).all()) == len(LINES)
