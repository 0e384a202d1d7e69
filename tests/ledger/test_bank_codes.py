"""What names an account at a bank: every wrong field is named, the check digit finds every single wrong digit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Invalid
from ledger.bank_codes import AccountDetails, cnaps_check

GOOD = AccountDetails("示例财险（甲）", "示例银行 城东支行", "102100099996", "0200000012345678")

#: Codes of head offices as the banks publish them.
PUBLISHED = ("103100000026", "104100000004", "105100000017", "301290000007", "308584000013", "307584007998")


def _refused(told: AccountDetails) -> set[tuple[str, str]]:
    with pytest.raises(Invalid, match="bank_account_wrong") as refused:
        told.checked()
    return {(one.where, one.code) for one in refused.value.findings}


@pytest.mark.parametrize("code", PUBLISHED)
def test_the_check_digit_is_that_of_published_codes(code: str) -> None:
    """The last digit of a published CNAPS code follows from the eleven before it."""
    assert cnaps_check(code[:11]) == int(code[11])


def test_a_single_wrong_digit_is_always_found() -> None:
    """Whatever one digit of a code is mistyped, the code is refused."""
    for place in range(12):
        for digit in "0123456789":
            code = GOOD.cnaps[:place] + digit + GOOD.cnaps[place + 1 :]
            if code != GOOD.cnaps:
                assert _refused(replace(GOOD, cnaps=code)) == {("cnaps", "cnaps_check_wrong")}


def test_spaces_are_taken_out_and_names_kept() -> None:
    """Groups of digits may be spaced as on a card; a name keeps its letters."""
    told = AccountDetails("  示例财险（甲） ", "示例银行  城东支行", "1021 0009 9996", "0200 0000 1234 5678")
    assert told.checked() == GOOD


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"name": ""}, {("name", "bank_name_wrong")}),
        ({"name": "甲<b>"}, {("name", "bank_name_wrong")}),
        ({"bank": "银行\x00"}, {("bank", "bank_name_wrong")}),
        ({"bank": "行" * 141}, {("bank", "bank_name_too_long")}),
        ({"cnaps": "10210009999"}, {("cnaps", "cnaps_wrong")}),
        ({"cnaps": "１０２１０００９９９９６"}, {("cnaps", "cnaps_wrong")}),
        ({"number": "1234567"}, {("number", "account_number_wrong")}),
        ({"number": "1" * 35}, {("number", "account_number_wrong")}),
        ({"number": "0200-0000-1234"}, {("number", "account_number_wrong")}),
        ({"name": "", "cnaps": "x"}, {("name", "bank_name_wrong"), ("cnaps", "cnaps_wrong")}),
    ],
)
def test_every_wrong_field_is_named(change: dict[str, str], found: set[tuple[str, str]]) -> None:
    """What cannot be an account is refused with each field that is wrong, all at once."""
    assert _refused(replace(GOOD, **change)) == found


def test_the_digest_tells_every_field() -> None:
    """Another letter in any field is another digest."""
    others = [replace(GOOD, name="乙"), replace(GOOD, bank="乙"), replace(GOOD, cnaps="1"), replace(GOOD, number="1")]
    assert len({GOOD.digest, *(one.digest for one in others)}) == 5
