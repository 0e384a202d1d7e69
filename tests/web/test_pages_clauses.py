"""Items settled on their own, defaults, and the end of a pool: by page, API and command, right for one role alone."""

from __future__ import annotations

import json
from datetime import date

from sqlalchemy import Engine, select

from claims import closing
from core.audit import AuditEvent
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import statements
from ledger.models import Statement
from tests.makers import AT, MadePool, make_pool, open_quarter
from tests.makers_money import Quarter, agree_all, play_quarter
from tests.visitors import Browser, Visitors
from tests.web.conftest import Commands
from underwriting import late_interest, pools
from underwriting.models import Agreement
from underwriting.terms import Clauses
from web import pool_cli


def _quarter(engine: Engine) -> Quarter:
    """Return the oracle's quarter, its statements agreed, with claims settled on their own and a step-up clause."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, clauses=Clauses(("claims",), is_step_up=True))
        open_quarter(session, quarter.made.pool, 2)
        agree_all(session, quarter)
    return quarter


def _desk(visitors: Visitors, quarter: Quarter, member: int = 0) -> Browser:
    return visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[member])


def _ask(browser: Browser, place: str, **body: object) -> tuple[int, dict]:  # type: ignore[type-arg]
    answer = browser.post(f"/api/v1{place}", json=body, headers={"X-CSRFToken": browser.token()})
    return answer.status_code, answer.json


def test_items_of_their_own_are_listed_and_booked_as_paid(engine: Engine, visitors: Visitors) -> None:
    """The lead sees three, a follower its own; its statement says so; the checker books one by page, one by API."""
    quarter = _quarter(engine)
    place = f"/pools/{quarter.made.pool.id}/apart"
    lead, follower = _desk(visitors, quarter), _desk(visitors, quarter, 1)
    rows = lead.get(f"/api/v1{place}").json["data"]
    (own,) = follower.get(f"/api/v1{place}").json["data"]
    assert len(rows) == 3 and own["amount"]["yuan"] == "-4257.62" and own in rows
    page, mine = lead.get(place).text, follower.get(place).text
    assert "4,257.62" in page and "3,406.10" in page
    assert "4,257.62" in mine and "3,406.10" not in mine
    assert '/payment"' in page and '/payment"' not in mine
    assert "年度业绩" in page and "单项结算" in page and "违约代担" in page
    assert "apart" in lead.get(f"{place}?as=csv").headers["Content-Disposition"]
    said = follower.get(f"/statements/{quarter.of(1).id}").text
    assert "转出单项结算" in said and own["number"] in said
    step = f"{place}/{own['id']}/payment"
    assert "4,257.62" in lead.get(step).text
    assert lead.send(step, on="2026-05-01x").status_code == 422
    assert follower.send(step, on="2026-04-02").status_code == 403
    assert lead.send(step, on="2026-04-02").status_code == 303
    assert lead.send(step, on="2026-04-02").status_code == 409
    other = next(row for row in rows if row["id"] != own["id"])
    status, told = _ask(lead, f"{place}/{other['id']}/payment", on="2026-04-02")
    assert (status, told["stage"], told["paid_on"]) == (200, "paid", "2026-04-02")
    assert _ask(lead, f"{place}/{quarter.of(1).id}/payment", on="2026-04-02")[1]["code"] == "netting_item_not_found"


def test_a_default_is_declared_shown_to_all_and_cured(engine: Engine, visitors: Visitors) -> None:
    """The lead's checker declares it with a reason; the others see what they bear; cured, the statement is settled."""
    quarter = _quarter(engine)
    statement, pool = quarter.of(3), quarter.made.pool.id
    lead, follower = _desk(visitors, quarter), _desk(visitors, quarter, 1)
    address = f"/statements/{statement.id}"
    assert f"{address}/default" in lead.get(address).text
    assert f"{address}/default" not in _desk(visitors, quarter, 3).get(address).text
    assert follower.send(f"{address}/default", on="2026-04-07", reason="逾期").status_code in (403, 404)
    silent = lead.send(f"{address}/default", on="2026-04-07", reason=" ")
    assert silent.status_code == 422 and "请写明宣告违约的理由" in silent.text
    early = lead.send(f"{address}/default", on="2026-03-31", reason="逾期")
    assert early.status_code == 409
    assert lead.get(f"{address}/default/cure").status_code == 409
    assert lead.send(f"{address}/default", on="2026-04-07", reason="两次催收未付").status_code == 303
    assert "两次催收未付" in _desk(visitors, quarter, 3).get(address).text
    assert "已宣告违约" in lead.get(f"{address}/default").text
    shown = follower.get(f"/pools/{pool}/step-ups").text
    assert "两次催收未付" in shown and "代担成员" in shown
    (row,) = follower.get(f"/api/v1/pools/{pool}/step-ups").json["data"]
    assert sum(one["amount"]["fen"] for one in row["parts"]) == row["amount"]["fen"] == -statement.balance_fen
    assert _ask(lead, f"{address}/default", on="2026-04-07", reason="再次")[1]["code"] == "step_up_declared"
    credit = quarter.of(1).id
    assert (
        _ask(lead, f"/statements/{credit}/default", on="2026-04-07", reason="无")[1]["code"] == "step_up_nothing_owed"
    )
    # The others are settled without it.
    period = f"/pools/{pool}/periods/2026Q1"
    assert f"{period}/settle" in lead.get(period).text
    assert lead.send(f"{period}/settle", on="2026-04-08").status_code == 303
    status, told = _ask(lead, f"{address}/default/cure", on="2026-04-14")
    assert (status, told["stage"], told["cured_on"]) == (200, "cured", "2026-04-14")
    assert "已于" in lead.get(address).text and lead.get(f"{address}/default/cure").status_code == 200
    with unit_of_work(engine, SYSTEM) as session:
        assert session.get_one(Statement, statement.id).stage == "settled"


