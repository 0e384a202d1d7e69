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

#: What a payee is: kind -> (中文, English).
PAYEE_KINDS: dict[str, tuple[str, str]] = {
    "repairer": ("维保单位", "repairer"),
    "community": ("社区", "community"),
    "other": ("其他", "other"),
}

#: Why an approved claim is in no batch yet (`why` of `claims.payouts.due`): (中文, English).
WHY_NOT: dict[str, tuple[str, str]] = {
    "": ("可以付款", "can be paid"),
    "call_first": ("须先发摊回通知", "cash is to be called for first"),
    "pool_money_short": ("摊回款还没有收齐", "the cash calls are not all in"),
    "no_payee": ("没有指定收款人", "no payee is named"),
    "no_account": ("收款人没有收款账户", "the payee has no account to be paid to"),
    "account_waits": ("收款账户待另一人确认", "the payee’s account waits for a second person"),
    "account_later": ("收款账户到付款当日还没有生效", "the payee’s account is not in use on that day"),
}
