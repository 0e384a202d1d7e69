"""What the members answer to their statements, the lead's replies, and the settlement, by page and by API."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine, func, select, text
from werkzeug.test import TestResponse

from core import clock
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger.models import Entry, Statement
from tests.makers import open_quarter
from tests.makers_money import Quarter, play_quarter
from tests.scenarios import oracle_quarter as oracle
from tests.visitors import Browser, Visitors


def _quarter(engine: Engine) -> Quarter:
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session)


def _stage(engine: Engine, statement: Statement) -> str:
    with unit_of_work(engine, SYSTEM) as session:
        return session.get_one(Statement, statement.id).stage


def _checker(visitors: Visitors, quarter: Quarter, member: int) -> Browser:
    return visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[member])


def test_a_member_queries_its_statement_and_agrees_after_the_reply(engine: Engine, visitors: Visitors) -> None:
    """A query needs words; the lead answers it; then the member agrees."""
    quarter = _quarter(engine)
    statement = quarter.of(3)
    member, lead = _checker(visitors, quarter, 3), _checker(visitors, quarter, 0)
    address = f"/statements/{statement.id}"
    assert member.send(f"{address}/acknowledge").status_code == 303
    wordless = member.send(f"{address}/query", words="  ")
    assert wordless.status_code == 422
    assert "提出疑问须写明内容" in wordless.text
    long = member.send(f"{address}/query", words="甲" * 2001)
    assert long.status_code == 422
    assert "甲" * 100 in long.text
    assert member.send(f"{address}/query", words="C3 的利息天数 <b>不对</b>").status_code == 303
    page = lead.get(address).text
    assert "C3 的利息天数 &lt;b&gt;不对&lt;/b&gt;" in page
    assert member.send(f"{address}/reply").status_code == 403
    silent = lead.send(f"{address}/reply", words=" ")
    assert (silent.status_code, "答复疑问须写明内容" in silent.text) == (422, True)
    assert lead.send(f"{address}/reply", words="到期次日起 5 天，见分录 31").status_code == 303
    shown = member.get(address).text
    assert "疑问与答复" in shown and "到期次日起 5 天" in shown
    assert "首席已答复您的疑问" in member.get("/").text
    assert member.send(f"{address}/agree").status_code == 303
    assert _stage(engine, statement) == "agreed"
    again = member.send(f"{address}/agree")
    assert again.status_code == 409


def test_a_thread_is_read_whole_by_both_sides(engine: Engine, visitors: Visitors) -> None:
    """Asked about an entry, added to, answered: page, API and file have every word; another member finds nothing."""
    quarter = _quarter(engine)
    address = f"/statements/{quarter.of(3).id}"
    member, lead = _checker(visitors, quarter, 3), _checker(visitors, quarter, 0)
    page = member.get(address).text
    assert ">提问<" in page and ">提问<" not in lead.get(address).text
    entry = member.get(f"/api/v1{address}").json["movements"][-1]["entry"]
    assert f'value="{entry}"' in member.get(f"{address}/query?entry={entry}").text
    for wrong, told in (("C3", "不是分录编号"), ("999999999", "不在结算单")):
        refused = member.send(f"{address}/query", words="哪一笔", entry=wrong)
        assert (refused.status_code, told in refused.text) == (422, True)
    assert member.send(f"{address}/query", words="这一笔为何", entry=str(entry)).status_code == 303
    assert member.send(f"{address}/query", words="另请附依据").status_code == 303
    asked = lead.get(f"{address}/reply").text
    assert f"这一笔为何（分录 {entry}）" in asked and "另请附依据" in asked
    assert "答复 2026Q1 结算单的疑问" in lead.get("/").text
    assert lead.send(f"{address}/reply", words="见保单 P-1", entry=str(entry)).status_code == 303
    words = ["这一笔为何", "另请附依据", "见保单 P-1"]
    for browser in (member, lead, visitors.login_as(Role.BUREAU_FINANCE)):
        shown = browser.get(address).text
        assert all(one in shown for one in words) and f"所指分录 {entry}" in shown
        thread = browser.get(f"/api/v1{address}").json["thread"]
        assert [(one["sequence"], one["side"], one["entry"]) for one in thread] == [
            (1, "member", entry),
            (2, "member", None),
            (3, "lead", entry),
        ]
        kept = browser.get(f"{address}/thread.json")
        assert kept.headers["Content-Disposition"].startswith("attachment")
        assert [one["words"] for one in kept.json["thread"]] == words
        assert kept.json["digest"] == browser.get(f"/api/v1{address}").json["digest"]
    assert _checker(visitors, quarter, 1).get(f"{address}/thread.json").status_code == 404


def test_only_the_member_itself_answers(engine: Engine, visitors: Visitors) -> None:
    """Neither the lead nor the bureau nor a maker answers for a member."""
    quarter = _quarter(engine)
    address = f"/statements/{quarter.of(1).id}"
    assert _checker(visitors, quarter, 0).send(f"{address}/agree").status_code == 403
    assert visitors.login_as(Role.BUREAU_FINANCE).send(f"{address}/agree").status_code == 403
    assert visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[1]).send(f"{address}/agree").status_code == 403
    assert _stage(engine, quarter.of(1)) == "issued"


def test_the_bureau_reads_everything(engine: Engine, visitors: Visitors) -> None:
    """The bureau's finance sees all statements, the book and the carries, and posts nothing."""
    quarter = _quarter(engine)
    bureau = visitors.login_as(Role.BUREAU_FINANCE)
    pool = quarter.made.pool.id
    for address in ("/", "/statements", f"/pools/{pool}", f"/pools/{pool}/balance", f"/pools/{pool}/entries"):
        assert bureau.get(address).status_code == 200, address
    assert bureau.get(f"/pools/{pool}/carries").status_code == 200
    assert len(bureau.get("/api/v1/statements").json["data"]) == 4
    assert bureau.send(f"/pools/{pool}/periods/2026Q1/settle", on="2026-04-17").status_code == 403


