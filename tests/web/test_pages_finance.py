"""The finance desks: what waits, premiums, claim money, cash calls, closing; right for one role, refused for others."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal  # only to compare what a reader reads

import pytest
from sqlalchemy import Engine, event, func, select

from core import clock
from core.db import unit_of_work
from core.parties import Organisation
from core.permits import SYSTEM, Role
from ledger import books, statements
from ledger.models import Entry, Period
from tests.makers import AT, make_policy, make_pool, open_quarter
from tests.makers_money import Quarter, approved_claim, play_quarter
from tests.scenarios import oracle_quarter as oracle
from tests.visitors import Browser, Visitors
from underwriting import policies
from underwriting.models import Policy
from web.formats import date_words


def _open_quarter(engine: Engine) -> Quarter:
    """Return the oracle's quarter, still open."""
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session, is_closed=False)


def _desk(visitors: Visitors, organisation: Organisation) -> tuple[Browser, Browser]:
    """Return the maker and the checker of an organisation."""
    return visitors.login_as(Role.FINANCE_MAKER, organisation), visitors.login_as(Role.FINANCE_CHECKER, organisation)


def _entries(engine: Engine) -> int:
    with unit_of_work(engine, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(Entry)) or 0


def test_premiums_are_received_in_bulk_and_remitted_by_another(engine: Engine, visitors: Visitors) -> None:
    """The maker books two receipts at once; the checker remits; a follower and the bureau can do neither."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        found = [make_policy(session, made, number=f"P-{n}") for n in (1, 2)]
    ids = [str(policy.id) for policy in found]
    maker, checker = _desk(visitors, made.members[0])
    assert "登记保费到账" in maker.get("/").text
    listed = maker.get("/premiums?stage=bound").text
    assert listed.count('type="checkbox"') == 2
    shown = maker.get("/premiums/receive", query_string={"policy": ids})
    assert shown.status_code == 200
    assert "7,716.00" in shown.text
    assert maker.send("/premiums/receive").status_code == 422
    assert "没有选中任何一行" in maker.send("/premiums/receive").text

    for on, words in (("2026-13-01", "应为日期"), ("2199-01-01", "还没有到"), ("2025-01-01", "尚未开立")):
        refused = maker.send("/premiums/receive", policy=ids, on=on)
        assert refused.status_code in (409, 422)
        assert words in refused.text
        assert f'value="{on}"' in refused.text
    follower_maker, follower_checker = _desk(visitors, made.members[1])
    assert follower_maker.send("/premiums/receive", policy=ids, on="2026-03-03").status_code == 403
    assert visitors.login_as(Role.BUREAU_FINANCE).send("/premiums/receive", policy=ids).status_code == 403
    assert checker.send("/premiums/receive", policy=ids, on="2026-03-03").status_code == 403
    before = _entries(engine)
    assert maker.send("/premiums/receive", policy=ids, on="2026-03-03").status_code == 303
    assert _entries(engine) == before + 2
    assert maker.send("/premiums/receive", policy=ids, on="2026-03-03").status_code == 409
    assert follower_checker.send("/premiums/remit", policy=ids, on="2026-03-04").status_code == 403
    assert maker.send("/premiums/remit", policy=ids, on="2026-03-04").status_code == 403
    assert checker.send("/premiums/remit", policy=ids[0], on="2026-03-04").status_code == 303
    token = {"X-CSRFToken": checker.token()}
    answer = checker.post(f"/api/v1/premiums/{ids[1]}/remittance", json={"on": "2026-03-04"}, headers=token)
    assert (answer.status_code, answer.json["stage"]) == (200, "remitted")
    with unit_of_work(engine, SYSTEM) as session:
        assert {session.get_one(Policy, policy.id).stage for policy in found} == {"remitted"}
        assert [ref.code for ref in books.balances(session, made.pool.id)] == []


def test_who_booked_the_receipt_does_not_remit_it(engine: Engine, visitors: Visitors) -> None:
    """One person with both mandates meets the four eyes."""
    from core.parties import Person, give_mandate
    from tests.conftest import AT

    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        policy = make_policy(session, made)
    user = visitors.account(Role.FINANCE_MAKER, made.members[0])
    with unit_of_work(engine, SYSTEM) as session:
        person = session.get_one(Person, user.person_id)
        whose = session.get_one(Organisation, made.members[0].id)
        second = give_mandate(session, person, whose, Role.FINANCE_CHECKER, date(2020, 1, 1), by=SYSTEM, at=AT)
    both = visitors.signed_in(user)
    assert both.send("/premiums/receive", policy=str(policy.id), on="2026-03-03").status_code == 303
    assert both.send("/acting", mandate=str(second.id)).status_code == 303
    assert both.send("/premiums/remit", policy=str(policy.id), on="2026-03-04").status_code == 403


def test_a_close_shows_what_it_will_charge_and_then_does_it(engine: Engine, visitors: Visitors) -> None:
    """The preview's figures are the oracle's; looking changes nothing; the close makes exactly them."""
    quarter = _open_quarter(engine)
    pool = quarter.made.pool.id
    maker, checker = _desk(visitors, quarter.made.members[0])
    before = _entries(engine)
    address = f"/pools/{pool}/periods/2026Q1/close"
    page = checker.get(address)
    assert page.status_code == 200
    for fen in oracle.STATEMENT["balance"]:
        assert _yuan(fen or 0) in page.text
    for words in ("916.72", "55.00", "22.06", "26,840.00", "首席管理费", "逾期利息"):
        assert words in page.text
    charged = page.text.partition("结账时计入")[2].partition("将出具的结算单")[0]
    assert "916.72" in charged and "<tfoot" not in charged, "fee, tax, interest and a call make no sum"
    assert _entries(engine) == before
    assert maker.get(address).status_code == 403
    assert maker.send(address, on="2026-03-31").status_code == 403
    follower = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[1])
    assert follower.get(address).status_code == 403
    assert follower.send(address, on="2026-03-31").status_code == 403
    outside = checker.send(address, on="2026-04-01")
    assert outside.status_code == 422
    assert 'value="2026-04-01"' in outside.text
    assert _entries(engine) == before
    assert checker.send(address, on="2026-03-31").status_code == 303
    assert checker.send(address, on="2026-03-31").status_code == 409
    with unit_of_work(engine, SYSTEM) as session:
        row = statements.period(session, pool, "2026Q1")
        assert [one.balance_fen for one in statements.of_period(session, row)] == oracle.STATEMENT["balance"]
    issue = f"/pools/{pool}/periods/2026Q1/issue"
    assert maker.send(issue).status_code == 403
    assert checker.send(issue).status_code == 303
    assert checker.send(issue).status_code == 409
    shown = follower.get(f"/pools/{pool}/periods/2026Q1").text
    assert "864.54" in shown
    assert "24,960.08" not in shown


def _yuan(fen: int) -> str:
    return f"{'−' if fen < 0 else ''}{Decimal(abs(fen)) / 100:,.2f}"


def test_claim_money_goes_its_way(engine: Engine, visitors: Visitors) -> None:
    """A large claim: called, received, funded, paid by another than its approver; fees and recoveries follow."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
        claim = approved_claim(session, quarter, "C4", "P2", 30_000_000, date(2026, 3, 2))
    maker, checker = _desk(visitors, quarter.made.members[0])
    follower = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[1])
    place = f"/payments/claims/{claim.id}"
    assert "发出摊回通知" in maker.get(place).text
    assert follower.get(place).status_code == 200
    assert (
        follower.send(f"/cash-calls/claims/{claim.id}/issue", on="2026-03-03", due_on="2026-03-13").status_code == 403
    )
    late = maker.send(f"/cash-calls/claims/{claim.id}/issue", on="2026-03-03", due_on="2026-03-01")
    assert late.status_code == 422
    assert maker.send(f"/cash-calls/claims/{claim.id}/issue", on="2026-03-03", due_on="2026-03-13").status_code == 303
    own = re.findall(r"/cash-calls/([0-9a-f-]{36})/receive", maker.get(place).text)
    assert len(own) == 3
    listed = follower.get("/cash-calls?stage=issued").text
    assert "75,000.00" in listed
    assert "60,000.00" not in listed
    assert follower.send(f"/cash-calls/{own[0]}/receive", on="2026-03-05").status_code == 403
    for call in own:
        assert maker.send(f"/cash-calls/{call}/receive", on="2026-03-05").status_code == 303
    assert checker.send(f"{place}/pay-from-pool", on="2026-03-06").status_code == 409
    assert "用共保资金付款" not in checker.get("/").text and "收齐或补足摊回款" in maker.get("/").text
    wrong = maker.send(f"{place}/fund", on="2026-03-06", amount="１３５０００")
    assert wrong.status_code == 422
    assert "不是可识别的金额" in wrong.text
    assert "１３５０００" in wrong.text
    much = maker.send(f"{place}/fund", on="2026-03-06", amount="135000.01")
    assert much.status_code == 422
    assert maker.send(f"{place}/fund", on="2026-03-06", amount="135,000.00").status_code == 303
    assert "用共保资金付款" in checker.get("/").text and "收齐或补足摊回款" not in maker.get("/").text
    assert maker.send(f"{place}/pay-from-pool", on="2026-03-06").status_code == 403
    assert checker.send(f"{place}/pay-from-pool", on="2026-03-06").status_code == 303
    assert checker.send(f"{place}/pay-from-pool", on="2026-03-06").status_code == 409
    for amount in ("9,999,999,999.00", "99,999,999,999,999.00"):
        beyond = maker.send(f"{place}/costs/new", on="2026-03-07", amount=amount)
        assert beyond.status_code == 422 and 'id="f-amount-wrong"' in beyond.text
    assert maker.send(f"{place}/costs/new", on="2026-03-07", amount="1,000.00").status_code == 303
    cost = re.search(r"/costs/([0-9a-f-]{36})/pay", checker.get(place).text)
    assert cost is not None
    assert checker.send(f"{place}/costs/{cost.group(1)}/pay", on="2026-03-08").status_code == 303
    paid = checker.get(f"{place}/costs/{cost.group(1)}/pay").text
    assert "已经办理：支付公估费" in paid and 'name="confirmed"' not in paid
    bad = maker.send(f"{place}/recoveries/new", on="2026-03-09", amount="1", kind="gift")
    assert bad.status_code == 422
    assert maker.send(f"{place}/recoveries/new", on="2026-03-09", amount="1", kind="salvage").status_code == 303
    assert "1.00" in follower.get(place).text


