"""Every route x role x relation: who may is answered, and every writing route comes to its work for somebody."""

from __future__ import annotations

from collections import defaultdict

import pytest
from werkzeug.test import TestResponse

from core.permits import ACTIONS, Role, kind_of
from tests.rules.matrix import ASKS_AGAIN, NOT_REACHED, WITHOUT_NEEDS, Call, is_hidden, role_may
from tests.rules.reaching_tender import ELSEWHERE, REACHES
from tests.rules.seats import Seat
from tests.rules.walking import Walk, rehearsed
from web import shell
from web.shell import action_of

#: Who visits a tender in every stage, and papers that take long to make.
HOME = {Role.OFFICER, Role.APPROVER, Role.CHAIR, Role.EXPERT, Role.CUSTODIAN, Role.SIGNATORY, Role.FINANCE_CHECKER}


def _expect_none(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(found)


def test_every_route_says_what_it_needs_and_can_be_asked(walk: Walk) -> None:
    """No route without `needs`, none whose address cannot be filled; nobody can be given the machinery's own role."""
    _expect_none(walk.table.missing)
    assert kind_of(Role.SYSTEM) == kind_of(Role.PUBLIC) == frozenset()
    app = walk.table.app
    bare = [name for name in app.view_functions if action_of(app, name) is None and not name.startswith(WITHOUT_NEEDS)]
    assert bare == []


def _is_asked_rightly(call: Call, seat: Seat) -> bool:
    """Say whether a call with permission is tried from a seat: every thing by some, papers that take long by fewer."""
    if f"{call.method} {call.endpoint}" in NOT_REACHED:
        return False
    if "pdf" in call.endpoint or "pdf" in call.params.values():
        return call.tender in ("", "awarded") and seat.role in HOME and seat.relation == "own"
    if seat.relation != "own":
        return not call.params and Role.PUBLIC not in ACTIONS[call.action]
    return call.tender in ("", "published") or seat.role in HOME


def test_who_may_is_answered(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each route lets somebody through to its thing; nobody who may is told that it may not, or meets a fault."""
    monkeypatch.setattr(shell, "unit_of_work", rehearsed)
    wrong, tried = [], 0
    reached: dict[str, set[int]] = defaultdict(set)
    for seat in walk.seats:
        for call in walk.calls:
            if not role_may(call, seat) or is_hidden(call, seat) or not _is_asked_rightly(call, seat):
                continue
            tried += 1
            answer = walk.ask(call, seat)
            reached[f"{call.method} {call.endpoint}"].add(answer.status_code)
            is_denied = b"role_may_not" in answer.data and call.endpoint not in ASKS_AGAIN
            if answer.status_code >= 500 or answer.status_code == 405 or is_denied:
                wrong.append(f"{seat.name} {call.name}: {answer.status_code} {walk.faults[-1:]}")
    assert tried > 1000
    closed = [f"{name}: {sorted(found)}" for name, found in reached.items() if found <= {401, 403, 404}]
    _expect_none(wrong)
    _expect_none(closed)


def _is_done(answer: TestResponse) -> bool:
    """Say whether a route did what it is for; to be sent to the sign-in page is not."""
    if answer.status_code in (302, 303):
        return not answer.headers["Location"].startswith("/login")
    return 200 <= answer.status_code < 300


def _does_it_as_it_stands(walk: Walk, calls: list[Call]) -> bool:
    """Say whether some seat gets a route's work done in the world as it stands."""
    return any(
        _is_done(walk.ask(call, seat))
        for call in calls
        for seat in walk.seats
        if role_may(call, seat) and not is_hidden(call, seat) and seat.relation == "own"
    )


def test_every_writing_route_comes_to_its_work(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each route that writes there is somebody for whom it does what it is for, after what must come before."""
    walk.superuser.execute("DELETE FROM rate_bucket")
    writing: dict[str, list[Call]] = defaultdict(list)
    for call in walk.calls:
        if call.method != "GET":
            writing[f"{call.method} {call.endpoint}"].append(call)
    unknown = sorted((set(REACHES) | set(ELSEWHERE)) - set(writing))
    assert unknown == []
    before, idle = walk.digest(), []
    for name in sorted(set(writing) & set(REACHES)):
        answer = walk.reach(name, REACHES[name])
        if not _is_done(answer):
            idle.append(f"{name}: {answer.status_code} {answer.text[-600:]} {walk.faults[-1:]}")
    assert walk.digest() == before
    monkeypatch.setattr(shell, "unit_of_work", rehearsed)
    for name in sorted(set(writing) - set(REACHES) - set(ELSEWHERE)):
        if not _does_it_as_it_stands(walk, writing[name]):
            idle.append(f"{name}: done by nobody; say in tests/rules/reaching.py what leads up to it")
    assert len(writing) > 150
    _expect_none(idle)
