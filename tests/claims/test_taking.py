"""What a close passes on by statement is moved and logged in a statement for many, as one by one would."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from claims import closing
from core.audit import AuditEvent, AuditPending
from core.permits import Actor, Role
from tests.makers import AT, MadePool, make_policy, make_pool
from underwriting import policies, stages
from underwriting.models import Policy


def _received(session: Session, name: str, count: int) -> MadePool:
    """Return a pool with so many policies received and not remitted, and one that is not paid."""
    made = make_pool(session, name=name)
    rows = [make_policy(session, made, number=f"{name}-{number}") for number in range(count + 1)]
    for row in rows[1:]:
        policies.receive(session, row, on=date(2026, 3, 5), by=made.actor(Role.FINANCE_MAKER), at=AT)
    return made


def _left(session: Session, made: MadePool) -> list[Any]:
    """Return the policies of a pool and what the log says of their taking, in its order, without what is their own."""
    rows = session.scalars(select(Policy).where(Policy.pool_id == made.pool.id).order_by(Policy.id)).all()
    ids = [str(row.id) for row in rows]
    query = select(AuditEvent).where(AuditEvent.action == "policy.take", AuditEvent.object_id.in_(ids))
    events = session.scalars(query.order_by(AuditEvent.id)).all()
    pending = set(session.scalars(select(AuditPending.event_id)))
    return [
        [(row.number.partition("-")[2], row.stage, row.version) for row in rows],
        [
            (one.at, one.role, one.person_id, one.object_kind, ids.index(one.object_id), one.id in pending)
            for one in events
        ],
        [{**one.facts, "number": one.facts["number"].partition("-")[2]} for one in events],
    ]


def test_many_are_moved_as_one_by_one(session: Session) -> None:
    """The same stages, versions, events, facts, order, and places to come, with the token's number where one acts."""
    person, token = uuid.uuid4(), uuid.uuid4()
    for token_id in (None, token):
        at_once, singly = (_received(session, f"{name}{2 if token_id else 1}", 4) for name in "AB")
        for made in (at_once, singly):
            by = Actor(person, made.members[0].id, Role.FINANCE_CHECKER, "insurer", token_id=token_id)
            where = Policy.pool_id == made.pool.id
            if made is at_once:
                assert stages.move_policies(session, "take", where, by=by, at=AT, facts={"period": "2026Q1"}) == 4
                continue
            query = select(Policy).where(where, Policy.stage == "received").order_by(Policy.id)
            for row in session.scalars(query):
                stages.move_policy(session, row, "take", by=by, at=AT, facts={"period": "2026Q1"})
        assert _left(session, at_once) == _left(session, singly)
        assert len(_left(session, at_once)[1]) == 4


def test_a_close_asks_as_little_for_many_members_as_for_two(session: Session) -> None:
    """Fees, their VAT and statements of seven members take as many statements of SQL as those of two."""
    counts = []
    for name, weights in (("E", (6, 4)), ("F", (2, 1, 1, 1, 1, 1, 1))):
        made = make_pool(session, weights, name=name)
        policies.receive(
            session,
            make_policy(session, made, number=name),
            on=date(2026, 3, 5),
            by=made.actor(Role.FINANCE_MAKER),
            at=AT,
        )
        found: list[str] = []

        def note(_c: Any, _u: Any, statement: str, *_: Any, kept: list[str] = found) -> None:
            kept.append(statement)

        event.listen(session.get_bind(), "before_cursor_execute", note)
        by = made.actor(Role.FINANCE_CHECKER)
        sealed = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=by, at=AT)
        event.remove(session.get_bind(), "before_cursor_execute", note)
        assert len(sealed) == len(weights) and all(one.balance_fen for one in sealed)
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_a_close_takes_many_in_as_many_statements_as_few(session: Session) -> None:
    """Two or nine policies are one statement that moves them, and none stays received; another day's are left."""
    told: dict[str, list[str]] = {}
    for name, count in (("C", 2), ("D", 9)):
        made = _received(session, name, count)
        late = make_policy(session, made, number=f"{name}-late")
        policies.receive(session, late, on=date(2026, 3, 6), by=made.actor(Role.FINANCE_MAKER), at=AT)
        session.execute(update(Policy).where(Policy.id == late.id).values(received_on=date(2026, 4, 1)))
        found = told.setdefault(name, [])

        def note(_c: Any, _u: Any, statement: str, *_: Any, kept: list[str] = found) -> None:
            kept.append(statement)

        event.listen(session.get_bind(), "before_cursor_execute", note)
        by = made.actor(Role.FINANCE_CHECKER)
        closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=by, at=AT)
        event.remove(session.get_bind(), "before_cursor_execute", note)
        taken = session.scalars(select(Policy.stage).where(Policy.pool_id == made.pool.id).order_by(Policy.number))
        assert sorted(taken) == sorted(["bound", "received", *["taken"] * count])
    of_policies = {name: [one for one in found if one.startswith("WITH held")] for name, found in told.items()}
    assert {name: len(found) for name, found in of_policies.items()} == {"C": 1, "D": 1}
    assert len(told["C"]) == len(told["D"])
