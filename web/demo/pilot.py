"""A pilot pool in the story: its agreement is over, one member is in default, its last claim is still open.

Three insurers that are not in the city's pool led it for a quarter. It is small: what it shows is what comes after a
pool's end, the others' step-up for a member that does not pay, and a claim without which it could be closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from claims import closing, handling, settlements
from claims.models import Claim
from core import clock
from core.permits import Actor, Role
from ledger import statements
from ledger.models import Statement
from underwriting import late_interest, policies, pools, premiums, step_up
from underwriting.models import Policy
from underwriting.pools import PoolPlan
from underwriting.terms import Clauses, Terms
from web import confirmation, statement_issue
from web.demo.casting import MEMBERS
from web.demo.people import Cast, Firm
from web.demo.telling import Quarter, Telling, at

#: The member in default, by its place, and how long after the quarter it is declared.
DEFAULTS, DECLARED_DAYS = 2, 32
#: Lifts of each of its policies.
LIFTS = {1: 120, 2: 64}
_TERMS = Terms(
    lead_fee_bp=500,
    lead_alone_limit_fen=10_000_000,
    cash_call_from_fen=20_000_000,
    late_interest_bp=600,
    lift_premium_fen=128_600,
)


@dataclass
class PilotStory:
    """Plays the pilot pool; what is found out on the way is kept by name."""

    telling: Telling
    cast: Cast
    pool_id: int = 0
    policy_ids: list[UUID] = field(default_factory=list)

    @property
    def firms(self) -> list[Firm]:
        """Return its members, the lead first."""
        return self.cast.firms[MEMBERS:]

    def _lead(self, role: Role) -> Actor:
        return self.firms[0].actors[role]

    def plan(self) -> None:
        """Put the pilot into the queue: a quarter of cover, a close, a default, another close, the last claim."""
        telling, (first, second, third, _) = self.telling, self.telling.quarters
        telling.plan(at(first.starts_on - timedelta(days=2), 9), self._form)
        for number in LIFTS:
            bound = telling.workday(first.starts_on + timedelta(days=1 + 7 * number))
            telling.plan(at(bound, 10), partial(self._write, number))
        telling.plan(at(telling.workday(first.starts_on + timedelta(days=40)), 10), self._first_claim)
        for quarter, agreeing in ((first, 3), (second, 2)):
            issued = telling.workday(quarter.ends_on + timedelta(days=3))
            telling.plan(at(quarter.ends_on, 18, 10), partial(self._close, quarter))
            telling.plan(at(issued, 9, 30), partial(self._issue, quarter, agreeing))
        declared = telling.workday(first.ends_on + timedelta(days=DECLARED_DAYS))
        telling.plan(at(declared, 10), partial(self._declare, first))
        telling.plan(at(third.ends_on - timedelta(days=20), 10), self._last_claim)

    def _form(self, session: Session, when: datetime) -> None:
        """Form the pool by an agreement of its own, for one quarter, and open its books."""
        first, second, third, last = self.telling.quarters
        members = zip([firm.id for firm in self.firms], (5000, 3000, 2000), strict=True)
        plan = PoolPlan(
            name=f"示范市商业楼宇电梯共保试点（{first.label}）",
            members=tuple(members),
            whole=10_000,
            effective_on=first.starts_on,
            ends_on=second.starts_on,
            terms=_TERMS,
            clauses=Clauses(is_step_up=True),
        )
        self.pool_id = pools.form(session, plan, by=self.cast.of(Role.APPROVER), at=when).id
        for label, starts_on, ends_on in (
            (first.label, first.starts_on, first.ends_on),
            (second.label, second.starts_on, second.ends_on),
            (f"{third.label}-{last.label}", third.starts_on, last.ends_on),
        ):
            statements.open_period(
                session, self.pool_id, label, starts_on, ends_on, by=self._lead(Role.FINANCE_MAKER), at=when
            )

    def _write(self, number: int, session: Session, when: datetime) -> None:
        """Write a policy of half a year, received a week later and remitted at once."""
        day, last = clock.on(when), self.telling.quarters[3]
        agreement = pools.agreement_on(session, self.pool_id, day)
        told = premiums.Written(
            f"SDDT{day.year}-{number}", day, last.starts_on, LIFTS[number] * _TERMS.lift_premium_fen, LIFTS[number]
        )
        desk = self._lead(Role.FINANCE_MAKER)
        row = policies.write(session, agreement, told, on=day, by=desk, at=when)
        self.policy_ids.append(row.id)
        later = at(self.telling.workday(day + timedelta(days=7)), 10, 30)
        self.telling.plan(later, partial(self._receive, row.id))

    def _receive(self, policy_id: UUID, session: Session, when: datetime) -> None:
        row, day = policies.lock(session, policy_id), clock.on(when)
        policies.receive(session, row, on=day, by=self._lead(Role.FINANCE_MAKER), at=when)
        policies.remit(session, row, on=day, by=self._lead(Role.FINANCE_CHECKER), at=when)

    def _claim(self, session: Session, number: int, title: str, fen: int, when: datetime) -> Claim:
        """Return a claim on one of the policies, put before the lead."""
        policy, by = session.get_one(Policy, self.policy_ids[number - 1]), self._lead(Role.CLAIMS_HANDLER)
        claim = handling.make(session, policy, title, fen, number=f"SDPA{when.year}-{number}", by=by, at=when)
        handling.submit(session, claim, by=by, at=when)
        return claim

    def _first_claim(self, session: Session, when: datetime) -> None:
        """A claim that the lead decides alone and pays the same day."""
        claim, day = self._claim(session, 1, "曳引机轴承烧损，更换", 86_400_00, when), clock.on(when)
        handling.approve(session, claim, 86_400_00, on=day, by=self._lead(Role.SIGNATORY), at=when)
        settlements.pay_by_lead(session, claim, on=day, by=self._lead(Role.FINANCE_CHECKER), at=when)

    def _last_claim(self, session: Session, when: datetime) -> None:
        """The claim that is still open: until it is decided the pool cannot be closed."""
        self._claim(session, 2, "门机与轿门系统更换", 52_300_00, when)

    def _close(self, quarter: Quarter, session: Session, when: datetime) -> None:
        by = self._lead(Role.FINANCE_CHECKER)
        closing.close_period(session, self.pool_id, quarter.label, on=clock.on(when), by=by, at=when)

    def _issue(self, quarter: Quarter, agreeing: int, session: Session, when: datetime) -> None:
        """Issue a quarter's statements; so many members agree to theirs the same day."""
        rows = self._statements(session, quarter)
        statement_issue.issue_all(session, rows, by=self._lead(Role.FINANCE_CHECKER), at=when)
        for firm, row in list(zip(self.firms, rows, strict=True))[:agreeing]:
            confirmation.answer(session, row, "agree", by=firm.actors[Role.FINANCE_CHECKER], at=when)

    def _statements(self, session: Session, quarter: Quarter) -> Sequence[Statement]:
        return statements.of_period(session, statements.period(session, self.pool_id, quarter.label))

    def _declare(self, quarter: Quarter, session: Session, when: datetime) -> None:
        """Declare the last member in default; the others settle without it."""
        by, day = self._lead(Role.FINANCE_CHECKER), clock.on(when)
        row = self._statements(session, quarter)[DEFAULTS]
        step_up.declare_default(session, row, "两次书面催收后仍未付款", on=day, by=by, at=when)
        period = statements.period(session, self.pool_id, quarter.label)
        late_interest.settle_period(session, period, on=day, by=by, at=when)
