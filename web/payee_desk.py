"""Payees and what is paid to them, as pages, exports and programs of the desks read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import payouts
from claims.models import Claim
from core.permits import Actor, may
from ledger import bank_accounts, bank_payees, bank_payouts
from ledger.bank_matches import reads
from ledger.bank_models import BankAccount, BankMatch, Payee, PaymentLine
from ledger.clause_models import ApartItem
from underwriting import apart
from web.bank_words import PAYEE_KINDS, WHY_NOT
from web.finance_work import Work, end_of
from web.formats import number, t, yuan
from web.listing import Query


@dataclass(frozen=True, slots=True)
class PayeeRow:
    """A payee, and how its account stands on the day: `in_use`, `waits` for its second person or its day, `none`.

    The account's number is told to who reads the bank of the pool, and empty for others.
    """

    id: UUID
    kind: str
    name: str
    account: str
    account_name: str
    account_number: str

    @property
    def kind_words(self) -> str:
        """Return the kind in the reader's language."""
        return t(*PAYEE_KINDS[self.kind])

    @property
    def account_words(self) -> str:
        """Return in words how the account stands."""
        return t(*ACCOUNT_WORDS[self.account])


#: How a payee's account stands, in both languages.
ACCOUNT_WORDS = {
    "in_use": ("已确认", "confirmed"),
    "waits": ("待确认或待生效", "to be confirmed, or not in use yet"),
    "none": ("没有收款账户", "no account to be paid to"),
}


def payee_rows(session: Session, found: Sequence[Payee], pool_id: int, who: Actor, day: date) -> list[PayeeRow]:
    """Return payees of a pool as rows, in their order."""
    sees = reads(pool_id, who)
    used = bank_accounts.in_force(session, pool_id, day) if sees else {}
    told = select(BankAccount.payee_id).where(BankAccount.pool_id == pool_id, BankAccount.stage != "rejected")
    known = set(session.scalars(told)) if sees else set()
    rows = []
    for one in found:
        account = used.get(one.id)
        stands = "in_use" if account else "waits" if one.id in known else "none"
        name, digits = (account.name, account.number) if account else ("", "")
        rows.append(PayeeRow(one.id, one.kind, one.name, stands if sees else "", name, digits))
    return rows


@dataclass(frozen=True, slots=True)
class DueRow:
    """An approved claim that is in no batch: to whom, how much, and why it is not paid yet (empty where it can be)."""

    id: UUID
    number: str
    title: str
    payee: str
    amount_fen: int
    why: str
    words: str
    href: str


def due_rows(found: Iterable[Any]) -> list[DueRow]:
    """Return the rows of `payouts.due` with their words, in their order."""
    return [
        DueRow(
            id=one.id,
            number=one.number,
            title=one.title,
            payee=one.payee or "",
            amount_fen=one.amount_fen,
            why=one.why,
            words=t(*WHY_NOT[one.why]),
            href=url_for("payments.claim", claim_id=one.id),
        )
        for one in found
    ]


def payable(pool_id: int, day: date) -> Query:
    """Return the query of the claims of `payouts.due` that a batch takes on a day."""
    found = payouts.due(pool_id, day).order_by(None).subquery()
    return select(found).where(found.c.why == "").order_by(found.c.approved_on, found.c.number)


def lacking(pool_id: int, day: date) -> Query:
    """Return the query of the claims of `payouts.due` that no batch can pay on a day."""
    found = payouts.due(pool_id, day).order_by(None).subquery()
    return select(found).where(found.c.why != "").order_by(found.c.approved_on, found.c.number)


