"""Payees and claims paid by the bank, by page and by API: vouched for, named, paid as the bank shows, come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from claims import settlements
from claims.models import Claim
from core import calendar
from core.clock import CITY
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from tests.makers import AT, make_policy, make_pool
from tests.makers_bank import camt, confirm_all, details, line_of, payee_of, take_file
from tests.makers_money import Quarter, approved_claim, play_quarter
from tests.visitors import Browser, Visitors
from underwriting.models import Policy
from underwriting.terms import Clauses
from web import listing
from web.api import cursor_of

DAY = date(2026, 3, 25)
NOON = datetime(2026, 3, 25, 12, tzinfo=CITY)
LATER = "2099-01-05"
_TYPED = {"name": "示例维修（示例）", "bank": "示例银行乙支行", "cnaps": "1031 0000 0026", "number": "0688 0000 1234"}


@pytest.fixture
def quarter(engine: Engine) -> Quarter:
    """A pool with one policy and one approved claim; the lead has an account."""
    with unit_of_work(engine, SYSTEM) as session:
        calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
        made = make_pool(session)
        found = Quarter(made, {"P1": make_policy(session, made)}, {}, [])
        confirm_all(session, made, [0])
        approved_claim(session, found, "C4", "P1", 410_000, DAY)
        return found


def _post(browser: Browser, path: str, **body: object) -> Any:
    return browser.post(f"/api/v1{path}", json=body, headers={"X-CSRFToken": browser.token()})


def _bank(engine: Engine, quarter: Quarter, *lines: tuple[int, str, str]) -> None:
    with unit_of_work(engine, SYSTEM) as session:
        told = [line_of(fen, reference, about=about, on=DAY) for fen, reference, about in lines]
        take_file(session, quarter.made, camt(told, on=DAY, name=lines[0][1]))


def _claim(engine: Engine, quarter: Quarter) -> Claim:
    with unit_of_work(engine, SYSTEM) as session:
        return session.get_one(Claim, quarter.claims["C4"].id)


def _is_left_to_its_batch(checker: Browser, claim: str, batch: str) -> None:
    """Hold that a claim which a batch pays is offered nowhere to be paid by hand, and what the batch says of itself."""
    assert "登记首席付款" not in checker.get(claim).text and "支付赔款" not in checker.get("/").text
    listed, whole = checker.get("/payments?stage=approved").text, checker.get(batch).text
    assert "由付款批次支付" in listed and "首席付款" not in listed
    assert "类别</dt>" in whole and "账期</dt>" not in whole and "保费划付</dt>" not in whole


def test_a_claim_is_paid_to_a_payee_by_the_bank(engine: Engine, visitors: Visitors, quarter: Quarter) -> None:
    """Page by page: what lacks is said, the payee added, its account by two, the batch, the bank's line, the return."""
    lead, pool = quarter.made.members[0], quarter.made.pool.id
    maker, checker = (visitors.login_as(role, lead) for role in (Role.FINANCE_MAKER, Role.FINANCE_CHECKER))
    claim, pages = f"/payments/claims/{quarter.claims['C4'].id}", f"/pools/{pool}"
    assert "没有指定收款人" in maker.get(claim).text and "1 件，合计" in maker.get(f"{pages}/payments").text
    assert f"{pages}/payments/lacking" in maker.get("/").text and "还没有收款人" in maker.get(f"{claim}/payee").text
    step = maker.get(f"{pages}/payments/claims").text
    assert "没有可以付款的赔案" in step and "不付：没有指定收款人" in step
    lacking = maker.get(f"{pages}/payments/lacking").text
    assert "没有指定收款人" in lacking and "4,100.00" in lacking and "共 1 行" in lacking
    assert "no_payee" in maker.get(f"{pages}/payments/lacking?as=csv").text
    empty = maker.send(f"{pages}/payees/new", name="", kind="repairer")
    assert (empty.status_code, "请填写" in empty.text) == (422, True)
    added = maker.send(f"{pages}/payees/new", name="示例电梯维修一号", kind="repairer")
    assert added.status_code == 303 and "还没有收款账户" in maker.get(added.location).text
    again = maker.send(f"{pages}/payees/new", name="示例电梯维修一号", kind="other")
    assert (again.status_code, "已经登记" in again.text) == (409, True)
    assert maker.send(f"{claim}/payee", payee="x").status_code == 422
    assert maker.send(f"{claim}/payee", payee=added.location.rpartition("/")[2]).status_code == 303
    assert "收款人没有收款账户" in maker.get(claim).text
    proposed = maker.send(f"{added.location}/account", **_TYPED)
    assert proposed.status_code == 303 and "等待另一人确认" in maker.get(proposed.location).text
    assert "收款账户待另一人确认" in maker.get(claim).text
    assert proposed.location in checker.get("/").text and "示例电梯维修一号" in checker.get("/").text
    assert checker.send(f"{proposed.location}/confirm").status_code == 303
    assert "068800001234" in checker.get(f"{pages}/payees?as=csv").text
    assert "068800001234" not in checker.get(f"{pages}/bank-accounts").text
    assert "编制赔款付款批次" in maker.get("/").text and "4,100.00" in maker.get(f"{pages}/payments/claims").text
    assert "登记首席付款" in checker.get(claim).text and "支付赔款" in checker.get("/").text
    batch = maker.send(f"{pages}/payments/claims", pays_on=LATER)
    assert batch.status_code == 303
    _is_left_to_its_batch(checker, claim, batch.location)
    assert checker.send(f"{batch.location}/release").status_code == 303
    _bank(engine, quarter, (-410_000, "R-1", "PB-1-001-01".replace("-1-", f"-{pool}-")), (410_000, "R-2", "退汇"))
    assert "在付款批次" in checker.send(f"{claim}/pay", on="2026-03-25").text
    matching = checker.get(f"{pages}/bank/matching").text
    ids = {name: matching.split(f'name="{name}" value="')[1].split('"')[0] for name in ("line_id", "target_id")}
    assert "示例电梯维修一号" in matching and checker.send(f"{pages}/bank/matching", **ids).status_code == 303
    assert _claim(engine, quarter).stage == "paid"
    assert "示例电梯维修一号" in checker.get(f"{pages}/bank/matching/matched").text
    assert "登记退回" in checker.get(batch.location).text
    step = f"{batch.location}/1/return"
    line_id = checker.get(step).text.split('<option value="')[-1].split('"')[0]
    assert checker.send(step, line_id="", why="户名不符").status_code == 422
    assert "请写明为什么退回" in checker.send(step, line_id=line_id, why="").text
    assert checker.send(step, line_id=line_id, why="户名不符").status_code == 303
    assert "已退回" in checker.get(batch.location).text and "可以付款" in maker.get(f"{pages}/payments").text
    assert _claim(engine, quarter).stage == "approved" and "没有同样金额" in checker.get(step).text


