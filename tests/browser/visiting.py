"""Those who visit the city with a real browser, signed in by its page, watched for everything that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Download,
    Error,
    Page,
    Request,
    Response,
    expect,
)

from core.permits import Role
from tests.browser.cities import City, account_of
from web.demo.casting import PASSWORD

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

#: How long anything may take to show; this machine has much to do at once.
WITHIN_MS = 15_000


@dataclass
class Visitor:
    """One person at one browser; `faults` is what went wrong that nobody expected."""

    city: City
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WITHIN_MS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        # A refusal that is expected is said on the console too; its status is judged by `_answered`.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"{self.page.url}: console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A page that turns into a download, or is left before it is there, is aborted by the browser itself.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{self.page.url}: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self.faults.append(f"{self.page.url}: {response.request.method} {response.url}: {response.status}")

    # ---- what a visitor does ---------------------------------------------------------------------------------------

    def go(self, path: str) -> Page:
        """Open a page of the city by its path."""
        self.page.goto(self.city.address + path)
        return self.page

    def press(self, name: str, *, stays: bool = False) -> Page:
        """Press the button of this name in the main part and wait for the page that comes; `stays` where none does."""
        button = self.page.get_by_role("main").get_by_role("button", name=name, exact=True)
        if stays:
            button.click()
        else:
            with self.page.expect_navigation():
                button.click()
        return self.page

    def follow(self, name: str) -> Page:
        """Follow the first link of this name in the main part."""
        with self.page.expect_navigation():
            self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()
        return self.page

    def reads(self, *words: str) -> None:
        """Find these words in the main part of the page."""
        for each in words:
            expect(self.page.locator("main")).to_contain_text(each, timeout=WITHIN_MS)

    def download(self, name: str) -> Download:
        """Follow the link of exactly this name to a file and return it, whole."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()
        assert not waiting.value.failure()
        return waiting.value

    def fetch(self, path: str) -> bytes:
        """Return a file of the city by its path, asked for with this visitor's cookie."""
        answer = self.context.request.get(self.city.address + path)
        assert answer.ok, f"{path}: {answer.status}"
        return answer.body()

    def told(self) -> str:
        """Return what stands on the page that is open, for whoever looks for the fault."""
        try:
            return "\n".join([self.page.locator("main").inner_text(timeout=1_000), *self.faults])
        except Error as gone:
            return str(gone)

    @contextmanager
    def refused(self, status: int) -> Iterator[None]:
        """Expect answers of this status while this lasts."""
        self.refusals.add(status)
        try:
            yield
        finally:
            self.refusals.discard(status)


@dataclass
class Visitors:
    """Brings visitors to the city, one context each, and keeps what went wrong in their windows."""

    browser: Browser
    city: City
    here: list[Visitor] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def come(
        self,
        role: Role | None = None,
        slug: str = "",
        *,
        number: int = 1,
        size: dict[str, int] | None = None,
        has_script: bool = True,
    ) -> Visitor:
        """Return a visitor, signed in with the account of a role; without a role one of the public."""
        email = account_of(role, slug, number) if role else ""
        state = self.city.states.get(email)
        context = self.browser.new_context(
            viewport=size or WIDE,
            storage_state=state,
            java_script_enabled=has_script,
            locale="zh-CN",
            accept_downloads=True,
        )
        visitor = Visitor(self.city, context, context.new_page())
        self.here.append(visitor)
        if email and state is None:
            sign_in(visitor, email)
            self.city.states[email] = context.storage_state()
        return visitor

    def leave(self) -> None:
        """Close every window; what went wrong in them is kept."""
        for visitor in self.here:
            self.faults += visitor.faults
            visitor.context.close()
        self.here.clear()


def sign_in(visitor: Visitor, email: str) -> None:
    """Sign in by the page, as a person would."""
    page = visitor.go("/login")
    page.get_by_label("电子邮箱").fill(email)
    page.get_by_label("密码").fill(PASSWORD)
    visitor.press("登录")
    expect(page.get_by_role("button", name="退出")).to_be_visible()


def saved(download: Download, folder: Path) -> bytes:
    """Return the bytes of a downloaded file."""
    path = folder / download.suggested_filename
    download.save_as(path)
    return path.read_bytes()
