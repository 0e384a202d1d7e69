"""The walls as text: what INV-A4 compares a database with is what the migrations make."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Engine

from core import schema_text


def test_the_expected_walls_are_those_that_the_migrations_make(auditor: Engine) -> None:
    """Whoever changes a migration writes the walls down anew: GONGBAO_WRITE_SCHEMA=1 with this test."""
    with auditor.connect() as connection:
        stands = schema_text.read(connection)
    if os.environ.get("GONGBAO_WRITE_SCHEMA"):
        target = Path(str(files("core.migrations").joinpath(schema_text.EXPECTED_FILE)))
        target.write_text("\n".join(stands) + "\n", encoding="utf-8")
    expected = schema_text.expected()
    missing, added = sorted(set(expected) - set(stands)), sorted(set(stands) - set(expected))
    assert (missing, added) == ([], []), "the walls have changed; write them down with GONGBAO_WRITE_SCHEMA=1"


def test_every_wall_has_a_name_of_its_own() -> None:
    """No two lines are of the same thing, so that a difference names exactly one."""
    names = [line.partition(": ")[0] for line in schema_text.expected()]
    assert sorted(set(names)) == sorted(names)
