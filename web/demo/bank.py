"""The bank in the story: where members are paid to, a change that waits, what came in and which statement it paid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from core import clock
from core.permits import SYSTEM, Role
from ledger import bank_accounts, bank_intake, bank_matches, statements
from ledger.bank_codes import AccountDetails, cnaps_check
from ledger.bank_models import BankAccount
from ledger.bank_reports import Report, ReportLine
from web.demo.people import Firm
from web.demo.telling import Quarter, at
from web.demo.year import YearStory

#: What stood on the lead's account before, and what interest came in, in fen.
_OPENING_FEN = 1_000_000_00
_INTEREST_FEN = 12_34

#: The member that opens another account at the end of the story, by its place.
CHANGES = 2
#: The member whose proposal still waits for its second person.
WAITS = 3


@dataclass
class BankStory:
    """Plays the bank of one pool."""

    year: YearStory

    def plan(self) -> None:
        """Put the accounts into the queue: all at the beginning, a change and a proposal on the last days."""
        telling = self.year.telling
        first = telling.workday(telling.year_starts_on)
        last = telling.workday_before(clock.on(telling.now))
        for place in range(len(self.members)):
            telling.plan(at(first, 9, place), partial(self._propose, place, 0))
        for quarter in telling.quarters[:-2]:
            # The day after the lead has booked that all is paid.
            day = telling.workday(quarter.ends_on + timedelta(days=18))
            telling.plan(at(day, 10), partial(self._take_in, quarter))
        telling.plan(at(last, 9), partial(self._propose, CHANGES, 1))
        telling.plan(at(last, 10), partial(self._propose, WAITS, 1))

    @property
    def members(self) -> list[Firm]:
        """Return the firms that become the pool."""
        return [firm for firm in self.year.cast.firms if Role.FINANCE_MAKER in firm.actors]

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

    def _take_in(self, quarter: Quarter, session: Session, when: datetime) -> None:
        """Take in the bank's statement: each follower has paid, and interest has come; the first quarter is matched."""
        pool_id, desk, day = self.year.pool_id, self.year.desk, clock.on(when)
        made = statements.of_period(session, statements.period(session, pool_id, quarter.label))
        accounts = bank_accounts.in_force(session, pool_id, day)
        lines = [
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
        lines.append(ReportLine("利息", day, _INTEREST_FEN, f"{quarter.label}-9999", about="存款利息"))
        lead = account_of(self.members[0].company.name, 0, 0)
        total = sum(line.amount_fen for line in lines)
        report = Report(f"LS-{quarter.label}", lead.number, day, day, _OPENING_FEN, _OPENING_FEN + total, lines)
        digest = hashlib.sha256(report.reference.encode()).hexdigest()
        bank_intake.take(session, pool_id, report, name=f"{report.reference}.xml", digest=digest, by=desk, at=when)
        if quarter.label != self.year.telling.quarters[0].label:
            # The second quarter's are left to whoever looks at the demo.
            return
        for one in bank_matches.proposed(session, pool_id, SYSTEM):
            bank_matches.accept(session, pool_id, one.line.id, one.target.id, by=desk, at=when)


def account_of(name: str, place: int, again: int) -> AccountDetails:
    """Return an invented account at an invented bank."""
    branch = f"999{place + 1:04d}{again + 1:04d}"
    bank = f"示范市商业银行{'新区' if again else '城东'}支行"
    return AccountDetails(name, bank, f"{branch}{cnaps_check(branch)}", f"8800{place + 1:04d}{again + 1:08d}")
