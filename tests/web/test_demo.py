"""The demonstration: an invented city at a known scale, told once by the real verbs, never over anything else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import psutil
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from claims import faults
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
from core.settings import Settings, read_settings
from ledger import books, statements
from tender import keyfiles
from tender.models import Tender
from tender.outcome_models import AwardMember
from underwriting import estates
from underwriting.models import Bordereau, Lift, Policy, Pool
from web import rooms, verification
from web.demo import casting, lists, load, main, serving, standing
from web.demo.city import FULL, LARGEST, SMALL, Scale, plan_city
from web.demo.faults import Cover, faults_of, lists_of
from web.demo.standing import Holding
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
        pool = session.scalars(select(Pool)).one()
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
        pool = session.scalars(select(Pool)).one()
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

        assert sum(counted(Policy.stage).values()) == SMALL.communities + lists.POSTED
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
        assert session.scalar(select(func.count()).select_from(Policy)) == 143 + lists.POSTED
        assert session.scalar(select(func.count()).select_from(Lift)) == 3067
        assert session.scalar(select(func.count()).select_from(AwardMember)) == 4
        assert (session.scalar(select(func.count()).select_from(Fault)) or 0) > 4_400
    with psycopg.connect(made.urls.admin) as connection:
        bidders = connection.execute("SELECT count(DISTINCT organisation_id) FROM sealed_bid").fetchone()
    assert bidders == (7,)
    made.engine.dispose()


# ---- starting ------------------------------------------------------------------------------------------------------


@dataclass
class Start:
    """A database of its own, and `gongbao demo --load-only` on it with a story of two events."""

    urls: Urls
    settings: Settings
    tellings: list[datetime]
    lines: list[str]

    def run(self, *, fresh: bool = False) -> int:
        """Return the exit code."""
        self.lines.clear()
        return main.main(self.settings, fresh=fresh, load_only=True, say=self.lines.append)

    def record(self, action: str, kind: str = "demo") -> None:
        """Write one event."""
        engine = engine_for(self.urls.app)
        with unit_of_work(engine, SYSTEM) as session:
            audit.record(session, action, by=SYSTEM, at=NOW, of=(kind, "story"))
        engine.dispose()


@pytest.fixture
def start(place: Urls, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A start on an empty database named by the environment, its telling made short."""
    urls = server.another(place, f"start_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    settings = read_settings(
        {
            "GONGBAO_MODE": "demo",
            "DATABASE_URL": urls.app,
            "GONGBAO_OWNER_URL": urls.owner,
            "GONGBAO_AUDITOR_URL": urls.auditor,
            "GONGBAO_STATE_DIR": str(state_dir),
        }
    )
    made = Start(urls, settings, [], [])

    def short(stand: load.Stand, now: datetime, say: Callable[[str], None]) -> None:
        made.tellings.append(now)
        made.record(standing.BEGUN)
        made.record(standing.TOLD)

    monkeypatch.setattr(load, "load", short)
    return made


def test_a_story_is_told_once(start: Start) -> None:
    """The second start finds it told and prints the accounts; `--fresh` tells it anew."""
    assert standing.holding(start.urls) is Holding.NOTHING
    assert start.run() == main.DONE
    assert standing.holding(start.urls) is Holding.WHOLE
    assert start.run() == main.DONE
    assert len(start.tellings) == 1
    printed = "\n".join(start.lines)
    assert casting.PASSWORD in printed
    assert all(email in printed for *_, email in casting.accounts())
    assert start.run(fresh=True) == main.DONE
    assert len(start.tellings) == 2


def test_half_a_story_is_told_anew(start: Start) -> None:
    """What a killed start left behind is taken away before the story is told again."""
    assert start.run() == main.DONE
    standing.wipe(start.urls)
    migrate.upgrade(start.urls.owner)
    start.record(standing.BEGUN)
    assert standing.holding(start.urls) is Holding.HALF
    assert start.run() == main.DONE
    assert standing.holding(start.urls) is Holding.WHOLE
    with psycopg.connect(start.urls.app) as connection:
        assert connection.execute("SELECT count(*) FROM audit_event").fetchone() == (2,)


@pytest.mark.parametrize("fresh", [False, True])
def test_somebody_elses_data_is_never_touched(start: Start, fresh: bool) -> None:
    """A database with rows that are not the story's is refused, and so is one with other tables; nothing changes."""
    rooms.import_all()
    migrate.upgrade(start.urls.owner)
    start.record("tender.created", kind="tender")
    assert standing.holding(start.urls) is Holding.OTHER
    assert start.run(fresh=fresh) == main.FAILED
    with psycopg.connect(start.urls.owner, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM audit_event").fetchone() == (1,)
        migrate.downgrade(start.urls.owner, "base")
        connection.execute("CREATE TABLE somebodys (one int)")
    assert start.run(fresh=fresh) == main.FAILED
    assert start.tellings == []


def test_the_owner_is_needed(start: Start, state_dir: Path) -> None:
    """With a database of one's own the owner's address is asked for before anything is done."""
    settings = read_settings(
        {"GONGBAO_MODE": "demo", "DATABASE_URL": start.urls.app, "GONGBAO_STATE_DIR": str(state_dir)}
    )
    lines: list[str] = []
    assert main.main(settings, load_only=True, say=lines.append) == main.USAGE
    assert "GONGBAO_OWNER_URL" in lines[0]


def test_a_taken_port_is_stepped_over() -> None:
    """Where somebody listens already the next port is taken; 0 takes any."""
    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with serving.listen("127.0.0.1", port) as found:
            assert port < found.getsockname()[1] < port + serving.PORTS_TRIED
            with socket.create_connection(found.getsockname()[:2], timeout=5):
                pass


def test_every_child_is_stopped(tmp_path: Path) -> None:
    """Children end when they are asked to; one that ended by itself is named with its last words."""
    children = serving.Children({}, tmp_path)
    steady = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    children.running["steady"] = steady
    assert children.ended() is None
    children.start("wrong", "no-such-verb").wait(30)
    assert children.ended() == "wrong"
    assert "no-such-verb" in children.last_words("wrong")
    children.stop()
    assert steady.poll() is not None


def test_no_child_outlives_its_parent() -> None:
    """A demo that is killed outright leaves no process behind: the system stops its children."""
    child = (
        "from web.demo.serving import leave_with_parent as l; l(); import time; print(1, flush=True); time.sleep(60)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None and killed.stdout.readline() == b"1\n"
        (left,) = psutil.Process(killed.pid).children()
        killed.kill()
        left.wait(20)
