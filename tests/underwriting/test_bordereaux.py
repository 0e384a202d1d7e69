"""Bordereaux: at once is the same as row by row; two people; nothing of a faulty list is booked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Finding, Forbidden, NotFound
from core.permits import SYSTEM, Role
from ledger import statements, streams
from ledger.books import latest_shares
from ledger.models import Entry
from tests.conftest import AT
from tests.depth import DEPTH
from tests.ledger.test_bulk import told
from tests.makers import MadePool, make_pool
from underwriting import bordereau_posting, bordereaux, policies, pools, sent_lists
from underwriting.bordereaux import Piece
from underwriting.models import Bordereau, BordereauPiece, Policy
from underwriting.pools import PoolPlan
from underwriting.premiums import Written
from underwriting.rating import months_after
from underwriting.sent_lists import Sent
from underwriting.terms import Terms

DAY = date(2026, 3, 2)
BEGINS = date(2026, 3, 1)
Premium = tuple[str, date, int, int]

amounts = st.one_of(st.integers(1, 300), st.integers(1, 10**9), st.just(10**15))
days = st.sampled_from([date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 12, 31)])
lists = st.lists(st.tuples(days, st.integers(1, 50), amounts), min_size=1, max_size=30)


def piece_of(rows: Sequence[Premium], first: int = 2) -> Piece:
    """Return rows (number, first day, lifts, fen) as a piece of a file that begins at a line."""
    versions = [1 if begins < date(2026, 7, 1) else 2 for _, begins, _, _ in rows]
    return Piece(
        lines=len(rows),
        line=list(range(first, first + len(rows))),
        number=[row[0] for row in rows],
        community_id=[None] * len(rows),
        inception_on=[row[1] for row in rows],
        expires_on=[months_after(row[1], 12) for row in rows],
        lift_count=[row[2] for row in rows],
        gross_fen=[row[3] for row in rows],
        agreement_number=versions,
    )


def begun(session: Session, made: MadePool, digest: str = "0" * 64, **more: Any) -> Bordereau:
    """Return a new bordereau of a pool."""
    maker = made.actor(Role.FINANCE_MAKER)
    sent = Sent("清单.csv", digest, {})
    return bordereaux.begin(session, made.pool, sent, **{"on": DAY, "by": maker, "at": AT, **more})


def checked(session: Session, made: MadePool, *pieces: Sequence[Premium], digest: str = "0" * 64) -> Bordereau:
    """Return a bordereau whose pieces have been read and looked at."""
    row = begun(session, made, digest)
    first = 2
    for rows in pieces:
        piece = piece_of(rows, first)
        bordereaux.keep_piece(session, row, piece)
        first += len(rows)
    bordereaux.finish_reading(session, row, by=SYSTEM, at=AT)
    return row


def posted(session: Session, made: MadePool, *pieces: Sequence[Premium]) -> Bordereau:
    """Return a bordereau that has been posted."""
    row = checked(session, made, *pieces)
    sent_lists.approve(session, row, by=made.actor(Role.FINANCE_CHECKER), at=AT)
    bordereau_posting.post(session, row, by=SYSTEM, at=AT)
    return row


def second_version(session: Session, made: MadePool, weights: Sequence[int], vat_bp: int) -> None:
    """Give a pool other shares and another rate of VAT from July on."""
    members = tuple((member.id, weight) for member, weight in zip(made.members, weights, strict=True))
    terms = Terms(vat_bp=vat_bp, lift_premium_fen=128_600)
    plan = PoolPlan(made.pool.name, members, sum(weights), date(2026, 7, 1), date(2027, 7, 1), terms)
    pools.add_version(session, made.pool, plan, by=SYSTEM, at=AT)


def policies_told(session: Session, pool_id: int) -> list[object]:
    """Return a pool's policies by their entries, without what is drawn by lot or numbered over all books."""
    query = select(Policy).where(Policy.pool_id == pool_id).order_by(Policy.written_entry_id)
    versions = {row.id: row.number for row in pools.agreements(session, pool_id)}
    return [
        (
            row.number.partition("/")[2], versions[row.agreement_id], row.community_id, row.inception_on,
            row.expires_on, row.lift_count, row.gross_fen, row.net_fen, row.vat_fen, row.stage, row.bound_at,
            row.version,
        )
        for row in session.scalars(query)
    ]  # fmt: skip


