"""`gongbao bank`: a list taken in with its columns kept for the next, unmatched lines, proposals, a batch's file."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.db import unit_of_work
from core.permits import SYSTEM
from ledger import statements
from tests.makers import AT, make_policy, make_pool
from tests.makers_bank import confirm_all, details, make_payee, release
from tests.makers_money import Quarter, agree_all, approved_claim, play_quarter
from tests.web.conftest import Commands, Run
from web import bank_cli, bank_files

LIST = "日子,编号,进,出,谁,说明\n2026-04-17,R-1,26516.24,,丁财险,{about}\n2026-04-17,R-2,,5.00,银行,手续费\n"
MAP = "booked_on=日子,reference=编号,in_fen=进,out_fen=出,name=谁,about=说明"


@pytest.fixture
def run(commands: Commands) -> Run:
    """Runs the command on the test's database."""
    return commands(bank_cli, bank_cli.bank)


def _quarter(engine: Engine) -> Quarter:
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        confirm_all(session, quarter.made)
        agree_all(session, quarter)
        return quarter


def test_a_list_is_taken_in_and_its_columns_are_kept(
    engine: Engine, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad rows are all named; taken once; the next list of the account needs no columns told again."""
    # What a camt file is bounded by does not cut a list off.
    monkeypatch.setattr(bank_files, "BYTES_MOST", 40)
    quarter = _quarter(engine)
    where = ("--pool", str(quarter.made.pool.id))
    path = tmp_path / "流水.csv"
    path.write_text(LIST.format(about=quarter.of(3).number), encoding="utf-8")
    balances = ("--opening", "100.00", "--closing", "26611.24", "--map", MAP)
    wrong = run("take", str(path), *where, "--opening", "1.00", "--closing", "2.00", "--map", MAP)
    assert wrong.exit_code == 2 and "26511.24" in wrong.output
    taken = run("take", str(path), *where, *balances, "--json")
    assert taken.exit_code == 0 and json.loads(taken.output)["items"] == 2, taken.output
    assert run("take", str(path), *where, *balances).exit_code == 6
    path.write_text(LIST.format(about="另").replace("R-", "Q-"), encoding="utf-8")
    again = run("take", str(path), *where, *balances[:4])
    assert again.exit_code == 0 and "2 笔" in again.output, again.output
    lines = json.loads(run("lines", *where, "--json").output)["lines"]
    assert [one["reference"] for one in lines] == ["Q-1", "Q-2", "R-1", "R-2"]
    (found,) = json.loads(run("propose", *where, "--json").output)["proposals"]
    assert (found["reference"], found["number"], found["difference_cny"]) == ("R-1", quarter.of(3).number, "0.00")
    assert "R-1" in run("propose", *where).output and "Q-2" in run("lines", *where).output


def test_a_released_batch_is_written_as_it_was_kept(engine: Engine, run: Run, tmp_path: Path) -> None:
    """Its bytes hash to what is told; one that is not released has no file, one that is not there is not found."""
    quarter = _quarter(engine)
    with unit_of_work(engine, SYSTEM) as session:
        period = statements.period(session, quarter.made.pool.id, "2026Q1")
        number = release(session, quarter.made, period, pays_on=AT.date()).number
    where = ("--pool", str(quarter.made.pool.id), "--to", str(tmp_path))
    told = json.loads(run("file", number, *where, "--json").output)
    content = (tmp_path / f"{number}.xml").read_bytes()
    assert told["sha256"] == sha256(content).hexdigest() and details(1).number in content.decode()
    assert run("file", "PB-9-999", *where).exit_code == 4


def test_payees_and_what_claims_lack_are_told(engine: Engine, run: Run) -> None:
    """Each payee with its account; each approved claim that no batch pays with what lacks."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        found = Quarter(made, {"P1": make_policy(session, made)}, {}, [])
        claim = approved_claim(session, found, "C4", "P1", 410_000, date(2026, 3, 25))
        where = ("--pool", str(made.pool.id))
        payee = make_payee(session, made)
        number = claim.number
    told = json.loads(run("payees", *where, "--json").output)
    assert [(one["name"], one["account"]) for one in told["payees"]] == [(payee.name, "none")]
    assert [(one["claim"], one["amount_cny"]) for one in told["claims"]] == [(number, "4100.00")]
    said = run("payees", *where).output
    assert "没有指定收款人" in said and f"{payee.name}  —  没有收款账户" in said
