"""Underwriting-year results: earned by the day, agreeing with the book to the fen, each member its own."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from claims import handling
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import books, statements, streams
from ledger.apportion import Weights, apportion
from ledger.models import Entry
from ledger.rates import half_up, loss_ratio_bp
from tests.makers_money import CLOSED_AT, Quarter, play_quarter
from tests.visitors import Visitors
from underwriting import policies, pools
from underwriting.terms import Clauses
from web import public_figures, public_losses
from web.year_results import Year, years_of

#: Days of cover passed by 31 March, that day counted, over the days of the policy: P1, P2, P3, and the return on P2.
PASSED = {"P1": (79, 365), "P2": (57, 365), "P3": (23, 365), "E1": (12, 320)}


def _year(session: Session, quarter: Quarter, at: datetime = CLOSED_AT) -> Year:
    period = statements.period(session, quarter.made.pool.id, "2026Q1")
    on, (year,) = years_of(session, period, only=None, at=at)
    assert on == min(period.ends_on, at.date())
    return year


def _parts(session: Session, quarter: Quarter) -> dict[str, list[int]]:
    """Return the stored parts of the four premium items, net, by name."""
    (p1, p2, p3), pool = (quarter.policies[name] for name in ("P1", "P2", "P3")), quarter.made.pool.id
    found = {}
    for name, policy in (("P1", p1), ("P2", p2), ("P3", p3)):
        found[name] = streams.items(session, pool, policy.written_entry_id or 0)[0].parts_fen
    (refund,) = policies.refunds_of(session, p2)
    found["E1"] = streams.items(session, pool, refund.agreed_entry_id or 0)[0].parts_fen
    return found


def test_the_oracles_year_is_earned_by_the_day_and_agrees_with_its_book(session: Session) -> None:
    """P1 79 of 365 days, P2 57, P3 23, the return 12 of 320: every member's part; losses and fee are the book's."""
    quarter = play_quarter(session)
    year, parts = _year(session, quarter), _parts(session, quarter)
    for place, row in enumerate(year.members):
        assert row.written_fen == sum(found[place] for found in parts.values())
        assert row.earned_fen == sum(half_up(parts[name][place] * a, b) for name, (a, b) in PASSED.items())
        left = row.earned_fen - row.paid_fen - row.outstanding_fen - row.cost_fen + row.recovered_fen + row.fee_fen
        assert row.result_fen == left
        assert row.loss_ratio_bp == loss_ratio_bp(row.paid_fen - row.recovered_fen, row.earned_fen)
    lead = year.members[0]
    assert (lead.written_fen, lead.paid_fen, lead.recovered_fen) == (8_632_551, 12_844_373, 1_545_000)
    assert [row.fee_fen for row in year.members] == [504_196, -229_180, -183_344, -91_672]
    sums = year.totals_fen
    assert (sums["paid_fen"], sums["outstanding_fen"], sums["fee_fen"]) == (28_543_050, 0, 0)
    # By account: what each member's 2305 and 2210 were given by reason, read from the transfers alone.
    book = _by_reason(session, quarter.made.pool.id)
    shares = books.latest_shares(session, quarter.made.pool.id)
    vat = streams.member_totals(session, [shares], "premium_vat", _ALL)[shares.number]
    for place, row in enumerate(year.members):
        own = book[quarter.made.members[place].id]
        assert row.written_fen + vat[place] == own["premium_written"] + own["refund_agreed"]
        assert row.paid_fen + row.outstanding_fen == -own["claim_approved"]
        assert row.cost_fen == -own["adjuster_approved"] and row.fee_fen == own["lead_fee"]
        # What the lead received for all it owes to the others but for its own share.
        assert row.recovered_fen == own["recovery_received"] + (3_433_333 if place == 0 else 0)


_ALL = select(Entry.id)


def _by_reason(session: Session, pool_id: int) -> dict[uuid.UUID, dict[str, int]]:
    """Return member -> reason -> what entries of that reason gave its accounts 2305 and 2210, in its favour."""
    query = text("""
        SELECT a.organisation_id, e.reason, sum(CASE WHEN t.credit_id = a.id THEN t.amount_fen ELSE -t.amount_fen END)
        FROM transfer t JOIN entry e ON (e.pool_id, e.period_id, e.id) = (t.pool_id, t.period_id, t.entry_id)
        JOIN account a ON a.id IN (t.debit_id, t.credit_id) AND a.code IN ('2305', '2210')
        WHERE t.pool_id = :pool GROUP BY 1, 2
    """)
    found: dict[uuid.UUID, dict[str, int]] = {}
    for member, reason, fen in session.execute(query, {"pool": pool_id}):
        found.setdefault(member, {})[reason] = int(fen)
    return found


def test_when_all_is_over_everything_written_is_earned(session: Session) -> None:
    """A period that ends after every policy: earned is written, to the fen, for every member."""
    quarter = play_quarter(session)
    desk, pool = quarter.made.actor(Role.FINANCE_MAKER), quarter.made.pool.id
    late = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
    statements.open_period(session, pool, "2027H1", date(2027, 1, 1), date(2027, 6, 30), by=desk, at=late)
    _, (year,) = years_of(session, statements.period(session, pool, "2027H1"), only=None, at=late)
    assert all(row.earned_fen == row.written_fen for row in year.members)


def test_an_undecided_claim_is_outstanding_by_share_and_no_ratio_stands_over_nothing(session: Session) -> None:
    """100.01 yuan undecided: split by largest remainder; before anything is earned there is no ratio."""
    quarter = play_quarter(session, is_closed=False)
    before = _year(session, quarter, datetime(2026, 3, 30, 12, 0, tzinfo=UTC))
    maker = quarter.made.actor(Role.CLAIMS_HANDLER)
    at = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    claim = handling.make(session, quarter.policies["P1"], "门机", 10_001, number="U-9", by=maker, at=at)
    after = _year(session, quarter, at + timedelta(hours=1))
    moved = [a.outstanding_fen - b.outstanding_fen for a, b in zip(after.members, before.members, strict=True)]
    assert moved == list(apportion(claim.estimate_fen, Weights.of(4500, 2500, 2000, 1000)).parts_fen)
    assert [row.result_fen - old.result_fen for row, old in zip(after.members, before.members, strict=True)] == [
        -fen for fen in moved
    ]
    first = _year(session, quarter, datetime(2026, 1, 1, 4, 0, tzinfo=UTC))
    assert first.totals_fen["earned_fen"] == 0 and first.loss_ratio_bp is None


@given(st.integers(-(10**13), 10**13), st.integers(-(10**13), 10**13))
def test_a_loss_ratio_is_a_whole_number_of_basis_points_or_none(losses_fen: int, earned_fen: int) -> None:
    """Within half a basis point of the exact ratio; none where nothing, or less, is earned."""
    found = loss_ratio_bp(losses_fen, earned_fen)
    if earned_fen <= 0:
        assert found is None
    else:
        assert found is not None and abs(2 * (losses_fen * 10_000 - found * earned_fen)) <= earned_fen


def test_the_lead_sees_all_and_a_follower_its_own(engine: Engine, visitors: Visitors) -> None:
    """Page and API: four columns and the whole for the lead, one's own for a follower, nothing for a stranger."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
    with unit_of_work(engine, SYSTEM) as session:
        year = _year(session, quarter)
    place = f"/pools/{quarter.made.pool.id}/results"
    lead = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    follower = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[1])
    page, own = lead.get(place), follower.get(place)
    assert page.status_code == own.status_code == 200
    other = f"{year.members[2].earned_fen // 100:,}"
    assert other in page.text and other not in own.text
    assert f"{year.members[1].earned_fen // 100:,}" in own.text
    told, (mine,) = lead.get(f"/api/v1{place}").json["data"], follower.get(f"/api/v1{place}?period=2026Q1").json["data"]
    assert [row["result"]["fen"] for row in told[0]["members"]] == [row.result_fen for row in year.members]
    assert told[0]["loss_ratio_bp"] == year.loss_ratio_bp
    assert [row["member"] for row in mine["members"]] == [quarter.made.members[1].name]
    assert mine["earned"]["fen"] == year.members[1].earned_fen
    assert lead.get(f"/api/v1{place}?period=2031Q1").status_code == 404
    stranger = visitors.login_as(Role.FINANCE_MAKER)
    assert stranger.get(place).status_code == stranger.get(f"/api/v1{place}").status_code == 404


