"""The finance desks' way by clicking: premiums in and out, a period closed, issued, answered, downloaded, settled."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path

import openpyxl
import pypdf
import pytest

from core.clock import CITY
from core.permits import Role
from tests.browser.cities import City
from tests.browser.visiting import Visitor, Visitors, saved

pytestmark = pytest.mark.browser

#: Followers in the order of the pool, by the slug of their accounts.
FOLLOWERS = ("yangban", "yanshi", "xuni")


def tick_first(visitor: Visitor, most: int) -> int:
    """Tick the first rows of the list that is open; return how many there were to tick."""
    boxes = visitor.page.get_by_role("main").locator("tbody input[type=checkbox]")
    count = min(most, boxes.count())
    for number in range(count):
        boxes.nth(number).check()
    return count


def test_premiums_come_in_and_go_out(visitors: Visitors) -> None:
    """The lead's maker books premiums as received, its checker remits them to the members; each sees only its step."""
    maker = visitors.come(Role.FINANCE_MAKER, "shili")
    maker.go("/")
    maker.follow("登记保费到账")
    assert tick_first(maker, 2) > 0
    maker.press("登记到账…")
    maker.reads("首席", "到账日期")
    maker.press("登记到账")
    maker.reads("已登记到账")
    with maker.refused(403):
        assert maker.page.goto(f"{maker.city.address}/premiums/remit").status == 403

    checker = visitors.come(Role.FINANCE_CHECKER, "shili")
    checker.go("/")
    checker.follow("划付已收保费")
    count = tick_first(checker, 50)
    assert count > 0
    checker.press("划付…")
    checker.press("登记划付")
    checker.reads("已划付各成员")
    checker.go("/premiums?stage=received")
    checker.reads("没有符合条件的保单")


def test_a_step_that_is_refused_keeps_what_was_typed(visitors: Visitors) -> None:
    """A day in a closed period is refused beside its field, with everything typed kept and nothing booked."""
    maker = visitors.come(Role.FINANCE_MAKER, "shili")
    maker.go("/cash-calls?stage=issued")
    maker.follow("登记到账")
    maker.page.get_by_label("到账日期").fill("2026-02-03")
    with maker.refused(409):
        maker.press("登记到账")
    maker.reads("结账")
    assert maker.page.get_by_label("到账日期").input_value() == "2026-02-03"
    assert maker.page.evaluate("() => 'errors' in document.activeElement.dataset")


def net_of(visitor: Visitor) -> int:
    """Return the net of the statement that is open, in fen."""
    return int(visitor.page.locator("[data-net]").get_attribute("data-net") or "")


def test_a_quarter_from_its_queries_to_its_settlement(visitors: Visitors, city: City, tmp_path: Path) -> None:
    """The lead answers the query, every member agrees, each downloads its own files, the lead settles the period."""
    lead = visitors.come(Role.FINANCE_CHECKER, "shili")
    lead.go("/")
    lead.follow("答复 2026Q3 结算单的疑问")
    lead.page.get_by_role("main").locator("tbody a").first.click()
    lead.reads("疑问与答复", "残值回收")
    lead.follow("答复疑问…")
    lead.page.get_by_label("答复").fill("残值按 20% 分摊，见分录 559。")
    lead.press("答复并重新待确认")

    nets = 0
    for slug in FOLLOWERS:
        member = visitors.come(Role.FINANCE_CHECKER, slug)
        member.go("/")
        member.page.get_by_role("main").get_by_role("link", name=re.compile("确认结算单")).click()
        if slug == "xuni":
            member.follow("收悉…")
            member.press("收悉")
            member.reads("已收悉")
        nets += net_of(member)
        download_all(member, tmp_path)
        member.follow("确认…")
        member.press("确认结算单")
        member.reads("已确认")
    lead.go("/statements?period=2026Q3&stage=agreed")
    lead.page.get_by_role("main").locator("tbody tr", has_text="示例").get_by_role("link").first.click()
    lead.reads("示例")
    assert nets + net_of(lead) == 0

    lead.go("/")
    lead.follow("结清 2026Q3 结算单")
    lead.follow("结清…")
    lead.press("结清结算单")
    lead.reads("的结算单已结清")
    lead.go("/statements?period=2026Q3&stage=settled")
    assert lead.page.locator("main tbody tr").count() == 4


