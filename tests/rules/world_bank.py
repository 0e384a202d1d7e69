"""The bank of the world that the matrix walks: batches of payments, a statement of the bank, a line to match."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.permits import Role
from ledger import bank_matches, bank_payouts, bank_receipts, statements
from ledger.bank_models import BankLine, PaymentLine
from ledger.models import Statement
from tests.makers import AT, MadePool
from tests.makers_bank import camt, line_of, prepare, release, take_file


def of_the_bank(session: Session, made: MadePool, rows: Sequence[Statement], pays_on: date) -> dict[str, object]:
    """Return a batch that is released, one that waits for its second person, and a statement of the bank."""
    period, found = statements.period(session, made.pool.id, "2026Q1"), {}
    for place, name, make in ((1, "released_batch_id", release), (2, "batch_id", prepare)):
        statements.answer(session, rows[place], "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
        found[name] = make(session, made, period, pays_on=pays_on).id
    day = pays_on - timedelta(days=1)
    lines = [
        line_of(100, "R-1", on=day),
        line_of(-rows[1].balance_fen, "R-2", about=rows[1].number, on=day),
        line_of(-rows[2].balance_fen, "R-3", about=rows[2].number, on=day),
        line_of(700, "R-4", on=day),
        line_of(-700, "R-5", on=day),
        line_of(-rows[3].balance_fen, "R-7", about=rows[3].number, on=day),
        line_of(rows[1].balance_fen, "R-10", about="退汇", on=day),
    ]
    report_id = take_file(session, made, camt(lines, on=day)).id
    ids = {row.reference: row.id for row in session.scalars(select(BankLine))}
    desk = made.actor(Role.FINANCE_MAKER)
    match = bank_matches.accept(session, made.pool.id, ids["R-3"], rows[2].id, by=desk, at=AT).match
    # What the released batch has paid came back, and is to be paid again.
    bank_matches.accept(session, made.pool.id, ids["R-2"], rows[1].id, by=desk, at=AT)
    payment = session.scalars(select(PaymentLine).where(PaymentLine.batch_id == found["released_batch_id"])).one()
    second = made.actor(Role.FINANCE_CHECKER)
    bank_payouts.give_back(session, payment, ids["R-10"], "账号已销", by=second, at=AT)
    held = bank_receipts.hold(session, made.pool.id, ids["R-4"], on=day, by=desk, at=AT)
    found |= {"match_id": match.id, "receipt_id": held.id, "line_id": ids["R-1"], "return_line_id": ids["R-5"]}
    # The last of them can be paid.
    statements.answer(session, rows[3], "agree", by=made.actor(Role.FINANCE_CHECKER, 3), at=AT)
    return {**found, "report_id": report_id}
