"""Without a mouse, in the other language, without scripts: the same work can be done."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from core.permits import Role
from tests.browser.visiting import Visitors

pytestmark = pytest.mark.browser


def focused_row(page: Page) -> int:
    """Return the place of the row that has the focus, from 0; -1 where none has."""
    row: int = page.evaluate(
        "() => [...document.querySelectorAll('[data-keys] tbody tr')].indexOf(document.activeElement.closest('tr'))"
    )
    return row


def test_a_list_by_keys(visitors: Visitors) -> None:
    """j and k walk the rows, Enter opens one, the first Tab skips to the content; keys typed in a field stay there."""
    officer = visitors.come(Role.OFFICER)
    page = officer.go("/faults")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused_row(page) == 1
    number = page.evaluate("() => document.activeElement.textContent.trim()")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    officer.reads(f"故障 {number}")
    officer.go("/faults")
    search = page.get_by_role("searchbox")
    search.focus()
    page.keyboard.type("jk")
    expect(search).to_have_value("jk")
    assert focused_row(page) == -1


def test_rows_are_ticked_by_key(visitors: Visitors) -> None:
    """x ticks the row that has the focus, and the bar counts what is ticked."""
    maker = visitors.come(Role.FINANCE_MAKER, "shili")
    page = maker.go("/premiums?stage=bound")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-selected]")).to_have_text("已选 1 行")


def test_an_error_is_found_by_keys(visitors: Visitors) -> None:
    """After a refused form the summary has the focus; its link leads into the field; what was typed is there."""
    manager = visitors.come(Role.PROPERTY_MANAGER, "shanshui")
    page = manager.go("/report/words?lift=SF001-003")
    with manager.refused(422):
        manager.press("下一步")
    expect(page.locator("[data-errors]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.name") == "trapped"


def test_the_other_language_keeps_the_page(visitors: Visitors) -> None:
    """Switching the language stays on the page with its filters, and holds for the pages after it."""
    officer = visitors.come(Role.OFFICER)
    page = officer.go("/faults?stage=repaired&q=SF0")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Faults")
    assert "stage=repaired" in page.url
    assert "q=SF0" in page.url
    expect(page.get_by_role("searchbox")).to_have_value("SF0")
    officer.go("/claims")
    expect(page.get_by_role("heading", level=1)).to_have_text("Claims")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("赔案")


def test_without_scripts(visitors: Visitors) -> None:
    """With scripts off one signs in, narrows a list, is told of an error with the typed words kept, and reports."""
    manager = visitors.come(Role.COMMUNITY_OFFICER, has_script=False)
    page = manager.go("/faults")
    page.get_by_role("searchbox").fill("SF001")
    with page.expect_navigation():
        page.get_by_role("main").locator("form").get_by_role("button").first.click()
    assert "q=SF001" in page.url
    assert page.locator("main tbody tr").count() > 0
    manager.go("/report/words?lift=SF001-004")
    page.get_by_label("补充说明").fill("")
    with manager.refused(422):
        manager.press("下一步")
    expect(page.locator("[data-errors]")).to_be_visible()
    page.get_by_label("没有", exact=True).check()
    page.get_by_label("停得不平").check()
    page.get_by_label("补充说明").fill("门槛高出五厘米")
    manager.press("下一步")
    manager.reads("停得不平；门槛高出五厘米")
    manager.press("报修")
    manager.reads("等待接单")
