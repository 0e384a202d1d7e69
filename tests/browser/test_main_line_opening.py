"""From the deadline to the pool, by clicking: shares, opening, marks, report, offers, publicity, award, agreement."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.clock import CITY
from core.permits import Role
from tests.browser.cities import City
from tests.browser.keyholders import Offer, seal_bid, use_key_file
from tests.browser.visiting import Visitor, Visitors, saved

pytestmark = pytest.mark.browser

OPEN = "示范市住宅电梯综合保险共保体招标（2027年度）"

#: Two have bid in the story already; these two seal theirs here. The marks that the committee gives, by insurer.
LATE_BIDS = {"shili": Offer("1250.00", "60", "20", True), "yanshi": Offer("1265.00", "45", "10", True)}
MARKS = {"示例": 94, "样板": 90, "演示": 87, "设想": 80}


def tender_open(city: City) -> str:
    """Return the path of the tender that takes bids."""
    with city.app.test_client() as client:
        found = re.search(r"/tenders/[0-9a-f-]{36}", client.get("/tenders?stage=published").text)
    assert found
    return found.group()


def committee(visitors: Visitors) -> list[Visitor]:
    """Return the chair and the experts at their browsers, the chair first."""
    return [visitors.come(Role.CHAIR), *(visitors.come(Role.EXPERT, number=number) for number in (1, 2, 3, 4))]


def open_bids_together(visitors: Visitors, city: City, tender: str, tmp_path: Path) -> None:
    """After the deadline the box is closed, three custodians give their shares, all bids are opened at once."""
    for slug, offer in LATE_BIDS.items():
        insurer = visitors.come(Role.BIDDER, slug)
        insurer.go(tender.replace("/tenders/", "/bids/"))
        seal_bid(insurer, offer, city.key_file(slug), tmp_path)
    visitors.leave()

    city.tell_time(datetime(2026, 12, 2, 9, 40, tzinfo=CITY))
    late = visitors.come(Role.BIDDER, "moni")
    late.go(tender.replace("/tenders/", "/bids/"))
    late.reads("投标已截止", "贵单位没有提交投标")
    officer = visitors.come(Role.OFFICER)
    page = officer.go(tender)
    officer.follow("去开标")
    officer.follow("关闭投标箱")
    officer.press("关闭投标箱")
    officer.reads("请监督人员确认开标", "等待监督人员确认")
    early = visitors.come(Role.CUSTODIAN, number=2)
    early.go("/")
    early.reads("现在没有需要您办的")
    supervisor = visitors.come(Role.SUPERVISOR)
    supervisor.go("/")
    supervisor.page.locator("main li").filter(has_text=OPEN).get_by_role("link").first.click()
    supervisor.press("确认开标")
    supervisor.reads("请保管人交出份额")
    for number in (1, 3, 5):
        keeper = visitors.come(Role.CUSTODIAN, number=number)
        keeper.go("/")
        keeper.page.locator("main li").filter(has_text=OPEN).get_by_role("link").first.click()
        use_key_file(keeper, "shares", city.key_file(f"custodian{number}"))
        keeper.reads("您的份额已全部接收")
    page.reload()
    officer.follow("开启全部投标")
    officer.press("开启全部投标")
    officer.reads("已开标，记录已公布", "1,250.00", "1,265.00", "设想财产保险股份有限公司")
    anyone = visitors.come()
    anyone.go(f"{tender}/opening")
    anyone.reads("截止前收到并有效的投标 4 份，开启 4 份")
    assert saved(anyone.download("开标记录（已签名）"), tmp_path).startswith(b"%PDF")
    assert len(json.loads(saved(anyone.download("开标记录数据"), tmp_path))["bids"]) == 4


def mark_and_sign(visitors: Visitors, tender: str) -> None:
    """Five are seated, declare, mark alone, lock; nobody sees another's marks; the report is signed by all."""
    officer = visitors.come(Role.OFFICER)
    officer.go(tender)
    officer.follow("组成评标委员会")
    for box in officer.page.locator("main input[name=people]").all():
        box.check()
    officer.press("确定评委")
    officer.reads("评委已确定")
    members = committee(visitors)
    chair = members[0]
    for member in members:
        member.go(f"{tender}/evaluation/desk")
        member.page.get_by_label("没有", exact=True).check()
        member.press("声明")
        member.reads("已声明没有利害关系")
    chair.page.reload()
    chair.follow("开始评标")
    chair.press("开始评标")
    chair.follow("资格审查")
    chair.press("完成资格审查")
    for number, member in enumerate(members):
        mark_all(member, tender, number)
    chair.page.reload()
    chair.follow("起草评标报告")
    chair.press("起草评标报告")
    for member in members:
        member.page.reload()
        member.page.get_by_label("我已核对，签署本报告").check()
        member.press("签署报告")
    officer.go(tender)
    officer.reads("评标报告已由全体评委签署")


