"""Words for the topics of a claim on which all members decide, and for the bound of its costs."""

MESSAGES: dict[str, tuple[str, str]] = {
    "topic_unknown": (
        "请选择一项须由全体成员决定的事项。",
        "Choose one of the topics that all members decide on.",
    ),
    "topic_needs_reason": (
        "请写明理由，最多 {most} 字；各成员据此表态。",
        "Give the reason, in at most {most} characters: the members answer to it.",
    ),
    "claim_needs_agreement": (
        "赔案还没有取得应有的全部同意，已作的事项标记也不能取消。",
        "Not all whom the claim needs have agreed to it, and a topic once marked stays.",
    ),
    "cost_too_large": (
        "公估费合计不能超过估损与首席单独决定限额中较高者，还可登记 {left_fen} 元。",
        "A claim's costs stay within its estimate or the lead's own limit, whichever is more: {left_fen} is left.",
    ),
    "topic_stands": (
        "赔案 {number} 已标记该事项，无须再标记。",
        "Claim {number} is marked with this topic already.",
    ),
}
