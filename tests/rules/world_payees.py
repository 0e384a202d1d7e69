"""The payees of the world that the matrix walks: one with an account, a claim paid to it that the bank shows."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import payouts
from claims.models import Claim
from core.permits import Role
from ledger import bank_payouts
from ledger.bank_models import BankLine
from tests.makers import MadePool
from tests.makers_bank import camt, line_of, payee_of, take_file


def of_the_payees(session: Session, made: MadePool, claim: Claim, waits: Claim, at: datetime) -> dict[str, object]:
    """Return a payee, the batch that paid it as the bank shows, and the line that brought the money back.

    Another claim is to be paid to it and is in no batch.
    """
    payee = payee_of(session, made, claim, at=at)
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    batch = payouts.prepare_claims(session, made.pool.id, pays_on=at.date(), by=desk, at=at)
    payouts.release_batch(session, batch, by=second, at=at)
    payment = bank_payouts.payment(session, batch, 1)
    lines = [
        line_of(-payment.amount_fen, "R-61", about=f"{batch.number}-01", on=at.date()),
        line_of(payment.amount_fen, "R-62", about="退汇", on=at.date()),
    ]
    take_file(session, made, camt(lines, name="S-6", on=at.date()))
    payouts.match(session, made.pool.id, _line(session, "R-61"), payment.id, by=second, at=at)
    payouts.name_payee(session, waits, payee, by=made.actor(Role.CLAIMS_HANDLER), at=at)
    return {"payee_id": payee.id, "claim_batch_id": batch.id, "come_back_line_id": _line(session, "R-62")}


def _line(session: Session, reference: str) -> uuid.UUID:
    return session.scalars(select(BankLine.id).where(BankLine.reference == reference)).one()