class _Forgetful(dict[object, object]):
    """Forgets at once, as another thread may that comes in between."""

    def __setitem__(self, key: object, value: object) -> None:
        """Keep nothing."""


def test_the_public_sees_the_loss_ratio_that_the_results_page_has(
    engine: Engine, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page, JSON and CSV of the newest closed period say what the results page says of it; an open one says nothing."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        play_quarter(session, is_closed=False, name="未结账共保体")
        year = _year(session, quarter)
        # Whatever day it is: the first page shows a pool that is in force.
        first, last = date(2026, 4, 2), date(2099, 1, 1)
        pools.amend(session, quarter.made.pool, first, last, Clauses(("claims",)), by=SYSTEM, at=CLOSED_AT)
    public = visitors.browser()
    monkeypatch.setattr(public_losses, "_FINAL", _Forgetful())
    later, row = public.get("/public/losses.json").json["data"]
    lead = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    _, told = lead.get(f"/api/v1/pools/{quarter.made.pool.id}/results?period=2026Q1").json["data"]
    assert (row["pool"], row["on"]) == (quarter.made.pool.name, "2026-03-31")
    assert row["loss_ratio_bp"] == told["loss_ratio_bp"] == year.loss_ratio_bp is not None
    for name in ("earned", "paid", "outstanding", "recovered"):
        assert row[name] == told[name]
    assert (later["starts_on"], later["earned"]["fen"], later["loss_ratio_bp"]) == ("2026-04-02", 0, None)
    head, _, line = public.get("/public/losses.csv").text.removeprefix("\ufeff").splitlines()
    cells = dict(zip(head.split(","), line.split(","), strict=True))
    assert (cells["paid_cny"], cells["loss_ratio_bp"]) == ("285430.50", str(year.loss_ratio_bp))
    page = public.get("/public").text
    shown = f"{year.loss_ratio_bp // 100}.{year.loss_ratio_bp % 100:02d}"
    assert "现行共保体" in page and "赔付率" in page and shown in page
    assert "losses.csv" in public.get("/public/data").text


def test_the_public_sees_the_loss_ratio_of_each_pool_by_its_number(
    engine: Engine, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pools in force and one that is over: each with its own members and its own years, once."""
    with unit_of_work(engine, SYSTEM) as session:
        first = play_quarter(session)
        last = date(2099, 1, 1)
        for day, clauses in ((2, Clauses()), (3, Clauses(("claims",)))):
            pools.amend(session, first.made.pool, date(2026, 4, day), last, clauses, by=SYSTEM, at=CLOSED_AT)
        second = play_quarter(session, name="第二共保体")
        pools.amend(session, second.made.pool, date(2026, 4, 2), last, Clauses(), by=SYSTEM, at=CLOSED_AT)
        over = play_quarter(session, name="已终止示例")
    in_force = public_figures.pools_now
    # Whatever day it is: the third is over.
    standing = lambda session, at: [row for row in in_force(session, at) if row["number"] != over.made.pool.id]  # noqa: E731
    monkeypatch.setattr(public_figures, "pools_now", standing)
    page = visitors.browser().get("/public").text
    assert (page.count("现行共保体"), page.count("已终止的共保体"), page.count("赔付率＝（")) == (2, 1, 3)
    for quarter in (first, second, over):
        assert page.count(f"<h3>{quarter.made.pool.name}</h3>") == 1
    rows = visitors.browser().get("/public/losses.json").json["data"]
    assert {row["pool_number"] for row in rows} == {one.made.pool.id for one in (first, second, over)}
