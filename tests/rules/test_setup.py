"""What goes out of the house: locks, the wheel, the door, and no trace of the machine it was built on."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from core.settings import SETTING_WORDS

ROOT = Path(__file__).resolve().parents[2]
LOCKS = [ROOT / "requirements" / f"{name}.txt" for name in ("build", "runtime", "test", "bench")]
OURS = {"core", "ledger", "tender", "underwriting", "claims", "web", "templates"}
NOT_OURS_TO_SHIP = {"tests", "bench", "tools"}
LEFT_OUT = {".git", ".venv", "var", "wheelhouse", "build", "dist", "__pycache__", "gongbao.egg-info"}
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


def project_files() -> Iterator[Path]:
    """Yield the files that belong to the project: what git tracks or would, or every file where there is no git."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        yield from (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())
        return
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not LEFT_OUT & set(parts) and not any(part.endswith("_cache") for part in parts):
            yield path


def pins(lock: Path) -> dict[str, str]:
    """Return name -> version of a lock."""
    return dict(PINNED.findall(lock.read_text(encoding="utf-8")))


def test_locks_hold_hashes_and_no_address() -> None:
    """A lock says what a file is, never where it comes from; every pin has at least one hash."""
    for lock in LOCKS:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^\s*(--(extra-)?index-url|--find-links|--trusted-host|-[if] )", text, re.MULTILINE)
        entries = re.split(r"\n(?=[a-z0-9])", text)
        assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_locks_agree_with_each_other() -> None:
    """What installs is part of what runs, that of what is tested, that of what is measured: in the same versions."""
    build, runtime, test, bench = (set(pins(lock).items()) for lock in LOCKS)
    assert build <= runtime <= test <= bench


def test_what_is_installed_is_what_is_locked() -> None:
    """The tests run on the locked versions and not on something that happened to be there."""
    locked = pins(LOCKS[2])
    installed = {name: importlib.metadata.version(name) for name in locked if _is_installed(name)}
    assert {name: (version, locked[name]) for name, version in installed.items() if version != locked[name]} == {}
    assert len(installed) > len(locked) // 2


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def test_no_file_names_a_machine_or_a_registry() -> None:
    """Nothing in the project tells on which machine or from which registry it was made."""
    hosts = ["pypi." + "org", "files.python" + "hosted.org", "deb." + "debian.org", "registry.npm" + "js.org"]
    places = [
        r"/home/[a-z]\w*/",
        r"/Users/[A-Za-z]\w*/",
        "/ro" + "ot/",
        "/wo" + "rk/(main|shared)",
        r"\b[A-Z]:\\Users\\",
    ]
    telling = re.compile("|".join([*map(re.escape, hosts), *places]))
    found = []
    for path in project_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in telling.finditer(text)]
    assert found == []


def test_our_names_are_ours_alone() -> None:
    """`web`, `claims` and `tender` are plain words: each must come from exactly one distribution, ours."""
    owners = importlib.metadata.packages_distributions()
    assert {name: set(owners.get(name, [])) for name in OURS} == {name: {"gongbao"} for name in OURS}
    assert {name: owners[name] for name in NOT_OURS_TO_SHIP if name in owners} == {}


def test_the_wheel_holds_everything_that_runs(tmp_path: Path) -> None:
    """Pages, styles and migrations travel in the wheel; tests and tools do not; the licence and the command do."""
    command = [
        sys.executable,
        "setup.py",
        "-q",
        "egg_info",
        "-e",
        str(tmp_path),
        "build",
        "-b",
        str(tmp_path / "build"),
    ]
    command += ["bdist_wheel", "-d", str(tmp_path), "--bdist-dir", str(tmp_path / "wheel")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [points] = [name for name in names if name.endswith("dist-info/entry_points.txt")]
        assert "gongbao = web.cli:main" in archive.read(points).decode()
    needed = {
        path.relative_to(ROOT).as_posix()
        for room in OURS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert sorted(needed - names) == []
    assert sorted(name for name in names if name.split("/")[0] in NOT_OURS_TO_SHIP) == []
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_every_setting_is_in_the_example() -> None:
    """.env.example names every setting once, commented out, so that copying it changes nothing."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?\s?([A-Z][A-Z_]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(SETTING_WORDS)


def test_every_runtime_package_has_its_licence_listed() -> None:
    """docs/licences.md lists each package that runs, in the locked version."""
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| ([a-z0-9._-]+) \| (\S+) \|", text, re.MULTILINE))
    assert listed == pins(LOCKS[1])


def run_door(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run ./run with these words from a folder."""
    return subprocess.run([str(ROOT / "run"), *words], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_door_tells_how_to_use_it(tmp_path: Path) -> None:
    """`./run help` works from anywhere; no verb or an unknown one is a usage error (2)."""
    told = run_door("help", cwd=tmp_path)
    assert told.returncode == 0
    for verb in ("demo", "test", "serve", "worker", "doctor", "lint", "bench", "bundle", "shell"):
        assert f"./run {verb}" in told.stdout
    assert run_door().returncode == 2
    assert run_door("dance").returncode == 2


def test_the_door_is_plain_sh() -> None:
    """./run is read without complaint by a POSIX shell and may be executed."""
    shell = shutil.which("dash") or "/bin/sh"
    assert subprocess.run([shell, "-n", str(ROOT / "run")], check=False).returncode == 0
    assert os.access(ROOT / "run", os.X_OK)
