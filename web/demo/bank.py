"""The bank in the story: where members are paid to, a change that waits, what came in and which statement it paid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.permits import SYSTEM, Role
from ledger import (
    bank_accounts,
    bank_intake,
    bank_matches,
    bank_months,
    bank_payments,
    bank_receipts,
    bank_remittances,
    statements,
)
from ledger.bank_codes import AccountDetails, cnaps_check
from ledger.bank_models import BankAccount, BankLine, PaymentBatch
from ledger.bank_reports import Report, ReportLine
from underwriting.rating import months_after
from web.demo.casting import MEMBERS
from web.demo.people import Firm
from web.demo.telling import Quarter, at
from web.demo.year import YearStory

#: What stood on the lead's account before, and what interest came in, in fen.
_OPENING_FEN = 20_000_000_00
_INTEREST_FEN = 12_34
#: What came in and nobody could place.
_UNKNOWN_FEN = 1_860_00

#: The member that opens another account at the end of the story, by its place.
CHANGES = 2
#: The member whose proposal still waits for its second person.
WAITS = 3


@dataclass
class BankStory:
    """Plays the bank of one pool."""

    year: YearStory
    #: What the bank's last statement closed with, in fen, and the batches that it has not shown yet.
    balance_fen: int = _OPENING_FEN
    released: list[UUID] = field(default_factory=list)

    def plan(self) -> None:
        """Put the accounts into the queue: all at the beginning, a change and a proposal on the last days."""
        telling = self.year.telling
        first = telling.workday(telling.year_starts_on)
        last = telling.workday_before(clock.on(telling.now))
        for place in range(len(self.members)):
            telling.plan(at(first, 9, place), partial(self._propose, place, 0))
        for quarter in telling.quarters[:-2]:
            # The day after the lead has booked that all is paid; the bank's statement comes when the month is over.
            day = telling.workday(quarter.ends_on + timedelta(days=18))
            telling.plan(at(day, 9), partial(self._pay_premiums, quarter))
            over = telling.workday(months_after(day.replace(day=1), 1))
            telling.plan(at(over, 10), partial(self._take_in, quarter, day))
        telling.plan(at(last, 9), partial(self._propose, CHANGES, 1))
        telling.plan(at(last, 10), partial(self._propose, WAITS, 1))

    @property
    def members(self) -> list[Firm]:
        """Return the firms that become the pool."""
        return self.year.cast.firms[:MEMBERS]

    def _propose(self, place: int, again: int, session: Session, when: datetime) -> None:
        """Let a member's maker propose an account, and its checker confirm it an hour later."""
        firm = self.members[place]
        told = account_of(firm.company.name, place, again)
        maker = firm.actors[Role.FINANCE_MAKER]
        row = bank_accounts.propose(session, self.year.pool_id, told, by=maker, at=when)
        if (place, again) != (WAITS, 1):
            self.year.telling.plan(when + timedelta(minutes=30), partial(self._confirm, place, row.id))

    def _confirm(self, place: int, account_id: UUID, session: Session, when: datetime) -> None:
        row = session.get_one(BankAccount, account_id)
        by = self.members[place].actors[Role.FINANCE_CHECKER]
        bank_accounts.confirm_account(session, row, by=by, at=when)

    def _pay_premiums(self, quarter: Quarter, session: Session, when: datetime) -> None:
        """Pay the members what was remitted to them in the quarter: the desk prepares, the second person releases."""
        pool_id, day = self.year.pool_id, clock.on(when)
        if not bank_remittances.to_remit(session, pool_id, quarter.ends_on).parts_fen:
            return
        batch = bank_remittances.prepare_premiums(
            session, pool_id, quarter.ends_on, pays_on=day, by=self.year.desk, at=when
        )
        later = when + timedelta(hours=1)
        self.year.telling.plan(later, partial(self._release, batch.id))

    def _release(self, batch_id: UUID, session: Session, when: datetime) -> None:
        batch = session.get_one(PaymentBatch, batch_id)
        bank_payments.release_batch(session, batch, by=self.year.second, at=when)
        self.released.append(batch_id)

    def _take_in(self, quarter: Quarter, paid_on: date, session: Session, when: datetime) -> None:
        """Take in the bank's statement of the month in which the quarter was paid; the first is matched and signed."""
        pool_id, desk = self.year.pool_id, self.year.desk
        lines = [*self._balances(session, quarter, paid_on), *self._payments(session, quarter)]
        lines.append(ReportLine("利息", paid_on, _INTEREST_FEN, f"{quarter.label}-9999", about="存款利息"))
        unknown = ReportLine(
            "不明", paid_on, _UNKNOWN_FEN, f"{quarter.label}-8888", "示范物业服务有限公司", about="维修款"
        )
        lines.append(unknown)
        first_on = paid_on.replace(day=1)
        last_on = months_after(first_on, 1) - timedelta(days=1)
        closing_fen = self.balance_fen + sum(line.amount_fen for line in lines)
        number = account_of(self.members[0].company.name, 0, 0).number
        report = Report(f"LS-{quarter.label}", number, first_on, last_on, self.balance_fen, closing_fen, lines)
        digest = hashlib.sha256(report.reference.encode()).hexdigest()
        bank_intake.take(session, pool_id, report, name=f"{report.reference}.xml", digest=digest, by=desk, at=when)
        self.balance_fen = closing_fen
        if quarter.label != self.year.telling.quarters[0].label:
            # The second quarter's are left to whoever looks at the demo.
            return
        for one in bank_matches.proposed(session, pool_id, SYSTEM):
            bank_matches.accept(session, pool_id, one.line.id, one.target.id, by=desk, at=when)
        line_id = session.scalars(select(BankLine.id).where(BankLine.reference == unknown.reference)).one()
        bank_receipts.hold(session, pool_id, line_id, on=paid_on, by=desk, at=when)
        bank_months.sign(session, pool_id, first_on, by=self.year.second, at=when)

    def _balances(self, session: Session, quarter: Quarter, day: date) -> list[ReportLine]:
        """Return what the members that owed have paid."""
        pool_id = self.year.pool_id
        made = statements.of_period(session, statements.period(session, pool_id, quarter.label))
        accounts = bank_accounts.in_force(session, pool_id, day)
        return [
            ReportLine(
                str(place),
                day,
                -row.balance_fen,
                f"{quarter.label}-{place:04d}",
                accounts[row.organisation_id].name,
                accounts[row.organisation_id].number,
                f"共保结算款 {row.number}",
            )
            for place, row in enumerate(made)
            if row.balance_fen < 0
        ]

    def _payments(self, session: Session, quarter: Quarter) -> list[ReportLine]:
        """Return what the bank paid out by the batches that were released and not shown yet."""
        lines = []
        while self.released:
            batch = session.get_one(PaymentBatch, self.released.pop(0))
            lines += [
                ReportLine(
                    one.reference,
                    batch.pays_on,
                    -one.amount_fen,
                    f"{quarter.label}-5{one.position:03d}",
                    one.account.name,
                    one.account.number,
                    f"共保保费划付 {one.reference}",
                )
                for one in bank_payments.lines(session, batch)
            ]
        return lines


def account_of(name: str, place: int, again: int) -> AccountDetails:
    """Return an invented account at an invented bank."""
    branch = f"999{place + 1:04d}{again + 1:04d}"
    bank = f"示范市商业银行{'新区' if again else '城东'}支行"
    return AccountDetails(name, bank, f"{branch}{cnaps_check(branch)}", f"8800{place + 1:04d}{again + 1:08d}")