def test_who_is_not_the_lead_sees_payees_and_no_account(engine: Engine, visitors: Visitors, quarter: Quarter) -> None:
    """A member reads whom its claims are paid to; accounts are the lead's and the bureau's to see, steps the lead's."""
    made, pages = quarter.made, f"/pools/{quarter.made.pool.id}"
    with unit_of_work(engine, SYSTEM) as session:
        payee = payee_of(session, made, session.merge(quarter.claims["C4"]))
    fellow = visitors.login_as(Role.FINANCE_MAKER, made.members[1])
    assert payee.name in fellow.get(f"{pages}/payees").text and "没有收款账户" not in fellow.get(f"{pages}/payees").text
    page = fellow.get(f"{pages}/payees/{payee.id}").text
    assert "只有首席和主管单位看得到" in page and "0688" not in page
    assert payee.name in fellow.get(f"/payments/claims/{quarter.claims['C4'].id}").text
    for step in ("payees/new", f"payees/{payee.id}/account", "payments/claims", "payments/items"):
        assert fellow.get(f"{pages}/{step}").status_code == 403
    assert fellow.get(f"/payments/claims/{quarter.claims['C4'].id}/payee").status_code == 403
    assert fellow.get(f"/api/v1{pages}/payments/claims").json == {"data": [], "next": None}
    assert "共 0 行" in fellow.get(f"{pages}/payments/lacking").text
    assert fellow.get(f"/api/v1{pages}/payees").json["data"][0]["account"] == ""
    bureau = visitors.login_as(Role.BUREAU_FINANCE)
    assert "0688" in bureau.get(f"{pages}/payees/{payee.id}").text
    stranger = visitors.login_as(Role.FINANCE_MAKER)
    assert stranger.get(f"{pages}/payees").status_code == 404


