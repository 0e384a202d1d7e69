"""Claims paid by the bank in the story: payees, one batch, the bank's statement that shows it, a payment come back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import handling, payouts
from core import clock
from ledger import bank_accounts, bank_intake, bank_payees, bank_payments, bank_payouts
from ledger.bank_models import BankAccount, BankLine, Payee, PaymentBatch
from ledger.bank_reports import Report, ReportLine
from web.demo.bank import BankStory, account_of
from web.demo.casting import REPAIRERS
from web.demo.claims_story import ClaimsStory, PlannedClaim
from web.demo.telling import at

#: What is repaired, for how much in fen, and which repairer is paid; the last one has no account yet.
_CLAIMS = (
    ("更换限速器", 3_860_00, 0),
    ("更换轿厢门机", 5_240_00, 1),
    ("更换对重缓冲器", 2_975_00, 0),
    ("更换曳引轮", 8_120_00, 2),
)
#: The claim whose payment the bank gives back, by its place.
_BACK = 1


@dataclass
class PayoutStory:
    """Plays the payments of four claims in the last days of the story."""

    bank: BankStory
    claims: ClaimsStory
    claim_ids: list[UUID] = field(default_factory=list)
    payee_ids: list[UUID] = field(default_factory=list)

    def plan(self) -> None:
        """Put it into the queue, where the quarter under way has that many days."""
        telling = self.claims.telling
        today = clock.on(telling.now)
        if today - timedelta(days=16) < telling.quarters[3].starts_on:
            return
        first, second, third = (telling.workday(today - timedelta(days=days)) for days in (13, 9, 6))
        telling.plan(at(first, 9), self._add)
        telling.plan(at(first, 10), self._make)
        telling.plan(at(first, 15), self._approve)
        telling.plan(at(second, 10), self._prepare)
        telling.plan(at(third, 10), partial(self._take_in, second))

    def _add(self, session: Session, when: datetime) -> None:
        """Add the repairers as payees; two persons of the lead vouch for the accounts of all but the last."""
        year = self.bank.year
        for place, company in enumerate(REPAIRERS):
            payee = bank_payees.add(session, year.pool_id, "repairer", company.name, by=year.desk, at=when)
            self.payee_ids.append(payee.id)
            if place < len(REPAIRERS) - 1:
                told = account_of(company.name, 20 + place, 0)
                row = bank_accounts.propose(session, year.pool_id, told, by=year.desk, at=when, payee=payee)
                year.telling.plan(when + timedelta(minutes=20), partial(self._confirm, row.id))

    def _confirm(self, account_id: UUID, session: Session, when: datetime) -> None:
        row = session.get_one(BankAccount, account_id)
        bank_accounts.confirm_account(session, row, by=self.bank.year.second, at=when)

    def _make(self, session: Session, when: datetime) -> None:
        for place, (title, fen, _) in enumerate(_CLAIMS):
            lift = self.claims.year.policies[place].community.insured[0]
            claim = self.claims.open_claim(session, PlannedClaim(f"{title}（{lift}）", fen, fen, lift, None), when)
            handling.submit(session, claim, by=self.claims.handler, at=when)
            self.claim_ids.append(claim.id)

    def _approve(self, session: Session, when: datetime) -> None:
        """Approve the claims and name whom each is paid to."""
        for claim_id, (_, fen, repairer) in zip(self.claim_ids, _CLAIMS, strict=True):
            claim = handling.lock(session, claim_id)
            handling.approve(session, claim, fen, on=clock.on(when), by=self.claims.signatory, at=when)
            payee = session.get_one(Payee, self.payee_ids[repairer])
            payouts.name_payee(session, claim, payee, by=self.claims.handler, at=when)

    def _prepare(self, session: Session, when: datetime) -> None:
        year = self.bank.year
        batch = payouts.prepare_claims(session, year.pool_id, pays_on=clock.on(when), by=year.desk, at=when)
        year.telling.plan(when + timedelta(hours=1), partial(self._release, batch.id))

    def _release(self, batch_id: UUID, session: Session, when: datetime) -> None:
        payouts.release_batch(session, session.get_one(PaymentBatch, batch_id), by=self.bank.year.second, at=when)

    def _take_in(self, paid_on: date, session: Session, when: datetime) -> None:
        """Take in the bank's statement that shows the batch, match it, and book what the bank gave back."""
        year, pool_id = self.bank.year, self.bank.year.pool_id
        newest = select(PaymentBatch).where(PaymentBatch.kind == "claim").order_by(PaymentBatch.sequence.desc())
        batch = session.scalars(newest.limit(1)).one()
        paid = bank_payments.lines(session, batch)
        told = [(one.reference, -one.amount_fen, f"PK-{one.position:04d}", one.reference) for one in paid]
        told.append(("退汇", paid[_BACK].amount_fen, "PK-9001", f"退汇 {paid[_BACK].reference} 户名不符"))
        lines = [ReportLine(place, paid_on, fen, name, about=about) for place, fen, name, about in told]
        opening_fen, until_on = self.bank.balance_fen, clock.on(when) - timedelta(days=1)
        self.bank.balance_fen += sum(line.amount_fen for line in lines)
        number = account_of(self.bank.members[0].company.name, 0, 0).number
        report = Report("LS-赔款", number, paid_on, until_on, opening_fen, self.bank.balance_fen, lines)
        digest = hashlib.sha256(report.reference.encode()).hexdigest()
        bank_intake.take(session, pool_id, report, name="LS-claims.xml", digest=digest, by=year.desk, at=when)
        ids = {row.reference: row.id for row in session.scalars(select(BankLine).where(BankLine.pool_id == pool_id))}
        for one in paid:
            payment = bank_payouts.payment(session, batch, one.position)
            payouts.match(session, pool_id, ids[f"PK-{one.position:04d}"], payment.id, by=year.second, at=when)
        back = bank_payouts.payment(session, batch, _BACK + 1)
        payouts.give_back(session, back, ids["PK-9001"], "户名与账号不符", by=year.second, at=when)
