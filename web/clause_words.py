"""Pure: the words of the records that an agreement's clauses bring about, for web/kinds.py."""

from __future__ import annotations

#: Kind of record -> (中文, English).
KINDS: dict[str, tuple[str, str]] = {
    "apart_item": ("单项结算", "item settled on its own"),
    "step_up": ("违约代担", "step-up"),
    "variation": ("协议变更", "change of the agreement"),
    "balance": ("科目余额", "account balance"),
}

#: Kind of record -> verb -> (中文, English).
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "pool": {"close": ("关闭共保体", "close for good")},
    "apart_item": {"pay": ("登记收付", "book as paid")},
    "step_up": {"cure": ("登记清偿", "book the cure")},
    "variation": {
        "conclude": ("全体同意", "conclude"),
        "decline": ("不同意", "decline"),
        "withdraw": ("撤回", "withdraw"),
        "lapse": ("失效", "lapse"),
    },
}
