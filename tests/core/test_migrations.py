"""The schema's steps: they reach the models, and go up, down and up again on a database with rows in it."""

from __future__ import annotations

from sqlalchemy import text

from core import migrate
from core.server import Urls


def test_up_down_up(place: Urls) -> None:
    """Every step can be taken back and taken again."""
    migrate.downgrade(place.owner, "base")
    migrate.upgrade(place.owner)
    engine = migrate.owner_engine(place.owner)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == migrate.head()
    engine.dispose()
