"""The bank's own statements, by page and by API: a camt.053 file or a list, every bad row named, nothing twice."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import bank_intake
from ledger.bank_models import BankLine
from tests.makers import MadePool, make_pool
from tests.makers_bank import camt, confirm, line_of
from tests.visitors import Browser, Visitors

LIST = """交易日期,流水号,贷方发生额,借方发生额,对方户名,摘要
2026-04-17,R-1,100.00,,丁财险,SA-1
2026/4/18,R-2,,40.00,乙财险,
"""


@pytest.fixture
def made(engine: Engine) -> MadePool:
    """A pool whose lead has its account."""
    with unit_of_work(engine, SYSTEM) as session:
        pool = make_pool(session)
        confirm(session, pool, 0)
        return pool


def _send(browser: Browser, made: MadePool, content: bytes, name: str, **values: str) -> TestResponse:
    told: dict[str, Any] = {"file": (io.BytesIO(content), name), **values}
    return browser.send(f"/pools/{made.pool.id}/bank/new", **told)


def _lines(engine: Engine) -> list[tuple[int, str, str]]:
    with unit_of_work(engine, SYSTEM) as session:
        query = select(BankLine.amount_fen, BankLine.name, BankLine.about).order_by(BankLine.position)
        return [(row[0], row[1], row[2]) for row in session.execute(query)]


def test_a_camt_file_is_taken_in_and_shown(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """The lead's maker sends the file; the page shows balances that agree and every line; again it is refused."""
    address = f"/pools/{made.pool.id}/bank"
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    assert "还没有银行流水" in maker.get(address).text
    content = camt([line_of(26_000, "R-1", name="丁财险", about="SA-1"), line_of(-4_000, "R-2")], opening_fen=100)
    sent = _send(maker, made, content, "流水.xml")
    assert sent.status_code == 303
    page = maker.get(sent.location).text
    assert "丁财险" in page and "+260.00" in page and "221.00" in page and "期初加各笔与期末之差" in page
    assert "R-2" in maker.get(f"{sent.location}?as=csv").text and "S-1" in maker.get(f"{address}?as=csv").text
    again = _send(maker, made, content, "另一名.xml")
    assert (again.status_code, "不重复读入" in again.text) == (409, True)
    fellow = visitors.login_as(Role.FINANCE_MAKER, made.members[1])
    assert fellow.get(sent.location).status_code == 404
    assert _send(fellow, made, content, "x.xml").status_code == 403
    assert visitors.login_as(Role.BUREAU_FINANCE).get(sent.location).status_code == 200
    assert len(_lines(engine)) == 2


def test_what_is_wrong_is_named_and_nothing_is_kept(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """A file that is none, an entity, a balance that the lines miss: told beside the file."""
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    whole = camt([line_of(26_000, "R-1")])
    for content, words in (
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "文档类型、实体"),
        (b"<Document/>", "camt.053"),
        (whole.replace(b">260.00<", b">260.01<", 1), "相差"),
        (whole.replace(b"<CdtDbtInd>CRDT</CdtDbtInd>", b"", 1), "缺失或写法不对"),
    ):
        answer = _send(maker, made, content, "流水.xml")
        assert (answer.status_code, words in answer.text) == (422, True), words
    missing = maker.send(f"/pools/{made.pool.id}/bank/new")
    assert missing.status_code == 422
    assert _lines(engine) == []


def test_a_list_walks_by_its_columns_and_its_review(engine: Engine, visitors: Visitors, made: MadePool) -> None:
    """Columns are suggested and told, balances typed; every bad row is named; taken whole, its columns kept."""
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    bad = LIST.replace("100.00,,丁财险", "100.00,5.00,丁财险").replace("2026/4/18", "18/4/2026")
    at_columns = _send(maker, made, bad.encode(), "流水.csv").location
    assert "期初余额" in maker.get(at_columns).text
    review = at_columns.replace("/columns", "/review") + "?opening=0.00&closing="
    refused = maker.get(f"{review}60.00").text
    assert "第 2 行的金额不明" in refused and ">3<" in refused and "读入 2 笔" not in refused
    assert "bank_row_amount_unclear" in maker.get(f"{review}60.00&as=csv").text
    own = _send(maker, made, LIST.replace("摘要", "交易说明").replace("流水号", "编码").encode(), "流水.csv").location
    review, take = own.replace("/columns", "/review"), own.replace("/columns", "/take")
    assert maker.get(f"{review}?opening=0.00&closing=60.00").status_code == 422
    columns = {"c_reference": "编码", "c_about": "交易说明", "opening": "0.00", "closing": "60.00"}
    unread = maker.get(review, query_string={**columns, "closing": "零"})
    assert unread.status_code == 422 and "零" in unread.text
    unbalanced = maker.get(review, query_string={**columns, "closing": "60.01"}).text
    assert "相差 0.01 元" in unbalanced and "读入 2 笔" not in unbalanced
    assert "读入 2 笔" in maker.get(review, query_string=columns).text
    assert maker.send(take, **columns).status_code == 303
    assert _lines(engine) == [(10_000, "丁财险", "SA-1"), (-4_000, "乙财险", "")]
    assert "不重复读入" in maker.get(review, query_string=columns).text
    following = LIST.replace("摘要", "交易说明").replace("流水号", "编码").replace("R-", "Q-")
    page = maker.get(_send(maker, made, following.encode(), "流水 2.csv").location).text
    assert '<option value="编码" selected>' in page and '<option value="交易说明" selected>' in page
    fellow = visitors.login_as(Role.FINANCE_MAKER, made.members[1])
    assert fellow.get(own).status_code == 403


def test_a_program_sends_a_camt_file(visitors: Visitors, made: MadePool) -> None:
    """The body of the request is the file; the answer has its lines; the same file is refused."""
    address = f"/api/v1/pools/{made.pool.id}/bank"
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    content = camt([line_of(26_000, "R-1", name="丁财险")])
    told = {"X-CSRFToken": maker.token()}

    def send(body: bytes, **headers: str) -> Any:
        return maker.post(address, data=body, content_type="application/xml", headers={**told, **headers})

    taken = send(content)
    assert (taken.status_code, taken.json["items"], taken.json["closing"]["yuan"]) == (201, 1, "260.00")
    assert taken.json["lines"][0]["name"] == "丁财险"
    assert (send(content).status_code, send(b"<a/>").json["code"]) == (409, "camt_not_this")
    assert send(content, **{"Idempotency-Key": "k"}).json["code"] == "idempotency_key_not_taken"
    assert [one["reference"] for one in maker.get(address).json["data"]] == ["S-1"]
    assert maker.get(f"{address}/{taken.json['id']}").json["sha256"] == taken.json["sha256"]


class _Lost(Exception):
    """What the driver says after a serialisation failure."""

    sqlstate = "40001"


def test_a_file_is_there_when_the_work_is_begun_again(
    visitors: Visitors, made: MadePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict has the statement taken in once more: its file has been read by then, and is the same."""
    take, tries = bank_intake.take, list[int]()

    def late(*given: Any, **told: Any) -> Any:
        tries.append(len(tries))
        if tries == [0]:
            raise OperationalError("", {}, _Lost())
        return take(*given, **told)

    monkeypatch.setattr(bank_intake, "take", late)
    maker = visitors.login_as(Role.FINANCE_MAKER, made.members[0])
    content, headers = camt([line_of(26_000, "R-1")]), {"X-CSRFToken": maker.token()}
    address = f"/api/v1/pools/{made.pool.id}/bank"
    taken = maker.post(address, data=content, content_type="application/xml", headers=headers)
    assert (taken.status_code, tries) == (201, [0, 1])
