"""The bank in the story: a month that is signed, a match taken back, receipts on 2310 in each of their stages."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import CITY
from core.permits import Role
from ledger import bank_matches, bank_months, bank_payments, bank_payouts, bank_receipts, bank_remittances
from ledger.bank_models import BankLine
from ledger.models import Statement
from tests import makers_bank
from tests.makers import AT, MadePool

#: An hour after the month that is signed.
_LATER = datetime(2026, 4, 20, 10, tzinfo=CITY)


def bank_lines(session: Session, made: MadePool, paid: Statement, on: date) -> None:
    """Take in two statements of the bank, match what pays a statement, hold what nobody knows, sign the first month."""
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    march = [makers_bank.line_of(5, "R-0", on=date(2026, 3, 9))]
    whole = makers_bank.camt(march, name="S-0", from_on=date(2026, 3, 1), on=date(2026, 3, 31))
    makers_bank.take_file(session, made, whole)
    lines = [
        makers_bank.line_of(fen, f"R-{number}")
        for number, fen in ((1, 100), (2, -40), (4, 700), (5, -700), (6, 300), (7, 250))
    ]
    lines.append(makers_bank.line_of(-paid.balance_fen, "R-3", about=paid.number))
    fallen = bank_remittances.prepare_premiums(session, made.pool.id, on, pays_on=on, by=desk, at=AT)
    bank_payments.reject(session, fallen, by=second, at=AT)
    batch = bank_remittances.prepare_premiums(session, made.pool.id, on, pays_on=on, by=desk, at=AT)
    bank_payments.release_batch(session, batch, by=second, at=AT)
    payment = bank_payments.lines(session, batch)[0]
    lines.append(makers_bank.line_of(-payment.amount_fen, "R-8", about=payment.reference))
    lines.append(makers_bank.line_of(payment.amount_fen, "R-9", about="退汇"))
    makers_bank.take(session, made, lines, opening_fen=5)
    ids = {row.reference: row.id for row in session.scalars(select(BankLine).where(BankLine.pool_id == made.pool.id))}
    pool = made.pool.id
    wrong = bank_matches.accept(session, pool, ids["R-3"], paid.id, by=second, at=AT).match
    bank_matches.take_back(session, wrong, "核错了行", by=second, at=AT + timedelta(hours=1))
    bank_matches.accept(session, pool, ids["R-3"], paid.id, by=second, at=AT + timedelta(hours=2))
    held = {
        number: bank_receipts.hold(session, pool, ids[f"R-{number}"], on=on, by=desk, at=_LATER) for number in (4, 6, 7)
    }
    bank_receipts.give_back(session, held[4], ids["R-5"], "汇错账号", on=on, by=second, at=_LATER)
    for number in (6, 7):
        bank_receipts.place(session, held[number], "存款利息", on=on, by=second, at=_LATER)
    bank_receipts.reopen(session, held[6], on=on, by=second, at=_LATER)
    shown = next(one for one in bank_matches.proposed(session, pool, second) if one.line.reference == "R-8")
    bank_matches.accept(session, pool, shown.line.id, shown.target.id, by=second, at=AT)
    bank_payouts.give_back(session, payment.row, ids["R-9"], "账号已销", by=second, at=_LATER)
    pays_on = _LATER.date()
    fallen = bank_payouts.prepare_again(session, pool, pays_on=pays_on, by=desk, at=_LATER)
    bank_payments.reject(session, fallen, by=second, at=_LATER)
    bank_payouts.prepare_again(session, pool, pays_on=pays_on, by=desk, at=_LATER)
    bank_months.sign(session, pool, date(2026, 3, 1), by=second, at=_LATER)
