"""The commands that read lists: which column is which, what is told of a faulty row, how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from tests.visitors import Visitors
from tests.web.estate_makers import City, make_city
from underwriting.models import Lift
from web import list_cli
from web.cli import cli

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
