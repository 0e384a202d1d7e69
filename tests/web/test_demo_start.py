"""Starting the demonstration: told once, told anew where it was cut off, never over anything else; what it leaves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import psycopg
import pytest

from core import audit, migrate, server
from core.clock import CITY
from core.db import engine_for, unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from core.settings import Settings, read_settings
from web import rooms
from web.demo import casting, load, main, serving, standing
from web.demo.standing import Holding

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=CITY)


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
