"""Anybody's way through the public pages: notice, result, service, calculators, the file behind each page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import PHONE, Visitors, saved

pytestmark = pytest.mark.browser


def test_from_the_home_to_a_result(visitors: Visitors, tmp_path: Path) -> None:
    """The public's home leads to the open tender's notice and to the finished one's result with its working."""
    anyone = visitors.come()
    page = anyone.go("/")
    anyone.reads("45.00%", "示例财产保险股份有限公司", "150")
    anyone.follow("SFZB-2027-01")
    anyone.reads("招标中", "截止", "保管")
    notice = json.loads(saved(anyone.download("公告原文"), tmp_path))
    assert notice
    page.go_back()
    with page.expect_navigation():
        page.locator("main tr", has_text="SFZB-2026-01").get_by_role("link").last.click()
    anyone.reads("示例财产保险股份有限公司", "45.00%", "25.00%", "20.00%", "10.00%", "1,286.00")
    expect(page.locator("main")).not_to_contain_text("None")


def test_what_is_not_told_before_the_opening(visitors: Visitors) -> None:
    """Neither the number nor the names of those who have bid are told while a tender is open (Tender Law, 22)."""
    anyone = visitors.come()
    anyone.go("/")
    anyone.follow("SFZB-2027-01")
    expect(anyone.page.locator("main")).not_to_contain_text("样板财产保险")
    expect(anyone.page.locator("main")).not_to_contain_text("设想财产保险")


@pytest.mark.parametrize(
    ("path", "button", "words"),
    [
        ("/calculators/apportion", "计算", ("逐笔分摊", "结转")),
        ("/calculators/score", "计算", ("排名",)),
        ("/calculators/allocate", "计算", ("水位", "100.00%")),
        ("/calculators/clock", "计算", ("演算", "2026年2月14日")),
        ("/calculators/rehearse", "推演", ("试算平衡", "结算单")),
    ],
)
def test_a_calculator_shows_its_working(visitors: Visitors, path: str, button: str, words: tuple[str, ...]) -> None:
    """Each calculator works on a phone for anybody, with the example it begins with."""
    anyone = visitors.come(size=PHONE)
    anyone.go(path)
    anyone.press(button, stays=path.endswith("rehearse"))
    anyone.reads(*words)


def test_a_calculator_says_what_is_wrong(visitors: Visitors) -> None:
    """What cannot be read is named beside its field and stays as it was typed."""
    anyone = visitors.come()
    page = anyone.go("/calculators/apportion")
    page.get_by_label("份额", exact=True).fill("45, 25, 20")
    with anyone.refused(422):
        anyone.press("计算")
    expect(page.get_by_label("份额", exact=True)).to_have_value("45, 25, 20")
    expect(page.get_by_label("份额", exact=True)).to_have_attribute("aria-invalid", "true")


def test_a_page_that_is_not_there(visitors: Visitors) -> None:
    """An address that leads nowhere, and one for others, say so in words and lead on."""
    anyone = visitors.come()
    with anyone.refused(404):
        anyone.go("/tenders/01900000-0000-7000-8000-000000000000")
    expect(anyone.page.get_by_role("heading", level=1)).to_be_visible()
    anyone.go("/claims")
    expect(anyone.page.get_by_role("heading", level=1)).to_have_text("登录")