def test_what_is_due_is_asked_for_once_and_paged(
    engine: Engine, visitors: Visitors, quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many claims are called for: one statement tells what each lacks; the list has pages, the API a cursor."""
    made, pool = quarter.made, quarter.made.pool.id
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    pages = f"/pools/{pool}/payments"

    def called(first: int, last: int) -> None:
        with unit_of_work(engine, SYSTEM) as session:
            here = replace(quarter, policies={"P1": session.get_one(Policy, quarter.policies["P1"].id)})
            for place in range(first, last):
                claim = approved_claim(session, here, f"C9{place}", "P1", 26_840_000, DAY)
                settlements.issue_cash_call(session, claim, on=DAY, by=made.actor(Role.FINANCE_MAKER), at=NOON)

    def statements(address: str) -> int:
        said: list[str] = []
        listen(engine, "before_cursor_execute", heard := lambda *told: said.append(told[2]))
        try:
            assert maker.get(address).status_code == 200
        finally:
            remove(engine, "before_cursor_execute", heard)
        return len(said)

    called(0, 1)
    addresses = (pages, f"{pages}/lacking", "/", f"{pages}/claims")
    few = [statements(address) for address in addresses]
    called(1, 4)
    assert [statements(address) for address in addresses] == few
    monkeypatch.setattr(listing, "PAGE_ROWS", 2)
    assert "第 1 页，共 3 页" in maker.get(f"{pages}/lacking").text
    assert "C93" in maker.get(f"{pages}/lacking?page=3").text
    found, cursor = [], ""
    for _ in range(3):
        page = maker.get(f"/api/v1{pages}/claims?limit=2&cursor={cursor}").json
        found += [(one["number"], one["why"]) for one in page["data"]]
        cursor = page["next"]
    assert cursor is None and [one[0].partition("-")[0] for one in found] == ["C4", "C90", "C91", "C92", "C93"]
    assert {one[1] for one in found} == {"no_payee", "pool_money_short"}
    for wrong in ("x", cursor_of("x", "y"), cursor_of(7), cursor_of("2026-03-25", "a\0")):
        assert maker.get(f"/api/v1{pages}/claims?cursor={wrong}").json["code"] == "cursor_wrong"


def test_programs_pay_claims(engine: Engine, visitors: Visitors, quarter: Quarter) -> None:
    """By the API: added, proposed, named, what lacks, prepared, released, matched by payment, come back."""
    lead, pool = quarter.made.members[0], quarter.made.pool.id
    maker, checker = (visitors.login_as(role, lead) for role in (Role.FINANCE_MAKER, Role.FINANCE_CHECKER))
    pages, claim = f"/pools/{pool}", f"/claims/{quarter.claims['C4'].id}/payee"
    added = _post(maker, f"{pages}/payees", kind="community", name="示例社区")
    assert (added.status_code, added.json["account"]) == (201, "none")
    proposed = _post(maker, f"{pages}/payees/{added.json['id']}/account", **_TYPED)
    assert (proposed.status_code, proposed.json["organisation_id"]) == (201, None)
    assert maker.get(f"/api/v1{pages}/payees").json["data"][0]["account"] == "waits"
    assert _post(maker, claim, payee_id=added.json["id"]).json["name"] == "示例社区"
    due = maker.get(f"/api/v1{pages}/payments/claims").json["data"]
    assert [(one["why"], one["amount"]["fen"]) for one in due] == [("account_waits", 410_000)]
    refused = _post(maker, f"{pages}/payments/claims", pays_on=LATER)
    assert (refused.status_code, refused.json["code"]) == (409, "nothing_to_pay_in_batch")
    account = f"{pages}/bank-accounts/{proposed.json['id']}/confirm"
    assert _post(checker, account).json["payee_id"] == added.json["id"]
    batch = _post(maker, f"{pages}/payments/claims", pays_on=LATER).json
    assert (batch["kind"], batch["payments"][0]["member"], batch["payments"][0]["is_returned"]) == (
        "claim",
        "示例社区",
        False,
    )
    assert _post(checker, f"{pages}/payments/{batch['id']}/release").status_code == 200
    reference = batch["payments"][0]["reference"]
    _bank(engine, quarter, (-410_000, "R-1", reference), (410_000, "R-2", "退汇"))
    (shown,) = checker.get(f"/api/v1{pages}/bank/matching").json["data"]
    assert (shown["number"], shown["statement_id"], shown["apart_id"]) == (reference, None, None)
    body = {"line_id": shown["line_id"], "payment_id": shown["payment_id"]}
    assert _post(checker, f"{pages}/bank/matching", **body).status_code == 201
    assert _claim(engine, quarter).stage == "paid"
    (match,) = checker.get(f"/api/v1{pages}/bank/matching/matched").json["data"]
    wrong = _post(checker, f"{pages}/payments/{batch['id']}/1/return", line_id=match["line_id"], why="户名不符")
    assert (wrong.status_code, wrong.json["code"]) == (422, "payment_return_line_wrong")
    assert (
        _post(checker, f"{pages}/payments/{batch['id']}/9/return", line_id=match["line_id"], why="x").status_code == 404
    )


def test_items_settled_on_their_own_are_paid_by_page_and_by_program(engine: Engine, visitors: Visitors) -> None:
    """What the pool owes its members waits on the page and at the maker's home; one batch pays all of it."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, clauses=Clauses(("recoveries",)))
        confirm_all(session, quarter.made)
    lead, pages = quarter.made.members[0], f"/pools/{quarter.made.pool.id}/payments"
    maker = visitors.login_as(Role.FINANCE_MAKER, lead)
    assert "单项结算" in maker.get(pages).text and "编制单项结算付款批次" in maker.get("/").text
    assert "8,583.33" in maker.get(f"{pages}/items").text
    past = _post(maker, f"{pages}/items", pays_on="2026-01-01")
    assert (past.status_code, past.json["code"]) == (422, "pays_on_past")
    sent = maker.send(f"{pages}/items", pays_on=LATER)
    assert sent.status_code == 303
    page = maker.get(sent.location).text
    assert "AP-" in page and details(1).number in page and "没有共保体应付" in maker.get(f"{pages}/items").text
    assert "编制单项结算付款批次" not in maker.get("/").text
    checker = visitors.login_as(Role.FINANCE_CHECKER, lead)
    assert checker.send(f"{sent.location}/release").status_code == 303
    reference = f"PB-{quarter.made.pool.id}-001-01"
    with unit_of_work(engine, SYSTEM) as session:
        lines = [line_of(-858_333, "R-1", about=reference)]
        take_file(session, quarter.made, camt(lines))
    (shown,) = checker.get(f"/api/v1/pools/{quarter.made.pool.id}/bank/matching").json["data"]
    body = {"line_id": shown["line_id"], "payment_id": shown["payment_id"]}
    assert _post(checker, f"/pools/{quarter.made.pool.id}/bank/matching", **body).status_code == 201
    assert "登记银行已显示的单项结算" in checker.get("/").text
