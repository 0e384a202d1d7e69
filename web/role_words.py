"""What the roles of people are called, in Chinese and in English."""

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
