"""What the roles of people and their accounts are called, in Chinese and in English."""

from __future__ import annotations

#: The roles of people, as the head of a page and the administrator's lists name them.
ROLES: dict[str, tuple[str, str]] = {
    "officer": ("经办", "officer"),
    "approver": ("审批", "approver"),
    "bureau_finance": ("主管单位财务", "bureau finance"),
    "supervisor": ("监督", "supervisor"),
    "expert": ("评标专家", "expert"),
    "chair": ("评标组长", "committee chair"),
    "custodian": ("密钥保管人", "key custodian"),
    "bidder": ("投标经办", "bidder"),
    "signatory": ("签署人", "signatory"),
    "claims_handler": ("理赔处理", "claims handler"),
    "finance_maker": ("财务经办", "finance maker"),
    "finance_checker": ("财务复核", "finance checker"),
    "community_officer": ("社区工作人员", "community officer"),
    "property_manager": ("物业", "property manager"),
    "repairer": ("维保单位", "repairer"),
    "auditor": ("审计", "auditor"),
    "administrator": ("系统管理员", "administrator"),
    "system": ("系统", "system"),
    "public": ("公众", "public"),
}


def role_words(role: str) -> tuple[str, str]:
    """Return the two names of a role; one without words is shown by its own name."""
    return ROLES.get(role, (role, role))


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
