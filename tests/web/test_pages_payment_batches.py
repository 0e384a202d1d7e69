"""Paying what the pool owes, by page and by API: prepared, released by another person, the file as it was kept."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from core import calendar, clock
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_payments, statements
from ledger.bank_models import BankLine, PaymentBatch
from tests.makers import AT
from tests.makers_bank import confirm_all, line_of, release, take
from tests.makers_money import Quarter, agree_all, play_quarter
from tests.visitors import Visitors


def _agreed(engine: Engine) -> Quarter:
    with unit_of_work(engine, SYSTEM) as session:
        calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
        quarter = play_quarter(session)
        confirm_all(session, quarter.made)
        agree_all(session, quarter)
        return quarter


def _soon() -> str:
    return (clock.on(datetime.now(UTC)) + timedelta(days=1)).isoformat()


def test_the_leads_desk_pays_a_period(engine: Engine, visitors: Visitors) -> None:
    """The maker prepares what can be paid, the checker releases it and has the file; a follower sees none of it."""
    quarter = _agreed(engine)
    address = f"/pools/{quarter.made.pool.id}/payments"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    page = maker.get(address).text
    assert "可以付款" in page and "1,556.16" in page and "还没有付款批次" in page
    form = maker.get(f"{address}/of/2026Q1").text
    assert "付给 2 家成员" in form and "864.54" in form
    past = maker.send(f"{address}/of/2026Q1", pays_on="2026-01-01")
    assert (past.status_code, "已经过去" in past.text) == (422, True)
    sent = maker.send(f"{address}/of/2026Q1", pays_on=_soon())
    assert sent.status_code == 303
    shown = maker.get(sent.location).text
    assert "等待另一人放行" in shown and "691.62" in shown
    assert maker.send(f"{sent.location}/release").status_code == 403
    assert maker.get(f"{sent.location}/files/pain001").status_code == 404
    checker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    assert sent.location in checker.get("/").text
    assert "逐笔核对" in checker.get(f"{sent.location}/release").text
    assert checker.send(f"{sent.location}/release").status_code == 303
    assert "已经办理" in checker.get(f"{sent.location}/release").text
    assert "付款文件" in checker.get(sent.location).text
    with unit_of_work(engine, SYSTEM) as session:
        batch = session.scalars(select(PaymentBatch)).one()
    for kind, media in (("pain001", "application/xml"), ("csv", "text/csv")):
        file = checker.get(f"{sent.location}/files/{kind}")
        assert (file.status_code, file.mimetype) == (200, media)
        assert batch.number in file.headers["Content-Disposition"]
        assert file.data == checker.get(f"{sent.location}/files/{kind}").data
    assert batch.number in maker.get(f"{address}?as=csv").text
    assert "没有可付的结算单" in maker.get(f"{address}/of/2026Q1").text
    fellow = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[1])
    assert fellow.get(sent.location).status_code == fellow.get(f"{sent.location}/files/csv").status_code == 404
    assert batch.number not in fellow.get(address).text
    assert fellow.send(f"{sent.location}/reject").status_code == 404
    bureau = visitors.login_as(Role.BUREAU_FINANCE)
    assert bureau.get(sent.location).status_code == 200 and bureau.send(f"{sent.location}/reject").status_code == 403


def test_a_batch_falls_and_is_prepared_again(engine: Engine, visitors: Visitors) -> None:
    """What is rejected pays nothing; the same statements stand to be paid again."""
    quarter = _agreed(engine)
    address = f"/pools/{quarter.made.pool.id}/payments"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    sent = maker.send(f"{address}/of/2026Q1", pays_on=_soon())
    assert "2026Q1 结算款" not in maker.get(address).text
    assert maker.send(f"{sent.location}/reject").status_code == 303
    assert "可以付款" in maker.get(address).text
    assert maker.send(f"{address}/of/2026Q1", pays_on=_soon()).status_code == 303


def test_programs_do_the_same(engine: Engine, visitors: Visitors) -> None:
    """By the API: a member without an account is named; prepared, released, downloaded as kept."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        agree_all(session, quarter)
    address = f"/api/v1/pools/{quarter.made.pool.id}/payments"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    checker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])

    def post(browser: Any, path: str, body: dict[str, str] | None = None) -> Any:
        return browser.post(path, json=body or {}, headers={"X-CSRFToken": browser.token()})

    body = {"period": "2026Q1", "pays_on": _soon()}
    missing = post(maker, address, body)
    assert (missing.status_code, missing.json["code"]) == (422, "payees_without_account")
    assert len(missing.json["errors"]) == 3 and "没有已确认的收款账户" in missing.json["errors"][0]["detail"]
    with unit_of_work(engine, SYSTEM) as session:
        confirm_all(session, quarter.made)
    made = post(maker, address, body)
    assert (made.status_code, made.json["stage"], made.json["total"]["fen"]) == (201, "prepared", 155_616)
    assert [one["amount"]["yuan"] for one in made.json["payments"]] == ["864.54", "691.62"]
    assert date.fromisoformat(made.json["pays_on"]) > date(2026, 1, 1)
    place = f"{address}/{made.json['id']}"
    assert post(maker, f"{place}/release").status_code == 403
    done = post(checker, f"{place}/release")
    assert (done.status_code, [one["kind"] for one in done.json["files"]]) == (200, ["pain001", "csv"])
    for one in done.json["files"]:
        file = checker.get(one["href"])
        assert hashlib.sha256(file.data).hexdigest() == one["sha256"] and len(file.data) == one["size"]
    assert post(checker, f"{place}/reject").status_code == 409
    assert [one["number"] for one in checker.get(address).json["data"]] == [made.json["number"]]
    assert checker.get(place).json["stage"] == "released"


