"""A member in default: its shortfall is borne by the others by their weights, and returned once it has paid."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import closing, handling
from core.errors import Conflict, Forbidden, Invalid
from core.permits import Actor, Role
from ledger import books, statements
from ledger.apportion import Weights, apportion
from ledger.books import AccountRef
from ledger.models import Period, Statement
from ledger.reasons import Line
from tests.makers import MadePool, make_organisation, make_policy, make_pool, open_quarter
from tests.makers_money import CLOSED_AT, Quarter, agree_all, play_quarter
from underwriting import late_interest, step_up
from underwriting.terms import Clauses

#: The statements of the quarter are due on 31 March; D owes 26,516.24.
OWED = 2_651_624
PARTS = (1_325_812, 736_562, 589_250, 0)
ON, CURED = date(2026, 4, 7), date(2026, 4, 30)
AT = datetime(2026, 4, 30, 4, 0, tzinfo=UTC)


def _quarter(session: Session) -> Quarter:
    quarter = play_quarter(session, clauses=Clauses(is_step_up=True))
    open_quarter(session, quarter.made.pool, 2)
    return quarter


def _close(session: Session, quarter: Quarter) -> list[int]:
    second, pool = quarter.made.actor(Role.FINANCE_CHECKER), quarter.made.pool
    made = closing.close_period(session, pool.id, "2026Q2", on=date(2026, 6, 30), by=second, at=AT)
    open_quarter(session, pool, 3)
    return [sum(x.amount_fen for x in statements.lines(session, one) if x.kind is Line.STEP_UP) for one in made]


def test_a_shortfall_is_split_among_the_others_and_returned_when_it_is_cured(session: Session) -> None:
    """26,516.24 over 45:25:20: 13,258.12, 7,365.62, 5,892.50; the others settle; cured, everything is at nothing."""
    quarter = _quarter(session)
    made, pool = quarter.made, quarter.made.pool.id
    second, d = made.actor(Role.FINANCE_CHECKER), made.members[3].id
    agree_all(session, quarter)
    row = step_up.declare_default(session, quarter.of(3), "催收后仍未付款", on=ON, by=second, at=AT)
    assert tuple(row.parts_fen) == PARTS and row.amount_fen == OWED
    standing = books.balances(session, pool)
    assert [standing[AccountRef("2210", one.id)] for one in made.members[:3]] == list(PARTS[:3])
    assert standing[AccountRef("1220", d)] == OWED
    # The others settle without D; what it owes is lacking in pool money until the others' parts come in.
    late_interest.settle_period(session, made.period, on=ON, by=second, at=AT)
    assert [one.stage for one in quarter.statements] == ["settled"] * 3 + ["agreed"]
    assert books.balances(session, pool)[AccountRef("1010")] == -OWED
    step_up.cure_default(session, row, on=CURED, by=second, at=AT)
    assert (row.stage, quarter.of(3).stage) == ("cured", "settled")
    # Thirty days at 6 %: 130.77 of late interest, to those who were owed in D's quarter.
    left = books.balances(session, pool)
    assert left[AccountRef("2210", d)] == 13_077
    assert not [ref for ref in left if ref.code in ("1010", "1220", "2220")]
    assert _close(session, quarter) == [0, 0, 0, 0]


def test_the_others_statements_say_what_they_stepped_up_for(session: Session) -> None:
    """A quarter later D has not paid: each statement has its part on a line of its own; cured, it comes back."""
    quarter = _quarter(session)
    second = quarter.made.actor(Role.FINANCE_CHECKER)
    agree_all(session, quarter)
    row = step_up.declare_default(session, quarter.of(3), "停业", on=ON, by=second, at=AT)
    assert _close(session, quarter) == [-fen for fen in PARTS]
    step_up.cure_default(session, row, on=date(2026, 7, 3), by=second, at=AT)
    closing.close_period(session, quarter.made.pool.id, "2026Q3", on=date(2026, 9, 30), by=second, at=AT)
    period = statements.period(session, quarter.made.pool.id, "2026Q3")
    back = [
        sum(x.amount_fen for x in statements.lines(session, one) if x.kind is Line.STEP_UP)
        for one in statements.of_period(session, period)
    ]
    assert back == list(PARTS)


def test_a_default_is_refused_where_it_may_not_be(session: Session) -> None:
    """Without the clause, before the due day, without a reason, on a credit, twice, by another: nothing is booked."""
    quarter = _quarter(session)
    made, pool = quarter.made, quarter.made.pool.id
    second, statement = made.actor(Role.FINANCE_CHECKER), quarter.of(3)

    def refused(code: str, reason: str = "逾期", on: date = ON, by=second, of=statement) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises((Conflict, Invalid, Forbidden), match=code):
            step_up.declare_default(session, of, reason, on=on, by=by, at=AT)

    before = books.balances(session, pool)
    refused("step_up_not_overdue", on=date(2026, 4, 1), of=_due_later(session, statement))
    statement.due_on = CLOSED_AT.date()
    refused("step_up_needs_reason", reason="  ")
    refused("step_up_reason_too_long", reason="久" * 501)
    refused("step_up_nothing_owed", of=quarter.of(1))
    refused("lead_only", by=made.actor(Role.FINANCE_CHECKER, 3))
    refused("role_may_not", by=made.actor(Role.FINANCE_MAKER))
    refused("period_not_opened", on=date(2026, 7, 1))
    statements.answer(session, statement, "query", by=made.actor(Role.FINANCE_CHECKER, 3), at=AT, words="为何")
    refused("step_up_statement_open")
    assert books.balances(session, pool) == before
    statements.reply(session, statement, "见明细", by=second, at=AT)
    row = step_up.declare_default(session, statement, "逾期", on=ON, by=second, at=AT)
    refused("step_up_declared")
    assert not step_up.may_declare(session, statement, ON)
    with pytest.raises(Conflict, match="stage_refuses"):
        step_up.cure_default(session, row, on=CURED, by=second, at=AT)
    with pytest.raises(Invalid, match="day_before_step"):
        step_up.cure_default(session, row, on=date(2026, 4, 2), by=second, at=AT)
    with pytest.raises(Conflict, match="step_up_not_declared"):
        step_up.required(session, quarter.of(2))
    plain = play_quarter(session, name="无条款共保体")
    open_quarter(session, plain.made.pool, 2)
    refused("step_up_not_agreed", by=plain.made.actor(Role.FINANCE_CHECKER), of=plain.of(3))


#: What each of the three others bears of the lead's share, 1,350.00 of a claim of 3,000.00, over 25:20:10.
OF_LEAD = (0, 61_364, 49_091, 24_545)


def _lead_owes(session: Session) -> tuple[MadePool, list[Statement]]:
    """Return a pool whose quarter is closed with one claim approved and not paid: every member owes, all agree."""
    made = make_pool(session, clauses=Clauses(is_step_up=True))
    policy = make_policy(session, made, number="LD-1")
    maker, second = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.FINANCE_CHECKER)
    claim = handling.make(session, policy, "门机", 300_000, number="LD-C-1", by=maker, at=CLOSED_AT)
    handling.submit(session, claim, by=maker, at=CLOSED_AT)
    handling.approve(session, claim, 300_000, on=date(2026, 3, 6), by=made.actor(Role.SIGNATORY), at=CLOSED_AT)
    found = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=CLOSED_AT)
    for place, row in enumerate(found):
        statements.issue(session, row, due_on=CLOSED_AT.date(), by=second, at=CLOSED_AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=CLOSED_AT)
    open_quarter(session, made.pool, 2)
    return made, found


def test_a_lead_in_default_is_declared_and_cured_by_the_bureau(session: Session) -> None:
    """The lead may neither declare itself nor book its own payment; the others bear its share and get it back."""
    made, found = _lead_owes(session)
    lead, pool = made.actor(Role.FINANCE_CHECKER), made.pool.id
    bureau = Actor(uuid.uuid4(), make_organisation(session, "示例局", "bureau").id, Role.SUPERVISOR, "bureau")
    assert not step_up.is_default_desk(session, found[0], lead) and step_up.is_default_desk(session, found[0], bureau)
    with pytest.raises(Forbidden, match="default_of_lead_by_bureau"):
        step_up.declare_default(session, found[0], "逾期", on=ON, by=lead, at=AT)
    row = step_up.declare_default(session, found[0], "首席逾期未付", on=ON, by=bureau, at=AT)
    assert (row.amount_fen, tuple(row.parts_fen), row.declared_by) == (135_000, OF_LEAD, bureau.person_id)
    assert books.balances(session, pool)[AccountRef("1220", made.members[0].id)] == 135_000
    late_interest.settle_period(session, made.period, on=ON, by=lead, at=AT)
    assert [one.stage for one in found] == ["agreed"] + ["settled"] * 3
    with pytest.raises(Forbidden, match="default_of_lead_by_bureau"):
        step_up.cure_default(session, row, on=CURED, by=lead, at=AT)
    step_up.cure_default(session, row, on=CURED, by=bureau, at=AT)
    assert (row.stage, row.cured_by, found[0].stage) == ("cured", bureau.person_id, "settled")
    left = books.balances(session, pool)
    assert not [ref for ref in left if ref.code in ("1220", "2220")]
    # All four shares have come in; the claim is still to be paid out of them.
    assert (left[AccountRef("1010")], left[AccountRef("2110")]) == (300_000, -300_000)


def test_the_bureau_declares_a_follower_too_and_nobody_else_does(session: Session) -> None:
    """The supervisor may for every member, and either desk cures it; the bureau's finance and approver may not."""
    made, found = _lead_owes(session)
    bureau = make_organisation(session, "示例局", "bureau").id
    for role in (Role.BUREAU_FINANCE, Role.APPROVER, Role.OFFICER):
        with pytest.raises(Forbidden, match="role_may_not"):
            step_up.declare_default(
                session, found[1], "逾期", on=ON, by=Actor(uuid.uuid4(), bureau, role, "bureau"), at=AT
            )
    by = Actor(uuid.uuid4(), bureau, Role.SUPERVISOR, "bureau")
    row = step_up.declare_default(session, found[1], "逾期", on=ON, by=by, at=AT)
    step_up.cure_default(session, row, on=CURED, by=made.actor(Role.FINANCE_CHECKER), at=AT)
    assert row.stage == "cured"


