"""Pure: what the records of the bank beside the book are called, and the verbs of their MOVES tables."""

from __future__ import annotations

#: What the kinds of record are called in a sentence.
BANK_KINDS: dict[str, tuple[str, str]] = {
    "bank_account": ("收款账户", "account to be paid to"),
    "payment_batch": ("付款批次", "batch of payments"),
    "bank_match": ("核对", "match"),
    "held_receipt": ("待认领收款", "unmatched receipt"),
}

#: The verbs of each, by the kind that they are passed under to `core.stages.step`.
BANK_VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "bank_account": {
        "confirm": ("确认收款账户", "confirm"),
        "reject": ("退回", "reject"),
    },
    "bank_match": {
        "take_back": ("撤回核对", "take the match back"),
    },
    "held_receipt": {
        "place": ("认领", "place"),
        "return": ("登记退回", "book as returned"),
        "reopen": ("撤销认领", "take the placing back"),
    },
    "payment_batch": {
        "release": ("放行", "release"),
        "reject": ("退回", "reject"),
    },
}
