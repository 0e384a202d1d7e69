"""Take the pictures of README.md from a running demo: `python tools/pictures.py http://localhost:8000`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
CHROMIUM = os.environ.get("GONGBAO_CHROMIUM", "/usr/bin/chromium")
PASSWORD = "gongbao-demo"  # noqa: S105  # the demo prints it

#: name -> (account, or nobody; width; the words to click from the first page on; what the picture starts with).
PICTURES: Mapping[str, tuple[str, int, tuple[str, ...], str]] = {
    "home": ("", 1180, (), ""),
    "result": ("", 1180, ("看结果",), "h2:has-text('首席与份额')"),
    "receipt": ("bidder@yangban.test", 1180, ("SFZB-2027", "HZ-"), ""),
    "finance": ("finance-maker@shili.test", 1180, (), ""),
    "statement": ("finance-maker@yangban.test", 1180, ("结算单", "2026Q3-02"), ""),
    "phone": ("property-manager@shanshui.test", 390, ("SF001-001",), ""),
}


def take(browser: Browser, base: str, name: str) -> Image.Image:
    """Return one picture: a page as its reader finds it, 860 pixels of it from its first words on."""
    account, width, clicks, start = PICTURES[name]
    page = browser.new_context(viewport={"width": width, "height": 860}, locale="zh-CN").new_page()
    if account:
        _sign_in(page, base, account)
    page.goto(base + "/")
    for words in clicks:
        page.click(f"a:has-text('{words}')")
        page.wait_for_load_state()
    page.evaluate("document.fonts.ready")
    if start:
        page.locator(start).first.evaluate("found => window.scrollTo(0, found.getBoundingClientRect().top - 40)")
    return Image.open(io.BytesIO(page.screenshot()))


def _sign_in(page: Page, base: str, account: str) -> None:
    page.goto(base + "/login")
    page.fill("input[name=email]", account)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()


def main(base: str, names: list[str]) -> None:
    """Write the named pictures, or all, small enough to be read over a poor net."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name in names or list(PICTURES):
            flat = take(browser, base, name).convert("RGB").quantize(96, dither=Image.Dither.NONE)
            flat.save(FOLDER / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2:])
