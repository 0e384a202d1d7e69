"""Matching by page and by API: proposed with its difference, accepted by a person, and the month to the fen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger.bank_models import BankLine, BankMatch
from tests.makers_bank import confirm_all, details, line_of, take
from tests.makers_money import Quarter, agree_all, play_quarter
from tests.visitors import Visitors


def _paid(engine: Engine) -> tuple[Quarter, dict[str, str]]:
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        confirm_all(session, quarter.made)
        agree_all(session, quarter)
        lines = [
            line_of(2_651_624, "R-1", name="丁财险", number=details(3).number),
            line_of(-86_450, "R-2", about=quarter.of(1).number),
            line_of(777, "R-3", name="某人"),
        ]
        take(session, quarter.made, lines)
        return quarter, {row.reference: str(row.id) for row in session.scalars(select(BankLine))}


def test_a_line_is_matched_and_the_statement_shows_it(engine: Engine, visitors: Visitors) -> None:
    """The page proposes with the difference; what is matched stands on the statement and in the month."""
    quarter, lines = _paid(engine)
    address, months = (f"/pools/{quarter.made.pool.id}/bank/{name}" for name in ("matching", "months"))
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    page = maker.get(address).text
    assert "账号相符" in page and "附言写明编号" in page and "−0.04" in page and "某人" in page
    told = {"line_id": lines["R-1"], "target_id": str(quarter.of(3).id)}
    assert maker.send(address, **told).status_code == 303
    assert maker.send(address, **told).status_code == 409
    assert maker.send(address, line_id="x", target_id="y").status_code == 422
    assert "R-1" in maker.get(f"/statements/{quarter.of(3).id}").text
    member = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[3])
    assert "R-1" not in member.get(f"/statements/{quarter.of(3).id}").text
    month = maker.get(f"{months}/2026-04").text
    assert "结算单之差：0.00 元" in month and "仅银行" in month and "仅结算单" in month
    export = maker.get(f"{months}/2026-04?as=csv").text
    assert "matched,2026-04-17,26516.24" in export and export.count("\r\nstatement,") == 2
    assert maker.send(address, line_id=lines["R-2"], target_id=str(quarter.of(1).id)).status_code == 303
    assert "相差 −0.04 元" in maker.get(f"{months}/2026-04").text
    assert maker.get(f"{months}/2026-13").status_code == 404
    fellow = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[1])
    assert "R-3" not in fellow.get(address).text and fellow.get(f"{months}/2026-04").status_code == 404
    assert fellow.send(address, **told).status_code == 403


def test_programs_do_the_same(engine: Engine, visitors: Visitors) -> None:
    """By the API: proposals, one accepted, the month."""
    quarter, lines = _paid(engine)
    address, months = (f"/api/v1/pools/{quarter.made.pool.id}/bank/{name}" for name in ("matching", "months"))
    maker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])

    def post(line: str, statement: object) -> Any:
        body = {"line_id": lines[line], "statement_id": str(statement)}
        return maker.post(address, json=body, headers={"X-CSRFToken": maker.token()})

    found = maker.get(address).json["data"]
    assert [one["difference"]["fen"] for one in found] == [0, -4]
    done = post("R-1", quarter.of(3).id)
    assert (done.status_code, done.json["difference"]["yuan"]) == (201, "0.00")
    assert post("R-3", quarter.of(2).id).json["code"] == "bank_match_not_proposed"
    month = maker.get(f"{months}/2026-04").json
    assert (month["difference"]["yuan"], len(month["matched"]), len(month["lines"])) == ("0.00", 1, 2)
    fellow = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[1])
    assert fellow.get(address).json["data"] == [] and fellow.get(f"{months}/2026-04").status_code == 404


def test_a_match_is_taken_back_on_its_page(engine: Engine, visitors: Visitors) -> None:
    """The list of matches leads to the step; one's own is taken back with a reason, and the line is open again."""
    quarter, lines = _paid(engine)
    address = f"/pools/{quarter.made.pool.id}/bank/matching"
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    maker.send(address, line_id=lines["R-1"], target_id=str(quarter.of(3).id))
    page = maker.get(f"{address}/matched").text
    assert "R-1" in page and "撤回" in page and "R-1" in maker.get(f"{address}/matched?as=csv").text
    with unit_of_work(engine, SYSTEM) as session:
        match_id = session.scalars(select(BankMatch.id)).one()
    step = f"{address}/matched/{match_id}/take-back"
    assert "您自己核对的，须写明理由" in maker.get(step).text
    refused = maker.send(step, why="")
    assert refused.status_code == 422 and "撤回自己的核对要写明理由" in refused.text
    assert maker.send(step, why="核错了").status_code == 303
    assert "不能办理" in maker.get(step).text and "账号相符" in maker.get(address).text
    assert "R-1" not in maker.get(f"{address}/matched").text
    fellow = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[1])
    assert fellow.get(step).status_code == 403 and "R-1" not in fellow.get(f"{address}/matched").text
    program = f"/api/v1{address}"
    done = maker.post(
        program,
        json={"line_id": lines["R-1"], "statement_id": str(quarter.of(3).id)},
        headers={"X-CSRFToken": maker.token()},
    )
    assert done.status_code == 201
    (found,) = maker.get(f"{program}/matched").json["data"]
    headers = {"X-CSRFToken": maker.token()}
    taken = maker.post(f"{program}/matched/{found['id']}/take-back", json={"why": "再核"}, headers=headers)
    assert (taken.status_code, maker.get(f"{program}/matched").json["data"]) == (204, [])