@settings(max_examples=20 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=lists,
    weights=st.lists(st.integers(1, 90), min_size=3, max_size=3),
    others=st.lists(st.integers(1, 90), min_size=3, max_size=3),
    vat_bp=st.integers(0, 2000),
    cut=st.integers(0, 30),
)
def test_at_once_and_row_by_row_come_to_the_same(
    engine: Engine, rows: list[tuple[date, int, int]], weights: list[int], others: list[int], vat_bp: int, cut: int
) -> None:
    """Any list under any two versions, read in any pieces: the same policies, entries, transfers, items and carries."""
    with unit_of_work(engine, SYSTEM) as session:
        made = [make_pool(session, weights, name=f"共保体{uuid.uuid4()}") for _ in range(2)]
        for one in made:
            second_version(session, one, others, vat_bp)
        for place, (begins, lifts, fen) in enumerate(rows):
            agreement = pools.agreement_on(session, made[0].pool.id, begins)
            written = Written(f"A{made[0].pool.id}/{place}", begins, months_after(begins, 12), fen, lifts)
            policies.write(session, agreement, written, on=DAY, by=SYSTEM, at=AT)
        listed = [(f"B{made[1].pool.id}/{place}", *row) for place, row in enumerate(rows)]
        posted(session, made[1], listed[:cut], listed[cut:])
        shares = [latest_shares(session, one.pool.id) for one in made]
        books = [told(session, one) for one in shares]
        assert without_names(books[0]) == without_names(books[1])
        assert policies_told(session, made[0].pool.id) == policies_told(session, made[1].pool.id)


def without_names(book: list[Any]) -> list[object]:
    """Return a book without the ids and numbers of the policies that its entries are about."""
    return [[(*row[:4], row[5].partition("/")[2], row[6]) for row in book[0]], *book[1:]]


def test_a_list_is_sent_by_one_and_approved_by_another(engine: Engine) -> None:
    """Who sent it does not approve it; a follower's desk does neither; what is approved stands and is posted once."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row = checked(session, made, [("P-1", BEGINS, 2, 257_200)])
        sender = made.actor(Role.FINANCE_CHECKER, person=row.made_by)
        with pytest.raises(Forbidden) as refused:
            sent_lists.approve(session, row, by=sender, at=AT)
        assert refused.value.code == "second_person_needed"
        with pytest.raises(Forbidden) as refused:
            sent_lists.approve(session, row, by=made.actor(Role.FINANCE_CHECKER, 1), at=AT)
        assert refused.value.code == "lead_only"
        with pytest.raises(Forbidden) as refused:
            begun(session, made, "1" * 64, by=made.actor(Role.FINANCE_MAKER, 2))
        assert refused.value.code == "lead_only"
        with pytest.raises(Conflict) as conflict:
            bordereau_posting.post(session, row, by=SYSTEM, at=AT)
        assert conflict.value.code == "stage_refuses"
        checker = made.actor(Role.FINANCE_CHECKER)
        sent_lists.approve(session, row, by=checker, at=AT)
        with pytest.raises(Conflict):
            sent_lists.discard(session, row, by=made.actor(Role.FINANCE_MAKER), at=AT)
        bordereau_posting.post(session, row, by=SYSTEM, at=AT)
        with pytest.raises(Conflict):
            bordereau_posting.post(session, row, by=SYSTEM, at=AT)
        policy = session.scalars(select(Policy)).one()
        entry = session.scalars(select(Entry)).one()
        assert (policy.bound_by, entry.person_id, entry.batch_id) == (checker.person_id,) * 2 + (row.batch_id,)
        assert policy.gross_fen == policy.net_fen + policy.vat_fen == 257_200 and policy.written_entry_id == entry.id


def test_the_log_tells_of_a_batch_once(engine: Engine) -> None:
    """Not an event a row: sent, checked, approved, the batch with its digest, posted."""
    with unit_of_work(engine, SYSTEM) as session:
        row = posted(session, make_pool(session), [(f"P-{n}", BEGINS, 1, 100 + n) for n in range(50)])
        query = select(AuditEvent).where(AuditEvent.object_kind.in_(("bordereau", "batch"))).order_by(AuditEvent.id)
        events = [(one.action, one.facts) for one in session.scalars(query)]
    assert [action for action, _ in events] == [
        "bordereau.sent", "bordereau.check", "bordereau.approve", "batch.posted", "bordereau.post",
    ]  # fmt: skip
    assert events[3][1]["entries"] == 50 and events[3][1]["amount_fen"] == sum(range(100, 150))
    assert events[4][1]["sha256"] == row.policies_digest and len(events[3][1]["sha256"]) == 64


def test_numbers_that_stand_twice_or_on_a_policy_are_named_and_nothing_is_booked(engine: Engine) -> None:
    """A number again in the file, in another piece too, and one on record; then the list is faulty and stays so."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        agreement = pools.agreement_on(session, made.pool.id, BEGINS)
        written = Written("P-9", BEGINS, months_after(BEGINS, 12), 500, 1)
        policies.write(session, agreement, written, on=DAY, by=SYSTEM, at=AT)
        one = [("P-1", BEGINS, 1, 5), ("P-2", BEGINS, 1, 5), ("P-1", BEGINS, 1, 5)]
        row = checked(session, made, one, [("P-9", BEGINS, 1, 5), ("P-2", BEGINS, 1, 5)])
        found = [tuple(fault) for fault in session.execute(sent_lists.faults_of(row))]
        assert [(line, code, field) for line, code, field, _ in found] == [
            (4, "bordereau_number_twice", "number"),
            (5, "policy_number_taken", "number"),
            (6, "bordereau_number_twice", "number"),
        ]
        assert found[2][3] == {"number": "P-2", "line": "3"}
        assert (row.stage, row.fault_count, row.row_count, row.line_count) == ("faulty", 3, 5, 5)
        with pytest.raises(Conflict) as refused:
            sent_lists.approve(session, row, by=made.actor(Role.FINANCE_CHECKER), at=AT)
        assert refused.value.code == "stage_refuses"
        assert len(session.scalars(select(Policy)).all()) == 1
        sent_lists.discard(session, row, by=made.actor(Role.FINANCE_MAKER), at=AT)