def test_what_the_bank_gave_back_is_booked_and_paid_again(engine: Engine, visitors: Visitors) -> None:
    """A statement's payment: booked as come back on its batch's page, then prepared again by page and by API."""
    quarter, pool = _agreed(engine), 0
    with unit_of_work(engine, SYSTEM) as session:
        pool, made = quarter.made.pool.id, quarter.made
        batch = release(session, made, statements.period(session, pool, "2026Q1"), pays_on=AT.date())
        paid = bank_payments.lines(session, batch)[0]
        fen, number = paid.amount_fen, paid.reference
        take(session, made, [line_of(-fen, "R-1", about=number), line_of(fen, "R-2", about="退汇")])
        lines = {row.reference: row.id for row in session.scalars(select(BankLine))}
        checker_of = made.actor(Role.FINANCE_CHECKER)
        bank_matches.accept(session, pool, lines["R-1"], paid.row.statement_id, by=checker_of, at=AT)
        place = f"/pools/{pool}/payments/{batch.id}"
    checker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    assert checker.get(place).text.count("登记退回…") == 1
    assert "R-2" in checker.get(f"{place}/1/return").text
    done = checker.send(f"{place}/1/return", line_id=str(lines["R-2"]), why="账号已销")
    assert done.status_code == 303 and "已退回" in checker.get(place).text
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    address = f"/pools/{pool}/payments"
    assert f"{address}/again" in maker.get(address).text and f"{address}/again" in maker.get("/").text
    step = maker.get(f"{address}/again").text
    assert number in step and "864.54" in step and "再付 1 笔" in step
    sent = maker.send(f"{address}/again", pays_on=_soon())
    page = maker.get(sent.location).text
    assert sent.status_code == 303 and "退回后再付" in page and number in page
    assert "没有退回而未再付的付款" in maker.get(f"{address}/again").text
    assert maker.send(f"{sent.location}/reject").status_code == 303
    headers = {"X-CSRFToken": maker.token()}
    made_again = maker.post(f"/api/v1{address}/again", json={"pays_on": _soon()}, headers=headers)
    assert (made_again.status_code, made_again.json["kind"]) == (201, "again")
    assert [one["document"] for one in made_again.json["payments"]] == [number]


def test_premiums_remitted_are_paid_by_a_batch(engine: Engine, visitors: Visitors) -> None:
    """Waiting on the page with their sum, prepared on a day, and by the API; each remittance once."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
        confirm_all(session, quarter.made)
    address = f"/pools/{quarter.made.pool.id}/payments"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    assert "107,509.60" in maker.get(address).text
    step = f"{address}/premiums"
    assert "39,094.40" in maker.get(step).text
    early = maker.send(step, until_on="2026-01-05", pays_on="2099-01-05")
    assert early.status_code == 409 and "没有待付的保费划付" in early.text
    headers = {"X-CSRFToken": maker.token()}
    told = {"until_on": "2026-02-01", "pays_on": "2099-01-05"}
    made = maker.post(f"/api/v1{step}", json=told, headers=headers)
    assert (made.status_code, made.json["kind"], made.json["items"], made.json["period"]) == (201, "premium", 3, None)
    done = maker.send(step, until_on="2026-03-31", pays_on="2099-01-05")
    assert done.status_code == 303
    page = maker.get(done.headers["Location"]).text
    assert "划付保费" in page and "PB-1-002-03" in page and "银行已付" in page
    assert "没有待付的保费划付" in maker.get(step).text