def test_the_bureaus_supervisor_declares_a_default_by_page_and_cures_it_by_api(
    engine: Engine, visitors: Visitors
) -> None:
    """Its statement page has the step, the lead's own has none for the lead, and the lead is told who declares it."""
    quarter = _quarter(engine)
    address, own = f"/statements/{quarter.of(3).id}", f"/statements/{quarter.of(0).id}"
    bureau, lead = visitors.login_as(Role.SUPERVISOR), _desk(visitors, quarter)
    assert f"{address}/default" in bureau.get(address).text
    assert visitors.login_as(Role.BUREAU_FINANCE).get(f"{address}/default").status_code == 403
    refused = lead.send(f"{own}/default", on="2026-04-07", reason="自己")
    assert refused.status_code == 403 and "由主管单位的监督人员宣告" in refused.text
    assert _ask(lead, f"{own}/default", on="2026-04-07", reason="自己")[1]["code"] == "default_of_lead_by_bureau"
    assert bureau.send(f"{address}/default", on="2026-04-07", reason="主管单位核实未付").status_code == 303
    assert "主管单位核实未付" in lead.get(address).text and f"{address}/default/cure" in bureau.get(address).text
    status, told = _ask(bureau, f"{address}/default/cure", on="2026-04-14")
    assert (status, told["stage"]) == (200, "cured")