def test_a_file_is_not_taken_twice(engine: Engine) -> None:
    """The same bytes while they wait or once they are posted are refused; after they were given up they are not."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row = checked(session, made, [("P-1", BEGINS, 1, 5)])
        with pytest.raises(Conflict) as refused:
            begun(session, made)
        assert refused.value.code == "bordereau_sent_before"
        sent_lists.discard(session, row, by=made.actor(Role.FINANCE_MAKER), at=AT)
        posted(session, made, [("P-1", BEGINS, 1, 5)])
        with pytest.raises(Conflict) as refused:
            begun(session, made)
        assert refused.value.code == "bordereau_sent_before"


def test_a_closed_period_takes_no_list(engine: Engine) -> None:
    """Neither sent, nor approved, nor posted into a period that is closed; the approval is taken back."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row = checked(session, made, [("P-1", BEGINS, 1, 5)])
        sent_lists.approve(session, row, by=made.actor(Role.FINANCE_CHECKER), at=AT)
        period = statements.lock_period(session, made.pool.id, made.period.label)
        statements.seal(session, period, on=date(2026, 3, 31), by=SYSTEM, at=AT)
        with pytest.raises(Conflict) as refused:
            bordereau_posting.post(session, row, by=SYSTEM, at=AT)
        assert refused.value.code == "period_closed"
        sent_lists.stop(session, row, refused.value, by=SYSTEM, at=AT)
        assert (row.stage, row.approved_by, streams.carries(session, made.pool.id)) == ("checked", None, {})
        with pytest.raises(Conflict) as refused:
            begun(session, made, "2" * 64)
        assert refused.value.code == "period_closed"


def test_a_total_beyond_all_measure_is_a_fault_of_its_row(engine: Engine) -> None:
    """The row that makes too much of a list is named once, over the pieces, however much follows; faulty, not stuck."""
    most = [("P-0", BEGINS, 1, 10**15 - 1), *((f"P-{n}", BEGINS, 1, 10**15) for n in range(1, 1000))]
    after = [(f"P-{n}", BEGINS, 1, 10**15) for n in range(1000, 1011)]
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row = checked(session, made, most, [("P-F", BEGINS, 1, 1), *after], *[[("P-1", BEGINS, 1, 10**15)] * 9_000] * 2)
        found = [tuple(one) for one in session.execute(sent_lists.faults_of(row))]
        assert found[0] == (1003, "bordereau_total_too_large", "gross_fen", {"most": "10,000,000,000,000,000.00"})
        assert {one[1] for one in found[1:]} == {"bordereau_number_twice"} and len(found) == 18_001 == row.fault_count
        assert (row.stage, row.row_count, row.gross_fen) == ("faulty", 19_012, 1001 * 10**15)
        fits = checked(session, made, most, [("P-F", BEGINS, 1, 1)], digest="1" * 64)
        assert (fits.stage, fits.gross_fen) == ("checked", 10**18)


def test_only_the_lead_and_who_reads_all_see_a_list(engine: Engine) -> None:
    """The lead's desk and the bureau's finance see it; a follower knows nothing of it, nor does its database view."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        row_id = checked(session, made, [("P-1", BEGINS, 1, 5)]).id
    lead, follower = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_MAKER, 1)
    with unit_of_work(engine, lead) as session:
        assert sent_lists.get(session, Bordereau, row_id, lead).row_count == 1
        assert len(session.scalars(select(BordereauPiece)).all()) == 1
    with unit_of_work(engine, follower) as session:
        with pytest.raises(NotFound) as refused:
            sent_lists.get(session, Bordereau, row_id, follower)
        assert refused.value.code == "bordereau_not_found"
        assert session.scalars(select(Bordereau)).all() == session.scalars(select(BordereauPiece)).all() == []


def test_faults_of_a_row_stand_in_their_order(engine: Engine) -> None:
    """Two faults of one row and one of another are kept with their facts and counted."""
    with unit_of_work(engine, SYSTEM) as session:
        row = begun(session, make_pool(session))
        wrong = [(7, Finding("cell_required", "number")), (7, Finding("cell_not_day", "inception_on", {"value": "x"}))]
        bordereaux.keep_piece(session, row, Piece(lines=2, faults=[*wrong, (8, Finding("row_too_long", ""))]))
        bordereaux.finish_reading(session, row, by=SYSTEM, at=AT)
        found = [tuple(one) for one in session.execute(sent_lists.faults_of(row))]
        assert [one[:3] for one in found] == [
            (7, "cell_required", "number"), (7, "cell_not_day", "inception_on"), (8, "row_too_long", ""),
        ]  # fmt: skip
        assert found[1][3] == {"value": "x"} and row.fault_count == 3 and row.stage == "faulty"
