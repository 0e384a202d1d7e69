"""From a lift that stands still to a claim that is paid, by those who would click it, the first of them on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.permits import Role
from tests.browser.visiting import PHONE, Visitor, Visitors, saved

pytestmark = pytest.mark.browser

#: A lift of the community that the story's property manager looks after.
LIFT = "SF001-003"


def reported(manager: Visitor, words: str) -> str:
    """Report the lift in three steps; return the number of the fault."""
    page = manager.go("/")
    manager.follow("报修")
    page.get_by_label("从本小区选择").select_option(LIFT)
    manager.press("下一步")
    page.get_by_label("没有", exact=True).check()
    page.get_by_label("门开关不正常").check()
    page.get_by_label("补充说明").fill(words)
    manager.press("下一步")
    manager.reads("现在报修", LIFT, words)
    manager.press("报修")
    manager.reads("等待接单", words)
    found = re.search(r"故障 ?(\d+)", page.get_by_role("main").inner_text())
    assert found
    return found.group(1)


def repaired(repairer: Visitor, number: str) -> None:
    """Take the fault from the queue, arrive, repair it: each is one press."""
    page = repairer.go("/")
    for step in ("接单响应", "登记到场", "登记修复"):
        item = page.locator("main li").filter(has=page.get_by_text(f"故障 {number} "))
        with page.expect_navigation():
            item.get_by_role("button", name=step).click()
    expect(page.locator("main")).not_to_contain_text(f"故障 {number} ")


def test_a_fault_becomes_a_claim_and_is_paid(visitors: Visitors) -> None:
    """Reported and accepted on a phone, repaired, claimed, approved by a second person, paid by a third."""
    manager = visitors.come(Role.PROPERTY_MANAGER, "shanshui", size=PHONE)
    number = reported(manager, "开门到一半又关上")
    address = manager.page.url
    repaired(visitors.come(Role.REPAIRER, size=PHONE), number)
    manager.page.goto(address)
    manager.press("验收，电梯正常了")
    manager.reads("已验收")

    handler = visitors.come(Role.CLAIMS_HANDLER, "shili")
    handler.go(f"/faults?q={number}")
    handler.page.locator("main tbody").get_by_role("link", name=number, exact=True).click()
    handler.follow("立案")
    handler.page.get_by_label("事由").fill("更换门机皮带")
    handler.page.get_by_label("估损").fill("三千")
    with handler.refused(422):
        handler.press("立案")
    expect(handler.page.get_by_label("事由")).to_have_value("更换门机皮带")
    handler.page.get_by_label("估损").fill("3,280.50")
    handler.press("立案")
    handler.reads("更换门机皮带", "3,280.50", "45.00%")
    handler.follow("提请同意")
    handler.press("提请同意")
    handler.reads("已提请同意", "同意，待核准")
    claim = handler.page.url.removeprefix(handler.city.address)
    with handler.refused(403):
        handler.go(f"{claim}/approve")
    handler.reads("另一")

    signatory = visitors.come(Role.SIGNATORY, "shili")
    signatory.go(claim)
    signatory.follow("核准赔款")
    signatory.page.get_by_label("核定赔款").fill("3100.00")
    signatory.press("核准赔款")
    signatory.reads("已核准并入账", "3,100.00", "1,395.00")

    checker = visitors.come(Role.FINANCE_CHECKER, "shili")
    checker.go("/")
    checker.follow("支付赔款")
    checker.page.locator("main tbody").get_by_role("link").filter(has_text="CL").first.wait_for()
    checker.go(claim)
    checker.follow("付款、摊回、公估费与追偿")
    checker.follow("登记首席付款")
    checker.press("登记已支付")
    checker.reads("赔款已登记支付", "已赔付")
    checker.page.get_by_role("main").locator("#entries").locator("tbody a").first.click()
    checker.reads("3,100.00")


def test_a_lift_by_its_code(visitors: Visitors) -> None:
    """Whoever scans the code in a car sees which lift it is and what to do, and is led to the sign-in to report."""
    anyone = visitors.come(size=PHONE)
    anyone.go(f"/r/{LIFT}")
    anyone.reads(LIFT, "紧急呼叫按钮")
    anyone.follow("物业、社区登录报修")
    expect(anyone.page.get_by_role("heading", level=1)).to_have_text("登录")


#: The field as the page names it, and the header that it goes by in this list.
COLUMNS = (
    ("电梯编号", "设备"),
    ("报修时间", "停了"),
    ("恢复时间", "好了"),
    ("故障描述", "怎么了"),
    ("是否困人", "困人"),
)

ODD_LIST = """设备,停了,好了,怎么了,困人
SF001-001,2026-11-20 08:00,2026-11-20 09:30,门机故障,否
SF001-002,2026-11-21 08:00,2026-11-20 08:00,时间倒了,否
ＳＦ００１－００４,2026-11-21 10:00,,等配件,否
NO-SUCH,2026-11-21 11:00,2026-11-21 12:00,没有这台电梯,否
SF001-005,昨天,2026-11-21 12:00,时间不清,否
SF001-006,2026-11-22 07:15,2026-11-22 07:55,困人一名,是
"""


def test_a_list_of_faults_is_taken_in(visitors: Visitors, tmp_path: Path) -> None:
    """A list with headers of its own is sent, its columns matched, every odd row named, the rest taken in."""
    handler = visitors.come(Role.CLAIMS_HANDLER, "shili")
    page = handler.go("/faults")
    handler.follow("导入名单")
    with handler.refused(422):
        handler.press("上传并查看")
    page.get_by_label("名单文件").set_input_files(
        {"name": "十一月 停运.csv", "mimeType": "text/csv", "buffer": ODD_LIST.encode("gb18030")}
    )
    handler.press("上传并查看", stays=True)
    handler.reads("请核对每个字段取自哪一列", "门机故障")
    for label, column in COLUMNS:
        page.get_by_label(re.compile(f"^{label}")).select_option(label=column)
    handler.press("逐行核对")
    handler.reads("NO-SUCH", "昨天", "不导入")
    rows = saved(handler.download("导出 CSV"), tmp_path).decode("utf-8-sig").splitlines()
    assert len(rows) >= 4
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=re.compile(r"导入 \d 次故障")).click()
    handler.reads("导入回执", "SHA-256", "十一月 停运.csv")
    handler.follow("查看故障")
    handler.go("/faults?q=SF001-006&trapped=yes")
    handler.reads("SF001-006", "2026-11-22 07:15")
