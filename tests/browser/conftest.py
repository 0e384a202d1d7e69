"""Chromium, the told city, and a copy of it for every file of tests; a visit with a fault fails the test."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from core.server import Urls
from tests.browser.cities import City, Told, shown, tell, worker
from tests.browser.visiting import Visitors

FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)


def chromium_path() -> str:
    """Return where Chromium is; skips where there is none, and fails where the tests stand for a release."""
    found = os.environ.get("GONGBAO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found and Path(found).exists():
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("Chromium is not installed; browser tests must run in CI")
    pytest.skip("Chromium is not installed (GONGBAO_CHROMIUM may name it); browser tests are skipped")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium for one file of tests: Playwright's loop must not run while another file starts its own."""
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def told(place: Urls, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The story of a small city, told once a worker."""
    return tell(place, tmp_path_factory.mktemp("told"))


@pytest.fixture(scope="module")
def city(told: Told, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[City]:
    """A copy of the city for one file of tests, shown on a site."""
    name = f"browser_{worker()}_{zlib.crc32(request.module.__name__.encode()):08x}"
    with shown(told, name, tmp_path_factory.mktemp("city")) as found:
        yield found


@pytest.fixture
def visitors(chromium: Browser, city: City) -> Iterator[Visitors]:
    """Brings visitors to the city; a console error, a failed request or an unexpected refusal fails the test."""
    found = Visitors(chromium, city)
    yield found
    found.leave()
    assert not found.faults, "\n".join(found.faults)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show, where a test failed, what its visitors have before them."""
    report = yield
    visitors = getattr(item, "funcargs", {}).get("visitors")
    if report.when == "call" and report.failed and isinstance(visitors, Visitors):
        report.sections += [("page " + visitor.page.url, visitor.told()) for visitor in visitors.here]
    return report