def test_a_pool_in_run_off_says_what_is_open_and_is_closed_once_it_is_over(
    engine: Engine, visitors: Visitors, commands: Commands
) -> None:
    """Page, API and command refuse till nothing is open, naming it; a closed one says so and takes no period."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        pool = made.pool.id
    run = commands(pool_cli, pool_cli.pool)
    entering = ("amend", "--pool", str(pool), "--from", "2026-01-02", "--to", "2026-02-01", "--apart", "claims")
    for paper, code in ((" ", "signed_paper_missing"), ("长" * 201, "signed_paper_too_long")):
        refused = run(*entering, "--paper", paper, "--json")
        assert (refused.exit_code, json.loads(refused.stdout)["code"]) == (2, code)
    assert run(*entering).exit_code == 2
    amended = run(*entering, "--paper", " 补充协议-1 ", "--json")
    assert amended.exit_code == 0, amended.output
    assert json.loads(amended.output)["versions"][1]["settled_apart"] == ["claims"]
    with unit_of_work(engine, SYSTEM) as session:
        made_events = select(AuditEvent.facts).where(AuditEvent.action == "agreement.made").order_by(AuditEvent.id)
        assert [facts.get("paper") for facts in session.scalars(made_events)][-2:] == [None, "补充协议-1"]
    assert run(*entering, "--paper", "补充协议-1").exit_code == 2
    lead = visitors.login_as(Role.FINANCE_CHECKER, made.members[0])
    told = lead.get(f"/api/v1/pools/{pool}/run-off").json
    assert (told["stage"], told["ends_on"]) == ("active", "2027-01-01")
    assert _ask(lead, f"/pools/{pool}/close", on="2026-04-01")[1]["code"] == "stage_refuses"
    refused = run("close", "--pool", str(pool), "--on", "2027-01-01", "--json")
    assert refused.exit_code == 6 and json.loads(refused.stdout)["facts"]["open"] == {"period": 1}
    assert "账期" in run("show", "--pool", str(pool)).output
    with unit_of_work(engine, SYSTEM) as session:
        second = made.actor(Role.FINANCE_CHECKER)
        found = closing.close_period(session, pool, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
        for place, row in enumerate(found):
            statements.issue(session, row, due_on=AT.date(), by=second, at=AT)
            statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
        late_interest.settle_period(session, statements.period(session, pool, "2026Q1"), on=AT.date(), by=second, at=AT)
    closed = run("close", "--pool", str(pool), "--on", "2027-01-01", "--json")
    assert closed.exit_code == 0 and json.loads(closed.output)["stage"] == "closed"
    page = lead.get(f"/pools/{pool}").text
    assert "已结束" in page and "不再入账" in page
    assert lead.get(f"/pools/{pool}/close").status_code == 200
    fresh = {"label": "2031Q1", "starts_on": "2031-01-01", "ends_on": "2031-03-31"}
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    assert _ask(maker, f"/pools/{pool}/periods", **fresh)[1]["code"] == "run_off_over"


def test_the_page_of_a_pool_in_run_off(engine: Engine, visitors: Visitors) -> None:
    """Its agreement over, one period open: the page says so and the lead's checker is refused, naming it."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, starts_on=date(2020, 1, 1), ends_on=date(2020, 3, 31), effective_on=date(2020, 1, 1))
    place = f"/pools/{made.pool.id}"
    lead = visitors.login_as(Role.FINANCE_CHECKER, made.members[0])
    page = lead.get(place).text
    assert "只理赔不承保" in page and "尚未了结" in page and f"{place}/close" in page
    follower = visitors.login_as(Role.FINANCE_CHECKER, made.members[1])
    seen = follower.get(place).text
    assert f"{place}/close" not in seen and "只理赔不承保" in seen and "尚未了结" not in seen
    assert [one["kind"] for one in lead.get(f"/api/v1{place}/run-off").json["open"]] == ["period"]
    assert follower.get(f"/api/v1{place}/run-off").json["open"] == []
    assert follower.send(f"{place}/close", on="2026-03-02").status_code == 403
    refused = lead.send(f"{place}/close", on=AT.date().isoformat())
    assert refused.status_code == 409 and "还有未了结的：账期" in refused.text