def test_every_amount_leads_to_its_entries(engine: Engine, visitors: Visitors) -> None:
    """An account's entries add up to its balance; a member's view is a filter of the same entries."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
    pool = quarter.made.pool.id
    lead = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    member = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[3])
    page = lead.get(f"/pools/{pool}/balance").text
    assert "借贷相等" in page
    assert "26,516.24" in page
    for account, amount in (("1110", "8,999.99"), ("1220", "26,516.24"), ("2210", "0.00")):
        assert f"合计 {amount} 元" in lead.get(f"/pools/{pool}/entries?account={account}").text
    entries = lead.get(f"/api/v1/pools/{pool}/entries?limit=200").json["data"]
    own = member.get(f"/api/v1/pools/{pool}/entries?limit=200").json["data"]
    assert {row["id"] for row in own} < {row["id"] for row in entries}
    interest = next(row for row in own if row["reason"] == "late_interest")
    shown = member.get(f"/api/v1/pools/{pool}/entries/{interest['id']}").json["transfers"]
    assert [(leg["debit"], leg["credit"], leg["amount"]["fen"]) for leg in shown] == [("2210", None, 2206)]
    paid = next(row for row in entries if row["reason"] == "claim_paid_by_lead")
    assert member.get(f"/pools/{pool}/entries/{paid['id']}").status_code == 404
    assert lead.get(f"/pools/{pool}/entries/{paid['id']}").status_code == 200
    assert "其他成员合计" in member.get(f"/pools/{pool}/balance").text
    balances = member.get(f"/api/v1/pools/{pool}/balances").json["data"]
    assert sum(row["balance"]["fen"] for row in balances) == 0
    pages = []
    cursor = ""
    while cursor is not None:
        page = lead.get(f"/api/v1/pools/{pool}/entries?limit=7&cursor={cursor}").json
        pages += [row["id"] for row in page["data"]]
        cursor = page["next"]
    assert pages == [row["id"] for row in entries]


def test_a_stranger_knows_of_no_pool(engine: Engine, visitors: Visitors) -> None:
    """An insurer outside the pool finds nothing of it; the public is asked to sign in."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
    pool = quarter.made.pool.id
    stranger = visitors.login_as(Role.FINANCE_CHECKER, visitors.organisation("insurer", "示例外人财险"))
    places = [
        f"/pools/{pool}",
        f"/pools/{pool}/balance",
        f"/pools/{pool}/entries",
        f"/pools/{pool}/periods/2026Q1",
        f"/pools/{pool}/periods/2026Q1/close",
        f"/premiums/{quarter.policies['P1'].id}",
        f"/payments/claims/{quarter.claims['C1'].id}",
        f"/api/v1/pools/{pool}/balances",
    ]
    for place in places:
        assert stranger.get(place).status_code == 404, place
    assert stranger.get("/api/v1/pools").json == {"data": []}
    assert stranger.get("/").status_code == 200
    for place in places[:-1]:
        assert visitors.browser().get(place).status_code == 302, place


