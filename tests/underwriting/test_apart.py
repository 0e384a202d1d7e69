"""What an agreement has settled on its own: taken out of the statements at the close, paid by itself, nothing lost."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import payouts
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.parties import Organisation
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_payments, bank_payouts, books, statements
from ledger.books import AccountRef
from ledger.clause_models import ApartItem
from ledger.reasons import Line
from tests.depth import DEPTH
from tests.makers import MadePool, make_pool, open_quarter
from tests.makers_bank import camt, confirm_all, details, line_of, take_file
from tests.makers_money import CLOSED_AT, Quarter, agree_all, play_quarter
from underwriting import apart, late_interest, pools
from underwriting.terms import APART, Clauses

APRIL = date(2026, 4, 20)
LATER = datetime(2026, 4, 20, 4, 0, tzinfo=UTC)


def _quarter(session: Session, *kinds: str, name: str = "示例共保体") -> Quarter:
    return play_quarter(session, clauses=Clauses(kinds), name=name)


def _line(session: Session, quarter: Quarter, member: int, kind: Line) -> int:
    found = {line.kind: line.amount_fen for line in statements.lines(session, quarter.of(member))}
    return found.get(kind, 0)


def test_without_the_clause_everything_is_netted_as_before(session: Session) -> None:
    """The oracle's quarter: no items, the balances of the oracle."""
    quarter = play_quarter(session)
    assert apart.listed(session, quarter.made.pool.id, SYSTEM) == []
    assert [one.balance_fen for one in quarter.statements] == [2_496_008, 86_454, 69_162, -2_651_624]


def test_claims_and_fees_are_paid_on_their_own(session: Session) -> None:
    """B owes 4,257.62 for claims and 2,429.31 for the fee by themselves; its statement nets the rest: 7,551.47."""
    quarter = _quarter(session, "claims", "lead_fee_and_vat")
    pool, second = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
    items = {(one.organisation_id, one.line): one.amount_fen for one in apart.listed(session, pool, SYSTEM)}
    b = quarter.made.members[1].id
    assert len(items) == 6 and (items[b, "claims"], items[b, "lead_fee_and_vat"]) == (-425_762, -242_931)
    assert quarter.of(1).balance_fen == 86_454 + 425_762 + 242_931
    assert quarter.of(0).balance_fen == 2_496_008, "the lead's own lines stay on its statement"
    assert _line(session, quarter, 1, Line.SETTLED_APART) == 425_762 + 242_931
    standing = books.balances(session, pool)
    assert standing[AccountRef("1220", b)] == 425_762 + 242_931
    open_quarter(session, quarter.made.pool, 2)
    agree_all(session, quarter)
    late_interest.settle_period(session, quarter.made.period, on=APRIL, by=second, at=LATER)
    for item in apart.listed(session, pool, SYSTEM):
        apart.pay(session, item, on=item.due_on, by=second, at=LATER)
    left = books.balances(session, pool)
    assert AccountRef("1010") not in left and not [ref for ref in left if ref.code in ("1220", "2220")]


def test_an_item_paid_late_bears_interest_and_is_paid_once(session: Session) -> None:
    """B's claims of 4,257.62, ten days late at 6 %: 7.00, owed to the lead; only the lead's checker books it."""
    quarter = _quarter(session, "claims")
    pool, second = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
    open_quarter(session, quarter.made.pool, 2)
    b = quarter.made.members[1].id
    (item,) = [one for one in apart.listed(session, pool, SYSTEM) if one.organisation_id == b]
    on = item.due_on + timedelta(days=10)
    with pytest.raises(Forbidden, match="lead_only"):
        apart.pay(session, item, on=on, by=quarter.made.actor(Role.FINANCE_CHECKER, 1), at=LATER)
    with pytest.raises(Forbidden, match="role_may_not"):
        apart.pay(session, item, on=on, by=quarter.made.actor(Role.FINANCE_MAKER), at=LATER)
    with pytest.raises(Conflict, match="period_closed"):
        apart.pay(session, item, on=date(2026, 3, 30), by=second, at=LATER)
    apart.pay(session, item, on=on, by=second, at=LATER)
    assert books.balances(session, pool)[AccountRef("2210", b)] == 700
    with pytest.raises(Conflict, match="stage_refuses"):
        apart.pay(session, item, on=on, by=second, at=LATER)
    other = quarter.made.actor(Role.FINANCE_MAKER, 2)
    with pytest.raises(NotFound, match="netting_item_not_found"):
        apart.get(session, item.id, other, pool_id=pool)


def test_kinds_that_no_agreement_has_are_refused_and_a_new_version_changes_them(session: Session) -> None:
    """Only lines of a statement; from the day of a new version on, for the periods that end under it."""
    with pytest.raises(Invalid, match="netting_kind_unknown"):
        Clauses(("paid_by_lead",))
    made = make_pool(session)
    pools.amend(session, made.pool, date(2026, 4, 1), date(2027, 1, 1), Clauses(("claims",), True), by=SYSTEM, at=LATER)
    first, second = pools.agreements(session, made.pool.id)
    assert pools.clauses_of(session, first) == Clauses() and pools.clauses_of(session, second) == Clauses(
        ("claims",), True
    )
    assert pools.shares_of(session, second).weights == pools.shares_of(session, first).weights


