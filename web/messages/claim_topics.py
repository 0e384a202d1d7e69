"""Words for the topics of a claim on which all members decide."""

MESSAGES: dict[str, tuple[str, str]] = {
    "topic_unknown": (
        "请选择一项须由全体成员决定的事项。",
        "Choose one of the topics that all members decide on.",
    ),
    "topic_needs_reason": (
        "请写明理由，最多 {most} 字；各成员据此表态。",
        "Give the reason, in at most {most} characters: the members answer to it.",
    ),
    "topic_stands": (
        "赔案 {number} 已标记该事项，无须再标记。",
        "Claim {number} is marked with this topic already.",
    ),
}
