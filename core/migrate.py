"""Bringing a database to a step of the schema, and telling where it stands."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

import core


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(core.__file__).parent / "migrations"))
    return config


def owner_engine(owner_url: str) -> Engine:
    """Return an engine for migrations: a lock not had within three seconds fails instead of blocking the city."""
    _, _, rest = owner_url.partition("://")
    return create_engine(f"postgresql+psycopg://{rest}", connect_args={"options": "-c lock_timeout=3s -c timezone=UTC"})


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database up to `revision`, one transaction a step."""
    _run(owner_url, lambda config: command.upgrade(config, revision))


def downgrade(owner_url: str, revision: str) -> None:
    """Bring the database down to `revision` (`base`: nothing left)."""
    _run(owner_url, lambda config: command.downgrade(config, revision))


def _run(owner_url: str, work) -> None:  # type: ignore[no-untyped-def]
    engine = owner_engine(owner_url)
    config = _config()
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(hashtext('gongbao_migrations'))"))
            connection.commit()
            config.attributes["connection"] = connection
            work(config)
            connection.commit()
    finally:
        engine.dispose()


def head() -> str:
    """Return the newest step that this program knows."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise RuntimeError("the package holds no migration steps")
    return found


def current(engine: Engine) -> str | None:
    """Return the step that a database stands at; None where it has no schema yet."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