def together(sums: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return what sums of `payouts.due_sums` are together: how many claims, and what they come to in fen."""
    known = list(sums)
    return sum(count for count, _ in known), sum(fen for _, fen in known)


@dataclass(frozen=True, slots=True)
class ClaimPayee:
    """Whom a claim is paid to, as its page says: the payee, what lacks, the batch that pays it, what can be done."""

    name: str
    lacks: str
    payee_href: str
    batch: str
    batch_href: str
    name_href: str


def claim_payee(session: Session, claim: Claim, who: Actor, day: date) -> ClaimPayee:
    """Return whom a claim is paid to; what lacks and the batch are told to who reads the bank of the pool."""
    payee = session.scalar(bank_payees.visible_to(who).where(Payee.id == claim.payee_id)) if claim.payee_id else None
    sees, is_open = reads(claim.pool_id, who), claim.stage not in ("paid", "rejected")
    found = session.execute(payouts.due(claim.pool_id, day, claim_id=claim.id)).first() if sees else None
    lacks = t(*WHY_NOT[found.why]) if found is not None and found.why else ""
    if sees and is_open and found is None and payee is None:
        lacks = t(*WHY_NOT["no_payee"])
    batches = payouts.payments_of(session, claim) if sees and may(who, "payment.read") else []
    stands = next((one for one, line in batches if one.stage != "rejected" and line.return_line_id is None), None)
    may_name = is_open and stands is None and claim.pool_id in who.led_pools and may(who, "claim.payee")
    may_read = payee is not None and may(who, "payee.read")
    return ClaimPayee(
        payee.name if payee else "",
        lacks,
        url_for("payees.one", pool_id=claim.pool_id, payee_id=payee.id) if payee is not None and may_read else "",
        stands.number if stands else "",
        url_for("payment_batches.one", pool_id=claim.pool_id, batch_id=stands.id) if stands else "",
        url_for("claim_payee.name", claim_id=claim.id) if may_name else "",
    )


def payouts_to_do(session: Session, who: Actor, day: date) -> list[Work]:
    """Return what waits at the lead's desk: claims and items to put into a batch, payees that lack, items shown."""
    found: list[Work] = []
    for pool_id in sorted(who.led_pools):
        if may(who, "payment.prepare"):
            found += _to_prepare(session, pool_id, day)
        if may(who, "apart.pay"):
            found += _to_book(session, pool_id)
    return found


def _to_prepare(session: Session, pool_id: int, day: date) -> list[Work]:
    found: list[Work] = []
    due = payouts.due_sums(session, pool_id, day)
    if "" in due:
        title = t("编制赔款付款批次", "Prepare the payments of claims")
        found.append(Work(title, url_for("payouts.claims", pool_id=pool_id), _sum_note(*due[""])))
    lacks = [due[why] for why in ("no_payee", "no_account") if why in due]
    if lacks:
        title = t("补齐赔款的收款人与收款账户", "Complete payees and accounts of claims")
        found.append(Work(title, url_for("payouts.lacking", pool_id=pool_id), _sum_note(*together(lacks))))
    items = apart.to_pay(session, pool_id)
    if items:
        title = t("编制单项结算付款批次", "Prepare the payments of items settled on their own")
        note = _note([one.amount_fen for one in items])
        found.append(Work(title, url_for("payouts.items", pool_id=pool_id), note, end_of(items[0].due_on)))
    again = [one.amount_fen for one in bank_payouts.to_pay_again(session, pool_id)]
    if again:
        title = t("编制退回后再付的付款批次", "Prepare the payments that came back")
        found.append(Work(title, url_for("payouts.again", pool_id=pool_id), _note(again)))
    return found


def _to_book(session: Session, pool_id: int) -> list[Work]:
    """Return the open items that the bank shows as paid, or paid in, as one thing to do."""
    shown = select(PaymentLine.subject_id).join(BankMatch, BankMatch.payment_id == PaymentLine.id)
    shown = shown.where(BankMatch.stage == "matched", PaymentLine.return_line_id.is_(None))
    came = select(BankMatch.apart_id).where(BankMatch.stage == "matched", BankMatch.apart_id.is_not(None))
    query = select(ApartItem.amount_fen).where(
        ApartItem.pool_id == pool_id, ApartItem.stage == "open", ApartItem.id.in_(shown) | ApartItem.id.in_(came)
    )
    sums = [abs(fen) for fen in session.scalars(query)]
    if not sums:
        return []
    title = t("登记银行已显示的单项结算", "Book items that the bank shows")
    return [Work(title, url_for("apart.index", pool_id=pool_id), _note(sums), None, "apart_item", "open")]


def _note(sums: Sequence[int]) -> str:
    return _sum_note(len(sums), sum(sums))


def _sum_note(count: int, sum_fen: int) -> str:
    return t("{n} 笔，合计 {sum}", "{n}, {sum} in all", n=number(count), sum=yuan(sum_fen))
