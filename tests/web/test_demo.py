"""The demonstration: an invented city at a known scale, told once by the real verbs, never over anything else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from claims import faults, run_off
from claims.list_models import ClaimsList
from claims.models import CashCall, Claim, Fault
from claims.service_standard import FaultTimes, Standard, measure
from core import audit, clock, migrate, server
from core.calendar import published_days
from core.clock import CITY
from core.db import engine_for, unit_of_work
from core.papers import Store
from core.permits import SYSTEM, Role
from core.server import Urls
from core.settings import read_settings
from ledger import books, statements
from tender import keyfiles
from tender.models import Tender
from tender.outcome_models import AwardMember
from underwriting import estates, step_up, variations
from underwriting.models import Bordereau, Lift, Policy, Pool
from underwriting.variation_models import Variation
from web import rooms, verification
from web.demo import casting, lists, load, pilot
from web.demo.city import FULL, LARGEST, SMALL, Scale, plan_city
from web.demo.faults import Cover, faults_of, lists_of
from web.demo.telling import at, quarters_until

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=CITY)
QUICK = {"time_cost": 1, "memory_cost": 1024, "parallelism": 1}


@dataclass(frozen=True)
class Told:
    """A database in which the story has been told."""

    urls: Urls
    engine: Engine
    folder: Path
    lines: list[str]


def tell(urls: Urls, folder: Path, scale: Scale, now: datetime = NOW) -> Told:
    """Tell the story into an empty database."""
    rooms.import_all()
    migrate.upgrade(urls.owner)
    engine = engine_for(urls.app)
    lines: list[str] = []
    key = Ed25519PrivateKey.generate()
    settings = read_settings({"GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(folder)})
    stand = load.Stand(engine, urls, Store(folder / "papers"), key, key, settings, folder / "keys")
    load.load(stand, now, lines.append, scale=scale, hashing=QUICK)
    return Told(urls, engine, folder, lines)


@pytest.fixture(scope="module")
def told(place: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story of a small city, told once for this file."""
    urls = server.another(place, f"demo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    made = tell(urls, tmp_path_factory.mktemp("demo"), SMALL)
    yield made
    made.engine.dispose()


# ---- the plan ------------------------------------------------------------------------------------------------------


def test_the_city_has_the_scale_of_the_source() -> None:
    """143 communities, 3,067 lifts, 128,100 households; 104 of the 116 lifts of the largest are old enough."""
    city = plan_city(FULL, date(2026, 1, 1), Random(1))
    assert (len(city), sum(len(each.rows) for each in city)) == (143, 3067)
    assert sum(each.rows[0].households for each in city) == 128_100
    assert (city[0].name, len(city[0].rows), len(city[0].insured)) == (LARGEST, 116, 104)
    assert len({row.lift_number for each in city for row in each.rows}) == 3067
    assert len({each.name for each in city}) == 143
    assert city == plan_city(FULL, date(2026, 1, 1), Random(1))


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2027, 1, 1), date(2028, 2, 29), date(2026, 12, 31)])
def test_the_year_is_three_quarters_and_the_one_of_today(today: date) -> None:
    """On any day the story has three whole quarters behind it and is in the fourth."""
    quarters = quarters_until(today)
    assert len(quarters) == 4
    assert quarters[3].starts_on <= today <= quarters[3].ends_on
    for earlier, later in pairwise(quarters):
        assert earlier.ends_on + timedelta(days=1) == later.starts_on


def test_faults_run_as_the_source_tells() -> None:
    """Nearly all answered in 30 minutes, over 60 % repaired in half a working day, one beyond three days."""
    covers = [Cover(f"L{number}", date(2026, 1, 5), date(2026, 11, 15)) for number in range(300)]
    told = faults_of(covers, 2000, Random(3))
    times = [
        FaultTimes(str(number), one.row.reported_at, one.row.acknowledged_at, one.row.arrived_at, one.row.restored_at)
        for number, one in enumerate(told)
    ]
    found = measure(times, Standard(), published_days(2026, 2026), at(date(2026, 11, 20), 12))
    assert (found.response.bp or 0) > 9_600
    assert 6_000 <= (found.half_day.bp or 0) <= 6_800
    assert 90 <= (found.mean_days_hundredths or 0) <= 118
    assert found.within_longest.n - found.within_longest.met == 1


def test_every_repair_stands_in_one_list() -> None:
    """A fault is told by the first list handed in after its repair, and by no other."""
    told = faults_of([Cover("L1", date(2026, 3, 1), date(2026, 5, 1))], 60, Random(5))
    days = [at(date(2026, 3, 9) + timedelta(days=7 * week), 8) for week in range(10)]
    listed = list(lists_of(told, days))
    assert sum(len(rows) for _, rows in listed) == 60
    for when, rows in listed:
        assert all(one.row.restored_at is not None and one.row.restored_at <= when for one in rows)
        assert [one.row.row for one in rows] == list(range(2, len(rows) + 2))


