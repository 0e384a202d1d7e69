"""Kills in the middle of bulk posting: of the application, and of the database with it, as when the power fails.

A child process takes up what was left: it reads the list on that was being read, posts the one that was approved, and
sends the next. It is killed at a random moment of the reading or of the posting.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import signal
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from core import migrate, server
from core.db import engine_for, run_in_unit, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from ledger import books, streams
from ledger.apportion import apportion_stream
from ledger.books import AccountRef
from ledger.models import Entry
from ledger.rates import vat_inside
from tests.depth import DEPTH
from tests.makers import AT, ON, make_pool
from underwriting import bordereaux, pools, sent_lists
from underwriting.models import Bordereau, Policy, Pool
from underwriting.sent_lists import Sent
from web import bordereau_list
from web.verification import INVARIANTS

pytestmark = [pytest.mark.kill, pytest.mark.slow]

#: Of a run fourteen times as deep sixty kills of the application and twenty of the database fall into posting.
KILLS, POWER_CUTS = 6 * DEPTH, 2 * DEPTH
ROWS, PIECE = 1_200, 100
COLUMNS = {
    "number": "保单号",
    "inception_on": "起保日",
    "expires_on": "满期日",
    "lift_count": "台数",
    "gross_fen": "保费",
}
#: About how long each takes: a kill falls somewhere into it.
_LASTS_S = {"reading": 0.05, "posting": 0.25}
FORK = multiprocessing.get_context("fork")
Begin = Callable[[], Engine]


def _amounts(number: int) -> list[int]:
    """Return the premiums of a list in fen."""
    dice = random.Random(number)
    return [dice.randrange(1, 5_000_000) for _ in range(ROWS)]


def _file(number: int) -> io.BytesIO:
    """Return a list as it is sent."""
    rows = [f"L{number}-{place},{ON},2027-03-02,1,{fen / 100:.2f}" for place, fen in enumerate(_amounts(number))]
    return io.BytesIO("\n".join([",".join(COLUMNS.values()), *rows]).encode())


def _waiting(session: Session, pool_id: int) -> tuple[uuid.UUID, int, str]:
    """Return the list that is not posted yet, its number and how far it is; where there is none the next is sent."""
    row = session.scalar(select(Bordereau).where(Bordereau.pool_id == pool_id, Bordereau.stage != "posted"))
    if row is None:
        count = session.scalars(select(func.count()).select_from(Bordereau)).one()
        sent = Sent(f"{count}.csv", f"{count:064d}", COLUMNS)
        row = bordereaux.begin(session, session.get_one(Pool, pool_id), sent, on=ON, by=SYSTEM, at=AT)
    return row.id, int(row.name.removesuffix(".csv")), row.stage


def _approve(session: Session, bordereau_id: uuid.UUID) -> None:
    sent_lists.approve(session, sent_lists.lock(session, Bordereau, bordereau_id), by=SYSTEM, at=AT)


def _do_next(engine: Engine, pool_id: int, tell: Callable[[str, int], None]) -> None:
    """Read, approve and post the list that is waiting, from where it was left; say what is begun and what is done."""
    bordereau_id, number, stage = run_in_unit(engine, SYSTEM, lambda session: _waiting(session, pool_id))
    if stage == "reading":
        tell("reading", number)
        bordereau_list.read_on(engine, bordereau_id, _file(number))
    if stage != "approved":
        run_in_unit(engine, SYSTEM, lambda session: _approve(session, bordereau_id))
    tell("posting", number)
    bordereau_list.post_now(engine, bordereau_id)
    tell("posted", number)


def _child(begin: Begin, pool_id: int, pipe: Connection) -> None:
    bordereau_list.PIECE = PIECE  # type: ignore[attr-defined]
    engine = begin()
    while True:
        _do_next(engine, pool_id, lambda what, number: pipe.send((what, number)))


def _tree(folder: Path) -> list[psutil.Process]:
    """Return the processes of the database in a folder, the one above the others first."""
    above = server.embedded_process(folder)
    return [above, *above.children(recursive=True)]


def _run(begin: Begin, pool_id: int, kills: int, folder: Path | None = None) -> tuple[set[int], Counter[str]]:
    """Return the lists whose posting was acknowledged over so many kills, and what the kills fell into."""
    chance = random.Random(20260302)
    done: set[int] = set()
    fell: Counter[str] = Counter()
    for kill in range(kills):
        receiver, sender = FORK.Pipe(duplex=False)
        child = FORK.Process(target=_child, args=(begin, pool_id, sender))
        child.start()
        sender.close()
        awaited, last = "reading" if kill % 6 == 5 else "posting", ""
        while last != awaited:
            assert receiver.poll(60)
            last = _heard(receiver, done)
        time.sleep(chance.random() * _LASTS_S[awaited])
        victims = _tree(folder) if folder else []
        os.kill(child.pid or 0, signal.SIGKILL)
        for one in victims:
            one.kill()
        psutil.wait_procs(victims)
        child.join()
        while receiver.poll(0):
            try:
                last = _heard(receiver, done)
            except EOFError:
                break
        receiver.close()
        fell[last] += 1
    return done, fell


def _heard(receiver: Connection, done: set[int]) -> str:
    """Take one word of a child's; remember what it says is posted."""
    what, number = receiver.recv()
    if what == "posted":
        done.add(number)
    return str(what)


