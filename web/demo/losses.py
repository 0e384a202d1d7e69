"""The large losses of the told year: all members agree, cash is called, one follower pays late, money is recovered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from claims import handling, settlements
from claims.models import Claim
from core import clock
from core.permits import Role
from web.demo.claims_story import ClaimsStory, PlannedClaim
from web.demo.telling import at

Step = Callable[[Session, Claim, datetime], None]


@dataclass
class Loss:
    """One large claim; every step after the first finds it again."""

    story: ClaimsStory
    planned: PlannedClaim
    claim_id: UUID | None = None

    def begin(self, when: datetime) -> None:
        """Plan that the claim is made and put before all members."""
        self.story.telling.plan(when, self._make)

    def _make(self, session: Session, when: datetime) -> None:
        claim = self.story.open_claim(session, self.planned, when)
        handling.submit(session, claim, by=self.story.handler, at=when)
        self.claim_id = claim.id

    def then(self, when: datetime, step: Step) -> None:
        """Plan a step on the claim."""

        def act(session: Session, when: datetime) -> None:
            if self.claim_id is None:
                raise LookupError("a loss is told from its beginning")
            step(session, handling.lock(session, self.claim_id), when)

        self.story.telling.plan(when, act)

    # ---- steps -----------------------------------------------------------------------------------------------------

    def agreed(self, place: int) -> Step:
        """Return the step by which one follower agrees."""
        handler = self.story.cast.firms[place].actors[Role.CLAIMS_HANDLER]
        return lambda session, claim, when: handling.agree(session, claim, by=handler, at=when)

    def approve(self, session: Session, claim: Claim, when: datetime) -> None:
        """Approve the claim, its payment still to come."""
        payable, by = self.planned.payable_fen, self.story.signatory
        handling.approve(session, claim, payable, on=clock.on(when), by=by, at=when)

    def approve_and_pay(self, session: Session, claim: Claim, when: datetime) -> None:
        """Approve the claim for the lead to pay."""
        self.story.approve(session, claim, self.planned.payable_fen, when)

    def call(self, session: Session, claim: Claim, when: datetime) -> None:
        """Call every follower for its part."""
        settlements.issue_cash_call(session, claim, on=clock.on(when), by=self.story.year.desk, at=when)

    def received(self, *places: int) -> Step:
        """Return the step by which these followers' money comes in."""

        def step(session: Session, claim: Claim, when: datetime) -> None:
            desk = self.story.year.desk
            for place in places:
                member = self.story.cast.firms[place].id
                settlements.receive_cash_call(session, claim, member, on=clock.on(when), by=desk, at=when)

        return step

    def pay(self, session: Session, claim: Claim, when: datetime) -> None:
        """Let the lead add its own share and pay the claim from the pool's money."""
        day, year = clock.on(when), self.story.year
        missing = (claim.payable_fen or 0) - settlements.pool_money(session, claim)
        settlements.fund_by_lead(session, claim, missing, on=day, by=year.desk, at=when)
        settlements.pay_from_pool(session, claim, on=day, by=year.second, at=when)

    def adjuster(self, amount_fen: int) -> Step:
        """Return the step by which a loss adjuster is approved and paid."""

        def step(session: Session, claim: Claim, when: datetime) -> None:
            day, year = clock.on(when), self.story.year
            cost = settlements.approve_cost(session, claim, amount_fen, on=day, by=year.desk, at=when)
            settlements.pay_cost(session, claim, cost, on=day, by=year.second, at=when)

        return step

    def recovered(self, kind: str, amount_fen: int) -> Step:
        """Return the step by which subrogation or salvage comes in."""

        def step(session: Session, claim: Claim, when: datetime) -> None:
            day, desk = clock.on(when), self.story.year.desk
            settlements.receive_recovery(session, claim, kind, amount_fen, on=day, by=desk, at=when)

        return step


def plan_losses(story: ClaimsStory) -> None:
    """Put the large losses into the queue: one settled, one within the lead's year, two still under way."""
    quarters, today = story.telling.quarters, clock.on(story.telling.now)
    _plan_flood(story, quarters[1].starts_on + timedelta(days=24))
    _plan_broken_shaft(story, quarters[2].starts_on + timedelta(days=31))
    if today - timedelta(days=19) >= quarters[3].starts_on:
        _plan_lightning(story, today)
    waiting = Loss(story, _planned(story, 2, "导轨变形更换，限速器与安全钳联动失效", 118_300_00, 118_300_00))
    waiting.begin(at(today - timedelta(days=2), 10))
    waiting.then(at(today - timedelta(days=1), 15), waiting.agreed(1))


def _planned(story: ClaimsStory, place: int, title: str, estimate_fen: int, payable_fen: int) -> PlannedClaim:
    """Return a claim on a lift of one of the first policies, with no fault in a list behind it."""
    lift = story.year.policies[place].community.insured[0]
    return PlannedClaim(f"{title}（{lift}）", estimate_fen, payable_fen, lift, None)


def _plan_agreement(loss: Loss, day: date) -> None:
    """Plan a loss up to the agreement of all members, three days after it was made."""
    loss.begin(at(day, 9, 40))
    for place in (1, 2, 3):
        loss.then(at(day + timedelta(days=place), 10 + place), loss.agreed(place))


def _plan_flood(story: ClaimsStory, day: date) -> None:
    """Water in two machine rooms: called in cash, the last follower five days late, two recoveries."""
    loss = Loss(story, _planned(story, 0, "暴雨倒灌，机房曳引机与控制柜受损", 268_400_00, 268_400_00))
    _plan_agreement(loss, day)
    approved = day + timedelta(days=5)
    _steps(
        loss,
        approved,
        (
            (0, loss.approve),
            (0, loss.call),
            (4, loss.received(1, 2)),
            (7, loss.adjuster(3_000_01)),
            (15, loss.received(3)),
            (16, loss.pay),
            (30, loss.recovered("subrogation", 33_333_33)),
            (41, loss.recovered("salvage", 1_000_00)),
        ),
    )


def _plan_broken_shaft(story: ClaimsStory, day: date) -> None:
    """Above what the lead may decide alone, below what is called in cash."""
    loss = Loss(story, _planned(story, 1, "曳引机主轴断裂，更换整机", 132_650_50, 126_018_00))
    _plan_agreement(loss, day)
    loss.then(at(day + timedelta(days=6), 10), loss.approve_and_pay)
    _steps(loss, day, ((20, loss.recovered("salvage", 2_480_00)),))


def _plan_lightning(story: ClaimsStory, today: date) -> None:
    """Called in cash and not yet paid: one follower is overdue."""
    loss = Loss(story, _planned(story, 3, "雷击，群控系统与控制柜受损", 231_870_00, 224_000_00))
    _plan_agreement(loss, today - timedelta(days=19))
    approved = today - timedelta(days=13)
    _steps(loss, approved, ((0, loss.approve), (0, loss.call), (5, loss.received(1, 2))))


def _steps(loss: Loss, first_on: date, steps: Sequence[tuple[int, Step]]) -> None:
    """Plan steps by their days after the first, in their order within a day."""
    for place, (days, step) in enumerate(steps):
        loss.then(at(first_on + timedelta(days=days), 11, place), step)