def test_a_period_is_settled_when_all_agreed(engine: Engine, visitors: Visitors) -> None:
    """Not before; then once, in an open period; a follower cannot do it."""
    quarter = _quarter(engine)
    pool = quarter.made.pool.id
    lead = _checker(visitors, quarter, 0)
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    opened = maker.send(f"/pools/{pool}/periods/new", label="2026Q2", starts_on="2026-04-01", ends_on="2026-06-30")
    assert opened.status_code == 303
    early = lead.send(f"/pools/{pool}/periods/2026Q1/settle", on="2026-04-17")
    assert early.status_code == 409
    for member in range(4):
        browser = _checker(visitors, quarter, member)
        token = {"X-CSRFToken": browser.token()}
        answer = browser.post(
            f"/api/v1/statements/{quarter.of(member).id}/answers", json={"verb": "agree"}, headers=token
        )
        assert answer.status_code == 200, answer.text
        assert answer.json["stage"] == "agreed"
    assert (
        _checker(visitors, quarter, 1).send(f"/pools/{pool}/periods/2026Q1/settle", on="2026-04-17").status_code == 403
    )
    closed = lead.send(f"/pools/{pool}/periods/2026Q1/settle", on="2026-03-31")
    assert closed.status_code == 409
    assert lead.send(f"/pools/{pool}/periods/2026Q1/settle", on="2026-04-17").status_code == 303
    assert {_stage(engine, one) for one in quarter.statements} == {"settled"}
    with unit_of_work(engine, SYSTEM) as session:
        entries = session.scalar(select(func.count()).select_from(Entry).where(Entry.reason == "statement_settled"))
    assert entries == 1


