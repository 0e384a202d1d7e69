"""The `gongbao` command: what it prints, for people and for machines, and how it ends."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from core.db import unit_of_work
from core.permits import SYSTEM
from core.server import Urls
from tests.makers import make_pool
from tests.scenarios import oracle_quarter as oracle
from tests.scenarios.oracle_quarter import AGREEMENT, EVENTS
from web.cli import LAZY, cli

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "tender" / "golden"
CASES = {name: json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")) for name in ("scoring", "allocation")}


@pytest.fixture
def environment(place: Urls, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an installation on the test's database."""
    for name in [one for one in os.environ if one.startswith("GONGBAO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", place.app)
    monkeypatch.setenv("GONGBAO_OWNER_URL", place.owner)
    monkeypatch.setenv("GONGBAO_AUDITOR_URL", place.auditor)
    monkeypatch.setenv("GONGBAO_STATE_DIR", str(state_dir))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("SECRET_KEY", raising=False)


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese is what the command speaks where nothing else is asked for."""
    monkeypatch.setenv("GONGBAO_LOCALE", "zh_Hans_CN")


def run(*words: str, given: str | None = None) -> Result:
    """Run the command."""
    result = CliRunner().invoke(cli, list(words), input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def machine(*words: str, given: str | None = None) -> Any:
    """Run the command with `--json` and return what it says."""
    result = run(*words, "--json", given=given)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_amounts_are_split_line_by_line() -> None:
    """Amount, parts in member order, carry; the fen left over go round."""
    assert run("apportion", "--shares", "45,25,20,10", given="6172800\n").stdout == (
        "6172800\t2777760 1543200 1234560 617280\t0 0 0 0\n"
    )
    said = machine("apportion", "--weights", "1,1,1", given="10000\n\n10000\n10000\n")
    assert [row["parts_fen"] for row in said["rows"]] == [[3334, 3333, 3333], [3333, 3334, 3333], [3333, 3333, 3334]]
    assert said["rows"][0]["carry_after"] == [-2, 1, 1]
    assert (said["totals_fen"], said["carry"], said["whole"]) == ([10000] * 3, [0] * 3, 3)
    assert machine("apportion", "--weights", "1,1", given="")["rows"] == []


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (("--shares", "45,25,20,11"), "1", "101"),
        (("--shares", "45,５５"), "1", "５５"),
        (("--weights", "1,1.5"), "1", "1.5"),
        (("--weights", "0,0"), "1", "份额"),
        (("--weights", "1,1"), "1.5", "第 1 行"),
        (("--weights", "1,1"), "10\n１\n", "第 2 行"),
        (("--weights", "1,1"), "1,000", "第 1 行"),
        ((), "1", "--shares"),
        (("--weights", "1,1", "--shares", "50,50"), "1", "--shares"),
    ],
)
def test_what_cannot_be_split_ends_with_two(words: tuple[str, ...], given: str, told: str) -> None:
    """Wrong shares and amounts are told in words, nothing is split, the exit code is 2."""
    result = run("apportion", *words, given=given)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stdout == ""


def test_a_small_command_needs_no_database_and_is_quick() -> None:
    """Splitting imports neither the database nor the web."""
    script = "import sys; from web.calculators_cli import apportion; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "flask", "psycopg", "web.app", "chinese_calendar"} & set(loaded.stdout.split())


@pytest.mark.parametrize(
    "case",
    [case for case in CASES["scoring"]["cases"] if {"bids", "ranking"} <= set(case)],
    ids=lambda case: case["id"],
)
def test_points_and_ranking_come_out_as_worked_by_hand(case: dict[str, Any], tmp_path: Path) -> None:
    """Each published case of scoring gives its components, totals and ranking."""
    asked = {name: case[name] for name in ("price_weight", "technical_weight", "bids") if name in case}
    file = tmp_path / "case.json"
    file.write_text(json.dumps(asked), encoding="utf-8")
    said = machine("score", str(file))
    assert said["ranking"] == case["ranking"]
    assert said["result"] == case["result"]


@pytest.mark.parametrize("case", CASES["allocation"]["water_filling"], ids=lambda case: case["id"])
def test_shares_come_out_as_worked_by_hand(case: dict[str, Any]) -> None:
    """Each published case of allocation gives its shares, or its refusal; a file may come on standard input."""
    asked = {name: case[name] for name in ("weights", "floor", "cap") if name in case}
    said = machine("allocate", "-", given=json.dumps(asked))
    expected = {name: case[name] for name in ("shares_bp", "refusal", "gap") if name in case}
    assert {name: said.get(name) for name in expected} == expected


def test_a_list_of_cases_gives_a_list() -> None:
    """Several cases in one file come out in their order."""
    said = machine("allocate", "-", given='[{"weights": [1, 1]}, {"weights": [1, 1], "cap": ["0.3", "0.3"]}]')
    assert [said[0]["shares_bp"], said[1]["refusal"]] == [[5000, 5000], "undersubscribed"]


@pytest.mark.parametrize("text", ["", "{", "[" * 9000, "null", '{"weights": [1.5, NaN]}', '{"weights": [], "x": 1}'])
@pytest.mark.parametrize("name", ["score", "allocate", "rehearse"])
def test_what_is_no_file_ends_with_two(environment: None, engine: object, name: str, text: str) -> None:
    """Broken files are told in words and as a document, never by a traceback."""
    result = run(name, "-", "--json", given=text)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["code"]
    assert "Traceback" not in result.output
    assert run(name, "no-such-file.json").exit_code == 2


def test_a_clock_tells_when_working_minutes_are_over() -> None:
    """The spring festival's make-up Saturday counts; a year not announced is refused with 6, nonsense with 2."""
    said = machine("clock", "2026-02-13T16:00", "240")
    assert said["due"] == "2026-02-14T10:00+08:00"
    assert run("clock", "2026-02-13T16:00", "240").stdout.startswith("2026-02-14T10:00+08:00\n")
    assert "2026-10-01 … 2026-10-07" in run("clock", "2026-09-30T17:00", "120").stdout
    assert run("clock", "2093-02-13T16:00", "240").exit_code == 6
    assert run("clock", "2026-02-30T16:00", "240").exit_code == 2
    refused = run("clock", "2026-02-13T16:00", "-5")
    assert refused.exit_code == 2 and "option" not in refused.stderr and "分钟" in refused.stderr
    assert run("clock", "2026-02-13T16:00", "1.5").exit_code == 2


def test_the_oracle_quarter_is_rehearsed(environment: None, engine: Engine, tmp_path: Path) -> None:
    """An agreement and its events give every figure of the oracle, as JSON without being asked, and nothing is kept."""
    file = tmp_path / "季度.json"
    file.write_text(json.dumps({"agreement": AGREEMENT, "events": EVENTS}), encoding="utf-8")
    said = json.loads(run("rehearse", str(file)).stdout)
    assert said == {
        "splits_fen": oracle.SPLITS,
        "statement_fen": oracle.STATEMENT,
        "trial_balance_after_close_fen": oracle.AFTER_CLOSE,
        "trial_balance_after_settlement_fen": oracle.AFTER_SETTLEMENT,
        "remitted_gross_fen": oracle.REMITTED_GROSS,
        "carries": oracle.CARRIES,
    }
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM entry")) == 0


def test_the_operator_opens_a_period(environment: None, engine: Engine) -> None:
    """Opened and listed, newest first; a name or days taken are a conflict, a pool that is not there is 4."""
    with unit_of_work(engine, SYSTEM) as session:
        pool = str(make_pool(session).pool.id)
    asked = ("period", "open", "--pool", pool, "--period", "2026Q2", "--from", "2026-04-01", "--to", "2026-06-30")
    told = {"period": "2026Q2", "starts_on": "2026-04-01", "ends_on": "2026-06-30", "stage": "open"}
    assert machine(*asked) == told
    assert run(*asked).exit_code == 6
    assert [row["period"] for row in machine("period", "list", "--pool", pool)["periods"]] == ["2026Q2", "2026Q1"]
    assert "2026Q2" in run("period", "list", "--pool", pool).stdout
    assert run("period", "list", "--pool", "99").exit_code == 4
    for where, wrong, code in ((6, "../x", 2), (8, "2026-04-31", 2), (3, "99", 4)):
        assert run(*asked[:where], wrong, *asked[where + 1 :]).exit_code == code, wrong


def test_an_event_that_cannot_be_is_named(environment: None, engine: object) -> None:
    """Paid twice: refused with the event's number, nothing of the file is kept."""
    events = [*EVENTS[:5], EVENTS[4]]
    result = run("rehearse", "-", "--json", given=json.dumps({"agreement": AGREEMENT, "events": events}))
    assert result.exit_code in (2, 6)
    assert json.loads(result.stdout)["code"] == "event_refused"
    assert "6" in result.stderr


def test_english_is_spoken_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """GONGBAO_LOCALE, else the terminal's language, decides; Chinese otherwise."""
    monkeypatch.setenv("GONGBAO_LOCALE", "en")
    assert "add up to 101" in run("apportion", "--shares", "45,25,20,11", given="").stderr
    monkeypatch.delenv("GONGBAO_LOCALE")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert "add up to 101" in run("apportion", "--shares", "45,25,20,11", given="").stderr
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert "合计为 101" in run("apportion", "--shares", "45,25,20,11", given="").stderr


def test_every_command_is_listed_and_tells_how_it_is_used() -> None:
    """`gongbao --help` names each; each has words of its own."""
    listed = run("--help").stdout
    for name in LAZY:
        assert f"\n  {name} " in listed
        assert run(name, "--help").exit_code == 0
    assert run("dance").exit_code == 2
    assert run("--version").stdout.startswith("gongbao")


def test_the_database_says_where_it_stands(environment: None, engine: object) -> None:
    """Current and needed step; at its head 0; going down asks first; an unknown step 2."""
    assert machine("db", "current")["is_current"] is True
    assert machine("db", "upgrade")["is_current"] is True
    assert run("db", "downgrade", "0005").exit_code == 2
    assert run("db", "upgrade", "9999").exit_code == 2


@pytest.fixture
def password_file(tmp_path: Path) -> Iterator[str]:
    """A file whose first line is a password."""
    file = tmp_path / "password"
    file.write_text("correct horse battery\n", encoding="utf-8")
    yield str(file)


def test_the_operator_makes_closes_and_opens_accounts(environment: None, engine: object, password_file: str) -> None:
    """Person, organisation, mandate and account in one step; taken addresses and unknown roles are refused."""
    words = ["user", "create", "--name", "林知夏", "--email", "Lin@example.test", "--password-file", password_file]
    made = machine(*words, "--role", "officer", "--organisation", "示例局", "--kind", "bureau")
    assert made["email"] == "lin@example.test"
    assert run(*words, "--role", "officer", "--organisation", "示例局").exit_code == 6
    assert run(*words, "--role", "officer", "--organisation", "没有的局").exit_code == 4
    assert run(*words, "--role", "dancer", "--organisation", "示例局").exit_code == 2
    assert machine("user", "mandate", "lin@example.test", "--role", "approver", "--organisation", "示例局")["role"]
    assert machine("user", "close", "lin@example.test")["is_active"] is False
    assert [row["is_active"] for row in machine("user", "list")] == [False]
    assert machine("user", "open", "lin@example.test")["is_active"] is True
    assert run("user", "close", "nobody@example.test").exit_code == 4


def test_the_calendar_is_filled_and_set(environment: None, engine: object) -> None:
    """Published years come in once; a day by notice is set; a year nobody published is refused."""
    assert machine("calendar", "import", "--from", "2026")["added"] == 365
    assert machine("calendar", "import", "--from", "2026")["added"] == 0
    assert (
        machine("calendar", "set", "2027-01-01", "holiday", "--source", "通知", "--provisional")["status"]
        == "provisional"
    )
    assert run("calendar", "import", "--from", "1990").exit_code == 2
    assert run("calendar", "set", "2027-13-01", "holiday", "--source", "x").exit_code == 2


def test_the_log_is_signed_and_checked(environment: None, engine: object, place: Urls, password_file: str) -> None:
    """A head is signed once for what stands; a changed event is found, with exit code 1."""
    import psycopg

    made = ["user", "create", "--name", "示例", "--email", "a@example.test", "--password-file", password_file]
    run(*made, "--role", "officer", "--organisation", "示例局", "--kind", "bureau")
    head = machine("audit", "head")
    signed = machine("audit", "sign")
    assert (signed["size"], signed["root"]) == (head["size"], head["root"])
    assert machine("audit", "sign")["signature"] == signed["signature"]
    assert machine("audit", "verify")["is_whole"] is True
    with psycopg.connect(place.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_event SET facts = '{\"forged\": true}' WHERE action = 'account.created'")
    assert run("audit", "verify").exit_code == 1


def test_settings_are_shown_without_secrets(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable with its value; what is secret is not printed, what is wrong is told with exit code 2."""
    monkeypatch.setenv("GONGBAO_METRICS_TOKEN", "figures-please")
    rows = {row["variable"]: row for row in machine("settings")}
    assert rows["GONGBAO_MODE"]["value"] == "production"
    assert rows["GONGBAO_METRICS_TOKEN"]["value"] == "***"
    assert "figures-please" not in run("settings").stdout
    monkeypatch.setenv("GONGBAO_SESSION_IDLE_MIN", "soon")
    wrong = run("settings")
    assert wrong.exit_code == 2
    assert "GONGBAO_SESSION_IDLE_MIN" in wrong.stderr


def test_serving_without_a_secret_is_refused(environment: None, engine: object) -> None:
    """In production the server does not start without a secret of its own."""
    for command in ("serve", "worker"):
        result = run(command)
        assert result.exit_code == 2
        assert "SECRET_KEY" in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("score", "没有.json"), "没有文件“没有.json”。"),
        (("fault", "import", "没有.csv"), "没有文件“没有.csv”。"),
        (("score", "."), "“.”是目录"),
        (("score",), "缺少参数 'FILE'。"),
        (("calendar", "set", "2026-01-01", "holiday"), "缺少选项 '--source'。"),
        (("calendar", "set", "2026-01-01", "feast", "--source", "x"), "“feast”不可选"),
        (("score", "--no"), "没有选项 --no。"),
        (("nothing",), "没有命令 nothing。"),
        (("audit",), ""),
        (("clock", "2026-02-13T16:00", "1.5"), "“1.5”不是整数。"),
        (("clock", "2026-02-13T16:00", "1", "2"), "多出的参数：2。"),
        (("apportion", "--shares"), "选项 --shares 后面要有一个值。"),
    ],
)
def test_a_line_that_is_wrong_is_told_in_chinese_too(
    words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the parser of the line says in English stands beside its Chinese, and ends with 2; in English, alone."""
    result = run(*words)
    assert result.exit_code == 2 and told in result.stderr
    monkeypatch.setenv("GONGBAO_LOCALE", "en")
    english = run(*words)
    assert english.exit_code == 2 and not (told and told in english.stderr)


def test_a_database_that_is_away_is_told(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback where the database cannot be reached: words and exit code 1."""
    monkeypatch.setenv("DATABASE_URL", "postgresql:///nowhere?host=/nonexistent")
    result = run("user", "list")
    assert result.exit_code == 1
    assert "数据库不能使用" in result.stderr


def test_an_installation_is_looked_at(environment: None, engine: object) -> None:
    """`doctor` names the database, its step, the queue and what papers need."""
    result = run("doctor", "--json")
    said = json.loads(result.stdout)
    assert said["checks"]["schema"] == "ok"
    assert result.exit_code == (0 if said["is_well"] else 1)


def test_the_application_is_not_served_past_the_walls(
    environment: None, engine: object, place: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the web server nor the worker starts as the schema's owner or a superuser, whom nothing would stop."""
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    for above in (place.owner, place.admin):
        monkeypatch.setenv("DATABASE_URL", above)
        for command in (["serve"], ["worker", "--once"]):
            result = run(*command)
            assert result.exit_code == 1
            assert "gongbao_app" in result.stderr


def test_roles_are_made_on_a_server_that_is_new_enough(
    environment: None, engine: object, place: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older server is refused before anything is made on it, and so is an address that names another role."""
    monkeypatch.setenv("GONGBAO_ADMIN_URL", place.admin)
    assert machine("db", "init")["step"] == machine("db", "current")["head"]
    monkeypatch.setattr("core.server.OLDEST", 99)
    old = run("db", "init", "--json")
    assert (old.exit_code, json.loads(old.stdout)["code"]) == (6, "server_too_old")
    monkeypatch.setenv("DATABASE_URL", place.owner)
    other = run("db", "init")
    assert other.exit_code == 2
    assert "DATABASE_URL" in other.stderr


def test_a_state_folder_of_two_users_is_told(environment: None, engine: object, state_dir: Path) -> None:
    """`doctor` names what belongs to another user than the folder: the service could not read it."""
    (state_dir / "keys").mkdir(parents=True)
    assert json.loads(run("doctor", "--json").stdout)["checks"]["state"] == "ok"
    if os.geteuid() == 0:  # only root can give a file away
        os.chown(state_dir / "keys", 1, -1)
        assert str(state_dir / "keys") in json.loads(run("doctor", "--json").stdout)["checks"]["state"]
    state_dir.joinpath("keys").rmdir()
    state_dir.rmdir()
    assert str(state_dir) in json.loads(run("doctor", "--json").stdout)["checks"]["state"]


def test_a_folder_that_cannot_be_used_is_told(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback where the state folder is another user's: its name, what to set, and exit code 1."""

    def closed(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/state/postgres")

    monkeypatch.setattr("web.database_cli.database", closed)
    result = run("db", "current")
    assert result.exit_code == 1
    assert "/srv/state/postgres" in result.stderr and "GONGBAO_STATE_DIR" in result.stderr
