"""The application on the test's database, and its visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

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


@pytest.fixture
def app(engine: Engine, state_dir: Path) -> Flask:
    """The application in test mode on an empty database."""
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
