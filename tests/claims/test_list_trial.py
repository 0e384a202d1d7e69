"""What refuses a list of claims, worked out at once: the same, row by row, as the verbs of a single claim refuse."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from claims import adjusting, bills, faults, handling, list_trial
from claims.adjusting import AssessedLine
from claims.faults import Report
from claims.lists import ListedClaim, ListedLine
from claims.models import Fault
from core.db import rehearsal, unit_of_work
from core.errors import Conflict, Finding, Invalid, Refusal
from core.permits import SYSTEM, Actor, Role
from tests.conftest import AT
from tests.depth import DEPTH
from tests.makers import ON, MadePool, make_lifts, make_policy, make_pool
from underwriting.models import Policy
from underwriting.terms import Terms

#: The lead decides up to 3,000.00 alone; 100.00 of each loss are the owners', a policy pays 5,000.00 in all.
TERMS = Terms(
    lead_alone_limit_fen=300_000,
    lift_premium_fen=128_600,
    deductible_fen=10_000,
    limit_fen=250_000,
    aggregate_limit_fen=500_000,
)


@dataclass
class Place:
    """A pool with two policies, faults on lifts that are covered and that are not, one that has a claim already."""

    made: MadePool
    policies: tuple[uuid.UUID, ...]
    faults: tuple[uuid.UUID | None, ...]

    @property
    def handler(self) -> Actor:
        """Return the lead's claims handler."""
        return self.made.actor(Role.CLAIMS_HANDLER)


