"""Accounts of members, proposed and confirmed by two persons of each, and batches that pay them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy.orm import Session

from core.permits import Role
from ledger import bank_accounts, bank_payments
from ledger.bank_codes import AccountDetails, cnaps_check
from ledger.bank_models import BankAccount, PaymentBatch
from ledger.models import Period
from tests.makers import AT, MadePool


def details(place: int, *, again: int = 0) -> AccountDetails:
    """Return an invented account of a member by its place; `again` counts its later ones."""
    letter = "甲乙丙丁戊己庚"[place]
    branch = f"10210000{place}{again:02d}"
    return AccountDetails(
        f"{letter}财险（示例）",
        f"示例银行{letter}支行",
        f"{branch}{cnaps_check(branch)}",
        f"02000{place:05d}{again:06d}",
    )


def propose(session: Session, made: MadePool, place: int, *, again: int = 0, at: datetime = AT) -> BankAccount:
    """Return the account that a member's finance maker proposes."""
    maker = made.actor(Role.FINANCE_MAKER, place)
    return bank_accounts.propose(session, made.pool.id, details(place, again=again), by=maker, at=at)


def confirm(session: Session, made: MadePool, place: int, *, again: int = 0, at: datetime = AT) -> BankAccount:
    """Return an account that a second person of the member has confirmed."""
    row = propose(session, made, place, again=again, at=at)
    bank_accounts.confirm_account(session, row, by=made.actor(Role.FINANCE_CHECKER, place), at=at)
    return row


def confirm_all(session: Session, made: MadePool, places: Iterable[int] = (0, 1, 2, 3)) -> list[BankAccount]:
    """Return an account of each member, in force."""
    return [confirm(session, made, place) for place in places]


def prepare(session: Session, made: MadePool, period: Period, *, pays_on: date, at: datetime = AT) -> PaymentBatch:
    """Return the batch of a closed period that the lead's maker prepares."""
    return bank_payments.prepare(session, period, pays_on=pays_on, by=made.actor(Role.FINANCE_MAKER), at=at)


def release(session: Session, made: MadePool, period: Period, *, pays_on: date, at: datetime = AT) -> PaymentBatch:
    """Return a batch that another person of the lead has released."""
    batch = prepare(session, made, period, pays_on=pays_on, at=at)
    bank_payments.release_batch(session, batch, by=made.actor(Role.FINANCE_CHECKER), at=at)
    return batch
