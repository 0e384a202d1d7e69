"""Accounts to be paid to, by page and by API: proposed, confirmed by another person, seen by whom they concern."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core import calendar
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger.bank_models import BankAccount
from tests.makers import AT, MadePool, make_pool
from tests.makers_bank import confirm, details
from tests.visitors import Visitors

_TYPED = {
    "name": "乙财险（示例）",
    "bank": "示例银行乙支行",
    "cnaps": "1031 0000 0026",
    "number": "0200 0000 1234 5678",
}


@pytest.fixture
def made(engine: Engine) -> MadePool:
    """A pool of four, in a city that knows the calendar of every published year."""
    with unit_of_work(engine, SYSTEM) as session:
        calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
        return make_pool(session)


def _account(engine: Engine) -> BankAccount:
    with unit_of_work(engine, SYSTEM) as session:
        return session.scalars(select(BankAccount).order_by(BankAccount.proposed_at.desc()).limit(1)).one()


def test_a_member_has_its_account_by_two_persons(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """The maker proposes, the page says what waits; the checker confirms; the lead then sees it, another does not."""
    address = f"/pools/{made.pool.id}/bank-accounts"
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[1])
    assert "还没有收款账户" in maker.get(address).text
    wrong = maker.send(f"{address}/new", **{**_TYPED, "cnaps": "103100000025", "number": "12"})
    assert (wrong.status_code, "校验位不符" in wrong.text, "8 至 34 位数字" in wrong.text) == (422, True, True)
    assert "乙财险（示例）" in wrong.text
    sent = maker.send(f"{address}/new", **_TYPED)
    assert sent.status_code == 303
    row = _account(engine)
    assert (row.number, row.cnaps, row.stage) == ("0200000012345678", "103100000026", "proposed")
    assert "等待另一人确认" in maker.get(sent.location).text
    assert maker.send(f"{sent.location}/confirm").status_code == 403
    lead = visitors.login_as(Role.FINANCE_CHECKER, made.members[0])
    assert lead.get(sent.location).status_code == 404
    assert "还没有收款账户" in lead.get(address).text and made.members[1].name in lead.get(address).text
    checker = visitors.login_as(Role.FINANCE_CHECKER, made.members[1])
    assert sent.location in checker.get("/").text and sent.location not in maker.get("/").text
    assert "逐字核对" in checker.get(f"{sent.location}/confirm").text
    assert checker.send(f"{sent.location}/confirm").status_code == 303
    again = checker.send(f"{sent.location}/confirm")
    assert again.status_code == 409
    assert "已经办理" in checker.get(f"{sent.location}/confirm").text
    assert "使用" in lead.get(sent.location).text and row.number in lead.get(address).text
    other = visitors.login_as(Role.FINANCE_CHECKER, made.members[2])
    assert other.get(sent.location).status_code == 404
    assert row.number not in other.get(address).text
    export = lead.get(f"{address}?as=csv")
    assert export.mimetype == "text/csv" and row.number in export.text


def test_a_change_is_told_to_both_sides(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """While a change waits, the member and the lead read until when the old account is used."""
    now = datetime.now(UTC)
    with unit_of_work(engine, SYSTEM) as session:
        confirm(session, made, 1)
        new = confirm(session, made, 1, again=1, at=now)
        old = session.scalars(select(BankAccount).where(BankAccount.id != new.id)).one()
    address = f"/pools/{made.pool.id}/bank-accounts"
    for place in (0, 1):
        browser = visitors.login_as(Role.FINANCE_CHECKER, made.members[place])
        page = browser.get(address).text
        assert "用到" in page and "起改用" in page
        assert "变更已确认" in browser.get(f"{address}/{old.id}").text
        assert "此前仍付往原收款账户" in browser.get(f"{address}/{new.id}").text
    with_english = visitors.login_as(Role.BUREAU_FINANCE).get(f"{address}?lang=en").text
    assert new.number in with_english


def test_a_proposal_falls(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """Whoever finds it wrong rejects it, and the next may be proposed."""
    address = f"/pools/{made.pool.id}/bank-accounts"
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[1])
    first = maker.send(f"{address}/new", **_TYPED)
    waits = maker.send(f"{address}/new", **{**_TYPED, "number": "99999999"})
    assert (waits.status_code, "等待确认" in waits.text) == (409, True)
    assert maker.send(f"{first.location}/reject").status_code == 303
    assert _account(engine).stage == "rejected"
    assert maker.send(f"{address}/new", **_TYPED).status_code == 303


def test_programs_do_the_same(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """By the API: proposed, confirmed, listed with its days; every wrong field is named."""
    address = f"/api/v1/pools/{made.pool.id}/bank-accounts"
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[1])
    checker = visitors.login_as(Role.FINANCE_CHECKER, made.members[1])

    def post(browser: Any, path: str, body: dict[str, str] | None = None) -> Any:
        return browser.post(path, json=body or {}, headers={"X-CSRFToken": browser.token()})

    told = details(1)
    body = {"name": told.name, "bank": told.bank, "cnaps": told.cnaps, "number": told.number}
    wrong = post(maker, address, {**body, "cnaps": "1", "number": "2"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "bank_account_wrong")
    assert [one["where"] for one in wrong.json["errors"]] == ["cnaps", "number"]
    made_row = post(maker, address, body)
    assert (made_row.status_code, made_row.json["stage"], made_row.json["is_current"]) == (201, "proposed", False)
    place = f"{address}/{made_row.json['id']}"
    assert post(maker, f"{place}/confirm").status_code == 403
    done = post(checker, f"{place}/confirm")
    assert (done.status_code, done.json["stage"], done.json["is_current"]) == (200, "confirmed", True)
    assert post(checker, f"{place}/reject").status_code == 409
    lead = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    assert [one["number"] for one in lead.get(address).json["data"]] == [told.number]
    assert visitors.login_as(Role.FINANCE_MAKER, made.members[2]).get(address).json["data"] == []