@settings(max_examples=3 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.sets(st.sampled_from(APART)))
def test_whatever_is_settled_on_its_own_nothing_is_lost(engine: Engine, kinds: set[str]) -> None:
    """Of any kinds: statement and items together are the netted balance of the oracle, member by member."""
    with unit_of_work(engine, SYSTEM) as session:
        # Examples follow one another in one database, the same kinds too.
        quarter = _quarter(session, *kinds, name=f"任意共保体 {uuid.uuid4()}")
        items = apart.listed(session, quarter.made.pool.id, SYSTEM)
        assert {one.line for one in items} <= kinds
        for place, netted in enumerate((2_496_008, 86_454, 69_162, -2_651_624)):
            own = [one.amount_fen for one in items if one.organisation_id == quarter.made.members[place].id]
            assert quarter.of(place).balance_fen + sum(own) == netted
        assert all(one.taken_at == CLOSED_AT for one in items)


def test_what_the_pool_owes_on_its_own_is_paid_by_a_batch(session: Session) -> None:
    """Each item to its member, once; booked as paid once the bank shows it; money that came back before frees it.

    Once it is booked, what shows it stands.
    """
    quarter = _quarter(session, "recoveries")
    made, pool = quarter.made, quarter.made.pool.id
    confirm_all(session, made)
    open_quarter(session, made.pool, 2)
    maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    batch = apart.prepare_items(session, pool, pays_on=APRIL, by=maker, at=LATER)
    assert (batch.kind, batch.items, batch.total_fen) == ("apart", 3, 858_333 + 686_667 + 343_333)
    with pytest.raises(Conflict, match="nothing_to_pay_in_batch"):
        apart.prepare_items(session, pool, pays_on=APRIL, by=maker, at=LATER)
    payment = bank_payouts.payment(session, batch, 1)
    item = apart.get(session, payment.subject_id or payment.id, SYSTEM, pool_id=pool)
    with pytest.raises(Conflict, match="subject_in_batch"):
        apart.pay(session, item, on=APRIL, by=checker, at=LATER)
    payouts.release_batch(session, batch, by=checker, at=LATER)
    told = f"{batch.number}-01"
    lines = [line_of(-payment.amount_fen, "R-1", about=told, on=APRIL)]
    lines += [line_of(payment.amount_fen, "R-2", on=APRIL), line_of(payment.amount_fen, "R-3", on=APRIL)]
    take_file(session, made, camt(lines, on=APRIL))
    ids = {one.line.reference: one.line.id for one in bank_matches.proposed(session, pool, checker)}
    assert list(ids) == ["R-1"]
    payouts.match(session, pool, ids["R-1"], payment.id, by=checker, at=LATER)
    back = {one.reference: one.id for one in bank_payouts.returns_of(session, payment)}
    payouts.give_back(session, payment, back["R-2"], "账号有误", by=checker, at=LATER)
    again = apart.prepare_items(session, pool, pays_on=APRIL, by=maker, at=LATER)
    assert [one.row.subject_id for one in bank_payments.lines(session, again)] == [item.id]
    payouts.release_batch(session, again, by=checker, at=LATER)
    anew = bank_payouts.payment(session, again, 1)
    more = [line_of(-anew.amount_fen, "R-4", about=f"{again.number}-01", on=APRIL)]
    take_file(session, made, camt(more, on=APRIL, name="S-2"))
    (found,) = bank_matches.proposed(session, pool, checker)
    match = payouts.match(session, pool, found.line.id, anew.id, by=checker, at=LATER).match
    apart.pay(session, item, on=APRIL, by=checker, at=LATER)
    with pytest.raises(Conflict, match="item_is_booked"), session.begin_nested():
        payouts.take_back(session, match, "核错", by=checker, at=LATER)
    with pytest.raises(Conflict, match="item_is_booked"), session.begin_nested():
        payouts.give_back(session, anew, back["R-3"], "账号有误", by=checker, at=LATER)
    for verb in (
        lambda: bank_matches.take_back(session, match, "核错", by=checker, at=LATER),
        lambda: bank_payouts.give_back(session, anew, back["R-3"], "账号有误", by=checker, at=LATER),
    ):
        # Where the room's own verb is left out the database refuses it.
        with pytest.raises(DBAPIError, match="booked as paid"), session.begin_nested():
            verb()


def test_what_a_member_owes_on_its_own_is_matched_with_the_bank(session: Session) -> None:
    """By its number or by sum and account, each once; the difference is told; the lead books it as before."""
    quarter = _quarter(session, "claims")
    made, pool = quarter.made, quarter.made.pool.id
    confirm_all(session, made)
    checker = made.actor(Role.FINANCE_CHECKER)
    first, other, _ = apart.listed(session, pool, SYSTEM)
    lines = [
        line_of(-first.amount_fen - 1, "R-1", about=first.number),
        line_of(-other.amount_fen, "R-2", number=details(made.members.index(_of(made, other))).number),
        line_of(first.amount_fen, "R-3", about=first.number),
    ]
    take_file(session, made, camt(lines))
    found = {one.line.reference: one for one in bank_matches.proposed(session, pool, checker)}
    assert {name: one.target.number for name, one in found.items()} == {"R-1": first.number, "R-2": other.number}
    match = payouts.match(session, pool, found["R-1"].line.id, first.id, by=checker, at=LATER)
    assert (match.target.kind, match.match.apart_id, match.match.difference_fen) == ("apart", first.id, -1)
    assert first.stage == "open"
    with pytest.raises(Conflict, match="statement_matched"):
        payouts.match(session, pool, found["R-2"].line.id, first.id, by=checker, at=LATER)
    assert bank_matches.get(session, match.match.id, checker, pool_id=pool).target.number == first.number
    payouts.take_back(session, match.match, "核错", by=checker, at=LATER)
    assert len(bank_matches.proposed(session, pool, checker)) == 2


def _of(made: MadePool, item: ApartItem) -> Organisation:
    return next(one for one in made.members if one.id == item.organisation_id)
