"""The schema's steps: they make what the models say, in their order (on rows: tests/invariants/test_steps.py)."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import core
from core import migrate
from core.db import Model
from core.migrations.unmodelled import is_modelled
from core.server import Urls


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
