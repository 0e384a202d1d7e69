"""The policy year: the pool formed from the award, lifts enrolled and insured, premiums, refunds, quarters closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import closing
from core import audit, clock
from core.db import unit_of_work
from core.parties import Organisation
from core.permits import SYSTEM, Actor, Role
from ledger import statements
from ledger.extracts import Kind, Wish
from ledger.models import Statement
from underwriting import estates, late_interest, policies
from underwriting.models import Community, Lift, Pool
from web import confirmation, extracts, statement_issue
from web.demo.city import PlannedCommunity
from web.demo.faults import Cover
from web.demo.people import Cast
from web.demo.telling import Quarter, Telling, at
from web.demo.tender_story import TenderStory

#: Policies whose premium is still outstanding, by the order in which they were bound.
UNPAID = (5, 23, 77, 110)

#: One policy in so many gives a lift back during the year.
REFUND_EVERY = 16


@dataclass(frozen=True, slots=True)
class PlannedPolicy:
    """A community's policy: its number, when it is bound, which lift leaves it and when (None: none does)."""

    number: str
    community: PlannedCommunity
    bound_on: date
    is_paid: bool
    leaves_on: date | None

    @property
    def inception_on(self) -> date:
        """Return the first day of cover: the day after the policy is bound."""
        return self.bound_on + timedelta(days=1)

    @property
    def expires_on(self) -> date:
        """Return the day after the last day of cover."""
        first = self.inception_on
        is_leap_day = (first.month, first.day) == (2, 29)
        return date(first.year + 1, 3, 1) if is_leap_day else first.replace(year=first.year + 1)

    @property
    def leaving(self) -> str:
        """Return the number of the lift that leaves, if one does."""
        return self.community.insured[-1]


#: What a member asks about its statement, what the lead answers, what the member asks then.
_ASKED = "请补充本期残值回收的分摊依据，我方台账相差一笔。"
_REPLIED = "残值按出险保单起保时的份额分摊，依据见回收当日的分录；贵方台账请核对上月末那一笔。"
_ASKED_AGAIN = "上月末那一笔已找到。这一笔的首席管理费请再说明计算基数。"


