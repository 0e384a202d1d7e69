"""Every route x role x relation: who may not is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from werkzeug.test import TestResponse

from core.permits import Role
from tests.rules.matrix import Call, is_hidden, role_may
from tests.rules.seats import Seat
from tests.rules.walking import Walk


def _expect_none(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(found)


def _asked_in_vain(walk: Walk) -> Iterator[tuple[Seat, Call]]:
    """Yield who asks for what without permission, at home.

    A role is refused before anything is looked at, by the action that its route names: so every route that writes is
    asked by every such role, and a page once by each role for its action, and by some role for itself.
    """
    shown: set[str] = set()
    for seat in walk.seats:
        told: set[str] = set()
        for call in walk.calls:
            if seat.relation != "own" or call.tender not in ("", "published") or role_may(call, seat):
                continue
            if call.method != "GET" or call.action not in told or call.endpoint not in shown:
                yield seat, call
            told.add(call.action)
            shown.add(call.endpoint)


def _refused_wrongly(call: Call, seat: Seat, answer: TestResponse) -> str:
    """Return what is wrong with the answer to a seat whose role may not; nothing where all is well."""
    if seat.role is Role.PUBLIC:
        is_right = answer.status_code == 401 if call.is_program else _leads_to_sign_in(answer)
    else:
        is_right = answer.status_code == 403 and b"role_may_not" in answer.data
    return "" if is_right else f"{seat.name} {call.name}: {answer.status_code}"


def _leads_to_sign_in(answer: TestResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/login")


def test_a_role_without_permission_is_refused_and_changes_nothing(walk: Walk) -> None:
    """Whoever's role is not in the row of the action is told so, whatever the thing and whosesoever it is."""
    wrong, tried = [], 0
    before = walk.digest()
    for seat, calls in groupby(_asked_in_vain(walk), key=lambda one: one[0]):
        for _, call in calls:
            tried += 1
            if told := _refused_wrongly(call, seat, walk.ask(call, seat)):
                wrong.append(told)
        after = walk.digest()
        wrong += [f"{seat.name}: {name} has changed" for name in after if after[name] != before[name]]
        before = after
    assert tried > 2000
    _expect_none(wrong)


def test_a_stranger_is_refused_and_changes_nothing(walk: Walk) -> None:
    """Who may do this, but not with this: another's thing is not found or not theirs, and stays as it is."""
    wrong, tried = [], 0
    before = walk.digest()
    for seat in walk.seats:
        for call in walk.calls:
            if not role_may(call, seat) or not is_hidden(call, seat):
                continue
            tried += 1
            answer = walk.ask(call, seat)
            if answer.status_code not in (403, 404):
                wrong.append(f"{seat.name} {call.name}: {answer.status_code}")
        after = walk.digest()
        wrong += [f"{seat.name}: {name} has changed" for name in after if after[name] != before[name]]
        before = after
    assert tried > 500
    _expect_none(wrong)
