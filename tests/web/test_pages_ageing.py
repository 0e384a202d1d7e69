"""The ageing of what is owed: bands by the day that stands on each paper, by page, file, API and command."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import Engine, update

from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import books
from ledger.models import Statement
from tests.makers_money import Quarter, agree_all, play_quarter
from tests.visitors import Browser, Visitors
from tests.web.conftest import Commands
from underwriting.terms import Clauses
from web import statement_cli
from web.ageing import Narrowed, aged, items, totals

D_OWES, B_CALL, C_CALL, D_CALL = 2_651_624, 6_710_000, 5_368_000, 2_684_000


def _quarter(engine: Engine) -> Quarter:
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session)


def _checker(visitors: Visitors, quarter: Quarter, member: int) -> Browser:
    return visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[member])


@pytest.mark.parametrize(
    ("on", "band", "owed_fen"),
    [
        ("2026-03-15", "not_due", 0),
        ("2026-03-16", "not_due", B_CALL + C_CALL + D_CALL),
        ("2026-03-20", "not_due", D_CALL),
        ("2026-03-26", "not_due", D_CALL),
        ("2026-03-27", "to_30", D_CALL),
        ("2026-03-31", "not_due", D_OWES),
        ("2026-04-01", "to_30", D_OWES),
        ("2026-04-30", "to_30", D_OWES),
        ("2026-05-01", "to_60", D_OWES),
        ("2026-05-30", "to_60", D_OWES),
        ("2026-05-31", "to_90", D_OWES),
        ("2026-06-29", "to_90", D_OWES),
        ("2026-06-30", "over_90", D_OWES),
        ("9999-12-31", "over_90", D_OWES),
    ],
)
def test_what_members_owe_on_a_day_stands_in_its_band(engine: Engine, on: str, band: str, owed_fen: int) -> None:
    """Three calls of 16 March, two received on the 20th, one overdue from the 27th and taken on the 31st; then D's."""
    _quarter(engine)
    with unit_of_work(engine, SYSTEM) as session:
        rows = aged(session, SYSTEM, date.fromisoformat(on), Narrowed())
        found = session.execute(items(SYSTEM, date.fromisoformat(on), Narrowed(side="from_member"))).all()
    sums = totals(rows, "from_member")
    assert (sums[band], sums["total"]) == (owed_fen, owed_fen)
    assert sum(one.amount_fen for one in found) == owed_fen


@pytest.mark.parametrize("apart", [(), ("claims", "recoveries")])
def test_the_totals_are_what_stands_on_the_book(engine: Engine, apart: tuple[str, ...]) -> None:
    """What is open today adds up to the statement accounts of all but the lead, what is settled on its own with it."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, clauses=Clauses(apart))
    pool = quarter.made.pool
    with unit_of_work(engine, SYSTEM) as session:
        rows = aged(session, SYSTEM, date(2026, 4, 9), Narrowed(pool_id=pool.id))
        standing = books.balances(session, pool.id)
    for code, side, sign in (("1220", "from_member", 1), ("2220", "to_member", -1)):
        on_book = sum(sign * fen for ref, fen in standing.items() if ref.code == code and ref.member != pool.lead_id)
        assert totals(rows, side)["total"] == on_book > 0
        assert totals(rows, side)["total"] == sum(row.total_fen for row in rows if row.side == side)


def test_what_is_settled_is_open_until_its_day(engine: Engine) -> None:
    """Settled on 17 April: open on the 16th, gone from the 17th on."""
    quarter = _quarter(engine)
    with unit_of_work(engine, SYSTEM) as session:
        agree_all(session, quarter)
        session.execute(update(Statement).values(stage="settled", settled_on=date(2026, 4, 17)))
    with unit_of_work(engine, SYSTEM) as session:
        assert len(aged(session, SYSTEM, date(2026, 4, 16), Narrowed())) == 3
        assert aged(session, SYSTEM, date(2026, 4, 17), Narrowed()) == []


def test_a_figure_leads_to_what_is_behind_it(engine: Engine, visitors: Visitors) -> None:
    """The page on a day: every member's figure, the totals, and behind a figure its statement or its cash call."""
    quarter = _quarter(engine)
    lead = _checker(visitors, quarter, 0)
    page = lead.get("/ageing?on=2026-04-09").text
    assert "26,516.24" in page and "864.54" in page and "1,556.16" in page, "B and C are owed together"
    member = quarter.made.members[3].id
    narrowed = f"/ageing?on=2026-04-09&pool={quarter.made.pool.id}&member={member}&side=from_member&band=to_30"
    assert narrowed.replace("&", "&amp;") in page
    behind = lead.get(narrowed).text.partition('id="items"')[2]
    assert f"/statements/{quarter.of(3).id}" in behind and f"/statements/{quarter.of(1).id}" not in behind
    assert "已逾期 9 天" in behind
    called = lead.get("/ageing?on=2026-03-27").text
    assert f"/claims/{quarter.claims['C3'].id}" in called or str(quarter.claims["C3"].id) in called
    assert "/statements/" not in called.partition('id="items"')[2]
    today = lead.get("/ageing").text
    assert "90 天以上" in today and "26,516.24" in today
    wrong = lead.get("/ageing?on=2026-02-30")
    assert wrong.status_code == 200 and "f-on-wrong" in wrong.text
    lines = lead.get("/ageing?on=2026-04-09&as=csv").text.splitlines()
    assert lines[0].removeprefix("\ufeff") == (
        "pool,member,side,not_due_cny,to_30_cny,to_60_cny,to_90_cny,over_90_cny,total_cny,items"
    )
    assert len(lines) == 4 and "from_member,0.00,26516.24,0.00,0.00,0.00,26516.24,1" in lines[1]


