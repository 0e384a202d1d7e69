"""Loading the demonstration: told once into an empty database, known again, never told over anything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from core import audit, calendar, clock
from core.db import unit_of_work
from core.papers import Store
from core.permits import SYSTEM, Role
from core.server import Urls
from core.settings import Settings
from tender import keyfiles
from web.demo.bank import BankStory
from web.demo.casting import PASSWORD, REPAIRERS
from web.demo.city import FULL, Scale, plan_city
from web.demo.claims_story import ClaimsStory
from web.demo.lists import ListStory
from web.demo.live import plan_live
from web.demo.losses import plan_losses
from web.demo.payouts import PayoutStory
from web.demo.people import QUICK_HASHING, Cast, cast_story
from web.demo.pilot import PilotStory
from web.demo.standing import BEGUN, STORY, TOLD, tell_time
from web.demo.telling import Telling, at
from web.demo.tender_story import TenderStory
from web.demo.variation import plan_variation
from web.demo.year import YearStory

#: How many days of the calendar after today are needed, expected ones where none is published.
_DAYS_AHEAD = 120

#: The same seed tells the same story.
SEED = 20_230_518

#: The least work that a key file may state; these keys protect nothing.
_QUICK_WORK = 1 << 14

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stand:
    """What the story is written to: the database as the application and by its addresses, papers, keys, a folder."""

    engine: Engine
    place: Urls
    store: Store
    receipt_key: Ed25519PrivateKey
    log_key: Ed25519PrivateKey
    settings: Settings
    keys_dir: Path


def load(
    stand: Stand,
    now: datetime,
    say: Say,
    *,
    scale: Scale = FULL,
    hashing: Mapping[str, int] = QUICK_HASHING,
) -> int:
    """Tell the whole story up to `now` into an empty database; return how many acts were played.

    The database's clock is set while the past is told, by its owner, and is right again at the end.
    """
    started_s = time.monotonic()
    rng = Random(SEED)  # noqa: S311 - a story, not a secret
    keys = stand.receipt_key, stand.log_key
    telling = Telling(stand.engine, stand.place, stand.store, *keys, stand.settings, now, scale, rng, say)
    cast = _begin(telling, hashing)
    _keep_keys(stand.keys_dir, cast)
    city = plan_city(scale, telling.year_starts_on, telling.rng, tuple(one.name for one in REPAIRERS))
    tender = TenderStory(telling, cast)
    year = YearStory(telling, cast, tender, city)
    claims = ClaimsStory(telling, cast, year)
    tender.plan()
    year.plan()
    bank = BankStory(year)
    bank.plan()
    ListStory(year).plan()
    plan_variation(year)
    PilotStory(telling, cast).plan()
    claims.plan()
    plan_losses(claims)
    PayoutStory(bank, claims).plan()
    plan_live(claims)
    say(f"{scale.communities} 个小区、{scale.lifts} 台电梯、{scale.households} 户 communities, lifts, households")
    try:
        played = telling.play()
    finally:
        tell_time(stand.place, None)
    with unit_of_work(stand.engine, SYSTEM) as session:
        audit.record(session, TOLD, by=SYSTEM, at=now, of=STORY, facts={"acts": played})
    year.sign_head(now)
    say(f"{played} 项业务，用时 {time.monotonic() - started_s:.1f} 秒 acts played, seconds")
    return played


def _begin(telling: Telling, hashing: Mapping[str, int]) -> Cast:
    """Write the mark that the story has begun, the calendar and the people."""
    since = telling.year_starts_on - timedelta(days=100)
    when = at(since, 9)
    with unit_of_work(telling.engine, SYSTEM) as session:
        facts = {"communities": telling.scale.communities, "lifts": telling.scale.lifts}
        audit.record(session, BEGUN, by=SYSTEM, at=when, of=STORY, facts=facts)
    with unit_of_work(telling.engine, SYSTEM) as session:
        cast = cast_story(session, since=since, at=when, hashing=hashing)
        calendar.import_published(session, by=cast.of(Role.ADMINISTRATOR), at=when)
        last = clock.on(telling.now) + timedelta(days=_DAYS_AHEAD)
        known = calendar.load(session, since, last)
        administrator, day = cast.of(Role.ADMINISTRATOR), since
        while day <= last:
            if day not in known:
                calendar.set_day(
                    session,
                    day,
                    is_workday=day.weekday() < 5,
                    status="provisional",
                    source="年度放假安排公布前按平日推算",
                    by=administrator,
                    at=when,
                )
            day += timedelta(days=1)
        telling.days = calendar.load(session, since, last)
    telling.say(f"{len(cast.actors)} 个演示账号，工作日历 accounts, working calendar")
    return cast


def _keep_keys(folder: Path, cast: Cast) -> None:
    """Keep every private key of the story as its holder would, under the password that is printed."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {keeper.email.partition("@")[0]: ("custodian-key", keeper.key) for keeper in cast.keepers}
    files |= {firm.company.slug: ("bidder-key", firm.key) for firm in cast.firms}
    for name, (kind, key) in files.items():
        path = folder / f"{name}.key.json"
        path.write_bytes(keyfiles.lock_key(kind, key, PASSWORD, work=_QUICK_WORK))
        path.chmod(0o600)
