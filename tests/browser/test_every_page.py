"""Every page that a role can come to by following links, wide and on a phone, in the words of its language."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import text
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from core.permits import Role
from tests.browser.cities import City
from tests.browser.looking import Look
from tests.browser.visiting import Visitor, Visitors

pytestmark = pytest.mark.browser

#: Who walks through the site: every role, and of the insurers the lead, a follower and one that did not win.
WALKERS: tuple[tuple[Role | None, str], ...] = (
    (None, ""),
    *((role, "") for role in Role if role not in (Role.SYSTEM, Role.PUBLIC)),
    (Role.FINANCE_CHECKER, "yangban"),
    (Role.CLAIMS_HANDLER, "yanshi"),
    (Role.BIDDER, "shexiang"),
    (Role.PROPERTY_MANAGER, "qinghe"),
)

#: How often one kind of page is opened by one walker; once, after all together have opened so many of it. One that is
#: the same for everybody is then opened no more.
EACH, MANY, SAME_FOR_ALL = 2, 8, 3

#: A walker who found fewer kinds of pages than this has lost its way.
FEWEST = 4

#: Files, which the browser would put among its downloads.
_FILE = re.compile(r"\.(csv|json|pdf|xlsx|gbe|key)(\?|$)|[?&]as=|/files?(/|$)")


@dataclass
class Walk:
    """One walker's way: what is still to be seen and where it was named, what was opened, what was wrong."""

    visitor: Visitor
    app: Flask
    look: Look
    by_all: Counter[str]
    waiting: deque[str] = field(default_factory=deque)
    named_by: dict[str, str] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def begin(self, *paths: str) -> None:
        """Walk from these pages until nothing new is left."""
        for path in paths:
            self._add(path, "the beginning")
        while self.waiting:
            self._visit(self.waiting.popleft())

    def _add(self, address: str, here: str) -> None:
        """Put a page of this site into the queue, once; a language or a signing out leads nowhere new."""
        parts = urlsplit(urldefrag(address).url)
        home = urlsplit(self.visitor.city.address)
        if parts.netloc not in ("", home.netloc) or parts.path.startswith("/static/") or "lang=" in parts.query:
            return
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if path not in self.named_by:
            self.named_by[path] = here
            self.waiting.append(path)

    def _visit(self, path: str) -> None:
        kind, is_for_all = self._kind(path)
        is_file = bool(_FILE.search(path))
        each = 1 if is_file or self.by_all[kind] >= MANY else EACH
        if self.opened[kind] >= each or (is_for_all and self.by_all[kind] >= SAME_FOR_ALL):
            return
        self.opened[kind] += 1
        self.by_all[kind] += 1
        if is_file:
            answer = self.visitor.context.request.get(self.visitor.city.address + path)
            if answer.status != 200 or not answer.body():
                self._fault(path, f"{answer.status}, {len(answer.body())} bytes")
            return
        before = len(self.visitor.faults)
        shown = self.visitor.page.goto(self.visitor.city.address + path)
        if shown is None or shown.status != 200:
            self._fault(path, str(shown and shown.status))
            del self.visitor.faults[before:]
            return
        for fault in self.look.at(self.visitor.page, kind):
            self._fault(path, fault)
        for href in links_of(self.visitor.page):
            self._add(href, path)

    def _fault(self, path: str, words: str) -> None:
        self.faults.append(f"{path} (from {self.named_by[path]}): {words}")

    def _kind(self, path: str) -> tuple[str, bool]:
        """Return what kind of page a path leads to, and whether it is the same for everybody."""
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(urlsplit(path).path, method="GET")
        except (HTTPException, RequestRedirect):
            return path, False
        needs = getattr(self.app.view_functions[endpoint], "__needs__", "")
        is_for_all = needs in ("public.read", "calculator.use", "") and endpoint != "home.home"
        return f"{endpoint}?as" if "as=" in urlsplit(path).query else str(endpoint), is_for_all


def links_of(page: Page) -> list[str]:
    """Return where the links of a page lead, in their order."""
    found: list[str] = page.evaluate("() => [...document.querySelectorAll('a[href]')].map((a) => a.href)")
    return found


@pytest.fixture(scope="module")
def look() -> Look:
    """One look for all walkers, which knows what it has seen."""
    return Look()


@pytest.fixture(scope="module")
def by_all() -> Counter[str]:
    """How often each kind of page was opened by all walkers together."""
    return Counter()


@pytest.mark.parametrize(
    ("role", "slug"), WALKERS, ids=[f"{role or 'public'}-{slug or 'first'}" for role, slug in WALKERS]
)
def test_every_page_a_role_comes_to(
    visitors: Visitors, city: City, look: Look, by_all: Counter[str], role: Role | None, slug: str
) -> None:
    """Each answers, has one heading, fits a phone, has nothing for axe to name and nothing on the console."""
    walk = Walk(visitors.come(role, slug), city.app, look, by_all)
    walk.begin("/", "/account", "/public")
    assert not walk.faults, "\n".join(walk.faults)
    assert len(walk.opened) >= FEWEST, dict(walk.opened)


#: What stands in the books in its own language: names, titles, words that people wrote.
_NAMES = (
    "SELECT name FROM organisation UNION SELECT short_name FROM organisation UNION SELECT name FROM person"
    " UNION SELECT name FROM community UNION SELECT district FROM community UNION SELECT name FROM building"
    " UNION SELECT name FROM pool UNION SELECT title FROM tender UNION SELECT title FROM claim"
    " UNION SELECT description FROM fault UNION SELECT name FROM bordereau UNION SELECT name FROM claims_list"
    " UNION SELECT regexp_replace(name, '[.][a-z]+$', '') FROM claims_list"
)
_CHINESE = re.compile(r"[\u3400-\u9fff]+")


def names_of(city: City) -> list[str]:
    """Return every name in the city's books, the longest first."""
    with city.read() as session:
        names = {row[0] for row in session.execute(text(_NAMES)) if row[0]}
    return sorted(names, key=len, reverse=True)


def test_homes_in_english(visitors: Visitors, city: City) -> None:
    """Each role's home is in English when it is asked for; only names stay as they are, and the city's own."""
    names = [*names_of(city), city.settings.city]
    left = []
    for role, slug in WALKERS:
        visitor = visitors.come(role, slug)
        page = visitor.go("/?lang=en")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        words = page.get_by_role("main").inner_text()
        for name in names:
            words = words.replace(name, "")
        left += [f"{role or 'public'} {slug}: {found}" for found in _CHINESE.findall(words)]
        visitors.leave()
    assert not left, "\n".join(left)