def _lasting(engine: Engine) -> tuple[MadePool, Agreement]:
    """Return a pool with the second version of its agreement, which lasts beyond today."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, effective_on=date(2026, 1, 1))
        first, last = date(2026, 2, 1), date(2099, 1, 1)
        return made, pools.amend(session, made.pool, first, last, Clauses(("claims",)), by=SYSTEM, at=AT)


def test_a_change_of_the_agreement_is_proposed_answered_and_concluded(engine: Engine, visitors: Visitors) -> None:
    """By page and API: a signatory proposes, sees who is to answer; the others find it among their work."""
    made, far = _lasting(engine)
    place = f"/pools/{made.pool.id}/variations"
    signing = [visitors.login_as(Role.SIGNATORY, member) for member in made.members]
    finance = _desk(visitors, Quarter(made, {}, {}, []))
    assert "还没有提出过协议变更" in finance.get(place).text and f"{place}/new" not in finance.get(place).text
    form = signing[1].get(f"{place}/new").text
    assert "2099-01-01" in form and 'value="claims" checked' in form
    told = {"effective_on": "2098-07-01", "ends_on": "2099-01-01", "settled_apart": ["claims", "interest"]}
    silent = signing[1].send(f"{place}/new", **told, reason="")
    assert silent.status_code == 422 and 'value="interest" checked' in silent.text and "请写明理由" in silent.text
    assert finance.send(f"{place}/new", **told, reason="利息逐项收付").status_code == 403
    sent = signing[1].send(f"{place}/new", **told, reason="利息逐项收付")
    one = sent.headers["Location"]
    assert sent.status_code == 303 and "征求同意中" in signing[1].get(one).text
    assert f"{place}/new" not in signing[0].get(place).text
    assert "答复协议变更：第 3 版" in signing[0].get("/").text and "答复协议变更" not in signing[1].get("/").text
    shown = signing[0].get(one).text
    assert f"{one}/consent" in shown and f"{one}/withdraw" not in shown and "待答复" in shown
    assert f"{one}/consent" not in finance.get(one).text
    refused = signing[2].send(f"{one}/decline", reason="")
    assert refused.status_code == 422
    assert _ask(signing[0], f"{one}/consent")[0] == 200
    assert _ask(signing[0], f"{one}/consent")[1]["code"] == "variation_consented"
    assert signing[2].send(f"{one}/consent").status_code == 303
    assert (
        "协议第 3 版成立"
        in signing[3].post(f"{one}/consent", data={"csrf_token": signing[3].token()}, follow_redirects=True).text
    )
    (row,) = finance.get(f"/api/v1{place}").json["data"]
    assert (row["stage"], row["version"], row["settled_apart"]) == ("concluded", far.number + 1, ["claims", "interest"])
    assert all(party["consented_at"] for party in row["parties"]) and len(row["parties"]) == 4
    assert "利息逐项收付" in finance.get(f"{place}?as=csv").text
    assert "已经办理" in signing[0].get(f"{one}/consent").text
    status, again = _ask(signing[0], place, **{**told, "settled_apart": []}, reason="改回")
    assert status == 422 and again["code"] == "variation_day_wrong"
    early = {**told, "effective_on": "2098-08-01", "settled_apart": []}
    status, again = _ask(signing[0], place, **early, reason="改回")
    assert (status, again["parties"][0]["name"]) == (201, made.members[0].name)
    assert _ask(signing[1], f"{place}/{again['id']}/withdraw")[1]["code"] == "variation_not_yours"
    assert signing[0].send(f"{place}/{again['id']}/withdraw").status_code == 303
    other = visitors.login_as(Role.SIGNATORY)
    assert other.get(one).status_code == 404 and other.get(f"{place}/new").status_code == 404


def test_a_change_declined_or_lapsed_says_so_and_makes_way(engine: Engine, visitors: Visitors) -> None:
    """Who declined and when is on its page; one that no longer fits has lapsed, and another may be proposed."""
    made, _ = _lasting(engine)
    place = f"/pools/{made.pool.id}/variations"
    signing = [visitors.login_as(Role.SIGNATORY, member) for member in made.members[:3]]
    finance = _desk(visitors, Quarter(made, {}, {}, []))
    early = {"effective_on": "2098-08-01", "ends_on": "2099-01-01", "settled_apart": []}
    endless = {**early, "ends_on": "2199-01-01"}
    assert "新版协议最长十年" in signing[0].send(f"{place}/new", **endless, reason="改回").text
    against = signing[0].send(f"{place}/new", **early, reason="改回").location
    assert signing[2].send(f"{against}/decline", reason="仍须轧差").status_code == 303
    told_of = finance.get(f"/api/v1{place}").json["data"][0]
    declined = [party["name"] for party in told_of["parties"] if party["declined_at"]]
    assert (told_of["stage"], declined) == ("declined", [made.members[2].name])
    assert "不同意" in finance.get(against).text and made.members[2].name in finance.get(against).text
    lapsed = signing[0].send(f"{place}/new", **early, reason="改回").location
    with unit_of_work(engine, SYSTEM) as session:
        pool = session.merge(made.pool)
        pools.amend(session, pool, date(2098, 7, 15), date(2099, 1, 1), Clauses(), by=SYSTEM, at=AT)
    assert "已失效" in signing[1].get(lapsed).text and f"{lapsed}/consent" not in signing[1].get(lapsed).text
    assert "这项变更已失效" in signing[1].get(f"{lapsed}/consent").text and lapsed not in signing[1].get("/").text
    assert finance.get(f"/api/v1{place}").json["data"][0]["stage"] == "lapsed"
    assert f"{place}/new" in signing[1].get(place).text
    anew = {**early, "settled_apart": ["claims"]}
    assert signing[1].send(f"{place}/new", **anew, reason="再提").status_code == 303
