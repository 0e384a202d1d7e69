"""Faults and claims of the told year: lists of repairs taken in every Monday, claims made from them and settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from claims import faults, handling, settlements
from claims.adjusting import AssessedLine
from claims.models import Claim, Fault
from core import clock
from core.clock import CITY
from core.permits import Actor, Role
from underwriting.models import Lift, Policy
from web.demo.faults import KINDS, ToldFault, faults_of, lists_of
from web.demo.people import Cast
from web.demo.telling import Telling, at
from web.demo.year import YearStory

#: The faults of the last days are live: they go through every step by hand.
LIVE_DAYS = 4

#: Claims that come to nothing, of a hundred, and the words that the owner is told.
_REJECTED = 4
_REJECTION = "经核实属年度维保合同内的正常更换，不属于保险责任（《保险法》第二十四条）。"


@dataclass(frozen=True, slots=True)
class PlannedClaim:
    """A claim to be: from which fault (None: none), for what, its estimate, and how it goes on."""

    title: str
    estimate_fen: int
    payable_fen: int
    lift_number: str
    reported_at: datetime | None
    is_rejected: bool = False
    is_revised: bool = False


def _bill(planned: PlannedClaim) -> list[AssessedLine]:
    """Return the repair bill of a claim: the part and the labour, whose price is cut to what is payable."""
    part = planned.estimate_fen * 7 // 10
    labour, cut = planned.estimate_fen - part, planned.estimate_fen - planned.payable_fen
    reason = "超出当地同类维修的人工价格" if cut else ""
    return [
        AssessedLine(planned.title.partition("（")[0], part, part),
        AssessedLine("拆装与调试人工", labour, labour - cut, reason),
    ]


@dataclass
class ClaimsStory:
    """Plays faults and claims of one pool."""

    telling: Telling
    cast: Cast
    year: YearStory

    @property
    def handler(self) -> Actor:
        """Return the lead's claims handler, who makes claims."""
        return self.cast.firms[0].actors[Role.CLAIMS_HANDLER]

    @property
    def signatory(self) -> Actor:
        """Return the lead's signatory, who approves them as the second person."""
        return self.cast.firms[0].actors[Role.SIGNATORY]

    # ---- faults in lists -------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Put the lists of repairs and the claims from them into the queue."""
        telling = self.telling
        live_from = telling.now - timedelta(days=LIVE_DAYS)
        told = faults_of(self.year.covers(clock.on(live_from)), telling.scale.faults, telling.rng)
        mondays = self._mondays(live_from)
        handed_in = [*mondays, max(mondays[-1], telling.now - timedelta(hours=5))]
        chosen = self._chosen(told)
        for when, rows in lists_of(told, handed_in):
            telling.plan(when, partial(self._take_list, rows))
            for fault in rows:
                if (fault.row.lift_number, fault.row.reported_at) in chosen:
                    self._plan_claim(self._claim_on(fault), when)

    def _mondays(self, until: datetime) -> list[datetime]:
        """Return eight o'clock of every Monday from the second week of the year on."""
        day = self.telling.year_starts_on + timedelta(days=7)
        day += timedelta(days=-day.weekday() % 7)
        made = []
        while at(day, 8) < until:
            made.append(at(day, 8))
            day += timedelta(days=7)
        return made

    def _take_list(self, rows: list[ToldFault], session: Session, when: datetime) -> None:
        """Take one list of repairs in, as its page would."""
        checked = faults.review_rows(session, [fault.row for fault in rows], at=when)
        source = f"维修清单 {when.astimezone(CITY):%Y-%m-%d}"
        faults.take_rows(session, checked, source, by=self.handler, at=when)

    def _chosen(self, told: list[ToldFault]) -> set[tuple[str, datetime]]:
        """Return which faults lead to a claim: some of those that needed more than a morning."""
        long = [fault.row for fault in told if not fault.is_quick]
        chosen = self.telling.rng.sample(long, min(self.telling.scale.claims, len(long)))
        return {(row.lift_number, row.reported_at) for row in chosen}

    # ---- claims ----------------------------------------------------------------------------------------------------

    def _claim_on(self, fault: ToldFault) -> PlannedClaim:
        rng = self.telling.rng
        _, _, repair, (low, high) = KINDS[fault.kind]
        estimate = rng.randint(low * 100, high * 100)
        return PlannedClaim(
            title=f"{repair}（{fault.row.lift_number}）",
            estimate_fen=estimate,
            payable_fen=estimate * rng.randint(84, 100) // 100,
            lift_number=fault.row.lift_number,
            reported_at=fault.row.reported_at,
            is_rejected=rng.randrange(100) < _REJECTED,
            is_revised=rng.randrange(100) < 5,
        )

    def _plan_claim(self, planned: PlannedClaim, listed_at: datetime) -> None:
        rng = self.telling.rng
        day = self.telling.workday(clock.on(listed_at) + timedelta(days=rng.randint(0, 3)))
        self.telling.plan(
            max(at(day, 10, rng.randrange(60)), listed_at),
            partial(self._make, planned),
        )

    def _make(self, planned: PlannedClaim, session: Session, when: datetime) -> None:
        """Make a claim and plan its way."""
        row = self.open_claim(session, planned, when)
        rng, telling = self.telling.rng, self.telling
        submitted = when + timedelta(minutes=rng.randint(30, 200))
        decided = at(telling.workday(clock.on(when) + timedelta(days=rng.randint(1, 6))), 10 + rng.randrange(6))
        claim_id = row.id

        def submit(session: Session, when: datetime) -> None:
            claim = handling.lock(session, claim_id)
            if planned.estimate_fen % 3 and not planned.is_rejected:
                handling.enter_bill(session, claim, _bill(planned), by=self.handler, at=when)
            handling.submit(session, claim, by=self.handler, at=when)
            if planned.is_revised:
                handling.revise(session, claim, planned.estimate_fen * 9 // 8, by=self.handler, at=when)

        def decide(session: Session, when: datetime) -> None:
            claim = handling.lock(session, claim_id)
            if planned.is_rejected:
                handling.reject(session, claim, _REJECTION, by=self.handler, at=when)
            else:
                self.approve(session, claim, planned.payable_fen, when)

        telling.plan(submitted, submit)
        telling.plan(decided, decide)

    def open_claim(self, session: Session, planned: PlannedClaim, when: datetime) -> Claim:
        """Return a new claim, from the fault that a list told of where there is one."""
        policy_id = self.year.policy_ids[self.year.policy_of(planned.lift_number).number]
        fault = None
        if planned.reported_at is not None:
            found = select(Fault).join(Lift, Lift.id == Fault.lift_id).where(Lift.number == planned.lift_number)
            fault = session.scalars(found.where(Fault.reported_at == planned.reported_at)).one()
        policy = session.get_one(Policy, policy_id)
        return handling.make(
            session, policy, planned.title, planned.estimate_fen, fault=fault, by=self.handler, at=when
        )

    def approve(self, session: Session, claim: Claim, payable_fen: int, when: datetime) -> None:
        """Approve a claim and plan its payment, before the quarter ends."""
        day = clock.on(when)
        handling.approve(session, claim, payable_fen, on=day, by=self.signatory, at=when)
        paid_on = self.year.within_quarter(day, day + timedelta(days=self.telling.rng.randint(1, 7)))
        claim_id = claim.id

        def pay(session: Session, when: datetime) -> None:
            found = handling.lock(session, claim_id)
            settlements.pay_by_lead(session, found, on=clock.on(when), by=self.year.second, at=when)

        self.telling.plan(at(paid_on, 16, 30), pay)