def test_every_role_can_be_played() -> None:
    """There is an account for every role of people, each with an address of its own."""
    found = list(casting.accounts())
    assert {role for role, *_ in found} == set(Role) - {Role.SYSTEM, Role.PUBLIC}
    assert len({email for *_, email in found}) == len(found)


# ---- the told story ------------------------------------------------------------------------------------------------


def test_seven_bid_and_four_become_the_pool(told: Told) -> None:
    """The pool has the awarded members in the awarded shares, the lead first; the next tender takes bids."""
    with unit_of_work(told.engine, SYSTEM) as session:
        finished, running = session.scalars(select(Tender).order_by(Tender.created_at)).all()
        assert (finished.stage, running.stage) == ("complete", "published")
        assert running.deadline_at > NOW
        pool = session.scalars(select(Pool).where(Pool.award_id.is_not(None))).one()
        award = select(AwardMember).where(AwardMember.award_id == pool.award_id).order_by(AwardMember.place)
        members = [(each.organisation_id, each.share_bp) for each in session.scalars(award)]
        shares = books.latest_shares(session, pool.id)
        assert list(zip(shares.members, shares.weights.weights, strict=True)) == members
        assert [share for _, share in members] == [4500, 2500, 2000, 1000]
    with psycopg.connect(told.urls.admin) as connection:
        sealed = "SELECT count(*) FROM sealed_bid WHERE tender_id = %s"
        assert connection.execute(sealed, [finished.id]).fetchone() == (7,)
        assert connection.execute(sealed, [running.id]).fetchone() == (2,)


def test_the_closed_quarters_balance(told: Told) -> None:
    """Statements of a closed quarter sum to zero and equal their lines; two are settled, the last is being answered."""
    with unit_of_work(told.engine, SYSTEM) as session:
        pool = session.scalars(select(Pool).where(Pool.award_id.is_not(None))).one()
        stages = []
        for period in reversed(statements.periods(session, pool.id)):
            rows = statements.of_period(session, period)
            assert sum(row.balance_fen for row in rows) == 0
            for row in rows:
                assert sum(line.amount_fen for line in statements.lines(session, row)) == row.balance_fen != 0
            stages.append((period.stage, [row.stage for row in rows]))
        assert stages == [
            ("closed", ["settled"] * 4),
            ("closed", ["settled"] * 4),
            ("closed", ["agreed", "acknowledged", "queried", "issued"]),
            ("open", []),
        ]
        asked = session.execute(text("SELECT kind FROM book_extract WHERE stage = 'waiting' GROUP BY 1 ORDER BY 1"))
        assert asked.scalars().all() == ["claims", "premiums", "trial_balance"]


def test_everything_happens_in_the_year(told: Told) -> None:
    """Policies in every stage, refunds, claims on every way, cash calls, live faults in every stage."""
    with unit_of_work(told.engine, SYSTEM) as session:

        def counted(column: InstrumentedAttribute[str]) -> dict[str, int]:
            return {row[0]: row[1] for row in session.execute(select(column, func.count()).group_by(column))}

        assert sum(counted(Policy.stage).values()) == SMALL.communities + lists.POSTED + len(pilot.LIFTS)
        assert set(counted(Bordereau.stage)) == {"posted", "faulty", "checked"} and counted(ClaimsList.stage)["checked"]
        assert set(counted(Policy.stage)) == {"bound", "received", "remitted"}
        assert {"paid", "called", "submitted"} <= set(counted(Claim.stage))
        assert counted(CashCall.stage) == {"received": 5, "issued": 1}
        assert {"reported", "on_site", "repaired", "accepted", "withdrawn"} <= set(counted(Fault.stage))
        assert sum(counted(Fault.stage).values()) == SMALL.faults + SMALL.live_faults
        covered = estates.coverage(session, clock.on(NOW))
        assert (covered.communities, covered.lifts) == (SMALL.communities, SMALL.lifts)
        assert covered.households_insured <= SMALL.households
        figures = faults.figures(session, SYSTEM, Standard(), since=NOW - timedelta(days=327), until=NOW, at=NOW)
        assert figures.closed > SMALL.faults
        assert figures.open > 0


