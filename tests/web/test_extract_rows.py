"""The lists of a book: what their rows and files say is what the book says, to the fen."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Engine, literal, select, text
from sqlalchemy.orm import Session

from claims import closing, handling, settlements
from claims import extract_rows as claim_lists
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import entries
from ledger.apportion import Weights, apportion
from ledger.books import MemberShares
from ledger.extracts import Kind
from ledger.models import Period
from tests.depth import DEPTH
from tests.makers import AT, TERMS, MadePool, make_pool
from tests.makers_money import CLOSED_AT, Quarter, play_quarter
from tests.web.extract_readers import agree, listed_of, period_of, table_of
from underwriting import policies, pools, premiums
from underwriting.pools import PoolPlan
from web import extracts as making

# The oracle's quarter


@pytest.fixture
def quarter(session: Session) -> Quarter:
    """The oracle's quarter, closed."""
    return play_quarter(session)


def test_the_oracles_quarter_is_written_as_it_was_booked(session: Session, quarter: Quarter) -> None:
    """Premiums, refunds, claims, costs, recoveries and the lead's fee of the oracle stand in its lists, to the fen."""
    period = period_of(session, quarter.made.pool.id)
    told = {kind: agree(session, period, listed_of(session, period, kind)) for kind in Kind}
    premiums = told[Kind.PREMIUMS].totals_fen
    gross = 6_172_800 + 13_374_400 + 899_999 - 112_745
    assert (told[Kind.PREMIUMS].rows, premiums["gross_fen"]) == (4, gross)
    assert premiums["net_fen"] + premiums["vat_fen"] == gross
    assert sum(premiums[f"share_{place}"] for place in range(4)) == gross
    claims = told[Kind.CLAIMS].totals_fen
    assert claims["approved_fen"] == claims["paid_fen"] == 438_000 + 1_265_050 + 26_840_000
    assert (claims["cost_fen"], claims["recovered_fen"], claims["outstanding_fen"]) == (300_001, 3_433_333, 0)
    assert sum(claims[f"share_{place}"] for place in range(4)) == claims["borne_fen"]
    invoices = list(making.rows_of(session, listed_of(session, period, Kind.INVOICES)))
    fees = [row.gross_fen for row in invoices if row.reason == "lead_fee"]
    assert fees == [242_931, 194_345, 97_172]
    assert sum(row.gross_fen for row in invoices if row.reason != "lead_fee") == gross
    balance = told[Kind.TRIAL_BALANCE].totals_fen
    assert balance["opening_fen"] == balance["closing_fen"] == 0
    assert balance["debit_fen"] == balance["credit_fen"] == told[Kind.JOURNAL].totals_fen["amount_fen"]


def test_a_members_lists_hold_its_own_share_and_nobody_elses(session: Session, quarter: Quarter) -> None:
    """A follower's journal names no account of another member, its bordereaux carry its own column alone."""
    member = quarter.made.members[1]
    period = period_of(session, quarter.made.pool.id)
    names = [one.name for place, one in enumerate(quarter.made.members) if place != 1]
    whole = making.expected(session, listed_of(session, period, Kind.PREMIUMS)).totals_fen
    for kind in Kind:
        found = listed_of(session, period, kind, member.id)
        agree(session, period, found)
        cells = {cell for row in table_of(found, session) for cell in row}
        seen = {name for name in names if name in cells}
        # The lead's name stands on the fee that it invoices to this member, and nowhere else.
        assert seen <= ({quarter.made.members[0].name} if kind is Kind.INVOICES else set())
        assert not seen & {column.zh for column in found.columns}
        if kind is Kind.PREMIUMS:
            assert making.expected(session, found).totals_fen["share_0"] == whole["share_1"]
        if kind is Kind.TRIAL_BALANCE:
            assert making.expected(session, found).totals_fen["closing_fen"] == 0


def test_what_is_outstanding_is_what_was_so_at_the_periods_end(session: Session) -> None:
    """An undecided claim stands with its estimate by then, an approved one with what is unpaid; no others do.

    One that was rejected stands with nothing, and one made later is not there.
    """
    quarter = play_quarter(session, is_closed=False)
    made, policy = quarter.made, quarter.policies["P1"]
    maker, second = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.SIGNATORY)
    made_at = datetime(2026, 3, 28, 4, 0, tzinfo=UTC)
    later = datetime(2026, 4, 2, 4, 0, tzinfo=UTC)

    def claim(number: str, fen: int, at: datetime) -> Any:
        found = handling.make(session, policy, "门机", fen, number=number, by=maker, at=at)
        handling.submit(session, found, by=maker, at=at)
        return found

    revised, rejected, unpaid = (claim(name, 10_000, made_at) for name in ("U-1", "U-2", "U-3"))
    claim("U-4", 70_000, later)
    handling.revise(session, revised, 12_000, by=maker, at=made_at)
    handling.revise(session, revised, 99_000, by=maker, at=later)
    handling.reject(session, rejected, "不在承保范围", by=second, at=made_at)
    handling.approve(session, unpaid, 9_000, on=date(2026, 3, 30), by=second, at=made_at)
    period = period_of(session, made.pool.id)
    found = making.listed(session, making.scope_of(session, period, only=None, at=later), Kind.CLAIMS)
    outstanding = {row.claim: row.outstanding_fen for row in making.rows_of(session, found)}
    for row in making.rows_of(session, found):
        assert row.stocks_fen == apportion(row.outstanding_fen, Weights.of(4500, 2500, 2000, 1000)).parts_fen
    assert {name: outstanding.get(name) for name in ("U-1", "U-2", "U-3", "U-4")} == {
        "U-1": 12_000,
        "U-2": None,
        "U-3": 9_000,
        "U-4": None,
    }


