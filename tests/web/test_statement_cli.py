"""`gongbao statement`: closes, issues and exports what the pages would."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.db import unit_of_work
from core.permits import SYSTEM
from ledger.models import Period
from tests.makers import make_pool
from tests.makers_money import play_quarter
from tests.scenarios import oracle_quarter as oracle
from tests.web.conftest import Commands, Run
from web import statement_cli


@pytest.fixture
def run(commands: Commands) -> Run:
    """Runs the command on the test's database."""
    return commands(statement_cli, statement_cli.statement)


def test_a_quarter_is_closed_issued_and_exported(engine: Engine, run: Run, tmp_path: Path) -> None:
    """The balances are the oracle's; the files written hash to what is told; a second run changes nothing."""
    with unit_of_work(engine, SYSTEM) as session:
        pool = str(play_quarter(session, is_closed=False).made.pool.id)
    where = ("--pool", pool, "--period", "2026Q1")
    assert run("export", *where, "--to", str(tmp_path / "early")).exit_code == 4
    first = run("run", *where, "--issue", "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.output)["statements"]
    assert [row["balance_fen"] for row in told] == oracle.STATEMENT["balance"]
    assert {row["stage"] for row in told} == {"issued"}
    again = json.loads(run("run", *where, "--issue", "--json").output)["statements"]
    assert again == told
    exported = run("export", *where, "--to", str(tmp_path / "out"), "--kind", "pdf", "--kind", "items.csv", "--json")
    assert exported.exit_code == 0, exported.output
    files = json.loads(exported.output)["files"]
    assert len(files) == 8
    for file in files:
        assert sha256((tmp_path / "out" / file["name"]).read_bytes()).hexdigest() == file["sha256"]


def test_an_unknown_period_is_told_in_words(engine: Engine, run: Run) -> None:
    """Exit code 4, nothing done."""
    with unit_of_work(engine, SYSTEM) as session:
        pool = str(play_quarter(session, is_closed=False).made.pool.id)
    answer = run("run", "--pool", pool, "--period", "2030Q1")
    assert answer.exit_code == 4
    assert "2030Q1" in answer.output


def test_a_period_is_not_closed_ahead_of_its_day(engine: Engine, run: Run) -> None:
    """A close on a day to come is refused by the command as it is on the page, and the period stays open."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, starts_on=date(2026, 1, 1), ends_on=date(2099, 12, 31))
    where = ("--pool", str(made.pool.id), "--period", made.period.label)
    early = run("run", *where, "--json")
    assert (early.exit_code, "day_to_come" in early.output) == (2, True), early.output
    with unit_of_work(engine, SYSTEM) as session:
        assert session.get_one(Period, made.period.id).stage == "open"
