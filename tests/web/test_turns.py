"""Policies bound by programs at once: each waits for its turn at the pool, and what is sent twice is done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core import clock
from core.db import engine_for, unit_of_work
from core.errors import Conflict
from core.permits import SYSTEM, Role
from tests.visitors import Browser, Visitors
from tests.web.estate_makers import City, lifts_of, make_city
from underwriting.models import Policy
from underwriting.rating import months_after
from web import shell

EACH = 5


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


def _free_lifts(city: City, count: int) -> list[str]:
    with unit_of_work(city.visitors.engine, SYSTEM) as session:
        return [str(lift.id) for lift in lifts_of(session, city.community, count, "F", date(2015, 1, 1))]


def _bind(city: City, browser: Browser, number: str, lift_id: str) -> TestResponse:
    today = clock.on(city.now)
    told: dict[str, Any] = {
        "pool_id": city.made.pool.id,
        "number": number,
        "lift_ids": [lift_id],
        "inception_on": today.isoformat(),
        "expires_on": months_after(today, 12).isoformat(),
        "on": today.isoformat(),
    }
    headers = {"X-CSRFToken": browser.token(), "Idempotency-Key": number}
    return browser.post("/api/v1/policies", json=told, headers=headers)


def _count(city: City) -> int:
    with unit_of_work(city.visitors.engine, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(Policy)) or 0


def test_who_posts_into_one_pool_waits_and_does_not_begin_again(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three programs at one pool: every policy is bound, and none is in another's way at the streams."""
    conflicts: list[object] = []
    may = shell.may_try_again
    monkeypatch.setattr(shell, "may_try_again", lambda error: conflicts.append(error) or may(error))
    lifts, before = _free_lifts(city, 3 * EACH), _count(city)
    browsers = [city.visitors.login_as(Role.OFFICER) for _ in range(3)]

    def work(place: int) -> list[int]:
        mine = lifts[place::3]
        return [_bind(city, browsers[place], f"T{place}-{n}", lift).status_code for n, lift in enumerate(mine)]

    with ThreadPoolExecutor(3) as programs:
        assert list(programs.map(work, range(3))) == [[201] * EACH] * 3
    assert (_count(city) - before, conflicts) == (3 * EACH, [])


def test_a_repeat_that_overtook_the_look_at_its_key_is_answered_as_the_first(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is kept after the second had looked for its key: the work refuses, the answer is the first's."""
    officer, (lift,) = city.visitors.login_as(Role.OFFICER), _free_lifts(city, 1)
    first, before = _bind(city, officer, "K-1", lift), _count(city)
    look, looked = shell.answered, list[bool]()

    def too_early(*given: Any, **told: Any) -> object:
        looked.append(True)
        return None if len(looked) == 1 else look(*given, **told)

    monkeypatch.setattr(shell, "answered", too_early)
    again = _bind(city, officer, "K-1", lift)
    assert (first.status_code, again.status_code, len(looked)) == (201, 201, 2)
    assert (again.json, _count(city)) == (first.json, before)


def test_a_turn_is_given_back_whatever_happens_in_it(session: Session, visitors: Visitors) -> None:
    """A unit of work that fails leaves its turn to the next, and its connection as it was."""
    engine = visitors.engine
    with pytest.raises(ZeroDivisionError), unit_of_work(engine, SYSTEM, turn=7):
        raise ZeroDivisionError
    with unit_of_work(engine, SYSTEM, turn=7) as held:
        assert held.connection().get_isolation_level() == "SERIALIZABLE"
        waiting = select(func.pg_try_advisory_lock(0x7475726E, 7))
        assert session.scalar(waiting) is False
    assert session.scalar(waiting) is True
    session.scalar(select(func.pg_advisory_unlock(0x7475726E, 7)))


def _hasten(connection: Any, _: object) -> None:
    connection.execute("SET lock_timeout = '50ms'")
    connection.commit()


def test_whose_turn_does_not_come_is_told_so_and_leaves_no_trace(visitors: Visitors) -> None:
    """It is refused as busy, and its connection goes back as it came: what is rolled back on it later is undone."""
    engine = visitors.engine
    hasty = engine_for(engine.url.render_as_string(hide_password=False), pool_size=1)
    event.listen(hasty, "connect", _hasten)
    busy = pytest.raises(Conflict, match="busy")
    with unit_of_work(engine, SYSTEM, turn=7), busy, unit_of_work(hasty, SYSTEM, turn=7):
        raise AssertionError("two have their turn at once")
    with pytest.raises(ZeroDivisionError), unit_of_work(hasty, SYSTEM) as session:
        session.scalar(select(func.set_config("gongbao.left_over", "yes", False)))
        raise ZeroDivisionError
    with unit_of_work(hasty, SYSTEM, turn=7) as session:
        assert session.scalar(select(func.current_setting("gongbao.left_over", True))) != "yes"
    hasty.dispose()
