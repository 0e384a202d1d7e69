"""A tender from its first section to a sealed bid, by clicking: wizard, keys made in browsers, approval, receipts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.permits import Role
from tests.browser.cities import City
from tests.browser.keyholders import Offer, fill_bid, make_key, seal_bid, use_kept_key
from tests.browser.visiting import Visitor, Visitors, saved

pytestmark = pytest.mark.browser

NUMBER = "SFZB-2027-09"
#: The tender of the story that takes bids.
OPEN = "示范市住宅电梯综合保险共保体招标（2027年度）"

TITLE = "示范市既有住宅加装电梯综合保险共保体招标（2027年度）"


def draft_by_sections(officer: Visitor) -> str:
    """Go through every section of a new draft; return the path of the tender."""
    page = officer.go("/")
    officer.follow("起草招标")
    page.get_by_label("招标编号").fill(NUMBER)
    with officer.refused(422):
        officer.press("建立草稿")
    expect(page.locator("[data-errors]")).to_be_focused()
    page.get_by_label("名称").fill(TITLE)
    page.get_by_label("一般招标（招标投标法）").check()
    officer.press("建立草稿")
    officer.reads("现为建议值，请核对")
    officer.follow("项目")
    page.get_by_label("电梯台数").fill("很多")
    with officer.refused(422):
        officer.press("保存，下一节")
    expect(page.get_by_label("电梯台数")).to_have_value("很多")
    page.get_by_label("电梯台数").fill("3067")
    page.get_by_label("全年保费预算").fill("4600500")
    page.get_by_label("最高限价").fill("1500")
    for _ in range(7):
        officer.press("保存，下一节")
    page.get_by_label("开启所需保管人").fill("2")
    officer.press("保存，下一节")
    officer.reads("没有不符之处")
    assert page.locator(".tasks .tone-good").count() == 8
    officer.follow("按投标人所见预览")
    officer.reads("3,067", TITLE)
    return page.url.removeprefix(officer.city.address)


def hold_ceremony(visitors: Visitors, officer: Visitor, folder: Path) -> None:
    """Name three custodians, let each make and prove a key, and all open the dummy bid."""
    page = officer.page
    officer.follow("密钥仪式")
    for name in ("陈保管", "褚保管", "卫保管"):
        page.get_by_label(name).check()
    page.get_by_label("开启所需人数").fill("2")
    officer.press("确定保管人")
    keepers = [visitors.come(Role.CUSTODIAN, number=number) for number in (1, 2, 3)]
    fingerprints = []
    for keeper in keepers:
        keeper.go("/custody")
        keeper.page.locator("main li").filter(has_text=TITLE).get_by_role("link").click()
        fingerprints.append(make_key(keeper, folder))
        use_kept_key(keeper, "prove")
    page.reload()
    officer.press("开始演练")
    for keeper in keepers:
        page.reload()
        assert "演练须每位保管人都交出份额" in page.locator("main").inner_text()
        keeper.page.reload()
        use_kept_key(keeper, "rehearse")
    page.reload()
    officer.reads(fingerprints[0][:8])
    officer.press("用份额开启假投标，完成仪式")
    officer.reads("演练成功")


def test_from_the_first_section_to_the_notice(visitors: Visitors, tmp_path: Path) -> None:
    """Drafted section by section, keyed by custodians at their browsers, approved by another, published."""
    officer = visitors.come(Role.OFFICER)
    tender = draft_by_sections(officer)
    hold_ceremony(visitors, officer, tmp_path)

    anyone = visitors.come()
    with anyone.refused(404):
        anyone.go(tender)
    approver = visitors.come(Role.APPROVER)
    approver.go(tender)
    approver.follow("审批")
    approver.press("审批通过")
    approver.reads("已审批，公告定稿")
    officer.go(tender)
    officer.follow("发布公告")
    officer.page.get_by_label("公告所在媒介").fill("示范市公共资源交易网")
    officer.press("发布公告")
    officer.reads("公告已发布，开始接收投标")
    anyone.go(tender)
    anyone.reads("招标中", TITLE, "任意 2 位")


def test_a_bid_is_sealed_replaced_and_withdrawn(visitors: Visitors, city: City, tmp_path: Path) -> None:
    """An insurer seals in its browser, gets a receipt as PDF and data, replaces the bid, withdraws it."""
    insurer = visitors.come(Role.BIDDER, "shili")
    insurer.go("/bids")
    insurer.page.locator("main li").filter(has_text=OPEN).get_by_role("link").click()
    insurer.reads("尚未提交", "拿到回执才算投标")
    bid = insurer.page.url.removeprefix(city.address)
    key = city.key_file("shili")
    form = fill_bid(insurer, Offer("1600", "60", "20", True), key)
    form.locator("[data-sure]").check()
    form.locator("[data-go]").click()
    expect(insurer.page.locator("[data-summary]")).to_contain_text("报价：不得高于")
    form.get_by_label("报价").fill("1,271.00")

    insurer.page.reload()
    first = seal_bid(insurer, Offer("1271.00", "60", "20", True), key, tmp_path)
    assert saved(insurer.download("回执（已签名）"), tmp_path).startswith(b"%PDF")
    receipt = json.loads(saved(insurer.download("回执数据与证明"), tmp_path))
    digest = "".join(insurer.page.locator(".receipt .digest").inner_text().split())
    assert digest in receipt["document"]
    insurer.go(bid)
    insurer.reads("已封存第 1 版")
    second = seal_bid(insurer, Offer("1268.50", "60", "20", True), key, tmp_path)
    assert second != first
    insurer.go(bid)
    insurer.reads("已封存第 2 版", first, second)
    insurer.follow("撤回投标")
    insurer.press("撤回投标")
    insurer.reads("已撤回")
    insurer.go(bid)
    insurer.reads("尚未提交")


def test_a_new_signing_key_is_made_in_the_browser(visitors: Visitors, tmp_path: Path) -> None:
    """A signatory makes a key in the page; its file is saved, its public half registered, the old one revoked."""
    signatory = visitors.come(Role.SIGNATORY, "fanben")
    page = signatory.go("/bids/signing-keys")
    page.get_by_label("新口令").fill("不写下来的口令 2027")
    page.get_by_label("再输一次").fill("不写下来的口令 2027")
    with page.expect_navigation(timeout=60_000), page.expect_download(timeout=60_000) as file:
        page.locator("[data-register] [data-go]").click()
    assert b"bidder-key" in saved(file.value, tmp_path)
    signatory.reads("投标密钥已登记")
    signatory.follow("停用")
    signatory.press("停用密钥")
    signatory.reads("密钥已停用")