def download_all(member: Visitor, folder: Path) -> None:
    """Download the statement that is open as every kind of file: each has the net that the page shows."""
    net = net_of(member)
    address = member.page.url
    number = member.page.locator("main").inner_text()
    plain = f"{'-' if net < 0 else ''}{abs(net) // 100}.{abs(net) % 100:02}"
    shown = f"{abs(net) // 100:,}.{abs(net) % 100:02}"

    pdf = saved(member.download("结算单（已签名）"), folder)
    words = re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))
    assert shown in words
    assert b"/ByteRange" in pdf
    book = openpyxl.load_workbook(io.BytesIO(saved(member.download("汇总与明细"), folder)), data_only=True)
    values = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert any(isinstance(cell, int | float) and round(cell * 100) == net for cell in values)
    assert plain in saved(member.download("汇总"), folder).decode("utf-8-sig")
    items = saved(member.download("明细"), folder).decode("utf-8-sig")
    assert items.count("\n") > 3

    member.go(address.removeprefix(member.city.address))
    assert number
    code = member.page.locator("main a.mono").inner_text()
    check_by_code(member, code, pdf, shown)


def check_by_code(member: Visitor, code: str, pdf: bytes, shown: str) -> None:
    """Verify a paper by its code as anybody may: the figures again, the file in hand, and one byte changed."""
    page = member.page
    address = page.url
    member.go("/v")
    page.get_by_label("核验码").fill(code)
    member.press("查找")
    member.reads(shown, "人民币")
    for body, words in ((pdf, "与保存的文件完全相同"), (pdf.replace(b"%PDF", b"%PdF", 1), "与保存的文件不同")):
        page.get_by_label("文件", exact=True).set_input_files(
            {"name": "结算单.pdf", "mimeType": "application/pdf", "buffer": body}
        )
        member.press("核对", stays=True)
        member.reads(words)
    page.goto(address)


def test_the_last_quarter_is_closed(visitors: Visitors, city: City) -> None:
    """The maker opens the next period; the checker sees what the close will charge, closes, issues; members query."""
    city.tell_time(datetime(2026, 12, 31, 15, 0, tzinfo=CITY))
    maker = visitors.come(Role.FINANCE_MAKER, "shili")
    maker.go("/pools")
    maker.page.get_by_role("main").locator("tbody a, li a").first.click()
    maker.page.get_by_role("link", name="账期", exact=True).first.click()
    maker.follow("开立账期")
    assert maker.page.get_by_label("名称").input_value() == "2027Q1"
    maker.press("开立账期")
    maker.reads("账期 2027Q1 已开立")

    checker = visitors.come(Role.FINANCE_CHECKER, "shili")
    checker.go("/")
    checker.follow("账期 2026Q4 结账")
    checker.follow("结账…")
    checker.reads("首席管理费", "将出具的结算单", "净额", "逾期")
    checker.press("结账")
    checker.reads("账期 2026Q4 已结账，4 份结算单草稿待签发")
    checker.follow("签发结算单…")
    checker.press("签发结算单")
    checker.reads("已签发 4 份结算单", "待确认")
    city.work_off()

    follower = visitors.come(Role.FINANCE_CHECKER, "yangban")
    follower.go("/statements?period=2026Q4")
    assert follower.page.locator("main tbody tr").count() == 1
    follower.page.locator("main tbody a").first.click()
    follower.reads("待确认", "SHA-256")
    follower.follow("提出疑问…")
    with follower.refused(422):
        follower.press("提出疑问")
    follower.page.get_by_label("疑问").fill("本期管理费如何计算？")
    follower.press("提出疑问")
    follower.reads("有疑问", "本期管理费如何计算？")
