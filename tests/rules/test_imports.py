"""The directions of the house: the contracts of pyproject.toml, run over the real import graph."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "ledger", "tender", "underwriting", "claims", "web")

#: A small house with four faults: file -> text.
CROOKED = {
    "ledger/entries.py": "import tender",
    "claims/faults.py": "import flask",
    "ledger/apportion.py": "import core.rows",
    "core/rows.py": "import sqlalchemy",
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts of a folder and return what they said."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )


def copy_contracts(folder: Path) -> None:
    """Write the project's contracts into a small house, less the modules that it has not got."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contracts = config.pop("contracts")
    lines = ["[tool.importlinter]", *as_toml(config)]
    for contract in contracts:
        names = contract.get("source_modules", [])
        contract.pop("ignore_imports", None)
        if names:
            contract["source_modules"] = [name for name in names if _is_in(folder, name)]
        lines += [
            "[[tool.importlinter.contracts]]",
            *(f"{key} = {json.dumps(value)}" for key, value in contract.items()),
        ]
    (folder / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")


def as_toml(table: dict[str, object]) -> list[str]:
    """Return the lines of a flat table; strings, lists and truth values are written alike in JSON and TOML."""
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]


def _is_in(folder: Path, module: str) -> bool:
    place = folder / module.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").exists()


def test_each_room_imports_only_to_its_right() -> None:
    """Web, claims, underwriting, tender, ledger, core: rightwards only; frameworks at the edge; pure stays pure."""
    run = lint_imports(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_contracts_catch_a_crooked_house(tmp_path: Path) -> None:
    """A ledger that knows a tender, a verb that knows the request and a pure rule that can query are each named."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("", encoding="utf-8")
    for name, text in CROOKED.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    copy_contracts(tmp_path)
    run = lint_imports(tmp_path)
    assert run.returncode != 0
    for found in ("ledger.entries -> tender", "claims.faults -> flask", "ledger.apportion -> core.rows"):
        assert found in run.stdout, run.stdout + run.stderr
