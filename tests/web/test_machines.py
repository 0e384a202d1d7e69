"""Several machines on one database: signed in on one is signed in on all, tries are counted over all, jobs wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.errors import Conflict
from core.permits import Actor, Role
from core.settings import read_settings
from tests.visitors import PASSWORD, Browser, Visitors, make_app
from web import sent_work, tasks
from web.limits import LOGIN_ACCOUNT
from web.machines import mark
from web.tasks import Bench


def _here_too(visitor: Browser, app: Flask) -> Browser:
    """Return the same visitor's browser as another machine sees it: with the cookie that the first one gave."""
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = visitor.get_cookie(name)
    assert cookie is not None
    app.test_client_class = Browser
    other = app.test_client()
    assert isinstance(other, Browser)
    other.set_cookie(name, cookie.value)
    return other


def test_a_sign_in_holds_on_every_machine_with_the_same_secret(
    app: Flask, engine: Engine, visitors: Visitors, state_dir: Path
) -> None:
    """The next request may be another machine's; one with another secret knows nobody; signed out is out everywhere."""
    visitor = visitors.login_as(Role.OFFICER)
    assert visitor.get("/account").status_code == 200
    other = _here_too(visitor, make_app(engine, state_dir))
    stranger = _here_too(visitor, make_app(engine, state_dir, SECRET_KEY="another" * 8))
    assert other.get("/account").status_code == 200
    assert stranger.get("/account").status_code != 200
    other.send("/logout")
    assert visitor.get("/account").status_code != 200


def test_tries_are_counted_over_all_machines(engine: Engine, visitors: Visitors, state_dir: Path) -> None:
    """Whoever tries passwords on two machines in turn has no more tries than on one."""
    user = visitors.account(Role.OFFICER)
    browsers = [visitors.browser(), Visitors(make_app(engine, state_dir), engine).browser()]

    def tried(turn: int, password: str) -> int:
        return browsers[turn % 2].send("/login", email=user.email, password=password).status_code

    answers = [tried(turn, "not the password") for turn in range(LOGIN_ACCOUNT.burst)]
    assert 429 not in answers
    assert [tried(turn, PASSWORD) for turn in range(2)] == [429, 429]


def test_machines_that_are_alike_show_one_mark(tmp_path: Path) -> None:
    """The mark changes with the secret, a key or a setting that all must share, and with no address of a machine's."""
    told = {"GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(tmp_path), "SECRET_KEY": "x" * 32}
    here = read_settings(told)
    first = mark(here)
    assert mark(read_settings({**told, "DATABASE_URL": "postgresql:///elsewhere"})) == first
    assert mark(replace(here, secret_key="y" * 32)) != first
    assert mark(replace(here, public_url="https://other.example")) != first
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "log.pem").write_text("a key")
    assert mark(here) != first


@pytest.mark.parametrize("task", [tasks.post_bordereau, tasks.file_claims_list])
def test_a_job_that_found_others_at_work_is_tried_again(
    task: Callable[..., None], app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where workers of several machines come in each other's way the job fails, for the queue to try it again.

    The list keeps its approval: nothing else is asked of the database.
    """
    asked: list[object] = []

    def busy(_engine: Engine, _actor: Actor, work: object) -> None:
        asked.append(work)
        raise Conflict("busy")

    monkeypatch.setattr(sent_work, "run_in_unit", busy)
    with pytest.raises(Conflict, match="busy"):
        task(Bench(app.extensions["gongbao"].settings, engine), str(uuid.uuid4()))
    assert len(asked) == 1
