"""Unmatched receipts by page and by API: held, aged, placed, reopened, returned; and a month signed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Engine, select

from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger.bank_models import BankLine, HeldReceipt
from tests.makers import open_quarter
from tests.makers_bank import camt, confirm_all, line_of, take_file
from tests.makers_money import Quarter, play_quarter
from tests.visitors import Browser, Visitors

MARCH = date(2026, 3, 2)


def _came_in(engine: Engine) -> tuple[Quarter, dict[str, str]]:
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
        open_quarter(session, quarter.made.pool, 2)
        confirm_all(session, quarter.made)
        lines = [
            line_of(77_700, "R-1", name="某人", about="不明", on=MARCH),
            line_of(500, "R-2", on=MARCH),
            line_of(-500, "R-3", on=MARCH),
        ]
        take_file(session, quarter.made, camt(lines, from_on=date(2026, 3, 1), on=date(2026, 3, 31)))
        return quarter, {row.reference: str(row.id) for row in session.scalars(select(BankLine))}


def _receipt(engine: Engine, reference: str, stage: str = "held") -> str:
    with unit_of_work(engine, SYSTEM) as session:
        query = select(HeldReceipt.id).join(BankLine, BankLine.id == HeldReceipt.line_id)
        return str(session.scalars(query.where(BankLine.reference == reference, HeldReceipt.stage == stage)).one())


def test_a_receipt_is_held_aged_and_placed(engine: Engine, visitors: Visitors) -> None:
    """From the list of lines without a proposal to 2310, to the page of ages, and off it with what it is."""
    quarter, lines = _came_in(engine)
    bank = f"/pools/{quarter.made.pool.id}/bank"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    assert "没有待认领的收款" in maker.get(f"{bank}/receipts").text
    assert "转入待认领" in maker.get(f"{bank}/matching").text
    step = f"{bank}/receipts/of/{lines['R-1']}"
    assert "777.00" in maker.get(step).text
    assert maker.send(f"{bank}/receipts/of/{lines['R-3']}", on="2026-03-02").status_code == 422
    assert maker.send(step, on="2026-03-01").status_code == 422
    assert maker.send(step, on="2026-03-02").status_code == 303
    page = maker.get(f"{bank}/receipts").text
    assert "R-1" in page and "180 天以上" in page and "R-1" not in maker.get(f"{bank}/matching").text
    assert "R-1,某人" in maker.get(f"{bank}/receipts?as=csv").text
    one = f"{bank}/receipts/{_receipt(engine, 'R-1')}"
    assert "还没有认领" in maker.get(one).text
    refused = maker.send(f"{one}/place", on="2026-03-02", why=" ")
    assert refused.status_code == 422
    assert maker.send(f"{one}/place", on="2026-03-02", why="首席自有资金的利息").status_code == 303
    told = maker.get(one).text
    assert "首席自有资金的利息" in told and "撤销认领" in told
    assert "认领与退回" in maker.get(f"{bank}/months/2026-03").text
    assert maker.send(f"{one}/reopen", on="2026-03-02").status_code == 303
    assert "已撤销认领" in maker.get(one).text and "待认领" in maker.get(f"{bank}/months/2026-03").text
    fellow = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[1])
    assert fellow.get(one).status_code == 404 and "R-1" not in fellow.get(f"{bank}/receipts").text


def test_a_receipt_goes_back_as_the_bank_shows(engine: Engine, visitors: Visitors) -> None:
    """Another person books it with the bank's line; without such a line the step says what is missing."""
    quarter, lines = _came_in(engine)
    receipts = f"/pools/{quarter.made.pool.id}/bank/receipts"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    for reference in ("R-1", "R-2"):
        maker.send(f"{receipts}/of/{lines[reference]}", on="2026-03-02")
    checker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    assert "还没有同样金额的支出" in checker.get(f"{receipts}/{_receipt(engine, 'R-1')}/return").text
    step = f"{receipts}/{_receipt(engine, 'R-2')}/return"
    assert "R-3" in checker.get(step).text
    assert checker.send(step, line_id="x", why="汇错", on="2026-03-02").status_code == 422
    assert checker.send(step, line_id=lines["R-3"], why="汇错", on="2026-03-02").status_code == 303
    assert "已退回" in checker.get(step.removesuffix("/return")).text


def _post(visitor: Browser, address: str, **body: object) -> Any:
    return visitor.post(address, json=body, headers={"X-CSRFToken": visitor.token()})


def test_programs_hold_place_return_and_read_the_month(engine: Engine, visitors: Visitors) -> None:
    """By the API: held, placed, reopened, returned; the month's four places of a line."""
    quarter, lines = _came_in(engine)
    bank = f"/api/v1/pools/{quarter.made.pool.id}/bank"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    made = _post(maker, f"{bank}/receipts", line_id=lines["R-2"], on="2026-03-02")
    assert (made.status_code, made.json["band"], made.json["stage"]) == (201, "over_180", "held")
    one = f"{bank}/receipts/{made.json['id']}"
    assert _post(maker, f"{one}/place", why="利息", on="2026-03-02").json["stage"] == "placed"
    again = _post(maker, f"{one}/reopen", on="2026-03-02").json
    assert (again["stage"], maker.get(one).json["stage"]) == ("held", "reopened")
    checker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    back = _post(checker, f"{bank}/receipts/{again['id']}/return", why="汇错", on="2026-03-02", line_id=lines["R-3"])
    assert (back.json["stage"], maker.get(f"{bank}/receipts").json["data"]) == ("returned", [])
    month = maker.get(f"{bank}/months/2026-03").json
    assert (len(month["placed"]), len(month["lines"]), month["receipts"]["fen"]) == (2, 1, 0)
    pages = f"/pools/{quarter.made.pool.id}/bank/months"
    early = checker.send(f"{pages}/2026-04/sign")
    assert early.status_code == 409 and "银行流水还没有到" in early.text
    assert "签署…" in checker.get(f"{pages}/2026-03").text
    assert _post(checker, f"{bank}/months/2026-03/sign").json["signed_at"] is not None
    assert _post(checker, f"{bank}/months/2026-03/sign").json["code"] == "bank_month_signed"
    assert "已签署" in checker.get(f"{pages}/2026-03").text and "已经签署" in checker.get(f"{pages}/2026-03/sign").text