@pytest.mark.parametrize("path", ["/premiums", "/pools/{pool}/entries", "/payments", "/cash-calls", "/statements", "/"])
def test_a_list_asks_the_database_a_fixed_number_of_times(path: str, engine: Engine, visitors: Visitors) -> None:
    """Ten more policies ask for no more queries."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        open_quarter(session, quarter.made.pool, 2)
    browser = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    place = path.format(pool=quarter.made.pool.id)
    first = _queries(engine, browser, place)
    with unit_of_work(engine, SYSTEM) as session:
        for number in range(10):
            make_policy(session, quarter.made, number=f"N-{number}", on=date(2026, 4, 2))
    assert _queries(engine, browser, place) <= first
    assert first <= 45


def _queries(engine: Engine, browser: Browser, place: str) -> int:
    asked: list[str] = []

    def count(*args: object) -> None:
        asked.append(str(args[2]))

    browser.get(place)
    event.listen(engine, "before_cursor_execute", count)
    try:
        assert browser.get(place).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(asked)


def test_a_period_is_opened_with_a_plain_name(engine: Engine, visitors: Visitors) -> None:
    """The next quarter is proposed; a name with a path in it, or overlapping days, is refused with what was typed."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
    maker, _ = _desk(visitors, made.members[0])
    place = f"/pools/{made.pool.id}/periods/new"
    assert 'value="2026Q2"' in maker.get(place).text
    for values, words in (
        ({"label": "../x", "starts_on": "2026-04-01", "ends_on": "2026-06-30"}, "账期名称"),
        ({"label": "2026Q2", "starts_on": "2026-03-01", "ends_on": "2026-06-30"}, "同名或日期重叠"),
        ({"label": "2026Q2", "starts_on": "2026-06-30", "ends_on": "2026-04-01"}, "晚于截止日"),
    ):
        refused = maker.send(place, **values)
        assert refused.status_code in (409, 422), values
        assert words in refused.text
        assert f'value="{values["starts_on"]}"' in refused.text
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(Period)) == 1
    opened = maker.send(place, label="2026Q2", starts_on="2026-04-01", ends_on="2026-06-30")
    assert opened.status_code == 303
    assert "账期开立" in maker.get(opened.headers["Location"]).text


