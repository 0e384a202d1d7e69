"""Accounts to be paid to and batches of payments, as pages, exports and programs of the finance desks read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.permits import Actor, may
from ledger import bank_accounts, bank_payments
from ledger.bank_accounts import Standing
from ledger.bank_matches import Target
from ledger.bank_models import BankAccount, Payee, PaymentBatch
from ledger.bank_payments import PaidLine
from ledger.models import Period
from web.finance_work import Work, end_of
from web.formats import date_words, t, yuan
from web.listing import Query
from web.money_desk import member_names


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account with the days that it stands, and what its days mean on the day that it is read."""

    id: UUID
    organisation_id: UUID | None
    payee_id: UUID | None
    member: str
    name: str
    bank: str
    cnaps: str
    number: str
    stage: str
    proposed_at: datetime
    decided_at: datetime | None
    effective_on: date | None
    until_on: date | None
    is_current: bool
    is_own: bool
    days: str


def account_rows(session: Session, found: Iterable[Standing], who: Actor, day: date) -> list[AccountRow]:
    """Return accounts as rows, by owner in the order of its name, the newest of each first."""
    listed = list(found)
    names = bank_accounts.names_of(session, {one.account.owner_id for one in listed})
    rows = [_row(one, names, who, day) for one in listed]
    return sorted(rows, key=lambda row: (row.member, str(row.organisation_id or row.payee_id)))


def _row(one: Standing, names: dict[UUID, str], who: Actor, day: date) -> AccountRow:
    account = one.account
    return AccountRow(
        id=account.id,
        organisation_id=account.organisation_id,
        payee_id=account.payee_id,
        member=names[account.owner_id],
        name=account.name,
        bank=account.bank,
        cnaps=account.cnaps,
        number=account.number,
        stage=account.stage,
        proposed_at=account.proposed_at,
        decided_at=account.decided_at,
        effective_on=account.effective_on,
        until_on=one.until_on,
        is_current=one.is_in_force(day),
        is_own=decides_on(account, who),
        days=_days(one, day),
    )


def owner_names(session: Session, pool_id: int) -> dict[UUID, str]:
    """Return member or payee of a pool -> its name."""
    payees = session.execute(select(Payee.id, Payee.name).where(Payee.pool_id == pool_id))
    return {**member_names(session, [pool_id]), **{row[0]: row[1] for row in payees}}


def decides_on(account: BankAccount, who: Actor) -> bool:
    """Say whether an actor's organisation decides on an account: its own, or a payee's of a pool that it leads."""
    if account.payee_id is not None:
        return account.pool_id in who.led_pools
    return account.organisation_id == who.organisation_id


def _days(one: Standing, day: date) -> str:
    """Return in words from when until when an account stands; nothing of one that was never confirmed."""
    if one.from_on is None:
        return ""
    if one.until_on is None:
        if one.from_on <= day:
            return t("自 {first} 起使用", "In use since {first}", first=date_words(one.from_on))
        return t("自 {first} 起改用", "In use from {first} on", first=date_words(one.from_on))
    if one.until_on == one.from_on:
        return t("未使用，已由后一个代替", "Never in use, replaced by the next")
    if one.until_on > day:
        return t("用到 {last} 零时", "In use until {last}, 00:00", last=date_words(one.until_on))
    return t(
        "{first} 至 {last} 零时使用过",
        "Was in use from {first} to {last}, 00:00",
        first=date_words(one.from_on),
        last=date_words(one.until_on),
    )


def accounts_to_confirm(session: Session, who: Actor) -> list[Work]:
    """Return the accounts of one's own organisation that another person of it proposed."""
    if not may(who, "bank_account.confirm"):
        return []
    query = bank_accounts.visible_to(who).where(
        BankAccount.stage == "proposed", BankAccount.proposed_by != who.person_id
    )
    found = [row for row in session.scalars(query) if decides_on(row, who)]
    names = bank_accounts.names_of(session, [row.owner_id for row in found if row.payee_id])
    return [
        Work(
            t("确认收款账户", "Confirm an account to be paid to"),
            url_for("bank_accounts.one", pool_id=row.pool_id, account_id=row.id),
            t("，", ", ").join(word for word in (names.get(row.owner_id, ""), row.bank) if word),
            kind="bank_account",
            stage=row.stage,
        )
        for row in found
    ]


