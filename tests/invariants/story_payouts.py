"""Claims and items in the story that the bank pays: shown, come back and in the next batch, paid in by a member."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from claims import handling, payouts
from claims.models import Claim
from core.clock import CITY
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import bank_accounts, bank_payments, bank_payouts
from ledger.bank_models import BankLine, PaymentBatch
from tests import makers_bank
from tests.makers import MadePool
from underwriting import apart
from underwriting.models import Policy

_ON = date(2026, 4, 20)
_AT = datetime(2026, 4, 20, 10, tzinfo=CITY)


def tell_payouts(engine: Engine, made: MadePool) -> None:
    """Two claims in one batch, one of them come back and in the next; a payee with a change, one with a proposal."""
    with unit_of_work(engine, SYSTEM) as session:
        policy = session.scalars(select(Policy).where(Policy.pool_id == made.pool.id, Policy.number == "P-1")).one()
        claims = [_approved(session, made, policy, number) for number in ("C-21", "C-22")]
        payee = makers_bank.payee_of(session, made, claims[0], at=_AT)
        handler, second = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.FINANCE_CHECKER)
        payouts.name_payee(session, claims[1], payee, by=handler, at=_AT)
        fallen = _prepared(session, made)
        bank_payments.reject(session, fallen, by=second, at=_AT)
        batch = _prepared(session, made)
        payouts.release_batch(session, batch, by=second, at=_AT)
        first, other = (bank_payouts.payment(session, batch, place) for place in (1, 2))
        lines = [
            makers_bank.line_of(-first.amount_fen, "R-21", about=f"{batch.number}-01"),
            makers_bank.line_of(-other.amount_fen, "R-22", about=f"{batch.number}-02"),
            makers_bank.line_of(other.amount_fen, "R-23", about="退汇"),
        ]
        makers_bank.take(session, made, lines, name="S-2")
        shown = payouts.match(session, made.pool.id, _line(session, "R-21"), first.id, by=second, at=_AT)
        payouts.take_back(session, shown.match, "核错", by=second, at=_AT)
    with unit_of_work(engine, SYSTEM) as session:
        first, other = session.merge(first), session.merge(other)
        for reference, payment in (("R-21", first), ("R-22", other)):
            payouts.match(session, made.pool.id, _line(session, reference), payment.id, by=second, at=_AT)
        payouts.give_back(session, other, _line(session, "R-23"), "户名不符", by=second, at=_AT)
        _prepared(session, made)
        makers_bank.vouch(session, made, payee, again=1, at=_AT + timedelta(hours=1))
        waits = makers_bank.make_payee(session, made, 2, at=_AT)
        told = makers_bank.payee_details(2)
        maker = made.actor(Role.FINANCE_MAKER)
        bank_accounts.propose(session, made.pool.id, told, by=maker, at=_AT, payee=waits)


def _approved(session: Session, made: MadePool, policy: Policy, number: str) -> Claim:
    maker = made.actor(Role.CLAIMS_HANDLER)
    claim = handling.make(session, policy, "控制柜", 120_000, number=number, by=maker, at=_AT)
    handling.submit(session, claim, by=maker, at=_AT)
    handling.approve(session, claim, 120_000, on=date(2026, 4, 9), by=made.actor(Role.SIGNATORY), at=_AT)
    return claim


def _prepared(session: Session, made: MadePool) -> PaymentBatch:
    maker = made.actor(Role.FINANCE_MAKER)
    return payouts.prepare_claims(session, made.pool.id, pays_on=_ON, by=maker, at=_AT)


def _line(session: Session, reference: str) -> BankLine:
    return session.scalars(select(BankLine.id).where(BankLine.reference == reference)).one()


def pay_items(session: Session, made: MadePool) -> None:
    """Pay what the pool owes on its own by a batch, as the bank shows; a member has paid what it owes."""
    makers_bank.confirm_all(session, made)
    maker, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    batch = apart.prepare_items(session, made.pool.id, pays_on=_ON, by=maker, at=_AT)
    payouts.release_batch(session, batch, by=second, at=_AT)
    payment = bank_payouts.payment(session, batch, 1)
    owed = next(
        one for one in apart.listed(session, made.pool.id, SYSTEM) if one.amount_fen < 0 and one.stage == "open"
    )
    lines = [
        makers_bank.line_of(-payment.amount_fen, "R-31", about=f"{batch.number}-01"),
        makers_bank.line_of(-owed.amount_fen, "R-32", about=owed.number),
    ]
    makers_bank.take(session, made, lines, name="S-3")
    for reference, target_id in (("R-31", payment.id), ("R-32", owed.id)):
        payouts.match(session, made.pool.id, _line(session, reference), target_id, by=second, at=_AT)
    item = apart.get(session, payment.subject_id or payment.id, SYSTEM, pool_id=made.pool.id)
    apart.pay(session, item, on=_ON, by=second, at=_AT)