def test_a_program_opens_a_period(engine: Engine, visitors: Visitors) -> None:
    """The lead's maker opens one by the interface; a follower and the bureau may not, a wrong name says which field."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
    maker, checker = _desk(visitors, made.members[0])
    place = f"/api/v1/pools/{made.pool.id}/periods"
    told = {"label": "2026Q2", "starts_on": "2026-04-01", "ends_on": "2026-06-30"}
    follower, _ = _desk(visitors, made.members[1])
    for other, code in ((checker, "role_may_not"), (follower, "lead_only")):
        refused = other.post(place, json=told, headers={"X-CSRFToken": other.token()})
        assert (refused.status_code, refused.json["code"]) == (403, code)
    ask = {"X-CSRFToken": maker.token()}
    for change, field in (({"label": "2026/Q2"}, "label"), ({"ends_on": "2026-02-30"}, "ends_on"), ({"x": 1}, "x")):
        refused = maker.post(place, json={**told, **change}, headers=ask)
        assert (refused.status_code, field in refused.text) == (422, True), refused.text
    opened = maker.post(place, json=told, headers=ask)
    assert opened.status_code == 201, opened.text
    assert opened.json == {**told, "stage": "open", "closed_at": None, "last_entry_id": None}
    assert maker.post(place, json=told, headers=ask).json["code"] == "period_exists"
    assert [row["label"] for row in checker.get(place).json["data"]] == ["2026Q2", "2026Q1"]


def test_a_refund_after_receipt_is_off_the_written_premium_alone(engine: Engine, visitors: Visitors) -> None:
    """Paid back apart: what was to collect stays, the written premium falls, and either page says which it is."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        policy = make_policy(session, made, number="P-1")
        day = policy.inception_on
        policies.receive(session, policy, on=day, by=SYSTEM, at=AT)
        policies.refund(session, policy, 70_466, day, on=day, by=SYSTEM, at=AT)
    maker, _ = _desk(visitors, made.members[0])
    listed, pool = maker.get("/premiums").text, maker.get(f"/pools/{made.pool.id}").text
    assert listed.count(_yuan(policy.gross_fen)) >= 2 and "只扣到账前的退保" in listed
    assert _yuan(policy.gross_fen - 70_466) in pool and "已扣全部退保，到账后退还的也扣" in pool


