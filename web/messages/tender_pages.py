"""Words for what the pages of a tender themselves refuse: code -> (中文, English)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "draft_field_empty": ("请填写。", "Fill this in."),
    "draft_field_wrong": ("写法不对，应写作：{wanted}。", "Not written as it should be. Write: {wanted}."),
    "hex_wrong": (
        "应为 {length} 个十六进制字符。请从密钥文件或命令的输出完整复制。",
        "This should be {length} hexadecimal digits. Copy the whole of it from the key file or the command.",
    ),
    "share_file_missing": (
        "请选择份额文件，或用浏览器取出份额。",
        "Choose a share file, or open the shares in the browser.",
    ),
    "share_file_foreign": (
        "这个份额文件属于另一个招标。",
        "This share file belongs to another tender.",
    ),
    "envelope_missing": ("请选择密封好的 .gbe 文件。", "Choose the sealed .gbe file."),
    "keeper_unknown": ("第 {row} 行：没有这位保管人，请从名单中选择。", "Row {row}: choose a custodian from the list."),
    "seat_unknown": ("请从名单中选择评委，并指定一名组长。", "Choose the members from the list, and one chair."),
    "named_twice": (
        "“{where}”中 {name} 出现了两次，请只保留一次。",
        "In “{where}” {name} is named twice. Keep the one that is meant.",
    ),
    "sentence_unconfirmed": ("请确认后再办理。", "Confirm before this is done."),
    "mark_unreadable": ("应为分数，最多两位小数。", "This is a mark with at most two decimals."),
    "result_not_public": (
        "结果尚未公示。公示后在此页公布名次、份额和计算过程。",
        "The result is not public yet. Once it is, ranking, shares and working stand on this page.",
    ),
    "agreement_not_formed": (
        "共保体尚未成立，还没有协议。",
        "The pool is not formed yet, so there is no agreement.",
    ),
    "receipt_later": (
        "第 {version} 版投标已经收下，接收时刻已定，请勿重复递交。日志正忙，回执尚未签发：请稍后在投标页打开它的回执。",
        "Version {version} of the bid is in the box and its hour stands; do not hand it in again. Only its receipt is "
        "still to be issued, the log being busy: open it in a moment, from this version on the page of the bid.",
    ),
}