def test_the_api_refuses_what_is_no_answer(engine: Engine, visitors: Visitors) -> None:
    """An unknown verb, an unknown field and a wordless query are told with their places."""
    quarter = _quarter(engine)
    browser = _checker(visitors, quarter, 1)
    token = {"X-CSRFToken": browser.token()}
    address = f"/api/v1/statements/{quarter.of(1).id}/answers"
    assert browser.post(address, json={"verb": "settle"}, headers=token).status_code == 422
    assert browser.post(address, json={"verb": "agree", "stage": "settled"}, headers=token).status_code == 422
    wordless = browser.post(address, json={"verb": "query"}, headers=token)
    assert (wordless.status_code, wordless.json["code"]) == (422, "query_needs_words")
    key = {**token, "Idempotency-Key": "one"}
    first = browser.post(address, json={"verb": "agree"}, headers=key)
    again = browser.post(address, json={"verb": "agree"}, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json


def _post(browser: Browser, path: str, **body: object) -> TestResponse:
    """Post JSON as a page of ours would."""
    return browser.post(f"/api/v1{path}", json=body, headers={"X-CSRFToken": browser.token()})


def test_a_quarter_runs_from_its_close_to_its_settlement_by_program(engine: Engine, visitors: Visitors) -> None:
    """Closed, issued, acknowledged, queried, answered, agreed, settled: the oracle's balances all the way."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
        open_quarter(session, quarter.made.pool, 2)
    lead, maker = _checker(visitors, quarter, 0), visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    members = [lead, *(_checker(visitors, quarter, place) for place in (1, 2, 3))]
    period = f"/pools/{quarter.made.pool.id}/periods/2026Q1"
    for browser, path, code in (
        (maker, "close", "role_may_not"),
        (members[1], "close", "lead_only"),
        (lead, "settle", "period_not_closed"),
    ):
        assert _post(browser, f"{period}/{path}", on="2026-03-31").json["code"] == code
    assert _post(lead, f"{period}/issue").json["code"] == "nothing_to_issue"
    assert _post(lead, f"{period}/close", on="2199-03-31").json["code"] == "day_to_come"
    closed = _post(lead, f"{period}/close", on="2026-03-31").json["data"]
    assert [row["balance"]["fen"] for row in closed] == oracle.STATEMENT["balance"]
    assert members[1].get(f"/api/v1/statements/{closed[1]['id']}").status_code == 404
    assert {row["stage"] for row in _post(lead, f"{period}/issue").json["data"]} == {"issued"}
    last = f"/statements/{closed[3]['id']}"
    assert _post(members[3], f"{last}/answers", verb="acknowledge").json["stage"] == "acknowledged"
    assert _post(members[3], f"{last}/answers", verb="query", words="利息几天").json["thread"][0]["words"] == "利息几天"
    assert _post(members[3], f"{last}/reply", words="5 天").json["code"] == "lead_only"
    wordless = _post(maker, f"{last}/reply", words=" ").json
    assert (wordless["code"], wordless["errors"][0]["where"]) == ("reply_needs_words", "words")
    replied = _post(maker, f"{last}/reply", words="5 天").json
    assert (replied["stage"], [one["words"] for one in replied["thread"]]) == ("issued", ["利息几天", "5 天"])
    assert _post(lead, f"{period}/settle", on="2026-04-17").json["code"] == "stage_refuses"
    for browser, row in zip(members, closed, strict=True):
        agreed = _post(browser, f"/statements/{row['id']}/answers", verb="agree").json
        assert (agreed["stage"], agreed["balance"]) == ("agreed", row["balance"])
        assert len(browser.get("/api/v1/statements").json["data"]) == (4 if browser is lead else 1)
    settled = _post(lead, f"{period}/settle", on="2026-04-17").json["data"]
    assert {(row["stage"], row["settled_on"]) for row in settled} == {("settled", "2026-04-17")}
    balances = lead.get(f"/api/v1/pools/{quarter.made.pool.id}/balances").json["data"]
    assert sorted(row["balance"]["fen"] for row in balances) == sorted(oracle.AFTER_SETTLEMENT.values())


def test_who_pays_whom_and_by_when_is_told_to_both(engine: Engine, visitors: Visitors) -> None:
    """D owes 26,516.24: its page, the lead's desk and its own say so with the day; what is past is marked overdue."""
    quarter = _quarter(engine)
    member, lead = _checker(visitors, quarter, 3), _checker(visitors, quarter, 0)
    names = [one.name for one in quarter.made.members]
    owing, owed = f"/statements/{quarter.of(3).id}", f"/statements/{quarter.of(1).id}"
    assert f"贵公司应付 26,516.24 元给{names[0]}，不迟于 2026年3月31日" in member.get(owing).text
    assert f"{names[3]}应付 26,516.24 元给{names[0]}" in lead.get(owing).text
    assert f"{names[0]}应付 864.54 元给{names[1]}" in lead.get(owed).text
    assert member.send(f"{owing}/agree").status_code == 303
    assert f"应付 26,516.24 元给{names[0]}" in member.get("/").text
    assert f"应收{names[3]} 26,516.24 元" in lead.get("/").text
    assert "已逾期" in member.get(owing).text
    watched = visitors.login_as(Role.BUREAU_FINANCE).get("/").text
    assert "逾期未付的结算单" in watched.partition("别人在办的事")[2], "the bureau watches, and has nothing to do"
    assert "今天要办" not in watched
    assert member.get(f"/api/v1/statements/{quarter.of(3).id}").json["due_on"] == "2026-03-31"
    assert "due_on" in lead.get("/statements?as=csv").text.splitlines()[0]


def test_an_overdue_statement_is_marked_before_anybody_agrees(engine: Engine, visitors: Visitors) -> None:
    """Issued, unanswered and past its day: page, list, both desks of the member, the lead and the bureau say it."""
    quarter = _quarter(engine)
    names = [one.name for one in quarter.made.members]
    lead, bureau = _checker(visitors, quarter, 0), visitors.login_as(Role.BUREAU_FINANCE)
    checker = _checker(visitors, quarter, 3)
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[3])
    late = f"已逾期 {(clock.on(clock.now()) - date(2026, 3, 31)).days} 天"
    address, number = f"/statements/{quarter.of(3).id}", quarter.of(3).number
    for verb in ("acknowledge", "query", ""):
        for browser in (checker, maker):
            home = browser.get("/").text
            assert f"应付 26,516.24 元给{names[0]}" in home and f"结算单 {number}，未确认" in home and late in home, (
                verb
            )
            assert "没有等您办理的事项" not in home
        owed = lead.get("/").text.partition(f"应收{names[3]} 26,516.24 元")[2]
        assert late in owed.partition("</li>")[0], verb
        if verb:
            assert f"不迟于 2026年3月31日，{late}" in checker.get("/").text, verb
            assert checker.send(f"{address}/{verb}", words="几天").status_code == 303
    assert late in lead.get(address).text
    assert lead.get("/statements").text.count(late) == 3, "the lead's own balance is paid to nobody"
    narrowed = bureau.get("/statements?stage=overdue").text
    assert narrowed.count(late) == 3 and quarter.of(0).number not in narrowed
    watched = bureau.get("/").text.partition("逾期未付的结算单")[2].partition("</li>")[0]
    assert "3 笔" in watched and late in watched


