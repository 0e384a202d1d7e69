"""Faults of the last days, live: reported by a person, answered, reached, repaired, accepted, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from claims import faults
from claims.faults import Report
from core.permits import Actor, Role
from web.demo.casting import REPAIRERS
from web.demo.claims_story import LIVE_DAYS, ClaimsStory
from web.demo.faults import KINDS

#: Minutes ago of the three newest: one not yet answered, one answered, one with people inside who are being reached.
_NEWEST = (6, 17, 24)

#: Hours ago of the one that waits for a part, longer than the standard allows.
_STUCK_H = 83


@dataclass
class LiveFault:
    """One fault on its way; every step finds it again."""

    story: ClaimsStory
    lift_number: str
    description: str
    is_trapped: bool
    teller: Actor
    fault_id: UUID | None = None

    def report(self, when: datetime) -> None:
        """Plan the report."""

        def act(session: Session, when: datetime) -> None:
            source = "page" if self.teller.role is Role.PROPERTY_MANAGER else "hotline"
            told = Report(self.lift_number, self.description, self.is_trapped, source=source)
            self.fault_id = faults.report(session, told, by=self.teller, at=when).id

        self.story.telling.plan(when, act)

    def then(self, when: datetime, verb: str, by: Actor, note: str = "") -> None:
        """Plan a step."""

        def act(session: Session, when: datetime) -> None:
            if self.fault_id is None:
                raise LookupError("a fault is told from its report")
            row = faults.lock(session, self.fault_id)
            faults.advance(session, row, verb, by=by, at=when, note=note)

        self.story.telling.plan(when, act)


def plan_live(story: ClaimsStory) -> None:
    """Put the live faults into the queue; what they have come to by now is for the visitor to see."""
    telling = story.telling
    rng, now, count = telling.rng, telling.now, telling.scale.live_faults
    ages = sorted((rng.randint(40, LIVE_DAYS * 24 * 60 - 30) for _ in range(count - 4)), reverse=True)
    ages = [_STUCK_H * 60, *ages, *reversed(_NEWEST)]
    for number, age_min in enumerate(ages):
        _plan_one(story, number, now - timedelta(minutes=age_min), is_last=number == len(ages) - 3)


def _plan_one(story: ClaimsStory, number: int, reported: datetime, *, is_last: bool) -> None:
    """Plan one fault: the first waits for a part, one is withdrawn, one is reopened, the others go their way."""
    rng = story.telling.rng
    fault, manager, repairer = _new_fault(story, number, is_trapped=is_last or number % 17 == 9)
    fault.report(reported)
    answered = reported + timedelta(minutes=41 if number == 12 else rng.randint(3, 12 if is_last else 26))
    fault.then(answered, "acknowledge", repairer)
    if number == 8:
        fault.then(answered + timedelta(minutes=9), "withdraw", fault.teller, "误报，电梯运行正常。")
        return
    arrived = answered + timedelta(minutes=rng.randint(8, 35))
    fault.then(arrived, "arrive", repairer)
    if number == 0:
        return
    repaired = arrived + timedelta(minutes=rng.randint(20, 190) if rng.randrange(100) < 60 else rng.randint(900, 3600))
    fault.then(repaired, "repair", repairer, "已修复，试运行正常。")
    if manager is None:
        return
    if number == 3:
        fault.then(repaired + timedelta(minutes=50), "reopen", manager, "试运行后再次停梯。")
        fault.then(repaired + timedelta(minutes=190), "repair", repairer, "更换接触器后恢复。")
        repaired += timedelta(minutes=190)
    fault.then(repaired + timedelta(minutes=rng.randint(30, 400)), "accept", manager)


def _new_fault(story: ClaimsStory, number: int, *, is_trapped: bool) -> tuple[LiveFault, Actor | None, Actor]:
    """Return a fault on an insured lift, who will accept its repair (None: nobody of the story's people), who works it.

    The one who works it is the person of the community's repairer.
    """
    rng, year = story.telling.rng, story.year
    manager: Actor | None = None
    if number % 3 == 0:
        slug, community = (("shanshui", year.city[0]), ("qinghe", year.city[1]))[number % 2]
        manager = story.cast.of(Role.PROPERTY_MANAGER, slug)
    else:
        community = rng.choice(year.policies).community
    kind = rng.choices(range(len(KINDS)), [each[1] for each in KINDS])[0]
    words = ("有人被困，轿厢停在楼层之间。" if is_trapped else "") + KINDS[kind][0]
    lift = community.insured[(number * 7) % (len(community.insured) - 1)]
    slug = next(company.slug for company in REPAIRERS if company.name == community.repairer)
    repairer = story.cast.of(Role.REPAIRER, slug)
    return LiveFault(story, lift, words, is_trapped, manager or story.handler), manager, repairer
