"""A worker is killed while it writes an extract: nothing of the half file is seen, and the next one makes it whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.db import unit_of_work
from core.papers import Store
from core.permits import SYSTEM, Role
from core.server import Urls
from ledger.extract_models import BookExtract
from ledger.extracts import Kind, Wish
from tests.makers_money import CLOSED_AT, play_quarter
from web import extracts as making

pytestmark = pytest.mark.kill

#: A maker that stops in the middle of its rows and says so.
_MAKER = """
import sys, time, uuid
from pathlib import Path
from core.db import engine_for
from core.papers import Store
from web import extracts, rooms
from web.documents import extract_files

rooms.import_all()
extract_files.TICK_ROWS = 7

def stop(engine, extract_id, rows):
    print(rows, flush=True)
    time.sleep(60)

extracts._tick = stop
extracts.make(engine_for(sys.argv[1], pool_size=2), Store(Path(sys.argv[2])), uuid.UUID(sys.argv[3]))
"""


def test_a_killed_maker_leaves_nothing_and_the_next_makes_it_whole(
    engine: Engine, place: Urls, state_dir: Path
) -> None:
    """Killed after some rows it stands as being made, without a file; made again there is one file, whole."""
    store = Store(state_dir / "papers")
    with unit_of_work(engine, SYSTEM) as session:
        made = play_quarter(session).made
    lead = made.actor(Role.FINANCE_MAKER)
    with unit_of_work(engine, lead) as session:
        wish = Wish(made.pool.id, made.period.id, Kind.JOURNAL, "xlsx", is_whole=True)
        asked = making.ask(session, wish, by=lead, at=CLOSED_AT).id
    command = [sys.executable, "-c", _MAKER, place.app, str(store.folder), str(asked)]
    maker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    assert maker.stdout.readline() == "7\n"
    maker.send_signal(signal.SIGKILL)
    assert maker.wait() == -signal.SIGKILL
    maker.stdout.close()
    papers = text("SELECT count(*) FROM paper WHERE subject_kind = 'book_extract'")
    with unit_of_work(engine, SYSTEM) as session:
        assert (session.get_one(BookExtract, asked).stage, session.scalar(papers)) == ("making", 0)
    for _ in range(2):
        making.make(engine, store, asked)
    with unit_of_work(engine, SYSTEM) as session:
        assert (session.get_one(BookExtract, asked).stage, session.scalar(papers)) == ("ready", 1)
        digest = session.scalars(text("SELECT digest FROM paper WHERE subject_kind = 'book_extract'")).one()
    assert store.is_whole(digest)
    assert [path.name for path in store.folder.glob("*/*")] == [digest]