def _expect_whole(engine: Engine, pool_id: int, done: set[int]) -> None:
    """Have the last list posted; expect each list once and whole, and the book that posting one by one would give."""
    _do_next(engine, pool_id, lambda what, number: done.add(number))
    with unit_of_work(engine, SYSTEM) as session:
        rows = session.scalars(select(Bordereau).order_by(Bordereau.made_at, Bordereau.id)).all()
        numbers = [int(row.name.removesuffix(".csv")) for row in rows]
        assert {row.stage for row in rows} == {"posted"} and set(numbers) == set(range(len(rows))) >= done
        amounts = [fen for number in range(len(rows)) for fen in _amounts(number)]
        found = session.execute(select(Entry.document, Entry.amount_fen).order_by(Entry.id)).all()
        names = [f"L{number}-{place}" for number in range(len(rows)) for place in range(ROWS)]
        assert [tuple(row) for row in found] == list(zip(names, amounts, strict=True))
        assert session.scalar(select(func.count()).select_from(Policy)) == len(amounts)
        agreement = pools.agreement_on(session, pool_id, ON)
        shares = pools.shares_of(session, agreement)
        parts = [vat_inside(fen, agreement.vat_bp) for fen in amounts]
        streamed = [part.net_fen for part in parts], [part.vat_fen for part in parts]
        splits = [list(apportion_stream(stream, shares.weights)) for stream in streamed]
        owed = [sum(split.parts_fen[place] for stream in splits for split in stream) for place in range(4)]
        balances = books.balances(session, pool_id)
        assert [balances[AccountRef("2305", member)] for member in shares.members] == [-fen for fen in owed]
        kinds = (1, "premium_net"), (1, "premium_vat")
        carries = {kind: stream[-1].carry_after for kind, stream in zip(kinds, splits, strict=True)}
        assert streams.carries(session, pool_id) == carries
        for invariant in INVARIANTS:
            if invariant.id in ("INV-A2-ledger", "INV-L1", "INV-M6", "INV-P7", "INV-P8"):
                assert invariant.check(session.connection()).first == ()


def test_kills_of_the_application_lose_and_double_nothing(engine: Engine, place: Urls) -> None:
    """Each list is posted once, whole, in the order of its file, whatever moment the application is killed at."""
    with unit_of_work(engine, SYSTEM) as session:
        pool_id = make_pool(session).pool.id
    done, fell = _run(lambda: engine_for(place.app, pool_size=2), pool_id, KILLS)
    assert fell["posting"] and fell["reading"], fell
    _expect_whole(engine, pool_id, done)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of a database that may be killed."""
    made = Path(tempfile.gettempdir()) / f"gongbao-power-{uuid.uuid4().hex[:12]}"
    yield made
    server.stop_embedded(made)


def test_power_cuts_lose_and_double_nothing(folder: Path) -> None:
    """The same where the database dies with the application and comes up again by itself."""
    urls = server.start_embedded(folder, "cuts")
    migrate.upgrade(urls.owner)
    engine = engine_for(urls.app, pool_size=2)
    with unit_of_work(engine, SYSTEM) as session:
        pool_id = make_pool(session).pool.id
    engine.dispose()
    server.stop_embedded(folder)
    done, fell = _run(
        lambda: engine_for(server.start_embedded(folder, "cuts").app, pool_size=2), pool_id, POWER_CUTS, folder
    )
    assert fell["posting"], fell
    engine = engine_for(server.start_embedded(folder, "cuts", is_kept=False).app, pool_size=2)
    try:
        _expect_whole(engine, pool_id, done)
    finally:
        engine.dispose()
