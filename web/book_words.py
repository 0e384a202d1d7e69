"""The words of the accounts of a pool's book, the same on page, paper and in the API."""

from __future__ import annotations

#: The accounts of a pool's book by their code (MONEY: the pool book).
ACCOUNTS: dict[str, tuple[str, str]] = {
    "1010": ("首席代管的共保资金", "Pool money held by the lead"),
    "1110": ("应收保费", "Premium receivable"),
    "1120": ("应收追偿", "Recovery receivable"),
    "1210": ("应收摊回赔款", "Cash call receivable"),
    "1220": ("应收结算款", "Statement balance due from member"),
    "2110": ("应付赔款", "Claims payable"),
    "2120": ("应付公估费", "Adjuster payable"),
    "2130": ("应付退费", "Refund payable"),
    "2210": ("共保人往来", "Member current account"),
    "2220": ("应付结算款", "Statement balance due to member"),
    "2305": ("已签单未收保费", "Premium written, not yet collected"),
    "2310": ("待认领收款", "Unmatched receipts"),
}


def account_words(code: str) -> tuple[str, str]:
    """Return the two names of an account, its member after the colon kept apart; unknown codes name themselves.

    >>> account_words("2210:A")[1]
    'Member current account'
    """
    head = code.partition(":")[0]
    return ACCOUNTS.get(head, (head, head))
