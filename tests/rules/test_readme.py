"""The first page that a newcomer reads is true today: its commands print what it says, its links and accounts exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from sqlalchemy import Engine

from core.server import Urls
from web.cli import cli
from web.demo.casting import accounts

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted({ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")})
PAGES_TEXT = [page.read_text(encoding="utf-8") for page in PAGES]
EXAMPLES = re.findall(
    r"^\$ (.+)\n((?:(?!\$ |```).*\n)*)", "".join(re.findall(r"```console\n(.*?)```", README, re.DOTALL)), re.M
)


@pytest.mark.parametrize(("command", "printed"), EXAMPLES, ids=[command[:40] for command, _ in EXAMPLES])
def test_an_example_prints_what_the_page_says(
    command: str, printed: str, engine: Engine, place: Urls, state_dir: Path
) -> None:
    """Every calculator is shown with its real output."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": place.app,
        "GONGBAO_STATE_DIR": str(state_dir),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (printed, 0), done.stderr


def test_a_mapped_field_is_one_of_the_schema() -> None:
    """Every `--map` that a page of the documentation or of the program shows names fields of the list it is for."""
    from web.estate_columns import ESTATE_SCHEMA
    from web.fault_columns import fault_schema
    from web.pages import estate_import, fault_import

    schemas = {"fault": fault_schema(), "estate": ESTATE_SCHEMA}
    shown = [*PAGES_TEXT, fault_import.COMMAND, estate_import.COMMAND]
    found = re.findall(r"gongbao (fault|estate) import .*--map (\w+=\S+)", "\n".join(shown))
    assert len(found) >= 2
    for kind, mapping in found:
        names = {pair.partition("=")[0] for pair in mapping.split(",")}
        assert names <= {one.name for one in schemas[kind].fields}, mapping


def test_every_calculator_has_an_example() -> None:
    """Five calculators, each shown at least once."""
    shown = {word for command, _ in EXAMPLES for word in re.findall(r"gongbao (\w+)", command)}
    assert shown == {"apportion", "score", "allocate", "clock", "rehearse"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_somewhere(page: Path) -> None:
    """Whatever a page of the documentation points to inside the project is there."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_decision_is_listed() -> None:
    """The list of decisions names each page once, in their order."""
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(page.name for page in folder.glob("[0-9]*.md"))


def test_the_seats_of_the_walk_are_those_of_the_demo() -> None:
    """Each account that the walk names is one that the demo prints."""
    told = set(re.findall(r"`([\w.-]+@[\w.-]+)`", README))
    assert len(told) == 8
    assert told <= {email for _, _, _, email in accounts()}


def test_pictures_are_small() -> None:
    """A page with its pictures opens over a poor net: at most 150 KB each, and none that no page shows."""
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.png"))
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size <= 150_000, picture.name
        assert f"docs/pictures/{picture.name}" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_named_exists(page: Path) -> None:
    """`gongbao NAME` and `gongbao GROUP VERB` in any page of the documentation are commands of today."""
    context = click.Context(cli)
    for name, verb in re.findall(r"\bgongbao ([a-z]+)(?: ([a-z][a-z-]+))?", page.read_text(encoding="utf-8")):
        command = cli.get_command(context, name)
        assert command is not None, f"gongbao {name}"
        if verb and isinstance(command, click.Group):
            assert command.get_command(context, verb) is not None, f"gongbao {name} {verb}"