@dataclass
class YearStory:
    """Plays the year of one pool; ids are found out on the way."""

    telling: Telling
    cast: Cast
    tender: TenderStory
    city: list[PlannedCommunity]
    policies: list[PlannedPolicy] = field(default_factory=list)
    policy_ids: dict[str, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policies = self._planned()

    def _planned(self) -> list[PlannedPolicy]:
        """Return every community's policy in the order of binding, most of them in the first two months."""
        rng, start = self.telling.rng, self.telling.year_starts_on
        last = (clock.on(self.telling.now) - start).days - 1
        days = [33] + [rng.randint(2, 57) if rng.randrange(100) < 86 else rng.randint(58, last) for _ in self.city[1:]]
        days[-4:] = (last - 30, last - 9, last - 6, last - 1)
        ordered = sorted(zip(days, range(len(days)), strict=True))
        made = []
        for order, (day, place) in enumerate(ordered):
            bound_on = self.telling.workday(start + timedelta(days=day))
            if bound_on >= clock.on(self.telling.now):
                bound_on = self.telling.workday_before(clock.on(self.telling.now))
            left = (clock.on(self.telling.now) - bound_on).days
            leaves = order % REFUND_EVERY == 7 and left > 80
            made.append(
                PlannedPolicy(
                    number=f"SFDT{start.year}-{order + 1:04}",
                    community=self.city[place],
                    bound_on=bound_on,
                    is_paid=order not in UNPAID,
                    leaves_on=self.telling.workday(bound_on + timedelta(days=rng.randint(60, left - 15)))
                    if leaves
                    else None,
                )
            )
        return made

    def covers(self, until_on: date) -> list[Cover]:
        """Return every insured lift with the days of its cover up to a day."""
        made = []
        for policy in self.policies:
            for number in policy.community.insured:
                until = min(until_on, policy.expires_on)
                if policy.leaves_on and number == policy.leaving:
                    until = min(until, policy.leaves_on)
                if until > policy.inception_on:
                    made.append(Cover(number, policy.inception_on, until))
        return made

    def policy_of(self, lift_number: str) -> PlannedPolicy:
        """Return the policy that covers a lift."""
        return next(policy for policy in self.policies if lift_number in policy.community.insured)

    # ---- the plan --------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Put the year into the queue."""
        telling, start = self.telling, self.telling.year_starts_on
        telling.plan(at(telling.workday(start - timedelta(days=35)), 10), self._enrol)
        for place, quarter in enumerate(telling.quarters):
            opens = at(quarter.starts_on, 0, 5) if place else at(start - timedelta(days=3), 9)
            telling.plan(opens, partial(self._open, quarter))
        for policy in self.policies:
            telling.plan(
                at(policy.bound_on, 9, telling.rng.randrange(60)),
                partial(self._bind, policy),
            )
        for place, quarter in enumerate(telling.quarters[:-1]):
            self._plan_close(quarter, is_last=place == 2)

    def _plan_close(self, quarter: Quarter, *, is_last: bool) -> None:
        """Plan a quarter's close, its signed head, its statements; the last one is still being answered."""
        telling = self.telling

        def soon(days: int, hour: int) -> datetime:
            return min(at(telling.workday(quarter.ends_on + timedelta(days=days)), hour), telling.now)

        telling.plan_solo(at(quarter.ends_on, 18), partial(self._close, quarter))
        telling.plan(soon(3, 9), partial(self._issue, quarter))
        answers = ("agree", "acknowledge", "query", "") if is_last else ("agree",) * 4
        for place, verb in enumerate(answers):
            if verb:
                telling.plan(
                    soon(4 + place, 10 + place),
                    partial(self._answer, quarter, place, verb),
                )
        if is_last:
            place = answers.index("query")
            telling.plan(soon(7, 15), partial(self._reply, quarter, place))
            telling.plan(soon(8, 17), partial(self._answer, quarter, place, "query", words=_ASKED_AGAIN))
        else:
            telling.plan(soon(17, 14), partial(self._settle, quarter))

    # ---- the acts --------------------------------------------------------------------------------------------------

    @property
    def pool_id(self) -> int:
        """Return the number of the pool, once it is formed."""
        return self.tender.pool_id

    @property
    def desk(self) -> Actor:
        """Return the lead's finance maker."""
        return self._lead(Role.FINANCE_MAKER)

    @property
    def second(self) -> Actor:
        """Return the lead's finance checker."""
        return self._lead(Role.FINANCE_CHECKER)

    def _lead(self, role: Role) -> Actor:
        return self.cast.firms[0].actors[role]

    def _enrol(self, session: Session, when: datetime) -> None:
        """Take the register in, and give the communities that play a part to those who look after them."""
        officer = self.cast.of(Role.OFFICER)
        rows = [row for community in self.city for row in community.rows]
        estates.take(session, rows, on=clock.on(when), by=officer, at=when)
        for slug, planned in zip(("shanshui", "qinghe"), self.city, strict=False):
            query = select(Community).where(Community.district == planned.district, Community.name == planned.name)
            community = session.scalars(query).one()
            keeper = session.get_one(Organisation, self.cast.organisations[slug].id)
            estates.entrust(session, community, keeper, by=officer, at=when)

    def _open(self, quarter: Quarter, session: Session, when: datetime) -> None:
        days = quarter.starts_on, quarter.ends_on
        statements.open_period(session, self.pool_id, quarter.label, *days, by=self.desk, at=when)

    def _bind(self, policy: PlannedPolicy, session: Session, when: datetime) -> None:
        """Bind a policy, and plan what comes of it: its premium, its refund."""
        pool = session.get_one(Pool, self.pool_id)
        lifts = session.scalars(select(Lift.id).where(Lift.number.in_(policy.community.insured))).all()
        row = policies.bind(
            session,
            pool,
            policy.number,
            lifts,
            policy.inception_on,
            policy.expires_on,
            on=policy.bound_on,
            by=self.cast.of(Role.OFFICER),
            at=when,
        )
        self.policy_ids[policy.number] = row.id
        rng = self.telling.rng
        if policy.is_paid:
            received = self.telling.workday(policy.bound_on + timedelta(days=rng.randint(3, 14)))
            if (clock.on(self.telling.now) - policy.bound_on).days < 12:
                received = self.telling.workday(policy.bound_on + timedelta(days=2))
            remitted = self.within_quarter(received, received + timedelta(days=rng.randint(6, 14)))
            self.telling.plan(at(received, 14), partial(self._receive, policy))
            self.telling.plan(at(remitted, 16), partial(self._remit, policy))
        if policy.leaves_on:
            self.telling.plan(at(policy.leaves_on, 11), partial(self._give_back, policy))

    def within_quarter(self, from_on: date, wanted_on: date) -> date:
        """Return a working day as wanted, or the last day of the quarter that another day lies in."""
        for quarter in self.telling.quarters:
            if quarter.starts_on <= from_on <= quarter.ends_on:
                return min(self.telling.workday(wanted_on), quarter.ends_on)
        return wanted_on

    def _receive(self, policy: PlannedPolicy, session: Session, when: datetime) -> None:
        row = policies.lock(session, self.policy_ids[policy.number])
        policies.receive(session, row, on=clock.on(when), by=self.desk, at=when)

    def _remit(self, policy: PlannedPolicy, session: Session, when: datetime) -> None:
        row = policies.lock(session, self.policy_ids[policy.number])
        policies.remit(session, row, on=clock.on(when), by=self.second, at=when)

    def _give_back(self, policy: PlannedPolicy, session: Session, when: datetime) -> None:
        """Take a lift off its policy; the lead pays the refund before the quarter ends."""
        row = policies.lock(session, self.policy_ids[policy.number])
        lift_id = session.scalars(select(Lift.id).where(Lift.number == policy.leaving)).one()
        day = clock.on(when)
        refund = policies.remove_lift(session, row, lift_id, day, on=day, by=self.cast.of(Role.OFFICER), at=when)
        if refund.stage != "agreed":
            return
        paid_on = self.within_quarter(day, day + timedelta(days=5))
        refund_id = refund.id

        def pay(session: Session, when: datetime) -> None:
            found = policies.get_refund(session, refund_id, SYSTEM)
            policies.pay_refund(session, found, on=clock.on(when), by=self.second, at=when)

        self.telling.plan(at(paid_on, 15), pay)

    def _close(self, quarter: Quarter, when: datetime) -> None:
        """Close a quarter, then sign the log's head over everything so far."""
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            closing.close_period(session, self.pool_id, quarter.label, on=quarter.ends_on, by=self.second, at=when)
        self.sign_head(when)
        self.telling.say(f"{quarter.label} 账期已结账，结算单已生成 closed, statements made")

    def sign_head(self, when: datetime) -> None:
        """Sign the head of the log over everything that has its place in it."""
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            audit.sign_head(session, self.telling.log_key, at=when)

    def _issue(self, quarter: Quarter, session: Session, when: datetime) -> None:
        """Issue a quarter's statements and ask for some extracts; the worker makes their files once it runs."""
        period = statements.period(session, self.pool_id, quarter.label)
        statement_issue.issue_all(session, statements.of_period(session, period), by=self.second, at=when)
        for by, kind, form in (
            (self.desk, Kind.PREMIUMS, "xlsx"),
            (self.desk, Kind.CLAIMS, "csv"),
            (self.cast.of(Role.BUREAU_FINANCE), Kind.TRIAL_BALANCE, "xlsx"),
        ):
            extracts.ask(session, Wish(self.pool_id, period.id, kind, form, is_whole=True), by=by, at=when)

    def _statement(self, session: Session, quarter: Quarter, place: int) -> Statement:
        """Return the statement of one member for a quarter."""
        return statements.of_period(session, statements.period(session, self.pool_id, quarter.label))[place]

    def _answer(
        self, quarter: Quarter, place: int, verb: str, session: Session, when: datetime, *, words: str = _ASKED
    ) -> None:
        """Let one member answer its statement; a query is about its last movement."""
        row = self._statement(session, quarter, place)
        firm = next(firm for firm in self.cast.firms if firm.id == row.organisation_id)
        moved = statements.movements(session, row) if verb == "query" else []
        by, about = firm.actors[Role.FINANCE_CHECKER], moved[-1].entry_id if moved else None
        confirmation.answer(session, row, verb, by=by, at=when, words=words, entry_id=about)

    def _reply(self, quarter: Quarter, place: int, session: Session, when: datetime) -> None:
        """Let the lead answer what a member asked."""
        statements.reply(session, self._statement(session, quarter, place), _REPLIED, by=self.second, at=when)

    def _settle(self, quarter: Quarter, session: Session, when: datetime) -> None:
        period = statements.period(session, self.pool_id, quarter.label)
        late_interest.settle_period(session, period, on=clock.on(when), by=self.second, at=when)
