"""The application on the test's database, and its visitors."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.visitors import Browser, Visitors, make_app


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
