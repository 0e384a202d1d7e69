"""Those who hold keys, at their browsers: custodians make, prove and use theirs; insurers seal their bids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.visiting import Visitor, saved
from web.demo.casting import PASSWORD

#: Unlocking a key takes a second or two of one core, by intention; more where the machine has much to do.
UNLOCKED_WITHIN_MS = 60_000

PASSPHRASE = "不写下来的口令 2026"


@dataclass(frozen=True)
class Offer:
    """What an insurer fills in: price in yuan, most and least share in percent, whether it would lead."""

    price: str
    line: str
    floor: str
    will_lead: bool


def make_key(custodian: Visitor, folder: Path) -> str:
    """Make a custodian's key in the page that is open and send its public half; return the fingerprint."""
    step = custodian.page.locator('[data-step="make"]')
    step.get_by_label("新口令").fill(PASSPHRASE)
    step.get_by_label("再输一次").fill(PASSPHRASE)
    with custodian.page.expect_download(timeout=UNLOCKED_WITHIN_MS) as file:
        step.locator("[data-go]").click()
    assert b"scrypt" in saved(file.value, folder)
    made = step.locator("[data-made]")
    expect(made).to_be_visible(timeout=UNLOCKED_WITHIN_MS)
    assert len(made.locator("[data-words]").inner_text().split()) == 33
    fingerprint = made.locator("[data-fingerprint]").inner_text()
    with custodian.page.expect_navigation():
        made.locator("[data-send]").click()
    return fingerprint


def use_kept_key(custodian: Visitor, step: str) -> None:
    """Do a step with the key that this browser keeps: prove that it is held, or give a share."""
    part = custodian.page.locator(f'[data-step="{step}"]')
    part.get_by_label("口令").fill(PASSPHRASE)
    _go(custodian, part)


def use_key_file(custodian: Visitor, step: str, file: Path) -> None:
    """Do a step with a key file of the story."""
    part = custodian.page.locator(f'[data-step="{step}"]')
    part.get_by_label("密钥文件").set_input_files(file)
    part.get_by_label("口令").fill(PASSWORD)
    _go(custodian, part)


def _go(visitor: Visitor, part: Locator) -> None:
    with visitor.page.expect_navigation(timeout=UNLOCKED_WITHIN_MS):
        part.locator("[data-go]").click()


def fill_bid(insurer: Visitor, offer: Offer, key_file: Path) -> Locator:
    """Fill in the form of a bid, all but the last tick; return the form."""
    form = insurer.page.locator("form[data-sealing]")
    form.get_by_label("报价").fill(offer.price)
    form.get_by_label("认受份额上限").fill(offer.line)
    form.get_by_label("可接受的最低份额").fill(offer.floor)
    form.get_by_label("愿意" if offer.will_lead else "不愿意", exact=True).check()
    form.get_by_label("服务方案要点").fill("每区两个驻点，备件本地库存。（虚构）")
    form.get_by_label("投标文件").set_input_files(
        {"name": "服务方案.txt", "mimeType": "text/plain", "buffer": "虚构的方案。".encode() * 4_000}
    )
    kept = form.locator("[data-use-kept]")
    if not kept.is_visible():
        form.get_by_label("投标密钥文件").set_input_files(key_file)
    form.get_by_label("密钥口令").fill(PASSWORD)
    form.get_by_label("恢复文件的新口令").fill(PASSPHRASE)
    return form


def seal_bid(insurer: Visitor, offer: Offer, key_file: Path, folder: Path) -> str:
    """Fill in, seal and submit a bid in the page that is open; return the number of its receipt."""
    form = fill_bid(insurer, offer, key_file)
    form.locator("[data-sure]").check()
    page = insurer.page
    with page.expect_navigation(timeout=UNLOCKED_WITHIN_MS), page.expect_download(timeout=UNLOCKED_WITHIN_MS) as file:
        form.locator("[data-go]").click()
    assert b"recovery" in saved(file.value, folder)
    insurer.reads("投标回执", "SHA-256")
    return page.locator(".receipt__number").inner_text()
