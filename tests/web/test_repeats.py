"""A form that is sent twice does its work once, however it comes to be sent twice."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine, func, select

from claims.models import ClaimCost, Recovery
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from tests.makers_money import play_quarter
from tests.visitors import Browser, Visitors

KEY = re.compile(r'name="form_key" value="([^"]+)"')
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
#: Forms that keep nothing in this database's books, or change the sign-in, which cannot be done again.
WITHOUT_KEY = ("account/", "calculators/", "styleguide.html")


def _claim(engine: Engine) -> tuple[object, object]:
    with unit_of_work(engine, SYSTEM) as session:
        played = play_quarter(session, is_closed=False)
        return played.made.members[0], played.claims["C1"].id


def _counts(engine: Engine, claim_id: object) -> tuple[int, int]:
    with unit_of_work(engine, SYSTEM) as session:
        recoveries = select(func.count()).select_from(Recovery).where(Recovery.claim_id == claim_id)
        costs = select(func.count()).select_from(ClaimCost).where(ClaimCost.claim_id == claim_id)
        return session.scalar(recoveries) or 0, session.scalar(costs) or 0


def _key(browser: Browser, path: str) -> str:
    found = KEY.search(browser.get(path).text)
    assert found, f"{path}: a form without a key"
    return found.group(1)


def test_a_form_of_money_sent_twice_books_once(engine: Engine, visitors: Visitors) -> None:
    """The second sending is answered as the first was, with the same words, and books nothing."""
    lead, claim_id = _claim(engine)
    desk = visitors.login_as(Role.FINANCE_MAKER, lead)
    path = f"/payments/claims/{claim_id}/recoveries/new"
    form = {"form_key": _key(desk, path), "kind": "salvage", "amount": "100.00", "on": "2026-03-30"}
    first, again = desk.send(path, **form), desk.send(path, **form)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["Location"] == again.headers["Location"]
    assert _counts(engine, claim_id)[0] == 1
    said = desk.get(again.headers["Location"]).text
    assert said.count('class="notice notice--good"') <= 2 and "notice--good" in said


def test_a_key_goes_with_what_was_sent_under_it(engine: Engine, visitors: Visitors) -> None:
    """Another amount under a key that was used is refused and booked nowhere; a new form takes it."""
    lead, claim_id = _claim(engine)
    desk = visitors.login_as(Role.FINANCE_MAKER, lead)
    path = f"/payments/claims/{claim_id}/costs/new"
    form = {"form_key": _key(desk, path), "amount": "100.00", "on": "2026-03-30"}
    assert desk.send(path, **form).status_code == 303
    other = desk.send(path, **{**form, "amount": "200.00"})
    assert other.status_code == 409 and "没有再办" in other.text
    assert _counts(engine, claim_id)[1] == 1
    assert desk.send(path, **{**form, "form_key": _key(desk, path), "amount": "200.00"}).status_code == 303
    assert _counts(engine, claim_id)[1] == 2


def test_what_was_refused_is_put_right_and_sent_again(engine: Engine, visitors: Visitors) -> None:
    """A refusal keeps no key: the same form, corrected, is taken."""
    lead, claim_id = _claim(engine)
    desk = visitors.login_as(Role.FINANCE_MAKER, lead)
    path = f"/payments/claims/{claim_id}/costs/new"
    form = {"form_key": _key(desk, path), "amount": "-1", "on": "2026-03-30"}
    assert desk.send(path, **form).status_code == 422
    assert desk.send(path, **{**form, "amount": "1.00"}).status_code == 303
    assert _counts(engine, claim_id)[1] == 1


def test_two_presses_at_once_book_once(engine: Engine, visitors: Visitors) -> None:
    """Four copies of a form that arrive together are one booking; each is told so or to try again."""
    lead, claim_id = _claim(engine)
    user = visitors.account(Role.FINANCE_MAKER, lead)
    desks = [visitors.signed_in(user) for _ in range(4)]
    path = f"/payments/claims/{claim_id}/costs/new"
    form = {"form_key": _key(desks[0], path), "amount": "100.00", "on": "2026-03-30"}
    tokens = [desk.token() for desk in desks]

    def send(place: int) -> int:
        return desks[place].post(path, data={**form, "csrf_token": tokens[place]}).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert set(answers) <= {303, 409} and 303 in answers
    assert _counts(engine, claim_id)[1] == 1


def test_every_form_has_a_key_of_its_own() -> None:
    """Whatever page holds a form has taken its hidden fields from the one place that makes them."""
    without = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        name, text = path.relative_to(TEMPLATES).as_posix(), path.read_text("utf-8")
        if name.startswith(WITHOUT_KEY):
            continue
        for match in re.finditer(r'<form\b[^>]*method="post"', text):
            if "token()" not in text[match.end() : text.index("</form>", match.end())]:
                without.append(f"{name}: {match.group(0)}")
    assert without == []
