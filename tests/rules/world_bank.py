"""The bank of the world that the matrix walks: batches of payments, a statement of the bank, a line to match."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.permits import Role
from ledger import statements
from ledger.bank_models import BankLine
from ledger.models import Statement
from tests.makers import AT, MadePool
from tests.makers_bank import line_of, prepare, release, take


def of_the_bank(session: Session, made: MadePool, rows: Sequence[Statement], pays_on: date) -> dict[str, object]:
    """Return a batch that is released, one that waits for its second person, and a statement of the bank."""
    period, found = statements.period(session, made.pool.id, "2026Q1"), {}
    for place, name, make in ((1, "released_batch_id", release), (2, "batch_id", prepare)):
        statements.answer(session, rows[place], "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
        found[name] = make(session, made, period, pays_on=pays_on).id
    lines = [line_of(100, "R-1"), line_of(-rows[1].balance_fen, "R-2", about=rows[1].number)]
    report_id = take(session, made, lines).id
    line_id = session.scalars(select(BankLine.id).where(BankLine.reference == "R-2")).one()
    # The last of them can be paid.
    statements.answer(session, rows[3], "agree", by=made.actor(Role.FINANCE_CHECKER, 3), at=AT)
    return {**found, "report_id": report_id, "line_id": line_id}
