"""`gongbao tender`: what an operator may know of a tender, and how little that is before the box is closed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.server import Urls
from tests.makers_tender import OPENED, PUBLISHED, collect_keys, form_of, hand_in, make_tender
from tests.makers_town import make_town
from tests.web.conftest import Commands, Run
from web import tender_cli


@pytest.fixture
def run(commands: Commands) -> Run:
    """Runs the command on the test's database."""
    return commands(tender_cli, tender_cli.tender)


def test_how_many_bids_there_are_is_said_only_once_the_box_is_closed(
    engine: Engine, place: Urls, tmp_path: Path, run: Run
) -> None:
    """开箱前不说有几家投标；关箱后说出份数和各保管人已交的份额。"""
    town = make_town(engine, place, tmp_path)
    tender_id = make_tender(town)
    town.at(PUBLISHED + timedelta(days=10))
    for insurer in town.insurers[:3]:
        hand_in(town, tender_id, insurer, form_of())
    listed = json.loads(run("list", "--json").output)["tenders"]
    assert [(row["number"], row["stage"]) for row in listed] == [("ZB-2026-001", "published")]
    before = json.loads(run("status", "ZB-2026-001", "--json").output)
    assert before["bids"] is None and {row["shares"] for row in before["custodians"]} == {None}
    collect_keys(town, tender_id, town.at(OPENED), keepers=town.keepers[:2])
    after = json.loads(run("status", "ZB-2026-001", "--json").output)
    assert (after["stage"], after["bids"]) == ("opening", 3)
    assert [row["shares"] for row in after["custodians"]] == [3, 3, 0, 0, 0]
    assert "ZB-2026-001" in run("status", "ZB-2026-001").output
    assert "开标中" in run("list").output and "opening" not in run("list").output


def test_a_number_that_is_none_ends_with_four(engine: Engine, place: Urls, tmp_path: Path, run: Run) -> None:
    """没有这个招标，退出码为 4。"""
    make_town(engine, place, tmp_path)
    assert run("status", "ZB-0").exit_code == 4
    assert run("list").exit_code == 0
