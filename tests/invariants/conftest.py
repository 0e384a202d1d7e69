"""A database of its own with the story told once a run; every plant lives in a transaction that is rolled back."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from core import migrate, server
from core.db import engine_for
from core.server import Urls
from tests.invariants.story import Story, tell


@pytest.fixture(scope="session")
def story(place: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The story, told on a database beside the worker's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    urls = server.another(place, f"invariants_{worker}")
    migrate.upgrade(urls.owner)
    engine = engine_for(urls.app)
    try:
        yield tell(urls, engine, tmp_path_factory.mktemp("store"))
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def superuser(story: Story) -> Iterator[Engine]:
    """An engine of the server's superuser, whom no wall stops."""
    _, _, rest = story.urls.admin.partition("://")
    engine = create_engine(f"postgresql+psycopg://{rest}", connect_args={"options": "-c timezone=UTC"})
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def auditor(story: Story) -> Iterator[Engine]:
    """The auditor's engine."""
    engine = engine_for(story.urls.auditor, pool_size=1)
    yield engine
    engine.dispose()
