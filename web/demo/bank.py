"""The bank in the story: where each member is paid to, and a change that waits its two working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from core import clock
from core.permits import Role
from ledger import bank_accounts
from ledger.bank_codes import AccountDetails, cnaps_check
from ledger.bank_models import BankAccount
from web.demo.people import Firm
from web.demo.telling import at
from web.demo.year import YearStory

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


def account_of(name: str, place: int, again: int) -> AccountDetails:
    """Return an invented account at an invented bank."""
    branch = f"999{place + 1:04d}{again + 1:04d}"
    bank = f"示范市商业银行{'新区' if again else '城东'}支行"
    return AccountDetails(name, bank, f"{branch}{cnaps_check(branch)}", f"8800{place + 1:04d}{again + 1:08d}")
