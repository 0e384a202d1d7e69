"""The application on the test's database, and its visitors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Engine

from core.server import Urls
from tests.visitors import Browser, Visitors, make_app, settings_for
from web.command_line import Place

#: What a command said and how it ended, by its words.
Run = Callable[..., Result]
Commands = Callable[[ModuleType, click.Command], Run]


@dataclass(frozen=True)
class Standing:
    """One application of a worker, with its folder and configuration as they were when it was made."""

    app: Flask
    folder: Path
    files: dict[Path, bytes]
    config: dict[str, Any]

    def renew(self) -> None:
        """Put the folder and the configuration back to where they were."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for path, content in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.app.config.clear()
        self.app.config.update(self.config)


@pytest.fixture(scope="session")
def standing(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """The application in test mode, made once: to make it takes longer than most tests of a page."""
    folder = tmp_path_factory.mktemp("web") / "state"
    app = make_app(shared_engine, folder)
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return Standing(app, folder, files, dict(app.config))


@pytest.fixture
def state_dir(standing: Standing) -> Path:
    """A folder for keys and papers, as the application left it when it was made."""
    standing.renew()
    return standing.folder


@pytest.fixture
def app(engine: Engine, state_dir: Path, standing: Standing) -> Flask:
    """The application in test mode on an empty database; `own_app` for who adds to it."""
    return standing.app


@pytest.fixture
def own_app(engine: Engine, state_dir: Path) -> Flask:
    """An application of this test alone, to which it may add routes."""
    return make_app(engine, state_dir)


@pytest.fixture
def visitors(app: Flask, engine: Engine) -> Visitors:
    """Makes browsers signed in by role: `visitors.login_as("officer")`."""
    return Visitors(app, engine)


@pytest.fixture
def client(visitors: Visitors) -> Browser:
    """A browser that is not signed in; `client.send(path, **fields)` posts a form with its token."""
    return visitors.browser()


@pytest.fixture
def commands(engine: Engine, place: Urls, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Makes the commands of a module run on the test's database: `commands(statement_cli, statement_cli.statement)`."""

    @contextmanager
    def database() -> Iterator[tuple[Place, Engine]]:
        yield Place(settings_for(state_dir), place), engine

    def runner(module: ModuleType, group: click.Command) -> Run:
        monkeypatch.setattr(module, "database", database)
        return lambda *words: CliRunner().invoke(group, words)

    return runner