def _due_later(session: Session, statement):  # type: ignore[no-untyped-def]
    statement.due_on = date(2026, 4, 1)
    session.flush()
    return statement


def test_the_database_takes_no_default_of_another_amount_and_changes_none(session: Session) -> None:
    """A row of another amount, or before the due day, is refused by the database; a declared one stands."""
    quarter = _quarter(session)
    second = quarter.made.actor(Role.FINANCE_CHECKER)
    row = step_up.declare_default(session, quarter.of(3), "逾期", on=ON, by=second, at=AT)
    session.flush()
    for change in ({"reason": "别的"}, {"amount_fen": 1}):
        with pytest.raises(DBAPIError), session.begin_nested():
            for name, value in change.items():
                setattr(row, name, value)
            session.flush()
        session.expire(row)
    assert row.reason == "逾期"


def test_a_period_settles_once_however_its_members_pay(session: Session) -> None:
    """D cures before the others settle: they settle after, without it, and there is nothing to settle again."""
    quarter = _quarter(session)
    made, second = quarter.made, quarter.made.actor(Role.FINANCE_CHECKER)
    agree_all(session, quarter)
    row = step_up.declare_default(session, quarter.of(3), "逾期", on=ON, by=second, at=AT)
    step_up.cure_default(session, row, on=ON, by=second, at=AT)
    period = session.scalars(select(Period).where(Period.id == made.period.id)).one()
    late_interest.settle_period(session, period, on=ON, by=second, at=AT)
    assert {one.stage for one in quarter.statements} == {"settled"}
    with pytest.raises(Conflict, match="stage_refuses"):
        late_interest.settle_period(session, period, on=ON, by=second, at=AT)
    left = books.balances(session, made.pool.id)
    assert not [ref for ref in left if ref.code in ("1010", "1220", "2220")]


