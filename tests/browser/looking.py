"""Looking at one page as it stands in the browser: its frame, its width on a phone, what axe finds in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.visiting import PHONE, WIDE

#: WCAG 2.2 at A and AA, and what axe calls best practice (landmarks, order of headings).
_RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

_FRAME = """() => ({
  title: document.title,
  lang: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
  wide: document.scrollingElement.scrollWidth,
})"""

#: What a page is made of: every element by its kind and its parent's, with classes, roles and states.
_PIECES = """() => {
  const kind = (e) => e.tagName.toLowerCase() + [...e.classList].sort().map((c) => "." + c).join("") +
    ["role", "type", "aria-current", "aria-invalid", "scope", "open", "disabled"]
      .filter((n) => e.hasAttribute(n)).map((n) => `[${n}=${e.getAttribute(n)}]`).join("");
  const found = new Set();
  for (const e of document.querySelectorAll("body *")) found.add(kind(e.parentElement) + ">" + kind(e));
  return [...found];
}"""

_AXE = """(rules) => axe.run(rules).then((found) => found.violations.map((v) => ({
  id: v.id, help: v.help,
  nodes: v.nodes.slice(0, 4)
    .map((n) => n.html.slice(0, 160) + " :: " + (n.any[0] || n.all[0] || n.none[0] || {}).message),
})))"""


@dataclass
class Look:
    """Looks at pages; axe runs on one page at least of every kind, and where one holds a piece that none held before.

    A piece is new once for each width and scheme; a kind of page is looked at as a whole once, in the wide.
    """

    seen: dict[str, set[str]] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    axe_runs: int = 0

    def at(self, page: Page, kind: str = "", *, lang: str = "zh-Hans-CN") -> list[str]:
        """Return the faults of the page that is open, looked at wide, on a phone and in the dark scheme.

        `kind` is what the page is one of; where it is not told, every page is one of a kind of its own.
        """
        faults = self._frame(page, lang)
        faults += self._axe(page, "wide", is_of_new_kind=not kind or kind not in self.kinds)
        self.kinds.add(kind)
        page.set_viewport_size(PHONE)
        width = page.evaluate(_FRAME)["wide"]
        if width > PHONE["width"] + 1:
            faults.append(f"{width} px wide on a phone: {_too_wide(page)}")
        faults += self._axe(page, "phone")
        page.set_viewport_size(WIDE)
        if not self._knows(page, "dark"):
            page.emulate_media(color_scheme="dark")
            faults += self._axe(page, "dark")
            page.emulate_media(color_scheme="light")
        return faults

    def _knows(self, page: Page, how: str) -> bool:
        """Say whether nothing of the page is new."""
        return set(page.evaluate(_PIECES)) <= self.seen.get(how, set())

    @staticmethod
    def _frame(page: Page, lang: str) -> list[str]:
        frame = page.evaluate(_FRAME)
        faults = []
        if frame["headings"] != 1:
            faults.append(f"{frame['headings']} headings of the first rank")
        if frame["lang"] != lang:
            faults.append(f"language {frame['lang']!r}")
        if not frame["title"].strip():
            faults.append("no title")
        if frame["wide"] > WIDE["width"] + 1:
            faults.append(f"{frame['wide']} px wide at {WIDE['width']}: {_too_wide(page)}")
        return faults

    def _axe(self, page: Page, how: str, *, is_of_new_kind: bool = False) -> list[str]:
        """Return what axe finds, where the page is of a new kind or anything of it is new."""
        known = self.seen.setdefault(how, set())
        pieces = set(page.evaluate(_PIECES))
        if pieces <= known and not is_of_new_kind:
            return []
        known |= pieces
        self.axe_runs += 1
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        rules: dict[str, Any] = _RULES
        if how == "dark":
            rules = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}
        found = page.evaluate(_AXE, rules)
        return [f"axe ({how}) {one['id']}: {one['help']}: {one['nodes']}" for one in found]


def _too_wide(page: Page) -> list[str]:
    """Return the innermost elements that stand out of the window."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .table-scroll, svg"))
          .filter((e, _, all) => !all.some((o) => o !== e && e.contains(o)))
          .slice(0, 4).map((e) => e.outerHTML.slice(0, 160))"""
    )
    return found