def test_a_pilot_pool_runs_off_with_a_member_in_default(told: Told) -> None:
    """Its agreement is over; the third member's shortfall is split 5000:3000; a claim and the default keep it open."""
    with unit_of_work(told.engine, SYSTEM) as session:
        pool = session.scalars(select(Pool).where(Pool.award_id.is_(None))).one()
        assert run_off.stage_of(session, pool, clock.on(NOW)) == "run_off"
        (row,) = step_up.listed(session, pool.id)
        assert row.stage == "declared" and row.parts_fen[2] == 0
        assert abs(8000 * row.parts_fen[0] - 5000 * sum(row.parts_fen)) < 8000
        left = {one.kind: one.count for one in run_off.still_open(session, pool, clock.on(NOW))}
        assert (left["claim"], left["step_up"], left["period"]) == (1, 1, 1) and "policy" not in left
        again = statements.of_period(session, statements.period(session, pool.id, "2026Q2"))
        assert [one.stage for one in again] == ["agreed", "agreed", "issued"]
        assert step_up.may_declare(session, again[2], clock.on(NOW))


def test_a_change_of_the_agreement_waits_for_its_parties(told: Told) -> None:
    """Two of the four members have consented; the lead, the fourth and the bureau are asked."""
    with unit_of_work(told.engine, SYSTEM) as session:
        (row,) = session.scalars(select(Variation)).all()
        assert [bool(one.consent) for one in variations.parties(session, row)] == [False, True, True, False, False]


def test_the_told_database_is_found_whole(told: Told) -> None:
    """Every invariant that `gongbao verify` knows holds on what the story has left behind."""
    with verification.auditor_engine_at(told.urls.auditor) as auditor:
        report = verification.run(auditor, at=clock.now())
    assert report.is_whole, report.as_text(is_english=True)


def test_the_log_is_in_order_and_signed_at_every_close(told: Told) -> None:
    """No event stands before an earlier one; a signed head stands at each close and at the end."""
    with unit_of_work(told.engine, SYSTEM) as session:
        heads = session.scalars(select(audit.AuditHead).order_by(audit.AuditHead.size)).all()
        assert [clock.on(head.signed_at) for head in heads] == [
            *(quarter.ends_on for quarter in quarters_until(clock.on(NOW))[:3]),
            clock.on(NOW),
        ]
        assert all(audit.is_signed(head) and audit.root(session, head.size) == head.root for head in heads)
        out_of_order = text(
            "SELECT count(*) FROM (SELECT at, lag(at) OVER (ORDER BY l.index) AS before"
            " FROM audit_leaf l JOIN audit_event e ON e.id = l.event_id) x WHERE at < before"
        )
        assert session.scalar(out_of_order) == 0
        assert session.scalar(text("SELECT count(*) FROM audit_pending")) == 0


def test_the_database_has_the_right_time_again(told: Told) -> None:
    """The clock that the past was told by is put right at the end."""
    with unit_of_work(told.engine, SYSTEM) as session:
        assert session.scalar(text("SELECT ahead = interval '0' FROM clock_offset"))


def test_the_keys_are_there_for_the_next_opening(told: Told) -> None:
    """Every custodian's key opens with the printed password and is the one that the open tender names."""
    with unit_of_work(told.engine, SYSTEM) as session:
        running = session.scalars(select(Tender.id).where(Tender.stage == "published")).one()
        keys = "SELECT public_key FROM custodian WHERE tender_id = :tender ORDER BY place"
        wanted = [bytes(row[0]) for row in session.execute(text(keys), {"tender": running})]
    files = [told.folder / "keys" / f"custodian{number}.key.json" for number in range(1, 6)]
    assert [keyfiles.public_of("custodian-key", file.read_bytes()) for file in files] == wanted
    keyfiles.unlock_key("custodian-key", files[0].read_bytes(), casting.PASSWORD)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


@pytest.mark.slow
def test_the_full_city(place: Urls, tmp_path: Path) -> None:
    """143 communities and policies, 3,067 lifts, 7 bidders and 4 members."""
    made = tell(server.another(place, "demo_full"), tmp_path, FULL)
    with unit_of_work(made.engine, SYSTEM) as session:
        covered = estates.coverage(session, clock.on(NOW))
        assert (covered.communities, covered.communities_insured, covered.lifts) == (143, 143, 3067)
        assert covered.households_insured == 128_100
        assert session.scalar(select(func.count()).select_from(Policy)) == 143 + lists.POSTED + len(pilot.LIFTS)
        assert session.scalar(select(func.count()).select_from(Lift)) == 3067
        assert session.scalar(select(func.count()).select_from(AwardMember)) == 4
        assert (session.scalar(select(func.count()).select_from(Fault)) or 0) > 4_400
    with psycopg.connect(made.urls.admin) as connection:
        bidders = connection.execute("SELECT count(DISTINCT organisation_id) FROM sealed_bid").fetchone()
    assert bidders == (7,)
    made.engine.dispose()
