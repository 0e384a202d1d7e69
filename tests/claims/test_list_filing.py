"""A list of claims filed at once: the same claims, books and log as the verbs of a single claim make of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from claims import bills, handling, list_filing, lists
from claims.adjusting import AssessedLine
from claims.list_models import ClaimsList
from claims.lists import ListedClaim, ListedLine
from claims.models import Claim, ClaimAgreement, ClaimLine, Fault
from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Refusal
from core.permits import SYSTEM, Actor, Role
from ledger.books import latest_shares
from ledger.models import Entry
from tests.claims.test_list_trial import TERMS, Place, at_pool, listed
from tests.conftest import AT
from tests.depth import DEPTH
from tests.ledger.test_bulk import told
from tests.makers import ON, make_lifts
from underwriting import policies, pools, sent_lists
from underwriting import stages as list_stages
from underwriting.models import Policy, Pool
from underwriting.pools import PoolPlan
from underwriting.sent_lists import Sent

__all__ = ["at_pool"]
Filing = Callable[[Session, ClaimsList, Actor, Actor, datetime], None]


class Undone(Exception):
    """Has all that was done so far forgotten."""


def by_verbs(session: Session, row: ClaimsList, sender: Actor, approver: Actor, at: datetime) -> None:
    """File a list by the verbs of a single claim, one after another."""
    for one in lists.claims_of(session, row):
        policy = session.get_one(Policy, one.policy_id)
        fault = session.get_one(Fault, one.fault_id) if one.fault_id else None
        made = handling.make(
            session, policy, one.title, one.asked_fen, fault=fault, number=one.number, by=sender, at=at
        )
        handling.enter_bill(session, made, [line.line for line in one.lines], by=sender, at=at)
        handling.submit(session, made, by=sender, at=at)
        if made.stage == "agreed":
            payable_fen = bills.assess(session, made).adjustment.payable_fen
            handling.approve(session, made, payable_fen, on=row.on, by=approver, at=at)
    row.posted_at = at
    list_stages.move_list(session, row, "post", by=SYSTEM, at=at)


def at_once(session: Session, row: ClaimsList, _sender: Actor, _approver: Actor, at: datetime) -> None:
    """File a list as the worker does."""
    list_filing.file(session, row, by=SYSTEM, at=at)


def approved(session: Session, place: Place, claims: Sequence[ListedClaim]) -> tuple[ClaimsList, Actor, Actor]:
    """Return a list that waits to be filed, who sent it and who approved it."""
    sender, approver = place.handler, place.made.actor(Role.SIGNATORY)
    pool = session.get_one(Pool, place.made.pool.id)
    row = lists.begin(session, pool, Sent("赔案.csv", "0" * 64, {}), on=AT.date(), by=sender, at=AT)
    lists.keep(session, row, len(claims), claims, [], by=SYSTEM, at=AT)
    sent_lists.approve(session, row, by=approver, at=AT)
    return row, sender, approver


def outcome(engine: Engine, place: Place, claims: Sequence[ListedClaim], filing: Filing) -> list[Any]:
    """Return all that a filing leaves behind or is refused for; it is forgotten afterwards."""
    found: list[Any] = []
    try:
        with unit_of_work(engine, SYSTEM) as session:
            row, sender, approver = approved(session, place, claims)
            try:
                filing(session, row, sender, approver, AT)
            except Refusal as refusal:
                found += [type(refusal), refusal.code, dict(refusal.facts)]
            else:
                session.flush()
                session.expire_all()
                found += left(session, row, {sender.person_id: "sender", approver.person_id: "approver"})
            raise Undone
    except Undone:
        return found


#: What is drawn by lot, numbered over all books or only counts how often a row was written.
BY_LOT = {"id", "version", "approved_entry_id", "claim_id", "made_by", "estimated_by", "assessed_by", "approved_by"}


COLUMNS = {one.name for one in Claim.__table__.c}

#: (policy, fault, lines of (asked, half as often allowed, why less)), as a list may hold them.
line = st.tuples(st.sampled_from([5_000, 60_000, 150_000, 240_000, 310_000]), st.integers(0, 2), st.just("单价过高"))
claim = st.tuples(st.integers(0, 1), st.sampled_from([0, 0, 0, 2, 3, 4, 1]), st.lists(line, min_size=1, max_size=3))


def left(session: Session, row: ClaimsList, people: dict[Any, str]) -> list[Any]:
    """Return a pool's claims, book and log, with ids told by the claims' numbers and people by what they did."""
    pool_id = row.pool_id
    claims = session.scalars(select(Claim).where(Claim.pool_id == pool_id).order_by(Claim.number)).all()
    number = {one.id: one.number for one in claims}
    entries = session.scalars(select(Entry).where(Entry.pool_id == pool_id).order_by(Entry.id)).all()
    place = {one.id: n for n, one in enumerate(entries)}
    hands = ("made_by", "estimated_by", "assessed_by", "approved_by")
    rows = [
        (
            {name: getattr(one, name) for name in COLUMNS - BY_LOT},
            [people.get(getattr(one, name)) for name in hands],
            place.get(one.approved_entry_id or 0),
        )
        for one in claims
    ]
    lines = [
        (number[one.claim_id], one.position, one.what, one.asked_fen, one.allowed_fen, one.reason)
        for one in session.scalars(select(ClaimLine).where(ClaimLine.claim_id.in_(number)))
    ]
    agreements = [
        (number[one.claim_id], one.estimate_version, one.organisation_id, people.get(one.person_id), one.at)
        for one in session.scalars(select(ClaimAgreement).where(ClaimAgreement.claim_id.in_(number)))
    ]
    names = {str(one): name for one, name in number.items()} | {str(one): f"entry {n}" for one, n in place.items()}
    of = AuditEvent.object_kind.in_(("claim", "entry", "claims_list"))
    log: dict[str, list[Any]] = {}
    for one in session.scalars(select(AuditEvent).where(of).order_by(AuditEvent.id)):
        hand = (people.get(one.person_id), one.organisation_id, one.role, one.at)
        log.setdefault(names.get(one.object_id, "list"), []).append((one.action, one.facts, hand))
    book = told(session, latest_shares(session, pool_id))
    book[0] = [(*one[:4], names.get(str(one[4]), ""), *one[5:]) for one in book[0]]  # type: ignore[index, misc, attr-defined]
    return [rows, sorted(lines), sorted(agreements), log, book, row.stage, row.posted_at]


@settings(max_examples=15 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(claim, min_size=1, max_size=8))
def test_at_once_and_by_the_verbs_leave_the_same(
    engine: Engine, at_pool: Place, told: list[tuple[int, int, list[tuple[int, int, str]]]]
) -> None:
    """Any claims, one after another: rows, bills, agreements, book and log are the same, or the same refusal."""
    claims = listed(at_pool, told)
    assert outcome(engine, at_pool, claims, at_once) == outcome(engine, at_pool, claims, by_verbs)


def small(place: Place, count: int) -> list[ListedClaim]:
    """Return claims in order, each third for all members to agree to, some with two lines."""
    rows = iter(range(2, 10_000))
    found = []
    for n in range(count):
        fen = 310_000 if n % 3 == 2 else 20_001 + n
        lines = tuple(ListedLine(next(rows), AssessedLine("项目", fen, fen)) for _ in range(1 + n % 2 * (fen < 10**5)))
        found.append(ListedClaim(f"C-{n:04}", place.policies[n // 2 % len(place.policies)], None, "事由", lines))
    return found


def test_claims_in_order_are_filed_as_by_the_verbs(engine: Engine, at_pool: Place) -> None:
    """What the lead alone decides is booked by its policy's shares, of two versions; the rest waits for all members."""
    with unit_of_work(engine, SYSTEM) as session:
        pool = session.get_one(Pool, at_pool.made.pool.id)
        members = tuple((one.id, n) for n, one in enumerate(at_pool.made.members, start=1))
        begins, ends = date(2026, 7, 1), date(2027, 7, 1)
        plan = PoolPlan(pool.name, members, sum(n for _, n in members), begins, ends, TERMS)
        pools.add_version(session, pool, plan, by=SYSTEM, at=AT)
        lifts = [lift.id for lift in make_lifts(session, 1, prefix="V-")]
        maker = at_pool.made.actor(Role.FINANCE_MAKER)
        later = policies.bind(session, pool, "P-3", lifts, begins, ends, on=ON, by=maker, at=AT)
        at_pool.policies += (later.id,)
    claims = small(at_pool, 9)
    found = outcome(engine, at_pool, claims, at_once)
    assert found == outcome(engine, at_pool, claims, by_verbs)
    assert [one["stage"] for one, *_ in found[0][:9]] == ["approved", "approved", "submitted"] * 3


