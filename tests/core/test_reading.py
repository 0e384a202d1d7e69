"""Tests of what is only read by the driver itself: one snapshot behind the wall, nothing written, faults as ever."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import Engine, Integer, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core import reading
from core.db import engine_for
from core.parties import Organisation
from core.permits import PUBLIC, Actor, Role

_SCOPE = select(
    func.current_setting("gongbao.organisation_id").label("whose"),
    func.current_setting("gongbao.sees_all").label("sees_all"),
    func.current_setting("transaction_isolation").label("isolation"),
    func.current_setting("transaction_read_only").label("is_read_only"),
)
_ASKED = select(bindparam("n", type_=Integer, required=False).label("n"))


def actor_of(role: Role) -> Actor:
    """Return somebody of an organisation."""
    return Actor(uuid.uuid4(), uuid.uuid4(), role, "insurer")


def test_all_questions_are_of_one_snapshot_behind_the_wall(engine: Engine) -> None:
    """Whose rows may be seen is said before anything is asked, and holds for these questions alone."""
    actor = actor_of(Role.FINANCE_MAKER)
    ((found,), (named,)) = reading.ask_together(
        engine, actor, reading.question(_SCOPE), reading.question(select(text("7 AS n")))
    )
    assert (found.whose, found.sees_all) == (str(actor.organisation_id), "no")
    assert (found.isolation, found.is_read_only, named.n) == ("repeatable read", "on", 7)
    ((public,),) = reading.ask_together(engine, PUBLIC, reading.question(_SCOPE))
    assert (public.whose, public.sees_all) == ("", "no")
    with Session(engine) as session:
        assert not session.scalar(select(func.current_setting("gongbao.organisation_id", True)))
        assert session.scalar(select(func.current_setting("transaction_isolation"))) == "serializable"


def test_a_question_is_asked_about_one_thing_after_another(engine: Engine) -> None:
    """What is written out once takes other values each time, and its own stay as they were."""
    asked = reading.question(_ASKED)
    found = reading.ask_together(engine, PUBLIC, asked.given(n=3), asked.given(n=4), asked)
    assert [one.n for (one,) in found] == [3, 4, None] and asked.values == {"n": None}
    assert reading.ask_alone(engine, select(bindparam("n", type_=Integer).label("n")), {"n": 3})[0].n == 3


def test_nothing_is_written_and_a_refusal_is_raised_as_by_sqlalchemy(engine: Engine) -> None:
    """A question that writes, or goes wrong, is refused; the connection is as good as before."""
    writes = select(Organisation.id).with_for_update()
    for wrong, state in ((writes, "25006"), (select(text("1 / 0")), "22012")):
        with pytest.raises(DBAPIError) as refused:
            reading.ask_together(engine, PUBLIC, reading.question(wrong), reading.question(_SCOPE))
        assert getattr(refused.value.orig, "sqlstate", None) == state
    with pytest.raises(DBAPIError):
        reading.ask_alone(engine, select(text("1 / 0")), {})
    assert reading.ask_together(engine, PUBLIC, reading.question(select(text("1 AS n"))))[0][0].n == 1


def test_a_server_that_is_gone_is_told_as_such(engine: Engine) -> None:
    """A connection that was cut is given up, and the next one works; where there is none it is the same fault."""
    own = engine_for(engine.url.render_as_string(hide_password=False).replace("+psycopg", ""))
    cut = select(func.pg_terminate_backend(func.pg_backend_pid()))
    try:
        with pytest.raises(OperationalError):
            reading.ask_alone(own, cut, {})
        assert reading.ask_alone(own, select(text("1 AS n")), {})[0].n == 1
    finally:
        own.dispose()
    with pytest.raises(OperationalError):
        reading.ask_alone(engine_for("postgresql:///nowhere?host=/nonexistent"), select(text("1 AS n")), {})
