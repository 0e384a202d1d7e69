"""What the engine keeps to itself."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError


def test_a_failed_statement_does_not_tell_what_it_was_given(engine: Engine) -> None:
    """A fault that is logged holds no parameter: it may be a person's name or a digest that opens a session."""
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT :name / 0"), {"name": 815})
    assert "815" not in str(caught.value)
