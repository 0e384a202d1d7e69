"""The commands that read lists: which column is which, what is told of a faulty row, how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from claims.fault_rows import ERRORS
from tests.visitors import Visitors
from tests.web.estate_makers import City, make_city
from underwriting.models import Lift
from web import list_cli
from web.cli import cli
from web.finding_names import FINDING_NAMES
from web.messages import catalogue

LIFTS = """区县,小区,楼栋,电梯编号,投用日期,层数,维保单位
示例区,示例苑,1栋,N-1,2016-05-01,18,
"""
FAULTS = """No.,reason,out_of_service,first_missed
L00001,door,2026-01-05 08:00,2026-01-05 09:50
"""


@pytest.fixture
def city(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> City:
    """A small insured city, which the commands stand on; they speak Chinese."""

    @contextmanager
    def database() -> Iterator[tuple[None, object]]:
        yield None, visitors.engine

    monkeypatch.setattr(list_cli, "database", database)
    monkeypatch.setenv("GONGBAO_LOCALE", "zh_Hans_CN")
    return make_city(visitors)


def run(tmp_path: Path, text: str, *words: str) -> Result:
    """Run an import over a list."""
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    group, *rest = words
    return CliRunner().invoke(cli, [group, "import", str(file), *rest])


def lift_count(city: City) -> int:
    """Return how many lifts are registered."""
    with city.unit() as session:
        return session.scalar(select(func.count()).select_from(Lift)) or 0


def test_a_mapped_column_leaves_the_others_known(city: City, tmp_path: Path) -> None:
    """One column said, the rest known by their headers; `field=` takes a column away."""
    said = json.loads(run(tmp_path, FAULTS, "fault", "--map", "lift_number=No.", "--dry-run", "--json").stdout)
    assert said["columns"] == {
        "lift_number": "No.",
        "description": "reason",
        "reported_at": "out_of_service",
        "restored_at": "first_missed",
    }
    said = json.loads(
        run(tmp_path, FAULTS, "fault", "--map", "lift_number=No.,description=", "--dry-run", "--json").stdout
    )
    assert "description" not in said["columns"]


def test_an_unknown_field_is_answered_with_those_there_are(city: City, tmp_path: Path) -> None:
    """A field by another name is refused with the names and their words; so is what maps nothing."""
    result = run(tmp_path, FAULTS, "fault", "--map", "lift=No.")
    assert result.exit_code == 2
    assert "没有“lift”这个字段" in result.stderr and "lift_number（电梯编号）" in result.stderr
    assert run(tmp_path, FAULTS, "fault", "--map", "=No.").exit_code == 2
    assert run(tmp_path, FAULTS, "fault", "--map", "lift_number").exit_code == 2


@pytest.mark.parametrize(("locale", "words"), [("zh_CN", "电梯编号，必填"), ("en_GB", "Lift, required")])
def test_the_help_lists_the_fields(monkeypatch: pytest.MonkeyPatch, locale: str, words: str) -> None:
    """Whoever asks for help reads each field with its words."""
    monkeypatch.setenv("GONGBAO_LOCALE", locale)
    for group, name in (("fault", "reported_at"), ("estate", "in_service_on")):
        told = CliRunner().invoke(cli, [group, "import", "--help"]).output
        assert name in told and words in told


BAD_LIFTS = LIFTS + "示例区,示例苑,1栋,N-2,去年,18,\n示例区,示例苑,1栋,N-3,2016-05-01,500,\n"


def test_a_look_ends_as_the_registering_would(city: City, tmp_path: Path) -> None:
    """Faulty rows end with 2 and their count, whether it is a look or not; a good list ends with 0."""
    before = lift_count(city)
    looked = run(tmp_path, BAD_LIFTS, "estate", "--dry-run")
    assert looked.exit_code == 2 and "有 2 处需要更正" in looked.stderr
    said = json.loads(run(tmp_path, BAD_LIFTS, "estate", "--dry-run", "--json").stdout)
    assert said["findings"] == len(said["odd_rows"]) == 2
    done = run(tmp_path, BAD_LIFTS, "estate")
    assert done.exit_code == 2 and "2 处" in done.stderr
    assert run(tmp_path, LIFTS, "estate", "--dry-run").exit_code == 0
    assert lift_count(city) == before


def test_every_finding_of_a_row_comes_in_one_pass(city: City, tmp_path: Path) -> None:
    """A row with a bad day is still held against the register: its repairer, its number, its floors, rows above it."""
    assert run(tmp_path, LIFTS, "estate").exit_code == 0
    bad = LIFTS.splitlines()[0] + "\n"
    bad += "示例区,示例苑,1栋,N-7,去年,18,没有这家\n"
    bad += "示例区,示例苑,1栋,N-1,去年,500,\n"
    bad += "示例区,示例苑,1栋,N-7,2016-05-01,18,\n"
    said = json.loads(run(tmp_path, bad, "estate", "--dry-run", "--json").stdout)
    assert [(one["row"], one["code"]) for one in said["odd_rows"]] == [
        (2, "cell_not_day"),
        (2, "repairer_unknown"),
        (3, "cell_not_day"),
        (3, "lift_on_record"),
        (3, "floors_out_of_range"),
        (4, "lift_twice_in_list"),
    ]
    assert (said["good"], said["findings"]) == (0, 6)


def test_a_look_at_faults_ends_as_the_import_would(city: City, tmp_path: Path) -> None:
    """Where no row can be taken a look ends with 6 as the import does; where one can, with 0 and the count kept out."""
    none = FAULTS.replace("L00001", "L09999")
    for words in (["--dry-run"], []):
        result = run(tmp_path, none, "fault", "--map", "lift_number=No.", *words)
        assert result.exit_code == 6 and "没有一行可以导入" in result.stderr
    some = run(tmp_path, FAULTS + none.splitlines()[1], "fault", "--map", "lift_number=No.", "--dry-run")
    assert some.exit_code == 0 and "未导入: 1" in some.stdout


def test_a_faulty_row_is_told_once_in_the_readers_words(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row is numbered twice, no kind of finding is a code, no length has days that are none."""
    bad = BAD_LIFTS.replace("去年", "2199-01-01")
    told = run(tmp_path, bad, "estate", "--dry-run").stdout
    assert "row" not in told and "第 3 行：投用日期 2199-01-01 还未到" in told
    assert run(tmp_path, BAD_LIFTS, "estate").stderr.count("第 3 行") == 1
    mixed = run(tmp_path, FAULTS + "L00002,x,昨天,\n", "fault", "--map", "lift_number=No.", "--dry-run").stdout
    assert "1  不是时间" in mixed and "cell_" not in mixed and mixed.count("第 3 行") == 1
    assert "修复用时，最长: 1:50:00（第 2 行，L00001）" in mixed
    monkeypatch.setenv("GONGBAO_LOCALE", "en")
    assert "Row 3: In service from 2199-01-01" in run(tmp_path, bad, "estate", "--dry-run").stdout


def test_every_kind_of_finding_has_a_name() -> None:
    """What may be wrong with a cell or a fault's row has its few words beside its sentence."""
    codes = {code for code in catalogue() if code.startswith("cell_")} | ERRORS
    assert codes <= set(FINDING_NAMES)