@pytest.fixture
def at_pool(engine: Engine) -> Place:
    """The pool with what lists are about; one claim is approved and uses its policy's cover up in part."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, terms=TERMS)
        lifts = make_lifts(session, 4)
        one = make_policy(session, made, lifts=lifts[:3], number="P-1", on=ON)
        two = make_policy(session, made, lifts=lifts[3:], number="P-2", on=ON)
        told = [faults.report(session, Report(lift.number, "门不关"), by=SYSTEM, at=AT) for lift in lifts]
        by = made.actor(Role.CLAIMS_HANDLER)
        claim = handling.make(session, one, "门机", 200_000, fault=told[0], number="T-1", by=by, at=AT)
        handling.enter_bill(session, claim, [AssessedLine("门机", 200_000, 200_000)], by=by, at=AT)
        handling.submit(session, claim, by=by, at=AT)
        handling.approve(session, claim, 190_000, on=AT.date(), by=made.actor(Role.SIGNATORY), at=AT)
        return Place(made, (one.id, two.id), (None, *(fault.id for fault in told)))


def by_verbs(session: Session, claims: Sequence[ListedClaim], by: Actor) -> list[tuple[int, Finding]]:
    """Return what refuses claims that are really made, each where those before it were; for a rehearsal."""
    found: list[tuple[int, Finding]] = []
    payable_fen: dict[uuid.UUID, int] = {}
    for one in claims:
        try:
            with session.begin_nested():
                fault = session.get_one(Fault, one.fault_id) if one.fault_id else None
                policy = session.get_one(Policy, one.policy_id)
                claim = handling.make(
                    session, policy, one.title, one.asked_fen, fault=fault, number=one.number, by=by, at=AT
                )
                handling.enter_bill(session, claim, [line.line for line in one.lines], by=by, at=AT)
                handling.submit(session, claim, by=by, at=AT)
                if claim.stage == "agreed":
                    told = bills.assess(session, claim)
                    before = told.paid_before_fen + payable_fen.get(policy.id, 0)
                    fen = adjusting.adjust(told.adjustment.loss_fen, told.cover, before).payable_fen
                    if fen == 0:
                        raise Conflict("nothing_payable", number=one.number)
                    payable_fen[policy.id] = payable_fen.get(policy.id, 0) + fen
        except Refusal as refusal:
            found += told_at(one, refusal)
    return found


def told_at(one: ListedClaim, refusal: Refusal) -> Iterator[tuple[int, Finding]]:
    """Yield a refusal at the rows of the file that it is about."""
    findings = refusal.findings if isinstance(refusal, Invalid) else ()
    for finding in findings:
        row = one.lines[int(finding.where.removeprefix("line ")) - 1].row
        yield row, Finding(finding.code, "allowed_fen", finding.facts)
    if not findings:
        yield one.lines[0].row, Finding(refusal.code, "number", dict(refusal.facts))


#: (policy, fault, lines of (asked, allowed, why less)): small bills and large ones, in order and not.
fen = st.sampled_from([5_000, 60_000, 150_000, 240_000, 310_000, 10**15])
bill = st.lists(
    st.tuples(fen, st.sampled_from([0, 1, 2, 3]), st.sampled_from(["", "单价过高"])), min_size=1, max_size=3
)
claim = st.tuples(st.integers(0, 1), st.integers(0, 4), st.one_of(bill, bill, bill, st.just([(100, 2, "")] * 201)))


def listed(place: Place, told: Sequence[tuple[int, int, list[tuple[int, int, str]]]]) -> list[ListedClaim]:
    """Return claims as a list has them, every line in a row of its own."""
    row, found = 1, []
    for number, (policy, fault, lines) in enumerate(told):
        rows = []
        for asked, part, why in lines:
            row += 1
            rows.append(ListedLine(row, AssessedLine("项目", asked, asked * part // 2, why)))
        found.append(ListedClaim(f"C-{number}", place.policies[policy], place.faults[fault], "事由", tuple(rows)))
    return found


@settings(max_examples=12 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(claim, min_size=1, max_size=12))
def test_at_once_and_by_the_verbs_refuse_the_same(
    engine: Engine, at_pool: Place, told: list[tuple[int, int, list[tuple[int, int, str]]]]
) -> None:
    """Any bills on any policies and faults, one after another: the same findings at the same rows."""
    claims = listed(at_pool, told)
    with rehearsal(engine, at_pool.handler) as session:
        expected = by_verbs(session, claims, at_pool.handler)
    with unit_of_work(engine, at_pool.handler) as session:
        assert list_trial.tried(session, claims, by=at_pool.handler) == expected


def test_every_refusal_of_a_claim_is_found(engine: Engine, at_pool: Place) -> None:
    """Each in its row: a fault that has a claim, what is not covered, a cut without a reason, a cover used up."""
    good, cut = [(240_000, 2, "")], [(60_000, 2, ""), (60_000, 1, "")]
    told = [(0, 1, good), (0, 4, good), (0, 2, cut), (0, 2, good), (0, 2, good), (0, 0, good), (0, 0, good)]
    more = [
        (1, 0, [(10**15, 2, "")] * 2),
        (1, 0, [(100, 2, "")] * 201),
        (1, 0, [(5_000, 2, "")]),
        (0, 0, [(310_000, 2, "")]),
    ]
    claims = listed(at_pool, [*told, *more])
    with rehearsal(engine, at_pool.handler) as session:
        expected = by_verbs(session, claims, at_pool.handler)
    with unit_of_work(engine, at_pool.handler) as session:
        found = list_trial.tried(session, claims, by=at_pool.handler)
    assert found == expected
    assert [(row, one.code) for row, one in found] == [
        *[(2, "fault_has_claim"), (3, "lift_not_covered"), (5, "line_cut_without_reason"), (7, "fault_has_claim")],
        *[(9, "nothing_payable"), (10, "amount_too_large"), (12, "bill_too_long"), (213, "nothing_payable")],
    ]


def test_a_stranger_to_the_pool_is_refused(engine: Engine, at_pool: Place) -> None:
    """Who is no member agrees to nothing, in a list as with a single claim."""
    with unit_of_work(engine, SYSTEM) as session:
        found = list_trial.tried(session, listed(at_pool, [(0, 0, [(100_000, 2, "")])]), by=SYSTEM)
    assert [(row, one.code) for row, one in found] == [(2, "not_a_member")]


def test_a_long_list_asks_the_books_no_more_often(engine: Engine, at_pool: Place) -> None:
    """Three claims or three hundred: as many questions to the database."""
    asked: list[str] = []

    def ask(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    def questions(count: int) -> int:
        claims = listed(at_pool, [(n % 2, n % 5, [(100_000, 2, "")]) for n in range(count)])
        with unit_of_work(engine, at_pool.handler) as session:
            asked.clear()
            list_trial.tried(session, claims, by=at_pool.handler)
            return len(asked)

    event.listen(engine, "before_cursor_execute", ask)
    try:
        assert questions(3) == questions(300) <= 9
    finally:
        event.remove(engine, "before_cursor_execute", ask)
