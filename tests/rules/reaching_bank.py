"""What leads up to the routes of the bank: a line that came in, a file of it, a month that is over."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.bank_models import BankLine, BankMatch
from ledger.models import Statement
from tests.makers_bank import camt, line_of, take, take_file
from tests.rules.seats import Seat
from tests.rules.world import NOW, World


def came_in(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Have the bank show what a statement was paid by."""
    matched = select(BankMatch.statement_id).where(BankMatch.statement_id.is_not(None))
    agreed = select(Statement).where(Statement.stage == "agreed", Statement.id.not_in(matched))
    paid = session.scalars(agreed.order_by(Statement.number)).first()
    assert paid is not None
    take(session, world.pool, [line_of(-paid.balance_fen, "R-8", about=paid.number)], name="S-8")
    line_id = session.scalars(select(BankLine.id).where(BankLine.reference == "R-8")).one()
    return {"line_id": str(line_id), "statement_id": str(paid.id), "target_id": str(paid.id)}


def month_over(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Take in the bank's statement of a whole month."""
    whole = camt([], name="S-3", from_on=date(2026, 3, 1), on=date(2026, 3, 31))
    take_file(session, world.pool, whole)
    return {"month": "2026-03"}


def camt_file(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Return a file of the bank that is to be taken in."""
    return {"file": (io.BytesIO(camt([line_of(100, "R-9", on=NOW.date())], name="S-9", on=NOW.date())), "流水.xml")}