def batches_of(who: Actor, pool_id: int) -> Query:
    """Return the query of a pool's batches that an actor may see, newest first, with the period that each pays."""
    return (
        bank_payments.visible_to(who)
        .outerjoin(Period, (Period.pool_id == PaymentBatch.pool_id) & (Period.id == PaymentBatch.period_id))
        .where(PaymentBatch.pool_id == pool_id)
        .order_by(PaymentBatch.sequence.desc())
        .with_only_columns(
            PaymentBatch.id,
            PaymentBatch.sequence,
            PaymentBatch.number,
            PaymentBatch.kind,
            PaymentBatch.stage,
            PaymentBatch.pays_on,
            PaymentBatch.items,
            PaymentBatch.total_fen,
            PaymentBatch.prepared_at,
            PaymentBatch.decided_at,
            Period.label.label("period"),
        )
    )


@dataclass(frozen=True, slots=True)
class PaidRow:
    """One payment of a batch: its reference, to which account of whom, how much, when the bank's line shows it.

    Of a claim or an item settled on its own, `subject_id` and `document` (its number); of what is paid again,
    `document` is the reference of the payment that came back. `is_returned`: money came back.
    """

    position: int
    reference: str
    statement_id: UUID | None
    member: str
    name: str
    bank: str
    cnaps: str
    number: str
    amount_fen: int
    shown_on: date | None
    subject_id: UUID | None
    document: str | None
    is_returned: bool


def paid_rows(session: Session, found: Sequence[PaidLine]) -> list[PaidRow]:
    """Return the payments of a batch as rows, in their order."""
    names = bank_accounts.names_of(session, [one.account.owner_id for one in found])
    return [
        PaidRow(
            position=one.position,
            reference=one.reference,
            statement_id=one.statement.id if one.statement is not None else None,
            member=names[one.account.owner_id],
            name=one.account.name,
            bank=one.account.bank,
            cnaps=one.account.cnaps,
            number=one.account.number,
            amount_fen=one.amount_fen,
            shown_on=one.shown_on,
            subject_id=one.row.subject_id,
            document=one.row.document,
            is_returned=one.row.return_line_id is not None,
        )
        for one in found
    ]


def target_href(pool_id: int, target: Target) -> str:
    """Return the page of what a line of the bank pays: a statement, the items paid apart, or the batch of a payment."""
    if target.kind == "statement":
        return url_for("statements.one", statement_id=target.id)
    if target.kind == "apart":
        return url_for("apart.index", pool_id=pool_id)
    return url_for("payment_batches.one", pool_id=pool_id, batch_id=target.batch_id)


#: Kind of batch -> (中文, English).
BATCH_KINDS = {
    "statement": ("结算款", "Statements"),
    "premium": ("划付保费", "Premiums remitted"),
    "claim": ("赔款", "Claims"),
    "apart": ("单项结算", "Settled on its own"),
    "again": ("退回后再付", "Paid again"),
}


def batches_to_release(session: Session, who: Actor) -> list[Work]:
    """Return the batches of the pools that one leads which another person prepared."""
    if not may(who, "payment.release") or not who.led_pools:
        return []
    query = bank_payments.visible_to(who).where(
        PaymentBatch.stage == "prepared", PaymentBatch.prepared_by != who.person_id
    )
    return [
        Work(
            t("放行付款批次 {n}", "Release the batch {n}", n=row.number),
            url_for("payment_batches.one", pool_id=row.pool_id, batch_id=row.id),
            yuan(row.total_fen),
            end_of(row.pays_on),
        )
        for row in session.scalars(query)
    ]
