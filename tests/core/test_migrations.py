"""The schema's steps: they make what the models say, and go down and up again on a database with rows in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

import core
from claims.rehearsal import rehearse
from core import migrate, server
from core.db import Model, engine_for, unit_of_work
from core.migrations.unmodelled import is_modelled
from core.permits import SYSTEM
from core.server import Urls
from tests.conftest import empty_all
from tests.makers import make_policy, make_pool
from tests.scenarios import oracle_quarter


def _steps() -> list[str]:
    """Return the numbers of the steps, oldest first."""
    scripts = ScriptDirectory(str(Path(core.__file__).parent / "migrations"))
    return [step.revision for step in scripts.walk_revisions()][::-1]


def test_the_steps_make_what_the_models_say(place: Urls) -> None:
    """Nothing stands in the models that the migrations do not make, and nothing the other way round."""
    engine = migrate.owner_engine(place.owner)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_modelled, "compare_type": True})
        assert compare_metadata(context, Model.metadata) == []
    engine.dispose()


def test_steps_are_numbered_in_their_order() -> None:
    """Steps are numbered 0001, 0002 and so on, without a gap."""
    steps = _steps()
    assert steps == [f"{number:04d}" for number in range(1, len(steps) + 1)]


@pytest.fixture
def own_place(place: Urls) -> Urls:
    """A database of this test's own, which it may take apart."""
    return server.another(place, "steps")


def test_every_step_goes_down_and_up_on_rows(own_place: Urls) -> None:
    """With rows in every room, each step can be taken back and taken again, and the oracle quarter still agrees."""
    migrate.upgrade(own_place.owner)
    engine: Engine = engine_for(own_place.app)
    try:
        for step in reversed(["base", *_steps()[:-1]]):
            with unit_of_work(engine, SYSTEM) as session:
                make_policy(session, make_pool(session))
            engine.dispose()
            migrate.downgrade(own_place.owner, step)
            migrate.upgrade(own_place.owner)
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            empty_all(own_place)
        assert rehearse(engine, oracle_quarter.FILE)["statement_fen"] == oracle_quarter.STATEMENT
    finally:
        engine.dispose()
