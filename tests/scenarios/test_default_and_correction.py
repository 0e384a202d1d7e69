"""Two stories of the pool book: a follower in default, and a period closed and corrected."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import closing, handling, settlements
from claims.models import CashCall, Claim
from core.errors import Conflict, Forbidden, Invalid
from core.permits import Role
from ledger import books, entries, statements
from ledger.books import AccountRef
from ledger.models import Entry, Statement
from ledger.reasons import Line, Reason
from tests.makers import AT, MadePool, make_policy, make_pool, open_quarter
from underwriting import policies
from underwriting.models import Policy


def _approved(session: Session, made: MadePool, policy: Policy, fen: int, on: date, name: str) -> Claim:
    """Return a claim that everyone who must has agreed to, approved by a second person."""
    maker, checker = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.SIGNATORY)
    claim = handling.make(session, policy, name, fen, number=name, by=maker, at=AT)
    handling.submit(session, claim, by=maker, at=AT)
    if claim.needs == "all":
        with pytest.raises(Conflict, match="stage_refuses"):
            handling.approve(session, claim, fen, on=on, by=checker, at=AT)
        for member in range(1, len(made.members)):
            handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    with pytest.raises(Forbidden, match="second_person_needed"):
        handling.approve(session, claim, fen, on=on, by=maker, at=AT)
    handling.approve(session, claim, fen, on=on, by=checker, at=AT)
    return claim


def _agree_all(session: Session, made: MadePool, rows: list[Statement]) -> None:
    for place, row in enumerate(rows):
        statements.issue(session, row, due_on=AT.date(), by=made.actor(Role.FINANCE_CHECKER), at=AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)


def _line(session: Session, row: Statement, kind: Line) -> int:
    return sum(line.amount_fen for line in statements.lines(session, row) if line.kind is kind)


def test_a_follower_in_default(session: Session) -> None:
    """D does not pay its cash call: its shortfall stays its own, with interest, until it settles its statement."""
    made = make_pool(session)
    policy = make_policy(session, made)
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    claim = _approved(session, made, policy, 26_840_000, date(2026, 3, 13), "C3")
    with pytest.raises(Conflict, match="claim_not_called"):
        settlements.pay_from_pool(session, claim, on=date(2026, 3, 13), by=second, at=AT)

    # The lead calls for cash on 16 March; B and C pay on the 20th, and a call is received once.
    calls = settlements.issue_cash_call(session, claim, on=date(2026, 3, 16), by=desk, at=AT)
    assert [call.amount_fen for call in calls] == [6_710_000, 5_368_000, 2_684_000]
    assert {call.due_on for call in calls} == {date(2026, 3, 26)}
    for member in (1, 2):
        settlements.receive_cash_call(session, claim, made.members[member].id, on=date(2026, 3, 20), by=desk, at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        settlements.receive_cash_call(session, claim, made.members[1].id, on=date(2026, 3, 20), by=desk, at=AT)

    # The lead stands in for D, and no more than that; then the claim is paid, once.
    with pytest.raises(Conflict, match="pool_money_short"):
        settlements.pay_from_pool(session, claim, on=date(2026, 3, 23), by=second, at=AT)
    with pytest.raises(Invalid, match="funding_too_large"):
        settlements.fund_by_lead(session, claim, 14_762_001, on=date(2026, 3, 23), by=desk, at=AT)
    settlements.fund_by_lead(session, claim, 14_762_000, on=date(2026, 3, 23), by=desk, at=AT)
    settlements.pay_from_pool(session, claim, on=date(2026, 3, 23), by=second, at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        settlements.pay_from_pool(session, claim, on=date(2026, 3, 23), by=second, at=AT)

    # At the close D owes its call and 5 days of interest; B, C and the pool are not touched by it.
    rows = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    assert _line(session, rows[3], Line.UNPAID_CASH_CALL) == -2_684_000
    assert _line(session, rows[3], Line.INTEREST) == -2_206
    assert [row.balance_fen for row in rows] == [2_686_206, 0, 0, -2_686_206]
    call = session.get_one(CashCall, calls[2].id)
    assert (call.stage, call.taken_on) == ("taken", date(2026, 3, 31))

    # D pays with its statement; the call is not received a second time.
    open_quarter(session, made.pool, 2)
    with pytest.raises(Conflict, match="stage_refuses"):
        settlements.receive_cash_call(session, claim, made.members[3].id, on=date(2026, 4, 2), by=desk, at=AT)
    _agree_all(session, made, rows)
    period = statements.period(session, made.pool.id, "2026Q1")
    statements.settle_period(session, period, on=date(2026, 4, 17), by=second, at=AT)
    standing = books.balances(session, made.pool.id)
    assert {ref.code for ref in standing} == {"1110", "2305"}


def test_a_call_paid_late_bears_interest_to_the_day_it_is_paid(session: Session) -> None:
    """B pays four days late: four days of interest, to the lead."""
    made = make_pool(session)
    policy = make_policy(session, made)
    desk = made.actor(Role.FINANCE_MAKER)
    claim = _approved(session, made, policy, 26_840_000, date(2026, 3, 13), "C3")
    settlements.issue_cash_call(session, claim, on=date(2026, 3, 16), by=desk, at=AT)
    settlements.receive_cash_call(session, claim, made.members[1].id, on=date(2026, 3, 30), by=desk, at=AT)
    # 67,100.00 x 6 % x 4/365 = 44.12
    assert books.balance(session, made.pool.id, AccountRef("2210", made.members[1].id)) == 4_412


def test_a_period_closed_and_corrected(session: Session) -> None:
    """A claim of a closed quarter was wrong: its mirror and the right one stand in the next quarter's statements."""
    made = make_pool(session, (1, 1, 1))
    policy = make_policy(session, made)
    second = made.actor(Role.FINANCE_CHECKER)
    policies.receive(session, policy, on=date(2026, 3, 3), by=made.actor(Role.FINANCE_MAKER), at=AT)
    policies.remit(session, policy, on=date(2026, 3, 4), by=second, at=AT)
    wrong = _approved(session, made, policy, 10_000, date(2026, 3, 5), "C1")
    first = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    before = [row.balance_fen for row in first]
    lines_before = [statements.lines(session, row) for row in first]

    # The closed quarter takes no posting, not even a mirror; the next one does. Then the right sum is approved.
    with pytest.raises(Conflict, match="period_closed"):
        handling.take_back(session, wrong, "金额有误", on=date(2026, 3, 31), by=second, at=AT)
    open_quarter(session, made.pool, 2)
    with pytest.raises(Invalid, match="correction_needs_reason"):
        handling.take_back(session, wrong, " ", on=date(2026, 4, 2), by=second, at=AT)
    entry = entries.entry(session, made.pool.id, wrong.approved_entry_id or 0)
    handling.take_back(session, wrong, "金额有误", on=date(2026, 4, 2), by=second, at=AT)
    with pytest.raises(Conflict, match="entry_reversed"):
        entries.reverse(session, entry, on=date(2026, 4, 2), document="C1", by=second, at=AT)
    handling.revise(session, wrong, 10_001, by=second, at=AT)
    handling.approve(session, wrong, 10_001, on=date(2026, 4, 2), by=made.actor(Role.SIGNATORY), at=AT)
    settlements.pay_by_lead(session, wrong, on=date(2026, 4, 3), by=second, at=AT)
    with pytest.raises(Conflict, match="stage_refuses"):
        handling.take_back(session, wrong, "金额有误", on=date(2026, 4, 3), by=second, at=AT)
    second_rows = closing.close_period(session, made.pool.id, "2026Q2", on=date(2026, 6, 30), by=second, at=AT)

    # 100.00 in thirds gave the lead 33.34; taken back, 100.01 gives two members 33.34 in its place.
    assert [_line(session, row, Line.CLAIMS) for row in first] == [-3334, -3333, -3333]
    assert [_line(session, row, Line.CLAIMS) for row in second_rows] == [3334 - 3334, 3333 - 3334, 3333 - 3333]
    assert [row.balance_fen for row in first] == before
    assert [statements.lines(session, row) for row in first] == lines_before

    # A close itself is never taken back.
    closed = session.scalars(select(Entry).where(Entry.reason == Reason.PERIOD_CLOSED.value)).first()
    assert closed is not None
    open_quarter(session, made.pool, 3)
    with pytest.raises(Conflict, match="entry_is_final"):
        entries.reverse(session, closed, on=date(2026, 7, 1), document="Q1", by=second, at=AT)