def test_a_day_without_an_open_period_is_told_before_any_work(engine: Engine, visitors: Visitors) -> None:
    """Closing early is warned of first; then the lead's desk says that nothing can be booked, and where to open."""
    today = clock.on(clock.now())
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, starts_on=today - timedelta(days=9), ends_on=today + timedelta(days=9))
        make_policy(session, made, number="P-1", on=today)
    label = made.period.label
    maker, checker = _desk(visitors, made.members[0])
    told = "今天没有开放的账期"
    assert told not in maker.get("/").text
    address, following = f"/pools/{made.pool.id}/periods", date_words(today + timedelta(days=10))
    page = checker.get(f"{address}/{label}/close").text.partition("<h1")[2]
    assert f"到 {following} 下一账期开始之前，什么都不能入账" in page
    assert page.index("下一账期开始之前") < page.index("结账时计入")
    assert checker.send(f"{address}/{label}/close", on=today.isoformat()).status_code == 303
    home = maker.get("/").text
    assert home.index(told) < home.index("登记保费到账")
    assert f"账期 {label} 已提前结账，到 {following} 之前什么都不能入账" in home and f'href="{address}/new"' in home
    assert told in checker.get("/").text and f'href="{address}"' in checker.get("/").text
    assert told not in _desk(visitors, made.members[1])[0].get("/").text
    opening = today + timedelta(days=10), today + timedelta(days=40)
    days = {"starts_on": opening[0].isoformat(), "ends_on": opening[1].isoformat()}
    assert maker.send(f"{address}/new", label="next", **days).status_code == 303
    assert told in maker.get("/").text, "the next one has not begun"


def test_the_journal_says_that_numbers_have_gaps(engine: Engine, visitors: Visitors) -> None:
    """A preview of a close takes numbers that are not used: the list says so, that no one looks for what was lost."""
    quarter = _open_quarter(engine)
    _, checker = _desk(visitors, quarter.made.members[0])
    assert "空号不是缺失的分录" in checker.get(f"/pools/{quarter.made.pool.id}/entries").text


def test_what_is_to_collect_is_one_figure_everywhere(engine: Engine, visitors: Visitors) -> None:
    """A refund struck from an unpaid premium lowers the work item, the list, its sum and what is then booked alike."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        policy = make_policy(session, made, number="P-1")
        gross_fen = policy.gross_fen
        policies.refund(session, policy, 70_466, policy.inception_on, on=policy.inception_on, by=SYSTEM, at=AT)
    due = f"{(gross_fen - 70_466) / Decimal(100):,.2f}"
    maker, _ = _desk(visitors, made.members[0])
    assert due in maker.get("/").text
    listed = maker.get("/premiums?stage=bound").text
    assert listed.count(due) >= 2
    assert due in maker.get("/premiums/receive", query_string={"policy": str(policy.id)}).text