def test_what_a_list_asks_of_the_database_grows_little(engine: Engine, at_pool: Place) -> None:
    """Two statements a claim that is booked, its number and its rows; all else is said once for all of them."""
    asked: list[str] = []

    def count(*told: Any) -> None:
        asked.append(told[2])

    totals = []
    for many in (6, 30):
        asked.clear()
        event.listen(engine, "before_cursor_execute", count)
        outcome(engine, at_pool, small(at_pool, many), at_once)
        event.remove(engine, "before_cursor_execute", count)
        totals.append(len(asked))
    assert totals[1] - totals[0] <= 2 * 24


@pytest.mark.parametrize("what", ["a number of another claim", "no lead"])
def test_what_stands_against_a_whole_list_is_refused_first(engine: Engine, at_pool: Place, what: str) -> None:
    """A number that a claim has by now, or an insurer that is not the lead: nothing of the list is filed."""
    claims = small(at_pool, 2)
    with unit_of_work(engine, SYSTEM) as session:
        row, sender, _ = approved(session, at_pool, claims)
        if what == "no lead":
            set_committed_value(row, "organisation_id", at_pool.made.members[1].id)
            with pytest.raises(Forbidden, match="lead_only"):
                list_filing.file(session, row, by=SYSTEM, at=AT)
        else:
            policy = session.get_one(Policy, at_pool.policies[0])
            handling.make(session, policy, "门机", 5_000, number="C-0001", by=sender, at=AT)
            with pytest.raises(Conflict, match="claims_list_number_taken"):
                list_filing.file(session, row, by=SYSTEM, at=AT)
        assert row.stage == "approved"
