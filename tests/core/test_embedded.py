"""The embedded server in folders as people name them, and how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from core import server


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the system user of the server can reach; pytest's own are closed to it."""
    made = Path(tempfile.mkdtemp(prefix="gongbao-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize("name", ["with a blank", "会签's 目录", "very-long-" * 11])
def test_a_folder_of_any_name_holds_the_embedded_database(home: Path, name: str) -> None:
    """Whatever the folder is called, the three roles connect, the application's owns nothing; let go, all is gone."""
    folder = home / name / "postgres"
    urls = server.start_embedded(folder, is_kept=False)
    for url, role in ((urls.owner, server.OWNER), (urls.app, server.APP), (urls.auditor, server.AUDITOR)):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == (role, "gongbao")
    process = server.embedded_process(folder)
    assert not server.has_ended(process)
    server.stop_embedded(folder)
    assert server.has_ended(process) and not folder.exists()


_ONE_TEST = """
import os
from pathlib import Path
from urllib.parse import unquote


def test_one(place):
    folder = Path(unquote(place.admin.rpartition("host=")[2]))
    pid = (folder / "postmaster.pid").read_text().split()[0]
    with open(os.environ["TOLD"], "a") as told:
        told.write(f"{pid} {folder}\\n")
"""


def test_a_run_of_the_tests_leaves_no_server_and_no_folder(home: Path) -> None:
    """Each of two workers has its server; when they have ended both are stopped and their folders removed."""
    root = Path(__file__).resolve().parents[2]
    for number in range(2):
        (home / f"test_{number}.py").write_text(_ONE_TEST, encoding="utf-8")
    (home / "conftest.py").write_text("from tests.conftest import place\n", encoding="utf-8")
    (home / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", str(home)],
        cwd=home,
        env={**own, "TOLD": str(home / "told"), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    told = set((home / "told").read_text().splitlines())
    assert len(told) == 2
    for pid, _, folder in (line.partition(" ") for line in told):
        assert not psutil.pid_exists(int(pid)) or server.has_ended(psutil.Process(int(pid)))
        assert not Path(folder).exists()