def mark_all(member: Visitor, tender: str, number: int) -> None:
    """Mark every bid on every criterion, one bid at a time, then lock the sheet."""
    page = member.page
    member.go(f"{tender}/evaluation/desk")
    sheets = page.locator(".tasks a")
    for place in range(sheets.count()):
        with page.expect_navigation():
            sheets.nth(place).click()
        whose = page.get_by_role("heading", level=1).inner_text()
        mark = next(mark for name, mark in MARKS.items() if whose.startswith(name))
        fields = page.locator("main input[inputmode]")
        assert fields.count() == 3
        for field in fields.all():
            field.fill(str(mark - number % 3))
        member.press("保存")
        member.go(f"{tender}/evaluation/desk")
    expect(page.get_by_role("heading", name="评标报告", exact=True)).to_have_count(0)
    member.follow("锁定评分表")
    member.press("锁定评分表")


def offer_and_award(visitors: Visitors, city: City, tender: str, tmp_path: Path) -> None:
    """Shares by the published ladder are offered, accepted, publicised; after the standstill the pool is formed."""
    officer = visitors.come(Role.OFFICER)
    officer.go(tender)
    officer.follow("计算份额")
    officer.press("计算份额并发出邀约")
    officer.reads("份额已计算，邀约已发出", "45.00%", "10.00%")
    for slug in ("shili", "yangban", "yanshi", "shexiang"):
        signatory = visitors.come(Role.SIGNATORY, slug)
        signatory.go("/")
        signatory.page.locator("main li").filter(has_text=OPEN).get_by_role("link").first.click()
        signatory.follow("接受份额")
        signatory.press("接受份额")
        signatory.reads("已接受")
    officer.page.reload()
    officer.follow("开始公示")
    officer.press("开始公示")
    loser = visitors.come(Role.SIGNATORY, "shexiang")
    loser.go(f"{tender.replace('/tenders/', '/bids/')}/objection")
    loser.page.locator("main textarea").fill("请公开技术分的计算。")
    loser.press("提出异议")
    officer.go(f"{tender}/objections")
    officer.page.get_by_label("答复").fill("每一分的算法已在结果页列出。")
    officer.page.get_by_label("不成立，公示继续").check()
    officer.press("答复异议")
    officer.reads("异议已答复")
    approver = visitors.come(Role.APPROVER)
    approver.go(f"{tender}/award")
    with approver.refused(409):
        approver.press("决定中标")
    visitors.leave()

    city.pass_time(timedelta(days=8))
    approver = visitors.come(Role.APPROVER)
    approver.go(tender)
    approver.follow("决定中标")
    approver.press("决定中标")
    sign_and_form(visitors, tender, approver, tmp_path)
    anyone = visitors.come()
    anyone.go(f"{tender}/result")
    anyone.reads("示例财产保险股份有限公司", "45.00%", "1,250.00", "看每一分的算法")
    result = json.loads(saved(anyone.download("结果数据：报告、输入与份额"), tmp_path))
    assert result


def sign_and_form(visitors: Visitors, tender: str, approver: Visitor, tmp_path: Path) -> None:
    """The officer makes the agreement, each member signs it at its desk, last the bureau; then the pool is formed."""
    officer = visitors.come(Role.OFFICER)
    officer.go(tender)
    officer.follow("生成协议")
    officer.press("生成协议")
    officer.reads("等待成员签署")
    assert saved(officer.download("共保协议（留有各方签章处）"), tmp_path).startswith(b"%PDF")
    for slug in ("shili", "yangban", "yanshi", "shexiang"):
        signatory = visitors.come(Role.SIGNATORY, slug)
        signatory.go("/")
        signatory.page.locator("main li").filter(has_text="签署共保协议").get_by_role("link").first.click()
        signatory.page.locator("main").get_by_role("link", name="签署协议", exact=True).click()
        signatory.press("签署协议")
        signatory.reads("已签署")
    approver.go(tender)
    approver.follow("代表主管单位签署")
    approver.press("代表主管单位签署")
    approver.reads("协议已由各方签署")
    approver.follow("成立共保体")
    approver.press("成立共保体")
    approver.reads("共保体已成立", "45.00%", "已签署")
    assert "成立共保体" not in [link.inner_text() for link in approver.page.locator("main a").all()]


def test_from_the_deadline_to_the_pool(visitors: Visitors, city: City, tmp_path: Path) -> None:
    """Sealed bids stay closed until three custodians give their shares; what the committee signs becomes the pool."""
    tender = tender_open(city)
    open_bids_together(visitors, city, tender, tmp_path)
    visitors.leave()
    mark_and_sign(visitors, tender)
    visitors.leave()
    offer_and_award(visitors, city, tender, tmp_path)
