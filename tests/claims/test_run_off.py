"""The end of a pool: no new policies, run-off until its last claim and statement, then closed for good."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import closing, handling, lists, run_off, settlements
from core.errors import Conflict, Forbidden
from core.permits import SYSTEM, Role
from ledger import statements
from ledger.clause_models import PoolClosing
from tests.makers import MadePool, make_policy, make_pool, open_quarter
from underwriting import late_interest, policies, pools, premiums
from underwriting.sent_lists import Sent

LAST, OVER = date(2026, 12, 31), date(2027, 1, 1)
DONE = date(2027, 3, 31)
AT = datetime(2027, 3, 31, 8, 0, tzinfo=UTC)


def _ended(session: Session) -> MadePool:
    """Return a pool whose agreement is over, with one premium remitted and one claim still open."""
    made = make_pool(session)
    desk, second, maker = (made.actor(role) for role in (Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.CLAIMS_HANDLER))
    policy = make_policy(session, made)
    policies.receive(session, policy, on=date(2026, 3, 3), by=desk, at=AT)
    policies.remit(session, policy, on=date(2026, 3, 4), by=second, at=AT)
    claim = handling.make(session, policy, "门机", 10_000, number="R-1", by=maker, at=AT)
    handling.submit(session, claim, by=maker, at=AT)
    _settle(session, made, "2026Q1", date(2026, 3, 31), date(2026, 4, 2), 2)
    return made


def _settle(session: Session, made: MadePool, label: str, closed: date, paid: date, following: int = 0) -> None:
    """Close a quarter, open the following one where one is told, and settle what was closed."""
    second = made.actor(Role.FINANCE_CHECKER)
    rows = closing.close_period(session, made.pool.id, label, on=closed, by=second, at=AT)
    if following:
        open_quarter(session, made.pool, following)
    for place, row in enumerate(rows):
        statements.issue(session, row, due_on=AT.date(), by=second, at=AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
    period = statements.period(session, made.pool.id, label)
    late_interest.settle_period(session, period, on=paid, by=second, at=AT)


def test_a_pool_in_run_off_takes_no_policies_and_says_what_is_open(session: Session) -> None:
    """From the agreement's last day on: no premium is booked, claims and periods go on, and each is named."""
    made = _ended(session)
    pool = made.pool
    assert run_off.stage_of(session, pool, LAST) == "active" and run_off.stage_of(session, pool, OVER) == "run_off"
    statements.open_period(session, pool.id, "2027Q1", OVER, DONE, by=SYSTEM, at=AT)
    agreement = pools.agreements(session, pool.id)[-1]
    late = premiums.Written("LATE", LAST, date(2027, 12, 31), 100_00, 1)
    with pytest.raises(Conflict, match="run_off_no_policies"):
        policies.write(session, agreement, late, on=OVER, by=made.actor(Role.FINANCE_MAKER), at=AT)
    sender = made.actor(Role.CLAIMS_HANDLER)
    lists.begin(session, pool, Sent("a.csv", "0" * 64, {}), on=date(2026, 4, 9), by=sender, at=AT)
    found = {one.kind: one.count for one in run_off.still_open(session, pool, OVER)}
    assert found == {"policy": 1, "claims_list": 1, "claim": 1, "period": 2}


def test_a_pool_is_closed_once_nothing_is_open_and_then_for_good(session: Session) -> None:
    """Refused while cover, claim, periods or statements are open; closed after, and no period is opened again."""
    made = _ended(session)
    pool, second = made.pool, made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Conflict, match="stage_refuses"):
        run_off.close_pool(session, pool, on=LAST, by=second, at=AT)
    with pytest.raises(Conflict) as refused:
        run_off.close_pool(session, pool, on=OVER, by=second, at=AT)
    assert refused.value.code == "run_off_open" and refused.value.facts["kinds"] == ["policy", "claim", "period"]
    with pytest.raises(DBAPIError), session.begin_nested():
        session.add(PoolClosing(pool_id=pool.id, stage="closed", closed_on=DONE, closed_at=AT, closed_by=None))
        session.flush()
    claim = session.scalars(handling.visible_to(SYSTEM)).one()
    handling.approve(session, claim, 10_000, on=date(2026, 4, 9), by=made.actor(Role.SIGNATORY), at=AT)
    settlements.pay_by_lead(session, claim, on=date(2026, 4, 10), by=second, at=AT)
    _settle(session, made, "2026Q2", date(2026, 6, 30), date(2026, 7, 2), 3)
    assert [one.kind for one in run_off.still_open(session, pool, DONE)] == ["period"]
    # Nothing was booked in the last quarter but the settlement before it, so its statements are all of nothing.
    _settle(session, made, "2026Q3", date(2026, 9, 30), date(2026, 9, 30))
    for role, member, code in ((Role.FINANCE_MAKER, 0, "role_may_not"), (Role.FINANCE_CHECKER, 1, "lead_only")):
        with pytest.raises(Forbidden, match=code):
            run_off.close_pool(session, pool, on=DONE, by=made.actor(role, member), at=AT)
    run_off.close_pool(session, pool, on=DONE, by=second, at=AT)
    assert run_off.stage_of(session, pool, DONE) == "closed"
    with pytest.raises(Conflict, match="stage_refuses"):
        run_off.close_pool(session, pool, on=DONE, by=second, at=AT)
    with pytest.raises(Conflict, match="run_off_over"):
        statements.open_period(session, pool.id, "2027Q2", date(2027, 4, 1), date(2027, 6, 30), by=SYSTEM, at=AT)
