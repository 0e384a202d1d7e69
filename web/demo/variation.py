"""A change of the agreement in the story: proposed on the last working day, with one more consent than its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from core import clock
from core.permits import Role
from underwriting import pools, variations
from underwriting.models import Pool
from underwriting.terms import Clauses
from web.demo.telling import at
from web.demo.year import YearStory

#: Who proposes and who has consented, by their places; in so many days the new version would begin.
PROPOSES, CONSENTS, DAYS = 1, 2, 21


def plan_variation(year: YearStory) -> None:
    """Put the proposal into the queue."""
    day = year.telling.workday_before(clock.on(year.telling.now))
    year.telling.plan(at(day, 11, 20), partial(_propose, year))


def _propose(year: YearStory, session: Session, when: datetime) -> None:
    """Propose that claims are paid each by itself, before the agreement ends."""
    pool, firms = session.get_one(Pool, year.pool_id), year.cast.firms
    ends_on, day = pools.ends_on(session, pool.id), clock.on(when)
    told = variations.Proposal(
        min(day + timedelta(days=DAYS), ends_on - timedelta(days=1)),
        ends_on,
        Clauses(("claims",), is_step_up=True),
        "赔款金额大，逐项收付便于对账；并约定违约代担",
    )
    row = variations.propose_change(session, pool, told, by=firms[PROPOSES].actors[Role.SIGNATORY], at=when)
    variations.give_consent(session, row, by=firms[CONSENTS].actors[Role.SIGNATORY], at=when)
