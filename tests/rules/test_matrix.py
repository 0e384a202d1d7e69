"""Every route x role x relation: who may not is refused and changes nothing; who may is answered."""

from __future__ import annotations

from collections import defaultdict

import pytest
from werkzeug.test import TestResponse

from core.db import rehearsal
from core.permits import ACTIONS, Role, kind_of
from tests.rules.matrix import ASKS_AGAIN, NOT_REACHED, WITHOUT_NEEDS, Call, is_hidden, role_may
from tests.rules.seats import Seat
from tests.rules.walking import Walk
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


def _is_asked_in_vain(call: Call, seat: Seat) -> bool:
    """Say whether a call without permission is tried from a seat: once for each thing, at home and as a stranger."""
    is_stranger = seat.relation == "other" and call.params
    return call.tender in ("", "published") and bool(seat.relation == "own" or is_stranger)


def _is_asked_rightly(call: Call, seat: Seat) -> bool:
    """Say whether a call with permission is tried from a seat: every thing by some, papers that take long by fewer."""
    if f"{call.method} {call.endpoint}" in NOT_REACHED:
        return False
    if "pdf" in call.endpoint or "pdf" in call.params.values():
        return call.tender in ("", "awarded") and seat.role in HOME and seat.relation == "own"
    if seat.relation != "own":
        return not call.params and Role.PUBLIC not in ACTIONS[call.action]
    return call.tender in ("", "published") or seat.role in HOME


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
    for seat in walk.seats:
        for call in walk.calls:
            if role_may(call, seat) or not _is_asked_in_vain(call, seat):
                continue
            tried += 1
            if told := _refused_wrongly(call, seat, walk.ask(call, seat)):
                wrong.append(told)
        after = walk.digest()
        wrong += [f"{seat.name}: {name} has changed" for name in after if after[name] != before[name]]
        before = after
    assert tried > 3000
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
            # What a form names is refused as what is wrong with the form.
            is_refused = answer.status_code in (403, 404) if call.params else 400 <= answer.status_code < 500
            if not is_refused:
                wrong.append(f"{seat.name} {call.name}: {answer.status_code}")
        after = walk.digest()
        wrong += [f"{seat.name}: {name} has changed" for name in after if after[name] != before[name]]
        before = after
    assert tried > 500
    _expect_none(wrong)


def test_who_may_is_answered(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each route lets somebody through to its thing; nobody who may is told that it may not, or meets a fault."""
    monkeypatch.setattr(shell, "unit_of_work", rehearsal)
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