def test_what_the_company_owes_is_told_to_the_maker_that_may_not_answer(engine: Engine, visitors: Visitors) -> None:
    """Before its day the maker's home has the statement as its company's; no one is told that nothing waits."""
    quarter = _quarter(engine)
    with unit_of_work(engine, SYSTEM) as session:
        session.execute(text("UPDATE statement SET due_on = '2199-01-31'"))
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[3])
    home = maker.get("/").text
    assert "贵公司的应付与应收" in home and "没有等您办理的事项" not in home
    assert f"应付 26,516.24 元给{quarter.made.members[0].name}" in home and "待贵公司财务复核确认" in home
    assert "已逾期" not in home and "已逾期" not in maker.get("/statements").text
    checker = _checker(visitors, quarter, 3)
    assert "贵公司的应付与应收" not in checker.get("/").text
    assert checker.send(f"/statements/{quarter.of(3).id}/agree").status_code == 303
    assert "贵公司的应付与应收" not in maker.get("/").text


def test_a_step_that_is_done_says_who_did_it_and_when(engine: Engine, visitors: Visitors) -> None:
    """After agreeing, closing and issuing the step's page has no button but the result; a second try is refused."""
    quarter = _quarter(engine)
    member, lead = _checker(visitors, quarter, 3), _checker(visitors, quarter, 0)
    address, period = f"/statements/{quarter.of(3).id}", f"/pools/{quarter.made.pool.id}/periods/2026Q1"
    assert 'name="confirmed"' in member.get(f"{address}/agree").text
    assert member.send(f"{address}/agree").status_code == 303
    for verb, told in (("agree", "已经办理：确认"), ("query", "现在不能办理"), ("acknowledge", "现在不能办理")):
        page = member.get(f"{address}/{verb}").text
        assert told in page and 'name="confirmed"' not in page, verb
        again = member.send(f"{address}/{verb}", words="迟了")
        assert again.status_code == 409 and 'name="confirmed"' not in again.text
    assert "现在不能办理" in lead.get(f"{address}/reply").text
    for step, told in (("close", "已经办理：账期结账"), ("issue", "已经办理：签发"), ("settle", "现在不能办理")):
        page = lead.get(f"{period}/{step}").text
        assert told in page and 'name="confirmed"' not in page, step
        assert lead.send(f"{period}/{step}", on="2026-03-31").status_code == 409
