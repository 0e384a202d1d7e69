"""A small invented city with its story told once a worker; every file of tests gets a copy of its own, on a site."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from flask import Flask
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from core import migrate, server
from core.clock import CITY
from core.db import engine_for, unit_of_work
from core.permits import SYSTEM, Role
from core.server import Urls
from core.settings import Settings
from tests.visitors import QUICK, settings_for
from web import jobs, keeping, rooms, tasks
from web.app import create_app
from web.demo import casting, load, serving, standing
from web.demo.city import SMALL

#: The instant up to which the story is told: a Monday noon, three quarters closed, the fourth running.
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=CITY)


@dataclass(frozen=True)
class Told:
    """Where the told story stands: the database to copy and the folder of its papers and keys."""

    urls: Urls
    folder: Path


def tell(place: Urls, folder: Path) -> Told:
    """Return the story, told into a database and a folder of this worker's own."""
    urls = server.another(place, _told_name())
    rooms.import_all()
    migrate.upgrade(urls.owner)
    _tell(urls, settings_for(folder))
    return Told(urls, folder)


def _tell(urls: Urls, settings: Settings) -> None:
    """Tell the story into an empty database, and have done what it left for the worker to do."""
    engine = engine_for(urls.app)
    stand = load.Stand(
        engine=engine,
        place=urls,
        store=keeping.store_in(settings),
        receipt_key=keeping.receipt_key(settings),
        log_key=tasks.log_key(settings),
        settings=settings,
        keys_dir=settings.state_dir / "demo" / "keys",
    )
    load.load(stand, NOW, lambda line: None, scale=SMALL, hashing=QUICK)
    engine.dispose()


@dataclass
class City:
    """One copy of the city, shown on a site of its own; `states` are the cookies of those who have signed in."""

    urls: Urls
    settings: Settings
    engine: Engine
    app: Flask
    address: str
    states: dict[str, Any] = field(default_factory=dict)

    def tell_time(self, instant: datetime) -> None:
        """Make it this instant in the city; sign-ins that are left idle by it have ended."""
        standing.tell_time(self.urls, instant)
        self.states.clear()

    def pass_time(self, span: timedelta) -> None:
        """Let time pass."""
        with psycopg.connect(self.urls.app, autocommit=True) as connection:
            row = connection.execute("SELECT gongbao_now()").fetchone()
        assert row
        self.tell_time(row[0] + span)

    def work_off(self) -> None:
        """Do every job that waits, as the worker would; in a thread, because the browser's loop runs in this one."""
        bench = tasks.Bench(self.settings, self.engine)

        def work() -> None:
            jobs.queue(bench, self.urls.app).run_worker(wait=False, listen_notify=False, install_signal_handlers=False)

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Look into the books beside the pages."""
        with unit_of_work(self.engine, SYSTEM) as session:
            yield session

    def key_file(self, name: str) -> Path:
        """Return the key file of a custodian (`custodian1`) or an insurer (`shili`) of the story."""
        return self.settings.state_dir / "demo" / "keys" / f"{name}.key.json"


def account_of(role: Role, slug: str = "", number: int = 1) -> str:
    """Return the address of an account in a role: of one organisation (`shili`), the so-manieth, where that matters."""
    parts = [part for company in casting.COMPANIES if slug in ("", company.slug) for part in company.parts]
    return [part.email for part in parts if part.role is role][number - 1]


class _Quiet(WSGIRequestHandler):
    """A handler that writes no line for each request, only what went wrong."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def shown(told: Told, name: str, folder: Path) -> Iterator[City]:
    """Show a copy of the told city on a free port of this machine for as long as it is needed."""
    urls = _copied(told, name)
    shutil.copytree(told.folder, folder, dirs_exist_ok=True)
    standing.tell_time(urls, NOW)
    engine = engine_for(urls.app, pool_size=16)
    with serving.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        settings = settings_for(folder, GONGBAO_PUBLIC_URL=address)
        app = create_app(settings, engine)
        site = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet, fd=listener.fileno())
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield City(urls, settings, engine, app, address)
        finally:
            site.shutdown()
            thread.join()
            site.server_close()
            engine.dispose()
            _administer(told.urls, "DROP DATABASE {} WITH (FORCE)", name)


def _copied(told: Told, name: str) -> Urls:
    """Return the addresses of a copy of the told database, which the server makes by copying files."""
    _administer(told.urls, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    _administer(told.urls, "CREATE DATABASE {} TEMPLATE {} OWNER {}", name, _told_name(), server.OWNER)
    _administer(told.urls, "REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", name)
    return told.urls.named(name)


def _administer(urls: Urls, query: LiteralString, *names: str) -> None:
    with psycopg.connect(urls.named("postgres").admin, autocommit=True) as connection:
        connection.execute(sql.SQL(query).format(*map(sql.Identifier, names)))


def _told_name() -> str:
    """Return the database that is copied for every file; nobody connects to it after the story is told."""
    return f"browser_told_{worker()}"


def worker() -> str:
    """Return the name of this worker of the run."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