def test_a_lift_taken_off_before_the_premium_is_paid(session: Session) -> None:
    """What is taken off an uncollected policy is struck from what is due, and passes through no current account."""
    made = make_pool(session)
    policy = make_policy(session, made)
    desk = made.actor(Role.FINANCE_MAKER)
    lift = policies.lifts_of(session, policy)[0][1]
    with pytest.raises(Invalid, match="removal_outside_term"):
        policies.remove_lift(session, policy, lift.id, policy.expires_on, on=date(2026, 3, 10), by=desk, at=AT)
    refund = policies.remove_lift(
        session, policy, lift.id, policy.expires_on - timedelta(days=320), on=date(2026, 3, 10), by=desk, at=AT
    )
    assert (refund.gross_fen, refund.stage) == (112_745, "struck")
    due = policies.due_parts(session, policy)
    assert sum(fen for _, fen in due) == 3 * 128_600 - 112_745
    policies.receive(session, policy, on=date(2026, 3, 12), by=desk, at=AT)
    policies.remit(session, policy, on=date(2026, 3, 13), by=made.actor(Role.FINANCE_CHECKER), at=AT)
    assert books.balances(session, made.pool.id) == {}


def test_premium_not_remitted_before_the_close_is_not_remitted_after_it(session: Session) -> None:
    """What the close put into the statements is paid by them: no second remittance, and no fen left in the pool."""
    made = make_pool(session)
    policy = make_policy(session, made)
    second = made.actor(Role.FINANCE_CHECKER)
    policies.receive(session, policy, on=date(2026, 3, 3), by=made.actor(Role.FINANCE_MAKER), at=AT)
    rows = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    assert sum(row.balance_fen for row in rows) == policy.gross_fen
    assert policy.stage == "taken"
    open_quarter(session, made.pool, 2)
    with pytest.raises(Conflict, match="stage_refuses"):
        policies.remit(session, policy, on=date(2026, 4, 2), by=second, at=AT)
    _agree_all(session, made, rows)
    period = statements.period(session, made.pool.id, "2026Q1")
    statements.settle_period(session, period, on=date(2026, 4, 17), by=second, at=AT)
    assert books.balances(session, made.pool.id) == {}
