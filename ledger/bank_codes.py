"""What names an account at a bank in China: account name, bank, its code in CNAPS, account number. Pure.

A CNAPS code has twelve digits: three of the bank, four of the place, four of the branch, and one that checks the others
by the system of GB/T 17710 (ISO 7064 MOD 11,10). It finds every single wrong digit.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from core.errors import Finding, Invalid

#: The longest name of an account or a bank that a payment file holds (ISO 20022 Max140Text); a name is never cut.
NAME_MOST = 140

#: Letters of any script, digits, and the marks that stand in names of firms and banks; a name begins with none of them
#: but a bracket, so that no spreadsheet takes it for a formula.
_NAME = re.compile(r"[\w（(][\w（）()·.,，、&'’\- －]*")
_CNAPS = re.compile(r"[0-9]{12}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{8,34}", re.ASCII)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account to be paid to, as it was typed; `checked` returns it as it is kept."""

    name: str
    bank: str
    cnaps: str
    number: str

    def checked(self) -> AccountDetails:
        """Return the account without needless spaces; refuses Invalid `bank_account_wrong` with every wrong field.

        The findings: `bank_name_wrong`, `bank_name_too_long`, `cnaps_wrong`, `cnaps_check_wrong`,
        `account_number_wrong`.

        >>> AccountDetails(" 示例财险 ", "示例银行", "1021 0009 9996", "0200 0000 1234").checked().number
        '020000001234'
        """
        read = AccountDetails(
            _name(self.name), _name(self.bank), _SPACES.sub("", self.cnaps), _SPACES.sub("", self.number)
        )
        findings = [*_of_name("name", read.name), *_of_name("bank", read.bank)]
        if not _CNAPS.fullmatch(read.cnaps):
            findings.append(Finding("cnaps_wrong", "cnaps"))
        elif cnaps_check(read.cnaps[:11]) != int(read.cnaps[11]):
            findings.append(Finding("cnaps_check_wrong", "cnaps"))
        if not _NUMBER.fullmatch(read.number):
            findings.append(Finding("account_number_wrong", "number"))
        if findings:
            raise Invalid("bank_account_wrong", findings)
        return read

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the four fields, each on a line: what the log keeps in place of the number."""
        return hashlib.sha256("\n".join((self.name, self.bank, self.cnaps, self.number)).encode()).hexdigest()


def _name(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _of_name(where: str, text: str) -> list[Finding]:
    if len(text) > NAME_MOST:
        return [Finding("bank_name_too_long", where, {"most": NAME_MOST})]
    return [] if _NAME.fullmatch(text) else [Finding("bank_name_wrong", where)]


def cnaps_check(digits: str) -> int:
    """Return the digit that checks the eleven before it.

    >>> cnaps_check("10210009999"), cnaps_check("30758400799")
    (6, 8)
    """
    rest = 10
    for digit in digits:
        rest = ((rest + int(digit)) % 10 or 10) * 2 % 11
    return (11 - rest) % 10