@given(
    weights=st.lists(st.integers(1, 10_000), min_size=3, max_size=6),
    amounts=st.lists(st.integers(1, 10**12), min_size=1, max_size=30),
    data=st.data(),
)
def test_shortfalls_in_a_stream_of_their_own_sum_drift_little_and_cure_to_nothing(
    weights: list[int], amounts: list[int], data: st.DataObject
) -> None:
    """Parts add up to each shortfall, none for the defaulter, drift under 2 fen; all cured, no carry is left."""
    place = data.draw(st.integers(0, len(weights) - 1))
    others = Weights.of(*(0 if at == place else weight for at, weight in enumerate(weights)))
    carry, totals, effects = (0,) * len(weights), [0] * len(weights), []
    for amount in amounts:
        split = apportion(amount, others, carry)
        assert sum(split.parts_fen) == amount and split.parts_fen[place] == 0 and min(split.parts_fen) >= 0
        effects.append([after - before for after, before in zip(split.carry_after, carry, strict=True)])
        totals = [total + part for total, part in zip(totals, split.parts_fen, strict=True)]
        carry = split.carry_after
    whole = sum(amounts)
    for total, weight in zip(totals, others.weights, strict=True):
        assert abs(total * others.whole - whole * weight) < 2 * others.whole
    # Undone one by one in any order, as cures are.
    for effect in data.draw(st.permutations(effects)):
        carry = tuple(now - one for now, one in zip(carry, effect, strict=True))
    assert set(carry) == {0}


def test_the_carry_of_a_step_up_is_its_members_and_is_undone(session: Session) -> None:
    """The carry of a step-up stands for the next one of the same member alone; cured, it is undone."""
    quarter = _quarter(session)
    second, pool = quarter.made.actor(Role.FINANCE_CHECKER), quarter.made.pool.id
    row = step_up.declare_default(session, quarter.of(3), "逾期", on=ON, by=second, at=AT)
    d = quarter.made.members[3].id
    assert step_up.carry_of(session, pool, 1, d, 4) == tuple(row.carry_after)
    assert step_up.carry_of(session, pool, 1, quarter.made.members[2].id, 4) == (0, 0, 0, 0)
    agree = quarter.made.actor(Role.FINANCE_CHECKER, 3)
    statements.answer(session, quarter.of(3), "agree", by=agree, at=AT)
    step_up.cure_default(session, row, on=ON, by=second, at=AT)
    assert step_up.carry_of(session, pool, 1, d, 4) == (0, 0, 0, 0)
    assert step_up.listed(session, pool) == [row]
