"""What leads up to the routes of the bank: a line that came in, money that it gave back, a month that is over."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import payouts
from core.permits import Role
from ledger import bank_matches
from ledger.bank_models import BankLine, PaymentLine
from ledger.models import Statement
from tests.makers_bank import camt, line_of, take, take_file
from tests.rules.seats import Seat
from tests.rules.world import NOW, World


def came_in(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Have the bank show what a statement was paid by."""
    paid = session.scalars(select(Statement).where(Statement.stage == "agreed").order_by(Statement.number)).first()
    assert paid is not None
    take(session, world.pool, [line_of(-paid.balance_fen, "R-8", about=paid.number)], name="S-8")
    line_id = session.scalars(select(BankLine.id).where(BankLine.reference == "R-8")).one()
    return {"line_id": str(line_id), "statement_id": str(paid.id), "target_id": str(paid.id)}


def to_pay_again(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Have the bank pay a statement of the released batch and give the money back, and say so."""
    told, desk = came_in(session, world, seat), world.pool.actor(Role.FINANCE_CHECKER)
    payment = session.scalars(select(PaymentLine).where(PaymentLine.batch_id == world.ids["released_batch_id"])).one()
    assert str(payment.statement_id) == told["statement_id"]
    line_id, statement_id = uuid.UUID(told["line_id"]), payment.statement_id
    bank_matches.accept(session, payment.pool_id, line_id, statement_id, by=desk, at=NOW)
    take(session, world.pool, [line_of(payment.amount_fen, "R-90", about="退汇")], name="S-90")
    back = session.scalars(select(BankLine.id).where(BankLine.reference == "R-90")).one()
    payouts.give_back(session, payment, back, "账号已销", by=desk, at=NOW)
    return {"pays_on": "2026-04-09"}


def month_over(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Take in the bank's statement of a whole month."""
    whole = camt([], name="S-3", from_on=date(2026, 3, 1), on=date(2026, 3, 31))
    take_file(session, world.pool, whole)
    return {"month": "2026-03"}


def camt_file(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Return a file of the bank that is to be taken in."""
    return {"file": (io.BytesIO(camt([line_of(100, "R-9", on=NOW.date())], name="S-9", on=NOW.date())), "流水.xml")}
