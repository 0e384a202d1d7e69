"""What the engine keeps to itself."""

from __future__ import annotations

import psycopg
import pytest
from pytest import MonkeyPatch
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from core import db
from core.server import Urls


def test_a_failed_statement_does_not_tell_what_it_was_given(engine: Engine) -> None:
    """A fault that is logged holds no parameter: it may be a person's name or a digest that opens a session."""
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT :name / 0"), {"name": 815})
    assert "815" not in str(caught.value)


def test_an_idle_connection_that_died_is_not_given_out(place: Urls, monkeypatch: MonkeyPatch) -> None:
    """A server that was started again is met with new connections; the old ones are asked before they are used."""
    # Of its own: in the pool of all tests others would be given out, and the dead ones to a later test.
    engine = db.engine_for(place.app, pool_size=2)
    with engine.connect() as one, engine.connect() as two:
        killed = [opened.scalar(select(func.pg_backend_pid())) for opened in (one, two)]
    with psycopg.connect(place.app, autocommit=True) as other:
        for pid in killed:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    monkeypatch.setattr(db, "ASKED_AFTER_S", 0.0)
    for _ in range(3):
        with engine.connect() as opened:
            assert opened.scalar(select(func.pg_backend_pid())) not in killed
    engine.dispose()