# Any book


@settings(max_examples=4 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_every_list_of_any_book_agrees_with_its_files_and_the_database(engine: Engine, seed: int) -> None:
    """A random book with mirrors, two versions of the shares and odd names: rows, sums, CSV and XLSX agree."""
    rng = random.Random(seed)
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, name=f"任意共保体 {seed} {rng.random()}")
        _play(session, made, rng)
        period = period_of(session, made.pool.id)
        only = rng.choice([None, made.members[rng.randrange(len(made.members))].id])
        for kind in Kind:
            told = agree(session, period, listed_of(session, period, kind, only))
            if kind is Kind.TRIAL_BALANCE:
                assert told.totals_fen["closing_fen"] == 0
            if kind in (Kind.PREMIUMS, Kind.CLAIMS) and only is None:
                whole = told.totals_fen["gross_fen" if kind is Kind.PREMIUMS else "borne_fen"]
                stock = sum(fen for key, fen in told.totals_fen.items() if key.startswith("stock_"))
                assert stock == told.totals_fen.get("outstanding_fen", 0)
                assert sum(fen for key, fen in told.totals_fen.items() if key.startswith("share_")) == whole
        closing_fen = _closings(session, period)
        assert _transfers(session, period) == closing_fen


def _play(session: Session, made: MadePool, rng: random.Random) -> None:
    """Book some premiums, refunds, claims and mirrors in the first quarter."""
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    handler, day = made.actor(Role.CLAIMS_HANDLER), date(2026, 1, 5)
    if rng.random() < 0.5:
        order = [made.members[0], *rng.sample(made.members[1:], 3)]
        weights = [(member.id, weight) for member, weight in zip(order, (3, 1, 2, 1), strict=True)]
        plan = PoolPlan(made.pool.name, tuple(weights), 7, date(2026, 2, 1), date(2027, 2, 1), TERMS)
        pools.add_version(session, made.pool, plan, by=SYSTEM, at=AT)
    for number in range(rng.randint(1, 4)):
        on = day + timedelta(days=rng.randrange(60))
        at = datetime(on.year, on.month, on.day, 4, 0, tzinfo=UTC)
        agreement = pools.agreement_on(session, made.pool.id, on)
        name = rng.choice(["=1+1", "P", "@甲", "－3", "\tx"]) + f"-{number}-{made.pool.id}"
        written = premiums.Written(name, on, on + timedelta(days=365), rng.randint(100, 9_999_999), rng.randint(1, 99))
        policy = policies.write(session, agreement, written, on=on, by=desk, at=at)
        if rng.random() < 0.7:
            policies.receive(session, policy, on=on, by=desk, at=at)
        if rng.random() < 0.5:
            policies.refund(session, policy, rng.randint(1, 99), on, on=on, by=desk, at=at)
        if rng.random() < 0.5:
            asked, number_of = rng.randint(1, 9_000_000), f"C-{name}"
            claim = handling.make(session, policy, "门", asked, number=number_of, by=handler, at=at)
            handling.submit(session, claim, by=handler, at=at)
            if claim.stage == "agreed":
                handling.approve(session, claim, claim.estimate_fen, on=on, by=made.actor(Role.SIGNATORY), at=at)
                if rng.random() < 0.5:
                    settlements.pay_by_lead(session, claim, on=on, by=second, at=at)
                elif rng.random() < 0.5:
                    row = entries.entry(session, made.pool.id, claim.approved_entry_id or 0)
                    entries.reverse(session, row, on=on, document="更正", by=second, at=at)
    if rng.random() < 0.5:
        closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=CLOSED_AT)


def _closings(session: Session, period: Period) -> dict[str, int]:
    """Return code -> closing balance, as the trial balance has it."""
    totals: dict[str, int] = {}
    for row in making.rows_of(session, listed_of(session, period, Kind.TRIAL_BALANCE)):
        totals[row.code] = totals.get(row.code, 0) + row.closing_fen
    return {code: fen for code, fen in totals.items() if fen}


def _transfers(session: Session, period: Period) -> dict[str, int]:
    """Return code -> balance, added up from the transfers by SQL of its own."""
    query = text(
        "SELECT a.code, sum(CASE WHEN a.id = t.debit_id THEN t.amount_fen ELSE -t.amount_fen END) FROM transfer t"
        " JOIN account a ON a.id IN (t.debit_id, t.credit_id) WHERE t.pool_id = :pool AND t.period_id = :period"
        " GROUP BY a.code"
    )
    found = session.execute(query, {"pool": period.pool_id, "period": period.id})
    return {code: int(fen) for code, fen in found if fen}


@settings(max_examples=60 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.integers(-(10**15), 10**15),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=7).filter(any),
)
def test_a_stock_is_split_as_by_largest_remainder(engine: Engine, amount: int, weights: list[int]) -> None:
    """What the database gives each member of an outstanding sum is what the rule gives without a carry."""
    members = tuple(uuid.uuid4() for _ in weights)
    version = MemberShares(1, 1, date(2026, 1, 1), members, Weights.of(*weights))
    parts = [claim_lists.stock_part(literal(amount, BigInteger), literal(1), member, [version]) for member in members]
    with engine.connect() as connection:
        assert tuple(connection.execute(select(*parts)).one()) == apportion(amount, version.weights).parts_fen
