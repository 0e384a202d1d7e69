"""Payments of statements and premiums that the bank gave back: marked by its line, paid again, once at a time."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import run_off
from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_payments, bank_payouts, bank_remittances, statements
from ledger.bank_models import BankLine, PaymentBatch, PaymentLine
from tests.makers_bank import camt, confirm_all, line_of, prepare, take_file
from tests.makers_money import Quarter, agree_all, play_quarter

#: A morning after the quarter.
MORNING = datetime(2026, 4, 9, 9, tzinfo=CITY)
DAY = MORNING.date()


def _line(session: Session, reference: str) -> BankLine:
    return next(one for one in session.query(BankLine) if one.reference == reference)


def _bank(session: Session, quarter: Quarter, name: str, *lines: tuple[int, str], on: date = DAY) -> None:
    told = [line_of(fen, f"{name}-{place}", about=about, on=on) for place, (fen, about) in enumerate(lines)]
    take_file(session, quarter.made, camt(told, name=name, on=on))


def _released(session: Session, quarter: Quarter, kind: str) -> PaymentBatch:
    """Return a released batch of the quarter that pays statements or premiums."""
    made, pool = quarter.made, quarter.made.pool.id
    if kind == "statement":
        batch = prepare(session, made, statements.period(session, pool, "2026Q1"), pays_on=DAY, at=MORNING)
    else:
        maker = made.actor(Role.FINANCE_MAKER)
        batch = bank_remittances.prepare_premiums(session, pool, DAY, pays_on=DAY, by=maker, at=MORNING)
    bank_payments.release_batch(session, batch, by=made.actor(Role.FINANCE_CHECKER), at=MORNING)
    return batch


def _shown(session: Session, quarter: Quarter, batch: PaymentBatch, reference: str) -> PaymentLine:
    """Return the first payment of a batch, matched with a line of the bank."""
    paid = bank_payments.lines(session, batch)[0]
    target = paid.statement.id if paid.statement else paid.row.id
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    line = _line(session, reference)
    bank_matches.accept(session, batch.pool_id, line.id, target, by=checker, at=MORNING)
    return paid.row


def _ready(session: Session) -> Quarter:
    quarter = play_quarter(session)
    confirm_all(session, quarter.made)
    agree_all(session, quarter)
    return quarter


def _open(session: Session, quarter: Quarter, kind: str) -> int:
    """Return how many of a kind keep the pool from being closed for good."""
    found = run_off.still_open(session, quarter.made.pool, DAY)
    return next((one.count for one in found if one.kind == kind), 0)


@pytest.mark.parametrize("kind", ["statement", "premium"])
def test_what_came_back_is_marked_and_paid_again(session: Session, kind: str) -> None:
    """By the line that brought it, by another person; then once in a batch, and come back again, once more."""
    quarter = _ready(session)
    pool, checker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
    maker = quarter.made.actor(Role.FINANCE_MAKER)
    batch = _released(session, quarter, kind)
    first = bank_payments.lines(session, batch)[0]
    fen = first.amount_fen
    _bank(session, quarter, "A", (-fen, first.reference), (fen, "退汇"), (fen + 1, "退汇"))
    with pytest.raises(Conflict, match="payment_not_shown"):
        bank_payouts.give_back(session, first.row, _line(session, "A-1").id, "账号已销", by=checker, at=MORNING)
    payment = _shown(session, quarter, batch, "A-0")
    preparer = quarter.made.actor(Role.FINANCE_CHECKER, person=batch.prepared_by)
    with pytest.raises(Forbidden, match="second_person_needed"):
        bank_payouts.give_back(session, payment, _line(session, "A-1").id, "账号已销", by=preparer, at=MORNING)
    with pytest.raises(Invalid, match="payment_return_line_wrong"):
        bank_payouts.give_back(session, payment, _line(session, "A-2").id, "账号已销", by=checker, at=MORNING)
    with pytest.raises(Conflict, match="nothing_to_pay_in_batch"):
        bank_payouts.prepare_again(session, pool, pays_on=DAY, by=maker, at=MORNING)
    bank_payouts.give_back(session, payment, _line(session, "A-1").id, "账号已销", by=checker, at=MORNING)
    with pytest.raises(Conflict, match="payment_came_back"):
        bank_payouts.give_back(session, payment, _line(session, "A-1").id, "账号已销", by=checker, at=MORNING)
    match = next(bank_matches.matched_of(row) for row in session.execute(bank_matches.standing(pool)))
    with pytest.raises(Conflict, match="payment_came_back"):
        bank_matches.take_back(session, match.match, "核错", by=checker, at=MORNING)
    number = first.reference
    for name in ("B", "C"):
        due = bank_payouts.to_pay_again(session, pool)
        assert _open(session, quarter, "returned_payment") == 1
        assert [(one.number, one.amount_fen, one.owner_id) for one in due] == [
            (number, fen, first.account.organisation_id)
        ]
        fallen = bank_payouts.prepare_again(session, pool, pays_on=DAY, by=maker, at=MORNING)
        assert bank_payouts.to_pay_again(session, pool) == []
        assert [_open(session, quarter, one) for one in ("returned_payment", "payment_batch")] == [0, 1]
        bank_payments.reject(session, fallen, by=checker, at=MORNING)
        anew = bank_payouts.prepare_again(session, pool, pays_on=DAY, by=maker, at=MORNING)
        bank_payments.release_batch(session, anew, by=checker, at=MORNING)
        assert (anew.kind, anew.items, anew.total_fen) == ("again", 1, fen)
        file = bank_payments.file(session, anew, "pain001").content.decode()
        assert f"退回后再付 {number} {anew.number}-01" in file
        number = f"{anew.number}-01"
        _bank(session, quarter, name, (-fen, number), (fen, "退汇"))
        payment = _shown(session, quarter, anew, f"{name}-0")
        assert bank_payments.lines(session, anew)[0].shown_on == DAY and bank_payouts.to_pay_again(session, pool) == []
        bank_payouts.give_back(session, payment, _line(session, f"{name}-1").id, "账号已销", by=checker, at=MORNING)


def test_the_database_pays_again_only_what_came_back(engine: Engine) -> None:
    """Where the verbs are left out: not what did not come back, not in a batch of another kind, not twice."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = _ready(session)
        batch = _released(session, quarter, "premium")
        first = bank_payments.lines(session, batch)[0]
        _bank(session, quarter, "A", (-first.amount_fen, first.reference), (first.amount_fen, "退汇"))
        payment = _shown(session, quarter, batch, "A-0")
        checker = quarter.made.actor(Role.FINANCE_CHECKER)
        bank_payouts.give_back(session, payment, _line(session, "A-1").id, "账号已销", by=checker, at=MORNING)
        maker = quarter.made.actor(Role.FINANCE_MAKER)
        bank_payouts.prepare_again(session, quarter.made.pool.id, pays_on=DAY, by=maker, at=MORNING)
    columns = "batch_id, position, id, batch_stage, pool_id, document, again_id, account_id, amount_fen"
    add = f"INSERT INTO payment_line ({columns}) SELECT b.id, 9, gen_random_uuid(), b.stage, l.pool_id, 'x', "
    rest = " FROM payment_line l, payment_batch b WHERE b.stage = 'prepared' AND l.batch_stage = 'released' AND "
    for said, values, which in (
        ("pays what its batch is of", "l.id, l.account_id, l.amount_fen", "l.return_line_id IS NULL LIMIT 1"),
        ("pays what its batch is of", "l.id, l.account_id, l.amount_fen + 1", "l.return_line_id IS NOT NULL"),
        ("pays what its batch is of", "NULL, l.account_id, l.amount_fen", "l.return_line_id IS NOT NULL"),
        ("ux_payment_line_again", "l.id, l.account_id, l.amount_fen", "l.return_line_id IS NOT NULL"),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(add + values + rest + which))