def test_a_member_sees_its_own_alone(engine: Engine, visitors: Visitors) -> None:
    """A follower finds what it owes or is owed; the lead and the bureau find all; who reads no money finds nothing."""
    quarter = _quarter(engine)
    names = [member.name for member in quarter.made.members]
    own = _checker(visitors, quarter, 1)
    told = own.get("/api/v1/ageing?on=2026-04-09").json
    assert [(row["member"], row["side"]) for row in told["data"]] == [(names[1], "to_member")]
    assert names[3] not in own.get("/ageing?on=2026-04-09&as=csv").text
    for browser in (_checker(visitors, quarter, 0), visitors.login_as(Role.BUREAU_FINANCE)):
        assert len(browser.get("/api/v1/ageing?on=2026-04-09").json["data"]) == 3
    assert visitors.login_as(Role.OFFICER).get("/ageing").status_code == 403


def test_the_api_tells_figures_and_what_is_behind_them(engine: Engine, visitors: Visitors) -> None:
    """Every row has its items, whose sum it is; totals a side; a day that is none is refused with its field."""
    quarter = _quarter(engine)
    lead = _checker(visitors, quarter, 0)
    told = lead.get(f"/api/v1/ageing?on=2026-04-09&pool_id={quarter.made.pool.id}").json
    for row in told["data"]:
        assert row["amounts"]["total"]["fen"] == sum(one["amount"]["fen"] for one in row["items"])
    (owing,) = [row for row in told["data"] if row["side"] == "from_member"]
    (item,) = owing["items"]
    assert (item["kind"], item["id"], item["days_late"], item["band"]) == (
        "statement",
        str(quarter.of(3).id),
        9,
        "to_30",
    )
    assert [one["amounts"]["total"]["fen"] for one in told["totals"]] == [D_OWES, 155_616]
    assert lead.get("/api/v1/ageing").json["on"] >= "2026-04-01"
    refused = lead.get("/api/v1/ageing?on=2026-02-30")
    assert (refused.status_code, refused.json["errors"][0]["where"]) == (422, "on")
    assert lead.get("/api/v1/ageing?pool_id=999999").json["data"] == []


def test_the_command_tells_the_same(engine: Engine, commands: Commands) -> None:
    """`gongbao statement ageing`: figures for machines in fen, for people in yuan with their totals."""
    quarter = _quarter(engine)
    run = commands(statement_cli, statement_cli.statement)
    pool = str(quarter.made.pool.id)
    told = json.loads(run("ageing", "--pool", pool, "--on", "2026-04-09", "--json").output)
    assert told["totals_fen"]["from_member"]["to_30"] == D_OWES
    assert sorted(row["total_fen"] for row in told["rows"] if row["side"] == "to_member") == [69_162, 86_454]
    assert told["rows"][0]["items"][0]["number"] == quarter.of(3).number
    words = run("ageing", "--on", "2026-04-09").output
    assert "26516.24" in words and "1556.16" in words
    assert json.loads(run("ageing", "--on", "2026-01-01", "--json").output)["rows"] == []
    assert run("ageing", "--on", "2026-02-30").exit_code == 2
